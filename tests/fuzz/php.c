/*
 * What PHP serialised, by each of these finders: written again with its own
 * texts it is the same, byte for byte; with longer ones it is still
 * serialised, and holds them.
 */

#include "places.h"

static const struct vl_finder_words finders[] = {
	{ .php = "$..*" },
	{ .php = "$..*~" },
	{ .php = "$" },
	{ .php = "$[*]" },
	{ .php = "$.a.*" },
	{ .php = "$..*", .pattern = "(x+)" },
	{ .php = "$..*~", .pattern = "^(x+)" },
	{ .php = "$", .pattern = "i:(\\d+)" },
	{ .php = "$..*", .pattern = "(.)" },
	{ .php = "$..*", .split = "," },
	{ .php = "$..*", .pattern = "(\\d);" },
	{ .php = "$..*~", .pattern = "(.)" },
};

/* The finders whose places take any text of these letters. */
#define OPEN_LAST 6

static bool
holds_longer(struct vl_finder *f, struct vl_slice value,
    const struct vl_places *places, struct vl_slice text)
{
	struct vl_places found = { 0 };
	struct vl_buf other = { 0 };
	struct vl_buf read = { 0 };
	struct vl_err err = { 0 };
	bool same = false;
	size_t i = 0;

	write_all(&other, value, places, &text);
	same = vl_finder_find(f, vl_buf_slice(&other), &found, &err) == VL_OK &&
	    found.n == places->n && found.ncounted == places->ncounted;
	for (i = 0; same && i < found.n; i++) {
		if (found.list[i].form != VL_FORM_PLAIN)
			continue;
		read_place(&read, vl_buf_slice(&other), &found.list[i]);
		same = vl_slice_equal(text, vl_buf_slice(&read));
	}
	vl_buf_free(&read);
	vl_buf_free(&other);
	vl_places_free(&found);
	return same;
}

static void
check(struct vl_finder *f, bool open, struct vl_slice value)
{
	struct vl_places places = { 0 };
	struct vl_buf again = { 0 };

	if (check_own_texts(f, value, &places)) {
		write_all(&again, value, &places, NULL);
		MUST(vl_slice_equal(value, vl_buf_slice(&again)));
		/* A text may be so long with one of them that it is what PHP
		 * serialised again, which it was not; never with both. */
		if (open)
			MUST(holds_longer(f, value, &places,
			         vl_slice_of("xxxxxxxxxxxxxxxxxxxx")) ||
			    holds_longer(f, value, &places,
			        vl_slice_of("xxxxxxxxxxxxxxxxxxxxx")));
	}
	vl_buf_free(&again);
	vl_places_free(&places);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	/* Made once: to compile a pattern takes longer than to use it. */
	static struct vl_finder *made[sizeof(finders) / sizeof(finders[0])];
	struct vl_err err = { 0 };
	size_t i = 0;

	for (i = 0; i < sizeof(finders) / sizeof(finders[0]); i++) {
		if (made[i] == NULL)
			MUST(vl_finder_new(&made[i], &finders[i], &err) ==
			    VL_OK);
		check(made[i], i <= OPEN_LAST, (struct vl_slice){ p, n });
	}
	return 0;
}
