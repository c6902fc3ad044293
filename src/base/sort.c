/*
 * External merge sort in one block of memory.
 *
 * While items are added: a write buffer, then the bytes of the items from
 * the front, and the index of them from the back.  When the two meet, the
 * items are sorted and written as a run.  While runs are merged: the write
 * buffer, then the read buffers.  A merge of more runs than have room takes
 * several passes, each from one file into a second.
 */

#include <unistd.h>

#include <valise/fs.h>

#include "runs.h"

/* Below this, an item of any size and a merge of two runs do not fit. */
#define MEMORY_MIN (4 * (size_t)RUN_BUFFER_MIN)

/* qsort takes a copy of the index, so each entry counts twice. */
#define INDEX_COST (2 * sizeof(struct vl_slice))

struct vl_sort {
	char *dir;
	uint8_t *block; /* of `memory` bytes */
	size_t memory;
	size_t used;            /* front of the block */
	struct vl_slice *index; /* the `items` last entries of the block */
	size_t items;
	size_t given;   /* of `items`, after finish without runs */
	bool unordered; /* an item came before one that is smaller */

	struct run *runs;
	size_t run_count;
	size_t run_cap;
	struct run_writer writer;
	struct merge merge;
};

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
	s->used = RUN_BUFFER_MIN;
	s->writer.fd = -1;
	s->merge.fd = -1;
	s->dir = strdup(dir);
	/* Pages that are never reached cost nothing. */
	s->block = malloc(memory);
	if (s->dir == NULL || s->block == NULL) {
		vl_sort_free(s);
		return vl_fail_memory(err);
	}
	s->index = (void *)(s->block + memory);
	s->writer.p = s->block;
	*out = s;
	return VL_OK;
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
sort_items(struct vl_sort *s)
{
	struct vl_slice swap = { 0 };
	size_t i = 0;
	size_t k = s->items;

	if (s->unordered)
		qsort(s->index, s->items, sizeof(*s->index), compare);
	for (; !s->unordered && i + 1 < k; i++) {
		swap = s->index[--k];
		s->index[k] = s->index[i];
		s->index[i] = swap;
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

/* Write the items in memory as a run, and forget them. */
static enum vl_status
spill(struct vl_sort *s, struct vl_err *err)
{
	struct run run = { s->writer.at, 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (s->writer.fd < 0)
		st = vl_temp_file(&s->writer.fd, s->dir, err);
	if (st != VL_OK)
		return st;
	sort_items(s);
	for (i = 0; i < s->items; i++) {
		st = run_add(&s->writer, s->index[i], err);
		if (st != VL_OK)
			return st;
	}
	st = run_flush(&s->writer, err);
	if (st != VL_OK)
		return st;
	run.end = s->writer.at;
	s->used = RUN_BUFFER_MIN;
	s->items = 0;
	s->unordered = false;
	s->index = (void *)(s->block + s->memory);
	return note_run(s, run, err);
}

enum vl_status
vl_sort_add(struct vl_sort *s, struct vl_slice item, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (item.n > VL_SORT_ITEM_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "an item of %zu bytes is too long to sort", item.n);
	if (s->used + item.n + (s->items + 1) * INDEX_COST > s->memory)
		st = spill(s, err);
	if (st != VL_OK)
		return st;
	if (s->items > 0 && !s->unordered)
		s->unordered = vl_slice_cmp(item, *s->index) < 0;
	if (item.n > 0)
		memcpy(s->block + s->used, item.p, item.n);
	s->index--;
	*s->index = (struct vl_slice){ s->block + s->used, item.n };
	s->used += item.n;
	s->items++;
	return VL_OK;
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

enum vl_status
vl_sort_finish(struct vl_sort *s, struct vl_err *err)
{
	size_t fan = s->memory / RUN_BUFFER_MIN - 1;
	enum vl_status st = VL_OK;

	if (s->run_count == 0) {
		sort_items(s);
		return VL_OK;
	}
	if (fan > RUNS_MERGED_MAX)
		fan = RUNS_MERGED_MAX;
	if (s->items > 0)
		st = spill(s, err);
	while (st == VL_OK && s->run_count > fan)
		st = merge_pass(s, fan, err);
	if (st != VL_OK)
		return st;
	s->merge.fd = s->writer.fd;
	s->writer.fd = -1;
	return merge_start(&s->merge, s->runs, s->run_count,
	    s->block + RUN_BUFFER_MIN, s->memory - RUN_BUFFER_MIN, err);
}

enum vl_status
vl_sort_next(struct vl_sort *s, struct vl_slice *item, struct vl_err *err)
{
	*item = (struct vl_slice){ NULL, 0 };
	if (s->run_count > 0)
		return merge_next(&s->merge, item, err);
	if (s->given < s->items)
		*item = s->index[s->given++];
	return VL_OK;
}

void
vl_sort_free(struct vl_sort *s)
{
	if (s == NULL)
		return;
	if (s->writer.fd >= 0)
		(void)close(s->writer.fd);
	if (s->merge.fd >= 0)
		(void)close(s->merge.fd);
	free(s->runs);
	free(s->block);
	free(s->dir);
	free(s);
}
