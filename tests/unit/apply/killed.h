#ifndef TEST_APPLY_KILLED_H
#define TEST_APPLY_KILLED_H

/* An import that ends when it comes to a door (doors.h), and what recovers
 * it. */

#include <sys/wait.h>

#include "outcome.h"

static void (*start)(void *arg) = reset; /* makes the target as it was */

/* Begin an import that ends, or does `at_door`, at the door `arg`. */
static inline pid_t
begin_to_kill(const char *door)
{
	struct vl_pool *own = NULL;
	struct vl_err err = { 0 };
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		kill_at = door;
		/* Threads do not come along. */
		if (vl_pool_new(&own, 1, &err) == VL_OK)
			(void)import_with(own, false, &err);
		_exit(1);
	}
	return pid;
}

static inline void
kill_it_at(const char *door)
{
	int status = 0;
	pid_t pid = begin_to_kill(door);

	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_true(WIFEXITED(status));
	assert_int_equal(KILLED, WEXITSTATUS(status));
}

/* Of the target as it was; `arg` is the door. */
static inline void
killed(void *arg)
{
	start(NULL);
	kill_it_at(arg);
}

/* Words of the recovery; site, state and ui are those of importer.h. */
static struct vl_recover_opts recovery;
static enum vl_recovered recovered; /* by the last one that went well */

static inline enum vl_status
recover(void *arg, struct vl_err *err)
{
	const struct vl_apply_ui ui = importer_ui();
	struct vl_recover_opts opts = recovery;
	struct vl_status_report report = { 0 };
	enum vl_status st = importer_state(&opts.state, err);

	(void)arg;
	opts.site = site;
	opts.ui = &ui;
	if (st == VL_OK && !opts.state_lost)
		st = vl_apply_status(opts.state, site, &report, err);
	if (st == VL_OK)
		st = vl_apply_recover(&opts, &recovered, err);
	vl_ledger_free(&report.ledger);
	vl_state_free(opts.state);
	return st;
}

/* A recovery that nothing happens to. */
static inline void
recover_now(void)
{
	struct vl_err err = { 0 };
	enum vl_status st = recover(NULL, &err);

	/* Once there is a journal again, the state is no longer lost. */
	if (st == VL_EUSAGE && recovery.state_lost) {
		recovery.state_lost = false;
		st = recover(NULL, &err);
	}
	if (st != VL_OK)
		fail_msg("the next recovery does not end it: %s", err.text);
	recovery.state_lost = false;
}

static inline void
killed_and_lost(void *arg)
{
	struct vl_err err = { 0 };

	killed(arg);
	recovery.state_lost = true;
	assert_int_equal(VL_OK, vl_remove_tree(folder_fd(), "state", &err));
}

#endif
