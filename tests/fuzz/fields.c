/*
 * What differs between two values: the first byte says how they are read, a
 * byte 0xff stands between them, and each 0xfe in them is the id of a row.
 * What is told is one array of JSON of no more items than that, and has words;
 * of a value beside itself nothing is told.
 */

#include <valise/fields.h>
#include <valise/json.h>

#include "fuzz.h"

static void
add(struct vl_fields *f, enum vl_side side, struct vl_slice value)
{
	struct vl_text_part part = { .kind = VL_PART_TEXT };
	const struct vl_text_part id = { .kind = VL_PART_REF,
		.table = vl_slice_of("t"),
		.key = vl_slice_of("[1]") };
	struct vl_err err = { 0 };
	const uint8_t *end = NULL;

	while (value.n > 0) {
		end = memchr(value.p, 0xfe, value.n);
		part.text = value;
		if (end != NULL)
			part.text.n = (size_t)(end - value.p);
		if (part.text.n > 0)
			MUST(vl_fields_add(f, side, &part,
			         (struct vl_slice){ 0 }, &err) == VL_OK);
		if (end != NULL)
			MUST(vl_fields_add(f, side, &id, (struct vl_slice){ 0 },
			         &err) == VL_OK);
		value.p += part.text.n + (end != NULL);
		value.n -= part.text.n + (end != NULL);
	}
}

/* How many items are told. */
static size_t
differ(struct vl_fields *f, enum vl_fields_form form, struct vl_slice old,
    struct vl_slice new)
{
	struct vl_buf told = { 0 };
	struct vl_buf words = { 0 };
	struct vl_json j = { 0 };
	struct vl_json_w w = { 0 };
	struct vl_err err = { 0 };
	size_t n = 0;

	vl_fields_begin(f);
	add(f, VL_SIDE_OLD, old);
	add(f, VL_SIDE_NEW, new);
	vl_json_w_init(&w, &told);
	vl_json_w_open(&w, '[');
	MUST(vl_fields_differ(f, form, vl_slice_of("c"), &w, &err) == VL_OK);
	vl_json_w_close(&w, ']');
	MUST(vl_json_w_end(&w, &err) == VL_OK);
	MUST(vl_json_parse(&j, vl_buf_slice(&told), &err) == VL_OK);
	n = j.items[0].count;
	MUST(n <= VL_FIELDS_MAX + 1);
	MUST(vl_fields_text(&words, vl_buf_slice(&told), &err) == VL_OK);
	MUST((words.n > 0) == (n > 0));
	MUST(told.n < 16384);
	vl_json_free(&j);
	vl_buf_free(&told);
	vl_buf_free(&words);
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct vl_fields *f = NULL;
	struct vl_slice old = { 0 };
	struct vl_slice new = { 0 };
	struct vl_err err = { 0 };
	enum vl_fields_form form = VL_FIELDS_GUESS;
	const uint8_t *between = NULL;

	if (n == 0)
		return 0;
	form = (p[0] & 1) != 0 ? VL_FIELDS_YAML : VL_FIELDS_GUESS;
	between = memchr(p, 0xff, n);
	if (between == NULL || between == p)
		return 0;
	old = (struct vl_slice){ p + 1, (size_t)(between - p) - 1 };
	new = (struct vl_slice){ between + 1, n - (size_t)(between - p) - 1 };
	MUST(vl_fields_new(&f, &err) == VL_OK);
	MUST(differ(f, form, old, old) == 0);
	MUST(differ(f, form, new, new) == 0);
	MUST(differ(f, form, old, new) == differ(f, form, new, old));
	vl_fields_free(f);
	return 0;
}
