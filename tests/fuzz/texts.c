/* Hex and base64: what is accepted is what encoding it yields; and a name,
 * whatever it is, is escaped to what a terminal may get. */

#include <valise/encode.h>
#include <valise/text.h>

#include "fuzz.h"

static void
check_codes(struct vl_slice text)
{
	uint8_t *bytes = malloc(text.n + 1);
	char *again = malloc(2 * text.n + 8);
	size_t n = 0;

	MUST(bytes != NULL && again != NULL);
	if (vl_unhex(bytes, text.n / 2, text))
		MUST(vl_slice_equal(
		    text, vl_slice_of(vl_hex(again, bytes, text.n / 2))));
	if (vl_unb64u_any(bytes, &n, text))
		MUST(vl_slice_equal(
		    text, vl_slice_of(vl_b64u(again, bytes, n))));
	for (n = text.n / 4 * 3; n + 3 > text.n / 4 * 3 && n <= text.n; n--)
		if (vl_unb64(bytes, n, text))
			MUST(vl_slice_equal(
			    text, vl_slice_of(vl_b64(again, bytes, n))));
	free(bytes);
	free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct vl_slice text = { p, n };
	struct vl_buf shown = { 0 };
	struct vl_err err = { 0 };
	size_t i = 0;

	check_codes(text);
	MUST(vl_escape(&shown, text, &err) == VL_OK);
	MUST(vl_utf8_valid(vl_buf_slice(&shown)));
	for (i = 0; i < shown.n; i++)
		MUST(shown.p[i] >= 0x20 && shown.p[i] != 0x7f);
	vl_buf_free(&shown);
	return 0;
}
