#ifndef ROWS_HINT_H
#define ROWS_HINT_H

/* Columns whose integers may be ids of a table, for check_hint.c and
 * draft_clue.c. */

#include "ask.h"

struct hint_table {
	const struct vl_table *schema;
	const char *id; /* an integer that is the rowid; NULL: none */
	int64_t least;
	int64_t most;
	bool some;
	bool referred; /* something is known to refer to it */
};

/* What ids the table has. */
void hint_ids(struct rows_ask *a, struct hint_table *t);
/* The table whose ids the integers of the column probably are, or NONE. */
size_t hint_find(struct rows_ask *a, const struct hint_table *list, size_t n,
    size_t table, size_t column);

#endif
