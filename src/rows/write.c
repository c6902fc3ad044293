/*
 * What differs is written: first what goes, then changes and additions.  A
 * unique key in the way may belong to a row that is changed later: such rows
 * are tried once more, and where they only wait for each other (two names
 * were swapped) they first give up their values.
 */

#include <stdlib.h>

#include <valise/text.h>

#include "put.h"

/* Statements for rows in which the same columns differ. */
#define UPDATES 8
struct update {
	struct vl_buf what;
	struct vl_write *write;
};

struct writing {
	struct vl_rows_put *p;
	size_t table;
	const struct rows_table *t;
	struct vl_write *insert;
	struct vl_write *update; /* that was run last; of `updates` */
	struct update updates[UPDATES];
	size_t next;
	size_t *columns; /* that rows of the bundle have, in line order */
	size_t ncolumns;
	size_t empty; /* place of the first derived column that needs one */
	size_t nempty;
	struct vl_cell *cells;
	struct vl_buf *texts; /* one for each of `cells` */
	size_t room;
	struct rows_staged row;
	struct vl_row_store store;
	struct vl_row_store key;
	struct vl_err *err;
};

static enum vl_status
within(struct writing *g)
{
	return rows_within(g->t, g->row.key, g->err);
}

/* One that is not here, and has nothing to say. */
static enum vl_status
skip_column(
    const struct writing *g, struct vl_slice name, const struct vl_value *v)
{
	char shown[VL_COLUMN_MAX + 1];

	if (g->p->opts.allow_drift && v->kind == VL_VALUE_CELL &&
	    v->cell.type == VL_CELL_NULL)
		return VL_OK;
	return vl_fail(g->err, VL_EREFUSED,
	    "it has a column '%s' that is not here, or that the rows before "
	    "had not",
	    vl_escape_text(shown, sizeof(shown), name));
}

/* Which columns a new row has: those of the first one, as all have them. */
static enum vl_status
learn_columns(struct writing *g)
{
	const struct rows_table *t = g->t;
	struct vl_slice name = { 0 };
	struct vl_value v = { 0 };
	enum vl_status st = rows_row_parse(&g->p->store, g->row.row, g->err);
	size_t column = 0;
	size_t at = 0;

	/* What is inserted and the id; what an update sets and its key. */
	g->room = t->schema->ncolumns * 2 + 2;
	g->columns = calloc(g->room, sizeof(*g->columns));
	g->cells = calloc(g->room, sizeof(*g->cells));
	g->texts = calloc(g->room, sizeof(*g->texts));
	if (g->columns == NULL || g->cells == NULL || g->texts == NULL)
		return vl_fail_memory(g->err);
	while (st == VL_OK && vl_row_next(&g->p->store, 0, &at, &name, &v)) {
		column = rows_column(t, name);
		if (column == NONE)
			st = skip_column(g, name, &v);
		else if (g->ncolumns < t->schema->ncolumns)
			g->columns[g->ncolumns++] = column;
	}
	return st;
}

static bool
has_id(const struct rows_table *t)
{
	return t->primary != NONE && t->columns[t->primary].role == ROWS_ID;
}

static enum vl_status
open_insert(struct writing *g)
{
	const struct rows_table *t = g->t;
	const char **names = calloc(g->room, sizeof(*names));
	struct vl_write_opts opts = { .kind = VL_WRITE_INSERT,
		.table = t->schema->name,
		.columns = names,
		.ncolumns = g->ncolumns };
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (names == NULL)
		return vl_fail_memory(g->err);
	for (i = 0; i < g->ncolumns; i++)
		names[i] = t->schema->columns[g->columns[i]].name;
	if (has_id(t))
		names[opts.ncolumns++] = t->schema->columns[t->primary].name;
	g->empty = opts.ncolumns;
	for (i = 0; i < t->schema->ncolumns; i++)
		if (rows_derived_empty(t, i, &g->cells[opts.ncolumns]))
			names[opts.ncolumns++] = t->schema->columns[i].name;
	g->nempty = opts.ncolumns - g->empty;
	st = vl_write_open(&g->insert, g->p->here->opts.db, &opts, g->err);
	free(names);
	return st;
}

/* The statement that sets the columns which differ in this row. */
static enum vl_status
open_update(struct writing *g)
{
	struct vl_slice what = g->row.what;
	struct vl_write_opts opts = { .kind = VL_WRITE_UPDATE,
		.table = g->t->schema->name };
	struct update *u = NULL;
	const char **names = NULL;
	enum vl_status st = VL_OK;
	size_t column = 0;
	size_t i = 0;

	what = rows_what_columns(what);
	for (i = 0; i < UPDATES; i++)
		if (g->updates[i].write != NULL &&
		    vl_slice_equal(what, vl_buf_slice(&g->updates[i].what))) {
			g->update = g->updates[i].write;
			return VL_OK;
		}
	u = &g->updates[g->next++ % UPDATES];
	vl_write_free(u->write);
	u->write = NULL;
	g->update = NULL;
	vl_buf_clear(&u->what);
	st = vl_buf_add(&u->what, what, g->err);
	names = calloc(g->room, sizeof(*names));
	if (st != VL_OK || names == NULL) {
		free(names);
		return st != VL_OK ? st : vl_fail_memory(g->err);
	}
	while (rows_what_next(&what, &column))
		names[opts.ncolumns++] = g->t->schema->columns[column].name;
	opts.columns = names;
	opts.key = names + opts.ncolumns;
	opts.nkey = rows_key_names(g->t, names + opts.ncolumns);
	st = vl_write_open(&u->write, g->p->here->opts.db, &opts, g->err);
	g->update = u->write;
	free(names);
	return st;
}

static enum vl_status
fill_column(struct writing *g, struct vl_row_store *store,
    const struct vl_value *v, size_t column, size_t place)
{
	return rows_fill(g->p, g->table, column, &g->row, store, v,
	    &g->texts[place], &g->cells[place], g->err);
}

/* The cells of all columns of the row, by position in g->columns. */
static enum vl_status
fill_new(struct writing *g, struct vl_row_store *store)
{
	struct vl_slice name = { 0 };
	struct vl_value v = { 0 };
	enum vl_status st = rows_row_parse(store, g->row.row, g->err);
	size_t at = 0;
	size_t i = 0;

	while (st == VL_OK && vl_row_next(store, 0, &at, &name, &v)) {
		if (i == g->ncolumns ||
		    !vl_slice_equal(name,
		        vl_slice_of(
		            g->t->schema->columns[g->columns[i]].name))) {
			st = skip_column(g, name, &v);
			continue;
		}
		st = fill_column(g, store, &v, g->columns[i], i);
		i++;
	}
	if (st == VL_OK && i < g->ncolumns)
		return vl_fail(g->err, VL_EREFUSED,
		    "it has fewer columns than the rows before");
	return st;
}

/* Those that differ, in the order in which they were noted. */
static enum vl_status
fill_changed(struct writing *g, struct vl_row_store *store, size_t *n)
{
	struct vl_slice what = g->row.what;
	struct vl_slice name = { 0 };
	struct vl_value v = { 0 };
	enum vl_status st = rows_row_parse(store, g->row.row, g->err);
	size_t column = NONE;
	size_t at = 0;
	bool more = rows_what_next(&what, &column);

	while (st == VL_OK && more && vl_row_next(store, 0, &at, &name, &v)) {
		if (!vl_slice_equal(
		        name, vl_slice_of(g->t->schema->columns[column].name)))
			continue;
		st = fill_column(g, store, &v, column, (*n)++);
		more = rows_what_next(&what, &column);
	}
	return st;
}

/* Derived columns that need a value: updates use the same cells. */
static void
fill_empty(struct writing *g)
{
	size_t n = 0;
	size_t i = 0;

	for (i = 0; n < g->nempty; i++)
		n += rows_derived_empty(g->t, i, &g->cells[g->empty + n]);
}

/* All cells that are inserted. */
static enum vl_status
fill_insert(struct writing *g)
{
	enum vl_status st = g->insert == NULL ? open_insert(g) : VL_OK;

	if (st == VL_OK)
		st = fill_new(g, &g->store);
	g->cells[g->ncolumns] = g->row.id;
	fill_empty(g);
	return st;
}

static enum vl_status
write_new(struct writing *g)
{
	enum vl_status st = fill_insert(g);

	return st == VL_OK ? vl_write_run(g->insert, g->cells, g->err) : st;
}

static enum vl_status
write_changed(struct writing *g)
{
	enum vl_status st = open_update(g);
	size_t n = 0;

	if (st == VL_OK)
		st = fill_changed(g, &g->store, &n);
	if (st == VL_OK)
		st = rows_key_cells(
		    g->t, &g->row, &g->key, g->cells + n, g->err);
	return st == VL_OK ? vl_write_run(g->update, g->cells, g->err) : st;
}

static enum vl_status
write_row(struct writing *g, bool new)
{
	return new ? write_new(g) : write_changed(g);
}

enum pass {
	FIRST,
	AGAIN,  /* those that met a unique key */
	GIVE_UP /* the same: their values out of the way */
};

static bool
in_the_way(const struct vl_write *w)
{
	return w != NULL && vl_write_in_the_way(w);
}

/* For the row that comes next. */
static enum vl_status
begin_row(struct writing *g, const struct rows_staged *row)
{
	enum vl_status st = VL_OK;

	g->row = *row;
	if (g->columns == NULL)
		st = learn_columns(g);
	return st == VL_OK ? rows_triggers(g->p, g->t, g->err) : st;
}

static enum vl_status
write_one(struct writing *g, bool new, enum pass pass, uint64_t *left)
{
	enum vl_status st = pass == GIVE_UP ?
	    rows_give_up(g->p, g->table, &g->row, g->err) :
	    write_row(g, new);

	if (st == VL_EREFUSED && pass != GIVE_UP &&
	    in_the_way(new ? g->insert : g->update)) {
		++*left;
		g->row.act = new ? ROWS_AGAIN_NEW : ROWS_AGAIN_UPDATE;
		st = pass == FIRST ?
		    rows_stage_set(g->p->stage, g->table, &g->row, g->err) :
		    VL_OK;
	} else if (st == VL_OK && pass == AGAIN) {
		g->row.act = new ? ROWS_NEW : ROWS_UPDATE;
		st = rows_stage_set(g->p->stage, g->table, &g->row, g->err);
	}
	return st;
}

/* All rows of one act; `*left` of them could not be written yet. */
static enum vl_status
write_act(struct writing *g, enum rows_act act, enum pass pass, uint64_t *left)
{
	bool new = act == ROWS_NEW || act == ROWS_AGAIN_NEW;
	struct rows_staging *staging = NULL;
	struct rows_staged row = { 0 };
	enum vl_status st = VL_OK;
	bool more = true;

	st = rows_staging_open(&staging, g->p->stage, g->table, act, g->err);
	while (st == VL_OK) {
		st = rows_staging_next(staging, &row, &more, g->err);
		if (st != VL_OK || !more)
			break;
		st = begin_row(g, &row);
		if (st == VL_OK)
			st = write_one(g, new, pass, left);
		if (st != VL_OK)
			(void)within(g);
	}
	rows_staging_free(staging);
	return st;
}

/* A row that was handed over has to be tried once more. */
static enum vl_status
leave(void *arg, const struct rows_staged *row, struct vl_err *err)
{
	const struct writing *g = arg;
	struct rows_staged again = *row;

	again.was = ROWS_NEW;
	again.act = ROWS_AGAIN_NEW;
	return rows_stage_set(g->p->stage, g->table, &again, err);
}

/* The cells of the row are made, and handed over. */
static enum vl_status
hand_over(struct writing *g, struct rows_behind **behind, uint64_t *left)
{
	enum vl_status st = VL_OK;
	bool taken = false;

	/* Secrets are copied nowhere. */
	if (rows_secret_any(&g->p->here->plan, g->table))
		st = write_one(g, true, FIRST, left);
	else
		st = fill_insert(g);
	if (st != VL_OK)
		return within(g);
	if (rows_secret_any(&g->p->here->plan, g->table))
		return VL_OK;
	if (*behind == NULL)
		st = rows_behind_open(behind,
		    &(struct rows_behind_opts){ .pool = g->p->opts.rows.pool,
		        .insert = g->insert,
		        .table = g->t->schema->name,
		        .ncells = g->empty + g->nempty,
		        .id = has_id(g->t) ? g->ncolumns : NONE,
		        .leave = leave,
		        .arg = g },
		    g->err);
	if (st == VL_OK)
		st =
		    rows_behind_add(*behind, &g->row, g->cells, &taken, g->err);
	if (st != VL_OK || taken)
		return st;
	st = rows_behind_end(*behind, left, g->err);
	if (st == VL_OK && write_one(g, true, FIRST, left) != VL_OK)
		return within(g);
	return st;
}

/* The first pass over new rows. */
static enum vl_status
insert_all(struct writing *g, uint64_t *left)
{
	struct rows_behind *behind = NULL;
	struct rows_staging *staging = NULL;
	struct rows_staged row = { 0 };
	struct vl_err before = { 0 };
	enum vl_status st = VL_OK;
	bool more = true;

	st = rows_staging_open(
	    &staging, g->p->stage, g->table, ROWS_NEW, g->err);
	while (st == VL_OK) {
		st = rows_staging_next(staging, &row, &more, g->err);
		if (st != VL_OK || !more)
			break;
		st = begin_row(g, &row);
		st = st == VL_OK ? hand_over(g, &behind, left) : within(g);
	}
	/* What was handed over stands before what failed. */
	if (behind != NULL && rows_behind_end(behind, left, &before) != VL_OK) {
		g->p->dangled = false;
		*g->err = before;
		st = before.status;
	}
	rows_behind_free(behind);
	rows_staging_free(staging);
	return st;
}

static void
close_writing(struct writing *g)
{
	size_t i = 0;

	vl_write_free(g->insert);
	for (i = 0; i < UPDATES; i++) {
		vl_write_free(g->updates[i].write);
		vl_buf_free(&g->updates[i].what);
	}
	for (i = 0; g->texts != NULL && i < g->room; i++)
		vl_buf_free(&g->texts[i]);
	free(g->texts);
	free(g->cells);
	free(g->columns);
	vl_row_store_free(&g->store);
	vl_row_store_free(&g->key);
}

/* One pass over all tables. */
static enum vl_status
write_pass(struct writing *list, size_t n, enum pass pass, uint64_t *left)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	*left = 0;
	for (i = 0; st == VL_OK && i < n; i++) {
		st = write_act(&list[i],
		    pass == FIRST ? ROWS_UPDATE : ROWS_AGAIN_UPDATE, pass,
		    left);
		if (st == VL_OK && pass == FIRST &&
		    list[i].p->opts.rows.pool != NULL)
			st = insert_all(&list[i], left);
		else if (st == VL_OK && pass != GIVE_UP)
			st = write_act(&list[i],
			    pass == FIRST ? ROWS_NEW : ROWS_AGAIN_NEW, pass,
			    left);
	}
	return st;
}

/* A row that could not be written, and the one in its way. */
static enum vl_status
fail_row(struct writing *g, bool new)
{
	const struct vl_write *w = new ? g->insert : g->update;

	if (in_the_way(w))
		(void)rows_taken(g->p, g->table,
		    &(struct rows_tried){ .write = w, .cells = g->cells },
		    g->err);
	return within(g);
}

/* The first row that cannot be written, and why. */
static enum vl_status
fail_left(struct writing *list, size_t n, struct vl_err *err)
{
	struct rows_staging *staging = NULL;
	struct rows_staged row = { 0 };
	enum vl_status st = VL_OK;
	bool more = false;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < 2 * n; i++) {
		struct writing *g = &list[i / 2];
		bool new = i % 2 == 1;

		st = rows_staging_open(&staging, g->p->stage, g->table,
		    new ? ROWS_AGAIN_NEW : ROWS_AGAIN_UPDATE, err);
		if (st == VL_OK)
			st = rows_staging_next(staging, &row, &more, err);
		g->row = row;
		if (st == VL_OK && more) {
			st = write_row(g, new);
			if (st != VL_OK)
				st = fail_row(g, new);
		}
		rows_staging_free(staging);
		staging = NULL;
	}
	return st;
}

static enum vl_status
write_all(struct writing *list, size_t n, struct vl_err *err)
{
	uint64_t before = 0;
	uint64_t left = 0;
	uint64_t none = 0;
	bool gave_up = false;
	enum vl_status st = write_pass(list, n, FIRST, &left);

	while (st == VL_OK && left > 0) {
		before = left;
		st = write_pass(list, n, AGAIN, &left);
		if (st != VL_OK || left < before)
			continue;
		if (gave_up)
			return fail_left(list, n, err);
		gave_up = true;
		st = write_pass(list, n, GIVE_UP, &none);
	}
	return st;
}

enum vl_status
rows_write(struct vl_rows_put *p, struct vl_err *err)
{
	const struct rows_plan *plan = &p->here->plan;
	struct writing *list = calloc(plan->norder + 1, sizeof(*list));
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (list == NULL)
		return vl_fail_memory(err);
	/* What is owned goes before its owner. */
	for (i = plan->norder; st == VL_OK && i > 0; i--)
		st = rows_delete(p, plan->order[i - 1], err);
	for (i = 0; i < plan->norder; i++)
		list[i] = (struct writing){ .p = p,
			.table = plan->order[i],
			.t = &plan->tables[plan->order[i]],
			.err = err };
	if (st == VL_OK)
		st = write_all(list, plan->norder, err);
	if (st == VL_OK)
		st = rows_triggers(p, NULL, err);
	for (i = 0; i < plan->norder; i++)
		close_writing(&list[i]);
	free(list);
	return st;
}
