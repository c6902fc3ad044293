/*
 * Whose keys need whose first: a key holds the keys of the rows it refers to,
 * and a row without one of its own is named by its owner.  A table may need
 * itself (a tree of names); a longer circle names nothing.  A reference that
 * holds for some rows only closes none by itself: those that a key needs may
 * be others.  rows_lookup() refuses one that is met too early.
 */

#include <stdlib.h>

#include "plan.h"

enum mark {
	WHITE,
	GREY, /* on the way down */
	BLACK
};

struct walk {
	struct rows_plan *p;
	const struct vl_rows_opts *opts;
	enum mark *marks;
	size_t table;  /* whose keys are looked for */
	size_t *below; /* of a table on the way: the one that needs it */
	bool *owns;    /* and that it owns */
	bool owning;   /* what is needed is owners */
	bool mild;     /* it may come later, too */
	const struct vl_table_words *words; /* that say them; or NULL */
	struct vl_err *err;
};

static enum vl_status visit(struct walk *w, size_t table);

/* Each table on the way from `to` down to the one at hand owns the next. */
static bool
all_own(const struct walk *w, size_t to)
{
	size_t t = w->table;

	for (; t != to; t = w->below[t])
		if (!w->owns[t])
			return false;
	return w->owning;
}

static enum vl_status
visit_needed(struct walk *w, size_t from, size_t to, bool some)
{
	if (to == NONE || to == w->table)
		return VL_OK;
	if (w->marks[to] != GREY) {
		w->below[to] = w->table;
		w->owns[to] = w->owning;
		return visit(w, to);
	}
	if (some)
		return VL_OK;
	(void)vl_fail(w->err, VL_EREFUSED,
	    all_own(w, to) ?
	        "tables '%s' and '%s' own each other: one of them wants "
	        "another 'owned_by'" :
	        "the keys of tables '%s' and '%s' need each other: one of "
	        "them wants another 'key'",
	    w->p->tables[from].schema->name, w->p->tables[to].schema->name);
	if (w->words != NULL)
		(void)rows_plan_within(w->opts, ROWS_AT(w->words), w->err);
	if (!rows_heard(w->p, &w->p->tables[from], NULL, w->err))
		return VL_EREFUSED;
	rows_ear_blind(w->p);
	return VL_OK;
}

static enum vl_status
visit_columns(struct walk *w, size_t table, const size_t *columns, size_t n)
{
	const struct rows_column *c = NULL;
	const struct rows_ref *ref = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;
	size_t k = 0;
	size_t v = 0;
	bool some = false;

	for (i = 0; st == VL_OK && i < n; i++) {
		if (columns[i] == NONE)
			continue;
		c = &w->p->tables[table].columns[columns[i]];
		for (k = 0; st == VL_OK && k < c->nrefs; k++) {
			ref = &c->refs[k];
			some = w->mild || ref->condition != NONE;
			st = visit_needed(w, table, ref->to, some);
			if (ref->by == NULL)
				continue;
			for (v = 0; st == VL_OK && v < ref->by->n; v++)
				st = visit_needed(
				    w, table, ref->by->values[v].to, some);
			if (st == VL_OK)
				st = visit_needed(
				    w, table, ref->by->otherwise, some);
			for (v = 0; st == VL_OK && v < ref->by->nsteps; v++)
				st = visit_needed(
				    w, table, ref->by->steps[v].to, false);
		}
	}
	return st;
}

/* A row that is dropped where an id dangles needs that table first, by an id
 * inside a text where that can be; one that is named by its content needs the
 * names of all it refers to. */
static enum vl_status
visit_content(struct walk *w, size_t table, bool all)
{
	const struct rows_table *t = &w->p->tables[table];
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < t->schema->ncolumns; i++) {
		w->mild = !all && !t->columns[i].drops;
		if (!w->mild || t->columns[i].drops_inside)
			st = visit_columns(w, table, &i, 1);
		w->mild = false;
	}
	return st;
}

/* Owners are looked at by every row: one that is skipped takes it along. */
static enum vl_status
visit(struct walk *w, size_t table)
{
	struct rows_table *t = &w->p->tables[table];
	const struct rows_entry *e = NULL;
	enum vl_status st = VL_OK;
	const struct vl_table_words *words = w->words;
	size_t below = w->table;
	bool owning = w->owning;
	bool mild = w->mild;
	size_t i = 0;
	size_t k = 0;

	if (w->marks[table] == BLACK)
		return VL_OK;
	w->marks[table] = GREY;
	w->table = table;
	w->words = NULL;
	w->owning = true;
	w->mild = false;
	st = visit_needed(w, table, t->of, false);
	for (i = 0; st == VL_OK && i < t->nentries; i++) {
		e = &t->entries[i];
		w->words = e->words;
		w->owning = false;
		st = visit_columns(w, table, e->key, e->nkey);
		for (k = 0; st == VL_OK && e->ofs != NULL && k < e->nkey; k++)
			if (e->ofs[k].child != NONE)
				st = visit_columns(
				    w, e->ofs[k].child, &e->ofs[k].column, 1);
		w->owning = true;
		if (st == VL_OK)
			st = visit_columns(w, table, e->owners, e->nowners);
		w->owning = false;
		if (st == VL_OK)
			st =
			    visit_content(w, table, e->multiset && !e->skipped);
	}
	w->marks[table] = BLACK;
	w->table = below;
	w->words = words;
	w->owning = owning;
	w->mild = mild;
	t->keyed = true;
	w->p->order[w->p->norder++] = table;
	return st;
}

enum vl_status
rows_order(
    struct rows_plan *p, const struct vl_rows_opts *opts, struct vl_err *err)
{
	struct walk w = { .p = p, .opts = opts, .table = NONE, .err = err };
	enum vl_status st = VL_OK;
	size_t i = 0;

	free(p->order);
	p->norder = 0;
	w.marks = calloc(p->ntables + 1, sizeof(*w.marks));
	p->order = calloc(p->ntables + 1, sizeof(*p->order));
	w.below = calloc(p->ntables + 1, sizeof(*w.below));
	w.owns = calloc(p->ntables + 1, sizeof(*w.owns));
	if (w.marks == NULL || p->order == NULL || w.below == NULL ||
	    w.owns == NULL)
		st = vl_fail_memory(err);
	for (i = 0; st == VL_OK && i < p->ntables; i++)
		if (p->tables[i].referred || !rows_table_skipped(&p->tables[i]))
			st = visit(&w, i);
	free(w.marks);
	free(w.below);
	free(w.owns);
	return st;
}
