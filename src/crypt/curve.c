/* X25519 (RFC 7748) and Ed25519 (RFC 8032). */

#include <sodium.h>

#include <valise/crypt.h>

_Static_assert(VL_X25519_SIZE == crypto_scalarmult_BYTES &&
        VL_X25519_SIZE == crypto_scalarmult_SCALARBYTES,
    "sizes of X25519");
_Static_assert(VL_SIGN_SIZE == crypto_sign_BYTES &&
        VL_SIGN_PUBLIC_SIZE == crypto_sign_PUBLICKEYBYTES &&
        VL_SIGN_SECRET_SIZE == crypto_sign_SECRETKEYBYTES,
    "sizes of Ed25519");

void
vl_x25519_keypair(
    uint8_t public[VL_X25519_SIZE], uint8_t secret[VL_X25519_SIZE])
{
	randombytes_buf(secret, VL_X25519_SIZE);
	vl_x25519_public(public, secret);
}

void
vl_x25519_public(
    uint8_t public[VL_X25519_SIZE], const uint8_t secret[VL_X25519_SIZE])
{
	(void)crypto_scalarmult_base(public, secret);
}

bool
vl_x25519_shared(uint8_t out[VL_X25519_SIZE],
    const uint8_t secret[VL_X25519_SIZE], const uint8_t public[VL_X25519_SIZE])
{
	return crypto_scalarmult(out, secret, public) == 0;
}

void
vl_sign_keypair(
    uint8_t public[VL_SIGN_PUBLIC_SIZE], uint8_t secret[VL_SIGN_SECRET_SIZE])
{
	(void)crypto_sign_keypair(public, secret);
}

void
vl_sign(uint8_t out[VL_SIGN_SIZE], struct vl_slice message,
    const uint8_t secret[VL_SIGN_SECRET_SIZE])
{
	(void)crypto_sign_detached(out, NULL, message.p, message.n, secret);
}

bool
vl_sign_verify(const uint8_t signature[VL_SIGN_SIZE], struct vl_slice message,
    const uint8_t public[VL_SIGN_PUBLIC_SIZE])
{
	return crypto_sign_verify_detached(
	           signature, message.p, message.n, public) == 0;
}
