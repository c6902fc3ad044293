/* Key files of minisign, public and secret. */

#include <valise/sealform.h>
#include <valise/secret.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct vl_slice text = { p, n };
	struct vl_sender_public pub = { 0 };
	struct vl_sender_public again = { 0 };
	struct vl_sender_secret *secret = NULL;
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };

	MUST(vl_secret_init());
	secret = vl_secret_alloc(sizeof(*secret));
	MUST(secret != NULL);
	if (vl_sender_public_decode(&pub, text, &err) == VL_OK) {
		MUST(vl_sender_public_encode(&out, &pub, &err) == VL_OK);
		MUST(vl_sender_public_decode(
		         &again, vl_buf_slice(&out), &err) == VL_OK);
		MUST(memcmp(&pub, &again, sizeof(pub)) == 0);
	}
	if (vl_sender_secret_decode(secret, text, &err) == VL_OK)
		MUST(!vl_sender_secret_is_locked(text));
	else if (err.status == VL_EREFUSED)
		MUST(vl_sender_secret_is_locked(text));
	vl_secret_free(secret);
	vl_buf_free(&out);
	return 0;
}
