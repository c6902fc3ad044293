#ifndef VALISE_DB_WRITE_H
#define VALISE_DB_WRITE_H

/* Writes of one kind as the files of `db` know them. */

#include "private.h"

/* What SQLite says when a unique key is taken; "table.column, ..." follows, or
 * "index 'name'" where the key is no list of columns. */
#define DB_TAKEN "UNIQUE constraint failed: "

struct vl_write {
	struct vl_db *db;
	const struct vl_table *t;
	sqlite3_stmt *stmt;
	enum vl_write_kind kind;
	size_t *columns; /* of each cell; SIZE_MAX: the rowid */
	size_t nset;     /* how many of the cells are set; the key follows */
	size_t ncells;
	char table[SHOWN_MAX];    /* escaped */
	bool in_the_way;          /* of the last run: a unique key was taken */
	char said[4 * SHOWN_MAX]; /* and then: by what SQLite says */
};

#endif
