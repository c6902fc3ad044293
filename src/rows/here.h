#ifndef ROWS_HERE_H
#define ROWS_HERE_H

/*
 * Values that differ from side to side (`here` of a profile): the source's
 * stand in the bundle, and the target's take their place in its rows before
 * they are compared.  Keys are the other way round: the target's rows are
 * called as the source would call them.
 */

#include "parts.h"
#include "swap.h"

/* One line of the profile about one column. */
struct rows_here {
	struct vl_slice here;
	struct vl_slice there; /* at the source; n is 0: this is the source */
	size_t condition;      /* of the table; NONE: all rows */
};

enum rows_here_way {
	ROWS_TO_HERE,
	ROWS_TO_THERE
};

/* Which of a column's lines hold: by its place among the table's conditions,
 * or the reader's row. */
struct rows_here_row {
	const struct rows_reader *rd; /* or */
	const bool *holds;
};

/* What is swapped in that column of the row; `list` has room for as many as
 * the column has lines. */
size_t rows_here_swaps(const struct rows_column *c,
    const struct rows_here_row *row, enum rows_here_way way,
    struct rows_swap *list);
/* A line of such rows, and where it comes from. */
struct rows_here_line {
	const struct rows_table *t;
	struct vl_slice row; /* its values, as canonical JSON */
	struct vl_slice body;
	enum rows_here_way way;
	const struct rows_reader *rd; /* says what holds; or */
	struct vl_db *db;             /* is asked for it */
};
/* Where a piece of a value stands in its text; of a COUNT the length. */
struct rows_stretch {
	size_t from;
	size_t to;
};
/* What comes of it: `out` and `body`; all zero is empty. */
struct rows_heres {
	const struct rows_table *t; /* what is below is of it */
	struct vl_probe *probe;     /* NULL: they hold for all rows */
	struct vl_cell *cells;
	bool *holds;     /* by condition of the table */
	size_t *numbers; /* conditions that are asked, in order */
	size_t nnumbers;
	struct rows_swap *list;
	struct vl_row_store store;
	struct vl_buf out;
	struct vl_buf body;
	struct vl_buf text; /* a value in pieces as one text */
	struct vl_buf piece;
	struct vl_buf name;
	struct rows_edits edits;
	struct rows_stretch *stretches;
	size_t cap_stretches;
	struct rows_id_at *ids;
	size_t cap_ids;
};
enum vl_status rows_here_swap(struct rows_heres *h,
    const struct rows_here_line *line, struct vl_err *err);
void rows_heres_free(struct rows_heres *h);
/* How a text of `edits`, or a part of it, is swapped. */
struct rows_here_text {
	struct rows_swaps with;
	struct rows_edits *edits; /* grow */
	unsigned depth;           /* in strings of PHP */
};
/* As PHP serialises, else as JSON, else as it is. */
enum vl_status rows_here_swap_text(const struct rows_table *t,
    struct vl_slice text, const struct rows_here_text *how, struct vl_err *err);
/* swap_php.c: a value that rows_here_php() has found to be one. */
enum vl_status rows_here_swap_php(const struct rows_table *t,
    struct vl_slice text, const struct rows_here_text *how, struct vl_err *err);
bool rows_here_php(
    const struct rows_table *t, struct vl_slice text, unsigned depth);
/* The text is one of JSON. */
bool rows_here_json(const struct rows_table *t, struct vl_slice text);

#endif
