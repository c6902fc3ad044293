/*
 * Parts of keys that other rows say: a workflow is told from others of its
 * name by its owner, and the owner stands in a table of its own, whose one
 * row with that role points here.
 */

#include <stdlib.h>
#include <string.h>

#include "parts.h"

/* "child.column"; names of tables may hold a point, too. */
static enum vl_status
find_child(const struct rows_plan *p, const struct vl_rows_opts *opts,
    const struct rows_table *t, const struct vl_key_part *part,
    struct rows_of *of, struct vl_err *err)
{
	const char *point = strrchr(part->of, '.');
	struct vl_slice name = vl_slice_of(part->of);
	const struct vl_table *child = NULL;

	if (point != NULL)
		name.n = (size_t)(point - part->of);
	of->child = rows_plan_table(p, name);
	if (point == NULL || of->child == NONE)
		return rows_plan_fail(opts, part->at, err,
		    "'of: %s' names no table and column", part->of);
	child = p->tables[of->child].schema;
	of->point = vl_table_column(child, point + 1);
	of->column = vl_table_column(child, part->column);
	if (of->point == NONE || of->column == NONE)
		return rows_plan_fail(opts, part->at, err,
		    "table '%s' has no column '%s'", child->name,
		    of->point == NONE ? point + 1 : part->column);
	if (t->primary == NONE)
		return rows_plan_fail(opts, part->at, err,
		    "'of: %s': the primary key of '%s' is not one column, so "
		    "that no row can point to it",
		    part->of, t->schema->name);
	return VL_OK;
}

static enum vl_status
plan_entry(struct rows_plan *p, const struct vl_rows_opts *opts,
    struct rows_table *t, struct rows_entry *e, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	struct rows_of *of = NULL;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < e->nkey; i++) {
		if (e->key[i] != NONE)
			continue;
		if (e->ofs == NULL)
			e->ofs = calloc(e->nkey, sizeof(*e->ofs));
		if (e->ofs == NULL)
			return vl_fail_memory(err);
		of = &e->ofs[i];
		st = find_child(p, opts, t, &e->words->key[i], of, err);
		if (st == VL_OK)
			st =
			    rows_plan_condition(&p->tables[of->child], opts->db,
			        e->words->key[i].where, &of->condition, err);
		of->number = p->nofs++;
	}
	if (st != VL_OK && rows_heard(p, t, NULL, err))
		return rows_ear_key(t, e, err);
	for (i = 0; e->ofs != NULL && i < e->nkey; i++)
		if (e->key[i] != NONE)
			e->ofs[i].child = NONE;
	return st;
}

enum vl_status
rows_said_plan(struct rows_plan *p, const struct vl_rows_opts *opts,
    size_t first, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;
	size_t k = 0;

	for (i = first; st == VL_OK && i < p->ntables; i++)
		for (k = 0; st == VL_OK && k < p->tables[i].nentries; k++)
			st = plan_entry(p, opts, &p->tables[i],
			    &p->tables[i].entries[k], err);
	return st;
}

/* What the rows of one `of` say. */
struct saying {
	const struct rows_of *of;
	size_t table;
	struct vl_buf part;
	struct vl_buf id;
	struct vl_places places;
};

static enum vl_status
say(struct rows_scratch *s, const struct rows_reader *rd, struct saying *y,
    const struct vl_cell *id, struct vl_err *err)
{
	const struct rows_of *of = y->of;
	struct vl_buf *part = &y->part;
	struct rows_said said = { .first = rd->r };
	enum vl_status st = VL_OK;
	struct vl_json_w w = { 0 };
	bool drop = false;

	vl_buf_clear(part);
	if (!rows_above(rd, of->column, y->table, &said.above)) {
		vl_json_w_init(&w, part);
		st = rows_key_part(s, rd, of->column, &w, &drop, err);
		if (st == VL_OK)
			st = vl_json_w_end(&w, err);
		said.part = vl_buf_slice(part);
	}
	return st == VL_OK ? rows_scratch_say(s, of->number, id, &said, err) :
	                     st;
}

/* The line by which ids of rows of the table stand inside the value; NULL
 * where the value as a whole is one. */
static const struct rows_ref *
line_within(const struct rows_reader *rd, const struct saying *y)
{
	const struct rows_column *c = &rd->t->columns[y->of->point];
	const struct vl_cell *cell = rows_reader_cell(rd, y->of->point);
	size_t i = 0;

	for (i = 0; i < c->nrefs; i++)
		if (c->refs[i].to == y->table && cell->type == VL_CELL_TEXT &&
		    rows_ref_reads(&c->refs[i], cell) &&
		    rows_reader_holds(rd, c->refs[i].condition))
			return &c->refs[i];
	return NULL;
}

/* To each row that the value names. */
static enum vl_status
say_all(struct rows_scratch *s, const struct rows_reader *rd, struct saying *y,
    struct vl_err *err)
{
	const struct vl_cell *cell = rows_reader_cell(rd, y->of->point);
	const struct rows_ref *ref = line_within(rd, y);
	struct vl_cell id = { .type = VL_CELL_TEXT };
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (ref == NULL)
		return say(s, rd, y, cell, err);
	y->places.n = 0;
	st = vl_finder_find(ref->finder, cell->bytes, &y->places, err);
	/* Whether that is refused is asked where the row itself is read. */
	if (st == VL_EFORMAT)
		return VL_OK;
	for (i = 0; st == VL_OK && i < y->places.n; i++) {
		vl_buf_clear(&y->id);
		st =
		    vl_place_read(&y->id, cell->bytes, &y->places.list[i], err);
		id.bytes = vl_buf_slice(&y->id);
		if (st == VL_OK)
			st = say(s, rd, y, &id, err);
	}
	return st;
}

static enum vl_status
collect_rows(struct rows_scratch *s, struct rows_reader *rd,
    const struct rows_of *of, size_t table, struct vl_err *err)
{
	struct saying y = { .of = of, .table = table };
	enum vl_status st = VL_OK;
	bool row = true;

	while (st == VL_OK) {
		st = rows_reader_next(rd, &row, err);
		if (st != VL_OK || !row)
			break;
		if (!rows_reader_holds(rd, of->condition) ||
		    rows_reader_cell(rd, of->point)->type == VL_CELL_NULL)
			continue;
		st = say_all(s, rd, &y, err);
		if (st != VL_OK)
			st = rows_reader_within(rd, err);
	}
	vl_places_free(&y.places);
	vl_buf_free(&y.id);
	vl_buf_free(&y.part);
	return st;
}

static enum vl_status
collect(const struct rows_plan *p, struct rows_scratch *s, struct vl_db *db,
    const struct rows_of *of, size_t table, struct vl_err *err)
{
	const struct rows_table *child = &p->tables[of->child];
	const struct rows_column *c = &child->columns[of->column];
	bool *wanted = calloc(child->schema->ncolumns + 1, sizeof(*wanted));
	struct rows_reader rd = { 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (wanted == NULL)
		return vl_fail_memory(err);
	wanted[of->point] = true;
	wanted[of->column] = true;
	for (i = 0; i < c->nrefs; i++)
		if (c->refs[i].by != NULL)
			wanted[c->refs[i].by->column] = true;
	st = rows_reader_open(&rd, db, p, of->child, wanted, err);
	if (st == VL_OK)
		st = collect_rows(s, &rd, of, table, err);
	rows_reader_close(&rd);
	free(wanted);
	return st;
}

bool
rows_said_above(
    const struct rows_plan *p, const struct rows_of *of, size_t table)
{
	const struct rows_column *c = &p->tables[of->child].columns[of->column];
	size_t i = 0;

	for (i = 0; i < c->nrefs; i++)
		if (c->refs[i].to == table && c->refs[i].finder == NULL &&
		    c->refs[i].condition == NONE)
			return true;
	return false;
}

enum vl_status
rows_said_collect(const struct rows_plan *p, struct rows_scratch *s,
    struct vl_db *db, size_t table, struct vl_err *err)
{
	const struct rows_table *t = &p->tables[table];
	const struct rows_entry *e = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; st == VL_OK && i < t->nentries; i++) {
		e = &t->entries[i];
		for (k = 0; st == VL_OK && e->ofs != NULL && k < e->nkey; k++)
			if (e->ofs[k].child != NONE)
				st = collect(p, s, db, &e->ofs[k], table, err);
	}
	return st;
}
