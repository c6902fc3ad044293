#ifndef ROWS_COMPARE_H
#define ROWS_COMPARE_H

/* The rows of one table of the target, one after the other, beside those of
 * the bundle. */

#include "put.h"

struct comparing {
	struct vl_rows_put *p;
	struct vl_rows *here;
	struct rows_reader rd;
	struct rows_settling *settling;
	struct rows_owning *owning; /* NULL: its rows own no files */
	struct vl_buf text;
	struct vl_buf at;
	struct vl_buf memory;
	bool held; /* the row of the bundle is in it */
	bool proof;
	bool later;   /* once more, those that were put off */
	uint64_t met; /* in the proof: rows of the table that were found */
	bool mark;    /* again, to find the one that was not */
	struct vl_err *err;
};

/* differ.c */

/* Look-ups may take the memory of the row: it is copied once. */
enum vl_status rows_hold(struct comparing *c, struct rows_staged *row);
/* `row` of the bundle and the one that was just read: the columns that
 * differ, in p->detail. */
enum vl_status rows_differ(struct comparing *c, struct rows_staged *row);

#endif
