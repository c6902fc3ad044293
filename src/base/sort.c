/*
 * External merge sort in one block of memory.
 *
 * While items are added: a write buffer, then the bytes of the items from
 * the front, and the index of them from the back.  When the two meet, the
 * items are sorted and written as a run.  With workers there are two such
 * halves: one of them does that with the first while the second is filled.
 * While runs are merged: the write buffer, then the read buffers.  A merge of
 * more runs than have room takes several passes, each from one file into a
 * second.
 */

#include <unistd.h>

#include <valise/fs.h>

#include "runs.h"

/* Below this, an item of any size and a merge of two runs do not fit. */
#define MEMORY_MIN (4 * (size_t)RUN_BUFFER_MIN)

/* qsort takes a copy of the index, so each entry counts twice. */
#define INDEX_COST (2 * sizeof(struct vl_slice))

/* Items in memory. */
struct half {
	struct vl_job job; /* makes a run of them */
	struct vl_sort *sort;
	bool busy; /* submitted and not waited for */
	uint8_t *p;
	size_t size;
	size_t used;            /* front of `p` */
	struct vl_slice *index; /* the `items` last entries of `p` */
	size_t items;
	bool unordered; /* an item came before one that is smaller */
};

struct vl_sort {
	char *dir;
	uint8_t *block; /* of `memory` bytes: the writer's, then the halves */
	size_t memory;
	struct vl_pool *pool; /* NULL: the first half has it all */
	struct half halves[2];
	size_t current;
	size_t given; /* of its items, after finish without runs */

	struct run *runs;
	size_t run_count;
	size_t run_cap;
	struct run_writer writer;
	struct merge merge;
};

static void
clear_half(struct half *h)
{
	h->used = 0;
	h->items = 0;
	h->unordered = false;
	h->index = (void *)(h->p + h->size);
}

static struct half *
half_of(struct vl_sort *s)
{
	return &s->halves[s->current];
}

static enum vl_status spill(struct vl_job *job, unsigned worker);

/* Divide what the writer leaves into `n` halves. */
static void
divide(struct vl_sort *s, size_t n)
{
	size_t size = (s->memory - RUN_BUFFER_MIN) / n;
	struct half *h = NULL;
	size_t i = 0;

	size -= size % sizeof(struct vl_slice);
	for (i = 0; i < n; i++) {
		h = &s->halves[i];
		h->job.run = spill;
		h->sort = s;
		/* The index stands at the end of memory, aligned as that. */
		h->p = s->block + s->memory - (n - i) * size;
		h->size = size;
		clear_half(h);
	}
}

enum vl_status
vl_sort_new(
    struct vl_sort **out, const char *dir, size_t memory, struct vl_err *err)
{
	struct vl_sort *s = NULL;

	*out = NULL;
	if (memory < MEMORY_MIN)
		memory = MEMORY_MIN;
	memory -= memory % sizeof(struct vl_slice);
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return vl_fail_memory(err);
	s->memory = memory;
	s->writer.fd = -1;
	s->merge.fd = -1;
	s->dir = strdup(dir);
	/* Pages that are never reached cost nothing. */
	s->block = malloc(memory);
	if (s->dir == NULL || s->block == NULL) {
		vl_sort_free(s);
		return vl_fail_memory(err);
	}
	s->writer.p = s->block;
	divide(s, 1);
	*out = s;
	return VL_OK;
}

void
vl_sort_beside(struct vl_sort *s, struct vl_pool *pool)
{
	/* Each half takes an item of any size. */
	if (pool == NULL || s->memory < 2 * MEMORY_MIN)
		return;
	s->pool = pool;
	divide(s, 2);
}

static int
compare(const void *a, const void *b)
{
	const struct vl_slice *left = a;
	const struct vl_slice *right = b;

	return vl_slice_cmp(*left, *right);
}

/* The last item stands first in the index: what came in order has only to be
 * turned round. */
static void
sort_items(struct half *h)
{
	struct vl_slice swap = { 0 };
	size_t i = 0;
	size_t k = h->items;

	if (h->unordered)
		qsort(h->index, h->items, sizeof(*h->index), compare);
	for (; !h->unordered && i + 1 < k; i++) {
		swap = h->index[--k];
		h->index[k] = h->index[i];
		h->index[i] = swap;
	}
}

static enum vl_status
note_run(struct vl_sort *s, struct run run, struct vl_err *err)
{
	struct run *runs = NULL;
	size_t cap = s->run_cap * 2 + 16;

	if (s->run_count == s->run_cap) {
		runs = reallocarray(s->runs, cap, sizeof(*runs));
		if (runs == NULL)
			return vl_fail_memory(err);
		s->runs = runs;
		s->run_cap = cap;
	}
	s->runs[s->run_count++] = run;
	return VL_OK;
}

/* Write the items of a half as a run, and forget them.  One does so at a time.
 */
static enum vl_status
spill(struct vl_job *job, unsigned worker)
{
	struct half *h = (struct half *)job;
	struct vl_err *err = &job->err;
	struct vl_sort *s = h->sort;
	struct run run = { s->writer.at, 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	(void)worker;
	if (s->writer.fd < 0)
		st = vl_temp_file(&s->writer.fd, s->dir, err);
	if (st != VL_OK)
		return st;
	sort_items(h);
	for (i = 0; i < h->items; i++) {
		st = run_add(&s->writer, h->index[i], err);
		if (st != VL_OK)
			return st;
	}
	st = run_flush(&s->writer, err);
	if (st != VL_OK)
		return st;
	run.end = s->writer.at;
	clear_half(h);
	return note_run(s, run, err);
}

static enum vl_status
wait_for(struct half *h, struct vl_err *err)
{
	if (!h->busy)
		return VL_OK;
	h->busy = false;
	return vl_pool_wait(h->sort->pool, &h->job, err);
}

/* A half that is full becomes a run; the next one is empty. */
static enum vl_status
turn(struct vl_sort *s, struct vl_err *err)
{
	struct half *h = half_of(s);
	enum vl_status st = VL_OK;

	if (s->pool == NULL) {
		st = spill(&h->job, 0);
		if (st != VL_OK)
			*err = h->job.err;
		return st;
	}
	s->current = 1 - s->current;
	st = wait_for(half_of(s), err);
	if (st != VL_OK)
		return st;
	h->busy = true;
	vl_pool_submit(s->pool, &h->job);
	return VL_OK;
}

enum vl_status
vl_sort_add_parts(struct vl_sort *s, const struct vl_slice *parts,
    size_t nparts, struct vl_err *err)
{
	struct half *h = half_of(s);
	struct vl_slice item = { 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; i < nparts; i++)
		item.n += parts[i].n;
	if (item.n > VL_SORT_ITEM_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "an item of %zu bytes is too long to sort", item.n);
	if (h->used + item.n + (h->items + 1) * INDEX_COST > h->size) {
		st = turn(s, err);
		h = half_of(s);
	}
	if (st != VL_OK)
		return st;
	item.p = h->p + h->used;
	for (i = 0; i < nparts; i++) {
		if (parts[i].n > 0)
			memcpy(h->p + h->used, parts[i].p, parts[i].n);
		h->used += parts[i].n;
	}
	if (h->items > 0 && !h->unordered)
		h->unordered = vl_slice_cmp(item, *h->index) < 0;
	*--h->index = item;
	h->items++;
	return VL_OK;
}

enum vl_status
vl_sort_add(struct vl_sort *s, struct vl_slice item, struct vl_err *err)
{
	return vl_sort_add_parts(s, &item, 1, err);
}

/* Merge `count` runs from `first` on into one run of the writer's file. */
static enum vl_status
merge_group(struct vl_sort *s, const struct run *runs, size_t count,
    struct run *merged, struct vl_err *err)
{
	struct vl_slice item = { 0 };
	off_t at = s->writer.at;
	enum vl_status st = VL_OK;

	st = merge_start(&s->merge, runs, count, s->block + RUN_BUFFER_MIN,
	    s->memory - RUN_BUFFER_MIN, err);
	while (st == VL_OK) {
		st = merge_next(&s->merge, &item, err);
		if (st != VL_OK || item.p == NULL)
			break;
		st = run_add(&s->writer, item, err);
	}
	if (st == VL_OK)
		st = run_flush(&s->writer, err);
	/* Last, for `merged` may be one of `runs`. */
	*merged = (struct run){ at, s->writer.at };
	return st;
}

/* Turn every `fan` runs into one, in a new file. */
static enum vl_status
merge_pass(struct vl_sort *s, size_t fan, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t from = 0;
	size_t to = 0;
	size_t count = 0;

	s->merge.fd = s->writer.fd;
	s->writer = (struct run_writer){ .fd = -1, .p = s->block };
	st = vl_temp_file(&s->writer.fd, s->dir, err);
	for (; st == VL_OK && from < s->run_count; from += count) {
		count = s->run_count - from;
		if (count > fan)
			count = fan;
		st = merge_group(s, s->runs + from, count, &s->runs[to++], err);
	}
	s->run_count = to;
	(void)close(s->merge.fd);
	s->merge.fd = -1;
	return st;
}

/* What is still in memory becomes the last run. */
static enum vl_status
end_runs(struct vl_sort *s, struct vl_err *err)
{
	enum vl_status st = wait_for(&s->halves[1 - s->current], err);
	struct half *h = half_of(s);

	if (st != VL_OK || h->items == 0)
		return st;
	st = spill(&h->job, 0);
	if (st != VL_OK)
		*err = h->job.err;
	return st;
}

enum vl_status
vl_sort_finish(struct vl_sort *s, struct vl_err *err)
{
	size_t fan = s->memory / RUN_BUFFER_MIN - 1;
	enum vl_status st = VL_OK;

	if (!s->halves[1 - s->current].busy && s->run_count == 0) {
		sort_items(half_of(s));
		return VL_OK;
	}
	if (fan > RUNS_MERGED_MAX)
		fan = RUNS_MERGED_MAX;
	st = end_runs(s, err);
	while (st == VL_OK && s->run_count > fan)
		st = merge_pass(s, fan, err);
	if (st != VL_OK)
		return st;
	s->merge.fd = s->writer.fd;
	s->writer.fd = -1;
	return merge_start(&s->merge, s->runs, s->run_count,
	    s->block + RUN_BUFFER_MIN, s->memory - RUN_BUFFER_MIN, err);
}

void
vl_sort_again(struct vl_sort *s)
{
	size_t i = 0;

	for (i = 0; i < 2; i++)
		(void)wait_for(&s->halves[i], NULL);
	/* What is there is written over. */
	if (s->writer.fd < 0) {
		s->writer.fd = s->merge.fd;
		s->merge.fd = -1;
	}
	s->writer.at = 0;
	s->writer.n = 0;
	s->merge.started = false;
	s->merge.count = 0;
	s->run_count = 0;
	s->given = 0;
	s->current = 0;
	divide(s, s->pool == NULL ? 1 : 2);
}

enum vl_status
vl_sort_next(struct vl_sort *s, struct vl_slice *item, struct vl_err *err)
{
	const struct half *h = half_of(s);

	*item = (struct vl_slice){ NULL, 0 };
	if (s->run_count > 0)
		return merge_next(&s->merge, item, err);
	if (s->given < h->items)
		*item = h->index[s->given++];
	return VL_OK;
}

void
vl_sort_free(struct vl_sort *s)
{
	if (s == NULL)
		return;
	(void)wait_for(&s->halves[0], NULL);
	(void)wait_for(&s->halves[1], NULL);
	if (s->writer.fd >= 0)
		(void)close(s->writer.fd);
	if (s->merge.fd >= 0)
		(void)close(s->merge.fd);
	free(s->runs);
	free(s->block);
	free(s->dir);
	free(s);
}
