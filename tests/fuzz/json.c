/* Canonical JSON: a string that is read is written the same again. */

#include <valise/json.h>

#include "fuzz.h"

static void
check_string(const struct vl_json *j, size_t item)
{
	struct vl_buf text = { 0 };
	struct vl_buf again = { 0 };
	struct vl_json_w w = { 0 };
	struct vl_err err = { 0 };

	MUST(vl_json_decode(j, item, &text, &err) == VL_OK);
	vl_json_w_init(&w, &again);
	vl_json_w_text(&w, vl_buf_slice(&text));
	MUST(vl_json_w_end(&w, &err) == VL_OK);
	MUST(again.n == j->items[item].raw.n + 2);
	MUST(memcmp(again.p + 1, j->items[item].raw.p, again.n - 2) == 0);
	vl_buf_free(&text);
	vl_buf_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct vl_json j = { 0 };
	struct vl_err err = { 0 };
	size_t i = 0;

	if (vl_json_parse(&j, (struct vl_slice){ p, n }, &err) == VL_OK)
		for (i = 0; i < j.n; i++)
			if (j.items[i].type == VL_JSON_STRING)
				check_string(&j, i);
	vl_json_free(&j);
	return 0;
}
