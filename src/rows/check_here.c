/*
 * Values that differ from side to side, in columns of which no line of `here`
 * speaks: there the source's would stay.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "check.h"
#include "suspect.h"

#define SHORTEST   4 /* bytes of a value that stands nowhere by chance */
#define PATH_SHOWN 512

/* Some line of that value speaks of the column. */
static bool
is_said(const struct rows_plan *p, const char *name, const char *path)
{
	const struct vl_here *w = p->words->here;
	size_t i = 0;

	for (i = 0; i < p->words->nhere; i++)
		if (strcmp(w[i].name, name) == 0 &&
		    (rows_names_column(w[i].in, w[i].nin, path, false) ||
		        rows_names_column(w[i].in, w[i].nin, path, true)))
			return true;
	return false;
}

/* The first line of that name. */
static bool
is_first(const struct vl_profile_resource *w, size_t i)
{
	size_t k = 0;

	while (strcmp(w->here[k].name, w->here[i].name) != 0)
		k++;
	return k == i;
}

/* What is looked for in the column, or NULL. */
static const char *
value_of(const struct checking *c, const struct rows_table *t, size_t column,
    size_t i)
{
	const struct rows_plan *p = &c->r->plan;
	const char *value = NULL;
	char path[PATH_SHOWN];

	if (!is_first(p->words, i))
		return NULL;
	value = rows_here_value(&c->r->opts, p->words->here[i].name);
	if (value == NULL || strlen(value) < SHORTEST ||
	    strspn(value, "0123456789") == strlen(value))
		return NULL;
	(void)snprintf(path, sizeof(path), "%s.%s", t->schema->name,
	    t->schema->columns[column].name);
	return is_said(p, p->words->here[i].name, path) ? NULL : value;
}

enum vl_status
check_here_begin(struct checking *c, const struct rows_table *t)
{
	const struct vl_profile_resource *w = c->r->plan.words;
	size_t n = w == NULL ? 0 : w->nhere;
	size_t i = 0;
	size_t k = 0;

	c->heres = calloc(t->schema->ncolumns * n + 1, sizeof(*c->heres));
	if (c->heres == NULL)
		return vl_fail_memory(c->err);
	for (i = 0; t->of == NONE && i < t->schema->ncolumns; i++)
		for (k = 0; rows_in_line(t, i) && k < n; k++)
			c->heres[i * n + k].value = value_of(c, t, i, k);
	return VL_OK;
}

enum vl_status
check_here_read(struct checking *c, const struct rows_reader *rd, size_t column)
{
	const struct vl_profile_resource *w = c->r->plan.words;
	const struct vl_cell *cell = rows_reader_cell(rd, column);
	struct rows_swap swap = { .to = vl_slice_of("x") };
	const struct rows_swaps with = { .list = &swap, .n = 1 };
	struct check_here *h = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (w == NULL || cell->type != VL_CELL_TEXT)
		return VL_OK;
	for (i = 0; st == VL_OK && i < w->nhere; i++) {
		h = &c->heres[column * w->nhere + i];
		if (h->value == NULL || rows_whole(rd, column) != NULL ||
		    rows_is_kept(rd, rd->t->schema->columns[column].name))
			continue;
		swap.from = vl_slice_of(h->value);
		rows_edits_begin(&c->edits, cell->bytes);
		st = rows_swap(&c->edits, cell->bytes, &with, c->err);
		h->n += c->edits.n > 0;
	}
	return st;
}

void
check_here_tell(struct checking *c, const struct rows_table *t)
{
	const struct vl_profile_resource *w = c->r->plan.words;
	struct vl_check_finding f = { .kind = VL_CHECK_HINT,
		.table = t->schema->name };
	char text[PATH_SHOWN];
	char line[2 * PATH_SHOWN];
	char counted[48];
	uint64_t n = 0;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; w != NULL && i < t->schema->ncolumns; i++)
		for (k = 0; k < w->nhere; k++) {
			n = c->heres[i * w->nhere + k].n;
			if (n == 0)
				continue;
			(void)snprintf(text, sizeof(text),
			    "%s %s '%s' as it is on this side, and would hold "
			    "it on the other",
			    vl_format_counted(
			        counted, sizeof(counted), n, "value", "values"),
			    n == 1 ? "holds" : "hold", w->here[k].name);
			(void)snprintf(line, sizeof(line),
			    "{name: %s, in: \"%s.%s\"}", w->here[k].name,
			    t->schema->name, t->schema->columns[i].name);
			f.column = t->schema->columns[i].name;
			f.text = text;
			f.line = line;
			c->to->finding(c->to->arg, &f);
		}
	free(c->heres);
	c->heres = NULL;
}
