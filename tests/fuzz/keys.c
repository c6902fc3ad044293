/* keys.jsn, and the text that its MAC is over. */

#include <valise/format.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct vl_slice text = { p, n };
	struct vl_stanzas s = { 0 };
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };
	size_t i = 0;

	if (vl_stanzas_decode(&s, text, &err) == VL_OK) {
		MUST(s.n >= 1 && s.n <= VL_STANZAS_MAX);
		MUST(vl_stanzas_mac_input(&out, text, &err) == VL_OK);
		MUST(out.n < n);
		for (i = 0; i < s.n; i++)
			if (s.list[i].type != VL_STANZA_UNKNOWN)
				MUST(vl_stanza_ad_json(
				         &out, &s.list[i], &err) == VL_OK);
	}
	vl_buf_free(&out);
	return 0;
}
