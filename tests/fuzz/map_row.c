/* Row of the chunk map: decoded and encoded again it is the same bytes. */

#include <valise/format.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct vl_map_row v = { 0 };
	struct vl_err err = { 0 };
	uint8_t again[VL_MAP_ROW_SIZE];

	if (vl_map_row_decode(&v, (struct vl_slice){ p, n }, &err) != VL_OK)
		return 0;
	vl_map_row_encode(again, &v);
	MUST(n == sizeof(again) && memcmp(p, again, n) == 0);
	return 0;
}
