/* The door of the room: values opened and sealed. */

#include <ctype.h>
#include <stdlib.h>

#include <valise/crypt.h>

#include "inside.h"
#include "write.h"

#define DRAWN 512 /* random bytes at once: asking the kernel takes its time */

struct vl_vault {
	const struct vl_cipher *c;
	struct keyring *ring;    /* NULL of what is plain, or a program's */
	struct crypter *crypter; /* the same */
	struct talk *talk;       /* of a program */
	struct vl_locked work;
	struct vl_locked sealed; /* a ciphertext on its way out */
	uint8_t drawn[DRAWN];    /* for salts and IVs, which are no secrets */
	size_t left;             /* of them, at the end */
};

_Static_assert(SALT_MAX <= DRAWN && IV_MAX <= DRAWN, "enough at once");

static enum vl_status
make(struct vl_vault *v, struct vl_slice key, struct vl_err *err)
{
	const struct vl_cipher *c = v->c;
	struct taken taken = { 0 };
	enum vl_status st = vl_cipher_check(c, err);

	if (st != VL_OK || c->cipher == VL_CIPHER_PLAIN)
		return st;
	if (c->command != NULL)
		return talk_new(&v->talk, c, key, err);
	taken = taken_of(c);
	st = keyring_new(&v->ring, c, key, err);
	if (st == VL_OK)
		st = crypter_new(&v->crypter, c, &taken, err);
	return st;
}

enum vl_status
vl_vault_new(struct vl_vault **out, const struct vl_cipher *c,
    struct vl_slice key, struct vl_err *err)
{
	struct vl_vault *v = calloc(1, sizeof(*v));
	enum vl_status st = VL_OK;

	*out = NULL;
	if (v == NULL)
		return vl_fail_memory(err);
	v->c = c;
	st = make(v, key, err);
	if (st == VL_OK) {
		*out = v;
		v = NULL;
	}
	vl_vault_free(v);
	return st;
}

void
vl_vault_free(struct vl_vault *v)
{
	if (v == NULL)
		return;
	talk_free(v->talk);
	crypter_free(v->crypter);
	keyring_free(v->ring);
	vl_locked_free(&v->sealed);
	vl_locked_free(&v->work);
	free(v);
}

static bool
begins(struct vl_slice value, const char *prefix)
{
	const size_t n = strlen(prefix);

	return value.n >= n && memcmp(value.p, prefix, n) == 0;
}

/* Behind the prefix; false where there is none. */
static bool
skip_prefix(const struct vl_cipher *c, struct vl_slice *value)
{
	const uint8_t *end = NULL;
	size_t n = 0;

	if (c->prefix == NULL)
		return true;
	if (begins(*value, c->prefix)) {
		n = strlen(c->prefix);
	} else if (c->labelled != NULL && begins(*value, c->labelled)) {
		end = memchr(value->p, '\n', value->n);
		if (end == NULL)
			return false;
		n = (size_t)(end - value->p) + 1;
	} else {
		return false;
	}
	value->p += n;
	value->n -= n;
	return true;
}

static bool
says_much(const struct vl_cipher *c)
{
	size_t i = 0;

	if (c->prefix != NULL || c->join != NULL)
		return true;
	for (i = 0; i < c->nparts + c->nafter; i++)
		if (i < c->nparts ? c->parts[i].literal != NULL ||
		            c->parts[i].bytes != NULL :
		                    c->after[i - c->nparts].literal != NULL)
			return true;
	return false;
}

/* Its first bytes can be of a value: most texts are told apart so. */
static bool
may_fit(const struct vl_cipher *c, struct vl_slice value)
{
	const size_t n = value.n < 16 ? value.n : 16;
	size_t i = 0;

	if (c->wrap == VL_ENCODED_NOT || c->wrap == VL_ENCODED_RAW)
		return c->join == NULL ||
		    (value.n > 0 &&
		        memmem(value.p, value.n, c->join, strlen(c->join)) !=
		            NULL);
	for (i = 0; i < n; i++)
		if (!isalnum(value.p[i]) && strchr("+/-_=", value.p[i]) == NULL)
			return false;
	return n > 0;
}

/* Room for a value of that many bytes without memory of its own: to lock some
 * takes longer than to look at the value. */
#define FITS_SMALL 1000
#define FITS_ROOM  (4 * FITS_SMALL + 64)

bool
vl_cipher_fits(const struct vl_cipher *c, struct vl_slice value)
{
	uint8_t room[FITS_ROOM];
	struct vl_locked work = { 0 };
	struct layout l = { 0 };
	bool fits = c->cipher != VL_CIPHER_PLAIN && c->command == NULL &&
	    value.n <= VL_VAULT_VALUE_MAX && says_much(c) &&
	    skip_prefix(c, &value) && may_fit(c, value);

	if (!fits)
		return false;
	if (value.n <= FITS_SMALL)
		work = (struct vl_locked){ .p = room, .cap = sizeof(room) };
	fits = layout_read(c, &l, value, &work, NULL) == VL_OK &&
	    (!algorithm_of(c->cipher)->blocks ||
	        (l.piece[VL_PIECE_CIPHERTEXT].n > 0 &&
	            l.piece[VL_PIECE_CIPHERTEXT].n % BLOCK == 0));
	if (work.p == room)
		vl_locked_clear(&work);
	else
		vl_locked_free(&work);
	return fits;
}

static enum vl_status
check_mac(struct vl_vault *v, const struct layout *l, const uint8_t *keys,
    struct vl_err *err)
{
	const struct vl_slice given = l->piece[VL_PIECE_MAC];
	uint8_t mac[MAC_MAX] = { 0 };
	struct vl_slice over = l->before;
	enum vl_status st = VL_OK;

	if (v->c->mac == VL_MAC_NONE)
		return VL_OK;
	if (v->c->mac_over == VL_MAC_OVER_CIPHERTEXT)
		over = l->piece[VL_PIECE_CIPHERTEXT];
	else if (v->c->mac_over == VL_MAC_OVER_WRAPPED)
		over = l->wrapped;
	st = crypter_mac(v->crypter, mac, keys, over, err);
	if (st == VL_OK && !vl_equal_secret(mac, given.p, given.n))
		st = vl_fail(err, VL_EAUTH,
		    "the value does not open under cipher '%s': another master "
		    "key, or it was altered",
		    v->c->name);
	return st;
}

static enum vl_status
open_layout(struct vl_vault *v, struct vl_locked *out, struct vl_slice value,
    struct vl_err *err)
{
	struct layout l = { 0 };
	struct job job = { 0 };
	enum vl_status st = layout_read(v->c, &l, value, &v->work, err);

	if (st == VL_OK)
		st = keyring_keys(
		    v->ring, &job.keys, l.piece[VL_PIECE_SALT], err);
	if (st == VL_OK)
		st = check_mac(v, &l, job.keys, err);
	if (st != VL_OK)
		return st;
	if (l.piece[VL_PIECE_IV].n > 0)
		job.iv = l.piece[VL_PIECE_IV].p;
	if (l.piece[VL_PIECE_TAG].n > 0)
		memcpy(job.tag, l.piece[VL_PIECE_TAG].p, TAG_BYTES);
	job.bytes = l.piece[VL_PIECE_CIPHERTEXT];
	return crypter_open(v->crypter, out, &job, err);
}

static enum vl_status
too_long(const struct vl_vault *v, struct vl_err *err)
{
	return vl_fail(err, VL_ELIMIT,
	    "the value has more than %d bytes, and cipher '%s' takes no more",
	    VL_VAULT_VALUE_MAX, v->c->name);
}

static enum vl_status
open_value(struct vl_vault *v, struct vl_locked *out, bool *clear,
    struct vl_slice value, struct vl_err *err)
{
	if (value.n > VL_VAULT_VALUE_MAX)
		return too_long(v, err);
	if (v->talk != NULL)
		return talk_ask(v->talk, out, "open", value, err);
	if (v->c->cipher == VL_CIPHER_PLAIN)
		return vl_locked_add(out, value, err);
	if (skip_prefix(v->c, &value))
		return open_layout(v, out, value, err);
	if (!v->c->unprefixed_plain)
		return vl_fail(err, VL_EFORMAT,
		    "the value does not begin as cipher '%s' begins it",
		    v->c->name);
	*clear = true;
	return vl_locked_add(out, value, err);
}

enum vl_status
vl_vault_open(struct vl_vault *v, struct vl_locked *out, bool *clear,
    struct vl_slice value, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	vl_locked_clear(out);
	*clear = false;
	st = open_value(v, out, clear, value, err);
	vl_locked_clear(&v->work);
	if (st != VL_OK)
		vl_locked_clear(out);
	return st;
}

/* The number of bytes of the salt that each value has, or 0. */
static size_t
salt_bytes(const struct vl_cipher *c)
{
	size_t i = 0;

	for (i = 0; i < c->nparts; i++)
		if (c->parts[i].salt != VL_ENCODED_NOT)
			return piece_size(c, VL_PIECE_SALT, &c->parts[i]);
	for (i = 0; i < c->nafter; i++)
		if (c->after[i].salt != VL_ENCODED_NOT)
			return piece_size(c, VL_PIECE_SALT, &c->after[i]);
	return 0;
}

static bool
takes_iv(const struct vl_cipher *c)
{
	size_t i = 0;

	for (i = 0; i < c->ntake; i++)
		if (c->take[i] == VL_PIECE_IV)
			return true;
	return false;
}

/* None of them twice. */
static void
draw(struct vl_vault *v, uint8_t *p, size_t n)
{
	if (n > v->left) {
		vl_random(v->drawn, sizeof(v->drawn));
		v->left = sizeof(v->drawn);
	}
	memcpy(p, v->drawn + sizeof(v->drawn) - v->left, n);
	v->left -= n;
}

static enum vl_status
seal_layout(struct vl_vault *v, struct vl_locked *out, struct vl_slice plain,
    struct vl_err *err)
{
	struct writing w = { .c = v->c, .crypter = v->crypter };
	struct job job = { .bytes = plain };
	uint8_t salt[SALT_MAX] = { 0 };
	uint8_t iv[IV_MAX] = { 0 };
	enum vl_status st = VL_OK;

	w.piece[VL_PIECE_SALT] = (struct vl_slice){ salt, salt_bytes(v->c) };
	draw(v, salt, w.piece[VL_PIECE_SALT].n);
	if (!takes_iv(v->c)) {
		w.piece[VL_PIECE_IV] =
		    (struct vl_slice){ iv, algorithm_of(v->c->cipher)->iv };
		draw(v, iv, w.piece[VL_PIECE_IV].n);
		job.iv = iv;
	}
	st = keyring_keys(v->ring, &job.keys, w.piece[VL_PIECE_SALT], err);
	if (st == VL_OK)
		st = crypter_seal(v->crypter, &v->sealed, &job, err);
	if (st == VL_OK && tag_is_behind(v->c))
		st = vl_locked_add(
		    &v->sealed, (struct vl_slice){ job.tag, TAG_BYTES }, err);
	if (st != VL_OK)
		return st;
	w.keys = job.keys;
	/* Known before it is made, since a part may say how long it is. */
	w.piece[VL_PIECE_MAC].n = mac_size(v->c->mac);
	w.piece[VL_PIECE_TAG] = (struct vl_slice){ job.tag, TAG_BYTES };
	w.piece[VL_PIECE_CIPHERTEXT] = vl_locked_slice(&v->sealed);
	return layout_write(&w, out, &v->work, err);
}

enum vl_status
vl_vault_seal(struct vl_vault *v, struct vl_locked *out, struct vl_slice plain,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;

	vl_locked_clear(out);
	if (plain.n > VL_VAULT_VALUE_MAX)
		return too_long(v, err);
	if (v->talk != NULL)
		st = talk_ask(v->talk, out, "seal", plain, err);
	else if (v->c->cipher == VL_CIPHER_PLAIN)
		st = vl_locked_add(out, plain, err);
	else
		st = seal_layout(v, out, plain, err);
	vl_locked_clear(&v->work);
	vl_locked_clear(&v->sealed);
	/* What is written can be read. */
	if (st == VL_OK && out->n > VL_VAULT_VALUE_MAX)
		st = too_long(v, err);
	if (st != VL_OK)
		vl_locked_clear(out);
	return st;
}
