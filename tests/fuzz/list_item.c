/* Chunk lists: item after item, until one is cut short. */

#include <valise/format.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct vl_rd rd = { .rest = { p, n } };
	struct vl_list_item item = { 0 };
	struct vl_err err = { 0 };
	uint8_t again[16];

	while (rd.rest.n > 0) {
		const uint8_t *at = rd.rest.p;

		if (vl_list_item_decode(&item, &rd, &err) != VL_OK)
			break;
		MUST(item.refs.n == (size_t)item.n * VL_LIST_REF_SIZE);
		vl_list_item_encode(again, item.line, item.body, item.n);
		MUST(memcmp(at, again, sizeof(again)) == 0);
	}
	return 0;
}
