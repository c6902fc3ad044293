/*
 * The rows of a table as cells.  A value is asked for its storage class
 * before anything that might convert it.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "private.h"
#include "scan.h"

static enum vl_status
add_columns(struct vl_buf *sql, struct vl_db *db, const struct vl_table *t,
    const struct vl_scan_opts *opts, struct vl_err *err)
{
	enum vl_status st = vl_buf_add_text(sql, "SELECT ", err);
	size_t i;

	for (i = 0; st == VL_OK && i < opts->ncolumns; i++) {
		if (i > 0)
			st = vl_buf_add_text(sql, ", ", err);
		if (st == VL_OK)
			st = db_add_column(sql, db, t, opts->columns[i], err);
	}
	for (i = 0; st == VL_OK && i < opts->nconditions; i++) {
		if (i + opts->ncolumns > 0)
			st = vl_buf_add_text(sql, ", ", err);
		if (st == VL_OK && opts->conditions[i] == NULL)
			st = vl_buf_add_text(sql, "1", err);
		else if (st == VL_OK)
			st = vl_db_check_condition(
			    db, t->name, opts->conditions[i], err);
		if (st == VL_OK && opts->conditions[i] != NULL)
			st =
			    db_add_condition(sql, db, opts->conditions[i], err);
	}
	if (st == VL_OK && opts->ncolumns + opts->nconditions == 0)
		st = vl_buf_add_text(sql, "1", err);
	return st;
}

/* An index must not decide in which order, or which rows, are read. */
static enum vl_status
add_order(struct vl_buf *sql, const struct vl_db *db, const struct vl_table *t,
    const struct vl_scan_opts *opts, struct vl_err *err)
{
	const struct vl_unique *u = t->without_rowid ? t->uniques : NULL;
	const char *rowid = db_rowid(t);
	enum vl_status st = vl_buf_add_text(sql,
	    u == NULL && rowid == NULL ? " NOT INDEXED" : " ORDER BY ", err);
	size_t i;

	for (i = 0; st == VL_OK && i < opts->norder; i++) {
		st = db_add_column(sql, db, t, opts->order[i], err);
		if (st == VL_OK)
			st = vl_buf_add_text(sql, ", ", err);
	}
	if (st == VL_OK && rowid != NULL)
		st = db_quote(sql, rowid, err);
	for (i = 0; st == VL_OK && u != NULL && i < u->n; i++) {
		if (i > 0)
			st = vl_buf_add_text(sql, ", ", err);
		if (st == VL_OK)
			st = db_quote(sql, t->columns[u->columns[i]].name, err);
		if (st == VL_OK)
			st = vl_buf_add_text(sql, " COLLATE ", err);
		if (st == VL_OK)
			st = db_quote(sql, u->collations[i], err);
	}
	return st;
}

enum vl_status
db_scan_new(struct vl_scan **out, struct vl_db *db, size_t ncells,
    const char *subject, struct vl_err *err)
{
	struct vl_scan *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s == NULL)
		return vl_fail_memory(err);
	s->db = db;
	s->ncells = ncells;
	s->cells = calloc(ncells + (ncells == 0), sizeof(*s->cells));
	if (s->cells == NULL) {
		free(s);
		return vl_fail_memory(err);
	}
	(void)vl_escape_text(
	    s->subject, sizeof(s->subject), vl_slice_of(subject));
	*out = s;
	return VL_OK;
}

enum vl_status
vl_scan_open(struct vl_scan **out, struct vl_db *db,
    const struct vl_scan_opts *opts, struct vl_err *err)
{
	const struct vl_table *t = vl_db_table(db, opts->table);
	char shown[SHOWN_MAX];
	struct vl_scan *s = NULL;
	struct vl_buf sql = { 0 };
	enum vl_status st = VL_OK;

	*out = NULL;
	if (t == NULL)
		return vl_fail(err, VL_EUSAGE, "'%s' has no table '%s'",
		    db->path,
		    vl_escape_text(
		        shown, sizeof(shown), vl_slice_of(opts->table)));
	st = add_columns(&sql, db, t, opts, err);
	if (st == VL_OK)
		st = vl_buf_add_text(&sql, " FROM ", err);
	if (st == VL_OK)
		st = db_quote_table(&sql, db, t->real, err);
	if (st == VL_OK)
		st = add_order(&sql, db, t, opts, err);
	if (st == VL_OK)
		st = db_scan_new(
		    &s, db, opts->ncolumns + opts->nconditions, t->name, err);
	if (st == VL_OK)
		st = db_prepare_buf(db, &s->stmt, &sql, err);
	if (s != NULL) {
		s->seen = opts->seen;
		s->arg = opts->arg;
	}
	if (st == VL_OK && opts->pool != NULL)
		st = db_ahead_new(&s->ahead, s, opts->pool, err);
	vl_buf_free(&sql);
	if (st == VL_OK)
		*out = s;
	else
		vl_scan_free(s);
	return st;
}

/* Two units of 0xd800.. and 0xdc00.. together, and none of them alone. */
static bool
utf16_valid(const uint8_t *p, size_t n)
{
	uint16_t unit = 0;
	uint16_t next = 0;
	size_t i;

	for (i = 0; i + 1 < n; i += 2) {
		memcpy(&unit, p + i, 2);
		if (unit < 0xd800 || unit > 0xdfff)
			continue;
		if (unit > 0xdbff || i + 3 >= n)
			return false;
		i += 2;
		memcpy(&next, p + i, 2);
		if (next < 0xdc00 || next > 0xdfff)
			return false;
	}
	return true;
}

/* In UTF-16 SQLite would replace what it cannot say in UTF-8. */
static bool
text_survives(const struct vl_scan *s, sqlite3_value *value)
{
	const void *p = NULL;

	if (!s->db->utf16)
		return true;
	p = sqlite3_value_text16(value);
	return p == NULL ||
	    utf16_valid(p, (size_t)sqlite3_value_bytes16(value));
}

static enum vl_status
take_bytes(struct vl_scan *s, sqlite3_value *value, struct vl_cell *cell,
    struct vl_err *err)
{
	if (cell->type == VL_CELL_TEXT && !text_survives(s, value))
		return vl_fail(err, VL_EREFUSED,
		    "table '%s' of '%s' has a text that is no valid UTF-16,"
		    " and cannot be carried",
		    s->subject, s->db->path);
	cell->bytes.p = cell->type == VL_CELL_TEXT ? sqlite3_value_text(value) :
	                                             sqlite3_value_blob(value);
	cell->bytes.n = (size_t)sqlite3_value_bytes(value);
	/* An empty blob has no place; memory that is missing neither. */
	if (cell->bytes.p == NULL &&
	    sqlite3_errcode(s->db->sql) == SQLITE_NOMEM)
		return vl_fail_memory(err);
	return VL_OK;
}

/* The column is asked for once: each question to it takes a lock, which is
 * none, and looks whether memory was missing.  No other thread uses the
 * connection, so its value may be looked at. */
static enum vl_status
take_cell(
    struct vl_scan *s, int column, struct vl_cell *cell, struct vl_err *err)
{
	sqlite3_value *value = sqlite3_column_value(s->stmt, column);

	*cell = (struct vl_cell){ 0 };
	switch (sqlite3_value_type(value)) {
	case SQLITE_INTEGER:
		cell->type = VL_CELL_INT;
		cell->integer = sqlite3_value_int64(value);
		return VL_OK;
	case SQLITE_FLOAT:
		cell->type = VL_CELL_REAL;
		cell->real = sqlite3_value_double(value);
		return VL_OK;
	case SQLITE_TEXT:
		cell->type = VL_CELL_TEXT;
		return take_bytes(s, value, cell, err);
	case SQLITE_BLOB:
		cell->type = VL_CELL_BLOB;
		return take_bytes(s, value, cell, err);
	default:
		cell->type = VL_CELL_NULL;
		return VL_OK;
	}
}

enum vl_status
db_scan_step(
    struct vl_scan *s, struct vl_cell *cells, bool *row, struct vl_err *err)
{
	int rc = sqlite3_step(s->stmt);
	enum vl_status st = VL_OK;
	size_t i;

	*row = rc == SQLITE_ROW;
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return db_fail(s->db, rc, err, "cannot read table '%s' of '%s'",
		    s->subject, s->db->path);
	for (i = 0; *row && st == VL_OK && i < s->ncells; i++)
		st = take_cell(s, (int)i, &cells[i], err);
	if (st != VL_OK)
		*row = false;
	return st;
}

enum vl_status
vl_scan_next(struct vl_scan *s, const struct vl_cell **cells, bool *row,
    struct vl_err *err)
{
	*cells = s->cells;
	return s->ahead != NULL ? db_ahead_next(s->ahead, cells, row, err) :
	                          db_scan_step(s, s->cells, row, err);
}

struct vl_scan_at
vl_scan_at(const struct vl_scan *s)
{
	return db_ahead_at(s->ahead);
}

void
vl_scan_free(struct vl_scan *s)
{
	if (s == NULL)
		return;
	db_ahead_free(s->ahead);
	(void)sqlite3_finalize(s->stmt);
	(void)sqlite3_finalize(s->held);
	free(s->cells);
	free(s);
}
