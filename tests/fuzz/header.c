/* Header of an import: read and written it is the same. */

#include <valise/journal.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct vl_slice text = { p, n };
	struct vl_header h = { 0 };
	struct vl_buf out = { 0 };
	struct vl_buf again = { 0 };
	struct vl_err err = { 0 };

	if (vl_header_decode(&h, text, &err) == VL_OK) {
		MUST(vl_header_encode(&out, &h, &err) == VL_OK);
		vl_header_free(&h);
		MUST(vl_header_decode(&h, vl_buf_slice(&out), &err) == VL_OK);
		MUST(vl_header_encode(&again, &h, &err) == VL_OK);
		MUST(vl_slice_equal(vl_buf_slice(&out), vl_buf_slice(&again)));
	}
	vl_header_free(&h);
	vl_buf_free(&out);
	vl_buf_free(&again);
	return 0;
}
