/* head.jsn. */

#include <valise/format.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct vl_head h = { 0 };
	struct vl_err err = { 0 };

	if (vl_head_decode(&h, (struct vl_slice){ p, n }, &err) == VL_OK) {
		MUST(h.seq > 0 && h.epoch > 0);
		MUST(h.frame_log2 >= VL_FRAME_LOG2_MIN);
		MUST(h.frame_log2 <= VL_FRAME_LOG2_MAX);
		MUST(h.index_files > 0);
		MUST(vl_head_differs(&h, &h) == NULL);
	}
	return 0;
}
