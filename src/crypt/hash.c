/*
 * BLAKE2b (RFC 7693) with key, salt and personal string; the key derivation
 * of formats/bundle.md over it; and XXH3.
 */

#include <sodium.h>
/* Shows XXH3_state_t, which then need not be allocated. */
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

#include <valise/crypt.h>

#define PERSONAL_SIZE crypto_generichash_blake2b_PERSONALBYTES

_Static_assert(
    sizeof(struct vl_hash) >= sizeof(crypto_generichash_blake2b_state),
    "struct vl_hash is too small");
_Static_assert(
    _Alignof(struct vl_hash) >= _Alignof(crypto_generichash_blake2b_state),
    "struct vl_hash is not aligned enough");
_Static_assert(sizeof(struct vl_xxh) >= sizeof(XXH3_state_t) &&
        _Alignof(struct vl_xxh) >= _Alignof(XXH3_state_t),
    "struct vl_xxh does not hold an XXH3_state_t");
_Static_assert(
    VL_SALT_SIZE == crypto_generichash_blake2b_SALTBYTES, "salt of BLAKE2b");
_Static_assert(VL_KEY_SIZE == crypto_kdf_KEYBYTES, "key of crypto_kdf");

static crypto_generichash_blake2b_state *
state_of(struct vl_hash *h)
{
	return (void *)h->state;
}

void
vl_hash_init(struct vl_hash *h, const struct vl_hash_opts *opts)
{
	static const struct vl_hash_opts plain = { 0 };
	uint8_t personal[PERSONAL_SIZE] = { 0 };

	if (opts == NULL)
		opts = &plain;
	if (opts->personal != NULL)
		memcpy(personal, opts->personal,
		    strnlen(opts->personal, sizeof(personal)));
	/* Fails for sizes only, and these are constants. */
	if (crypto_generichash_blake2b_init_salt_personal(state_of(h),
	        opts->key, opts->key == NULL ? 0 : VL_KEY_SIZE, VL_HASH_SIZE,
	        opts->salt, personal) != 0)
		abort();
}

void
vl_hash_add(struct vl_hash *h, struct vl_slice bytes)
{
	if (bytes.n > 0)
		(void)crypto_generichash_blake2b_update(
		    state_of(h), bytes.p, bytes.n);
}

void
vl_hash_end(struct vl_hash *h, uint8_t out[VL_HASH_SIZE])
{
	/* Fails when called a second time. */
	if (crypto_generichash_blake2b_final(state_of(h), out, VL_HASH_SIZE) !=
	    0)
		abort();
	sodium_memzero(h, sizeof(*h)); /* it may hold a key */
}

void
vl_hash_of(uint8_t out[VL_HASH_SIZE], const struct vl_hash_opts *opts,
    struct vl_slice bytes)
{
	struct vl_hash h;

	vl_hash_init(&h, opts);
	vl_hash_add(&h, bytes);
	vl_hash_end(&h, out);
}

void
vl_hash512_of(uint8_t out[64], struct vl_slice bytes)
{
	(void)crypto_generichash_blake2b(out, 64, bytes.p, bytes.n, NULL, 0);
}

void
vl_kdf(uint8_t out[VL_KEY_SIZE], uint64_t id, const char context[8],
    const uint8_t key[VL_KEY_SIZE])
{
	(void)crypto_kdf_derive_from_key(out, VL_KEY_SIZE, id, context, key);
}

uint64_t
vl_xxh64(struct vl_slice bytes)
{
	return XXH3_64bits(bytes.p, bytes.n);
}

void
vl_xxh_init(struct vl_xxh *x)
{
	/* What reset does not set it still reads. */
	memset(x, 0, sizeof(*x));
	(void)XXH3_64bits_reset((XXH3_state_t *)(void *)x->state);
}

void
vl_xxh_add(struct vl_xxh *x, struct vl_slice bytes)
{
	if (bytes.n > 0)
		(void)XXH3_64bits_update(
		    (XXH3_state_t *)(void *)x->state, bytes.p, bytes.n);
}

uint64_t
vl_xxh_end(const struct vl_xxh *x)
{
	return XXH3_64bits_digest((const XXH3_state_t *)(const void *)x->state);
}
