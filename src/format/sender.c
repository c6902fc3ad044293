/*
 * Key files of a sender, as minisign 0.11 writes and reads them
 * (formats/seal.md, "Key files of a sender").  Secret bytes pass through the
 * stack only in arrays that are wiped.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <valise/crypt.h>
#include <valise/encode.h>
#include <valise/sealform.h>
#include <valise/secret.h>

#include "lines.h"

#define COMMENT      "untrusted comment: "
#define PUBLIC_BYTES (2 + VL_KEY_ID_SIZE + VL_SIGN_PUBLIC_SIZE)
#define NUMBER_AT    54 /* in the secret file: key id, key, check */
#define SECRET_AT    (NUMBER_AT + VL_KEY_ID_SIZE)
#define CHECK_AT     (SECRET_AT + VL_SIGN_SECRET_SIZE)
#define SECRET_BYTES (CHECK_AT + VL_HASH_SIZE)

char *
vl_key_id_text(char text[VL_KEY_ID_TEXT], const uint8_t key_id[VL_KEY_ID_SIZE])
{
	struct vl_rd rd = { .rest = { key_id, VL_KEY_ID_SIZE } };

	(void)snprintf(text, VL_KEY_ID_TEXT, "%016" PRIX64, vl_rd_u64le(&rd));
	return text;
}

enum vl_status
vl_sender_public_encode(
    struct vl_buf *out, const struct vl_sender_public *k, struct vl_err *err)
{
	uint8_t bytes[PUBLIC_BYTES] = { 'E', 'd' };
	char text[VL_B64_SIZE(PUBLIC_BYTES)];
	char id[VL_KEY_ID_TEXT];

	memcpy(bytes + 2, k->key_id, VL_KEY_ID_SIZE);
	memcpy(bytes + 2 + VL_KEY_ID_SIZE, k->key, VL_SIGN_PUBLIC_SIZE);
	return vl_buf_printf(out, err, COMMENT "minisign public key %s\n%s\n",
	    vl_key_id_text(id, k->key_id), vl_b64(text, bytes, sizeof(bytes)));
}

/*
 * The base64 line of a key file: alone, or behind a line with a comment; its
 * LF may be missing.  `*alone` tells which.
 */
static bool
key_line(struct vl_slice text, struct vl_slice *line, bool *alone)
{
	struct vl_slice first = { 0 };

	*alone = true;
	if (lines_word(&text, COMMENT)) {
		*alone = false;
		if (!lines_next(&text, &first))
			return false;
	}
	*line = text;
	if (lines_next(&text, line) && text.n != 0)
		return false;
	return true;
}

enum vl_status
vl_sender_public_decode(
    struct vl_sender_public *k, struct vl_slice text, struct vl_err *err)
{
	uint8_t bytes[PUBLIC_BYTES];
	struct vl_slice line = { 0 };
	bool alone = false;

	memset(k, 0, sizeof(*k));
	if (text.n > VL_SENDER_PUBLIC_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "public key file is %zu bytes, more than %d", text.n,
		    VL_SENDER_PUBLIC_MAX);
	if (!key_line(text, &line, &alone) ||
	    !vl_unb64(bytes, sizeof(bytes), line) || bytes[0] != 'E' ||
	    bytes[1] != 'd')
		return vl_fail(
		    err, VL_EFORMAT, "not a public key as minisign writes it");
	memcpy(k->key_id, bytes + 2, VL_KEY_ID_SIZE);
	memcpy(k->key, bytes + 2 + VL_KEY_ID_SIZE, VL_SIGN_PUBLIC_SIZE);
	return VL_OK;
}

void
vl_sender_secret_make(struct vl_sender_secret *k)
{
	vl_sign_keypair(k->pub.key, k->key);
	vl_random(k->pub.key_id, sizeof(k->pub.key_id));
}

/* What minisign calls chk, over "Ed", key id and key. */
static void
secret_check(uint8_t out[VL_HASH_SIZE], const uint8_t bytes[SECRET_BYTES])
{
	struct vl_hash hash;

	vl_hash_init(&hash, &(struct vl_hash_opts){ 0 });
	vl_hash_add(&hash, vl_slice_of("Ed"));
	vl_hash_add(&hash,
	    (struct vl_slice){ bytes + NUMBER_AT, CHECK_AT - NUMBER_AT });
	vl_hash_end(&hash, out);
	vl_secret_wipe(&hash, sizeof(hash));
}

enum vl_status
vl_sender_secret_encode(char text[VL_SENDER_SECRET_MAX], size_t *n,
    const struct vl_sender_secret *k, struct vl_err *err)
{
	static const char comment[] = COMMENT "minisign encrypted secret key\n";
	uint8_t bytes[SECRET_BYTES] = { 'E', 'd', 0, 0, 'B', '2' };
	size_t at = sizeof(comment) - 1;

	*n = 0;
	if (memcmp(k->key + VL_SIGN_SECRET_SIZE - VL_SIGN_PUBLIC_SIZE,
	        k->pub.key, VL_SIGN_PUBLIC_SIZE) != 0)
		return vl_fail(err, VL_EUSAGE,
		    "secret and public key do not belong together");
	memcpy(bytes + NUMBER_AT, k->pub.key_id, VL_KEY_ID_SIZE);
	memcpy(bytes + SECRET_AT, k->key, VL_SIGN_SECRET_SIZE);
	secret_check(bytes + CHECK_AT, bytes);
	memcpy(text, comment, at);
	(void)vl_b64(text + at, bytes, sizeof(bytes));
	vl_secret_wipe(bytes, sizeof(bytes));
	at += VL_B64_SIZE(SECRET_BYTES) - 1;
	text[at++] = '\n';
	text[at] = '\0';
	*n = at;
	return VL_OK;
}

/*
 * The bytes of the file are a key without a password.  The check sum of one
 * that minisign 0.11 made with -W is zero; it computes none there.
 */
static enum vl_status
check_secret(const uint8_t bytes[SECRET_BYTES], struct vl_err *err)
{
	static const uint8_t none[VL_HASH_SIZE] = { 0 };
	uint8_t sum[VL_HASH_SIZE];
	bool fits = false;

	if (memcmp(bytes, "Ed", 2) != 0 || memcmp(bytes + 4, "B2", 2) != 0)
		return vl_fail(
		    err, VL_EFORMAT, "not a secret key as minisign writes it");
	if (bytes[2] != 0 || bytes[3] != 0)
		return vl_fail(err, VL_EREFUSED,
		    "the secret key is protected by a password; make one "
		    "without, as 'valise keygen' or 'minisign -G -W' do");
	secret_check(sum, bytes);
	fits = vl_equal_secret(sum, bytes + CHECK_AT, VL_HASH_SIZE) ||
	    vl_equal_secret(none, bytes + CHECK_AT, VL_HASH_SIZE);
	vl_secret_wipe(sum, sizeof(sum));
	if (!fits)
		return vl_fail(err, VL_EFORMAT, "the secret key is damaged");
	return VL_OK;
}

/* A key whose halves do not fit would give itself away by signing. */
static bool
signs(const struct vl_sender_secret *k)
{
	uint8_t signature[VL_SIGN_SIZE];
	bool good = false;

	vl_sign(signature, vl_slice_of("valise"), k->key);
	good = vl_sign_verify(signature, vl_slice_of("valise"), k->pub.key);
	vl_secret_wipe(signature, sizeof(signature));
	return good;
}

enum vl_status
vl_sender_secret_decode(
    struct vl_sender_secret *k, struct vl_slice text, struct vl_err *err)
{
	uint8_t bytes[SECRET_BYTES];
	struct vl_slice line = { 0 };
	bool alone = false;
	enum vl_status st = VL_OK;

	memset(bytes, 0, sizeof(bytes));
	vl_secret_wipe(k, sizeof(*k));
	if (text.n > VL_SENDER_SECRET_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "secret key file is %zu bytes, more than %d", text.n,
		    VL_SENDER_SECRET_MAX);
	if (!key_line(text, &line, &alone) || alone ||
	    !vl_unb64(bytes, sizeof(bytes), line)) {
		st = vl_fail(
		    err, VL_EFORMAT, "not a secret key as minisign writes it");
		goto out;
	}
	st = check_secret(bytes, err);
	if (st != VL_OK)
		goto out;
	memcpy(k->pub.key_id, bytes + NUMBER_AT, VL_KEY_ID_SIZE);
	memcpy(k->key, bytes + SECRET_AT, VL_SIGN_SECRET_SIZE);
	memcpy(k->pub.key, k->key + VL_SIGN_SECRET_SIZE - VL_SIGN_PUBLIC_SIZE,
	    VL_SIGN_PUBLIC_SIZE);
	if (!signs(k))
		st = vl_fail(err, VL_EFORMAT, "the secret key is damaged");
out:
	vl_secret_wipe(bytes, sizeof(bytes));
	if (st != VL_OK)
		vl_secret_wipe(k, sizeof(*k));
	return st;
}
