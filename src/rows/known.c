/*
 * What ids mean, in memory: of a table with integer ids all notes, ascending,
 * once enough of them were asked for that reading them all pays.  A change of
 * the table throws them away.  Beyond KNOWN_MAX the database serves.
 */

#include <stdlib.h>

#include "scratch.h"

#define KNOWN_MAX (24u << 20) /* bytes, of all tables */
#define PAYS      32          /* a part of the rows that were asked for */

struct known_row {
	int64_t r;
	uint32_t at; /* its key */
	uint16_t n;
	uint16_t entry;
	uint8_t state;
};

void
scratch_forget_known(struct rows_scratch *s, size_t table)
{
	struct scratch_known *k = &s->tables[table].known;

	s->known -= k->bytes;
	free(k->rows);
	vl_buf_free(&k->keys);
	*k = (struct scratch_known){ .never = k->never };
}

/* One more row; false where it does not fit in. */
static bool
add_row(struct rows_scratch *s, struct scratch_known *k,
    const struct rows_note *note, struct vl_err *err)
{
	size_t bytes = sizeof(*k->rows) + note->key.n;

	if (note->parent.type != VL_CELL_NULL || note->entry > UINT16_MAX ||
	    note->key.n > UINT16_MAX || s->known + bytes > KNOWN_MAX ||
	    vl_buf_add(&k->keys, note->key, err) != VL_OK)
		return false;
	k->rows[k->n++] = (struct known_row){ .r = note->r,
		.at = (uint32_t)(k->keys.n - note->key.n),
		.n = (uint16_t)note->key.n,
		.entry = (uint16_t)note->entry,
		.state = (uint8_t)note->state };
	k->bytes += bytes;
	s->known += bytes;
	return true;
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
	t->known.rows = calloc(t->rows + 1, sizeof(*t->known.rows));
	if (t->known.rows == NULL)
		return vl_fail_memory(err);
	t->known.loaded = true;
	st = rows_each_open(&each, s, table, ROWS_BY_ROW, err);
	while (st == VL_OK) {
		st = rows_each_next(each, &note, &row, err);
		if (st != VL_OK || !row)
			break;
		if (!add_row(s, &t->known, &note, err)) {
			t->known.never = true;
			scratch_forget_known(s, table);
			break;
		}
	}
	rows_each_free(each);
	return st;
}

enum vl_status
scratch_find_known(struct rows_scratch *s, size_t table, int64_t r,
    struct rows_note *note, bool *found, bool *known, struct vl_err *err)
{
	struct scratch_known *k = &s->tables[table].known;
	enum vl_status st = VL_OK;
	size_t from = 0;
	size_t n = 0;

	if (!k->loaded && !k->never &&
	    ++k->asked > s->tables[table].rows / PAYS)
		st = load(s, table, err);
	*known = st == VL_OK && k->loaded;
	if (!*known)
		return st;
	for (n = k->n; n > 1; n -= n / 2)
		if (k->rows[from + n / 2].r <= r)
			from += n / 2;
	*found = n > 0 && k->rows[from].r == r;
	if (*found)
		*note = (struct rows_note){ .r = r,
			.entry = k->rows[from].entry,
			.state = (enum rows_state)k->rows[from].state,
			.key = {
			    k->keys.p + k->rows[from].at, k->rows[from].n } };
	return VL_OK;
}
