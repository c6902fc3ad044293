/*
 * A row of the target that the source calls otherwise: found by its key here,
 * or by the column that the operator named, and read under the source's name.
 */

#include <stdlib.h>

#include "map.h"

bool
rows_map_has(const struct rows_plan *p, size_t table)
{
	size_t i = 0;

	for (i = 0; p->maps != NULL && i < p->maps->n; i++)
		if (p->maps->list[i].table == table)
			return true;
	for (i = 0; p->maps != NULL && i < p->maps->nbys; i++)
		if (p->maps->bys[i].table == table)
			return true;
	return false;
}

static const struct mapped_by *
by_of(const struct rows_maps *maps, size_t table)
{
	size_t i = 0;

	for (i = 0; i < maps->nbys; i++)
		if (maps->bys[i].table == table)
			return &maps->bys[i];
	return NULL;
}

bool
rows_map_by(const struct rows_plan *p, size_t table, size_t column)
{
	const struct mapped_by *by =
	    p->maps == NULL ? NULL : by_of(p->maps, table);

	return by != NULL && by->column == column;
}

/* The key that the row has here; false where not all of it was read. */
static bool
own_key(const struct rows_reader *rd, const struct vl_cell *cells,
    struct vl_cell *key)
{
	const struct rows_entry *e = &rd->t->entries[rd->t->nentries - 1];
	size_t i = 0;

	for (i = 0; i < e->nkey; i++) {
		if (rd->at[e->key[i]] == NONE)
			return false;
		key[i] = cells[rd->at[e->key[i]]];
	}
	return true;
}

/* It is that record: under its name, once. */
static enum vl_status
take(struct mapped *m, const struct rows_reader *rd, struct vl_cell *cells,
    struct vl_err *err)
{
	size_t i = 0;

	if (m->met && m->r != rd->r)
		return vl_fail(err, VL_EREFUSED,
		    "it and row %lld are both %.*s of the source%s%s",
		    (long long)m->r, (int)m->key.n, (const char *)m->key.p,
		    m->words->by == NULL ? "" : ", by ",
		    m->words->by == NULL ? "" : m->words->by);
	m->met = true;
	m->r = rd->r;
	for (i = 0; i < m->n; i++)
		cells[rd->at[m->columns[i]]] = m->from[i];
	return VL_OK;
}

/* The values it keeps when it is written, once. */
static enum vl_status
note_here(struct mapped *m, const struct vl_cell *key, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t n = 0;
	size_t i = 0;

	if (m->met)
		return VL_OK;
	for (i = 0; i < m->n; i++)
		n += key[i].bytes.n;
	vl_buf_clear(&m->kept);
	st = vl_buf_reserve(&m->kept, n + 1, err);
	for (i = 0; st == VL_OK && i < m->n; i++) {
		m->to[i] = key[i];
		m->to[i].bytes.p = m->kept.p + m->kept.n;
		st = vl_buf_add(&m->kept, key[i].bytes, err);
	}
	return st;
}

/* By a column: the row of the bundle with the same value; or by its key where
 * it has none in the column. */
static enum vl_status
take_by(const struct mapped_by *by, const struct rows_reader *rd,
    struct vl_cell *cells, const struct vl_cell *key, struct vl_err *err)
{
	struct rows_maps *maps = rd->plan->maps;
	const struct vl_cell *value = &cells[rd->at[by->column]];
	struct vl_json_w w = { 0 };
	struct mapped *m = NULL;
	enum vl_status st = VL_OK;

	vl_buf_clear(&maps->text);
	st = vl_buf_printf(&maps->text, err, "%c", LOOK_COLUMN);
	vl_json_w_init(&w, &maps->text);
	vl_cell_write(&w, value);
	if (st == VL_OK)
		st = vl_json_w_end(&w, err);
	if (st == VL_OK && value->type != VL_CELL_NULL)
		m = mapped_find_look(
		    maps, rd->table, vl_buf_slice(&maps->text));
	if (st == VL_OK && m != NULL)
		st = note_here(m, key, err);
	if (st != VL_OK || m != NULL)
		return st == VL_OK ? take(m, rd, cells, err) : st;
	vl_buf_clear(&maps->text);
	st = mapped_write(
	    &maps->text, key, rd->t->entries[rd->t->nentries - 1].nkey, err);
	if (st == VL_OK)
		m = mapped_find_key(maps, rd->table, vl_buf_slice(&maps->text));
	if (st != VL_OK || m == NULL || m->words != by->words)
		return st;
	if (value->type != VL_CELL_NULL)
		return vl_fail(err, VL_EREFUSED,
		    "it is called %.*s as a row of the bundle is, which has "
		    "another value in '%s', by which they are matched: name "
		    "in the file of '--map' which row it is",
		    (int)m->key.n, (const char *)m->key.p, by->words->by);
	st = note_here(m, key, err);
	return st == VL_OK ? take(m, rd, cells, err) : st;
}

enum vl_status
rows_map_in(
    const struct rows_reader *rd, struct vl_cell *cells, struct vl_err *err)
{
	struct rows_maps *maps = rd->plan->maps;
	const struct mapped_by *by = by_of(maps, rd->table);
	const struct rows_entry *e = &rd->t->entries[rd->t->nentries - 1];
	struct vl_cell *key = calloc(e->nkey + 1, sizeof(*key));
	struct mapped *m = NULL;
	enum vl_status st = VL_OK;

	if (key == NULL)
		return vl_fail_memory(err);
	if (!own_key(rd, cells, key)) {
		free(key);
		return VL_OK;
	}
	vl_buf_clear(&maps->text);
	st = vl_buf_printf(&maps->text, err, "%c", LOOK_KEY);
	if (st == VL_OK)
		st = mapped_write(&maps->text, key, e->nkey, err);
	if (st == VL_OK)
		m = mapped_find_look(
		    maps, rd->table, vl_buf_slice(&maps->text));
	if (st == VL_OK && m != NULL)
		st = take(m, rd, cells, err);
	else if (st == VL_OK && by != NULL)
		st = take_by(by, rd, cells, key, err);
	free(key);
	return st;
}

void
rows_map_out(const struct rows_plan *p, size_t table, size_t column,
    struct vl_slice key, struct vl_cell *cell)
{
	const struct mapped *m =
	    p->maps == NULL ? NULL : mapped_find_key(p->maps, table, key);
	size_t i = 0;

	/* One by a column that no row here has is called as in the bundle. */
	if (m == NULL || (m->words->by != NULL && !m->met))
		return;
	for (i = 0; i < m->n; i++)
		if (m->columns[i] == column)
			*cell = m->to[i];
}
