/*
 * seal.sig, minisign's signature format with fixed comments (formats/seal.md,
 * "seal.sig"), and readme.txt.
 */

#include <inttypes.h>
#include <string.h>

#include <valise/encode.h>
#include <valise/sealform.h>

#include "canon.h"
#include "lines.h"

#define UNTRUSTED    "untrusted comment: valise seal"
#define TRUSTED      "trusted comment: "
#define ID_TEXT_SIZE 8
#define SIG_BYTES    (2 + VL_KEY_ID_SIZE + VL_SIGN_SIZE)

const char vl_readme_text[] =
    "valise bundle\n"
    "To check it without valise, with a copy of sender.pub that did not come "
    "with it:\n"
    "  minisign -Vm seal.txt -x seal.sig -p sender.pub\n"
    "  b2sum --strict -c seal.txt\n"
    "seal.txt names every file here but itself and seal.sig; anything else "
    "does not belong here.\n";

/* The algorithm "ED" is Ed25519 over BLAKE2b-512 of the file. */
static const uint8_t algorithm[2] = { 'E', 'D' };

enum vl_status
vl_seal_comment_encode(
    struct vl_buf *out, const struct vl_seal_comment *c, struct vl_err *err)
{
	char id[ID_TEXT_SIZE + 1];
	char head[VL_HEX_SIZE(VL_HASH_SIZE)];

	return vl_buf_printf(out, err,
	    "valise %s seq=%" PRIu64 " kind=%s files=%" PRIu64 " bytes=%" PRIu64
	    " head=%s",
	    vl_base32(id, c->id, sizeof(c->id)), c->seq,
	    c->kind == VL_BUNDLE_DELTA ? "delta" : "full", c->files, c->bytes,
	    vl_hex(head, c->head, sizeof(c->head)));
}

enum vl_status
vl_seal_sig_encode(
    struct vl_buf *out, const struct vl_seal_sig *s, struct vl_err *err)
{
	uint8_t bytes[SIG_BYTES];
	char first[VL_B64_SIZE(SIG_BYTES)];
	char second[VL_B64_SIZE(VL_SIGN_SIZE)];
	enum vl_status st;

	memcpy(bytes, algorithm, sizeof(algorithm));
	memcpy(bytes + 2, s->key_id, VL_KEY_ID_SIZE);
	memcpy(bytes + 2 + VL_KEY_ID_SIZE, s->signature, VL_SIGN_SIZE);
	st = vl_buf_printf(out, err, UNTRUSTED "\n%s\n" TRUSTED,
	    vl_b64(first, bytes, sizeof(bytes)));
	if (st == VL_OK)
		st = vl_buf_add(out, s->comment_text, err);
	if (st == VL_OK)
		st = vl_buf_printf(out, err, "\n%s\n",
		    vl_b64(second, s->global, VL_SIGN_SIZE));
	return st;
}

/* Five bytes of Crockford base32, lower case. */
static bool
take_id(struct vl_slice *rest, uint8_t id[5])
{
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
	const char *at = NULL;
	uint64_t bits = 0;
	size_t i = 0;

	if (rest->n < ID_TEXT_SIZE)
		return false;
	for (i = 0; i < ID_TEXT_SIZE; i++) {
		if (rest->p[i] == 0)
			return false;
		at = strchr(digits, rest->p[i]);
		if (at == NULL)
			return false;
		bits = bits << 5 | (uint64_t)(at - digits);
	}
	for (i = 0; i < 5; i++)
		id[i] = (uint8_t)(bits >> (8 * (4 - i)));
	lines_skip(rest, ID_TEXT_SIZE);
	return true;
}

/* A decimal number without leading zeros, below 10^15. */
static bool
take_number(struct vl_slice *rest, uint64_t *n)
{
	size_t i = 0;

	*n = 0;
	while (i < rest->n && rest->p[i] >= '0' && rest->p[i] <= '9') {
		*n = 10 * *n + (uint64_t)(rest->p[i] - '0');
		if (*n > CANON_INT_MAX)
			return false;
		i++;
	}
	if (i == 0 || (i > 1 && rest->p[0] == '0'))
		return false;
	lines_skip(rest, i);
	return true;
}

static bool
decode_comment(struct vl_seal_comment *c, struct vl_slice text)
{
	if (!lines_word(&text, "valise ") || !take_id(&text, c->id) ||
	    !lines_word(&text, " seq=") || !take_number(&text, &c->seq) ||
	    c->seq == 0 || !lines_word(&text, " kind="))
		return false;
	if (lines_word(&text, "delta"))
		c->kind = VL_BUNDLE_DELTA;
	else if (lines_word(&text, "full"))
		c->kind = VL_BUNDLE_FULL;
	else
		return false;
	return lines_word(&text, " files=") && take_number(&text, &c->files) &&
	    lines_word(&text, " bytes=") && take_number(&text, &c->bytes) &&
	    lines_word(&text, " head=") &&
	    vl_unhex(c->head, sizeof(c->head), text);
}

enum vl_status
vl_seal_sig_decode(
    struct vl_seal_sig *s, struct vl_slice text, struct vl_err *err)
{
	struct vl_slice untrusted = { 0 };
	struct vl_slice first = { 0 };
	struct vl_slice trusted = { 0 };
	struct vl_slice second = { 0 };
	uint8_t bytes[SIG_BYTES];

	memset(s, 0, sizeof(*s));
	if (text.n > VL_SEAL_SIG_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "'seal.sig' is %zu bytes, more than %d", text.n,
		    VL_SEAL_SIG_MAX);
	if (!lines_next(&text, &untrusted) || !lines_next(&text, &first) ||
	    !lines_next(&text, &trusted) || !lines_next(&text, &second) ||
	    text.n != 0)
		return vl_fail(err, VL_EFORMAT, "'seal.sig' is not four lines");
	if (!vl_slice_equal(untrusted, vl_slice_of(UNTRUSTED)))
		return vl_fail(err, VL_EFORMAT,
		    "'seal.sig' does not begin with '" UNTRUSTED "'");
	if (!vl_unb64(bytes, sizeof(bytes), first) ||
	    memcmp(bytes, algorithm, sizeof(algorithm)) != 0)
		return vl_fail(err, VL_EFORMAT,
		    "line 2 of 'seal.sig' is not a signature of type ED");
	if (!lines_word(&trusted, TRUSTED) ||
	    !decode_comment(&s->comment, trusted))
		return vl_fail(err, VL_EFORMAT,
		    "line 3 of 'seal.sig' is not the trusted comment of a "
		    "bundle");
	if (!vl_unb64(s->global, VL_SIGN_SIZE, second))
		return vl_fail(
		    err, VL_EFORMAT, "line 4 of 'seal.sig' is not a signature");
	memcpy(s->key_id, bytes + 2, VL_KEY_ID_SIZE);
	memcpy(s->signature, bytes + 2 + VL_KEY_ID_SIZE, VL_SIGN_SIZE);
	s->comment_text = trusted;
	return VL_OK;
}
