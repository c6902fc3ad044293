/*
 * Rows and files in one commit, names of files that hold ids of rows, and
 * plans: every call through a door of another room fails once, in an import
 * and in the recovery of one that was killed.  Tree and database are both the
 * old or both the new ones, a failure is told, and the next run brings the
 * import to its end.
 */

#include "doors_of_rows.h"

#include "at_work.h"
#include "both.h"

static void
sweep_import(const char *text)
{
	const struct sweep_work w = {
		.before = reset_both, .work = import, .after = both_end
	};

	use_both(text);
	assert_true(sweep_all(&w, PLANTED) > 120);
	assert_in_range(sweep.survived, 0, SURVIVED);
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

static void
bring(const char *text, const char *tied)
{
	all.rows = vl_slice_of(text);
	all.tied = tied;
	importer_bundle();
}

static void
so_they_do_where_rows_own_files(void **state)
{
	char owned[sizeof(lines) + sizeof(words_owned)];
	const unsigned step = sweep.step;

	(void)state;
	(void)snprintf(
	    owned, sizeof(owned), "%s%s", words_owned, strchr(lines, '\n'));
	bring(owned, NULL);
	/* What could not be seen and counts as absent is written over. */
	if (CALLS_FAIL && step > 3)
		sweep.step = 3;
	sweep_import(WITH_ROWS OWNED);
	sweep.step = step;
	bring(lines, TIED);
}

/* A person's age is the name of a file, and that of blaise is one that carla
 * keeps here: it gets a number, so that names and content are looked at. */
static void
so_they_do_where_a_file_gets_another_name(void **state)
{
	static const char named[] =
	    "{\"r\":\"app\",\"t\":\"profile\",\"words\":{\"resources\":[{"
	    "\"references\":[{\"collide\":\"rename\",\"file\":\"{age}\","
	    "\"from\":\"person\",\"in\":"
	    "\"tree\"}],\"resource\":\"app\",\"tables\":[{\"key\":[\"mail\"],"
	    "\"table\":\"person\"},{\"key\":[\"title\"],\"table\":\"post\"}]}]}"
	    "}";
	static const char age[] = "\"age\":39";
	char carried[sizeof(lines) + sizeof(named)];
	char here[1024];
	const char *body = strchr(lines, '\n');
	const char *at = strstr(body, age);

	(void)state;
	(void)snprintf(carried, sizeof(carried), "%s%.*s\"age\":\"a\"%s", named,
	    (int)(at - body), body, at + strlen(age));
	(void)snprintf(here, sizeof(here),
	    "%supdate person set age = 'a' where mail = 'carla';", there);
	target = here;
	wanted = "w|blaise|a-2\ny|ada|30\nz|carla|a\n1|mine|z\n2|a|y\n";
	bring(carried, NULL);
	sweep_import(WITH_ROWS RENAMED);
	target = there;
	wanted = WANTED;
	bring(lines, TIED);
}

#define BLAISE "{\"c\":\"person\",\"k\":[\"blaise\"]"
#define OLD    5000 /* what is shorter stands in the line */

/* The bundle's, but that blaise has an age in a body, the content of a. */
static void
bring_with_body(const char *age)
{
	static char aged[sizeof(lines) + 200];
	const char *at = strstr(lines, BLAISE);
	struct vl_content_hash h = { 0 };
	char hash[VL_B64U_SIZE(VL_CONTENT_HASH_SIZE)];
	uint8_t id[VL_HASH_SIZE];

	all.text = vl_slice_of(age);
	all.with_body = 3;
	vl_ids_chunk(all.ids, id, all.text);
	vl_content_begin(&h, all.ids, all.text.n);
	vl_content_add(&h, 0, id);
	vl_content_end(&h, id);
	(void)snprintf(aged, sizeof(aged),
	    "%.*s{\"c\":\"person\",\"hash\":\"k1.%s\",\"k\":[\"blaise\"],"
	    "\"r\":\"app\",\"row\":{\"age\":{\"$body\":[0,%d]},\"mail\":"
	    "\"blaise\"},\"size\":%d,\"t\":\"row\",\"x\":{\"id\":\"w\"}}%s",
	    (int)(at - lines), lines, vl_b64u(hash, id, sizeof(id)), OLD, OLD,
	    strchr(at, '\n'));
	bring(aged, TIED);
}

static void
so_they_do_where_a_value_is_in_a_body(void **state)
{
	char age[OLD + 1];
	char becomes[OLD + 100];

	(void)state;
	memset(age, 'x', OLD);
	age[OLD] = '\0';
	(void)snprintf(becomes, sizeof(becomes), "w|blaise|%s\n%s", age,
	    WANTED_BUT_BLAISE);
	wanted = becomes;
	bring_with_body(age);
	sweep_import(WITH_ROWS PROFILE);
	wanted = WANTED;
	all.text = (struct vl_slice){ 0 };
	all.with_body = 0;
	bring(lines, TIED);
}

static void
so_they_do_with_words_of_the_site_over_that(void **state)
{
	(void)state;
	sweep_import(WITH_ROWS OVER_BUNDLE);
}

/* Once there may be two persons of one mail. */
static char told[1024];

static void
note(void *arg, const char *text)
{
	(void)arg;
	(void)snprintf(told, sizeof(told), "%s", text);
}

/* A preview that is refused, as far as it gets. */
static enum vl_status
refused(void *arg, struct vl_err *err)
{
	struct vl_import_opts opts = importer_opts();
	struct vl_apply_ui ui = *opts.ui;
	enum vl_status st = VL_OK;

	(void)arg;
	told[0] = '\0';
	ui.note = note;
	opts.ui = &ui;
	opts.preview = true;
	st = importer_run(&opts, err);
	assert_int_not_equal(VL_OK, st);
	return st == VL_EREFUSED ? VL_OK : st;
}

static void
rows_stay_old(void *arg, enum vl_status st)
{
	(void)arg, (void)st;
	assert_true(is(&before) && rows_are(&old_rows));
}

static void
keys_that_do_not_hold_here_are_told_whichever_call_fails(void **state)
{
	static const char unique[] = ",\"key \\\"mail\\\" BINARY\"";
	const struct sweep_work w = {
		.before = reset_both, .work = refused, .after = rows_stay_old
	};
	const char *at = strstr(lines, unique);
	char loose[sizeof(lines)];
	struct vl_err err = { 0 };

	(void)state;
	(void)snprintf(loose, sizeof(loose), "%.*s%s", (int)(at - lines), lines,
	    at + strlen(unique));
	bring(loose, TIED);
	target = "create table person(id text primary key, mail text not null,"
	         " age integer);"
	         "create table post(id integer primary key, title text not null"
	         " unique, author text references person(id));"
	         "insert into person values ('y', 'ada', 30), ('z', 'ada', 1);";
	importer_site(WITH_ROWS PROFILE);
	reset_both(NULL);
	vl_buf_clear(&before);
	vl_buf_clear(&old_rows);
	look_below(&before, "world");
	look_at_rows(&old_rows);
	assert_int_equal(VL_OK, refused(NULL, &err));
	assert_non_null(
	    strstr(told, "table 'person', here: 2 rows share 1 key"));
	assert_true(sweep_all(&w, PLANTED) > 60);
	/* It is refused, whether or not more can be told of it. */
	if (DOORS_FAIL || CALLS_FAIL)
		assert_in_range(sweep.survived, 0, SURVIVED);
	target = there;
	bring(lines, TIED);
}

static void
a_plan_is_written_whole_or_not_whichever_call_fails(void **state)
{
	const struct sweep_work w = {
		.before = without_plan, .work = write_plan, .after = is_planned
	};

	(void)state;
	use_both(WITH_ROWS PROFILE);
	assert_true(sweep_all(&w, PLANTED) > 60);
	assert_in_range(sweep.survived, 0, SURVIVED);
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
	assert_true(sweep_all(&w, PLANTED) > 120);
	assert_in_range(sweep.survived, 0, SURVIVED);
}

/* Paths stay, and a row is another one here. */
static void
so_is_one_by_a_plan_that_was_edited(void **state)
{
	const struct sweep_work w = {
		.before = reset_both, .work = obey_plan, .after = both_end
	};
	struct vl_err err = { 0 };

	(void)state;
	use_both(WITH_ROWS PROFILE);
	without_plan(NULL);
	assert_int_equal(VL_OK, write_plan(NULL, &err));
	edit_plan("\"path\":\"l\"", "skip", "");
	edit_plan("\"path\":\"d/y\"", "skip", "");
	edit_plan("\"key\":[\"blaise\"]", "map", ",\"to\":[\"carla\"]");
	wanted = WANTED_BUT_BLAISE;
	next = obey_plan;
	use_both(WITH_ROWS PROFILE);
	assert_false(is_there("world/tree/l"));
	assert_true(sweep_all(&w, PLANTED) > 120);
	assert_in_range(sweep.survived, 0, SURVIVED);
	next = import;
	wanted = WANTED;
}

static void
is_recovered(void *arg, enum vl_status st)
{
	(void)arg;
	if (st != VL_OK || recovery.state_lost)
		recover_now();
	/* What could not be cleaned stands beside it until the next run. */
	if (!(is_tree(&old_tree) && rows_are(&old_rows)) &&
	    !(is_tree(&new_tree) && rows_are(&new_rows)))
		fail_msg("recovery leaves neither the old nor the new");
	both_end(NULL, VL_EPENDING);
}

static void
sweep_recovery(void (*before_it)(void *), const char *const *doors, size_t n)
{
	char door[32];
	const struct sweep_work w = { .arg = door,
		.before = before_it,
		.work = recover,
		.after = is_recovered };
	size_t i = 0;

	use_both(WITH_ROWS PROFILE);
	start = reset_both;
	for (i = 0; i < n; i++) {
		(void)snprintf(door, sizeof(door), "%s", doors[i]);
		assert_true(sweep_all(&w, PLANTED) > 5);
		assert_in_range(sweep.survived, 0, SURVIVED);
	}
}

/* Before the transaction, in it, behind it, applied, ended. */
static const char *const moments[] = { "vl_dbs_take", "vl_dbs_row_put",
	"vl_dbs_settle", "vl_stage_redo", "vl_ledger_save" };

static void
recovery_asks_the_databases_whichever_call_fails(void **state)
{
	(void)state;
	sweep_recovery(killed, moments, sizeof(moments) / sizeof(moments[0]));
}

/* Those that are committed say so, and the staging which they are. */
static void
so_it_does_where_the_state_is_lost(void **state)
{
	(void)state;
	sweep_recovery(killed_and_lost, moments + 1, 3);
}

/* Its rows are written and not decided. */
static void
a_run_that_works_is_seen_and_left_alone(void **state)
{
	(void)state;
	use_both(WITH_ROWS PROFILE);
	start = reset_both;
	seen_at("vl_dbs_commit", RESEAL_SITE);
	assert_true(rows_are(&old_rows));
}

static int
begin(void **state)
{
	sweep.said = SAID;
	sweep.step = getenv("VALISE_TEST_ALL") != NULL ? 1 : SAMPLE(13);
	return both_begin(state);
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
		cmocka_unit_test(so_they_do_where_a_file_gets_another_name),
		cmocka_unit_test(so_they_do_where_a_value_is_in_a_body),
		cmocka_unit_test(
		    keys_that_do_not_hold_here_are_told_whichever_call_fails),
		cmocka_unit_test(
		    a_plan_is_written_whole_or_not_whichever_call_fails),
		cmocka_unit_test(
		    an_import_by_a_plan_is_all_or_nothing_whichever_call_fails),
		cmocka_unit_test(so_is_one_by_a_plan_that_was_edited),
		cmocka_unit_test(
		    recovery_asks_the_databases_whichever_call_fails),
		cmocka_unit_test(a_run_that_works_is_seen_and_left_alone),
		cmocka_unit_test(so_it_does_where_the_state_is_lost),
	};

	return cmocka_run_group_tests(tests, begin, both_free);
}
