/* Which files the rows of a source own, as notes. */

#include "owned_name.h"

static bool
drops(const struct rows_table *t)
{
	size_t i = 0;

	for (i = 0; i < t->schema->ncolumns; i++)
		if (t->columns[i].drops)
			return true;
	return false;
}

static enum vl_status
note_own(struct naming *n, bool carried)
{
	sqlite3_stmt *q = NULL;
	enum vl_status st = owned_statement(n->o, OWNED_OWN, &q, n->err);
	bool must = n->f->words->missing == VL_MISSING_REFUSE;
	int bound = 0;

	if (st != VL_OK)
		return st;
	bound = sqlite3_bind_int64(q, 1, (int64_t)n->f->tree);
	bound |= lite_bind_bytes(q, 2, vl_buf_slice(&n->path));
	bound |= sqlite3_bind_int(q, 3, carried);
	bound |= sqlite3_bind_int(q, 4, carried && must);
	bound |= lite_bind_bytes(q, 5, vl_buf_slice(&n->name));
	return lite_done(n->o->db, q, bound, OWNED_WHAT, n->err);
}

static enum vl_status
collect_rows(struct vl_rows *r, struct rows_reader *rd, struct rows_walk *walk,
    struct naming *n)
{
	struct rows_note note = { 0 };
	enum vl_status st = VL_OK;
	bool row = true;
	bool drop = false;

	while (st == VL_OK) {
		st = rows_walk_next(walk, &note, &row);
		if (st != VL_OK || !row)
			break;
		st = naming_call(n, rd->t, note.key);
		if (st == VL_OK)
			st = naming_read(n, rd);
		if (st != VL_OK)
			(void)rows_reader_within(rd, n->err);
		drop = note.state != ROWS_CARRIED;
		if (st == VL_OK && n->path.n > 0 && !drop && drops(rd->t))
			st = rows_values_make(
			    &r->values, r->scratch, rd, &drop, n->err);
		if (st == VL_OK && n->path.n > 0)
			st = note_own(n, !drop);
	}
	return st;
}

static enum vl_status
collect_table(struct vl_rows *r, size_t table, struct vl_err *err)
{
	struct naming n = { .o = r->opts.owned, .err = err };
	struct rows_reader rd = { 0 };
	struct rows_walk *walk = NULL;
	enum vl_status st = naming_open(&n, &r->plan.tables[table]);

	if (st == VL_OK)
		st = rows_scratch_forget(r->scratch, err);
	if (st == VL_OK)
		st = rows_reader_open(
		    &rd, r->opts.db, &r->plan, table, NULL, err);
	if (st == VL_OK)
		st = rows_walk_open(&walk, &rd, &r->plan, r->scratch, err);
	if (st == VL_OK)
		st = collect_rows(r, &rd, walk, &n);
	rows_walk_free(walk);
	rows_reader_close(&rd);
	naming_close(&n);
	return st;
}

enum vl_status
rows_owned_collect(struct vl_rows *r, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < r->plan.ntables; i++)
		if (naming_any(&r->plan.tables[i]))
			st = collect_table(r, i, err);
	return st == VL_OK ? VL_OK :
	                     vl_within(err, "resource '%s'", r->opts.resource);
}
