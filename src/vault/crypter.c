/* The ciphers and MACs themselves, over libcrypto, and NaCl's secretbox. */

#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <valise/crypt.h>

#include "inside.h"

struct crypter {
	const struct vl_cipher *c;
	const struct algorithm *a;
	EVP_CIPHER *evp; /* NULL where it is not of libcrypto */
	struct taken taken;
	struct vl_locked work;
};

const struct algorithm *
algorithm_of(enum vl_cipher_kind kind)
{
	static const struct algorithm all[] = {
		[VL_CIPHER_AES_128_CBC] = { "AES-128-CBC", 16, 16, false,
		    true },
		[VL_CIPHER_AES_256_CBC] = { "AES-256-CBC", 32, 16, false,
		    true },
		[VL_CIPHER_AES_128_GCM] = { "AES-128-GCM", 16, 12, true,
		    false },
		[VL_CIPHER_AES_256_GCM] = { "AES-256-GCM", 32, 12, true,
		    false },
		[VL_CIPHER_AES_256_CTR] = { "AES-256-CTR", 32, 16, false,
		    false },
		[VL_CIPHER_CHACHA20_POLY1305] = { "ChaCha20-Poly1305", 32, 12,
		    true, false },
		[VL_CIPHER_SECRETBOX] = { NULL, VL_KEY_SIZE, VL_BOX_NONCE_SIZE,
		    true, false },
	};

	return &all[kind];
}

size_t
mac_size(enum vl_mac mac)
{
	switch (mac) {
	case VL_MAC_HMAC_SHA1:
		return 20;
	case VL_MAC_HMAC_SHA256:
		return 32;
	case VL_MAC_NONE:
		break;
	}
	return 0;
}

struct taken
taken_of(const struct vl_cipher *c)
{
	const struct algorithm *a = algorithm_of(c->cipher);
	struct taken t = { 0 };
	size_t i = 0;

	t.n[VL_PIECE_KEY] = a->key;
	t.n[VL_PIECE_IV] = a->iv;
	t.n[VL_PIECE_MAC] = c->mac_key;
	for (i = 0; i < c->ntake; i++) {
		t.at[c->take[i]] = t.total;
		t.total += t.n[c->take[i]];
	}
	if (c->ntake == 0)
		t.total = a->key;
	return t;
}

enum vl_status
crypter_new(struct crypter **out, const struct vl_cipher *c,
    const struct taken *taken, struct vl_err *err)
{
	struct crypter *x = calloc(1, sizeof(*x));

	*out = NULL;
	if (x == NULL)
		return vl_fail_memory(err);
	x->c = c;
	x->a = algorithm_of(c->cipher);
	x->taken = *taken;
	if (x->a->evp != NULL)
		x->evp = EVP_CIPHER_fetch(NULL, x->a->evp, NULL);
	if (x->a->evp != NULL && x->evp == NULL) {
		crypter_free(x);
		return vl_fail(err, VL_EIO, "libcrypto has no %s here",
		    algorithm_of(c->cipher)->evp);
	}
	*out = x;
	return VL_OK;
}

void
crypter_free(struct crypter *x)
{
	if (x == NULL)
		return;
	EVP_CIPHER_free(x->evp);
	vl_locked_free(&x->work);
	free(x);
}

/* The bytes that a value with `n` is padded with, of which each is their
 * number; 0 where they are not right. */
static size_t
padding_of(const uint8_t *p, size_t n)
{
	const size_t pad = n > 0 ? p[n - 1] : 0;
	uint8_t wrong = 0;
	size_t i = 0;

	if (n % BLOCK != 0 || pad == 0 || pad > BLOCK || pad > n)
		return 0;
	for (i = 1; i <= pad; i++)
		wrong |= (uint8_t)(p[n - i] ^ pad);
	return wrong == 0 ? pad : 0;
}

/* Either way, as EVP_CipherInit_ex2() has it. */
static bool
run_evp(struct crypter *x, uint8_t *out, size_t *n, struct job *j, bool seal)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int some = 0;
	int last = 0;
	bool ok = ctx != NULL &&
	    EVP_CipherInit_ex2(ctx, x->evp, j->keys + x->taken.at[VL_PIECE_KEY],
	        j->iv, seal, NULL) == 1;

	if (ok && x->a->tagged && !seal)
		ok = EVP_CIPHER_CTX_ctrl(
		         ctx, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, j->tag) == 1;
	if (ok && j->bytes.n > 0)
		ok = EVP_CipherUpdate(
		         ctx, out, &some, j->bytes.p, (int)j->bytes.n) == 1;
	ok = ok && EVP_CipherFinal_ex(ctx, out + some, &last) == 1;
	if (ok && x->a->tagged && seal)
		ok = EVP_CIPHER_CTX_ctrl(
		         ctx, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, j->tag) == 1;
	EVP_CIPHER_CTX_free(ctx);
	*n = (size_t)some + (size_t)last;
	return ok;
}

static bool
run_box(struct crypter *x, uint8_t *out, size_t *n, struct job *j, bool seal)
{
	const uint8_t *key = j->keys + x->taken.at[VL_PIECE_KEY];

	*n = j->bytes.n;
	if (!seal)
		return vl_box_open(out, j->bytes, j->tag, j->iv, key);
	vl_box_seal(out, j->tag, j->bytes, j->iv, key);
	return true;
}

static bool
run(struct crypter *x, uint8_t *out, size_t *n, struct job *j, bool seal)
{
	if (j->iv == NULL)
		j->iv = j->keys + x->taken.at[VL_PIECE_IV];
	return x->evp != NULL ? run_evp(x, out, n, j, seal) :
	                        run_box(x, out, n, j, seal);
}

enum vl_status
crypter_open(
    struct crypter *x, struct vl_locked *out, struct job *j, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	bool ok = false;
	size_t pad = 0;
	size_t n = 0;

	if ((x->a->blocks || x->c->padded) &&
	    (j->bytes.n == 0 || j->bytes.n % BLOCK != 0))
		return vl_fail(err, VL_EFORMAT,
		    "the value does not have the form of cipher '%s'",
		    x->c->name);
	st = vl_locked_reserve(out, j->bytes.n + 2 * BLOCK, err);
	if (st != VL_OK)
		return st;
	ok = run(x, out->p + out->n, &n, j, false);
	if (ok && x->c->padded) {
		pad = padding_of(out->p + out->n, n);
		ok = pad > 0;
		n -= pad;
	}
	/* What is not right is there until the caller wipes it. */
	out->n += ok ? n : j->bytes.n;
	return ok ? VL_OK :
	            vl_fail(err, VL_EAUTH,
	                "the value does not open under cipher '%s': another "
	                "master key, or it was altered",
	                x->c->name);
}

/* As blocks would be. */
static enum vl_status
pad(struct crypter *x, struct vl_slice *plain, struct vl_err *err)
{
	const size_t more = BLOCK - plain->n % BLOCK;
	uint8_t bytes[BLOCK] = { 0 };
	enum vl_status st = VL_OK;

	vl_locked_clear(&x->work);
	memset(bytes, (int)more, sizeof(bytes));
	st = vl_locked_add(&x->work, *plain, err);
	if (st == VL_OK)
		st = vl_locked_add(
		    &x->work, (struct vl_slice){ bytes, more }, err);
	*plain = vl_locked_slice(&x->work);
	return st;
}

enum vl_status
crypter_seal(
    struct crypter *x, struct vl_locked *out, struct job *j, struct vl_err *err)
{
	enum vl_status st = x->c->padded ? pad(x, &j->bytes, err) : VL_OK;
	size_t n = 0;

	if (st == VL_OK)
		st = vl_locked_reserve(out, j->bytes.n + 2 * BLOCK, err);
	if (st == VL_OK && !run(x, out->p + out->n, &n, j, true))
		st = vl_fail(err, VL_EIO, "libcrypto does not encrypt for '%s'",
		    x->c->name);
	vl_locked_clear(&x->work);
	if (st == VL_OK)
		out->n += n;
	return st;
}

enum vl_status
crypter_mac(const struct crypter *x, uint8_t mac[MAC_MAX], const uint8_t *keys,
    struct vl_slice bytes, struct vl_err *err)
{
	const bool own = x->c->ntake > 0 && x->c->mac_key > 0;
	const size_t at = x->taken.at[own ? VL_PIECE_MAC : VL_PIECE_KEY];
	const size_t n = x->taken.n[own ? VL_PIECE_MAC : VL_PIECE_KEY];

	if (HMAC(x->c->mac == VL_MAC_HMAC_SHA1 ? EVP_sha1() : EVP_sha256(),
	        keys + at, (int)n, bytes.p, bytes.n, mac, NULL) == NULL)
		return vl_fail_memory(err);
	return VL_OK;
}
