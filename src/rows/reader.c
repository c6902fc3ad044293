/* Rows of one table as they are scanned, and which entry each is of. */

#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "parts.h"

enum vl_status
rows_reader_open(struct rows_reader *rd, struct vl_db *db,
    const struct rows_plan *p, size_t table, const bool *wanted,
    struct vl_err *err)
{
	const struct rows_table *t = &p->tables[table];
	bool asks = p->lenient && p->before == NULL && t->nconditions > 0;
	const char **names = NULL;
	enum vl_status st = VL_OK;
	size_t n = 0;
	size_t i = 0;

	*rd = (struct rows_reader){ .plan = p, .t = t, .table = table };
	rd->at = calloc(t->schema->ncolumns + 1, sizeof(*rd->at));
	names = calloc(t->schema->ncolumns + 1, sizeof(*names));
	if (rd->at == NULL || names == NULL) {
		free(names);
		return vl_fail_memory(err);
	}
	if (!t->schema->without_rowid)
		names[n++] = NULL; /* the rowid */
	for (i = 0; i < t->schema->ncolumns; i++) {
		rd->at[i] = NONE;
		if (wanted != NULL && !wanted[i] && !rows_map_by(p, table, i))
			continue;
		rd->at[i] = n;
		names[n++] = t->schema->columns[i].name;
	}
	rd->conditions = n;
	rd->ncells = n + t->nconditions;
	if (rows_map_has(p, table)) {
		rd->mapped = calloc(rd->ncells + 1, sizeof(*rd->mapped));
		if (rd->mapped == NULL) {
			free(names);
			return vl_fail_memory(err);
		}
	}
	if (wanted == NULL && !asks && p->pool != NULL)
		st = rows_early_new(&rd->early, rd, err);
	/* Before rows are written conditions are asked of those of the bundle,
	 * too, over the same connection and in between. */
	if (st == VL_OK)
		st = vl_scan_open(&rd->scan, db,
		    &(struct vl_scan_opts){ .table = t->schema->name,
		        .columns = names,
		        .ncolumns = n,
		        .conditions = t->conditions,
		        .nconditions = t->nconditions,
		        .pool = asks ? NULL : p->pool,
		        .seen = rd->early == NULL ? NULL : rows_early_seen,
		        .arg = rd->early },
		    err);
	free(names);
	return st;
}

bool
rows_reader_holds(const struct rows_reader *rd, size_t condition)
{
	return condition == NONE ||
	    rd->cells[rd->conditions + condition].integer == 1;
}

const struct vl_cell *
rows_reader_cell(const struct rows_reader *rd, size_t column)
{
	return &rd->cells[rd->at[column]];
}

enum vl_status
rows_reader_primary(
    const struct rows_reader *rd, struct vl_buf *out, struct vl_err *err)
{
	const struct vl_table *t = rd->t->schema;
	struct vl_json_w w = { 0 };
	size_t i = 0;

	vl_buf_clear(out);
	vl_json_w_init(&w, out);
	vl_json_w_open(&w, '[');
	for (i = 0; i < t->ncolumns; i++)
		if (t->columns[i].key > 0)
			vl_cell_write(&w, rows_reader_cell(rd, i));
	vl_json_w_close(&w, ']');
	return vl_json_w_end(&w, err);
}

enum vl_status
rows_reader_within(const struct rows_reader *rd, struct vl_err *err)
{
	char shown[256];

	(void)vl_escape_text(shown, sizeof(shown), rd->key);
	return vl_within(err, "table '%s', row %lld%s%s", rd->t->schema->name,
	    (long long)rd->r, rd->key.n > 0 ? " " : "", shown);
}

enum vl_status
rows_reader_next(struct rows_reader *rd, bool *row, struct vl_err *err)
{
	enum vl_status st = vl_scan_next(rd->scan, &rd->cells, row, err);

	rd->key = (struct vl_slice){ 0 };
	if (st != VL_OK || !*row)
		return st;
	if (rd->t->schema->without_rowid)
		rd->r++;
	else
		rd->r = rd->cells[0].integer;
	if (rd->mapped != NULL) {
		memcpy(rd->mapped, rd->cells, rd->ncells * sizeof(*rd->mapped));
		st = rows_map_in(rd, rd->mapped, err);
		if (st != VL_OK)
			return rows_reader_within(rd, err);
		rd->cells = rd->mapped;
	}
	rd->stray = false;
	for (rd->entry = 0; rd->entry < rd->t->nentries; rd->entry++)
		if (rows_reader_holds(rd, rd->t->entries[rd->entry].condition))
			return VL_OK;
	if (rd->plan->ear != NULL || rd->plan->before != NULL) {
		rd->stray = true;
		rd->entry = rd->t->nentries - 1;
		return VL_OK;
	}
	vl_fail(err, VL_EREFUSED,
	    "no entry of the profile fits it: add one without 'where'");
	return rows_reader_within(rd, err);
}

void
rows_reader_close(struct rows_reader *rd)
{
	vl_scan_free(rd->scan);
	rows_early_free(rd->early);
	free(rd->at);
	free(rd->mapped);
	*rd = (struct rows_reader){ 0 };
}
