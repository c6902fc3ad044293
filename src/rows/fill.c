/*
 * From the value of a line to the cell that is written: keys become the ids
 * that their rows have here.
 */

#include "fill.h"

/* An id in a text: its column is that of the line of the profile which found
 * it; by default the primary key. */
static size_t
find_column(const struct filling *f, size_t to)
{
	const struct rows_column *c = &f->t->columns[f->column];
	size_t i = 0;

	for (i = 0; i < c->nrefs; i++)
		if (c->refs[i].finder != NULL && c->refs[i].to == to)
			return c->refs[i].column;
	return NONE;
}

void
rows_fill_aim(struct vl_rows_put *p, size_t table, size_t column,
    const struct vl_text_part *part, size_t *to, size_t *by)
{
	const struct filling f = {
		.p = p, .t = &p->here->plan.tables[table], .column = column
	};

	*to = fill_table(&p->here->plan, part->table);
	*by = find_column(&f, *to);
}

static enum vl_status
fill_secret(
    struct filling *f, const struct vl_text_part *part, struct vl_buf *text)
{
	struct vl_slice sealed = { 0 };
	enum vl_status st = rows_fill_secret(f->p, f->row,
	    &(struct rows_slot_of){
	        .table = (size_t)(f->t - f->p->here->plan.tables),
	        .column = f->column,
	        .number = f->slots++,
	        .inside = part->inside,
	        .slot = &part->slot },
	    &sealed, f->err);

	return st == VL_OK ? vl_place_write(text, part->form, sealed, f->err) :
	                     st;
}

static enum vl_status
fill_part(
    struct filling *f, const struct vl_text_part *part, struct vl_buf *text)
{
	const struct rows_plan *plan = &f->p->here->plan;
	struct vl_cell id = { 0 };
	struct vl_buf room = { 0 };
	enum vl_status st = VL_OK;
	bool found = false;
	size_t to = NONE;

	if (part->kind == VL_PART_TEXT)
		return vl_buf_add(text, part->text, f->err);
	if (part->kind == VL_PART_BODY)
		return rows_stage_piece(
		    f->p->stage, f->row->body, part->at, part->n, text, f->err);
	if (part->kind == VL_PART_SECRET)
		return fill_secret(f, part, text);
	to = fill_table(plan, part->table);
	if (to != NONE)
		st = rows_ids_find(f->p, to, find_column(f, to), part->key,
		    &room, &id, &found, f->err);
	if (st == VL_OK && !found && !f->p->probing)
		st = fill_dangles(f,
		    to == NONE ? "a table that is not here" :
		                 plan->tables[to].schema->name,
		    part->key);
	if (st == VL_OK && id.type == VL_CELL_INT) {
		vl_buf_clear(&room);
		st =
		    vl_buf_printf(&room, f->err, "%lld", (long long)id.integer);
		id.bytes = vl_buf_slice(&room);
	}
	if (st == VL_OK && found)
		st = vl_place_write(text, part->form, id.bytes, f->err);
	if (st == VL_EFORMAT)
		st = vl_fail(f->err, VL_EREFUSED, "column '%s': %s",
		    f->t->schema->columns[f->column].name, f->err->text);
	vl_buf_free(&room);
	return st;
}

/* Counted texts that are not at their end. */
struct open {
	uint64_t end[VL_COUNTED_DEPTH]; /* number of the piece behind it */
	size_t from[VL_COUNTED_DEPTH];  /* of the text */
	size_t depth;
};

/* Put the lengths of those that end before piece `number`. */
static enum vl_status
count(const struct filling *f, struct open *o, uint64_t number,
    struct vl_buf *text)
{
	enum vl_status st = VL_OK;

	for (; st == VL_OK && o->depth > 0 && o->end[o->depth - 1] == number;
	     o->depth--)
		st = vl_place_count(text, o->from[o->depth - 1], f->err);
	return st;
}

static enum vl_status
pack(enum vl_packing how, struct vl_buf *text, struct vl_err *err)
{
	struct vl_buf packed = { 0 };
	enum vl_status st =
	    vl_place_pack(&packed, how, vl_buf_slice(text), err);

	if (st == VL_OK) {
		vl_buf_free(text);
		*text = packed;
		return VL_OK;
	}
	vl_buf_free(&packed);
	return st;
}

static enum vl_status
fill_parts(struct filling *f, struct vl_row_store *store,
    const struct vl_value *value, struct vl_buf *text, struct vl_cell *cell)
{
	struct vl_text_part part = { 0 };
	struct open o = { .depth = 0 };
	enum vl_status st = VL_OK;
	uint64_t number = 0;
	size_t at = 0;

	vl_buf_clear(text);
	while (st == VL_OK &&
	    vl_parts_next(&part, &store->json, value, &at, &store->text)) {
		st = count(f, &o, number, text);
		if (st == VL_OK && part.kind != VL_PART_COUNT) {
			st = fill_part(f, &part, text);
		} else if (st == VL_OK) {
			o.end[o.depth] = number + part.n + 1;
			o.from[o.depth++] = text->n;
		}
		number++;
	}
	if (st == VL_OK)
		st = count(f, &o, number, text);
	if (st == VL_OK && value->packing != VL_PACKING_NONE)
		st = pack(value->packing, text, f->err);
	*cell = (struct vl_cell){ .type = value->cell.type,
		.bytes = vl_buf_slice(text) };
	return st;
}

enum vl_status
rows_fill(struct vl_rows_put *p, size_t table, size_t column,
    const struct rows_staged *row, struct vl_row_store *store,
    const struct vl_value *value, struct vl_buf *text, struct vl_cell *cell,
    struct vl_err *err)
{
	struct filling f = { .p = p,
		.t = &p->here->plan.tables[table],
		.column = column,
		.row = row,
		.line = row->row,
		.err = err };
	enum vl_status st = VL_OK;

	switch (value->kind) {
	case VL_VALUE_CELL:
		*cell = value->cell;
		rows_map_out(&p->here->plan, table, column, row->key, cell);
		break;
	case VL_VALUE_BODY:
		vl_buf_clear(text);
		st = rows_stage_piece(
		    p->stage, row->body, value->at, value->n, text, err);
		*cell = (struct vl_cell){ .type = value->cell.type,
			.bytes = vl_buf_slice(text) };
		break;
	case VL_VALUE_REF:
		return fill_ref(&f, value->key, text, cell);
	case VL_VALUE_SECRET:
		cell->type = value->cell.type;
		return rows_fill_secret(p, row,
		    &(struct rows_slot_of){ .table = table,
		        .column = column,
		        .slot = &value->slot },
		    &cell->bytes, err);
	case VL_VALUE_PARTS:
		return fill_parts(&f, store, value, text, cell);
	}
	if (st != VL_OK || f.t->nfiles == 0)
		return st;
	return rows_owned_out(p,
	    &(struct rows_owned_cell){ table, column, row->n }, text, cell,
	    err);
}
