/* Another program, run for the text that it prints, or to talk with. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <valise/run.h>

#define PIECE    4096
#define PATH_SET "PATH=/usr/local/bin:/usr/bin:/bin"

int64_t
vl_program_now(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int
set_actions(posix_spawn_file_actions_t *actions, const struct vl_child *theirs)
{
	const int out = theirs->from;
	int rc = theirs->to < 0 ?
	    posix_spawn_file_actions_addopen(
	        actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0) :
	    posix_spawn_file_actions_adddup2(actions, theirs->to, STDIN_FILENO);

	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(
		    actions, out, STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_addopen(
		    actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	return rc;
}

/* A group of its own, so that all of it can be ended; signals as a program
 * expects them. */
static int
set_attributes(posix_spawnattr_t *attr)
{
	sigset_t signals;

	(void)sigemptyset(&signals);
	(void)posix_spawnattr_setsigmask(attr, &signals);
	(void)sigaddset(&signals, SIGPIPE);
	(void)sigaddset(&signals, SIGXFSZ);
	(void)posix_spawnattr_setsigdefault(attr, &signals);
	(void)posix_spawnattr_setpgroup(attr, 0);
	return posix_spawnattr_setflags(attr,
	    POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
	        POSIX_SPAWN_SETPGROUP);
}

/* `theirs`: its ends; `to` is -1 where it has nothing to read. */
static enum vl_status
start(struct vl_child *theirs, char *const *words, struct vl_err *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	const char *path = getenv("PATH");
	char *set = NULL;
	char *environment[2] = { NULL, NULL };
	int rc = 0;

	if (path == NULL ? (set = strdup(PATH_SET)) == NULL :
	                   asprintf(&set, "PATH=%s", path) < 0)
		return vl_fail_memory(err);
	environment[0] = set;
	rc = posix_spawn_file_actions_init(&actions);
	if (rc == 0) {
		rc = posix_spawnattr_init(&attr);
		if (rc == 0) {
			rc = set_actions(&actions, theirs);
			if (rc == 0)
				rc = set_attributes(&attr);
			if (rc == 0)
				rc = posix_spawnp(&theirs->pid, words[0],
				    &actions, &attr, words, environment);
			(void)posix_spawnattr_destroy(&attr);
		}
		(void)posix_spawn_file_actions_destroy(&actions);
	}
	free(set);
	return rc == 0 ? VL_OK :
	                 vl_fail(err, VL_EUSAGE, "cannot run '%s': %s",
	                     words[0], strerror(rc));
}

/* 1: something may be read or written; 0: the time is up; -1 with errno. */
static int
wait_until(int fd, short events, int64_t end)
{
	struct pollfd wait = { .fd = fd, .events = events };
	int64_t left = 0;
	int n = 0;

	do {
		left = end - vl_program_now();
		if (left <= 0)
			return 0;
		n = poll(&wait, 1, (int)left);
	} while (n == 0 || (n < 0 && errno == EINTR));
	return n;
}

/* It has ended by then, as `how` says. */
static bool
has_ended(pid_t pid, int *how, int64_t end)
{
	const struct timespec pause = { 0, 10000000 };
	pid_t got = 0;

	*how = 0;
	while ((got = waitpid(pid, how, WNOHANG)) == 0 ||
	    (got < 0 && errno == EINTR)) {
		if (vl_program_now() > end)
			return false;
		(void)nanosleep(&pause, NULL);
	}
	return true;
}

static enum vl_status
fail_late(const struct vl_program *p, struct vl_err *err)
{
	return vl_fail(err, VL_EUSAGE, "'%s' takes longer than %u s",
	    p->words[0], p->seconds);
}

/* Until it has printed all, or its time is up. */
static enum vl_status
read_all(int in, struct vl_buf *out, const struct vl_program *p, int64_t end,
    struct vl_err *err)
{
	size_t before = out->n;
	size_t room = 0;
	ssize_t n = 0;

	for (;;) {
		n = wait_until(in, POLLIN, end);
		if (n < 0)
			return vl_fail_errno(err, "cannot wait");
		if (n == 0)
			return fail_late(p, err);
		/* One byte more than it may print tells that it does. */
		room = p->max + 1 - (out->n - before);
		if (room > PIECE)
			room = PIECE;
		if (vl_buf_reserve(out, room, err) != VL_OK)
			return err->status;
		n = read(in, out->p + out->n, room);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return vl_fail_errno(
			    err, "cannot read from '%s'", p->words[0]);
		if (n == 0)
			return VL_OK;
		out->n += (size_t)n;
		if (out->n - before > p->max)
			return vl_fail(err, VL_EUSAGE,
			    "'%s' prints more than %zu bytes", p->words[0],
			    p->max);
	}
}

/* With everything that it has started. */
static void
kill_all(pid_t pid)
{
	(void)kill(-pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* It has closed its output; it may go on for the rest of its time. */
static enum vl_status
wait_for(pid_t pid, const struct vl_program *p, int64_t end, struct vl_err *err)
{
	int how = 0;

	if (!has_ended(pid, &how, end)) {
		kill_all(pid);
		return fail_late(p, err);
	}
	if (WIFEXITED(how) && WEXITSTATUS(how) != 0)
		return vl_fail(err, VL_EUSAGE, "'%s' ends with %d", p->words[0],
		    WEXITSTATUS(how));
	if (!WIFEXITED(how))
		return vl_fail(
		    err, VL_EUSAGE, "'%s' was ended by a signal", p->words[0]);
	return VL_OK;
}

enum vl_status
vl_program_output(
    struct vl_buf *out, const struct vl_program *p, struct vl_err *err)
{
	const int64_t end = vl_program_now() + (int64_t)p->seconds * 1000;
	struct vl_child theirs = { .pid = -1, .to = -1 };
	int ends[2] = { -1, -1 };
	enum vl_status st = VL_OK;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return vl_fail_errno(err, "cannot make a pipe");
	theirs.from = ends[1];
	st = start(&theirs, p->words, err);
	(void)close(ends[1]);
	if (st == VL_OK) {
		st = read_all(ends[0], out, p, end, err);
		if (st != VL_OK)
			kill_all(theirs.pid);
		else
			st = wait_for(theirs.pid, p, end, err);
	}
	(void)close(ends[0]);
	return st;
}

enum vl_status
vl_program_begin(struct vl_child *out, char *const *words, struct vl_err *err)
{
	struct vl_child theirs = { .pid = -1 };
	int in[2] = { -1, -1 };
	int from[2] = { -1, -1 };
	enum vl_status st = VL_OK;

	*out = (struct vl_child){ .pid = -1, .to = -1, .from = -1 };
	if (pipe2(in, O_CLOEXEC) != 0)
		return vl_fail_errno(err, "cannot make a pipe");
	if (pipe2(from, O_CLOEXEC) != 0) {
		st = vl_fail_errno(err, "cannot make a pipe");
		(void)close(in[0]);
		(void)close(in[1]);
		return st;
	}
	theirs.to = in[0];
	theirs.from = from[1];
	st = start(&theirs, words, err);
	(void)close(in[0]);
	(void)close(from[1]);
	if (st == VL_OK &&
	    (fcntl(in[1], F_SETFL, O_NONBLOCK) != 0 ||
	        fcntl(from[0], F_SETFL, O_NONBLOCK) != 0)) {
		st = vl_fail_errno(err, "cannot talk with '%s'", words[0]);
		kill_all(theirs.pid);
	}
	if (st == VL_OK) {
		*out = (struct vl_child){ theirs.pid, in[1], from[0] };
		return VL_OK;
	}
	(void)close(in[1]);
	(void)close(from[0]);
	return st;
}

enum vl_status
vl_program_wait(int fd, short events, int64_t end, struct vl_err *err)
{
	const int n = wait_until(fd, events, end);

	if (n == 0)
		return vl_fail(err, VL_EIO, "it takes too long");
	return n > 0 ? VL_OK : vl_fail_errno(err, "cannot wait");
}

void
vl_program_end(struct vl_child *c, unsigned seconds)
{
	const int64_t end = vl_program_now() + (int64_t)seconds * 1000;
	int how = 0;

	if (c->pid < 0)
		return;
	(void)close(c->to);
	(void)close(c->from);
	if (!has_ended(c->pid, &how, end))
		kill_all(c->pid);
	c->pid = -1;
}
