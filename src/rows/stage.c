/*
 * Rows of the bundle, put aside until it is known what each of them is here:
 * a private SQLite database without a name, a table for each of the target's
 *
 *	s<N>(n, key, hash, body, act, r, at, id, what, e, line, x)
 *	g<N>(key, r, at)			rows that go
 *	taken(t, id)				ids of new rows
 *
 * They come in the order of their keys, and so are numbered in it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stage.h"

#define SQL_MAX 512
#define GUESSES 64 /* that may miss before hits are counted */

static enum vl_status
run(struct rows_stage *s, const char *sql, struct vl_err *err)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ?
	    VL_OK :
	    lite_fail(s->db, STAGE_WHAT, err);
}

enum vl_status
stage_prepare(struct rows_stage *s, sqlite3_stmt **out, const char *format,
    size_t table, struct vl_err *err)
{
	char *sql = sqlite3_mprintf(format, (int)table, (int)table);
	enum vl_status st = VL_OK;

	if (sql == NULL)
		return vl_fail_memory(err);
	if (sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out,
	        NULL) != SQLITE_OK)
		st = lite_fail(s->db, STAGE_WHAT, err);
	sqlite3_free(sql);
	return st;
}

enum vl_status
rows_stage_open(struct rows_stage **out, size_t ntables, struct vl_err *err)
{
	struct rows_stage *s = calloc(1, sizeof(*s));
	size_t i = 0;

	*out = s;
	if (s == NULL)
		return vl_fail_memory(err);
	s->tables = calloc(ntables + 1, sizeof(*s->tables));
	s->slots = calloc(ntables + 1, sizeof(*s->slots));
	if (s->tables == NULL || s->slots == NULL)
		return vl_fail_memory(err);
	s->ntables = ntables;
	for (i = 0; i < ntables; i++)
		s->slots[i] = i;
	return lite_open(&s->db, 16384,
	    "CREATE TABLE body(n INTEGER PRIMARY KEY, v BLOB);"
	    "CREATE TABLE taken(t, id, PRIMARY KEY(t, id)) WITHOUT ROWID",
	    STAGE_WHAT, err);
}

void
rows_stage_free(struct rows_stage *s)
{
	size_t i = 0;

	if (s == NULL)
		return;
	for (i = 0; s->tables != NULL && i < s->ntables; i++) {
		(void)sqlite3_finalize(s->tables[i].put);
		(void)sqlite3_finalize(s->tables[i].find);
		(void)sqlite3_finalize(s->tables[i].walk);
		vl_buf_free(&s->tables[i].last);
		(void)sqlite3_finalize(s->tables[i].set);
		(void)sqlite3_finalize(s->tables[i].gone);
		(void)sqlite3_finalize(s->tables[i].is_gone);
	}
	(void)sqlite3_finalize(s->body);
	(void)sqlite3_finalize(s->take);
	(void)sqlite3_blob_close(s->filling);
	(void)sqlite3_blob_close(s->reading);
	(void)sqlite3_close(s->db);
	for (i = 0; i < s->ncollections; i++)
		free(s->collections[i]);
	free(s->collections);
	free(s->slots);
	free(s->tables);
	free(s);
}

enum vl_status
rows_stage_collection(struct rows_stage *s, struct vl_slice name, size_t *table,
    struct vl_err *err)
{
	size_t first = s->ntables - s->ncollections;
	struct stage_table *tables = NULL;
	char **names = NULL;
	size_t *slots = NULL;
	size_t i = 0;

	for (i = 0; i < s->ncollections; i++)
		if (vl_slice_equal(name, vl_slice_of(s->collections[i]))) {
			*table = first + i;
			return VL_OK;
		}
	tables = reallocarray(s->tables, s->ntables + 1, sizeof(*tables));
	s->tables = tables == NULL ? s->tables : tables;
	slots = reallocarray(s->slots, s->ntables + 1, sizeof(*slots));
	s->slots = slots == NULL ? s->slots : slots;
	names =
	    reallocarray(s->collections, s->ncollections + 1, sizeof(*names));
	s->collections = names == NULL ? s->collections : names;
	if (tables == NULL || slots == NULL || names == NULL)
		return vl_fail_memory(err);
	names[s->ncollections] = strndup((const char *)name.p, name.n);
	if (names[s->ncollections] == NULL)
		return vl_fail_memory(err);
	s->ncollections++;
	tables[s->ntables] = (struct stage_table){ 0 };
	slots[s->ntables] = s->ntables;
	*table = s->ntables++;
	return VL_OK;
}

void
rows_stage_call(struct rows_stage *s, size_t table, const char *collection)
{
	size_t first = s->ntables - s->ncollections;
	size_t i = 0;

	for (i = 0; i < s->ncollections; i++)
		if (strcmp(s->collections[i], collection) == 0)
			s->slots[table] = first + i;
}

const char *
rows_stage_name(const struct rows_stage *s, size_t number)
{
	return s->collections[number - (s->ntables - s->ncollections)];
}

const char *
rows_stage_uncalled(const struct rows_stage *s, size_t *number)
{
	size_t first = s->ntables - s->ncollections;
	size_t table = 0;

	if (*number < first)
		*number = first;
	for (; *number < s->ntables; ++*number) {
		for (table = 0; table < first; table++)
			if (s->slots[table] == *number)
				break;
		if (table == first)
			return rows_stage_name(s, *number);
	}
	return NULL;
}

void
rows_stage_use(struct rows_stage *s, size_t table, size_t number)
{
	s->slots[table] = number;
}

struct stage_table *
stage_table_of(const struct rows_stage *s, size_t table)
{
	return &s->tables[s->slots[table]];
}

/* Made for the first row about the table. */
static enum vl_status
begin(struct rows_stage *s, size_t table, struct vl_err *err)
{
	struct stage_table *t = stage_table_of(s, table);
	enum vl_status st = VL_OK;
	char sql[SQL_MAX];

	if (t->put != NULL)
		return VL_OK;
	table = s->slots[table];
	(void)snprintf(sql, sizeof(sql),
	    "CREATE TABLE s%zu(n INTEGER PRIMARY KEY, key BLOB, hash, body,"
	    " act, r, at, id, what, e, line, x);"
	    "CREATE TABLE g%zu(key BLOB PRIMARY KEY, r, at) WITHOUT ROWID",
	    table, table);
	st = run(s, sql, err);
	if (st == VL_OK)
		st = stage_prepare(s, &t->put,
		    "INSERT INTO s%d VALUES(NULL, ?1, ?2, ?3, ?4, NULL,"
		    " NULL, NULL, NULL, ?5, ?6, ?7)",
		    table, err);
	if (st == VL_OK)
		st = stage_prepare(s, &t->walk,
		    "SELECT * FROM s%d WHERE n >= ?1 ORDER BY n", table, err);
	if (st == VL_OK)
		st = stage_prepare(s, &t->set,
		    "UPDATE s%d SET act = ?2, r = ?3, at = ?4, id = ?5,"
		    " what = ?6, e = ?7"
		    " WHERE n = ?1",
		    table, err);
	if (st == VL_OK)
		st = stage_prepare(s, &t->gone,
		    "INSERT INTO g%d VALUES(?1, ?2, ?3)", table, err);
	if (st == VL_OK)
		st = stage_prepare(s, &t->is_gone,
		    "SELECT 1 FROM g%d WHERE key = ?1", table, err);
	return st;
}

enum vl_status
rows_stage_put(struct rows_stage *s, size_t table,
    const struct rows_staged *row, struct vl_err *err)
{
	enum vl_status st = begin(s, table, err);
	struct stage_table *t = stage_table_of(s, table);
	sqlite3_stmt *q = t->put;
	int bound = 0;
	int order = 0;

	if (st != VL_OK)
		return st;
	order = vl_slice_cmp(row->key, vl_buf_slice(&t->last));
	if (order <= 0)
		return vl_fail(err, VL_EFORMAT,
		    order == 0 ? "it is there twice" :
		                 "it does not stand in the order of keys");
	vl_buf_clear(&t->last);
	st = vl_buf_add(&t->last, row->key, err);
	if (st != VL_OK)
		return st;
	t->n[row->act]++;
	bound = lite_bind_bytes(q, 1, row->key);
	if (row->body != 0)
		bound |= lite_bind_bytes(
		    q, 2, (struct vl_slice){ row->hash, sizeof(row->hash) });
	else
		bound |= sqlite3_bind_null(q, 2);
	bound |= sqlite3_bind_int64(q, 3, row->body);
	bound |= sqlite3_bind_int(q, 4, (int)row->act);
	bound |= sqlite3_bind_int64(q, 5, (int64_t)row->entry);
	bound |= lite_bind_bytes(q, 6, row->row);
	bound |= lite_bind_bytes(q, 7, row->x);
	return lite_done(s->db, q, bound, STAGE_WHAT, err);
}

void
stage_read_row(
    const struct stage_table *t, sqlite3_stmt *q, struct rows_staged *row)
{
	struct vl_slice hash = lite_bytes(q, 2);

	*row = (struct rows_staged){ .n = sqlite3_column_int64(q, 0),
		.key = lite_bytes(q, 1),
		.body = sqlite3_column_int64(q, 3),
		.act = (enum rows_act)sqlite3_column_int(q, 4),
		.was = (enum rows_act)sqlite3_column_int(q, 4),
		.r = sqlite3_column_int64(q, 5),
		.at = lite_bytes(q, 6),
		.id = lite_cell(q, 7),
		.what = lite_bytes(q, 8),
		.entry = (size_t)sqlite3_column_int64(q, 9),
		.row = lite_bytes(q, 10),
		.x = lite_bytes(q, 11) };
	if (hash.n == sizeof(row->hash))
		memcpy(row->hash, hash.p, hash.n);
	if (t->first != 0)
		row->id = (struct vl_cell){ .type = VL_CELL_INT,
			.integer = t->first + row->n - 1 };
}

enum vl_status
rows_staged_hold(struct rows_staged *out, const struct rows_staged *row,
    struct vl_buf *memory, struct vl_err *err)
{
	const struct vl_slice parts[] = { row->key, row->row, row->at,
		row->id.bytes, row->what, row->x };
	struct vl_slice *to[] = { &out->key, &out->row, &out->at,
		&out->id.bytes, &out->what, &out->x };
	const size_t n = sizeof(parts) / sizeof(*parts);
	enum vl_status st = VL_OK;
	size_t at = 0;
	size_t i = 0;

	*out = *row;
	vl_buf_clear(memory);
	for (i = 0; st == VL_OK && i < n; i++)
		st = vl_buf_add(memory, parts[i], err);
	for (i = 0; st == VL_OK && i < n; i++) {
		*to[i] = (struct vl_slice){ memory->p + at, parts[i].n };
		at += parts[i].n;
	}
	return st;
}

bool
rows_stage_number(struct rows_stage *s, size_t table, int64_t first)
{
	struct stage_table *t = stage_table_of(s, table);
	uint64_t rows = rows_stage_rows(s, table);

	if (rows == 0 || first <= 0 || t->n[ROWS_NEW] != rows ||
	    first >= INT64_MAX - (int64_t)rows)
		return false;
	t->first = first;
	return true;
}

static enum vl_status
run_find(struct rows_stage *s, const struct stage_table *t, sqlite3_stmt *q,
    int bound, struct rows_staged *row, bool *found, struct vl_err *err)
{
	int got = bound == SQLITE_OK ? sqlite3_step(q) : bound;

	if (got != SQLITE_ROW && got != SQLITE_DONE)
		return lite_fail(s->db, STAGE_WHAT, err);
	*found = got == SQLITE_ROW;
	if (*found)
		stage_read_row(t, q, row);
	return VL_OK;
}

enum vl_status
rows_stage_index(struct rows_stage *s, size_t table, struct vl_err *err)
{
	struct stage_table *t = stage_table_of(s, table);
	enum vl_status st = VL_OK;
	char sql[SQL_MAX];

	/* Without a row of the bundle nothing is found. */
	if (t->find != NULL || t->put == NULL)
		return VL_OK;
	/* None may be gone through meanwhile. */
	(void)sqlite3_reset(t->walk);
	t->next = 0;
	table = s->slots[table];
	(void)snprintf(
	    sql, sizeof(sql), "CREATE INDEX i%zu ON s%zu(key)", table, table);
	st = run(s, sql, err);
	return st == VL_OK ?
	    stage_prepare(
	        s, &t->find, "SELECT * FROM s%d WHERE key = ?1", table, err) :
	    st;
}

enum vl_status
rows_stage_find(struct rows_stage *s, size_t table, struct vl_slice key,
    struct rows_staged *row, bool *found, struct vl_err *err)
{
	const struct stage_table *t = stage_table_of(s, table);
	enum vl_status st = VL_OK;

	*found = false;
	if (t->put == NULL) /* the bundle has no row of the table */
		return VL_OK;
	st = rows_stage_index(s, table, err);
	if (st != VL_OK)
		return st;
	(void)sqlite3_reset(t->find);
	return run_find(
	    s, t, t->find, lite_bind_bytes(t->find, 1, key), row, found, err);
}

/* Where the row would be if the target had its rows in the order of keys, as
 * it has when an import brought them; 0: it has not. */
static int64_t
guess(const struct stage_table *t, int64_t r)
{
	if (t->first > 0)
		return r - t->first + 1;
	return t->misses > GUESSES && t->misses > t->hits ? 0 : t->found + 1;
}

/* Row `n`: the next one, where rows are asked for one after the other. */
static enum vl_status
find_at(struct rows_stage *s, struct stage_table *t, int64_t n,
    struct rows_staged *row, bool *found, struct vl_err *err)
{
	int bound = SQLITE_OK;
	enum vl_status st = VL_OK;

	if (t->next != n) {
		(void)sqlite3_reset(t->walk);
		bound = sqlite3_bind_int64(t->walk, 1, n);
	}
	st = run_find(s, t, t->walk, bound, row, found, err);
	t->next = st == VL_OK && *found ? n + 1 : 0;
	return st;
}

enum vl_status
rows_stage_find_here(struct rows_stage *s, size_t table,
    const struct rows_note *note, struct rows_staged *row, bool *found,
    struct vl_err *err)
{
	struct stage_table *t = stage_table_of(s, table);
	int64_t n = guess(t, note->r);
	enum vl_status st = VL_OK;

	*found = false;
	if (t->put != NULL && n > 0) {
		st = find_at(s, t, n, row, found, err);
		*found = *found && vl_slice_equal(row->key, note->key);
		t->hits += *found;
		t->misses += !*found;
	}
	if (st == VL_OK && !*found)
		st = rows_stage_find(s, table, note->key, row, found, err);
	if (st == VL_OK && *found)
		t->found = row->n;
	return st;
}

enum vl_status
rows_stage_set(struct rows_stage *s, size_t table,
    const struct rows_staged *row, struct vl_err *err)
{
	struct stage_table *t = stage_table_of(s, table);
	sqlite3_stmt *q = t->set;
	int bound = sqlite3_bind_int64(q, 1, row->n);

	t->n[row->was]--;
	t->n[row->act]++;
	bound |= sqlite3_bind_int(q, 2, (int)row->act);
	bound |= sqlite3_bind_int64(q, 3, row->r);
	bound |= lite_bind_bytes(q, 4, row->at);
	bound |= lite_bind_cell(q, 5, &row->id);
	bound |= lite_bind_bytes(q, 6, row->what);
	bound |= sqlite3_bind_int64(q, 7, (int64_t)row->entry);
	return lite_done(s->db, q, bound, STAGE_WHAT, err);
}

enum vl_status
rows_stage_gone(struct rows_stage *s, size_t table,
    const struct rows_staged *row, struct vl_err *err)
{
	enum vl_status st = begin(s, table, err);
	sqlite3_stmt *q = stage_table_of(s, table)->gone;
	int bound = 0;

	if (st != VL_OK)
		return st;
	bound = lite_bind_bytes(q, 1, row->key);
	bound |= sqlite3_bind_int64(q, 2, row->r);
	bound |= lite_bind_bytes(q, 3, row->at);
	return lite_done(s->db, q, bound, STAGE_WHAT, err);
}

enum vl_status
rows_stage_is_gone(struct rows_stage *s, size_t table, struct vl_slice key,
    bool *gone, struct vl_err *err)
{
	sqlite3_stmt *q = stage_table_of(s, table)->is_gone;
	int got = 0;

	*gone = false;
	if (q == NULL)
		return VL_OK;
	got = lite_bind_bytes(q, 1, key);
	if (got == SQLITE_OK)
		got = sqlite3_step(q);
	*gone = got == SQLITE_ROW;
	(void)sqlite3_reset(q);
	return got == SQLITE_ROW || got == SQLITE_DONE ?
	    VL_OK :
	    lite_fail(s->db, STAGE_WHAT, err);
}

uint64_t
rows_stage_rows(const struct rows_stage *s, size_t table)
{
	uint64_t rows = 0;
	size_t i = 0;

	for (i = 0; i < ROWS_ACTS; i++)
		rows += stage_table_of(s, table)->n[i];
	return rows;
}

uint64_t
rows_stage_count(const struct rows_stage *s, size_t table, enum rows_act act)
{
	return stage_table_of(s, table)->n[act];
}

enum vl_status
rows_stage_take_id(struct rows_stage *s, size_t table, const struct vl_cell *id,
    bool *taken, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	int bound = 0;

	if (s->take == NULL)
		st = stage_prepare(s, &s->take,
		    "INSERT OR IGNORE INTO taken VALUES(?1, ?2)", 0, err);
	if (st != VL_OK)
		return st;
	bound = sqlite3_bind_int64(s->take, 1, (int64_t)table);
	bound |= lite_bind_cell(s->take, 2, id);
	st = lite_done(s->db, s->take, bound, STAGE_WHAT, err);
	*taken = sqlite3_changes(s->db) == 0;
	return st;
}
