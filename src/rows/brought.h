#ifndef ROWS_BROUGHT_H
#define ROWS_BROUGHT_H

/* What brought.c, which keeps what imports of the series created, and match.c,
 * which finds rows by it, share. */

#include "lite.h"
#include "put.h"

#define BROUGHT_WHAT "what was brought"

struct rows_brought {
	sqlite3 *db;
	sqlite3_stmt *stage;
	sqlite3_stmt *has;
	sqlite3_stmt *add;
	bool loaded;
	uint64_t n; /* rows that were brought earlier, once loaded */
	/* The list is gone through beside the target's rows: `next` of it is
	 * to come, or it is at its end. */
	bool following;
	bool more;
	struct vl_rows_brought next;
	struct vl_buf text;
	struct vl_buf from;
	struct vl_buf arena;
	struct vl_json json;
};

enum vl_status brought_step(struct rows_brought *b, sqlite3_stmt *q, int bound,
    bool *row, struct vl_err *err);
/* The id in the first column. */
enum vl_status brought_read_here(struct rows_brought *b, sqlite3_stmt *q,
    struct vl_cell *id, struct vl_err *err);

#endif
