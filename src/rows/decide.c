/* Records that differ, shown to who may decide otherwise: a plan. */

#include <string.h>

#include "put.h"

void
rows_hash_here(uint8_t hash[VL_HASH_SIZE], const struct rows_reader *rd)
{
	const struct vl_cell *cell = NULL;
	struct vl_hash h;
	uint8_t head[9];
	size_t i = 0;

	vl_hash_init(&h, NULL);
	for (i = 0; i < rd->conditions; i++) {
		cell = &rd->cells[i];
		head[0] = (uint8_t)cell->type;
		vl_put_u64le(head + 1,
		    cell->type == VL_CELL_INT ? (uint64_t)cell->integer :
		                                cell->bytes.n);
		if (cell->type == VL_CELL_NULL)
			vl_put_u64le(head + 1, 0);
		if (cell->type == VL_CELL_REAL)
			memcpy(head + 1, &cell->real, sizeof(cell->real));
		vl_hash_add(&h, (struct vl_slice){ head, sizeof(head) });
		if (cell->type == VL_CELL_TEXT || cell->type == VL_CELL_BLOB)
			vl_hash_add(&h, cell->bytes);
	}
	vl_hash_end(&h, hash);
}

static enum vl_status
name_fields(
    struct vl_rows_put *p, const struct rows_question *q, struct vl_err *err)
{
	const struct vl_table *t = p->here->plan.tables[q->table].schema;
	struct vl_slice what = q->columns;
	struct vl_json_w w = { 0 };
	size_t column = 0;

	vl_buf_clear(&p->text);
	vl_json_w_init(&w, &p->text);
	vl_json_w_open(&w, '[');
	while (rows_what_next(&what, &column))
		vl_json_w_text(&w, vl_slice_of(t->columns[column].name));
	vl_json_w_close(&w, ']');
	return vl_json_w_end(&w, err);
}

enum vl_status
rows_decide(struct vl_rows_put *p, const struct rows_question *q, bool *go,
    struct vl_err *err)
{
	uint8_t here[VL_HASH_SIZE];
	struct vl_rows_differs d = {
		.table = p->here->plan.tables[q->table].collection,
		.what = q->what,
		.key = q->key,
		.again = q->again
	};
	enum vl_status st = VL_OK;

	if (p->opts.decide == NULL)
		return VL_OK;
	d.here = q->here;
	if (q->rd != NULL) {
		rows_hash_here(here, q->rd);
		d.here = here;
	}
	if (q->columns.n > 0) {
		st = name_fields(p, q, err);
		d.fields = vl_buf_slice(&p->text);
	}
	return st == VL_OK ? p->opts.decide(p->opts.arg, &d, go, err) : st;
}
