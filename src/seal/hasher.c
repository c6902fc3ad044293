/*
 * Content hash of a body from its bytes (formats/manifest.md), for who holds
 * no key: the opaque hasher of record.h.
 *
 * Undecided bytes stand in a buffer that is moved to its front only when
 * its end is reached; bytes that are decided at once are never copied.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/ids.h>

struct hasher {
	struct vl_hasher base;
	const struct vl_ids *ids;
	struct vl_split split;
	struct vl_content_hash content;
	uint64_t fed; /* bytes that came, also those behind the size */
	uint8_t *room;
	size_t cap;
	size_t from; /* undecided bytes of room */
	size_t to;
};

/* Decide on what can be decided; returns how many bytes that took. */
static size_t
take(struct hasher *h, struct vl_slice bytes)
{
	uint8_t id[VL_HASH_SIZE];
	struct vl_cut cut;
	size_t n = 0;
	bool found;

	do {
		found = vl_split_next(&h->split,
		    (struct vl_slice){ bytes.p + n, bytes.n - n }, &cut);
		n += cut.skipped;
		if (!found)
			break;
		vl_ids_chunk(
		    h->ids, id, (struct vl_slice){ bytes.p + n, cut.n });
		vl_content_add(&h->content, cut.at, id);
		n += cut.n;
	} while (n < bytes.n);
	return n;
}

/* Enough for two windows, so that moving costs one copy a byte at most. */
static enum vl_status
grow(struct hasher *h, struct vl_err *err)
{
	size_t want = 2 * VL_SPLIT_WINDOW(h->split.chunker->max);
	uint8_t *room;

	if (h->split.size - h->split.at < want)
		want = (size_t)(h->split.size - h->split.at);
	if (want <= h->cap)
		return VL_OK;
	room = realloc(h->room, want);
	if (room == NULL)
		return vl_fail_memory(err);
	h->room = room;
	h->cap = want;
	return VL_OK;
}

/* Behind the undecided bytes; n > 0, and not more than the body has. */
static enum vl_status
append(struct hasher *h, struct vl_slice bytes, struct vl_err *err)
{
	enum vl_status st;
	size_t n;

	st = grow(h, err);
	while (st == VL_OK && bytes.n > 0) {
		if (h->to == h->cap) {
			memmove(h->room, h->room + h->from, h->to - h->from);
			h->to -= h->from;
			h->from = 0;
		}
		n = h->cap - h->to < bytes.n ? h->cap - h->to : bytes.n;
		memcpy(h->room + h->to, bytes.p, n);
		h->to += n;
		bytes = (struct vl_slice){ bytes.p + n, bytes.n - n };
		h->from += take(
		    h, (struct vl_slice){ h->room + h->from, h->to - h->from });
		if (h->from == h->to)
			h->from = h->to = 0;
	}
	return st;
}

static void
hasher_begin(struct vl_hasher *base, uint64_t size)
{
	struct hasher *h = (struct hasher *)base;

	vl_split_begin(&h->split, vl_ids_chunker(h->ids), size);
	vl_content_begin(&h->content, h->ids, size);
	h->fed = 0;
	h->from = 0;
	h->to = 0;
}

/* What goes beyond the size only counts. */
static uint64_t
within_size(struct hasher *h, uint64_t n)
{
	uint64_t left = h->fed < h->split.size ? h->split.size - h->fed : 0;

	h->fed = n > UINT64_MAX - h->fed ? UINT64_MAX : h->fed + n;
	return n < left ? n : left;
}

static enum vl_status
hasher_add(struct vl_hasher *base, struct vl_slice bytes, struct vl_err *err)
{
	struct hasher *h = (struct hasher *)base;
	size_t n = 0;

	bytes.n = (size_t)within_size(h, bytes.n);
	if (bytes.n == 0)
		return VL_OK;
	if (h->from == h->to)
		n = take(h, bytes);
	if (n == bytes.n)
		return VL_OK;
	return append(h, (struct vl_slice){ bytes.p + n, bytes.n - n }, err);
}

static enum vl_status
hasher_skip(struct vl_hasher *base, uint64_t n, struct vl_err *err)
{
	static const uint8_t zeros[VL_ZERO_BLOCK];
	struct hasher *h = (struct hasher *)base;
	enum vl_status st = VL_OK;
	uint64_t at;
	size_t part;

	n = within_size(h, n);
	while (n > 0 && st == VL_OK) {
		if (h->from == h->to)
			n -= vl_split_skip(&h->split, n);
		if (n == 0)
			break;
		/* To the next block; one whole block decides on the rest. */
		at = h->split.at + (h->to - h->from);
		part = sizeof(zeros) - (size_t)(at % sizeof(zeros));
		if (n < part)
			part = (size_t)n;
		st = append(h, (struct vl_slice){ zeros, part }, err);
		n -= part;
	}
	return st;
}

static bool
hasher_end(struct vl_hasher *base, uint8_t out[VL_CONTENT_HASH_SIZE])
{
	struct hasher *h = (struct hasher *)base;

	vl_content_end(&h->content, out);
	return h->fed == h->split.size;
}

static void
hasher_free(struct vl_hasher *base)
{
	struct hasher *h = (struct hasher *)base;

	if (h == NULL)
		return;
	free(h->room);
	free(h);
}

static const struct vl_hasher_ops hasher_ops = {
	.begin = hasher_begin,
	.add = hasher_add,
	.skip = hasher_skip,
	.end = hasher_end,
	.free = hasher_free,
};

static enum vl_status
hasher_make(const void *ids, struct vl_hasher **out, struct vl_err *err)
{
	struct hasher *h;

	*out = NULL;
	h = aligned_alloc(_Alignof(struct hasher), sizeof(*h));
	if (h == NULL)
		return vl_fail_memory(err);
	memset(h, 0, sizeof(*h));
	h->base.ops = &hasher_ops;
	h->ids = ids;
	hasher_begin(&h->base, 0);
	*out = &h->base;
	return VL_OK;
}

struct vl_hasher_maker
vl_ids_hashers(const struct vl_ids *ids)
{
	return (struct vl_hasher_maker){ .make = hasher_make, .arg = ids };
}
