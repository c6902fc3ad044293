#ifndef VALISE_CHUNK_H
#define VALISE_CHUNK_H

/*
 * gear1: where a stretch of bytes is cut into chunks (formats/manifest.md).
 * Pure: the keyed table comes from `seal`.
 *
 * Content-defined chunking with a gear hash and normalised chunking
 * (FastCDC, Xia et al., USENIX ATC 2016 and IEEE TPDS 2020), cut on the high
 * bits.
 */

#include <valise/bytes.h>
#include <valise/err.h>

#define VL_CHUNK_MIN_DEFAULT (64u << 10)
#define VL_CHUNK_AVG_DEFAULT (256u << 10)
#define VL_CHUNK_MAX_DEFAULT (1024u << 10)
#define VL_CHUNK_MAX_LIMIT   (1u << 20)
#define VL_ZERO_BLOCK        65536u

struct vl_chunker {
	uint64_t gear[256];
	uint32_t min; /* bytes; >= 64 */
	uint32_t avg; /* a power of two, min < avg < max */
	uint32_t max;
};

/*
 * Length of the first chunk of the stretch `bytes`.  `bytes` holds the whole
 * stretch or at least `max` bytes of it.  1 .. max; 0 only for an empty
 * stretch.
 */
size_t vl_chunk_cut(const struct vl_chunker *c, struct vl_slice bytes);

/*
 * True when the stretch may go on behind the chunk that `bytes` are: they are
 * `max` bytes, or at least `min` and the hash of the last 64 cuts there.
 */
bool vl_chunk_closes(const struct vl_chunker *c, struct vl_slice bytes);

/* All bytes are zero. */
bool vl_all_zero(struct vl_slice bytes);

/*
 * That chunks are those which gear1 makes of their body, and cover no zero
 * block of it.  Chunks in order make a run, and runs in order make a longer
 * one, so that parts of a body can be looked at apart.  A run begins as
 * { .size = SIZE } and covers nothing.
 */
struct vl_chunk_run {
	uint64_t size; /* of the body */
	uint64_t from; /* what it covers, with zero blocks between */
	uint64_t to;
	bool open;      /* the last chunk ends where only a stretch may end */
	bool zero_head; /* only zeros up to the end of the block of `from`, */
	bool zero_tail; /* and from the start of the block of `to` */
};
/* The chunk at `at`; only whole zero blocks are between it and run->to.
 * VL_EFORMAT: these are other chunks than gear1's. */
enum vl_status vl_chunk_run_add(struct vl_chunk_run *run,
    const struct vl_chunker *c, uint64_t at, struct vl_slice bytes,
    struct vl_err *err);
/* All of `next`, in the same way. */
enum vl_status vl_chunk_run_join(struct vl_chunk_run *run,
    const struct vl_chunk_run *next, struct vl_err *err);

#endif
