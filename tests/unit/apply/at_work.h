#ifndef TEST_APPLY_AT_WORK_H
#define TEST_APPLY_AT_WORK_H

/* An import that still works, at a door (doors.h) before its decision, while
 * others look. */

#include "killed.h"

static int pipes[2][2];

static inline void
wait_there(void)
{
	char byte = 0;

	(void)!write(pipes[0][1], "", 1);
	(void)close(pipes[1][1]);
	(void)!read(pipes[1][0], &byte, 1);
}

/* One that stands at the door is of that site, as far as anybody knows. */
static inline void
seen_at(const char *door, const char *of)
{
	struct vl_status_report report = { 0 };
	struct vl_state *s = NULL;
	struct vl_err err = { 0 };
	int status = 0;
	char byte = 0;
	pid_t pid = 0;

	start(NULL);
	assert_int_equal(0, pipe(pipes[0]));
	assert_int_equal(0, pipe(pipes[1]));
	at_door = wait_there;
	pid = begin_to_kill(door);
	at_door = NULL;
	assert_int_equal(1, read(pipes[0][0], &byte, 1));
	assert_int_equal(VL_OK, importer_state(&s, &err));
	assert_int_equal(VL_OK, vl_apply_status(s, site, &report, &err));
	assert_true(report.locked);
	assert_string_equal(of, report.site);
	vl_ledger_free(&report.ledger);
	vl_state_free(s);
	assert_int_equal(VL_ELOCKED, recover(NULL, &err));
	assert_true(is_tree(&old_tree));
	(void)close(pipes[1][1]);
	assert_int_equal(pid, waitpid(pid, &status, 0));
	(void)close(pipes[0][0]);
	(void)close(pipes[0][1]);
	(void)close(pipes[1][0]);
	if (recover(NULL, &err) != VL_OK)
		fail_msg("%s", err.text);
	assert_true(is(&before));
}

#endif
