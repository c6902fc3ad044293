/*
 * Ids that stand in names of files: from an id to the key of its row at the
 * source, and from the key to an id at the target.
 */

#include <string.h>

#include <valise/text.h>

#include "put.h"

bool
rows_tie_find(const struct rows_plan *p, const struct vl_tie *tie,
    size_t *table, size_t *column)
{
	*table = rows_plan_table(p, tie->table);
	if (*table == NONE)
		return false;
	*column = rows_column(&p->tables[*table], tie->column);
	return *column != NONE;
}

/* The plan has found them, or refused the profile. */
static enum vl_status
fail_tie(const struct vl_tie *tie, struct vl_err *err)
{
	return vl_fail(err, VL_EREFUSED, "'%.*s.%.*s' is not here",
	    (int)tie->table.n, (const char *)tie->table.p, (int)tie->column.n,
	    (const char *)tie->column.p);
}

enum vl_status
vl_rows_key_of(struct vl_rows *r, const struct vl_tie *tie, struct vl_slice id,
    struct vl_buf *key, enum vl_tied *how, struct vl_err *err)
{
	const struct vl_cell cell = { .type = VL_CELL_TEXT, .bytes = id };
	struct rows_note note = { 0 };
	enum vl_status st = VL_OK;
	size_t column = NONE;
	size_t table = NONE;
	bool found = false;

	*how = VL_TIED_NONE;
	if (!rows_tie_find(&r->plan, tie, &table, &column))
		return fail_tie(tie, err);
	st = rows_scratch_find(
	    r->scratch, table, column, &cell, &note, &found, err);
	if (st != VL_OK || !found || note.state == ROWS_DROPPED ||
	    note.state == ROWS_UNRESOLVED)
		return st;
	*how = note.state == ROWS_CARRIED ? VL_TIED : VL_TIED_LEFT;
	return vl_buf_add(key, note.key, err);
}

/* As it stands in a name. */
static enum vl_status
add_id(struct vl_buf *out, const struct vl_cell *id, struct vl_err *err)
{
	if (id->type == VL_CELL_INT)
		return vl_buf_printf(out, err, "%lld", (long long)id->integer);
	if (id->type == VL_CELL_TEXT)
		return vl_buf_add(out, id->bytes, err);
	return vl_fail(err, VL_EREFUSED, "its id here cannot stand in a name");
}

/* Whether the bundle's row of that key, or the one here, is no place for
 * files. */
static enum vl_status
look(struct vl_rows_put *p, size_t table, struct vl_slice key,
    enum vl_tied *how, struct vl_err *err)
{
	struct rows_staged row = { 0 };
	bool found = false;
	bool gone = false;
	enum vl_status st =
	    rows_stage_find(p->stage, table, key, &row, &found, err);

	*how = VL_TIED;
	if (st != VL_OK || found) {
		if (found && row.act == ROWS_LEFT && row.r == ROWS_NOWHERE)
			*how = VL_TIED_LEFT;
		return st;
	}
	st = rows_stage_is_gone(p->stage, table, key, &gone, err);
	if (gone)
		*how = VL_TIED_NONE;
	return st;
}

enum vl_status
vl_rows_put_id_of(struct vl_rows_put *p, const struct vl_tie *tie,
    struct vl_slice key, struct vl_buf *id, enum vl_tied *how,
    struct vl_err *err)
{
	struct vl_buf room = { 0 };
	struct vl_cell cell = { 0 };
	enum vl_status st = rows_ids_give(p, err);
	size_t column = NONE;
	size_t table = NONE;
	bool found = false;

	*how = VL_TIED_NONE;
	if (st == VL_OK && !rows_tie_find(&p->here->plan, tie, &table, &column))
		return fail_tie(tie, err);
	if (st == VL_OK)
		st = look(p, table, key, how, err);
	if (st != VL_OK || *how != VL_TIED)
		return st;
	st = rows_ids_find(p, table, column, key, &room, &cell, &found, err);
	if (st == VL_OK && !found)
		*how = VL_TIED_NONE;
	if (st == VL_OK && found)
		st = add_id(id, &cell, err);
	vl_buf_free(&room);
	return st;
}
