/*
 * The private database.  One table for each of the site's whose keys are
 * wanted:
 *
 *	k<N>(r, e, s, key, p, o0.., c0..)
 *
 * r is the row, e its entry, s its state, p the id of its parent in a tree,
 * o.. what it is counted by, c.. the ids it is looked up by, as text.  It has
 * no name: SQLite unlinks it as it is made.  Nothing in it outlives the run,
 * so it is never synced.
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/encode.h>
#include <valise/text.h>

#include "scratch.h"

#define CACHE_KIB 8192
#define SQL_MAX   4096

enum vl_status
scratch_run(struct rows_scratch *s, const char *sql, struct vl_err *err)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ?
	    VL_OK :
	    lite_fail(s->db, SCRATCH_WHAT, err);
}

enum vl_status
scratch_prepare(struct rows_scratch *s, sqlite3_stmt **out, const char *sql,
    struct vl_err *err)
{
	return lite_prepare(s->db, out, sql, SCRATCH_WHAT, err);
}

/*
 * An id as bytes: applications keep the id 17 as a number here and as a text
 * there.
 */
enum vl_status
scratch_id_bytes(
    struct rows_scratch *s, const struct vl_cell *id, struct vl_err *err)
{
	char digits[VL_INT_SIZE];
	size_t n = 0;

	vl_buf_clear(&s->text);
	switch (id->type) {
	case VL_CELL_NULL:
		return VL_OK;
	case VL_CELL_INT:
		n = vl_int_text(digits, id->integer);
		return vl_buf_add(&s->text,
		    (struct vl_slice){ (const uint8_t *)digits, n }, err);
	case VL_CELL_REAL:
		if (id->real == floor(id->real) && fabs(id->real) < 1e15)
			return vl_buf_printf(&s->text, err, "%.0f", id->real);
		return vl_buf_printf(&s->text, err, "%.17g", id->real);
	default:
		return vl_buf_add(&s->text, id->bytes, err);
	}
}

/* A blob stays one: it is no id in a text. */
int
scratch_bind_id(
    struct rows_scratch *s, sqlite3_stmt *q, int at, const struct vl_cell *id)
{
	if (id->type == VL_CELL_BLOB)
		return lite_bind_bytes(q, at, vl_buf_slice(&s->text));
	return sqlite3_bind_text64(q, at, (const char *)s->text.p, s->text.n,
	    SQLITE_TRANSIENT, SQLITE_UTF8);
}

void
scratch_read_note(sqlite3_stmt *q, struct rows_note *note)
{
	*note = (struct rows_note){ .r = sqlite3_column_int64(q, 0) };
	note->entry = (size_t)sqlite3_column_int64(q, 1);
	note->state = (enum rows_state)sqlite3_column_int(q, 2);
	note->key = lite_bytes(q, 3);
	note->parent = lite_cell(q, 4);
}

static enum vl_status
make_table(struct rows_scratch *s, size_t table, struct vl_err *err)
{
	const struct rows_table *t = &s->plan->tables[table];
	struct scratch_table *k = &s->tables[table];
	struct vl_buf sql = { 0 };
	enum vl_status st = VL_OK;
	size_t n = t->nordinal + t->nslots;
	size_t i = 0;

	k->by_slot = calloc(t->nslots + 1, sizeof(sqlite3_stmt *));
	if (k->by_slot == NULL)
		return vl_fail_memory(err);
	st = vl_buf_printf(&sql, err,
	    "CREATE TABLE k%zu(r INTEGER PRIMARY KEY, e, s, key BLOB, p",
	    table);
	for (i = 0; st == VL_OK && i < t->nordinal; i++)
		st = vl_buf_printf(&sql, err, ", o%zu", i);
	for (i = 0; st == VL_OK && i < t->nslots; i++)
		st = vl_buf_printf(&sql, err, ", c%zu", i);
	if (st == VL_OK)
		st = vl_buf_printf(&sql, err, ")%c", 0);
	if (st == VL_OK)
		st = scratch_run(s, (const char *)sql.p, err);
	vl_buf_clear(&sql);
	if (st == VL_OK)
		st = vl_buf_printf(&sql, err,
		    "INSERT INTO k%zu VALUES(?1, ?2, ?3, ?4, ?5", table);
	for (i = 0; st == VL_OK && i < n; i++)
		st = vl_buf_printf(&sql, err, ", ?%zu", i + 6);
	if (st == VL_OK)
		st = vl_buf_printf(&sql, err, ")%c", 0);
	if (st == VL_OK)
		st = scratch_prepare(s, &k->put, (const char *)sql.p, err);
	vl_buf_free(&sql);
	return st;
}

/* What is used once the table is filled. */
static enum vl_status
prepare_uses(struct rows_scratch *s, size_t table, struct vl_err *err)
{
	const struct rows_table *t = &s->plan->tables[table];
	struct scratch_table *k = &s->tables[table];
	enum vl_status st = VL_OK;
	char sql[SQL_MAX];
	size_t i = 0;

	(void)snprintf(sql, sizeof(sql),
	    "UPDATE k%zu SET s = ?3, key = ?4 WHERE r = ?1", table);
	st = scratch_prepare(s, &k->set, sql, err);
	(void)snprintf(sql, sizeof(sql),
	    "SELECT r, e, s, key, p FROM k%zu WHERE r = ?1", table);
	if (st == VL_OK)
		st = scratch_prepare(s, &k->by_row, sql, err);
	for (i = 0; st == VL_OK && i < t->nslots; i++) {
		(void)snprintf(sql, sizeof(sql),
		    "CREATE INDEX i%zu_%zu ON k%zu(c%zu)", table, i, table, i);
		st = scratch_run(s, sql, err);
		(void)snprintf(sql, sizeof(sql),
		    "SELECT r, e, s, key, p FROM k%zu WHERE c%zu = ?1", table,
		    i);
		if (st == VL_OK)
			st = scratch_prepare(s, &k->by_slot[i], sql, err);
	}
	return st;
}

enum vl_status
rows_scratch_open(struct rows_scratch **out, const struct rows_plan *p,
    const char *tempdir, struct vl_err *err)
{
	struct rows_scratch *s = calloc(1, sizeof(*s));
	enum vl_status st = VL_OK;
	size_t i = 0;

	*out = s;
	if (s == NULL)
		return vl_fail_memory(err);
	s->plan = p;
	spill_init(&s->file, tempdir, SCRATCH_WHAT);
	s->ntables = p->ntables;
	s->tables = calloc(p->ntables + 1, sizeof(*s->tables));
	if (s->tables == NULL)
		return vl_fail_memory(err);
	st = lite_open(&s->db, CACHE_KIB,
	    "CREATE TABLE b(n INTEGER PRIMARY KEY, v BLOB);"
	    "CREATE TABLE said(n, id, part, above, first, last, rows,"
	    " PRIMARY KEY(n, id))"
	    " WITHOUT ROWID",
	    SCRATCH_WHAT, err);
	for (i = 0; st == VL_OK && i < p->ntables; i++)
		if (p->tables[i].keyed)
			st = make_table(s, i, err);
	if (st == VL_OK)
		st = scratch_prepare(s, &s->say,
		    "INSERT INTO said VALUES(?1, ?2, ?3, ?4, ?5, ?5, 1)"
		    " ON CONFLICT DO UPDATE"
		    " SET rows = rows + (last IS NOT ?5), last = ?5",
		    err);
	if (st == VL_OK)
		st = scratch_prepare(s, &s->said,
		    "SELECT part, above, first, last, rows FROM said"
		    " WHERE n = ?1 AND id = ?2",
		    err);
	if (st == VL_OK)
		st = scratch_prepare(
		    s, &s->keep, "INSERT INTO b(v) VALUES(?1)", err);
	if (st == VL_OK)
		st = scratch_prepare(
		    s, &s->kept, "SELECT v FROM b WHERE n = ?1", err);
	return st;
}

void
rows_scratch_free(struct rows_scratch *s)
{
	size_t i = 0;
	size_t k = 0;

	if (s == NULL)
		return;
	for (i = 0; s->tables != NULL && i < s->ntables; i++) {
		(void)sqlite3_finalize(s->tables[i].put);
		(void)sqlite3_finalize(s->tables[i].set);
		(void)sqlite3_finalize(s->tables[i].by_row);
		(void)sqlite3_finalize(s->tables[i].by_key);
		scratch_forget_known(s, i);
		for (k = 0;
		     s->tables[i].slot != NULL && k < s->plan->tables[i].nslots;
		     k++)
			(void)sqlite3_finalize(s->tables[i].slot[k]);
		free(s->tables[i].slot);
		for (k = 0; s->tables[i].by_slot != NULL &&
		     k < s->plan->tables[i].nslots;
		     k++)
			(void)sqlite3_finalize(s->tables[i].by_slot[k]);
		free(s->tables[i].by_slot);
	}
	(void)sqlite3_finalize(s->say);
	(void)sqlite3_finalize(s->said);
	(void)sqlite3_finalize(s->keep);
	(void)sqlite3_finalize(s->kept);
	(void)sqlite3_close(s->db);
	spill_free(&s->file);
	vl_buf_free(&s->text);
	free(s->tables);
	free(s);
}

enum vl_status
scratch_insert(struct rows_scratch *s, size_t table,
    const struct rows_note *note, struct vl_err *err)
{
	const struct rows_table *t = &s->plan->tables[table];
	sqlite3_stmt *q = s->tables[table].put;
	enum vl_status st = VL_OK;
	int bound = sqlite3_bind_int64(q, 1, note->r);
	int at = 6;
	size_t i = 0;

	s->tables[table].on_row = false;
	bound |= sqlite3_bind_int64(q, 2, (int64_t)note->entry);
	bound |= sqlite3_bind_int(q, 3, (int)note->state);
	bound |= lite_bind_bytes(q, 4, note->key);
	bound |= lite_bind_cell(q, 5, &note->parent);
	for (i = 0; i < t->nordinal; i++, at++)
		if (note->ordinal != NULL)
			bound |= lite_bind_cell(q, at, &note->ordinal[i]);
	for (i = 0; st == VL_OK && i < t->nslots; i++, at++) {
		/* The statement still has the value of the row before. */
		if (note->slots[i].type == VL_CELL_NULL) {
			bound |= sqlite3_bind_null(q, at);
			continue;
		}
		st = scratch_id_bytes(s, &note->slots[i], err);
		bound |= scratch_bind_id(s, q, at, &note->slots[i]);
	}
	return st == VL_OK ? lite_done(s->db, q, bound, SCRATCH_WHAT, err) : st;
}

enum vl_status
rows_scratch_put(struct rows_scratch *s, size_t table,
    const struct rows_note *note, struct vl_err *err)
{
	bool held = false;
	enum vl_status st = scratch_hold(s, table, note, &held, err);

	s->tables[table].rows++;
	if (st != VL_OK || held)
		return st;
	st = scratch_settle(s, table, err);
	scratch_forget_known(s, table);
	return st == VL_OK ? scratch_insert(s, table, note, err) : st;
}

uint64_t
rows_scratch_rows(const struct rows_scratch *s, size_t table)
{
	return s->tables[table].rows;
}

enum vl_status
rows_scratch_done(struct rows_scratch *s, size_t table, struct vl_err *err)
{
	return prepare_uses(s, table, err);
}

enum vl_status
rows_scratch_set(struct rows_scratch *s, size_t table,
    const struct rows_note *note, struct vl_err *err)
{
	sqlite3_stmt *q = s->tables[table].set;
	enum vl_status st = scratch_settle(s, table, err);
	int bound = sqlite3_bind_int64(q, 1, note->r);

	scratch_forget_known(s, table);
	s->tables[table].on_row = false;
	if (st != VL_OK)
		return st;
	bound |= sqlite3_bind_int(q, 3, (int)note->state);
	bound |= lite_bind_bytes(q, 4, note->key);
	return lite_done(s->db, q, bound, SCRATCH_WHAT, err);
}

/* A whole number in its one spelling. */
static bool
id_integer(struct vl_slice text, int64_t *n)
{
	bool minus = text.n > 0 && text.p[0] == '-';
	size_t i = minus ? 1 : 0;
	int64_t digit = 0;

	*n = 0;
	if (text.n == i || text.n >= VL_INT_SIZE ||
	    (text.p[i] == '0' && text.n > 1))
		return false;
	for (; i < text.n; i++) {
		digit = (int64_t)text.p[i] - '0';
		if (digit < 0 || digit > 9 ||
		    __builtin_mul_overflow(*n, 10, n) ||
		    __builtin_add_overflow(*n, minus ? -digit : digit, n))
			return false;
	}
	return true;
}

/* The rowid that an id of a table with integer ids is; false: it is none. */
static bool
id_row(struct rows_scratch *s, const struct vl_cell *id, int64_t *r,
    struct vl_err *err)
{
	*r = id->integer;
	if (id->type == VL_CELL_INT)
		return true;
	if (id->type == VL_CELL_TEXT || id->type == VL_CELL_BLOB)
		return id_integer(id->bytes, r);
	return scratch_id_bytes(s, id, err) == VL_OK &&
	    id_integer(vl_buf_slice(&s->text), r);
}

static enum vl_status
run_find(struct rows_scratch *s, sqlite3_stmt *q, int bound,
    struct rows_note *note, bool *found, struct vl_err *err)
{
	int got = bound == SQLITE_OK ? sqlite3_step(q) : bound;

	if (got != SQLITE_ROW && got != SQLITE_DONE)
		return lite_fail(s->db, SCRATCH_WHAT, err);
	*found = got == SQLITE_ROW;
	if (*found)
		scratch_read_note(q, note);
	return VL_OK;
}

/* Rows that refer to one row mostly stand together. */
static enum vl_status
find_row(struct rows_scratch *s, struct scratch_table *k, int64_t r,
    struct rows_note *note, bool *found, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	*found = k->on_row && k->on == r;
	if (*found) {
		scratch_read_note(k->by_row, note);
		return VL_OK;
	}
	(void)sqlite3_reset(k->by_row);
	st = run_find(s, k->by_row, sqlite3_bind_int64(k->by_row, 1, r), note,
	    found, err);
	k->on_row = *found;
	k->on = r;
	return st;
}

enum vl_status
rows_scratch_find(struct rows_scratch *s, size_t table, size_t column,
    const struct vl_cell *id, struct rows_note *note, bool *found,
    struct vl_err *err)
{
	const struct rows_table *t = &s->plan->tables[table];
	struct scratch_table *k = &s->tables[table];
	sqlite3_stmt *q = NULL;
	enum vl_status st = VL_OK;
	bool known = false;
	int64_t r = 0;

	*found = false;
	if (column == NONE)
		column = t->primary;
	if (table >= s->ntables || column == NONE || !t->keyed)
		return VL_OK;
	if (t->schema->columns[column].integer_id) {
		if (!id_row(s, id, &r, err))
			return VL_OK;
		st = scratch_find_known(s, table, r, note, found, &known, err);
		if (st != VL_OK || known)
			return st;
		return find_row(s, k, r, note, found, err);
	}
	if (t->columns[column].slot == NONE)
		return VL_OK;
	st = scratch_id_bytes(s, id, err);
	if (st != VL_OK)
		return st;
	q = k->by_slot[t->columns[column].slot];
	(void)sqlite3_reset(q);
	return run_find(s, q, scratch_bind_id(s, q, 1, id), note, found, err);
}

enum vl_status
rows_scratch_row(struct rows_scratch *s, size_t table, int64_t r,
    struct rows_note *note, bool *found, struct vl_err *err)
{
	sqlite3_stmt *q = NULL;
	enum vl_status st = VL_OK;

	*found = false;
	if (table >= s->ntables || s->tables[table].by_row == NULL)
		return VL_OK;
	st = scratch_settle(s, table, err);
	if (st != VL_OK)
		return st;
	q = s->tables[table].by_row;
	(void)sqlite3_reset(q);
	return run_find(s, q, sqlite3_bind_int64(q, 1, r), note, found, err);
}

/* Used by an import alone, so prepared when it first asks. */
static enum vl_status
prepare_by_key(struct rows_scratch *s, size_t table, struct vl_err *err)
{
	struct scratch_table *k = &s->tables[table];
	enum vl_status st = VL_OK;
	char sql[SQL_MAX];
	size_t i = 0;

	st = scratch_settle(s, table, err);
	if (st != VL_OK)
		return st;
	k->slot =
	    calloc(s->plan->tables[table].nslots + 1, sizeof(sqlite3_stmt *));
	if (k->slot == NULL)
		return vl_fail_memory(err);
	(void)snprintf(
	    sql, sizeof(sql), "CREATE INDEX n%zu ON k%zu(key)", table, table);
	st = scratch_run(s, sql, err);
	for (i = 0; st == VL_OK && i < s->plan->tables[table].nslots; i++) {
		(void)snprintf(sql, sizeof(sql),
		    "SELECT c%zu FROM k%zu WHERE r = ?1", i, table);
		st = scratch_prepare(s, &k->slot[i], sql, err);
	}
	(void)snprintf(sql, sizeof(sql),
	    "SELECT r, e, s, key, p FROM k%zu WHERE key = ?1 ORDER BY s",
	    table);
	return st == VL_OK ? scratch_prepare(s, &k->by_key, sql, err) : st;
}

enum vl_status
rows_scratch_by_key(struct rows_scratch *s, size_t table, struct vl_slice key,
    struct rows_note *note, bool *found, struct vl_err *err)
{
	struct scratch_table *k = &s->tables[table];
	enum vl_status st = VL_OK;
	int got = 0;

	*found = false;
	if (table >= s->ntables || !s->plan->tables[table].keyed)
		return VL_OK;
	if (k->by_key == NULL)
		st = prepare_by_key(s, table, err);
	if (st != VL_OK)
		return st;
	(void)sqlite3_reset(k->by_key);
	got = lite_bind_bytes(k->by_key, 1, key);
	if (got == SQLITE_OK)
		got = sqlite3_step(k->by_key);
	if (got != SQLITE_ROW && got != SQLITE_DONE)
		return lite_fail(s->db, SCRATCH_WHAT, err);
	*found = got == SQLITE_ROW;
	if (*found)
		scratch_read_note(k->by_key, note);
	return VL_OK;
}

enum vl_status
rows_scratch_namesake(struct rows_scratch *s, size_t table, struct vl_slice key,
    int64_t r, struct rows_note *note, bool *found, struct vl_err *err)
{
	enum vl_status st =
	    rows_scratch_by_key(s, table, key, note, found, err);
	sqlite3_stmt *q = s->tables[table].by_key;
	int got = SQLITE_ROW;

	while (st == VL_OK && *found && note->r == r) {
		got = sqlite3_step(q);
		if (got != SQLITE_ROW && got != SQLITE_DONE)
			return lite_fail(s->db, SCRATCH_WHAT, err);
		*found = got == SQLITE_ROW;
		if (*found)
			scratch_read_note(q, note);
	}
	return st;
}

enum vl_status
rows_scratch_id(struct rows_scratch *s, size_t table, size_t column, int64_t r,
    struct vl_cell *id, bool *found, struct vl_err *err)
{
	const struct rows_table *t = &s->plan->tables[table];
	struct scratch_table *k = &s->tables[table];
	sqlite3_stmt *q = NULL;
	enum vl_status st = VL_OK;

	if (column == NONE)
		column = t->primary;
	*id = (struct vl_cell){ .type = VL_CELL_INT, .integer = r };
	*found = t->schema->columns[column].integer_id;
	if (*found || t->columns[column].slot == NONE)
		return VL_OK;
	if (k->slot == NULL)
		st = prepare_by_key(s, table, err);
	if (st != VL_OK)
		return st;
	q = k->slot[t->columns[column].slot];
	(void)sqlite3_reset(q);
	if (sqlite3_bind_int64(q, 1, r) != SQLITE_OK ||
	    sqlite3_step(q) != SQLITE_ROW)
		return lite_fail(s->db, SCRATCH_WHAT, err);
	*id = lite_cell(q, 0);
	*found = id->type != VL_CELL_NULL;
	return VL_OK;
}
