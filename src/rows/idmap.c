/*
 * From the key of a row of the bundle to the integer id that it has here: an
 * open hash table for each table of the target that is asked for.  Beyond
 * IDMAP_MAX the stage serves.
 *
 * Keys are known by 64 bits of a hash alone.  Of two rows with one hash none
 * is kept.  A key of a row that only the target has may still meet that of
 * another row; what is written then is not what the bundle says, and the
 * proof refuses it.
 */

#include <stdlib.h>

#include <valise/crypt.h>

#include "put.h"

#define IDMAP_MAX (1u << 20) /* slots, of all tables */

struct slot {
	uint64_t hash; /* 0: empty */
	int64_t id;    /* ROWS_NOWHERE: of two rows, or of none here */
};

struct table_ids {
	struct slot *slots;
	size_t n; /* a power of two */
	bool never;
};

struct rows_idmap {
	struct table_ids *tables;
	size_t ntables;
	size_t slots; /* of all */
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
	for (i = 0; m->tables != NULL && i < m->ntables; i++)
		free(m->tables[i].slots);
	free(m->tables);
	free(m);
}

static uint64_t
hash_of(struct vl_slice key)
{
	uint64_t hash = vl_xxh64(key);

	return hash == 0 ? 1 : hash;
}

/* Where the hash is, or would be. */
static struct slot *
look(const struct table_ids *t, uint64_t hash)
{
	size_t at = (size_t)hash & (t->n - 1);

	while (t->slots[at].hash != 0 && t->slots[at].hash != hash)
		at = (at + 1) & (t->n - 1);
	return &t->slots[at];
}

static void
add_row(struct table_ids *t, const struct rows_staged *row)
{
	uint64_t hash = hash_of(row->key);
	struct slot *slot = look(t, hash);
	bool new = row->act == ROWS_NEW || row->act == ROWS_AGAIN_NEW;

	if (slot->hash != 0 || (new && row->id.type != VL_CELL_INT))
		slot->id = ROWS_NOWHERE;
	else
		slot->id = new ? row->id.integer : row->r;
	slot->hash = hash;
}

static enum vl_status
load(struct vl_rows_put *p, size_t table, struct vl_err *err)
{
	struct table_ids *t = &p->idmap->tables[table];
	uint64_t rows = rows_stage_rows(p->stage, table);
	struct rows_staging *g = NULL;
	struct rows_staged row = { 0 };
	enum vl_status st = VL_OK;
	bool more = true;
	size_t n = 16;

	while (n < IDMAP_MAX && n < rows + rows / 2)
		n *= 2;
	t->never = n + p->idmap->slots > IDMAP_MAX;
	if (t->never)
		return VL_OK;
	t->slots = calloc(n, sizeof(*t->slots));
	if (t->slots == NULL)
		return vl_fail_memory(err);
	t->n = n;
	p->idmap->slots += n;
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
	const struct slot *slot = NULL;
	enum vl_status st = VL_OK;

	*found = false;
	if (t->slots == NULL && !t->never)
		st = load(p, table, err);
	if (st != VL_OK || t->slots == NULL)
		return st;
	slot = look(t, hash_of(key));
	*found = slot->hash != 0 && slot->id != ROWS_NOWHERE;
	*id = slot->id;
	return VL_OK;
}
