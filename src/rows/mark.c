/*
 * By which columns rows are looked up: those are noted of each row.  And which
 * primary keys mean nothing.
 */

#include <string.h>

#include "plan.h"

#define COLUMN_MAX 512

static bool
has_column(const size_t *list, size_t n, size_t column)
{
	size_t i = 0;

	for (i = 0; i < n; i++)
		if (list[i] == column)
			return true;
	return false;
}

/* A primary key that neither names the row nor refers to one. */
static void
mark_id(struct rows_table *t)
{
	size_t i = 0;

	if (t->primary == NONE || t->columns[t->primary].nrefs > 0)
		return;
	for (i = 0; i < t->nentries; i++)
		if (has_column(
		        t->entries[i].key, t->entries[i].nkey, t->primary))
			return;
	t->columns[t->primary].role = ROWS_ID;
}

/* Ids of `ref` are looked up: by row where they are its rowid, else by a
 * column of the scratch. */
static void
mark_slot(struct rows_table *t, size_t column)
{
	if (column == NONE || t->schema->columns[column].integer_id ||
	    t->columns[column].slot != NONE)
		return;
	t->columns[column].slot = t->nslots++;
}

static void
mark_looked_up(struct rows_plan *p, size_t table, size_t column)
{
	struct rows_table *t = &p->tables[table];

	t->referred = true;
	mark_slot(t, column == NONE ? t->primary : column);
}

static void
mark_step(struct rows_plan *p, const struct rows_step *step)
{
	mark_looked_up(p, step->to, step->by);
	mark_slot(&p->tables[step->to], step->column);
}

static void
mark_refs(struct rows_plan *p, struct rows_table *t)
{
	const struct rows_ref *ref = NULL;
	size_t i = 0;
	size_t k = 0;
	size_t v = 0;

	if (t->of != NONE)
		mark_looked_up(p, t->of, t->of_column);
	/* Whether an id that a new row may keep is taken, and which row was
	 * brought. */
	if (p->lenient)
		mark_slot(t, t->primary);
	for (i = 0; i < t->schema->ncolumns; i++) {
		for (k = 0; k < t->columns[i].nrefs; k++) {
			ref = &t->columns[i].refs[k];
			if (ref->to != NONE)
				mark_looked_up(p, ref->to, ref->column);
			for (v = 0; ref->by != NULL && v < ref->by->n; v++)
				mark_looked_up(p, ref->by->values[v].to, NONE);
			if (ref->by != NULL && ref->by->otherwise != NONE)
				mark_looked_up(p, ref->by->otherwise, NONE);
			for (v = 0; ref->by != NULL && v < ref->by->nsteps; v++)
				mark_step(p, &ref->by->steps[v]);
		}
	}
}

/* A table that is to be made is called by an id of that table. */
static void
mark_names(struct rows_plan *p)
{
	const struct vl_table_words *w = NULL;
	struct rows_pattern pattern = { 0 };
	char column[COLUMN_MAX] = "";
	size_t table = NONE;
	size_t i = 0;

	for (i = 0; p->lenient && p->words != NULL && i < p->words->ntables;
	     i++) {
		w = &p->words->tables[i];
		if (!w->create || !rows_named_pattern(&pattern, w->tables[0]))
			continue;
		table = rows_plan_table(p, pattern.table);
		if (table == NONE || pattern.column_n >= sizeof(column))
			continue;
		memcpy(column, pattern.column, pattern.column_n);
		column[pattern.column_n] = '\0';
		mark_looked_up(
		    p, table, vl_table_column(p->tables[table].schema, column));
	}
}

/* Whether at most one row has a value in the column. */
static bool
tells_apart(const struct rows_table *t, size_t column)
{
	const struct vl_unique *u = t->schema->uniques;
	size_t i = 0;

	for (i = 0; i < t->schema->nuniques; i++)
		if (u[i].n == 1 && u[i].columns[0] == column)
			return true;
	return column == t->primary;
}

/* Ids in paths are looked up, too. */
static enum vl_status
mark_paths(
    struct rows_plan *p, const struct vl_rows_opts *opts, struct vl_err *err)
{
	const struct vl_path_reference *w = NULL;
	struct vl_tie tie = { 0 };
	const char *text = NULL;
	size_t column = NONE;
	size_t table = NONE;
	size_t i = 0;

	for (i = 0; p->words != NULL && i < p->words->npaths; i++) {
		w = &p->words->paths[i];
		for (text = w->path; vl_tie_next(&text, &tie);) {
			if (!rows_tie_find(p, &tie, &table, &column) ||
			    !tells_apart(&p->tables[table], column)) {
				(void)rows_plan_fail(opts, ROWS_AT(w), err,
				    "'%s': '%.*s.%.*s' is no column by which "
				    "a table's rows are told apart",
				    w->path, (int)tie.table.n,
				    (const char *)tie.table.p,
				    (int)tie.column.n,
				    (const char *)tie.column.p);
				if (!rows_heard(p, NULL, NULL, err))
					return err->status;
				continue;
			}
			mark_looked_up(p, table, column);
			(void)rows_follow_column(p, table, column);
		}
	}
	return VL_OK;
}

void
rows_mark_table(struct rows_plan *p, struct rows_table *t)
{
	mark_id(t);
	mark_refs(p, t);
	rows_follow_mark(p, t);
}

enum vl_status
rows_mark(
    struct rows_plan *p, const struct vl_rows_opts *opts, struct vl_err *err)
{
	size_t i = 0;

	for (i = 0; i < p->ntables; i++)
		mark_id(&p->tables[i]);
	for (i = 0; i < p->ntables; i++)
		mark_refs(p, &p->tables[i]);
	for (i = 0; i < p->ntables; i++)
		rows_follow_mark(p, &p->tables[i]);
	mark_names(p);
	return mark_paths(p, opts, err);
}
