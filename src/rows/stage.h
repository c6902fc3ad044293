#ifndef ROWS_STAGE_H
#define ROWS_STAGE_H

/* What stage.c, staging.c and body.c share. */

#include "lite.h"
#include "put.h"

#define STAGE_WHAT "rows of the bundle"

struct stage_table {
	sqlite3_stmt *put;
	sqlite3_stmt *find; /* by key */
	sqlite3_stmt *walk; /* from a number on */
	int64_t next;       /* the row that its next step gives; or 0 */
	sqlite3_stmt *set;
	sqlite3_stmt *gone;
	sqlite3_stmt *is_gone;
	uint64_t n[ROWS_ACTS]; /* rows by their acts */
	struct vl_buf last;    /* key of the last row */
	int64_t found;         /* that was looked up last */
	uint64_t hits;         /* of guesses, and what was none */
	uint64_t misses;
	int64_t first; /* id of the first row, where all are new and numbered
	                * one after the other; else 0 */
};

struct rows_stage {
	sqlite3 *db;
	struct stage_table *tables;
	size_t ntables; /* with those of collections */
	size_t *slots;  /* of each table of the plan, in `tables` */
	char **collections;
	size_t ncollections;
	sqlite3_stmt *body;
	sqlite3_stmt *take;
	sqlite3_blob *filling;
	uint64_t filled;
	sqlite3_blob *reading;
	int64_t number; /* of `reading` */
};

enum vl_status stage_prepare(struct rows_stage *s, sqlite3_stmt **out,
    const char *format, size_t table, struct vl_err *err);
struct stage_table *stage_table_of(const struct rows_stage *s, size_t table);
void stage_read_row(
    const struct stage_table *t, sqlite3_stmt *q, struct rows_staged *row);

#endif
