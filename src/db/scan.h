#ifndef VALISE_DB_SCAN_H
#define VALISE_DB_SCAN_H

/* A scan as the files of `db` make one. */

#include "private.h"

struct vl_scan {
	struct vl_db *db;
	sqlite3_stmt *stmt;
	struct vl_cell *cells;
	size_t ncells;
	char subject[SHOWN_MAX]; /* of messages: a table, escaped */
};

/* Without a statement yet. */
enum vl_status db_scan_new(struct vl_scan **out, struct vl_db *db,
    size_t ncells, const char *subject, struct vl_err *err);

#endif
