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

/* All bytes are zero. */
bool vl_all_zero(struct vl_slice bytes);

#endif
