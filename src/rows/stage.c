/*
 * Rows of the bundle, put aside until it is known what each of them is here:
 * a private SQLite database without a name, a table for each of the target's
 *
 *	s<N>(key, n, hash, body, act, r, at, id, what, e)
 *	l<N>(n, line, x)			what they say
 *	g<N>(key, r, at)			rows that go
 *	taken(t, id)				ids of new rows
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lite.h"
#include "put.h"

#define WHAT    "rows of the bundle"
#define SQL_MAX 512

struct stage_table {
	sqlite3_stmt *put;
	sqlite3_stmt *put_line;
	sqlite3_stmt *line;
	sqlite3_stmt *find;
	sqlite3_stmt *set;
	sqlite3_stmt *gone;
	sqlite3_stmt *is_gone;
	uint64_t rows;
	int64_t first; /* id of the first row, where all are new and numbered
	                * one after the other; else 0 */
};

struct rows_stage {
	sqlite3 *db;
	struct stage_table *tables;
	size_t ntables; /* with those of collections */
	size_t *slots;  /* of each table of the plan, in `tables` */
	char **collections;
	size_t ncollections;
	sqlite3_stmt *body;
	sqlite3_stmt *take;
	sqlite3_blob *filling;
	uint64_t filled;
	sqlite3_blob *reading;
	int64_t number; /* of `reading` */
};

static enum vl_status
run(struct rows_stage *s, const char *sql, struct vl_err *err)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ?
	    VL_OK :
	    lite_fail(s->db, WHAT, err);
}

static enum vl_status
prepare(struct rows_stage *s, sqlite3_stmt **out, const char *format,
    size_t table, struct vl_err *err)
{
	char *sql = sqlite3_mprintf(format, (int)table, (int)table);
	enum vl_status st = VL_OK;

	if (sql == NULL)
		return vl_fail_memory(err);
	if (sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out,
	        NULL) != SQLITE_OK)
		st = lite_fail(s->db, WHAT, err);
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
	    WHAT, err);
}

void
rows_stage_free(struct rows_stage *s)
{
	size_t i = 0;

	if (s == NULL)
		return;
	for (i = 0; s->tables != NULL && i < s->ntables; i++) {
		(void)sqlite3_finalize(s->tables[i].put);
		(void)sqlite3_finalize(s->tables[i].put_line);
		(void)sqlite3_finalize(s->tables[i].line);
		(void)sqlite3_finalize(s->tables[i].find);
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

const char *
rows_stage_call(struct rows_stage *s, size_t table, const char *collection)
{
	size_t first = s->ntables - s->ncollections;
	size_t i = 0;

	for (i = 0; collection != NULL && i < s->ncollections; i++)
		if (strcmp(s->collections[i], collection) == 0)
			s->slots[table] = first + i;
	/* One that no table has taken. */
	for (i = 0; collection == NULL && i < s->ncollections; i++) {
		for (table = 0; table < first; table++)
			if (s->slots[table] == first + i)
				break;
		if (table == first)
			return s->collections[i];
	}
	return NULL;
}

static struct stage_table *
table_of(const struct rows_stage *s, size_t table)
{
	return &s->tables[s->slots[table]];
}

/* Made for the first row about the table. */
static enum vl_status
begin(struct rows_stage *s, size_t table, struct vl_err *err)
{
	struct stage_table *t = table_of(s, table);
	enum vl_status st = VL_OK;
	char sql[SQL_MAX];

	if (t->put != NULL)
		return VL_OK;
	table = s->slots[table];
	(void)snprintf(sql, sizeof(sql),
	    "CREATE TABLE s%zu(key BLOB PRIMARY KEY, n, hash, body, act,"
	    " r, at, id, what, e) WITHOUT ROWID;"
	    "CREATE TABLE l%zu(n INTEGER PRIMARY KEY, line, x);"
	    "CREATE TABLE g%zu(key BLOB PRIMARY KEY, r, at) WITHOUT ROWID",
	    table, table, table);
	st = run(s, sql, err);
	if (st == VL_OK)
		st = prepare(s, &t->put,
		    "INSERT INTO s%d VALUES(?1, ?2, ?3, ?4, ?5, NULL,"
		    " NULL, NULL, NULL, ?6)",
		    table, err);
	if (st == VL_OK)
		st = prepare(s, &t->put_line,
		    "INSERT INTO l%d(line, x) VALUES(?1, ?2)", table, err);
	if (st == VL_OK)
		st = prepare(s, &t->line,
		    "SELECT line, x FROM l%d WHERE n = ?1", table, err);
	if (st == VL_OK)
		st = prepare(s, &t->find, "SELECT * FROM s%d WHERE key = ?1",
		    table, err);
	if (st == VL_OK)
		st = prepare(s, &t->set,
		    "UPDATE s%d SET act = ?2, r = ?3, at = ?4, id = ?5,"
		    " what = ?6, e = ?7"
		    " WHERE key = ?1",
		    table, err);
	if (st == VL_OK)
		st = prepare(s, &t->gone, "INSERT INTO g%d VALUES(?1, ?2, ?3)",
		    table, err);
	if (st == VL_OK)
		st = prepare(s, &t->is_gone, "SELECT 1 FROM g%d WHERE key = ?1",
		    table, err);
	return st;
}

enum vl_status
rows_stage_put(struct rows_stage *s, size_t table,
    const struct rows_staged *row, struct vl_err *err)
{
	enum vl_status st = begin(s, table, err);
	struct stage_table *t = table_of(s, table);
	sqlite3_stmt *q = t->put;
	int bound = 0;
	int got = 0;

	if (st != VL_OK)
		return st;
	bound = lite_bind_bytes(t->put_line, 1, row->row);
	bound |= lite_bind_bytes(t->put_line, 2, row->x);
	st = lite_done(s->db, t->put_line, bound, WHAT, err);
	if (st != VL_OK)
		return st;
	bound = lite_bind_bytes(q, 1, row->key);
	bound |= sqlite3_bind_int64(q, 2, sqlite3_last_insert_rowid(s->db));
	bound |= lite_bind_bytes(
	    q, 3, (struct vl_slice){ row->hash, sizeof(row->hash) });
	bound |= sqlite3_bind_int64(q, 4, row->body);
	bound |= sqlite3_bind_int(q, 5, (int)row->act);
	bound |= sqlite3_bind_int64(q, 6, (int64_t)row->entry);
	t->rows++;
	got = bound == SQLITE_OK ? sqlite3_step(q) : bound;
	if (got == SQLITE_CONSTRAINT)
		st = vl_fail(err, VL_EFORMAT, "it is there twice");
	else if (got != SQLITE_DONE)
		st = lite_fail(s->db, WHAT, err);
	(void)sqlite3_reset(q);
	return st;
}

static void
read_row(const struct stage_table *t, sqlite3_stmt *q, struct rows_staged *row)
{
	struct vl_slice hash = lite_bytes(q, 2);

	*row = (struct rows_staged){ .key = lite_bytes(q, 0),
		.n = sqlite3_column_int64(q, 1),
		.body = sqlite3_column_int64(q, 3),
		.act = (enum rows_act)sqlite3_column_int(q, 4),
		.r = sqlite3_column_int64(q, 5),
		.at = lite_bytes(q, 6),
		.id = lite_cell(q, 7),
		.what = lite_bytes(q, 8),
		.entry = (size_t)sqlite3_column_int64(q, 9) };
	if (hash.n == sizeof(row->hash))
		memcpy(row->hash, hash.p, hash.n);
	if (t->first != 0)
		row->id = (struct vl_cell){ .type = VL_CELL_INT,
			.integer = t->first + row->n - 1 };
}

enum vl_status
rows_stage_number(struct rows_stage *s, size_t table, int64_t first,
    bool *numbered, struct vl_err *err)
{
	struct stage_table *t = table_of(s, table);
	sqlite3_stmt *q = NULL;
	enum vl_status st = VL_OK;
	uint64_t new = 0;

	*numbered = false;
	if (t->put == NULL || first <= 0)
		return VL_OK;
	st = rows_stage_count(s, table, ROWS_NEW, &new, err);
	if (st == VL_OK)
		st = prepare(
		    s, &q, "SELECT max(n) FROM l%d", s->slots[table], err);
	if (st == VL_OK && sqlite3_step(q) != SQLITE_ROW)
		st = lite_fail(s->db, WHAT, err);
	if (st == VL_OK)
		*numbered = sqlite3_column_int64(q, 0) ==
		    (int64_t) new &&first < INT64_MAX - (int64_t) new;
	if (*numbered)
		t->first = first;
	(void)sqlite3_finalize(q);
	return st;
}

enum vl_status
rows_stage_line(struct rows_stage *s, size_t table, struct rows_staged *row,
    struct vl_err *err)
{
	sqlite3_stmt *q = table_of(s, table)->line;

	(void)sqlite3_reset(q);
	if (sqlite3_bind_int64(q, 1, row->n) != SQLITE_OK ||
	    sqlite3_step(q) != SQLITE_ROW)
		return lite_fail(s->db, WHAT, err);
	row->row = lite_bytes(q, 0);
	row->x = lite_bytes(q, 1);
	return VL_OK;
}

enum vl_status
rows_stage_find(struct rows_stage *s, size_t table, struct vl_slice key,
    struct rows_staged *row, bool *found, struct vl_err *err)
{
	sqlite3_stmt *q = table_of(s, table)->find;
	int got = 0;

	*found = false;
	if (q == NULL) /* the bundle has no row of the table */
		return VL_OK;
	(void)sqlite3_reset(q);
	got = lite_bind_bytes(q, 1, key);
	if (got == SQLITE_OK)
		got = sqlite3_step(q);
	if (got != SQLITE_ROW && got != SQLITE_DONE)
		return lite_fail(s->db, WHAT, err);
	*found = got == SQLITE_ROW;
	if (*found)
		read_row(table_of(s, table), q, row);
	return VL_OK;
}

enum vl_status
rows_stage_set(struct rows_stage *s, size_t table,
    const struct rows_staged *row, struct vl_err *err)
{
	sqlite3_stmt *q = table_of(s, table)->set;
	int bound = lite_bind_bytes(q, 1, row->key);

	bound |= sqlite3_bind_int(q, 2, (int)row->act);
	bound |= sqlite3_bind_int64(q, 3, row->r);
	bound |= lite_bind_bytes(q, 4, row->at);
	bound |= lite_bind_cell(q, 5, &row->id);
	bound |= lite_bind_bytes(q, 6, row->what);
	bound |= sqlite3_bind_int64(q, 7, (int64_t)row->entry);
	return lite_done(s->db, q, bound, WHAT, err);
}

enum vl_status
rows_stage_gone(struct rows_stage *s, size_t table,
    const struct rows_staged *row, struct vl_err *err)
{
	enum vl_status st = begin(s, table, err);
	sqlite3_stmt *q = table_of(s, table)->gone;
	int bound = 0;

	if (st != VL_OK)
		return st;
	bound = lite_bind_bytes(q, 1, row->key);
	bound |= sqlite3_bind_int64(q, 2, row->r);
	bound |= lite_bind_bytes(q, 3, row->at);
	return lite_done(s->db, q, bound, WHAT, err);
}

enum vl_status
rows_stage_is_gone(struct rows_stage *s, size_t table, struct vl_slice key,
    bool *gone, struct vl_err *err)
{
	sqlite3_stmt *q = table_of(s, table)->is_gone;
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
	    lite_fail(s->db, WHAT, err);
}

uint64_t
rows_stage_rows(const struct rows_stage *s, size_t table)
{
	return table_of(s, table)->rows;
}

enum vl_status
rows_stage_count(struct rows_stage *s, size_t table, enum rows_act act,
    uint64_t *n, struct vl_err *err)
{
	sqlite3_stmt *q = NULL;
	enum vl_status st = VL_OK;

	*n = 0;
	if (table_of(s, table)->put == NULL)
		return VL_OK;
	st = prepare(s, &q, "SELECT count(*) FROM s%d WHERE act = ?1",
	    s->slots[table], err);
	if (st == VL_OK &&
	    (sqlite3_bind_int(q, 1, (int)act) != SQLITE_OK ||
	        sqlite3_step(q) != SQLITE_ROW))
		st = lite_fail(s->db, WHAT, err);
	if (st == VL_OK)
		*n = (uint64_t)sqlite3_column_int64(q, 0);
	(void)sqlite3_finalize(q);
	return st;
}

enum vl_status
rows_stage_take_id(struct rows_stage *s, size_t table, const struct vl_cell *id,
    bool *taken, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	int bound = 0;

	if (s->take == NULL)
		st = prepare(s, &s->take,
		    "INSERT OR IGNORE INTO taken VALUES(?1, ?2)", 0, err);
	if (st != VL_OK)
		return st;
	bound = sqlite3_bind_int64(s->take, 1, (int64_t)table);
	bound |= lite_bind_cell(s->take, 2, id);
	st = lite_done(s->db, s->take, bound, WHAT, err);
	*taken = sqlite3_changes(s->db) == 0;
	return st;
}

/* Bodies. */

enum vl_status
rows_stage_body(
    struct rows_stage *s, uint64_t size, int64_t *number, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (size > INT32_MAX / 2)
		return vl_fail(err, VL_ELIMIT,
		    "its values have %llu bytes, more than a database holds",
		    (unsigned long long)size);
	if (s->body == NULL)
		st = prepare(s, &s->body,
		    "INSERT INTO body(v) VALUES(zeroblob(?1))", 0, err);
	if (st == VL_OK)
		st = lite_done(s->db, s->body,
		    sqlite3_bind_int64(s->body, 1, (int64_t)size), WHAT, err);
	if (st != VL_OK)
		return st;
	*number = sqlite3_last_insert_rowid(s->db);
	(void)sqlite3_blob_close(s->filling);
	s->filling = NULL;
	s->filled = 0;
	return sqlite3_blob_open(s->db, "main", "body", "v", *number, 1,
	           &s->filling) == SQLITE_OK ?
	    VL_OK :
	    lite_fail(s->db, WHAT, err);
}

enum vl_status
rows_stage_fill(struct rows_stage *s, struct vl_slice bytes, struct vl_err *err)
{
	if (sqlite3_blob_write(
	        s->filling, bytes.p, (int)bytes.n, (int)s->filled) != SQLITE_OK)
		return lite_fail(s->db, WHAT, err);
	s->filled += bytes.n;
	return VL_OK;
}

enum vl_status
rows_stage_piece(struct rows_stage *s, int64_t number, uint64_t at, uint64_t n,
    struct vl_buf *out, struct vl_err *err)
{
	enum vl_status st = vl_buf_reserve(out, n, err);

	if (st != VL_OK)
		return st;
	(void)sqlite3_blob_close(s->filling); /* all bodies are filled */
	s->filling = NULL;
	if (s->reading == NULL || s->number != number) {
		(void)sqlite3_blob_close(s->reading);
		s->reading = NULL;
		if (sqlite3_blob_open(s->db, "main", "body", "v", number, 0,
		        &s->reading) != SQLITE_OK)
			return lite_fail(s->db, WHAT, err);
		s->number = number;
	}
	if (sqlite3_blob_read(s->reading, out->p + out->n, (int)n, (int)at) !=
	    SQLITE_OK)
		return lite_fail(s->db, WHAT, err);
	out->n += n;
	return VL_OK;
}

/* One after the other. */

struct rows_staging {
	struct rows_stage *s;
	const struct stage_table *t;
	sqlite3_stmt *q;
	bool gone;
	bool lines; /* with them */
};

static enum vl_status
open_staging(struct rows_staging **out, struct rows_stage *s, size_t table,
    const char *format, struct vl_err *err)
{
	struct rows_staging *g = calloc(1, sizeof(*g));

	*out = g;
	if (g == NULL)
		return vl_fail_memory(err);
	g->s = s;
	g->t = table_of(s, table);
	if (table_of(s, table)->put == NULL)
		return VL_OK;
	return prepare(s, &g->q, format, s->slots[table], err);
}

enum vl_status
rows_staging_open(struct rows_staging **out, struct rows_stage *s, size_t table,
    enum rows_act act, struct vl_err *err)
{
	enum vl_status st = open_staging(out, s, table,
	    "SELECT * FROM s%d WHERE act = ?1 ORDER BY key", err);

	if (st == VL_OK && (*out)->q != NULL)
		(void)sqlite3_bind_int((*out)->q, 1, (int)act);
	return st;
}

enum vl_status
rows_staging_all(struct rows_staging **out, struct rows_stage *s, size_t table,
    struct vl_err *err)
{
	return open_staging(
	    out, s, table, "SELECT * FROM s%d ORDER BY key", err);
}

enum vl_status
rows_staging_lines(struct rows_staging **out, struct rows_stage *s,
    size_t table, enum rows_act act, struct vl_err *err)
{
	enum vl_status st = open_staging(out, s, table,
	    "SELECT s.*, l.line, l.x FROM s%d AS s CROSS JOIN l%d AS l"
	    " ON l.n = s.n WHERE s.act = ?1 ORDER BY s.key",
	    err);

	if (*out != NULL)
		(*out)->lines = true;
	if (st == VL_OK && (*out)->q != NULL)
		(void)sqlite3_bind_int((*out)->q, 1, (int)act);
	return st;
}

enum vl_status
rows_staging_gone(struct rows_staging **out, struct rows_stage *s, size_t table,
    struct vl_err *err)
{
	enum vl_status st = open_staging(
	    out, s, table, "SELECT key, r, at FROM g%d ORDER BY key", err);

	if (*out != NULL)
		(*out)->gone = true;
	return st;
}

enum vl_status
rows_staging_next(struct rows_staging *g, struct rows_staged *row, bool *more,
    struct vl_err *err)
{
	int got = g->q == NULL ? SQLITE_DONE : sqlite3_step(g->q);

	*more = got == SQLITE_ROW;
	if (got != SQLITE_ROW)
		return got == SQLITE_DONE ? VL_OK :
		                            lite_fail(g->s->db, WHAT, err);
	if (!g->gone) {
		read_row(g->t, g->q, row);
		if (g->lines) {
			row->row = lite_bytes(g->q, 10);
			row->x = lite_bytes(g->q, 11);
		}
		return VL_OK;
	}
	*row = (struct rows_staged){ .key = lite_bytes(g->q, 0),
		.r = sqlite3_column_int64(g->q, 1),
		.at = lite_bytes(g->q, 2) };
	return VL_OK;
}

void
rows_staging_free(struct rows_staging *g)
{
	if (g == NULL)
		return;
	(void)sqlite3_finalize(g->q);
	free(g);
}
