/*
 * The redo: every step of the list, in an order in which no step depends on
 * a later one, each looking first whether it is done (docs/transaction.md,
 * "Redo").  It runs after the decision only, from the staging directory and
 * the journal alone, and may be killed and repeated at any point.
 *
 *	open up		directories that their owner cannot write, or nobody
 *	replace, new	what is new stands before anything goes
 *	delete		children before their directory (the list's order)
 *	change type	the new half, whose place is free by now
 *	attributes	of files, and of directories bottom up; locks of files
 *			only if nothing was blocked so far
 *	look		at each of them once more
 *	close		directories that their owner may not enter, each with
 *			its look
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "redo.h"
#include "rename.h"

void
vl_redo_settle(struct redo *r)
{
	r->settled[r->at / 8] |= (uint8_t)(1u << (r->at % 8));
}

bool
vl_redo_settled(const struct redo *r)
{
	return (r->settled[r->at / 8] & (1u << (r->at % 8))) != 0;
}

enum vl_status
vl_redo_blocked(struct redo *r, const char *why)
{
	if (r->unseen != 0)
		return VL_OK;
	vl_redo_settle(r);
	if (r->choice == VL_CHOICE_KEEP_THEIRS)
		return VL_OK;
	r->bad++;
	if (r->report->blocked != NULL)
		r->report->blocked(r->report->arg, r->path, why);
	return VL_OK;
}

enum vl_status
vl_redo_diverged(struct redo *r, const char *why)
{
	if (r->unseen != 0 || r->choice == VL_CHOICE_KEEP_THEIRS)
		return VL_OK;
	r->bad++;
	if (r->report->diverged != NULL)
		r->report->diverged(r->report->arg, r->path, why);
	return VL_OK;
}

/*
 * A call on the step in hand has failed.  What the system refuses to this
 * user, in a directory that could not be opened up for instance, keeps no
 * other step from being done.
 */
static enum vl_status
stopped(struct redo *r, const char *what, struct vl_err *err)
{
	const int why = errno;
	const char *lock = "";
	char reason[128];
	char text[256];

	if (why != EPERM && why != EACCES)
		return vl_fail_errno(err, "cannot %s '%s'", what, r->path);
	if (vl_meta_flagged(r->dirfd, "."))
		lock = "; its directory is immutable or append-only";
	else if (vl_meta_flagged(r->dirfd, r->name))
		lock = "; it is immutable or append-only";
	snprintf(text, sizeof(text), "cannot %s it: %s%s", what,
	    strerror_r(why, reason, sizeof(reason)), lock);
	return vl_redo_blocked(r, text);
}

/* --take-ours: what stands in the way goes to theirs/N. */
static enum vl_status
displace(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	char n[VL_STAGE_N_SIZE];
	enum vl_status st = VL_OK;
	int fd = -1;

	if (r->unseen != 0)
		return VL_OK;
	if (mkdirat(r->stage->fd, "theirs", 0700) != 0 && errno != EEXIST)
		return vl_fail_errno(err, "cannot make room for '%s'", r->path);
	fd = openat(r->stage->fd, "theirs",
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return vl_fail_errno(err, "cannot make room for '%s'", r->path);
	/* What is open below it is of theirs from now on. */
	if (r->places.dirs != NULL)
		vl_dirs_forget(r->places.dirs, s->path);
	if (vl_rename_new(r->dirfd, r->name, fd, vl_stage_n(n, s->n, "")) !=
	        0 &&
	    errno != ENOENT)
		st = stopped(r, "displace", err);
	close(fd);
	return st;
}

/* The path is the inode of new/N already, as one more name of a file may be: a
 * rename of two names of one inode would do nothing. */
static enum vl_status
drop_name(struct redo *r, const char *n, struct vl_err *err)
{
	if (unlinkat(r->stage->newfd, n, 0) != 0)
		return vl_fail_errno(err, "cannot finish '%s'", r->path);
	return VL_OK;
}

/* new/N to its free place. */
static enum vl_status
move_in(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	char n[VL_STAGE_N_SIZE];
	enum vl_status st = VL_OK;

	vl_stage_n(n, s->n, "");
	if (r->dirfd < 0)
		return vl_redo_blocked(
		    r, "the directory it belongs into is gone");
	if (r->choice == VL_CHOICE_TAKE_OURS &&
	    vl_redo_there(r, r->dirfd, r->name)) {
		st = displace(r, s, err);
		if (st != VL_OK || vl_redo_settled(r))
			return st;
	}
	if (vl_rename_new(r->stage->newfd, n, r->dirfd, r->name) == 0) {
		if (s->path.n == 0)
			return vl_places_reopen(&r->places, err);
		return VL_OK;
	}
	if (errno != EEXIST)
		return stopped(r, "make", err);
	if (vl_redo_same(r, r->stage->newfd, n))
		return drop_name(r, n, err);
	return vl_redo_blocked(r, "something was put there since");
}

static enum vl_status
step_replace(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	char n[VL_STAGE_N_SIZE];
	struct vl_redo_held held = { .fd = -1 };
	bool before = false;
	enum vl_status st = VL_OK;

	vl_stage_n(n, s->n, "");
	if (!vl_redo_there(r, r->stage->newfd, n))
		return vl_redo_done_before(r, s, err);
	if (r->dirfd >= 0 && vl_redo_same(r, r->stage->newfd, n))
		return drop_name(r, n, err);
	st = vl_redo_is_before(r, s, &before, err);
	if (st != VL_OK || r->unseen != 0)
		return st;
	if (before) {
		if (!vl_redo_unlock(r, s, &held) ||
		    renameat(r->stage->newfd, n, r->dirfd, r->name) != 0)
			st = stopped(r, "replace", err);
		return vl_redo_relock(r, &held, st, err);
	}
	if (r->choice == VL_CHOICE_TAKE_OURS)
		return move_in(r, s, err);
	return vl_redo_blocked(r, "it changed since the import looked at it");
}

static enum vl_status
step_new(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	char n[VL_STAGE_N_SIZE];
	enum vl_status st = VL_OK;

	if (vl_redo_there(r, r->stage->newfd, vl_stage_n(n, s->n, "")))
		st = move_in(r, s, err);
	else
		st = vl_redo_done_before(r, s, err);
	if (st == VL_OK && s->after.type == VL_ENTRY_DIR && vl_redo_settled(r))
		st = vl_redo_foreign(r, s->path, err);
	return st;
}

static enum vl_status
pass_in(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	if (s->kind == VL_STEP_REPLACE)
		return step_replace(r, s, err);
	if (s->kind == VL_STEP_NEW && s->other == 0)
		return step_new(r, s, err);
	return VL_OK;
}

/* A type change whose new half is done has no old half any more. */
static bool
other_done(struct redo *r, const struct vl_step *s)
{
	char n[VL_STAGE_N_SIZE];

	return s->other != 0 &&
	    !vl_redo_there(r, r->stage->newfd, vl_stage_n(n, s->other, ""));
}

static enum vl_status
step_delete(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	struct vl_redo_held held = { .fd = -1 };
	bool before = false;
	enum vl_status st = VL_OK;

	if (!vl_redo_there(r, r->dirfd, r->name))
		return VL_OK;
	st = vl_redo_is_before(r, s, &before, err);
	if (st != VL_OK)
		return st;
	if (other_done(r, s))
		return before ?
		    vl_redo_diverged(r, "its staged content is gone") :
		    VL_OK;
	if (!before && r->choice == VL_CHOICE_TAKE_OURS)
		return displace(r, s, err);
	if (!before)
		return vl_redo_blocked(
		    r, "it changed since the import looked at it");
	if (!vl_redo_unlock(r, s, &held) || unlinkat(r->dirfd, r->name, 0) != 0)
		st = stopped(r, "delete", err);
	return vl_redo_relock(r, &held, st, err);
}

static enum vl_status
step_rmdir(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	struct vl_meta now = { 0 };

	if (!vl_redo_there(r, r->dirfd, r->name) || other_done(r, s))
		return VL_OK;
	vl_dirs_forget(r->places.dirs, s->path);
	if (!vl_redo_seen(r, &now) || now.type != VL_ENTRY_DIR) {
		if (r->choice == VL_CHOICE_TAKE_OURS)
			return displace(r, s, err);
		return vl_redo_blocked(r, "it is no directory any more");
	}
	if (unlinkat(r->dirfd, r->name, AT_REMOVEDIR) == 0)
		return VL_OK;
	if (errno == EBUSY)
		return vl_redo_blocked(r, "something is mounted over it");
	if (errno != ENOTEMPTY && errno != EEXIST)
		return stopped(r, "delete", err);
	if (vl_redo_kept_below(r)) {
		vl_redo_settle(r);
		return VL_OK;
	}
	if (r->choice == VL_CHOICE_TAKE_OURS)
		return displace(r, s, err);
	return vl_redo_blocked(r, "something was put into it since");
}

static enum vl_status
pass_out(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	if (s->kind == VL_STEP_DELETE)
		return step_delete(r, s, err);
	if (s->kind == VL_STEP_RMDIR)
		return step_rmdir(r, s, err);
	return VL_OK;
}

static enum vl_status
pass_type(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	if (s->kind == VL_STEP_NEW && s->other != 0)
		return step_new(r, s, err);
	return VL_OK;
}

/* What is in the directory of the step in hand looks as if it were gone. */
static bool
is_barred(const struct redo *r)
{
	struct vl_meta m = { 0 };

	return geteuid() != 0 && r->dirfd >= 0 &&
	    !vl_meta_at(&m, r->dirfd, ".") && errno == EACCES;
}

/* A directory above the step bars this user. */
static enum vl_status
out_of_reach(struct redo *r, vl_redo_fn fn, struct vl_err *err)
{
	*err = (struct vl_err){ 0 };
	if (fn == vl_redo_open_up || fn == vl_redo_put_back)
		r->barred++;
	else if (!vl_redo_settled(r))
		return vl_redo_blocked(
		    r, "this user may not enter a directory above it");
	return VL_OK;
}

static enum vl_status
run_pass(struct redo *r, vl_redo_fn fn, struct vl_err *err)
{
	struct vl_step s = { 0 };
	bool more = false;
	bool barred = false;
	enum vl_status st = VL_OK;

	vl_steps_r_rewind(r->steps);
	for (r->at = 0; st == VL_OK; r->at++) {
		st = vl_steps_r_next(r->steps, &s, &more, err);
		if (st != VL_OK || !more)
			return st;
		st = vl_places_get(&r->places, s.path, &r->dirfd, err);
		barred = st != VL_OK ? errno == EACCES : is_barred(r);
		if (st != VL_OK && !barred)
			return st;
		r->name = r->places.name;
		r->path = vl_places_text(&r->places, s.path);
		if (r->path == NULL)
			return vl_fail_memory(err);
		r->choice = vl_journal_choice(r->journal, r->path);
		r->unseen = 0;
		st = barred ? out_of_reach(r, fn, err) : fn(r, &s, err);
		errno = r->unseen;
		if (st == VL_OK && r->unseen != 0)
			st = vl_fail_errno(err, "cannot look at '%s'", r->path);
		free(r->path);
		r->path = NULL;
	}
	return st;
}

/* The list names a directory after what is in it: one that bars the way to
 * others is opened a round before them. */
static enum vl_status
open_up(struct redo *r, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	do {
		r->opened = r->barred = 0;
		st = run_pass(r, vl_redo_open_up, err);
	} while (st == VL_OK && r->opened > 0 && r->barred > 0);
	return st;
}

static enum vl_status
run_passes(struct redo *r, const vl_redo_fn *passes, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	for (; *passes != NULL && st == VL_OK; passes++)
		st = run_pass(r, *passes, err);
	return st;
}

static enum vl_status
redo_open(struct redo *r, struct vl_err *err)
{
	enum vl_status st = vl_places_open(&r->places, r->stage, err);

	if (st == VL_OK)
		st = vl_steps_r_open(&r->steps, r->stage->fd, err);
	if (st != VL_OK)
		return st;
	r->settled = calloc(1, vl_steps_r_count(r->steps) / 8 + 1);
	return r->settled == NULL ? vl_fail_memory(err) : VL_OK;
}

static void
redo_close(struct redo *r)
{
	free(r->settled);
	vl_buf_free(&r->foreign);
	vl_steps_r_free(r->steps);
	vl_places_close(&r->places);
}

enum vl_status
vl_redo_give_up(struct vl_stage *stage, const struct vl_stage_report *report,
    struct vl_err *err)
{
	const struct vl_journal none = { 0 };
	struct redo r = { .stage = stage, .journal = &none, .report = report };
	enum vl_status st = redo_open(&r, err);

	if (st == VL_OK)
		st = run_pass(&r, vl_redo_put_back, err);
	redo_close(&r);
	return st;
}

enum vl_status
vl_stage_redo(struct vl_stage *stage, const struct vl_journal *j,
    const struct vl_stage_report *report, struct vl_err *err)
{
	static const vl_redo_fn moves[] = { pass_in, pass_out, pass_type,
		NULL };
	static const vl_redo_fn ends[] = { vl_redo_attributes, vl_redo_look,
		NULL };
	struct redo r = { .stage = stage, .journal = j, .report = report };
	enum vl_status st = redo_open(&r, err);

	if (st == VL_OK)
		st = open_up(&r, err);
	if (st == VL_OK)
		st = run_passes(&r, moves, err);
	r.moved = r.bad == 0;
	if (st == VL_OK)
		st = run_passes(&r, ends, err);
	r.closing = true;
	if (st == VL_OK)
		st = run_pass(&r, vl_redo_close, err);
	if (st == VL_OK && r.bad == 0 && r.proved > 0 && report->proved != NULL)
		report->proved(report->arg, stage->tree.root, r.proved);
	if (st == VL_OK && r.bad > 0)
		st = vl_fail(err, VL_EPENDING,
		    "%llu entries below '%s' are not as planned: look at each, "
		    "then run --recover with --keep-theirs PATH or --take-ours "
		    "PATH",
		    (unsigned long long)r.bad, stage->tree.root);
	redo_close(&r);
	if (st != VL_OK)
		err->status = VL_EPENDING;
	return st == VL_OK ? VL_OK : VL_EPENDING;
}
