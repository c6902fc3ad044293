/* What is read at a place, and how it is written there. */

#include "find.h"

static void
reads(enum vl_part_form form, const char *raw, struct vl_slice text)
{
	const struct vl_place place = { 1, strlen(raw), form };
	struct vl_buf value = { 0 };
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };

	assert_int_equal(VL_OK, vl_buf_printf(&value, &err, "[%s]", raw));
	assert_int_equal(VL_OK, vl_buf_add_text(&out, "before ", &err));
	assert_int_equal(
	    VL_OK, vl_place_read(&out, vl_buf_slice(&value), &place, &err));
	assert_int_equal(7 + text.n, out.n);
	if (text.n > 0)
		assert_memory_equal(text.p, out.p + 7, text.n);
	vl_buf_free(&value);
	vl_buf_free(&out);
}

static void
writes(enum vl_part_form form, struct vl_slice text, const char *raw)
{
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };

	assert_int_equal(VL_OK, vl_buf_add_text(&out, "before ", &err));
	assert_int_equal(VL_OK, vl_place_write(&out, form, text, &err));
	assert_int_equal(7 + strlen(raw), out.n);
	assert_memory_equal(raw, out.p + 7, strlen(raw));
	vl_buf_free(&out);
}

static void
cannot_write(enum vl_part_form form, const char *text, const char *why)
{
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };

	assert_int_equal(
	    VL_EFORMAT, vl_place_write(&out, form, vl_slice_of(text), &err));
	assert_int_equal(0, out.n);
	assert_non_null(strstr(err.text, why));
	vl_buf_free(&out);
}

static void
plain_bytes_are_as_they_are(void **state)
{
	(void)state;
	reads(VL_FORM_PLAIN, "a\\n\"\xff", vl_slice_of("a\\n\"\xff"));
	reads(VL_FORM_PLAIN, "", vl_slice_of(""));
	writes(VL_FORM_PLAIN, vl_slice_of("a\\n\"\xff"), "a\\n\"\xff");
	writes(VL_FORM_PLAIN, vl_slice_of(""), "");
}

static void
escapes_are_read_in_every_spelling(void **state)
{
	const struct vl_slice nul = { (const uint8_t *)"a\0b", 3 };

	(void)state;
	reads(VL_FORM_JSON_TEXT, "\\\"\\\\\\/\\b\\f\\n\\r\\t",
	    vl_slice_of("\"\\/\b\f\n\r\t"));
	reads(VL_FORM_JSON_TEXT, "\\u0041\\u00E4\\u20ac\\uD83D\\uDE00",
	    vl_slice_of("A\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"));
	reads(VL_FORM_JSON_TEXT, "\\u007f\\u0080\\u07ff\\u0800\\uffff",
	    vl_slice_of("\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf"));
	reads(VL_FORM_JSON_TEXT, "\\udbff\\udfff\\ud800\\udc00",
	    vl_slice_of("\xf4\x8f\xbf\xbf\xf0\x90\x80\x80"));
	reads(VL_FORM_JSON_TEXT, "a\\u0000b", nul);
	reads(VL_FORM_JSON_TEXT, "", vl_slice_of(""));
}

static void
texts_are_written_with_the_fewest_escapes(void **state)
{
	const struct vl_slice nul = { (const uint8_t *)"a\0b", 3 };

	(void)state;
	writes(VL_FORM_JSON_TEXT, vl_slice_of("\"\\/\b\f\n\r\t\x1f\x7f"),
	    "\\\"\\\\/\\b\\f\\n\\r\\t\\u001f\x7f");
	writes(VL_FORM_JSON_TEXT, vl_slice_of("\xf0\x9f\x98\x80\xc3\xa4"),
	    "\xf0\x9f\x98\x80\xc3\xa4");
	writes(VL_FORM_JSON_TEXT, nul, "a\\u0000b");
	writes(VL_FORM_JSON_TEXT, vl_slice_of(""), "");
	cannot_write(VL_FORM_JSON_TEXT, "\xff", "not UTF-8");
	cannot_write(VL_FORM_JSON_TEXT, "\xed\xa0\x80", "not UTF-8");
}

static void
numbers_are_canonical_integers(void **state)
{
	static const char *const bad[] = { "", "-", "-0", "01", "-01", "1.0",
		"1e3", "+1", " 1", "1 ", "abc", "0x1", "00" };
	static const char *const good[] = { "0", "7", "-7", "10",
		"123456789012345678901234567890" };
	size_t i = 0;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		writes(VL_FORM_JSON_NUMBER, vl_slice_of(good[i]), good[i]);
		reads(VL_FORM_JSON_NUMBER, good[i], vl_slice_of(good[i]));
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cannot_write(VL_FORM_JSON_NUMBER, bad[i], "not an integer");
	cannot_write(VL_FORM_JSON_NUMBER, "a\nb", "cannot write 'a\\nb' as");
}

static void
a_place_of_another_value_is_refused(void **state)
{
	static const struct vl_place outside[] = {
		{ 4, 1, VL_FORM_PLAIN }, { 5, 0, VL_FORM_PLAIN },
		{ SIZE_MAX, 2, VL_FORM_PLAIN }, { 1, SIZE_MAX, VL_FORM_PLAIN },
		{ 0, 2, VL_FORM_JSON_TEXT }, /* ends in an escape */
	};
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };
	size_t i = 0;

	(void)state;
	for (i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
		assert_int_equal(VL_EFORMAT,
		    vl_place_read(
		        &out, vl_slice_of("a\\nb"), &outside[i], &err));
	vl_buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_bytes_are_as_they_are),
		cmocka_unit_test(escapes_are_read_in_every_spelling),
		cmocka_unit_test(texts_are_written_with_the_fewest_escapes),
		cmocka_unit_test(numbers_are_canonical_integers),
		cmocka_unit_test(a_place_of_another_value_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
