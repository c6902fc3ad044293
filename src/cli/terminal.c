/*
 * Asking a person.  The terminal is waited for with poll(), so that a signal
 * ends the wait and echo is always turned on again.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <valise/fs.h>

#include "private.h"

#define WAIT_MS 200 /* between looks at the signal flag */

bool
vl_cli_interactive(void)
{
	return isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
}

bool
vl_cli_colour(int fd)
{
	const char *no = getenv("NO_COLOR");

	return (no == NULL || no[0] == '\0') && isatty(fd) == 1;
}

enum vl_status
vl_read_waiting(int fd, void *p, size_t n, size_t *got, struct vl_err *err)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	ssize_t r = 0;

	*got = 0;
	while (*got < n) {
		if (vl_cli_stop())
			return vl_cli_stopped(err);
		if (poll(&wait, 1, WAIT_MS) <= 0)
			continue;
		r = read(fd, (char *)p + *got, n - *got);
		if (r < 0 && errno != EINTR && errno != EAGAIN)
			return vl_fail_errno(err, "cannot read");
		if (r == 0)
			break;
		if (r > 0)
			*got += (size_t)r;
	}
	return VL_OK;
}

/* Bytes until LF or end of input. */
static enum vl_status
read_line(int tty, struct vl_tty_line *line, struct vl_err *err)
{
	struct pollfd wait = { .fd = tty, .events = POLLIN };
	ssize_t got = 0;
	char c = 0;

	line->n = 0;
	for (;;) {
		if (vl_cli_stop())
			return vl_cli_stopped(err);
		if (poll(&wait, 1, WAIT_MS) <= 0)
			continue;
		got = read(tty, &c, 1);
		if (got < 0 && errno != EINTR && errno != EAGAIN)
			return vl_fail_errno(
			    err, "cannot read from the terminal");
		if (got == 0 || (got == 1 && c == '\n'))
			break;
		if (got < 0)
			continue;
		if (line->n + 1 >= line->size)
			return vl_fail(err, VL_EUSAGE, "that line is too long");
		line->text[line->n++] = c;
	}
	line->text[line->n] = '\0';
	return VL_OK;
}

enum vl_status
vl_tty_read(struct vl_tty_line *line, struct vl_err *err)
{
	struct termios before = { 0 };
	struct termios quiet = { 0 };
	sigset_t stops;
	sigset_t old;
	enum vl_status st = VL_OK;
	int tty = -1;

	tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (tty < 0 || tcgetattr(tty, &before) != 0) {
		st = vl_fail(err, VL_EUSAGE, "there is no terminal to ask on");
		goto out;
	}
	vl_progress_clear();
	/* Stopped in the middle, the terminal would be left without echo. */
	(void)sigemptyset(&stops);
	(void)sigaddset(&stops, SIGTSTP);
	(void)sigprocmask(SIG_BLOCK, &stops, &old);
	quiet = before;
	if (line->secret)
		quiet.c_lflag &= ~(tcflag_t)ECHO;
	/* The prompt comes last: what is typed behind it must count. */
	if (tcsetattr(tty, TCSAFLUSH, &quiet) != 0)
		st = vl_fail_errno(err, "cannot turn echo off");
	if (st == VL_OK)
		st = vl_write_all(tty, vl_slice_of(line->prompt), err);
	if (st == VL_OK)
		st = read_line(tty, line, err);
	(void)tcsetattr(tty, TCSAFLUSH, &before);
	if (line->secret)
		(void)vl_write_all(tty, vl_slice_of("\n"), NULL);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
out:
	if (tty >= 0)
		(void)close(tty);
	return st;
}

enum vl_status
vl_cli_ask(const char *question, bool *yes, struct vl_err *err)
{
	char answer[64];
	char prompt[1024];
	struct vl_tty_line line = {
		.prompt = prompt, .text = answer, .size = sizeof(answer)
	};
	enum vl_status st = VL_OK;

	*yes = false;
	(void)snprintf(prompt, sizeof(prompt), "%s [y/N] ", question);
	st = vl_tty_read(&line, err);
	if (st == VL_OK)
		*yes = strcasecmp(answer, "y") == 0 ||
		    strcasecmp(answer, "yes") == 0;
	return st;
}
