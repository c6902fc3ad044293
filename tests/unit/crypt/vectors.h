#ifndef VECTORS_H
#define VECTORS_H

/* What the tests of crypt share: cmocka, and vectors written in hex. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <valise/crypt.h>
#include <valise/encode.h>
#include <valise/secret.h>

static inline void
unhex(uint8_t *out, size_t n, const char *text)
{
	assert_true(vl_unhex(out, n, vl_slice_of(text)));
}

static inline void
expect_hex(const char *want, const uint8_t *p, size_t n)
{
	char text[512];

	assert_true(VL_HEX_SIZE(n) <= sizeof(text));
	assert_string_equal(want, vl_hex(text, p, n));
}

#endif
