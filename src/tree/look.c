/*
 * Looking at paths.  Only directories and regular files are ever opened:
 * the open of a FIFO or a device has effects of its own.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <valise/entry.h>

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

/*
 * An SELinux label is given to every file by the policy of its machine and
 * says nothing of the content; all else somebody put there.
 */
static bool
any_attribute(const char *list, size_t n)
{
	const char *end = list + n;

	for (; list < end; list += strlen(list) + 1)
		if (strcmp(list, "security.selinux") != 0)
			return true;
	return false;
}

bool
vl_look_attributes(int dirfd, const char *name)
{
	char path[32 + VL_NAME_MAX];
	char list[1024];
	ssize_t n = 0;

	if (name[0] == '\0') {
		n = flistxattr(dirfd, list, sizeof(list) - 1);
	} else {
		/* By way of the directory: the path itself stays closed. */
		(void)snprintf(
		    path, sizeof(path), "/proc/self/fd/%d/%s", dirfd, name);
		n = llistxattr(path, list, sizeof(list) - 1);
	}
	if (n < 0)
		return errno == ERANGE; /* more names than fit: some */
	list[n] = '\0';
	return any_attribute(list, (size_t)n);
}

bool
vl_look_exhausted(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM;
}
