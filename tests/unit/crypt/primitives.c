/* The primitives against vectors from elsewhere, and against tampering. */

#include "vectors.h"

#include "../../../src/crypt/lanes.h"

/* 00 01 02 ... */
static const uint8_t count[32] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
	14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30,
	31 };

/* RFC 7693 appendix A; the others by hashlib.blake2b of Python 3.11. */
static void
hashes_as_blake2b(void **state)
{
	const struct vl_hash_opts all = { count, count, "vls1-file-key" };
	const struct vl_hash_opts personal = { NULL, NULL, "0123456789abcdef" };
	uint8_t out[64];
	struct vl_hash h;

	(void)state;
	vl_hash512_of(out, vl_slice_of("abc"));
	expect_hex("ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbf"
	           "fa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386"
	           "edd4009923",
	    out, 64);
	vl_hash_of(out, NULL, vl_slice_of("abc"));
	expect_hex(
	    "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319",
	    out, 32);
	vl_hash_of(out, &personal, vl_slice_of(""));
	expect_hex(
	    "745c7fe5b8e12c96be18655ca261179a1774125f0018174f2a220f203da8fe47",
	    out, 32);
	vl_hash_init(&h, &all);
	vl_hash_add(&h, vl_slice_of("a"));
	vl_hash_add(&h, (struct vl_slice){ NULL, 0 });
	vl_hash_add(&h, vl_slice_of("bc"));
	vl_hash_end(&h, out);
	expect_hex(
	    "3e13094d20918716cd3e07d22d2c2a4031b901961563d99054978cbc80ae331a",
	    out, 32);
}

/* In each of the ways that this processor has: messages whose ends meet those
 * of blocks, more and fewer of them than lanes. */
static void
hashes_many_as_one(void **state)
{
	static uint8_t bytes[1400];
	static uint8_t out[300][VL_HASH_SIZE];
	const struct vl_hash_opts opts = { .key = count };
	struct vl_slice messages[300];
	struct vl_hash_key key;
	uint8_t want[VL_HASH_SIZE];
	enum lanes how = LANES_NONE;
	size_t n = 0;
	size_t i = 0;

	(void)state;
	vl_random_from(bytes, sizeof(bytes), count);
	for (i = 0; i < 300; i++)
		messages[i] = (struct vl_slice){ bytes + i,
			i % 7 == 6 ? 1 + i * 3 : 1 + i };
	vl_hash_key(&key, count);
	for (how = LANES_NONE; how <= lanes_best(); how++) {
		for (n = 0; n <= 300; n = n < 20 ? n + 1 : n + 40) {
			memset(out, 0, sizeof(out));
			lanes_hash(how, out, &key, messages, n);
			for (i = 0; i < 300; i++) {
				vl_hash_of(want, &opts, messages[i]);
				if (i >= n)
					memset(want, 0, sizeof(want));
				assert_memory_equal(out[i], want, sizeof(want));
			}
		}
	}
	vl_hash_many(out, &key, messages, 300);
	vl_hash_of(want, &opts, messages[299]);
	assert_memory_equal(out[299], want, sizeof(want));
}

/* BLAKE2b with id as salt and context as personal, by hashlib.blake2b. */
static void
derives_keys_by_id_and_context(void **state)
{
	uint8_t out[32];

	(void)state;
	vl_kdf(out, 2, "vls1bndl", count);
	expect_hex(
	    "e423c484d7d0184454cd9b121e730f410f0db197e62cac33f8abfc34676966da",
	    out, 32);
}

/* RFC 8439 section 2.8.2. */
static const char plain[] =
    "Ladies and Gentlemen of the class of '99: If I could offer you only one "
    "tip for the future, sunscreen would be it.";
#define PLAIN_SIZE  (sizeof(plain) - 1)
#define SEALED_SIZE (PLAIN_SIZE + VL_TAG_SIZE)

struct aead {
	uint8_t key[VL_KEY_SIZE];
	uint8_t nonce[VL_NONCE_SIZE];
	uint8_t ad[12];
	uint8_t sealed[SEALED_SIZE];
};

static void
aead_vector(struct aead *a)
{
	uint8_t i = 0;

	for (i = 0; i < VL_KEY_SIZE; i++)
		a->key[i] = (uint8_t)(0x80 + i);
	unhex(a->nonce, sizeof(a->nonce), "070000004041424344454647");
	unhex(a->ad, sizeof(a->ad), "50515253c0c1c2c3c4c5c6c7");
	unhex(a->sealed, sizeof(a->sealed),
	    "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
	    "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
	    "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
	    "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd060"
	    "0691");
}

static bool
aead_open(const struct aead *a, size_t n)
{
	uint8_t out[PLAIN_SIZE + 1] = { 0 };
	bool ok = vl_aead_open(out, (struct vl_slice){ a->sealed, n },
	    (struct vl_slice){ a->ad, sizeof(a->ad) }, a->nonce, a->key);

	if (ok)
		assert_string_equal(plain, (const char *)out);
	return ok;
}

static void
seals_as_chacha20_poly1305(void **state)
{
	uint8_t out[SEALED_SIZE];
	struct aead a;

	(void)state;
	aead_vector(&a);
	vl_aead_seal(out, vl_slice_of(plain),
	    (struct vl_slice){ a.ad, sizeof(a.ad) }, a.nonce, a.key);
	assert_memory_equal(a.sealed, out, sizeof(out));
	assert_true(aead_open(&a, SEALED_SIZE));
}

static void
opens_nothing_that_has_one_bit_changed(void **state)
{
	struct aead a;
	uint8_t *p = (uint8_t *)&a;
	size_t i = 0;

	(void)state;
	aead_vector(&a);
	/* Key, nonce, associated data, sealed bytes and tag, each bit. */
	for (i = 0; i < 8 * sizeof(a); i++) {
		p[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_false(aead_open(&a, SEALED_SIZE));
		p[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (i = 0; i < SEALED_SIZE; i++)
		assert_false(aead_open(&a, i));
	assert_true(aead_open(&a, SEALED_SIZE));
}

/* By PyNaCl 1.5.0, nacl.pwhash.argon2id.kdf. */
static void
derives_from_passwords_as_argon2id(void **state)
{
	struct vl_err err = { 0 };
	uint8_t out[32];

	(void)state;
	assert_int_equal(VL_OK,
	    vl_argon2id(out, vl_slice_of("correct horse"), count, 2, 64, &err));
	expect_hex(
	    "9c87c06898bc18516669b54a8b95d36e622946494d7a55c26f391a0406068c19",
	    out, 32);
	assert_int_equal(VL_OK,
	    vl_argon2id(out, (struct vl_slice){ NULL, 0 }, count, 1, 8, &err));
	expect_hex(
	    "31ed41e2d73f27fdfe4eb4bec651341e58ba43477051c6fe4adad735d82ee08a",
	    out, 32);
	assert_int_equal(
	    VL_EIO, vl_argon2id(out, vl_slice_of("x"), count, 0, 64, &err));
	assert_int_equal(
	    VL_EIO, vl_argon2id(out, vl_slice_of("x"), count, 1, 7, &err));
}

/* RFC 7748 section 5.2. */
static void
agrees_on_keys_as_x25519(void **state)
{
	uint8_t secret[32];
	uint8_t public[32];
	uint8_t other_secret[32];
	uint8_t other_public[32];
	uint8_t out[32];
	uint8_t other_out[32];

	(void)state;
	unhex(secret, 32,
	    "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
	unhex(public, 32,
	    "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
	assert_true(vl_x25519_shared(out, secret, public));
	expect_hex(
	    "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
	    out, 32);
	vl_x25519_keypair(public, secret);
	vl_x25519_keypair(other_public, other_secret);
	assert_memory_not_equal(secret, other_secret, 32);
	assert_true(vl_x25519_shared(out, secret, other_public));
	assert_true(vl_x25519_shared(other_out, other_secret, public));
	assert_memory_equal(out, other_out, 32);
	/* Low order: 0 and 1. */
	memset(public, 0, 32);
	assert_false(vl_x25519_shared(out, secret, public));
	public[0] = 1;
	assert_false(vl_x25519_shared(out, secret, public));
}

/* RFC 8032 section 7.1, test 2. */
static void
signs_as_ed25519(void **state)
{
	const struct vl_slice message = { (const uint8_t *)"\x72", 1 };
	const char *want =
	    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
	    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
	uint8_t secret[VL_SIGN_SECRET_SIZE];
	uint8_t public[VL_SIGN_PUBLIC_SIZE];
	uint8_t out[VL_SIGN_SIZE];
	size_t i = 0;

	(void)state;
	unhex(secret, 64,
	    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"
	    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
	memcpy(public, secret + 32, 32);
	vl_sign(out, message, secret);
	expect_hex(want, out, sizeof(out));
	assert_true(vl_sign_verify(out, message, public));
	assert_false(vl_sign_verify(out, vl_slice_of("s"), public));
	assert_false(vl_sign_verify(out, vl_slice_of(""), public));
	for (i = 0; i < 8 * sizeof(out); i++) {
		out[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_false(vl_sign_verify(out, message, public));
		out[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	vl_sign_keypair(public, secret);
	assert_false(vl_sign_verify(out, message, public));
	vl_sign(out, message, secret);
	assert_true(vl_sign_verify(out, message, public));
}

/* ChaCha20 with nonce "LibsodiumDRG", by the `cryptography` of Python. */
static void
repeats_a_stream_for_a_seed(void **state)
{
	uint8_t out[40];
	uint8_t other[40];

	(void)state;
	vl_random_from(out, sizeof(out), count);
	expect_hex("0d8e6cc68715648926732e7ea73250cfaf2d58422083904c841a8ba33b9"
	           "86111f346ba50723a68ae",
	    out, sizeof(out));
	vl_random(out, sizeof(out));
	vl_random(other, sizeof(other));
	assert_memory_not_equal(out, other, sizeof(out));
	assert_false(vl_equal_secret(out, other, sizeof(out)));
	memcpy(other, out, sizeof(out));
	assert_true(vl_equal_secret(out, other, sizeof(out)));
	other[39] ^= 0x80;
	assert_false(vl_equal_secret(out, other, sizeof(out)));
}

/* Known answers of XXH3-64, seed 0. */
static void
sums_as_xxh3(void **state)
{
	(void)state;
	assert_true(
	    vl_xxh64((struct vl_slice){ NULL, 0 }) == 0x2d06800538d394c2);
	assert_true(vl_xxh64(vl_slice_of("abc")) == 0x78af5f94892f3950);
}

static void
sums_pieces_as_the_whole(void **state)
{
	uint8_t bytes[5000];
	struct vl_xxh x;
	size_t from = 0;
	size_t n = 0;

	(void)state;
	vl_random_from(bytes, sizeof(bytes), (const uint8_t[VL_KEY_SIZE]){ 5 });
	vl_xxh_init(&x);
	for (; from < sizeof(bytes); from += n) {
		n = 1 + from / 3;
		if (n > sizeof(bytes) - from)
			n = sizeof(bytes) - from;
		vl_xxh_add(&x, (struct vl_slice){ bytes + from, n });
		vl_xxh_add(&x, (struct vl_slice){ 0 });
	}
	assert_true(vl_xxh_end(&x) ==
	    vl_xxh64((struct vl_slice){ bytes, sizeof(bytes) }));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_as_blake2b),
		cmocka_unit_test(hashes_many_as_one),
		cmocka_unit_test(derives_keys_by_id_and_context),
		cmocka_unit_test(seals_as_chacha20_poly1305),
		cmocka_unit_test(opens_nothing_that_has_one_bit_changed),
		cmocka_unit_test(derives_from_passwords_as_argon2id),
		cmocka_unit_test(agrees_on_keys_as_x25519),
		cmocka_unit_test(signs_as_ed25519),
		cmocka_unit_test(repeats_a_stream_for_a_seed),
		cmocka_unit_test(sums_as_xxh3),
		cmocka_unit_test(sums_pieces_as_the_whole),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
