/*
 * Looking at paths.  Only directories and regular files are ever opened:
 * the open of a FIFO or a device has effects of its own.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "look.h"

static struct timespec
time_of(struct statx_timestamp t)
{
	return (
	    struct timespec){ .tv_sec = t.tv_sec, .tv_nsec = (long)t.tv_nsec };
}

bool
vl_look_at(struct look *look, int dirfd, const char *name)
{
	const unsigned want = STATX_BASIC_STATS | STATX_MNT_ID;
	const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH;
	struct stat *st = &look->st;
	struct statx x = { 0 };

	memset(look, 0, sizeof(*look));
	if (statx(dirfd, name, flags, want, &x) != 0)
		return false;
	st->st_dev = makedev(x.stx_dev_major, x.stx_dev_minor);
	st->st_ino = x.stx_ino;
	st->st_nlink = x.stx_nlink;
	st->st_mode = x.stx_mode;
	st->st_uid = x.stx_uid;
	st->st_gid = x.stx_gid;
	st->st_rdev = makedev(x.stx_rdev_major, x.stx_rdev_minor);
	st->st_size = (off_t)x.stx_size;
	st->st_blksize = (blksize_t)x.stx_blksize;
	st->st_blocks = (blkcnt_t)x.stx_blocks;
	st->st_atim = time_of(x.stx_atime);
	st->st_mtim = time_of(x.stx_mtime);
	st->st_ctim = time_of(x.stx_ctime);
	if (x.stx_mask & STATX_MNT_ID)
		look->mount = x.stx_mnt_id;
	return true;
}

bool
vl_look_same(const struct look *a, const struct look *b)
{
	return a->st.st_dev == b->st.st_dev && a->st.st_ino == b->st.st_ino &&
	    (a->st.st_mode & S_IFMT) == (b->st.st_mode & S_IFMT);
}

int
vl_look_open(int dirfd, const char *name, int flags)
{
	int fd = -1;

	flags |= O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	fd = openat(dirfd, name, flags | O_NOATIME);
	if (fd < 0 && errno == EPERM) /* only its owner may ask for that */
		fd = openat(dirfd, name, flags);
	return fd;
}

void
vl_look_close(int fd)
{
	int saved = errno;

	if (fd >= 0)
		(void)close(fd);
	errno = saved;
}

bool
vl_look_proc(char path[VL_LOOK_PROC_MAX], int dirfd, const char *name)
{
	int n = snprintf(
	    path, VL_LOOK_PROC_MAX, "/proc/self/fd/%d/%s", dirfd, name);

	if (n > 0 && n < VL_LOOK_PROC_MAX)
		return true;
	errno = ENAMETOOLONG;
	return false;
}

bool
vl_look_proc_failed(void)
{
	if (errno == ENOENT)
		errno = access("/proc/self/fd", F_OK) == 0 ? ENOENT : ENXIO;
	return false;
}

/* Close `fd` and say that it is not what was seen. */
static int
stale(int fd)
{
	vl_look_close(fd);
	errno = ESTALE;
	return -1;
}

/* Open what `pathfd`, an O_PATH descriptor of a regular file, stands for. */
static int
open_again(int pathfd)
{
	char path[VL_LOOK_PROC_MAX];
	const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = -1;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", pathfd);
	fd = open(path, flags | O_NOATIME);
	if (fd < 0 && errno == EPERM)
		fd = open(path, flags);
	if (fd < 0)
		(void)vl_look_proc_failed();
	return fd;
}

int
vl_look_file(struct look *seen, int dirfd, const char *name, bool wary)
{
	struct look look = { 0 };
	int fd = -1;
	int pathfd = -1;

	if (!S_ISREG(seen->st.st_mode))
		return stale(-1);
	if (!wary)
		fd = vl_look_open(dirfd, name, 0);
	else
		fd = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (!vl_look_at(&look, fd, "")) {
		vl_look_close(fd);
		return -1;
	}
	if (!vl_look_same(&look, seen))
		return stale(fd);
	if (wary) {
		pathfd = fd;
		fd = open_again(pathfd);
		vl_look_close(pathfd);
	}
	if (fd >= 0)
		*seen = look;
	return fd;
}

bool
vl_look_exhausted(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM;
}
