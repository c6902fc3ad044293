/* Sizes as people write them, and numbers as they are shown. */

#include <valise/text.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct vl_err err = { 0 };
	char *text = calloc(1, n + 1);
	char shown[64];
	uint64_t bytes = 0;

	MUST(text != NULL);
	if (n > 0)
		memcpy(text, p, n);
	if (vl_parse_size(text, &bytes, &err) == VL_OK) {
		vl_format_bytes(shown, sizeof(shown), bytes);
		vl_format_count(shown, sizeof(shown), bytes);
		vl_format_time_utc(shown, sizeof(shown), (int64_t)bytes);
		MUST(strlen(shown) > 0);
	}
	free(text);
	return 0;
}
