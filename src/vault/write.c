/* A value put together from its pieces: layout.c, the other way. */

#include <time.h>

#include <valise/encode.h>

#include "inside.h"
#include "write.h"

static enum vl_status
add_number(
    struct vl_locked *out, uint64_t number, size_t size, struct vl_err *err)
{
	uint8_t bytes[8] = { 0 };
	size_t i = 0;

	for (i = size; i > 0; i--, number >>= 8)
		bytes[i - 1] = (uint8_t)number;
	return vl_locked_add(out, (struct vl_slice){ bytes, size }, err);
}

static enum vl_status
add_bytes(struct vl_locked *out, const char *hex, struct vl_err *err)
{
	const size_t n = strlen(hex) / 2;
	enum vl_status st = vl_locked_reserve(out, n, err);

	if (st == VL_OK && vl_unhex(out->p + out->n, n, vl_slice_of(hex)))
		out->n += n;
	return st;
}

/* `n` bytes of `out`, which may have none, and then no memory either. */
static struct vl_slice
written(const struct vl_locked *out, size_t from, size_t n)
{
	return n > 0 ? (struct vl_slice){ out->p + from, n } :
	               (struct vl_slice){ 0 };
}

static enum vl_status
add_mac(const struct writing *w, struct vl_locked *out, size_t from,
    enum vl_encoding how, struct vl_err *err)
{
	uint8_t mac[MAC_MAX] = { 0 };
	struct vl_slice over = { 0 };
	enum vl_status st = VL_OK;

	if (w->c->mac_over == VL_MAC_OVER_CIPHERTEXT)
		over = w->piece[VL_PIECE_CIPHERTEXT];
	else if (w->c->mac_over == VL_MAC_OVER_WRAPPED)
		over = written(out, w->wrapped_at, w->wrapped);
	else
		over = written(out, from, out->n - from);
	st = crypter_mac(w->crypter, mac, w->keys, over, err);
	if (st == VL_OK)
		st = encoding_write(out, how,
		    (struct vl_slice){ mac, mac_size(w->c->mac) }, err);
	return st;
}

static enum vl_status
add_part(const struct writing *w, struct vl_locked *out, size_t from,
    const struct vl_cipher_part *part, struct vl_err *err)
{
	enum vl_encoding how = VL_ENCODED_NOT;
	enum vl_piece piece = part_piece(part, &how);

	if (part->literal != NULL)
		return vl_locked_add(out, vl_slice_of(part->literal), err);
	if (part->bytes != NULL)
		return add_bytes(out, part->bytes, err);
	if (part->size != VL_PIECE_NONE)
		return add_number(out, w->piece[part->size].n, 4, err);
	if (part->time)
		return add_number(out, (uint64_t)time(NULL), 8, err);
	if (piece == VL_PIECE_MAC)
		return add_mac(w, out, from, how, err);
	return encoding_write(out, how, w->piece[piece], err);
}

static enum vl_status
add_parts(const struct writing *w, struct vl_locked *out, struct vl_err *err)
{
	const size_t from = out->n;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; i < w->c->nparts && st == VL_OK; i++) {
		if (i > 0 && w->c->join != NULL)
			st = vl_locked_add(out, vl_slice_of(w->c->join), err);
		if (st == VL_OK)
			st = add_part(w, out, from, &w->c->parts[i], err);
	}
	return st;
}

enum vl_status
layout_write(struct writing *w, struct vl_locked *out, struct vl_locked *work,
    struct vl_err *err)
{
	const struct vl_cipher *c = w->c;
	enum vl_status st = VL_OK;
	size_t from = 0;
	size_t i = 0;

	if (c->prefix != NULL)
		st = vl_locked_add(out, vl_slice_of(c->prefix), err);
	w->wrapped_at = out->n;
	if (st == VL_OK && c->wrap == VL_ENCODED_NOT) {
		st = add_parts(w, out, err);
	} else if (st == VL_OK) {
		st = add_parts(w, work, err);
		if (st == VL_OK)
			st = encoding_write(
			    out, c->wrap, vl_locked_slice(work), err);
	}
	w->wrapped = out->n - w->wrapped_at;
	from = out->n;
	for (i = 0; i < c->nafter && st == VL_OK; i++)
		st = add_part(w, out, from, &c->after[i], err);
	return st;
}
