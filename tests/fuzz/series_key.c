/* What a series key holds under its password. */

#include <valise/keybox.h>
#include <valise/secret.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint8_t out[VL_KEYBOX_PLAIN_MAX];
	struct vl_series_key *k = NULL;
	struct vl_err err = { 0 };
	size_t again = 0;

	MUST(vl_secret_init());
	k = vl_secret_alloc(sizeof(*k));
	MUST(k != NULL);
	if (vl_series_key_decode(k, (struct vl_slice){ p, n }, &err) == VL_OK) {
		MUST(vl_series_key_encode(out, &again, k, &err) == VL_OK);
		MUST(again == n && memcmp(out, p, n) == 0);
	}
	vl_secret_free(k);
	return 0;
}
