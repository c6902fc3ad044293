/* Chunks that are gear1's and others, looked at in runs of any length. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <valise/chunk.h>

#define BLOCKS     4u
#define CHUNKS_MAX 4096u

struct chunk {
	size_t at;
	size_t n;
};

struct chunks {
	struct chunk list[CHUNKS_MAX];
	size_t n;
};

/* A body, and in which of its blocks zeros are left out. */
struct body {
	struct vl_chunker c;
	uint8_t bytes[BLOCKS * VL_ZERO_BLOCK];
	size_t size;
	bool zero[BLOCKS];
};

static uint64_t seed;

static uint64_t
next(void)
{
	uint64_t z = (seed += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static size_t
below(size_t n)
{
	return (size_t)(next() % n);
}

static size_t
block_end(const struct body *b, size_t block)
{
	size_t end = (block + 1) * VL_ZERO_BLOCK;

	return end < b->size ? end : b->size;
}

/* Random bytes, with zeros in all of a block, at its front, or at its end. */
static void
body_make(struct body *b, uint32_t min, uint32_t avg, uint32_t max)
{
	size_t block = 0;
	size_t at = 0;
	size_t n = 0;
	size_t i = 0;

	b->c.min = min;
	b->c.avg = avg;
	b->c.max = max;
	for (i = 0; i < 256; i++)
		b->c.gear[i] = next();
	b->size = 1 + below(sizeof(b->bytes));
	for (i = 0; i < b->size; i++)
		b->bytes[i] = (uint8_t)(next() >> 20);
	for (block = 0; block * VL_ZERO_BLOCK < b->size; block++) {
		at = block * VL_ZERO_BLOCK;
		n = block_end(b, block) - at;
		switch (below(4)) {
		case 0:
			memset(b->bytes + at, 0, n);
			break;
		case 1:
			memset(b->bytes + at, 0, below(n));
			break;
		case 2:
			i = below(n);
			memset(b->bytes + at + i, 0, n - i);
			break;
		default:
			break;
		}
		b->zero[block] =
		    vl_all_zero((struct vl_slice){ b->bytes + at, n });
	}
}

/* As the page says it, but for what `zero` says of blocks. */
static void
cut_all(const struct body *b, const bool zero[BLOCKS], struct chunks *out)
{
	size_t block = 0;
	size_t end = 0;
	size_t at = 0;
	size_t n = 0;

	out->n = 0;
	while (at < b->size) {
		block = at / VL_ZERO_BLOCK;
		if (zero[block]) {
			at = block_end(b, block);
			continue;
		}
		end = at;
		for (; end < b->size && !zero[block]; block++)
			end = block_end(b, block);
		for (; at < end; at += n) {
			n = vl_chunk_cut(&b->c,
			    (struct vl_slice){ b->bytes + at, end - at });
			assert_true(out->n < CHUNKS_MAX);
			out->list[out->n++] = (struct chunk){ at, n };
		}
	}
}

/* A chunk that ends where its memory ends: an overread dies. */
static enum vl_status
add(struct vl_chunk_run *run, const struct body *b, const struct chunk *one,
    struct vl_err *err)
{
	uint8_t *tight = malloc(one->n);
	enum vl_status st = VL_OK;

	assert_non_null(tight);
	memcpy(tight, b->bytes + one->at, one->n);
	st = vl_chunk_run_add(
	    run, &b->c, one->at, (struct vl_slice){ tight, one->n }, err);
	free(tight);
	return st;
}

/* Look at runs of up to `most` chunks, each alone, and join them. */
static enum vl_status
look(const struct body *b, const struct chunks *c, size_t most,
    struct vl_err *err)
{
	struct vl_chunk_run all = { .size = b->size };
	struct vl_chunk_run run = { 0 };
	enum vl_status st = VL_OK;
	size_t left = 0;
	size_t i = 0;

	while (i < c->n && st == VL_OK) {
		run = (struct vl_chunk_run){ .size = b->size };
		for (left = 1 + below(most); left > 0 && i < c->n; left--) {
			st = add(&run, b, &c->list[i], err);
			if (st != VL_OK)
				return st;
			i++;
		}
		st = vl_chunk_run_join(&all, &run, err);
	}
	return st;
}

/* One change to the cuts of a stretch, if there is one to make. */
static void
forge(struct chunks *c)
{
	struct chunk *one = NULL;
	size_t i = 0;
	size_t n = 0;

	if (c->n == 0)
		return;
	i = below(c->n);
	one = &c->list[i];
	if (below(2) == 0 && one->n > 1 && c->n < CHUNKS_MAX) {
		n = 1 + below(one->n - 1);
		memmove(one + 1, one, (c->n++ - i) * sizeof(*one));
		one[1] = (struct chunk){ one->at + n, one->n - n };
		one->n = n;
		return;
	}
	if (i + 1 == c->n || one->at + one->n != one[1].at)
		return;
	one->n += one[1].n;
	c->n--;
	memmove(one + 1, one + 2, (c->n - i - 1) * sizeof(*one));
}

static const uint32_t shapes[][3] = { { 64, 128, 300 }, { 64, 256, 1000 },
	{ 5000, 16384, 40000 }, { 65536, 131072, 140000 },
	{ 70000, 131072, 200000 } };
#define NSHAPES (sizeof(shapes) / sizeof(shapes[0]))

static void
make_any(struct body *b)
{
	const uint32_t *s = shapes[below(NSHAPES)];

	body_make(b, s[0], s[1], s[2]);
}

static void
takes_what_is_cut_by_the_rule(void **state)
{
	static struct body b;
	static struct chunks c;
	struct vl_err err = { 0 };
	size_t most = 0;
	unsigned round = 0;

	(void)state;
	seed = 21;
	for (round = 0; round < 100; round++) {
		make_any(&b);
		cut_all(&b, b.zero, &c);
		for (most = 1; most <= 16; most *= 4)
			assert_int_equal(VL_OK, look(&b, &c, most, &err));
	}
}

/* Every list of chunks that is not the one of the rule. */
static void
refuses_any_other_chunks(void **state)
{
	static struct body b;
	static struct chunks right;
	static struct chunks forged;
	static const char *const says[] = { "shorter", "does not cut",
		"zeros" };
	unsigned seen[3] = { 0 };
	struct vl_err err = { 0 };
	bool zero[BLOCKS];
	enum vl_status due = VL_OK;
	unsigned round = 0;
	size_t i = 0;

	(void)state;
	seed = 22;
	for (round = 0; round < 800; round++) {
		make_any(&b);
		cut_all(&b, b.zero, &right);
		for (i = 0; i < BLOCKS; i++)
			zero[i] = b.zero[i] && below(2) == 0;
		cut_all(&b, zero, &forged);
		for (i = below(3); i > 0; i--)
			forge(&forged);
		due = right.n == forged.n &&
		        memcmp(right.list, forged.list,
		            right.n * sizeof(right.list[0])) == 0 ?
		    VL_OK :
		    VL_EFORMAT;
		assert_int_equal(due, look(&b, &forged, 1 + below(20), &err));
		for (i = 0; i < 3 && due != VL_OK; i++)
			seen[i] += strstr(err.text, says[i]) != NULL;
	}
	for (i = 0; i < 3; i++)
		assert_true(seen[i] > 100);
}

/* A stretch goes on behind a chunk just where it is cut. */
static void
closes_where_it_cuts(void **state)
{
	static struct body b;
	struct vl_slice s = { b.bytes, 0 };
	unsigned round = 0;
	size_t first = 0;

	(void)state;
	seed = 23;
	for (round = 0; round < 300; round++) {
		do
			make_any(&b);
		while (b.size < b.c.max || b.c.max > 1000);
		first =
		    vl_chunk_cut(&b.c, (struct vl_slice){ b.bytes, b.c.max });
		for (s.n = 0; s.n <= first; s.n++)
			assert_int_equal(
			    s.n == first, vl_chunk_closes(&b.c, s));
		s.n = b.c.max + 1;
		assert_false(vl_chunk_closes(&b.c, s));
	}
}

static void
refuses_a_chunk_that_leaves_its_body(void **state)
{
	static const uint8_t bytes[100] = { 1 };
	struct vl_chunk_run run = { .size = 150 };
	struct vl_chunker c = { .min = 128, .avg = 256, .max = 512 };
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(VL_EFORMAT,
	    vl_chunk_run_add(
	        &run, &c, 51, (struct vl_slice){ bytes, sizeof(bytes) }, &err));
	assert_int_equal(VL_EFORMAT,
	    vl_chunk_run_add(
	        &run, &c, 151, (struct vl_slice){ bytes, 0 }, &err));
	assert_int_equal(VL_OK,
	    vl_chunk_run_add(
	        &run, &c, 50, (struct vl_slice){ bytes, sizeof(bytes) }, &err));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_is_cut_by_the_rule),
		cmocka_unit_test(refuses_any_other_chunks),
		cmocka_unit_test(closes_where_it_cuts),
		cmocka_unit_test(refuses_a_chunk_that_leaves_its_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
