/*
 * A value taken apart into its pieces (formats/ciphers.md, "Layout").  All
 * parts but the ciphertext have lengths that follow from the cipher, so what
 * is left is the ciphertext, and there is one way to read any value.
 */

#include <valise/encode.h>

#include "inside.h"

/* While one value is read. */
struct reading {
	const struct vl_cipher *c;
	struct layout *l;
	struct vl_locked *work; /* has room for all that is decoded */
	bool sized[VL_PIECES];
	uint32_t size[VL_PIECES]; /* as a part said it */
};

enum vl_piece
part_piece(const struct vl_cipher_part *part, enum vl_encoding *how)
{
	const enum vl_encoding all[] = { part->ciphertext, part->salt,
		part->tag, part->iv, part->mac };
	size_t i = 0;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i] != VL_ENCODED_NOT) {
			*how = all[i];
			return (enum vl_piece)(VL_PIECE_CIPHERTEXT + i);
		}
	*how = VL_ENCODED_NOT;
	return VL_PIECE_NONE;
}

/* What fills `length` characters; of base64 without padding. */
static size_t
salt_size(const struct vl_cipher *c, const struct vl_cipher_part *part)
{
	if (c->derive == VL_DERIVE_MD5_BYTESTOKEY)
		return 8;
	switch (part->salt) {
	case VL_ENCODED_HEX:
		return part->length / 2;
	case VL_ENCODED_RAW:
		return part->length;
	default:
		return (size_t)part->length * 3 / 4;
	}
}

size_t
piece_size(const struct vl_cipher *c, enum vl_piece piece,
    const struct vl_cipher_part *part)
{
	switch (piece) {
	case VL_PIECE_IV:
		return algorithm_of(c->cipher)->iv;
	case VL_PIECE_TAG:
		return TAG_BYTES;
	case VL_PIECE_MAC:
		return mac_size(c->mac);
	case VL_PIECE_SALT:
		return salt_size(c, part);
	case VL_PIECE_NONE:
	case VL_PIECE_CIPHERTEXT:
	case VL_PIECE_KEY:
		break;
	}
	return 0;
}

size_t
part_size(const struct vl_cipher *c, const struct vl_cipher_part *part)
{
	enum vl_encoding how = VL_ENCODED_NOT;
	enum vl_piece piece = part_piece(part, &how);

	if (piece != VL_PIECE_NONE)
		return encoded_size(how, piece_size(c, piece, part));
	if (part->literal != NULL)
		return strlen(part->literal);
	if (part->bytes != NULL)
		return strlen(part->bytes) / 2;
	return part->time ? 8 : 4;
}

bool
tag_is_behind(const struct vl_cipher *c)
{
	size_t i = 0;

	for (i = 0; i < c->nparts; i++)
		if (c->parts[i].tagged)
			return true;
	return false;
}

static size_t
parts_size(const struct reading *r, const struct vl_cipher_part *parts,
    size_t n, size_t join)
{
	size_t size = n > 0 ? (n - 1) * join : 0;
	size_t i = 0;

	for (i = 0; i < n; i++)
		size += part_size(r->c, &parts[i]);
	return size;
}

static bool
decode(struct reading *r, struct vl_slice *out, enum vl_encoding how,
    struct vl_slice text)
{
	uint8_t *room = r->work->p + r->work->n;
	size_t n = 0;

	/* All of the room counts as used, so that all of it is wiped. */
	r->work->n += 2 * text.n;
	if (!encoding_read(room, &n, how, text))
		return false;
	*out = (struct vl_slice){ room, n };
	return true;
}

static bool
is_bytes(struct vl_slice text, const char *hex)
{
	uint8_t byte = 0;
	size_t i = 0;

	for (i = 0; i < text.n; i++)
		if (!vl_unhex(&byte, 1,
		        (struct vl_slice){ (const uint8_t *)hex + 2 * i, 2 }) ||
		    byte != text.p[i])
			return false;
	return true;
}

static uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static bool
take_part(struct reading *r, const struct vl_cipher_part *part,
    struct vl_slice layer, struct vl_slice text)
{
	enum vl_encoding how = VL_ENCODED_NOT;
	enum vl_piece piece = part_piece(part, &how);

	if (part->literal != NULL)
		return vl_slice_equal(text, vl_slice_of(part->literal));
	if (part->bytes != NULL)
		return is_bytes(text, part->bytes);
	if (part->size != VL_PIECE_NONE) {
		r->sized[part->size] = true;
		r->size[part->size] = be32(text.p);
		return true;
	}
	if (piece == VL_PIECE_NONE)
		return true; /* a time, of which any is right */
	if (piece == VL_PIECE_MAC)
		r->l->before =
		    (struct vl_slice){ layer.p, (size_t)(text.p - layer.p) };
	return decode(r, &r->l->piece[piece], how, text) &&
	    (piece == VL_PIECE_CIPHERTEXT ||
	        r->l->piece[piece].n == piece_size(r->c, piece, part));
}

static bool
take_parts(struct reading *r, const struct vl_cipher_part *parts, size_t n,
    struct vl_slice join, struct vl_slice layer)
{
	const size_t fixed = parts_size(r, parts, n, join.n);
	struct vl_slice rest = layer;
	struct vl_slice text = { 0 };
	size_t i = 0;

	if (layer.n < fixed)
		return false;
	for (i = 0; i < n; i++) {
		if (i > 0 && join.n > 0) {
			if (memcmp(rest.p, join.p, join.n) != 0)
				return false;
			rest.p += join.n;
			rest.n -= join.n;
		}
		text = (struct vl_slice){ rest.p, part_size(r->c, &parts[i]) };
		if (parts[i].ciphertext != VL_ENCODED_NOT)
			text.n = layer.n - fixed;
		rest.p += text.n;
		rest.n -= text.n;
		if (!take_part(r, &parts[i], layer, text))
			return false;
	}
	/* What is not fixed is the ciphertext, so nothing is left. */
	return true;
}

/* The tag that is spelt with the ciphertext, where there is one. */
static bool
split_tag(const struct reading *r)
{
	struct vl_slice *sealed = &r->l->piece[VL_PIECE_CIPHERTEXT];

	if (!tag_is_behind(r->c))
		return true;
	if (sealed->n < TAG_BYTES)
		return false;
	sealed->n -= TAG_BYTES;
	r->l->piece[VL_PIECE_TAG] =
	    (struct vl_slice){ sealed->p + sealed->n, TAG_BYTES };
	return true;
}

static bool
sizes_fit(const struct reading *r)
{
	size_t i = 0;

	for (i = 0; i < VL_PIECES; i++)
		if (r->sized[i] && r->size[i] != r->l->piece[i].n)
			return false;
	return true;
}

static bool
read_value(struct reading *r, struct vl_slice value)
{
	const struct vl_cipher *c = r->c;
	const size_t after = parts_size(r, c->after, c->nafter, 0);
	struct vl_slice inner = { 0 };
	struct vl_slice behind = { 0 };

	if (value.n < after)
		return false;
	inner = (struct vl_slice){ value.p, value.n - after };
	behind = (struct vl_slice){ value.p + inner.n, after };
	r->l->wrapped = inner;
	if (!take_parts(r, c->after, c->nafter, (struct vl_slice){ 0 }, behind))
		return false;
	if (c->wrap != VL_ENCODED_NOT && !decode(r, &inner, c->wrap, inner))
		return false;
	return take_parts(r, c->parts, c->nparts,
	           vl_slice_of(c->join != NULL ? c->join : ""), inner) &&
	    sizes_fit(r) && split_tag(r);
}

enum vl_status
layout_read(const struct vl_cipher *c, struct layout *l, struct vl_slice value,
    struct vl_locked *work, struct vl_err *err)
{
	struct reading r = { .c = c, .l = l, .work = work };
	enum vl_status st = VL_OK;

	vl_locked_clear(work);
	*l = (struct layout){ 0 };
	st = vl_locked_reserve(work, 4 * value.n + 64, err);
	if (st == VL_OK && !read_value(&r, value))
		st = vl_fail(err, VL_EFORMAT,
		    "the value does not have the form of cipher '%s'", c->name);
	return st;
}
