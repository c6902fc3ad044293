/*
 * Chunks out of the cache of blocks; a block that made room already is
 * decoded once more.  Its frames authenticate again, and its ids were
 * recomputed when the sweep passed it, so they are not a second time; without
 * a sweep they are here.
 */

#include "parts.h"

/* Read the record at the block's place; `bytes` gets a copy of it. */
static enum vl_status
read_again(struct vl_unpack *u, const struct vl_chunk_hold *h,
    struct vl_stored *s, struct vl_buf *bytes, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	(void)pthread_mutex_lock(&u->again_mutex);
	if (u->again != NULL && u->again_pack != h->pack) {
		vl_stream_r_free(u->again);
		u->again = NULL;
	}
	if (u->again == NULL) {
		u->again_pack = h->pack;
		st = vl_unpack_file(u, VL_FILE_PACK, h->pack, &u->again, err);
	}
	if (st == VL_OK)
		st = vl_stream_r_at(u->again, h->offset, s, err);
	if (st == VL_OK)
		st = vl_buf_add(bytes, s->table, err);
	if (st == VL_OK)
		st = vl_buf_add(bytes, s->stored, err);
	(void)pthread_mutex_unlock(&u->again_mutex);
	if (st != VL_OK)
		return st;
	s->table.p = bytes->p;
	s->stored.p = bytes->p + s->table.n;
	return VL_OK;
}

static enum vl_status
decode_again(struct vl_unpack *u, struct vl_chunk_hold *h, struct vl_err *err)
{
	struct vl_buf bytes = { 0 };
	struct vl_stored s = { 0 };
	char name[VL_FILE_NAME_SIZE];
	uint64_t confirmed = 0;
	enum vl_status st;

	st = read_again(u, h, &s, &bytes, err);
	if (st != VL_OK)
		goto out;
	st = vl_unpack_block_decode(&u->blocks, h, &s, NULL, err);
	if (st == VL_OK && u->unswept)
		st = vl_unpack_block_confirm(u, h, &confirmed, err);
	if (st != VL_OK) {
		vl_file_name(name, VL_FILE_PACK, h->pack);
		(void)vl_within(err, "%s", name);
	}
out:
	vl_buf_free(&bytes);
	return st;
}

enum vl_status
vl_unpack_block(struct vl_unpack *u, const struct vl_chunk_ref *ref,
    struct vl_chunk_hold **out, struct vl_err *err)
{
	struct vl_chunk_hold *h = NULL;
	enum vl_status st;
	bool fresh = false;

	*out = NULL;
	st = vl_unpack_block_find(&u->blocks, ref, &h, &fresh, err);
	if (st != VL_OK)
		return st;
	if (fresh) {
		st = u->proxy != NULL ? vl_proxy_block(u, h, err) :
		                        decode_again(u, h, err);
		vl_unpack_block_settle(&u->blocks, h, st, err);
	} else {
		st = vl_unpack_block_wait(&u->blocks, h, err);
	}
	if (st != VL_OK)
		vl_unpack_block_drop(&u->blocks, h);
	else
		*out = h;
	return st;
}

enum vl_status
vl_unpack_chunk(struct vl_unpack *u, const struct vl_chunk_ref *ref,
    struct vl_slice *bytes, struct vl_chunk_hold **hold, struct vl_err *err)
{
	struct vl_chunk_hold *h = NULL;
	enum vl_status st;
	uint32_t from = 0;

	*bytes = (struct vl_slice){ 0 };
	*hold = NULL;
	st = vl_unpack_block(u, ref, &h, err);
	if (st != VL_OK)
		return st;
	if (ref->index > 0 && ref->index <= h->items)
		from = h->ends[ref->index - 1];
	if (ref->index >= h->items || h->ends[ref->index] - from != ref->n) {
		st = vl_fail(err, VL_EFORMAT,
		    "the chunk map names a chunk %u of %u bytes at %llu in "
		    "pack %u, where there is none",
		    ref->index, ref->n, (unsigned long long)ref->offset,
		    ref->pack);
		vl_unpack_block_drop(&u->blocks, h);
		return st;
	}
	*bytes = (struct vl_slice){ h->bytes + from, ref->n };
	*hold = h;
	return VL_OK;
}

void
vl_unpack_release(struct vl_unpack *u, struct vl_chunk_hold *hold)
{
	if (hold != NULL)
		vl_unpack_block_drop(&u->blocks, hold);
}
