/* Statements of our own, and names in them. */

#include <limits.h>
#include <string.h>

#include <valise/text.h>

#include "private.h"

enum vl_status
db_prepare(
    struct vl_db *db, sqlite3_stmt **out, const char *sql, struct vl_err *err)
{
	int rc = sqlite3_prepare_v2(db->sql, sql, -1, out, NULL);

	if (rc != SQLITE_OK)
		return db_fail(db, rc, err, "cannot read '%s'", db->path);
	return VL_OK;
}

enum vl_status
db_prepare_buf(struct vl_db *db, sqlite3_stmt **out, const struct vl_buf *sql,
    struct vl_err *err)
{
	int rc = sql->n > INT_MAX ?
	    SQLITE_TOOBIG :
	    sqlite3_prepare_v2(
	        db->sql, (const char *)sql->p, (int)sql->n, out, NULL);

	if (rc != SQLITE_OK)
		return db_fail(db, rc, err, "cannot read '%s'", db->path);
	return VL_OK;
}

enum vl_status
db_step(struct vl_db *db, sqlite3_stmt *stmt, bool *row, struct vl_err *err)
{
	int rc = sqlite3_step(stmt);

	*row = rc == SQLITE_ROW;
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return db_fail(db, rc, err, "cannot read '%s'", db->path);
	return VL_OK;
}

enum vl_status
db_run(struct vl_db *db, const char *sql, struct vl_err *err)
{
	int rc = sqlite3_exec(db->sql, sql, NULL, NULL, NULL);

	if (rc != SQLITE_OK)
		return db_fail(db, rc, err, "cannot read '%s'", db->path);
	return VL_OK;
}

enum vl_status
db_word(struct vl_db *db, const char *sql, char word[64], struct vl_err *err)
{
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	const char *text = NULL;
	enum vl_status st = db_prepare(db, &stmt, sql, err);

	word[0] = '\0';
	if (st == VL_OK)
		st = db_step(db, stmt, &row, err);
	if (st == VL_OK && row)
		text = (const char *)sqlite3_column_text(stmt, 0);
	if (text != NULL)
		(void)snprintf(word, 64, "%s", text);
	/* What it does is done, or fails, only at its end. */
	while (st == VL_OK && row)
		st = db_step(db, stmt, &row, err);
	(void)sqlite3_finalize(stmt);
	return st;
}

enum vl_status
db_quote(struct vl_buf *out, const char *name, struct vl_err *err)
{
	enum vl_status st = vl_buf_add_text(out, "\"", err);
	size_t n = 0;

	while (st == VL_OK && *name != '\0') {
		n = strcspn(name, "\"");
		st = vl_buf_add(
		    out, (struct vl_slice){ (const uint8_t *)name, n }, err);
		name += n;
		if (st == VL_OK && *name == '"') {
			st = vl_buf_add_text(out, "\"\"", err);
			name++;
		}
	}
	if (st == VL_OK)
		st = vl_buf_add_text(out, "\"", err);
	return st;
}

enum vl_status
db_quote_table(struct vl_buf *out, const struct vl_db *db, const char *table,
    struct vl_err *err)
{
	enum vl_status st = db_quote(out, db->name, err);

	if (st == VL_OK)
		st = vl_buf_add_text(out, ".", err);
	if (st == VL_OK)
		st = db_quote(out, table, err);
	return st;
}

const char *
db_rowid(const struct vl_table *t)
{
	static const char *const names[] = { "rowid", "_rowid_", "oid" };
	size_t i;

	if (t->without_rowid)
		return NULL;
	for (i = 0; i < t->ncolumns; i++)
		if (t->columns[i].integer_id)
			return t->columns[i].name;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (vl_table_column(t, names[i]) == SIZE_MAX)
			return names[i];
	return NULL;
}

enum vl_status
db_add_column(struct vl_buf *out, const struct vl_db *db,
    const struct vl_table *t, const char *column, struct vl_err *err)
{
	char name[SHOWN_MAX];
	char table[SHOWN_MAX];
	size_t i = 0;

	(void)vl_escape_text(table, sizeof(table), vl_slice_of(t->name));
	if (column == NULL) {
		column = db_rowid(t);
		if (column == NULL)
			return vl_fail(err, VL_EUSAGE,
			    "table '%s' of '%s' has no rowid to ask for", table,
			    db->path);
		return db_quote(out, column, err);
	}
	i = vl_table_column(t, column);
	if (i == SIZE_MAX)
		return vl_fail(err, VL_EUSAGE,
		    "table '%s' of '%s' has no column '%s'", table, db->path,
		    vl_escape_text(name, sizeof(name), vl_slice_of(column)));
	return db_quote(out, t->columns[i].name, err);
}
