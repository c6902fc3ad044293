/*
 * A record as it is stored: the header decides how many bytes come out, the
 * rest of the input stands for what is stored.
 */

#include <valise/stream.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct vl_rd rd = { .rest = { p, n } };
	struct vl_stored s = { 0 };
	struct vl_err err = { 0 };
	uint8_t *plain = NULL;

	if (vl_record_header_decode(
	        &s.head, vl_rd_take(&rd, VL_RECORD_HEADER_SIZE), &err) != VL_OK)
		return 0;
	s.stored = rd.rest;
	plain = malloc(s.head.plain);
	MUST(plain != NULL);
	(void)vl_stored_decode(plain, &s, NULL, &err);
	free(plain);
	return 0;
}
