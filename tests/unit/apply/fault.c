/*
 * Every call through a door of another room fails once, or with CALLS every
 * call of the system that looks, opens or renames, or with MEMORY every
 * allocation, in an import and in the recovery of one that was killed: the tree
 * is the old or the new one, a failure is told, and the next run brings the
 * import to its end.
 */

#include "doors.h"
#include "killed.h"

/* After the end, what is left to clean the next run cleans.  A sample may meet
 * none of those calls. */
static void
survived(void)
{
	assert_in_range(sweep.survived, sweep.step == 1 ? 1 : 0, SURVIVED);
}

static void
sweep_import(const char *words, bool ask)
{
	const struct sweep_work w = {
		.before = reset, .work = import, .after = ends
	};

	use(words, ask);
	assert_true(sweep_all(&w, PLANTED) > 80);
	survived();
}

static void
an_import_is_all_or_nothing_whichever_call_fails(void **state)
{
	(void)state;
	sweep_import(SITE, false);
}

static void
so_is_one_with_rules(void **state)
{
	(void)state;
	sweep_import(SITE RULES, false);
}

static void
so_is_one_whose_sender_is_asked_about(void **state)
{
	(void)state;
	sweep_import(SITE, true);
}

#define KEPT "state/" RESEAL_SITE "/shadow"

static struct vl_buf copy; /* of the bundle, whole */

static void
is_kept(void)
{
	assert_true(is_at(KEPT, &copy));
	assert_int_equal(
	    -1, faccessat(folder_fd(), "state/" RESEAL_SITE "/spool", F_OK, 0));
}

static void
ends_and_is_kept(void *arg, enum vl_status st)
{
	if (st == VL_OK)
		is_kept();
	ends(arg, st);
	is_kept();
}

static void
what_was_imported_is_kept_whichever_call_fails(void **state)
{
	const struct sweep_work w = {
		.before = reset, .work = import, .after = ends_and_is_kept
	};

	(void)state;
	use(SITE "keep: last\n", false);
	look_below(&copy, KEPT);
	assert_non_null(memmem(copy.p, copy.n, "head.jsn", 8));
	assert_true(sweep_all(&w, PLANTED) > 80);
	survived();
	vl_buf_free(&copy);
}

#define LONG_NAME                                                              \
	"a name so long that no staging has room for its own beside it, "      \
	"which are 255 bytes with what is put in front of that and behind, "   \
	"and so it stands in the root, as it does where that is a mount "      \
	"point and nobody may rename from one file system to another"

/* The root is a link to a directory of that name. */
static void
reset_inside(void *arg)
{
	reset(arg);
	assert_int_equal(0,
	    renameat(
	        folder_fd(), "world/tree", folder_fd(), "world/" LONG_NAME));
	assert_int_equal(0, symlinkat(LONG_NAME, folder_fd(), "world/tree"));
}

/* Once no staging stands in the new root, its time is the bundle's. */
static bool
is_in_time(void)
{
	struct dirent **names = NULL;
	struct stat root = { 0 };
	bool left = !is_tree(&new_tree);
	int n = scandirat(folder_fd(), "world/tree", &names, NULL, NULL);
	int i = 0;

	assert_true(n >= 0);
	for (i = 0; i < n; i++) {
		left = left || is_staging(names[i]->d_name);
		free(names[i]);
	}
	free((void *)names);
	assert_int_equal(0, fstatat(folder_fd(), "world/tree", &root, 0));
	return left || root.st_mtim.tv_sec == 1600000000;
}

static void
ends_in_time(void *arg, enum vl_status st)
{
	/* What could not be put back stands in the journal. */
	if (st == VL_OK && !is_in_time() && !DOORS_FAIL)
		recover_now();
	assert_true(st != VL_OK || is_in_time());
	ends(arg, st);
}

static void
so_is_one_whose_staging_stands_in_the_root(void **state)
{
	const struct sweep_work w = {
		.before = reset_inside, .work = import, .after = ends_in_time
	};

	(void)state;
	interactive = false;
	use_from(SITE, reset_inside);
	assert_true(sweep_all(&w, PLANTED) > 80);
	survived();
}

/* The same bundle once more: nothing differs. */
static void
import_before(void *arg)
{
	struct vl_err err = { 0 };

	reset(arg);
	assert_int_equal(VL_OK, import(NULL, &err));
}

static void
stays_new(void *arg, enum vl_status st)
{
	(void)st;
	assert_true(is(&after));
	ends(arg, VL_OK);
}

static void
the_same_bundle_again_changes_nothing_whichever_call_fails(void **state)
{
	const struct sweep_work w = {
		.before = import_before, .work = import, .after = stays_new
	};

	(void)state;
	use(SITE RULES, false);
	assert_true(sweep_all(&w, PLANTED) > 40);
	assert_in_range(sweep.survived, 0, SURVIVED);
}

static void
a_preview_changes_nothing_whichever_call_fails(void **state)
{
	const struct sweep_work w = {
		.before = reset, .work = preview, .after = stays_old
	};

	(void)state;
	use(SITE RULES, false);
	assert_true(sweep_all(&w, PLANTED) > 40);
	assert_in_range(sweep.survived, 0, SURVIVED);
}

static void
is_whole(void *arg, enum vl_status st)
{
	(void)arg;
	if (st == VL_OK && !is_tree(&old_tree) && !is_tree(&new_tree))
		fail_msg("recovery left neither the old nor the new tree");
	if (st == VL_OK && recovery.state_lost &&
	    recovered == VL_RECOVERED_NOTHING)
		fail_msg("what stands there was taken for absent");
	if (st != VL_OK || recovery.state_lost)
		recover_now();
	if (!is_tree(&old_tree) && !is_tree(&new_tree))
		fail_msg("the next recovery leaves neither tree");
	if (!is_in_time() && !DOORS_FAIL)
		recover_now();
	assert_true(is_in_time());
	ends(NULL, VL_EPENDING);
}

/* Staging, prepared, decided, applied, ended. */
static const char *const moments[] = { "vl_target_end", "vl_stage_sync",
	"vl_decision_write", "vl_stage_mark", "vl_stage_redo", "vl_ledger_save",
	"vl_decision_drop", "vl_stage_clean" };

/* Who moves away what could only not be read loses the import. */
static enum vl_status
recover_soberly(void *arg, struct vl_err *err)
{
	enum vl_status st = recover(arg, err);

	if (st != VL_OK && strstr(err->text, "move it aside") != NULL)
		fail_msg("it says: %s", err->text);
	return st;
}

static void
sweep_recovery(void (*before_it)(void *), const char *const *doors, size_t n)
{
	char door[32];
	const struct sweep_work w = { .arg = door,
		.before = before_it,
		.work = recover_soberly,
		.after = is_whole };
	size_t i = 0;

	for (i = 0; i < n; i++) {
		(void)snprintf(door, sizeof(door), "%s", doors[i]);
		assert_true(sweep_all(&w, PLANTED) > 5);
		assert_in_range(sweep.survived, 0, SURVIVED);
	}
}

static void
recovers_from_a_kill_whichever_call_fails(void **state)
{
	(void)state;
	use(SITE, false);
	sweep_recovery(killed, moments, sizeof(moments) / sizeof(moments[0]));
}

static void
so_it_does_where_the_staging_stands_in_the_root(void **state)
{
	/* Before the root's time is noted, and behind it. */
	static const char *const near[] = { "vl_stage_take_time",
		"vl_ledger_save", "vl_stage_clean" };

	(void)state;
	start = reset_inside;
	use_from(SITE, start);
	sweep_recovery(killed, near, sizeof(near) / sizeof(near[0]));
	start = reset;
}

static void
so_it_does_where_the_state_is_lost(void **state)
{
	(void)state;
	use(SITE, false);
	/* Before the last of these the staging holds all there is to know. */
	sweep_recovery(killed_and_lost, moments, 5);
}

#define TWO_TREES SITE "  - {name: app, kind: files, path: world/other}\n"

static void
reset_two(void *arg)
{
	reset(arg);
	assert_int_equal(0, mkdirat(folder_fd(), "world/other", 0755));
	folder_put("world/other/mine", vl_slice_of("goes"));
}

/* Nothing but their stagings tells that they are of one import. */
static void
so_it_does_for_two_trees_of_one_import(void **state)
{
	const struct vl_entry root = { .type = VL_ENTRY_DIR,
		.resource = vl_slice_of("app"),
		.mode = 0755,
		.uid = getuid(),
		.gid = getgid(),
		.mtime.sec = 1600000000 };
	struct vl_buf lines = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(VL_OK, vl_entry_encode(&lines, &root, NULL, &err));
	all.rows = vl_buf_slice(&lines);
	all.rows_kind = "files";
	importer_bundle();
	start = reset_two;
	use_from(TWO_TREES, start);
	sweep_recovery(killed_and_lost, moments, 3);
	start = reset;
	all.rows_kind = NULL;
	all.rows = (struct vl_slice){ 0 };
	importer_bundle();
	vl_buf_free(&lines);
}

/* What stands there is the operator's now; the next import brings all. */
static void
is_given_up(void *arg, enum vl_status st)
{
	struct vl_err err = { 0 };

	(void)arg;
	if (st != VL_OK)
		recover_now();
	if (import(NULL, &err) != VL_OK)
		fail_msg("what comes next fails: %s", err.text);
}

static void
gives_up_whichever_call_fails(void **state)
{
	char door[] = "vl_stage_redo";
	const struct sweep_work w = { .arg = door,
		.before = killed,
		.work = recover,
		.after = is_given_up };

	(void)state;
	use(SITE, false);
	recovery.abandon = true;
	assert_true(sweep_all(&w, PLANTED) > 5);
	recovery.abandon = false;
	assert_in_range(sweep.survived, 0, SURVIVED);
}

/* A name of the tree in which somebody else put something meanwhile. */
static void
killed_and_displaced(void *arg)
{
	killed(arg);
	folder_put("world/tree/a", vl_slice_of("somebody's work"));
}

/* What stood in the way stands beside the tree, as it was. */
static void
is_displaced(void *arg, enum vl_status st)
{
	static const char work[] = "somebody's work";
	struct vl_buf world = { 0 };

	(void)arg;
	if (st != VL_OK)
		recover_now();
	assert_true(is_tree(&new_tree));
	look_below(&world, "world");
	if (memmem(world.p, world.n, work, strlen(work)) == NULL)
		fail_msg("status %d, and what was displaced is lost", (int)st);
	vl_buf_free(&world);
}

static void
what_was_displaced_is_kept_whichever_call_fails(void **state)
{
	char door[] = "vl_stage_redo";
	char path[128];
	const char *const paths[] = { path };
	const struct sweep_work w = { .arg = door,
		.before = killed_and_displaced,
		.work = recover,
		.after = is_displaced };

	(void)state;
	use(SITE, false);
	(void)snprintf(path, sizeof(path), "%s/world/tree/a", folder_path);
	recovery.take_ours = paths;
	recovery.ntake = 1;
	assert_true(sweep_all(&w, PLANTED) > 5);
	recovery.ntake = 0;
	assert_in_range(sweep.survived, 0, SURVIVED);
}

static int
begin(void **state)
{
	sweep.said = SAID;
	sweep.step = getenv("VALISE_TEST_ALL") != NULL ? 1 : SAMPLE(5);
	return importer_begin(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    an_import_is_all_or_nothing_whichever_call_fails),
		cmocka_unit_test(so_is_one_with_rules),
		cmocka_unit_test(so_is_one_whose_sender_is_asked_about),
		cmocka_unit_test(
		    what_was_imported_is_kept_whichever_call_fails),
		cmocka_unit_test(so_is_one_whose_staging_stands_in_the_root),
		cmocka_unit_test(
		    the_same_bundle_again_changes_nothing_whichever_call_fails),
		cmocka_unit_test(
		    a_preview_changes_nothing_whichever_call_fails),
		cmocka_unit_test(recovers_from_a_kill_whichever_call_fails),
		cmocka_unit_test(
		    so_it_does_where_the_staging_stands_in_the_root),
		cmocka_unit_test(so_it_does_where_the_state_is_lost),
		cmocka_unit_test(so_it_does_for_two_trees_of_one_import),
		cmocka_unit_test(
		    what_was_displaced_is_kept_whichever_call_fails),
		cmocka_unit_test(gives_up_whichever_call_fails),
	};

	return cmocka_run_group_tests(tests, begin, outcome_end);
}
