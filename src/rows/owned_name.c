/* The path of the file that one row owns. */

#include <stdlib.h>

#include <valise/text.h>

#include "owned_name.h"

#define SHOWN 256

enum vl_status
naming_open(struct naming *n, const struct rows_table *t)
{
	size_t most = 0;
	size_t i = 0;

	for (i = 0; i < t->nfiles; i++)
		if (t->files[i].nparts > most)
			most = t->files[i].nparts;
	n->cells = calloc(most + 1, sizeof(*n->cells));
	return n->cells != NULL ? VL_OK : vl_fail_memory(n->err);
}

void
naming_close(struct naming *n)
{
	free(n->cells);
	vl_buf_free(&n->path);
	vl_buf_free(&n->name);
	vl_buf_free(&n->json);
	vl_buf_free(&n->at);
}

enum vl_status
naming_call(struct naming *n, const struct rows_table *t, struct vl_slice key)
{
	char shown[SHOWN];

	vl_buf_clear(&n->name);
	return vl_buf_printf(&n->name, n->err, "table '%s', %s",
	    t->schema->name, vl_escape_text(shown, sizeof(shown), key));
}

enum vl_status
naming_cells(struct naming *n)
{
	struct vl_json_w w = { 0 };
	size_t i = 0;

	vl_buf_clear(&n->json);
	vl_json_w_init(&w, &n->json);
	vl_json_w_open(&w, '[');
	for (i = 0; i < n->f->nparts; i++)
		if (n->f->parts[i].column != NONE)
			vl_cell_write(&w, &n->cells[i]);
	vl_json_w_close(&w, ']');
	return vl_json_w_end(&w, n->err);
}

enum vl_status
naming_read(struct naming *n, const struct rows_reader *rd)
{
	enum vl_status st = rows_owned_line(rd, &n->f, n->err);

	vl_buf_clear(&n->path);
	if (st == VL_OK && n->f != NULL && n->f->tree != NONE) {
		rows_owned_cells(rd, n->f, n->cells);
		st = rows_owned_path(&n->path, rd->t, n->f, n->cells, n->err);
	}
	return st;
}

bool
naming_any(const struct rows_table *t)
{
	size_t i = 0;

	for (i = 0; i < t->nfiles; i++)
		if (t->files[i].tree != NONE)
			return true;
	return false;
}
