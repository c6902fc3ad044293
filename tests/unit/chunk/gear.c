/* The two-phase search against the rule of the format page, word for word. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <valise/chunk.h>

#define MIN 128u
#define AVG 512u
#define MAX 2048u

static uint64_t
next(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static size_t
cut_by_the_rule(const struct vl_chunker *c, struct vl_slice s)
{
	size_t end = s.n < c->max ? s.n : c->max;
	unsigned log2_avg = 0;
	uint64_t h = 0;
	unsigned top;
	size_t len;
	size_t i;

	if (s.n <= c->min)
		return s.n;
	while ((1u << log2_avg) < c->avg)
		log2_avg++;
	for (i = c->min - 64; i < c->min; i++)
		h = (h << 1) + c->gear[s.p[i]];
	for (len = c->min;; len++) {
		top = len < c->avg ? log2_avg + 2 : log2_avg - 2;
		if (len == end || h >> (64 - top) == 0)
			return len;
		h = (h << 1) + c->gear[s.p[len]];
	}
}

/* Both cuts of a copy that ends where its memory ends: an overread dies. */
static size_t
cut(const struct vl_chunker *c, const uint8_t *p, size_t n)
{
	uint8_t *tight = malloc(n);
	struct vl_slice s = { tight, n };
	size_t got;

	assert_non_null(tight);
	memcpy(tight, p, n);
	got = vl_chunk_cut(c, s);
	assert_int_equal(cut_by_the_rule(c, s), got);
	assert_true(got >= 1 && got <= c->max && got <= n);
	free(tight);
	return got;
}

static void
chunker_fill(struct vl_chunker *c, uint64_t seed)
{
	size_t i;

	for (i = 0; i < 256; i++)
		c->gear[i] = next(&seed);
	c->min = MIN;
	c->avg = AVG;
	c->max = MAX;
}

static void
cuts_random_bytes_by_the_rule(void **state)
{
	struct vl_chunker c;
	uint8_t bytes[3 * MAX];
	uint64_t seed = 11;
	size_t before = 0;
	size_t behind = 0;
	size_t len;
	size_t i;
	unsigned round;

	(void)state;
	for (round = 0; round < 3000; round++) {
		if (round % 100 == 0)
			chunker_fill(&c, seed);
		for (i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)(next(&seed) >> 20);
		len = cut(&c, bytes, 1 + next(&seed) % sizeof(bytes));
		before += len > MIN && len < AVG;
		behind += len > AVG && len < MAX;
	}
	assert_true(before > 100);
	assert_true(behind > 1000);
}

/*
 * A table of few small entries lets the hash sit near the bounds, so that
 * cuts fall on L = min and L = avg, which random bytes do not hit.
 */
static void
cuts_crafted_bytes_by_the_rule(void **state)
{
	static const unsigned levels[] = { 0, 6, 7, 8, 10, 11, 12 };
	const unsigned nlevels = sizeof(levels) / sizeof(levels[0]);
	struct vl_chunker c = { .min = MIN, .avg = AVG, .max = MAX };
	uint8_t bytes[3 * MAX];
	uint64_t seed = 12;
	size_t at_min = 0;
	size_t at_avg = 0;
	size_t at_max = 0;
	size_t len;
	size_t i;
	unsigned round;

	(void)state;
	/* A run of byte i holds the hash at 2^(64 - level): 0 is no cut. */
	for (i = 0; i < 256; i++)
		c.gear[i] = levels[i % nlevels] == 0 ?
		    1 :
		    UINT64_MAX << (64 - levels[i % nlevels]);
	for (round = 0; round < 3000; round++) {
		for (i = 0; i < sizeof(bytes);) {
			len = 1 + next(&seed) % (round % 2 ? AVG : 2 * MAX);
			if (len > sizeof(bytes) - i)
				len = sizeof(bytes) - i;
			memset(bytes + i, (int)(next(&seed) % nlevels), len);
			i += len;
		}
		len = cut(&c, bytes, 1 + next(&seed) % sizeof(bytes));
		at_min += len == MIN;
		at_avg += len == AVG;
		at_max += len == MAX;
	}
	assert_true(at_min > 50);
	assert_true(at_avg > 50);
	assert_true(at_max > 50);
}

static void
cuts_at_every_end_of_a_stretch(void **state)
{
	struct vl_chunker c;
	uint8_t bytes[MAX + 8];
	size_t n;

	(void)state;
	chunker_fill(&c, 13);
	memset(bytes, 0, sizeof(bytes));
	c.gear[0] = 1; /* the hash never cuts */
	for (n = 1; n <= sizeof(bytes); n++)
		assert_int_equal(n < MAX ? n : MAX, cut(&c, bytes, n));
	assert_int_equal(0, vl_chunk_cut(&c, (struct vl_slice){ NULL, 0 }));
}

/* What a chunk is depends on at most max bytes, not on what follows. */
static void
needs_no_more_than_max_bytes(void **state)
{
	struct vl_chunker c;
	uint8_t bytes[3 * MAX];
	uint64_t seed = 14;
	unsigned round;
	size_t i;

	(void)state;
	chunker_fill(&c, 14);
	for (round = 0; round < 200; round++) {
		for (i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)(next(&seed) >> 20);
		assert_int_equal(
		    cut(&c, bytes, sizeof(bytes)), cut(&c, bytes, MAX));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_random_bytes_by_the_rule),
		cmocka_unit_test(cuts_crafted_bytes_by_the_rule),
		cmocka_unit_test(cuts_at_every_end_of_a_stretch),
		cmocka_unit_test(needs_no_more_than_max_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
