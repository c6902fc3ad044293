#ifndef RECORDS_H
#define RECORDS_H

/* Records with bodies in memory, as a bundle offers them, and what a filter
 * makes of them as text. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <valise/fs.h>

#include "../../../src/apply/filter.h"

#define CONTENTS 400

/* A content is handed out in chunks of `chunk` bytes; those that are all
 * zero in none. */
struct content {
	uint8_t *p;
	size_t n;
	size_t chunk;
};

struct bundle {
	struct content contents[CONTENTS];
	uint32_t n;
	size_t at; /* of the last content: what part() gave */
	uint64_t fetched;
	int holds; /* not released */
	bool broken;
};

static inline bool
is_zero(const uint8_t *p, size_t n)
{
	while (n > 0 && p[n - 1] == 0)
		n--;
	return n == 0;
}

static inline enum vl_status
bundle_part(void *arg, struct vl_chunk_ref *refs, size_t max, size_t *n,
    struct vl_err *err)
{
	struct bundle *b = arg;
	const struct content *c = &b->contents[b->n - 1];
	size_t length;

	(void)err;
	for (*n = 0; *n < max && b->at < c->n; b->at += length) {
		length = c->n - b->at < c->chunk ? c->n - b->at : c->chunk;
		if (is_zero(c->p + b->at, length))
			continue;
		refs[(*n)++] = (struct vl_chunk_ref){ .at = b->at,
			.n = (uint32_t)length,
			.pack = b->n - 1,
			.offset = (uint64_t)b->at << 32,
			.index = (uint16_t)(b->at % 60000) };
	}
	return VL_OK;
}

static inline enum vl_status
bundle_chunk(void *arg, const struct vl_chunk_ref *ref, struct vl_slice *bytes,
    void **hold, struct vl_err *err)
{
	struct bundle *b = arg;
	const struct content *c = &b->contents[ref->pack];

	*hold = NULL;
	if (b->broken)
		return vl_fail(err, VL_EFORMAT, "a chunk is broken");
	assert_true(ref->at + ref->n <= c->n);
	assert_int_equal((uint64_t)ref->at << 32, ref->offset);
	assert_int_equal(ref->at % 60000, ref->index);
	*bytes = (struct vl_slice){ c->p + ref->at, ref->n };
	*hold = b;
	b->holds++;
	b->fetched += ref->n;
	return VL_OK;
}

static inline void
bundle_release(void *arg, void *hold)
{
	struct bundle *b = arg;

	assert_ptr_equal(b, hold);
	b->holds--;
}

static inline struct vl_body
bundle_body(struct bundle *b)
{
	return (struct vl_body){ .arg = b,
		.part = bundle_part,
		.chunk = bundle_chunk,
		.release = bundle_release };
}

/* The body of the next record: a copy of `bytes`. */
static inline void
bundle_put(struct bundle *b, struct vl_slice bytes, size_t chunk)
{
	struct content *c = &b->contents[b->n++];

	assert_true(b->n <= CONTENTS);
	c->p = malloc(bytes.n + 1);
	assert_non_null(c->p);
	if (bytes.n > 0)
		memcpy(c->p, bytes.p, bytes.n);
	c->n = bytes.n;
	c->chunk = chunk;
	b->at = 0;
}

static inline void
bundle_free(struct bundle *b)
{
	uint32_t i;

	assert_int_equal(0, b->holds);
	for (i = 0; i < b->n; i++)
		free(b->contents[i].p);
}

static inline struct vl_entry
entry(enum vl_entry_type type, const char *path)
{
	struct vl_entry e = { .type = type,
		.resource = vl_slice_of("files"),
		.path = vl_slice_of(path),
		.uid = 1,
		.gid = 2 };

	if (type == VL_ENTRY_LEFT_OUT)
		e.uid = e.gid = 0;
	else if (type != VL_ENTRY_HARD)
		e.mtime = (struct vl_time){ 1700000000, 5 };
	if (type == VL_ENTRY_HARD)
		e.uid = e.gid = 0;
	if (type == VL_ENTRY_DIR || type == VL_ENTRY_FILE)
		e.mode = 0644;
	if (type == VL_ENTRY_LINK)
		e.target = vl_slice_of("to");
	return e;
}

/* All bytes of a body of `size` bytes, read by parts of `max` chunks; the
 * chunks are fetched behind the last part, as jobs of a target do. */
static inline void
read_body(
    struct vl_buf *out, const struct vl_body *body, uint64_t size, size_t max)
{
	struct vl_chunk_ref *refs = calloc(100000, sizeof(*refs));
	struct vl_slice bytes = { NULL, 0 };
	struct vl_err err = { 0 };
	void *hold = NULL;
	uint64_t end = 0;
	size_t all = 0;
	size_t n = 0;
	size_t i;

	assert_non_null(refs);
	do {
		assert_true(all + max <= 100000);
		assert_int_equal(
		    VL_OK, body->part(body->arg, refs + all, max, &n, &err));
		all += n;
	} while (n > 0);
	vl_buf_clear(out);
	assert_int_equal(VL_OK, vl_buf_reserve(out, size + 1, &err));
	memset(out->p, 0, size);
	out->n = size;
	for (i = 0; i < all; i++) {
		assert_int_equal(VL_OK,
		    body->chunk(body->arg, &refs[i], &bytes, &hold, &err));
		assert_int_equal(refs[i].n, bytes.n);
		assert_true(refs[i].at >= end);
		end = refs[i].at + refs[i].n;
		assert_true(end <= size);
		memcpy(out->p + refs[i].at, bytes.p, bytes.n);
		body->release(body->arg, hold);
	}
	free(refs);
}

#endif
