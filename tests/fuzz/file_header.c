/* Header of a pack or index file: decoded and encoded again it is the same
 * bytes. */

#include <valise/format.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct vl_file_header v = { 0 };
	struct vl_err err = { 0 };
	uint8_t again[VL_FILE_HEADER_SIZE];

	if (vl_file_header_decode(&v, (struct vl_slice){ p, n }, &err) != VL_OK)
		return 0;
	vl_file_header_encode(again, &v);
	MUST(n == sizeof(again) && memcmp(p, again, n) == 0);
	return 0;
}
