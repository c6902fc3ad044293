/*
 * No two rows of a table have one id at the source: imports to come would find
 * either of them by it.  Of integers that are not large each has a bit; other
 * ids of a table are sorted.
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
	struct vl_sort *others; /* or NULL */
	bool any;               /* there are some */
	struct vl_buf twice;    /* the text of one that two have; or empty */
};

void
rows_once_free(struct rows_once *o)
{
	if (o == NULL)
		return;
	free(o->seen);
	vl_sort_free(o->others);
	vl_buf_free(&o->twice);
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

/* Two rows of the table have the id of that text. */
static enum vl_status
refuse(struct vl_rows_put *p, struct vl_slice text, struct vl_err *err)
{
	const size_t table = p->once->table;
	struct rows_staging *g = NULL;
	struct rows_staged row = { 0 };
	struct vl_cell id = { 0 };
	char shown[2][ROWS_SHOWN] = { "", "" };
	enum vl_status st = rows_staging_all(&g, p->stage, table, err);
	bool more = true;
	size_t n = 0;

	while (st == VL_OK && n < 2) {
		st = rows_staging_next(g, &row, &more, err);
		if (st != VL_OK || !more)
			break;
		st = rows_ids_source(p, table, row.x, &id, err);
		if (st == VL_OK)
			st = rows_id_text(&p->text, &id, err);
		if (st == VL_OK && vl_slice_equal(text, vl_buf_slice(&p->text)))
			(void)vl_escape_text(
			    shown[n++], sizeof(shown[0]), row.key);
	}
	rows_staging_free(g);
	return st != VL_OK ?
	    st :
	    vl_fail(err, VL_EFORMAT,
	        "table '%s': rows %s and %s of the bundle have one id",
	        p->here->plan.tables[table].schema->name, shown[0], shown[1]);
}

/* It is one of those with a bit. */
static enum vl_status
see(struct rows_once *o, const struct vl_cell *id, struct vl_err *err)
{
	const size_t word = (size_t)id->integer / WORD;
	const uint64_t bit = UINT64_C(1) << (id->integer % WORD);
	enum vl_status st = VL_OK;

	if (o->seen == NULL)
		o->seen = calloc(SEEN_IDS / WORD, sizeof(*o->seen));
	if (o->seen == NULL)
		return vl_fail_memory(err);
	if ((o->seen[word] & bit) != 0)
		st = rows_id_text(&o->twice, id, err);
	o->seen[word] |= bit;
	if (word >= o->nseen)
		o->nseen = word + 1;
	return st;
}

enum vl_status
rows_once_add(struct vl_rows_put *p, size_t table, const struct vl_cell *id,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (p->once == NULL)
		p->once = calloc(1, sizeof(*p->once));
	if (p->once == NULL)
		return vl_fail_memory(err);
	p->once->table = table;
	if (id->type == VL_CELL_INT && id->integer >= 0 &&
	    id->integer < SEEN_IDS)
		return see(p->once, id, err);
	if (!p->once->any)
		st = begin(p, err);
	if (st == VL_OK)
		st = rows_id_text(&p->text, id, err);
	return st == VL_OK ?
	    vl_sort_add(p->once->others, vl_buf_slice(&p->text), err) :
	    st;
}

/* The first of the sorted ones that is there twice, if any. */
static enum vl_status
find_twice(struct rows_once *o, struct vl_err *err)
{
	struct vl_buf before = { 0 };
	struct vl_slice id = { 0 };
	enum vl_status st = vl_sort_finish(o->others, err);

	while (st == VL_OK && o->twice.n == 0) {
		st = vl_sort_next(o->others, &id, err);
		if (st != VL_OK || id.p == NULL)
			break;
		if (vl_slice_equal(id, vl_buf_slice(&before))) {
			st = vl_buf_add(&o->twice, id, err);
			break;
		}
		vl_buf_clear(&before);
		st = vl_buf_add(&before, id, err);
	}
	vl_buf_free(&before);
	return st;
}

enum vl_status
rows_once_check(struct vl_rows_put *p, struct vl_err *err)
{
	struct rows_once *o = p->once;
	enum vl_status st = VL_OK;

	if (o == NULL)
		return VL_OK;
	if (o->nseen > 0)
		memset(o->seen, 0, o->nseen * sizeof(*o->seen));
	o->nseen = 0;
	if (o->twice.n == 0 && o->any)
		st = find_twice(o, err);
	o->any = false;
	return st == VL_OK && o->twice.n > 0 ?
	    refuse(p, vl_buf_slice(&o->twice), err) :
	    st;
}
