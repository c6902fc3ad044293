#ifndef ROWS_SWAP_H
#define ROWS_SWAP_H

/* swap.c: one text in the place of another. */

#include <valise/bytes.h>

struct rows_swap {
	struct vl_slice from; /* not empty */
	struct vl_slice to;
};

struct rows_swaps {
	const struct rows_swap *list;
	size_t n;
	bool json;      /* the text is of a JSON value: escapes are escapes */
	bool id_before; /* digits stand around it, which it does not have */
	bool id_behind;
};

/*
 * Append `text` with `to` wherever `from` stands by itself; of several that
 * begin at one place the longest.  `*found` grows by how many there were.
 */
enum vl_status rows_swap(struct vl_buf *out, struct vl_slice text,
    const struct rows_swaps *with, uint64_t *found, struct vl_err *err);

#endif
