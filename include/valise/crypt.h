#ifndef VALISE_CRYPT_H
#define VALISE_CRYPT_H

/*
 * The primitives of formats/bundle.md, each under its standard name, over
 * libsodium (and XXH3 over xxHash).  No policy here: sizes, order of checks
 * and key schedules belong to `seal`.
 *
 * BLAKE2b: RFC 7693.  ChaCha20-Poly1305: RFC 8439.  Argon2id: RFC 9106.
 * XChaCha20: draft-irtf-cfrg-xchacha.
 * X25519: RFC 7748.  Ed25519: RFC 8032.
 */

#include <stdbool.h>

#include <valise/bytes.h>

#define VL_HASH_SIZE        32
#define VL_KEY_SIZE         32
#define VL_TAG_SIZE         16
#define VL_NONCE_SIZE       12
#define VL_BOX_NONCE_SIZE   24
#define VL_SIGN_SIZE        64
#define VL_SIGN_PUBLIC_SIZE 32
#define VL_SIGN_SECRET_SIZE                                                    \
	64 /* seed, then public key, as libsodium has it                       \
	    */
#define VL_X25519_SIZE 32
#define VL_SALT_SIZE   16

/* A running BLAKE2b, 64-byte aligned as libsodium wants it. */
struct vl_hash {
	_Alignas(64) uint8_t state[384];
};

/* Settings of BLAKE2b; all zero, or NULL for them, is the plain hash. */
struct vl_hash_opts {
	const uint8_t *key;   /* VL_KEY_SIZE bytes or NULL */
	const uint8_t *salt;  /* VL_SALT_SIZE bytes or NULL */
	const char *personal; /* at most 16 bytes, zero-padded, or NULL */
};

/* BLAKE2b-256 unless said otherwise. */
void vl_hash_init(struct vl_hash *h, const struct vl_hash_opts *opts);
void vl_hash_add(struct vl_hash *h, struct vl_slice bytes);
void vl_hash_end(struct vl_hash *h, uint8_t out[VL_HASH_SIZE]);
void vl_hash_of(uint8_t out[VL_HASH_SIZE], const struct vl_hash_opts *opts,
    struct vl_slice bytes);
/* Plain BLAKE2b-512, what minisign signs. */
void vl_hash512_of(uint8_t out[64], struct vl_slice bytes);

/* A key of BLAKE2b-256, made ready for many messages; as secret as that. */
struct vl_hash_key {
	uint64_t state[8];
	uint8_t key[VL_KEY_SIZE];
};

void vl_hash_key(struct vl_hash_key *out, const uint8_t key[VL_KEY_SIZE]);
/* As vl_hash_of() hashes each of `n` messages under that key, none of them
 * empty: of short ones several at once. */
void vl_hash_many(uint8_t (*out)[VL_HASH_SIZE], const struct vl_hash_key *key,
    const struct vl_slice *messages, size_t n);

/* crypto_kdf_derive_from_key: keyed BLAKE2b with `id` as salt and the
 * 8-byte `context` as personal. */
void vl_kdf(uint8_t out[VL_KEY_SIZE], uint64_t id, const char context[8],
    const uint8_t key[VL_KEY_SIZE]);

/* ChaCha20-Poly1305: `out` gets n + VL_TAG_SIZE bytes, may not overlap. */
void vl_aead_seal(uint8_t *out, struct vl_slice plain, struct vl_slice ad,
    const uint8_t nonce[VL_NONCE_SIZE], const uint8_t key[VL_KEY_SIZE]);
/* `out` gets sealed.n - VL_TAG_SIZE bytes; false: nothing may be used. */
bool vl_aead_open(uint8_t *out, struct vl_slice sealed, struct vl_slice ad,
    const uint8_t nonce[VL_NONCE_SIZE], const uint8_t key[VL_KEY_SIZE]);

/* XSalsa20-Poly1305, NaCl's secretbox, its tag apart.  `out` gets as many bytes
 * as there are, and may be those; false: nothing may be used. */
void vl_box_seal(uint8_t *out, uint8_t tag[VL_TAG_SIZE], struct vl_slice plain,
    const uint8_t nonce[VL_BOX_NONCE_SIZE], const uint8_t key[VL_KEY_SIZE]);
bool vl_box_open(uint8_t *out, struct vl_slice sealed,
    const uint8_t tag[VL_TAG_SIZE], const uint8_t nonce[VL_BOX_NONCE_SIZE],
    const uint8_t key[VL_KEY_SIZE]);

/* `n` bytes of the key stream of XChaCha20, from its first. */
void vl_xchacha20(uint8_t *out, size_t n,
    const uint8_t nonce[VL_BOX_NONCE_SIZE], const uint8_t key[VL_KEY_SIZE]);

/* Argon2id, one lane.  `kib` of memory, `passes` over it.  The caller has
 * capped both.  VL_EIO when memory is short. */
enum vl_status vl_argon2id(uint8_t out[VL_KEY_SIZE], struct vl_slice password,
    const uint8_t salt[VL_SALT_SIZE], uint32_t passes, uint32_t kib,
    struct vl_err *err);

void vl_x25519_keypair(
    uint8_t public[VL_X25519_SIZE], uint8_t secret[VL_X25519_SIZE]);
void vl_x25519_public(
    uint8_t public[VL_X25519_SIZE], const uint8_t secret[VL_X25519_SIZE]);
/* False for a point of low order. */
bool vl_x25519_shared(uint8_t out[VL_X25519_SIZE],
    const uint8_t secret[VL_X25519_SIZE], const uint8_t public[VL_X25519_SIZE]);

void vl_sign_keypair(
    uint8_t public[VL_SIGN_PUBLIC_SIZE], uint8_t secret[VL_SIGN_SECRET_SIZE]);
void vl_sign(uint8_t out[VL_SIGN_SIZE], struct vl_slice message,
    const uint8_t secret[VL_SIGN_SECRET_SIZE]);
bool vl_sign_verify(const uint8_t signature[VL_SIGN_SIZE],
    struct vl_slice message, const uint8_t public[VL_SIGN_PUBLIC_SIZE]);

void vl_random(uint8_t *p, size_t n);
/* The stream of randombytes_buf_deterministic for `seed`. */
void vl_random_from(uint8_t *p, size_t n, const uint8_t seed[VL_KEY_SIZE]);
/* Constant time. */
bool vl_equal_secret(const uint8_t *a, const uint8_t *b, size_t n);

/* XXH3-64, seed 0: not cryptographic. */
uint64_t vl_xxh64(struct vl_slice bytes);

/* The same over several pieces. */
struct vl_xxh {
	_Alignas(64) uint8_t state[576];
};

void vl_xxh_init(struct vl_xxh *x);
void vl_xxh_add(struct vl_xxh *x, struct vl_slice bytes);
uint64_t vl_xxh_end(const struct vl_xxh *x);

#endif
