/*
 * Rows that own each other round in a circle, of a table whose rows own one
 * another: none of them could go with its owner.  From the rows down that
 * nothing owns what is owned is taken away, level by level, and so, upwards,
 * what owns nothing; what is left is in a circle, or between two.
 *
 * At a target a circle that was there before the import is not its own: one
 * counts in which it wrote who owns a row.
 *
 *	own(r, up)	a row that travels, and one that owns it
 *	top(r)		rows that nothing owns any more, of one level
 *	low(r)		those below them
 *	turned(r, up)	a copy of own, upside down
 *
 * Where the row above is a part of the key, tree.c refuses it.
 */

#include <stdio.h>

#include <valise/text.h>

#include "put.h"
#include "scratch.h"

#define SHOWN_MAX 256

static const char *const schema =
    "DROP TABLE IF EXISTS own; DROP TABLE IF EXISTS top;"
    "DROP TABLE IF EXISTS low; DROP TABLE IF EXISTS turned;"
    "CREATE TABLE own(r, up, PRIMARY KEY(r, up)) WITHOUT ROWID;"
    "CREATE INDEX own_up ON own(up);"
    "CREATE TABLE top(r INTEGER PRIMARY KEY);"
    "CREATE TABLE low(r INTEGER PRIMARY KEY);"
    "CREATE TABLE turned(r, up, PRIMARY KEY(r, up)) WITHOUT ROWID;";

/* One level; the last but one says whether there is another. */
static const char *const level[] = {
	"INSERT OR IGNORE INTO low"
	" SELECT own.r FROM top CROSS JOIN own ON own.up = top.r",
	"DELETE FROM own WHERE up IN (SELECT r FROM top)",
	"DELETE FROM top",
	"INSERT INTO top SELECT r FROM low WHERE NOT EXISTS"
	"(SELECT 1 FROM own WHERE own.r = low.r)",
	"DELETE FROM low",
};
#define LEVEL (sizeof(level) / sizeof(level[0]))

struct circle {
	const struct rows_plan *p;
	struct rows_scratch *s;
	size_t table;
	sqlite3_stmt *add;
	sqlite3_stmt *up;
	struct vl_err *err;
};

/* The owner is of the same table, whichever row it is. */
static bool
owns_itself(
    const struct rows_table *t, const struct rows_entry *e, size_t table)
{
	const struct rows_column *c = NULL;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; !e->skipped && i < e->nowners; i++) {
		c = &t->columns[e->owners[i]];
		for (k = 0; k < c->nrefs; k++)
			if (c->refs[k].to == table &&
			    !rows_in_key(e, e->owners[i]))
				return true;
	}
	return false;
}

static bool
may_be(const struct rows_plan *p, size_t table)
{
	const struct rows_table *t = &p->tables[table];
	size_t i = 0;

	for (i = 0; i < t->nentries; i++)
		if (owns_itself(t, &t->entries[i], table))
			return true;
	return false;
}

/* Each owner of the reader's row. */
static enum vl_status
add_owners(struct circle *c, const struct rows_reader *rd)
{
	const struct rows_entry *e = &rd->t->entries[rd->entry];
	const struct rows_ref *ref = NULL;
	struct rows_note owner = { 0 };
	struct vl_cell id = { 0 };
	enum vl_status st = VL_OK;
	bool found = false;
	int bound = 0;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < e->nowners; i++) {
		if (!rows_above(rd, e->owners[i], c->table, &id) ||
		    id.type == VL_CELL_NULL)
			continue;
		ref = rows_whole(rd, e->owners[i]);
		st = rows_scratch_find(
		    c->s, c->table, ref->column, &id, &owner, &found, c->err);
		if (st != VL_OK || !found)
			continue;
		bound = sqlite3_bind_int64(c->add, 1, rd->r);
		bound |= sqlite3_bind_int64(c->add, 2, owner.r);
		st = lite_done(c->s->db, c->add, bound, SCRATCH_WHAT, c->err);
	}
	return st;
}

static enum vl_status
read_owners(struct circle *c, struct vl_db *db)
{
	struct rows_each *each = NULL;
	struct rows_reader rd = { 0 };
	struct rows_note note = { 0 };
	enum vl_status st = VL_OK;
	bool noted = true;
	bool row = true;

	st = rows_reader_open(&rd, db, c->p, c->table, NULL, c->err);
	if (st == VL_OK)
		st = rows_each_open(&each, c->s, c->table, ROWS_BY_ROW, c->err);
	while (st == VL_OK) {
		st = rows_reader_next(&rd, &row, c->err);
		if (st == VL_OK)
			st = rows_each_next(each, &note, &noted, c->err);
		if (st != VL_OK || !row || !noted)
			break;
		if (note.state == ROWS_CARRIED && !rd.stray)
			st = add_owners(c, &rd);
	}
	rows_each_free(each);
	rows_reader_close(&rd);
	return st;
}

static enum vl_status
take_levels(struct circle *c)
{
	sqlite3_stmt *q[LEVEL] = { NULL };
	enum vl_status st = scratch_run(c->s,
	    "INSERT INTO top SELECT DISTINCT up FROM own AS o WHERE NOT"
	    " EXISTS(SELECT 1 FROM own WHERE own.r = o.up)",
	    c->err);
	bool more = sqlite3_changes(c->s->db) > 0;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < LEVEL; i++)
		st = scratch_prepare(c->s, &q[i], level[i], c->err);
	while (st == VL_OK && more) {
		for (i = 0; st == VL_OK && i < LEVEL; i++) {
			st = lite_done(
			    c->s->db, q[i], SQLITE_OK, SCRATCH_WHAT, c->err);
			if (i + 2 == LEVEL)
				more = sqlite3_changes(c->s->db) > 0;
		}
	}
	for (i = 0; i < LEVEL; i++)
		(void)sqlite3_finalize(q[i]);
	return st;
}

/* What is above is below, and the other way round. */
static enum vl_status
turn(struct circle *c)
{
	return scratch_run(c->s,
	    "DELETE FROM turned; INSERT INTO turned SELECT up, r FROM own;"
	    " DELETE FROM own; INSERT INTO own SELECT r, up FROM turned",
	    c->err);
}

/* An owner of row `*r`, which has one. */
static enum vl_status
step(struct circle *c, int64_t *r)
{
	int got = sqlite3_bind_int64(c->up, 1, *r);
	enum vl_status st = VL_OK;

	if (got == SQLITE_OK)
		got = sqlite3_step(c->up);
	if (got == SQLITE_ROW)
		*r = sqlite3_column_int64(c->up, 0);
	else
		st = lite_fail(c->s->db, SCRATCH_WHAT, c->err);
	(void)sqlite3_reset(c->up);
	return st;
}

/* The key of the row, for messages. */
static enum vl_status
show(struct circle *c, int64_t r, char shown[SHOWN_MAX])
{
	struct rows_note note = { 0 };
	bool found = false;
	enum vl_status st =
	    rows_scratch_row(c->s, c->table, r, &note, &found, c->err);

	(void)vl_escape_text(shown, SHOWN_MAX, note.key);
	return st;
}

/* `r` is one of the circle. */
static enum vl_status
refuse(struct circle *c, int64_t r)
{
	const char *table = c->p->tables[c->table].schema->name;
	char shown[2][SHOWN_MAX];
	char counted[48];
	int64_t at = r;
	int64_t first = r;
	uint64_t n = 0;
	enum vl_status st = VL_OK;

	do {
		st = step(c, &at);
		first = at < first ? at : first;
		n++;
	} while (st == VL_OK && at != r);
	at = first;
	if (st == VL_OK)
		st = step(c, &at);
	if (st == VL_OK)
		st = show(c, first, shown[0]);
	if (st == VL_OK)
		st = show(c, at, shown[1]);
	if (st != VL_OK)
		return st;
	if (n == 1)
		return vl_fail(c->err, VL_EREFUSED,
		    "table '%s': row %s owns itself: mend it, or 'owned_by'",
		    table, shown[0]);
	(void)vl_format_counted(
	    counted, sizeof(counted), n - 2, "more row", "more rows");
	return vl_fail(c->err, VL_EREFUSED,
	    "table '%s': rows %s and %s own each other%s%s, in a circle: mend "
	    "one of them, or 'owned_by'",
	    table, shown[0], shown[1], n > 2 ? ", with " : "",
	    n > 2 ? counted : "");
}

/* The import wrote who owns the row. */
static enum vl_status
is_written(struct circle *c, int64_t r, bool *yes)
{
	const struct rows_table *t = &c->p->tables[c->table];
	const struct rows_entry *e = NULL;
	struct rows_staged row = { 0 };
	struct rows_note note = { 0 };
	enum vl_status st =
	    rows_scratch_row(c->s, c->table, r, &note, yes, c->err);
	size_t i = 0;

	if (st == VL_OK && *yes)
		st = rows_stage_find(
		    c->p->written, c->table, note.key, &row, yes, c->err);
	if (st != VL_OK || !*yes || row.act == ROWS_NEW)
		return st;
	*yes = false;
	e = &t->entries[note.entry];
	for (i = 0; row.act == ROWS_UPDATE && i < e->nowners; i++)
		*yes = *yes || rows_what_writes(&row, e->owners[i]);
	return VL_OK;
}

/* `r` owns itself, by others or alone: then only what is in a circle with it
 * is left. */
static enum vl_status
narrow(struct circle *c, int64_t r, bool *yes)
{
	sqlite3_stmt *q[2] = { NULL };
	enum vl_status st = scratch_prepare(c->s, &q[0],
	    "WITH RECURSIVE a(r) AS (SELECT up FROM own WHERE r = ?1"
	    " UNION SELECT own.up FROM a JOIN own ON own.r = a.r)"
	    " SELECT 1 FROM a WHERE r = ?1",
	    c->err);
	int got = SQLITE_OK;

	if (st == VL_OK)
		st = scratch_prepare(c->s, &q[1],
		    "WITH RECURSIVE a(r) AS (SELECT ?1"
		    " UNION SELECT own.up FROM a JOIN own ON own.r = a.r),"
		    " b(r) AS (SELECT ?1"
		    " UNION SELECT own.r FROM b JOIN own ON own.up = b.r),"
		    " both(r) AS (SELECT r FROM a INTERSECT SELECT r FROM b)"
		    " DELETE FROM own WHERE r NOT IN both OR up NOT IN both",
		    c->err);
	if (st == VL_OK) {
		got = sqlite3_bind_int64(q[0], 1, r);
		got = got == SQLITE_OK ? sqlite3_step(q[0]) : got;
		*yes = got == SQLITE_ROW;
		if (got != SQLITE_ROW && got != SQLITE_DONE)
			st = lite_fail(c->s->db, SCRATCH_WHAT, c->err);
		(void)sqlite3_reset(q[0]);
	}
	if (st == VL_OK && *yes)
		st = lite_done(c->s->db, q[1], sqlite3_bind_int64(q[1], 1, r),
		    SCRATCH_WHAT, c->err);
	(void)sqlite3_finalize(q[0]);
	(void)sqlite3_finalize(q[1]);
	return st;
}

/* A row from which going up ends in a circle that counts. */
static enum vl_status
find_row(struct circle *c, int64_t *r, bool *found)
{
	sqlite3_stmt *q = NULL;
	enum vl_status st = scratch_prepare(
	    c->s, &q, "SELECT DISTINCT r FROM own ORDER BY r", c->err);
	int got = SQLITE_ROW;

	*found = false;
	while (st == VL_OK && !*found) {
		got = sqlite3_step(q);
		if (got != SQLITE_ROW)
			break;
		*r = sqlite3_column_int64(q, 0);
		*found = c->p->written == NULL;
		if (!*found)
			st = is_written(c, *r, found);
		if (st == VL_OK && *found)
			st = narrow(c, *r, found);
	}
	if (st == VL_OK && got != SQLITE_ROW && got != SQLITE_DONE)
		st = lite_fail(c->s->db, SCRATCH_WHAT, c->err);
	(void)sqlite3_finalize(q);
	return st;
}

/* Every row that is left has an owner which is, so that going up ends in a
 * circle. */
static enum vl_status
find_circle(struct circle *c)
{
	enum vl_status st = VL_OK;
	int64_t slow = 0;
	int64_t fast = 0;
	bool found = false;

	st = find_row(c, &slow, &found);
	if (st != VL_OK || !found)
		return st;
	fast = slow;
	do {
		st = step(c, &slow);
		if (st == VL_OK)
			st = step(c, &fast);
		if (st == VL_OK)
			st = step(c, &fast);
	} while (st == VL_OK && slow != fast);
	return st == VL_OK ? refuse(c, slow) : st;
}

enum vl_status
rows_circle_find(const struct rows_plan *p, struct rows_scratch *s,
    struct vl_db *db, size_t table, struct vl_err *err)
{
	struct circle c = { .p = p, .s = s, .table = table, .err = err };
	enum vl_status st = VL_OK;

	if (!may_be(p, table))
		return VL_OK;
	st = scratch_run(s, schema, err);
	if (st == VL_OK)
		st = scratch_prepare(
		    s, &c.add, "INSERT OR IGNORE INTO own VALUES(?1, ?2)", err);
	if (st == VL_OK)
		st = scratch_prepare(
		    s, &c.up, "SELECT min(up) FROM own WHERE r = ?1", err);
	if (st == VL_OK)
		st = read_owners(&c, db);
	if (st == VL_OK)
		st = take_levels(&c);
	if (st == VL_OK)
		st = turn(&c);
	if (st == VL_OK)
		st = take_levels(&c);
	if (st == VL_OK)
		st = turn(&c);
	if (st == VL_OK)
		st = find_circle(&c);
	(void)sqlite3_finalize(c.add);
	(void)sqlite3_finalize(c.up);
	if (st != VL_OK && rows_heard(p, &p->tables[table], NULL, err))
		return VL_OK;
	return st;
}
