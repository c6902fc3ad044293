/*
 * Decoded blocks of packs, shared by all threads.  A block that is held, or
 * being decoded, stays; of the others the least recently used one makes room.
 * Nobody ever waits for room: when all are held one more is made, so held
 * blocks alone can exceed the limit, and no wait can close a circle.
 */

#include "parts.h"

#include <stdlib.h>
#include <string.h>

void
vl_unpack_blocks_init(struct vl_unpack_blocks *b)
{
	(void)pthread_mutex_init(&b->mutex, NULL);
	(void)pthread_cond_init(&b->settled, NULL);
}

/* Room for any block, made once: what is not touched costs nothing. */
static enum vl_status
bytes_new(
    struct vl_unpack_blocks *b, struct vl_chunk_hold *h, struct vl_err *err)
{
	struct vl_unpack_slots *s = b->slots;

	if (s == NULL) {
		h->bytes = malloc(VL_RECORD_PLAIN_MAX);
		return h->bytes == NULL ? vl_fail_memory(err) : VL_OK;
	}
	(void)pthread_mutex_lock(&s->mutex);
	if (s->nfree > 0) {
		h->slot = s->free[--s->nfree];
		h->bytes = s->memory + (size_t)h->slot * VL_RECORD_PLAIN_MAX;
	}
	(void)pthread_mutex_unlock(&s->mutex);
	return h->bytes == NULL ?
	    vl_fail(err, VL_EIO, "there is no room for one more block") :
	    VL_OK;
}

static void
bytes_free(struct vl_unpack_blocks *b, struct vl_chunk_hold *h)
{
	struct vl_unpack_slots *s = b->slots;

	if (h->bytes != NULL && b->borrowed) {
		if (b->ngone < b->gone_cap)
			b->gone[b->ngone++] = h->slot;
	} else if (h->bytes != NULL && s != NULL) {
		(void)pthread_mutex_lock(&s->mutex);
		s->free[s->nfree++] = h->slot;
		(void)pthread_mutex_unlock(&s->mutex);
	} else {
		free((void *)(uintptr_t)h->bytes);
	}
	h->bytes = NULL;
}

static void
block_free(struct vl_unpack_blocks *b, struct vl_chunk_hold *h)
{
	bytes_free(b, h);
	free(h->ends);
	free(h);
}

/* A block for new use, in the list; NULL when memory is exhausted. */
static struct vl_chunk_hold *
room(struct vl_unpack_blocks *b)
{
	struct vl_chunk_hold **list;
	struct vl_chunk_hold *old = NULL;
	size_t i;

	for (i = 0; i < b->n && b->n >= b->limit; i++)
		if (b->list[i]->holds == 0 &&
		    (old == NULL || b->list[i]->used < old->used))
			old = b->list[i];
	if (old != NULL)
		return old;
	if (b->n == b->cap) {
		list = realloc(
		    b->list, (b->cap + 32) * sizeof(struct vl_chunk_hold *));
		if (list == NULL)
			return NULL;
		b->list = list;
		b->cap += 32;
	}
	old = calloc(1, sizeof(*old));
	if (old != NULL)
		b->list[b->n++] = old;
	return old;
}

static struct vl_chunk_hold *
take_locked(struct vl_unpack_blocks *b, uint32_t pack, uint64_t offset)
{
	struct vl_chunk_hold *h = room(b);

	if (h == NULL)
		return NULL;
	if (b->borrowed)
		bytes_free(b, h);
	h->pack = pack;
	h->offset = offset;
	h->state = VL_BLOCK_PENDING;
	h->holds = 1;
	h->used = ++b->clock;
	return h;
}

enum vl_status
vl_unpack_block_take(struct vl_unpack_blocks *b, uint32_t pack, uint64_t offset,
    struct vl_chunk_hold **out, struct vl_err *err)
{
	(void)pthread_mutex_lock(&b->mutex);
	*out = take_locked(b, pack, offset);
	(void)pthread_mutex_unlock(&b->mutex);
	return *out == NULL ? vl_fail_memory(err) : VL_OK;
}

enum vl_status
vl_unpack_block_find(struct vl_unpack_blocks *b, const struct vl_chunk_ref *ref,
    struct vl_chunk_hold **out, bool *fresh, struct vl_err *err)
{
	struct vl_chunk_hold *h = NULL;
	size_t i;

	(void)pthread_mutex_lock(&b->mutex);
	for (i = 0; i < b->n && h == NULL; i++)
		if (b->list[i]->pack == ref->pack &&
		    b->list[i]->offset == ref->offset)
			h = b->list[i];
	*fresh = h == NULL;
	if (h == NULL) {
		h = take_locked(b, ref->pack, ref->offset);
	} else {
		h->holds++;
		h->used = ++b->clock;
	}
	(void)pthread_mutex_unlock(&b->mutex);
	*out = h;
	return h == NULL ? vl_fail_memory(err) : VL_OK;
}

/* Chunk lengths to ends; they must fill the block exactly. */
static enum vl_status
read_table(
    struct vl_chunk_hold *h, const struct vl_stored *s, struct vl_err *err)
{
	struct vl_rd rd = { .rest = s->table };
	uint64_t end = 0;
	uint32_t length;
	uint32_t *ends;
	uint32_t i;

	ends = realloc(h->ends, (size_t)s->head.items * sizeof(*ends));
	if (ends == NULL)
		return vl_fail_memory(err);
	h->ends = ends;
	for (i = 0; i < s->head.items; i++) {
		length = vl_rd_u32le(&rd);
		end += length;
		if (length == 0 || end > s->head.plain)
			break;
		ends[i] = (uint32_t)end;
	}
	if (i != s->head.items || end != s->head.plain || !vl_rd_done(&rd))
		return vl_fail(err, VL_EFORMAT,
		    "its chunk lengths do not add up to its plain length");
	h->items = s->head.items;
	return VL_OK;
}

enum vl_status
vl_unpack_block_decode(struct vl_unpack_blocks *b, struct vl_chunk_hold *h,
    const struct vl_stored *s, struct vl_unzip *scratch, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	h->items = 0;
	if (s->head.kind != VL_RECORD_BLOCK || s->head.items == 0 ||
	    s->head.plain > VL_RECORD_PLAIN_MAX)
		return vl_fail(err, VL_EFORMAT,
		    "record at %llu is not a block of chunks",
		    (unsigned long long)s->offset);
	if (h->bytes == NULL)
		st = bytes_new(b, h, err);
	if (st != VL_OK)
		return st;
	st = read_table(h, s, err);
	if (st != VL_OK)
		return vl_within(
		    err, "record at %llu", (unsigned long long)s->offset);
	return vl_stored_decode(
	    (uint8_t *)(uintptr_t)h->bytes, s, scratch, err);
}

void
vl_unpack_block_settle(struct vl_unpack_blocks *b, struct vl_chunk_hold *h,
    enum vl_status st, const struct vl_err *err)
{
	(void)pthread_mutex_lock(&b->mutex);
	h->state = st == VL_OK ? VL_BLOCK_READY : VL_BLOCK_FAILED;
	if (st != VL_OK)
		h->err = *err;
	(void)pthread_cond_broadcast(&b->settled);
	(void)pthread_mutex_unlock(&b->mutex);
}

enum vl_status
vl_unpack_block_wait(
    struct vl_unpack_blocks *b, struct vl_chunk_hold *h, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	(void)pthread_mutex_lock(&b->mutex);
	while (h->state == VL_BLOCK_PENDING)
		(void)pthread_cond_wait(&b->settled, &b->mutex);
	if (h->state == VL_BLOCK_FAILED) {
		*err = h->err;
		st = err->status;
	}
	(void)pthread_mutex_unlock(&b->mutex);
	return st;
}

void
vl_unpack_block_drop(struct vl_unpack_blocks *b, struct vl_chunk_hold *h)
{
	size_t i = 0;

	(void)pthread_mutex_lock(&b->mutex);
	h->holds--;
	if (h->holds == 0 && b->n > b->limit) {
		while (b->list[i] != h)
			i++;
		b->list[i] = b->list[--b->n];
		block_free(b, h);
	}
	(void)pthread_mutex_unlock(&b->mutex);
}

void
vl_unpack_blocks_free(struct vl_unpack_blocks *b)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		block_free(b, b->list[i]);
	free(b->list);
	free(b->gone);
	(void)pthread_cond_destroy(&b->settled);
	(void)pthread_mutex_destroy(&b->mutex);
}
