/*
 * Conditions over a row that stands in no table yet.  The row is the second
 * part of a compound whose first is the table without rows, so that it is
 * compared as the table's own would be, by its affinities and collations;
 * nothing is written for it.
 */

#include <stdlib.h>

#include <valise/text.h>

#include "private.h"

struct vl_probe {
	struct vl_db *db;
	sqlite3_stmt *stmt;
	size_t ncells;
	size_t nconditions;
};

static enum vl_status
add_conditions(struct vl_buf *sql, struct vl_db *db, const struct vl_table *t,
    const struct vl_scan_opts *opts, struct vl_err *err)
{
	enum vl_status st = vl_buf_add_text(sql, "SELECT ", err);
	char shown[SHOWN_MAX];
	bool made = false;
	size_t i;

	for (i = 0; st == VL_OK && i < opts->nconditions; i++) {
		if (i > 0)
			st = vl_buf_add_text(sql, ", ", err);
		if (st == VL_OK)
			st = db_check_condition(
			    db, t, opts->conditions[i], &made, err);
		/* SQLite would say NULL. */
		if (st == VL_OK && made)
			st = vl_fail(err, VL_EUSAGE,
			    "the condition '%s' of '%s' asks for a rowid or a"
			    " generated column, which only rows of the table"
			    " have",
			    vl_escape_text(shown, sizeof(shown),
			        vl_slice_of(opts->conditions[i])),
			    db->path);
		if (st == VL_OK)
			st =
			    db_add_condition(sql, db, opts->conditions[i], err);
	}
	return st;
}

/* The place of the column among the values that are given, from 1. */
static size_t
place_of(const struct vl_scan_opts *opts, const char *column)
{
	size_t i;

	for (i = 0; i < opts->ncolumns; i++)
		if (sqlite3_stricmp(opts->columns[i], column) == 0)
			return i + 1;
	return 0;
}

/* A rowid that is a column goes by its other names, too. */
static enum vl_status
add_rowid(struct vl_buf *sql, const struct vl_table *t, const char *value,
    struct vl_err *err)
{
	static const char *const names[] = { "rowid", "_rowid_", "oid" };
	enum vl_status st = VL_OK;
	size_t i;

	for (i = 0; st == VL_OK && i < sizeof(names) / sizeof(names[0]); i++)
		if (vl_table_column(t, names[i]) == SIZE_MAX)
			st = vl_buf_printf(
			    sql, err, ", %s AS %s", value, names[i]);
	return st;
}

static enum vl_status
add_row(struct vl_buf *sql, const struct vl_db *db, const struct vl_table *t,
    const struct vl_scan_opts *opts, struct vl_err *err)
{
	enum vl_status st = vl_buf_add_text(sql, " FROM (SELECT ", err);
	char rowid[32] = "NULL";
	size_t place = 0;
	size_t i;

	for (i = 0; st == VL_OK && i < t->ncolumns; i++) {
		if (i > 0)
			st = vl_buf_add_text(sql, ", ", err);
		if (st == VL_OK)
			st = db_quote(sql, t->columns[i].name, err);
	}
	if (st == VL_OK)
		st = add_rowid(sql, t, "0", err);
	if (st == VL_OK)
		st = vl_buf_add_text(sql, " FROM ", err);
	if (st == VL_OK)
		st = db_quote_table(sql, db, t->real, err);
	if (st == VL_OK)
		st = vl_buf_add_text(sql, " WHERE 0 UNION ALL SELECT ", err);
	for (i = 0; st == VL_OK && i < t->ncolumns; i++) {
		place = place_of(opts, t->columns[i].name);
		if (t->columns[i].integer_id && place > 0)
			(void)snprintf(rowid, sizeof(rowid), "?%zu", place);
		if (i > 0)
			st = vl_buf_add_text(sql, ", ", err);
		if (st == VL_OK && place > 0)
			st = vl_buf_printf(sql, err, "?%zu", place);
		else if (st == VL_OK)
			st = vl_buf_add_text(sql, "NULL", err);
	}
	if (st == VL_OK)
		st = add_rowid(sql, t, rowid, err);
	/* A limit keeps SQLite from taking the two parts apart again. */
	if (st == VL_OK)
		st = vl_buf_add_text(sql, " LIMIT -1 OFFSET 0) AS ", err);
	return st == VL_OK ? db_quote(sql, t->real, err) : st;
}

enum vl_status
vl_probe_open(struct vl_probe **out, struct vl_db *db,
    const struct vl_scan_opts *opts, struct vl_err *err)
{
	const struct vl_table *t = vl_db_table(db, opts->table);
	struct vl_probe *p = calloc(1, sizeof(*p));
	struct vl_buf sql = { 0 };
	enum vl_status st = VL_OK;

	*out = NULL;
	if (p == NULL)
		return vl_fail_memory(err);
	p->db = db;
	p->ncells = opts->ncolumns;
	p->nconditions = opts->nconditions;
	if (t == NULL)
		st = vl_fail(
		    err, VL_EUSAGE, "'%s' has no table of that name", db->path);
	if (st == VL_OK)
		st = add_conditions(&sql, db, t, opts, err);
	if (st == VL_OK)
		st = add_row(&sql, db, t, opts, err);
	if (st == VL_OK)
		st = db_prepare_buf(db, &p->stmt, &sql, err);
	vl_buf_free(&sql);
	if (st == VL_OK)
		*out = p;
	else
		vl_probe_free(p);
	return st;
}

enum vl_status
vl_probe_run(struct vl_probe *p, const struct vl_cell *cells, bool *holds,
    struct vl_err *err)
{
	bool row = false;
	int rc = SQLITE_OK;
	enum vl_status st = VL_OK;
	size_t i;

	for (i = 0; rc == SQLITE_OK && i < p->ncells; i++)
		rc = db_bind(p->stmt, (int)i + 1, &cells[i]);
	if (rc != SQLITE_OK)
		st = db_fail(p->db, rc, err, "cannot ask '%s'", p->db->path);
	if (st == VL_OK)
		st = db_step(p->db, p->stmt, &row, err);
	for (i = 0; st == VL_OK && i < p->nconditions; i++)
		holds[i] = row && sqlite3_column_int(p->stmt, (int)i) == 1;
	(void)sqlite3_reset(p->stmt);
	(void)sqlite3_clear_bindings(p->stmt);
	return st;
}

void
vl_probe_free(struct vl_probe *p)
{
	if (p == NULL)
		return;
	(void)sqlite3_finalize(p->stmt);
	free(p);
}
