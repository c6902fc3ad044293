/*
 * What the place of a file makes of the rows that own it: columns of rows of
 * the bundle that have another value here, and of rows that are here the
 * columns that change.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "owned_place.h"

#define SHOWN 256

static enum vl_status
put_cell(
    struct placing *g, int64_t n, size_t column, const struct vl_cell *cell)
{
	sqlite3_stmt *q = NULL;
	enum vl_status st = owned_statement(g->o, OWNED_CELL, &q, g->err);
	int bound = 0;

	if (st != VL_OK)
		return st;
	g->o->cells = true;
	bound = sqlite3_bind_int64(q, 1, (int64_t)g->table);
	bound |= sqlite3_bind_int64(q, 2, n);
	bound |= sqlite3_bind_int64(q, 3, (int64_t)column);
	bound |= lite_bind_cell(q, 4, cell);
	return lite_done(g->o->db, q, bound, OWNED_WHAT, g->err);
}

/* Columns, in the order of rows in lines: `what` of a row that changes, behind
 * which stands what is said of it. */
static enum vl_status
add_what(struct placing *g, struct vl_buf *what, size_t column)
{
	const struct vl_table *t = g->p->here->plan.tables[g->table].schema;
	uint8_t number[2];
	struct vl_slice rest = vl_buf_slice(what);
	const size_t end = rows_what_columns(rest).n;
	size_t one = NONE;
	size_t at = end;

	while (rows_what_next(&rest, &one)) {
		if (one == column)
			return VL_OK;
		if (at == end &&
		    strcmp(t->columns[one].name, t->columns[column].name) > 0)
			at = what->n - rest.n - sizeof(number);
	}
	vl_put_u16le(number, (uint16_t)column);
	if (vl_buf_add(what, (struct vl_slice){ number, sizeof(number) },
	        g->err) != VL_OK)
		return g->err->status;
	memmove(what->p + at + sizeof(number), what->p + at,
	    what->n - sizeof(number) - at);
	memcpy(what->p + at, number, sizeof(number));
	return VL_OK;
}

/* The column is here what it is to be. */
static void
drop_what(struct vl_buf *what, size_t column)
{
	struct vl_slice rest = vl_buf_slice(what);
	size_t one = NONE;

	while (rows_what_next(&rest, &one)) {
		if (one != column)
			continue;
		memmove(what->p + what->n - rest.n - 2, rest.p, rest.n);
		what->n -= 2;
		return;
	}
}

/* The file is another row's here, or has no name yet: the row cannot stay as it
 * is. */
static enum vl_status
fail_stays(struct placing *g)
{
	char from[SHOWN];
	char to[SHOWN];

	return vl_fail(g->err, VL_EREFUSED,
	    "%.*s: its file '%s' of '%s' is to be called '%s' here, and the "
	    "plan does not overwrite the row: say 'overwrite', or make a plan "
	    "anew",
	    (int)g->name.n, (const char *)g->name.p,
	    vl_escape_text(from, sizeof(from), g->path), g->f->words->in,
	    vl_escape_text(to, sizeof(to), vl_buf_slice(&g->dest)));
}

static enum vl_status
ask(struct placing *g, const struct rows_staged *row, bool again)
{
	bool go = true;
	enum vl_status st = rows_decide(g->p,
	    &(struct rows_question){ .table = g->table,
	        .what = VL_ROW_MODIFY,
	        .key = row->key,
	        .here = g->here.n == VL_HASH_SIZE ? g->here.p : NULL,
	        .columns = row->what,
	        .again = again },
	    &go, g->err);

	return st == VL_OK && !go ? fail_stays(g) : st;
}

/* What stands against it that a row changes which was the same. */
static enum vl_status
change_same(struct placing *g, struct rows_staged *row)
{
	const struct rows_table *t = &g->p->here->plan.tables[g->table];
	struct vl_rows_put_counts before = g->p->counts;
	enum vl_status st = VL_OK;

	g->p->counts.same--;
	row->act = ROWS_UPDATE;
	row->at = g->at;
	if (rows_on_match(g->p, &t->entries[row->entry]) == VL_ON_MATCH_FAIL) {
		g->p->counts.conflict++;
		g->p->opts.change(g->p->opts.arg, t->collection,
		    VL_ROW_CONFLICT, row->key, "it differs");
		g->p->left++;
		row->act = ROWS_LEFT;
	} else {
		g->p->counts.change++;
		st = ask(g, row, false);
	}
	rows_count_for(g->p, g->table, &before);
	return st;
}

enum vl_status
owned_change_row(
    struct placing *g, struct vl_slice key, const enum owned_change *changes)
{
	const struct rows_table *t = &g->p->here->plan.tables[g->table];
	struct rows_staged found = { 0 };
	struct rows_staged row = { 0 };
	struct vl_buf memory = { 0 };
	struct vl_buf what = { 0 };
	bool there = false;
	enum vl_status st =
	    rows_stage_find(g->p->stage, g->table, key, &found, &there, g->err);
	size_t i = 0;

	if (st == VL_OK)
		st = rows_staged_hold(&row, &found, &memory, g->err);
	if (st == VL_OK)
		st = vl_buf_add(&what, row.what, g->err);
	for (i = 0; st == VL_OK && i < t->schema->ncolumns; i++) {
		if (changes[i] == OWNED_EQUAL)
			drop_what(&what, i);
		else if (changes[i] == OWNED_OTHER)
			st = add_what(g, &what, i);
	}
	row.what = vl_buf_slice(&what);
	if (st == VL_OK && row.act == ROWS_SAME)
		st = change_same(g, &row);
	else if (st == VL_OK && row.act == ROWS_UPDATE)
		st = ask(g, &row, true);
	if (st == VL_OK)
		st = rows_stage_set(g->p->stage, g->table, &row, g->err);
	vl_buf_free(&what);
	vl_buf_free(&memory);
	return st;
}

enum vl_status
owned_write_cells(struct placing *g, int64_t n, struct vl_slice held,
    enum owned_change *changes)
{
	size_t room = g->f->nparts + 1;
	struct vl_cell *own = calloc(room, sizeof(*own));
	struct vl_cell *to = calloc(room, sizeof(*to));
	struct vl_cell *here = calloc(room, sizeof(*here));
	struct vl_row_store store = { 0 };
	enum vl_status st = VL_OK;
	size_t k = 0;
	size_t m = 0;
	size_t i = 0;

	if (own == NULL || to == NULL || here == NULL)
		st = vl_fail_memory(g->err);
	if (st == VL_OK)
		st = owned_read_cells(g, &g->store, g->cells, own, &k);
	if (st == VL_OK)
		st = owned_read_cells(
		    g, &g->other, vl_buf_slice(&g->to), to, &m);
	if (st == VL_OK && held.n > 0)
		st = owned_read_cells(g, &store, held, here, &m);
	for (i = 0, k = 0; st == VL_OK && i < g->f->nparts; i++) {
		if (g->f->parts[i].column == NONE)
			continue;
		if (!vl_cell_equal(&own[k], &to[k]))
			st = put_cell(g, n, g->f->parts[i].column, &to[k]);
		if (held.n > 0)
			changes[g->f->parts[i].column] =
			    vl_cell_equal(&here[k], &to[k]) ? OWNED_EQUAL :
			                                      OWNED_OTHER;
		k++;
	}
	vl_row_store_free(&store);
	free(own);
	free(to);
	free(here);
	return st;
}

enum vl_status
rows_owned_out(struct vl_rows_put *p, const struct rows_owned_cell *of,
    struct vl_buf *text, struct vl_cell *cell, struct vl_err *err)
{
	struct vl_owned *o = p->opts.rows.owned;
	sqlite3_stmt *q = NULL;
	enum vl_status st = VL_OK;
	int got = 0;

	if (o == NULL || !o->cells)
		return VL_OK;
	st = owned_statement(o, OWNED_CELL_OF, &q, err);
	if (st != VL_OK)
		return st;
	got = sqlite3_bind_int64(q, 1, (int64_t)of->table);
	got |= sqlite3_bind_int64(q, 2, of->n);
	got |= sqlite3_bind_int64(q, 3, (int64_t)of->column);
	if (got == SQLITE_OK)
		got = sqlite3_step(q);
	if (got == SQLITE_ROW) {
		*cell = lite_cell(q, 0);
		vl_buf_clear(text);
		st = vl_buf_add(text, cell->bytes, err);
		cell->bytes = vl_buf_slice(text);
	} else if (got != SQLITE_DONE) {
		st = owned_fail(o, err);
	}
	(void)sqlite3_reset(q);
	return st;
}
