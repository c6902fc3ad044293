#ifndef ROWS_ASK_H
#define ROWS_ASK_H

/* Questions to a database that are put together from names: the first
 * failure is kept, and asked for once. */

#include "parts.h"

struct rows_ask {
	struct vl_db *db;
	struct vl_err *err;
	enum vl_status st;
	struct vl_buf sql;
	struct vl_buf answer;
};

void ask_begin(struct rows_ask *a, const char *text);
void ask_add(struct rows_ask *a, const char *text);
/* A table or column, in quotes. */
void ask_name(struct rows_ask *a, const char *name);
/* A text, as a value. */
void ask_literal(struct rows_ask *a, const char *text);
/* "table"."column" */
void ask_column(struct rows_ask *a, const char *table, const char *column);
/* Up to `n` whole numbers with blanks between them; 0 after a failure. */
void ask_numbers(struct rows_ask *a, int64_t *numbers, size_t n);
/* Its text, ended by NUL; "" after a failure. */
const char *ask_text(struct rows_ask *a);
void ask_free(struct rows_ask *a);

#endif
