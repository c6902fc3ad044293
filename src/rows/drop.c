/*
 * Rows of the bundle that are left out here, as `on_dangling: drop` says: what
 * they refer to is neither in the bundle nor here, or was not taken.
 */

#include <stdio.h>

#include <valise/text.h>

#include "put.h"

static bool
drops(const struct rows_column *c)
{
	return c->drops || c->drops_inside;
}

bool
rows_drop_any(const struct rows_table *t)
{
	size_t i = 0;

	for (i = 0; i < t->schema->ncolumns; i++)
		if (drops(&t->columns[i]))
			return true;
	return false;
}

bool
rows_drop_above(const struct rows_table *t, size_t table)
{
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < t->schema->ncolumns; i++)
		for (k = 0; drops(&t->columns[i]) && k < t->columns[i].nrefs;
		     k++)
			if (t->columns[i].refs[k].to == table ||
			    t->columns[i].refs[k].by != NULL)
				return true;
	return false;
}

/* Some id inside the text. */
static enum vl_status
look_inside(struct vl_rows_put *p, struct rows_drop *d, size_t column,
    struct vl_row_store *store, const struct vl_value *value,
    struct vl_err *err)
{
	struct vl_text_part part = { 0 };
	enum vl_status st = VL_OK;
	size_t at = 0;

	while (st == VL_OK && !d->drop &&
	    vl_parts_next(&part, &store->json, value, &at, &store->text))
		if (part.kind == VL_PART_REF)
			st =
			    rows_fill_drops(p, d, column, &part, part.key, err);
	return st;
}

enum vl_status
rows_drop_look(struct vl_rows_put *p, struct rows_drop *d, struct vl_err *err)
{
	const struct rows_table *t = &p->here->plan.tables[d->table];
	struct vl_row_store store = { 0 };
	struct rows_staged row = { 0 };
	struct vl_buf memory = { 0 };
	struct vl_slice name = { 0 };
	struct vl_value v = { 0 };
	enum vl_status st = VL_OK;
	size_t column = NONE;
	size_t at = 0;

	d->drop = false;
	if (!rows_drop_any(t))
		return VL_OK;
	/* Look-ups take the memory of what was found. */
	st = rows_staged_hold(&row, d->row, &memory, err);
	d->line = row.row;
	if (st == VL_OK)
		st = rows_row_parse(&store, row.row, err);
	while (
	    st == VL_OK && !d->drop && vl_row_next(&store, 0, &at, &name, &v)) {
		column = rows_column(t, name);
		if (column == NONE || !drops(&t->columns[column]))
			continue;
		if (v.kind == VL_VALUE_REF)
			st = rows_fill_drops(p, d, column, NULL, v.key, err);
		else if (v.kind == VL_VALUE_PARTS)
			st = look_inside(p, d, column, &store, &v, err);
	}
	vl_row_store_free(&store);
	vl_buf_free(&memory);
	return st;
}

void
rows_drop_tell(
    struct vl_rows_put *p, const struct rows_drop *d, struct vl_slice key)
{
	const struct rows_table *t = &p->here->plan.tables[d->table];
	const struct vl_rows_report *report = &p->opts.rows.report;
	char text[1024];
	char shown[256];

	if (p->dropped++ >= ROWS_TOLD || report->note == NULL)
		return;
	(void)snprintf(text, sizeof(text), "table '%s', %s: left out, as %s",
	    t->schema->name, vl_escape_text(shown, sizeof(shown), key), d->why);
	report->note(report->arg, text);
}
