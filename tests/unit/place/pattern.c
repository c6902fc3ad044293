/* Patterns: which are refused, empty matches, and what goes on for ever. */

#include "find.h"

static void
refuses(const char *pattern, const char *why)
{
	const struct vl_finder_words words = { .pattern = pattern };
	struct vl_finder *f = NULL;
	struct vl_err err = { 0 };

	assert_int_equal(VL_EUSAGE, vl_finder_new(&f, &words, &err));
	assert_null(f);
	if (strstr(err.text, why) == NULL)
		fail_msg("'%s' is not in '%s'", why, err.text);
}

static void
bad_patterns_are_refused_with_place_and_reason(void **state)
{
	char *long_one = calloc(1, 4096 + 3);

	(void)state;
	refuses("a(b", "the pattern 'a(b' from byte 3 on: missing");
	refuses("(a)[z-a]", "from byte");
	refuses("(\\C)", "\\C");
	refuses("(\xff)", "UTF-8");
	refuses("\\d+", "has no group; put the id into parentheses");
	refuses("(?:a)", "has no group");
	refuses("((((a{1000}){1000}){1000}){1000})", "too large");
	assert_non_null(long_one);
	memset(long_one, 'a', 4096 + 2);
	memcpy(long_one, "()", 2);
	refuses(long_one, "longer than 4096 bytes");
	free(long_one);
}

static void
an_empty_match_goes_on(void **state)
{
	(void)state;
	finds(&(struct find){ .pattern = "(\\d*)" }, "a<12>b\xc3\xa4<3>");
	finds(&(struct find){ .pattern = "x?(\\d*)" }, "x<1>xx<2>");
	finds(&(struct find){ .pattern = "()" }, "abc");
	finds(&(struct find){ .pattern = "|(\\d)" }, "<1>a<2>");
	finds(&(struct find){ .pattern = "(?=(\\d),)" }, "<1>,2<3>,");
	finds(&(struct find){ .pattern = "(\\d*)" }, "");
	finds(&(struct find){ .pattern = "a\\K|(b)" }, "aa<b>");
}

static void
one_byte_is_never_found_twice(void **state)
{
	(void)state;
	cannot_find(&(struct find){ .pattern = "(?=(\\d\\d))" },
	    vl_slice_of("x123"), "finds byte 2 of a text twice");
	cannot_find(&(struct find){ .pattern = "[ab](?=.*(x))" },
	    vl_slice_of("a b x"), "finds byte 4 of a text twice");
	cannot_find(&(struct find){ .pattern = "(?|a(?=.*(x))|b(?=.*(y)))" },
	    vl_slice_of("ab y x"), "finds byte 3 of a text twice");
}

static void
bytes_that_are_not_utf8_match_no_letter(void **state)
{
	(void)state;
	finds(&(struct find){ .pattern = "#(\\w+)" },
	    "\xff#<1>\xff#<2>\xc3#<3>\xed\xa0\x80#<4>\xc3\xa4 \xf0\x9f");
	finds(&(struct find){ .pattern = "(\xc3\xa4)" }, "\xff<\xc3\xa4>");
	finds(&(struct find){ .pattern = "#(.)" }, "#<\xff>#<\xc3\xa4>");
	finds(&(struct find){ .pattern = "\\xff(\\d)" },
	    "\xff"
	    "1");
}

static void
newlines_are_lf_whatever_the_library_thinks(void **state)
{
	(void)state;
	finds(&(struct find){ .pattern = "(?m)^(\\d.?)$" }, "<1>\n<2\r>\n");
	finds(&(struct find){ .pattern = "\\R(\\d)" }, "\r\n<1>\r<2>\n<3>");
}

static void
a_pattern_that_never_ends_is_stopped(void **state)
{
	static const char *const patterns[] = { "((?:a+)+)$", "((?:a|aa)+)$" };
	char text[4097];
	size_t i = 0;

	(void)state;
	memset(text, 'a', sizeof(text) - 2);
	memcpy(text + sizeof(text) - 2, "!", 2);
	for (i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		cannot_find(&(struct find){ .pattern = patterns[i] },
		    vl_slice_of(text), "the pattern takes too many steps");
}

static void
a_long_group_is_not_too_many_steps(void **state)
{
	const struct find id = { .pattern = "id=((?:\\w|-)+);" };
	char marked[100000];

	(void)state;
	memset(marked, 'a', sizeof(marked));
	memcpy(marked, "id=<", 4);
	memcpy(marked + sizeof(marked) - 3, ">;", 3);
	finds(&id, marked);
}

static void
a_million_matches_take_a_million_steps(void **state)
{
	struct vl_finder *f = finder_of(&(struct find){ .pattern = "#(\\d)|" });
	struct vl_places places = { 0 };
	struct vl_buf b = { 0 };
	struct vl_err err = { 0 };
	size_t i = 0;

	(void)state;
	assert_int_equal(VL_OK, vl_buf_reserve(&b, 3000000, &err));
	for (; i < 1000000; i++) {
		memcpy(b.p + b.n, "#1,", 3);
		b.n += 3;
	}
	assert_int_equal(
	    VL_OK, vl_finder_find(f, vl_buf_slice(&b), &places, &err));
	assert_int_equal(1000000, places.n);
	assert_int_equal(3 * 999999 + 1, places.list[999999].at);
	vl_buf_free(&b);
	vl_places_free(&places);
	vl_finder_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    bad_patterns_are_refused_with_place_and_reason),
		cmocka_unit_test(an_empty_match_goes_on),
		cmocka_unit_test(one_byte_is_never_found_twice),
		cmocka_unit_test(bytes_that_are_not_utf8_match_no_letter),
		cmocka_unit_test(newlines_are_lf_whatever_the_library_thinks),
		cmocka_unit_test(a_pattern_that_never_ends_is_stopped),
		cmocka_unit_test(a_long_group_is_not_too_many_steps),
		cmocka_unit_test(a_million_matches_take_a_million_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
