/* First and last line of a manifest: read and written they are the same. */

#include <valise/format.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct vl_slice line = { p, n };
	struct vl_manifest_head h = { 0 };
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };
	uint8_t root[VL_ROOT_SIZE];
	uint64_t count = 0;

	if (vl_manifest_head_decode(&h, line, &err) == VL_OK) {
		MUST(vl_manifest_head_encode(&out, &h, &err) == VL_OK);
		MUST(vl_slice_equal(line, vl_buf_slice(&out)));
	} else if (vl_manifest_tail_decode(&count, root, line, &err) == VL_OK) {
		MUST(vl_manifest_tail_encode(&out, count, root, &err) == VL_OK);
		MUST(vl_slice_equal(line, vl_buf_slice(&out)));
	}
	vl_buf_free(&out);
	return 0;
}
