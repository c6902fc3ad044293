#ifndef VALISE_RECORD_H
#define VALISE_RECORD_H

/*
 * The waist: what a source yields and a bundle carries, and the hasher by
 * which both sides compare bodies without seeing a key.
 */

#include <valise/bytes.h>
#include <valise/entry.h>
#include <valise/slot.h>

/*
 * One record: its canonical line with LF, and perhaps a body.  The order of
 * records is that of the manifest (formats/manifest.md); the line holds
 * resource and key.
 *
 * Leave room: a record of a later kind may have several bodies.
 */
struct vl_record {
	struct vl_slice line;
	bool has_body;
	uint64_t body_size; /* bytes the source will yield, as the line says */
	size_t hash_at;     /* where the line wants the body's content hash */
	/* A token for each secret of the line, in the order in which their
	 * slots stand in it (slot.h, vl_row_next_slot()). */
	const struct vl_slice *tokens;
	size_t ntokens;
};

/* A chunk of a body, to be fetched on any thread. */
struct vl_chunk_ref {
	uint64_t at; /* in the body */
	uint32_t n;
	uint32_t pack;
	uint64_t offset;
	uint16_t index;
};

struct vl_chunker;

/*
 * The body of a record as a bundle offers it.  What no chunk covers is zero.
 */
struct vl_body {
	void *arg;
	/* The next chunks, at most `max`, ascending; 0 at the end.  On the
	 * thread that takes the records. */
	enum vl_status (*part)(void *arg, struct vl_chunk_ref *refs, size_t max,
	    size_t *n, struct vl_err *err);
	/* The bytes of one, on any thread; every hold is released. */
	enum vl_status (*chunk)(void *arg, const struct vl_chunk_ref *ref,
	    struct vl_slice *bytes, void **hold, struct vl_err *err);
	void (*release)(void *arg, void *hold);
	/* What its chunks must have been cut with (chunk.h); whoever keeps
	 * them looks.  NULL: they are pieces of any kind. */
	const struct vl_chunker *cut;
	/* It holds secrets: whoever keeps bytes of it, or of what it is
	 * compared with, wipes them. */
	bool secret;
};

/*
 * Content hash of a body: bytes in, hash out.  Opaque: `seal` makes one from
 * the series key; a target compares with it.  One hasher serves one thread.
 */
struct vl_hasher;
struct vl_hasher_ops {
	/* Start a body of `size` bytes. */
	void (*begin)(struct vl_hasher *h, uint64_t size);
	/* The next bytes in order, in pieces of any size. */
	enum vl_status (*add)(
	    struct vl_hasher *h, struct vl_slice bytes, struct vl_err *err);
	/* `n` bytes that are all zero (a hole). */
	enum vl_status (*skip)(
	    struct vl_hasher *h, uint64_t n, struct vl_err *err);
	/* The hash; false when fewer or more than `size` bytes came. */
	bool (*end)(struct vl_hasher *h, uint8_t out[VL_CONTENT_HASH_SIZE]);
	void (*free)(struct vl_hasher *h);
};
struct vl_hasher {
	const struct vl_hasher_ops *ops;
};
/* Makes hashers for several threads. */
struct vl_hasher_maker {
	enum vl_status (*make)(
	    const void *arg, struct vl_hasher **out, struct vl_err *err);
	const void *arg;
};

#endif
