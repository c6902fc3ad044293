/*
 * Rows that imports of the series created: a private SQLite database
 *
 *	b(t, here, src, key)	one each: its id here, or its key where it has
 *				none; its id at the source
 *	x(t, src, key)		rows of the bundle by their ids
 *
 * An id that is one integer is kept as that: they come mostly ascending, and
 * as text they would not.
 */

#include <stdlib.h>
#include <string.h>

#include "brought.h"

enum vl_status
rows_brought_open(struct rows_brought **out, struct vl_err *err)
{
	struct rows_brought *b = calloc(1, sizeof(*b));
	enum vl_status st = VL_OK;

	*out = b;
	if (b == NULL)
		return vl_fail_memory(err);
	st = lite_open(&b->db, 4096,
	    "CREATE TABLE b(t, here, src, key, PRIMARY KEY(t, here))"
	    " WITHOUT ROWID;"
	    "CREATE TABLE c(t, r, key, place, own, PRIMARY KEY(t, r))"
	    " WITHOUT ROWID;"
	    "CREATE INDEX c_key ON c(t, key);"
	    "CREATE TABLE x(t, src, key, PRIMARY KEY(t, src)) WITHOUT ROWID",
	    BROUGHT_WHAT, err);
	if (st == VL_OK)
		st = lite_prepare(b->db, &b->stage,
		    "INSERT OR IGNORE INTO x VALUES(?1, ?2, ?3)", BROUGHT_WHAT,
		    err);
	if (st == VL_OK)
		st = lite_prepare(b->db, &b->has,
		    "SELECT src, key FROM b WHERE t = ?1 AND here = ?2",
		    BROUGHT_WHAT, err);
	if (st == VL_OK)
		st = lite_prepare(b->db, &b->add,
		    "INSERT OR REPLACE INTO b VALUES(?1, ?2, ?3, ?4)",
		    BROUGHT_WHAT, err);
	return st;
}

void
rows_brought_free(struct rows_brought *b)
{
	if (b == NULL)
		return;
	(void)sqlite3_finalize(b->stage);
	(void)sqlite3_finalize(b->has);
	(void)sqlite3_finalize(b->add);
	(void)sqlite3_close(b->db);
	vl_buf_free(&b->text);
	vl_buf_free(&b->from);
	vl_buf_free(&b->arena);
	vl_json_free(&b->json);
	free(b);
}

enum vl_status
brought_step(struct rows_brought *b, sqlite3_stmt *q, int bound, bool *row,
    struct vl_err *err)
{
	int got = bound == SQLITE_OK ? sqlite3_step(q) : bound;

	*row = got == SQLITE_ROW;
	return got == SQLITE_ROW || got == SQLITE_DONE ?
	    VL_OK :
	    lite_fail(b->db, BROUGHT_WHAT, err);
}

/* "[17]", in its one spelling. */
static bool
one_integer(struct vl_slice here, int64_t *n)
{
	size_t at = 1;

	if (here.n < 3 || here.n > 20 || here.p[0] != '[' ||
	    here.p[here.n - 1] != ']' || (here.p[1] == '0' && here.n > 3))
		return false;
	for (*n = 0; at < here.n - 1; at++) {
		if (here.p[at] < '0' || here.p[at] > '9')
			return false;
		*n = *n * 10 + (here.p[at] - '0');
	}
	return true;
}

static int
bind_here(sqlite3_stmt *q, int at, struct vl_slice here)
{
	int64_t n = 0;

	return one_integer(here, &n) ? sqlite3_bind_int64(q, at, n) :
	                               lite_bind_bytes(q, at, here);
}

static enum vl_status
read_id(struct rows_brought *b, struct vl_slice text, struct vl_cell *id,
    struct vl_err *err)
{
	struct vl_value v = { 0 };
	enum vl_status st = VL_OK;

	vl_buf_clear(&b->arena);
	st = vl_buf_reserve(&b->arena, text.n, err);
	if (st == VL_OK)
		st = vl_json_parse(&b->json, text, err);
	if (st == VL_OK &&
	    (b->json.items[0].type != VL_JSON_ARRAY ||
	        b->json.items[0].count != 1))
		st = vl_fail(
		    err, VL_EFORMAT, "what was brought has an id that is none");
	if (st == VL_OK)
		st = vl_value_read(&v, &b->json, 1, &b->arena, err);
	*id = v.cell;
	return st;
}

static bool
has_primary(const struct vl_table *t)
{
	size_t i = 0;

	for (i = 0; i < t->ncolumns; i++)
		if (t->columns[i].key > 0)
			return true;
	return false;
}

/* What the reader's row is told by: its primary key, else its name. */
static enum vl_status
write_here(struct rows_brought *b, const struct rows_reader *rd,
    struct vl_slice key, struct vl_slice *here, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	*here = key;
	if (!has_primary(rd->t->schema))
		return VL_OK;
	st = rows_reader_primary(rd, &b->text, err);
	*here = vl_buf_slice(&b->text);
	return st;
}

enum vl_status
rows_brought_stage(struct rows_brought *b, size_t table,
    const struct vl_cell *id, struct vl_slice key, struct vl_err *err)
{
	enum vl_status st = rows_id_text(&b->text, id, err);
	bool row = false;
	int bound = 0;

	if (st != VL_OK)
		return st;
	bound = sqlite3_bind_int64(b->stage, 1, (int64_t)table);
	bound |= lite_bind_bytes(b->stage, 2, vl_buf_slice(&b->text));
	bound |= lite_bind_bytes(b->stage, 3, key);
	st = brought_step(b, b->stage, bound, &row, err);
	(void)sqlite3_reset(b->stage);
	return st;
}

static enum vl_status
add(struct rows_brought *b, size_t table, const struct vl_rows_brought *row,
    struct vl_err *err)
{
	int bound = sqlite3_bind_int64(b->add, 1, (int64_t)table);
	enum vl_status st = VL_OK;
	bool got = false;

	bound |= bind_here(b->add, 2, row->here.n > 0 ? row->here : row->key);
	bound |= lite_bind_bytes(b->add, 3, row->from);
	bound |= lite_bind_bytes(b->add, 4, row->key);
	st = brought_step(b, b->add, bound, &got, err);
	(void)sqlite3_reset(b->add);
	return st;
}

static enum vl_status
next_brought(struct vl_rows_put *p, struct vl_err *err)
{
	struct rows_brought *b = p->brought;

	return p->opts.brought(p->opts.arg, &b->next, &b->more, err);
}

enum vl_status
rows_brought_follow(struct vl_rows_put *p, struct vl_err *err)
{
	struct rows_brought *b = p->brought;

	if (p->opts.brought == NULL || p->opts.created == NULL || b->loaded)
		return VL_OK;
	b->following = true;
	return next_brought(p, err);
}

enum vl_status
rows_brought_step(struct vl_rows_put *p, const struct rows_reader *rd,
    struct vl_slice key, struct vl_err *err)
{
	struct rows_brought *b = p->brought;
	struct vl_slice want = b->next.here.n > 0 ? b->next.here : b->next.key;
	struct vl_slice here = { 0 };
	enum vl_status st = VL_OK;

	if (!b->following || !b->more ||
	    !vl_slice_equal(b->next.table, vl_slice_of(rd->t->schema->name)))
		return VL_OK;
	st = write_here(b, rd, key, &here, err);
	if (st == VL_OK && vl_slice_equal(here, want))
		st = next_brought(p, err);
	return st;
}

bool
rows_brought_all_here(const struct rows_brought *b)
{
	return b->following && !b->more;
}

/* It begins again behind its end. */
static enum vl_status
stop_following(struct vl_rows_put *p, struct vl_err *err)
{
	struct rows_brought *b = p->brought;
	enum vl_status st = VL_OK;

	while (st == VL_OK && b->following && b->more)
		st = next_brought(p, err);
	b->following = false;
	return st;
}

enum vl_status
rows_brought_load(struct vl_rows_put *p, struct vl_err *err)
{
	struct rows_brought *b = p->brought;
	struct vl_rows_brought row = { 0 };
	enum vl_status st = VL_OK;
	size_t table = NONE;
	bool more = true;

	if (p->opts.brought == NULL || b->loaded)
		return VL_OK;
	b->loaded = true;
	st = stop_following(p, err);
	if (st != VL_OK)
		return st;
	for (;;) {
		st = p->opts.brought(p->opts.arg, &row, &more, err);
		if (st != VL_OK || !more)
			return st;
		table = rows_plan_table(&p->here->plan, row.table);
		b->n += table != NONE;
		if (table != NONE)
			st = add(p->brought, table, &row, err);
		if (st != VL_OK)
			return st;
	}
}

bool
rows_brought_any(const struct rows_brought *b)
{
	return b->n > 0;
}

enum vl_status
rows_brought_has(struct rows_brought *b, const struct rows_reader *rd,
    struct vl_slice key, bool *has, struct vl_err *err)
{
	struct vl_slice here = { 0 };
	enum vl_status st = write_here(b, rd, key, &here, err);
	int bound = 0;

	if (st != VL_OK)
		return st;
	bound = sqlite3_bind_int64(b->has, 1, (int64_t)rd->table);
	bound |= bind_here(b->has, 2, here);
	st = brought_step(b, b->has, bound, has, err);
	(void)sqlite3_reset(b->has);
	return st;
}

enum vl_status
rows_brought_new(struct vl_rows_put *p, const struct rows_reader *rd,
    const struct vl_cell *id, struct vl_slice key, struct vl_err *err)
{
	struct vl_rows_brought row = {
		.table = vl_slice_of(rd->t->schema->name), .key = key
	};
	struct rows_brought *b = p->brought;
	enum vl_status st = VL_OK;

	vl_buf_clear(&b->from);
	if (id->type != VL_CELL_NULL) {
		st = rows_id_text(&b->from, id, err);
		row.from = vl_buf_slice(&b->from);
	}
	if (st == VL_OK && has_primary(rd->t->schema))
		st = write_here(b, rd, key, &row.here, err);
	return st == VL_OK ? p->opts.created(p->opts.arg, &row, err) : st;
}

enum vl_status
brought_read_here(struct rows_brought *b, sqlite3_stmt *q, struct vl_cell *id,
    struct vl_err *err)
{
	if (sqlite3_column_type(q, 0) != SQLITE_INTEGER)
		return read_id(b, lite_bytes(q, 0), id, err);
	*id = lite_cell(q, 0);
	return VL_OK;
}

enum vl_status
rows_brought_seen(struct vl_rows_put *p, const struct rows_reader *rd,
    struct vl_slice key, struct vl_err *err)
{
	struct rows_brought *b = p->brought;
	struct vl_rows_brought one = { 0 };
	struct vl_slice here = { 0 };
	enum vl_status st = VL_OK;
	bool row = false;
	int bound = 0;

	if (b->n == 0)
		return VL_OK;
	st = write_here(b, rd, key, &here, err);
	if (st != VL_OK)
		return st;
	bound = sqlite3_bind_int64(b->has, 1, (int64_t)rd->table);
	bound |= bind_here(b->has, 2, here);
	st = brought_step(b, b->has, bound, &row, err);
	if (st == VL_OK && row) {
		one.table = vl_slice_of(rd->t->schema->name);
		one.from = lite_bytes(b->has, 0);
		one.key = lite_bytes(b->has, 1);
		if (has_primary(rd->t->schema))
			one.here = here;
		st = p->opts.created(p->opts.arg, &one, err);
	}
	(void)sqlite3_reset(b->has);
	return st;
}
