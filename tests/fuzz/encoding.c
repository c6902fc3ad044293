/* How parts of ciphers are spelt, by the first byte: what is read is written
 * the same, but for a last line feed. */

#include <valise/secret.h>
#include <valise/vault.h>

#include <inside.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct vl_slice text = { p + 1, n > 0 ? n - 1 : 0 };
	struct vl_locked again = { 0 };
	struct vl_err err = { 0 };
	enum vl_encoding how = VL_ENCODED_RAW;
	uint8_t *out = malloc(2 * n + 1);
	static bool ready;
	size_t got = 0;

	ready = ready || vl_secret_init();
	MUST(out != NULL);
	if (n > 0)
		how = (enum vl_encoding)(VL_ENCODED_RAW +
		    p[0] % (unsigned)VL_ENCODED_BASE64URL_PADDED);
	if (n > 0 && encoding_read(out, &got, how, text)) {
		MUST(encoding_write(&again, how, (struct vl_slice){ out, got },
		         &err) == VL_OK);
		MUST(again.n == encoded_size(how, got));
		MUST(again.n == text.n ||
		    (again.n == text.n + 1 && again.p[text.n] == '\n'));
		MUST(text.n == 0 || memcmp(again.p, text.p, text.n) == 0);
	}
	vl_locked_free(&again);
	free(out);
	return 0;
}
