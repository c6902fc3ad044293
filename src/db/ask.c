/* What an import asks of its target besides rows. */

#include <valise/text.h>

#include "private.h"

static enum vl_status
one_integer(struct vl_db *db, const struct vl_buf *sql, const char *bound,
    int64_t *n, struct vl_err *err)
{
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	enum vl_status st = db_prepare_buf(db, &stmt, sql, err);

	if (st == VL_OK && bound != NULL)
		(void)sqlite3_bind_text(stmt, 1, bound, -1, SQLITE_STATIC);
	if (st == VL_OK)
		st = db_step(db, stmt, &row, err);
	/* 0 for NULL: no row. */
	if (st == VL_OK && row && sqlite3_column_int64(stmt, 0) > *n)
		*n = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	return st;
}

enum vl_status
vl_db_next_id(
    struct vl_db *db, const char *table, int64_t *id, struct vl_err *err)
{
	const struct vl_table *t = vl_db_table(db, table);
	const char *rowid = t == NULL ? NULL : db_rowid(t);
	struct vl_buf sql = { 0 };
	int64_t most = 0;
	char shown[SHOWN_MAX];
	enum vl_status st = VL_OK;

	(void)vl_escape_text(shown, sizeof(shown), vl_slice_of(table));
	if (rowid == NULL)
		return vl_fail(err, VL_EUSAGE,
		    "table '%s' of '%s' is not there, or has no ids of"
		    " integers",
		    shown, db->path);
	st = vl_buf_add_text(&sql, "SELECT max(", err);
	if (st == VL_OK)
		st = db_quote(&sql, rowid, err);
	if (st == VL_OK)
		st = vl_buf_add_text(&sql, ") FROM ", err);
	if (st == VL_OK)
		st = db_quote_table(&sql, db, t->real, err);
	if (st == VL_OK)
		st = one_integer(db, &sql, NULL, &most, err);
	vl_buf_clear(&sql);
	if (st == VL_OK && t->autoincrement) {
		st = vl_buf_printf(&sql, err,
		    "SELECT max(seq) FROM \"%s\".sqlite_sequence"
		    " WHERE name = ?1 COLLATE NOCASE",
		    db->name);
		if (st == VL_OK)
			st = one_integer(db, &sql, t->real, &most, err);
	}
	vl_buf_free(&sql);
	if (st == VL_OK && most == INT64_MAX)
		return vl_fail(err, VL_EREFUSED,
		    "table '%s' of '%s' has used up its ids", shown, db->path);
	*id = most + 1;
	return st;
}
