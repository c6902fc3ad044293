/*
 * gear1, the cut rule of formats/manifest.md.
 *
 * "The top k bits of h are zero" is the comparison h < 2^(64-k), and k
 * changes only at avg: so the stretch is searched in two phases, each with
 * a constant bound.
 */

#include <valise/chunk.h>

#define WARM_UP 64 /* bytes: after as many a byte has left the 64-bit hash */

/*
 * Go from *at to `end`: true with the first position in *at whose hash is
 * below `bound`; else false with `end` in *at.  *hash follows.
 */
static bool
scan(const uint64_t gear[256], const uint8_t *p, size_t *at, size_t end,
    uint64_t bound, uint64_t *hash)
{
	uint64_t h0 = *hash;
	uint64_t h1;
	uint64_t h2;
	uint64_t h3;
	uint64_t h4;
	size_t i = *at;

	/* Four positions a turn: one branch tells that none of them cuts. */
	while (end - i >= 4) {
		h1 = (h0 << 1) + gear[p[i]];
		h2 = (h1 << 1) + gear[p[i + 1]];
		h3 = (h2 << 1) + gear[p[i + 2]];
		h4 = (h3 << 1) + gear[p[i + 3]];
		if (h0 < bound || h1 < bound || h2 < bound || h3 < bound)
			break;
		h0 = h4;
		i += 4;
	}
	while (i < end && h0 >= bound)
		h0 = (h0 << 1) + gear[p[i++]];
	*at = i;
	*hash = h0;
	return i < end;
}

/* What the hash of `n` bytes is below where they are cut: 2^(64 - k), k being
 * log2(avg) + 2, and log2(avg) - 2 from avg on. */
static uint64_t
bound_of(const struct vl_chunker *c, size_t n)
{
	const uint64_t strict = (UINT64_C(1) << 62) / c->avg;

	return n < c->avg ? strict : strict * 16;
}

static uint64_t
warm_up(const struct vl_chunker *c, const uint8_t *p)
{
	uint64_t h = 0;
	size_t i = 0;

	for (i = 0; i < WARM_UP; i++)
		h = (h << 1) + c->gear[p[i]];
	return h;
}

bool
vl_chunk_closes(const struct vl_chunker *c, struct vl_slice bytes)
{
	if (bytes.n < c->min || bytes.n >= c->max)
		return bytes.n == c->max;
	return warm_up(c, bytes.p + bytes.n - WARM_UP) < bound_of(c, bytes.n);
}

size_t
vl_chunk_cut(const struct vl_chunker *c, struct vl_slice bytes)
{
	size_t end = bytes.n < c->max ? bytes.n : c->max;
	size_t phase = end < c->avg ? end : c->avg;
	size_t at = c->min;
	uint64_t h = 0;

	if (bytes.n <= c->min)
		return bytes.n;
	h = warm_up(c, bytes.p + c->min - WARM_UP);
	if (!scan(c->gear, bytes.p, &at, phase, bound_of(c, 0), &h))
		(void)scan(c->gear, bytes.p, &at, end, bound_of(c, end), &h);
	return at;
}
