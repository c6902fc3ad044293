/*
 * Attributes of a path, set.  The order is one in which nothing takes back
 * what was set: a new owner strips setuid and capabilities, an ACL carries
 * permission bits and a mode changes the ACL's mask, and what is locked takes
 * nothing any more.  Calls that would change nothing are not made.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "meta.h"

/* Where it is set: `fd` itself, or (name not "") `name` in directory `fd`. */
struct place {
	int fd;
	const char *name;
	unsigned which; /* VL_ATTRS_* that are ours here */
	/* As it was looked at: libfuse 2 sets both times or none. */
	struct timespec atime;
};

static bool
is_open(struct place *p)
{
	return p->name[0] == '\0';
}

/* Stat alone; flags and attributes of `m` stay. */
static bool
look(struct place *p, struct vl_meta *m)
{
	const uint32_t flags = m->flags;
	const struct vl_slice attrs = m->attrs;
	struct stat st;

	if (fstatat(p->fd, p->name, &st, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) !=
	    0)
		return false;
	vl_meta_of_stat(m, &st);
	p->atime = st.st_atim;
	m->flags = flags;
	m->attrs = attrs;
	return true;
}

static bool
read_attrs(struct place *p, struct vl_meta *m, struct vl_attrs *attrs)
{
	if (!vl_attrs_read(attrs, p->fd, p->name, p->which))
		return false;
	m->flags = attrs->flags;
	m->attrs = vl_buf_slice(&attrs->bytes);
	return true;
}

static bool
set_mode(struct place *p, uint32_t mode)
{
	return (is_open(p) ? fchmod(p->fd, mode) :
	                     fchmodat(p->fd, p->name, mode,
	                         AT_SYMLINK_NOFOLLOW)) == 0;
}

static bool
set_time(struct place *p, const struct vl_meta *want)
{
	const struct timespec times[2] = { p->atime,
		{ (time_t)want->mtime.sec, want->mtime.nsec } };

	return (is_open(p) ? futimens(p->fd, times) :
	                     utimensat(p->fd, p->name, times,
	                         AT_SYMLINK_NOFOLLOW)) == 0;
}

/* A new owner takes setuid, setgid and capabilities of a file with it, so
 * that what is there is looked at anew; attributes stay in `attrs`. */
static enum vl_status
set_owner(struct place *p, struct vl_meta *now, const struct vl_meta *want,
    struct vl_attrs *attrs, struct vl_err *err)
{
	if ((want->without & VL_WITHOUT_OWNER) != 0 ||
	    (now->uid == want->uid && now->gid == want->gid))
		return VL_OK;
	if (fchownat(p->fd, p->name, want->uid, want->gid,
	        AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) != 0)
		return vl_fail_errno(err, "cannot set its owner");
	if (!look(p, now) || (now->attrs.n > 0 && !read_attrs(p, now, attrs)))
		return vl_fail_errno(err, "cannot look at it");
	return VL_OK;
}

/* To an owner without write permission the kernel refuses user.*. */
static bool
make_writable(struct place *p, struct vl_meta *now)
{
	if (geteuid() == 0 || (now->mode & 0600) == 0600 ||
	    (now->type != VL_ENTRY_FILE && now->type != VL_ENTRY_DIR))
		return true;
	if (!set_mode(p, now->mode | 0600))
		return false;
	now->mode |= 0600;
	return true;
}

static bool
has_acl(struct vl_slice attrs)
{
	const struct vl_slice name = vl_slice_of(VL_ATTR_ACL_ACCESS);
	struct vl_xattr x = { 0 };

	while (vl_attrs_next(&attrs, &x))
		if (vl_slice_equal(x.name, name))
			return true;
	return false;
}

/* The mode's group bits are the mask of an ACL: without that they would be
 * rights of the group. */
static void
close_group(struct place *p, const struct vl_meta *now)
{
	struct vl_attrs attrs = { 0 };
	struct vl_meta m = *now;

	if (has_acl(now->attrs) &&
	    (!read_attrs(p, &m, &attrs) || !has_acl(m.attrs)))
		(void)set_mode(p, now->mode & ~(uint32_t)0070);
	vl_attrs_free(&attrs);
}

static enum vl_status
set_attrs(struct place *p, struct vl_meta *now, const struct vl_meta *want,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (vl_slice_equal(now->attrs, want->attrs))
		return VL_OK;
	if (!make_writable(p, now))
		return vl_fail_errno(err, "cannot make it writable");
	st = vl_attrs_set(p->fd, p->name, now->attrs, want->attrs, err);
	if (st != VL_OK) {
		close_group(p, now);
		return st;
	}
	now->attrs = want->attrs;
	if (!look(p, now))
		st = vl_fail_errno(err, "cannot look at it");
	return st;
}

static enum vl_status
set_flags(
    struct place *p, struct vl_meta *now, uint32_t flags, struct vl_err *err)
{
	if (now->flags == flags)
		return VL_OK;
	if (!is_open(p))
		return vl_fail(err, VL_EREFUSED,
		    "what is no file or directory has no flags");
	if (!vl_flags_set(p->fd, flags))
		return vl_fail_errno(err, "cannot set its flags");
	now->flags = flags;
	return VL_OK;
}

static enum vl_status
set_mode_and_time(struct place *p, const struct vl_meta *now,
    const struct vl_meta *want, struct vl_err *err)
{
	if (want->type != VL_ENTRY_LINK &&
	    (want->without & VL_WITHOUT_MODE) == 0 && now->mode != want->mode &&
	    !set_mode(p, want->mode))
		return vl_fail_errno(err, "cannot set its mode");
	if ((now->mtime.sec != want->mtime.sec ||
	        now->mtime.nsec != want->mtime.nsec) &&
	    !set_time(p, want))
		return vl_fail_errno(err, "cannot set its time");
	return VL_OK;
}

/* From `now`, whose attributes are in `attrs`, to `want`; both go along.  What
 * is refused keeps the locks that it had. */
static enum vl_status
set(struct place *p, struct vl_meta *now, const struct vl_meta *want,
    struct vl_attrs *attrs, struct vl_err *err)
{
	const uint32_t had = now->flags & VL_FLAGS_LOCK;
	struct vl_err ignored = { 0 };
	enum vl_status st = VL_OK;

	if (vl_meta_same_attributes(now, want))
		return VL_OK;
	st = set_flags(p, now, now->flags & ~VL_FLAGS_LOCK, err);
	if (st == VL_OK)
		st = set_owner(p, now, want, attrs, err);
	if (st == VL_OK)
		st = set_attrs(p, now, want, err);
	if (st == VL_OK)
		st = set_mode_and_time(p, now, want, err);
	if (st == VL_OK)
		st = set_flags(p, now, want->flags, err);
	if (st != VL_OK)
		(void)set_flags(p, now, now->flags | had, &ignored);
	return st;
}

/* Open what is a file or directory; one that its owner may not read, for
 * instance half-set by an earlier run, is made readable first. */
static int
open_to_set(int dirfd, const char *name)
{
	struct vl_meta now = { 0 };
	struct stat st;
	int fd = vl_meta_open(dirfd, name, &st);

	if (fd >= 0 || errno != EACCES)
		return fd;
	if (!vl_meta_at(&now, dirfd, name) || now.uid != geteuid() ||
	    (now.type != VL_ENTRY_FILE && now.type != VL_ENTRY_DIR) ||
	    fchmodat(dirfd, name, now.mode | 0600, AT_SYMLINK_NOFOLLOW) != 0) {
		errno = EACCES;
		return -1;
	}
	return vl_meta_open(dirfd, name, &st);
}

enum vl_status
vl_meta_set_at(int dirfd, const char *name, const struct vl_meta *want,
    bool privileged, struct vl_err *err)
{
	struct place p = { dirfd, name, vl_attrs_which(privileged), { 0 } };
	struct vl_attrs attrs = { 0 };
	struct vl_meta now = { 0 };
	enum vl_status st = VL_OK;
	int fd = open_to_set(dirfd, name);

	if (fd < 0 && errno != ENXIO)
		return vl_fail_errno(err, "cannot look at it");
	if (fd >= 0)
		p = (struct place){ fd, "", p.which, { 0 } };
	if (!read_attrs(&p, &now, &attrs) || !look(&p, &now))
		st = vl_fail_errno(err, "cannot look at it");
	else if (now.type != want->type)
		st = vl_fail(err, VL_EIO, "it is something else by now");
	else
		st = set(&p, &now, want, &attrs, err);
	vl_attrs_free(&attrs);
	if (fd >= 0)
		close(fd);
	return st;
}

/* A fresh look; what this user may not read any more is as it was set. */
static bool
look_again(struct place *p, struct vl_meta *now, const struct vl_meta *want,
    struct vl_attrs *attrs)
{
	if (!read_attrs(p, now, attrs)) {
		if (errno != EACCES)
			return false;
		now->flags = want->flags;
		now->attrs = want->attrs;
	}
	return look(p, now);
}

static bool
is_kept(const struct vl_meta *now, const struct vl_meta *want)
{
	return now->type == want->type && now->size == want->size &&
	    now->major == want->major && now->minor == want->minor &&
	    vl_meta_same_attributes(now, want);
}

/*
 * What was just made has no attributes and no flags, as a rule: it is looked
 * at for them once, at the end.  Where it has some after all (flags pass from
 * a directory to what is made in it) they go in a second round.
 */
static enum vl_status
stage(struct place *p, const struct vl_meta *want, const char *path,
    struct vl_err *err)
{
	struct vl_attrs attrs = { 0 };
	struct vl_meta now = { .flags = want->flags };
	enum vl_status st = VL_OK;
	int round = 0;

	if (!look(p, &now))
		return vl_fail_errno(err, "cannot stage '%s'", path);
	for (round = 0; round < 2; round++) {
		if (set(p, &now, want, &attrs, err) != VL_OK) {
			st = vl_within(err, "cannot stage '%s'", path);
			goto out;
		}
		if (!look_again(p, &now, want, &attrs)) {
			st = vl_fail_errno(err, "cannot stage '%s'", path);
			goto out;
		}
		if (is_kept(&now, want))
			goto out;
	}
	st = vl_fail(err, VL_EREFUSED,
	    "the target's file system does not keep the attributes of '%s'",
	    path);
out:
	vl_attrs_free(&attrs);
	return st;
}

enum vl_status
vl_meta_stage(const struct vl_meta_place *at, const struct vl_meta *want,
    struct vl_err *err)
{
	struct place p = { at->fd, at->name, vl_attrs_which(at->privileged),
		{ 0 } };
	struct vl_meta m = *want;

	m.flags &= ~VL_FLAGS_LOCK;
	return stage(&p, &m, at->path, err);
}
