/*
 * Where an export ends, a check goes on: the failure is told, and what is at
 * fault stands aside.
 */

#include <stdlib.h>

#include "ear.h"
#include "scratch.h"

#define GROUPS_SHOWN 5

/* What a profile or a row has wrong; not what the system has. */
static bool
is_fault(const struct vl_err *err)
{
	return err->status == VL_EUSAGE || err->status == VL_EREFUSED ||
	    err->status == VL_ELIMIT;
}

bool
rows_heard(const struct rows_plan *p, const struct rows_table *t,
    const char *line, struct vl_err *err)
{
	if (p->ear == NULL || !is_fault(err))
		return false;
	p->ear->wrong(p->ear->arg, t, line, err);
	*err = (struct vl_err){ 0 };
	return true;
}

bool
rows_heard_row(
    const struct rows_plan *p, const struct rows_table *t, struct vl_err *err)
{
	if (p->ear == NULL || !is_fault(err))
		return false;
	p->ear->row(p->ear->arg, t, err);
	*err = (struct vl_err){ 0 };
	return true;
}

enum vl_status
rows_ear_key(struct rows_table *t, struct rows_entry *e, struct vl_err *err)
{
	free(e->key);
	free(e->ofs);
	free(e->owners);
	free(e->ordinal);
	e->key = NULL;
	e->ofs = NULL;
	e->owners = NULL;
	e->ordinal = NULL;
	e->nkey = 0;
	e->nowners = 0;
	e->nordinal = 0;
	t->unsure = true;
	return rows_primary_key(t->schema, &e->key, &e->nkey, err);
}

void
rows_ear_blind(const struct rows_plan *p)
{
	*p->ear->blind = true;
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

/* The first groups, and how many there are. */
static enum vl_status
ask(const struct rows_plan *p, struct rows_scratch *s, size_t table, bool all,
    struct vl_err *err)
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

enum vl_status
rows_ear_doubles(const struct rows_plan *p, struct rows_scratch *s,
    size_t table, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (p->tables[table].unsure)
		return VL_OK;
	st = scratch_settle(s, table, err);
	if (st == VL_OK)
		st = ask(p, s, table, false, err);
	return st == VL_OK ? ask(p, s, table, true, err) : st;
}
