/*
 * The redo: every step of the list, in an order in which no step depends on
 * a later one, each looking first whether it is done (docs/transaction.md,
 * "Redo").  It runs after the decision only, from the staging directory and
 * the journal alone, and may be killed and repeated at any point.
 *
 *	open up		directories that their owner cannot write
 *	replace, new	what is new stands before anything goes
 *	delete		children before their directory (the list's order)
 *	change type	the new half, whose place is free by now
 *	attributes	of files, and of directories bottom up
 *	look		at each of them once more
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

struct redo {
	struct vl_stage *stage;
	const struct vl_journal *journal;
	const struct vl_stage_report *report;
	struct vl_places places;
	struct vl_steps_r *steps;
	uint8_t *settled; /* a bit a step: not looked at again */
	uint64_t at;      /* index of the step in hand */
	uint64_t bad;
	char *path; /* absolute, of the step in hand */
	int dirfd;
	const char *name;
	enum vl_choice choice;
};

/* A step's function for one pass; the step's place is open. */
typedef enum vl_status (*step_fn)(
    struct redo *r, const struct vl_step *s, struct vl_err *err);

static void
settle(struct redo *r)
{
	r->settled[r->at / 8] |= (uint8_t)(1u << (r->at % 8));
}

static enum vl_status
blocked(struct redo *r, const char *why)
{
	settle(r);
	if (r->choice == VL_CHOICE_KEEP_THEIRS)
		return VL_OK;
	r->bad++;
	if (r->report->blocked != NULL)
		r->report->blocked(r->report->arg, r->path, why);
	return VL_OK;
}

static enum vl_status
diverged(struct redo *r, const char *why)
{
	if (r->choice == VL_CHOICE_KEEP_THEIRS)
		return VL_OK;
	r->bad++;
	if (r->report->diverged != NULL)
		r->report->diverged(r->report->arg, r->path, why);
	return VL_OK;
}

static bool
same_inode(int adir, const char *a, int bdir, const char *b)
{
	struct stat sa;
	struct stat sb;

	return fstatat(adir, a, &sa, AT_SYMLINK_NOFOLLOW) == 0 &&
	    fstatat(bdir, b, &sb, AT_SYMLINK_NOFOLLOW) == 0 &&
	    sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

static bool
there(int dirfd, const char *name)
{
	struct stat st;

	return dirfd >= 0 &&
	    fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The path still is what was linked (or copied) aside, unchanged. */
static enum vl_status
is_before(
    struct redo *r, const struct vl_step *s, bool *yes, struct vl_err *err)
{
	char n[VL_STAGE_N_SIZE];
	struct vl_meta now = { 0 };

	*yes = false;
	if (r->dirfd < 0 || !vl_meta_at(&now, r->dirfd, r->name) ||
	    !vl_meta_same_content(&now, &s->before))
		return VL_OK;
	if (there(r->stage->undofd, vl_stage_n(n, s->n, ""))) {
		*yes = same_inode(r->dirfd, r->name, r->stage->undofd, n);
		return VL_OK;
	}
	return vl_copy_equal(yes, r->dirfd, r->name, r->stage->undofd,
	    vl_stage_n(n, s->n, ".copy"), err);
}

/* --take-ours: what stands in the way goes to theirs/N. */
static enum vl_status
displace(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	char n[VL_STAGE_N_SIZE];
	int fd = -1;

	if (mkdirat(r->stage->fd, "theirs", 0700) != 0 && errno != EEXIST)
		return vl_fail_errno(err, "cannot make room for '%s'", r->path);
	fd = openat(r->stage->fd, "theirs",
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return vl_fail_errno(err, "cannot make room for '%s'", r->path);
	if (renameat2(r->dirfd, r->name, fd, vl_stage_n(n, s->n, ""),
	        RENAME_NOREPLACE) != 0 &&
	    errno != ENOENT)
		vl_fail_errno(err, "cannot displace '%s'", r->path);
	else
		err->status = VL_OK;
	close(fd);
	return err->status;
}

/* new/N to its free place. */
static enum vl_status
move_in(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	char n[VL_STAGE_N_SIZE];
	enum vl_status st = VL_OK;

	vl_stage_n(n, s->n, "");
	if (r->dirfd < 0)
		return blocked(r, "the directory it belongs into is gone");
	if (r->choice == VL_CHOICE_TAKE_OURS && there(r->dirfd, r->name)) {
		st = displace(r, s, err);
		if (st != VL_OK)
			return st;
	}
	if (renameat2(
	        r->stage->newfd, n, r->dirfd, r->name, RENAME_NOREPLACE) == 0) {
		if (s->path.n == 0)
			return vl_places_reopen(&r->places, err);
		return VL_OK;
	}
	if (errno == EEXIST)
		return blocked(r, "something was put there since");
	return vl_fail_errno(err, "cannot move '%s' into place", r->path);
}

/* The step was done by an earlier run: what stands there now? */
static enum vl_status
done_before(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	char n[VL_STAGE_N_SIZE];
	struct vl_meta now = { 0 };
	bool planned = false;
	bool before = false;
	enum vl_status st = is_before(r, s, &before, err);

	if (st != VL_OK)
		return st;
	/* Entries of a directory may have come or gone, by us as well. */
	if (r->dirfd >= 0 && vl_meta_at(&now, r->dirfd, r->name))
		planned = s->after.type == VL_ENTRY_DIR ?
		    now.type == VL_ENTRY_DIR :
		    vl_meta_same_content(&now, &s->after);
	/* A copy may be equal to the planned file, too. */
	if (before &&
	    (!planned || there(r->stage->undofd, vl_stage_n(n, s->n, "")))) {
		settle(r);
		return diverged(r, "its staged content is gone");
	}
	if (planned)
		return VL_OK;
	settle(r);
	if (r->report->kept != NULL)
		r->report->kept(
		    r->report->arg, r->path, "changed since the import");
	return VL_OK;
}

static enum vl_status
step_replace(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	char n[VL_STAGE_N_SIZE];
	bool before = false;
	enum vl_status st = VL_OK;

	vl_stage_n(n, s->n, "");
	if (!there(r->stage->newfd, n))
		return done_before(r, s, err);
	if (r->dirfd >= 0 &&
	    same_inode(r->dirfd, r->name, r->stage->newfd, n)) {
		/* A rename of two names of one inode would do nothing. */
		if (unlinkat(r->stage->newfd, n, 0) != 0)
			return vl_fail_errno(
			    err, "cannot finish '%s'", r->path);
		return VL_OK;
	}
	st = is_before(r, s, &before, err);
	if (st != VL_OK)
		return st;
	if (before) {
		if (renameat(r->stage->newfd, n, r->dirfd, r->name) != 0)
			return vl_fail_errno(
			    err, "cannot move '%s' into place", r->path);
		return VL_OK;
	}
	if (r->choice == VL_CHOICE_TAKE_OURS)
		return move_in(r, s, err);
	return blocked(r, "it changed since the import looked at it");
}

static enum vl_status
step_new(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	char n[VL_STAGE_N_SIZE];

	if (!there(r->stage->newfd, vl_stage_n(n, s->n, "")))
		return done_before(r, s, err);
	return move_in(r, s, err);
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
other_done(const struct redo *r, const struct vl_step *s)
{
	char n[VL_STAGE_N_SIZE];

	return s->other != 0 &&
	    !there(r->stage->newfd, vl_stage_n(n, s->other, ""));
}

static enum vl_status
step_delete(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	bool before = false;
	enum vl_status st = VL_OK;

	if (!there(r->dirfd, r->name))
		return VL_OK;
	st = is_before(r, s, &before, err);
	if (st != VL_OK)
		return st;
	if (other_done(r, s))
		return before ? diverged(r, "its staged content is gone") :
		                VL_OK;
	if (!before && r->choice == VL_CHOICE_TAKE_OURS)
		return displace(r, s, err);
	if (!before)
		return blocked(r, "it changed since the import looked at it");
	if (unlinkat(r->dirfd, r->name, 0) != 0)
		return vl_fail_errno(err, "cannot delete '%s'", r->path);
	return VL_OK;
}

/* Something below it stays because an operator said so. */
static bool
kept_below(const struct redo *r)
{
	const struct vl_journal *j = r->journal;
	size_t n = strlen(r->path);
	size_t i = 0;

	for (i = 0; i < j->nchoices; i++)
		if (j->choices[i].choice == VL_CHOICE_KEEP_THEIRS &&
		    strncmp(j->choices[i].path, r->path, n) == 0 &&
		    j->choices[i].path[n] == '/')
			return true;
	return false;
}

static enum vl_status
step_rmdir(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	struct vl_meta now = { 0 };

	if (!there(r->dirfd, r->name) || other_done(r, s))
		return VL_OK;
	vl_dirs_forget(r->places.dirs, s->path);
	if (!vl_meta_at(&now, r->dirfd, r->name) || now.type != VL_ENTRY_DIR) {
		if (r->choice == VL_CHOICE_TAKE_OURS)
			return displace(r, s, err);
		return blocked(r, "it is no directory any more");
	}
	if (unlinkat(r->dirfd, r->name, AT_REMOVEDIR) == 0)
		return VL_OK;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return vl_fail_errno(err, "cannot delete '%s'", r->path);
	if (kept_below(r)) {
		settle(r);
		return VL_OK;
	}
	if (r->choice == VL_CHOICE_TAKE_OURS)
		return displace(r, s, err);
	return blocked(r, "something was put into it since");
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

static bool
is_settled(const struct redo *r)
{
	return (r->settled[r->at / 8] & (1u << (r->at % 8))) != 0;
}

/* Half-set values are ours: type and content are looked at, values set. */
static enum vl_status
step_meta(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	struct vl_meta now = { 0 };

	if (r->dirfd < 0 || !vl_meta_at(&now, r->dirfd, r->name))
		return blocked(r, "it is gone");
	if (!vl_meta_same_content(&now, &s->before) &&
	    !vl_meta_same_content(&now, &s->after) &&
	    (r->choice != VL_CHOICE_TAKE_OURS || now.type != s->after.type))
		return blocked(r, "it changed since the import looked at it");
	if (vl_meta_set_at(r->dirfd, r->name, &s->after, err) != VL_OK)
		return vl_within(err, "'%s'", r->path);
	return VL_OK;
}

static enum vl_status
step_dir(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	struct vl_meta now = { 0 };

	if (r->dirfd < 0 || !vl_meta_at(&now, r->dirfd, r->name) ||
	    now.type != VL_ENTRY_DIR)
		return blocked(r, "it is no directory any more");
	if (vl_meta_set_at(r->dirfd, r->name, &s->after, err) != VL_OK)
		return vl_within(err, "'%s'", r->path);
	return VL_OK;
}

static enum vl_status
pass_attributes(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	if (is_settled(r))
		return VL_OK;
	if (s->kind == VL_STEP_META)
		return step_meta(r, s, err);
	if (s->kind == VL_STEP_DIR ||
	    (s->kind == VL_STEP_NEW && s->after.type == VL_ENTRY_DIR))
		return step_dir(r, s, err);
	return VL_OK;
}

/* Its owner needs to write into it for a while; root need not. */
static enum vl_status
pass_open_up(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	struct vl_meta now = { 0 };

	if ((s->kind != VL_STEP_DIR && s->kind != VL_STEP_RMDIR) ||
	    (s->before.mode & 0700) == 0700 || geteuid() == 0 || r->dirfd < 0)
		return VL_OK;
	if (!vl_meta_at(&now, r->dirfd, r->name) || now.type != VL_ENTRY_DIR ||
	    now.uid != geteuid())
		return VL_OK;
	if (fchmodat(r->dirfd, r->name, now.mode | 0700, AT_SYMLINK_NOFOLLOW) !=
	    0)
		return vl_fail_errno(err, "cannot make '%s' writable", r->path);
	return VL_OK;
}

static enum vl_status
pass_look(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	struct vl_meta now = { 0 };
	bool here = r->dirfd >= 0 && vl_meta_at(&now, r->dirfd, r->name);

	(void)err;
	if (is_settled(r) || r->choice != VL_CHOICE_NONE)
		return VL_OK;
	if (s->kind == VL_STEP_DELETE || s->kind == VL_STEP_RMDIR) {
		if (here && s->other == 0 && !kept_below(r))
			return diverged(r, "it is there again");
		return VL_OK;
	}
	if (!here)
		return diverged(r, "it is gone");
	if (now.type != s->after.type || now.size != s->after.size ||
	    !vl_meta_same_attributes(&now, &s->after, false))
		return diverged(r, "it is not as it was put there");
	return VL_OK;
}

static enum vl_status
run_pass(struct redo *r, step_fn fn, struct vl_err *err)
{
	struct vl_step s = { 0 };
	bool more = false;
	enum vl_status st = vl_steps_r_rewind(r->steps, err);

	for (r->at = 0; st == VL_OK; r->at++) {
		st = vl_steps_r_next(r->steps, &s, &more, err);
		if (st != VL_OK || !more)
			return st;
		st = vl_places_get(&r->places, s.path, &r->dirfd, err);
		if (st != VL_OK)
			return st;
		r->name = r->places.name;
		r->path = vl_places_text(&r->places, s.path);
		if (r->path == NULL)
			return vl_fail_memory(err);
		r->choice = vl_journal_choice(r->journal, r->path);
		st = fn(r, &s, err);
		free(r->path);
		r->path = NULL;
	}
	return st;
}

enum vl_status
vl_stage_redo(struct vl_stage *stage, const struct vl_journal *j,
    const struct vl_stage_report *report, struct vl_err *err)
{
	static const step_fn passes[] = { pass_open_up, pass_in, pass_out,
		pass_type, pass_attributes, pass_look };
	struct redo r = { .stage = stage, .journal = j, .report = report };
	enum vl_status st = VL_OK;
	size_t i = 0;

	st = vl_places_open(&r.places, stage, err);
	if (st == VL_OK)
		st = vl_steps_r_open(&r.steps, stage->fd, err);
	if (st == VL_OK) {
		r.settled = calloc(1, vl_steps_r_count(r.steps) / 8 + 1);
		if (r.settled == NULL)
			st = vl_fail_memory(err);
	}
	for (i = 0; i < sizeof(passes) / sizeof(passes[0]) && st == VL_OK; i++)
		st = run_pass(&r, passes[i], err);
	if (st == VL_OK && r.bad > 0)
		st = vl_fail(err, VL_EPENDING,
		    "%llu entries below '%s' are not as planned: look at each, "
		    "then run --recover with --keep-theirs PATH or --take-ours "
		    "PATH",
		    (unsigned long long)r.bad, stage->tree.root);
	free(r.settled);
	vl_steps_r_free(r.steps);
	vl_places_close(&r.places);
	if (st != VL_OK)
		err->status = VL_EPENDING;
	return st == VL_OK ? VL_OK : VL_EPENDING;
}
