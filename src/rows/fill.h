#ifndef ROWS_FILL_H
#define ROWS_FILL_H

/* What fill.c and fill_ref.c share. */

#include "put.h"

/* A cell that is filled. */
struct filling {
	struct vl_rows_put *p;
	const struct rows_table *t;
	size_t column;
	const struct rows_staged *row;
	struct vl_slice line; /* of the row */
	size_t slots;         /* secrets of the value so far */
	struct vl_err *err;
};

/* fill_ref.c: the id of the row that is called so.  Where several lines of the
 * profile hold for the column, a row of the bundle tells by finding its key. */
enum vl_status fill_ref(const struct filling *f, struct vl_slice key,
    struct vl_buf *text, struct vl_cell *cell);
/* VL_EREFUSED: no row of `table` has that key. */
enum vl_status fill_dangles(
    const struct filling *f, const char *table, struct vl_slice key);
/* The table that lines call so, or NONE. */
size_t fill_table(const struct rows_plan *p, struct vl_slice collection);

#endif
