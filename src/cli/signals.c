/*
 * Signals that ask to stop.  A handler only notes which one came; work looks
 * at it where it can stop cleanly.  The flags are the one process-wide state
 * that a handler can reach.
 */

#include <signal.h>

#include "private.h"

static volatile sig_atomic_t caught;
static volatile sig_atomic_t held;

static void
note_signal(int number)
{
	caught = number;
}

void
vl_signals_init(void)
{
	static const int asking[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction now = { 0 };
	struct sigaction act = { 0 };
	size_t i = 0;

	act.sa_handler = note_signal;
	/* What must notice a signal while it waits polls for it. */
	act.sa_flags = SA_RESTART;
	(void)sigemptyset(&act.sa_mask);
	for (i = 0; i < sizeof(asking) / sizeof(asking[0]); i++)
		/* nohup and shells' background jobs want it ignored. */
		if (sigaction(asking[i], NULL, &now) == 0 &&
		    now.sa_handler != SIG_IGN)
			(void)sigaction(asking[i], &act, NULL);
	/* Whoever writes to where nobody reads, or more than a file may have,
	 * hears of it, and says so. */
	act.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &act, NULL);
	(void)sigaction(SIGXFSZ, &act, NULL);
}

int
vl_signals_caught(void)
{
	return caught;
}

bool
vl_cli_stop(void)
{
	return caught != 0 && held == 0;
}

enum vl_status
vl_cli_stopped(struct vl_err *err)
{
	const char *name = sigabbrev_np(caught);

	return vl_fail(err, VL_ESIGNAL, "stopped by SIG%s; nothing was changed",
	    name != NULL ? name : "?");
}

void
vl_cli_hold(void)
{
	held = 1;
}

void
vl_cli_release(void)
{
	held = 0;
}
