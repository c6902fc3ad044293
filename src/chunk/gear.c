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

size_t
vl_chunk_cut(const struct vl_chunker *c, struct vl_slice bytes)
{
	/* 2^(64 - (log2(avg) + 2)), and with log2(avg) - 2 from avg on. */
	const uint64_t strict = (UINT64_C(1) << 62) / c->avg;
	const uint64_t loose = strict * 16;
	size_t end = bytes.n < c->max ? bytes.n : c->max;
	size_t phase = end < c->avg ? end : c->avg;
	size_t at = c->min;
	size_t i;
	uint64_t h = 0;

	if (bytes.n <= c->min)
		return bytes.n;
	for (i = c->min - WARM_UP; i < c->min; i++)
		h = (h << 1) + c->gear[bytes.p[i]];
	if (!scan(c->gear, bytes.p, &at, phase, strict, &h))
		(void)scan(c->gear, bytes.p, &at, end, loose, &h);
	return at;
}
