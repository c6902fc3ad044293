/*
 * What is worked out once all rows are written, and before they are read
 * again: places in trees, then what statements of the profile set, of tables
 * that are owned before their owners.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "put.h"

/* A row that was here before; new ones were told. */
static enum vl_status
tell_row(struct rows_deriving *d, const struct vl_derived *row)
{
	struct vl_rows_put *p = d->p;
	const struct rows_table *t = &p->here->plan.tables[d->table];
	struct rows_note note = { 0 };
	enum vl_status st = VL_OK;
	bool found = false;
	bool gone = false;
	size_t i = 0;

	st = rows_scratch_row(
	    p->here->scratch, d->table, row->r, &note, &found, d->err);
	/* A new row may have the number of one that went. */
	if (st == VL_OK && found)
		st = rows_stage_is_gone(
		    p->stage, d->table, note.key, &gone, d->err);
	if (st != VL_OK || !found || gone)
		return st;
	d->told++;
	if (p->opts.conflicts_only)
		return VL_OK;
	vl_buf_clear(&p->text);
	for (i = 0; st == VL_OK && i < d->ncolumns && i < 64; i++)
		if ((row->columns >> i & 1) == 1)
			st = vl_buf_printf(&p->text, d->err, "%s%s",
			    p->text.n > 0 ? ", " : "", d->columns[i]);
	if (st == VL_OK)
		st = vl_buf_printf(&p->text, d->err, "%c", 0);
	if (st == VL_OK)
		p->opts.change(p->opts.arg, t->collection, VL_ROW_DERIVE,
		    note.key, (const char *)p->text.p);
	return st;
}

enum vl_status
rows_derive_tell(
    struct rows_deriving *d, const struct vl_derived *rows, size_t n)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	/* They have no number to be found by. */
	if (rows == NULL)
		d->told += n;
	for (i = 0; st == VL_OK && rows != NULL && i < n; i++)
		st = tell_row(d, &rows[i]);
	return st;
}

static enum vl_status
run(struct rows_deriving *d, const char *sql)
{
	struct vl_derive what = { .table = d->t->schema->name,
		.columns = d->columns,
		.ncolumns = d->ncolumns,
		.sql = sql };
	struct vl_derived *rows = NULL;
	size_t n = 0;
	enum vl_status st =
	    vl_derive_run(d->p->opts.rows.db, &what, &rows, &n, d->err);

	if (st == VL_OK)
		st = rows_derive_tell(d, rows, n);
	free(rows);
	return st;
}

/* An earlier entry has the same words. */
static bool
was_run(const struct rows_table *t, size_t entry)
{
	const struct vl_table_words *w = NULL;
	size_t i = 0;

	for (i = 0; i < entry; i++) {
		w = t->entries[i].words;
		if (w != NULL && w->derive != NULL &&
		    strcmp(w->derive, t->entries[entry].words->derive) == 0)
			return true;
	}
	return false;
}

/* What the words cannot be done for is said with their place. */
static enum vl_status
place(
    struct rows_deriving *d, const struct vl_table_words *w, enum vl_status st)
{
	return st == VL_EREFUSED ?
	    rows_plan_within(&d->p->opts.rows, ROWS_AT(w), d->err) :
	    st;
}

static enum vl_status
derive_table(struct rows_deriving *d, bool nested)
{
	const struct rows_table *t = d->t;
	const struct vl_table_words *w = nested ? rows_nested_set(t) : NULL;
	enum vl_status st = rows_triggers(d->p, t, d->err);
	size_t i = 0;

	if (st == VL_OK && w != NULL)
		st = place(d, w, rows_nest(d));
	for (i = 0; st == VL_OK && !nested && i < t->nentries; i++) {
		w = t->entries[i].words;
		if (w != NULL && w->derive != NULL && !was_run(t, i))
			st = place(d, w, run(d, w->derive));
	}
	return st;
}

static enum vl_status
derive_all(struct rows_deriving *d, bool nested)
{
	const struct rows_plan *plan = &d->p->here->plan;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = plan->norder; st == VL_OK && i > 0; i--) {
		d->table = plan->order[i - 1];
		d->t = &plan->tables[d->table];
		if (rows_table_skipped(d->t) || !rows_works_out(d->t))
			continue;
		d->columns =
		    calloc(d->t->schema->ncolumns + 1, sizeof(*d->columns));
		if (d->columns == NULL)
			return vl_fail_memory(d->err);
		d->ncolumns = rows_derived_columns(d->t, d->columns);
		st = derive_table(d, nested);
		free(d->columns);
		d->columns = NULL;
	}
	return st;
}

static void
tell_count(const struct rows_deriving *d)
{
	const struct vl_rows_report *report = &d->p->opts.rows.report;
	char count[32];
	char text[128];

	if (d->told == 0 || report->note == NULL)
		return;
	(void)snprintf(text, sizeof(text),
	    "%s other values in columns that are derived",
	    vl_format_counted(
	        count, sizeof(count), d->told, "row gets", "rows get"));
	report->note(report->arg, text);
}

enum vl_status
rows_derive(struct vl_rows_put *p, struct vl_err *err)
{
	const struct vl_rows_put_counts *n = &p->counts;
	struct rows_deriving d = { .p = p, .err = err };
	enum vl_status st = VL_OK;

	/* Where nothing is written nothing follows. */
	if (n->add + n->change + n->deletions == 0)
		return VL_OK;
	st = derive_all(&d, true);
	if (st == VL_OK)
		st = derive_all(&d, false);
	if (st == VL_OK)
		st = rows_triggers(p, NULL, err);
	if (st == VL_OK)
		tell_count(&d);
	return st;
}
