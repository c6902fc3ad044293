/*
 * What a child gives up before it meets a byte of a bundle.  The constants of
 * Landlock are our own: the headers of Debian 12 are older than its kernels
 * may be, and the kernel is asked for what it has when the program runs.
 */

#include "private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DESCRIPTORS_MAX 64
/* The chunk map is the one file it writes: 2^32 rows. */
#define FILE_MAX_BYTES (UINT64_C(256) << 30)

#define LANDLOCK_CREATE  444
#define LANDLOCK_ENFORCE 446
#define LANDLOCK_VERSION 1u

struct ruleset {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

int
cage_landlock_abi(void)
{
	long abi = syscall(LANDLOCK_CREATE, NULL, (size_t)0, LANDLOCK_VERSION);

	return abi > 0 ? (int)abi : 0;
}

/* All that this ABI can forbid. */
static size_t
fill_ruleset(struct ruleset *r, int abi)
{
	/* 13 rights of files in the first ABI, then REFER, TRUNCATE, and
	 * IOCTL_DEV in the fifth. */
	const unsigned rights = abi >= 5 ? 16 :
	    abi >= 3                     ? 15 :
	    abi == 2                     ? 14 :
	                                   13;

	r->fs = (UINT64_C(1) << rights) - 1;
	r->net = abi >= 4 ? 3 : 0;    /* bind and connect TCP */
	r->scoped = abi >= 6 ? 3 : 0; /* abstract sockets, signals */
	return abi >= 6 ? sizeof(*r) :
	    abi >= 4    ? offsetof(struct ruleset, scoped) :
	                  offsetof(struct ruleset, net);
}

/* A set of rules with none in it: nothing is allowed. */
static bool
enforce_landlock(void)
{
	struct ruleset rules = { 0 };
	const int abi = cage_landlock_abi();
	size_t size = 0;
	bool ok = false;
	int fd = -1;

	if (abi == 0)
		return true;
	size = fill_ruleset(&rules, abi);
	fd = (int)syscall(LANDLOCK_CREATE, &rules, size, 0u);
	if (fd < 0)
		return false;
	ok = syscall(LANDLOCK_ENFORCE, fd, 0u) == 0;
	(void)close(fd);
	return ok;
}

static bool
limit(int what, uint64_t n, uint64_t hard)
{
	struct rlimit bound = { 0 };

	/* What is lower already stays so. */
	if (getrlimit((__rlimit_resource_t)what, &bound) != 0)
		return false;
	if (bound.rlim_max > hard)
		bound.rlim_max = hard;
	bound.rlim_cur = n < bound.rlim_max ? n : bound.rlim_max;
	return setrlimit((__rlimit_resource_t)what, &bound) == 0;
}

bool
cage_close_others(const int *keep, size_t n)
{
	unsigned from = STDERR_FILENO + 1;
	size_t i = 0;
	int fd = open("/dev/null", O_RDWR);

	if (fd < 0)
		return false;
	/* A sanitizer says on stderr what it found. */
	if (dup2(fd, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0 ||
	    (!CAGE_SANITIZED && dup2(fd, STDERR_FILENO) < 0))
		return false;
	for (i = 0; i < n; i++) {
		if (from < (unsigned)keep[i] &&
		    close_range(from, (unsigned)keep[i] - 1, 0) != 0)
			return false;
		from = (unsigned)keep[i] + 1;
	}
	return close_range(from, ~0u, 0) == 0;
}

bool
cage_lock(const struct cage_limits *limits)
{
	/* What stops a run is for the parent to see: it ends the child. */
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT,
		SIGTSTP, SIGPIPE, SIGXFSZ };
	size_t i = 0;

	for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		(void)signal(ignored[i], SIG_IGN);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return false;
	if (!limit(RLIMIT_CORE, 0, 0) ||
	    !limit(RLIMIT_NOFILE, DESCRIPTORS_MAX, DESCRIPTORS_MAX) ||
	    !limit(RLIMIT_FSIZE, FILE_MAX_BYTES, FILE_MAX_BYTES) ||
	    !limit(RLIMIT_CPU, limits->seconds, RLIM_INFINITY))
		return false;
	if (!CAGE_SANITIZED &&
	    !limit(RLIMIT_DATA, limits->private, limits->private))
		return false;
	return enforce_landlock();
}
