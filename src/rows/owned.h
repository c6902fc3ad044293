#ifndef ROWS_OWNED_H
#define ROWS_OWNED_H

/*
 * The notes on files that rows own, for owned.c, which answers from them,
 * owned_collect.c and owned_find.c, which fill them, owned_place.c, which says
 * what the target calls each file, owned_number.c, which makes names with
 * numbers, and owned_change.c, which says what that changes in rows.
 *
 *	came	files of the bundle, or of the source that travel
 *	own	at the source: paths that rows name
 *	held	at the target: the same of its rows; kind: goes, kept as it is,
 *		or met; without a path where such a row owns none
 *	want	the same of rows of the bundle: not taken, new, or here
 *	loose	rows that cannot keep the name they have here
 *	place	where a file of the bundle goes; `send` of one of several that
 *		have its content
 *	cell	columns of rows of the bundle that have another value here
 */

#include <valise/owned.h>

#include "lite.h"

#define OWNED_WHAT "notes on files of rows"

enum owned_held {
	OWNED_GOES,
	OWNED_KEPT,
	OWNED_MET
};

enum owned_want {
	OWNED_LEFT,
	OWNED_NEW,
	OWNED_HERE
};

enum owned_statement {
	OWNED_CAME,
	OWNED_LINKED,
	OWNED_OWN,
	OWNED_BY,
	OWNED_TO,
	OWNED_WANTED,
	OWNED_DROPPED,
	OWNED_PLACED,
	OWNED_STAY,
	OWNED_GONE,
	OWNED_BELOW,
	OWNED_HELD,
	OWNED_WANT,
	OWNED_KEEP,
	OWNED_KEPT_BY,
	OWNED_HASH,
	OWNED_PLACE,
	OWNED_PLACE_OF,
	OWNED_PLACE_AT,
	OWNED_NUMBERED,
	OWNED_USED,
	OWNED_LOOSE,
	OWNED_CELL,
	OWNED_CELL_OF,
	OWNED_DROP,
	OWNED_STATEMENTS
};

struct vl_owned {
	sqlite3 *db;
	sqlite3_stmt *q[OWNED_STATEMENTS];
	char **trees;
	size_t ntrees;
	struct vl_owned_look look;
	bool cells; /* some row has another value here */
};

/* The number of the tree; (size_t)-1: it does not travel. */
size_t owned_tree(const struct vl_owned *o, const char *tree);
enum vl_status owned_fail(struct vl_owned *o, struct vl_err *err);
/* The next row of a statement; `*row` false: there is none. */
enum vl_status owned_step(
    struct vl_owned *o, sqlite3_stmt *q, bool *row, struct vl_err *err);
/* Prepared when it is asked for first. */
enum vl_status owned_statement(struct vl_owned *o, enum owned_statement which,
    sqlite3_stmt **q, struct vl_err *err);
/* Run it with tree and path as its first two; `*row` false: it yields none.
 * Else it is to be reset. */
enum vl_status owned_ask(struct vl_owned *o, enum owned_statement which,
    size_t tree, struct vl_slice path, sqlite3_stmt **q, bool *row,
    struct vl_err *err);
/* What was found of a target is forgotten. */
enum vl_status owned_forget(struct vl_owned *o, struct vl_err *err);
enum vl_status owned_run(
    struct vl_owned *o, const char *sql, struct vl_err *err);

#endif
