/* Escapes, sizes, times and near words. */

#include "scratch.h"

#include <valise/text.h>

static const struct {
	const char *name;
	const char *shown;
} escapes[] = {
	{ "plain name.txt", "plain name.txt" },
	{ "", "" },
	{ "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
	    "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80" },
	{ "a\nb\tc\rd\\e", "a\\nb\\tc\\rd\\\\e" },
	{ "\x1b[31m\x07\x7f", "\\x1b[31m\\x07\\x7f" },
	/* C1: CSI as one character, and as a bare byte */
	{ "\xc2\x9b"
	  "2J",
	    "\\xc2\\x9b2J" },
	{ "\x9b"
	  "2J",
	    "\\x9b2J" },
	/* bidirectional: LRM, RLM, ALM, RLO, LRI, PDI */
	{ "\xe2\x80\x8e\xe2\x80\x8f", "\\xe2\\x80\\x8e\\xe2\\x80\\x8f" },
	{ "\xd8\x9c", "\\xd8\\x9c" },
	{ "a\xe2\x80\xae"
	  "b",
	    "a\\xe2\\x80\\xaeb" },
	{ "\xe2\x81\xa6\xe2\x81\xa9", "\\xe2\\x81\\xa6\\xe2\\x81\\xa9" },
	/* not UTF-8: cut, overlong, surrogate, too high, stray */
	{ "\xe2\x82", "\\xe2\\x82" },
	{ "\xc0\xaf", "\\xc0\\xaf" },
	{ "\xe0\x80\xaf", "\\xe0\\x80\\xaf" },
	{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },
	{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
	{ "\xc3(\x80", "\\xc3(\\x80" },
};

static void
escapes_what_could_move_a_terminal(void **state)
{
	struct vl_buf b = { 0 };
	struct vl_err err = { 0 };
	char text[64];
	size_t i = 0;

	(void)state;
	for (i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
		vl_buf_clear(&b);
		assert_int_equal(
		    VL_OK, vl_escape(&b, vl_slice_of(escapes[i].name), &err));
		assert_int_equal(strlen(escapes[i].shown), b.n);
		assert_memory_equal(escapes[i].shown, b.p, b.n);
		assert_string_equal(escapes[i].shown,
		    vl_escape_text(
		        text, sizeof(text), vl_slice_of(escapes[i].name)));
	}
	vl_buf_free(&b);
}

static void
spells_in_json_what_could_move_a_terminal(void **state)
{
	static const char *const pairs[][2] = {
		{ "", "" },
		{ "{\"a\":\"\\\\x \\n\"}\n", "{\"a\":\"\\\\x \\n\"}\n" },
		{ "\x7f", "\\u007f" },
		{ "\"\xc2\x80|\xc2\x9f|\xc2\xa0\"",
		    "\"\\u0080|\\u009f|\xc2\xa0\"" },
		{ "\xd8\x9c\xe2\x80\x8e\xe2\x80\xae\xe2\x81\xa9",
		    "\\u061c\\u200e\\u202e\\u2069" },
		{ "gr\xc3\xbc \xf0\x9f\x98\x80",
		    "gr\xc3\xbc \xf0\x9f\x98\x80" },
		/* not UTF-8, and so not JSON: as it is */
		{ "\x9b|\xe2\x80", "\x9b|\xe2\x80" },
	};
	struct vl_buf b = { 0 };
	struct vl_err err = { 0 };
	size_t i = 0;

	(void)state;
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		vl_buf_clear(&b);
		assert_int_equal(
		    VL_OK, vl_escape_json(&b, vl_slice_of(pairs[i][0]), &err));
		assert_true(
		    vl_slice_equal(vl_slice_of(pairs[i][1]), vl_buf_slice(&b)));
	}
	vl_buf_free(&b);
}

static void
shows_every_control_character_as_an_escape(void **state)
{
	char text[8];
	uint8_t c = 0;

	(void)state;
	for (c = 0; c < 0x20; c++) {
		(void)vl_escape_text(
		    text, sizeof(text), (struct vl_slice){ &c, 1 });
		assert_int_equal('\\', text[0]);
		assert_in_range(strlen(text), 2, 4);
	}
}

static void
cuts_shown_names_between_escapes(void **state)
{
	struct vl_slice name = vl_slice_of("ab\n\x1b\xe2\x82\xac");
	char text[32];
	size_t size = 0;

	(void)state;
	assert_string_equal("ab\\n\\x1b\xe2\x82\xac",
	    vl_escape_text(text, 12, name)); /* exactly */
	assert_string_equal("ab\\n\\x1b...",
	    vl_escape_text(text, 12, vl_slice_of("ab\n\x1bxyzz")));
	assert_string_equal("ab\\n...", vl_escape_text(text, 11, name));
	assert_string_equal("ab...", vl_escape_text(text, 7, name));
	assert_string_equal("...", vl_escape_text(text, 4, name));
	for (size = 1; size < sizeof(text); size++)
		assert_in_range(
		    strlen(vl_escape_text(text, size, name)), 0, size - 1);
}

static void
accepts_only_well_formed_utf8(void **state)
{
	(void)state;
	assert_true(vl_utf8_valid(vl_slice_of("")));
	assert_true(
	    vl_utf8_valid((struct vl_slice){ (const uint8_t *)"a\0b", 3 }));
	assert_true(vl_utf8_valid(vl_slice_of("\xc2\x80\xdf\xbf")));
	assert_true(vl_utf8_valid(vl_slice_of("\xe0\xa0\x80\xed\x9f\xbf")));
	assert_true(vl_utf8_valid(vl_slice_of("\xee\x80\x80\xef\xbf\xbf")));
	assert_true(
	    vl_utf8_valid(vl_slice_of("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf")));
	assert_false(vl_utf8_valid(vl_slice_of("\xc1\xbf")));
	assert_false(vl_utf8_valid(vl_slice_of("\xe0\x9f\xbf")));
	assert_false(vl_utf8_valid(vl_slice_of("\xed\xbf\xbf")));
	assert_false(vl_utf8_valid(vl_slice_of("\xf0\x8f\xbf\xbf")));
	assert_false(vl_utf8_valid(vl_slice_of("\xf5\x80\x80\x80")));
	assert_false(vl_utf8_valid(vl_slice_of("\xff")));
	assert_false(vl_utf8_valid(vl_slice_of("a\xf0\x9f\x98")));
}

static void
finds_what_is_no_utf8_anywhere(void **state)
{
	struct vl_slice text = { 0 };
	uint8_t bytes[24];
	size_t at = 0;
	size_t n = 0;

	(void)state;
	for (n = 1; n <= sizeof(bytes); n++)
		for (at = 0; at < n; at++) {
			memset(bytes, 'a', sizeof(bytes));
			text = (struct vl_slice){ bytes, n };
			assert_true(vl_utf8_valid(text));
			bytes[at] = 0x80;
			assert_false(vl_utf8_valid(text));
		}
}

static void
formats_counts_sizes_and_times(void **state)
{
	char t[64];

	(void)state;
	assert_string_equal("0", vl_format_count(t, sizeof(t), 0));
	assert_string_equal("999", vl_format_count(t, sizeof(t), 999));
	assert_string_equal("1 000", vl_format_count(t, sizeof(t), 1000));
	assert_string_equal(
	    "0 files", vl_format_counted(t, sizeof(t), 0, "file", "files"));
	assert_string_equal(
	    "1 file", vl_format_counted(t, sizeof(t), 1, "file", "files"));
	assert_string_equal("1 001 files",
	    vl_format_counted(t, sizeof(t), 1001, "file", "files"));
	assert_string_equal("18 446 744 073 709 551 615",
	    vl_format_count(t, sizeof(t), UINT64_MAX));
	assert_string_equal("999 B", vl_format_bytes(t, sizeof(t), 999));
	assert_string_equal("1.0 kB", vl_format_bytes(t, sizeof(t), 1000));
	assert_string_equal(
	    "1.3 GB", vl_format_bytes(t, sizeof(t), 1250000000));
	assert_string_equal("999.9 kB", vl_format_bytes(t, sizeof(t), 999949));
	assert_string_equal("1.0 MB", vl_format_bytes(t, sizeof(t), 999950));
	assert_string_equal(
	    "18.4 EB", vl_format_bytes(t, sizeof(t), UINT64_MAX));
	assert_string_equal(
	    "1970-01-01T00:00:00Z", vl_format_time_utc(t, sizeof(t), 0));
	assert_string_equal("2024-02-29T23:59:59Z",
	    vl_format_time_utc(t, sizeof(t), 1709251199));
	assert_string_equal(
	    "1969-12-31T23:59:59Z", vl_format_time_utc(t, sizeof(t), -1));
	assert_string_equal("@9223372036854775807",
	    vl_format_time_utc(t, sizeof(t), INT64_MAX));
}

static void
reads_sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = { { "0", 0 }, { "512", 512 }, { "64M", 64 << 20 },
		{ "100K", 102400 }, { "1.5K", 1536 }, { "0.5G", 1 << 29 },
		{ "4.7G", 5046586572 }, { "1T", (uint64_t)1 << 40 },
		{ "18446744073709551615", UINT64_MAX },
		{ "16777215T", (uint64_t)16777215 << 40 } };
	static const char *const bad[] = { "", "M", "-1", "+1", " 1", "1 ",
		"1m", "1KB", "1.", "1.5", "1.M", ".5M", "0x10", "1.1234567K",
		"18446744073709551616", "16777216T", "1e3", "1,5K", "1.5.5K" };
	struct vl_err err = { 0 };
	uint64_t bytes = 0;
	size_t i = 0;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(
		    VL_OK, vl_parse_size(good[i].text, &bytes, &err));
		assert_true(good[i].bytes == bytes);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(
		    VL_EUSAGE, vl_parse_size(bad[i], &bytes, &err));
}

static void
finds_the_word_that_was_meant(void **state)
{
	static const char *const words[] = { "export", "import", "verify",
		"diff", "recover", "undo", NULL };

	(void)state;
	assert_string_equal("verify", vl_nearest("verfiy", words));
	assert_string_equal("verify", vl_nearest("verify", words));
	assert_string_equal("recover", vl_nearest("recovr", words));
	assert_string_equal("import", vl_nearest("inport", words));
	assert_string_equal("diff", vl_nearest("dif", words));
	assert_null(vl_nearest("frobnicate", words));
	assert_null(vl_nearest("", words));
	assert_null(vl_nearest("x", words));
	assert_null(vl_nearest("seal", words));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes_what_could_move_a_terminal),
		cmocka_unit_test(spells_in_json_what_could_move_a_terminal),
		cmocka_unit_test(shows_every_control_character_as_an_escape),
		cmocka_unit_test(cuts_shown_names_between_escapes),
		cmocka_unit_test(accepts_only_well_formed_utf8),
		cmocka_unit_test(finds_what_is_no_utf8_anywhere),
		cmocka_unit_test(formats_counts_sizes_and_times),
		cmocka_unit_test(reads_sizes),
		cmocka_unit_test(finds_the_word_that_was_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
