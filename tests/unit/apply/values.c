/*
 * Where what comes of a file is made here: every call through a door of another
 * room fails once, in an import and in a preview.  The tree is the old or the
 * new one, with the list of what was brought, a failure is told, and the next
 * run brings the import to its end.
 */

#include "doors_of_values.h"

#include "made_files.h"

/* A key that stands in what stays, so that it is looked for in what comes. */
#define KEY_AT(file)                                                           \
	"master_keys:\n  - {name: k, file: " file ", json: $.own}\n"
#define KEY_IN_IT KEY_AT("world/tree/a")
/* Records wait until they are sorted, and their secrets with them. */
#define SORTED "map:\n  - {resource: tree, from: far, to: near}\n"

static void
sweep_doors(const char *words, const char *here, const char *made)
{
	const struct sweep_work imported = {
		.before = reset_file, .work = import, .after = ends
	};
	const struct sweep_work previewed = {
		.before = reset_file, .work = preview, .after = stays_old
	};

	use_made(words, here, made);
	assert_true(sweep_all(&imported, PLANTED) > 80);
	assert_in_range(sweep.survived, 0, SURVIVED + 4);
	assert_true(sweep_all(&previewed, PLANTED) > 60);
	assert_in_range(sweep.survived, 0, SURVIVED + 4);
}

static void
values_that_stay_are_all_or_nothing_whichever_call_fails(void **state)
{
	(void)state;
	sweep_doors(VALUES KEY_IN_IT, VALUES_HERE, VALUES_MADE);
}

static void
secrets_of_files_are_all_or_nothing_whichever_call_fails(void **state)
{
	(void)state;
	seal_secrets();
	sweep_doors(SECRETS, SECRETS_HERE, SECRETS_MADE);
}

static void
so_they_are_when_they_wait_for_their_file(void **state)
{
	(void)state;
	sweep_doors(SECRETS SORTED, SECRETS_HERE, SECRETS_MADE);
}

/* An import that is refused, as far as it gets. */
static enum vl_status
refused(void *arg, struct vl_err *err)
{
	enum vl_status st = import(arg, err);

	assert_int_not_equal(VL_OK, st);
	return st == VL_EREFUSED ? VL_OK : st;
}

/* Whatever stands beside it until the next run. */
static void
tree_stays_old(void *arg, enum vl_status st)
{
	(void)arg, (void)st;
	assert_true(is_tree(&old_tree));
}

/* The bundle has another one, and nothing keeps that of this side. */
static void
sweep_refusal(const char *key)
{
	const struct sweep_work w = {
		.before = reset_file, .work = refused, .after = tree_stays_old
	};
	const unsigned step = sweep.step;

	file = VALUES_HERE;
	importer_site(key);
	reset_file(NULL);
	vl_buf_clear(&old_tree);
	look_below(&old_tree, "world/tree");

	if (step > 1)
		sweep.step = SAMPLE(1);
	assert_true(sweep_all(&w, PLANTED) > 40);
	sweep.step = step;
}

static void
another_key_does_not_come_whichever_call_fails(void **state)
{
	(void)state;
	sweep_refusal(SITE KEY_IN_IT);
}

/* The tree has the file that a link leads to, or one in a linked folder. */
static void
nor_does_one_behind_a_link(void **state)
{
	(void)state;
	assert_int_equal(0, symlinkat("world/tree", folder_fd(), "linked"));
	assert_int_equal(0, symlinkat("world/tree/a", folder_fd(), "key"));
	sweep_refusal(SITE KEY_AT("linked/a"));
	sweep_refusal(SITE KEY_AT("key"));
}

static int
begin(void **state)
{
	sweep.said = SAID;
	sweep.step = getenv("VALISE_TEST_ALL") != NULL ? 1 : SAMPLE(7);
	return made_begin(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    values_that_stay_are_all_or_nothing_whichever_call_fails),
		cmocka_unit_test(
		    another_key_does_not_come_whichever_call_fails),
		cmocka_unit_test(nor_does_one_behind_a_link),
		cmocka_unit_test(
		    secrets_of_files_are_all_or_nothing_whichever_call_fails),
		cmocka_unit_test(so_they_are_when_they_wait_for_their_file),
	};

	return cmocka_run_group_tests(tests, begin, made_end);
}
