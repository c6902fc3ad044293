/*
 * Every allocation fails once where rows and files change in one commit, and
 * in a plan of it: both are the old or both the new ones, a failure is told,
 * and the next run brings the import to its end.
 */

#include "../sweep.h"

#include "both.h"
#include "no_notes.h"

SWEEP(void *, malloc, NULL, (size_t size), (size))
SWEEP(void *, calloc, NULL, (size_t n, size_t size), (n, size))
SWEEP(void *, realloc, NULL, (void *p, size_t size), (p, size))
SWEEP(
    void *, reallocarray, NULL, (void *p, size_t n, size_t size), (p, n, size))
SWEEP(char *, strdup, NULL, (const char *s), (s))
SWEEP(char *, strndup, NULL, (const char *s, size_t n), (s, n))

static void
rows_and_files_change_together_without_memory(void **state)
{
	const struct sweep_work w = {
		.before = reset_both, .work = import, .after = both_end
	};

	(void)state;
	use_both(WITH_ROWS PROFILE);
	assert_true(sweep_all(&w, ENOMEM) > 300);
}

static void
so_they_do_with_words_over_the_profile_of_the_bundle(void **state)
{
	const struct sweep_work w = {
		.before = reset_both, .work = import, .after = both_end
	};

	(void)state;
	use_both(WITH_ROWS OVER_BUNDLE);
	assert_true(sweep_all(&w, ENOMEM) > 300);
}

static void
a_plan_is_written_whole_or_not_without_memory(void **state)
{
	const struct sweep_work w = {
		.before = without_plan, .work = write_plan, .after = is_planned
	};

	(void)state;
	use_both(WITH_ROWS PROFILE);
	assert_true(sweep_all(&w, ENOMEM) > 300);
}

static void
an_import_by_a_plan_is_all_or_nothing_without_memory(void **state)
{
	const struct sweep_work w = {
		.before = reset_both, .work = obey_plan, .after = both_end
	};
	struct vl_err err = { 0 };

	(void)state;
	use_both(WITH_ROWS PROFILE);
	reset_both(NULL);
	assert_int_equal(VL_OK, write_plan(NULL, &err));
	assert_true(sweep_all(&w, ENOMEM) > 300);
}

static int
begin(void **state)
{
	sweep.step = getenv("VALISE_TEST_ALL") != NULL ? 1 : 40;
	return both_begin(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_and_files_change_together_without_memory),
		cmocka_unit_test(
		    so_they_do_with_words_over_the_profile_of_the_bundle),
		cmocka_unit_test(a_plan_is_written_whole_or_not_without_memory),
		cmocka_unit_test(
		    an_import_by_a_plan_is_all_or_nothing_without_memory),
	};

	return cmocka_run_group_tests(tests, begin, both_free);
}
