/*
 * The passes of the redo that set attributes: directories are opened up
 * before anything moves, and all get what they shall have once everything
 * stands; what is immutable or append-only becomes so last of all.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "copy.h"
#include "redo.h"

static enum vl_status
change_flags(struct redo *r, uint32_t off, uint32_t on, struct vl_err *err)
{
	if (vl_meta_flags(r->dirfd, r->name, off, on, err) != VL_OK)
		return vl_within(err, "'%s'", r->path);
	return VL_OK;
}

/* What was locked could not be linked aside, and was copied. */
bool
vl_redo_unlock(
    struct redo *r, const struct vl_step *s, struct vl_redo_held *held)
{
	struct stat st;

	*held = (struct vl_redo_held){ .fd = -1 };
	if (!r->copied || s->before.type != VL_ENTRY_FILE)
		return true;
	held->fd = vl_meta_open(r->dirfd, r->name, &st);
	if (held->fd < 0)
		return errno == EACCES; /* who may not read it locks nothing */
	return vl_flags_get(held->fd, &held->flags) &&
	    ((held->flags & VL_FLAGS_LOCK) == 0 ||
	        vl_flags_set(held->fd, held->flags & ~VL_FLAGS_LOCK));
}

enum vl_status
vl_redo_relock(struct redo *r, struct vl_redo_held *held, enum vl_status st,
    struct vl_err *err)
{
	struct stat now;

	if (held->fd < 0)
		return st;
	if ((held->flags & VL_FLAGS_LOCK) != 0 &&
	    (fstat(held->fd, &now) != 0 ||
	        (now.st_nlink > 0 && !vl_flags_set(held->fd, held->flags))) &&
	    st == VL_OK)
		st = vl_fail_errno(
		    err, "cannot change the flags of '%s'", r->path);
	close(held->fd);
	held->fd = -1;
	return st;
}

/* Its owner needs to write into it for a while; root need not.  An earlier
 * run may have set what it is to have. */
static bool
needs_mode(const struct vl_step *s)
{
	uint32_t mode = s->before.mode;

	if (s->kind == VL_STEP_DIR)
		mode &= s->after.mode;
	return geteuid() != 0 && (mode & 0700) != 0700;
}

enum vl_status
vl_redo_open_up(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	const bool locked =
	    ((s->before.flags | s->after.flags) & VL_FLAGS_LOCK) != 0;
	struct vl_meta now = { 0 };
	struct vl_err ignored = { 0 };

	(void)err;
	if ((s->kind != VL_STEP_DIR && s->kind != VL_STEP_RMDIR) ||
	    (!locked && !needs_mode(s)) || r->dirfd < 0)
		return VL_OK;
	if (!vl_redo_seen(r, &now) || now.type != VL_ENTRY_DIR ||
	    !vl_redo_ours(r))
		return VL_OK;
	/* What is refused here blocks those steps alone that need it. */
	if (locked)
		(void)change_flags(r, VL_FLAGS_LOCK, 0, &ignored);
	if (needs_mode(s) && now.uid == geteuid() &&
	    (now.mode & 0700) != 0700 &&
	    fchmodat(r->dirfd, r->name, now.mode | 0700, AT_SYMLINK_NOFOLLOW) ==
	        0)
		r->opened++;
	return VL_OK;
}

bool
vl_redo_closes(const struct vl_step *s)
{
	return geteuid() != 0 &&
	    (s->kind == VL_STEP_DIR || s->kind == VL_STEP_NEW) &&
	    s->after.type == VL_ENTRY_DIR &&
	    (s->after.without & VL_WITHOUT_MODE) == 0 &&
	    (s->after.mode & 0500) != 0500;
}

struct vl_meta
vl_redo_unmoved(const struct vl_step *s)
{
	const uint32_t had =
	    s->kind == VL_STEP_META ? s->before.flags & VL_FLAGS_LOCK : 0;
	struct vl_meta m = s->after;

	if (m.type != VL_ENTRY_DIR)
		m.flags &= ~VL_FLAGS_LOCK | had;
	return m;
}

/* What the entry was locked with when the import began. */
static uint32_t
locks_before(const struct redo *r, const struct vl_step *s)
{
	char n[VL_STAGE_N_SIZE];

	return s->kind == VL_STEP_REPLACE || s->kind == VL_STEP_DELETE ?
	    vl_copy_locks(r->stage->undofd, vl_stage_n(n, s->n, ".copy")) :
	    s->before.flags & VL_FLAGS_LOCK;
}

/* The locks that the entry had before come back, and a directory that was
 * opened up for this user closes again. */
static enum vl_status
put_back(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	const uint32_t locks = locks_before(r, s);
	struct vl_meta now = { 0 };

	if (s->before.type == VL_ENTRY_DIR && needs_mode(s) &&
	    vl_redo_seen(r, &now) && now.uid == geteuid() &&
	    now.mode == (s->before.mode | 0700) &&
	    fchmodat(r->dirfd, r->name, s->before.mode, AT_SYMLINK_NOFOLLOW) !=
	        0)
		return vl_fail_errno(err, "cannot set its mode");
	return locks == 0 ? VL_OK :
	                    vl_meta_flags(r->dirfd, r->name, 0, locks, err);
}

/* The system refuses this entry alone: the others go on, and an operator may
 * leave it so. */
static enum vl_status
refused(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	const struct vl_err why = *err;

	if (s->kind == VL_STEP_DIR || s->kind == VL_STEP_META)
		(void)put_back(r, s, err);
	*err = (struct vl_err){ 0 };
	return vl_redo_blocked(r, why.text);
}

static enum vl_status
set(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	struct vl_meta want = r->moved ? s->after : vl_redo_unmoved(s);

	if (!r->closing && vl_redo_closes(s))
		want.mode |= 0700;
	if (!vl_redo_ours(r))
		return vl_redo_blocked(r, "something is mounted over it");
	if (vl_meta_set_at(r->dirfd, r->name, &want, r->stage->tree.privileged,
	        err) == VL_OK)
		return VL_OK;
	return refused(r, s, err);
}

/* Half-set values are ours: type and content are looked at, values set. */
static enum vl_status
set_meta(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	struct vl_meta now = { 0 };

	if (!vl_redo_seen(r, &now))
		return vl_redo_blocked(r, "it is gone");
	if (!vl_meta_same_content(&now, &s->before) &&
	    !vl_meta_same_content(&now, &s->after) &&
	    (r->choice != VL_CHOICE_TAKE_OURS || now.type != s->after.type))
		return vl_redo_blocked(
		    r, "it changed since the import looked at it");
	return set(r, s, err);
}

static enum vl_status
set_dir(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	struct vl_meta now = { 0 };

	if (!vl_redo_seen(r, &now) || now.type != VL_ENTRY_DIR)
		return vl_redo_blocked(r, "it is no directory any more");
	return set(r, s, err);
}

/* What was staged lacks its locks alone.  Where it is no longer ours the last
 * look says so. */
static enum vl_status
lock(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	struct vl_meta now = { 0 };

	if ((s->after.flags & VL_FLAGS_LOCK) == 0 || !r->moved ||
	    !vl_redo_seen(r, &now) || !vl_meta_same_content(&now, &s->after))
		return VL_OK;
	return set(r, s, err);
}

/* A directory that stays as it is, although it was to go or to change, since
 * an operator says so or something in it stays. */
static enum vl_status
close_again(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	struct vl_meta now = { 0 };
	struct vl_err why = { 0 };

	(void)err;
	if (!vl_redo_seen(r, &now) || now.type != VL_ENTRY_DIR ||
	    !vl_redo_ours(r) || put_back(r, s, &why) == VL_OK)
		return VL_OK;
	return vl_redo_blocked(r, why.text);
}

/* An earlier run may have taken something off the entry, and had no time to
 * set what it shall have. */
static enum vl_status
is_open(struct redo *r, const struct vl_step *s, bool *yes, struct vl_err *err)
{
	char n[VL_STAGE_N_SIZE];
	struct vl_meta now = { 0 };

	*yes = false;
	if (!vl_redo_seen(r, &now) || !vl_redo_ours(r))
		return VL_OK;
	switch (s->kind) {
	case VL_STEP_NEW:
		break;
	case VL_STEP_REPLACE:
		if (vl_redo_there(r, r->stage->newfd, vl_stage_n(n, s->n, "")))
			return vl_redo_is_before(r, s, yes, err);
		break;
	case VL_STEP_DELETE:
		return vl_redo_is_before(r, s, yes, err);
	case VL_STEP_RMDIR:
		*yes = now.type == VL_ENTRY_DIR;
		break;
	case VL_STEP_META:
		*yes = (vl_meta_same_content(&now, &s->before) ||
		           vl_meta_same_content(&now, &s->after)) &&
		    !vl_redo_stands(r, &s->after);
		break;
	case VL_STEP_DIR:
		*yes =
		    now.type == VL_ENTRY_DIR && !vl_redo_stands(r, &s->after);
		break;
	}
	return VL_OK;
}

enum vl_status
vl_redo_put_back(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	const uint32_t ours = s->kind != VL_STEP_DIR ?
	    0 :
	    s->after.flags & ~s->before.flags & VL_FLAGS_LOCK;
	const bool before = locks_before(r, s) != 0 ||
	    (s->before.type == VL_ENTRY_DIR && needs_mode(s));
	struct vl_err why = { 0 };
	bool open = false;
	enum vl_status st = VL_OK;

	/* A root that holds the staging is never locked by us. */
	if ((!before && ours == 0) || (s->path.n == 0 && r->stage->tree.inside))
		return VL_OK;
	st = is_open(r, s, &open, err);
	if (st != VL_OK || !open || r->unseen != 0)
		return st;
	if (put_back(r, s, &why) != VL_OK) {
		vl_within(&why, "what it was locked with stays off");
		return vl_redo_blocked(r, why.text);
	}
	if (ours != 0 && r->report->kept != NULL)
		r->report->kept(r->report->arg, r->path,
		    "without the locks that the import gives it");
	return VL_OK;
}

enum vl_status
vl_redo_foreign(struct redo *r, struct vl_slice path, struct vl_err *err)
{
	static const struct vl_slice nul = { (const uint8_t *)"", 1 };
	enum vl_status st = vl_buf_add(&r->foreign, path, err);

	return st == VL_OK ? vl_buf_add(&r->foreign, nul, err) : st;
}

static bool
is_foreign(const struct redo *r, struct vl_slice path)
{
	struct vl_slice dir = { NULL, 0 };
	size_t at = 0;

	for (at = 0; at < r->foreign.n; at += dir.n + 1) {
		dir = vl_slice_of((const char *)r->foreign.p + at);
		if (vl_path_below(path, dir))
			return true;
	}
	return false;
}

enum vl_status
vl_redo_attributes(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	if (s->kind == VL_STEP_RMDIR)
		return close_again(r, s, err);
	if (is_foreign(r, s->path))
		vl_redo_settle(r);
	if (vl_redo_settled(r))
		return VL_OK;
	if (r->choice == VL_CHOICE_KEEP_THEIRS && s->kind == VL_STEP_DIR)
		return close_again(r, s, err);
	if (r->choice == VL_CHOICE_KEEP_THEIRS &&
	    (s->kind == VL_STEP_META || s->after.type == VL_ENTRY_DIR))
		return VL_OK;
	if (s->kind == VL_STEP_META)
		return set_meta(r, s, err);
	if (s->kind == VL_STEP_DIR ||
	    (s->kind == VL_STEP_NEW && s->after.type == VL_ENTRY_DIR))
		return set_dir(r, s, err);
	if (s->kind == VL_STEP_NEW || s->kind == VL_STEP_REPLACE)
		return lock(r, s, err);
	return VL_OK;
}

enum vl_status
vl_redo_close(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (!vl_redo_closes(s))
		return VL_OK;
	st = vl_redo_attributes(r, s, err);
	return st == VL_OK ? vl_redo_look(r, s, err) : st;
}
