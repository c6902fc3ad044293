/* Whether two values say the same: one of the bundle, one of the target. */

#include <string.h>

#include "put.h"

struct same {
	struct vl_rows_put *p;
	struct rows_scratch *scratch; /* of the target's rows */
	size_t table;
	struct vl_err *err;
};

/* From the values that were kept. */
enum vl_status
rows_same_piece(struct vl_rows_put *p, struct rows_scratch *scratch,
    uint64_t at, uint64_t n, struct vl_buf *out, struct vl_err *err)
{
	const struct rows_values *v = &p->values;
	struct vl_slice kept = { 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	/* One value is one stretch. */
	for (i = 0; st == VL_OK && i < v->nlarge; i++) {
		st = rows_scratch_kept(scratch, v->large[i], &kept, err);
		if (st == VL_OK && at == 0 && kept.n == n)
			return vl_buf_add(out, kept, err);
		at -= kept.n;
	}
	return st;
}

static enum vl_status
same_stretch(struct same *c, const struct rows_staged *row,
    const uint64_t ours[2], const uint64_t theirs[2], bool *same)
{
	struct vl_buf a = { 0 };
	struct vl_buf b = { 0 };
	enum vl_status st = VL_OK;

	*same = ours[1] == theirs[1];
	if (!*same)
		return VL_OK;
	st = rows_stage_piece(
	    c->p->stage, row->body, ours[0], ours[1], &a, c->err);
	if (st == VL_OK)
		st = rows_same_piece(
		    c->p, c->scratch, theirs[0], theirs[1], &b, c->err);
	*same = vl_slice_equal(vl_buf_slice(&a), vl_buf_slice(&b));
	vl_buf_free(&a);
	vl_buf_free(&b);
	return st;
}

static bool
same_slot(const struct vl_slot *a, const struct vl_slot *b)
{
	return memcmp(a->print, b->print, sizeof(a->print)) == 0 &&
	    a->form == b->form && a->blob == b->blob;
}

static enum vl_status
same_parts(struct same *c, const struct rows_staged *row,
    const struct vl_value *ours, const struct vl_value *theirs, bool *same)
{
	struct vl_text_part a = { 0 };
	struct vl_text_part b = { 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;
	size_t k = 0;
	bool more = true;

	*same = ours->packing == theirs->packing;
	while (st == VL_OK && *same) {
		more = vl_parts_next(
		    &a, &c->p->store.json, ours, &i, &c->p->store.text);
		if (vl_parts_next(&b, &c->p->theirs.json, theirs, &k,
		        &c->p->theirs.text) != more ||
		    (more && a.kind != b.kind)) {
			*same = false;
			break;
		}
		if (!more)
			break;
		if (a.kind == VL_PART_BODY)
			st = same_stretch(c, row, (uint64_t[]){ a.at, a.n },
			    (uint64_t[]){ b.at, b.n }, same);
		else if (a.kind == VL_PART_TEXT)
			*same = vl_slice_equal(a.text, b.text);
		else if (a.kind == VL_PART_COUNT)
			*same = a.n == b.n;
		else if (a.kind == VL_PART_SECRET)
			*same = same_slot(&a.slot, &b.slot) &&
			    vl_slice_equal(a.inside, b.inside) &&
			    a.form == b.form;
		else
			*same = vl_slice_equal(a.key, b.key) &&
			    vl_slice_equal(a.table, b.table) &&
			    a.form == b.form;
	}
	return st;
}

/* A key that names no row here is what on_dangling made of it: an id that is
 * kept may name another row. */
static enum vl_status
same_loose(struct same *c, const struct rows_beside *b, bool *same)
{
	struct vl_cell cell = { 0 };
	bool loose = false;
	enum vl_status st = rows_fill_loose(c->p, c->table, b->column, b->row,
	    b->ours->key, &cell, &loose, c->err);

	*same =
	    loose && vl_cell_equal(&cell, rows_reader_cell(b->rd, b->column));
	return st;
}

/* One key, and of one table: each side has a value that names it. */
static enum vl_status
same_table(struct same *c, const struct rows_beside *b, bool *same)
{
	const struct rows_ref *ref = rows_whole(b->rd, b->column);
	struct vl_cell value = { 0 };
	enum vl_status st = VL_OK;
	size_t to = NONE;

	if (ref == NULL || ref->by == NULL)
		return VL_OK;
	st = rows_fill_by(c->p, b->table, ref->by, b->row->row, &to, c->err);
	if (st == VL_OK)
		st = rows_by_value(c->scratch, b->rd, ref->by, &value, c->err);
	*same = to == rows_by_pick(ref->by, &value);
	return st;
}

static enum vl_status
same_value(struct same *c, const struct rows_beside *b, bool *same)
{
	const struct rows_staged *row = b->row;
	const struct vl_value *ours = b->ours;
	const struct vl_value *theirs = b->theirs;

	*same = ours->kind == theirs->kind;
	if (!*same)
		return VL_OK;
	switch (ours->kind) {
	case VL_VALUE_CELL:
		*same = vl_cell_equal(&ours->cell, &theirs->cell);
		return VL_OK;
	case VL_VALUE_REF:
		*same = vl_slice_equal(ours->key, theirs->key);
		return *same ? same_table(c, b, same) : VL_OK;
	case VL_VALUE_BODY:
		if (ours->cell.type != theirs->cell.type) {
			*same = false;
			return VL_OK;
		}
		return same_stretch(c, row, (uint64_t[]){ ours->at, ours->n },
		    (uint64_t[]){ theirs->at, theirs->n }, same);
	case VL_VALUE_SECRET:
		*same = same_slot(&ours->slot, &theirs->slot);
		return VL_OK;
	case VL_VALUE_PARTS:
		return same_parts(c, row, ours, theirs, same);
	}
	return VL_OK;
}

enum vl_status
rows_same(struct vl_rows_put *p, struct rows_scratch *scratch,
    const struct rows_beside *b, bool *same, struct vl_err *err)
{
	struct same c = {
		.p = p, .scratch = scratch, .table = b->table, .err = err
	};
	enum vl_status st = VL_OK;

	if (b->ours->kind == VL_VALUE_REF &&
	    (b->theirs->kind == VL_VALUE_CELL ||
	        (b->theirs->kind == VL_VALUE_REF &&
	            !vl_slice_equal(b->ours->key, b->theirs->key))))
		return same_loose(&c, b, same);
	st = same_value(&c, b, same);
	return st == VL_OK && *same ? rows_follow(p, b, same, err) : st;
}
