/*
 * What stands at the place of a step: whether it is the entry that the plan
 * has seen, and at the end whether it is the one that was planned.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "copy.h"
#include "redo.h"

bool
vl_redo_there(struct redo *r, int dirfd, const char *name)
{
	struct stat st;

	if (dirfd < 0)
		return false;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return true;
	if (vl_meta_absent(errno))
		return false;
	r->unseen = errno;
	return true;
}

/* A look has said no; with errno, that it saw nothing. */
static bool
not_seen(struct redo *r)
{
	if (errno != 0 && !vl_meta_absent(errno))
		r->unseen = errno;
	return false;
}

bool
vl_redo_seen(struct redo *r, struct vl_meta *now)
{
	if (r->dirfd < 0)
		return false;
	return vl_meta_at(now, r->dirfd, r->name) || not_seen(r);
}

bool
vl_redo_same(struct redo *r, int dirfd, const char *name)
{
	return vl_meta_same_inode(r->dirfd, r->name, dirfd, name) ||
	    not_seen(r);
}

bool
vl_redo_stands(struct redo *r, const struct vl_meta *want)
{
	return vl_meta_stands(
	           r->dirfd, r->name, want, r->stage->tree.privileged) ||
	    not_seen(r);
}

bool
vl_redo_ours(struct redo *r)
{
	return vl_places_ours(&r->places, r->dirfd, r->name) || not_seen(r);
}

enum vl_status
vl_redo_is_before(
    struct redo *r, const struct vl_step *s, bool *yes, struct vl_err *err)
{
	char n[VL_STAGE_N_SIZE];
	struct vl_copy copy = { r->dirfd, r->name, r->stage->undofd, n };
	struct vl_meta now = { 0 };

	*yes = false;
	r->copied = false;
	if (!vl_redo_seen(r, &now) || !vl_meta_same_content(&now, &s->before))
		return VL_OK;
	if (vl_redo_there(r, r->stage->undofd, vl_stage_n(n, s->n, ""))) {
		*yes = vl_redo_same(r, r->stage->undofd, n);
		return VL_OK;
	}
	r->copied = true;
	vl_stage_n(n, s->n, ".copy");
	if (vl_copy_equal(&copy, yes, err) != VL_OK)
		return vl_within(err, "'%s'", r->path);
	return VL_OK;
}

enum vl_status
vl_redo_done_before(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	char n[VL_STAGE_N_SIZE];
	struct vl_meta now = { 0 };
	bool planned = false;
	bool before = false;
	enum vl_status st = vl_redo_is_before(r, s, &before, err);

	if (st != VL_OK)
		return st;
	/* Entries of a directory may have come or gone, by us as well. */
	if (vl_redo_seen(r, &now))
		planned = s->after.type == VL_ENTRY_DIR ?
		    now.type == VL_ENTRY_DIR :
		    vl_meta_same_content(&now, &s->after);
	if (r->unseen != 0)
		return VL_OK;
	/* A copy may be equal to the planned file, too. */
	if (before &&
	    (!planned ||
	        vl_redo_there(r, r->stage->undofd, vl_stage_n(n, s->n, "")))) {
		vl_redo_settle(r);
		return vl_redo_diverged(r, "its staged content is gone");
	}
	if (planned)
		return VL_OK;
	vl_redo_settle(r);
	if (r->report->kept != NULL)
		r->report->kept(
		    r->report->arg, r->path, "changed since the import");
	return VL_OK;
}

bool
vl_redo_kept_below(const struct redo *r)
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

/*
 * One more name of a file is the same inode as the first.  Where the first
 * was chosen about, or is not as planned, that is said of the first alone.
 */
static enum vl_status
look_at_link(
    struct redo *r, const struct vl_step *s, bool *linked, struct vl_err *err)
{
	struct vl_meta to = { 0 };
	struct stat st_path = { 0 };
	struct stat st_to;
	char *text = NULL;
	int dirfd = -1;
	enum vl_status st = VL_OK;

	*linked = true;
	if (fstatat(r->dirfd, r->name, &st_path, AT_SYMLINK_NOFOLLOW) != 0)
		(void)not_seen(r);
	/* From here on the place is that of the first. */
	errno = 0;
	st = vl_places_get(&r->places, s->to, &dirfd, err);
	if (st != VL_OK) /* below a new directory that is closed already */
		return errno == EACCES ? VL_OK : st;
	text = vl_places_text(&r->places, s->to);
	if (text == NULL)
		return vl_fail_memory(err);
	if (vl_journal_choice(r->journal, text) != VL_CHOICE_NONE)
		goto out;
	*linked = false;
	if (dirfd < 0)
		goto out;
	if (fstatat(dirfd, r->places.name, &st_to, AT_SYMLINK_NOFOLLOW) != 0) {
		(void)not_seen(r);
		goto out;
	}
	vl_meta_of_stat(&to, &st_to);
	*linked = (st_to.st_dev == st_path.st_dev &&
	              st_to.st_ino == st_path.st_ino) ||
	    (!s->live && !vl_meta_same_content(&to, &s->after));
out:
	free(text);
	return VL_OK;
}

static enum vl_status
look_at_gone(struct redo *r, const struct vl_step *s)
{
	if (s->other != 0) /* the step that it names looks at the path */
		return VL_OK;
	if (!vl_redo_there(r, r->dirfd, r->name))
		r->proved++;
	else if (!vl_redo_kept_below(r))
		return vl_redo_diverged(r, "it is there again");
	return VL_OK;
}

/* The entry is as planned; but for a lock that a file may lack as yet. */
static bool
stands(struct redo *r, const struct vl_step *s)
{
	const struct vl_meta unmoved = vl_redo_unmoved(s);

	return vl_redo_stands(r, &s->after) ||
	    (!r->moved && vl_redo_stands(r, &unmoved));
}

enum vl_status
vl_redo_look(struct redo *r, const struct vl_step *s, struct vl_err *err)
{
	bool linked = true;
	enum vl_status st = VL_OK;

	if (vl_redo_settled(r) || r->choice != VL_CHOICE_NONE ||
	    (!r->closing && vl_redo_closes(s)))
		return VL_OK;
	if (s->kind == VL_STEP_DELETE || s->kind == VL_STEP_RMDIR)
		return look_at_gone(r, s);
	if (r->dirfd < 0)
		return vl_redo_diverged(r, "it is gone");
	if (!stands(r, s))
		return vl_redo_diverged(r,
		    vl_redo_there(r, r->dirfd, r->name) ?
		        "it is not as it was put there" :
		        "it is gone");
	if (s->to.p != NULL)
		st = look_at_link(r, s, &linked, err);
	if (st == VL_OK && !linked)
		return vl_redo_diverged(
		    r, "it is no longer another name of the same file");
	r->proved++;
	return st;
}
