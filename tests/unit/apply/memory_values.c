/*
 * Every allocation fails once where values of a file stay the target's and its
 * members are records: the tree is the old or the new one, with the list of
 * what was brought, a failure is told, and the next run brings the import to
 * its end.
 */

#include "../sweep.h"

#include "outcome.h"

SWEEP(void *, malloc, NULL, (size_t size), (size))
SWEEP(void *, calloc, NULL, (size_t n, size_t size), (n, size))
SWEEP(void *, realloc, NULL, (void *p, size_t size), (p, size))
SWEEP(
    void *, reallocarray, NULL, (void *p, size_t n, size_t size), (p, n, size))
SWEEP(char *, strdup, NULL, (const char *s), (s))

#define VALUES                                                                 \
	SITE "profile:\n  resources:\n    - resource: tree\n      members: "   \
	     "[{file: a, json: $.all}]\n"                                      \
	     "      keep_here: [{file: a, json: $.own}]\n"
#define THEIRS "{\"all\":{\"one\":1,\"two\":[2]},\"own\":\"theirs\"}\n"
#define OURS   "{\"all\":{\"mine\":{},\"two\":3},\"own\":\"ours\"}\n"
#define BOTH   "{\"all\":{\"one\":1,\"two\":[2],\"mine\":{}},\"own\":\"ours\"}\n"

static void
reset_values(void *arg)
{
	reset(arg);
	folder_put("world/tree/a", vl_slice_of(OURS));
}

static void
values_and_members_are_all_or_nothing_without_memory(void **state)
{
	const struct sweep_work w = {
		.before = reset_values, .work = import, .after = ends
	};

	(void)state;
	use_from(VALUES, reset_values);
	assert_non_null(memmem(new_tree.p, new_tree.n, BOTH, sizeof(BOTH) - 1));
	assert_true(sweep_all(&w, ENOMEM) > 80);
}

static void
a_preview_of_them_changes_nothing_without_memory(void **state)
{
	const struct sweep_work w = {
		.before = reset_values, .work = preview, .after = stays_old
	};

	(void)state;
	use_from(VALUES, reset_values);
	assert_true(sweep_all(&w, ENOMEM) > 80);
}

static int
begin(void **state)
{
	(void)state;
	sweep.step = getenv("VALISE_TEST_ALL") != NULL ? 1 : 7;
	all.text = vl_slice_of(THEIRS);
	importer_begin();
	return 0;
}

static int
end(void **state)
{
	(void)state;
	outcome_end();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    values_and_members_are_all_or_nothing_without_memory),
		cmocka_unit_test(
		    a_preview_of_them_changes_nothing_without_memory),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
