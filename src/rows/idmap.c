/*
 * From the key of a row of the bundle to the integer id that it has here: an
 * open hash table for each table of the target that is asked for.  Beyond
 * IDMAP_MAX the stage serves.
 *
 * Keys are known by a hash alone: by 64 bits of it, or, where the ids count
 * on and follow from the number of a row, by 43 beside that number and by the
 * place, so that a slot takes half the room.  Of two rows with one hash none
 * is kept.  A key of a row that only the target has may still meet that of
 * another row; what is written then is not what the bundle says, and the
 * proof refuses it.
 */

#include <stdlib.h>

#include <valise/crypt.h>

#include "put.h"

#define IDMAP_MAX   (16u << 20) /* bytes, of all tables */
#define NUMBER_BITS 21
#define NO_NUMBER   ((UINT64_C(1) << NUMBER_BITS) - 1) /* as ROWS_NOWHERE */

struct table_ids {
	uint64_t *slots; /* a hash; or its end, and a number; 0: empty */
	int64_t *ids;    /* ROWS_NOWHERE: of two rows, or of none here; NULL:
	                  * they follow from numbers */
	int64_t first;   /* of number 1 */
	size_t n;
	bool never;
};

struct rows_idmap {
	struct table_ids *tables;
	size_t ntables;
	size_t bytes; /* of all */
};

enum vl_status
rows_idmap_open(struct rows_idmap **out, size_t ntables, struct vl_err *err)
{
	struct rows_idmap *m = calloc(1, sizeof(*m));

	*out = m;
	if (m == NULL)
		return vl_fail_memory(err);
	m->ntables = ntables;
	m->tables = calloc(ntables + 1, sizeof(*m->tables));
	return m->tables == NULL ? vl_fail_memory(err) : VL_OK;
}

void
rows_idmap_free(struct rows_idmap *m)
{
	size_t i = 0;

	if (m == NULL)
		return;
	for (i = 0; m->tables != NULL && i < m->ntables; i++) {
		free(m->tables[i].slots);
		free(m->tables[i].ids);
	}
	free(m->tables);
	free(m);
}

/* What a slot knows a key by, and where that is, or would be. */
static size_t
look(const struct table_ids *t, struct vl_slice key, uint64_t *known)
{
	unsigned beside = t->ids == NULL ? NUMBER_BITS : 0;
	uint64_t hash = vl_xxh64(key);
	size_t at = (size_t)((hash >> 32) * t->n >> 32);

	*known = hash << beside;
	if (*known == 0)
		*known = UINT64_C(1) << beside;
	while (t->slots[at] != 0 && t->slots[at] >> beside != *known >> beside)
		at = at + 1 == t->n ? 0 : at + 1;
	return at;
}

static void
add_row(struct table_ids *t, const struct rows_staged *row)
{
	bool new = row->act == ROWS_NEW || row->act == ROWS_AGAIN_NEW;
	bool known = !new || row->id.type == VL_CELL_INT;
	uint64_t hash = 0;
	size_t at = look(t, row->key, &hash);
	bool two = t->slots[at] != 0;

	t->slots[at] = hash;
	if (t->ids == NULL)
		t->slots[at] |= two ? NO_NUMBER : (uint64_t)row->n;
	else if (two || !known)
		t->ids[at] = ROWS_NOWHERE;
	else
		t->ids[at] = new ? row->id.integer : row->r;
}

/* Room for so many rows; false where there is none. */
static bool
make_room(struct rows_idmap *m, struct table_ids *t, uint64_t rows)
{
	size_t one = sizeof(*t->slots);
	bool numbered = t->first != 0 && rows < NO_NUMBER;

	if (!numbered)
		one += sizeof(*t->ids);
	t->never = rows > IDMAP_MAX / one;
	t->n = (size_t)rows + (size_t)rows / 4 + 16;
	if (t->never || t->n * one > IDMAP_MAX - m->bytes) {
		t->never = true;
		return true;
	}
	m->bytes += t->n * one;
	t->slots = calloc(t->n, sizeof(*t->slots));
	if (!numbered)
		t->ids = calloc(t->n, sizeof(*t->ids));
	return t->slots != NULL && (numbered || t->ids != NULL);
}

static enum vl_status
load(struct vl_rows_put *p, size_t table, struct vl_err *err)
{
	struct table_ids *t = &p->idmap->tables[table];
	struct rows_staging *g = NULL;
	struct rows_staged row = { 0 };
	enum vl_status st = VL_OK;
	bool more = true;

	(void)rows_stage_numbered(p->stage, table, &t->first);
	if (!make_room(p->idmap, t, rows_stage_rows(p->stage, table)))
		return vl_fail_memory(err);
	if (t->never)
		return VL_OK;
	st = rows_staging_all(&g, p->stage, table, err);
	while (st == VL_OK) {
		st = rows_staging_next(g, &row, &more, err);
		if (st != VL_OK || !more)
			break;
		add_row(t, &row);
	}
	rows_staging_free(g);
	return st;
}

enum vl_status
rows_idmap_find(struct vl_rows_put *p, size_t table, struct vl_slice key,
    int64_t *id, bool *found, struct vl_err *err)
{
	struct table_ids *t = &p->idmap->tables[table];
	enum vl_status st = VL_OK;
	uint64_t known = 0;
	size_t at = 0;

	*found = false;
	if (t->slots == NULL && !t->never)
		st = load(p, table, err);
	if (st != VL_OK || t->slots == NULL)
		return st;
	at = look(t, key, &known);
	if (t->slots[at] == 0)
		return VL_OK;
	*id = t->ids != NULL ?
	    t->ids[at] :
	    t->first - 1 + (int64_t)(t->slots[at] & NO_NUMBER);
	*found = t->ids != NULL ? *id != ROWS_NOWHERE :
	                          (t->slots[at] & NO_NUMBER) != NO_NUMBER;
	return VL_OK;
}
