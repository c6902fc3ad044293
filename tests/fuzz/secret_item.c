/* Secrets of lines: item after item, until one is cut short. */

#include <valise/format.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct vl_rd rd = { .rest = { p, n } };
	struct vl_secret_item item = { 0 };
	struct vl_err err = { 0 };
	uint8_t again[VL_SECRET_ITEM_HEAD];

	while (rd.rest.n > 0) {
		const uint8_t *at = rd.rest.p;

		if (vl_secret_item_decode(&item, &rd, &err) != VL_OK)
			break;
		MUST(vl_token_valid(item.token));
		MUST(item.token.p == at + VL_SECRET_ITEM_HEAD);
		vl_secret_item_encode(
		    again, item.line, item.slot, (uint32_t)item.token.n);
		MUST(memcmp(at, again, sizeof(again)) == 0);
	}
	return 0;
}
