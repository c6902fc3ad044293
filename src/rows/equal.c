/*
 * Rows of a table that have one key: those that an order or their owner lets
 * have it get a position behind it, all other are refused, or heard of.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "ear.h"
#include "scratch.h"

#define SHOWN_MAX     512
#define DOUBLES_SHOWN 10
#define GROUPS_SHOWN  5

bool
rows_equal_none(const struct rows_plan *p, const struct rows_table *t)
{
	const struct rows_entry *e = &t->entries[0];
	const struct vl_unique *u = NULL;
	size_t i = 0;
	size_t k = 0;

	if (t->nentries != 1 || e->nordinal > 0 || p->maps != NULL ||
	    (t->called && p->brought != NULL))
		return false;
	for (i = 0; i < t->schema->nuniques; i++) {
		u = &t->schema->uniques[i];
		for (k = 0; k < u->n; k++)
			if (!rows_in_key(e, u->columns[k]) ||
			    t->columns[u->columns[k]].nrefs > 1 ||
			    !t->schema->columns[u->columns[k]].not_null)
				break;
		if (k == u->n)
			return true;
	}
	return false;
}

enum vl_status
rows_equal_place(const struct rows_plan *p, struct rows_scratch *s,
    size_t table, struct vl_err *err)
{
	const struct rows_table *t = &p->tables[table];
	struct rows_each *each = NULL;
	struct rows_note note = { 0 };
	struct vl_buf before = { 0 };
	struct vl_buf key = { 0 };
	enum vl_status st = VL_OK;
	uint64_t n = 0;
	bool row = true;

	st = rows_each_open(&each, s, table, ROWS_BY_KEY, err);
	while (st == VL_OK) {
		st = rows_each_next(each, &note, &row, err);
		if (st != VL_OK || !row)
			break;
		if (t->entries[note.entry].nordinal == 0 &&
		    !t->entries[note.entry].multiset)
			continue;
		if (!vl_slice_equal(note.key, vl_buf_slice(&before)))
			n = 0;
		vl_buf_clear(&before);
		vl_buf_clear(&key);
		st = vl_buf_add(&before, note.key, err);
		if (st == VL_OK)
			st = vl_buf_add(&key,
			    (struct vl_slice){ note.key.p, note.key.n - 1 },
			    err);
		if (st == VL_OK)
			st = vl_buf_printf(
			    &key, err, ",%llu]", (unsigned long long)++n);
		note.key = vl_buf_slice(&key);
		if (st == VL_OK)
			st = rows_scratch_set(s, table, &note, err);
	}
	rows_each_free(each);
	vl_buf_free(&before);
	vl_buf_free(&key);
	return st;
}

/* "3, 9 and 12", of many the first ones and how many more there are. */
static enum vl_status
list_rows(struct rows_scratch *s, size_t table, struct vl_slice key,
    struct vl_buf *out, struct vl_err *err)
{
	int64_t r[DOUBLES_SHOWN] = { 0 };
	size_t n = DOUBLES_SHOWN;
	enum vl_status st = rows_scratch_named(s, table, key, r, &n, err);
	size_t shown = n < DOUBLES_SHOWN ? n : DOUBLES_SHOWN;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < shown; i++)
		st = vl_buf_printf(out, err, "%s%lld",
		    i == 0        ? "" :
		        i + 1 < n ? ", " :
		                    " and ",
		    (long long)r[i]);
	if (st == VL_OK && n > shown)
		st = vl_buf_printf(out, err, " and %zu more", n - shown);
	return st == VL_OK ? vl_buf_printf(out, err, "%c", 0) : st;
}

static enum vl_status
refuse_first(const struct rows_plan *p, struct rows_scratch *s, size_t table,
    struct vl_err *err)
{
	struct vl_buf key = { 0 };
	struct vl_buf rows = { 0 };
	char shown[SHOWN_MAX];
	enum vl_status st = VL_OK;
	bool found = false;

	st = rows_scratch_double(s, table, &key, &found, err);
	if (st == VL_OK && found)
		st = list_rows(s, table, vl_buf_slice(&key), &rows, err);
	if (st == VL_OK && found)
		st = vl_fail(err, VL_EREFUSED,
		    "table '%s': rows %s have one key, %s: rename all but one, "
		    "or give the table a key that tells them apart",
		    p->tables[table].schema->name, (const char *)rows.p,
		    vl_escape_text(shown, sizeof(shown), vl_buf_slice(&key)));
	vl_buf_free(&rows);
	vl_buf_free(&key);
	return st;
}

static enum vl_status
tell_groups(const struct rows_plan *p, struct rows_scratch *s, size_t table,
    sqlite3_stmt *q, struct vl_err *err)
{
	struct vl_slice key = { 0 };
	int64_t r[2] = { 0 };
	int got = SQLITE_ROW;

	for (;;) {
		got = sqlite3_step(q);
		if (got != SQLITE_ROW)
			break;
		key = lite_bytes(q, 0);
		r[0] = sqlite3_column_int64(q, 2);
		r[1] = sqlite3_column_int64(q, 3);
		p->ear->doubles(p->ear->arg, &p->tables[table], key,
		    (uint64_t)sqlite3_column_int64(q, 1), r);
	}
	return got == SQLITE_DONE ? VL_OK : lite_fail(s->db, SCRATCH_WHAT, err);
}

/* The first groups, or how many there are. */
static enum vl_status
tell_some(const struct rows_plan *p, struct rows_scratch *s, size_t table,
    bool all, struct vl_err *err)
{
	struct vl_buf sql = { 0 };
	sqlite3_stmt *q = NULL;
	enum vl_status st = VL_OK;

	if (all)
		st = vl_buf_add_text(
		    &sql, "SELECT x'', total(n), count(*), 0 FROM(", err);
	if (st == VL_OK)
		st = vl_buf_printf(&sql, err,
		    "SELECT key, count(*) n, min(r), max(r) FROM k%zu", table);
	if (st == VL_OK)
		st = scratch_doubles(&sql, &p->tables[table], err);
	if (st == VL_OK && all)
		st = vl_buf_add_text(&sql, ") HAVING count(*) > 0", err);
	else if (st == VL_OK)
		st = vl_buf_printf(
		    &sql, err, " ORDER BY min(r) LIMIT %d", GROUPS_SHOWN);
	if (st == VL_OK)
		st = vl_buf_printf(&sql, err, "%c", 0);
	if (st == VL_OK)
		st = scratch_prepare(s, &q, (const char *)sql.p, err);
	if (st == VL_OK)
		st = tell_groups(p, s, table, q, err);
	(void)sqlite3_finalize(q);
	vl_buf_free(&sql);
	return st;
}

/* Of each table, so that all is looked at. */
static enum vl_status
tell(const struct rows_plan *p, struct rows_scratch *s, size_t table,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (p->tables[table].unsure)
		return VL_OK;
	st = scratch_settle(s, table, err);
	if (st == VL_OK)
		st = tell_some(p, s, table, false, err);
	return st == VL_OK ? tell_some(p, s, table, true, err) : st;
}

enum vl_status
rows_equal_check(const struct rows_plan *p, struct rows_scratch *s,
    size_t table, struct vl_err *err)
{
	return p->ear != NULL ? tell(p, s, table, err) :
	                        refuse_first(p, s, table, err);
}
