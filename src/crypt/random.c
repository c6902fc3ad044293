/* Random bytes, a reproducible stream of them, and comparing secrets. */

#include <sodium.h>

#include <valise/crypt.h>

_Static_assert(VL_KEY_SIZE == randombytes_SEEDBYTES, "seed of a stream");

void
vl_random(uint8_t *p, size_t n)
{
	randombytes_buf(p, n);
}

void
vl_random_from(uint8_t *p, size_t n, const uint8_t seed[VL_KEY_SIZE])
{
	randombytes_buf_deterministic(p, n, seed);
}

bool
vl_equal_secret(const uint8_t *a, const uint8_t *b, size_t n)
{
	return sodium_memcmp(a, b, n) == 0;
}
