/*
 * New rows are inserted by a worker, batch after batch, while the cells of the
 * next ones are made.  In the meantime nobody else uses the connection.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "put.h"

#define BATCH_CELLS 8192
#define BATCH_BYTES (256u << 10)
#define ROW_BYTES   (64u << 10) /* more of one row are not copied */

struct behind_row {
	int64_t n;
	size_t entry;
	struct vl_slice key;
	bool left; /* a unique key was in the way */
};

struct batch {
	struct vl_job job;
	struct rows_behind *behind;
	struct behind_row *rows;
	struct vl_cell *cells;
	uint8_t *bytes;
	size_t used;
	size_t n;
	size_t done; /* rows that were written or left */
	bool busy;   /* submitted and not waited for */
};

struct rows_behind {
	struct rows_behind_opts opts;
	struct batch batches[2];
	size_t current;
	size_t most; /* rows of a batch */
	uint64_t left;
	bool failed; /* nothing more is written */
};

static enum vl_status
insert(struct vl_job *job, unsigned worker)
{
	struct batch *b = (struct batch *)job;
	const struct rows_behind_opts *o = &b->behind->opts;
	enum vl_status st = VL_OK;

	(void)worker;
	for (b->done = 0; b->done < b->n; b->done++) {
		st = vl_write_run(
		    o->insert, b->cells + b->done * o->ncells, &job->err);
		b->rows[b->done].left =
		    st == VL_EREFUSED && vl_write_in_the_way(o->insert);
		if (st != VL_OK && !b->rows[b->done].left)
			return st;
	}
	return VL_OK;
}

enum vl_status
rows_behind_open(struct rows_behind **out, const struct rows_behind_opts *opts,
    struct vl_err *err)
{
	struct rows_behind *w = calloc(1, sizeof(*w));
	struct batch *b = NULL;

	*out = w;
	if (w == NULL)
		return vl_fail_memory(err);
	w->opts = *opts;
	w->most = 1 + BATCH_CELLS / (opts->ncells + 1);
	for (b = w->batches; b < w->batches + 2; b++) {
		b->job.run = insert;
		b->behind = w;
		b->rows = calloc(w->most, sizeof(*b->rows));
		b->cells =
		    calloc(w->most * (opts->ncells + 1), sizeof(*b->cells));
		b->bytes = malloc(BATCH_BYTES + ROW_BYTES);
		if (b->rows == NULL || b->cells == NULL || b->bytes == NULL)
			return vl_fail_memory(err);
	}
	return VL_OK;
}

/* What became of the rows of a batch. */
static enum vl_status
collect(struct rows_behind *w, struct batch *b, struct vl_err *err)
{
	const struct rows_behind_opts *o = &w->opts;
	enum vl_status st = VL_OK;
	size_t i = 0;
	char shown[256];

	if (!b->busy)
		return VL_OK;
	st = vl_pool_wait(o->pool, &b->job, err);
	b->busy = false;
	w->failed = st != VL_OK;
	if (st != VL_OK)
		(void)vl_within(err, "table '%s', %s", o->table,
		    vl_escape_text(shown, sizeof(shown), b->rows[b->done].key));
	for (i = 0; st == VL_OK && i < b->n; i++) {
		if (!b->rows[i].left)
			continue;
		w->left++;
		st = o->leave(o->arg,
		    &(struct rows_staged){ .n = b->rows[i].n,
		        .key = b->rows[i].key,
		        .entry = b->rows[i].entry,
		        .id = o->id == NONE ? (struct vl_cell){ 0 } :
		                              b->cells[i * o->ncells + o->id] },
		    err);
	}
	b->n = 0;
	b->used = 0;
	return st;
}

/* What was added is handed over, once what was before it is written. */
static enum vl_status
submit(struct rows_behind *w, struct vl_err *err)
{
	struct batch *b = &w->batches[w->current];
	enum vl_status st = collect(w, &w->batches[1 - w->current], err);

	if (st != VL_OK || w->failed || b->n == 0)
		return st;
	b->busy = true;
	vl_pool_submit(w->opts.pool, &b->job);
	w->current = 1 - w->current;
	return VL_OK;
}

static struct vl_slice
copy(struct batch *b, struct vl_slice bytes)
{
	uint8_t *to = b->bytes + b->used;

	if (bytes.n > 0)
		memcpy(to, bytes.p, bytes.n);
	b->used += bytes.n;
	return (struct vl_slice){ to, bytes.n };
}

static size_t
bytes_of(const struct vl_cell *cell)
{
	return cell->type == VL_CELL_TEXT || cell->type == VL_CELL_BLOB ?
	    cell->bytes.n :
	    0;
}

enum vl_status
rows_behind_add(struct rows_behind *w, const struct rows_staged *row,
    const struct vl_cell *cells, bool *taken, struct vl_err *err)
{
	struct batch *b = &w->batches[w->current];
	struct vl_cell *to = b->cells + b->n * w->opts.ncells;
	size_t all = row->key.n;
	size_t i = 0;

	for (i = 0; i < w->opts.ncells && all <= ROW_BYTES; i++)
		all += bytes_of(&cells[i]);
	*taken = all <= ROW_BYTES;
	if (!*taken)
		return VL_OK;
	b->rows[b->n++] = (struct behind_row){
		.n = row->n, .entry = row->entry, .key = copy(b, row->key)
	};
	for (i = 0; i < w->opts.ncells; i++) {
		to[i] = cells[i];
		if (bytes_of(&cells[i]) > 0)
			to[i].bytes = copy(b, cells[i].bytes);
	}
	return b->n == w->most || b->used >= BATCH_BYTES ? submit(w, err) :
	                                                   VL_OK;
}

enum vl_status
rows_behind_end(struct rows_behind *w, uint64_t *left, struct vl_err *err)
{
	enum vl_status st = submit(w, err);

	if (st == VL_OK)
		st = collect(w, &w->batches[1 - w->current], err);
	*left += w->left;
	w->left = 0;
	return st;
}

void
rows_behind_free(struct rows_behind *w)
{
	struct batch *b = NULL;

	if (w == NULL)
		return;
	for (b = w->batches; b < w->batches + 2; b++) {
		if (b->busy)
			(void)vl_pool_wait(w->opts.pool, &b->job, NULL);
		free(b->rows);
		free(b->cells);
		free(b->bytes);
	}
	free(w);
}
