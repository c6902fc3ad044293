/*
 * What differs between two values: the first byte says how they are read, a
 * byte 0xff stands between them, and in them each 0xfe is the id of a row, 0xfd
 * a secret; the byte behind 0xfc says of how many pieces it is the length, and
 * that behind 0xfb of which row it is the id.
 * What is told is one array of JSON of no more items than that, and has words;
 * of a value beside itself nothing is told.
 */

#include <valise/fields.h>
#include <valise/json.h>

#include "fuzz.h"

static void
add_part(
    struct vl_fields *f, enum vl_side side, const struct vl_text_part *part)
{
	struct vl_err err = { 0 };

	MUST(vl_fields_add(f, side, part, (struct vl_slice){ 0 }, &err) ==
	    VL_OK);
}

/* What a byte that is never in UTF-8 stands for, and the byte behind it. */
static void
add_other(struct vl_fields *f, enum vl_side side, uint8_t kind, uint8_t n)
{
	struct vl_text_part part = { .kind = VL_PART_REF,
		.table = vl_slice_of("t"),
		.key = vl_slice_of("[1]") };
	char key[8];

	snprintf(key, sizeof(key), "[%u]", n);
	if (kind == 0xfb)
		part.key = vl_slice_of(key);
	else if (kind == 0xfd)
		part = (struct vl_text_part){ .kind = VL_PART_SECRET };
	else if (kind == 0xfc)
		part = (struct vl_text_part){ .kind = VL_PART_COUNT, .n = n };
	add_part(f, side, &part);
}

static void
add(struct vl_fields *f, enum vl_side side, struct vl_slice value)
{
	struct vl_text_part part = { .kind = VL_PART_TEXT };
	size_t at = 0;
	size_t i = 0;

	for (i = 0; i <= value.n; i++) {
		if (i < value.n && (value.p[i] < 0xfb || value.p[i] == 0xff))
			continue;
		part.text = (struct vl_slice){ value.p + at, i - at };
		if (part.text.n > 0)
			add_part(f, side, &part);
		if (i == value.n)
			break;
		add_other(
		    f, side, value.p[i], i + 1 < value.n ? value.p[i + 1] : 0);
		i += (value.p[i] == 0xfb || value.p[i] == 0xfc) &&
		    i + 1 < value.n;
		at = i + 1;
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
