/* ChaCha20-Poly1305 with a 96-bit nonce (RFC 8439), NaCl's secretbox, and
 * XChaCha20 alone. */

#include <sodium.h>

#include <valise/crypt.h>

_Static_assert(VL_KEY_SIZE == crypto_aead_chacha20poly1305_ietf_KEYBYTES &&
        VL_NONCE_SIZE == crypto_aead_chacha20poly1305_ietf_NPUBBYTES &&
        VL_TAG_SIZE == crypto_aead_chacha20poly1305_ietf_ABYTES,
    "sizes of ChaCha20-Poly1305");
_Static_assert(VL_KEY_SIZE == crypto_secretbox_KEYBYTES &&
        VL_BOX_NONCE_SIZE == crypto_secretbox_NONCEBYTES &&
        VL_TAG_SIZE == crypto_secretbox_MACBYTES,
    "sizes of a secretbox");

void
vl_aead_seal(uint8_t *out, struct vl_slice plain, struct vl_slice ad,
    const uint8_t nonce[VL_NONCE_SIZE], const uint8_t key[VL_KEY_SIZE])
{
	(void)crypto_aead_chacha20poly1305_ietf_encrypt(
	    out, NULL, plain.p, plain.n, ad.p, ad.n, NULL, nonce, key);
}

bool
vl_aead_open(uint8_t *out, struct vl_slice sealed, struct vl_slice ad,
    const uint8_t nonce[VL_NONCE_SIZE], const uint8_t key[VL_KEY_SIZE])
{
	return sealed.n >= VL_TAG_SIZE &&
	    crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed.p,
	        sealed.n, ad.p, ad.n, nonce, key) == 0;
}

void
vl_box_seal(uint8_t *out, uint8_t tag[VL_TAG_SIZE], struct vl_slice plain,
    const uint8_t nonce[VL_BOX_NONCE_SIZE], const uint8_t key[VL_KEY_SIZE])
{
	(void)crypto_secretbox_detached(out, tag, plain.p, plain.n, nonce, key);
}

bool
vl_box_open(uint8_t *out, struct vl_slice sealed,
    const uint8_t tag[VL_TAG_SIZE], const uint8_t nonce[VL_BOX_NONCE_SIZE],
    const uint8_t key[VL_KEY_SIZE])
{
	return crypto_secretbox_open_detached(
	           out, sealed.p, tag, sealed.n, nonce, key) == 0;
}

_Static_assert(VL_KEY_SIZE == crypto_stream_xchacha20_KEYBYTES &&
        VL_BOX_NONCE_SIZE == crypto_stream_xchacha20_NONCEBYTES,
    "sizes of XChaCha20");

void
vl_xchacha20(uint8_t *out, size_t n, const uint8_t nonce[VL_BOX_NONCE_SIZE],
    const uint8_t key[VL_KEY_SIZE])
{
	(void)crypto_stream_xchacha20(out, n, nonce, key);
}
