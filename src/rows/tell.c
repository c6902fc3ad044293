/*
 * What differs inside a value that both sides have, for who looks at a
 * preview: by paths, and ids by the keys of their rows.  It stands behind the
 * numbers of the columns that differ.
 */

#include <string.h>

#include <valise/fields.h>

#include "put.h"

#define SAID      0xffff /* no column has that number; text follows */
#define SAID_MAX  8192   /* bytes of one row, about */
#define SAID_HEAD 2

bool
rows_what_next(struct vl_slice *what, size_t *column)
{
	struct vl_rd rd = { .rest = *what };

	if (what->n < 2)
		return false;
	*column = vl_rd_u16le(&rd);
	*what = rd.rest;
	return *column != SAID;
}

bool
rows_what_writes(const struct rows_staged *row, size_t column)
{
	struct vl_slice what = row->what;
	size_t one = NONE;

	if (row->act == ROWS_NEW || row->act == ROWS_AGAIN_NEW)
		return true;
	while (rows_what_next(&what, &one))
		if (one == column)
			return true;
	return false;
}

struct vl_slice
rows_what_columns(struct vl_slice what)
{
	struct vl_slice rest = what;
	size_t column = 0;

	while (rows_what_next(&rest, &column))
		;
	if (column == SAID)
		what.n -= rest.n + SAID_HEAD;
	return what;
}

struct vl_slice
rows_what_said(struct vl_slice what)
{
	size_t column = 0;

	while (rows_what_next(&what, &column))
		;
	return what;
}

static bool
is_text(const struct vl_value *v)
{
	return v->kind == VL_VALUE_PARTS ||
	    ((v->kind == VL_VALUE_CELL || v->kind == VL_VALUE_BODY) &&
	        v->cell.type == VL_CELL_TEXT);
}

/* A piece of one side, and what it stands for where that is in a body. */
static enum vl_status
add_piece(struct vl_rows_put *p, struct rows_scratch *scratch,
    const struct rows_beside *b, const struct vl_text_part *part, bool ours,
    struct vl_err *err)
{
	struct vl_buf body = { 0 };
	enum vl_status st = VL_OK;

	if (part->kind == VL_PART_BODY)
		st = ours ?
		    rows_stage_piece(
		        p->stage, b->row->body, part->at, part->n, &body, err) :
		    rows_same_piece(p, scratch, part->at, part->n, &body, err);
	if (st == VL_OK)
		st = vl_fields_add(p->telling.fields,
		    ours ? VL_SIDE_NEW : VL_SIDE_OLD, part, vl_buf_slice(&body),
		    err);
	vl_buf_free(&body);
	return st;
}

static enum vl_status
add_side(struct vl_rows_put *p, struct rows_scratch *scratch,
    const struct rows_beside *b, bool ours, struct vl_err *err)
{
	const struct vl_value *v = ours ? b->ours : b->theirs;
	struct vl_row_store *store = ours ? &p->store : &p->theirs;
	struct vl_text_part part = { .kind = VL_PART_TEXT,
		.text = v->cell.bytes };
	enum vl_status st = VL_OK;
	size_t at = 0;

	if (v->kind == VL_VALUE_BODY) {
		part.kind = VL_PART_BODY;
		part.at = v->at;
		part.n = v->n;
	}
	if (v->kind != VL_VALUE_PARTS)
		return add_piece(p, scratch, b, &part, ours, err);
	while (st == VL_OK &&
	    vl_parts_next(&part, &store->json, v, &at, &store->text))
		st = add_piece(p, scratch, b, &part, ours, err);
	return st;
}

enum vl_status
rows_tell_value(struct vl_rows_put *p, struct rows_scratch *scratch,
    const struct rows_beside *b, struct vl_err *err)
{
	const struct rows_column *c = &b->rd->t->columns[b->column];
	struct rows_telling *t = &p->telling;
	enum vl_fields_form form = VL_FIELDS_GUESS;
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (p->opts.values == NULL || p->opts.conflicts_only ||
	    !is_text(b->ours) || !is_text(b->theirs) || t->said.n > SAID_MAX ||
	    c->secret || c->leaky)
		return VL_OK;
	for (i = 0; i < c->nrefs; i++)
		if (c->refs[i].words != NULL && c->refs[i].words->yaml != NULL)
			form = VL_FIELDS_YAML;
	if (t->fields == NULL)
		st = vl_fields_new(&t->fields, err);
	if (st != VL_OK)
		return st;
	vl_fields_begin(t->fields);
	st = add_side(p, scratch, b, false, err);
	if (st == VL_OK)
		st = add_side(p, scratch, b, true, err);
	return st == VL_OK ? vl_fields_differ(t->fields, form,
	                         vl_slice_of(c->schema->name), &t->w, err) :
	                     st;
}

void
rows_tell_begin(struct vl_rows_put *p)
{
	vl_buf_clear(&p->telling.said);
	vl_json_w_init(&p->telling.w, &p->telling.said);
	vl_json_w_open(&p->telling.w, '[');
}

enum vl_status
rows_tell_end(struct vl_rows_put *p, struct vl_err *err)
{
	struct rows_telling *t = &p->telling;
	uint8_t mark[SAID_HEAD];
	enum vl_status st = VL_OK;

	vl_json_w_close(&t->w, ']');
	st = vl_json_w_end(&t->w, err);
	/* More than the brackets. */
	if (st != VL_OK || t->said.n <= 2 || p->detail.n == 0)
		return st;
	vl_put_u16le(mark, SAID);
	st = vl_buf_add(
	    &p->detail, (struct vl_slice){ mark, sizeof(mark) }, err);
	return st == VL_OK ?
	    vl_buf_add(&p->detail, vl_buf_slice(&t->said), err) :
	    st;
}

void
rows_tell_free(struct vl_rows_put *p)
{
	vl_fields_free(p->telling.fields);
	vl_buf_free(&p->telling.said);
}
