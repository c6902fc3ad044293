/*
 * Which columns refer to what.  Foreign keys say so.  Where there are none,
 * the name of a column says which table it may mean, and its values whether
 * it does; a name alone proves nothing.
 */

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "draft.h"

/* How many ids there are, and how many of them are of `to`. */
static void
prove(struct draft *d, const struct draft_table *t, size_t column, size_t to,
    struct draft_column *c)
{
	struct rows_ask *a = &d->ask;
	const struct draft_table *o = &d->tables[to];
	const char *name = t->schema->columns[column].name;
	int64_t n[4] = { 0 };

	ask_begin(a,
	    "SELECT count(v) || ' ' || ifnull(sum(i), 0) || ' ' ||"
	    " ifnull(sum(v = '0' AND NOT i), 0) || ' ' ||"
	    " ifnull(sum(v = '' AND NOT i), 0) FROM (SELECT ");
	ask_add(a, "CAST(");
	ask_name(a, name);
	ask_add(a, " AS TEXT) AS v, ");
	ask_name(a, name);
	ask_add(a, " IN (SELECT ");
	ask_name(a, o->schema->columns[o->primary].name);
	ask_add(a, " FROM ");
	ask_name(a, o->schema->name);
	ask_add(a, ") AS i FROM ");
	ask_name(a, t->schema->name);
	ask_add(a, " WHERE ");
	ask_name(a, name);
	ask_add(a, " IS NOT NULL)");
	ask_numbers(a, n, 4);
	c->to = to;
	c->ids = n[0] - n[2] - n[3];
	c->met = n[1];
	c->zero = n[2] > 0;
	c->empty = n[3] > 0;
}

/* Some id is of no row of `to`: found early, where it is so. */
static bool
misses(struct draft *d, const struct draft_table *t, size_t column, size_t to)
{
	struct rows_ask *a = &d->ask;
	const struct draft_table *o = &d->tables[to];
	const char *name = t->schema->columns[column].name;
	int64_t n = 0;

	ask_begin(a, "SELECT EXISTS (SELECT 1 FROM ");
	ask_name(a, t->schema->name);
	ask_add(a, " WHERE CAST(");
	ask_column(a, t->schema->name, name);
	ask_add(a, " AS TEXT) NOT IN ('0', '') AND ");
	ask_column(a, t->schema->name, name);
	ask_add(a, " NOT IN (SELECT ");
	ask_name(a, o->schema->columns[o->primary].name);
	ask_add(a, " FROM ");
	ask_name(a, o->schema->name);
	ask_add(a, "))");
	ask_numbers(a, &n, 1);
	return n > 0;
}

/* No table is called so: the only one that has all the ids, to be asked
 * about. */
static void
find_by_ids(struct draft *d, size_t table, size_t column)
{
	struct draft_table *t = &d->tables[table];
	struct draft_column *best = &t->columns[column];
	struct draft_column only = { .to = NONE };
	struct draft_column c = { 0 };
	size_t i = 0;

	for (i = 0; i < d->ntables; i++) {
		if (d->tables[i].primary == NONE || misses(d, t, column, i))
			continue;
		c = (struct draft_column){ .kind = DRAFT_OPEN };
		prove(d, t, column, i, &c);
		if (c.ids == 0 || c.met < c.ids)
			continue;
		if (only.to != NONE)
			return;
		only = c;
	}
	if (only.to != NONE)
		*best = only;
}

/* The table that is named best and has the most of the ids. */
static void
infer(struct draft *d, size_t table, size_t column)
{
	struct draft_table *t = &d->tables[table];
	struct draft_column *best = &t->columns[column];
	struct draft_column c = { 0 };
	char stem[ROWS_STEM_MAX];
	unsigned least = 0;
	unsigned r = 0;
	bool tie = false;
	size_t i = 0;

	rows_stem(stem, t->schema->columns[column].name);
	best->kind = DRAFT_OPEN;
	for (i = 0; i < d->ntables; i++) {
		r = rows_stem_rank(stem, d->tables[i].schema->name, i == table);
		if (r == 0 || d->tables[i].primary == NONE)
			continue;
		c = (struct draft_column){ .kind = DRAFT_OPEN };
		prove(d, t, column, i, &c);
		tie = best->to != NONE && c.met == best->met && r == least;
		if (best->to != NONE &&
		    (c.met < best->met || (c.met == best->met && r > least)))
			continue;
		*best = c;
		least = r;
	}
	if (best->to == NONE)
		find_by_ids(d, table, column);
	else if (!tie && best->ids > 0 && best->met == best->ids)
		best->kind = DRAFT_PROVED;
}

/* A column beside it that says of what it is: "x_type" beside "x_id". */
static size_t
find_type(const struct draft_table *t, size_t column)
{
	static const char *const ends[] = { "_type", "_TYPE", "Type", "_kind",
		NULL };
	const char *name = t->schema->columns[column].name;
	size_t n = strlen(name);
	char wanted[2 * ROWS_STEM_MAX];
	size_t i = 0;
	size_t k = 0;

	n -= name[n - 3] == '_' ? 3 : 2;
	for (k = 0; n < ROWS_STEM_MAX && ends[k] != NULL; k++) {
		(void)snprintf(
		    wanted, sizeof(wanted), "%.*s%s", (int)n, name, ends[k]);
		for (i = 0; i < t->schema->ncolumns; i++)
			if (strcmp(t->schema->columns[i].name, wanted) == 0)
				return i;
	}
	return NONE;
}

static size_t
find_table(const struct draft *d, const char *name)
{
	size_t i = 0;

	for (i = 0; i < d->ntables; i++)
		if (strcmp(d->tables[i].schema->name, name) == 0)
			return i;
	return NONE;
}

static void
take_foreign(struct draft *d, struct draft_table *t)
{
	const struct vl_foreign *f = NULL;
	size_t to = NONE;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < t->schema->nforeigns; i++) {
		f = &t->schema->foreigns[i];
		to = find_table(d, f->to);
		for (k = 0; to != NONE && k < f->n; k++) {
			if (t->columns[f->columns[k]].kind == DRAFT_DECLARED)
				continue;
			t->columns[f->columns[k]].kind = DRAFT_DECLARED;
			t->columns[f->columns[k]].to = to;
		}
	}
}

void
draft_refs(struct draft *d)
{
	struct draft_table *t = NULL;
	struct draft_column *c = NULL;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < d->ntables; i++) {
		t = &d->tables[i];
		take_foreign(d, t);
		for (k = 0; k < t->schema->ncolumns; k++) {
			c = &t->columns[k];
			if (c->kind != DRAFT_PLAIN || k == t->primary ||
			    t->schema->columns[k].generated ||
			    !rows_looks_like_reference(
			        t->schema->columns[k].name))
				continue;
			c->type = find_type(t, k);
			c->kind = DRAFT_TYPED;
			if (c->type == NONE)
				infer(d, i, k);
		}
	}
	for (i = 0; i < d->ntables; i++)
		for (k = 0; k < d->tables[i].schema->ncolumns; k++) {
			c = &d->tables[i].columns[k];
			if (c->to != NONE && c->to != i &&
			    c->kind != DRAFT_OPEN)
				d->tables[c->to].referred = true;
		}
}
