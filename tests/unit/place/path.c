/* Which JSONPaths there are, and what each selects. */

#include "find.h"

static void
json(const char *path, const char *marked)
{
	finds(&(struct find){ .json = path }, marked);
}

static void
dollar_is_the_value(void **state)
{
	(void)state;
	json("$", "\"<a>\"");
	json("$", " <12> ");
	json("$", "\"<>\"");
	json("$", "[\"a\"]");
}

static void
names_are_members(void **state)
{
	(void)state;
	json("$.a", "{\"a\":\"<x>\",\"b\":\"y\",\"aa\":1,\"\":2}");
	json("$.a.b", "{\"a\":{\"b\":<1>,\"a\":2},\"b\":3}");
	json("$['a']", "{\"a\" : \"<x>\"}");
	json("$[\"a\"].b", "{\"a\":{\"b\":\"<x>\"}}");
	json("$.a-b.$ref", "{\"a-b\":{\"$ref\":\"<x>\"}}");
	json("$.\xc3\xa4", "{\"\xc3\xa4\":\"<x>\"}");
	json("$['']", "{\"\":\"<x>\",\"a\":1}");
	json("$['a.b~ ]']", "{\"a.b~ ]\":\"<x>\"}");
	json("$['\\'\\\\\\\"']", "{\"'\\\\\\\"\":\"<x>\"}");
	json("$.a", "[\"a\",{\"a\":1}]");
}

static void
names_meet_keys_however_they_are_spelled(void **state)
{
	(void)state;
	json("$.ab",
	    "{\"\\u0061b\":<1>,\"a\\u0062\":<2>,\"\\u0061\":3,"
	    "\"\\u0061bc\":4}");
	json("$['\xf0\x9f\x98\x80/']", "{\"\\ud83D\\ude00\\/\":<1>}");
	json("$['\xef\xbf\xbd']", "{\"\\ud83d\":1,\"\\ufffd\":<2>}");
}

static void
indexes_are_places_of_arrays(void **state)
{
	(void)state;
	json("$[0]", "[\"<x>\",\"y\"]");
	json("$[1]", "[[],\"<x>\",2]");
	json("$[2][0]", "[[1],[2],[<3>,4],[5]]");
	json("$[0]", "{\"0\":1}");
	json("$['0']", "[1]");
	json("$['0']", "{\"0\":<1>}");
	json("$[10]", "[0,1,2,3,4,5,6,7,8,9,<10>,11]");
	json("$[18446744073709551615]", "[1]");
}

static void
stars_are_all_of_one_level(void **state)
{
	(void)state;
	json("$[*]", "[<1>,[2],\"<3>\",{\"a\":4}]");
	json("$.*", "[<1>]");
	json("$[*].*", "[{\"a\":<1>,\"b\":[2]},3,[<4>]]");
	json("$.*.id", "{\"a\":{\"id\":<1>},\"b\":{\"id\":<2>},\"id\":3}");
}

static void
two_dots_are_all_levels(void **state)
{
	(void)state;
	json("$..id",
	    "{\"id\":<1>,\"a\":[{\"id\":\"<2>\"},{\"id\":{\"id\":<3>}}]}");
	json("$..*", "{\"a\":<1>,\"b\":[<2>,{\"c\":\"<3>\"}]}");
	json("$..[*]", "[<1>,[<2>]]");
	json("$..[1]", "[1,<2>,[3,<4>]]");
	json("$..['a'].b", "{\"b\":0,\"a\":{\"b\":<1>,\"a\":{\"b\":<2>}}}");
	json("$..a..b",
	    "{\"a\":{\"x\":{\"b\":<1>}},\"b\":2,"
	    "\"x\":[{\"a\":[{\"b\":<3>}]}]}");
	json("$.a..b", "{\"a\":{\"b\":<1>},\"c\":{\"b\":2}}");
}

static void
only_strings_and_numbers_are_places(void **state)
{
	(void)state;
	json("$[*]", "[null,true,false,{},[],<-1>,<1.5e+3>,\"<>\"]");
}

static void
both_of_two_equal_keys_are_found(void **state)
{
	(void)state;
	json("$.a.b", "{\"a\":{\"b\":<1>,\"b\":\"<2>\"},\"a\":{\"b\":<3>}}");
}

static void
sixty_three_steps_are_the_most(void **state)
{
	char path[1 + 2 * 64 + 1] = "$";
	char value[2 * 64 + 16] = "";
	struct vl_finder *f = NULL;
	struct vl_err err = { 0 };
	size_t i = 0;

	(void)state;
	for (i = 0; i < 63; i++)
		memcpy(path + 1 + 2 * i, ".*", 3);
	memset(value, '[', 63);
	memcpy(value + 63, "<1>,[2]", 7);
	memset(value + 70, ']', 63);
	json(path, value);
	memcpy(path + 1 + 2 * i, ".*", 3);
	assert_int_equal(VL_EUSAGE,
	    vl_finder_new(&f, &(struct vl_finder_words){ .json = path }, &err));
	assert_non_null(strstr(err.text, "more than 63 steps"));
	assert_null(f);
}

static void
other_paths_are_refused_with_place_and_reason(void **state)
{
	static const char *const bad[][2] = {
		{ "", "from byte 0 on: it does not begin with '$'" },
		{ "a", "from byte 0 on: it does not begin with '$'" },
		{ "$a", "from byte 1 on: '.' or '[' is missing" },
		{ "$.", "from byte 2 on: a name" },
		{ "$.a.", "from byte 4 on: a name" },
		{ "$..", "from byte 3 on: a name" },
		{ "$...a", "from byte 3 on: a name" },
		{ "$.[0]", "from byte 2 on: a name" },
		{ "$.a b", "from byte 3 on: '.' or '[' is missing" },
		{ "$['a]", "from byte 5 on: the quote is not closed" },
		{ "$['a\\", "a backslash stands only before" },
		{ "$['a\\n']", "a backslash stands only before" },
		{ "$['a'", "from byte 5 on: ']' is missing" },
		{ "$[", "from byte 2 on: in brackets stands" },
		{ "$[-1]", "from byte 2 on: in brackets stands" },
		{ "$[01]", "in brackets stands" },
		{ "$[1:2]", "from byte 3 on: ']' is missing" },
		{ "$[1,2]", "from byte 3 on: ']' is missing" },
		{ "$[?(@.a)]", "no filter" },
		{ "$[18446744073709551616]", "the index is too large" },
		{ "$.\xff", "it is not UTF-8" },
		{ "$~",
		    "from byte 1 on: '~' stands at the end, behind a step" },
		{ "$.a~.b", "'~' stands at the end" },
		{ "$.a~~", "'~' stands at the end" },
	};
	struct vl_finder *f = NULL;
	struct vl_err err = { 0 };
	size_t i = 0;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct vl_finder_words words = { .json = bad[i][0] };

		assert_int_equal(VL_EUSAGE, vl_finder_new(&f, &words, &err));
		assert_null(f);
		if (strstr(err.text, bad[i][1]) == NULL)
			fail_msg("'%s' is not in '%s'", bad[i][1], err.text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dollar_is_the_value),
		cmocka_unit_test(names_are_members),
		cmocka_unit_test(names_meet_keys_however_they_are_spelled),
		cmocka_unit_test(indexes_are_places_of_arrays),
		cmocka_unit_test(stars_are_all_of_one_level),
		cmocka_unit_test(two_dots_are_all_levels),
		cmocka_unit_test(only_strings_and_numbers_are_places),
		cmocka_unit_test(both_of_two_equal_keys_are_found),
		cmocka_unit_test(sixty_three_steps_are_the_most),
		cmocka_unit_test(other_paths_are_refused_with_place_and_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
