#ifndef ROWS_SCRATCH_H
#define ROWS_SCRATCH_H

/* What scratch.c, each.c and kept.c share. */

#include "lite.h"
#include "parts.h"
#include "spill.h"

#define SCRATCH_WHAT "notes about rows"

/* known.c */
/* One of the notes that are outside of the database. */
struct known_place {
	bool stands; /* on one; or at the begin of all */
	size_t block;
	struct vl_slice bytes; /* of the block */
	size_t at;             /* of the one in it */
	size_t next;           /* of the next one */
	int64_t r;
	struct vl_slice key;
	struct vl_buf memory;
};
void scratch_place_free(struct known_place *place);

struct known_block;
struct scratch_known {
	struct known_block *blocks; /* ascending by r */
	size_t nblocks;
	size_t near; /* of them: up to the last small one */
	size_t cap;
	struct vl_buf open;      /* the last block, before it is full */
	int64_t end;             /* the last row */
	struct known_place last; /* that was asked for */
	size_t bytes;            /* in memory */
	uint64_t asked;          /* without it */
	bool loaded;
	bool held;   /* and the database has none of them */
	bool closed; /* no more are held */
	bool never;  /* nor loaded */
};

struct scratch_table {
	uint64_t rows;
	struct scratch_known known;
	sqlite3_stmt *put;
	sqlite3_stmt *set;
	sqlite3_stmt *by_row;
	bool on_row; /* that statement stands on row `on` */
	int64_t on;
	sqlite3_stmt **by_slot;
	sqlite3_stmt **slot; /* of a row */
	sqlite3_stmt *by_key;
};

struct rows_scratch {
	const struct rows_plan *plan;
	sqlite3 *db;
	struct scratch_table *tables;
	size_t ntables; /* the plan may have more, which were made */
	sqlite3_stmt *say;
	sqlite3_stmt *said;
	sqlite3_stmt *keep;
	sqlite3_stmt *kept;
	struct vl_buf text; /* of an id */
	struct spill file;  /* of notes that memory has no room for */
	size_t known;       /* bytes in memory, of all tables */
};

enum vl_status scratch_run(
    struct rows_scratch *s, const char *sql, struct vl_err *err);
enum vl_status scratch_prepare(struct rows_scratch *s, sqlite3_stmt **out,
    const char *sql, struct vl_err *err);
/* Into s->text, for the next call. */
enum vl_status scratch_id_bytes(
    struct rows_scratch *s, const struct vl_cell *id, struct vl_err *err);
int scratch_bind_id(
    struct rows_scratch *s, sqlite3_stmt *q, int at, const struct vl_cell *id);
/* Of the table's keys: those that several rows have. */
enum vl_status scratch_doubles(
    struct vl_buf *sql, const struct rows_table *t, struct vl_err *err);
void scratch_read_note(sqlite3_stmt *q, struct rows_note *note);
/* The row of an integer id; `*known` false: the database has to be asked. */
enum vl_status scratch_find_known(struct rows_scratch *s, size_t table,
    int64_t r, struct rows_note *note, bool *found, bool *known,
    struct vl_err *err);
void scratch_forget_known(struct rows_scratch *s, size_t table);
/* The note is held; `*held` false: the database has to take it. */
enum vl_status scratch_hold(struct rows_scratch *s, size_t table,
    const struct rows_note *note, bool *held, struct vl_err *err);
/* The next one of those that are held, valid until the next call; `place` is
 * all zero before the first. */
enum vl_status scratch_known_next(struct rows_scratch *s, size_t table,
    struct known_place *place, struct rows_note *note, bool *more,
    struct vl_err *err);
/* What is held goes into the database, before that is asked. */
enum vl_status scratch_settle(
    struct rows_scratch *s, size_t table, struct vl_err *err);
enum vl_status scratch_insert(struct rows_scratch *s, size_t table,
    const struct rows_note *note, struct vl_err *err);

#endif
