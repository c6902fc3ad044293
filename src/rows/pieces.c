/*
 * A value with ids and secrets in it, unpacked, in pieces (formats/manifest.md,
 * "Values").  Of texts whose length stands before them the pieces say which
 * they count, for what another side has there has another length.
 */

#include <stdlib.h>

#include "values.h"

struct rows_piece {
	enum vl_part_kind kind;
	struct vl_slice text;
	const struct rows_spot *spot;
	size_t n; /* of COUNT */
};

/* A value whose spots are known. */
struct value {
	struct rows_writing *g;
	struct rows_inside *in;
	struct vl_slice bytes;
	enum vl_packing packing;
};

static enum vl_status
add_piece(struct value *w, struct rows_piece piece)
{
	struct rows_inside *in = w->in;
	struct rows_piece *grown = NULL;
	size_t cap = in->cap_pieces == 0 ? 16 : 2 * in->cap_pieces;

	if (piece.kind == VL_PART_TEXT && piece.text.n == 0)
		return VL_OK;
	if (in->npieces == in->cap_pieces) {
		grown = reallocarray(in->pieces, cap, sizeof(*grown));
		if (grown == NULL)
			return vl_fail_memory(w->g->err);
		in->pieces = grown;
		in->cap_pieces = cap;
	}
	in->pieces[in->npieces++] = piece;
	return VL_OK;
}

/* Counted texts that are open, by the number of their piece. */
struct open {
	size_t piece[VL_COUNTED_DEPTH];
	size_t end[VL_COUNTED_DEPTH];
	size_t depth;
	size_t done; /* of the bytes */
};

static enum vl_status
add_text(struct value *w, struct open *o, size_t to)
{
	const struct rows_piece piece = { .kind = VL_PART_TEXT,
		.text = { w->bytes.p + o->done, to - o->done } };

	o->done = to;
	return add_piece(w, piece);
}

/* End those that do before byte `at`; an empty id may be their last. */
static enum vl_status
close_before(struct value *w, struct open *o, size_t at)
{
	enum vl_status st = VL_OK;
	size_t piece = 0;

	while (st == VL_OK && o->depth > 0 && o->end[o->depth - 1] < at) {
		o->depth--;
		st = add_text(w, o, o->end[o->depth]);
		piece = o->piece[o->depth];
		w->in->pieces[piece].n = w->in->npieces - piece - 1;
	}
	return st;
}

/* Open those that hold the spot. */
static enum vl_status
open_around(
    struct value *w, struct open *o, size_t *next, const struct vl_place *place)
{
	const struct vl_places *places = &w->in->places;
	const struct vl_counted *c = NULL;
	enum vl_status st = VL_OK;

	for (; st == VL_OK && *next < places->ncounted; (*next)++) {
		c = &places->counted[*next];
		if (c->at >= place->at)
			break;
		/* Found by two lines, or with ids that all stay. */
		if (c->at < o->done || c->at + c->head + c->n < place->at ||
		    o->depth == VL_COUNTED_DEPTH)
			continue;
		st = add_text(w, o, c->at);
		o->done = c->at + c->head;
		o->end[o->depth] = o->done + c->n;
		o->piece[o->depth++] = w->in->npieces;
		if (st == VL_OK)
			st = add_piece(
			    w, (struct rows_piece){ .kind = VL_PART_COUNT });
	}
	return st;
}

static enum vl_status
make_pieces(struct value *w)
{
	const struct rows_spot *spot = NULL;
	struct open o = { .depth = 0 };
	enum vl_status st = VL_OK;
	size_t next = 0;
	size_t i = 0;

	w->in->npieces = 0;
	for (i = 0; st == VL_OK && i < w->in->nspots; i++) {
		spot = &w->in->spots[i];
		if (spot->stays)
			continue;
		st = close_before(w, &o, spot->place.at);
		if (st == VL_OK)
			st = open_around(w, &o, &next, &spot->place);
		if (st == VL_OK)
			st = add_text(w, &o, spot->place.at);
		if (st == VL_OK && !spot->blank)
			st = add_piece(w,
			    (struct rows_piece){ .kind = spot->secret != NULL ?
			            VL_PART_SECRET :
			            VL_PART_REF,
			        .spot = spot });
		o.done = spot->place.at + spot->place.n;
	}
	if (st == VL_OK)
		st = close_before(w, &o, w->bytes.n + 1);
	return st == VL_OK ? add_text(w, &o, w->bytes.n) : st;
}

static enum vl_status
write_text(struct rows_writing *g, struct vl_slice bytes)
{
	struct vl_text_part part = { .kind = VL_PART_TEXT, .text = bytes };
	enum vl_status st = VL_OK;

	if (bytes.n > g->inline_max) {
		part.kind = VL_PART_BODY;
		part.n = bytes.n;
		st = rows_values_keep(g, bytes, &part.at);
	}
	if (st == VL_OK)
		vl_part_write(&g->w, &part);
	return st;
}

static enum vl_status
write_pieces(struct value *w)
{
	const struct rows_plan *p = w->g->rd->plan;
	struct vl_text_part part = { 0 };
	const struct rows_piece *piece = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	vl_parts_open(&w->g->w, w->packing);
	for (i = 0; st == VL_OK && i < w->in->npieces; i++) {
		piece = &w->in->pieces[i];
		part.kind = piece->kind;
		part.n = piece->n;
		if (piece->kind == VL_PART_TEXT) {
			st = write_text(w->g, piece->text);
			continue;
		}
		if (piece->kind == VL_PART_REF) {
			part.table = vl_slice_of(
			    p->tables[piece->spot->table].schema->name);
			part.key =
			    (struct vl_slice){ w->in->keys.p + piece->spot->key,
				    piece->spot->nkey };
		} else if (piece->kind == VL_PART_SECRET) {
			part.slot = piece->spot->slot;
			part.inside =
			    (struct vl_slice){ w->in->keys.p + piece->spot->key,
				    piece->spot->nkey };
		}
		if (piece->spot != NULL)
			part.form = piece->spot->place.form;
		vl_part_write(&w->g->w, &part);
	}
	vl_parts_close(&w->g->w);
	return st;
}

/* Nothing but secrets that do not travel stood in it. */
static bool
only_text(const struct value *w)
{
	size_t i = 0;

	for (i = 0; i < w->in->npieces; i++)
		if (w->in->pieces[i].kind != VL_PART_TEXT)
			return false;
	return true;
}

static enum vl_status
write_blanked(struct value *w)
{
	struct vl_cell cell = { .type = VL_CELL_TEXT };
	enum vl_status st = VL_OK;
	size_t i = 0;

	vl_buf_clear(&w->in->text);
	for (i = 0; st == VL_OK && i < w->in->npieces; i++)
		st = vl_buf_add(&w->in->text, w->in->pieces[i].text, w->g->err);
	cell.bytes = vl_buf_slice(&w->in->text);
	return st == VL_OK ? rows_write_cell(w->g, &cell) : st;
}

enum vl_status
rows_write_pieces(
    struct rows_writing *g, struct vl_slice bytes, enum vl_packing packing)
{
	struct value w = {
		.g = g, .in = &g->v->inside, .bytes = bytes, .packing = packing
	};
	enum vl_status st = make_pieces(&w);

	if (st == VL_OK && only_text(&w))
		return write_blanked(&w);
	return st == VL_OK ? write_pieces(&w) : st;
}
