/*
 * From the key in a reference to the row that it names, in the bundle or here,
 * and to its id; and what stands for it where there is none.
 */

#include <stdio.h>

#include <valise/text.h>

#include "fill.h"

enum vl_status
fill_dangles(const struct filling *f, const char *table, struct vl_slice key)
{
	char shown[256];

	f->p->dangled = true;
	return vl_fail(f->err, VL_EREFUSED,
	    "column '%s' refers to '%s' %s, which is neither in the bundle nor "
	    "here",
	    f->t->schema->columns[f->column].name, table,
	    vl_escape_text(shown, sizeof(shown), key));
}

/* The member `name` of the line: a text or number, or the key of a row. */
static enum vl_status
find_member(const struct filling *f, const char *name, struct vl_buf *out,
    struct vl_cell *cell, bool *key)
{
	struct vl_row_store store = { 0 };
	struct vl_slice column = { 0 };
	struct vl_value v = { 0 };
	enum vl_status st = rows_row_parse(&store, f->line, f->err);
	size_t at = 0;

	*cell = (struct vl_cell){ 0 };
	*key = false;
	vl_buf_clear(out);
	while (st == VL_OK && vl_row_next(&store, 0, &at, &column, &v)) {
		if (!vl_slice_equal(column, vl_slice_of(name)))
			continue;
		*key = v.kind == VL_VALUE_REF;
		if (v.kind == VL_VALUE_CELL)
			*cell = v.cell;
		st = vl_buf_add(out, *key ? v.key : cell->bytes, f->err);
		cell->bytes = vl_buf_slice(out);
	}
	vl_row_store_free(&store);
	return st;
}

/* The value of another row: as the bundle has that, else as it is here. */
static enum vl_status
find_far(struct filling f, const struct rows_by *by, struct vl_buf *text,
    struct vl_cell *value)
{
	const struct rows_step *step = by->steps;
	struct rows_scratch *s = f.p->here->scratch;
	struct rows_staged row = { 0 };
	struct rows_note note = { 0 };
	struct vl_buf line = { 0 };
	bool found = true;
	bool key = false;
	enum vl_status st = find_member(
	    &f, f.t->schema->columns[by->column].name, text, value, &key);
	size_t i = 0;

	for (i = 0; st == VL_OK && found && i < by->nsteps; i++, step++) {
		*value = (struct vl_cell){ 0 };
		if (!key)
			break;
		st = rows_stage_find(f.p->stage, step->to, vl_buf_slice(text),
		    &row, &found, f.err);
		if (st != VL_OK || !found)
			break;
		f.t = &f.p->here->plan.tables[step->to];
		vl_buf_clear(&line);
		st = vl_buf_add(&line, row.row, f.err);
		f.line = vl_buf_slice(&line);
		if (st == VL_OK)
			st = find_member(&f,
			    f.t->schema->columns[step->column].name, text,
			    value, &key);
	}
	vl_buf_free(&line);
	if (st != VL_OK || found)
		return st;
	st = rows_scratch_by_key(
	    s, step->to, vl_buf_slice(text), &note, &found, f.err);
	return st == VL_OK && found ?
	    rows_by_from(s, by, i, note.r, value, f.err) :
	    st;
}

/* The table that a reference whose value names it means for this row. */
static enum vl_status
find_by(const struct filling *f, const struct rows_by *by, size_t *to)
{
	struct vl_cell value = { 0 };
	struct vl_buf text = { 0 };
	enum vl_status st = find_far(*f, by, &text, &value);

	*to = rows_by_pick(by, &value);
	vl_buf_free(&text);
	return st;
}

enum vl_status
rows_fill_by(struct vl_rows_put *p, size_t table, const struct rows_by *by,
    struct vl_slice line, size_t *to, struct vl_err *err)
{
	const struct filling f = { .p = p,
		.t = &p->here->plan.tables[table],
		.line = line,
		.err = err };

	return find_by(&f, by, to);
}

/* The table of a key by line `i` of the profile about the column; NONE where
 * that speaks of places inside the value, or of no table here. */
static enum vl_status
find_to(const struct filling *f, size_t i, size_t *to)
{
	const struct rows_ref *ref = &f->t->columns[f->column].refs[i];

	*to = ref->finder == NULL ? ref->to : NONE;
	if (ref->finder == NULL && ref->by != NULL)
		return find_by(f, ref->by, to);
	return VL_OK;
}

enum vl_status
rows_fill_staged(struct vl_rows_put *p, size_t table, size_t column,
    struct vl_slice line, struct vl_slice key, struct rows_staged *row,
    bool *found, struct vl_err *err)
{
	struct filling f = { .p = p,
		.t = &p->here->plan.tables[table],
		.column = column,
		.line = line,
		.err = err };
	enum vl_status st = VL_OK;
	size_t to = NONE;
	size_t i = 0;

	*found = false;
	for (i = 0; st == VL_OK && !*found && i < f.t->columns[column].nrefs;
	     i++) {
		st = find_to(&f, i, &to);
		if (st == VL_OK && to != NONE)
			st =
			    rows_stage_find(p->stage, to, key, row, found, err);
	}
	return st;
}

/* A reference to no row here: its line, and what it means. */
struct aim {
	const struct rows_ref *ref; /* NULL: no line is about it */
	size_t to;                  /* table; or NONE */
	struct vl_slice key;
};

/* The cell `column` of an `x`. */
static enum vl_status
find_source(const struct filling *f, struct vl_slice x, const char *column,
    struct vl_buf *text, struct vl_cell *cell, bool *found)
{
	struct vl_row_store store = { 0 };
	struct vl_slice name = { 0 };
	struct vl_value v = { 0 };
	enum vl_status st = VL_OK;
	size_t at = 0;

	if (x.n == 0)
		return VL_OK;
	st = rows_row_parse(&store, x, f->err);
	while (
	    st == VL_OK && !*found && vl_row_next(&store, 0, &at, &name, &v)) {
		if (!vl_slice_equal(name, vl_slice_of(column)))
			continue;
		*found = true;
		*cell = v.cell;
		vl_buf_clear(text);
		st = vl_buf_add(text, v.cell.bytes, f->err);
		cell->bytes = vl_buf_slice(text);
	}
	vl_row_store_free(&store);
	return st;
}

#define REFERS_MAX 8

/* What the row that `aim` names is told by at the source, where it is in the
 * bundle; or `*aim` becomes the row whose id that is. */
static enum vl_status
find_told_by(struct filling *f, struct aim *aim, struct vl_buf *text,
    struct vl_cell *cell, bool *found)
{
	struct rows_staged row = { 0 };
	size_t column = aim->ref->column;
	enum vl_status st = VL_OK;
	bool key = false;

	f->t = &f->p->here->plan.tables[aim->to];
	st = rows_stage_find(
	    f->p->stage, aim->to, aim->key, &row, found, f->err);
	aim->to = NONE;
	f->column = column == NONE ? f->t->primary : column;
	if (st != VL_OK || !*found || f->column == NONE) {
		*found = false;
		return st;
	}
	*found = false;
	st = find_source(
	    f, row.x, f->t->schema->columns[f->column].name, text, cell, found);
	if (st != VL_OK || *found || f->t->columns[f->column].role == ROWS_ID)
		return st;
	f->line = row.row;
	st = find_member(
	    f, f->t->schema->columns[f->column].name, text, cell, &key);
	*found = !key && cell->type != VL_CELL_NULL;
	aim->ref = f->t->columns[f->column].refs;
	aim->key = vl_buf_slice(text);
	return st == VL_OK && key ? find_to(f, 0, &aim->to) : st;
}

/* The row that it refers to is in the bundle, and not taken here. */
static enum vl_status
find_untaken(const struct filling *f, const struct aim *aim,
    struct vl_buf *text, struct vl_cell *cell, bool *found)
{
	struct filling other = *f;
	struct aim next = *aim;
	enum vl_status st = VL_OK;
	unsigned i = 0;

	for (i = 0; st == VL_OK && !*found && next.to != NONE && i < REFERS_MAX;
	     i++)
		st = find_told_by(&other, &next, text, cell, found);
	return st;
}

/* The id that the reference had at the source: it travels with those that
 * may be kept, else with the row that it refers to. */
static enum vl_status
keep_id(const struct filling *f, const struct aim *aim, struct vl_buf *text,
    struct vl_cell *cell, bool *found)
{
	enum vl_status st = find_source(f, f->row->x,
	    f->t->schema->columns[f->column].name, text, cell, found);

	return st == VL_OK && !*found ?
	    find_untaken(f, aim, text, cell, found) :
	    st;
}

/* As on_dangling says: NULL, or what stands for it, or the source's id. */
static enum vl_status
fill_dangling(const struct filling *f, const struct aim *aim,
    struct vl_buf *text, struct vl_cell *cell, bool *filled)
{
	const struct rows_ref *ref = aim->ref;
	enum vl_on_dangling what = ref == NULL || ref->words == NULL ?
	    VL_DANGLING_REFUSE :
	    ref->words->on_dangling;

	*cell = (struct vl_cell){ 0 };
	*filled = f->p->probing;
	if (*filled)
		return VL_OK;
	if (what == VL_DANGLING_KEEP)
		return keep_id(f, aim, text, cell, filled);
	if (what == VL_DANGLING_CLEAR)
		*filled = rows_none(&f->p->here->plan, ref,
		    f->t->columns[f->column].schema, cell);
	return VL_OK;
}

/* Whether there is, or will be, a row of that key here. */
static enum vl_status
names_row(struct vl_rows_put *p, size_t to, struct vl_slice key, bool *found,
    struct vl_err *err)
{
	struct rows_staged staged = { 0 };
	struct rows_note note = { 0 };
	enum vl_status st =
	    rows_stage_find(p->stage, to, key, &staged, found, err);
	bool open = *found && staged.act == ROWS_NEW && rows_unsettled(p, to);

	if (st != VL_OK || (*found && staged.r != ROWS_NOWHERE && !open))
		return st;
	st = rows_scratch_by_key(p->here->scratch, to, key, &note, found, err);
	if (open && !*found)
		*found = p->unsettled = true;
	return st;
}

enum vl_status
rows_fill_loose(struct vl_rows_put *p, size_t table, size_t column,
    const struct rows_staged *row, struct vl_slice key, struct vl_cell *cell,
    bool *loose, struct vl_err *err)
{
	struct filling f = { .p = p,
		.t = &p->here->plan.tables[table],
		.column = column,
		.row = row,
		.line = row->row,
		.err = err };
	const struct rows_column *c = &f.t->columns[column];
	struct aim aim = { .to = NONE, .key = key };
	enum vl_status st = VL_OK;
	bool found = false;
	size_t to = NONE;
	size_t i = 0;

	*loose = false;
	for (i = 0; st == VL_OK && !found && i < c->nrefs; i++) {
		st = find_to(&f, i, &to);
		if (st != VL_OK || to == NONE)
			continue;
		aim.ref = &c->refs[i];
		aim.to = to;
		st = names_row(p, to, key, &found, err);
	}
	return st == VL_OK && !found ?
	    fill_dangling(&f, &aim, &p->text, cell, loose) :
	    st;
}

enum vl_status
fill_ref(const struct filling *f, struct vl_slice key, struct vl_buf *text,
    struct vl_cell *cell)
{
	const struct rows_plan *plan = &f->p->here->plan;
	const struct rows_column *c = &f->t->columns[f->column];
	struct aim aim = { .to = NONE, .key = key };
	enum vl_status st = VL_OK;
	bool found = false;
	size_t to = NONE;
	size_t i = 0;

	for (i = 0; st == VL_OK && !found && i < c->nrefs; i++) {
		st = find_to(f, i, &to);
		if (st != VL_OK || to == NONE)
			continue;
		aim.to = to;
		aim.ref = &c->refs[i];
		st = rows_ids_find(
		    f->p, to, aim.ref->column, key, text, cell, &found, f->err);
	}
	if (st == VL_OK && !found)
		st = fill_dangling(f, &aim, text, cell, &found);
	if (st != VL_OK || found)
		return st;
	return fill_dangles(f,
	    aim.to == NONE ? "a table that is not known" :
	                     plan->tables[aim.to].schema->name,
	    key);
}

size_t
fill_table(const struct rows_plan *p, struct vl_slice collection)
{
	size_t i = 0;

	for (i = 0; i < p->ntables; i++)
		if (vl_slice_equal(
		        vl_slice_of(p->tables[i].collection), collection))
			return i;
	return NONE;
}

enum vl_status
rows_fill_drops(struct vl_rows_put *p, struct rows_drop *d, size_t column,
    const struct vl_text_part *part, struct vl_slice key, struct vl_err *err)
{
	const struct filling f = { .p = p,
		.t = &p->here->plan.tables[d->table],
		.column = column,
		.row = d->row,
		.line = d->line,
		.err = err };
	const struct rows_column *c = &f.t->columns[column];
	const struct rows_ref *ref = NULL;
	enum vl_status st = VL_OK;
	char shown[256];
	bool found = false;
	size_t to = NONE;
	size_t inside = NONE;
	size_t i = 0;

	if (part != NULL)
		inside = fill_table(&p->here->plan, part->table);
	for (i = 0; st == VL_OK && !found && i < c->nrefs; i++) {
		to = NONE;
		if (c->refs[i].finder != NULL && c->refs[i].to == inside)
			to = inside;
		if (part == NULL)
			st = find_to(&f, i, &to);
		if (st != VL_OK || to == NONE)
			continue;
		ref = &c->refs[i];
		st = names_row(p, to, key, &found, err);
	}
	if (st != VL_OK || found || ref == NULL || ref->words == NULL ||
	    ref->words->on_dangling != VL_DANGLING_DROP)
		return st;
	d->drop = true;
	(void)snprintf(d->why, sizeof(d->why),
	    "'%s' refers to '%s' %s, which is neither in the bundle nor here",
	    f.t->schema->columns[column].name,
	    ref->to == NONE ? "a row" :
	                      p->here->plan.tables[ref->to].schema->name,
	    vl_escape_text(shown, sizeof(shown), key));
	return VL_OK;
}
