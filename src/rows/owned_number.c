/* The name of a file with a number in it: photo-2.jpg. */

#include <stdlib.h>
#include <string.h>

#include "owned_place.h"

/* Before the extension of the last component. */
static enum vl_status
add_number(struct placing *g, struct vl_slice text, struct vl_buf *out)
{
	const uint8_t *slash = memrchr(text.p, '/', text.n);
	size_t from = slash == NULL ? 0 : (size_t)(slash - text.p) + 1;
	const uint8_t *dot = memrchr(text.p + from, '.', text.n - from);
	size_t at = text.n;
	enum vl_status st = VL_OK;

	/* A dot at the start is no extension's. */
	if (dot != NULL && dot > text.p + from)
		at = (size_t)(dot - text.p);
	st = vl_buf_add(out, (struct vl_slice){ text.p, at }, g->err);
	if (st == VL_OK)
		st = vl_buf_printf(out, g->err, "-%lld", (long long)g->k);
	return st == VL_OK ?
	    vl_buf_add(
	        out, (struct vl_slice){ text.p + at, text.n - at }, g->err) :
	    st;
}

enum vl_status
owned_read_cells(struct placing *g, struct vl_row_store *store,
    struct vl_slice json, struct vl_cell *cells, size_t *n)
{
	struct vl_value v = { 0 };
	enum vl_status st = rows_row_parse(store, json, g->err);
	size_t at = 1;

	*n = 0;
	for (; st == VL_OK && at < store->json.items[0].next;
	     at = store->json.items[at].next) {
		st = vl_value_read(&v, &store->json, at, &store->text, g->err);
		cells[(*n)++] = v.cell;
	}
	return st;
}

/* The last of the cells that has a text; NULL where none has. */
static struct vl_cell *
last_text(struct vl_cell *cells, size_t n)
{
	while (n > 0) {
		n--;
		if (cells[n].type == VL_CELL_TEXT && cells[n].bytes.n > 0)
			return &cells[n];
	}
	return NULL;
}

enum vl_status
owned_number_name(struct placing *g)
{
	const struct rows_table *t = &g->p->here->plan.tables[g->table];
	struct vl_cell *cells = calloc(g->f->nparts + 1, sizeof(*cells));
	struct vl_cell *parts = calloc(g->f->nparts + 1, sizeof(*parts));
	struct vl_buf text = { 0 };
	struct vl_json_w w = { 0 };
	struct vl_cell *last = NULL;
	enum vl_status st = VL_OK;
	size_t n = 0;
	size_t i = 0;
	size_t k = 0;

	vl_buf_clear(&g->dest);
	vl_buf_clear(&g->to);
	if (cells == NULL || parts == NULL)
		st = vl_fail_memory(g->err);
	if (st == VL_OK)
		st = owned_read_cells(g, &g->store, g->cells, cells, &n);
	if (st == VL_OK)
		last = last_text(cells, n);
	if (last != NULL) {
		st = add_number(g, last->bytes, &text);
		last->bytes = vl_buf_slice(&text);
		for (i = 0; i < g->f->nparts; i++)
			if (g->f->parts[i].column != NONE)
				parts[i] = cells[k++];
		if (st == VL_OK)
			st = rows_owned_path(&g->dest, t, g->f, parts, g->err);
		vl_json_w_init(&w, &g->to);
		vl_json_w_open(&w, '[');
		for (i = 0; i < n; i++)
			vl_cell_write(&w, &cells[i]);
		vl_json_w_close(&w, ']');
		if (st == VL_OK)
			st = vl_json_w_end(&w, g->err);
	}
	vl_buf_free(&text);
	free(cells);
	free(parts);
	return st;
}
