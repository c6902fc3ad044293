/* A row of the bundle beside the target's: the columns that differ, but for
 * those that keep what is here. */

#include <string.h>

#include <valise/text.h>

#include "compare.h"

static bool
names(char *const *list, size_t n, const char *column)
{
	size_t i = 0;

	for (i = 0; i < n; i++)
		if (strcmp(list[i], column) == 0)
			return true;
	return false;
}

/* The column keeps the value that the target's row has. */
static bool
column_kept(const struct comparing *c, const char *column)
{
	const struct rows_table *t = c->rd.t;
	const struct vl_table_words *w = t->entries[c->rd.entry].words;
	size_t i = 0;

	if (w != NULL && names(w->keep_here, w->nkeep_here, column))
		return true;
	for (i = 0; i < t->nkeeps; i++)
		if (rows_reader_holds(&c->rd, t->keeps[i].condition) &&
		    names(t->keeps[i].words->columns,
		        t->keeps[i].words->ncolumns, column))
			return true;
	return false;
}

enum vl_status
rows_hold(struct comparing *c, struct rows_staged *row)
{
	const struct rows_staged found = *row;

	if (c->held)
		return VL_OK;
	c->held = true;
	return rows_staged_hold(row, &found, &c->memory, c->err);
}

/* It differs: into the list. */
static enum vl_status
add_difference(struct comparing *c, size_t column, const struct vl_value *ours,
    const struct vl_value *theirs)
{
	const struct rows_entry *e = &c->rd.t->entries[c->rd.entry];
	uint8_t number[2];
	size_t i = 0;

	for (i = 0; i < e->nowners; i++)
		if (e->owners[i] == column && ours->kind == VL_VALUE_REF &&
		    theirs->kind == VL_VALUE_REF && !c->proof)
			return vl_fail(c->err, VL_EREFUSED,
			    "its key is here that of a row of another owner "
			    "('%s')",
			    c->rd.t->schema->columns[column].name);
	c->p->moves = c->p->moves || c->rd.t->columns[column].followed;
	vl_put_u16le(number, (uint16_t)column);
	return vl_buf_add(
	    &c->p->detail, (struct vl_slice){ number, sizeof(number) }, c->err);
}

/* A column in the name of a file: what is here keeps its name, and a name that
 * was given here is not that of the bundle. */
static enum vl_status
names_file(
    struct comparing *c, const struct rows_beside *b, bool *settled, bool *same)
{
	const struct rows_owned_cell of = { b->table, b->column, b->row->n };
	struct vl_cell given = { .type = VL_CELL_BLOB };
	enum vl_status st = VL_OK;

	*settled = false;
	*same = true;
	if (c->owning == NULL || !rows_owned_names(c->rd.t, b->column))
		return VL_OK;
	if (!c->proof)
		return rows_owning_both(
		    c->owning, b->rd, b->row, settled, c->err);
	st = rows_owned_out(c->p, &of, &c->text, &given, c->err);
	if (given.type != VL_CELL_BLOB) {
		*settled = true;
		*same =
		    vl_cell_equal(&given, rows_reader_cell(b->rd, b->column));
	} else if (b->row->act == ROWS_SAME || b->row->act == ROWS_UPDATE) {
		*settled = !rows_what_writes(b->row, b->column);
	}
	return st;
}

enum vl_status
rows_differ(struct comparing *c, struct rows_staged *row)
{
	struct vl_rows_put *p = c->p;
	struct vl_slice name = { 0 };
	struct vl_slice other = { 0 };
	struct vl_value ours = { 0 };
	struct vl_value theirs = { 0 };
	struct rows_beside beside = { .table = c->rd.table,
		.row = row,
		.rd = &c->rd,
		.ours = &ours,
		.theirs = &theirs };
	enum vl_status st = VL_OK;
	size_t column = 0;
	size_t i = 0;
	size_t k = 0;
	bool settled = false;
	bool same = false;
	bool more = false;

	vl_buf_clear(&p->detail);
	rows_tell_begin(p);
	st = rows_hold(c, row);
	if (st == VL_OK)
		st = rows_row_parse(&p->store, row->row, c->err);
	if (st == VL_OK)
		st = rows_row_parse(
		    &p->theirs, vl_buf_slice(&p->values.row), c->err);
	while (st == VL_OK && vl_row_next(&p->store, 0, &i, &name, &ours)) {
		column = rows_column(c->rd.t, name);
		if (column == NONE && p->opts.allow_drift)
			continue;
		do
			more = vl_row_next(&p->theirs, 0, &k, &other, &theirs);
		while (more && vl_slice_cmp(other, name) < 0);
		if (!more || !vl_slice_equal(other, name) || column == NONE)
			return vl_fail(c->err, VL_EREFUSED,
			    "column '%.*s' is not one that travels here",
			    (int)name.n, (const char *)name.p);
		if (column_kept(c, c->rd.t->schema->columns[column].name) ||
		    rows_secret_kept(&c->rd, column))
			continue;
		beside.column = column;
		st = names_file(c, &beside, &settled, &same);
		if (st == VL_OK && settled) {
			if (!same)
				st = add_difference(c, column, &ours, &theirs);
			continue;
		}
		if (st == VL_OK)
			st = rows_same(
			    p, c->here->scratch, &beside, &same, c->err);
		if (st == VL_OK && !same)
			st = add_difference(c, column, &ours, &theirs);
		if (st == VL_OK && !same && !c->proof)
			st = rows_tell_value(
			    p, c->here->scratch, &beside, c->err);
	}
	return st == VL_OK ? rows_tell_end(p, c->err) : st;
}
