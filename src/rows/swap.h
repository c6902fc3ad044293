#ifndef ROWS_SWAP_H
#define ROWS_SWAP_H

/* swap.c: one text in the place of another. */

#include <valise/bytes.h>

struct rows_swap {
	struct vl_slice from; /* neither is empty */
	struct vl_slice to;
};

struct rows_swaps {
	const struct rows_swap *list;
	size_t n;
	bool json; /* the text is of a JSON value: escapes are escapes */
};

/* A digit that stands for the id of a row. */
struct rows_id_at {
	size_t at;
	bool counted; /* in a text whose length is made anew with the id */
};

/* Bytes of a text, and what takes their place in `bytes`. */
struct rows_edit {
	size_t at;
	size_t n;
	size_t to;
	size_t nto;
};

/* All that changes in one text, ascending; `text` and `ids` are borrowed. */
struct rows_edits {
	struct vl_slice text;
	const struct rows_id_at *ids; /* ascending */
	size_t nids;
	struct rows_edit *list;
	size_t n;
	size_t cap;
	struct vl_buf bytes;
	bool torn; /* a length would have to count an id that it does not */
};

/* Forget what was to change; the memory stays. */
void rows_edits_begin(struct rows_edits *e, struct vl_slice text);
enum vl_status rows_edits_add(
    struct rows_edits *e, size_t at, size_t n, struct vl_err *err);
/* The first id in `n` bytes from `at` on; NULL: none stands there. */
const struct rows_id_at *rows_edits_id(
    const struct rows_edits *e, size_t at, size_t n);
/* Append the bytes from `from` up to `to` as they become.  `*next` is 0 at
 * first; stretches ascend, and no edit lies in two. */
enum vl_status rows_edits_apply(const struct rows_edits *e, size_t from,
    size_t to, size_t *next, struct vl_buf *out, struct vl_err *err);
void rows_edits_free(struct rows_edits *e);

/*
 * `part` of the edited text: `to` wherever `from` stands by itself; of several
 * that begin at one place the longest.  None reaches over an id.
 */
enum vl_status rows_swap(struct rows_edits *e, struct vl_slice part,
    const struct rows_swaps *with, struct vl_err *err);

#endif
