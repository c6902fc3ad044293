#ifndef VALISE_TARGET_REDO_H
#define VALISE_TARGET_REDO_H

/*
 * The redo from inside: what its passes share.  redo.c moves, redo_attrs.c
 * sets attributes, redo_look.c tells what stands somewhere.
 */

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
	/* All is where it belongs, or stays out: files get their locks. */
	bool moved;
	bool closing; /* the last pass: directories that would bar the others */
	uint64_t proved; /* looked at, and as planned */
	/* vl_redo_open_up(): how many were opened, and were out of reach. */
	uint64_t opened;
	uint64_t barred;
	/* Directories that should be new and are not ours: paths, each ended
	 * by NUL. */
	struct vl_buf foreign;
	char *path; /* absolute, of the step in hand */
	int dirfd;  /* where it acts; -1: that is not there */
	const char *name;
	enum vl_choice choice;
	bool copied; /* vl_redo_is_before(): it was by undo/N.copy */
	int unseen;  /* errno of a look of this step that told nothing, or 0 */
};

/* A step's function for one pass; the step's place is open. */
typedef enum vl_status (*vl_redo_fn)(
    struct redo *r, const struct vl_step *s, struct vl_err *err);

/* redo.c: what is not as it was planned, unless an operator keeps it. */
void vl_redo_settle(struct redo *r);
bool vl_redo_settled(const struct redo *r);
enum vl_status vl_redo_blocked(struct redo *r, const char *why);
enum vl_status vl_redo_diverged(struct redo *r, const char *why);

/*
 * The import is given up, and its redo may have been killed: whatever that
 * took off for a while comes back.  What does not is reported.
 */
enum vl_status vl_redo_give_up(struct vl_stage *stage,
    const struct vl_stage_report *report, struct vl_err *err);

/* redo_attrs.c */
/* What the step in hand makes of its entry while not all is moved: a lock on a
 * file would hold those of its names that are still in the staging, too. */
struct vl_meta vl_redo_unmoved(const struct vl_step *s);
/* Steps below `path` name what is not there: they are left out. */
enum vl_status vl_redo_foreign(
    struct redo *r, struct vl_slice path, struct vl_err *err);
enum vl_status vl_redo_open_up(
    struct redo *r, const struct vl_step *s, struct vl_err *err);
/* A directory whose mode would bar this user from what is in it: it has u+rwx
 * until the others were looked at. */
bool vl_redo_closes(const struct vl_step *s);
enum vl_status vl_redo_close(
    struct redo *r, const struct vl_step *s, struct vl_err *err);
enum vl_status vl_redo_attributes(
    struct redo *r, const struct vl_step *s, struct vl_err *err);
/* The pass of an import that is given up: what an earlier run took off an
 * entry for a while comes back; where it does not, that is reported. */
enum vl_status vl_redo_put_back(
    struct redo *r, const struct vl_step *s, struct vl_err *err);
/*
 * Right before a live entry is replaced or deleted, known to be as before: its
 * locks come off, if prepare has seen them; false and errno where that is
 * refused.  Right after they come back on what has other names, or stands
 * still; `st` is what became of it.
 */
struct vl_redo_held {
	int fd;
	uint32_t flags;
};
bool vl_redo_unlock(
    struct redo *r, const struct vl_step *s, struct vl_redo_held *held);
enum vl_status vl_redo_relock(struct redo *r, struct vl_redo_held *held,
    enum vl_status st, struct vl_err *err);

/* redo_look.c */
/* Where that cannot be told, r->unseen, and the step in hand fails; until then
 * nothing more is done or said. */
bool vl_redo_there(struct redo *r, int dirfd, const char *name);
/* What stands at the place of the step in hand; false: nothing, or unseen. */
bool vl_redo_seen(struct redo *r, struct vl_meta *now);
/* It is the inode of dirfd/name, is all that `want` says, is of this mount;
 * false as of vl_redo_seen(). */
bool vl_redo_same(struct redo *r, int dirfd, const char *name);
bool vl_redo_stands(struct redo *r, const struct vl_meta *want);
bool vl_redo_ours(struct redo *r);
/* The path still is what was linked (or copied) aside, unchanged. */
enum vl_status vl_redo_is_before(
    struct redo *r, const struct vl_step *s, bool *yes, struct vl_err *err);
/* The step was done by an earlier run: what stands there now? */
enum vl_status vl_redo_done_before(
    struct redo *r, const struct vl_step *s, struct vl_err *err);
/* Something below the step in hand stays because an operator said so. */
bool vl_redo_kept_below(const struct redo *r);
/* The last pass. */
enum vl_status vl_redo_look(
    struct redo *r, const struct vl_step *s, struct vl_err *err);

#endif
