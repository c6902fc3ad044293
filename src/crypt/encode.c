/*
 * Hex, base64 and Crockford base32.  Hex and base64 run in constant time in
 * libsodium, since keys pass through them.
 */

#include <sodium.h>

#include <valise/encode.h>

#define B64U sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define B64  sodium_base64_VARIANT_ORIGINAL

char *
vl_hex(char *text, const uint8_t *p, size_t n)
{
	return sodium_bin2hex(text, VL_HEX_SIZE(n), p, n);
}

bool
vl_unhex(uint8_t *out, size_t n, struct vl_slice text)
{
	size_t got = 0;
	size_t i = 0;

	if (text.n % 2 != 0 || text.n / 2 != n)
		return false;
	if (n == 0)
		return true;
	for (i = 0; i < text.n; i++)
		if (text.p[i] >= 'A' && text.p[i] <= 'F')
			return false;
	return sodium_hex2bin(out, n, (const char *)text.p, text.n, NULL, &got,
	           NULL) == 0 &&
	    got == n;
}

char *
vl_b64u(char *text, const uint8_t *p, size_t n)
{
	return sodium_bin2base64(text, VL_B64U_SIZE(n), p, n, B64U);
}

/* libsodium takes some bytes above 127 for letters of base64. */
static bool
is_ascii(struct vl_slice text)
{
	uint8_t bits = 0;
	size_t i = 0;

	for (i = 0; i < text.n; i++)
		bits |= text.p[i];
	return bits < 0x80;
}

/* Canonical base64 of at most `max` bytes, all of `text`. */
static bool
unbase64(uint8_t *out, size_t max, size_t *n, struct vl_slice text, int variant)
{
	*n = 0;
	return text.n == 0 ||
	    (is_ascii(text) &&
	        sodium_base642bin(out, max, (const char *)text.p, text.n, NULL,
	            n, NULL, variant) == 0);
}

bool
vl_unb64u(uint8_t *out, size_t n, struct vl_slice text)
{
	size_t got = 0;

	return unbase64(out, n, &got, text, B64U) && got == n;
}

bool
vl_unb64u_any(uint8_t *out, size_t *n, struct vl_slice text)
{
	return unbase64(out, text.n, n, text, B64U);
}

char *
vl_b64(char *text, const uint8_t *p, size_t n)
{
	return sodium_bin2base64(text, VL_B64_SIZE(n), p, n, B64);
}

bool
vl_unb64(uint8_t *out, size_t n, struct vl_slice text)
{
	size_t got = 0;

	return unbase64(out, n, &got, text, B64) && got == n;
}

char *
vl_base32(char *text, const uint8_t *p, size_t n)
{
	static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
	unsigned bits = 0;
	unsigned held = 0; /* how many low bits of `bits` are not shown yet */
	size_t at = 0;
	size_t i = 0;

	for (i = 0; i < n; i++) {
		bits = (bits << 8 | p[i]) & 0xfff;
		for (held += 8; held >= 5; held -= 5)
			text[at++] = alphabet[bits >> (held - 5) & 31];
	}
	text[at] = '\0';
	return text;
}

char *
vl_fingerprint(char text[VL_FINGERPRINT_SIZE], const uint8_t hash[32])
{
	char plain[33];
	size_t i = 0;

	(void)vl_base32(plain, hash, 20);
	for (i = 0; i < 8; i++) {
		memcpy(text + i * 5, plain + i * 4, 4);
		text[i * 5 + 4] = i == 7 ? '\0' : '-';
	}
	return text;
}
