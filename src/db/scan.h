#ifndef VALISE_DB_SCAN_H
#define VALISE_DB_SCAN_H

/* A scan as the files of `db` make one. */

#include "private.h"

struct vl_scan {
	struct vl_db *db;
	sqlite3_stmt *stmt;
	struct vl_cell *cells;
	size_t ncells;
	struct db_ahead *ahead; /* or NULL: rows are read when asked for */
	void (*seen)(void *arg, const struct vl_scan_at *at,
	    const struct vl_cell *cells);
	void *arg;
	/* sound.c: asks what a row holds in a foreign key, of that number in
	 * that table; or NULL. */
	sqlite3_stmt *held;
	const struct vl_table *held_table;
	size_t held_number;
	char subject[SHOWN_MAX]; /* of messages: a table, escaped */
};

/* Without a statement yet. */
enum vl_status db_scan_new(struct vl_scan **out, struct vl_db *db,
    size_t ncells, const char *subject, struct vl_err *err);

/* The next row into `cells`. */
enum vl_status db_scan_step(
    struct vl_scan *s, struct vl_cell *cells, bool *row, struct vl_err *err);

/* ahead.c: from its open to its free no other uses the database. */
enum vl_status db_ahead_new(struct db_ahead **out, struct vl_scan *s,
    struct vl_pool *pool, struct vl_err *err);
/* A failure is that of the first row which was not read. */
enum vl_status db_ahead_next(struct db_ahead *a, const struct vl_cell **cells,
    bool *row, struct vl_err *err);
struct vl_scan_at db_ahead_at(const struct db_ahead *a);
void db_ahead_free(struct db_ahead *a);

#endif
