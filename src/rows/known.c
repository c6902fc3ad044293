/*
 * Notes in memory.  Those of a table are held there as they come, and are not
 * in the database unless something is asked that only it can answer; of a
 * table with integer ids that was put there, all are read again once enough of
 * them were asked for that reading pays.  Beyond KNOWN_MAX the database
 * serves.
 */

#include <stdlib.h>

#include "scratch.h"

#define KNOWN_MAX (20u << 20) /* bytes, of all tables */
#define PAYS      32          /* a part of the rows that were asked for */

struct known_row {
	int64_t r;
	uint32_t at; /* of its key, which ends where the next begins */
	uint16_t entry;
	uint8_t state;
};

static void
forget(struct rows_scratch *s, struct scratch_known *k)
{
	s->known -= k->bytes;
	free(k->rows);
	vl_buf_free(&k->keys);
	*k = (struct scratch_known){ .never = k->never, .closed = k->closed };
}

/* Room for one more row, and for where its key ends. */
static bool
reserve(struct scratch_known *k)
{
	size_t cap = k->cap < 64 ? 64 : 2 * k->cap;
	struct known_row *rows = k->rows;

	if (k->n + 1 < k->cap)
		return true;
	rows = reallocarray(rows, cap, sizeof(*rows));
	if (rows == NULL)
		return false;
	k->rows = rows;
	k->cap = cap;
	return true;
}

/* One more row; false where it does not fit in. */
static bool
add_row(struct rows_scratch *s, struct scratch_known *k,
    const struct rows_note *note)
{
	size_t bytes = sizeof(*k->rows) + note->key.n;

	if (note->parent.type != VL_CELL_NULL || note->entry > UINT16_MAX ||
	    s->known + bytes > KNOWN_MAX ||
	    (k->n > 0 && note->r <= k->rows[k->n - 1].r) || !reserve(k) ||
	    vl_buf_add(&k->keys, note->key, NULL) != VL_OK)
		return false;
	k->rows[k->n++] = (struct known_row){ .r = note->r,
		.at = (uint32_t)(k->keys.n - note->key.n),
		.entry = (uint16_t)note->entry,
		.state = (uint8_t)note->state };
	k->rows[k->n].at = (uint32_t)k->keys.n;
	k->bytes += bytes;
	s->known += bytes;
	return true;
}

static void
read_row(const struct scratch_known *k, size_t at, struct rows_note *note)
{
	*note = (struct rows_note){ .r = k->rows[at].r,
		.entry = k->rows[at].entry,
		.state = (enum rows_state)k->rows[at].state,
		.key = { k->keys.p + k->rows[at].at,
		    k->rows[at + 1].at - k->rows[at].at } };
}

bool
scratch_known_at(
    struct rows_scratch *s, size_t table, size_t at, struct rows_note *note)
{
	const struct scratch_known *k = &s->tables[table].known;

	if (at >= k->n)
		return false;
	read_row(k, at, note);
	return true;
}

/* Its notes are a row, a key and what became of it, and stay so. */
static bool
may_hold(const struct rows_table *t)
{
	size_t i = 0;

	for (i = 0; i < t->nentries; i++)
		if (t->entries[i].multiset)
			return false;
	return t->nslots == 0 && t->nordinal == 0 && !t->brought;
}

bool
scratch_hold(struct rows_scratch *s, size_t table, const struct rows_note *note)
{
	struct scratch_known *k = &s->tables[table].known;

	if (k->closed || !may_hold(&s->plan->tables[table]) ||
	    !add_row(s, k, note))
		return false;
	k->held = true;
	k->loaded = true;
	return true;
}

enum vl_status
scratch_settle(struct rows_scratch *s, size_t table, struct vl_err *err)
{
	struct scratch_known *k = &s->tables[table].known;
	struct rows_note note = { 0 };
	enum vl_status st = VL_OK;
	bool held = k->held;
	size_t i = 0;

	k->held = false;
	k->closed = true;
	for (i = 0; st == VL_OK && held && i < k->n; i++) {
		read_row(k, i, &note);
		st = scratch_insert(s, table, &note, err);
	}
	return st;
}

void
scratch_forget_known(struct rows_scratch *s, size_t table)
{
	forget(s, &s->tables[table].known);
}

enum vl_status
rows_scratch_rest(struct rows_scratch *s, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < s->ntables; i++) {
		st = scratch_settle(s, i, err);
		scratch_forget_known(s, i);
	}
	(void)sqlite3_db_release_memory(s->db);
	return st;
}

static enum vl_status
load(struct rows_scratch *s, size_t table, struct vl_err *err)
{
	struct scratch_table *t = &s->tables[table];
	struct rows_each *each = NULL;
	struct rows_note note = { 0 };
	enum vl_status st = VL_OK;
	bool row = true;

	if (t->rows > KNOWN_MAX / sizeof(*t->known.rows)) {
		t->known.never = true;
		return VL_OK;
	}
	t->known.loaded = true;
	st = rows_each_open(&each, s, table, ROWS_BY_ROW, err);
	while (st == VL_OK) {
		st = rows_each_next(each, &note, &row, err);
		if (st != VL_OK || !row)
			break;
		if (!add_row(s, &t->known, &note)) {
			t->known.never = true;
			scratch_forget_known(s, table);
			break;
		}
	}
	rows_each_free(each);
	return st;
}

/* The last row up to `r`.  Ids mostly count, so that it is near the place that
 * a straight line gives it. */
static size_t
search(const struct scratch_known *k, int64_t r)
{
	size_t low = 0;
	size_t high = k->n;
	size_t step = 1;
	double at = 0;

	if (k->n < 2 || r <= k->rows[0].r || r >= k->rows[k->n - 1].r)
		return k->n > 0 && r > k->rows[0].r ? k->n - 1 : 0;
	at = ((double)r - (double)k->rows[0].r) /
	    ((double)k->rows[k->n - 1].r - (double)k->rows[0].r);
	low = (size_t)(at * (double)(k->n - 1));
	if (k->rows[low].r > r) {
		for (high = low; k->rows[low].r > r; step *= 2) {
			high = low;
			low = low > step ? low - step : 0;
		}
	} else {
		for (high = low; high < k->n && k->rows[high].r <= r;
		     step *= 2) {
			low = high;
			high = k->n - high > step ? high + step : k->n;
		}
	}
	while (high - low > 1) {
		step = low + (high - low) / 2;
		if (k->rows[step].r <= r)
			low = step;
		else
			high = step;
	}
	return low;
}

enum vl_status
scratch_find_known(struct rows_scratch *s, size_t table, int64_t r,
    struct rows_note *note, bool *found, bool *known, struct vl_err *err)
{
	struct scratch_known *k = &s->tables[table].known;
	enum vl_status st = VL_OK;
	size_t at = 0;

	if (!k->loaded && !k->never &&
	    ++k->asked > s->tables[table].rows / PAYS)
		st = load(s, table, err);
	*known = st == VL_OK && k->loaded;
	if (!*known)
		return st;
	/* Rows that refer to one row mostly stand together. */
	at = k->last;
	if (at >= k->n || k->rows[at].r != r)
		at = search(k, r);
	k->last = at;
	*found = at < k->n && k->rows[at].r == r;
	if (*found)
		read_row(k, at, note);
	return VL_OK;
}
