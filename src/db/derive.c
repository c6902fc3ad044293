/*
 * SQL of a profile that works out columns: what it may do is decided while it
 * is prepared (condition.c), and what it did is seen row by row.
 */

/* Before the header that then has it. */
#define SQLITE_ENABLE_PREUPDATE_HOOK

#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "private.h"

struct seeing {
	struct vl_db *db;
	const struct vl_derive *d;
	const struct vl_table *t;
	size_t *columns; /* their places in the table */
	struct vl_derived *rows;
	size_t n;
	bool generated; /* the table has such columns */
	bool counts;    /* only: rows have no number */
	bool other;     /* something else was written */
	bool full;      /* no memory */
};

/* They are what they were. */
static bool
same(sqlite3_value *a, sqlite3_value *b)
{
	int type = sqlite3_value_type(a);
	int n = 0;

	if (type != sqlite3_value_type(b))
		return false;
	if (type == SQLITE_INTEGER)
		return sqlite3_value_int64(a) == sqlite3_value_int64(b);
	if (type == SQLITE_FLOAT)
		return sqlite3_value_double(a) == sqlite3_value_double(b);
	if (type == SQLITE_NULL)
		return true;
	n = sqlite3_value_bytes(a);
	return n == sqlite3_value_bytes(b) &&
	    (n == 0 ||
	        memcmp(sqlite3_value_blob(a), sqlite3_value_blob(b),
	            (size_t)n) == 0);
}

static bool
column_same(const struct seeing *s, size_t column)
{
	sqlite3_value *before = NULL;
	sqlite3_value *after = NULL;

	return sqlite3_preupdate_old(s->db->sql, (int)column, &before) !=
	    SQLITE_OK ||
	    sqlite3_preupdate_new(s->db->sql, (int)column, &after) !=
	    SQLITE_OK ||
	    same(before, after);
}

/* Which of the columns differ.  By which number one is asked for behind a
 * generated column depends on the version of SQLite: there all count. */
static uint64_t
look_at_row(const struct seeing *s)
{
	uint64_t found = 0;
	size_t i;

	for (i = 0; s->generated && i < s->t->ncolumns; i++)
		if (!column_same(s, i))
			return UINT64_MAX;
	for (i = 0; !s->generated && i < s->d->ncolumns; i++)
		if (!column_same(s, s->columns[i]))
			found |= UINT64_C(1) << (i < 64 ? i : 63);
	return found;
}

static void
see(void *arg, sqlite3 *sql, int op, const char *schema, const char *table,
    sqlite3_int64 from, sqlite3_int64 to)
{
	struct seeing *s = arg;
	struct vl_derived *grown = NULL;
	uint64_t found = 0;

	(void)sql;
	if (op != SQLITE_UPDATE || strcmp(schema, s->db->name) != 0 ||
	    sqlite3_stricmp(table, s->t->real) != 0 ||
	    (!s->t->without_rowid && from != to)) {
		s->other = true;
		return;
	}
	found = look_at_row(s);
	if (found == 0 || s->full)
		return;
	if (s->counts) {
		s->n++;
		return;
	}
	if ((s->n & (s->n + 1)) == 0) {
		grown = reallocarray(s->rows, 2 * s->n + 2, sizeof(*s->rows));
		s->full = grown == NULL;
		if (s->full)
			return;
		s->rows = grown;
	}
	s->rows[s->n++] = (struct vl_derived){ from, found };
}

static int
by_row(const void *a, const void *b)
{
	const struct vl_derived *x = a;
	const struct vl_derived *y = b;

	return (x->r > y->r) - (x->r < y->r);
}

/* A trigger may have changed a row once more. */
static void
sort_rows(struct seeing *s)
{
	size_t n = 0;
	size_t i;

	if (s->counts || s->n == 0)
		return;
	qsort(s->rows, s->n, sizeof(*s->rows), by_row);
	for (i = 1; i < s->n; i++) {
		if (s->rows[i].r == s->rows[n].r)
			s->rows[n].columns |= s->rows[i].columns;
		else
			s->rows[++n] = s->rows[i];
	}
	s->n = n + 1;
}

static enum vl_status
step_all(struct seeing *s, sqlite3_stmt *stmt, struct vl_err *err)
{
	int rc = SQLITE_ROW;
	char shown[SHOWN_MAX];

	(void)sqlite3_preupdate_hook(s->db->sql, see, s);
	while (rc == SQLITE_ROW)
		rc = sqlite3_step(stmt);
	(void)sqlite3_preupdate_hook(s->db->sql, NULL, NULL);
	(void)vl_escape_text(shown, sizeof(shown), vl_slice_of(s->t->name));
	if (rc == SQLITE_ERROR || (rc & 0xff) == SQLITE_CONSTRAINT)
		return vl_fail(err, VL_EREFUSED,
		    "'derive' of table '%s' of '%s' fails: %s", shown,
		    s->db->path, sqlite3_errmsg(s->db->sql));
	if (rc != SQLITE_DONE)
		return db_fail(s->db, rc, err, "'derive' of table '%s' of '%s'",
		    shown, s->db->path);
	if (s->full)
		return vl_fail_memory(err);
	if (s->other)
		return vl_fail(err, VL_EREFUSED,
		    "'derive' of table '%s' of '%s' adds or removes rows, or "
		    "changes another table",
		    shown, s->db->path);
	return db_in_transaction(s->db, err);
}

static enum vl_status
find_columns(struct seeing *s, struct vl_err *err)
{
	size_t i;

	s->t = vl_db_table(s->db, s->d->table);
	if (s->t == NULL)
		return vl_fail(err, VL_EUSAGE, "'%s' has no table of that name",
		    s->db->path);
	s->counts = s->t->without_rowid;
	s->columns = calloc(s->d->ncolumns + 1, sizeof(*s->columns));
	if (s->columns == NULL)
		return vl_fail_memory(err);
	for (i = 0; i < s->t->ncolumns; i++)
		s->generated = s->generated || s->t->columns[i].generated;
	for (i = 0; i < s->d->ncolumns; i++) {
		s->columns[i] = vl_table_column(s->t, s->d->columns[i]);
		if (s->columns[i] == SIZE_MAX)
			return vl_fail(err, VL_EUSAGE,
			    "'%s' has no column of that name", s->db->path);
	}
	return VL_OK;
}

enum vl_status
vl_derive_run(struct vl_db *db, const struct vl_derive *d,
    struct vl_derived **rows, size_t *n, struct vl_err *err)
{
	struct seeing s = { .db = db, .d = d };
	sqlite3_stmt *stmt = NULL;
	enum vl_status st = find_columns(&s, err);

	*rows = NULL;
	*n = 0;
	if (st == VL_OK)
		st = db_in_transaction(db, err);
	if (st == VL_OK)
		st = db_prepare_derive(db, d, &stmt, err);
	if (st == VL_OK)
		st = step_all(&s, stmt, err);
	(void)sqlite3_finalize(stmt);
	free(s.columns);
	if (st != VL_OK) {
		free(s.rows);
		return st;
	}
	sort_rows(&s);
	*rows = s.rows;
	*n = s.n;
	return VL_OK;
}

/* Triggers are the target's, and not asked here. */
enum vl_status
vl_derive_check(struct vl_db *db, const struct vl_derive *d, struct vl_err *err)
{
	sqlite3_stmt *stmt = NULL;
	enum vl_status st = VL_OK;
	int on = 0;

	(void)sqlite3_db_config(
	    db->sql, SQLITE_DBCONFIG_ENABLE_TRIGGER, -1, &on);
	(void)sqlite3_db_config(
	    db->sql, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	st = db_prepare_derive(db, d, &stmt, err);
	(void)sqlite3_finalize(stmt);
	(void)sqlite3_db_config(
	    db->sql, SQLITE_DBCONFIG_ENABLE_TRIGGER, on, NULL);
	return st;
}
