/*
 * One cipher that is compiled in (CIPHER), by its first byte: a value, a
 * ciphertext under a right MAC, or a plaintext.  What opens opens again once it
 * is sealed.
 */

#include <valise/secret.h>
#include <valise/vault.h>

#include <inside.h>
#include <write.h>

#include "fuzz.h"

/* Of those whose derivation takes milliseconds only so many are sealed. */
#define SLOW_STEP 20000

static struct vl_vault *vault;
static struct keyring *ring;
static struct crypter *crypter;
static const struct vl_cipher *cipher;
static struct vl_locked value;
static struct vl_locked out;
static struct vl_locked again;

static void
make(void)
{
	static const char *const keys[] = {
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
		"AAECAwQFBgcICQoLDA0ODw=="
	};
	const struct vl_slice key =
	    vl_slice_of(keys[strstr(CIPHER, "128") != NULL]);
	struct taken taken = { 0 };
	struct vl_err err = { 0 };

	MUST(vl_secret_init());
	cipher = vl_cipher_named(CIPHER);
	MUST(cipher != NULL);
	MUST(vl_vault_new(&vault, cipher, key, &err) == VL_OK);
	taken = taken_of(cipher);
	MUST(keyring_new(&ring, cipher, key, &err) == VL_OK);
	MUST(crypter_new(&crypter, cipher, &taken, &err) == VL_OK);
}

static void
sealed_opens(struct vl_slice plain)
{
	static unsigned long count;
	struct vl_err err = { 0 };
	bool clear = true;

	if (cipher->rounds > 1000 && count++ % SLOW_STEP != 0)
		return;
	MUST(vl_vault_seal(vault, &value, plain, &err) == VL_OK);
	MUST(vl_vault_open(vault, &again, &clear,
	         (struct vl_slice){ value.p, value.n }, &err) == VL_OK);
	MUST(!clear && again.n == plain.n);
	MUST(plain.n == 0 || memcmp(plain.p, again.p, plain.n) == 0);
}

static void
open_value(struct vl_slice bytes)
{
	struct vl_err err = { 0 };
	bool clear = true;
	enum vl_status st = vl_vault_open(vault, &out, &clear, bytes, &err);

	MUST(st == VL_OK || (out.n == 0 && err.text[0] != '\0'));
	MUST(st == VL_OK || st == VL_EFORMAT || st == VL_EAUTH);
	MUST(!clear);
	if (st == VL_OK)
		sealed_opens((struct vl_slice){ out.p, out.n });
}

/* Salt, IV and tag are of zeros. */
static void
open_ciphertext(struct vl_slice bytes)
{
	static const uint8_t zeros[SALT_MAX];
	struct writing w = { .c = cipher, .crypter = crypter };
	struct vl_locked work = { 0 };
	struct vl_err err = { 0 };
	size_t i = 0;

	for (i = 0; i < cipher->nparts; i++)
		if (cipher->parts[i].salt != VL_ENCODED_NOT)
			w.piece[VL_PIECE_SALT].n = piece_size(
			    cipher, VL_PIECE_SALT, &cipher->parts[i]);
	w.piece[VL_PIECE_SALT].p = zeros;
	w.piece[VL_PIECE_IV] =
	    (struct vl_slice){ zeros, algorithm_of(cipher->cipher)->iv };
	w.piece[VL_PIECE_TAG] = (struct vl_slice){ zeros, TAG_BYTES };
	w.piece[VL_PIECE_CIPHERTEXT] = bytes;
	MUST(
	    keyring_keys(ring, &w.keys, w.piece[VL_PIECE_SALT], &err) == VL_OK);
	value.n = 0;
	MUST(layout_write(&w, &value, &work, &err) == VL_OK);
	vl_locked_free(&work);
	open_value((struct vl_slice){ value.p, value.n });
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct vl_slice rest = { p + 1, n > 0 ? n - 1 : 0 };

	if (vault == NULL)
		make();
	if (n == 0)
		return 0;
	if (p[0] % 3 == 0)
		open_value(rest);
	else if (p[0] % 3 == 1)
		open_ciphertext(rest);
	else
		sealed_opens(rest);
	return 0;
}
