#ifndef VALISE_TARGET_STEPS_H
#define VALISE_TARGET_STEPS_H

/*
 * The list of steps of one tree: what the redo will do, path by path, one
 * canonical JSON line each, closed by a line with their number and hash
 * (docs/transaction.md, "Steps").
 */

#include <valise/bytes.h>
#include <valise/crypt.h>

#include "meta.h"

enum vl_step_kind {
	VL_STEP_NEW,     /* new/N to a path that is free */
	VL_STEP_REPLACE, /* new/N over a file or link */
	VL_STEP_DELETE,  /* a file or link */
	VL_STEP_RMDIR,   /* a directory, empty by then */
	VL_STEP_META,    /* attributes of a file or link */
	VL_STEP_DIR      /* attributes of a directory that stays */
};

struct vl_step {
	enum vl_step_kind kind;
	uint64_t n; /* names new/N and undo/N */
	/* NEW: a deletion of the same path comes first (the type changes).
	 * DELETE, RMDIR: n of the NEW that follows; 0: none. */
	uint64_t other;
	struct vl_slice path; /* relative to the root */
	/* NEW, REPLACE of one more name of a file: the path of the first, and
	 * whether that stays as it is (it has no step); else p is NULL. */
	struct vl_slice to;
	bool live;
	struct vl_meta before; /* but of NEW */
	struct vl_meta after;  /* but of DELETE, RMDIR */
};

struct vl_steps_w;
struct vl_steps_r;

enum vl_status vl_steps_w_open(
    struct vl_steps_w **out, int dirfd, struct vl_err *err);
enum vl_status vl_steps_w_add(
    struct vl_steps_w *w, const struct vl_step *s, struct vl_err *err);
/* Close the list; no sync: the staging is synced as a whole. */
enum vl_status vl_steps_w_finish(struct vl_steps_w *w, struct vl_err *err);
void vl_steps_w_free(struct vl_steps_w *w);

/* Opens only a whole list: number and hash are checked first. */
enum vl_status vl_steps_r_open(
    struct vl_steps_r **out, int dirfd, struct vl_err *err);
/* How many steps the list holds. */
uint64_t vl_steps_r_count(const struct vl_steps_r *r);
/* From the first step again. */
void vl_steps_r_rewind(struct vl_steps_r *r);
/* `*more` is false behind the last; slices until the next call. */
enum vl_status vl_steps_r_next(
    struct vl_steps_r *r, struct vl_step *s, bool *more, struct vl_err *err);
void vl_steps_r_free(struct vl_steps_r *r);

#endif
