/*
 * Every look at files fails once where rows own the files of a tree: what
 * could not be seen does not count as absent.  Tree and database are both the
 * old or both the new ones, and the next run brings the import to its end.
 */

#include "../sweep.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "both.h"
#include "no_notes.h"

SWEEP(ssize_t, read, -1, (int fd, void *p, size_t n), (fd, p, n))
SWEEP(int, fstatat, -1, (int dir, const char *name, struct stat *st, int flags),
    (dir, name, st, flags))
SWEEP(int, fstat, -1, (int fd, struct stat *st), (fd, st))

static void
sweep_looks(const char *text)
{
	const struct sweep_work w = {
		.before = reset_both, .work = import, .after = both_end
	};
	char owned[sizeof(lines) + sizeof(words_owned)];
	unsigned n = 0;

	(void)snprintf(
	    owned, sizeof(owned), "%s%s", words_owned, strchr(lines, '\n'));
	all.rows = vl_slice_of(owned);
	all.tied = NULL;
	importer_bundle();
	use_both(text);
	n = sweep_all(&w, EIO);
	/* Probes, and what is cleaned again by the next run. */
	assert_in_range(sweep.survived, 0, n / 4);
	assert_true(n > 100);
}

static void
a_look_that_fails_is_no_absent_file(void **state)
{
	(void)state;
	sweep_looks(WITH_ROWS OWNED);
}

static int
begin(void **state)
{
	sweep.step = getenv("VALISE_TEST_ALL") != NULL ? 1 : 3;
	return both_begin(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_look_that_fails_is_no_absent_file),
	};

	return cmocka_run_group_tests(tests, begin, both_free);
}
