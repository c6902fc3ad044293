/*
 * The body of one record in order, what no chunk covers as zeros.  Each chunk
 * is verified before it is handed on; that they are the right ones is proved
 * by the content hash over all of them, at the end.
 */

#include <string.h>

#include <valise/chunk.h>
#include <valise/unpack.h>

#define REFS 64 /* chunks at once */

/* The body while it is read. */
struct reading {
	/* First: its hash state wants the alignment. */
	struct vl_content_hash hash;
	struct vl_unpack *unpack;
	const struct vl_body_sink *sink;
	struct vl_chunk_run run;
	uint64_t at; /* bytes handed on */
};

static enum vl_status
put_zeros(struct reading *r, uint64_t n, struct vl_err *err)
{
	static const uint8_t zeros[VL_ZERO_BLOCK];
	struct vl_slice piece = { zeros, 0 };
	enum vl_status st = VL_OK;

	for (; st == VL_OK && n > 0; n -= piece.n) {
		piece.n = n < sizeof(zeros) ? (size_t)n : sizeof(zeros);
		st = r->sink->put(r->sink->arg, piece, err);
	}
	return st;
}

static enum vl_status
put_chunk(struct reading *r, const struct vl_chunk_ref *ref, struct vl_err *err)
{
	const struct vl_ids *ids = vl_unpack_ids(r->unpack);
	struct vl_chunk_hold *hold = NULL;
	struct vl_slice bytes = { 0 };
	uint8_t id[VL_HASH_SIZE];
	enum vl_status st = put_zeros(r, ref->at - r->at, err);

	if (st == VL_OK)
		st = vl_unpack_chunk(r->unpack, ref, &bytes, &hold, err);
	if (st == VL_OK)
		st = vl_chunk_run_add(
		    &r->run, vl_ids_chunker(ids), ref->at, bytes, err);
	if (st == VL_OK) {
		vl_ids_chunk(ids, id, bytes);
		vl_content_add(&r->hash, ref->at, id);
		st = r->sink->put(r->sink->arg, bytes, err);
	}
	vl_unpack_release(r->unpack, hold);
	r->at = ref->at + ref->n;
	return st;
}

enum vl_status
vl_unpack_body(struct vl_unpack *u, const struct vl_unpacked *rec,
    const struct vl_body_sink *sink, struct vl_err *err)
{
	const uint8_t *hash =
	    rec->kind == VL_LINE_ROW ? rec->row.hash : rec->entry.hash;
	struct reading r = {
		.unpack = u, .sink = sink, .run = { .size = rec->size }
	};
	struct vl_chunk_ref refs[REFS];
	uint8_t found[VL_CONTENT_HASH_SIZE];
	enum vl_status st = VL_OK;
	size_t n = 0;
	size_t i = 0;

	vl_content_begin(&r.hash, vl_unpack_ids(u), rec->size);
	do {
		st = vl_unpack_part(u, refs, REFS, &n, err);
		for (i = 0; st == VL_OK && i < n; i++)
			st = put_chunk(&r, &refs[i], err);
	} while (st == VL_OK && n > 0);
	if (st == VL_OK)
		st = put_zeros(&r, rec->size - r.at, err);
	if (st != VL_OK)
		return st;
	vl_content_end(&r.hash, found);
	if (memcmp(found, hash, sizeof(found)) != 0)
		return vl_fail(err, VL_EAUTH,
		    "what was read is not its content: the bundle contradicts "
		    "itself");
	return VL_OK;
}
