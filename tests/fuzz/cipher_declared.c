/*
 * A declaration made of the first bytes, and a value of the rest: what the
 * rules allow seals and opens, opens no value in another way, and bears a
 * value that is its own but for one byte.
 */

#include <valise/secret.h>
#include <valise/vault.h>

#include "fuzz.h"

#define PARTS 17 /* one more than there may be */

static uint8_t
next(struct vl_slice *rest, unsigned below)
{
	uint8_t byte = 0;

	if (rest->n > 0) {
		byte = *rest->p++;
		rest->n--;
	}
	return (uint8_t)(byte % below);
}

static const char *
text_of(struct vl_slice *rest)
{
	static const char *const texts[] = { NULL, NULL, NULL, "", "|", "--",
		"a", "\n", "Salted__", "00", "80ff", "0", "xy" };

	return texts[next(rest, sizeof(texts) / sizeof(texts[0]))];
}

static struct vl_cipher_part
part_of(struct vl_slice *rest)
{
	struct vl_cipher_part p = { 0 };
	const enum vl_encoding how =
	    (enum vl_encoding)next(rest, VL_ENCODED_BASE64URL_PADDED + 1);

	switch (next(rest, 9)) {
	case 0:
		p.ciphertext = how;
		break;
	case 1:
		p.iv = how;
		break;
	case 2:
		p.salt = how;
		break;
	case 3:
		p.tag = how;
		break;
	case 4:
		p.mac = how;
		break;
	case 5:
		p.literal = text_of(rest);
		break;
	case 6:
		p.bytes = text_of(rest);
		break;
	case 7:
		p.size = (enum vl_piece)next(rest, VL_PIECES);
		break;
	default:
		p.time = true;
	}
	p.tagged = next(rest, 3) == 1;
	p.length = next(rest, 2) != 0 ? next(rest, 100) : 0;
	return p;
}

/* Costs that are right and cheap, and each limit passed. */
static void
costs_of(struct vl_cipher *c, struct vl_slice *rest)
{
	static const unsigned rounds[] = { 0, 1, 2, 10000001 };
	static const unsigned scrypt[][3] = { { 0, 0, 0 }, { 2, 1, 1 },
		{ 4, 2, 2 }, { 1, 1, 1 }, { 3, 1, 1 }, { 1u << 21, 1, 1 },
		{ 2, 33, 1 }, { 2, 1, 17 }, { 1u << 17, 32, 1 }, { 2, 0, 0 },
		{ 0, 1, 0 }, { 0, 0, 1 } };
	const unsigned *s = NULL;

	c->rounds = rounds[next(rest, sizeof(rounds) / sizeof(rounds[0]))];
	s = scrypt[next(rest, sizeof(scrypt) / sizeof(scrypt[0]))];
	c->cost = s[0];
	c->block = s[1];
	c->parallel = s[2];
}

static void
use(const struct vl_cipher *c, struct vl_slice value, uint8_t at)
{
	static const char *const keys[] = { "", "a password",
		"000102030405060708090a0b0c0d0e0f",
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e"
		"1f",
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
		"AAECAwQFBgcICQoLDA0ODw==", "0123456789abcdef",
		/* Its 32nd byte and the next are one character. */
		"0123456789abcdef0123456789abcde\u00e4\u20ac\U0001f600",
		/* No UTF-8: continuations alone. */
		"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"
		"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"
		"\x80\x80\x80\x80\x80\x80" };
	struct vl_vault *v = NULL;
	struct vl_locked sealed = { 0 };
	struct vl_locked out = { 0 };
	struct vl_err err = { 0 };
	bool clear = false;
	size_t i = 0;

	(void)vl_cipher_fits(c, value);
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (vl_vault_new(&v, c, vl_slice_of(keys[i]), &err) != VL_OK) {
			MUST(err.status == VL_EUSAGE);
			continue;
		}
		MUST(vl_vault_seal(v, &sealed, value, &err) == VL_OK);
		MUST(vl_vault_open(v, &out, &clear,
		         (struct vl_slice){ sealed.p, sealed.n },
		         &err) == VL_OK);
		MUST(!clear && out.n == value.n &&
		    (value.n == 0 || memcmp(value.p, out.p, value.n) == 0));
		(void)vl_cipher_fits(
		    c, (struct vl_slice){ sealed.p, sealed.n });
		(void)vl_vault_open(v, &out, &clear, value, &err);
		MUST(!clear || c->unprefixed_plain);
		if (sealed.n > 0)
			sealed.p[at % sealed.n] ^= 1;
		(void)vl_cipher_fits(
		    c, (struct vl_slice){ sealed.p, sealed.n });
		(void)vl_vault_open(v, &out, &clear,
		    (struct vl_slice){ sealed.p, sealed.n }, &err);
		vl_vault_free(v);
	}
	vl_locked_free(&sealed);
	vl_locked_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct vl_slice rest = { p, n };
	struct vl_cipher_part parts[2 * PARTS] = { 0 };
	enum vl_piece take[3] = { VL_PIECE_NONE };
	struct vl_cipher c = { .name = "made",
		.parts = parts,
		.after = parts + PARTS,
		.take = take };
	struct vl_err err = { 0 };
	static char program[] = "/bin/false";
	static char *const none[] = { NULL };
	static char *const some[] = { program, NULL };
	static char *const *const commands[] = { NULL, none, some };
	static bool ready;
	uint8_t at = 0;
	size_t i = 0;

	ready = ready || vl_secret_init();
	c.cipher = (enum vl_cipher_kind)next(&rest, VL_CIPHER_SECRETBOX + 1);
	c.derive = (enum vl_derivation)next(&rest, VL_DERIVE_SCRYPT + 1);
	c.wrap = (enum vl_encoding)next(&rest, VL_ENCODED_BASE64URL_PADDED + 1);
	c.prefix = text_of(&rest);
	c.join = text_of(&rest);
	c.salt = text_of(&rest);
	c.mac = (enum vl_mac)next(&rest, VL_MAC_HMAC_SHA256 + 1);
	c.mac_over = (enum vl_mac_over)next(&rest, VL_MAC_OVER_WRAPPED + 1);
	c.mac_key = next(&rest, 70);
	c.padded = next(&rest, 2) != 0;
	c.latin1 = next(&rest, 2) != 0;
	c.unprefixed_plain = next(&rest, 2) != 0;
	costs_of(&c, &rest);
	c.ntake = next(&rest, 4);
	for (i = 0; i < c.ntake; i++)
		take[i] = (enum vl_piece)next(&rest, VL_PIECES);
	c.nparts = next(&rest, PARTS + 1);
	for (i = 0; i < c.nparts; i++)
		parts[i] = part_of(&rest);
	c.nafter = next(&rest, PARTS + 1);
	for (i = 0; i < c.nafter; i++)
		parts[PARTS + i] = part_of(&rest);
	c.labelled = text_of(&rest);
	c.command = commands[next(&rest, 3)];
	at = next(&rest, 256);
	/* No program is started here. */
	if (vl_cipher_check(&c, &err) != VL_OK)
		MUST(err.status == VL_EUSAGE);
	else if (c.command == NULL)
		use(&c, rest, at);
	return 0;
}
