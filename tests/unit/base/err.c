/* The one line of a failure: order, cutting, and what it may contain. */

#include "scratch.h"

static void
puts_context_in_front(void **state)
{
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(VL_EAUTH,
	    vl_fail(&err, VL_EAUTH, "chunk %d does not authenticate", 17));
	assert_int_equal(
	    VL_EAUTH, vl_within(&err, "cannot stage '%s'", "db/main"));
	assert_string_equal(
	    "cannot stage 'db/main': chunk 17 does not authenticate", err.text);
}

static void
tells_the_reason_of_the_system_and_keeps_errno(void **state)
{
	struct vl_err err = { 0 };

	(void)state;
	errno = ENOENT;
	assert_int_equal(VL_EIO, vl_fail_errno(&err, "cannot open '%s'", "a"));
	assert_string_equal(
	    "cannot open 'a': No such file or directory", err.text);
	assert_int_equal(ENOENT, errno);
	(void)vl_within(&err, "outside");
	assert_int_equal(ENOENT, errno);
}

static void
cuts_what_is_too_long_between_characters(void **state)
{
	struct vl_err err = { 0 };
	char text[3 * sizeof(err.text)];
	size_t shift = 0;
	size_t i = 0;

	(void)state;
	for (shift = 0; shift < 3; shift++) {
		memset(text, 'x', sizeof(text));
		for (i = shift; i + 3 < sizeof(text); i += 3)
			memcpy(text + i, "\xe2\x82\xac", 3);
		text[i] = '\0';
		(void)vl_fail(&err, VL_EIO, "%s", text);
		assert_in_range(strlen(err.text), sizeof(err.text) - 4,
		    sizeof(err.text) - 1);
		assert_string_equal("...", err.text + strlen(err.text) - 3);
		/* The byte before the dots ends a character. */
		assert_int_equal((strlen(err.text) - 3 - shift) % 3, 0);
		(void)vl_within(&err, "%s", "context");
		assert_memory_equal("context: ", err.text, 9);
		(void)vl_within(&err, "%s", text);
		assert_in_range(strlen(err.text), sizeof(err.text) - 8,
		    sizeof(err.text) - 1);
	}
}

static void
keeps_one_line(void **state)
{
	struct vl_err err = { 0 };

	(void)state;
	(void)vl_fail(&err, VL_EIO, "a\nb\x1b[2J%s", "\r\x7f");
	assert_string_equal("a?b?[2J??", err.text);
}

static void
takes_its_own_text_as_argument(void **state)
{
	struct vl_err err = { 0 };

	(void)state;
	(void)vl_fail(&err, VL_EIO, "inner");
	(void)vl_fail(&err, VL_EFORMAT, "outer (%s)", err.text);
	assert_string_equal("outer (inner)", err.text);
	(void)vl_within(&err, "%s", err.text);
	assert_string_equal("outer (inner): outer (inner)", err.text);
}

static void
shows_nothing_that_moves_a_cursor_or_hides_text(void **state)
{
	struct vl_err err;

	(void)state;
	/* C0, DEL, C1, a bidi override, a stray byte; the rest stays. */
	vl_fail(
	    &err, VL_EIO, "a\x1b[2Jb\x7f\xc2\x9b\xe2\x80\xae\xff\\ \xc3\xbc");
	assert_string_equal("a?[2Jb???????\\ \xc3\xbc", err.text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(puts_context_in_front),
		cmocka_unit_test(
		    shows_nothing_that_moves_a_cursor_or_hides_text),
		cmocka_unit_test(
		    tells_the_reason_of_the_system_and_keeps_errno),
		cmocka_unit_test(cuts_what_is_too_long_between_characters),
		cmocka_unit_test(keeps_one_line),
		cmocka_unit_test(takes_its_own_text_as_argument),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
