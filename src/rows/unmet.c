/*
 * Foreign keys of the target that name no row.  Those that did so before the
 * import are not its own, and are told; one that it would leave behind is
 * refused.
 *
 *	v(t, p, k, r, h, n)	before: how many rows of t, by their rowid, have
 *				no row of p by the foreign key of that number,
 *				with what they hold in its columns
 *
 * A row that gets another value which names no row is as one that named one.
 */

#include <stdio.h>
#include <stdlib.h>

#include <valise/text.h>

#include "lite.h"
#include "put.h"

#define WHAT      "foreign keys"
#define CACHE_KIB 2048

struct rows_unmet {
	sqlite3 *db;
	sqlite3_stmt *add;
	sqlite3_stmt *take;
	struct vl_buf held;
};

void
rows_unmet_free(struct rows_unmet *u)
{
	if (u == NULL)
		return;
	(void)sqlite3_finalize(u->add);
	(void)sqlite3_finalize(u->take);
	(void)sqlite3_close(u->db);
	vl_buf_free(&u->held);
	free(u);
}

static enum vl_status
open_unmet(struct rows_unmet **out, struct vl_err *err)
{
	struct rows_unmet *u = calloc(1, sizeof(*u));
	enum vl_status st = VL_OK;

	*out = u;
	if (u == NULL)
		return vl_fail_memory(err);
	st = lite_open(&u->db, CACHE_KIB,
	    "CREATE TABLE v(t, p, k, r, h, n, PRIMARY KEY(t, p, k, r, h))"
	    " WITHOUT ROWID",
	    WHAT, err);
	if (st == VL_OK)
		st = lite_prepare(u->db, &u->add,
		    "INSERT INTO v VALUES(?1, ?2, ?3, ?4, ?5, 1)"
		    " ON CONFLICT DO UPDATE SET n = n + 1",
		    WHAT, err);
	if (st == VL_OK)
		st = lite_prepare(u->db, &u->take,
		    "UPDATE v SET n = n - 1 WHERE t = ?1 AND p = ?2 AND k = ?3"
		    " AND r = ?4 AND h = ?5 AND n > 0",
		    WHAT, err);
	return st;
}

/* Rows without a rowid are counted, whatever they hold. */
static enum vl_status
run(struct rows_unmet *u, sqlite3_stmt *q, struct vl_scan *s,
    const struct vl_cell *cells, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	int bound = SQLITE_OK;

	vl_buf_clear(&u->held);
	st = vl_dangling_held(s, &u->held, err);
	if (st != VL_OK)
		return st;
	bound = lite_bind_bytes(q, 1, cells[0].bytes);
	bound |= lite_bind_bytes(q, 2, cells[2].bytes);
	bound |= sqlite3_bind_int64(q, 3, cells[3].integer);
	bound |= sqlite3_bind_int64(
	    q, 4, cells[1].type == VL_CELL_INT ? cells[1].integer : 0);
	bound |= lite_bind_bytes(q, 5, vl_buf_slice(&u->held));
	return lite_done(u->db, q, bound, WHAT, err);
}

enum vl_status
rows_unmet_before(struct vl_rows_put *p, struct vl_err *err)
{
	const struct vl_cell *cells = NULL;
	struct vl_scan *s = NULL;
	enum vl_status st = vl_db_dangling_open(&s, p->opts.rows.db, true, err);
	bool row = true;

	while (st == VL_OK) {
		st = vl_scan_next(s, &cells, &row, err);
		if (st != VL_OK || !row)
			break;
		if (p->unmet == NULL)
			st = open_unmet(&p->unmet, err);
		if (st == VL_OK)
			st = run(p->unmet, p->unmet->add, s, cells, err);
	}
	vl_scan_free(s);
	return st;
}

/* "row 5 of table 'z'" */
static void
name_row(char *out, size_t size, const struct vl_cell *cells)
{
	char table[256];

	(void)vl_escape_text(table, sizeof(table), cells[0].bytes);
	if (cells[1].type == VL_CELL_INT)
		(void)snprintf(out, size, "row %lld of table '%s'",
		    (long long)cells[1].integer, table);
	else
		(void)snprintf(out, size, "a row of table '%s'", table);
}

static enum vl_status
look_at(struct vl_rows_put *p, struct vl_scan *s, const struct vl_cell *cells,
    uint64_t *n, struct vl_err *err)
{
	const struct vl_rows_report *report = &p->opts.rows.report;
	enum vl_status st = VL_OK;
	char parent[256];
	char row[512];
	char text[1024];

	(void)vl_escape_text(parent, sizeof(parent), cells[2].bytes);
	name_row(row, sizeof(row), cells);
	if (p->unmet != NULL)
		st = run(p->unmet, p->unmet->take, s, cells, err);
	if (st != VL_OK)
		return st;
	if (p->unmet == NULL || sqlite3_changes(p->unmet->db) == 0)
		return vl_fail(err, VL_EREFUSED,
		    "%s would refer to a row of '%s' that is not there", row,
		    parent);
	if ((*n)++ >= ROWS_TOLD || report->note == NULL)
		return VL_OK;
	(void)snprintf(text, sizeof(text),
	    "%s refers to a row of '%s' that is not there; it did so before, "
	    "and stays as it is",
	    row, parent);
	report->note(report->arg, text);
	return VL_OK;
}

enum vl_status
rows_unmet_check(struct vl_rows_put *p, struct vl_err *err)
{
	const struct vl_cell *cells = NULL;
	struct vl_scan *s = NULL;
	enum vl_status st =
	    vl_db_dangling_open(&s, p->opts.rows.db, false, err);
	uint64_t n = 0;
	bool row = true;

	while (st == VL_OK) {
		st = vl_scan_next(s, &cells, &row, err);
		if (st != VL_OK || !row)
			break;
		st = look_at(p, s, cells, &n, err);
	}
	vl_scan_free(s);
	if (st == VL_OK)
		rows_count_tell(p, n, "row", "rows",
		    "refer to rows that are not there, as before");
	return st;
}
