/*
 * Whether chunks are those that formats/manifest.md makes of their body, from
 * the chunks alone: none holds an earlier cut, none but the last of a stretch
 * ends where there is no cut, and none covers a zero block.
 */

#include <valise/chunk.h>

/* Where the block that holds byte `at` ends; the last one may be shorter. */
static uint64_t
block_end(uint64_t at, uint64_t size)
{
	uint64_t end = at - at % VL_ZERO_BLOCK + VL_ZERO_BLOCK;

	return end < size ? end : size;
}

static uint64_t
block_start(uint64_t at)
{
	return at - at % VL_ZERO_BLOCK;
}

static enum vl_status
fail_zeros(uint64_t at, struct vl_err *err)
{
	return vl_fail(err, VL_EFORMAT,
	    "a chunk covers the block of zeros at byte %llu",
	    (unsigned long long)at);
}

/* What `bytes`, which begin at `from`, are from `at` up to `to`. */
static bool
zero_between(struct vl_slice bytes, uint64_t from, uint64_t at, uint64_t to)
{
	return vl_all_zero(
	    (struct vl_slice){ bytes.p + (at - from), (size_t)(to - at) });
}

enum vl_status
vl_chunk_run_add(struct vl_chunk_run *run, const struct vl_chunker *c,
    uint64_t at, struct vl_slice bytes, struct vl_err *err)
{
	const uint64_t to = at + bytes.n;
	const uint64_t size = run->size;
	struct vl_chunk_run one = { .size = size, .from = at, .to = to };
	uint64_t end = 0;
	uint64_t b = 0;

	if (at > size || bytes.n > size - at)
		return vl_fail(err, VL_EFORMAT, "a chunk leaves its body");
	if (vl_chunk_cut(c, bytes) != bytes.n)
		return vl_fail(err, VL_EFORMAT,
		    "gear1 cuts the chunk at byte %llu shorter",
		    (unsigned long long)at);
	one.open = !vl_chunk_closes(c, bytes);
	end = block_end(at, size);
	one.zero_head = zero_between(bytes, at, at, end < to ? end : to);
	b = block_start(to);
	one.zero_tail = zero_between(bytes, at, b > at ? b : at, to);
	for (b = at % VL_ZERO_BLOCK == 0 ? at : end; b < to; b = end) {
		end = block_end(b, size);
		if (end <= to && zero_between(bytes, at, b, end))
			return fail_zeros(b, err);
	}
	return vl_chunk_run_join(run, &one, err);
}

enum vl_status
vl_chunk_run_join(struct vl_chunk_run *run, const struct vl_chunk_run *next,
    struct vl_err *err)
{
	const uint64_t seam = next->from;
	const uint64_t start = block_start(seam);
	const uint64_t end = block_end(seam, next->size);

	if (next->from == next->to)
		return VL_OK;
	if (run->from == run->to) {
		*run = *next;
		return VL_OK;
	}
	if (run->to == seam && run->open)
		return vl_fail(err, VL_EFORMAT,
		    "gear1 does not cut at byte %llu",
		    (unsigned long long)seam);
	if (run->zero_tail && next->zero_head && run->from <= start &&
	    next->to >= end)
		return fail_zeros(start, err);
	if (run->to < block_end(run->from, run->size))
		run->zero_head = run->zero_head && next->zero_head;
	run->zero_tail = next->zero_tail &&
	    (seam <= block_start(next->to) || run->zero_tail);
	run->open = next->open;
	run->to = next->to;
	return VL_OK;
}
