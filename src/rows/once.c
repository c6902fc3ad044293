/*
 * No two rows of a table have one id at the source: imports to come would find
 * either of them by it.  Of integers that are not large each has a bit; other
 * ids of a table are sorted, each with the number of its row behind it.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "put.h"

#define SORT_MEMORY (4u << 20)
#define SEEN_IDS    (INT64_C(1) << 25) /* those below: 4 MiB of bits */
#define WORD        64

struct rows_once {
	size_t table;
	uint64_t *seen; /* a bit for each small one of the table, or NULL */
	size_t nseen;   /* words that may have some */
	bool twice;     /* one of them was there already, this one */
	int64_t twice_id;
	struct vl_sort *others; /* or NULL */
	bool any;               /* there are some */
};

void
rows_once_free(struct rows_once *o)
{
	if (o == NULL)
		return;
	free(o->seen);
	vl_sort_free(o->others);
	free(o);
}

static enum vl_status
begin(struct vl_rows_put *p, struct vl_err *err)
{
	p->once->any = true;
	if (p->once->others != NULL) {
		vl_sort_again(p->once->others);
		return VL_OK;
	}
	return vl_sort_new(
	    &p->once->others, p->opts.rows.tempdir, SORT_MEMORY, err);
}

static enum vl_status
refuse(const struct vl_rows_put *p, size_t table, char shown[2][ROWS_SHOWN],
    struct vl_err *err)
{
	return vl_fail(err, VL_EFORMAT,
	    "table '%s': rows %s and %s of the bundle have one id",
	    p->here->plan.tables[table].schema->name, shown[0], shown[1]);
}

/* Two rows of the table have an id with a bit. */
static enum vl_status
refuse_seen(struct vl_rows_put *p, struct vl_err *err)
{
	struct rows_staging *g = NULL;
	struct rows_staged row = { 0 };
	struct vl_cell id = { 0 };
	char shown[2][ROWS_SHOWN] = { "", "" };
	enum vl_status st = rows_staging_all(&g, p->stage, p->once->table, err);
	bool more = true;
	size_t n = 0;

	while (st == VL_OK && n < 2) {
		st = rows_staging_next(g, &row, &more, err);
		if (st != VL_OK || !more)
			break;
		st = rows_ids_source(p, p->once->table, row.x, &id, err);
		if (id.type == VL_CELL_INT && id.integer == p->once->twice_id)
			(void)vl_escape_text(
			    shown[n++], sizeof(shown[0]), row.key);
	}
	rows_staging_free(g);
	return st == VL_OK ? refuse(p, p->once->table, shown, err) : st;
}

/* `id` is one of those with a bit. */
static enum vl_status
see(struct rows_once *o, int64_t id, struct vl_err *err)
{
	const size_t word = (size_t)id / WORD;
	const uint64_t bit = UINT64_C(1) << (id % WORD);

	if (o->seen == NULL)
		o->seen = calloc(SEEN_IDS / WORD, sizeof(*o->seen));
	if (o->seen == NULL)
		return vl_fail_memory(err);
	if ((o->seen[word] & bit) != 0) {
		o->twice = true;
		o->twice_id = id;
	}
	o->seen[word] |= bit;
	if (word >= o->nseen)
		o->nseen = word + 1;
	return VL_OK;
}

enum vl_status
rows_once_add(struct vl_rows_put *p, size_t table, const struct vl_cell *id,
    struct vl_err *err)
{
	const uint64_t n = rows_stage_rows(p->stage, table) + 1;
	enum vl_status st = VL_OK;
	struct vl_json_w w = { 0 };
	struct vl_slice parts[2];

	if (p->once == NULL)
		p->once = calloc(1, sizeof(*p->once));
	if (p->once == NULL)
		return vl_fail_memory(err);
	p->once->table = table;
	if (id->type == VL_CELL_INT && id->integer >= 0 &&
	    id->integer < SEEN_IDS)
		return see(p->once, id->integer, err);
	if (!p->once->any)
		st = begin(p, err);
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
	return st == VL_OK ? vl_sort_add_parts(p->once->others, parts, 2, err) :
	                     st;
}

/* The rows of these numbers. */
static enum vl_status
refuse_rows(struct vl_rows_put *p, int64_t a, int64_t b, struct vl_err *err)
{
	struct rows_staging *g = NULL;
	struct rows_staged row = { 0 };
	char shown[2][ROWS_SHOWN] = { "", "" };
	enum vl_status st = rows_staging_all(&g, p->stage, p->once->table, err);
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
	return st == VL_OK ? refuse(p, p->once->table, shown, err) : st;
}

enum vl_status
rows_once_check(struct vl_rows_put *p, struct vl_err *err)
{
	struct rows_once *o = p->once;
	struct vl_slice item = { 0 };
	struct vl_slice id = { 0 };
	struct vl_buf before = { 0 };
	uint64_t last = 0;
	uint64_t n = 0;
	bool twice = false;
	enum vl_status st = VL_OK;

	if (o == NULL)
		return VL_OK;
	if (o->nseen > 0)
		memset(o->seen, 0, o->nseen * sizeof(*o->seen));
	o->nseen = 0;
	if (o->twice)
		return refuse_seen(p, err);
	if (!o->any)
		return VL_OK;
	o->any = false;
	st = vl_sort_finish(o->others, err);
	while (st == VL_OK && !twice) {
		st = vl_sort_next(o->others, &item, err);
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
	if (st != VL_OK || !twice)
		return st;
	return refuse_rows(p, (int64_t)(last < n ? last : n),
	    (int64_t)(last < n ? n : last), err);
}
