/*
 * Key files of a sender, as minisign 0.11 writes and reads them
 * (formats/seal.md, "Key files of a sender").  Secret bytes pass through the
 * stack only in arrays that are wiped.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <valise/encode.h>
#include <valise/password.h>
#include <valise/sealform.h>
#include <valise/secret.h>

#include "lines.h"

#define COMMENT      "untrusted comment: "
#define PUBLIC_BYTES (2 + VL_KEY_ID_SIZE + VL_SIGN_PUBLIC_SIZE)
/* In the secret file: what the password costs; key id, key, check. */
#define SALT_AT      6
#define OPS_AT       (SALT_AT + VL_SCRYPT_SALT_SIZE)
#define BYTES_AT     (OPS_AT + 8)
#define NUMBER_AT    54
#define SECRET_AT    (NUMBER_AT + VL_KEY_ID_SIZE)
#define CHECK_AT     (SECRET_AT + VL_SIGN_SECRET_SIZE)
#define SECRET_BYTES (CHECK_AT + VL_HASH_SIZE)
#define LOCKED_BYTES (SECRET_BYTES - NUMBER_AT)

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

/* The bytes of a file without a password. */
static enum vl_status
fill_secret(uint8_t bytes[SECRET_BYTES], const struct vl_sender_secret *k,
    struct vl_err *err)
{
	memset(bytes, 0, SECRET_BYTES);
	if (memcmp(k->key + VL_SIGN_SECRET_SIZE - VL_SIGN_PUBLIC_SIZE,
	        k->pub.key, VL_SIGN_PUBLIC_SIZE) != 0)
		return vl_fail(err, VL_EUSAGE,
		    "secret and public key do not belong together");
	memcpy(bytes, "Ed\0\0B2", SALT_AT);
	memcpy(bytes + NUMBER_AT, k->pub.key_id, VL_KEY_ID_SIZE);
	memcpy(bytes + SECRET_AT, k->key, VL_SIGN_SECRET_SIZE);
	secret_check(bytes + CHECK_AT, bytes);
	return VL_OK;
}

/* Wipes `bytes`. */
static void
put_secret(
    char text[VL_SENDER_SECRET_MAX], size_t *n, uint8_t bytes[SECRET_BYTES])
{
	static const char comment[] = COMMENT "minisign encrypted secret key\n";
	size_t at = sizeof(comment) - 1;

	memcpy(text, comment, at);
	(void)vl_b64(text + at, bytes, SECRET_BYTES);
	vl_secret_wipe(bytes, SECRET_BYTES);
	at += VL_B64_SIZE(SECRET_BYTES) - 1;
	text[at++] = '\n';
	text[at] = '\0';
	*n = at;
}

enum vl_status
vl_sender_secret_encode(char text[VL_SENDER_SECRET_MAX], size_t *n,
    const struct vl_sender_secret *k, struct vl_err *err)
{
	uint8_t bytes[SECRET_BYTES];
	enum vl_status st = fill_secret(bytes, k, err);

	*n = 0;
	if (st == VL_OK)
		put_secret(text, n, bytes);
	return st;
}

/* minisign's way: what scrypt gives is added to key id, key and check. */
static enum vl_status
mask(uint8_t bytes[SECRET_BYTES], struct vl_slice password, struct vl_err *err)
{
	struct vl_rd rd = { .rest = { bytes + OPS_AT, NUMBER_AT - OPS_AT } };
	struct vl_scrypt_opts opts = { .salt = bytes + SALT_AT };
	enum vl_status st = VL_OK;
	uint8_t *stream = NULL;
	size_t i = 0;

	opts.ops = vl_rd_u64le(&rd);
	opts.bytes = vl_rd_u64le(&rd);
	st = vl_scrypt_check(&opts, err);
	if (st != VL_OK)
		(void)vl_within(err, "the key is damaged, take a copy of it");
	if (st == VL_OK)
		st = vl_password_room(opts.bytes / 1024, "", err);
	if (st != VL_OK)
		return st;
	stream = vl_secret_alloc(LOCKED_BYTES);
	if (stream == NULL)
		return vl_fail_memory(err);
	st = vl_scrypt(stream, LOCKED_BYTES, password, &opts, err);
	for (i = 0; st == VL_OK && i < LOCKED_BYTES; i++)
		bytes[NUMBER_AT + i] ^= stream[i];
	vl_secret_free(stream);
	return st;
}

enum vl_status
vl_sender_secret_lock(char text[VL_SENDER_SECRET_MAX], size_t *n,
    const struct vl_sender_secret *k, const struct vl_key_lock *lock,
    struct vl_err *err)
{
	const struct vl_scrypt_opts cost = vl_scrypt_preset(lock->kdf);
	uint8_t bytes[SECRET_BYTES];
	enum vl_status st = fill_secret(bytes, k, err);

	*n = 0;
	if (st != VL_OK)
		return st;
	memcpy(bytes + 2, "Sc", 2);
	vl_random(bytes + SALT_AT, VL_SCRYPT_SALT_SIZE);
	vl_put_u64le(bytes + OPS_AT, cost.ops);
	vl_put_u64le(bytes + BYTES_AT, cost.bytes);
	st = mask(bytes, lock->password, err);
	if (st == VL_OK)
		put_secret(text, n, bytes);
	vl_secret_wipe(bytes, sizeof(bytes));
	return st;
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

/* The bytes of a secret key file; which are not a key yet. */
static enum vl_status
take_bytes(
    uint8_t bytes[SECRET_BYTES], struct vl_slice text, struct vl_err *err)
{
	struct vl_slice line = { 0 };
	bool alone = false;

	memset(bytes, 0, SECRET_BYTES);
	if (text.n > VL_SENDER_SECRET_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "secret key file is %zu bytes, more than %d", text.n,
		    VL_SENDER_SECRET_MAX);
	if (!key_line(text, &line, &alone) || alone ||
	    !vl_unb64(bytes, SECRET_BYTES, line) ||
	    memcmp(bytes, "Ed", 2) != 0 || memcmp(bytes + 4, "B2", 2) != 0)
		return vl_fail(
		    err, VL_EFORMAT, "not a secret key as minisign writes it");
	return VL_OK;
}

static bool
is_locked(const uint8_t bytes[SECRET_BYTES])
{
	return bytes[2] != 0 || bytes[3] != 0;
}

/* The key out of clear bytes. */
static enum vl_status
take_key(struct vl_sender_secret *k, const uint8_t bytes[SECRET_BYTES],
    struct vl_err *err)
{
	memcpy(k->pub.key_id, bytes + NUMBER_AT, VL_KEY_ID_SIZE);
	memcpy(k->key, bytes + SECRET_AT, VL_SIGN_SECRET_SIZE);
	memcpy(k->pub.key, k->key + VL_SIGN_SECRET_SIZE - VL_SIGN_PUBLIC_SIZE,
	    VL_SIGN_PUBLIC_SIZE);
	return signs(k) ? VL_OK :
	                  vl_fail(err, VL_EFORMAT,
	                      "the secret key is damaged; take a copy of it");
}

/* The check sum of one that minisign 0.11 made with -W is zero; it computes
 * none there. */
static bool
check_fits(const uint8_t bytes[SECRET_BYTES], bool or_none)
{
	static const uint8_t none[VL_HASH_SIZE] = { 0 };
	uint8_t sum[VL_HASH_SIZE];
	bool fits = false;

	secret_check(sum, bytes);
	fits = vl_equal_secret(sum, bytes + CHECK_AT, VL_HASH_SIZE) ||
	    (or_none && vl_equal_secret(none, bytes + CHECK_AT, VL_HASH_SIZE));
	vl_secret_wipe(sum, sizeof(sum));
	return fits;
}

enum vl_status
vl_sender_secret_decode(
    struct vl_sender_secret *k, struct vl_slice text, struct vl_err *err)
{
	uint8_t bytes[SECRET_BYTES];
	enum vl_status st = take_bytes(bytes, text, err);

	vl_secret_wipe(k, sizeof(*k));
	if (st == VL_OK && is_locked(bytes))
		st = vl_fail(
		    err, VL_EREFUSED, "the secret key is under a password");
	else if (st == VL_OK && !check_fits(bytes, true))
		st = vl_fail(err, VL_EFORMAT,
		    "the secret key is damaged; take a copy of it");
	if (st == VL_OK)
		st = take_key(k, bytes, err);
	vl_secret_wipe(bytes, sizeof(bytes));
	if (st != VL_OK)
		vl_secret_wipe(k, sizeof(*k));
	return st;
}

bool
vl_sender_secret_is_locked(struct vl_slice text)
{
	uint8_t bytes[SECRET_BYTES];
	bool locked =
	    take_bytes(bytes, text, NULL) == VL_OK && is_locked(bytes);

	vl_secret_wipe(bytes, sizeof(bytes));
	return locked;
}

enum vl_status
vl_sender_secret_unlock(struct vl_sender_secret *k, struct vl_slice text,
    struct vl_slice password, struct vl_err *err)
{
	uint8_t bytes[SECRET_BYTES];
	enum vl_status st = take_bytes(bytes, text, err);

	vl_secret_wipe(k, sizeof(*k));
	if (st == VL_OK && memcmp(bytes + 2, "Sc", 2) != 0)
		st = vl_fail(err, VL_EFORMAT,
		    "the secret key is not under a password of minisign's");
	if (st == VL_OK)
		st = mask(bytes, password, err);
	if (st == VL_OK && !check_fits(bytes, false))
		st = vl_fail(
		    err, VL_EKEY, "wrong password, or the key is damaged");
	if (st == VL_OK)
		st = take_key(k, bytes, err);
	vl_secret_wipe(bytes, sizeof(bytes));
	if (st != VL_OK)
		vl_secret_wipe(k, sizeof(*k));
	return st;
}
