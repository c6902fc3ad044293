#ifndef VALISE_STAGE_H
#define VALISE_STAGE_H

/*
 * The staging directory of one tree, and everything that happens to the tree
 * after the decision (docs/transaction.md).  Recovery needs nothing but this
 * and the header of the import: no bundle, no password, no site file.
 *
 *	make -> (target fills it) -> seal -> sync	prepared
 *	mark decided -> redo -> sync			decided
 *	mark applied -> take_time -> clean		the end
 *
 * Until it is decided drop undoes all of it.  A stage that was opened is
 * what recovery goes on with, at whichever of these it was left.
 */

#include <valise/entry.h>
#include <valise/journal.h>

struct vl_stage;

/* What stands under the fixed name. */
enum vl_stage_found {
	VL_STAGE_ABSENT, /* nothing, or the parent directory is gone */
	VL_STAGE_OURS,   /* owner names this import and state */
	VL_STAGE_FOREIGN /* somebody else's */
};

/* A path that is not as planned. */
struct vl_stage_report {
	void *arg;
	/* `path` is absolute, raw bytes. */
	void (*blocked)(void *arg, const char *path, const char *why);
	void (*diverged)(void *arg, const char *path, const char *why);
	void (*kept)(void *arg, const char *path, const char *why);
	/* The redo has looked at this many entries of `root`, and each is as
	 * planned. */
	void (*proved)(void *arg, const char *root, uint64_t entries);
};

/*
 * Where the staging of a tree goes: `.NAME.valise` beside the root, or
 * `.valise` inside where the root is a mount point, the parent cannot be
 * written, or the name would be too long.  Fills root, staging, absent,
 * inside and the root's time.  Writes nothing.
 *
 * VL_EUSAGE  the root is absent and so is its parent, or it is no directory
 */
enum vl_status vl_stage_locate(
    struct vl_header_tree *tree, const char *path, struct vl_err *err);

/*
 * Make it: with its owner file, locked, synced, under the fixed name.
 * VL_ELOCKED when another import's stands there.
 */
enum vl_status vl_stage_make(struct vl_stage **out, const struct vl_header *h,
    size_t tree, struct vl_err *err);
/* Open what is there.  `*out` is NULL unless it is ours. */
enum vl_status vl_stage_open(struct vl_stage **out, const struct vl_header *h,
    size_t tree, enum vl_stage_found *found, struct vl_err *err);
/*
 * With the state lost: the header as the staging directory of `tree` holds
 * it; without one (`prepared` is false) what its owner file says.  h->ntrees
 * is 0 when there is no staging.
 *
 * VL_ELOCKED   what stands there does not say whose it is
 * VL_EPENDING  it may be decided, and its header is damaged or cannot be read
 */
enum vl_status vl_stage_header(struct vl_header *h,
    const struct vl_header_tree *tree, bool *prepared, struct vl_err *err);

int vl_stage_fd(const struct vl_stage *s);
/* Descriptor of its folder `new`. */
int vl_stage_newfd(const struct vl_stage *s);

/* Before the decision: header copy and marks to come.  A vl_stage_sync()
 * makes all of the staging durable. */
enum vl_status vl_stage_seal(
    struct vl_stage *s, const struct vl_header *h, struct vl_err *err);

enum vl_stage_mark {
	VL_STAGE_DECIDED,
	VL_STAGE_APPLIED
};
/* Set it, durably; setting it again is harmless. */
enum vl_status vl_stage_mark(
    struct vl_stage *s, enum vl_stage_mark mark, struct vl_err *err);
/* Is it set?  Made durable before it is believed. */
enum vl_status vl_stage_marked(
    struct vl_stage *s, enum vl_stage_mark mark, bool *set, struct vl_err *err);

/*
 * Apply every step; each looks first, so that repeating is harmless.
 * Choices come from the journal.
 *
 * VL_EPENDING  an entry is blocked or diverged (each reported), or the
 *		system refused: all stays as it is, and the next call goes on
 */
enum vl_status vl_stage_redo(struct vl_stage *s, const struct vl_journal *j,
    const struct vl_stage_report *report, struct vl_err *err);
/* One syncfs of the tree's file system. */
enum vl_status vl_stage_sync(struct vl_stage *s, struct vl_err *err);

/* Undo before the decision: everything goes, the root's time comes back. */
enum vl_status vl_stage_drop(struct vl_stage *s, struct vl_err *err);
/*
 * Before the end: the root's time as it is now is what cleaning puts back
 * where staging stands inside.  For vl_journal_time().
 */
enum vl_status vl_stage_take_time(
    struct vl_stage *s, struct vl_time *time, struct vl_err *err);
/* After the end. What others put into it is kept and named. */
enum vl_status vl_stage_clean(struct vl_stage *s,
    const struct vl_stage_report *report, struct vl_err *err);
/* What a cleaning or making that was killed left under `.NAME.valise.ID`. */
enum vl_status vl_stage_sweep(
    const struct vl_header *h, size_t tree, struct vl_err *err);
/* Staging inside the root changes its time as it goes: put it back as the
 * header has it.  Nothing where staging stands beside. */
enum vl_status vl_stage_restore(
    const struct vl_header *h, size_t tree, struct vl_err *err);
/* Give up on it: locks that the redo took off for a while come back (blocked:
 * where they do not), and it is renamed, kept and named. */
enum vl_status vl_stage_abandon(struct vl_stage *s,
    const struct vl_stage_report *report, struct vl_err *err);
void vl_stage_close(struct vl_stage *s);

#endif
