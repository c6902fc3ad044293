/*
 * Attributes of a path, looked at and compared.  Everything goes by
 * descriptor or by a name below an open directory, never through a link, and
 * nothing but files and directories is ever opened.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "meta.h"

static enum vl_entry_type
type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return VL_ENTRY_DIR;
	case S_IFREG:
		return VL_ENTRY_FILE;
	case S_IFLNK:
		return VL_ENTRY_LINK;
	case S_IFIFO:
		return VL_ENTRY_FIFO;
	case S_IFCHR:
		return VL_ENTRY_CHAR;
	case S_IFBLK:
		return VL_ENTRY_BLOCK;
	default:
		return VL_ENTRY_LEFT_OUT;
	}
}

static bool
is_device(const struct vl_meta *m)
{
	return m->type == VL_ENTRY_CHAR || m->type == VL_ENTRY_BLOCK;
}

static bool
is_special(const struct vl_meta *m)
{
	return m->type == VL_ENTRY_FIFO || is_device(m);
}

void
vl_meta_of_stat(struct vl_meta *m, const struct stat *st)
{
	memset(m, 0, sizeof(*m));
	m->type = type_of(st->st_mode);
	if (m->type != VL_ENTRY_LINK)
		m->mode = st->st_mode & 07777;
	if (m->type == VL_ENTRY_FILE)
		m->size = (uint64_t)st->st_size;
	if (is_device(m)) {
		m->major = major(st->st_rdev);
		m->minor = minor(st->st_rdev);
	}
	m->uid = st->st_uid;
	m->gid = st->st_gid;
	m->mtime.sec = st->st_mtim.tv_sec;
	m->mtime.nsec = (int32_t)st->st_mtim.tv_nsec;
}

bool
vl_meta_at(struct vl_meta *m, int dirfd, const char *name)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return false;
	vl_meta_of_stat(m, &st);
	return true;
}

/* close() that keeps errno. */
static void
close_quietly(int fd)
{
	int kept = errno;

	if (fd >= 0)
		close(fd);
	errno = kept;
}

/* By a descriptor that opens nothing: only what it shows to be a file or a
 * directory is then opened through it. */
int
vl_meta_open(int dirfd, const char *name, struct stat *st)
{
	char path[64];
	int at = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	int fd = -1;

	if (at < 0)
		return -1;
	if (fstat(at, st) == 0) {
		if (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode)) {
			snprintf(path, sizeof(path), "/proc/self/fd/%d", at);
			fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		} else {
			errno = ENXIO;
		}
	}
	close_quietly(at);
	return fd;
}

bool
vl_meta_read(struct vl_meta *m, struct vl_attrs *attrs, int dirfd,
    const char *name, bool privileged)
{
	const unsigned which = vl_attrs_which(privileged);
	struct stat st;
	int fd = vl_meta_open(dirfd, name, &st);
	bool good = false;

	if (fd < 0 && errno != ENXIO)
		return false;
	vl_meta_of_stat(m, &st);
	if (fd >= 0)
		good = vl_attrs_read(attrs, fd, "", which);
	else
		good = vl_attrs_read(attrs, dirfd, name, which);
	close_quietly(fd);
	if (!good)
		return false;
	m->flags = attrs->flags;
	m->attrs = vl_buf_slice(&attrs->bytes);
	return true;
}

bool
vl_meta_absent(int why)
{
	return why == ENOENT || why == ENOTDIR || why == EACCES;
}

bool
vl_meta_is_inode(int dirfd, const char *name, dev_t dev, ino_t ino)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return false;
	errno = 0;
	return st.st_dev == dev && st.st_ino == ino;
}

bool
vl_meta_same_inode(int adir, const char *a, int bdir, const char *b)
{
	struct stat st;

	return fstatat(bdir, b, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    vl_meta_is_inode(adir, a, st.st_dev, st.st_ino);
}

static bool
same_time(const struct vl_meta *a, const struct vl_meta *b)
{
	return a->mtime.sec == b->mtime.sec && a->mtime.nsec == b->mtime.nsec;
}

static bool
same_thing(const struct vl_meta *a, const struct vl_meta *b)
{
	return a->type == b->type && a->size == b->size &&
	    a->major == b->major && a->minor == b->minor;
}

bool
vl_meta_same_content(const struct vl_meta *a, const struct vl_meta *b)
{
	return same_thing(a, b) && (is_special(a) || same_time(a, b));
}

bool
vl_meta_same_attributes(const struct vl_meta *now, const struct vl_meta *want)
{
	bool mode =
	    (want->without & VL_WITHOUT_MODE) != 0 || now->mode == want->mode;
	bool owner = (want->without & VL_WITHOUT_OWNER) != 0 ||
	    (now->uid == want->uid && now->gid == want->gid);

	return mode && owner && same_time(now, want) &&
	    now->flags == want->flags &&
	    vl_slice_equal(now->attrs, want->attrs);
}

bool
vl_meta_stands(
    int dirfd, const char *name, const struct vl_meta *want, bool privileged)
{
	struct vl_attrs attrs = { 0 };
	struct vl_meta now = { 0 };
	bool there = vl_meta_read(&now, &attrs, dirfd, name, privileged);
	bool stands = false;
	int why = 0;

	if (!there && errno == EACCES && vl_meta_at(&now, dirfd, name)) {
		now.flags = want->flags;
		now.attrs = want->attrs;
		there = true;
	}
	if (is_special(&now))
		now.mtime = want->mtime;
	if (!there)
		why = errno;
	stands = there && same_thing(&now, want) &&
	    vl_meta_same_attributes(&now, want);
	vl_attrs_free(&attrs);
	errno = why;
	return stands;
}

bool
vl_meta_our_group(uint32_t gid)
{
	gid_t *groups = NULL;
	bool ours = gid == getegid();
	int n = ours ? 0 : getgroups(0, NULL);
	int i = 0;

	if (n <= 0)
		return ours;
	groups = calloc((size_t)n, sizeof(*groups));
	if (groups == NULL)
		return false;
	n = getgroups(n, groups);
	for (i = 0; i < n && !ours; i++)
		ours = groups[i] == gid;
	free(groups);
	return ours;
}

bool
vl_meta_flagged(int dirfd, const char *name)
{
	struct stat st;
	uint32_t flags = 0;
	int fd = vl_meta_open(dirfd, name, &st);
	bool seen = fd >= 0 && vl_flags_get(fd, &flags);

	if (seen || errno == ENXIO || vl_meta_absent(errno))
		errno = 0;
	close_quietly(fd);
	return seen && (flags & VL_FLAGS_LOCK) != 0;
}

enum vl_status
vl_meta_flags(
    int dirfd, const char *name, uint32_t off, uint32_t on, struct vl_err *err)
{
	struct stat st;
	uint32_t flags = 0;
	uint32_t want = 0;
	int fd = vl_meta_open(dirfd, name, &st);
	bool good = fd >= 0 && vl_flags_get(fd, &flags);

	want = (flags & ~off) | on;
	if (good && want != flags)
		good = vl_flags_set(fd, want);
	close_quietly(fd);
	return good ? VL_OK : vl_fail_errno(err, "cannot change its flags");
}
