/*
 * Columns that follow from other rows (formats/profile.md, "Columns that
 * follow from others"): counters, nested sets, caches.  They stand in no line,
 * are not compared, and the target finds them anew.
 */

#include <string.h>

#include "parts.h"

/* What one entry says holds for the table: its rows are lines of one form. */
static enum vl_status
mark_column(struct rows_table *t, const struct rows_plan *p,
    const struct vl_rows_opts *opts, const struct vl_table_words *w,
    const char *name, struct vl_err *err)
{
	size_t column = vl_table_column(t->schema, name);
	enum vl_status st = VL_OK;

	if (column == NONE && p->lenient && p->ear == NULL)
		return VL_OK;
	if (column == NONE)
		st = rows_plan_fail(opts, ROWS_AT(w), err,
		    "'derived': table '%s' has no column '%s'", t->schema->name,
		    name);
	else if (t->schema->columns[column].key > 0)
		st = rows_plan_fail(opts, ROWS_AT(w), err,
		    "'derived': '%s' is of the primary key of table '%s'", name,
		    t->schema->name);
	else
		t->columns[column].role = ROWS_DERIVED;
	return st == VL_OK || rows_heard(p, t, NULL, err) ? VL_OK : st;
}

enum vl_status
rows_derived_mark(struct rows_table *t, const struct rows_plan *p,
    const struct vl_rows_opts *opts, struct vl_err *err)
{
	const struct vl_table_words *w = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; st == VL_OK && i < t->nentries; i++) {
		w = t->entries[i].words;
		for (k = 0; st == VL_OK && w != NULL && k < w->nderived; k++)
			st = mark_column(t, p, opts, w, w->derived[k], err);
	}
	return st;
}

bool
rows_derived_names(const struct rows_table *t, struct vl_slice name)
{
	const struct vl_table_words *w = NULL;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < t->nentries; i++) {
		w = t->entries[i].words;
		for (k = 0; w != NULL && k < w->nderived; k++)
			if (vl_slice_equal(name, vl_slice_of(w->derived[k])))
				return true;
	}
	return false;
}

bool
rows_derived_empty(
    const struct rows_table *t, size_t column, struct vl_cell *cell)
{
	const struct vl_column *c = &t->schema->columns[column];

	if (t->columns[column].role != ROWS_DERIVED || c->generated ||
	    !c->not_null || c->fallback != NULL)
		return false;
	*cell = rows_word_cell(c, "0");
	if (cell->type == VL_CELL_TEXT)
		cell->bytes = vl_slice_of("");
	return true;
}

bool
rows_in_line(const struct rows_table *t, size_t column)
{
	return !t->schema->columns[column].generated &&
	    t->columns[column].role != ROWS_ID &&
	    t->columns[column].role != ROWS_DERIVED;
}
