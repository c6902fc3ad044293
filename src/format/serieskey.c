/* What a series key holds under its password (formats/keys.md, "Series key").
 */

#include <string.h>

#include <valise/keybox.h>
#include <valise/secret.h>

#include "canon.h"

#define SITE_AT 177
#define KEY_MAX (SITE_AT + VL_SITE_MAX + 2 + VL_SENDER_SECRET_MAX)

_Static_assert(KEY_MAX <= VL_KEYBOX_PLAIN_MAX, "it fits its box");

/* What both directions refuse. */
static enum vl_status
check(const struct vl_series_key *k, struct vl_err *err)
{
	static const uint8_t none[VL_HASH_SIZE];

	if (k->epoch < 1 || k->epoch > CANON_INT_MAX ||
	    k->seq > CANON_INT_MAX || k->made > CANON_INT_MAX)
		return vl_fail(err, VL_EFORMAT,
		    "a series key has a number out of its range");
	if (k->seq == 0 && memcmp(k->prev, none, sizeof(none)) != 0)
		return vl_fail(err, VL_EFORMAT,
		    "a series key names a last bundle and no number");
	if (!canon_name_valid(k->site))
		return vl_fail(
		    err, VL_EFORMAT, "a series key does not name a site");
	return VL_OK;
}

enum vl_status
vl_series_key_encode(uint8_t out[VL_KEYBOX_PLAIN_MAX], size_t *n,
    const struct vl_series_key *k, struct vl_err *err)
{
	const size_t site = strlen(k->site);
	uint8_t *p = out;
	enum vl_status st = check(k, err);

	*n = 0;
	if (st != VL_OK)
		return st;
	memcpy(p, k->id, 16);
	vl_put_u64le(p + 16, k->epoch);
	vl_put_u64le(p + 24, k->seq);
	vl_put_u64le(p + 32, k->made);
	memcpy(p + 40, k->prev, 32);
	memcpy(p + 72, k->sk, 32);
	memcpy(p + 104, k->tk, 32);
	memcpy(p + 136, k->signer.key_id, 8);
	memcpy(p + 144, k->signer.key, 32);
	p[176] = (uint8_t)site;
	p += SITE_AT;
	memcpy(p, k->site, site);
	p += site;
	vl_put_u16le(p, (uint16_t)k->sender_size);
	memcpy(p + 2, k->sender, k->sender_size);
	*n = (size_t)(p + 2 - out) + k->sender_size;
	return VL_OK;
}

/* `n` bytes of the reader, or zeros where they are missing. */
static void
copy(uint8_t *to, struct vl_rd *rd, size_t n)
{
	const struct vl_slice from = vl_rd_take(rd, n);

	if (from.n == n)
		memcpy(to, from.p, n);
}

enum vl_status
vl_series_key_decode(
    struct vl_series_key *k, struct vl_slice plain, struct vl_err *err)
{
	struct vl_rd rd = { .rest = plain };
	enum vl_status st = VL_OK;
	size_t site = 0;

	vl_secret_wipe(k, sizeof(*k));
	copy(k->id, &rd, sizeof(k->id));
	k->epoch = vl_rd_u64le(&rd);
	k->seq = vl_rd_u64le(&rd);
	k->made = vl_rd_u64le(&rd);
	copy(k->prev, &rd, sizeof(k->prev));
	copy(k->sk, &rd, sizeof(k->sk));
	copy(k->tk, &rd, sizeof(k->tk));
	copy(k->signer.key_id, &rd, sizeof(k->signer.key_id));
	copy(k->signer.key, &rd, sizeof(k->signer.key));
	site = vl_rd_u8(&rd);
	if (site > VL_SITE_MAX)
		st = vl_fail(err, VL_EFORMAT,
		    "a series key names a site of %zu bytes", site);
	else
		copy((uint8_t *)k->site, &rd, site);
	if (st == VL_OK && memchr(k->site, 0, site) != NULL)
		st = vl_fail(
		    err, VL_EFORMAT, "a series key does not name a site");
	k->sender_size = vl_rd_u16le(&rd);
	if (st == VL_OK && k->sender_size > VL_SENDER_SECRET_MAX)
		st = vl_fail(err, VL_EFORMAT,
		    "a series key has a sender's key of %zu bytes",
		    k->sender_size);
	else if (st == VL_OK)
		copy((uint8_t *)k->sender, &rd, k->sender_size);
	if (st == VL_OK && !vl_rd_done(&rd))
		st = vl_fail(
		    err, VL_EFORMAT, "a series key is too long or too short");
	if (st == VL_OK)
		st = check(k, err);
	if (st != VL_OK)
		vl_secret_wipe(k, sizeof(*k));
	return st;
}
