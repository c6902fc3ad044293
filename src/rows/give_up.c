/*
 * Rows that only wait for each other, as two names were swapped: each gives up
 * its values that are unique and change, and gets ones that no row has.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/crypt.h>
#include <valise/encode.h>

#include "put.h"

/* The last column of a unique key that is to change in this row, or NONE. */
static size_t
giving_column(const struct rows_staged *row, const struct vl_unique *u)
{
	struct vl_slice what = row->what;
	size_t found = NONE;
	size_t column = 0;
	size_t i = 0;

	while (!u->primary && rows_what_next(&what, &column))
		for (i = 0; i < u->n; i++)
			if (u->columns[i] == column)
				found = column;
	return found;
}

/* A value that no row has. */
static struct vl_cell
lot(const struct vl_column *c, char text[8 + VL_HEX_SIZE(16)])
{
	struct vl_cell cell = { .type = VL_CELL_TEXT };
	uint8_t bytes[16];

	if (!c->not_null)
		return (struct vl_cell){ 0 };
	vl_random(bytes, sizeof(bytes));
	(void)memcpy(text, "valise-", 8);
	(void)vl_hex(text + 7, bytes, sizeof(bytes));
	cell.bytes = vl_slice_of(text);
	if (strcasestr(c->type, "int") != NULL)
		cell = (struct vl_cell){ .type = VL_CELL_INT,
			.integer = -INT64_C(1) - (bytes[0] | bytes[1] << 8) -
			    ((int64_t)(bytes[2] | bytes[3] << 8) << 32) };
	return cell;
}

enum vl_status
rows_give_up(struct vl_rows_put *p, size_t table, const struct rows_staged *row,
    struct vl_err *err)
{
	const struct rows_table *t = &p->here->plan.tables[table];
	const struct vl_table *s = t->schema;
	const char *name[1] = { NULL };
	const char **keys = calloc(s->ncolumns + 1, sizeof(*keys));
	struct vl_cell *cells = calloc(s->ncolumns + 2, sizeof(*cells));
	struct vl_row_store key = { 0 };
	struct vl_write *w = NULL;
	enum vl_status st =
	    keys == NULL || cells == NULL ? vl_fail_memory(err) : VL_OK;
	char text[8 + VL_HEX_SIZE(16)];
	size_t column = 0;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < s->nuniques; i++) {
		column = giving_column(row, &s->uniques[i]);
		if (column == NONE)
			continue;
		name[0] = s->columns[column].name;
		cells[0] = lot(&s->columns[column], text);
		st = vl_write_open(&w, p->here->opts.db,
		    &(struct vl_write_opts){ .kind = VL_WRITE_UPDATE,
		        .table = s->name,
		        .columns = name,
		        .ncolumns = 1,
		        .key = keys,
		        .nkey = rows_key_names(t, keys) },
		    err);
		if (st == VL_OK)
			st = rows_key_cells(t, row, &key, cells + 1, err);
		if (st == VL_OK)
			st = vl_write_run(w, cells, err);
		vl_write_free(w);
		w = NULL;
	}
	vl_row_store_free(&key);
	free(cells);
	free(keys);
	return st;
}
