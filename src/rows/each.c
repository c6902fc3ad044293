/* Notes about rows, one after the other, and those of them that have one key.
 */

#include <stdlib.h>

#include "scratch.h"

enum vl_status
scratch_doubles(
    struct vl_buf *sql, const struct rows_table *t, struct vl_err *err)
{
	enum vl_status st = vl_buf_add_text(sql, " WHERE true", err);
	size_t i = 0;

	/* What does not travel has no place, and so no whole key. */
	for (i = 0; st == VL_OK && i < t->nentries; i++)
		if (t->entries[i].nkey == 0 || t->entries[i].nordinal > 0)
			st = vl_buf_printf(sql, err,
			    " AND NOT (e = %zu AND s <> %d)", i, ROWS_CARRIED);
	return st == VL_OK ?
	    vl_buf_add_text(sql, " GROUP BY key HAVING count(*) > 1", err) :
	    st;
}

enum vl_status
rows_scratch_named(struct rows_scratch *s, size_t table, struct vl_slice key,
    int64_t *r, size_t *n, struct vl_err *err)
{
	const size_t room = *n;
	struct vl_buf sql = { 0 };
	sqlite3_stmt *q = NULL;
	int got = SQLITE_ROW;
	enum vl_status st = vl_buf_printf(&sql, err,
	    "SELECT r FROM k%zu WHERE key = ? ORDER BY r%c", table, 0);

	*n = 0;
	if (st == VL_OK)
		st = scratch_prepare(s, &q, (const char *)sql.p, err);
	vl_buf_free(&sql);
	if (st != VL_OK)
		return st;
	(void)sqlite3_bind_blob64(q, 1, key.p, key.n, SQLITE_STATIC);
	while ((got = sqlite3_step(q)) == SQLITE_ROW)
		if ((*n)++ < room)
			r[*n - 1] = sqlite3_column_int64(q, 0);
	if (got != SQLITE_DONE)
		st = lite_fail(s->db, SCRATCH_WHAT, err);
	(void)sqlite3_finalize(q);
	return st;
}

enum vl_status
rows_scratch_double(struct rows_scratch *s, size_t table, struct vl_buf *key,
    bool *found, struct vl_err *err)
{
	struct vl_buf sql = { 0 };
	sqlite3_stmt *q = NULL;
	enum vl_status st = VL_OK;
	int got = 0;

	*found = false;
	st = vl_buf_printf(&sql, err, "SELECT key FROM k%zu", table);
	if (st == VL_OK)
		st = scratch_settle(s, table, err);
	if (st == VL_OK)
		st = scratch_doubles(&sql, &s->plan->tables[table], err);
	if (st == VL_OK)
		st = vl_buf_printf(&sql, err, " LIMIT 1%c", 0);
	if (st == VL_OK)
		st = scratch_prepare(s, &q, (const char *)sql.p, err);
	vl_buf_free(&sql);
	if (st != VL_OK)
		return st;
	got = sqlite3_step(q);
	*found = got == SQLITE_ROW;
	if (got != SQLITE_ROW && got != SQLITE_DONE)
		st = lite_fail(s->db, SCRATCH_WHAT, err);
	if (*found) {
		st = vl_buf_add(key,
		    (struct vl_slice){ sqlite3_column_blob(q, 0),
		        (size_t)sqlite3_column_bytes(q, 0) },
		    err);
	}
	(void)sqlite3_finalize(q);
	return st;
}

struct rows_each {
	struct rows_scratch *s;
	size_t table;
	sqlite3_stmt *q; /* NULL: those that are held */
	struct known_place place;
};

enum vl_status
rows_each_open(struct rows_each **out, struct rows_scratch *s, size_t table,
    enum rows_by_what what, struct vl_err *err)
{
	const struct rows_table *t = &s->plan->tables[table];
	struct rows_each *e = calloc(1, sizeof(*e));
	struct vl_buf sql = { 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	*out = e;
	if (e == NULL)
		return vl_fail_memory(err);
	e->s = s;
	e->table = table;
	if (what == ROWS_BY_ROW && s->tables[table].known.held)
		return VL_OK;
	st = scratch_settle(s, table, err);
	if (st == VL_OK)
		st = vl_buf_printf(
		    &sql, err, "SELECT r, e, s, key, p FROM k%zu", table);
	if (st == VL_OK && what == ROWS_BY_PARENT)
		st = vl_buf_printf(&sql, err, " WHERE s = %d", ROWS_UNRESOLVED);
	if (st == VL_OK && what == ROWS_BY_KEY)
		st = vl_buf_printf(
		    &sql, err, " WHERE s = %d ORDER BY e, key", ROWS_CARRIED);
	for (i = 0; st == VL_OK && what == ROWS_BY_KEY && i < t->nordinal; i++)
		st = vl_buf_printf(&sql, err, ", o%zu", i);
	if (st == VL_OK)
		st = vl_buf_printf(&sql, err, "%s%c",
		    what == ROWS_BY_KEY ? ", r" : " ORDER BY r", 0);
	if (st == VL_OK)
		st = scratch_prepare(s, &e->q, (const char *)sql.p, err);
	vl_buf_free(&sql);
	return st;
}

enum vl_status
rows_each_next(
    struct rows_each *e, struct rows_note *note, bool *row, struct vl_err *err)
{
	int got = 0;

	if (e->q == NULL)
		return scratch_known_next(
		    e->s, e->table, &e->place, note, row, err);
	got = sqlite3_step(e->q);
	*row = got == SQLITE_ROW;
	if (got == SQLITE_DONE)
		return VL_OK;
	if (got != SQLITE_ROW)
		return lite_fail(e->s->db, SCRATCH_WHAT, err);
	scratch_read_note(e->q, note);
	return VL_OK;
}

void
rows_each_free(struct rows_each *e)
{
	if (e == NULL)
		return;
	(void)sqlite3_finalize(e->q);
	scratch_place_free(&e->place);
	free(e);
}
