#ifndef ROWS_COUNTER_H
#define ROWS_COUNTER_H

/* Columns that look as if they were worked out of other rows. */

#include "ask.h"

#define COUNTER_TEXT_MAX 512

/* A column of a table, and a column of others that refers to its rows. */
struct counter {
	const struct vl_table *t;
	const char *id; /* the column that is referred to */
	size_t column;
	const struct vl_table *child;
	size_t point;
};

/* Named so that it may count rows of the child. */
bool counter_named(const struct counter *c);
/* It counts them, by its values: `text` says it, and `line` has what is to be
 * added to the entry of the table, as YAML, and a NUL. */
bool counter_ask(struct rows_ask *a, const struct counter *c,
    char text[COUNTER_TEXT_MAX], struct vl_buf *line);
/* Places in a tree, in columns `places`, below `parent` (or NONE). */
bool counter_nested(struct rows_ask *a, const struct vl_table *t, size_t parent,
    size_t places[2], struct vl_buf *line);

#endif
