/*
 * References that name no row, all of them: a write ends at the first, and an
 * operator wants to mend them at once.
 */

#include <inttypes.h>
#include <stdio.h>

#include <valise/text.h>

#include "put.h"

struct telling {
	struct vl_rows_put *p;
	size_t table;
	uint64_t n;
	struct vl_row_store store;
	struct vl_buf memory;
	struct vl_buf text; /* of a cell */
	char first[4096]; /* kept back: the failure says it where it is alone */
};

static void
note(const struct telling *t, const char *text)
{
	const struct vl_rows_report *report = &t->p->opts.rows.report;

	if (report->note != NULL)
		report->note(report->arg, text);
}

static void
tell(struct telling *t, const struct rows_staged *row, const struct vl_err *why)
{
	char key[256];
	char text[sizeof(t->first)];

	if (t->n++ >= ROWS_TOLD)
		return;
	(void)snprintf(t->n == 1 ? t->first : text, sizeof(text),
	    "table '%s', %s: %s",
	    t->p->here->plan.tables[t->table].schema->name,
	    vl_escape_text(key, sizeof(key), row->key), why->text);
	if (t->n == 2)
		note(t, t->first);
	if (t->n > 1)
		note(t, text);
}

static enum vl_status
look_at_row(
    struct telling *t, const struct rows_staged *found, struct vl_err *err)
{
	const struct rows_table *table = &t->p->here->plan.tables[t->table];
	struct rows_staged row = { 0 };
	struct vl_slice name = { 0 };
	struct vl_value v = { 0 };
	struct vl_cell cell = { 0 };
	struct vl_err why = { 0 };
	enum vl_status st = rows_staged_hold(&row, found, &t->memory, err);
	size_t column = NONE;
	size_t at = 0;

	if (st == VL_OK)
		st = rows_row_parse(&t->store, row.row, err);
	while (st == VL_OK && vl_row_next(&t->store, 0, &at, &name, &v)) {
		column = rows_column(table, name);
		if (column == NONE || table->columns[column].nrefs == 0 ||
		    v.kind == VL_VALUE_CELL || v.kind == VL_VALUE_BODY ||
		    !rows_what_writes(&row, column))
			continue;
		t->p->dangled = false;
		st = rows_fill(t->p, t->table, column, &row, &t->store, &v,
		    &t->text, &cell, &why);
		if (st == VL_EREFUSED && t->p->dangled) {
			tell(t, &row, &why);
			st = VL_OK;
		}
		why = (struct vl_err){ 0 };
	}
	return st;
}

static enum vl_status
look_at_table(struct telling *t, struct vl_err *err)
{
	struct rows_staging *g = NULL;
	struct rows_staged row = { 0 };
	enum vl_status st = rows_staging_all(&g, t->p->stage, t->table, err);
	bool more = true;

	while (st == VL_OK) {
		st = rows_staging_next(g, &row, &more, err);
		if (st != VL_OK || !more)
			break;
		if (row.act == ROWS_NEW || row.act == ROWS_UPDATE ||
		    row.act == ROWS_AGAIN_NEW || row.act == ROWS_AGAIN_UPDATE)
			st = look_at_row(t, &row, err);
	}
	rows_staging_free(g);
	return st;
}

void
rows_dangling_tell(struct vl_rows_put *p, struct vl_err *first)
{
	struct telling t = { .p = p };
	struct vl_err err = { 0 };
	enum vl_status st = VL_OK;
	char count[40];

	for (; st == VL_OK && t.table < p->here->plan.ntables; t.table++)
		if (p->seen[t.table])
			st = look_at_table(&t, &err);
	if (st == VL_OK && t.n > 1)
		(void)vl_fail(first, first->status,
		    "%s; %s in all name no row%s", first->text,
		    vl_format_counted(
		        count, sizeof(count), t.n, "reference", "references"),
		    t.n > ROWS_TOLD ? ", the first of them above" :
		                      ", see above");
	vl_row_store_free(&t.store);
	vl_buf_free(&t.memory);
	vl_buf_free(&t.text);
}
