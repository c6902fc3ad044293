#ifndef VALISE_DB_DBS_H
#define VALISE_DB_DBS_H

/* Several files in one connection, as the files of `db` share them. */

#include "private.h"

struct vl_dbs {
	sqlite3 *sql;
	struct vl_db *at[VL_DBS_MAX];
	bool was_wal[VL_DBS_MAX];
	int version[VL_DBS_MAX]; /* of the schema, when it was read */
	size_t n;
	unsigned wait;
};

/* PRAGMA "schema".<text>, its answer as a word. */
enum vl_status dbs_pragma(struct vl_dbs *d, size_t i, const char *text,
    char word[64], struct vl_err *err);
/* The same until it is not refused for a lock, as long as may be waited. */
enum vl_status dbs_pragma_wait(struct vl_dbs *d, size_t i, const char *text,
    char word[64], struct vl_err *err);

#endif
