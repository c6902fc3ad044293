#ifndef VALISE_APPLY_PRIVATE_H
#define VALISE_APPLY_PRIVATE_H

/*
 * One import from inside the room.
 *
 *	intake.c   the bundle: trusted, copied to the spool, unlocked
 *	replay.c   is it the next one, from the right sender, for this site?
 *	room.c     is there room for it?
 *	planning.h  what a plan says, and to write one
 *	map.c      paths of records become other ones
 *	rewrite.c  text in files of the bundle is replaced
 *	merges.c   values and members of files that stay as they are here
 *	fills.c    secrets of files
 *	keyfiles.c  files in which master keys of this side stand
 *	tied.c     trees in whose paths ids of rows stand
 *	owned.c    those whose files rows own
 *	pass.c     records against the trees: compare, stage
 *	databases.h  rows against the databases; their transaction
 *	commit.c   prepare, decide, finish; the same finish serves recovery
 *	recover.c  what a killed run left
 *	import.c   all of it in order
 */

#include <valise/apply.h>
#include <valise/brought.h>
#include <valise/journal.h>
#include <valise/links.h>
#include <valise/seal.h>
#include <valise/stage.h>
#include <valise/target.h>
#include <valise/tokens.h>
#include <valise/unpack.h>

#include "fills.h"
#include "filter.h"
#include "keyfiles.h"
#include "merges.h"

/* The bundle as it was taken in; all from the spool. */
struct vl_intake {
	struct vl_seal seal;
	struct vl_key_set *keys;  /* locked */
	struct vl_tokens *tokens; /* of secrets */
	struct vl_unpack *unpack;
	uint8_t sender[VL_SIGN_PUBLIC_SIZE];
	int spoolfd;
};

struct vl_run;

/* One tree that is imported. */
struct vl_part {
	struct vl_run *run;
	const struct vl_resource *resource;
	struct vl_links *links; /* the survey fills it */
	const char **keep_here; /* patterns; borrowed from the site */
	size_t nkeep_here;
	struct vl_resource own;   /* of one with ties, its words */
	struct vl_ties *ties;     /* NULL: no ids in its paths */
	struct vl_base *owner;    /* of its files, by its rows; or NULL */
	struct vl_map_sort *held; /* until their rows are compared; or NULL */
	struct vl_map_sort *map;  /* NULL: paths stay as they are */
	struct vl_rewrites *rewrites; /* NULL: contents do */
	struct vl_merges *merges;     /* NULL: nothing in files stays */
	struct vl_keyfiles *keyfiles; /* NULL: no master key is in them */
	struct vl_fills *fills;       /* NULL: no secrets are */
	struct vl_brought brought;    /* names its list */
	struct vl_target *target;
	struct vl_stage *stage;
	bool begun;
	bool ended;
	struct vl_target_counts counts;
	bool unchanged;
};

/* How deep a pass goes. */
enum vl_depth {
	VL_COMPARE, /* whether anything differs */
	VL_TRY,     /* a preview: rows are written, nothing is staged */
	VL_STAGE
};

struct vl_base;     /* databases.h */
struct plan_writer; /* planning.h */
struct vl_dbs;

struct vl_run {
	const struct vl_import_opts *opts;
	struct vl_import_result *result;
	struct vl_ledger ledger;
	struct vl_intake intake;
	struct vl_header header;
	struct vl_part *parts;      /* as header.trees */
	struct vl_base *bases;      /* as header.dbs */
	struct plan_writer *writer; /* of a plan; or NULL */
	struct vl_dbs *dbs;         /* over all of them; NULL: there is none */
	int64_t changes;            /* of `dbs`, before the transaction */
	enum vl_depth depth;        /* of the pass in hand */
	bool keep_owner;
	bool surveyed;       /* every line was seen once */
	bool journalled;     /* BEGIN stands */
	struct vl_buf notes; /* that were said, each with a NUL */
	bool quiet; /* changes are not said: a second pass will say them */
	char conflict[1024]; /* the first one, for the error */
	struct vl_err
	    planned;    /* what failed of a plan, where none can be told */
	uint64_t total; /* bytes of all files that are imported */
	uint64_t done;
};

/* What is imported, one resource after the other: trees, then databases. */
struct vl_taken {
	const char *resource;
	const char *where; /* the root, or the file */
	const struct vl_target_counts *counts;
	bool tree;
	bool ended;
	bool unchanged;
};
/* pass.c: the `i`th; false behind the last. */
bool vl_run_taken(const struct vl_run *run, size_t i, struct vl_taken *t);

/* import.c: whether --only takes this resource. */
bool vl_selected(const struct vl_import_opts *o, const char *name);

/* intake.c */
enum vl_status vl_intake_open(struct vl_run *run, struct vl_err *err);
/* A second reader of the spool, for the lines alone. */
enum vl_status vl_intake_lines(
    struct vl_run *run, struct vl_unpack **out, struct vl_err *err);
/* Read the same records again from the start. */
enum vl_status vl_intake_rewind(struct vl_run *run, struct vl_err *err);
void vl_intake_close(struct vl_intake *in);
/* The site says that what profiles of this sender bring may be run. */
enum vl_status vl_intake_code(
    struct vl_run *run, bool *may, struct vl_err *err);

/* replay.c */
enum vl_status vl_replay_check(struct vl_run *run, struct vl_err *err);
/* The ledger's new lines, for the header. */
enum vl_status vl_replay_lines(struct vl_run *run, struct vl_err *err);

/* room.c */
enum vl_status vl_room_spool(struct vl_run *run, struct vl_err *err);
enum vl_status vl_room_targets(
    struct vl_run *run, bool *differs, struct vl_err *err);

/* tied.c */
/* Which trees have ids in their paths, by the profile of the site, else by
 * those of the bundle. */
enum vl_status vl_tied_find(struct vl_run *run, struct vl_err *err);
/* Begin with such a tree: its records are held where its rows are not
 * compared yet. */
enum vl_status vl_tied_begin(
    struct vl_run *run, struct vl_part *p, struct vl_err *err);
/* Those that were held, into the sort of the target's paths; `*ready` is
 * false, and nothing done, before the rows are compared. */
enum vl_status vl_tied_release(
    struct vl_run *run, struct vl_part *p, bool *ready, struct vl_err *err);
bool vl_tied_any(const struct vl_run *run);
/* What it has here is known once rows are compared. */
bool vl_tied_waits(const struct vl_part *p);

/* owned.c: trees whose files rows own. */
struct vl_profile;
/* Those of which `p` speaks, in its words of any database.  VL_EREFUSED: rows
 * or files are imported alone. */
enum vl_status vl_owned_add(
    struct vl_run *run, const struct vl_profile *p, struct vl_err *err);
/* What the bundle has in them. */
enum vl_status vl_owned_read(struct vl_run *run, struct vl_err *err);
/* Of vl_target_opts; the argument is the run. */
enum vl_status vl_owned_named(void *arg, const char *resource,
    struct vl_slice path, enum vl_named *what, struct vl_err *err);

/* pass.c */
/* The part that a record's resource is of; NULL: it is not imported. */
struct vl_part *vl_part_of(struct vl_run *run, struct vl_slice resource);
/* The rules of the site for one part. */
struct vl_filter_opts vl_part_filter(
    const struct vl_run *run, const struct vl_part *p);
/* Every few lines: how far `what` is, and VL_ESIGNAL when asked to stop. */
enum vl_status vl_run_goes_on(const struct vl_run *run, uint64_t number,
    const char *what, struct vl_err *err);
/* Of what several resources may say, such as of a key that others may read:
 * once. */
void vl_run_note(struct vl_run *run, const char *text);
enum vl_status vl_pass(
    struct vl_run *run, enum vl_depth depth, struct vl_err *err);

/* commit.c: everything after the pass. */
struct vl_finish {
	struct vl_state *state;
	const struct vl_journal *journal;
	struct vl_stage **stages;
	size_t n;
	struct vl_dbs **dbs; /* those of the header; `*dbs` NULL: not open */
	unsigned wait;       /* seconds for a lock on them */
	const struct vl_apply_ui *ui;
	double seconds;
};
enum vl_status vl_commit(struct vl_run *run, struct vl_err *err);
enum vl_status vl_finish(struct vl_finish *f, struct vl_err *err);
/* From `applied` on: ledger, shadow, end, cleaning. */
enum vl_status vl_finish_end(struct vl_finish *f, struct vl_err *err);
/* Undo what is journalled and not decided. */
enum vl_status vl_undo(struct vl_finish *f, struct vl_err *err);
struct vl_stage_report vl_stage_report_of(const struct vl_apply_ui *ui);

#endif
