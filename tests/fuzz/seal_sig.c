/* seal.sig: read and written it is the same, its comment too. */

#include <valise/sealform.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct vl_slice text = { p, n };
	struct vl_seal_sig s = { 0 };
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };

	if (vl_seal_sig_decode(&s, text, &err) == VL_OK) {
		MUST(vl_seal_sig_encode(&out, &s, &err) == VL_OK);
		MUST(vl_slice_equal(text, vl_buf_slice(&out)));
		vl_buf_clear(&out);
		MUST(vl_seal_comment_encode(&out, &s.comment, &err) == VL_OK);
		MUST(vl_slice_equal(s.comment_text, vl_buf_slice(&out)));
	}
	vl_buf_free(&out);
	return 0;
}
