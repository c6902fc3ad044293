/*
 * Stored record to plain bytes (formats/bundle.md, records): exactly one
 * zstd frame of exactly the length the header says, or the bytes as they are.
 */

#include <valise/stream.h>

#include <stdlib.h>
#include <string.h>

#include <zstd.h>

struct vl_unzip {
	ZSTD_DCtx *ctx;
};

enum vl_status
vl_unzip_new(struct vl_unzip **out, struct vl_err *err)
{
	struct vl_unzip *u = calloc(1, sizeof(*u));

	*out = NULL;
	if (u == NULL)
		return vl_fail_memory(err);
	u->ctx = ZSTD_createDCtx();
	if (u->ctx == NULL) {
		free(u);
		return vl_fail_memory(err);
	}
	*out = u;
	return VL_OK;
}

void
vl_unzip_free(struct vl_unzip *u)
{
	if (u == NULL)
		return;
	ZSTD_freeDCtx(u->ctx);
	free(u);
}

/*
 * One-shot decompression accepts several frames, skippable and older ones,
 * and frames that want a dictionary, so all that is asked before.
 */
static enum vl_status
check_zstd(const struct vl_stored *s, struct vl_err *err)
{
	static const uint8_t magic[4] = { 0x28, 0xb5, 0x2f, 0xfd };
	const uint8_t *p = s->stored.p;
	size_t n = s->stored.n;
	size_t frame;

	if (n > VL_RECORD_STORED_MAX || s->head.plain > VL_RECORD_PLAIN_MAX)
		return vl_fail(err, VL_ELIMIT, "%zu bytes for %u are too many",
		    n, s->head.plain);
	if (n < 5 || memcmp(p, magic, sizeof(magic)) != 0)
		return vl_fail(err, VL_EFORMAT, "not a zstd frame");
	frame = ZSTD_findFrameCompressedSize(p, n);
	if (ZSTD_isError(frame) || frame != n)
		return vl_fail(
		    err, VL_EFORMAT, "not one whole compressed frame");
	if (ZSTD_getFrameContentSize(p, n) != s->head.plain)
		return vl_fail(err, VL_EFORMAT,
		    "the compressed frame has another length than its record");
	if (ZSTD_getDictID_fromFrame(p, n) != 0)
		return vl_fail(
		    err, VL_EFORMAT, "the compressed frame wants a dictionary");
	/* Frame_Header_Descriptor, Content_Checksum_flag (RFC 8878). */
	if ((p[4] & 4) == 0)
		return vl_fail(
		    err, VL_EFORMAT, "the compressed frame has no checksum");
	return VL_OK;
}

static enum vl_status
unzip(uint8_t *plain, const struct vl_stored *s, struct vl_unzip *u,
    struct vl_err *err)
{
	struct vl_unzip *own = NULL;
	enum vl_status st;
	size_t n;

	st = check_zstd(s, err);
	if (st != VL_OK)
		return st;
	if (u == NULL) {
		st = vl_unzip_new(&own, err);
		if (st != VL_OK)
			return st;
		u = own;
	}
	n = ZSTD_decompressDCtx(
	    u->ctx, plain, s->head.plain, s->stored.p, s->stored.n);
	if (ZSTD_isError(n) || n != s->head.plain)
		st = vl_fail(err, VL_EFORMAT, "cannot be decompressed: %s",
		    ZSTD_isError(n) ? ZSTD_getErrorName(n) :
		                      "another length than its record says");
	vl_unzip_free(own);
	return st;
}

enum vl_status
vl_stored_decode(uint8_t *plain, const struct vl_stored *s,
    struct vl_unzip *scratch, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (s->head.zstd)
		st = unzip(plain, s, scratch, err);
	else if (s->stored.n != s->head.plain)
		st = vl_fail(err, VL_EFORMAT, "%zu raw bytes are stored for %u",
		    s->stored.n, s->head.plain);
	else if (s->stored.n > 0)
		memcpy(plain, s->stored.p, s->stored.n);
	if (st == VL_OK &&
	    vl_xxh64((struct vl_slice){ plain, s->head.plain }) != s->head.xxh)
		st = vl_fail(err, VL_EFORMAT, "its XXH3 checksum is wrong");
	if (st != VL_OK)
		(void)vl_within(
		    err, "record at %llu", (unsigned long long)s->offset);
	return st;
}
