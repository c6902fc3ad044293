/*
 * Every allocation fails once where what comes of a file is made here: values
 * of it stay the target's and its members are records, or secrets are put back
 * into it.  The tree is the old or the new one, with the list of what was
 * brought, a failure is told, and the next run brings the import to its end.
 */

#include "../sweep.h"

#include "made_files.h"

SWEEP(void *, malloc, NULL, (size_t size), (size))
SWEEP(void *, calloc, NULL, (size_t n, size_t size), (n, size))
SWEEP(void *, realloc, NULL, (void *p, size_t size), (p, size))
SWEEP(
    void *, reallocarray, NULL, (void *p, size_t n, size_t size), (p, n, size))
SWEEP(char *, strdup, NULL, (const char *s), (s))
SWEEP(void *, vl_secret_alloc, NULL, (size_t size), (size))

/* An import by these words makes `made`; it, and a preview, without memory. */
static void
sweep_words(const char *words, const char *here, const char *made)
{
	const struct sweep_work imported = {
		.before = reset_file, .work = import, .after = ends
	};
	const struct sweep_work previewed = {
		.before = reset_file, .work = preview, .after = stays_old
	};

	use_made(words, here, made);
	assert_true(sweep_all(&imported, ENOMEM) > 80);
	assert_true(sweep_all(&previewed, ENOMEM) > 80);
}

static void
values_and_members_are_all_or_nothing_without_memory(void **state)
{
	(void)state;
	sweep_words(VALUES, VALUES_HERE, VALUES_MADE);
}

static void
secrets_are_put_back_all_or_nothing_without_memory(void **state)
{
	(void)state;
	seal_secrets();
	sweep_words(SECRETS, SECRETS_HERE, SECRETS_MADE);
}

static int
begin(void **state)
{
	sweep.step = getenv("VALISE_TEST_ALL") != NULL ? 1 : 7;
	return made_begin(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    values_and_members_are_all_or_nothing_without_memory),
		cmocka_unit_test(
		    secrets_are_put_back_all_or_nothing_without_memory),
	};

	return cmocka_run_group_tests(tests, begin, made_end);
}
