/*
 * A trial of attributes: the redo sets those of what exists after the
 * decision, so that they are set and read back here before, on an entry of
 * the same type in the staging (docs/transaction.md, "Prepare").
 */
#include <fcntl.h>
#include <unistd.h>

#include "trial.h"

#define TRY_DIR  "try.dir"
#define TRY_FILE "try.file"
#define TRY_LINK "try.link"
#define TRY_FIFO "try.fifo"
#define TRY_LOCK "try.lock"

static int
new_file(int dirfd, const char *name)
{
	return openat(dirfd, name,
	    O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static bool
make_file(int dirfd)
{
	int fd = new_file(dirfd, TRY_FILE);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* The entry of that type, made once; NULL and errno.  A FIFO stands for
 * devices, too, which not everybody may make. */
static const char *
scratch(struct vl_trial *t, enum vl_entry_type type)
{
	switch (type) {
	case VL_ENTRY_DIR:
		t->dir = t->dir || mkdirat(t->fd, TRY_DIR, 0700) == 0;
		return t->dir ? TRY_DIR : NULL;
	case VL_ENTRY_LINK:
		t->link = t->link || symlinkat(".", t->fd, TRY_LINK) == 0;
		return t->link ? TRY_LINK : NULL;
	case VL_ENTRY_FIFO:
	case VL_ENTRY_CHAR:
	case VL_ENTRY_BLOCK:
		t->fifo = t->fifo || mkfifoat(t->fd, TRY_FIFO, 0600) == 0;
		return t->fifo ? TRY_FIFO : NULL;
	default:
		t->file = t->file || make_file(t->fd);
		return t->file ? TRY_FILE : NULL;
	}
}

/* An owner that stays is not set: it may be one that this user cannot give. */
static void
take_owner(
    struct vl_meta *m, const struct vl_step *s, const struct vl_meta *now)
{
	if (s->kind == VL_STEP_NEW || s->before.uid != s->after.uid ||
	    s->before.gid != s->after.gid)
		return;
	m->uid = now->uid;
	if (!vl_meta_our_group(m->gid))
		m->gid = now->gid;
}

/* What the scratch entry is to become: the step's entry in all that is
 * tried.  Locked it could not be removed after a kill. */
static void
take_attributes(
    struct vl_meta *m, const struct vl_step *s, const struct vl_meta *now)
{
	*m = s->after;
	m->type = now->type;
	m->size = now->size;
	m->major = now->major;
	m->minor = now->minor;
	m->flags &= ~VL_FLAGS_LOCK;
	take_owner(m, s, now);
}

enum vl_status
vl_trial_step(struct vl_trial *t, const struct vl_step *s, const char *path,
    struct vl_err *err)
{
	const char *name = scratch(t, s->after.type);
	struct vl_meta m = { 0 };
	struct vl_meta now = { 0 };

	if (name == NULL || !vl_meta_at(&now, t->fd, name))
		return vl_fail_errno(
		    err, "cannot try the attributes of '%s'", path);
	take_attributes(&m, s, &now);
	if (vl_meta_set_at(t->fd, name, &m, t->privileged, err) != VL_OK)
		return vl_within(
		    err, "cannot try the attributes of '%s'", path);
	if (vl_meta_stands(t->fd, name, &m, t->privileged))
		return VL_OK;
	return vl_fail(err, VL_EREFUSED,
	    "the target's file system does not keep the attributes of '%s'",
	    path);
}

/* On a file without a name, so that a kill leaves nothing that is locked. */
static bool
try_locks(int dirfd)
{
	uint32_t flags = 0;
	uint32_t locked = 0;
	int fd = new_file(dirfd, TRY_LOCK);
	bool good = fd >= 0 && unlinkat(dirfd, TRY_LOCK, 0) == 0 &&
	    vl_flags_get(fd, &flags) &&
	    vl_flags_set(fd, flags | VL_FLAGS_LOCK) &&
	    vl_flags_get(fd, &locked) && locked == (flags | VL_FLAGS_LOCK) &&
	    vl_flags_set(fd, flags) && vl_flags_get(fd, &locked) &&
	    locked == flags;

	if (fd >= 0)
		close(fd);
	return good;
}

bool
vl_trial_locks(struct vl_trial *t)
{
	if (!t->locks_tried)
		t->locks = try_locks(t->fd);
	t->locks_tried = true;
	return t->locks;
}

enum vl_status
vl_trial_end(struct vl_trial *t, struct vl_err *err)
{
	if ((t->dir && unlinkat(t->fd, TRY_DIR, AT_REMOVEDIR) != 0) ||
	    (t->file && unlinkat(t->fd, TRY_FILE, 0) != 0) ||
	    (t->link && unlinkat(t->fd, TRY_LINK, 0) != 0) ||
	    (t->fifo && unlinkat(t->fd, TRY_FIFO, 0) != 0))
		return vl_fail_errno(
		    err, "cannot remove what the attributes were tried on");
	return VL_OK;
}
