#ifndef TEST_APPLY_HASHER_H
#define TEST_APPLY_HASHER_H

/* Hashes of contents without a key.  Includes cmocka's headers before. */

#include <stdlib.h>
#include <string.h>

#include <valise/record.h>

/* A hash that knows every byte and its place: enough to tell contents. */
struct hasher {
	struct vl_hasher base;
	uint64_t size;
	uint64_t seen;
	uint64_t sum;
};

static inline void
hash_begin(struct vl_hasher *h, uint64_t size)
{
	struct hasher *x = (struct hasher *)h;

	x->size = size;
	x->seen = 0;
	x->sum = 14695981039346656037u;
}

static inline enum vl_status
hash_add(struct vl_hasher *h, struct vl_slice bytes, struct vl_err *err)
{
	struct hasher *x = (struct hasher *)h;
	size_t i;

	(void)err;
	for (i = 0; i < bytes.n; i++)
		x->sum = (x->sum ^ bytes.p[i]) * 1099511628211u;
	x->seen += bytes.n;
	return VL_OK;
}

static inline bool
hash_end(struct vl_hasher *h, uint8_t out[VL_CONTENT_HASH_SIZE])
{
	struct hasher *x = (struct hasher *)h;

	memset(out, 0, VL_CONTENT_HASH_SIZE);
	vl_put_u64le(out, x->sum);
	return x->seen == x->size;
}

static inline void
hash_free(struct vl_hasher *h)
{
	free(h);
}

static inline enum vl_status
hash_make(const void *arg, struct vl_hasher **out, struct vl_err *err)
{
	static const struct vl_hasher_ops ops = { .begin = hash_begin,
		.add = hash_add,
		.end = hash_end,
		.free = hash_free };
	struct hasher *x = calloc(1, sizeof(*x));

	(void)arg;
	(void)err;
	assert_non_null(x);
	x->base.ops = &ops;
	*out = &x->base;
	return VL_OK;
}

#endif
