/*
 * Key files of people: of senders and recipients, with and without a password
 * (formats/keys.md, "Files of people"; formats/seal.md, "Key files of a
 * sender").
 */

#include <valise/encode.h>
#include <valise/keybox.h>
#include <valise/keyfile.h>
#include <valise/secret.h>
#include <valise/text.h>

#include "private.h"

#define SHOWN        512
#define KEY_FILE_MAX 2048 /* room for a key of another kind, to tell it */
#define KEY_TEXT     43   /* base64url of 32 bytes */
/* Base64 of 42 and of 158 bytes, which begin with "Ed". */
#define MINISIGN_PUB 56
#define MINISIGN_KEY 212

/* Whether `file` ends with the name people give to the other half. */
static bool
is_named(const char *file, const char *ending)
{
	size_t n = strlen(file);
	size_t m = strlen(ending);

	return n >= m && strcmp(file + n - m, ending) == 0;
}

static bool
decode_key(uint8_t key[32], struct vl_slice text)
{
	if (text.n == KEY_TEXT + 1 && text.p[KEY_TEXT] == '\n')
		text.n--;
	return text.n == KEY_TEXT && vl_unb64u(key, 32, text);
}

/* Recipients' keys are 32 bytes both: only the name can tell the half. */
static enum vl_key_file
looks_like(const char *file, struct vl_slice text)
{
	struct vl_keybox box = { 0 };
	uint8_t key[32];
	const uint8_t *lf = NULL;
	bool known = decode_key(key, text);

	vl_secret_wipe(key, sizeof(key));
	if (vl_keybox_is(text))
		return vl_keybox_decode(&box, text, NULL) == VL_OK &&
		        box.kind == VL_KEYBOX_SERIES ?
		    VL_SERIES_KEY :
		    VL_RECIPIENT_KEY;
	if (known)
		return is_named(file, ".key") ? VL_RECIPIENT_KEY :
		                                VL_RECIPIENT_PUB;
	if (text.n > 0 && text.p[text.n - 1] == '\n')
		text.n--;
	lf = text.n > 0 ? memrchr(text.p, '\n', text.n) : NULL;
	if (lf != NULL) {
		text.n -= (size_t)(lf + 1 - text.p);
		text.p = lf + 1;
	}
	if (text.n < 2 || memcmp(text.p, "RW", 2) != 0)
		return VL_KEY_FILE_OTHER;
	return text.n == MINISIGN_PUB ? VL_SENDER_PUB :
	    text.n == MINISIGN_KEY    ? VL_SENDER_KEY :
	                                VL_KEY_FILE_OTHER;
}

enum vl_status
vl_wrong_key_file(const char *file, enum vl_key_file wanted,
    struct vl_slice text, struct vl_err *err)
{
	static const char *const words[] = {
		[VL_KEY_FILE_OTHER] =
		    "a secret key (sender.key or recipient.key)",
		[VL_SENDER_PUB] = "a sender's public key (sender.pub)",
		[VL_SENDER_KEY] = "a sender's secret key (sender.key)",
		[VL_RECIPIENT_PUB] = "a recipient's public key (recipient.pub)",
		[VL_RECIPIENT_KEY] = "a recipient's secret key (recipient.key)",
		[VL_SERIES_KEY] = "a series key ('valise key export')",
	};
	enum vl_key_file kind = looks_like(file, text);
	char shown[SHOWN];

	(void)vl_escape_text(shown, sizeof(shown), vl_slice_of(file));
	if (kind == wanted && kind != VL_KEY_FILE_OTHER) {
		err->status = VL_EUSAGE;
		return vl_within(err, "'%s'", shown);
	}
	if (kind == VL_KEY_FILE_OTHER)
		return vl_fail(err, VL_EUSAGE,
		    "'%s' is not %s as 'valise keygen' makes it", shown,
		    words[wanted]);
	return vl_fail(err, VL_EUSAGE, "'%s' looks like %s; wanted is %s",
	    shown, words[kind], words[wanted]);
}

/* A text that is a sender's key, or looks so. */
static enum vl_status
read_sender(struct vl_secret_key *k, const struct vl_secret_key_from *from,
    struct vl_slice text, struct vl_slice password, struct vl_err *err)
{
	k->kind = VL_SENDER_KEY;
	if (!k->locked) {
		if (vl_sender_secret_decode(&k->sender, text, err) != VL_OK)
			return vl_wrong_key_file(
			    from->file, VL_SENDER_KEY, text, err);
		return VL_OK;
	}
	return vl_sender_secret_unlock(&k->sender, text, password, err);
}

static enum vl_status
read_box(struct vl_secret_key *k, const struct vl_keybox *box,
    struct vl_slice password, struct vl_err *err)
{
	uint8_t *plain = vl_secret_alloc(VL_KEYBOX_PLAIN_MAX);
	enum vl_status st = VL_OK;

	if (plain == NULL)
		return vl_fail_memory(err);
	st = vl_keybox_open(plain, box, password, err);
	if (st == VL_OK)
		memcpy(k->identity, plain, sizeof(k->identity));
	vl_secret_free(plain);
	return st;
}

/* What `text` is, as far as that shows without its password; `box` is filled
 * where it is one. */
static enum vl_status
look_at(struct vl_secret_key *k, struct vl_keybox *box,
    const struct vl_secret_key_from *from, struct vl_slice text,
    struct vl_err *err)
{
	const enum vl_key_file wanted = from->wanted;
	enum vl_key_file kind = looks_like(from->file, text);

	/* Both halves are 32 bytes: only the name can tell a mix-up. */
	if (kind == VL_RECIPIENT_PUB && !is_named(from->file, ".pub"))
		kind = VL_RECIPIENT_KEY;
	if (kind != VL_SENDER_KEY && kind != VL_RECIPIENT_KEY)
		return vl_wrong_key_file(from->file, wanted, text, err);
	if (wanted != VL_KEY_FILE_OTHER && kind != wanted)
		return vl_wrong_key_file(from->file, wanted, text, err);
	k->kind = kind;
	k->locked = kind == VL_SENDER_KEY ? vl_sender_secret_is_locked(text) :
	                                    vl_keybox_is(text);
	if (kind == VL_SENDER_KEY)
		return VL_OK;
	if (k->locked && vl_keybox_decode(box, text, err) != VL_OK)
		return vl_wrong_key_file(
		    from->file, VL_RECIPIENT_KEY, text, err);
	if (!k->locked && !decode_key(k->identity, text))
		return vl_wrong_key_file(
		    from->file, VL_RECIPIENT_KEY, text, err);
	return VL_OK;
}

/* Who gave a password for a key that has none may think that it has one. */
static void
note_unlocked(const struct vl_secret_key_from *from)
{
	char shown[SHOWN];

	if (vl_key_password_given(from->password))
		vl_cli_note("note: '%s' is under no password; the one of "
		            "--%s-... is not used",
		    vl_escape_text(
		        shown, sizeof(shown), vl_slice_of(from->file)),
		    from->word);
}

/* From the text of the file. */
static enum vl_status
read_text(struct vl_secret_key *k, const struct vl_secret_key_from *from,
    struct vl_slice text, bool *asked, struct vl_err *err)
{
	struct vl_password p = { 0 };
	struct vl_slice password = { 0 };
	struct vl_keybox box = { 0 };
	enum vl_status st = look_at(k, &box, from, text, err);
	char shown[SHOWN];

	if (st == VL_OK)
		vl_warn_of_others(from->file);
	if (st == VL_OK && k->locked)
		st = vl_key_password_open(
		    &p, from->password, from->word, from->file, err);
	else if (st == VL_OK)
		note_unlocked(from);
	if (st != VL_OK)
		return st;
	*asked = *asked || p.asked;
	password.p = (const uint8_t *)p.text;
	password.n = p.n;
	if (k->kind == VL_SENDER_KEY)
		st = read_sender(k, from, text, password, err);
	else if (k->locked)
		st = read_box(k, &box, password, err);
	if (st != VL_OK && k->locked)
		st = vl_within(err, "'%s'",
		    vl_escape_text(
		        shown, sizeof(shown), vl_slice_of(from->file)));
	vl_password_free(&p);
	return st;
}

enum vl_status
vl_secret_key_read(struct vl_secret_key *k,
    const struct vl_secret_key_from *from, bool *asked, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	char *text = NULL;
	size_t n = 0;

	vl_secret_wipe(k, sizeof(*k));
	st = vl_secret_file_unjudged(&text, &n, from->file, KEY_FILE_MAX, err);
	if (st == VL_OK)
		st = read_text(k, from,
		    (struct vl_slice){ (const uint8_t *)text, n }, asked, err);
	vl_secret_free(text);
	if (st != VL_OK)
		vl_secret_wipe(k, sizeof(*k));
	return st;
}

enum vl_status
vl_sign_key_read(struct vl_sender_secret *k, const char *file,
    const struct vl_key_password *password, bool *asked, struct vl_err *err)
{
	const struct vl_secret_key_from from = { .file = file,
		.wanted = VL_SENDER_KEY,
		.password = password,
		.word = "sign-key-password" };
	struct vl_secret_key *key = vl_secret_alloc(sizeof(*key));
	enum vl_status st = VL_OK;

	if (key == NULL)
		return vl_fail_memory(err);
	st = vl_secret_key_read(key, &from, asked, err);
	if (st == VL_OK)
		*k = key->sender;
	vl_secret_free(key);
	return st;
}

enum vl_status
vl_identity_read(struct vl_held_keys *held, const struct vl_key_opts *opts,
    struct vl_err *err)
{
	const struct vl_secret_key_from from = { .file = opts->identity,
		.wanted = VL_RECIPIENT_KEY,
		.password = &opts->identity_password,
		.word = "identity-password" };
	struct vl_secret_key *key = NULL;
	enum vl_status st = VL_OK;
	char shown[SHOWN];

	if (is_named(opts->identity, ".pub"))
		return vl_fail(err, VL_EUSAGE,
		    "'%s' is named like a public key; --identity takes the "
		    "secret one (recipient.key)",
		    vl_escape_text(
		        shown, sizeof(shown), vl_slice_of(opts->identity)));
	key = vl_secret_alloc(sizeof(*key));
	held->identity = vl_secret_alloc(sizeof(key->identity));
	if (key == NULL || held->identity == NULL)
		st = vl_fail_memory(err);
	if (st == VL_OK)
		st = vl_secret_key_read(key, &from, &held->asked, err);
	if (st == VL_OK)
		memcpy(held->identity, key->identity, sizeof(key->identity));
	vl_secret_free(key);
	return st;
}

/* One line. */
static void
encode_identity(char text[VL_SECRET_KEY_MAX], size_t *n,
    const uint8_t identity[VL_X25519_SIZE])
{
	(void)vl_b64u(text, identity, VL_X25519_SIZE);
	text[KEY_TEXT] = '\n';
	*n = KEY_TEXT + 1;
}

/* The two lines of a box. */
static enum vl_status
lock_identity(char text[VL_SECRET_KEY_MAX], size_t *n,
    const struct vl_secret_key *k, const struct vl_key_lock *lock,
    struct vl_err *err)
{
	const struct vl_slice plain = { k->identity, sizeof(k->identity) };
	struct vl_buf out = { 0 };
	enum vl_status st =
	    vl_keybox_make(&out, VL_KEYBOX_IDENTITY, plain, lock, err);

	if (st == VL_OK && out.n > VL_SECRET_KEY_MAX)
		st = vl_fail(err, VL_ELIMIT, "a key file of %zu bytes", out.n);
	if (st == VL_OK) {
		memcpy(text, out.p, out.n);
		*n = out.n;
	}
	vl_buf_free(&out);
	return st;
}

/* The minisign form; opened before it replaces anything, as a box is. */
static enum vl_status
lock_sender(char text[VL_SECRET_KEY_MAX], size_t *n,
    const struct vl_sender_secret *k, const struct vl_key_lock *lock,
    struct vl_err *err)
{
	struct vl_sender_secret *again = vl_secret_alloc(sizeof(*again));
	enum vl_status st = VL_OK;

	if (again == NULL)
		return vl_fail_memory(err);
	st = vl_sender_secret_lock(text, n, k, lock, err);
	if (st == VL_OK)
		st = vl_sender_secret_unlock(again,
		    (struct vl_slice){ (uint8_t *)text, *n }, lock->password,
		    err);
	if (st == VL_OK &&
	    !vl_equal_secret(
	        (const uint8_t *)again, (const uint8_t *)k, sizeof(*k)))
		st = vl_fail(err, VL_EIO,
		    "the key that was put under the password does not come "
		    "out again: is the memory of this machine sound?");
	vl_secret_free(again);
	return st;
}

enum vl_status
vl_secret_key_encode(char text[VL_SECRET_KEY_MAX], size_t *n,
    const struct vl_secret_key *k, const struct vl_key_lock *lock,
    struct vl_err *err)
{
	const bool sender = k->kind == VL_SENDER_KEY;

	*n = 0;
	if (lock == NULL && sender)
		return vl_sender_secret_encode(text, n, &k->sender, err);
	if (lock == NULL) {
		encode_identity(text, n, k->identity);
		return VL_OK;
	}
	return sender ? lock_sender(text, n, &k->sender, lock, err) :
	                lock_identity(text, n, k, lock, err);
}

/* A few points agree with every secret on the same zeros. */
static bool
is_x25519(const uint8_t public[VL_X25519_SIZE])
{
	static const uint8_t any[VL_X25519_SIZE] = { 8 };
	uint8_t shared[VL_X25519_SIZE];

	return vl_x25519_shared(shared, any, public);
}

enum vl_status
vl_recipient_read(uint8_t public[32], const char *file, struct vl_err *err)
{
	struct vl_buf text = { 0 };
	char shown[SHOWN];
	enum vl_status st = VL_OK;

	(void)vl_escape_text(shown, sizeof(shown), vl_slice_of(file));
	if (is_named(file, ".key"))
		return vl_fail(err, VL_EUSAGE,
		    "'%s' is named like a secret key; a recipient is given by "
		    "the public one (recipient.pub)",
		    shown);
	st = vl_cli_file(&text, file, KEY_FILE_MAX, err);
	if (st == VL_OK && !decode_key(public, vl_buf_slice(&text)))
		st = vl_wrong_key_file(
		    file, VL_RECIPIENT_PUB, vl_buf_slice(&text), err);
	if (st == VL_OK && !is_x25519(public))
		st = vl_fail(err, VL_EUSAGE,
		    "'%s' holds 32 bytes that are not one of X25519's public "
		    "keys; get it again, and compare its fingerprint",
		    shown);
	vl_buf_free(&text);
	return st;
}

char *
vl_cli_fingerprint(char *text, const uint8_t public[32])
{
	uint8_t hash[VL_HASH_SIZE];

	vl_hash_of(
	    hash, &(struct vl_hash_opts){ 0 }, (struct vl_slice){ public, 32 });
	return vl_fingerprint(text, hash);
}
