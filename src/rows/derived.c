/*
 * Columns that follow from other rows (formats/profile.md, "Columns that
 * follow from others"): counters, nested sets, caches.  They stand in no line,
 * are not compared, and the target finds them anew.
 */

#include <stdlib.h>
#include <string.h>

#include "plan.h"

/* What one entry says holds for the table: its rows are lines of one form. */
static enum vl_status
mark_column(struct rows_table *t, const struct rows_plan *p,
    const struct vl_rows_opts *opts, const char *name, struct vl_word_at at,
    struct vl_err *err)
{
	size_t column = vl_table_column(t->schema, name);
	enum vl_status st = VL_OK;

	if (column == NONE && p->lenient && p->ear == NULL)
		return VL_OK;
	if (column == NONE)
		st = rows_plan_fail(opts, at, err,
		    "'derived': table '%s' has no column '%s'", t->schema->name,
		    name);
	else if (t->schema->columns[column].key > 0)
		st = rows_plan_fail(opts, at, err,
		    "'derived': '%s' is of the primary key of table '%s'", name,
		    t->schema->name);
	else
		t->columns[column].role = ROWS_DERIVED;
	return st == VL_OK || rows_heard(p, t, NULL, err) ? VL_OK : st;
}

/* The columns that an entry calls derived, one after the other; NULL behind
 * the last. */
static const char *
derived_name(const struct vl_table_words *w, size_t i)
{
	if (w == NULL)
		return NULL;
	if (i < w->nderived)
		return w->derived[i];
	i -= w->nderived;
	if (w->nested_set == NULL || i > 1)
		return NULL;
	return i == 0 ? w->nested_set->left : w->nested_set->right;
}

enum vl_status
rows_derived_mark(struct rows_table *t, const struct rows_plan *p,
    const struct vl_rows_opts *opts, struct vl_err *err)
{
	const struct vl_table_words *w = NULL;
	const char *name = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < t->nentries; i++) {
		w = t->entries[i].words;
		for (k = 0; st == VL_OK; k++) {
			name = derived_name(w, k);
			if (name == NULL)
				break;
			st = mark_column(t, p, opts, name,
			    k < w->nderived ? w->derived_at[k] :
			                      ROWS_AT(w->nested_set),
			    err);
		}
	}
	return st;
}

bool
rows_derived_names(const struct rows_table *t, struct vl_slice name)
{
	const char *derived = NULL;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < t->nentries; i++)
		for (k = 0;; k++) {
			derived = derived_name(t->entries[i].words, k);
			if (derived == NULL)
				break;
			if (vl_slice_equal(name, vl_slice_of(derived)))
				return true;
		}
	return false;
}

const struct vl_table_words *
rows_nested_set(const struct rows_table *t)
{
	const struct vl_table_words *w = NULL;
	size_t i = 0;

	for (i = 0; i < t->nentries; i++) {
		w = t->entries[i].words;
		if (w != NULL && w->nested_set != NULL)
			return w;
	}
	return NULL;
}

bool
rows_works_out(const struct rows_table *t)
{
	size_t i = 0;

	for (i = 0; i < t->nentries; i++)
		if (t->entries[i].words != NULL &&
		    t->entries[i].words->derive != NULL)
			return true;
	return rows_nested_set(t) != NULL;
}

size_t
rows_derived_columns(const struct rows_table *t, const char **names)
{
	size_t n = 0;
	size_t i = 0;

	for (i = 0; i < t->schema->ncolumns; i++)
		if (t->columns[i].role == ROWS_DERIVED)
			names[n++] = t->schema->columns[i].name;
	return n;
}

/* It is a statement that sets what is derived. */
static enum vl_status
check_derive(const struct rows_table *t, const struct vl_rows_opts *opts,
    const struct vl_table_words *w, struct vl_err *err)
{
	const char **names = calloc(t->schema->ncolumns + 1, sizeof(*names));
	struct vl_derive d = { .table = t->schema->name, .sql = w->derive };
	enum vl_status st = VL_OK;

	if (names == NULL)
		return vl_fail_memory(err);
	d.columns = names;
	d.ncolumns = rows_derived_columns(t, names);
	if (t->of != NONE)
		st = rows_plan_fail(opts, ROWS_AT(w), err,
		    "'derive' is not for tables whose name holds an id");
	else if (d.ncolumns == 0)
		st = rows_plan_fail(opts, ROWS_AT(w), err,
		    "'derive' sets columns that are 'derived', and table '%s' "
		    "has none",
		    t->schema->name);
	else
		st = vl_derive_check(opts->db, &d, err);
	free(names);
	return st == VL_EREFUSED ? rows_plan_within(opts, ROWS_AT(w), err) : st;
}

static enum vl_status
check_nested(const struct rows_plan *p, const struct rows_table *t,
    const struct vl_rows_opts *opts, const struct vl_nested_set *n,
    struct vl_err *err)
{
	const struct vl_nested_set *first = rows_nested_set(t)->nested_set;
	size_t parent = vl_table_column(t->schema, n->parent);
	enum vl_status st = VL_OK;
	bool own = false;
	size_t i = 0;

	if (parent == NONE)
		return rows_plan_fail(opts, ROWS_AT(n), err,
		    "'nested_set': table '%s' has no column '%s'",
		    t->schema->name, n->parent);
	for (i = 0; i < t->columns[parent].nrefs; i++)
		own = own || &p->tables[t->columns[parent].refs[i].to] == t;
	if (!own)
		return rows_plan_fail(opts, ROWS_AT(n), err,
		    "'nested_set': column '%s' of table '%s' does not refer to "
		    "the table",
		    n->parent, t->schema->name);
	if (t->primary == NONE || t->of != NONE ||
	    !t->schema->columns[t->primary].integer_id)
		return rows_plan_fail(opts, ROWS_AT(n), err,
		    "'nested_set': table '%s' is not told by integer ids",
		    t->schema->name);
	if (strcmp(n->left, first->left) != 0 ||
	    strcmp(n->right, first->right) != 0 ||
	    strcmp(n->parent, first->parent) != 0)
		return rows_plan_fail(opts, ROWS_AT(n), err,
		    "'nested_set' is another one in two entries of table '%s'",
		    t->schema->name);
	st = rows_names_columns(t, opts,
	    &(struct rows_named){
	        "nested_set", n->order, n->order_at, n->norder },
	    err);
	return st == VL_OK ? rows_names_columns(t, opts,
	                         &(struct rows_named){ "nested_set", n->scope,
	                             n->scope_at, n->nscope },
	                         err) :
	                     st;
}

enum vl_status
rows_derived_check(const struct rows_plan *p, const struct rows_table *t,
    const struct vl_rows_opts *opts, struct vl_err *err)
{
	const struct vl_table_words *w = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (rows_table_skipped(t))
		return VL_OK;
	for (i = 0; st == VL_OK && i < t->nentries; i++) {
		w = t->entries[i].words;
		if (w != NULL && w->derive != NULL)
			st = check_derive(t, opts, w, err);
		if (st == VL_OK && w != NULL && w->nested_set != NULL)
			st = check_nested(p, t, opts, w->nested_set, err);
		if (st != VL_OK && rows_heard(p, t, NULL, err))
			st = VL_OK;
	}
	return st;
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
