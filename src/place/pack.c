/*
 * Values that an application packs before it stores them, and back
 * (formats/values.md, "Packed values").  What is packed here is the same for
 * the same bytes: no time, no name of a file, one level.
 */

#define ZLIB_CONST

#include <limits.h>
#include <zlib.h>

#include "place.h"

#define MEM_LEVEL 8
#define PIECE     65536

/* zlib's number for the form. */
static int
window_bits(enum vl_packing how)
{
	switch (how) {
	case VL_PACKING_GZIP:
		return MAX_WBITS + 16;
	case VL_PACKING_ZLIB:
		return MAX_WBITS;
	default:
		return -MAX_WBITS;
	}
}

static enum vl_status
inflate_all(struct vl_buf *out, z_stream *z, struct vl_err *err)
{
	const size_t before = out->n;
	enum vl_status st = VL_OK;
	int code = Z_OK;

	while (st == VL_OK && code == Z_OK) {
		st = vl_buf_reserve(out, PIECE, err);
		if (st != VL_OK)
			return st;
		z->next_out = out->p + out->n;
		z->avail_out = PIECE;
		code = inflate(z, Z_NO_FLUSH);
		out->n += PIECE - z->avail_out;
		if (out->n - before > VL_UNPACKED_MAX)
			return vl_fail(err, VL_EFORMAT,
			    "it unpacks to more than %d bytes",
			    VL_UNPACKED_MAX);
	}
	if (code == Z_MEM_ERROR)
		return vl_fail_memory(err);
	if (code != Z_STREAM_END)
		return vl_fail(err, VL_EFORMAT, "it cannot be unpacked: %s",
		    code == Z_DATA_ERROR && z->msg != NULL ? z->msg :
		                                             "it ends early");
	if (z->avail_in > 0)
		return vl_fail(err, VL_EFORMAT,
		    "it cannot be unpacked: %u bytes stand behind its end",
		    z->avail_in);
	return VL_OK;
}

enum vl_status
vl_place_unpack(struct vl_buf *out, enum vl_packing how, struct vl_slice packed,
    struct vl_err *err)
{
	static const uint8_t nothing[1];
	const size_t before = out->n;
	z_stream z = { .next_in = packed.n > 0 ? packed.p : nothing,
		.avail_in = (uInt)packed.n };
	enum vl_status st = VL_OK;

	if (packed.n > UINT_MAX)
		return vl_fail(err, VL_EFORMAT, "it is too large to unpack");
	if (inflateInit2(&z, window_bits(how)) != Z_OK)
		return vl_fail_memory(err);
	st = inflate_all(out, &z, err);
	(void)inflateEnd(&z);
	if (st != VL_OK)
		out->n = before;
	return st;
}

enum vl_status
vl_place_pack(struct vl_buf *out, enum vl_packing how, struct vl_slice bytes,
    struct vl_err *err)
{
	static const uint8_t nothing[1];
	z_stream z = { .next_in = bytes.n > 0 ? bytes.p : nothing,
		.avail_in = (uInt)bytes.n };
	enum vl_status st = VL_OK;
	size_t room = 0;

	if (bytes.n > VL_UNPACKED_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "a value of more than %d bytes is not packed",
		    VL_UNPACKED_MAX);
	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
	        window_bits(how), MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		return vl_fail_memory(err);
	room = deflateBound(&z, z.avail_in);
	st = vl_buf_reserve(out, room, err);
	if (st == VL_OK) {
		z.next_out = out->p + out->n;
		z.avail_out = (uInt)room;
		if (deflate(&z, Z_FINISH) != Z_STREAM_END)
			st = vl_fail_memory(err);
		out->n += room - z.avail_out;
	}
	(void)deflateEnd(&z);
	return st;
}
