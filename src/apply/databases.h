#ifndef VALISE_APPLY_DATABASES_H
#define VALISE_APPLY_DATABASES_H

/*
 * The databases of an import: their rows, and the transaction over all of
 * them.
 *
 *	databases.c  rows of the bundle against those that are there
 *	meaning.c    by which profile
 *	created.c    what of them was created here
 *	decider.c    the transaction, whose row decides; in recovery, too
 *
 *	open -> begin -> (base_line* base_end)* -> rollback	   preview
 *	open -> begin -> (base_line* base_end)* -> decide -> settle	import
 */

#include <valise/db.h>
#include <valise/masters.h>
#include <valise/profile.h>
#include <valise/rows.h>

#include "apply.h"

/* One database that is imported. */
struct vl_base {
	struct vl_run *run;
	const struct vl_resource *resource;
	struct vl_db *db;           /* borrowed from run->dbs */
	struct vl_profile *profile; /* owned; NULL: without words */
	struct vl_profile *there;   /* the bundle's; may be the same */
	char *version;              /* of the application at the source */
	struct vl_masters *masters; /* keys of this side */
	struct vl_secret_ops ops;
	struct vl_rows_secrets secrets;
	struct vl_rows_put *put;
	struct vl_owned *owned;    /* files of its rows; or NULL */
	struct vl_brought brought; /* names its list */
	struct vl_brought_r *old;  /* the one that holds */
	bool again;                /* it was read to its end */
	struct vl_brought_w *list; /* the one of this import */
	struct vl_json json;       /* a line of them */
	struct vl_buf text;
	struct vl_slice values; /* told of the row that is told next */
	dev_t dev;              /* of its file, where it is written */
	uint64_t need;          /* bytes; 0: it is not */
	bool begun;
	bool ended;
	struct vl_target_counts counts;
};

/* The one that a record's resource is; NULL: it is no database here. */
struct vl_base *vl_base_of(struct vl_run *run, struct vl_slice resource);
/*
 * All files of the header; which of them are in WAL mode comes into it.
 * Nothing where it names none, as in all that follows.
 */
enum vl_status vl_bases_open(struct vl_run *run, struct vl_err *err);
/* The transaction; `meant`: it may be committed.  VL_ETEMP: in use. */
enum vl_status vl_bases_begin(
    struct vl_run *run, bool meant, struct vl_err *err);
/* Roll it back, so that another pass can begin. */
void vl_bases_reset(struct vl_run *run);
/* Whether anything was written since it began. */
bool vl_bases_changed(const struct vl_run *run);
enum vl_status vl_base_line(
    struct vl_base *b, const struct vl_unpacked *rec, struct vl_err *err);
/* All lines were there; of NULL nothing.  What differs is written, and proved,
 * unless it is only compared. */
enum vl_status vl_base_end(struct vl_base *b, struct vl_err *err);
/* Of a clock that nobody sets: for how long something took. */
double vl_seconds(void);
/* No tree asks for ids of rows any more. */
void vl_bases_rest(struct vl_run *run);
bool vl_base_unchanged(const struct vl_base *b);

/* room.c: for the rows that are compared, before the first is written.  VL_EIO
 * where the file system of the database has less free. */
enum vl_status vl_room_rows(struct vl_base *b, struct vl_err *err);

/* created.c: of both callbacks the argument is the struct vl_base. */
enum vl_status vl_created_open(struct vl_base *b, struct vl_err *err);
enum vl_status vl_created_next(
    void *arg, struct vl_rows_brought *r, bool *more, struct vl_err *err);
enum vl_status vl_created_add(
    void *arg, const struct vl_rows_brought *r, struct vl_err *err);
/* Durably: it waits for the decision. */
enum vl_status vl_created_finish(struct vl_base *b, struct vl_err *err);
void vl_created_free(struct vl_base *b);

/* meaning.c: the profile for `b`.  VL_EREFUSED: it means something else. */
enum vl_status vl_base_profile(
    struct vl_base *b, const struct vl_profile_line *line, struct vl_err *err);

/* What recovery and an import know of the databases that decide. */
struct vl_asking {
	struct vl_state *state;
	const struct vl_header *header;
	unsigned wait;
	const struct vl_apply_ui *ui;
};

/* As they are: what was half committed is rolled back. */
enum vl_status vl_decider_open(
    struct vl_dbs **out, const struct vl_asking *a, struct vl_err *err);
/*
 * Whether the row of the import is there, made durable first; they are opened
 * where `*dbs` is NULL.  VL_EPENDING: it cannot be told, or it is in some of
 * them only ("diverged").
 */
enum vl_status vl_decider_ask(struct vl_dbs **dbs, const struct vl_asking *a,
    bool *decided, struct vl_err *err);
/* The modes that they had; what fails is said.  Then they are closed. */
void vl_decider_give_back(struct vl_dbs **dbs, const struct vl_asking *a);

/* The row, inside the transaction of the import. */
enum vl_status vl_decider_note(struct vl_run *run, struct vl_err *err);
/*
 * The decision.
 *
 * VL_OK	decided, and durable
 * VL_EPENDING	decided or in doubt: nothing is to be undone
 * else		not decided
 */
enum vl_status vl_decider_commit(struct vl_run *run, struct vl_err *err);

#endif
