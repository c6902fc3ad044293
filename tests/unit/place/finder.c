/* Path, pattern and separator together, to the byte. */

#include "find.h"

static void
without_words_the_value_is_the_place(void **state)
{
	const struct find none = { 0 };

	(void)state;
	finds(&none, "<abc>");
	finds(&none, "<>");
	finds(&none, "< {\"a\":1} >");
}

static void
separators_split_and_spaces_are_trimmed(void **state)
{
	const struct find comma = { .split = "," };
	const struct find wide = { .split = ", " };
	const struct find space = { .split = " " };

	(void)state;
	finds(&comma, "<1>,<22>,<3>");
	finds(&comma, "<1>, <2> ,\t<3 4>\r\n");
	finds(&comma, ",,<1>,, ,<2>,");
	finds(&comma, "<1>");
	finds(&comma, "");
	finds(&comma, " , ");
	finds(&wide, "<1,2>, <3>,  <4>");
	finds(&space, " <a>  <b> ");
	finds(&(struct find){ .split = "--" }, "<1>--<-2>");
	finds(&(struct find){ .split = "\xc2\xb7" }, "<a>\xc2\xb7<b>");
}

static void
patterns_find_group_one_of_every_match(void **state)
{
	(void)state;
	finds(&(struct find){ .pattern = "#(\\d+)" },
	    "see #<1>, #<23>; #x ##<4>");
	finds(&(struct find){ .pattern = "^cf_(\\d+)$" }, "cf_<17>");
	finds(&(struct find){ .pattern = "^cf_(\\d+)$" }, "cf_17 ");
	finds(&(struct find){ .pattern = "(a)|b" }, "b<a>bb<a>");
	finds(&(struct find){ .pattern = "((a)b)" }, "<ab>a<ab>");
	finds(&(struct find){ .pattern = "\xc3\xa4(.)" },
	    "\xc3\xa4<\xf0\x9f\x98\x80>\xc3\xa4<x>");
	finds(&(struct find){ .pattern = "(?m)^(\\w+)$" }, "<a>\n<b>\nc d");
}

static void
pattern_and_separator_go_together(void **state)
{
	const struct find ids = { .pattern = "ids=\"([^\"]*)\"", .split = "," };

	(void)state;
	finds(&ids,
	    "[gallery ids=\"<1>,<2>, <3>\"] [gallery ids=\"<4>\"]"
	    "[gallery ids=\"\"]");
}

static void
over_json_the_text_is_searched_without_its_escapes(void **state)
{
	const struct find id = { .json = "$.*", .pattern = "id=\"(.)\"" };
	const struct find all = { .json = "$.*", .pattern = "(.+)x" };

	(void)state;
	finds(&id, "{\"a\":\"id=\\\"<7>\\\" \\u0069d=\\u0022<\\u0037>\\\"\"}");
	finds(&id, "{\"a\":\"\\tid=\\\"<\\ud83d\\ude00>\\\"\"}");
	finds(&all, "{\"a\":\"<\\u00e4\\/>x\",\"b\":\"<y\\u0009\xc3\xa4>x\"}");
}

static void
json_parts_take_whole_escapes(void **state)
{
	const struct find parts = { .json = "$", .split = "," };

	(void)state;
	finds(&parts, "\"<a>,<b>\"");
	finds(&parts, "\"<\\u0061>\\u002c<b\\u0062>,\\n<c>\\u0020\\t\"");
	finds(&parts, "\"\"");
	finds(&parts, "\"<\\u00e4>,<\\\\>\"");
}

static void
text_around_a_half_character_is_searched_all_the_same(void **state)
{
	const struct find hash = { .json = "$", .pattern = "#(\\w+)" };

	(void)state;
	finds(&hash, "\"\\ud83d #<1> \\ude00#<2>\\ud83d\"");
	cannot_find(&(struct find){ .json = "$", .pattern = "#(.)" },
	    vl_slice_of("\"#\\ud83d\""), "half of a surrogate pair");
}

static void
numbers_are_whole_or_refused(void **state)
{
	const struct find digits = { .json = "$[*]", .pattern = "(\\d+)" };

	(void)state;
	finds(&digits, "[<12>,\"x<3>y<4>\",null]");
	finds(&(struct find){ .json = "$", .split = "," }, "<12>");
	finds(&(struct find){ .json = "$", .pattern = "^(9\\d*)$" }, "12");
	cannot_find(&digits, vl_slice_of("[7,-12]"),
	    "only a part of the number at byte 3");
	cannot_find(&digits, vl_slice_of("[1.5]"), "a part of the number");
	cannot_find(&(struct find){ .json = "$", .split = "2" },
	    vl_slice_of("123"), "a part of the number");
}

static void
forms_say_how_a_place_is_spelled(void **state)
{
	struct vl_finder *f = finder_of(&(struct find){ .json = "$[*]" });
	struct vl_finder *plain = finder_of(&(struct find){ 0 });
	struct vl_places places = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(
	    VL_OK, vl_finder_find(f, vl_slice_of("[1,\"2\"]"), &places, &err));
	assert_int_equal(
	    VL_OK, vl_finder_find(plain, vl_slice_of("3"), &places, &err));
	assert_int_equal(3, places.n);
	assert_int_equal(VL_FORM_JSON_NUMBER, places.list[0].form);
	assert_int_equal(VL_FORM_JSON_TEXT, places.list[1].form);
	assert_int_equal(VL_FORM_PLAIN, places.list[2].form);
	vl_places_free(&places);
	vl_finder_free(plain);
	vl_finder_free(f);
}

static void
a_value_holds_so_many_places_and_no_more(void **state)
{
	struct vl_finder *f = finder_of(&(struct find){ .pattern = "(1)" });
	struct vl_places places = { 0 };
	struct vl_buf b = { 0 };
	struct vl_err err = { 0 };
	size_t i = 0;

	(void)state;
	assert_int_equal(
	    VL_OK, vl_buf_reserve(&b, 2 * (VL_PLACES_MAX + 1), &err));
	for (i = 0; i <= VL_PLACES_MAX; i++) {
		b.p[b.n++] = '1';
		b.p[b.n++] = ',';
	}
	assert_int_equal(
	    VL_ELIMIT, vl_finder_find(f, vl_buf_slice(&b), &places, &err));
	assert_int_equal(0, places.n);
	b.n -= 2;
	assert_int_equal(
	    VL_OK, vl_finder_find(f, vl_buf_slice(&b), &places, &err));
	assert_int_equal(VL_PLACES_MAX, places.n);
	vl_buf_free(&b);
	vl_places_free(&places);
	vl_finder_free(f);
}

static void
separators_are_not_empty_and_utf8(void **state)
{
	struct vl_finder *f = NULL;
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(VL_EUSAGE,
	    vl_finder_new(&f, &(struct vl_finder_words){ .split = "" }, &err));
	assert_non_null(strstr(err.text, "split: the separator is empty"));
	assert_null(f);
	assert_int_equal(VL_EUSAGE,
	    vl_finder_new(
	        &f, &(struct vl_finder_words){ .split = "\xff" }, &err));
	assert_non_null(strstr(err.text, "split: the separator is not UTF-8"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_words_the_value_is_the_place),
		cmocka_unit_test(separators_split_and_spaces_are_trimmed),
		cmocka_unit_test(patterns_find_group_one_of_every_match),
		cmocka_unit_test(pattern_and_separator_go_together),
		cmocka_unit_test(
		    over_json_the_text_is_searched_without_its_escapes),
		cmocka_unit_test(json_parts_take_whole_escapes),
		cmocka_unit_test(
		    text_around_a_half_character_is_searched_all_the_same),
		cmocka_unit_test(numbers_are_whole_or_refused),
		cmocka_unit_test(forms_say_how_a_place_is_spelled),
		cmocka_unit_test(a_value_holds_so_many_places_and_no_more),
		cmocka_unit_test(separators_are_not_empty_and_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
