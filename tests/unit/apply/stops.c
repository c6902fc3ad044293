/*
 * An import that is asked to stop, at each of the moments at which it looks:
 * before the decision nothing has changed, behind it all has.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "both.h"

static struct {
	unsigned looks;
	unsigned at; /* the look from which on it is asked to stop; 0: never */
	bool held;
} asked;

static bool
stop(void *arg)
{
	(void)arg;
	asked.looks++;
	return asked.at > 0 && asked.looks >= asked.at && !asked.held;
}

static void
hold(void *arg, bool held)
{
	(void)arg;
	asked.held = held;
}

/* It is asked at its `nth` look. */
static enum vl_status
import_asked(unsigned nth, unsigned wait, struct vl_err *err)
{
	struct vl_import_opts opts = importer_opts();
	struct vl_apply_ui ui = *opts.ui;

	ui.stop = stop;
	ui.hold = hold;
	opts.ui = &ui;
	opts.wait = wait;
	memset(&asked, 0, sizeof(asked));
	asked.at = nth;
	return importer_run(&opts, err);
}

static void
nothing_has_changed_at_whichever_look_it_stops(void **state)
{
	struct vl_err err = { 0 };
	enum vl_status st = VL_ESIGNAL;
	unsigned nth = 0;

	(void)state;
	use_both(WITH_ROWS PROFILE);
	while (st == VL_ESIGNAL) {
		reset_both(NULL);
		st = import_asked(++nth, 0, &err);
		if (st == VL_ESIGNAL && (!is(&before) || !rows_are(&old_rows)))
			fail_msg("stopped at look %u, it has changed", nth);
	}
	if (st != VL_OK)
		fail_msg("look %u: status %d, %s", nth, st, err.text);
	assert_true(is(&after) && rows_are(&new_rows));
	/* It was never asked. */
	assert_int_equal(nth, asked.looks + 1);
	assert_true(nth > 5);
}

static void
it_stops_while_it_waits_for_a_database(void **state)
{
	char path[160];
	sqlite3 *db = NULL;
	struct vl_err err = { 0 };
	unsigned looks = 0;

	(void)state;
	use_both(WITH_ROWS PROFILE);
	reset_both(NULL);
	(void)snprintf(path, sizeof(path), "%s/base/app.db", folder_path);
	assert_int_equal(SQLITE_OK, sqlite3_open(path, &db));
	assert_int_equal(
	    SQLITE_OK, sqlite3_exec(db, "begin exclusive", NULL, NULL, NULL));
	assert_int_equal(VL_ETEMP, import_asked(0, 0, &err));
	looks = asked.looks;
	/* One look more is while it waits. */
	assert_int_equal(VL_ESIGNAL, import_asked(looks + 1, 600, &err));
	assert_non_null(strstr(err.text, "nothing was changed"));
	assert_int_equal(
	    SQLITE_OK, sqlite3_exec(db, "rollback", NULL, NULL, NULL));
	assert_int_equal(SQLITE_OK, sqlite3_close(db));
	assert_true(is(&before) && rows_are(&old_rows));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    nothing_has_changed_at_whichever_look_it_stops),
		cmocka_unit_test(it_stops_while_it_waits_for_a_database),
	};

	return cmocka_run_group_tests(tests, both_begin, both_free);
}
