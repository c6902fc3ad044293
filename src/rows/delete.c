/* Which row is meant where one is written, and rows that go. */

#include <stdlib.h>

#include <valise/text.h>

#include "put.h"

size_t
rows_key_names(const struct rows_table *t, const char **names)
{
	size_t n = 0;
	size_t i = 0;

	if (!t->schema->without_rowid) {
		names[0] = NULL;
		return 1;
	}
	for (i = 0; i < t->schema->ncolumns; i++)
		if (t->schema->columns[i].key > 0)
			names[n++] = t->schema->columns[i].name;
	return n;
}

enum vl_status
rows_key_cells(const struct rows_table *t, const struct rows_staged *row,
    struct vl_row_store *store, struct vl_cell *cells, struct vl_err *err)
{
	struct vl_value v = { 0 };
	enum vl_status st = VL_OK;
	size_t at = 1;
	size_t n = 0;

	if (!t->schema->without_rowid) {
		cells[0] =
		    (struct vl_cell){ .type = VL_CELL_INT, .integer = row->r };
		return VL_OK;
	}
	st = rows_row_parse(store, row->at, err);
	for (; st == VL_OK && at < store->json.items[0].next;
	     at = store->json.items[at].next) {
		st = vl_value_read(&v, &store->json, at, &store->text, err);
		cells[n++] = v.cell;
	}
	return st;
}

enum vl_status
rows_triggers(
    struct vl_rows_put *p, const struct rows_table *t, struct vl_err *err)
{
	bool off = false;
	size_t i = 0;

	for (i = 0; t != NULL && i < t->nentries; i++)
		off = off ||
		    (t->entries[i].words != NULL &&
		        t->entries[i].words->triggers == VL_TRIGGERS_DISABLE);
	if (off == p->triggers_off)
		return VL_OK;
	p->triggers_off = off;
	return vl_dbs_triggers(p->opts.dbs, !off, err);
}

enum vl_status
rows_delete(struct vl_rows_put *p, size_t table, struct vl_err *err)
{
	const struct rows_table *t = &p->here->plan.tables[table];
	size_t room = t->schema->ncolumns + 1;
	const char **names = calloc(room, sizeof(*names));
	struct vl_cell *cells = calloc(room, sizeof(*cells));
	struct vl_write_opts opts = {
		.kind = VL_WRITE_DELETE, .table = t->schema->name, .key = names
	};
	struct rows_staging *g = NULL;
	struct rows_staged row = { 0 };
	struct vl_write *w = NULL;
	enum vl_status st = VL_OK;
	bool more = true;

	if (names == NULL || cells == NULL)
		st = vl_fail_memory(err);
	if (st == VL_OK) {
		opts.nkey = rows_key_names(t, names);
		st = rows_staging_gone(&g, p->stage, table, err);
	}
	while (st == VL_OK) {
		st = rows_staging_next(g, &row, &more, err);
		if (st != VL_OK || !more)
			break;
		if (w == NULL)
			st = rows_triggers(p, t, err);
		if (st == VL_OK && w == NULL)
			st = vl_write_open(&w, p->here->opts.db, &opts, err);
		if (st == VL_OK)
			st = rows_key_cells(t, &row, &p->store, cells, err);
		if (st == VL_OK)
			st = vl_write_run(w, cells, err);
		if (st != VL_OK)
			(void)rows_within(t, row.key, err);
	}
	vl_write_free(w);
	rows_staging_free(g);
	free(names);
	free(cells);
	return st;
}
