/* Whatever is accepted as a line or a head is what encoding it yields. */

#include <valise/format.h>

#include "fuzz.h"

/* These are passed over, and not kept. */
static bool
has_extension(struct vl_slice text)
{
	return text.n > 0 && memmem(text.p, text.n, "\"x_", 3) != NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t no_hints[VL_ROOT_SIZE];
	const struct vl_slice text = { p, n };
	struct vl_entry_store store = { 0 };
	struct vl_entry e = { 0 };
	struct vl_head h = { 0 };
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };

	if (has_extension(text))
		return 0;
	if (vl_entry_decode(&e, &store, text, &err) == VL_OK) {
		MUST(vl_entry_encode(&out, &e, NULL, &err) == VL_OK);
		MUST(vl_slice_equal(text, vl_buf_slice(&out)));
	} else if (vl_head_decode(&h, text, &err) == VL_OK &&
	    memcmp(h.hints, no_hints, sizeof(no_hints)) == 0) {
		MUST(vl_head_encode(&out, &h, &err) == VL_OK);
		MUST(vl_slice_equal(text, vl_buf_slice(&out)));
	}
	vl_entry_store_free(&store);
	vl_buf_free(&out);
	return 0;
}
