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
#include "trial.h"

#define SETGID                                                                 \
	"is setgid with a group this user is not in: the bit would be lost"

static enum vl_status
fail_moved(const struct vl_places *p, const struct vl_step *s, const char *why,
    struct vl_err *err)
{
	char *path = vl_places_text(p, s->path);

	if (path == NULL)
		return vl_fail_memory(err);
	vl_fail(err, VL_EREFUSED, "'%s' %s", path, why);
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
	    !vl_meta_our_group(s->after.gid);
}

static bool
same_as_planned(
    struct vl_meta *now, int dirfd, const char *name, const struct vl_step *s)
{
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

static enum vl_status
check_step(
    struct vl_places *p, const struct vl_step *s, int dirfd, struct vl_err *err)
{
	struct vl_meta now = { 0 };
	const char *why = NULL;

	if (!same_as_planned(&now, dirfd, p->name, s))
		why = "changed while the import ran";
	else if (now.type != VL_ENTRY_LINK && vl_meta_flagged(dirfd, p->name))
		why = "is immutable or append-only: take the flag off first";
	else if (s->kind == VL_STEP_DIR || s->kind == VL_STEP_META)
		why = refuses_attributes(&now, s);
	else
		why = refuses_removal(dirfd, &now);
	return why == NULL ? VL_OK : fail_moved(p, s, why, err);
}

/* A second name in undo/, or where that is refused a copy. */
static enum vl_status
link_aside(struct vl_stage *stage, const char *name, uint64_t number, int dirfd,
    struct vl_err *err)
{
	char n[VL_STAGE_N_SIZE];
	enum vl_status st = VL_OK;

	if (linkat(dirfd, name, stage->undofd, vl_stage_n(n, number, ""), 0) ==
	    0)
		return VL_OK;
	if (errno != EPERM && errno != EMLINK && errno != EOPNOTSUPP &&
	    errno != EACCES)
		return vl_fail_errno(err, "cannot link '%s' aside", name);
	st = vl_copy_aside(
	    dirfd, name, stage->undofd, vl_stage_n(n, number, ".copy"), err);
	if (st != VL_OK)
		return vl_within(err, "cannot keep a copy of '%s'", name);
	return VL_OK;
}

/* The attributes that the redo will set by name. */
static enum vl_status
try_step(struct vl_trial *trial, struct vl_places *p, const struct vl_step *s,
    struct vl_err *err)
{
	char *path = NULL;
	enum vl_status st = VL_OK;

	if (s->kind != VL_STEP_META && s->kind != VL_STEP_DIR &&
	    (s->kind != VL_STEP_NEW || s->after.type != VL_ENTRY_DIR))
		return VL_OK;
	path = vl_places_text(p, s->path);
	if (path == NULL)
		return vl_fail_memory(err);
	st = vl_trial_step(trial, s, path, err);
	free(path);
	return st;
}

static enum vl_status
aside_step(struct vl_target *t, struct vl_places *p, const struct vl_step *s,
    struct vl_err *err)
{
	int dirfd = -1;
	enum vl_status st = vl_places_get(p, s->path, &dirfd, err);

	if (st != VL_OK || s->kind == VL_STEP_NEW)
		return st;
	st = check_step(p, s, dirfd, err);
	if (st == VL_OK &&
	    (s->kind == VL_STEP_REPLACE || s->kind == VL_STEP_DELETE))
		st = link_aside(t->opts.stage, p->name, s->n, dirfd, err);
	return st;
}

/*
 * An empty file goes from the staging to where the root's entries stand, and
 * back: what refuses that (another mount or quota project, a flag, a policy)
 * shows itself now.  The root's time is put back.
 */
static enum vl_status
probe(struct vl_target *t, struct vl_places *p, struct vl_err *err)
{
	const struct vl_header_tree *tree = t->opts.tree;
	const struct timespec times[2] = { { 0, UTIME_OMIT },
		{ tree->mtime_sec, tree->mtime_nsec } };
	struct vl_stage *stage = t->opts.stage;
	char *name = vl_stage_private_name(VL_STAGE_PROBE, stage->import);
	int to = tree->absent ? p->upperfd : p->rootfd;
	enum vl_status st = VL_OK;
	int fd = -1;

	if (name == NULL)
		return vl_fail_memory(err);
	/* What is append-only lets a name in, but not out again. */
	if (vl_meta_flagged(to, ".")) {
		st = vl_fail(err, VL_EREFUSED,
		    "%s'%s' is immutable or append-only: take the flag off "
		    "first",
		    tree->absent ? "the directory above " : "", tree->root);
		goto out;
	}
	fd = openat(stage->fd, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		st = vl_fail_errno(err, "cannot write to '%s'", tree->staging);
		goto out;
	}
	close(fd);
	if (renameat2(stage->fd, name, to, name, RENAME_NOREPLACE) != 0) {
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

enum vl_status
vl_target_prepare(struct vl_target *t, struct vl_err *err)
{
	struct vl_steps_r *steps = NULL;
	struct vl_trial trial = { .fd = vl_stage_fd(t->opts.stage) };
	struct vl_places places;
	struct vl_step s = { 0 };
	bool more = true;
	enum vl_status st = vl_places_open(&places, t->opts.stage, err);

	if (st == VL_OK)
		st = vl_steps_r_open(&steps, vl_stage_fd(t->opts.stage), err);
	while (st == VL_OK) {
		st = vl_steps_r_next(steps, &s, &more, err);
		if (st != VL_OK || !more)
			break;
		st = aside_step(t, &places, &s, err);
		if (st == VL_OK)
			st = try_step(&trial, &places, &s, err);
	}
	if (st == VL_OK)
		st = vl_trial_end(&trial, err);
	if (st == VL_OK && !vl_target_unchanged(t))
		st = probe(t, &places, err);
	vl_steps_r_free(steps);
	vl_places_close(&places);
	if (st == VL_EPENDING)
		st = err->status = VL_EIO; /* nothing is decided yet */
	return st;
}
