/* Whether a database is sound: its pages, its indexes, its foreign keys. */

#include <string.h>

#include <valise/text.h>

#include "private.h"
#include "scan.h"

/* Findings of a check: those about pages come first. */
#define FINDINGS_MAX 100000

/*
 * About content, not pages or indexes: such a row is carried as it is.  SQLite
 * 3.40 says the first, wrongly, of every row of a table without rowids whose
 * key is not in the order of its columns.
 */
static bool
about_content(const char *said)
{
	static const char *const begins[] = { "NULL value in ",
		"NUMERIC value in ", "TEXT value in ",
		"CHECK constraint failed in " };
	size_t i;

	for (i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (strncmp(said, begins[i], strlen(begins[i])) == 0)
			return true;
	/* "non-INT value in t.c"; "non-unique entry in index i" is none. */
	return strncmp(said, "non-", 4) == 0 &&
	    strncmp(said, "non-unique ", 11) != 0;
}

/* VL_EFORMAT with the first thing that a check says; `cure` is what to do. */
static enum vl_status
heed(struct vl_db *db, sqlite3_stmt *stmt, const char *cure, struct vl_err *err)
{
	const char *said = NULL;
	enum vl_status st = VL_OK;
	bool row = false;

	do {
		st = db_step(db, stmt, &row, err);
		if (st == VL_OK && row)
			said = (const char *)sqlite3_column_text(stmt, 0);
		if (st != VL_OK || !row || said == NULL ||
		    strcmp(said, "ok") == 0 || about_content(said))
			continue;
		st = vl_fail(err, VL_EFORMAT, "'%s' is damaged, %s: %s",
		    db->path, cure, said);
		/* It says several things on several lines. */
		vl_tame(err->text);
	} while (row && st == VL_OK);
	return st;
}

enum vl_status
db_check_pages(struct vl_db *db, struct vl_err *err)
{
	sqlite3_stmt *stmt = NULL;
	struct vl_buf sql = { 0 };
	enum vl_status st = vl_buf_printf(
	    &sql, err, "PRAGMA \"%s\".quick_check(%d)", db->name, FINDINGS_MAX);

	if (st == VL_OK)
		st = db_prepare_buf(db, &stmt, &sql, err);
	if (st == VL_OK)
		st = heed(db, stmt,
		    "restore it or recover it with .recover of sqlite3", err);
	(void)sqlite3_finalize(stmt);
	vl_buf_free(&sql);
	return st;
}

/*
 * `*known` false: an index or a check asks for a collation or a function that
 * only the application has.
 */
static enum vl_status
check_indexes(
    struct vl_db *db, const struct vl_table *t, bool *known, struct vl_err *err)
{
	sqlite3_stmt *stmt = NULL;
	struct vl_buf sql = { 0 };
	int rc = SQLITE_OK;
	enum vl_status st = vl_buf_printf(
	    &sql, err, "PRAGMA \"%s\".integrity_check(", db->name);

	*known = true;
	if (st == VL_OK && t == NULL)
		st = vl_buf_printf(&sql, err, "%d", FINDINGS_MAX);
	else if (st == VL_OK)
		st = db_quote(&sql, t->real, err);
	if (st == VL_OK)
		st = vl_buf_add_text(&sql, ")", err);
	if (st == VL_OK)
		rc = sqlite3_prepare_v2(
		    db->sql, (const char *)sql.p, (int)sql.n, &stmt, NULL);
	if (st == VL_OK && (rc & 0xff) == SQLITE_ERROR)
		*known = false;
	else if (st == VL_OK && rc != SQLITE_OK)
		st = db_fail(db, rc, err, "cannot check '%s'", db->path);
	else if (st == VL_OK)
		st = heed(db, stmt,
		    "does REINDEX of sqlite3 mend it, or a copy of before",
		    err);
	(void)sqlite3_finalize(stmt);
	vl_buf_free(&sql);
	return st;
}

enum vl_status
vl_db_check_indexes(struct vl_db *db, struct vl_err *err)
{
	const struct vl_schema *s = &db->schema;
	bool known = true;
	bool all = true;
	enum vl_status st = check_indexes(db, NULL, &all, err);
	size_t i = 0;

	/* Those that are known; no statement can write the others. */
	for (i = 0; st == VL_OK && !all && i < s->ntables; i++)
		st = check_indexes(db, &s->tables[i], &known, err);
	db->checked = st == VL_OK && all ? sqlite3_total_changes64(db->sql) :
	                                   DB_UNCHECKED;
	return st;
}

/* An index that leads along the rows by that column, and has all it takes to
 * go along them. */
static enum vl_status
find_index(struct vl_db *db, const struct vl_table *t, const char *column,
    struct vl_buf *name, struct vl_err *err)
{
	sqlite3_stmt *stmt = NULL;
	const char *found = NULL;
	bool row = false;
	enum vl_status st = db_ask_about(db, &stmt,
	    "SELECT l.name FROM pragma_index_list(?1, ?2) AS l,"
	    " pragma_index_info(l.name, ?2) AS i WHERE NOT l.partial"
	    " AND i.seqno = 0 AND i.name = ?3 COLLATE NOCASE",
	    t->real, err);

	if (st == VL_OK) {
		(void)sqlite3_bind_text(stmt, 3, column, -1, SQLITE_STATIC);
		st = db_step(db, stmt, &row, err);
	}
	if (st == VL_OK && row)
		found = (const char *)sqlite3_column_text(stmt, 0);
	if (found != NULL)
		st = db_quote(name, found, err);
	(void)sqlite3_finalize(stmt);
	return st;
}

/* ` ON p."a" = +c."x" AND ... WHERE c."x" IS NOT NULL AND ... AND p."a" IS
 * NULL LIMIT 1`: the plus leaves it to the column that is referred to how the
 * two are compared, as for a foreign key. */
static enum vl_status
add_columns(struct vl_buf *sql, const struct vl_table *t,
    const struct vl_foreign *f, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < f->n; i++) {
		st = vl_buf_add_text(sql, i == 0 ? " ON p." : " AND p.", err);
		if (st == VL_OK)
			st = db_quote(sql, f->to_columns[i], err);
		if (st == VL_OK)
			st = vl_buf_add_text(sql, " = +c.", err);
		if (st == VL_OK)
			st = db_quote(sql, t->columns[f->columns[i]].name, err);
	}
	for (i = 0; st == VL_OK && i < f->n; i++) {
		st = vl_buf_add_text(
		    sql, i == 0 ? " WHERE c." : " IS NOT NULL AND c.", err);
		if (st == VL_OK)
			st = db_quote(sql, t->columns[f->columns[i]].name, err);
	}
	if (st == VL_OK)
		st = vl_buf_add_text(sql, " IS NOT NULL AND p.", err);
	if (st == VL_OK)
		st = db_quote(sql, f->to_columns[0], err);
	return st == VL_OK ? vl_buf_add_text(sql, " IS NULL LIMIT 1", err) : st;
}

/* Rows of `t` whose foreign key names no row; along an index where there is
 * one, so that those referred to are met in their order. */
static enum vl_status
any_dangles(struct vl_db *db, const struct vl_table *t,
    const struct vl_foreign *f, bool *any, struct vl_err *err)
{
	const struct vl_table *parent = vl_db_table(db, f->to);
	sqlite3_stmt *stmt = NULL;
	struct vl_buf index = { 0 };
	struct vl_buf sql = { 0 };
	enum vl_status st = VL_OK;

	if (f->n == 1)
		st = find_index(
		    db, t, t->columns[f->columns[0]].name, &index, err);
	if (st == VL_OK)
		st = vl_buf_add_text(&sql, "SELECT 1 FROM ", err);
	if (st == VL_OK)
		st = db_quote_table(&sql, db, t->real, err);
	if (st == VL_OK)
		st = vl_buf_add_text(
		    &sql, index.n > 0 ? " AS c INDEXED BY " : " AS c", err);
	if (st == VL_OK)
		st = vl_buf_add(&sql, vl_buf_slice(&index), err);
	if (st == VL_OK)
		st = vl_buf_add_text(&sql, " LEFT JOIN ", err);
	if (st == VL_OK)
		st = db_quote_table(&sql, db, parent->real, err);
	if (st == VL_OK)
		st = vl_buf_add_text(&sql, " AS p", err);
	if (st == VL_OK)
		st = add_columns(&sql, t, f, err);
	if (st == VL_OK)
		st = db_prepare_buf(db, &stmt, &sql, err);
	if (st == VL_OK)
		st = db_step(db, stmt, any, err);
	(void)sqlite3_finalize(stmt);
	vl_buf_free(&index);
	vl_buf_free(&sql);
	return st;
}

/* `*all`: each foreign key was asked about, and no row dangles. */
static enum vl_status
all_refer(struct vl_db *db, bool *all, struct vl_err *err)
{
	const struct vl_schema *s = &db->schema;
	const struct vl_foreign *f = NULL;
	enum vl_status st = VL_OK;
	bool any = false;
	size_t i = 0;
	size_t k = 0;

	*all = true;
	for (i = 0; st == VL_OK && *all && i < s->ntables; i++)
		for (k = 0; st == VL_OK && *all && k < s->tables[i].nforeigns;
		     k++) {
			f = &s->tables[i].foreigns[k];
			*all = f->to_columns != NULL &&
			    vl_db_table(db, f->to) != NULL;
			if (*all)
				st = any_dangles(
				    db, &s->tables[i], f, &any, err);
			*all = *all && !any;
		}
	return st;
}

enum vl_status
vl_db_dangling_open(
    struct vl_scan **out, struct vl_db *db, bool before, struct vl_err *err)
{
	struct vl_scan *s = NULL;
	struct vl_buf sql = { 0 };
	bool none = false;
	enum vl_status st = db_scan_new(&s, db, 4, "foreign keys", err);

	*out = NULL;
	if (st == VL_OK)
		st = vl_buf_printf(
		    &sql, err, "PRAGMA \"%s\".foreign_key_check", db->name);
	/* It refuses a schema whose foreign keys cannot be asked about. */
	if (st == VL_OK)
		st = db_prepare_buf(db, &s->stmt, &sql, err);
	/* Tables without the prefix may refer to those with it. */
	if (st == VL_OK && db->prefix[0] == '\0' &&
	    (before || db->checked == sqlite3_total_changes64(db->sql)))
		st = all_refer(db, &none, err);
	if (st == VL_OK && none) {
		(void)sqlite3_finalize(s->stmt);
		s->stmt = NULL;
		st = db_prepare(
		    db, &s->stmt, "SELECT 0, 0, 0, 0 WHERE FALSE", err);
	}
	vl_buf_free(&sql);
	if (st == VL_OK)
		*out = s;
	else
		vl_scan_free(s);
	return st;
}

/* `SELECT hex("a")||' '||quote("a")||','||... FROM t WHERE rowid = ?1`: the
 * bytes of a text, of which quote() shows some, and its kind. */
static enum vl_status
held_open(struct vl_scan *s, const struct vl_table *t, size_t number,
    struct vl_err *err)
{
	const struct vl_foreign *f = &t->foreigns[number];
	const char *name = NULL;
	struct vl_buf sql = { 0 };
	enum vl_status st = vl_buf_add_text(&sql, "SELECT ''", err);
	size_t i = 0;

	(void)sqlite3_finalize(s->held);
	s->held = NULL;
	s->held_table = t;
	s->held_number = number;
	for (i = 0; st == VL_OK && i < f->n; i++) {
		name = t->columns[f->columns[i]].name;
		st = vl_buf_add_text(&sql, "||hex(", err);
		if (st == VL_OK)
			st = db_quote(&sql, name, err);
		if (st == VL_OK)
			st = vl_buf_add_text(&sql, ")||' '||quote(", err);
		if (st == VL_OK)
			st = db_quote(&sql, name, err);
		if (st == VL_OK)
			st = vl_buf_add_text(&sql, ")||','", err);
	}
	if (st == VL_OK)
		st = vl_buf_add_text(&sql, " FROM ", err);
	if (st == VL_OK)
		st = db_quote_table(&sql, s->db, t->real, err);
	if (st == VL_OK)
		st = vl_buf_add_text(&sql, " WHERE ", err);
	if (st == VL_OK)
		st = db_quote(&sql, db_rowid(t), err);
	if (st == VL_OK)
		st = vl_buf_add_text(&sql, " = ?1", err);
	if (st == VL_OK)
		st = db_prepare_buf(s->db, &s->held, &sql, err);
	vl_buf_free(&sql);
	return st;
}

enum vl_status
vl_dangling_held(struct vl_scan *s, struct vl_buf *out, struct vl_err *err)
{
	const struct vl_table *t =
	    db_table_real(s->db, (const char *)sqlite3_column_text(s->stmt, 0));
	const char *said = NULL;
	enum vl_status st = VL_OK;
	size_t number = 0;
	bool row = false;

	if (t == NULL || db_rowid(t) == NULL ||
	    s->cells[1].type != VL_CELL_INT || s->cells[3].integer < 0 ||
	    (uint64_t)s->cells[3].integer >= t->nforeigns)
		return VL_OK;
	/* SQLite counts them from the last to the first. */
	number = t->nforeigns - 1 - (size_t)s->cells[3].integer;
	if (s->held == NULL || t != s->held_table || number != s->held_number)
		st = held_open(s, t, number, err);
	if (st != VL_OK)
		return st;
	(void)sqlite3_bind_int64(s->held, 1, s->cells[1].integer);
	st = db_step(s->db, s->held, &row, err);
	if (st == VL_OK && row)
		said = (const char *)sqlite3_column_text(s->held, 0);
	if (said != NULL)
		st = vl_buf_add_text(out, said, err);
	else if (st == VL_OK)
		st = vl_fail_memory(err);
	(void)sqlite3_reset(s->held);
	return st;
}
