#ifndef VALISE_IDS_H
#define VALISE_IDS_H

/*
 * Keyed names of content: chunk ids, content hashes, the Merkle root of a
 * manifest (formats/bundle.md, formats/manifest.md).
 */

#include <valise/chunk.h>
#include <valise/crypt.h>
#include <valise/record.h>

/* Everything that is derived from the series key; locked memory. */
struct vl_ids;

enum vl_status vl_ids_new(struct vl_ids **out, const uint8_t sk[VL_KEY_SIZE],
    uint32_t chunk_min, uint32_t chunk_avg, uint32_t chunk_max,
    struct vl_err *err);
void vl_ids_free(struct vl_ids *ids);
const struct vl_chunker *vl_ids_chunker(const struct vl_ids *ids);
/* Thread-safe. */
void vl_ids_chunk(
    const struct vl_ids *ids, uint8_t id[VL_HASH_SIZE], struct vl_slice chunk);
/* KDF(SK,6) hash of (machine id, real path) and KDF(SK,8). */
void vl_ids_resource(const struct vl_ids *ids, uint8_t out[VL_HASH_SIZE],
    struct vl_slice machine_id, struct vl_slice path);
void vl_ids_commitment(const struct vl_ids *ids, uint8_t out[VL_HASH_SIZE]);

/*
 * A body of `size` bytes as zero blocks and chunks (formats/manifest.md).
 * Has no memory of its own: the caller keeps what is not decided yet in one
 * piece and takes chunks from its front.
 */
struct vl_split {
	const struct vl_chunker *chunker;
	uint64_t size;
	uint64_t at;    /* the first byte that is not decided */
	uint64_t known; /* no block from `at` up to here is zero */
	uint64_t zeros; /* zero blocks since the last chunk */
	bool ended;     /* the stretch ends at `known` */
};

/* As many undecided bytes always yield a chunk; `max` is the chunker's. */
#define VL_SPLIT_WINDOW(max) ((size_t)(max) + VL_ZERO_BLOCK)

struct vl_cut {
	size_t skipped; /* bytes of zero blocks at the front */
	size_t n;       /* bytes of the chunk behind them */
	uint64_t at;    /* of the chunk in the body */
	uint64_t zeros; /* zero blocks between it and the one before */
};

void vl_split_begin(
    struct vl_split *s, const struct vl_chunker *c, uint64_t size);
/*
 * Decide on the front of `bytes`, which are the body from s->at on as far as
 * it is there.  True: one chunk.  False: only cut->skipped bytes are decided
 * (perhaps none); offer the rest again when more stands behind it.
 */
bool vl_split_next(
    struct vl_split *s, struct vl_slice bytes, struct vl_cut *cut);
/*
 * `n` zero bytes follow and nothing before them is undecided: decide on as
 * many of them as are whole zero blocks, without looking.  Returns how many.
 */
uint64_t vl_split_skip(struct vl_split *s, uint64_t n);

/* Content hash from ids that are known already: begin, one add a chunk. */
struct vl_content_hash {
	struct vl_hash hash;
};
void vl_content_begin(
    struct vl_content_hash *h, const struct vl_ids *ids, uint64_t size);
void vl_content_add(
    struct vl_content_hash *h, uint64_t offset, const uint8_t id[VL_HASH_SIZE]);
void vl_content_end(
    struct vl_content_hash *h, uint8_t out[VL_CONTENT_HASH_SIZE]);

/* Hashers over bytes (record.h); `ids` must outlive them. */
struct vl_hasher_maker vl_ids_hashers(const struct vl_ids *ids);

/*
 * Merkle root in the shape of RFC 6962, leaf by leaf, none of them empty,
 * O(log n) memory.  Leaves may be gathered apart: what begins with leaf `first`
 * is joined to what ends before it.  The root is that of leaves from 0 on.
 */
struct vl_merkle {
	uint8_t stack[2 * 64][VL_HASH_SIZE];
	uint8_t levels[2 * 64]; /* of 2^level leaves */
	size_t depth;
	uint64_t next; /* leaf */
};
void vl_merkle_init(struct vl_merkle *m, uint64_t first);
void vl_merkle_add(
    struct vl_merkle *m, const struct vl_ids *ids, struct vl_slice leaf);
/* The same for `n` of them, in less time: best some hundred. */
void vl_merkle_add_all(struct vl_merkle *m, const struct vl_ids *ids,
    const struct vl_slice *leaves, size_t n);
/* The leaves of `behind` are the next ones. */
void vl_merkle_join(struct vl_merkle *m, const struct vl_ids *ids,
    const struct vl_merkle *behind);
void vl_merkle_root(const struct vl_merkle *m, const struct vl_ids *ids,
    uint8_t out[VL_HASH_SIZE]);

#endif
