/*
 * Rows and files in one commit, names of files that hold ids of rows, and
 * plans: every call through a door of another room fails once, in an import
 * and in the recovery of one that was killed.  Tree and database are both the
 * old or both the new ones, a failure is told, and the next run brings the
 * import to its end.
 */

#include "doors_of_rows.h"

#include <sys/wait.h>

#include "both.h"

static void
sweep_import(const char *text)
{
	const struct sweep_work w = {
		.before = reset_both, .work = import, .after = both_end
	};

	use_both(text);
	assert_true(sweep_all(&w, EIO) > 120);
	assert_in_range(sweep.survived, 0, 8);
}

static void
rows_and_files_change_together_whichever_call_fails(void **state)
{
	(void)state;
	sweep_import(WITH_ROWS PROFILE);
}

static void
so_they_do_by_the_profile_of_the_bundle(void **state)
{
	(void)state;
	sweep_import(WITH_ROWS "profile: bundle\n");
}

/* The post owns file a; no path holds an id. */
static const char words_owned[] =
    "{\"r\":\"app\",\"t\":\"profile\",\"words\":{\"resources\":[{"
    "\"references\":[{\"file\":\"{title}\",\"from\":\"post\",\"in\":"
    "\"tree\"}],\"resource\":\"app\",\"tables\":[{\"key\":[\"mail\"],"
    "\"table\":\"person\"},{\"key\":[\"title\"],\"owned_by\":\"author\","
    "\"table\":\"post\"}]}]}}";

static void
so_they_do_where_rows_own_files(void **state)
{
	char owned[sizeof(lines) + sizeof(words_owned)];

	(void)state;
	(void)snprintf(
	    owned, sizeof(owned), "%s%s", words_owned, strchr(lines, '\n'));
	all.rows = vl_slice_of(owned);
	all.tied = NULL;
	importer_bundle();
	sweep_import(WITH_ROWS OWNED);
	all.rows = vl_slice_of(lines);
	all.tied = TIED;
	importer_bundle();
}

static void
so_they_do_with_words_of_the_site_over_that(void **state)
{
	(void)state;
	sweep_import(WITH_ROWS OVER_BUNDLE);
}

static void
a_plan_is_written_whole_or_not_whichever_call_fails(void **state)
{
	const struct sweep_work w = {
		.before = without_plan, .work = write_plan, .after = is_planned
	};

	(void)state;
	use_both(WITH_ROWS PROFILE);
	assert_true(sweep_all(&w, EIO) > 60);
	assert_in_range(sweep.survived, 0, 8);
}

static void
an_import_by_a_plan_is_all_or_nothing_whichever_call_fails(void **state)
{
	const struct sweep_work w = {
		.before = reset_both, .work = obey_plan, .after = both_end
	};
	struct vl_err err = { 0 };

	(void)state;
	use_both(WITH_ROWS PROFILE);
	reset_both(NULL);
	assert_int_equal(VL_OK, write_plan(NULL, &err));
	assert_true(sweep_all(&w, EIO) > 120);
	assert_in_range(sweep.survived, 0, 8);
}

/* An import that was killed when it came to a door. */
static void
killed(void *arg)
{
	struct vl_pool *own = NULL;
	struct vl_err err = { 0 };
	int status = 0;
	pid_t pid = 0;

	reset_both(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		kill_at = arg;
		/* Threads do not come along. */
		if (vl_pool_new(&own, 1, &err) == VL_OK)
			(void)import_with(own, false, &err);
		_exit(1);
	}
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_true(WIFEXITED(status));
	assert_int_equal(KILLED, WEXITSTATUS(status));
}

static enum vl_status
recover(void *arg, struct vl_err *err)
{
	const struct vl_apply_ui ui = importer_ui();
	struct vl_recover_opts opts = { .site = site, .ui = &ui };
	enum vl_recovered what = VL_RECOVERED_NOTHING;
	enum vl_status st = importer_state(&opts.state, err);

	(void)arg;
	if (st == VL_OK)
		st = vl_apply_recover(&opts, &what, err);
	vl_state_free(opts.state);
	return st;
}

static void
is_recovered(void *arg, enum vl_status st)
{
	struct vl_err err = { 0 };

	(void)arg;
	if (st != VL_OK && recover(NULL, &err) != VL_OK)
		fail_msg("the next recovery does not end it: %s", err.text);
	/* What could not be cleaned stands beside it until the next run. */
	if (!(is_tree(&old_tree) && rows_are(&old_rows)) &&
	    !(is_tree(&new_tree) && rows_are(&new_rows)))
		fail_msg("recovery leaves neither the old nor the new");
	both_end(NULL, VL_EPENDING);
}

/* Before the transaction, in it, behind it, applied, ended. */
static const char *const moments[] = { "vl_dbs_take", "vl_dbs_row_put",
	"vl_dbs_settle", "vl_stage_redo", "vl_ledger_save" };

static void
recovery_asks_the_databases_whichever_call_fails(void **state)
{
	char door[32];
	const struct sweep_work w = { .arg = door,
		.before = killed,
		.work = recover,
		.after = is_recovered };
	size_t i = 0;

	(void)state;
	use_both(WITH_ROWS PROFILE);
	for (i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		(void)snprintf(door, sizeof(door), "%s", moments[i]);
		assert_true(sweep_all(&w, EIO) > 5);
		assert_in_range(sweep.survived, 0, 8);
	}
}

static int
begin(void **state)
{
	(void)state;
	sweep.step = getenv("VALISE_TEST_ALL") != NULL ? 1 : 13;
	both_begin();
	return 0;
}

static int
end(void **state)
{
	(void)state;
	both_free();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    rows_and_files_change_together_whichever_call_fails),
		cmocka_unit_test(so_they_do_by_the_profile_of_the_bundle),
		cmocka_unit_test(so_they_do_with_words_of_the_site_over_that),
		cmocka_unit_test(so_they_do_where_rows_own_files),
		cmocka_unit_test(
		    a_plan_is_written_whole_or_not_whichever_call_fails),
		cmocka_unit_test(
		    an_import_by_a_plan_is_all_or_nothing_whichever_call_fails),
		cmocka_unit_test(
		    recovery_asks_the_databases_whichever_call_fails),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
