/* Rows written by key, and what is asked before and after. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "private.h"
#include "write.h"

/* Names with `between` before all but the first and `after` each. */
static enum vl_status
add_names(struct vl_buf *sql, const struct vl_db *db, const struct vl_table *t,
    const char *const *names, size_t n, const char *const words[2],
    struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i;

	for (i = 0; st == VL_OK && i < n; i++) {
		if (i > 0)
			st = vl_buf_add_text(sql, words[0], err);
		if (st == VL_OK)
			st = db_add_column(sql, db, t, names[i], err);
		if (st == VL_OK)
			st = vl_buf_add_text(sql, words[1], err);
	}
	return st;
}

static enum vl_status
add_insert(struct vl_buf *sql, const struct vl_db *db, const struct vl_table *t,
    const struct vl_write_opts *opts, struct vl_err *err)
{
	static const char *const words[2] = { ", ", "" };
	enum vl_status st = VL_OK;
	size_t i;

	/* Over what a constraint of the table says to do on conflict. */
	st = vl_buf_add_text(sql, "INSERT OR ABORT INTO ", err);
	if (st == VL_OK)
		st = db_quote_table(sql, db, t->real, err);
	if (opts->ncolumns == 0 && st == VL_OK)
		return vl_buf_add_text(sql, " DEFAULT VALUES", err);
	if (st == VL_OK)
		st = vl_buf_add_text(sql, " (", err);
	if (st == VL_OK)
		st = add_names(
		    sql, db, t, opts->columns, opts->ncolumns, words, err);
	for (i = 0; st == VL_OK && i < opts->ncolumns; i++)
		st = vl_buf_add_text(sql, i == 0 ? ") VALUES (?" : ", ?", err);
	if (st == VL_OK)
		st = vl_buf_add_text(sql, ")", err);
	return st;
}

static enum vl_status
add_change(struct vl_buf *sql, const struct vl_db *db, const struct vl_table *t,
    const struct vl_write_opts *opts, struct vl_err *err)
{
	static const char *const set[2] = { ", ", " = ?" };
	/* A key may be NULL. */
	static const char *const where[2] = { " AND ", " IS ?" };
	bool update = opts->kind == VL_WRITE_UPDATE;
	enum vl_status st = vl_buf_add_text(
	    sql, update ? "UPDATE OR ABORT " : "DELETE FROM ", err);

	if (st == VL_OK)
		st = db_quote_table(sql, db, t->real, err);
	if (st == VL_OK && update)
		st = vl_buf_add_text(sql, " SET ", err);
	if (st == VL_OK && update)
		st = add_names(
		    sql, db, t, opts->columns, opts->ncolumns, set, err);
	if (st == VL_OK)
		st = vl_buf_add_text(sql, " WHERE ", err);
	if (st == VL_OK)
		st = add_names(sql, db, t, opts->key, opts->nkey, where, err);
	return st;
}

/* The column is what rows of another table are known by there; or may be made
 * of one that is. */
static bool
is_referred(
    const struct vl_table *t, const struct vl_foreign *f, const char *column)
{
	size_t i;
	size_t at;

	for (i = 0; f->to_columns != NULL && column != NULL && i < f->n; i++) {
		at = vl_table_column(t, f->to_columns[i]);
		if (strcasecmp(f->to_columns[i], column) == 0 ||
		    (at != SIZE_MAX && t->columns[at].generated))
			return true;
	}
	return f->to_columns == NULL || column == NULL;
}

/*
 * Foreign keys may change other rows on account of such a write: cascades, and
 * what a trigger does.  A new row changes none, and whether it refers to one
 * that is there is asked of all rows together, in a quarter of the time.
 */
static bool
has_effects(const struct vl_db *db, const struct vl_table *t,
    const struct vl_write_opts *opts)
{
	const struct vl_table *from = NULL;
	const struct vl_foreign *f = NULL;
	size_t i;
	size_t k;

	if (t->ntriggers > 0)
		return true;
	if (opts->kind == VL_WRITE_INSERT)
		return false;
	for (from = db->schema.tables;
	     from < db->schema.tables + db->schema.ntables; from++) {
		for (i = 0; i < from->nforeigns; i++) {
			f = &from->foreigns[i];
			if (strcasecmp(f->to, t->name) != 0)
				continue;
			if (opts->kind == VL_WRITE_DELETE)
				return true;
			for (k = 0; k < opts->ncolumns; k++)
				if (is_referred(t, f, opts->columns[k]))
					return true;
		}
	}
	return false;
}

static enum vl_status
prepare(struct vl_write *w, const struct vl_table *t,
    const struct vl_write_opts *opts, struct vl_err *err)
{
	struct vl_buf sql = { 0 };
	enum vl_status st = opts->kind == VL_WRITE_INSERT ?
	    add_insert(&sql, w->db, t, opts, err) :
	    add_change(&sql, w->db, t, opts, err);

	if (st == VL_OK)
		st = db_prepare_buf(w->db, &w->stmt, &sql, err);
	/* A collation or function that only the application has is met here:
	 * what depends on it is not touched. */
	if (st != VL_OK && sqlite3_errcode(w->db->sql) == SQLITE_ERROR)
		st = vl_fail(err, VL_EREFUSED,
		    "table '%s' of '%s' cannot be written: %s", w->table,
		    w->db->path, sqlite3_errmsg(w->db->sql));
	vl_buf_free(&sql);
	return st;
}

/* Of which column each cell is, for taken.c. */
static enum vl_status
note_columns(
    struct vl_write *w, const struct vl_write_opts *opts, struct vl_err *err)
{
	const char *name = NULL;
	size_t i = 0;

	w->columns = calloc(w->ncells + 1, sizeof(*w->columns));
	if (w->columns == NULL)
		return vl_fail_memory(err);
	for (i = 0; i < w->ncells; i++) {
		name = i < w->nset ? opts->columns[i] : opts->key[i - w->nset];
		w->columns[i] =
		    name == NULL ? SIZE_MAX : vl_table_column(w->t, name);
	}
	return VL_OK;
}

enum vl_status
vl_write_open(struct vl_write **out, struct vl_db *db,
    const struct vl_write_opts *opts, struct vl_err *err)
{
	const struct vl_table *t = vl_db_table(db, opts->table);
	struct vl_write *w = calloc(1, sizeof(*w));
	enum vl_status st = VL_OK;

	*out = NULL;
	if (w == NULL)
		return vl_fail_memory(err);
	w->db = db;
	w->kind = opts->kind;
	w->t = t;
	w->nset = opts->ncolumns;
	w->ncells = opts->ncolumns + opts->nkey;
	(void)vl_escape_text(
	    w->table, sizeof(w->table), vl_slice_of(opts->table));
	if (t == NULL)
		st = vl_fail(err, VL_EUSAGE, "'%s' has no table '%s'", db->path,
		    w->table);
	if (st == VL_OK)
		st = note_columns(w, opts, err);
	if (st == VL_OK && has_effects(db, t, opts))
		st = db_foreign_keys(db, true, err);
	if (st == VL_OK)
		st = prepare(w, t, opts, err);
	if (st == VL_OK)
		*out = w;
	else
		vl_write_free(w);
	return st;
}

int
db_bind(sqlite3_stmt *stmt, int at, const struct vl_cell *cell)
{
	/* SQLite takes no place for NULL, however many bytes there are. */
	const void *p =
	    cell->bytes.p == NULL ? (const void *)"" : cell->bytes.p;

	switch (cell->type) {
	case VL_CELL_INT:
		return sqlite3_bind_int64(stmt, at, cell->integer);
	case VL_CELL_REAL:
		return sqlite3_bind_double(stmt, at, cell->real);
	case VL_CELL_TEXT:
		return sqlite3_bind_text64(
		    stmt, at, p, cell->bytes.n, SQLITE_STATIC, SQLITE_UTF8);
	case VL_CELL_BLOB:
		return sqlite3_bind_blob64(
		    stmt, at, p, cell->bytes.n, SQLITE_STATIC);
	default:
		return sqlite3_bind_null(stmt, at);
	}
}

static enum vl_status
check_cell(
    const struct vl_write *w, const struct vl_cell *cell, struct vl_err *err)
{
	if (w->db->utf16 && cell->type == VL_CELL_TEXT &&
	    !vl_utf8_valid(cell->bytes))
		return vl_fail(err, VL_EREFUSED,
		    "table '%s' of '%s' is kept in UTF-16 and cannot hold a"
		    " text that is no valid UTF-8",
		    w->table, w->db->path);
	return VL_OK;
}

/* SQLite counts here neither cascades nor what triggers do. */
static enum vl_status
check_one(const struct vl_write *w, struct vl_err *err)
{
	int64_t n = sqlite3_changes64(w->db->sql);

	if (n == 1)
		return VL_OK;
	if (n > 1)
		return vl_fail(err, VL_EREFUSED,
		    "table '%s' of '%s': %" PRId64 " rows have one key",
		    w->table, w->db->path, n);
	if (w->kind == VL_WRITE_INSERT)
		return vl_fail(err, VL_EREFUSED,
		    "table '%s' of '%s': a trigger left out the new row",
		    w->table, w->db->path);
	return vl_fail(err, VL_EREFUSED,
	    "table '%s' of '%s': the row to be %s is gone, or a trigger kept"
	    " it as it was",
	    w->table, w->db->path,
	    w->kind == VL_WRITE_UPDATE ? "changed" : "deleted");
}

static bool
is_taken(sqlite3 *sql)
{
	int rc = sqlite3_extended_errcode(sql);

	return rc == SQLITE_CONSTRAINT_UNIQUE ||
	    rc == SQLITE_CONSTRAINT_PRIMARYKEY || rc == SQLITE_CONSTRAINT_ROWID;
}

enum vl_status
vl_write_run(
    struct vl_write *w, const struct vl_cell *cells, struct vl_err *err)
{
	int64_t before = sqlite3_total_changes64(w->db->sql);
	int rc = SQLITE_OK;
	size_t i;
	enum vl_status st = db_in_transaction(w->db, err);

	for (i = 0; st == VL_OK && rc == SQLITE_OK && i < w->ncells; i++) {
		st = check_cell(w, &cells[i], err);
		if (st == VL_OK)
			rc = db_bind(w->stmt, (int)i + 1, &cells[i]);
	}
	if (st == VL_OK && rc == SQLITE_OK)
		rc = sqlite3_step(w->stmt);
	w->in_the_way =
	    st == VL_OK && rc != SQLITE_DONE && is_taken(w->db->sql);
	if (w->in_the_way)
		(void)snprintf(
		    w->said, sizeof(w->said), "%s", sqlite3_errmsg(w->db->sql));
	if (st == VL_OK && rc != SQLITE_DONE)
		st = db_fail(w->db, rc, err,
		    "cannot write to table '%s' of '%s'", w->table,
		    w->db->path);
	if (st == VL_OK)
		st = check_one(w, err);
	if (st == VL_OK)
		w->db->beside +=
		    sqlite3_total_changes64(w->db->sql) - before - 1;
	(void)sqlite3_reset(w->stmt);
	/* They are borrowed for the call alone. */
	(void)sqlite3_clear_bindings(w->stmt);
	return st;
}

int64_t
vl_db_beside(const struct vl_db *db)
{
	return db->beside;
}

bool
vl_write_in_the_way(const struct vl_write *w)
{
	return w->in_the_way;
}

void
vl_write_free(struct vl_write *w)
{
	if (w == NULL)
		return;
	(void)sqlite3_finalize(w->stmt);
	free(w->columns);
	free(w);
}
