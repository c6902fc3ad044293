/*
 * Prepare: all that can be refused after staging is refused here, before the
 * decision.  What will be replaced or deleted gets a second name in undo/,
 * so that the redo can tell it from what others put there; directories that
 * will be written to are looked at; a probe is moved into the root and out.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "copy.h"
#include "place.h"
#include "plan.h"
#include "proof.h"
#include "rename.h"
#include "trial.h"

#define CHANGED "changed while the import ran"
#define LOCKED  "is immutable or append-only: take the flag off first"
#define HOLDS                                                                  \
	"holds the staging, which could not go once it is immutable or "       \
	"append-only"
#define SETGID                                                                 \
	"is setgid with a group this user is not in: the bit would be lost"

struct prepare {
	struct vl_target *target;
	struct vl_places places;
	struct vl_trial trial;
	/* Steps of entries whose directory is not there: the first and last
	 * of those that no new directory has accounted for. */
	struct vl_buf first;
	struct vl_buf last;
};

static enum vl_status
fail_entry(const struct vl_places *p, struct vl_slice which, const char *why,
    struct vl_err *err)
{
	char *path = vl_places_text(p, which);

	if (path == NULL)
		return vl_fail_memory(err);
	vl_fail(err, VL_EREFUSED, "'%s' %s", path, why);
	free(path);
	return err->status;
}

/* What refused to tell whether something may be done; errno. */
static enum vl_status
fail_look(const struct vl_places *p, struct vl_slice which, const char *what,
    struct vl_err *err)
{
	const int why = errno;
	char *path = vl_places_text(p, which);

	if (path == NULL)
		return vl_fail_memory(err);
	errno = why;
	vl_fail_errno(err, "cannot %s '%s'", what, path);
	free(path);
	return err->status;
}

/* Somebody else's file in a sticky directory may not be taken away. */
static bool
sticky_refuses(int dirfd, const struct vl_meta *m)
{
	struct stat dir;

	return geteuid() != 0 && fstat(dirfd, &dir) == 0 &&
	    (dir.st_mode & S_ISVTX) != 0 && dir.st_uid != geteuid() &&
	    m->uid != geteuid();
}

/* An entry of a directory that this user neither owns (an owner opens it up
 * for the while) nor may write to. */
static bool
parent_refuses(int dirfd)
{
	struct stat dir;

	return geteuid() != 0 && fstat(dirfd, &dir) == 0 &&
	    dir.st_uid != geteuid() &&
	    faccessat(dirfd, ".", W_OK | X_OK, AT_EACCESS) != 0;
}

/* The kernel would take the bit off without a word. */
static bool
setgid_refuses(const struct vl_step *s)
{
	return geteuid() != 0 && (s->after.mode & S_ISGID) != 0 &&
	    (s->after.without & VL_WITHOUT_MODE) == 0 &&
	    !vl_meta_our_group(s->after.gid);
}

static bool
same_as_planned(
    struct vl_meta *now, int dirfd, const char *name, const struct vl_step *s)
{
	errno = 0;
	if (dirfd < 0 || !vl_meta_at(now, dirfd, name))
		return false;
	return s->kind == VL_STEP_RMDIR || s->kind == VL_STEP_DIR ?
	    now->type == VL_ENTRY_DIR :
	    vl_meta_same_content(now, &s->before);
}

/* Why a path may not be taken out of its directory; NULL: it may. */
static const char *
refuses_removal(int dirfd, const struct vl_meta *now)
{
	if (parent_refuses(dirfd))
		return "is in a directory this user may not write";
	if (sticky_refuses(dirfd, now))
		return "is another user's in a sticky directory";
	return NULL;
}

/* Why attributes, a time at least, may not be set; NULL: they may. */
static const char *
refuses_attributes(const struct vl_meta *now, const struct vl_step *s)
{
	if (geteuid() != 0 && now->uid != geteuid())
		return "belongs to another user: its attributes cannot be set";
	if (setgid_refuses(s))
		return SETGID;
	return NULL;
}

static bool
is_lock(const struct vl_meta *m)
{
	return (m->flags & VL_FLAGS_LOCK) != 0;
}

/*
 * Why flags would keep the redo from this step, or errno; NULL: they would not.
 * What goes may be locked; of what stays a flag that the plan has not seen is
 * not taken off.
 */
static const char *
refuses_locks(struct prepare *p, const struct vl_step *s, bool locked)
{
	const bool goes =
	    s->kind == VL_STEP_REPLACE || s->kind == VL_STEP_DELETE;

	errno = 0;
	if (locked && !goes && !is_lock(&s->before))
		return LOCKED;
	if ((!locked && !is_lock(&s->before) && !is_lock(&s->after)) ||
	    vl_trial_locks(&p->trial))
		return NULL;
	return locked ? LOCKED :
	                "is to be immutable or append-only, which this user "
	                "cannot make it";
}

static enum vl_status
check_locks(
    struct prepare *p, const struct vl_step *s, bool locked, struct vl_err *err)
{
	const char *why = refuses_locks(p, s, locked);

	if (why == NULL)
		return VL_OK;
	return errno == 0 ?
	    fail_entry(&p->places, s->path, why, err) :
	    fail_look(&p->places, s->path, "try the flags of", err);
}

/* What the plan has seen is still there, and has which locks? */
static enum vl_status
look_again(const struct vl_places *p, const struct vl_step *s, int dirfd,
    struct vl_meta *now, bool *locked, struct vl_err *err)
{
	const char *why = NULL;

	*locked = false;
	if (!same_as_planned(now, dirfd, p->name, s))
		why = CHANGED;
	else if (!vl_places_ours(p, dirfd, p->name))
		why = "is mounted over";
	if (why != NULL && (errno == 0 || vl_meta_absent(errno)))
		return fail_entry(p, s->path, why, err);
	if (why == NULL &&
	    (now->type == VL_ENTRY_FILE || now->type == VL_ENTRY_DIR)) {
		*locked = vl_meta_flagged(dirfd, p->name);
		why = errno != 0 ? LOCKED : NULL;
	}
	return why == NULL ? VL_OK : fail_look(p, s->path, "look at", err);
}

static enum vl_status
check_step(
    struct prepare *p, const struct vl_step *s, int dirfd, struct vl_err *err)
{
	struct vl_meta now = { 0 };
	const char *why = NULL;
	bool locked = false;
	enum vl_status st =
	    look_again(&p->places, s, dirfd, &now, &locked, err);

	if (st == VL_OK)
		st = check_locks(p, s, locked, err);
	if (st != VL_OK)
		return st;
	if (s->path.n == 0 && is_lock(&s->after) &&
	    p->target->opts.tree->inside)
		why = HOLDS;
	if (why == NULL && (s->kind == VL_STEP_DIR || s->kind == VL_STEP_META))
		why = refuses_attributes(&now, s);
	else if (why == NULL)
		why = refuses_removal(dirfd, &now);
	return why == NULL ? VL_OK : fail_entry(&p->places, s->path, why, err);
}

/* One more name of a file that stays as it is: new/N was linked to what the
 * plan has seen, and that is still there. */
static enum vl_status
check_link(struct prepare *p, const struct vl_step *s, struct vl_err *err)
{
	char n[VL_STAGE_N_SIZE];
	int newfd = vl_stage_newfd(p->target->opts.stage);
	int dirfd = -1;
	enum vl_status st = VL_OK;

	if (s->to.p == NULL || !s->live)
		return VL_OK;
	st = vl_places_get(&p->places, s->to, &dirfd, err);
	if (st != VL_OK)
		return st;
	errno = 0;
	if (dirfd >= 0 &&
	    vl_meta_same_inode(
	        dirfd, p->places.name, newfd, vl_stage_n(n, s->n, "")))
		return VL_OK;
	return errno == 0 || vl_meta_absent(errno) ?
	    fail_entry(&p->places, s->to, CHANGED, err) :
	    fail_look(&p->places, s->to, "look at", err);
}

/* In a new directory: what was staged without its locks gets them. */
static bool
is_inner(const struct vl_step *s)
{
	struct vl_meta m = s->after;

	m.flags &= ~VL_FLAGS_LOCK;
	return (s->kind == VL_STEP_META || s->kind == VL_STEP_DIR) &&
	    is_lock(&s->after) && vl_meta_same_content(&s->before, &m) &&
	    vl_meta_same_attributes(&s->before, &m);
}

static enum vl_status
put_off(struct prepare *p, const struct vl_step *s, struct vl_err *err)
{
	struct vl_buf *at = p->first.n == 0 ? &p->first : &p->last;
	enum vl_status st = check_locks(p, s, false, err);

	vl_buf_clear(at);
	return st == VL_OK ? vl_buf_add(at, s->path, err) : st;
}

/* Such steps stand right before that of their directory; where it does not
 * come the directory was there, and is gone. */
static enum vl_status
account(struct prepare *p, const struct vl_step *s, struct vl_err *err)
{
	const struct vl_slice first = vl_buf_slice(&p->first);
	const struct vl_slice last = vl_buf_slice(&p->last);

	if (first.n == 0)
		return VL_OK;
	if (s == NULL || s->kind != VL_STEP_NEW ||
	    s->after.type != VL_ENTRY_DIR || !vl_path_below(first, s->path) ||
	    (last.n > 0 && !vl_path_below(last, s->path)))
		return fail_entry(&p->places, first, CHANGED, err);
	vl_buf_clear(&p->first);
	vl_buf_clear(&p->last);
	return VL_OK;
}

/* A second name in undo/, or where that is refused a copy. */
static enum vl_status
link_aside(
    struct prepare *p, const struct vl_step *s, int dirfd, struct vl_err *err)
{
	struct vl_stage *stage = p->target->opts.stage;
	const char *name = p->places.name;
	char n[VL_STAGE_N_SIZE];
	const struct vl_copy copy = { dirfd, name, stage->undofd, n };
	char *path = NULL;
	bool copies = false;
	enum vl_status st = VL_OK;

	if (linkat(dirfd, name, stage->undofd, vl_stage_n(n, s->n, ""), 0) == 0)
		return VL_OK;
	copies = errno == EPERM || errno == EMLINK || errno == EOPNOTSUPP ||
	    errno == EACCES;
	if (copies) {
		vl_stage_n(n, s->n, ".copy");
		st = vl_copy_aside(&copy, err);
	} else {
		st = vl_fail_errno(err, "a second name was refused");
	}
	if (st == VL_OK)
		return VL_OK;
	path = vl_places_text(&p->places, s->path);
	if (path == NULL)
		return vl_fail_memory(err);
	vl_within(err, "cannot keep %s'%s'", copies ? "a copy of " : "", path);
	free(path);
	return err->status;
}

/* The attributes that the redo will set by name, beside those that it leaves
 * alone. */
static enum vl_status
try_step(
    struct prepare *p, const struct vl_step *s, int dirfd, struct vl_err *err)
{
	struct vl_attrs others = { 0 };
	char *path = NULL;
	enum vl_status st = VL_OK;

	if (s->kind != VL_STEP_META && s->kind != VL_STEP_DIR &&
	    (s->kind != VL_STEP_NEW || s->after.type != VL_ENTRY_DIR))
		return VL_OK;
	path = vl_places_text(&p->places, s->path);
	if (path == NULL)
		return vl_fail_memory(err);
	if (s->kind != VL_STEP_NEW && !p->trial.privileged &&
	    !vl_slice_equal(s->before.attrs, s->after.attrs) &&
	    !vl_attrs_read(&others, dirfd, p->places.name, VL_ATTRS_PRIVILEGED))
		st = vl_fail_errno(err, "cannot look at '%s'", path);
	else
		st = vl_trial_step(
		    &p->trial, s, vl_buf_slice(&others.bytes), path, err);
	vl_attrs_free(&others);
	free(path);
	return st;
}

static enum vl_status
prepare_step(struct prepare *p, const struct vl_step *s, struct vl_err *err)
{
	int dirfd = -1;
	enum vl_status st = check_link(p, s, err);

	if (st == VL_OK)
		st = vl_places_get(&p->places, s->path, &dirfd, err);
	if (st == VL_OK && dirfd < 0 && is_inner(s))
		return put_off(p, s, err);
	if (st == VL_OK)
		st = account(p, s, err);
	if (st != VL_OK)
		return st;
	if (s->kind == VL_STEP_NEW) {
		st = check_locks(p, s, false, err);
		return st == VL_OK ? try_step(p, s, dirfd, err) : st;
	}
	st = check_step(p, s, dirfd, err);
	if (st == VL_OK &&
	    (s->kind == VL_STEP_REPLACE || s->kind == VL_STEP_DELETE))
		st = link_aside(p, s, dirfd, err);
	return st == VL_OK ? try_step(p, s, dirfd, err) : st;
}

/*
 * An empty file goes from the staging to where the root's entries stand, and
 * back: what refuses that (another mount or quota project, a flag, a policy)
 * shows itself now.  The root's time is put back.
 */
static enum vl_status
probe(struct prepare *p, struct vl_err *err)
{
	struct vl_target *t = p->target;
	const struct vl_header_tree *tree = t->opts.tree;
	const struct timespec times[2] = { { 0, UTIME_OMIT },
		{ tree->mtime_sec, tree->mtime_nsec } };
	struct vl_stage *stage = t->opts.stage;
	char *name = vl_stage_private_name(VL_STAGE_PROBE, stage->import);
	int to = tree->absent ? p->places.upperfd : p->places.rootfd;
	enum vl_status st = VL_OK;
	int fd = -1;

	if (name == NULL)
		return vl_fail_memory(err);
	/* What is append-only lets a name in, but not out again.  A root that
	 * the redo will open up lets nothing in before. */
	if (vl_meta_flagged(to, ".")) {
		if (tree->absent || !vl_trial_locks(&p->trial))
			st = errno == 0 ?
			    vl_fail(err, VL_EREFUSED, "%s'%s' " LOCKED,
			        tree->absent ? "the directory above " : "",
			        tree->root) :
			    vl_fail_errno(err, "cannot try the flags of '%s'",
			        tree->root);
		goto out;
	}
	if (errno != 0) {
		st = vl_fail_errno(err, "cannot look at '%s'", tree->root);
		goto out;
	}
	fd = openat(stage->fd, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		st = vl_fail_errno(err, "cannot write to '%s'", tree->staging);
		goto out;
	}
	close(fd);
	if (vl_rename_new(stage->fd, name, to, name) != 0) {
		st = vl_fail_errno(
		    err, "cannot move anything into '%s'", tree->root);
		goto out;
	}
	if (renameat(to, name, stage->fd, name) != 0)
		st = vl_fail_errno(
		    err, "cannot move anything out of '%s'", tree->root);
	else if (!tree->absent && futimens(to, times) != 0)
		st = vl_fail_errno(
		    err, "cannot set the time of '%s'", tree->root);
out:
	free(name);
	return st;
}

static enum vl_status
prepare_steps(struct prepare *p, struct vl_err *err)
{
	struct vl_steps_r *steps = NULL;
	struct vl_step s = { 0 };
	bool more = true;
	enum vl_status st =
	    vl_steps_r_open(&steps, vl_stage_fd(p->target->opts.stage), err);

	while (st == VL_OK) {
		st = vl_steps_r_next(steps, &s, &more, err);
		if (st != VL_OK || !more)
			break;
		st = prepare_step(p, &s, err);
	}
	if (st == VL_OK)
		st = account(p, NULL, err);
	vl_steps_r_free(steps);
	return st;
}

enum vl_status
vl_target_prepare(struct vl_target *t, struct vl_err *err)
{
	struct vl_stage *stage = t->opts.stage;
	struct prepare p = { .target = t,
		.trial = { .fd = vl_stage_fd(stage),
		    .privileged = t->opts.tree->privileged } };
	enum vl_status st = vl_places_open(&p.places, stage, err);

	if (st == VL_OK)
		st = vl_proof_staged(vl_stage_newfd(stage), t->staged, err);
	if (st == VL_OK)
		st = vl_inner_finish(t, err);
	if (st == VL_OK)
		st = prepare_steps(&p, err);
	if (st == VL_OK && vl_trial_end(&p.trial, err) != VL_OK)
		st = vl_within(err, "'%s'", t->opts.tree->staging);
	if (st == VL_OK && !vl_target_unchanged(t))
		st = probe(&p, err);
	vl_places_close(&p.places);
	vl_buf_free(&p.first);
	vl_buf_free(&p.last);
	if (st == VL_EPENDING)
		st = err->status = VL_EIO; /* nothing is decided yet */
	return st;
}
