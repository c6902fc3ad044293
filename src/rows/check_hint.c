/* Columns that may be references which nobody declared, by their integers. */

#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "hint.h"

#define NAME_MAX_TOO 512

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
look_at_column(struct checking *c, struct rows_ask *a,
    const struct hint_table *list, size_t table, size_t column)
{
	const struct vl_table *t = list[table].schema;
	const char *name = t->columns[column].name;
	size_t to = hint_find(a, list, c->r->plan.ntables, table, column);
	struct vl_check_finding f = {
		.kind = VL_CHECK_HINT, .table = t->name, .column = name
	};
	char line[NAME_MAX_TOO + NAME_MAX_TOO];
	char text[NAME_MAX_TOO];

	if (to == NONE)
		return;
	(void)snprintf(text, sizeof(text),
	    "its integers are ids of '%s': perhaps it refers to that",
	    list[to].schema->name);
	(void)snprintf(line, sizeof(line), "{from: \"%s.%s\", to: \"%s\"}",
	    t->name, name, list[to].schema->name);
	f.text = text;
	f.line = line;
	c->to->finding(c->to->arg, &f);
}

enum vl_status
check_tell_hints(struct checking *c)
{
	const struct rows_plan *p = &c->r->plan;
	struct rows_ask a = { .db = c->r->opts.db, .err = c->err };
	struct hint_table *list = calloc(p->ntables + 1, sizeof(*list));
	const struct rows_table *t = NULL;
	size_t i = 0;
	size_t k = 0;

	if (list == NULL)
		return vl_fail_memory(c->err);
	for (i = 0; i < p->ntables; i++) {
		t = &p->tables[i];
		list[i].schema = t->schema;
		list[i].referred = t->referred;
		if (t->primary != NONE &&
		    t->schema->columns[t->primary].integer_id)
			list[i].id = t->schema->columns[t->primary].name;
		hint_ids(&a, &list[i]);
	}
	for (i = 0; i < p->ntables; i++) {
		if (rows_table_skipped(&p->tables[i]))
			continue;
		for (k = 0; k < p->tables[i].schema->ncolumns; k++)
			if (is_open(p, &p->tables[i], k))
				look_at_column(c, &a, list, i, k);
	}
	ask_free(&a);
	free(list);
	return a.st;
}
