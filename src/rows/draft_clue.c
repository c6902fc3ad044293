/*
 * What values of a database without a profile show: integers and texts that
 * are ids of rows, texts that look like secrets, counts and places in trees.
 * All of it is asked.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "clue.h"
#include "counter.h"
#include "draft.h"
#include "hint.h"

/* Its ids mean nothing elsewhere. */
static bool
counts_ids(const struct draft_table *t)
{
	return t->referred && t->primary != NONE &&
	    rows_key_surrogate(t->schema, t->primary) &&
	    t->columns[t->primary].kind == DRAFT_PLAIN;
}

static bool
is_open(const struct draft_table *t, size_t column)
{
	return t->columns[column].kind == DRAFT_PLAIN && column != t->primary &&
	    !t->schema->columns[column].generated;
}

/* ---- Integers ---- */

void
draft_integers(struct draft *d)
{
	struct hint_table *list = calloc(d->ntables + 1, sizeof(*list));
	const struct draft_table *t = NULL;
	size_t to = NONE;
	size_t i = 0;
	size_t k = 0;

	if (list == NULL && d->ask.st == VL_OK)
		d->ask.st = vl_fail_memory(d->ask.err);
	for (i = 0; list != NULL && i < d->ntables; i++) {
		t = &d->tables[i];
		list[i].schema = t->schema;
		list[i].referred = t->referred;
		if (t->primary != NONE &&
		    t->schema->columns[t->primary].integer_id)
			list[i].id = t->schema->columns[t->primary].name;
		hint_ids(&d->ask, &list[i]);
	}
	for (i = 0; list != NULL && i < d->ntables; i++)
		for (k = 0; k < d->tables[i].schema->ncolumns; k++) {
			t = &d->tables[i];
			if (!is_open(t, k) || t->schema->columns[k].key > 0 ||
			    !draft_can_name(
			        t->schema->name, t->schema->columns[k].name))
				continue;
			to = hint_find(&d->ask, list, d->ntables, i, k);
			if (to != NONE)
				draft_ask_integers(d, t, k, to);
		}
	free(list);
}

/* ---- Texts ---- */

struct asking {
	struct draft *d;
	const struct draft_table *t;
};

static void
ask_clue(void *arg, const struct clue_said *said)
{
	const struct asking *a = arg;
	const char *column = a->t->schema->columns[said->column].name;

	/* By its name it is asked about beside its table. */
	if (said->secret && !said->sealed && vl_rows_secret_name(column))
		return;
	if (draft_can_name(a->t->schema->name, column))
		draft_ask_line(a->d, a->t, said->column, said->text,
		    said->secret && !said->sealed ? NULL : said->line);
}

static enum vl_status
read_row(struct draft *d, struct clues *c, const struct draft_table *t,
    const struct vl_cell *cells)
{
	struct clue_text text = { 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < t->schema->ncolumns; i++) {
		if (cells[i].type != VL_CELL_TEXT || !is_open(t, i))
			continue;
		text = (struct clue_text){ .column = i,
			.row_column = rows_value_name(t->schema, i),
			.name = t->schema->columns[i].name,
			.text = cells[i].bytes,
			.open = true,
			.may_be_secret = true };
		if (text.row_column != NONE &&
		    cells[text.row_column].type == VL_CELL_TEXT)
			text.row = cells[text.row_column].bytes;
		st = clues_read(c, &text, d->ask.err);
	}
	return st;
}

static enum vl_status
read_table(struct draft *d, struct clues *c, const struct draft_table *t)
{
	const char **names = calloc(t->schema->ncolumns + 1, sizeof(*names));
	struct asking asking = { d, t };
	const struct vl_cell *cells = NULL;
	struct vl_scan *scan = NULL;
	enum vl_status st = VL_OK;
	bool row = true;
	size_t i = 0;

	if (names == NULL)
		return vl_fail_memory(d->ask.err);
	for (i = 0; i < t->schema->ncolumns; i++)
		names[i] = t->schema->columns[i].name;
	st = vl_scan_open(&scan, d->ask.db,
	    &(struct vl_scan_opts){ .table = t->schema->name,
	        .columns = names,
	        .ncolumns = t->schema->ncolumns },
	    d->ask.err);
	while (st == VL_OK) {
		st = vl_scan_next(scan, &cells, &row, d->ask.err);
		if (st != VL_OK || !row)
			break;
		st = read_row(d, c, t, cells);
	}
	vl_scan_free(scan);
	free(names);
	if (st == VL_OK)
		clues_tell(c, t->schema, ask_clue, &asking);
	clues_next_table(c);
	return st;
}

void
draft_texts(struct draft *d)
{
	struct clues *c = NULL;
	struct clue_table of = { 0 };
	size_t i = 0;

	if (d->ask.st == VL_OK)
		d->ask.st = clues_open(&c, d->ntables, d->ask.err);
	for (i = 0; d->ask.st == VL_OK && i < d->ntables; i++) {
		if (!counts_ids(&d->tables[i]))
			continue;
		of.schema = d->tables[i].schema;
		of.id = of.schema->columns[d->tables[i].primary].name;
		d->ask.st = clues_ids(c, d->ask.db, i, &of, d->ask.err);
	}
	for (i = 0; d->ask.st == VL_OK && i < d->ntables; i++)
		if (!d->tables[i].machine)
			d->ask.st = read_table(d, c, &d->tables[i]);
	clues_free(c);
}

/* ---- What is worked out of other rows ---- */

static bool
points_to(const struct draft_column *c, size_t table)
{
	return (c->kind == DRAFT_DECLARED || c->kind == DRAFT_PROVED) &&
	    c->to == table;
}

static void
look_at_column(
    struct draft *d, size_t table, size_t column, struct vl_buf *line)
{
	const struct draft_table *t = &d->tables[table];
	struct counter look = { .t = t->schema,
		.id = t->schema->columns[t->primary].name,
		.column = column };
	char text[COUNTER_TEXT_MAX];
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < d->ntables; i++)
		for (k = 0; k < d->tables[i].schema->ncolumns; k++) {
			look.child = d->tables[i].schema;
			look.point = k;
			if (!points_to(&d->tables[i].columns[k], table) ||
			    !counter_named(&look) ||
			    !counter_ask(&d->ask, &look, text, line))
				continue;
			draft_ask_line(
			    d, t, column, text, (const char *)line->p);
			return;
		}
}

void
draft_derived(struct draft *d, const struct draft_table *t)
{
	const size_t table = (size_t)(t - d->tables);
	struct vl_buf line = { 0 };
	size_t places[2] = { NONE, NONE };
	size_t parent = NONE;
	size_t i = 0;

	for (i = 0; parent == NONE && i < t->schema->ncolumns; i++)
		if (points_to(&t->columns[i], table))
			parent = i;
	if (counter_nested(&d->ask, t->schema, parent, places, &line))
		draft_ask_line(d, t, places[0],
		    "it looks like a place in a tree: perhaps it is derived",
		    (const char *)line.p);
	for (i = 0; t->primary != NONE && i < t->schema->ncolumns; i++)
		if (is_open(t, i))
			look_at_column(d, table, i, &line);
	vl_buf_free(&line);
}
