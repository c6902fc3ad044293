/* What a right plaintext looks like: an answer for any bytes, and JSON in a
 * list is JSON. */

#include <valise/vault.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct vl_slice text = { p, n };
	uint8_t *list = malloc(n + 2);
	const bool json = vl_plain_fits(VL_PLAIN_JSON, text);

	MUST(list != NULL);
	list[0] = '[';
	if (n > 0)
		memcpy(list + 1, p, n);
	list[n + 1] = ']';
	if (json && n < 100)
		MUST(vl_plain_fits(
		    VL_PLAIN_JSON, (struct vl_slice){ list, n + 2 }));
	free(list);
	if (vl_plain_fits(VL_PLAIN_PEM, text))
		MUST(vl_plain_fits(VL_PLAIN_UTF8, text));
	MUST(vl_plain_fits(VL_PLAIN_ANY, text));
	return 0;
}
