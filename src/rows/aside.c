/*
 * Rows of the bundle, put aside in an unnamed file as they come: a head, the
 * numbers of tokens and body and its hash where there are any, key, values,
 * `x`.
 *
 * Of each block of some rows it is in memory where it is, and the number and
 * the key of its first row: a row is found by either with one read.
 */

#include <stdlib.h>
#include <string.h>

#include "stage.h"

#define BLOCK     8192  /* bytes; or one row that is longer */
#define BLOCK_BIG 32768 /* not kept for long */
#define CACHED    512

struct head {
	uint32_t key;
	uint32_t row;
	uint32_t x;
	uint32_t body;   /* bytes about it */
	uint32_t tokens; /* the same */
};

static enum vl_status
add(struct spill *f, const void *p, size_t n, struct vl_err *err)
{
	return vl_buf_add(&f->tail, (struct vl_slice){ p, n }, err);
}

/* The one that the row behind all others goes into. */
static enum vl_status
last_block(struct rows_stage *s, struct stage_table *t, struct vl_slice key,
    struct vl_err *err)
{
	struct stage_block *b =
	    t->nblocks == 0 ? NULL : &t->blocks[t->nblocks - 1];
	size_t room = t->room * 2 + 16;

	/* Rows of another table may have come between. */
	if (b != NULL && b->n < BLOCK && b->at + b->n == spill_end(&s->rows))
		return VL_OK;
	if (t->nblocks == t->room) {
		b = reallocarray(t->blocks, room, sizeof(*b));
		if (b == NULL)
			return vl_fail_memory(err);
		t->blocks = b;
		t->room = room;
	}
	t->blocks[t->nblocks++] = (struct stage_block){
		.at = spill_end(&s->rows), .row = t->rows + 1, .key = t->keys.n
	};
	return vl_buf_add(&t->keys, key, err);
}

enum vl_status
stage_aside(struct rows_stage *s, struct stage_table *t,
    const struct rows_staged *row, struct vl_err *err)
{
	const struct head head = { .key = (uint32_t)row->key.n,
		.row = (uint32_t)row->row.n,
		.x = (uint32_t)row->x.n,
		.body =
		    row->body == 0 ? 0 : sizeof(row->body) + sizeof(row->hash),
		.tokens = row->tokens == 0 ? 0 : sizeof(row->tokens) };
	const struct vl_slice parts[] = { row->key, row->row, row->x };
	struct spill *f = &s->rows;
	enum vl_status st = last_block(s, t, row->key, err);
	uint64_t at = spill_end(f);
	size_t i = 0;

	if (st == VL_OK)
		st = add(f, &head, sizeof(head), err);
	if (st == VL_OK && head.tokens > 0)
		st = add(f, &row->tokens, sizeof(row->tokens), err);
	if (st == VL_OK && head.body > 0)
		st = add(f, &row->body, sizeof(row->body), err);
	if (st == VL_OK && head.body > 0)
		st = add(f, row->hash, sizeof(row->hash), err);
	for (i = 0; st == VL_OK && i < 3; i++)
		st = vl_buf_add(&f->tail, parts[i], err);
	if (st != VL_OK)
		return st;
	t->blocks[t->nblocks - 1].n += (size_t)(spill_end(f) - at);
	t->rows++;
	return spill_flush(f, err);
}

/* The row at that place of a block; how many bytes it has there. */
static size_t
decode(const uint8_t *p, struct rows_staged *row)
{
	struct head head;
	size_t at = sizeof(head);

	memcpy(&head, p, sizeof(head));
	*row = (struct rows_staged){ 0 };
	if (head.tokens > 0) {
		memcpy(&row->tokens, p + at, sizeof(row->tokens));
		at += sizeof(row->tokens);
	}
	if (head.body > 0) {
		memcpy(&row->body, p + at, sizeof(row->body));
		at += sizeof(row->body);
		memcpy(row->hash, p + at, sizeof(row->hash));
		at += sizeof(row->hash);
	}
	row->key = (struct vl_slice){ p + at, head.key };
	at += head.key;
	row->row = (struct vl_slice){ p + at, head.row };
	at += head.row;
	row->x = (struct vl_slice){ p + at, head.x };
	return at + head.x;
}

static enum vl_status
load(struct rows_stage *s, const struct stage_block *b, struct stage_mem **mem,
    struct vl_err *err)
{
	struct stage_mem *m = *mem;
	enum vl_status st = VL_OK;

	if (m == NULL && s->cache == NULL) {
		s->cache = calloc(CACHED + 1, sizeof(*s->cache));
		if (s->cache == NULL)
			return vl_fail_memory(err);
	}
	if (m == NULL)
		m = &s->cache[b->n > BLOCK_BIG ? CACHED :
		                                 b->at / BLOCK % CACHED];
	*mem = m;
	if (m->at == b->at && m->bytes.n == b->n)
		return VL_OK;
	vl_buf_clear(&m->bytes);
	st = vl_buf_reserve(&m->bytes, b->n, err);
	if (st == VL_OK)
		st = spill_read(&s->rows, b->at, m->bytes.p, b->n, err);
	if (st != VL_OK)
		return st;
	m->at = b->at;
	m->bytes.n = b->n;
	return VL_OK;
}

void
stage_cache_free(struct stage_mem *cache)
{
	size_t i = 0;

	for (i = 0; cache != NULL && i <= CACHED; i++)
		vl_buf_free(&cache[i].bytes);
	free(cache);
}

static int64_t
behind(const struct stage_table *t, size_t block)
{
	return block + 1 < t->nblocks ? t->blocks[block + 1].row : t->rows + 1;
}

static size_t
block_of(const struct stage_table *t, int64_t n)
{
	size_t low = 0;
	size_t high = t->nblocks;
	size_t mid = 0;

	while (high - low > 1) {
		mid = low + (high - low) / 2;
		if (t->blocks[mid].row <= n)
			low = mid;
		else
			high = mid;
	}
	return low;
}

enum vl_status
stage_row(struct rows_stage *s, const struct stage_table *t,
    struct stage_mem *mem, struct stage_place *place, int64_t n,
    struct rows_staged *row, struct vl_err *err)
{
	struct stage_place to = *place;
	enum vl_status st = VL_OK;
	size_t bytes = 0;

	/* It is mostly the next one. */
	if (to.n > 0 && n == behind(t, to.block))
		to = (struct stage_place){ .block = to.block + 1, .n = n };
	else if (to.n == 0 || n < to.n || n >= behind(t, to.block))
		to = (struct stage_place){ .block = block_of(t, n) };
	if (to.n == 0)
		to.n = t->blocks[to.block].row;
	st = load(s, &t->blocks[to.block], &mem, err);
	while (st == VL_OK) {
		bytes = decode(mem->bytes.p + to.at, row);
		if (to.n == n)
			break;
		to.at += bytes;
		to.n++;
	}
	row->n = n;
	*place = to;
	return st;
}

static struct vl_slice
first_key(const struct stage_table *t, size_t block)
{
	size_t at = t->blocks[block].key;
	size_t end =
	    block + 1 < t->nblocks ? t->blocks[block + 1].key : t->keys.n;

	return (struct vl_slice){ t->keys.p + at, end - at };
}

/* The block that may have the key: rows that refer to one row mostly stand
 * together, and those that refer to one soon behind it follow them. */
static size_t
block_with(const struct stage_table *t, struct vl_slice key,
    const struct stage_place *near)
{
	size_t low = 0;
	size_t high = t->nblocks;
	size_t mid = near->block;
	unsigned tries = near->n > 0 ? 3 : 0;

	for (; tries > 0 && mid < high; tries--, mid++) {
		if (vl_slice_cmp(first_key(t, mid), key) <= 0)
			low = mid;
		else
			high = mid;
	}
	while (high - low > 1) {
		mid = low + (high - low) / 2;
		if (vl_slice_cmp(first_key(t, mid), key) <= 0)
			low = mid;
		else
			high = mid;
	}
	return low;
}

enum vl_status
stage_row_of(struct rows_stage *s, const struct stage_table *t,
    struct vl_slice key, struct stage_place *place, struct rows_staged *row,
    struct vl_err *err)
{
	const struct stage_place near = *place;
	struct stage_place to = { 0 };
	struct stage_mem *mem = NULL;
	enum vl_status st = VL_OK;
	size_t bytes = 0;
	int order = -1;

	place->n = 0;
	if (t->nblocks == 0)
		return VL_OK;
	to.block = block_with(t, key, &near);
	to.n = t->blocks[to.block].row;
	st = load(s, &t->blocks[to.block], &mem, err);
	if (st == VL_OK && near.n > 0 && near.block == to.block) {
		(void)decode(mem->bytes.p + near.at, row);
		if (vl_slice_cmp(row->key, key) <= 0)
			to = near;
	}
	while (st == VL_OK && to.at < mem->bytes.n) {
		bytes = decode(mem->bytes.p + to.at, row);
		order = vl_slice_cmp(row->key, key);
		if (order >= 0)
			break;
		to.at += bytes;
		to.n++;
	}
	if (st != VL_OK || order != 0)
		return st;
	row->n = to.n;
	*place = to;
	return VL_OK;
}
