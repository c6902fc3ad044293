/* The ledger: read and written it is the same, whatever was read. */

#include <valise/state.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct vl_ledger l = { 0 };
	struct vl_ledger again = { 0 };
	struct vl_buf out = { 0 };
	struct vl_buf twice = { 0 };
	struct vl_err err = { 0 };

	if (vl_ledger_decode(&l, (struct vl_slice){ p, n }, &err) == VL_OK) {
		MUST(vl_ledger_encode(&out, &l, &err) == VL_OK);
		MUST(vl_ledger_decode(&again, vl_buf_slice(&out), &err) ==
		    VL_OK);
		MUST(vl_ledger_encode(&twice, &again, &err) == VL_OK);
		MUST(vl_slice_equal(vl_buf_slice(&out), vl_buf_slice(&twice)));
	}
	vl_ledger_free(&l);
	vl_ledger_free(&again);
	vl_buf_free(&out);
	vl_buf_free(&twice);
	return 0;
}
