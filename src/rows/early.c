/*
 * While the caller writes the rows of one block the worker that reads the next
 * one looks in it for ids inside values.  It keeps what it found without
 * trouble; what is wrong in a value the caller meets again, and tells in the
 * order of rows.
 */

#include <stdlib.h>

#include "parts.h"

/* Of a block; what goes beyond is looked for by the caller. */
#define SPOTS_MAX 65536

/* What was found in a value: from `first` on; `bytes` of none were looked at.
 */
struct seen {
	const uint8_t *bytes;
	size_t size;
	size_t first;
	size_t n;
};

struct block {
	struct rows_early_spot *spots;
	size_t nspots;
	size_t cap_spots;
	struct seen *values; /* of each row those of the columns */
	size_t cap_values;
};

struct rows_early {
	const struct rows_table *t;
	const size_t *at;  /* the reader's: of each column in the cells */
	size_t conditions; /* there */
	size_t *columns;   /* that are looked at */
	size_t ncolumns;
	struct vl_places places;
	struct block blocks[2];
};

/* Of all lines that find ids in it the worker has a finder. */
static bool
is_early(const struct rows_column *c)
{
	size_t n = 0;
	size_t i = 0;

	for (i = 0; i < c->nrefs; i++) {
		if (c->refs[i].finder != NULL && c->refs[i].early == NULL)
			return false;
		n += c->refs[i].early != NULL;
	}
	return n > 0;
}

enum vl_status
rows_early_new(
    struct rows_early **out, const struct rows_reader *rd, struct vl_err *err)
{
	const struct rows_table *t = rd->t;
	struct rows_early *e = calloc(1, sizeof(*e));
	size_t i = 0;

	*out = e;
	if (e == NULL)
		return vl_fail_memory(err);
	e->t = t;
	e->at = rd->at;
	e->conditions = rd->conditions;
	e->columns = calloc(t->schema->ncolumns + 1, sizeof(*e->columns));
	if (e->columns == NULL)
		return vl_fail_memory(err);
	for (i = 0; i < t->schema->ncolumns; i++)
		if (is_early(&t->columns[i]))
			e->columns[e->ncolumns++] = i;
	if (e->ncolumns > 0)
		return VL_OK;
	rows_early_free(e);
	*out = NULL;
	return VL_OK;
}

/* The list with room for `need`; NULL: there is none. */
static void *
room(void *list, size_t *cap, size_t need, size_t size)
{
	void *grown = list;

	if (need < *cap)
		return list;
	grown = reallocarray(list, 2 * need + 1, size);
	if (grown != NULL)
		*cap = 2 * need + 1;
	return grown;
}

/* What one line finds; false: leave it. */
static bool
find_by(struct rows_early *e, struct block *b, const struct rows_ref *ref,
    struct vl_slice bytes)
{
	struct rows_early_spot *spots = NULL;
	size_t i = 0;

	e->places.n = 0;
	if (vl_finder_find(ref->early, bytes, &e->places, NULL) != VL_OK ||
	    b->nspots + e->places.n > SPOTS_MAX)
		return false;
	spots = room(
	    b->spots, &b->cap_spots, b->nspots + e->places.n, sizeof(*spots));
	if (spots == NULL)
		return false;
	b->spots = spots;
	for (i = 0; i < e->places.n; i++)
		b->spots[b->nspots++] =
		    (struct rows_early_spot){ e->places.list[i], ref };
	return true;
}

static void
look(struct rows_early *e, struct block *b, size_t column,
    const struct vl_cell *cells, struct seen *seen)
{
	const struct rows_column *c = &e->t->columns[column];
	const struct vl_cell *cell = &cells[e->at[column]];
	const struct rows_ref *ref = c->refs;
	bool found = cell->type == VL_CELL_TEXT;

	*seen = (struct seen){ .first = b->nspots };
	for (; found && ref < c->refs + c->nrefs; ref++)
		if (ref->early != NULL &&
		    (ref->condition == NONE ||
		        cells[e->conditions + ref->condition].integer == 1))
			found = find_by(e, b, ref, cell->bytes);
	if (!found) {
		b->nspots = seen->first;
		return;
	}
	seen->bytes = cell->bytes.p;
	seen->size = cell->bytes.n;
	seen->n = b->nspots - seen->first;
}

void
rows_early_seen(
    void *early, const struct vl_scan_at *at, const struct vl_cell *cells)
{
	struct rows_early *e = early;
	struct block *b = &e->blocks[at->block];
	struct seen *values = NULL;
	size_t i = 0;

	if (at->row == 0)
		b->nspots = 0;
	values = room(b->values, &b->cap_values, (at->row + 1) * e->ncolumns,
	    sizeof(*values));
	if (values == NULL)
		return;
	b->values = values;
	for (i = 0; i < e->ncolumns; i++)
		look(e, b, e->columns[i], cells,
		    &b->values[at->row * e->ncolumns + i]);
}

bool
rows_early_spots(const struct rows_reader *rd, size_t column,
    const struct vl_cell *cell, const struct rows_early_spot **spots, size_t *n)
{
	const struct rows_early *e = rd->early;
	const struct seen *seen = NULL;
	const struct block *b = NULL;
	struct vl_scan_at at = { 0 };
	size_t i = 0;

	if (e == NULL)
		return false;
	while (i < e->ncolumns && e->columns[i] != column)
		i++;
	if (i == e->ncolumns)
		return false;
	at = vl_scan_at(rd->scan);
	b = &e->blocks[at.block];
	i += at.row * e->ncolumns;
	if (i >= b->cap_values)
		return false;
	seen = &b->values[i];
	/* Not what was written over it for this side. */
	if (seen->bytes == NULL || seen->bytes != cell->bytes.p ||
	    seen->size != cell->bytes.n)
		return false;
	*spots = b->spots + seen->first;
	*n = seen->n;
	return true;
}

void
rows_early_free(struct rows_early *early)
{
	struct block *b = NULL;

	if (early == NULL)
		return;
	for (b = early->blocks; b < early->blocks + 2; b++) {
		free(b->spots);
		free(b->values);
	}
	vl_places_free(&early->places);
	free(early->columns);
	free(early);
}
