/*
 * How rows of the bundle find theirs here, where `match` says more than the
 * key: each way in turn, as the entry of the row here has them.  A row that is
 * found by its id, or as the one that was brought, is called as the bundle
 * calls it; its own key counts no more.
 *
 *	c(t, r, key, place, own)
 *			rows that were found, the bundle's key of each, the
 *			place of the way in the list, and whether it is by
 *			their own key
 */

#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "brought.h"

#define SHOWN_MAX 256

struct matching {
	const struct rows_plan *p;
	struct rows_scratch *s;
	struct rows_brought *b;
	size_t table;
	/* The way at hand, and its place in the list. */
	enum vl_match_by by;
	size_t place;
	bool all;             /* of rename_others() */
	sqlite3_stmt *by_row; /* of c */
	sqlite3_stmt *by_key;
	sqlite3_stmt *add;
	struct vl_buf key; /* of the row of the bundle at hand */
	struct vl_err *err;
};

static size_t
place_of(const struct rows_entry *e, enum vl_match_by by)
{
	size_t i = 0;

	if (e->words == NULL || e->words->nmatch == 0)
		return by == VL_MATCH_KEY ? 0 : NONE;
	for (i = 0; i < e->words->nmatch; i++)
		if (e->words->match[i] == by)
			return i;
	return NONE;
}

/* Rows of the entry are looked for in this way at this place of its list; by
 * their key only where that is not the last, as rows of one name are one
 * anyway. */
static bool
tries(const struct rows_entry *e, enum vl_match_by by, size_t place)
{
	if (!e->called || place_of(e, by) != place)
		return false;
	return by != VL_MATCH_KEY || place + 1 < e->words->nmatch;
}

static bool
early_key(const struct rows_entry *e)
{
	size_t place = place_of(e, VL_MATCH_KEY);

	return place != NONE && tries(e, VL_MATCH_KEY, place);
}

static bool
some_tries(const struct rows_table *t, enum vl_match_by by, size_t place)
{
	size_t i = 0;

	for (i = 0; i < t->nentries; i++)
		if (tries(&t->entries[i], by, place))
			return true;
	return false;
}

static enum vl_status
begin(struct matching *m)
{
	sqlite3 *db = m->b->db;
	sqlite3_stmt *clear = NULL;
	enum vl_status st = lite_prepare(
	    db, &clear, "DELETE FROM c WHERE t = ?1", BROUGHT_WHAT, m->err);

	if (st == VL_OK)
		st = lite_done(db, clear,
		    sqlite3_bind_int64(clear, 1, (int64_t)m->table),
		    BROUGHT_WHAT, m->err);
	(void)sqlite3_finalize(clear);
	if (st == VL_OK)
		st = lite_prepare(db, &m->by_row,
		    "SELECT key FROM c WHERE t = ?1 AND r = ?2", BROUGHT_WHAT,
		    m->err);
	if (st == VL_OK)
		st = lite_prepare(db, &m->by_key,
		    "SELECT place FROM c WHERE t = ?1 AND key = ?2",
		    BROUGHT_WHAT, m->err);
	if (st == VL_OK)
		st = lite_prepare(db, &m->add,
		    "INSERT INTO c VALUES(?1, ?2, ?3, ?4, ?5)", BROUGHT_WHAT,
		    m->err);
	return st;
}

static void
end(struct matching *m)
{
	(void)sqlite3_finalize(m->by_row);
	(void)sqlite3_finalize(m->by_key);
	(void)sqlite3_finalize(m->add);
	vl_buf_free(&m->key);
}

/* The row of the bundle at hand has found one, at that place of the list. */
static enum vl_status
is_found(struct matching *m, bool *found, size_t *place)
{
	int bound = sqlite3_bind_int64(m->by_key, 1, (int64_t)m->table);
	enum vl_status st = VL_OK;

	bound |= lite_bind_bytes(m->by_key, 2, vl_buf_slice(&m->key));
	st = brought_step(m->b, m->by_key, bound, found, m->err);
	if (*found)
		*place = (size_t)sqlite3_column_int64(m->by_key, 0);
	(void)sqlite3_reset(m->by_key);
	return st;
}

static enum vl_status
refuse_two(struct matching *m, struct vl_slice other, int64_t r)
{
	char shown[2][SHOWN_MAX];

	return vl_fail(m->err, VL_EREFUSED,
	    "table '%s': rows %s and %s of the bundle are both row %lld here, "
	    "as 'match' finds them: mend one of them, or 'match'",
	    m->p->tables[m->table].schema->name,
	    vl_escape_text(shown[0], SHOWN_MAX, other),
	    vl_escape_text(shown[1], SHOWN_MAX, vl_buf_slice(&m->key)),
	    (long long)r);
}

/* `note` is the row here that the one at hand has found. */
static enum vl_status
take(struct matching *m, struct rows_note *note)
{
	struct vl_slice key = vl_buf_slice(&m->key);
	int bound = sqlite3_bind_int64(m->by_row, 1, (int64_t)m->table);
	enum vl_status st = VL_OK;
	bool taken = false;

	bound |= sqlite3_bind_int64(m->by_row, 2, note->r);
	st = brought_step(m->b, m->by_row, bound, &taken, m->err);
	if (st == VL_OK && taken && m->by != VL_MATCH_KEY)
		st = refuse_two(m, lite_bytes(m->by_row, 0), note->r);
	(void)sqlite3_reset(m->by_row);
	if (st != VL_OK || taken)
		return st;
	bound = sqlite3_bind_int64(m->add, 1, (int64_t)m->table);
	bound |= sqlite3_bind_int64(m->add, 2, note->r);
	bound |= lite_bind_bytes(m->add, 3, key);
	bound |= sqlite3_bind_int64(m->add, 4, (int64_t)m->place);
	bound |= sqlite3_bind_int(m->add, 5, m->by == VL_MATCH_KEY);
	st = lite_done(m->b->db, m->add, bound, BROUGHT_WHAT, m->err);
	if (st != VL_OK ||
	    (note->state == ROWS_CARRIED && vl_slice_equal(note->key, key)))
		return st;
	note->state = ROWS_CARRIED;
	note->key = key;
	return rows_scratch_set(m->s, m->table, note, m->err);
}

/* Each row that `sql` finds for the table. */
static enum vl_status
for_each(struct matching *m, const char *sql,
    enum vl_status (*one)(struct matching *m, sqlite3_stmt *q))
{
	sqlite3_stmt *q = NULL;
	enum vl_status st =
	    lite_prepare(m->b->db, &q, sql, BROUGHT_WHAT, m->err);
	int bound = st == VL_OK ? sqlite3_bind_int64(q, 1, (int64_t)m->table) :
	                          SQLITE_OK;
	bool row = true;

	while (st == VL_OK) {
		st = brought_step(m->b, q, bound, &row, m->err);
		if (st != VL_OK || !row)
			break;
		st = one(m, q);
	}
	(void)sqlite3_finalize(q);
	return st;
}

/* Each row of the bundle with what it is looked for by in that way. */
static const char *const asked[] = {
	[VL_MATCH_KEY] = "SELECT src, key FROM x WHERE t = ?1 ORDER BY key",
	[VL_MATCH_ID] = "SELECT src, key FROM x WHERE t = ?1 ORDER BY src",
	[VL_MATCH_BROUGHT] =
	    "SELECT b.here, x.key FROM b JOIN x ON x.t = b.t AND x.src = b.src"
	    " WHERE b.t = ?1 ORDER BY b.here",
};

static enum vl_status
try_one(struct matching *m, sqlite3_stmt *q)
{
	const struct rows_table *t = &m->p->tables[m->table];
	struct rows_note note = { 0 };
	struct vl_cell id = { 0 };
	enum vl_status st = VL_OK;
	size_t before = 0;
	bool found = false;

	vl_buf_clear(&m->key);
	st = vl_buf_add(&m->key, lite_bytes(q, 1), m->err);
	if (st == VL_OK)
		st = is_found(m, &found, &before);
	/* Two rows that were both made of it have one name then. */
	if (st != VL_OK ||
	    (found && (m->by != VL_MATCH_BROUGHT || before < m->place)))
		return st;
	if (m->by == VL_MATCH_KEY) {
		st = rows_scratch_by_key(m->s, m->table, vl_buf_slice(&m->key),
		    &note, &found, m->err);
	} else {
		st = brought_read_here(m->b, q, &id, m->err);
		if (st == VL_OK)
			st = rows_scratch_find(
			    m->s, m->table, NONE, &id, &note, &found, m->err);
	}
	if (st != VL_OK || !found ||
	    (note.state != ROWS_CARRIED && note.state != ROWS_UNRESOLVED) ||
	    !tries(&t->entries[note.entry], m->by, m->place))
		return st;
	return take(m, &note);
}

enum vl_status
rows_match_call(const struct rows_plan *p, struct rows_scratch *s, size_t table,
    struct vl_err *err)
{
	static const enum vl_match_by ways[] = { VL_MATCH_KEY, VL_MATCH_ID,
		VL_MATCH_BROUGHT };
	struct matching m = {
		.p = p, .s = s, .b = p->brought, .table = table, .err = err
	};
	enum vl_status st = begin(&m);
	size_t place = 0;
	size_t i = 0;

	for (place = 0; place < 3; place++)
		for (i = 0; st == VL_OK && i < 3; i++)
			if (some_tries(&p->tables[table], ways[i], place)) {
				m.by = ways[i];
				m.place = place;
				st = for_each(&m, asked[m.by], try_one);
			}
	end(&m);
	return st;
}

/* Another row of that name than `r` is none of the bundle's: its name gets its
 * number behind it, which no key of a bundle has in this form.  Without m->all
 * where its entry does not say `key`. */
static enum vl_status
rename_others(struct matching *m, int64_t r)
{
	const struct rows_table *t = &m->p->tables[m->table];
	struct rows_note note = { 0 };
	struct vl_slice key = vl_buf_slice(&m->key);
	struct vl_buf other = { 0 };
	enum vl_status st = VL_OK;
	bool found = true;

	while (st == VL_OK && found) {
		st = rows_scratch_namesake(
		    m->s, m->table, key, r, &note, &found, m->err);
		if (st != VL_OK || !found ||
		    (!m->all &&
		        place_of(&t->entries[note.entry], VL_MATCH_KEY) !=
		            NONE))
			break;
		vl_buf_clear(&other);
		st = vl_buf_add(
		    &other, (struct vl_slice){ key.p, key.n - 1 }, m->err);
		if (st == VL_OK)
			st = vl_buf_printf(&other, m->err, ",{\"here\":%lld}]",
			    (long long)note.r);
		note.key = vl_buf_slice(&other);
		if (st == VL_OK)
			st = rows_scratch_set(m->s, m->table, &note, m->err);
	}
	vl_buf_free(&other);
	return st;
}

/* A key, and the row here. */
static enum vl_status
rename_one(struct matching *m, sqlite3_stmt *q)
{
	enum vl_status st = VL_OK;

	vl_buf_clear(&m->key);
	st = vl_buf_add(&m->key, lite_bytes(q, 0), m->err);
	return st == VL_OK ? rename_others(m, sqlite3_column_int64(q, 1)) : st;
}

enum vl_status
rows_match_rest(const struct rows_plan *p, struct rows_scratch *s, size_t table,
    struct vl_err *err)
{
	const struct rows_table *t = &p->tables[table];
	struct matching m = { .p = p,
		.s = s,
		.b = p->brought,
		.table = table,
		.all = true,
		.err = err };
	enum vl_status st = for_each(&m,
	    "SELECT key, r FROM c WHERE t = ?1 AND NOT own ORDER BY r",
	    rename_one);
	bool all = true; /* of the entries say `key` */
	size_t i = 0;

	for (i = 0; i < t->nentries; i++)
		all = all && place_of(&t->entries[i], VL_MATCH_KEY) != NONE;
	m.all = false;
	if (st == VL_OK && !all)
		st = for_each(&m,
		    "SELECT key, -9223372036854775808 FROM x WHERE t = ?1 AND "
		    "NOT EXISTS"
		    "(SELECT 1 FROM c WHERE c.t = x.t AND c.key = x.key)",
		    rename_one);
	vl_buf_free(&m.key);
	return st;
}

/* What the words cannot mean for this table. */
static const char *
fault(const struct rows_plan *p, size_t table, const struct rows_entry *e)
{
	const struct rows_table *t = &p->tables[table];

	if (e->by_id &&
	    (t->primary == NONE || t->columns[t->primary].role != ROWS_ID))
		return "'id' in 'match' beside 'key' needs a primary key of "
		       "one column, that is in no 'key' and no reference";
	if (early_key(e) && rows_tree_is(p, table))
		return "'key' is the last in 'match' where rows stand above "
		       "one another: what they are called follows from how "
		       "those above them are found";
	return NULL;
}

enum vl_status
rows_match_check(const struct rows_plan *p, const struct vl_rows_opts *opts,
    size_t table, struct vl_err *err)
{
	const struct rows_table *t = &p->tables[table];
	const char *what = NULL;
	size_t i = 0;

	for (i = 0; i < t->nentries; i++) {
		what = t->entries[i].called ? fault(p, table, &t->entries[i]) :
		                              NULL;
		if (what == NULL)
			continue;
		(void)rows_plan_fail(opts, ROWS_AT(t->entries[i].words), err,
		    "table '%s': %s", t->schema->name, what);
		if (!rows_heard(p, t, NULL, err))
			return err->status;
	}
	return VL_OK;
}
