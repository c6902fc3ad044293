/*
 * Columns all of whose integers are ids of one table, and of no other: such a
 * column is perhaps a reference that nobody declared.
 */

#include <stdio.h>
#include <stdlib.h>

#include "ask.h"
#include "check.h"

#define FEWEST       3 /* different integers: fewer show nothing */
#define NAME_MAX_TOO 512

/* The ids of a table whose primary key is an integer. */
struct ids {
	int64_t least;
	int64_t most;
	bool some;
};

static void
ask_ids(struct rows_ask *a, const struct rows_table *t, struct ids *ids)
{
	const char *id = NULL;
	int64_t n[3] = { 0 };

	if (t->primary == NONE || !t->schema->columns[t->primary].integer_id)
		return;
	id = t->schema->columns[t->primary].name;
	ask_begin(a, "SELECT count(*) || ' ' || ifnull(min(");
	ask_name(a, id);
	ask_add(a, "), 0) || ' ' || ifnull(max(");
	ask_name(a, id);
	ask_add(a, "), 0) FROM ");
	ask_name(a, t->schema->real);
	ask_numbers(a, n, 3);
	*ids = (struct ids){ .least = n[1], .most = n[2], .some = n[0] > 0 };
}

/* All integers of the column but 0 are ids of `other`. */
static bool
all_are(struct rows_ask *a, const struct vl_table *t, const char *column,
    const struct rows_table *other)
{
	int64_t n = 0;

	ask_begin(a, "SELECT NOT EXISTS (SELECT 1 FROM ");
	ask_name(a, t->real);
	ask_add(a, " WHERE typeof(");
	ask_column(a, t->real, column);
	ask_add(a, ") = 'integer' AND ");
	ask_column(a, t->real, column);
	ask_add(a, " <> 0 AND ");
	ask_column(a, t->real, column);
	ask_add(a, " NOT IN (SELECT ");
	ask_name(a, other->schema->columns[other->primary].name);
	ask_add(a, " FROM ");
	ask_name(a, other->schema->real);
	ask_add(a, "))");
	ask_numbers(a, &n, 1);
	return n == 1;
}

static bool
is_open(const struct rows_plan *p, const struct rows_table *t, size_t column)
{
	const struct rows_column *c = &t->columns[column];
	char name[NAME_MAX_TOO];

	if (c->nrefs > 0 || !rows_in_line(t, column) || c->schema->key > 0 ||
	    rows_looks_like_reference(c->schema->name))
		return false;
	(void)snprintf(
	    name, sizeof(name), "%s.%s", t->schema->name, c->schema->name);
	return p->words == NULL ||
	    (!rows_names_column(p->words->not_reference,
	         p->words->nnot_reference, name, true) &&
	        !rows_names_column(p->words->not_reference,
	            p->words->nnot_reference, name, false));
}

static void
look_at_column(struct checking *c, struct rows_ask *a, const struct ids *ids,
    const struct rows_table *t, size_t column)
{
	const struct rows_plan *p = &c->r->plan;
	const char *name = t->schema->columns[column].name;
	const struct rows_table *only = NULL;
	struct vl_check_finding f = {
		.kind = VL_CHECK_HINT, .table = t->schema->name, .column = name
	};
	char line[NAME_MAX_TOO + NAME_MAX_TOO];
	char text[NAME_MAX_TOO];
	int64_t n[4] = { 0 };
	size_t i = 0;

	ask_begin(a, "SELECT count(*) || ' ' || count(DISTINCT ");
	ask_name(a, name);
	ask_add(a, ") || ' ' || ifnull(min(");
	ask_name(a, name);
	ask_add(a, "), 0) || ' ' || ifnull(max(");
	ask_name(a, name);
	ask_add(a, "), 0) FROM ");
	ask_name(a, t->schema->real);
	ask_add(a, " WHERE typeof(");
	ask_name(a, name);
	ask_add(a, ") = 'integer'");
	ask_numbers(a, n, 4);
	for (i = 0; n[1] >= FEWEST && i < p->ntables; i++) {
		if (!ids[i].some || n[3] > ids[i].most ||
		    (n[2] < ids[i].least && n[2] != 0) ||
		    !all_are(a, t->schema, name, &p->tables[i]))
			continue;
		if (only != NULL)
			return;
		only = &p->tables[i];
	}
	if (only == NULL || a->st != VL_OK)
		return;
	(void)snprintf(text, sizeof(text),
	    "all its integers are ids of '%s': perhaps it refers to that",
	    only->schema->name);
	(void)snprintf(line, sizeof(line), "{from: \"%s.%s\", to: \"%s\"}",
	    t->schema->name, name, only->schema->name);
	f.text = text;
	f.line = line;
	c->to->finding(c->to->arg, &f);
}

enum vl_status
check_tell_hints(struct checking *c)
{
	const struct rows_plan *p = &c->r->plan;
	struct rows_ask a = { .db = c->r->opts.db, .err = c->err };
	struct ids *ids = calloc(p->ntables + 1, sizeof(*ids));
	size_t i = 0;
	size_t k = 0;

	if (ids == NULL)
		return vl_fail_memory(c->err);
	for (i = 0; i < p->ntables; i++)
		ask_ids(&a, &p->tables[i], &ids[i]);
	for (i = 0; i < p->ntables; i++) {
		if (rows_table_skipped(&p->tables[i]))
			continue;
		for (k = 0; k < p->tables[i].schema->ncolumns; k++)
			if (is_open(p, &p->tables[i], k))
				look_at_column(c, &a, ids, &p->tables[i], k);
	}
	ask_free(&a);
	free(ids);
	return a.st;
}
