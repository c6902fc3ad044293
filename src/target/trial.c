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

static bool
make_file(int dirfd)
{
	int fd = openat(dirfd, TRY_FILE,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* The entry of that type, made once; NULL and errno. */
static const char *
scratch(struct vl_trial *t, enum vl_entry_type type)
{
	if (type == VL_ENTRY_DIR) {
		t->dir = t->dir || mkdirat(t->fd, TRY_DIR, 0700) == 0;
		return t->dir ? TRY_DIR : NULL;
	}
	if (type == VL_ENTRY_LINK) {
		t->link = t->link || symlinkat(".", t->fd, TRY_LINK) == 0;
		return t->link ? TRY_LINK : NULL;
	}
	t->file = t->file || make_file(t->fd);
	return t->file ? TRY_FILE : NULL;
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

enum vl_status
vl_trial_step(struct vl_trial *t, const struct vl_step *s, const char *path,
    struct vl_err *err)
{
	const char *name = scratch(t, s->after.type);
	struct vl_meta m = s->after;
	struct vl_meta now = { 0 };

	if (name == NULL || !vl_meta_at(&now, t->fd, name))
		return vl_fail_errno(
		    err, "cannot try the attributes of '%s'", path);
	m.size = now.size;
	take_owner(&m, s, &now);
	if (vl_meta_set_at(t->fd, name, &m, err) != VL_OK)
		return vl_within(
		    err, "cannot try the attributes of '%s'", path);
	if (!vl_meta_at(&now, t->fd, name))
		return vl_fail_errno(
		    err, "cannot try the attributes of '%s'", path);
	return vl_meta_kept(&now, &m, path, err);
}

enum vl_status
vl_trial_end(struct vl_trial *t, struct vl_err *err)
{
	if ((t->dir && unlinkat(t->fd, TRY_DIR, AT_REMOVEDIR) != 0) ||
	    (t->file && unlinkat(t->fd, TRY_FILE, 0) != 0) ||
	    (t->link && unlinkat(t->fd, TRY_LINK, 0) != 0))
		return vl_fail_errno(
		    err, "cannot remove what the attributes were tried on");
	return VL_OK;
}
