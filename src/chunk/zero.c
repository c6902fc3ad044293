/* Blocks that are all zero, which formats/manifest.md leaves unchunked. */

#include <string.h>

#include <valise/chunk.h>

bool
vl_all_zero(struct vl_slice bytes)
{
	static const uint8_t zero[16];

	if (bytes.n <= sizeof(zero))
		return bytes.n == 0 || memcmp(bytes.p, zero, bytes.n) == 0;
	/* Each byte equals the one 16 before it, and the first 16 are zero. */
	return memcmp(bytes.p, zero, sizeof(zero)) == 0 &&
	    memcmp(bytes.p, bytes.p + sizeof(zero), bytes.n - sizeof(zero)) ==
	    0;
}
