/*
 * No two rows of a table have one id at the source: imports to come would find
 * either of them by it.  The ids of a table are sorted, each with the number of
 * its row behind it.
 */

#include <string.h>

#include <valise/text.h>

#include "put.h"

#define SORT_MEMORY (4u << 20)

static enum vl_status
begin(struct vl_rows_put *p, struct vl_err *err)
{
	p->once_any = true;
	p->once_table = p->table;
	if (p->once != NULL) {
		vl_sort_again(p->once);
		return VL_OK;
	}
	return vl_sort_new(&p->once, p->opts.rows.tempdir, SORT_MEMORY, err);
}

enum vl_status
rows_once_add(struct vl_rows_put *p, size_t table, const struct vl_cell *id,
    struct vl_err *err)
{
	enum vl_status st = p->once_any ? VL_OK : begin(p, err);
	const uint64_t n = rows_stage_rows(p->stage, table) + 1;
	struct vl_json_w w = { 0 };
	struct vl_slice parts[2];

	if (st != VL_OK)
		return st;
	vl_buf_clear(&p->text);
	vl_json_w_init(&w, &p->text);
	vl_json_w_open(&w, '[');
	vl_cell_write(&w, id);
	vl_json_w_close(&w, ']');
	st = vl_json_w_end(&w, err);
	parts[0] = vl_buf_slice(&p->text);
	parts[1] = (struct vl_slice){ (const uint8_t *)&n, sizeof(n) };
	return st == VL_OK ? vl_sort_add_parts(p->once, parts, 2, err) : st;
}

/* The rows of these numbers. */
static enum vl_status
refuse(struct vl_rows_put *p, int64_t a, int64_t b, struct vl_err *err)
{
	struct rows_staging *g = NULL;
	struct rows_staged row = { 0 };
	char shown[2][ROWS_SHOWN] = { "", "" };
	enum vl_status st = rows_staging_all(&g, p->stage, p->once_table, err);
	bool more = true;

	while (st == VL_OK) {
		st = rows_staging_next(g, &row, &more, err);
		if (st != VL_OK || !more)
			break;
		if (row.n == a || row.n == b)
			(void)vl_escape_text(
			    shown[row.n == b], sizeof(shown[0]), row.key);
	}
	rows_staging_free(g);
	if (st != VL_OK)
		return st;
	return vl_fail(err, VL_EFORMAT,
	    "table '%s': rows %s and %s of the bundle have one id",
	    p->here->plan.tables[p->once_table].schema->name, shown[0],
	    shown[1]);
}

enum vl_status
rows_once_check(struct vl_rows_put *p, struct vl_err *err)
{
	struct vl_slice item = { 0 };
	struct vl_slice id = { 0 };
	struct vl_buf before = { 0 };
	uint64_t last = 0;
	uint64_t n = 0;
	bool twice = false;
	enum vl_status st = VL_OK;

	if (!p->once_any)
		return VL_OK;
	p->once_any = false;
	st = vl_sort_finish(p->once, err);
	while (st == VL_OK && !twice) {
		st = vl_sort_next(p->once, &item, err);
		if (st != VL_OK || item.p == NULL)
			break;
		id = (struct vl_slice){ item.p, item.n - sizeof(n) };
		memcpy(&n, item.p + id.n, sizeof(n));
		twice = vl_slice_equal(id, vl_buf_slice(&before));
		if (twice)
			break;
		last = n;
		vl_buf_clear(&before);
		st = vl_buf_add(&before, id, err);
	}
	vl_buf_free(&before);
	return st == VL_OK && twice ? refuse(p, (int64_t)(last < n ? last : n),
	                                  (int64_t)(last < n ? n : last), err) :
	                              st;
}
