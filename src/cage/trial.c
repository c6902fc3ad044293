/*
 * Attempts to get out, each by a child of its own that is locked as the
 * reader of bundles is: once with Landlock alone, where the kernel should say
 * no, and once with the list of system calls as well, where it should end the
 * child.
 */

#include "private.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/in.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRIAL_DATA ((size_t)64 << 20)

enum {
	ESCAPED = 0,
	REFUSED = 1,
	NOT_LOCKED = 2
};

static bool
try_open(void)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0;
}

/* It leaves nothing where it succeeds. */
static bool
try_create(void)
{
	return open("/tmp", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600) >= 0;
}

/* Nobody may listen there: who may ask is told so. */
static bool
try_connect(void)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htobe16(9),
		.sin_addr.s_addr = htobe32(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd >= 0 &&
	    (connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0 ||
	        (errno != EACCES && errno != EPERM));
}

static bool
try_run(void)
{
	char name[] = "/bin/true";
	char *const words[] = { name, NULL };

	(void)execv(name, words);
	/* What runs is no child without rights any more. */
	return false;
}

static bool
try_trace(void)
{
	return ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) == 0;
}

static bool
try_signal(void)
{
	return kill(getppid(), 0) == 0;
}

static bool
try_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC,
	           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static const struct attempt {
	const char *name;
	bool (*escapes)(void);
	int landlock; /* the ABI that forbids it; 0: only the list does */
} attempts[] = {
	{ "open a file, by Landlock", try_open, 1 },
	{ "create a file, by Landlock", try_create, 1 },
	{ "run a program, by Landlock", try_run, 1 },
	{ "trace its parent, by Landlock", try_trace, 1 },
	{ "connect to the network, by Landlock", try_connect, 4 },
	{ "send its parent a signal, by Landlock", try_signal, 6 },
	{ "open a file, by system calls", try_open, 0 },
	{ "create a file, by system calls", try_create, 0 },
	{ "run a program, by system calls", try_run, 0 },
	{ "trace its parent, by system calls", try_trace, 0 },
	{ "connect to the network, by system calls", try_connect, 0 },
	{ "send its parent a signal, by system calls", try_signal, 0 },
	{ "run what it wrote, by system calls", try_code, 0 },
};

static _Noreturn void
attempt(const struct attempt *a)
{
	const struct cage_limits limits = { TRIAL_DATA, 60 };

	if (!cage_close_others(NULL, 0) || !cage_lock(&limits) ||
	    (a->landlock == 0 && !vl_cage_shut()))
		_exit(NOT_LOCKED);
	_exit(a->escapes() ? ESCAPED : REFUSED);
}

const char *
vl_cage_trial(size_t i, enum vl_cage_held *held, struct vl_err *err)
{
	const struct attempt *a = &attempts[i];
	pid_t pid = -1;
	int how = 0;

	if (i >= sizeof(attempts) / sizeof(attempts[0]))
		return NULL;
	*held = VL_CAGE_NOT_TRIED;
	if (a->landlock > 0 ? cage_landlock_abi() < a->landlock :
	                      CAGE_SANITIZED || !cage_can_filter())
		return a->name;
	pid = fork();
	if (pid == 0)
		attempt(a);
	while (pid > 0 && waitpid(pid, &how, 0) < 0 && errno == EINTR)
		;
	if (pid < 0 || (WIFEXITED(how) && WEXITSTATUS(how) == NOT_LOCKED)) {
		(void)vl_fail(
		    err, VL_EIO, "a child could not be started and locked in");
		return a->name;
	}
	/* Only the kernel's own word counts: its no, or the end. */
	if (a->landlock > 0)
		*held = WIFEXITED(how) && WEXITSTATUS(how) == REFUSED ?
		    VL_CAGE_HELD :
		    VL_CAGE_ESCAPED;
	else
		*held = WIFSIGNALED(how) && WTERMSIG(how) == SIGSYS ?
		    VL_CAGE_HELD :
		    VL_CAGE_ESCAPED;
	return a->name;
}
