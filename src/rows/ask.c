/* Questions to a database, put together from names. */

#include <stdlib.h>

#include "ask.h"

void
ask_add(struct rows_ask *a, const char *text)
{
	if (a->st == VL_OK)
		a->st = vl_buf_add_text(&a->sql, text, a->err);
}

void
ask_begin(struct rows_ask *a, const char *text)
{
	vl_buf_clear(&a->sql);
	ask_add(a, text);
}

static void
add_quoted(struct rows_ask *a, const char *text, const char *quote)
{
	ask_add(a, quote);
	for (; a->st == VL_OK && *text != '\0'; text++) {
		a->st = vl_buf_add(&a->sql,
		    (struct vl_slice){ (const uint8_t *)text, 1 }, a->err);
		if (*text == *quote)
			ask_add(a, quote);
	}
	ask_add(a, quote);
}

void
ask_name(struct rows_ask *a, const char *name)
{
	add_quoted(a, name, "\"");
}

void
ask_literal(struct rows_ask *a, const char *text)
{
	add_quoted(a, text, "'");
}

void
ask_column(struct rows_ask *a, const char *table, const char *column)
{
	ask_name(a, table);
	ask_add(a, ".");
	ask_name(a, column);
}

const char *
ask_text(struct rows_ask *a)
{
	vl_buf_clear(&a->answer);
	if (a->st == VL_OK)
		a->st = vl_buf_printf(&a->sql, a->err, "%c", 0);
	if (a->st == VL_OK)
		a->st = vl_db_ask(
		    a->db, (const char *)a->sql.p, &a->answer, a->err);
	if (a->st == VL_OK)
		a->st = vl_buf_printf(&a->answer, a->err, "%c", 0);
	return a->st == VL_OK ? (const char *)a->answer.p : "";
}

void
ask_numbers(struct rows_ask *a, int64_t *numbers, size_t n)
{
	const char *at = ask_text(a);
	char *end = NULL;
	size_t i = 0;

	for (i = 0; i < n; i++) {
		numbers[i] = strtoll(at, &end, 10);
		at = end;
	}
}

void
ask_free(struct rows_ask *a)
{
	vl_buf_free(&a->sql);
	vl_buf_free(&a->answer);
}
