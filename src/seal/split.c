/*
 * Bytes of a body to zero blocks and chunks (formats/manifest.md): blocks of
 * 64 KiB, counted from the start of the body, that are all zero are neither
 * chunked nor stored; each stretch between them is chunked from its start.
 *
 * Since a chunk restarts the hash of the chunker, going on with a stretch
 * and starting one are the same.
 */

#include <valise/ids.h>

void
vl_split_begin(struct vl_split *s, const struct vl_chunker *c, uint64_t size)
{
	*s = (struct vl_split){ .chunker = c, .size = size };
}

/* Length of the block at `at`: the last one may be shorter. */
static size_t
block_size(const struct vl_split *s, uint64_t at)
{
	uint64_t left = s->size - at;

	return left < VL_ZERO_BLOCK ? (size_t)left : VL_ZERO_BLOCK;
}

/*
 * Look at the block behind `known`; `bytes` begin at s->at.  False when it
 * is not there as a whole.
 */
static bool
look(const struct vl_split *s, struct vl_slice bytes, bool *zero)
{
	size_t from = (size_t)(s->known - s->at);
	size_t n = block_size(s, s->known);

	if (bytes.n < from || bytes.n - from < n)
		return false;
	*zero = vl_all_zero((struct vl_slice){ bytes.p + from, n });
	return true;
}

bool
vl_split_next(struct vl_split *s, struct vl_slice bytes, struct vl_cut *cut)
{
	bool zero = false;
	size_t n;

	*cut = (struct vl_cut){ 0 };
	while (s->known == s->at && s->at < s->size) {
		if (!look(s, bytes, &zero))
			return false;
		n = block_size(s, s->at);
		s->known += n;
		if (!zero)
			break;
		s->at += n;
		s->zeros++;
		cut->skipped += n;
		bytes = (struct vl_slice){ bytes.p + n, bytes.n - n };
	}
	if (s->at == s->size)
		return false;
	while (!s->ended && s->known < s->size &&
	    s->known - s->at < s->chunker->max) {
		if (!look(s, bytes, &zero))
			return false;
		if (zero)
			s->ended = true;
		else
			s->known += block_size(s, s->known);
	}
	bytes.n = (size_t)(s->known - s->at);
	cut->n = vl_chunk_cut(s->chunker, bytes);
	cut->at = s->at;
	cut->zeros = s->zeros;
	s->at += cut->n;
	s->zeros = 0;
	if (s->at == s->known)
		s->ended = false;
	return true;
}

uint64_t
vl_split_skip(struct vl_split *s, uint64_t n)
{
	if (n > s->size - s->at)
		n = s->size - s->at;
	if (n < s->size - s->at)
		n -= n % VL_ZERO_BLOCK;
	s->zeros += n / VL_ZERO_BLOCK + (n % VL_ZERO_BLOCK != 0);
	s->at += n;
	s->known = s->at;
	return n;
}
