/*
 * What stands behind an import that was killed when the run is over: stagings
 * that are gone, somebody else's, of several imports; and what a run that
 * still works shows of itself.
 */

#include "doors.h"

#include "at_work.h"

#include <sys/file.h>

#define STAGING "world/.tree.valise"

static void
ends_so(enum vl_status st, const struct vl_err *err, enum vl_status wanted,
    const char *why)
{
	if (st != wanted || (st != VL_OK && strstr(err->text, why) == NULL))
		fail_msg("status %d, not %d with '%s': %s", (int)st,
		    (int)wanted, why, st == VL_OK ? "" : err->text);
}

/* The recovery ends so, and says that. */
static void
recovery_says(enum vl_status wanted, const char *why)
{
	struct vl_err err = { 0 };

	ends_so(recover(NULL, &err), &err, wanted, why);
}

/* Nothing but the word helps; what stands is `tree` before and after. */
static void
only_abandoned(const char *why, const struct vl_buf *tree)
{
	assert_true(is_tree(tree));
	recovery_says(VL_EPENDING, why);
	recovery_says(VL_EPENDING, why);
	recovery.abandon = true;
	recovery_says(VL_OK, "");
	recovery.abandon = false;
	recovery_says(VL_OK, "");
	assert_true(is_tree(tree));
}

static void
lose(const char *name)
{
	struct vl_err err = { 0 };

	assert_int_equal(VL_OK, vl_remove_tree(folder_fd(), name, &err));
}

static void
stagings_that_are_gone_are_asked_for(void **state)
{
	char prepared[] = "vl_decision_write";
	char decided[] = "vl_stage_redo";

	(void)state;
	use(SITE, false);
	killed(prepared);
	lose(STAGING);
	only_abandoned("1 of its staging directories are gone", &old_tree);
	killed(decided);
	lose(STAGING);
	only_abandoned("' is not there: mount its file system", &old_tree);
}

/* The staging that stands there names another import. */
static void
exchange_owner(void)
{
	struct vl_buf owner = { 0 };
	struct vl_err err = { 0 };

	assert_int_equal(VL_OK,
	    vl_read_file(folder_fd(), STAGING "/owner", 4096, &owner, &err));
	owner.p[strlen("import ")] ^= 1;
	folder_put(STAGING "/owner", vl_buf_slice(&owner));
	vl_buf_free(&owner);
}

static void
one_that_is_somebody_else_s_is_not_taken(void **state)
{
	char decided[] = "vl_stage_redo";

	(void)state;
	use(SITE, false);
	killed(decided);
	exchange_owner();
	recovery_says(VL_EPENDING, "' is not its staging");
	assert_true(is_tree(&old_tree));
	exchange_owner();
	recovery_says(VL_OK, "");
	assert_true(is(&after));
}

/* The lock and what is staged are the run's as long as it works. */
static void
a_run_that_works_is_seen_and_left_alone(void **state)
{
	(void)state;
	use(SITE, false);
	/* It has nothing yet that would say what it is about. */
	seen_at("vl_unpack_open", "");
	seen_at("vl_decision_write", RESEAL_SITE);
}

/* As one does that reached the tree by another path, with its own state. */
static void
a_staging_that_somebody_holds_is_left_alone(void **state)
{
	char decided[] = "vl_stage_redo";
	int fd = -1;

	(void)state;
	use(SITE, false);
	killed(decided);
	fd = openat(folder_fd(), STAGING, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(0, flock(fd, LOCK_EX | LOCK_NB));
	recovery_says(VL_ELOCKED, "another run works on");
	assert_true(is_tree(&old_tree));
	(void)close(fd);
	recovery_says(VL_OK, "");
	assert_true(is(&after));
}

#define OTHER                                                                  \
	"site: " RESEAL_SITE "\nstate: state\nresources:\n"                    \
	"  - {name: tree, kind: files, path: world/other}\n"

/* One was killed at `first`, and one at `second` where the site had its tree
 * at another place; nobody knows of either. */
static void
ends_both(const char *first, const char *second, const struct vl_buf *tree)
{
	use(SITE, false);
	reset(NULL);
	kill_it_at(first);
	lose("state");
	importer_site(OTHER);
	assert_int_equal(0, mkdirat(folder_fd(), "world/other", 0755));
	folder_put("world/other/mine", vl_slice_of("stays"));
	kill_it_at(second);
	lose("state");
	importer_site(
	    SITE "  - {name: more, kind: files, path: world/other}\n");
	assert_true(is_there(STAGING) && is_there("world/.other.valise"));
	recovery_says(VL_EPENDING, "is lost");
	recovery.state_lost = true;
	recovery_says(VL_OK, "");
	recovery.state_lost = false;
	assert_true(is_tree(tree));
	assert_true(is_there("world/other/mine"));
	assert_false(is_there("world/other/a"));
	assert_false(is_there(STAGING) || is_there("world/.other.valise"));
}

static void
stagings_of_two_imports_are_ended_without_the_state(void **state)
{
	(void)state;
	ends_both("vl_stage_redo", "vl_decision_write", &new_tree);
	ends_both("vl_target_end", "vl_target_end", &old_tree);
}

/* Without a state at hand, as before the first import. */
static void
strays_are(enum vl_status wanted, const char *why)
{
	struct vl_err err = { 0 };

	ends_so(vl_apply_check_strays(site, &err), &err, wanted, why);
}

static void
a_staging_of_another_state_that_is_there_is_left_to_it(void **state)
{
	static const char theirs[] = "is of another import";
	char decided[] = "vl_stage_redo";

	(void)state;
	use(SITE, false);
	killed(decided);
	strays_are(VL_ELOCKED, theirs);
	(void)snprintf(
	    state_path, sizeof(state_path), "%s/another", folder_path);
	recovery_says(VL_ELOCKED, theirs);
	recovery.state_lost = true;
	recovery_says(VL_ELOCKED, theirs);
	recovery.state_lost = false;
	assert_true(is_tree(&old_tree));
	(void)snprintf(state_path, sizeof(state_path), "%s/state", folder_path);
	recovery_says(VL_OK, "");
	assert_true(is(&after));
	strays_are(VL_OK, "");
}

/* Restored from a copy of itself, a state knows its staging. */
static void
a_state_that_is_older_than_its_staging_ends_the_import(void **state)
{
	char prepared[] = "vl_decision_write";
	char decided[] = "vl_stage_redo";

	(void)state;
	use(SITE, false);
	killed(prepared);
	lose("state/" RESEAL_SITE "/journal");
	recovery_says(VL_OK, "");
	assert_true(is(&before));
	killed(decided);
	lose("state/" RESEAL_SITE "/journal");
	lose("state/" RESEAL_SITE "/decision");
	recovery_says(VL_OK, "");
	assert_true(is(&after));
}

/* Nor does the state tell of it: the run was killed before it was prepared. */
static void
one_that_was_begun_is_undone_where_its_staging_alone_tells_of_it(void **state)
{
	char begun[] = "vl_target_end";

	(void)state;
	use(SITE, false);
	killed(begun);
	lose("state/" RESEAL_SITE "/journal");
	recovery_says(VL_OK, "");
	assert_int_equal(VL_RECOVERED_UNDONE, recovered);
	assert_true(is(&before));
}

static void
a_tree_that_is_not_there_has_no_staging(void **state)
{
	char decided[] = "vl_stage_redo";

	(void)state;
	use(SITE, false);
	killed(decided);
	lose("state");
	importer_site(
	    SITE "  - {name: more, kind: files, path: nowhere/more/tree}\n");
	strays_are(VL_EPENDING, "is lost");
	recovery.state_lost = true;
	recovery_says(VL_OK, "");
	recovery.state_lost = false;
	assert_true(is(&after));
}

/* There is no directory where it was: something else may hide it. */
static void
a_state_that_cannot_be_looked_for_is_not_lost(void **state)
{
	char decided[] = "vl_stage_redo";

	(void)state;
	use(SITE, false);
	killed(decided);
	assert_int_equal(
	    0, renameat(folder_fd(), "state", folder_fd(), "hidden"));
	folder_put("state", vl_slice_of("no directory"));
	strays_are(VL_ELOCKED, "is of another import");
	assert_true(is_tree(&old_tree));
	assert_int_equal(0, unlinkat(folder_fd(), "state", 0));
	assert_int_equal(
	    0, renameat(folder_fd(), "hidden", folder_fd(), "state"));
	recovery_says(VL_OK, "");
	assert_true(is(&after));
}

/* The tree is at another place than when it was imported into. */
static void
a_staging_that_its_import_does_not_name_is_not_taken(void **state)
{
	char decided[] = "vl_stage_redo";
	const int fd = folder_fd();

	(void)state;
	use(SITE, false);
	killed(decided);
	assert_int_equal(0, renameat(fd, "world/tree", fd, "world/other"));
	assert_int_equal(0, renameat(fd, STAGING, fd, "world/.other.valise"));
	importer_site(OTHER);
	recovery_says(VL_EPENDING, "' is not there: mount its file system");
	recovery.abandon = true;
	recovery_says(VL_EPENDING,
	    "stagings of site '" RESEAL_SITE "' stand that their imports do "
	    "not name: are its trees mounted elsewhere than before?");
	recovery.abandon = false;
	assert_true(is_there("world/.other.valise"));
	assert_int_equal(0, renameat(fd, "world/other", fd, "world/tree"));
	assert_int_equal(0, renameat(fd, "world/.other.valise", fd, STAGING));
	importer_site(SITE);
	recovery_says(VL_OK, "");
	assert_true(is(&after));
}

static void
a_staging_that_does_not_say_whose_it_is_is_in_the_way(void **state)
{
	char begun[] = "vl_target_end";

	(void)state;
	use(SITE, false);
	killed(begun);
	folder_put(STAGING "/owner", vl_slice_of("nobody\n"));
	lose("state");
	strays_are(VL_ELOCKED, "does not say whose it is; move it aside");
	folder_put(STAGING "/owner", vl_slice_of(""));
	strays_are(VL_ELOCKED, "does not say whose it is; move it aside");
	recovery.state_lost = true;
	recovery_says(VL_ELOCKED, "does not say whose it is; move it aside");
	recovery.state_lost = false;
	assert_true(is_tree(&old_tree));
	lose(STAGING);
	strays_are(VL_OK, "");
}

static void
a_lost_state_needs_the_site_file(void **state)
{
	(void)state;
	vl_site_free(site);
	site = NULL;
	recovery.state_lost = true;
	recovery_says(VL_EUSAGE, "--state-lost needs the site file");
	recovery.state_lost = false;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stagings_that_are_gone_are_asked_for),
		cmocka_unit_test(one_that_is_somebody_else_s_is_not_taken),
		cmocka_unit_test(a_run_that_works_is_seen_and_left_alone),
		cmocka_unit_test(a_staging_that_somebody_holds_is_left_alone),
		cmocka_unit_test(
		    stagings_of_two_imports_are_ended_without_the_state),
		cmocka_unit_test(
		    a_staging_of_another_state_that_is_there_is_left_to_it),
		cmocka_unit_test(
		    a_state_that_is_older_than_its_staging_ends_the_import),
		cmocka_unit_test(
		    one_that_was_begun_is_undone_where_its_staging_alone_tells_of_it),
		cmocka_unit_test(a_tree_that_is_not_there_has_no_staging),
		cmocka_unit_test(a_state_that_cannot_be_looked_for_is_not_lost),
		cmocka_unit_test(
		    a_staging_that_its_import_does_not_name_is_not_taken),
		cmocka_unit_test(
		    a_staging_that_does_not_say_whose_it_is_is_in_the_way),
		cmocka_unit_test(a_lost_state_needs_the_site_file),
	};

	return cmocka_run_group_tests(tests, importer_begin, outcome_end);
}
