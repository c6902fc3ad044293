/* Whether a declaration makes sense (formats/ciphers.md, "Rules"). */

#include <valise/encode.h>

#include "inside.h"

#define PARTS_MAX  16
#define ROUNDS_MAX 10000000
#define COST_MAX   (1u << 20)
#define BLOCK_MAX  32
#define LANES_MAX  16
/* Of scrypt: 128 bytes * N * r. */
#define MEMORY_MAX ((uint64_t)1 << 28)

static enum vl_status
wrong(const struct vl_cipher *c, const char *what, struct vl_err *err)
{
	return vl_fail(err, VL_EUSAGE, "cipher '%s': %s", c->name, what);
}

/* How many parts are this piece. */
static size_t
count(const struct vl_cipher *c, enum vl_piece piece)
{
	enum vl_encoding how = VL_ENCODED_NOT;
	size_t n = 0;
	size_t i = 0;

	for (i = 0; i < c->nparts; i++)
		n += part_piece(&c->parts[i], &how) == piece;
	for (i = 0; i < c->nafter; i++)
		n += part_piece(&c->after[i], &how) == piece;
	return n;
}

static bool
takes(const struct vl_cipher *c, enum vl_piece piece)
{
	size_t i = 0;

	for (i = 0; i < c->ntake; i++)
		if (c->take[i] == piece)
			return true;
	return false;
}

static bool
is_hex(const char *text)
{
	uint8_t byte = 0;

	for (; *text != '\0'; text += 2)
		if (!vl_unhex(&byte, 1,
		        (struct vl_slice){
		            (const uint8_t *)text, strnlen(text, 2) }))
			return false;
	return true;
}

/* A salt has as many bytes as fill its characters. */
static enum vl_status
check_salt(const struct vl_cipher *c, const struct vl_cipher_part *part,
    struct vl_err *err)
{
	const size_t n = piece_size(c, VL_PIECE_SALT, part);

	if (part->length == 0)
		return wrong(c, "the part 'salt' needs a 'length'", err);
	if (n == 0 || n > SALT_MAX)
		return wrong(c, "a salt has 1 to 64 bytes", err);
	return encoded_size(part->salt, n) == part->length ?
	    VL_OK :
	    wrong(c, "no salt fills that 'length'", err);
}

static enum vl_status
check_part(const struct vl_cipher *c, const struct vl_cipher_part *part,
    struct vl_err *err)
{
	enum vl_encoding how = VL_ENCODED_NOT;
	enum vl_piece piece = part_piece(part, &how);
	const int said = (part->ciphertext != 0) + (part->iv != 0) +
	    (part->salt != 0) + (part->tag != 0) + (part->mac != 0) +
	    (part->literal != NULL) + (part->bytes != NULL) +
	    (part->size != VL_PIECE_NONE) + part->time;

	if (said != 1)
		return wrong(c, "a part is one thing", err);
	if (part->tagged && part->ciphertext == VL_ENCODED_NOT)
		return wrong(c, "'tagged' is about the ciphertext", err);
	if (part->bytes != NULL &&
	    (*part->bytes == '\0' || !is_hex(part->bytes)))
		return wrong(c, "'bytes' takes hex, in lower case", err);
	if (part->size == VL_PIECE_KEY ||
	    (part->size != VL_PIECE_NONE && count(c, part->size) != 1))
		return wrong(c, "'size' names no part", err);
	if (piece == VL_PIECE_SALT)
		return check_salt(c, part, err);
	if (part->length == 0)
		return VL_OK;
	if (piece == VL_PIECE_NONE || piece == VL_PIECE_CIPHERTEXT)
		return wrong(c, "this part takes no 'length'", err);
	if (part_size(c, part) == part->length)
		return VL_OK;
	return vl_fail(err, VL_EUSAGE,
	    "cipher '%s': a part with 'length: %u' has %zu characters", c->name,
	    part->length, part_size(c, part));
}

static enum vl_status
check_pieces(const struct vl_cipher *c, struct vl_err *err)
{
	const struct algorithm *a = algorithm_of(c->cipher);
	const bool salted = c->derive >= VL_DERIVE_MD5_BYTESTOKEY;

	if (count(c, VL_PIECE_CIPHERTEXT) != 1)
		return wrong(c, "one part is the ciphertext", err);
	if (count(c, VL_PIECE_IV) + takes(c, VL_PIECE_IV) != 1)
		return wrong(c,
		    "the IV is a part, or one of the pieces under 'take'", err);
	if (count(c, VL_PIECE_TAG) + tag_is_behind(c) != a->tagged)
		return wrong(c,
		    a->tagged ? "the tag is missing, or there twice" :
		                "this cipher has no tag",
		    err);
	if (tag_is_behind(c) && c->mac != VL_MAC_NONE)
		return wrong(c, "a 'tagged' ciphertext takes no MAC", err);
	if (count(c, VL_PIECE_MAC) != (c->mac != VL_MAC_NONE))
		return wrong(c,
		    "a MAC is a part, once, and a word that says which", err);
	if (count(c, VL_PIECE_SALT) != (salted && c->salt == NULL))
		return wrong(c,
		    salted ? "the salt is a part, or a word, once" :
		             "this derivation takes no salt",
		    err);
	return VL_OK;
}

static enum vl_status
check_parts(const struct vl_cipher *c, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (c->nparts == 0 || c->nparts > PARTS_MAX || c->nafter > PARTS_MAX)
		return wrong(c, "1 to 16 parts", err);
	for (i = 0; i < c->nparts && st == VL_OK; i++)
		st = check_part(c, &c->parts[i], err);
	for (i = 0; i < c->nafter && st == VL_OK; i++) {
		st = check_part(c, &c->after[i], err);
		if (st == VL_OK && c->after[i].ciphertext != VL_ENCODED_NOT)
			st = wrong(c, "the ciphertext stands in 'parts'", err);
	}
	return st == VL_OK ? check_pieces(c, err) : st;
}

static enum vl_status
check_mac(const struct vl_cipher *c, struct vl_err *err)
{
	size_t i = 0;
	bool after = false;

	for (i = 0; i < c->nafter; i++)
		after = after || c->after[i].mac != VL_ENCODED_NOT;
	if (takes(c, VL_PIECE_MAC) != (c->mac_key != 0) ||
	    (c->mac_key != 0 && c->mac == VL_MAC_NONE))
		return wrong(c,
		    "'key_bytes' is the length of the MAC key under 'take'",
		    err);
	if (c->mac_key > 64)
		return wrong(c, "a MAC key has at most 64 bytes", err);
	if (c->mac_over == VL_MAC_OVER_WRAPPED && !after)
		return wrong(
		    c, "a MAC over what is wrapped stands in 'after'", err);
	return VL_OK;
}

static enum vl_status
check_take(const struct vl_cipher *c, struct vl_err *err)
{
	size_t seen[VL_PIECES] = { 0 };
	size_t i = 0;

	if (c->ntake == 0)
		return VL_OK;
	for (i = 0; i < c->ntake; i++)
		seen[c->take[i] < VL_PIECE_IV ? VL_PIECE_NONE : c->take[i]]++;
	if (seen[VL_PIECE_KEY] != 1 || seen[VL_PIECE_NONE] > 0 ||
	    seen[VL_PIECE_MAC] > 1 || seen[VL_PIECE_IV] > 1 || c->ntake > 3)
		return wrong(c, "'take' has the key, once", err);
	/* A key that is the same for all values gives the same IV for all. */
	if (seen[VL_PIECE_IV] == 1 && count(c, VL_PIECE_SALT) == 0)
		return wrong(
		    c, "an IV under 'take' needs a salt in each value", err);
	return VL_OK;
}

static enum vl_status
check_derive(const struct vl_cipher *c, struct vl_err *err)
{
	const size_t total = taken_of(c).total;
	const bool pbkdf2 = c->derive == VL_DERIVE_PBKDF2_SHA1 ||
	    c->derive == VL_DERIVE_PBKDF2_SHA256;
	const bool scrypt = c->derive == VL_DERIVE_SCRYPT;

	if (c->derive == VL_DERIVE_UNSAID)
		return wrong(c, "'derive' is missing", err);
	if ((c->rounds != 0) != pbkdf2 || c->rounds > ROUNDS_MAX)
		return wrong(
		    c, "'rounds' belongs to PBKDF2: 1 to 10,000,000", err);
	if ((c->cost != 0) != scrypt || (c->block != 0) != scrypt ||
	    (c->parallel != 0) != scrypt)
		return wrong(
		    c, "'cost', 'block' and 'parallel' belong to scrypt", err);
	if (scrypt &&
	    ((c->cost & (c->cost - 1)) != 0 || c->cost < 2 ||
	        c->cost > COST_MAX || c->block > BLOCK_MAX ||
	        c->parallel > LANES_MAX ||
	        (uint64_t)128 * c->cost * c->block > MEMORY_MAX))
		return wrong(c,
		    "'cost' is a power of 2 to 2^20, 'block' at most 32, "
		    "'parallel' at most 16, and 128 * 'cost' * 'block' at most "
		    "256 MiB",
		    err);
	if (c->derive >= VL_DERIVE_TEXT_32 &&
	    c->derive <= VL_DERIVE_SHA256_HEX_32 && total > 32)
		return wrong(c, "this derivation gives 32 bytes", err);
	return VL_OK;
}

/* All but the name and the words that say nothing. */
static bool
says_layout(const struct vl_cipher *c)
{
	return c->prefix != NULL || c->join != NULL ||
	    c->wrap != VL_ENCODED_NOT || c->nparts + c->nafter + c->ntake > 0 ||
	    c->derive != VL_DERIVE_UNSAID || c->mac != VL_MAC_NONE ||
	    c->salt != NULL || c->unprefixed_plain ||
	    c->rounds + c->cost + c->block + c->parallel + c->mac_key > 0;
}

enum vl_status
vl_cipher_check(const struct vl_cipher *c, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (c->command != NULL)
		return c->command[0] == NULL || says_layout(c) ||
		        c->cipher != VL_CIPHER_UNSAID ?
		    wrong(c, "a 'command' stands alone", err) :
		    VL_OK;
	if (c->cipher == VL_CIPHER_UNSAID)
		return wrong(c, "it has neither 'cipher' nor 'command'", err);
	if (c->cipher == VL_CIPHER_PLAIN)
		return says_layout(c) ?
		    wrong(c, "'plain' takes no other word", err) :
		    VL_OK;
	if (c->unprefixed_plain && (c->prefix == NULL || *c->prefix == '\0'))
		return wrong(c,
		    "without a 'prefix' nothing tells a value in clear", err);
	if (c->padded && algorithm_of(c->cipher)->blocks)
		return wrong(c, "this cipher is padded anyway", err);
	st = check_derive(c, err);
	if (st == VL_OK)
		st = check_parts(c, err);
	if (st == VL_OK)
		st = check_take(c, err);
	return st == VL_OK ? check_mac(c, err) : st;
}

bool
vl_cipher_proves(const struct vl_cipher *c)
{
	const struct algorithm *a = NULL;

	if (c->command != NULL || c->mac != VL_MAC_NONE)
		return true;
	a = c->cipher == VL_CIPHER_PLAIN ? NULL : algorithm_of(c->cipher);
	return a != NULL && a->tagged;
}
