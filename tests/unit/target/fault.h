#ifndef FAULT_H
#define FAULT_H

/*
 * Every call that changes something on disk asks here first (ld --wrap): the
 * n-th from arming on fails with an errno, or the process ends in its place.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "world.h"

enum fault_kind {
	FAULT_NONE,
	FAULT_ERRNO,
	FAULT_KILL
};

static struct {
	enum fault_kind kind;
	unsigned at; /* the call that fails; counted from 1 */
	unsigned met;
	int error;
	bool room; /* it met an attribute that found no room */
} fault;

static inline void
fault_arm(enum fault_kind kind, unsigned at, int error)
{
	fault.kind = kind;
	fault.at = at;
	fault.met = 0;
	fault.error = error;
	fault.room = false;
}

static inline bool
fault_fired(void)
{
	return fault.met >= fault.at;
}

static inline bool
fault_hits(void)
{
	if (fault.kind == FAULT_NONE ||
	    __atomic_add_fetch(&fault.met, 1, __ATOMIC_SEQ_CST) != fault.at)
		return false;
	if (fault.kind == FAULT_KILL)
		_exit(77);
	errno = fault.error;
	return true;
}

#define WRAP(name, parameters, arguments)                                      \
	int __real_##name parameters;                                          \
	int __wrap_##name parameters;                                          \
	int __wrap_##name parameters                                           \
	{                                                                      \
		return fault_hits() ? -1 : __real_##name arguments;            \
	}

WRAP(renameat, (int a, const char *b, int c, const char *d), (a, b, c, d))
WRAP(renameat2, (int a, const char *b, int c, const char *d, unsigned f),
    (a, b, c, d, f))
/* Calls that only look are asked about, too. */
static bool fault_looks;

int __real_fstatat(int, const char *, struct stat *, int);
int __wrap_fstatat(int, const char *, struct stat *, int);

int
__wrap_fstatat(int dirfd, const char *name, struct stat *st, int flags)
{
	return fault_looks && fault_hits() ?
	    -1 :
	    __real_fstatat(dirfd, name, st, flags);
}

int __real_fstat(int, struct stat *);
int __wrap_fstat(int, struct stat *);
int __real_statx(int, const char *, int, unsigned, struct statx *);
int __wrap_statx(int, const char *, int, unsigned, struct statx *);

int
__wrap_fstat(int fd, struct stat *st)
{
	return fault_looks && fault_hits() ? -1 : __real_fstat(fd, st);
}

int
__wrap_statx(
    int dirfd, const char *name, int flags, unsigned mask, struct statx *sx)
{
	return fault_looks && fault_hits() ?
	    -1 :
	    __real_statx(dirfd, name, flags, mask, sx);
}

/* A file system where a file has one name. */
static bool fault_no_links;

int __real_linkat(int, const char *, int, const char *, int);
int __wrap_linkat(int, const char *, int, const char *, int);

int
__wrap_linkat(int a, const char *b, int c, const char *d, int f)
{
	if (fault_hits())
		return -1;
	errno = EPERM;
	return fault_no_links ? -1 : __real_linkat(a, b, c, d, f);
}

WRAP(unlinkat, (int a, const char *b, int f), (a, b, f))
WRAP(mkdirat, (int a, const char *b, mode_t m), (a, b, m))
WRAP(symlinkat, (const char *a, int b, const char *c), (a, b, c))
/* A user who may not change modes. */
static bool fault_no_modes;

int __real_fchmodat(int, const char *, mode_t, int);
int __wrap_fchmodat(int, const char *, mode_t, int);

int
__wrap_fchmodat(int a, const char *b, mode_t m, int f)
{
	if (fault_hits())
		return -1;
	errno = EPERM;
	return fault_no_modes ? -1 : __real_fchmodat(a, b, m, f);
}

WRAP(fchownat, (int a, const char *b, uid_t u, gid_t g, int f), (a, b, u, g, f))

/* A file system that keeps whole seconds takes a time off its fraction. */
static bool fault_seconds;

static inline const struct timespec *
fault_times(struct timespec kept[2], const struct timespec t[2])
{
	kept[0] = t[0];
	kept[1] = t[1];
	if (fault_seconds)
		kept[1].tv_nsec = 0;
	return kept;
}

int __real_utimensat(int, const char *, const struct timespec[2], int);
int __wrap_utimensat(int, const char *, const struct timespec[2], int);
int __real_futimens(int, const struct timespec[2]);
int __wrap_futimens(int, const struct timespec[2]);

int
__wrap_utimensat(int a, const char *b, const struct timespec t[2], int f)
{
	struct timespec kept[2];

	return fault_hits() ? -1 :
	                      __real_utimensat(a, b, fault_times(kept, t), f);
}

int
__wrap_futimens(int a, const struct timespec t[2])
{
	struct timespec kept[2];

	return fault_hits() ? -1 : __real_futimens(a, fault_times(kept, t));
}

static inline bool
fault_hits_attr(void)
{
	if (!fault_hits())
		return false;
	fault.room = fault.error == ENOSPC;
	return true;
}

WRAP(mkfifoat, (int a, const char *b, mode_t m), (a, b, m))
WRAP(mknodat, (int a, const char *b, mode_t m, dev_t d), (a, b, m, d))
/* A file system that forgets attributes. */
static bool fault_no_attrs;

int __real_fsetxattr(int, const char *, const void *, size_t, int);
int __wrap_fsetxattr(int, const char *, const void *, size_t, int);

/* As many bytes of values as an entry takes; 0: any. */
static size_t fault_room;

static inline bool
fault_full(int fd, const char *name, size_t n)
{
	char names[4096];
	const char *one = names;
	ssize_t got = flistxattr(fd, names, sizeof(names));
	ssize_t size = 0;

	for (; one < names + got; one += strlen(one) + 1) {
		size = fgetxattr(fd, one, NULL, 0);
		if (size > 0 && strcmp(one, name) != 0)
			n += (size_t)size;
	}
	return fault_room > 0 && n > fault_room;
}

int
__wrap_fsetxattr(int a, const char *b, const void *c, size_t n, int f)
{
	if (fault_hits_attr())
		return -1;
	if (fault_full(a, b, n)) {
		errno = ENOSPC;
		return -1;
	}
	return fault_no_attrs ? 0 : __real_fsetxattr(a, b, c, n, f);
}

int __real_lsetxattr(const char *, const char *, const void *, size_t, int);
int __wrap_lsetxattr(const char *, const char *, const void *, size_t, int);

int
__wrap_lsetxattr(const char *a, const char *b, const void *c, size_t n, int f)
{
	return fault_hits_attr() ? -1 : __real_lsetxattr(a, b, c, n, f);
}

WRAP(fremovexattr, (int a, const char *b), (a, b))
WRAP(lremovexattr, (const char *a, const char *b), (a, b))

/* A user who may not change what locks an entry. */
static bool fault_no_locks;

/* A file system in user space that believes the number of the call. */
static bool fault_wide;

/* Only of flags; what sets them may fail. */
int __real_ioctl(int fd, unsigned long request, void *arg);
int __wrap_ioctl(int fd, unsigned long request, void *arg);

int
__wrap_ioctl(int fd, unsigned long request, void *arg)
{
	const unsigned lock = FS_IMMUTABLE_FL | FS_APPEND_FL;
	unsigned now = 0;
	long wide = 0;

	if (request == FS_IOC_GETFLAGS && fault_wide) {
		if (__real_ioctl(fd, request, &wide) != 0)
			return -1;
		memcpy(arg, &wide, sizeof(wide));
		return 0;
	}
	if (request != FS_IOC_SETFLAGS)
		return __real_ioctl(fd, request, arg);
	if (fault_hits())
		return -1;
	if (fault_no_locks && __real_ioctl(fd, FS_IOC_GETFLAGS, &now) == 0 &&
	    ((now ^ *(unsigned *)arg) & lock) != 0) {
		errno = EPERM;
		return -1;
	}
	return __real_ioctl(fd, request, arg);
}

int __real_fchmod(int, mode_t);
int __wrap_fchmod(int, mode_t);

int
__wrap_fchmod(int a, mode_t m)
{
	if (fault_hits())
		return -1;
	errno = EPERM;
	return fault_no_modes ? -1 : __real_fchmod(a, m);
}

WRAP(fchown, (int a, uid_t u, gid_t g), (a, u, g))

/* Nothing is lost by a kill, so that nothing need be synced. */
int __wrap_fsync(int fd);
int __wrap_syncfs(int fd);

int
__wrap_fsync(int fd)
{
	(void)fd;
	return fault_hits() ? -1 : 0;
}

int
__wrap_syncfs(int fd)
{
	(void)fd;
	return fault_hits() ? -1 : 0;
}

ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
ssize_t __real_pwrite(int fd, const void *p, size_t n, off_t at);
ssize_t __wrap_pwrite(int fd, const void *p, size_t n, off_t at);
int __real_openat(int dir, const char *name, int flags, ...);
int __wrap_openat(int dir, const char *name, int flags, ...);

/* What has no name is memory, where only the disk counts. */
static bool fault_named;

static inline bool
fault_writes(int fd)
{
	struct stat st;

	if (fault_named && __real_fstat(fd, &st) == 0 && st.st_nlink == 0)
		return false;
	return fault_hits();
}

ssize_t
__wrap_write(int fd, const void *p, size_t n)
{
	return fault_writes(fd) ? -1 : __real_write(fd, p, n);
}

ssize_t
__wrap_pwrite(int fd, const void *p, size_t n, off_t at)
{
	return fault_writes(fd) ? -1 : __real_pwrite(fd, p, n, at);
}

/* Only what makes a file changes something. */
int
__wrap_openat(int dir, const char *name, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	if (flags & O_CREAT) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	if (((flags & O_CREAT) || fault_looks) && fault_hits())
		return -1;
	return __real_openat(dir, name, flags, mode);
}

/* Run `what` in a child that dies at its n-th change; false: it got to its
 * end without. */
static inline bool
killed_at(enum vl_status (*what)(struct world *), struct world *w, unsigned n)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		fault_arm(FAULT_KILL, n, 0);
		if (what(w) == VL_OK)
			_exit(0);
		print_error("%s\n", w->err.text);
		_exit(FAILED);
	}
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_true(WIFEXITED(status));
	assert_int_not_equal(FAILED, WEXITSTATUS(status));
	if (WEXITSTATUS(status) != KILLED)
		assert_int_equal(0, WEXITSTATUS(status));
	return WEXITSTATUS(status) == KILLED;
}

/* False where the file system has no such flag, or this user no right. */
static inline bool
append_only(const char *path, bool on)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool set = fd >= 0 && vl_flags_set(fd, on ? VL_FLAG_APPEND : 0);

	(void)close(fd);
	return set;
}

#endif
