/*
 * A target's profile that means another thing than the source's is refused,
 * and the message names the first words that differ, and both sides of them.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "both.h"

#define TABLES "profile:\n  resources:\n    - resource: app\n      tables:\n"
#define PERSON "        - {table: person, key: [mail]}\n"
#define POST   "        - {table: post, key: [title]}\n"
#define TIES   "      references:\n        - {path: 'd/{person.id}', in: tree}\n"

static void
refused(const char *words, const char *why)
{
	struct vl_err err = { 0 };
	char text[2048];

	(void)snprintf(text, sizeof(text), "%s%s", WITH_ROWS, words);
	importer_site(text);
	reset_both(NULL);
	look_at_rows(&old_rows);
	assert_int_equal(VL_EREFUSED, import(NULL, &err));
	if (strstr(err.text, why) == NULL)
		fail_msg("'%s' does not say '%s'", err.text, why);
	assert_non_null(strstr(err.text, "use the same profile on both sides"));
	assert_true(rows_are(&old_rows));
	vl_buf_clear(&old_rows);
}

static void
names_a_word_that_has_another_value(void **state)
{
	(void)state;
	refused(TABLES PERSON "        - {table: post, key: [id]}\n" TIES,
	    "tables (post): key is id here and title there");
}

static void
names_a_word_that_one_side_has_not(void **state)
{
	(void)state;
	refused(TABLES PERSON POST, "references is nothing here and");
	refused(TABLES PERSON
	    "        - {table: post, key: [title], skip: true}\n" TIES,
	    "tables (post): skip is true here and nothing there");
}

static void
names_a_table_that_one_side_has_not(void **state)
{
	(void)state;
	refused(TABLES PERSON TIES, "tables (post) is nothing here and");
	refused(TABLES PERSON POST "        - {table: thing, key: [a]}\n" TIES,
	    "tables (thing) is");
}

static void
names_a_word_of_another_kind(void **state)
{
	(void)state;
	refused(TABLES PERSON POST
	    "      references:\n        - {path: 'd/{person.id}', in: tree}\n"
	    "        - {from: post.author, to: person}\n",
	    "references (post.author)");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_a_word_that_has_another_value),
		cmocka_unit_test(names_a_word_that_one_side_has_not),
		cmocka_unit_test(names_a_table_that_one_side_has_not),
		cmocka_unit_test(names_a_word_of_another_kind),
	};

	return cmocka_run_group_tests(tests, both_begin, both_free);
}
