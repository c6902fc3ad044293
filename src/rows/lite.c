/* Private SQLite databases. */

#include <stdio.h>

#include "lite.h"

enum vl_status
lite_fail(sqlite3 *db, const char *what, struct vl_err *err)
{
	return vl_fail(err, VL_EIO,
	    "cannot keep %s in a temporary database: %s", what,
	    sqlite3_errmsg(db));
}

enum vl_status
lite_open(sqlite3 **db, unsigned cache_kib, const char *schema,
    const char *what, struct vl_err *err)
{
	char sql[192];

	(void)snprintf(sql, sizeof(sql),
	    "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
	    "PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -%u; BEGIN",
	    cache_kib);
	if (sqlite3_open_v2("", db,
	        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
	            SQLITE_OPEN_NOMUTEX,
	        NULL) != SQLITE_OK ||
	    sqlite3_exec(*db, sql, NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(*db, schema, NULL, NULL, NULL) != SQLITE_OK)
		return lite_fail(*db, what, err);
	return VL_OK;
}

enum vl_status
lite_prepare(sqlite3 *db, sqlite3_stmt **out, const char *sql, const char *what,
    struct vl_err *err)
{
	return sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, out,
	           NULL) == SQLITE_OK ?
	    VL_OK :
	    lite_fail(db, what, err);
}

int
lite_bind_bytes(sqlite3_stmt *q, int at, struct vl_slice bytes)
{
	return sqlite3_bind_blob64(q, at,
	    bytes.n == 0 ? (const void *)"" : bytes.p, bytes.n, SQLITE_STATIC);
}

int
lite_bind_cell(sqlite3_stmt *q, int at, const struct vl_cell *cell)
{
	switch (cell->type) {
	case VL_CELL_NULL:
		return sqlite3_bind_null(q, at);
	case VL_CELL_INT:
		return sqlite3_bind_int64(q, at, cell->integer);
	case VL_CELL_REAL:
		return sqlite3_bind_double(q, at, cell->real);
	case VL_CELL_TEXT:
		return sqlite3_bind_text64(q, at,
		    cell->bytes.n == 0 ? "" : (const char *)cell->bytes.p,
		    cell->bytes.n, SQLITE_STATIC, SQLITE_UTF8);
	default:
		return lite_bind_bytes(q, at, cell->bytes);
	}
}

struct vl_slice
lite_bytes(sqlite3_stmt *q, int at)
{
	return (struct vl_slice){ sqlite3_column_blob(q, at),
		(size_t)sqlite3_column_bytes(q, at) };
}

struct vl_cell
lite_cell(sqlite3_stmt *q, int at)
{
	struct vl_cell cell = { 0 };

	switch (sqlite3_column_type(q, at)) {
	case SQLITE_INTEGER:
		cell.type = VL_CELL_INT;
		cell.integer = sqlite3_column_int64(q, at);
		break;
	case SQLITE_FLOAT:
		cell.type = VL_CELL_REAL;
		cell.real = sqlite3_column_double(q, at);
		break;
	case SQLITE_TEXT:
		cell.type = VL_CELL_TEXT;
		cell.bytes = lite_bytes(q, at);
		break;
	case SQLITE_BLOB:
		cell.type = VL_CELL_BLOB;
		cell.bytes = lite_bytes(q, at);
		break;
	default:
		break;
	}
	return cell;
}

enum vl_status
lite_done(sqlite3 *db, sqlite3_stmt *q, int bound, const char *what,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (bound != SQLITE_OK || sqlite3_step(q) != SQLITE_DONE)
		st = lite_fail(db, what, err);
	(void)sqlite3_reset(q);
	return st;
}
