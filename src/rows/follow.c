/*
 * References to a column that an import changes.  A line names the row by its
 * key and so says the same as before; what is written for it is another value.
 */

#include <valise/text.h>

#include "put.h"

/* A row that is met may get another value there: it neither means nothing nor
 * is what the row is met by. */
static bool
may_change(const struct rows_table *t, size_t column)
{
	bool by = !t->called;
	size_t i = 0;

	for (i = 0; i < t->nentries; i++)
		by = by && rows_in_key(&t->entries[i], column);
	return !by && t->columns[column].role != ROWS_ID;
}

bool
rows_follow_column(struct rows_plan *p, size_t to, size_t column)
{
	if (to != NONE && column == NONE)
		column = p->tables[to].primary;
	if (to == NONE || column == NONE || !may_change(&p->tables[to], column))
		return false;
	p->tables[to].columns[column].followed = true;
	return true;
}

static void
follow(struct rows_plan *p, struct rows_table *t, size_t to, size_t column)
{
	if (rows_follow_column(p, to, column))
		t->follows = true;
}

void
rows_follow_mark(struct rows_plan *p, struct rows_table *t)
{
	const struct rows_ref *ref = NULL;
	size_t i = 0;
	size_t k = 0;
	size_t v = 0;

	for (i = 0; i < t->schema->ncolumns; i++) {
		for (k = 0; k < t->columns[i].nrefs; k++) {
			ref = &t->columns[i].refs[k];
			follow(p, t, ref->to, ref->column);
			if (ref->by == NULL)
				continue;
			for (v = 0; v < ref->by->n; v++)
				follow(p, t, ref->by->values[v].to, NONE);
			follow(p, t, ref->by->otherwise, NONE);
		}
	}
}

/* The row that `key` names gets another value in `column`. */
static enum vl_status
look(struct vl_rows_put *p, size_t to, size_t column, struct vl_slice key,
    bool *moves, struct vl_err *err)
{
	const struct rows_table *t = &p->here->plan.tables[to];
	struct rows_staged row = { 0 };
	enum vl_status st = VL_OK;
	bool found = false;

	if (column == NONE)
		column = t->primary;
	if (column == NONE || !t->columns[column].followed)
		return VL_OK;
	st = rows_stage_find(p->stage, to, key, &row, &found, err);
	if (st != VL_OK || !found)
		return st;
	if (!p->settled[to])
		p->unsettled = true;
	else if (row.act == ROWS_UPDATE || row.act == ROWS_LATER)
		*moves = *moves || rows_what_writes(&row, column);
	return VL_OK;
}

static enum vl_status
look_whole(struct vl_rows_put *p, const struct rows_beside *b, bool *moves,
    struct vl_err *err)
{
	const struct rows_ref *ref = rows_whole(b->rd, b->column);
	enum vl_status st = VL_OK;
	size_t to = NONE;

	if (ref == NULL)
		return VL_OK;
	to = ref->to;
	if (ref->by != NULL)
		st = rows_fill_by(p, b->table, ref->by, b->row->row, &to, err);
	return st == VL_OK && to != NONE ?
	    look(p, to, ref->column, b->ours->key, moves, err) :
	    st;
}

static enum vl_status
look_inside(struct vl_rows_put *p, const struct rows_beside *b, bool *moves,
    struct vl_err *err)
{
	struct vl_text_part part = { 0 };
	enum vl_status st = VL_OK;
	size_t column = NONE;
	size_t to = NONE;
	size_t at = 0;

	while (st == VL_OK && !*moves &&
	    vl_parts_next(
	        &part, &p->store.json, b->ours, &at, &p->store.text)) {
		if (part.kind != VL_PART_REF)
			continue;
		rows_fill_aim(p, b->table, b->column, &part, &to, &column);
		if (to != NONE)
			st = look(p, to, column, part.key, moves, err);
	}
	return st;
}

enum vl_status
rows_follow(struct vl_rows_put *p, const struct rows_beside *b, bool *same,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;
	bool moves = false;

	if (!b->rd->t->follows || b->rd->plan->before != NULL)
		return VL_OK;
	if (b->ours->kind == VL_VALUE_REF)
		st = look_whole(p, b, &moves, err);
	else if (b->ours->kind == VL_VALUE_PARTS)
		st = look_inside(p, b, &moves, err);
	*same = *same && !moves;
	return st;
}

/* The row by which the table is called, where the bundle has it. */
static enum vl_status
find_namer(struct vl_rows_put *p, const struct rows_table *t,
    struct rows_staged *row, bool *found, struct vl_err *err)
{
	struct vl_cell id = { .type = VL_CELL_TEXT, .bytes = t->of_id };
	struct rows_note note = { 0 };
	enum vl_status st = rows_scratch_find(
	    p->here->scratch, t->of, t->of_column, &id, &note, found, err);

	return st == VL_OK && *found ?
	    rows_stage_find(p->stage, t->of, note.key, row, found, err) :
	    st;
}

enum vl_status
rows_follow_tables(struct vl_rows_put *p, struct vl_err *err)
{
	const struct rows_plan *plan = &p->here->plan;
	const struct rows_table *t = plan->tables;
	struct rows_staged row = { 0 };
	enum vl_status st = VL_OK;
	char shown[256];
	bool found = false;

	for (; st == VL_OK && t < plan->tables + plan->ntables; t++) {
		if (t->of == NONE || t->of_column == NONE)
			continue;
		st = find_namer(p, t, &row, &found, err);
		if (st != VL_OK || !found || row.act != ROWS_UPDATE ||
		    !rows_what_writes(&row, t->of_column))
			continue;
		(void)vl_fail(err, VL_EREFUSED,
		    "table '%s' is called by '%s' of table '%s', %s, which "
		    "would change, and an import renames no table: rename it, "
		    "or keep that column here ('keep_here')",
		    t->schema->name,
		    plan->tables[t->of].schema->columns[t->of_column].name,
		    plan->tables[t->of].schema->name,
		    vl_escape_text(shown, sizeof(shown), row.key));
		st = t->entries[0].words == NULL ?
		    err->status :
		    rows_plan_within(
		        &p->opts.rows, ROWS_AT(t->entries[0].words), err);
	}
	return st;
}
