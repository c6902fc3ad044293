/*
 * What imports of the series created in a database, from one import to the
 * next: a line is one row, as canonical JSON of four texts (table, key at the
 * source, id there, id here; docs/transaction.md, "What was brought").
 */
#include "databases.h"

#define PARTS 4

static enum vl_status
fail_line(struct vl_err *err)
{
	return vl_fail(err, VL_EIO,
	    "the list of what was brought has a line that is none of a "
	    "database: restore it from a copy, or remove it");
}

enum vl_status
vl_created_next(
    void *arg, struct vl_rows_brought *r, bool *more, struct vl_err *err)
{
	struct vl_base *b = arg;
	struct vl_slice *const parts[PARTS] = { &r->table, &r->key, &r->from,
		&r->here };
	struct vl_slice line = { NULL, 0 };
	enum vl_status st = VL_OK;
	size_t at = 1;
	size_t i = 0;

	*more = false;
	if (b->again) {
		vl_brought_r_free(b->old);
		b->old = NULL;
		st = vl_brought_r_open(&b->old, &b->brought, err);
	}
	if (st != VL_OK || b->old == NULL)
		return st;
	st = vl_brought_r_next(b->old, &line, more, err);
	b->again = st == VL_OK && !*more;
	if (st != VL_OK || !*more)
		return st;
	vl_buf_clear(&b->text);
	if (vl_buf_reserve(&b->text, line.n, err) != VL_OK)
		return err->status;
	st = vl_json_parse(&b->json, line, err);
	if (st == VL_EIO)
		return st; /* no memory */
	if (st != VL_OK || b->json.items[0].type != VL_JSON_ARRAY ||
	    b->json.items[0].count != PARTS)
		return fail_line(err);
	for (i = 0; i < PARTS; i++, at++) {
		if (b->json.items[at].type != VL_JSON_STRING)
			return fail_line(err);
		*parts[i] = vl_json_text(&b->json, at, &b->text);
	}
	return VL_OK;
}

enum vl_status
vl_created_add(void *arg, const struct vl_rows_brought *r, struct vl_err *err)
{
	struct vl_base *b = arg;
	const struct vl_slice parts[PARTS] = { r->table, r->key, r->from,
		r->here };
	struct vl_json_w w;
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (b->list == NULL)
		st = vl_brought_w_open(&b->list, &b->brought, err);
	if (st != VL_OK)
		return st;
	vl_buf_clear(&b->text);
	vl_json_w_init(&w, &b->text);
	vl_json_w_open(&w, '[');
	for (i = 0; i < PARTS; i++)
		vl_json_w_text(&w, parts[i]);
	vl_json_w_close(&w, ']');
	st = vl_json_w_end(&w, err);
	return st == VL_OK ?
	    vl_brought_w_add(b->list, vl_buf_slice(&b->text), err) :
	    st;
}

enum vl_status
vl_created_open(struct vl_base *b, struct vl_err *err)
{
	const struct vl_run *run = b->run;

	b->brought =
	    vl_brought_of(run->opts->state, &run->header, b->resource->name);
	b->brought.rows = true;
	return vl_brought_r_open(&b->old, &b->brought, err);
}

enum vl_status
vl_created_finish(struct vl_base *b, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	/* One that holds is replaced, also by one without rows. */
	if (b->list == NULL && b->old != NULL)
		st = vl_brought_w_open(&b->list, &b->brought, err);
	if (st == VL_OK && b->list != NULL)
		st = vl_brought_w_finish(b->list, err);
	return st;
}

void
vl_created_free(struct vl_base *b)
{
	vl_brought_r_free(b->old);
	vl_brought_w_free(b->list);
	vl_json_free(&b->json);
	vl_buf_free(&b->text);
	b->old = NULL;
	b->list = NULL;
	b->again = false;
}
