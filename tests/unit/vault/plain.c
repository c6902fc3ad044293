/* What a right plaintext looks like. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <valise/vault.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static bool
fits(enum vl_plain plain, const char *text, size_t n)
{
	uint8_t *tight = malloc(n > 0 ? n : 1);
	bool yes = false;

	assert_non_null(tight);
	memcpy(tight, text, n);
	yes = vl_plain_fits(plain, (struct vl_slice){ tight, n });
	free(tight);
	return yes;
}

static void
json_is_one_value_in_any_spelling(void **state)
{
	static const char *const right[] = { "{}", "[]",
		" {\"a\" : [1, -0.5e+3]}\n", "\"x\\u00e9\\\\\"", "0", "-1",
		"true", "false", "null",
		"{\"a\":{\"b\":[[],{}]},\"c\":\"\xc3\xa4\"}", "1E9" };
	static const char *const wrong[] = { "", " ", "{", "[1,]", "{\"a\"}",
		"{a:1}", "01", "1.", "-", "1e", ".5", "tru", "nullx", "\"a",
		"\"\\x\"", "\"\\u12g4\"", "\"a\nb\"", "{} {}", "\xff", "[1 2]",
		"{\"a\":1,}", "'a'", "\"\\\"", "\"\\u123" };
	size_t i = 0;

	(void)state;
	for (i = 0; i < COUNT(right); i++)
		assert_true(fits(VL_PLAIN_JSON, right[i], strlen(right[i])));
	for (i = 0; i < COUNT(wrong); i++)
		assert_false(fits(VL_PLAIN_JSON, wrong[i], strlen(wrong[i])));
	assert_false(fits(VL_PLAIN_JSON, "\"\\\0\"", 4));
}

static void
json_that_is_too_deep_is_none(void **state)
{
	char text[4000];

	(void)state;
	memset(text, '[', 100);
	memset(text + 100, ']', 100);
	assert_true(fits(VL_PLAIN_JSON, text, 200));
	memset(text, '[', 2000);
	memset(text + 2000, ']', 2000);
	assert_false(fits(VL_PLAIN_JSON, text, 4000));
}

static void
pem_has_its_first_line_and_its_last(void **state)
{
	static const char *const right[] = {
		"-----BEGIN KEY-----\nabc\n-----END KEY-----\n",
		"-----BEGIN KEY-----\r\nabc\r\n-----END KEY-----",
		"\n-----BEGIN A B-----\n-----END A B-----\nand more\n",
	};
	static const char *const wrong[] = { "", "-----BEGIN KEY-----",
		"-----BEGIN KEY-----\nabc\n-----END OTHER-----\n",
		"-----BEGIN KEY-----\nabc\n-----END KEY----",
		"-----BEGIN KEY\nabc\n-----END KEY\n", "abc",
		"-----BEGIN -----\n",
		"-----BEGIN KEY-----\n\x01\n-----END KEY-----\n" };
	size_t i = 0;

	(void)state;
	for (i = 0; i < COUNT(right); i++)
		assert_true(fits(VL_PLAIN_PEM, right[i], strlen(right[i])));
	for (i = 0; i < COUNT(wrong); i++)
		assert_false(fits(VL_PLAIN_PEM, wrong[i], strlen(wrong[i])));
}

static void
text_has_no_control_characters_and_is_utf8(void **state)
{
	(void)state;
	assert_true(fits(VL_PLAIN_UTF8, "", 0));
	assert_true(fits(VL_PLAIN_UTF8, "a\tb\r\n\xc3\xa4", 7));
	assert_false(fits(VL_PLAIN_UTF8, "a\0b", 3));
	assert_false(fits(VL_PLAIN_UTF8, "\x7f", 1));
	assert_false(fits(VL_PLAIN_UTF8, "\xc3", 1));
	assert_false(fits(VL_PLAIN_UTF8, "\x1b[0m", 4));
}

static void
anything_fits_where_nothing_is_said(void **state)
{
	(void)state;
	assert_true(fits(VL_PLAIN_ANY, "\xff", 1));
	assert_true(fits(VL_PLAIN_UNSAID, "", 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_is_one_value_in_any_spelling),
		cmocka_unit_test(json_that_is_too_deep_is_none),
		cmocka_unit_test(pem_has_its_first_line_and_its_last),
		cmocka_unit_test(text_has_no_control_characters_and_is_utf8),
		cmocka_unit_test(anything_fits_where_nothing_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
