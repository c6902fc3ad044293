/* Inner head: what is accepted can be written, and read again. */

#include <valise/format.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct vl_inner_head h = { 0 };
	struct vl_inner_head again = { 0 };
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };

	if (vl_inner_head_decode(&h, (struct vl_slice){ p, n }, &err) ==
	    VL_OK) {
		MUST(vl_inner_head_encode(&out, &h, &err) == VL_OK);
		MUST(vl_inner_head_decode(&again, vl_buf_slice(&out), &err) ==
		    VL_OK);
		MUST(again.npacks == h.npacks && again.nmap == h.nmap);
		vl_inner_head_free(&again);
	}
	vl_inner_head_free(&h);
	vl_buf_free(&out);
	return 0;
}
