/* What is JSON and what is not, and values that are meant to hurt. */

#include "find.h"

static void
refuses(const char *text, const char *why)
{
	cannot_find(&(struct find){ .json = "$..a" }, vl_slice_of(text), why);
}

static void
any_spelling_is_read(void **state)
{
	const struct find all = { .json = "$..*" };

	(void)state;
	finds(&all, " \t\r\n{ \"a\"\n:\t<1> , \"b\" :[ <2> ,\r<3> ] } \n");
	finds(&all, "[ ]");
	finds(&all, "{ }");
	finds(&all,
	    "[<0>,<-0>,<-1>,<10>,<0.5>,<1e5>,<1E-05>,<1.25e+7>,"
	    "<123456789012345678901234567890>]");
	finds(&all, "[\"<\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\uABCD>\"]");
	finds(&all, "[\"<\x7f\xc3\xa4\xf0\x9f\x98\x80>\"]");
	finds(&all, "[true,false,null]");
}

static void
what_is_not_json_is_refused_with_its_byte(void **state)
{
	(void)state;
	refuses("", "not JSON at byte 0: the text ends early");
	refuses("  ", "at byte 2: the text ends early");
	refuses("\xef\xbb\xbf{}", "at byte 0: not a value");
	refuses("{", "at byte 1: a key is missing");
	refuses("[", "at byte 1: the text ends early");
	refuses("[1", "at byte 2: ',' or the closing bracket is missing");
	refuses("[1 2]", "at byte 3: ','");
	refuses("[1}", "at byte 2: ','");
	refuses("[1,]", "at byte 3: not a value");
	refuses("[,1]", "at byte 1: not a value");
	refuses("{\"a\":1,}", "at byte 7: a key is missing");
	refuses("{\"a\" 1}", "at byte 5: ':' is missing");
	refuses("{\"a\":}", "at byte 5: not a value");
	refuses("{a:1}", "at byte 1: a key is missing");
	refuses("{\"a\":1]", "at byte 6: ','");
	refuses("{} {}", "at byte 3: text goes on behind the value");
	refuses("1 1", "at byte 2: text goes on");
	refuses("]", "at byte 0: not a value");
	refuses("'a'", "at byte 0: not a value");
	refuses("NaN", "at byte 0: not a value");
	refuses("nul", "at byte 0: not a value");
	refuses("nulls", "at byte 4: text goes on");
	refuses("True", "at byte 0: not a value");
	refuses("// a\n1", "at byte 0: not a value");
}

static void
numbers_follow_the_grammar(void **state)
{
	(void)state;
	refuses("-", "at byte 1: not a value");
	refuses("+1", "at byte 0: not a value");
	refuses("01", "at byte 1: text goes on");
	refuses("-01", "at byte 2: text goes on");
	refuses(".5", "at byte 0: not a value");
	refuses("1.", "at byte 2: a digit is missing");
	refuses("1e", "at byte 2: a digit is missing");
	refuses("1e+", "at byte 3: a digit is missing");
	refuses("1.e5", "at byte 2: a digit is missing");
	refuses("0x10", "at byte 1: text goes on");
}

static void
strings_follow_the_grammar(void **state)
{
	(void)state;
	refuses("\"a", "at byte 2: the string has no end");
	refuses("\"a\\\"", "at byte 4: the string has no end");
	refuses("\"\\", "at byte 1: not an escape");
	refuses("\"\\x\"", "at byte 1: not an escape");
	refuses("\"\\u123\"", "at byte 1: not an escape");
	refuses("\"\\u12g4\"", "at byte 1: not an escape");
	refuses("\"\\U1234\"", "at byte 1: not an escape");
	refuses("\"\t\"", "at byte 1: control character");
	refuses("\"a\nb\"", "at byte 2: control character");
	refuses("\"\x1f\"", "at byte 1: control character");
	refuses("\"\xff\"", "not UTF-8");
	refuses("\"\xc3\"", "not UTF-8");
	refuses("\"\xed\xa0\x80\"", "not UTF-8");
	refuses("{\"\xc0\x80\":1}", "not UTF-8");
	cannot_find(&(struct find){ .json = "$" },
	    (struct vl_slice){ (const uint8_t *)"\"a\0b\"", 5 },
	    "at byte 2: control character");
	cannot_find(&(struct find){ .json = "$" },
	    (struct vl_slice){ (const uint8_t *)"1\0", 2 },
	    "at byte 1: text goes on");
}

static void
lone_surrogates_pass_where_no_reference_is(void **state)
{
	const struct find id = { .json = "$.id" };

	(void)state;
	finds(&id,
	    "{\"t\":\"\\ud83d\",\"\\udc00\":\"\\ude00\\ud83d\","
	    "\"id\":\"<x>\"}");
	finds(&id, "{\"id\":\"<\\ud83d\\ude00>\"}");
	cannot_find(&id, vl_slice_of("{\"id\":\"x\\ud83d\"}"),
	    "at byte 7 holds half of a surrogate pair");
	cannot_find(&id, vl_slice_of("{\"id\":\"\\ude00\\ud83d\"}"), "half");
	cannot_find(&id, vl_slice_of("{\"id\":\"\\ud83dx\"}"), "half");
	cannot_find(&id, vl_slice_of("{\"id\":\"\\ud83d\\u0041\"}"), "half");
}

static void
nest(struct vl_buf *b, size_t depth, const char *open, const char *close)
{
	size_t i = 0;

	vl_buf_clear(b);
	for (i = 0; i < depth; i++)
		assert_int_equal(VL_OK, vl_buf_add_text(b, open, NULL));
	assert_int_equal(VL_OK, vl_buf_add_text(b, "1", NULL));
	for (i = 0; i < depth; i++)
		assert_int_equal(VL_OK, vl_buf_add_text(b, close, NULL));
}

static void
nesting_ends_at_128(void **state)
{
	const struct find all = { .json = "$..*" };
	struct vl_finder *f = finder_of(&all);
	struct vl_places places = { 0 };
	struct vl_buf b = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	nest(&b, 128, "[", "]");
	assert_int_equal(
	    VL_OK, vl_finder_find(f, vl_buf_slice(&b), &places, &err));
	assert_int_equal(1, places.n);
	assert_int_equal(128, places.list[0].at);
	nest(&b, 129, "[", "]");
	cannot_find(&all, vl_buf_slice(&b), "at byte 128: nested deeper");
	nest(&b, 129, "{\"a\":", "}");
	cannot_find(&all, vl_buf_slice(&b), "at byte 640: nested deeper");
	nest(&b, 100000, "[{\"a\":", "");
	cannot_find(&all, vl_buf_slice(&b), "nested deeper than 128");
	vl_buf_free(&b);
	vl_places_free(&places);
	vl_finder_free(f);
}

static void
one_huge_string_is_read_once(void **state)
{
	const struct find first = { .json = "$[0]" };
	struct vl_finder *f = finder_of(&first);
	const size_t n = 8 << 20;
	struct vl_places places = { 0 };
	struct vl_buf b = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(VL_OK, vl_buf_reserve(&b, n + 4, &err));
	memset(b.p, 'x', n + 4);
	memcpy(b.p, "[\"\\t", 4);
	memcpy(b.p + n + 2, "\"]", 2);
	b.n = n + 4;
	assert_int_equal(
	    VL_OK, vl_finder_find(f, vl_buf_slice(&b), &places, &err));
	assert_int_equal(1, places.n);
	assert_int_equal(2, places.list[0].at);
	assert_int_equal(n, places.list[0].n);
	b.n--;
	cannot_find(&first, vl_buf_slice(&b), "closing bracket is missing");
	b.n--;
	cannot_find(&first, vl_buf_slice(&b), "the string has no end");
	vl_buf_free(&b);
	vl_places_free(&places);
	vl_finder_free(f);
}

/* In memory of its very size, so that the sanitizer sees a step too far. */
static void
every_truncation_is_refused(void **state)
{
	static const char text[] = "{\"a\\u0041\":[1.5e-7,true,null,false,"
	                           "\"\\ud83d\\ude00\xc3\xa4\"]}";
	const struct find all = { .json = "$..*" };
	uint8_t *cut = NULL;
	size_t n = 0;

	(void)state;
	for (n = 0; n < sizeof(text) - 1; n++) {
		cut = malloc(n > 0 ? n : 1);
		assert_non_null(cut);
		memcpy(cut, text, n);
		cannot_find(&all, (struct vl_slice){ cut, n }, "not JSON");
		free(cut);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_spelling_is_read),
		cmocka_unit_test(what_is_not_json_is_refused_with_its_byte),
		cmocka_unit_test(numbers_follow_the_grammar),
		cmocka_unit_test(strings_follow_the_grammar),
		cmocka_unit_test(lone_surrogates_pass_where_no_reference_is),
		cmocka_unit_test(nesting_ends_at_128),
		cmocka_unit_test(one_huge_string_is_read_once),
		cmocka_unit_test(every_truncation_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
