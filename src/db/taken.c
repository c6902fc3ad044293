/* The row that has a unique key which another one was to have. */

#include <stdlib.h>
#include <string.h>

#include "private.h"
#include "scan.h"
#include "write.h"

/* Columns of the question for indexes. */
enum {
	I_INDEX,
	I_COLUMN,
	I_COLLATION
};

/* A unique key as it is read. */
struct asking {
	const struct vl_write *w;
	struct vl_buf said;  /* what SQLite says when it is taken */
	struct vl_buf where; /* its columns are those of the row */
	bool unknown;        /* or that cannot be asked */
	size_t n;
	struct vl_buf found; /* of all keys that were said */
};

/* The place of a column among the cells of the write, from 1; 0: none. */
static size_t
place(const struct vl_write *w, size_t column)
{
	size_t i = 0;

	for (i = 0; i < w->nset; i++)
		if (w->columns[i] == column)
			return i + 1;
	return 0;
}

/* Which row is written: "k" IS ?3 AND ... */
static enum vl_status
add_self(const struct vl_write *w, struct vl_buf *out, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = w->nset; st == VL_OK && i < w->ncells; i++) {
		if (i > w->nset)
			st = vl_buf_add_text(out, " AND ", err);
		if (st == VL_OK)
			st = db_add_column(out, w->db, w->t,
			    w->columns[i] == SIZE_MAX ?
			        NULL :
			        w->t->columns[w->columns[i]].name,
			    err);
		if (st == VL_OK)
			st = vl_buf_printf(out, err, " IS ?%zu", i + 1);
	}
	return st;
}

/* What the row was to have in a column that is not set. */
static enum vl_status
add_unset(const struct vl_write *w, size_t column, struct vl_buf *out,
    struct vl_err *err)
{
	const struct vl_column *c = &w->t->columns[column];
	enum vl_status st = VL_OK;

	if (w->kind == VL_WRITE_INSERT)
		return vl_buf_printf(out, err, "(%s)",
		    c->fallback == NULL ? "NULL" : c->fallback);
	st = vl_buf_add_text(out, "(SELECT ", err);
	if (st == VL_OK)
		st = db_quote(out, c->name, err);
	if (st == VL_OK)
		st = vl_buf_add_text(out, " FROM ", err);
	if (st == VL_OK)
		st = db_quote_table(out, w->db, w->t->real, err);
	if (st == VL_OK)
		st = vl_buf_add_text(out, " WHERE ", err);
	if (st == VL_OK)
		st = add_self(w, out, err);
	return st == VL_OK ? vl_buf_add_text(out, ")", err) : st;
}

/* One more column of the key. */
static enum vl_status
add_part(struct asking *a, const char *name, const char *collation,
    struct vl_err *err)
{
	size_t column = vl_table_column(a->w->t, name);
	size_t at = 0;
	enum vl_status st = VL_OK;

	a->unknown = a->unknown || column == SIZE_MAX ||
	    a->w->t->columns[column].generated;
	if (a->unknown)
		return VL_OK;
	at = place(a->w, column);
	st = vl_buf_printf(&a->said, err, "%s%s.%s",
	    a->n == 0 ? DB_TAKEN : ", ", a->w->t->real, name);
	if (st == VL_OK && a->n++ > 0)
		st = vl_buf_add_text(&a->where, " AND ", err);
	if (st == VL_OK)
		st = db_quote(&a->where, name, err);
	if (st == VL_OK)
		st = vl_buf_add_text(&a->where, " COLLATE ", err);
	if (st == VL_OK)
		st = db_quote(&a->where, collation, err);
	if (st == VL_OK)
		st = vl_buf_add_text(&a->where, " = ", err);
	if (st == VL_OK && at > 0)
		return vl_buf_printf(&a->where, err, "?%zu", at);
	return st == VL_OK ? add_unset(a->w, column, &a->where, err) : st;
}

/* The key is whole: it counts where SQLite spoke of it. */
static enum vl_status
end_key(struct asking *a, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (!a->unknown && a->n > 0 &&
	    vl_slice_equal(vl_buf_slice(&a->said), vl_slice_of(a->w->said)))
		st = vl_buf_printf(&a->found, err, "%s(%.*s)",
		    a->found.n == 0 ? "" : " OR ", (int)a->where.n,
		    (const char *)a->where.p);
	vl_buf_clear(&a->said);
	vl_buf_clear(&a->where);
	a->unknown = false;
	a->n = 0;
	return st;
}

/* All unique keys of the table, those over some of its rows among them. */
static enum vl_status
find_keys(struct asking *a, struct vl_err *err)
{
	const struct vl_table *t = a->w->t;
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	int last = -1;
	const char *name = NULL;
	size_t i = 0;
	enum vl_status st = db_ask_about(a->w->db, &stmt,
	    "SELECT l.seq, x.name, x.coll FROM pragma_index_list(?1, ?2) l,"
	    " pragma_index_xinfo(l.name, ?2) x"
	    " WHERE l.\"unique\" AND x.key ORDER BY l.seq, x.seqno",
	    t->real, err);

	for (i = 0; st == VL_OK && i < t->ncolumns; i++)
		if (t->columns[i].integer_id)
			st = add_part(a, t->columns[i].name, "BINARY", err);
	while (st == VL_OK) {
		st = db_step(a->w->db, stmt, &row, err);
		if (st != VL_OK || !row)
			break;
		if (sqlite3_column_int(stmt, I_INDEX) != last)
			st = end_key(a, err);
		last = sqlite3_column_int(stmt, I_INDEX);
		name = (const char *)sqlite3_column_text(stmt, I_COLUMN);
		if (st == VL_OK)
			st = add_part(a, name == NULL ? "" : name,
			    (const char *)sqlite3_column_text(
			        stmt, I_COLLATION),
			    err);
	}
	(void)sqlite3_finalize(stmt);
	return st == VL_OK ? end_key(a, err) : st;
}

static enum vl_status
add_question(struct vl_buf *sql, const struct asking *a,
    const char *const *columns, size_t n, struct vl_err *err)
{
	const struct vl_write *w = a->w;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < n; i++) {
		st = vl_buf_add_text(sql, i == 0 ? "SELECT " : ", ", err);
		if (st == VL_OK)
			st = db_add_column(sql, w->db, w->t, columns[i], err);
	}
	if (st == VL_OK)
		st = vl_buf_add_text(sql, " FROM ", err);
	if (st == VL_OK)
		st = db_quote_table(sql, w->db, w->t->real, err);
	if (st == VL_OK)
		st = vl_buf_printf(sql, err, " WHERE (%.*s)", (int)a->found.n,
		    (const char *)a->found.p);
	if (st != VL_OK || w->nset == w->ncells)
		return st;
	st = vl_buf_add_text(sql, " AND NOT (", err);
	if (st == VL_OK)
		st = add_self(w, sql, err);
	return st == VL_OK ? vl_buf_add_text(sql, ")", err) : st;
}

static enum vl_status
open_scan(struct vl_scan **out, const struct asking *a,
    const struct vl_cell *cells, const char *const *columns, size_t n,
    struct vl_err *err)
{
	const struct vl_write *w = a->w;
	struct vl_buf sql = { 0 };
	enum vl_status st = db_scan_new(out, w->db, n, w->table, err);
	int rc = SQLITE_OK;
	int i = 0;

	if (st == VL_OK)
		st = add_question(&sql, a, columns, n, err);
	if (st == VL_OK)
		st = db_prepare_buf(w->db, &(*out)->stmt, &sql, err);
	for (i = 1; st == VL_OK && rc == SQLITE_OK &&
	     i <= sqlite3_bind_parameter_count((*out)->stmt);
	     i++)
		rc = db_bind((*out)->stmt, i, &cells[i - 1]);
	if (st == VL_OK && rc != SQLITE_OK)
		st = db_fail(w->db, rc, err, "cannot ask table '%s' of '%s'",
		    w->table, w->db->path);
	vl_buf_free(&sql);
	if (st != VL_OK) {
		vl_scan_free(*out);
		*out = NULL;
	}
	return st;
}

enum vl_status
vl_write_taken(struct vl_scan **out, const struct vl_write *w,
    const struct vl_taken_opts *asked, struct vl_err *err)
{
	struct asking a = { .w = w };
	enum vl_status st = VL_OK;

	*out = NULL;
	st = find_keys(&a, err);
	if (st == VL_OK && a.found.n > 0)
		st = open_scan(
		    out, &a, asked->cells, asked->columns, asked->n, err);
	vl_buf_free(&a.said);
	vl_buf_free(&a.where);
	vl_buf_free(&a.found);
	return st;
}
