/*
 * Packed values: the first byte says of which form, and whether the rest is
 * unpacked or packed.  What is refused leaves all as it was; what is unpacked,
 * or packed, comes back; neither short of a byte nor with one more.
 */

#include <valise/place.h>

#include "fuzz.h"

#define BEFORE "what was there"

/* False: it is refused, and nothing was appended. */
static bool
unpack(struct vl_buf *out, enum vl_packing how, struct vl_slice packed)
{
	const size_t n = strlen(BEFORE);
	struct vl_err err = { 0 };
	enum vl_status st = VL_OK;

	vl_buf_clear(out);
	MUST(vl_buf_add_text(out, BEFORE, NULL) == VL_OK);
	st = vl_place_unpack(out, how, packed, &err);
	MUST(out->n >= n && memcmp(out->p, BEFORE, n) == 0);
	if (st != VL_OK) {
		MUST(st == VL_EFORMAT && err.text[0] != '\0' && out->n == n);
		return false;
	}
	out->n -= n;
	memmove(out->p, out->p + n, out->n);
	return true;
}

static void
check_back(enum vl_packing how, struct vl_slice bytes)
{
	struct vl_buf packed = { 0 };
	struct vl_buf back = { 0 };
	struct vl_err err = { 0 };
	struct vl_slice other = { 0 };

	MUST(vl_place_pack(&packed, how, bytes, &err) == VL_OK);
	MUST(unpack(&back, how, vl_buf_slice(&packed)));
	MUST(vl_slice_equal(bytes, vl_buf_slice(&back)));
	other = vl_buf_slice(&packed);
	other.n--;
	MUST(!unpack(&back, how, other));
	MUST(vl_buf_add_text(&packed, "x", &err) == VL_OK);
	MUST(!unpack(&back, how, vl_buf_slice(&packed)));
	vl_buf_free(&packed);
	vl_buf_free(&back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const enum vl_packing all[] = { VL_PACKING_GZIP, VL_PACKING_ZLIB,
		VL_PACKING_DEFLATE };
	struct vl_slice rest = { 0 };
	struct vl_buf out = { 0 };
	enum vl_packing how = VL_PACKING_GZIP;

	if (n == 0)
		return 0;
	rest = (struct vl_slice){ p + 1, n - 1 };
	how = all[p[0] % 3];
	if (p[0] >= 'a')
		check_back(how, rest);
	else if (unpack(&out, how, rest))
		check_back(how, vl_buf_slice(&out));
	vl_buf_free(&out);
	return 0;
}
