/* seal.txt: read and written it is the same. */

#include <valise/sealform.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct vl_slice text = { p, n };
	struct vl_seal_list l = { 0 };
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };
	size_t i = 0;

	if (vl_seal_list_decode(&l, text, &err) == VL_OK) {
		MUST(vl_seal_list_encode(&out, &l, &err) == VL_OK);
		MUST(vl_slice_equal(text, vl_buf_slice(&out)));
		for (i = 0; i < l.n; i++)
			MUST(vl_name83_valid(l.files[i].name));
	}
	vl_seal_list_free(&l);
	vl_buf_free(&out);
	return 0;
}
