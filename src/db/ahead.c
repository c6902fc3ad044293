/*
 * A scan whose rows are read by a worker, block after block: while the caller
 * has one, the next is filled.  Texts and blobs are copied into the block; a
 * row with more of them than a block takes is its last and stays where SQLite
 * has it, so that reading goes on when the caller is done with it.
 *
 * What one thread writes and another reads goes from one processor to another,
 * so cells are kept in less than half of their size.  Blocks are large, as a
 * thread that is woken may stand behind another for milliseconds.
 */

#include <stdlib.h>
#include <string.h>

#include "scan.h"

#define BLOCK_CELLS 32768
#define BLOCK_BYTES (1u << 20)
#define ROW_BYTES   (64u << 10) /* more of one row are not copied */

struct kept_cell {
	union {
		int64_t integer;
		double real;
		const uint8_t *p;
	} as;
	uint32_t n; /* bytes at `p`: SQLite has at most 2^31 */
	uint8_t type;
};

struct block {
	struct vl_job job;
	struct vl_scan *scan;
	size_t number; /* 0 or 1 */
	struct kept_cell *cells;
	size_t most; /* rows that it takes */
	uint8_t *bytes;
	size_t used;
	size_t rows;
	bool last; /* there are no rows behind it */
	bool lent; /* its last row is not copied */
	bool busy; /* submitted and not waited for */
};

struct db_ahead {
	struct vl_pool *pool;
	struct block blocks[2];
	size_t current;
	size_t given;          /* rows of it */
	struct vl_cell *cells; /* of the last of them */
};

/* Take a copy of what the row's cells point to; false where it is too much, and
 * some of them stay where they are. */
static bool
copy_row(struct block *b, struct vl_cell *cells, size_t n)
{
	uint8_t *to = b->bytes + b->used;
	const uint8_t *end = to + ROW_BYTES;
	struct vl_cell *cell = NULL;

	for (cell = cells; cell < cells + n; cell++) {
		/* Of numbers there are none. */
		if (cell->bytes.n == 0)
			continue;
		if (cell->bytes.n > (size_t)(end - to))
			return false;
		memcpy(to, cell->bytes.p, cell->bytes.n);
		cell->bytes.p = to;
		to += cell->bytes.n;
	}
	b->used = (size_t)(to - b->bytes);
	return true;
}

static void
keep_row(struct kept_cell *kept, const struct vl_cell *cells, size_t n)
{
	for (; n > 0; n--, kept++, cells++) {
		kept->type = (uint8_t)cells->type;
		kept->n = (uint32_t)cells->bytes.n;
		if (cells->type == VL_CELL_INT)
			kept->as.integer = cells->integer;
		else if (cells->type == VL_CELL_REAL)
			kept->as.real = cells->real;
		else
			kept->as.p = cells->bytes.p;
	}
}

static void
give_row(struct vl_cell *cells, const struct kept_cell *kept, size_t n)
{
	for (; n > 0; n--, kept++, cells++) {
		*cells =
		    (struct vl_cell){ .type = (enum vl_cell_type)kept->type };
		if (cells->type == VL_CELL_INT)
			cells->integer = kept->as.integer;
		else if (cells->type == VL_CELL_REAL)
			cells->real = kept->as.real;
		else
			cells->bytes = (struct vl_slice){ kept->as.p, kept->n };
	}
}

static enum vl_status
fill(struct vl_job *job, unsigned worker)
{
	struct block *b = (struct block *)job;
	size_t ncells = b->scan->ncells;
	/* The caller has others. */
	struct vl_cell *cells = b->scan->cells;
	enum vl_status st = VL_OK;
	bool row = true;

	(void)worker;
	b->rows = 0;
	b->used = 0;
	b->lent = false;
	while (!b->lent && b->rows < b->most && b->used < BLOCK_BYTES) {
		st = db_scan_step(b->scan, cells, &row, &job->err);
		b->last = st != VL_OK || !row;
		if (b->last)
			break;
		b->lent = !copy_row(b, cells, ncells);
		if (b->scan->seen != NULL)
			b->scan->seen(b->scan->arg,
			    &(struct vl_scan_at){ b->number, b->rows }, cells);
		keep_row(b->cells + b->rows * ncells, cells, ncells);
		b->rows++;
	}
	return st;
}

static void
submit(struct db_ahead *a, struct block *b)
{
	b->busy = true;
	vl_pool_submit(a->pool, &b->job);
}

enum vl_status
db_ahead_new(struct db_ahead **out, struct vl_scan *s, struct vl_pool *pool,
    struct vl_err *err)
{
	struct db_ahead *a = calloc(1, sizeof(*a));
	struct block *b = NULL;

	*out = a;
	if (a == NULL)
		return vl_fail_memory(err);
	a->pool = pool;
	a->cells = calloc(s->ncells + 1, sizeof(*a->cells));
	if (a->cells == NULL)
		return vl_fail_memory(err);
	for (b = a->blocks; b < a->blocks + 2; b++) {
		b->job.run = fill;
		b->scan = s;
		b->number = (size_t)(b - a->blocks);
		b->most = 1 + BLOCK_CELLS / (s->ncells + 1);
		b->cells = calloc(b->most * (s->ncells + 1), sizeof(*b->cells));
		b->bytes = malloc(BLOCK_BYTES + ROW_BYTES);
		if (b->cells == NULL || b->bytes == NULL)
			return vl_fail_memory(err);
	}
	submit(a, &a->blocks[1]);
	return VL_OK;
}

enum vl_status
db_ahead_next(struct db_ahead *a, const struct vl_cell **cells, bool *row,
    struct vl_err *err)
{
	struct block *b = &a->blocks[a->current];
	enum vl_status st = VL_OK;

	*row = false;
	while (a->given == b->rows) {
		if (b->last)
			return VL_OK;
		a->current = 1 - a->current;
		a->given = 0;
		if (b->lent)
			submit(a, &a->blocks[a->current]);
		b = &a->blocks[a->current];
		st = vl_pool_wait(a->pool, &b->job, err);
		b->busy = false;
		if (st != VL_OK)
			return st;
		if (!b->last && !b->lent)
			submit(a, &a->blocks[1 - a->current]);
	}
	give_row(
	    a->cells, b->cells + a->given++ * b->scan->ncells, b->scan->ncells);
	*cells = a->cells;
	*row = true;
	return VL_OK;
}

struct vl_scan_at
db_ahead_at(const struct db_ahead *a)
{
	return (struct vl_scan_at){ a->current, a->given - 1 };
}

void
db_ahead_free(struct db_ahead *a)
{
	struct block *b = NULL;

	if (a == NULL)
		return;
	for (b = a->blocks; b < a->blocks + 2; b++) {
		if (b->busy)
			(void)vl_pool_wait(a->pool, &b->job, NULL);
		free(b->cells);
		free(b->bytes);
	}
	free(a->cells);
	free(a);
}
