/* Values of YAML: which places a path selects, what is refused, and that with
 * other ids all else stays as it is.  `(` stands before each place and `)`
 * behind it. */

#include <stdio.h>
#include <stdlib.h>

#include "../format/vector.h"
#include "find.h"

#include <glob.h>

static void
unmark(struct vl_buf *value, const char *marked)
{
	assert_int_equal(
	    VL_OK, vl_buf_reserve(value, strlen(marked) + 1, NULL));
	for (; *marked != '\0'; marked++)
		if (*marked != '(' && *marked != ')')
			value->p[value->n++] = (uint8_t)*marked;
}

/* The value with each place between parentheses, or as `text`. */
static void
spell(struct vl_buf *out, struct vl_slice value, const struct vl_places *places,
    const char *text)
{
	struct vl_err err = { 0 };
	size_t done = 0;
	size_t i = 0;

	for (i = 0; i < places->n; i++) {
		const struct vl_place *p = &places->list[i];

		assert_true(p->at >= done && p->n <= value.n - p->at);
		assert_int_equal(VL_OK,
		    vl_buf_add(out,
		        (struct vl_slice){ value.p + done, p->at - done },
		        &err));
		if (text == NULL)
			assert_int_equal(VL_OK,
			    vl_buf_printf(out, &err, "(%.*s)", (int)p->n,
			        (const char *)value.p + p->at));
		else if (vl_place_write(
		             out, p->form, vl_slice_of(text), &err) != VL_OK)
			fail_msg("%s", err.text);
		done = p->at + p->n;
	}
	assert_int_equal(VL_OK,
	    vl_buf_add(out, (struct vl_slice){ value.p + done, value.n - done },
	        &err));
	assert_int_equal(VL_OK, vl_buf_printf(out, &err, "%c", 0));
}

static void
becomes(const struct find *how, const char *marked, const char *text,
    const char *expected)
{
	struct vl_finder *f = finder_of(how);
	struct vl_places places = { 0 };
	struct vl_buf value = { 0 };
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };

	unmark(&value, marked);
	if (vl_finder_find(f, vl_buf_slice(&value), &places, &err) != VL_OK)
		fail_msg("%s: %s", marked, err.text);
	spell(&out, vl_buf_slice(&value), &places, NULL);
	assert_string_equal(marked, (const char *)out.p);
	if (text != NULL) {
		vl_buf_clear(&out);
		spell(&out, vl_buf_slice(&value), &places, text);
		assert_string_equal(expected, (const char *)out.p);
	}
	vl_buf_free(&value);
	vl_buf_free(&out);
	vl_places_free(&places);
	vl_finder_free(f);
}

static void
yaml(const char *path, const char *marked)
{
	becomes(&(struct find){ .yaml = path }, marked, NULL, NULL);
}

static void
broken(const char *path, const char *value, const char *why)
{
	cannot_find(&(struct find){ .yaml = path }, vl_slice_of(value), why);
}

static void
paths_select_scalars(void **state)
{
	(void)state;
	yaml("$", "(5)");
	yaml("$", "--- (abc)\n...\n");
	yaml("$", "");
	yaml("$", "# nothing\n");
	yaml("$.a", "a: (5)\nb: 5\n");
	yaml("$.a.b", "a: {b: (5), c: 5} # b: 5\n");
	yaml("$[*]", "- (5)\n- '(12)'\n- [5]\n- \"(x)\"\n");
	yaml("$[1]", "[5, (6)]");
	yaml("$['1']", "[5, 6]");
	yaml("$..id", "id: (1)\na:\n- id: (2)\n  b: {id: '(3)', c: id}\n");
	yaml("$[':a']", ":a: (5)\n");
	yaml("$.*", "a: (5)\n? [b, 6]\n: (7)\n? {c: 8}\n: d: 9\n");
}

static void
tildes_select_keys(void **state)
{
	(void)state;
	yaml("$.*~", "(5): a\n'(6)': {7: b}\n? (8)\n: c\n");
	yaml("$..*~", "(a): {(b): [{(c): 1}]}");
	becomes(&(struct find){ .yaml = "$.*~", .pattern = "^cf_(\\d+)$" },
	    "cf_(1): {values: ['1']}\n\"cf_(22)\": b\nother: 1\n", "333",
	    "cf_333: {values: ['1']}\n\"cf_333\": b\nother: 1\n");
}

static void
nulls_and_bools_are_no_places(void **state)
{
	(void)state;
	yaml("$[*]", "[null, ~, Null, true, FALSE, yes, off, n, Y, (x)]");
	yaml("$.*", "a:\nb: ~\nc: '(~)'\nd: \"(no)\"\n");
	yaml("$[*]", "- (nUll)\n- (5)\n- (0x1f)\n- (1.5)\n- (2024-01-31)\n");
}

static void
tags_of_maps_and_lists_are_passed(void **state)
{
	(void)state;
	yaml("$.a[0]",
	    "--- !ruby/hash:ActiveSupport::HashWithIndifferentAccess\n"
	    "a: !set [(5)]\n");
	yaml("$[*]", "[! '(5)', !!str (5), !!int (5), !!str \"(5)\"]");
	broken("$.a", "a: !!int '5'\n", "byte 3: a scalar with a tag");
	broken("$.a", "a: !uuid abc\n", "byte 3: a scalar with a tag");
	yaml("$.b", "a: !uuid abc\nb: &x !!str # why\n  (5)\n");
}

static void
an_alias_means_what_its_anchor_means(void **state)
{
	(void)state;
	yaml("$..id", "a: &x {id: (5)}\nb: *x\n");
	yaml("$.a.id", "a: &x {id: (5), n: &y 1}\nb: {id: 5, n: *y}\n");
	yaml("$.*.id", "a: &x {id: (5)}\nb: {id: (6), <<: *x}\nc: *x\n");
	yaml("$.*.id", "b: {<<: [{id: (5)}, {id: (6), x: 7}]}\n");
	yaml("$.id", "- &x 5\n- *x\n");
	broken("$.a.id", "a: &x {id: 5}\nb: *x\n",
	    "byte 17: an alias, of which the path selects something else");
	broken("$..id", "n: &x 5\nid: *x\n", "byte 12: an alias");
	broken("$.*.id", "x: &x {id: 5}\n<<: *x\n", "an alias");
	broken("$.*~", "&x 5: a\nb: *x\n", "an alias");
	broken("$.a.*~", "a: {&x 5: q}\nb: *x\n", "an alias");
	broken("$.a", "? *x\n: 5\n", "byte 2: an alias that is a key");
	broken("$.a", "a: *x\n", "byte 3: an alias of what has no anchor");
}

static void
quotes_and_all_around_them_stay(void **state)
{
	const struct find all = { .yaml = "$[*]" };

	(void)state;
	becomes(&all, "[ '(a)' ,\t\"(b)\", (c)]  # d\r\n", "xy 1",
	    "[ 'xy 1' ,\t\"xy 1\", xy 1]  # d\r\n");
	becomes(&all, "- (5)\n- '(5)'\n- \"(5)\"\n", "-12",
	    "- -12\n- '-12'\n- \"-12\"\n");
	becomes(&all, "- '(a)'\n- \"(b)\"\n", "it's\\\"",
	    "- 'it''s\\\"'\n- \"it's\\\\\\\"\"\n");
	becomes(&all, "- \"(\\x35)\"\n", " \n\x7f\xc2\x80\xe2\x80\xa8 ",
	    "- \"\\x20\\x0a\\x7f\\x80\\u2028\\x20\"\n");
	becomes(&all, "- (a\n  b)\n- '(a\n\n  b)'\n- '()'\n", NULL, NULL);
}

/* So that a key in several lines, or under a tag, is one secret. */
static void
whole_values_have_lines_and_tags(void **state)
{
	const struct find whole = { .yaml = "$..*", .whole = true };
	static const char value[] = "a: 'x'\nb:\n  - \"y\"\n";
	struct vl_finder *f = finder_of(&whole);
	struct vl_places places = { 0 };
	struct vl_buf paths = { 0 };
	struct vl_err err = { 0 };
	size_t ends[2] = { 0 };

	(void)state;
	finds(&whole, "a: |\n  <one\n\n   two>\n\nb: <x>\n");
	finds(&whole, "a: |2-\n  < one\n   two>\n");
	finds(&whole, "a: !vault |\n    <$V;1\n    63>\n");
	finds(&whole, "a: !x <b>\nc: !!str <5>\n");
	broken("$.a", "a: |\n  one\n  two\n", "line break");
	/* Paths are those of values, quotes or not. */
	assert_int_equal(
	    VL_OK, vl_finder_find(f, vl_slice_of(value), &places, &err));
	assert_int_equal(2, places.n);
	assert_int_equal(VL_OK,
	    vl_finder_paths(
	        f, vl_slice_of(value), &places, &paths, ends, &err));
	assert_true(
	    vl_slice_equal(vl_slice_of("$.a$.b[0]"), vl_buf_slice(&paths)));
	vl_buf_free(&paths);
	vl_places_free(&places);
	vl_finder_free(f);
}

static void
patterns_see_the_text(void **state)
{
	const struct find hash = { .yaml = "$.*", .pattern = "#(\\d+)" };

	(void)state;
	becomes(&hash, "a: 'it''s #(5)'\nb: \"\\t#(6)\\x21 \\u00e9#(7)\"\n",
	    "88", "a: 'it''s #88'\nb: \"\\t#88\\x21 \\u00e9#88\"\n");
	becomes(&hash, "a: see\n  x#(5),\n\n  y#(6)\nb: #5\n", "88",
	    "a: see\n  x#88,\n\n  y#88\nb: #5\n");
	becomes(&hash, "a: |\n  #(5)\n   x #(6)\n\nb: >-\n\n  #(7)\n  y\n",
	    "88", "a: |\n  #88\n   x #88\n\nb: >-\n\n  #88\n  y\n");
	becomes(&hash, "a: >-\n  #(5)\n    x #(6)\n\n   \ty\n  #(7)\n", "88",
	    "a: >-\n  #88\n    x #88\n\n   \ty\n  #88\n");
	becomes(&hash, "a: \"x \\\n  #(5\\\n  6) \\\\#(7)\"", "88",
	    "a: \"x \\\n  #88 \\\\#88\"");
	becomes(&hash, "\xc3\xa4: \xe2\x82\xac#(5)\nb: '\xf0\x9f\x98\x80 #(6)'",
	    "88", "\xc3\xa4: \xe2\x82\xac#88\nb: '\xf0\x9f\x98\x80 #88'");
}

static void
half_an_escape_is_no_reference(void **state)
{
	(void)state;
	cannot_find(&(struct find){ .yaml = "$", .pattern = "(a\\s)" },
	    vl_slice_of("x a\n\n b"), "holds an escape or a line break");
	cannot_find(&(struct find){ .yaml = "$", .pattern = "x(\\s)" },
	    vl_slice_of("|\n x\n y\n"), "holds an escape or a line break");
	broken("$", "|\n x\n", "holds an escape or a line break");
	becomes(&(struct find){ .yaml = "$", .pattern = "a(\\s)" },
	    "\"xa(\\t)b\"", "c", "\"xacb\"");
}

static void
a_part_of_a_plain_scalar_leaves_it_a_text(void **state)
{
	const struct find parts = { .yaml = "$", .split = "," };
	const struct find first = { .yaml = "$", .pattern = "^(\\d+)" };

	(void)state;
	becomes(&parts, "(5), (x)", "e5", "e5, e5");
	becomes(&first, "(5)/x", "12", "12/x");
	cannot_find(&first, vl_slice_of("5x"), "might become a number");
	cannot_find(&first, vl_slice_of("5.x"), "might become a number");
	cannot_find(&first, vl_slice_of("5.0"), "only a part of the number");
	becomes(&(struct find){ .yaml = "$", .pattern = "^\\w(.+)$" }, "n(5)",
	    "ews", "news");
}

static void
cannot_write(enum vl_part_form form, const char *text)
{
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };

	if (vl_place_write(&out, form, vl_slice_of(text), &err) != VL_EFORMAT)
		fail_msg("%d: %s", (int)form, text);
	vl_buf_free(&out);
}

static void
writes(enum vl_part_form form, const char *text)
{
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };

	if (vl_place_write(&out, form, vl_slice_of(text), &err) != VL_OK ||
	    !vl_slice_equal(vl_buf_slice(&out), vl_slice_of(text)))
		fail_msg("%d: %s: %s", (int)form, text, err.text);
	vl_buf_free(&out);
}

static void
what_would_be_another_scalar_is_not_written(void **state)
{
	static const char *const other[] = { "", "~", "null", "No", "y", "5",
		"-5", "0x1F", "0o17", "0b1", "1_000", "1.5", ".5", "5.", "1e5",
		"+1.5E-3", ".inf", "-.INF", ".nan", "1:30", "2024-1-31",
		"2024-01-31 10:00", "1.2.3", "a b ", " a", "-a", "a:", "a: b",
		"a #b", "a,b", "[a", "a]", "'a", "a\nb", "a\tb", "&a", "*a",
		"!a", "%a", "@a", "<<", "?a", "a\xff", "a\xc2\x85" };
	static const char *const same[] = { "a", "abc-1", "x5", "5x", "1e",
		"123e4567-e89b-12d3-a456-426614174000", "a b", "a:b", "a@b.c",
		"2024-01-31x", "nothing", "0xg", "\xc3\xa4 \xe2\x82\xac" };
	static const char *const parts[] = { "", "ull", "O", "es", " a", "a b",
		"-1", "a-", "a:b", "a,b", "a\nb", "#" };
	static const char *const part[] = { "5", "12-3", "news", "a/b.c_d" };
	size_t i = 0;

	(void)state;
	for (i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		cannot_write(VL_FORM_YAML, other[i]);
	for (i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		writes(VL_FORM_YAML, same[i]);
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		cannot_write(VL_FORM_YAML_PART, parts[i]);
	for (i = 0; i < sizeof(part) / sizeof(part[0]); i++)
		writes(VL_FORM_YAML_PART, part[i]);
	cannot_write(VL_FORM_YAML_SINGLE, "a\nb");
	cannot_write(VL_FORM_YAML_SINGLE, " a");
	cannot_write(VL_FORM_YAML_SINGLE, "---");
	cannot_write(VL_FORM_YAML_DOUBLE, "\xff");
	writes(VL_FORM_YAML_SINGLE, "null, #5: [\"~");
	writes(VL_FORM_YAML_DOUBLE, "null, #5: ['~");
}

/* A value of many bytes: one text, then others, then one more. */
static void
refuses_long(const char *first, const char *more, size_t n, const char *last,
    const char *why)
{
	struct vl_buf value = { 0 };

	assert_int_equal(VL_OK, vl_buf_add_text(&value, first, NULL));
	while (n-- > 0)
		assert_int_equal(VL_OK, vl_buf_add_text(&value, more, NULL));
	assert_int_equal(VL_OK, vl_buf_add_text(&value, last, NULL));
	cannot_find(
	    &(struct find){ .yaml = "$.a~" }, vl_buf_slice(&value), why);
	vl_buf_free(&value);
}

static void
limits_are_kept(void **state)
{
	(void)state;
	refuses_long("", "[", 129, "", "nested deeper than 128");
	refuses_long("", "- ", 129, "x", "nested deeper than 128");
	refuses_long("a: ", "x", 16 << 20, "", "more than 16,777,216 bytes");
	refuses_long("[", "1,", 1048576, "]", "more than 1,048,576 maps");
}

static void
anchors_are_limited(void **state)
{
	struct vl_buf value = { 0 };
	int i = 0;

	(void)state;
	for (i = 0; i < 1025; i++)
		assert_int_equal(
		    VL_OK, vl_buf_printf(&value, NULL, "- &a%d x\n", i));
	cannot_find(&(struct find){ .yaml = "$.a" }, vl_buf_slice(&value),
	    "more than 1,024 anchors");
	vl_buf_free(&value);
}

/* formats/vectors/yaml */

static void
vectors_have_their_outcome(void **state)
{
	struct vl_finder *f = finder_of(&(struct find){ .yaml = "$..*" });
	struct vl_places places = { 0 };
	struct vector v = { 0 };
	struct vl_err err = { 0 };
	enum vl_status st = VL_OK;
	glob_t found = { 0 };
	size_t i = 0;

	(void)state;
	assert_int_equal(
	    0, glob(SOURCE_DIR "/formats/vectors/yaml/*", 0, NULL, &found));
	for (i = 0; i < found.gl_pathc; i++) {
		vector_load(&v, found.gl_pathv[i]);
		places.n = 0;
		st = vl_finder_find(f, vl_buf_slice(&v.bytes), &places, &err);
		if (strcmp(v.expect, st == VL_OK ? "ok" : "format") != 0 ||
		    (st != VL_OK && st != VL_EFORMAT))
			fail_msg("%s: %s", found.gl_pathv[i], err.text);
	}
	assert_true(i > 10);
	globfree(&found);
	vl_buf_free(&v.bytes);
	vl_places_free(&places);
	vl_finder_free(f);
}

static void
refusals_name_place_and_reason(void **state)
{
	(void)state;
	broken("$", "a: b: c", "not YAML at byte 4: mapping values");
	broken("$", "\xe2\x82\xac: b: c", "not YAML at byte 6: ");
	broken("$", "a: [5", "not YAML at byte 5: ");
	broken("$", "a: \x01", "not YAML at byte 3: control characters");
	broken("$", "a: \xff", "not YAML at byte 3: ");
	broken("$",
	    "\xef\xbb\xbf"
	    "a",
	    "byte 0: it begins with a byte order");
	broken("$", "a\n---\nb\n", "byte 2: a second document");
	broken("$", "'a\xc2\x85 b'", "byte 1: a scalar in a spelling");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_select_scalars),
		cmocka_unit_test(tildes_select_keys),
		cmocka_unit_test(nulls_and_bools_are_no_places),
		cmocka_unit_test(tags_of_maps_and_lists_are_passed),
		cmocka_unit_test(an_alias_means_what_its_anchor_means),
		cmocka_unit_test(quotes_and_all_around_them_stay),
		cmocka_unit_test(whole_values_have_lines_and_tags),
		cmocka_unit_test(patterns_see_the_text),
		cmocka_unit_test(half_an_escape_is_no_reference),
		cmocka_unit_test(a_part_of_a_plain_scalar_leaves_it_a_text),
		cmocka_unit_test(what_would_be_another_scalar_is_not_written),
		cmocka_unit_test(limits_are_kept),
		cmocka_unit_test(anchors_are_limited),
		cmocka_unit_test(vectors_have_their_outcome),
		cmocka_unit_test(refusals_name_place_and_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
