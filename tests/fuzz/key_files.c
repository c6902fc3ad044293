/* recipient.pub and recipient.key. */

#include <valise/cli.h>
#include <valise/encode.h>
#include <valise/secret.h>

#include "folder.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct vl_key_opts opts = { 0 };
	struct vl_held_keys held = { 0 };
	struct vl_err err = { 0 };
	uint8_t public[32];
	char pub[128];
	char key[128];
	bool ok = false;

	MUST(vl_secret_init());
	folder_put("a.pub", (struct vl_slice){ p, n });
	folder_put("a.key", (struct vl_slice){ p, n });
	snprintf(pub, sizeof(pub), "%s/a.pub", folder_path);
	snprintf(key, sizeof(key), "%s/a.key", folder_path);
	ok = vl_recipient_read(public, pub, &err) == VL_OK;
	MUST(ok || err.status == VL_EUSAGE);
	opts.identity = key;
	if (vl_held_keys_open(&held, &opts, &err) == VL_OK) {
		MUST(ok && memcmp(public, held.identity, 32) == 0);
		vl_held_keys_free(&held);
	}
	return 0;
}
