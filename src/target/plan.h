#ifndef VALISE_TARGET_PLAN_H
#define VALISE_TARGET_PLAN_H

/*
 * A target from inside the room.
 *
 * Records come in manifest order and meet a walk of the tree in the same
 * order (plan.c), are let in or not (policy.c), and what is put (entry.c)
 * becomes an item of a queue; an item with work for the pool carries a job
 * (work.c, write.c).  Items are closed in the order they came (close.c):
 * there the counts, the steps and what is said arise, so that none of them
 * depends on the number of workers.  Further names of a file wait for that
 * moment, too (link.c): by then it is known what became of the first.
 */

#include <valise/chunk.h>
#include <valise/target.h>
#include <valise/tree.h>

#include "holds.h"
#include "listed.h"
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
	struct vl_meta before; /* where `matched`; flags and attributes are
	                        * read when they are compared */
	struct vl_meta after;
	struct vl_attrs attrs_before; /* what before.attrs is in */
	struct vl_buf attrs_after;
	bool matched;
	bool inner;    /* below a new directory: no step of its own */
	bool whole;    /* the target's file has no name but those of the record
	                * and of its hard lines */
	bool complete; /* all its hard lines are names of it already */
	bool anew;     /* the target's file is another record's already */
	bool leader;   /* hard lines name it */
	bool alike;    /* the target's is the same but for attributes, names */
	bool refused;  /* in conflict, and planned all the same */
	bool said;     /* KEEP: somebody wants to read of it */
	bool listed;   /* an earlier import of the series created it */
	bool stays;    /* of OLD_ONLY: no import did */
	bool counted;  /* KEEP: of the bundle or target, to be counted */
	bool submitted;
	bool dry;        /* nothing is staged */
	uint64_t weight; /* bytes it counts for in the queue */
	uint64_t n;
	uint64_t other;
	struct stage_dir *dir; /* where it is staged; ENTER: itself */
	uint64_t top_n;        /* inner: n and path_n of the outermost new */
	size_t top_path_n;     /* directory */
	dev_t dev;             /* the target's inode, where matched */
	ino_t ino;
	bool sparse; /* the target's file may have holes */
	int fd;      /* the target's file, to be compared; or -1 */
	uint8_t hash[VL_CONTENT_HASH_SIZE];
	struct vl_buf holes; /* struct vl_hole */
	struct vl_body body;
	struct vl_chunk_ref refs[ITEM_REFS];
	size_t nrefs;
	enum outcome outcome;
	char *to;           /* a hard line's; owned */
	struct vl_buf link; /* a leader's that is a LINK: its target */
	char *text;         /* why, or what is dropped; owned */
	size_t path_n;
	char path[]; /* with NUL */
};

/* A directory that is open while planning. */
struct plan_dir {
	size_t path_n;
	enum dir_kind kind;
	struct stage_dir *dir; /* of a STAGED one */
	uint64_t top_n;        /* of a STAGED one: as in item */
	size_t top_path_n;
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

/* What policy says of a record, besides VL_LACKS_*: */
#define LACKS_PRIVILEGE 0x100u /* setuid, setgid, security.*, trusted.* */
#define LACKS_LOCK      0x200u /* VL_FLAGS_LOCK */

struct verdict {
	bool put;
	enum item_kind kind; /* not put: KEEP or CONFLICT */
	bool said;           /* KEEP */
	bool as_is;          /* put: a directory that keeps its attributes, or
	                      * stays where it would go */
	unsigned lacks;      /* put: what it is brought without */
	bool refused;        /* put, and in conflict: a directory, so that
	                      * what is in it is looked at, too */
	char text[1024];     /* why; of a record that is put what it lacks */
};

struct vl_target {
	struct vl_target_opts opts;
	struct vl_exclude *exclude;
	struct vl_exclude *keep; /* keep_here */
	struct vl_exclude *unit; /* NULL: no directory is one thing */
	struct vl_owners *owners;
	struct vl_holds holds;
	struct vl_fold *fold;
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
	/* Names made in new/, hard links under the type of what they name. */
	uint64_t staged[VL_ENTRY_LEFT_OUT];

	struct vl_listed *listed; /* NULL: nothing is */

	/* link.c */
	struct vl_table *claims;  /* dev and ino of files with several names
	                           * that a record of the bundle has taken */
	struct vl_table *leaders; /* by number: what became of them */
	uint64_t nleaders;
	struct vl_dirs *live_dirs;   /* of the tree, */
	struct vl_dirs *staged_dirs; /* of new/; both made when needed */
	int rootfd;
	struct vl_table *unlisted; /* inner.c: by number; NULL: none */
};

/* target.c: what the file system of a tree can hold: that of the root, or
 * where it is absent of the directory above it. */
enum vl_status vl_target_holds(struct vl_holds *holds,
    const struct vl_header_tree *tree, struct vl_err *err);

/* plan.c */
/* Look at the next path of the tree. */
enum vl_status vl_plan_advance(struct vl_target *t, struct vl_err *err);
/* Into the queue (it takes `i`); older items are closed while it is too
 * long. */
enum vl_status vl_plan_push(
    struct vl_target *t, struct item *i, struct vl_err *err);
/* Begin a directory; takes `i`. */
enum vl_status vl_plan_enter(
    struct vl_target *t, struct item *i, struct vl_err *err);
struct plan_dir *vl_plan_inmost(struct vl_target *t);
/* It lies below one that was not put. */
bool vl_plan_skips(const struct vl_target *t, struct vl_slice path);

/* policy.c */
#define WHY_LEADS_OUT "leads out of the tree: not taken with 'links: inside'"
enum vl_status vl_policy_record(struct verdict *v, struct vl_target *t,
    const struct vl_entry *e, bool matched, struct vl_err *err);
/* A path that only the target has: `put` means that it goes. */
enum vl_status vl_policy_target_only(
    struct verdict *v, struct vl_target *t, struct vl_err *err);

/* An attribute that 'privileged' governs. */
bool vl_policy_privileged(struct vl_slice name);
/* A directory above the path is a unit: one thing, in which the bundle
 * rules. */
bool vl_policy_in_unit(const struct vl_target *t, struct vl_slice path);
/* keep_here or exclude names a path that is no directory. */
bool vl_policy_untouched(const struct vl_target *t, struct vl_slice path);

/* entry.c: one record, or one path of the target alone. */
struct item *vl_item_new(
    struct vl_target *t, enum item_kind kind, struct vl_slice path);
struct vl_slice vl_item_path(const struct item *i);
/* Attributes of what was found, by a descriptor or a name below one. */
enum vl_status vl_item_read_before(
    struct item *i, int fd, const char *name, struct vl_err *err);
/* The attributes of a record as they would be read here. */
struct vl_want {
	const struct vl_holds *holds;
	struct vl_owners *owners;
	unsigned lacks; /* what it is brought without */
};
enum vl_status vl_want_attrs(struct vl_buf *out, const struct vl_want *w,
    const struct vl_entry *e, struct vl_err *err);
enum vl_status vl_plan_dir(struct vl_target *t, const struct vl_entry *e,
    const struct verdict *v, bool matched, struct vl_err *err);
struct put {
	const struct vl_entry *e; /* neither DIR nor LEFT_OUT */
	const struct vl_body *body;
	const struct verdict *verdict;
	bool matched;
};
enum vl_status vl_plan_entry(
    struct vl_target *t, const struct put *p, struct vl_err *err);
enum vl_status vl_plan_removal(
    struct vl_target *t, const struct verdict *v, struct vl_err *err);

/* work.c */
enum vl_status vl_work_file(struct vl_job *job, unsigned worker);
/* A body of more than ITEM_REFS chunks, on the caller's thread; `i->refs`
 * holds its first ones. */
enum vl_status vl_work_large(struct item *i, struct vl_err *err);
/* Anything without content. */
enum vl_status vl_work_node(
    struct item *i, struct vl_slice target, struct vl_err *err);

/* write.c: content into the staging and back. */

/* Part of a body. */
struct segment {
	struct vl_job job;
	struct item *item;
	int fd;
	uint64_t from; /* the bytes it answers for */
	uint64_t to;
	struct vl_chunk_ref refs[ITEM_REFS];
	size_t n;
	struct vl_chunk_run run; /* of what was written */
};
/* What the item is called in i->dir; `n` has VL_STAGE_N_SIZE bytes. */
const char *vl_write_name(const struct item *i, char *n);
enum vl_status vl_write_segment(struct segment *seg, struct vl_err *err);
/* What was written is read by `fd` and compared. */
enum vl_status vl_write_check(
    const struct segment *seg, int fd, uint8_t *buffer, struct vl_err *err);
enum vl_status vl_write_fail_back(const struct item *i, struct vl_err *err);

/* link.c */

/* A record that hard lines may name was met. */
void vl_link_meet(struct vl_target *t, struct item *i);
/* The same, and it is not put: what is said of its other names. */
void vl_link_leave(
    struct vl_target *t, const struct vl_entry *e, enum item_kind kind);
/* A hard line follows what became of its leader where that is known. */
enum vl_status vl_link_verdict(struct verdict *v, struct vl_target *t,
    const struct vl_entry *e, struct vl_err *err);
/* The names of a matched target file with several: sets `whole`,
 * `complete`, `anew`. */
enum vl_status vl_link_claim(
    struct vl_target *t, struct item *i, nlink_t nlink, struct vl_err *err);
/* A leader of the target that lacks names and may be given none, as it is
 * locked or another user's (protected_hardlinks): it is made anew. */
bool vl_link_barred(const struct item *i);
/* A leader is closed. */
enum vl_status vl_link_settle(struct vl_target *t, const struct item *i,
    bool conflict, struct vl_err *err);
/* A hard line is closed: sets `after`, `outcome`, stages it.  `*why` is not
 * NULL when it is a conflict, and may point into i->text. */
enum vl_status vl_link_close(struct vl_target *t, struct item *i, bool *live,
    const char **why, struct vl_err *err);

/* inner.c */

/* Of tables whose keys are numbers from 1. */
void vl_inner_key(uint8_t key[VL_TABLE_KEY_SIZE], uint64_t number);

/* Where something stands in new/: N itself, or `rest` of a path below it. */
enum vl_status vl_inner_path(
    struct vl_buf *out, uint64_t n, const char *rest, struct vl_err *err);
/* An inner directory that its owner could not list or enter gets its mode
 * when the proof has looked into it. */
bool vl_inner_unlisted(const struct item *i);
enum vl_status vl_inner_put_off(
    struct vl_target *t, const struct item *i, struct vl_err *err);
enum vl_status vl_inner_finish(struct vl_target *t, struct vl_err *err);

/* close.c */
enum vl_status vl_close_item(struct vl_target *t, struct vl_err *err);
void vl_item_free(struct item *i);
void vl_stage_dir_release(struct stage_dir *d);

#endif
