/*
 * What a profile may have forgotten, by what the rows hold: ids in texts and
 * secrets that no line speaks of, counts of other rows, places in a tree.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "check.h"
#include "clue.h"
#include "counter.h"
#include "suspect.h"

#define NAME_MAX_SHOWN 512

/* ---- Texts ---- */

enum vl_status
check_clues_open(struct checking *c)
{
	const struct rows_plan *p = &c->r->plan;
	const struct rows_table *t = NULL;
	struct clue_table of = { 0 };
	const struct vl_profile *profile = c->r->opts.profile;
	enum vl_status st = clues_open(&c->clues, p->ntables, c->err);
	size_t i = 0;

	if (st == VL_OK && profile != NULL) {
		c->clues->ciphers = profile->ciphers;
		c->clues->nciphers = profile->nciphers;
	}
	for (i = 0; st == VL_OK && i < p->ntables; i++) {
		t = &p->tables[i];
		if (t->left || rows_table_skipped(t) || t->primary == NONE ||
		    !t->referred || t->columns[t->primary].role != ROWS_ID)
			continue;
		of.schema = t->schema;
		of.id = t->schema->columns[t->primary].name;
		st = clues_ids(c->clues, c->r->opts.db, i, &of, c->err);
	}
	return st;
}

/* The conditions of `not_secret`, among those of its tables. */
enum vl_status
check_not_secret(struct checking *c)
{
	struct rows_plan *p = &c->r->plan;
	const struct vl_not_secret *w = NULL;
	enum vl_status st = VL_OK;
	size_t n = p->words == NULL ? 0 : p->words->nnot_secret;
	size_t at = 0;

	for (at = 0; at < n; at++) {
		w = &p->words->not_secret[at];
		if (!rows_names_any(p, &w->of))
			check_find(c,
			    strchr(w->of, '*') != NULL ? VL_CHECK_HINT :
			                                 VL_CHECK_WRONG,
			    NULL, NULL,
			    "line %u: 'not_secret': there is no column '%s'",
			    w->line, w->of);
	}
	st =
	    rows_not_secret_plan(&c->not_secret, &at, p, c->r->opts.db, c->err);
	while (st == VL_EUSAGE) {
		w = &p->words->not_secret[at++];
		check_find(c, VL_CHECK_WRONG, NULL, NULL,
		    "line %u: 'not_secret': %s", w->line, c->err->text);
		*c->err = (struct vl_err){ 0 };
		st = rows_not_secret_plan(
		    &c->not_secret, &at, p, c->r->opts.db, c->err);
	}
	return st;
}

static bool
ends_like(const char *name, const char *word)
{
	size_t n = strlen(name);
	size_t m = strlen(word);

	return n >= m && strcasecmp(name + n - m, word) == 0;
}

/* Of a table of names and values: the column that has the name of the value
 * in `column`; else NONE. */
size_t
rows_value_name(const struct vl_table *t, size_t column)
{
	static const char *const names[] = { "key", "name", "option", "setting",
		"property", "attribute", "field", NULL };
	size_t i = 0;
	size_t k = 0;

	if (!ends_like(t->columns[column].name, "value") &&
	    !ends_like(t->columns[column].name, "val"))
		return NONE;
	for (k = 0; names[k] != NULL; k++)
		for (i = 0; i < t->ncolumns; i++)
			if (i != column && !t->columns[i].generated &&
			    ends_like(t->columns[i].name, names[k]))
				return i;
	return NONE;
}

/* `covered`: what lines of the profile found in the value. */
enum vl_status
check_clues_read(struct checking *c, const struct rows_reader *rd,
    size_t column, struct vl_places *covered)
{
	const struct rows_table *t = rd->t;
	const struct vl_cell *cell = rows_reader_cell(rd, column);
	const struct vl_cell *row = NULL;
	const struct vl_profile_resource *w = rd->plan->words;
	struct clue_text text = { .column = column,
		.row_column = rows_value_name(t->schema, column),
		.name = t->schema->columns[column].name,
		.text = cell->bytes };
	char path[NAME_MAX_SHOWN];

	if (cell->type != VL_CELL_TEXT || !rows_in_line(t, column) ||
	    rows_whole(rd, column) != NULL || column == t->primary)
		return VL_OK;
	if (text.row_column != NONE) {
		row = rows_reader_cell(rd, text.row_column);
		if (row->type == VL_CELL_TEXT)
			text.row = row->bytes;
	}
	(void)snprintf(path, sizeof(path), "%s.%s", t->schema->name,
	    t->schema->columns[column].name);
	text.may_be_secret =
	    rows_may_be_secret(rd, column, c->not_secret, covered);
	text.covered = covered->list;
	text.ncovered = covered->n;
	text.open = w == NULL ||
	    (!rows_names_column(
	         w->not_reference, w->nnot_reference, path, false) &&
	        !rows_names_column(
	            w->not_reference, w->nnot_reference, path, true));
	return clues_read(c->clues, &text, c->err);
}

struct telling_to {
	struct checking *c;
	const struct rows_table *t;
};

static void
tell_clue(void *arg, const struct clue_said *said)
{
	const struct telling_to *to = arg;
	const bool refused = said->secret && !to->c->r->opts.warn_secrets;
	const struct vl_check_finding f = { .kind = refused ? VL_CHECK_REFUSED :
		                                              VL_CHECK_HINT,
		.table = to->t->schema->name,
		.column = to->t->schema->columns[said->column].name,
		.text = said->text,
		.line = said->line,
		.secret = said->secret };

	to->c->refused = to->c->refused || refused;
	to->c->to->finding(to->c->to->arg, &f);
}

void
check_clues_tell(struct checking *c, const struct rows_table *t)
{
	struct telling_to to = { c, t };

	clues_tell(c->clues, t->schema, tell_clue, &to);
	clues_next_table(c->clues);
}

/* ---- What is worked out of other rows ---- */

static bool
is_worked_out(const struct rows_table *t, size_t column)
{
	const struct rows_entry *e = NULL;
	size_t i = 0;

	if (!rows_in_line(t, column) || t->columns[column].nrefs > 0)
		return true;
	for (i = 0; i < t->nentries; i++) {
		e = &t->entries[i];
		if (e->words != NULL &&
		    rows_lists(e->words->keep_here, e->words->nkeep_here,
		        t->schema->columns[column].name))
			return true;
	}
	return false;
}

/* The column's whole value is an id of a row of `table`, for all rows. */
static bool
points_to(const struct rows_plan *p, size_t child, size_t column, size_t table)
{
	const struct rows_column *c = &p->tables[child].columns[column];

	return c->nrefs == 1 && c->refs[0].to == table &&
	    c->refs[0].finder == NULL && c->refs[0].condition == NONE &&
	    (c->refs[0].column == NONE ||
	        c->refs[0].column == p->tables[table].primary);
}

static void
look_at_counter(struct checking *c, struct rows_ask *a, size_t table,
    size_t column, struct vl_buf *line)
{
	const struct rows_plan *p = &c->r->plan;
	const struct rows_table *t = &p->tables[table];
	struct counter look = { .t = t->schema,
		.id = t->schema->columns[t->primary].name,
		.column = column };
	struct vl_check_finding f = { .kind = VL_CHECK_HINT,
		.table = t->schema->name,
		.column = t->schema->columns[column].name };
	char text[COUNTER_TEXT_MAX];
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < p->ntables; i++)
		for (k = 0; k < p->tables[i].schema->ncolumns; k++) {
			look.child = p->tables[i].schema;
			look.point = k;
			if (!points_to(p, i, k, table) ||
			    !counter_named(&look) ||
			    !counter_ask(a, &look, text, line))
				continue;
			f.text = text;
			f.line = (const char *)line->p;
			c->to->finding(c->to->arg, &f);
			return;
		}
}

static void
look_at_places(
    struct checking *c, struct rows_ask *a, size_t table, struct vl_buf *line)
{
	const struct rows_table *t = &c->r->plan.tables[table];
	struct vl_check_finding f = { .kind = VL_CHECK_HINT,
		.table = t->schema->name,
		.text = "its columns look like places in a tree: perhaps they "
		        "are derived" };
	size_t places[2] = { NONE, NONE };
	size_t parent = NONE;
	size_t i = 0;

	for (i = 0; parent == NONE && i < t->schema->ncolumns; i++)
		if (points_to(&c->r->plan, table, i, table))
			parent = i;
	if (!counter_nested(a, t->schema, parent, places, line) ||
	    !rows_in_line(t, places[0]) || !rows_in_line(t, places[1]))
		return;
	f.column = t->schema->columns[places[0]].name;
	f.line = (const char *)line->p;
	c->to->finding(c->to->arg, &f);
}

/* A number that follows from other rows here, and that no import works out. */
static void
look_at_left(
    struct checking *c, struct rows_ask *a, size_t table, size_t column)
{
	const struct rows_table *t = &c->r->plan.tables[table];
	const char *name = t->schema->columns[column].name;
	int64_t some = 0;

	if (t->columns[column].role != ROWS_DERIVED || rows_works_out(t) ||
	    rows_looks_like_reference(name))
		return;
	ask_begin(a, "SELECT EXISTS (SELECT 1 FROM ");
	ask_name(a, t->schema->real);
	ask_add(a, " WHERE typeof(");
	ask_name(a, name);
	ask_add(a, ") = 'integer' AND ");
	ask_name(a, name);
	ask_add(a, " <> 0)");
	ask_numbers(a, &some, 1);
	if (some == 1)
		check_find(c, VL_CHECK_HINT, t, name,
		    "it is derived, and no import works it out: where the "
		    "application does not do it either, new rows stay without; "
		    "'derive' or 'nested_set' does");
}

enum vl_status
check_tell_derived(struct checking *c)
{
	const struct rows_plan *p = &c->r->plan;
	struct rows_ask a = { .db = c->r->opts.db, .err = c->err };
	struct vl_buf line = { 0 };
	const struct rows_table *t = NULL;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < p->ntables; i++) {
		t = &p->tables[i];
		if (t->left || rows_table_skipped(t))
			continue;
		look_at_places(c, &a, i, &line);
		for (k = 0; k < t->schema->ncolumns; k++)
			look_at_left(c, &a, i, k);
		for (k = 0; t->primary != NONE && k < t->schema->ncolumns; k++)
			if (!is_worked_out(t, k))
				look_at_counter(c, &a, i, k, &line);
	}
	ask_free(&a);
	vl_buf_free(&line);
	return a.st;
}
