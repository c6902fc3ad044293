/*
 * Secrets under a password (formats/keys.md, "Under a password"): two lines,
 * of which the second is base64url.  The key schedule is that of a stanza of
 * keys.jsn, over another AD.
 */

#include <string.h>

#include <valise/encode.h>
#include <valise/keybox.h>
#include <valise/secret.h>

#include "lines.h"

#define WORD      "valise "
#define MAGIC     "vlsk"
#define KC_AT     VL_KEYBOX_AD_SIZE
#define SEALED_AT (KC_AT + VL_HASH_SIZE)
#define BYTES_MAX (SEALED_AT + VL_KEYBOX_PLAIN_MAX + VL_TAG_SIZE)

_Static_assert(VL_B64U_SIZE(BYTES_MAX) + 64 < VL_KEYBOX_MAX,
    "the largest box fits the file");

static const char *const first_lines[] = {
	[VL_KEYBOX_IDENTITY] = WORD "recipient.key under a password",
	[VL_KEYBOX_SERIES] = WORD "series key under a password",
};

/* A wrapping key is used once. */
static const uint8_t zero_nonce[VL_NONCE_SIZE];

/* Secrets on the way; in vl_secret_alloc memory. */
struct box_work {
	uint8_t kek[VL_KEY_SIZE];
	uint8_t kw[VL_KEY_SIZE];
};

bool
vl_keybox_is(struct vl_slice text)
{
	size_t i = 0;

	for (i = VL_KEYBOX_IDENTITY; i <= VL_KEYBOX_SERIES; i++)
		if (text.n >= strlen(first_lines[i]) &&
		    memcmp(text.p, first_lines[i], strlen(first_lines[i])) == 0)
			return true;
	return false;
}

/* The additional data: what stands in front of kc. */
static void
put_ad(uint8_t ad[VL_KEYBOX_AD_SIZE], const struct vl_keybox *b)
{
	memset(ad, 0, VL_KEYBOX_AD_SIZE);
	memcpy(ad, MAGIC, 4);
	ad[4] = VL_FORMAT_VERSION;
	ad[5] = (uint8_t)b->kind;
	vl_put_u32le(ad + 8, b->cost.passes);
	vl_put_u32le(ad + 12, b->cost.kib);
	memcpy(ad + 16, b->salt, VL_SALT_SIZE);
}

/* The caps, then what they protect.  No program writes costs above them. */
static enum vl_status
derive(struct box_work *w, const struct vl_keybox *b, struct vl_slice password,
    struct vl_err *err)
{
	enum vl_status st = vl_argon2id_check(&b->cost, err);

	if (st != VL_OK)
		(void)vl_within(err, "the key is damaged, take a copy of it");
	if (st == VL_OK)
		st = vl_password_room(b->cost.kib, "", err);
	if (st == VL_OK)
		st = vl_argon2id(w->kek, password, b->salt, b->cost.passes,
		    b->cost.kib, err);
	return st;
}

enum vl_status
vl_keybox_seal(struct vl_keybox *b, enum vl_keybox_kind kind,
    struct vl_slice plain, const struct vl_key_lock *lock, struct vl_err *err)
{
	struct box_work *w = vl_secret_alloc(sizeof(*w));
	uint8_t bytes[VL_KEYBOX_AD_SIZE];
	const struct vl_slice ad = { bytes, sizeof(bytes) };
	enum vl_status st = VL_OK;

	*b = (struct vl_keybox){ .kind = kind,
		.cost = vl_argon2id_preset(lock->kdf),
		.n = plain.n + VL_TAG_SIZE };
	if (w == NULL)
		return vl_fail_memory(err);
	if (plain.n > VL_KEYBOX_PLAIN_MAX)
		st = vl_fail(err, VL_ELIMIT,
		    "%zu bytes are too many to put under a password", plain.n);
	if (st == VL_OK) {
		vl_random(b->salt, sizeof(b->salt));
		st = derive(w, b, lock->password, err);
	}
	if (st == VL_OK) {
		put_ad(bytes, b);
		vl_kek_commit(b->kc, w->kek, ad);
		vl_kek_wrapper(w->kw, w->kek, ad);
		vl_aead_seal(b->sealed, plain, ad, zero_nonce, w->kw);
	}
	vl_secret_free(w);
	return st;
}

enum vl_status
vl_keybox_open(uint8_t plain[VL_KEYBOX_PLAIN_MAX], const struct vl_keybox *b,
    struct vl_slice password, struct vl_err *err)
{
	struct box_work *w = vl_secret_alloc(sizeof(*w));
	uint8_t bytes[VL_KEYBOX_AD_SIZE];
	const struct vl_slice ad = { bytes, sizeof(bytes) };
	uint8_t kc[VL_HASH_SIZE];
	enum vl_status st = VL_OK;

	vl_secret_wipe(plain, VL_KEYBOX_PLAIN_MAX);
	if (w == NULL)
		return vl_fail_memory(err);
	st = derive(w, b, password, err);
	if (st == VL_OK) {
		put_ad(bytes, b);
		vl_kek_commit(kc, w->kek, ad);
		if (!vl_equal_secret(kc, b->kc, sizeof(kc)))
			st = vl_fail(err, VL_EKEY,
			    "wrong password, or the key is damaged");
	}
	if (st == VL_OK) {
		vl_kek_wrapper(w->kw, w->kek, ad);
		if (!vl_aead_open(plain, (struct vl_slice){ b->sealed, b->n },
		        ad, zero_nonce, w->kw))
			st = vl_fail(err, VL_EAUTH,
			    "the key is damaged, take a copy of it: it does "
			    "not authenticate");
	}
	vl_secret_free(w);
	if (st != VL_OK)
		vl_secret_wipe(plain, VL_KEYBOX_PLAIN_MAX);
	return st;
}

enum vl_status
vl_keybox_make(struct vl_buf *out, enum vl_keybox_kind kind,
    struct vl_slice plain, const struct vl_key_lock *lock, struct vl_err *err)
{
	const size_t begin = out->n;
	uint8_t *again = vl_secret_alloc(VL_KEYBOX_PLAIN_MAX);
	struct vl_keybox box = { 0 };
	enum vl_status st = VL_OK;

	if (again == NULL)
		return vl_fail_memory(err);
	st = vl_keybox_seal(&box, kind, plain, lock, err);
	if (st == VL_OK)
		st = vl_keybox_encode(out, &box, err);
	if (st == VL_OK)
		st = vl_keybox_decode(&box,
		    (struct vl_slice){ out->p + begin, out->n - begin }, err);
	if (st == VL_OK)
		st = vl_keybox_open(again, &box, lock->password, err);
	if (st == VL_OK &&
	    (box.n != plain.n + VL_TAG_SIZE ||
	        !vl_equal_secret(again, plain.p, plain.n)))
		st = vl_fail(err, VL_EIO,
		    "the key that was put under the password does not come "
		    "out again: is the memory of this machine sound?");
	vl_secret_free(again);
	return st;
}

enum vl_status
vl_keybox_encode(
    struct vl_buf *out, const struct vl_keybox *b, struct vl_err *err)
{
	uint8_t bytes[BYTES_MAX];
	char text[VL_B64U_SIZE(BYTES_MAX)];

	put_ad(bytes, b);
	memcpy(bytes + KC_AT, b->kc, VL_HASH_SIZE);
	memcpy(bytes + SEALED_AT, b->sealed, b->n);
	return vl_buf_printf(out, err, "%s\n%s\n", first_lines[b->kind],
	    vl_b64u(text, bytes, SEALED_AT + b->n));
}

/* The two lines; the last LF may be missing. */
static bool
take_lines(struct vl_slice text, struct vl_slice *first, struct vl_slice *line)
{
	if (!lines_next(&text, first))
		return false;
	*line = text;
	return !lines_next(&text, line) || text.n == 0;
}

static enum vl_status
take_fields(struct vl_keybox *b, struct vl_slice bytes, struct vl_err *err)
{
	struct vl_rd rd = { .rest = bytes };
	struct vl_slice magic = vl_rd_take(&rd, 4);
	const unsigned version = vl_rd_u8(&rd);
	const unsigned kind = vl_rd_u8(&rd);
	const unsigned reserved = vl_rd_u16le(&rd);

	if (!vl_slice_equal(magic, vl_slice_of(MAGIC)))
		return vl_fail(err, VL_EFORMAT, "not a key under a password");
	if (version != VL_FORMAT_VERSION)
		return vl_fail(err, VL_EFORMAT,
		    "a key under a password of version %u; this program knows "
		    "%d",
		    version, VL_FORMAT_VERSION);
	if (kind != (unsigned)b->kind || reserved != 0)
		return vl_fail(err, VL_EFORMAT,
		    "a key under a password that is not of the kind that its "
		    "first line says");
	b->cost.passes = vl_rd_u32le(&rd);
	b->cost.kib = vl_rd_u32le(&rd);
	memcpy(b->salt, vl_rd_take(&rd, VL_SALT_SIZE).p, VL_SALT_SIZE);
	memcpy(b->kc, vl_rd_take(&rd, VL_HASH_SIZE).p, VL_HASH_SIZE);
	b->n = rd.rest.n;
	memcpy(b->sealed, rd.rest.p, b->n);
	return VL_OK;
}

enum vl_status
vl_keybox_decode(struct vl_keybox *b, struct vl_slice text, struct vl_err *err)
{
	uint8_t bytes[VL_KEYBOX_MAX];
	struct vl_slice first = { 0 };
	struct vl_slice line = { 0 };
	enum vl_status st = VL_OK;
	size_t kind = 0;
	size_t n = 0;

	*b = (struct vl_keybox){ 0 };
	if (text.n > VL_KEYBOX_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "a key under a password is %zu bytes, more than %d", text.n,
		    VL_KEYBOX_MAX);
	if (take_lines(text, &first, &line))
		for (kind = VL_KEYBOX_SERIES; kind > 0; kind--)
			if (vl_slice_equal(
			        first, vl_slice_of(first_lines[kind])))
				break;
	if (kind == 0 || !vl_unb64u_any(bytes, &n, line))
		return vl_fail(err, VL_EFORMAT, "not a key under a password");
	if (n < SEALED_AT + VL_TAG_SIZE || n > BYTES_MAX ||
	    (kind == VL_KEYBOX_IDENTITY &&
	        n != SEALED_AT + VL_X25519_SIZE + VL_TAG_SIZE))
		return vl_fail(err, VL_EFORMAT,
		    "a key under a password does not have %zu bytes", n);
	b->kind = (enum vl_keybox_kind)kind;
	st = take_fields(b, (struct vl_slice){ bytes, n }, err);
	if (st != VL_OK)
		*b = (struct vl_keybox){ 0 };
	return st;
}
