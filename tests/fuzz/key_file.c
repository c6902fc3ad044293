/* A key under a password: recipient.key, or a series key. */

#include <valise/keybox.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct vl_slice text = { p, n };
	struct vl_keybox box = { 0 };
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };

	if (vl_keybox_decode(&box, text, &err) == VL_OK) {
		MUST(vl_keybox_is(text));
		MUST(box.n >= VL_TAG_SIZE && box.n <= sizeof(box.sealed));
		MUST(vl_keybox_encode(&out, &box, &err) == VL_OK);
		MUST(out.n == n || out.n == n + 1);
		MUST(memcmp(out.p, p, n) == 0);
	}
	vl_buf_free(&out);
	return 0;
}
