/*
 * Finders with a pattern or separator: the first byte says which of these,
 * the rest is the value.
 */

#include "places.h"

static const struct vl_finder_words finders[] = {
	{ .pattern = "#(\\d+)" },
	{ .pattern = "ids=\"([^\"]*)\"", .split = "," },
	{ .pattern = "(\\w*)" },
	{ .pattern = "(?=(a|b,))" },
	{ .pattern = "(.+?)(?:x|$)" },
	{ .split = "," },
	{ .split = " \xc3\xa4" },
	{ .json = "$..*", .pattern = "(.)" },
	{ .json = "$..*", .pattern = "(\\w+)\\b" },
	{ .json = "$[*]", .pattern = "^id:(.*)$", .split = "," },
	{ .json = "$..a", .split = "," },
	{ .json = "$", .pattern = "|([^x])" },
};

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct vl_finder *f = NULL;
	struct vl_places places = { 0 };
	struct vl_err err = { 0 };

	if (n == 0)
		return 0;
	MUST(vl_finder_new(&f,
	         &finders[p[0] % (sizeof(finders) / sizeof(finders[0]))],
	         &err) == VL_OK);
	(void)check_own_texts(f, (struct vl_slice){ p + 1, n - 1 }, &places);
	vl_places_free(&places);
	vl_finder_free(f);
	return 0;
}
