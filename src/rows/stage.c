/*
 * Rows of the bundle, put aside until it is known what each of them is here.
 * They come in the order of their keys, and so are numbered in it.  The rows
 * themselves are in aside.c, what becomes of them in fate.c.  What is seldom
 * is in a private SQLite database without a name:
 *
 *	g<N>(key, r, at)	rows that go
 *	taken(t, id)		ids of new rows
 *	body(n, v)
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
rows_stage_open(struct rows_stage **out, const char *tempdir, size_t ntables,
    struct vl_err *err)
{
	struct rows_stage *s = calloc(1, sizeof(*s));
	size_t i = 0;

	*out = s;
	if (s == NULL)
		return vl_fail_memory(err);
	s->fates = -1;
	s->tempdir = strdup(tempdir);
	spill_init(&s->rows, s->tempdir, STAGE_WHAT);
	spill_init(&s->more, s->tempdir, STAGE_WHAT);
	spill_init(&s->tokens, s->tempdir, STAGE_WHAT);
	if (s->tempdir == NULL)
		return vl_fail_memory(err);
	s->tables = calloc(ntables + 1, sizeof(*s->tables));
	s->slots = calloc(ntables + 1, sizeof(*s->slots));
	if (s->tables == NULL || s->slots == NULL)
		return vl_fail_memory(err);
	s->ntables = ntables;
	for (i = 0; i < ntables; i++)
		s->slots[i] = i;
	return lite_open(&s->db, 2048,
	    "CREATE TABLE body(n INTEGER PRIMARY KEY, v BLOB);"
	    "CREATE TABLE taken(t, id, PRIMARY KEY(t, id)) WITHOUT ROWID",
	    STAGE_WHAT, err);
}

static void
free_table(struct stage_table *t)
{
	free(t->blocks);
	free(t->pages);
	vl_buf_free(&t->keys);
	vl_buf_free(&t->last);
	vl_buf_free(&t->row);
	vl_buf_free(&t->more);
	(void)sqlite3_finalize(t->gone);
	(void)sqlite3_finalize(t->is_gone);
}

void
rows_stage_free(struct rows_stage *s)
{
	size_t i = 0;

	if (s == NULL)
		return;
	for (i = 0; s->tables != NULL && i < s->ntables; i++)
		free_table(&s->tables[i]);
	stage_cache_free(s->cache);
	spill_free(&s->rows);
	spill_free(&s->more);
	spill_free(&s->tokens);
	vl_buf_free(&s->near.bytes);
	if (s->fates >= 0)
		close(s->fates);
	free(s->pages);
	free(s->tempdir);
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

enum vl_status
rows_stage_put(struct rows_stage *s, size_t table,
    const struct rows_staged *row, struct vl_err *err)
{
	struct stage_table *t = stage_table_of(s, table);
	int order = vl_slice_cmp(row->key, vl_buf_slice(&t->last));
	enum vl_status st = VL_OK;

	if (order <= 0)
		return vl_fail(err, VL_EFORMAT,
		    order == 0 ? "it is there twice" :
		                 "it does not stand in the order of keys");
	vl_buf_clear(&t->last);
	st = vl_buf_add(&t->last, row->key, err);
	if (st != VL_OK)
		return st;
	t->n[row->act]++;
	t->entry = row->entry;
	return stage_aside(s, t, row, err);
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
rows_stage_numbered(const struct rows_stage *s, size_t table, int64_t *first)
{
	*first = stage_table_of(s, table)->first;
	return *first != 0;
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

/* A copy of what was looked up: the block that it is in may go. */
static enum vl_status
take(struct rows_stage *s, struct stage_table *t, struct rows_staged *row,
    struct vl_err *err)
{
	const struct vl_slice parts[] = { row->key, row->row, row->x };
	struct vl_slice *to[] = { &row->key, &row->row, &row->x };
	enum vl_status st = VL_OK;
	size_t at = 0;
	size_t i = 0;

	vl_buf_clear(&t->row);
	for (i = 0; st == VL_OK && i < 3; i++)
		st = vl_buf_add(&t->row, parts[i], err);
	for (i = 0; st == VL_OK && i < 3; i++) {
		*to[i] = (struct vl_slice){ t->row.p + at, parts[i].n };
		at += parts[i].n;
	}
	return st == VL_OK ? stage_fate_get(s, t, row, &t->more, err) : st;
}

enum vl_status
rows_stage_find(struct rows_stage *s, size_t table, struct vl_slice key,
    struct rows_staged *row, bool *found, struct vl_err *err)
{
	struct stage_table *t = stage_table_of(s, table);
	struct stage_place place = t->place;
	enum vl_status st = stage_row_of(s, t, key, &place, row, err);

	*found = st == VL_OK && place.n > 0;
	if (!*found)
		return st;
	t->place = place;
	return take(s, t, row, err);
}

/* Where the row would be if the target had its rows in the order of keys, as
 * it has when an import brought them; 0: it has not. */
static int64_t
guess(const struct stage_table *t, int64_t r)
{
	int64_t n = t->found + 1;

	if (t->first > 0)
		n = r - t->first + 1;
	else if (t->misses > GUESSES && t->misses > t->hits)
		n = 0;
	return n > t->rows ? 0 : n;
}

enum vl_status
rows_stage_find_here(struct rows_stage *s, size_t table,
    const struct rows_note *note, struct rows_staged *row, bool *found,
    struct vl_err *err)
{
	struct stage_table *t = stage_table_of(s, table);
	struct stage_place place = t->place;
	int64_t n = guess(t, note->r);
	enum vl_status st = VL_OK;

	*found = false;
	if (n > 0) {
		st = stage_row(s, t, NULL, &place, n, row, err);
		*found = st == VL_OK && vl_slice_equal(row->key, note->key);
		t->hits += *found;
		t->misses += !*found;
	}
	if (st == VL_OK && *found) {
		t->place = place;
		st = take(s, t, row, err);
	} else if (st == VL_OK) {
		st = rows_stage_find(s, table, note->key, row, found, err);
	}
	if (st == VL_OK && *found)
		t->found = row->n;
	return st;
}

enum vl_status
rows_stage_set(struct rows_stage *s, size_t table,
    const struct rows_staged *row, struct vl_err *err)
{
	struct stage_table *t = stage_table_of(s, table);

	t->n[row->was]--;
	t->n[row->act]++;
	return stage_fate_set(s, t, row, err);
}

/* Made for the first row that goes. */
static enum vl_status
begin_gone(struct rows_stage *s, size_t table, struct vl_err *err)
{
	struct stage_table *t = stage_table_of(s, table);
	enum vl_status st = VL_OK;
	char sql[SQL_MAX];

	if (t->gone != NULL)
		return VL_OK;
	table = s->slots[table];
	(void)snprintf(sql, sizeof(sql),
	    "CREATE TABLE g%zu(key BLOB PRIMARY KEY, r, at) WITHOUT ROWID",
	    table);
	st = run(s, sql, err);
	if (st == VL_OK)
		st = stage_prepare(s, &t->gone,
		    "INSERT INTO g%d VALUES(?1, ?2, ?3)", table, err);
	if (st == VL_OK)
		st = stage_prepare(s, &t->is_gone,
		    "SELECT 1 FROM g%d WHERE key = ?1", table, err);
	return st;
}

enum vl_status
rows_stage_gone(struct rows_stage *s, size_t table,
    const struct rows_staged *row, struct vl_err *err)
{
	enum vl_status st = begin_gone(s, table, err);
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
