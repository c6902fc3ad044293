/*
 * Attributes of a path.  Everything goes by descriptor or by a name below an
 * open directory, never through a link.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "meta.h"

void
vl_meta_of_stat(struct vl_meta *m, const struct stat *st)
{
	memset(m, 0, sizeof(*m));
	if (S_ISDIR(st->st_mode))
		m->type = VL_ENTRY_DIR;
	else if (S_ISREG(st->st_mode))
		m->type = VL_ENTRY_FILE;
	else if (S_ISLNK(st->st_mode))
		m->type = VL_ENTRY_LINK;
	else
		m->type = VL_ENTRY_LEFT_OUT;
	if (m->type != VL_ENTRY_LINK)
		m->mode = st->st_mode & 07777;
	if (m->type == VL_ENTRY_FILE)
		m->size = (uint64_t)st->st_size;
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

bool
vl_meta_same_content(const struct vl_meta *a, const struct vl_meta *b)
{
	return a->type == b->type && a->size == b->size &&
	    a->mtime.sec == b->mtime.sec && a->mtime.nsec == b->mtime.nsec;
}

bool
vl_meta_same_attributes(
    const struct vl_meta *a, const struct vl_meta *b, bool keep_owner)
{
	return a->mode == b->mode && a->mtime.sec == b->mtime.sec &&
	    a->mtime.nsec == b->mtime.nsec &&
	    (keep_owner || (a->uid == b->uid && a->gid == b->gid));
}

enum vl_status
vl_meta_kept(const struct vl_meta *now, const struct vl_meta *want,
    const char *path, struct vl_err *err)
{
	if (now->type == want->type && now->size == want->size &&
	    vl_meta_same_attributes(now, want, false))
		return VL_OK;
	return vl_fail(err, VL_EREFUSED,
	    "the target's file system does not keep the attributes of '%s'",
	    path);
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
	int flags = 0;
	int fd =
	    openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool yes = false;

	if (fd < 0)
		return false;
	yes = ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 &&
	    (flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)) != 0;
	close(fd);
	return yes;
}

static void
times_of(struct timespec times[2], const struct vl_meta *m)
{
	times[0].tv_sec = 0;
	times[0].tv_nsec = UTIME_OMIT;
	times[1].tv_sec = (time_t)m->mtime.sec;
	times[1].tv_nsec = m->mtime.nsec;
}

/* Owner only where it differs: without the right to change it, it agrees. */
enum vl_status
vl_meta_set_at(
    int dirfd, const char *name, const struct vl_meta *m, struct vl_err *err)
{
	struct timespec times[2];
	struct vl_meta now = { 0 };

	times_of(times, m);
	if (!vl_meta_at(&now, dirfd, name))
		return vl_fail_errno(err, "cannot look at it");
	if ((now.uid != m->uid || now.gid != m->gid) &&
	    fchownat(dirfd, name, m->uid, m->gid, AT_SYMLINK_NOFOLLOW) != 0)
		return vl_fail_errno(err, "cannot set its owner");
	if (m->type != VL_ENTRY_LINK &&
	    fchmodat(dirfd, name, m->mode, AT_SYMLINK_NOFOLLOW) != 0)
		return vl_fail_errno(err, "cannot set its mode");
	if (utimensat(dirfd, name, times, AT_SYMLINK_NOFOLLOW) != 0)
		return vl_fail_errno(err, "cannot set its time");
	return VL_OK;
}

enum vl_status
vl_meta_set_fd(int fd, const struct vl_meta *m, struct vl_err *err)
{
	struct timespec times[2];
	struct stat now;

	times_of(times, m);
	if (fstat(fd, &now) != 0)
		return vl_fail_errno(err, "cannot look at it");
	if ((now.st_uid != m->uid || now.st_gid != m->gid) &&
	    fchown(fd, m->uid, m->gid) != 0)
		return vl_fail_errno(err, "cannot set its owner");
	if (fchmod(fd, m->mode) != 0)
		return vl_fail_errno(err, "cannot set its mode");
	if (futimens(fd, times) != 0)
		return vl_fail_errno(err, "cannot set its time");
	return VL_OK;
}
