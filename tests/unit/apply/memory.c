/*
 * Every allocation and what else the room asks of the system fails once, in
 * an import, the same again, and a preview: the tree is the old or the new
 * one, a failure is told, and the next run brings the import to its end.
 */

#include "../sweep.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include "outcome.h"

SWEEP(void *, malloc, NULL, (size_t size), (size))
SWEEP(void *, calloc, NULL, (size_t n, size_t size), (n, size))
SWEEP(
    void *, reallocarray, NULL, (void *p, size_t n, size_t size), (p, n, size))
SWEEP(char *, strdup, NULL, (const char *s), (s))
SWEEP(void *, vl_secret_alloc, NULL, (size_t size), (size))
SWEEP(int, mkdirat, -1, (int dir, const char *name, mode_t mode),
    (dir, name, mode))
SWEEP(int, statvfs, -1, (const char *path, struct statvfs *st), (path, st))

static void
an_import_is_all_or_nothing_without_memory(void **state)
{
	const struct sweep_work w = {
		.before = reset, .work = import, .after = ends
	};

	(void)state;
	use(SITE RULES, false);
	assert_true(sweep_all(&w, ENOMEM) > 80);
}

static void
a_preview_changes_nothing_without_memory(void **state)
{
	const struct sweep_work w = {
		.before = reset, .work = preview, .after = stays_old
	};

	(void)state;
	use(SITE RULES, false);
	assert_true(sweep_all(&w, ENOMEM) > 80);
}

static int
begin(void **state)
{
	sweep.step = getenv("VALISE_TEST_ALL") != NULL ? 1 : 3;
	return importer_begin(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_import_is_all_or_nothing_without_memory),
		cmocka_unit_test(a_preview_changes_nothing_without_memory),
	};

	return cmocka_run_group_tests(tests, begin, outcome_end);
}
