#ifndef VALISE_TARGET_PLAN_H
#define VALISE_TARGET_PLAN_H

/*
 * A target from inside the room.
 *
 * Records come in manifest order and meet a walk of the tree in the same
 * order (plan.c).  What is found becomes an item of a queue; an item with
 * work for the pool carries a job (work.c).  Items are closed in the order
 * they came (close.c): there the counts, the steps and what is said arise,
 * so that none of them depends on the number of workers.
 */

#include <valise/target.h>
#include <valise/tree.h>

#include "stage.h"
#include "steps.h"

#define ITEM_REFS 16 /* chunks of a body that one job takes */

/* A folder of the staging, kept open while something may go into it. */
struct stage_dir {
	int fd;
	unsigned users;
};

enum item_kind {
	ITEM_ENTER, /* a directory begins */
	ITEM_LEAVE, /* the directory that began last ends */
	ITEM_ENTRY, /* a file or link of the bundle */
	ITEM_DELETE,
	ITEM_KEEP, /* left alone */
	ITEM_CONFLICT
};

enum dir_kind {
	DIR_MATCHED, /* on both sides */
	DIR_STAGED,  /* new */
	DIR_OLD_ONLY /* of the target alone, or of another type there */
};

enum outcome {
	OUTCOME_SAME,
	OUTCOME_META,
	OUTCOME_STAGE
};

struct item {
	struct vl_job job;
	struct item *next;
	struct vl_target *t;
	enum item_kind kind;
	enum dir_kind dir_kind;
	struct vl_meta before; /* where `matched` */
	struct vl_meta after;
	bool matched;
	bool inner;   /* below a new directory: no step of its own */
	bool single;  /* the target's file has one name */
	bool counted; /* KEEP: of the bundle or target, to be counted */
	bool submitted;
	bool dry; /* nothing is staged */
	uint64_t n;
	uint64_t other;
	struct stage_dir *dir; /* where it is staged; ENTER: itself */
	int fd;                /* the target's file, to be compared; or -1 */
	uint8_t hash[VL_CONTENT_HASH_SIZE];
	struct vl_body body;
	struct vl_chunk_ref refs[ITEM_REFS];
	size_t nrefs;
	enum outcome outcome;
	const char *why;
	size_t path_n;
	char path[]; /* with NUL */
};

/* A directory that is open while planning. */
struct plan_dir {
	size_t path_n;
	enum dir_kind kind;
	struct stage_dir *dir; /* of a STAGED one */
};

/* A directory that is open while closing. */
struct done_dir {
	struct item *enter; /* owned */
	bool touched;
	bool stays;
};

struct worker {
	struct vl_hasher *hasher;
	uint8_t *buffer;
};

#define WORK_BUFFER (256u << 10)

struct vl_target {
	struct vl_target_opts opts;
	struct vl_exclude *exclude;
	struct vl_owners *owners;
	struct vl_walk *walk; /* NULL: the tree is absent */
	struct vl_node node;  /* where `have` */
	bool have;
	struct vl_steps_w *steps;
	struct worker *workers;
	unsigned nworkers;

	struct item *head;
	struct item *tail;
	size_t queued;
	uint64_t queued_bytes;

	struct plan_dir *plan;
	size_t nplan;
	size_t plan_cap;
	struct vl_buf plan_path;
	struct done_dir *done;
	size_t ndone;
	size_t done_cap;

	struct vl_buf skip_path;
	bool skipping;
	uint64_t next_n;
	struct vl_target_counts counts;
};

/* plan.c: look at the next path of the tree. */
enum vl_status vl_plan_advance(struct vl_target *t, struct vl_err *err);

/* work.c */
enum vl_status vl_work_file(struct vl_job *job, unsigned worker);
/* A body of more than ITEM_REFS chunks, on the caller's thread; `i->refs`
 * holds its first ones. */
enum vl_status vl_work_large(struct item *i, struct vl_err *err);
enum vl_status vl_work_link(
    struct item *i, struct vl_slice target, struct vl_err *err);

/* close.c */
enum vl_status vl_close_item(struct vl_target *t, struct vl_err *err);
void vl_item_free(struct item *i);
void vl_stage_dir_release(struct stage_dir *d);

#endif
