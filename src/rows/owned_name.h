#ifndef ROWS_OWNED_NAME_H
#define ROWS_OWNED_NAME_H

/* owned_name.c: rows of a table, one after the other, and the path that each
 * names. */

#include "owned.h"
#include "parts.h"

struct naming {
	struct vl_owned *o;
	const struct rows_file *f;
	struct vl_cell *cells; /* one for each part of any line */
	struct vl_buf path;
	struct vl_buf name; /* the row, for messages */
	struct vl_buf json; /* the cells */
	struct vl_buf at;
	uint8_t here[VL_HASH_SIZE]; /* the row as it stands; for a plan */
	size_t nhere;               /* bytes of it; 0: nobody asks */
	struct vl_err *err;
};

/* Some rows of the table own files that travel. */
bool naming_any(const struct rows_table *t);
/* With `o` and `err`; closed also after a failure. */
enum vl_status naming_open(struct naming *n, const struct rows_table *t);
void naming_close(struct naming *n);
/* n->name: that of the row with this key. */
enum vl_status naming_call(
    struct naming *n, const struct rows_table *t, struct vl_slice key);
/* n->json: the cells of the columns in the path, as an array. */
enum vl_status naming_cells(struct naming *n);
/* n->path: that of the reader's row; empty: it owns none that travels. */
enum vl_status naming_read(struct naming *n, const struct rows_reader *rd);

#endif
