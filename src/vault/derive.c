/*
 * From a master key to the keys of a cipher (formats/ciphers.md, "From the
 * master key").  Where each value has a salt of its own, what was derived is
 * kept, in locked memory, as these functions are slow on purpose.
 */

#include <limits.h>

#include <openssl/evp.h>

#include <valise/crypt.h>
#include <valise/encode.h>
#include <valise/secret.h>
#include <valise/text.h>

#include "inside.h"

#define KEPT       256 /* salts whose keys are kept */
#define SCRYPT_MAX ((uint64_t)1 << 30)

struct kept {
	bool filled;
	size_t n;
	uint8_t salt[SALT_MAX];
	uint8_t keys[KEYS_MAX];
};

/* All of it is locked. */
struct keyring {
	const struct vl_cipher *c;
	size_t total; /* bytes to derive */
	uint8_t *master;
	size_t n;
	size_t nkept;
	struct kept kept[];
};

static enum vl_status
wrong_key(const struct vl_cipher *c, const char *what, struct vl_err *err)
{
	return vl_fail(
	    err, VL_EUSAGE, "the master key of cipher '%s' %s", c->name, what);
}

/* UTF-8 as its code units of 16 bits, of which each keeps its low byte: what
 * programs do that call that "binary" or "latin1". */
static bool
to_latin1(uint8_t *out, size_t *n, struct vl_slice text)
{
	uint32_t point = 0;
	size_t more = 0;
	size_t i = 0;

	*n = 0;
	if (!vl_utf8_valid(text))
		return false;
	while (i < text.n) {
		point = text.p[i++];
		more = point >= 0xf0 ? 3 : point >= 0xe0 ? 2 : point >= 0xc0;
		if (more > 0)
			point &= 0x3fu >> more;
		for (; more > 0; more--)
			point = point << 6 | (text.p[i++] & 0x3f);
		if (point > 0xffff) {
			point -= 0x10000;
			out[(*n)++] = (uint8_t)(point >> 10);
		}
		out[(*n)++] = (uint8_t)point;
	}
	return true;
}

/* As many whole characters as fit into 32 bytes, then zeros (the digit). */
static void
text_32(uint8_t out[32], struct vl_slice text)
{
	size_t n = text.n < 32 ? text.n : 32;

	if (n < text.n)
		while (n > 0 && (text.p[n] & 0xc0) == 0x80)
			n--;
	memset(out, '0', 32);
	memcpy(out, text.p, n);
}

static enum vl_status
sha256(uint8_t out[32], struct vl_slice bytes, struct vl_err *err)
{
	return EVP_Digest(bytes.p, bytes.n, out, NULL, EVP_sha256(), NULL) ==
	        1 ?
	    VL_OK :
	    vl_fail_memory(err);
}

/* EVP_BytesToKey with MD5 and one round. */
static enum vl_status
md5_bytestokey(const struct keyring *ring, uint8_t *out, struct vl_slice salt,
    struct vl_err *err)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t sum[16] = { 0 };
	size_t n = 0;
	size_t take = 0;
	bool ok = ctx != NULL;

	for (n = 0; ok && n < ring->total; n += take) {
		ok = EVP_DigestInit_ex(ctx, EVP_md5(), NULL) == 1 &&
		    (n == 0 || EVP_DigestUpdate(ctx, sum, 16) == 1) &&
		    EVP_DigestUpdate(ctx, ring->master, ring->n) == 1 &&
		    EVP_DigestUpdate(ctx, salt.p, salt.n) == 1 &&
		    EVP_DigestFinal_ex(ctx, sum, NULL) == 1;
		take = ring->total - n < 16 ? ring->total - n : 16;
		memcpy(out + n, sum, take);
	}
	vl_secret_wipe(sum, sizeof(sum));
	EVP_MD_CTX_free(ctx);
	return ok ? VL_OK :
	            vl_fail(err, VL_EIO, "libcrypto does not compute MD5 here");
}

static enum vl_status
slow(const struct keyring *ring, uint8_t *out, struct vl_slice salt,
    struct vl_err *err)
{
	const struct vl_cipher *c = ring->c;
	const char *master = (const char *)ring->master;
	int ok = 0;

	if (c->derive == VL_DERIVE_SCRYPT)
		ok = EVP_PBE_scrypt(master, ring->n, salt.p, salt.n, c->cost,
		    c->block, c->parallel, SCRYPT_MAX, out, ring->total);
	else
		ok = PKCS5_PBKDF2_HMAC(master, (int)ring->n, salt.p,
		    (int)salt.n, (int)c->rounds,
		    c->derive == VL_DERIVE_PBKDF2_SHA1 ? EVP_sha1() :
		                                         EVP_sha256(),
		    (int)ring->total, out);
	return ok == 1 ?
	    VL_OK :
	    vl_fail(err, VL_EIO, "the key of cipher '%s' cannot be derived",
	        c->name);
}

/* The master key is the key, spelt so. */
static enum vl_status
spelt(const struct keyring *ring, uint8_t *out, enum vl_encoding how,
    struct vl_err *err)
{
	const struct vl_slice text = { ring->master, ring->n };
	struct vl_locked room = { 0 };
	enum vl_status st = vl_locked_reserve(&room, 2 * text.n, err);
	size_t n = 0;

	if (st == VL_OK) {
		room.n = 2 * text.n;
		if (!encoding_read(room.p, &n, how, text) || n != ring->total)
			st = vl_fail(err, VL_EUSAGE,
			    "the master key of cipher '%s' is not %zu bytes%s",
			    ring->c->name, ring->total,
			    how == VL_ENCODED_RAW        ? "" :
			        how == VL_ENCODED_HEX    ? " in hex" :
			        how == VL_ENCODED_BASE64 ? " in base64" :
			                                   " in base64url");
	}
	if (st == VL_OK)
		memcpy(out, room.p, n);
	vl_locked_free(&room);
	return st;
}

static enum vl_status
derive(const struct keyring *ring, uint8_t *out, struct vl_slice salt,
    struct vl_err *err)
{
	const struct vl_slice master = { ring->master, ring->n };
	uint8_t sum[32] = { 0 };
	enum vl_status st = VL_OK;

	switch (ring->c->derive) {
	case VL_DERIVE_RAW:
		return spelt(ring, out, VL_ENCODED_RAW, err);
	case VL_DERIVE_HEX:
		return spelt(ring, out, VL_ENCODED_HEX, err);
	case VL_DERIVE_BASE64:
		return spelt(ring, out, VL_ENCODED_BASE64, err);
	case VL_DERIVE_BASE64URL:
		return spelt(ring, out, VL_ENCODED_BASE64URL_PADDED, err);
	case VL_DERIVE_MD5_BYTESTOKEY:
		return md5_bytestokey(ring, out, salt, err);
	case VL_DERIVE_PBKDF2_SHA1:
	case VL_DERIVE_PBKDF2_SHA256:
	case VL_DERIVE_SCRYPT:
		return slow(ring, out, salt, err);
	case VL_DERIVE_TEXT_32:
		text_32(out, master);
		return VL_OK;
	case VL_DERIVE_SHA256:
		st = sha256(sum, master, err);
		memcpy(out, sum, ring->total);
		break;
	case VL_DERIVE_SHA256_HEX_32:
		/* The first 16 bytes are the first 32 digits; out has room
		 * for more than one more byte. */
		st = sha256(sum, master, err);
		(void)vl_hex((char *)out, sum, 16);
		break;
	case VL_DERIVE_UNSAID:
		break;
	}
	vl_secret_wipe(sum, sizeof(sum));
	return st;
}

static bool
is_slow(const struct vl_cipher *c)
{
	return c->derive >= VL_DERIVE_PBKDF2_SHA1;
}

static struct kept *
place_of(struct keyring *ring, struct vl_slice salt)
{
	return &ring->kept[ring->nkept == 1 ? 0 : vl_xxh64(salt) % ring->nkept];
}

enum vl_status
keyring_keys(struct keyring *ring, const uint8_t **keys, struct vl_slice salt,
    struct vl_err *err)
{
	const struct vl_slice fixed =
	    vl_slice_of(ring->c->salt != NULL ? ring->c->salt : "");
	struct kept *kept = place_of(ring, salt);
	enum vl_status st = VL_OK;

	*keys = kept->keys;
	if (kept->filled &&
	    vl_slice_equal(salt, (struct vl_slice){ kept->salt, kept->n }))
		return VL_OK;
	kept->filled = false;
	st =
	    derive(ring, kept->keys, ring->c->salt != NULL ? fixed : salt, err);
	if (st != VL_OK)
		return st;
	if (salt.n > 0)
		memcpy(kept->salt, salt.p, salt.n);
	kept->n = salt.n;
	kept->filled = true;
	return VL_OK;
}

static enum vl_status
take_master(struct keyring *ring, struct vl_slice master, struct vl_err *err)
{
	if (ring->c->latin1) {
		if (!to_latin1(ring->master, &ring->n, master))
			return wrong_key(ring->c, "is not UTF-8", err);
	} else {
		memcpy(ring->master, master.p, master.n);
		ring->n = master.n;
	}
	return VL_OK;
}

/* Whether values have salts of their own. */
static bool
is_salted(const struct vl_cipher *c)
{
	return c->derive >= VL_DERIVE_MD5_BYTESTOKEY && c->salt == NULL;
}

enum vl_status
keyring_new(struct keyring **out, const struct vl_cipher *c,
    struct vl_slice master, struct vl_err *err)
{
	const size_t nkept = is_slow(c) && is_salted(c) ? KEPT : 1;
	struct keyring *ring = NULL;
	const uint8_t *keys = NULL;
	enum vl_status st = VL_OK;

	*out = NULL;
	if (master.n == 0)
		return wrong_key(c, "is empty", err);
	if (master.n > VL_VAULT_KEY_MAX)
		return wrong_key(c, "is too long", err);
	ring = vl_secret_alloc(sizeof(*ring) + nkept * sizeof(struct kept));
	if (ring == NULL)
		return vl_fail_memory(err);
	ring->c = c;
	ring->total = taken_of(c).total;
	ring->nkept = nkept;
	ring->master = vl_secret_alloc(master.n);
	st = ring->master == NULL ? vl_fail_memory(err) :
	                            take_master(ring, master, err);
	/* A key that cannot be one is found before the first value. */
	if (st == VL_OK && !is_salted(c))
		st = keyring_keys(ring, &keys, (struct vl_slice){ 0 }, err);
	if (st == VL_OK) {
		*out = ring;
		ring = NULL;
	}
	keyring_free(ring);
	return st;
}

void
keyring_free(struct keyring *ring)
{
	if (ring == NULL)
		return;
	vl_secret_free(ring->master);
	vl_secret_free(ring);
}
