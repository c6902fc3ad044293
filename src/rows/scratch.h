#ifndef ROWS_SCRATCH_H
#define ROWS_SCRATCH_H

/* What scratch.c, each.c and kept.c share. */

#include "lite.h"
#include "parts.h"

#define SCRATCH_WHAT "notes about rows"

/* known.c */
struct scratch_known {
	struct known_row *rows; /* ascending by r */
	size_t n;
	size_t cap;
	size_t last; /* that was asked for */
	struct vl_buf keys;
	size_t bytes;
	uint64_t asked; /* without it */
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
/* The row of an integer id in memory; `*known` false: not there to ask. */
enum vl_status scratch_find_known(struct rows_scratch *s, size_t table,
    int64_t r, struct rows_note *note, bool *found, bool *known,
    struct vl_err *err);
void scratch_forget_known(struct rows_scratch *s, size_t table);
/* The note is held in memory; false: the database has to take it. */
bool scratch_hold(
    struct rows_scratch *s, size_t table, const struct rows_note *note);
/* Number `at` of those in memory; false behind the last. */
bool scratch_known_at(
    struct rows_scratch *s, size_t table, size_t at, struct rows_note *note);
/* What is held goes into the database, before that is asked. */
enum vl_status scratch_settle(
    struct rows_scratch *s, size_t table, struct vl_err *err);
enum vl_status scratch_insert(struct rows_scratch *s, size_t table,
    const struct rows_note *note, struct vl_err *err);

#endif
