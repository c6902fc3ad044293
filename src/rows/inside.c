/*
 * Ids and secrets inside a value: where they stand by the lines of the profile,
 * and what becomes of each.
 */

#include <stdlib.h>
#include <string.h>

#include "secret.h"

/* A value on its way. */
struct within {
	struct rows_writing *g;
	struct rows_inside *in;
	size_t column;
	const struct vl_cell *cell;
	struct vl_slice bytes;
	enum vl_packing packing;    /* of `bytes` in the cell */
	const struct rows_ref *php; /* a line that found places as PHP */
	const struct rows_ref *raw; /* one that found some otherwise */
	bool any_php;
	bool any_raw;
	struct rows_secret *broken; /* by which it cannot be read */
};

static int
by_place(const void *a, const void *b)
{
	const struct rows_spot *x = a;
	const struct rows_spot *y = b;

	return (x->place.at > y->place.at) - (x->place.at < y->place.at);
}

static int
by_at(const void *a, const void *b)
{
	const struct vl_counted *x = a;
	const struct vl_counted *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

/* " (line 14 of the profile)" */
static const char *
said_at(char text[ROWS_SHOWN], const struct rows_ref *ref)
{
	const struct vl_reference *w = ref == NULL ? NULL : ref->words;

	text[0] = '\0';
	if (w != NULL && w->line > 0)
		(void)snprintf(text, ROWS_SHOWN, " (line %u of the %s)",
		    w->line, w->in_site ? "site" : "profile");
	return text;
}

static const char *
column_name(const struct within *w)
{
	return w->g->rd->t->columns[w->column].schema->name;
}

/* What cannot be read is refused, or stays as it is. */
static enum vl_status
broken(const struct within *w, const struct rows_ref *ref)
{
	const char *path = vl_reference_path(ref->words);
	char at[ROWS_SHOWN];

	if (ref->words->on_broken == VL_BROKEN_KEEP)
		return VL_OK;
	return vl_fail(w->g->err, VL_EREFUSED,
	    "column '%s'%s%s%s: %s: mend it, or say 'on_broken: keep' in the "
	    "profile",
	    column_name(w), path == NULL ? "" : " at ",
	    path == NULL ? "" : path, said_at(at, ref), w->g->err->text);
}

static enum vl_status
room_for_spots(const struct within *w, size_t more)
{
	struct rows_inside *in = w->in;
	struct rows_spot *grown = NULL;
	size_t need = in->nspots + more;

	if (need <= in->cap_spots)
		return VL_OK;
	grown = reallocarray(in->spots, 2 * need, sizeof(*grown));
	if (grown == NULL)
		return vl_fail_memory(w->g->err);
	in->spots = grown;
	in->cap_spots = 2 * need;
	return VL_OK;
}

static enum vl_status
add_spots(const struct within *w, const struct rows_ref *ref)
{
	struct rows_inside *in = w->in;
	enum vl_status st = room_for_spots(w, in->places.n);
	size_t i = 0;

	for (i = 0; st == VL_OK && i < in->places.n; i++)
		in->spots[in->nspots++] =
		    (struct rows_spot){ .place = in->places.list[i],
			    .ref = ref };
	return st;
}

bool
rows_ref_reads(const struct rows_ref *ref, const struct vl_cell *cell)
{
	return ref->finder != NULL &&
	    (cell->type == VL_CELL_TEXT ||
	        (cell->type == VL_CELL_BLOB &&
	            ref->words->unpack != VL_PACKING_NONE));
}

enum vl_status
rows_ref_unpack(struct vl_buf *room, const struct rows_ref *ref,
    const struct vl_cell *cell, struct vl_slice *bytes, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	*bytes = cell->bytes;
	if (ref->words->unpack == VL_PACKING_NONE)
		return VL_OK;
	if (cell->type == VL_CELL_TEXT)
		return vl_fail(
		    err, VL_EFORMAT, "it is a text, and only blobs are packed");
	vl_buf_clear(room);
	st = vl_place_unpack(room, ref->words->unpack, cell->bytes, err);
	*bytes = vl_buf_slice(room);
	return st;
}

/* The bytes that the line reads: unpacked once, by whichever line. */
static enum vl_status
unpack(struct within *w, const struct rows_ref *ref)
{
	const enum vl_packing how = ref->words->unpack;
	enum vl_status st = VL_OK;

	if (how == w->packing)
		return VL_OK;
	if (w->packing != VL_PACKING_NONE)
		return vl_fail(w->g->err, VL_EFORMAT,
		    "another line unpacks it in another way");
	st = rows_ref_unpack(
	    &w->in->unpacked, ref, w->cell, &w->bytes, w->g->err);
	if (st == VL_OK)
		w->packing = how;
	return st;
}

/* What one line of the profile finds. */
static enum vl_status
find_by(struct within *w, const struct rows_ref *ref)
{
	struct rows_inside *in = w->in;
	enum vl_status st = unpack(w, ref);

	in->places.n = 0;
	if (st == VL_OK)
		st = vl_finder_find(
		    ref->finder, w->bytes, &in->places, w->g->err);
	if (st == VL_EFORMAT)
		return broken(w, ref);
	if (st != VL_OK || in->places.n == 0)
		return st;
	if (ref->words->php != NULL)
		w->php = ref;
	else
		w->raw = ref;
	w->any_php = w->any_php || w->php != NULL;
	w->any_raw = w->any_raw || w->raw != NULL;
	return add_spots(w, ref);
}

/* Two lines never say something of the same bytes, nor one of bytes whose
 * length the other looks after. */
static enum vl_status
check_apart(const struct within *w)
{
	const struct rows_spot *spots = w->in->spots;
	char first[ROWS_SHOWN];
	char second[ROWS_SHOWN];
	size_t i = 0;

	for (i = 1; i < w->in->nspots; i++) {
		if (spots[i].place.at >=
		        spots[i - 1].place.at + spots[i - 1].place.n &&
		    spots[i].place.at > spots[i - 1].place.at)
			continue;
		return vl_fail(w->g->err, VL_EREFUSED,
		    "column '%s': two %s meet in the same bytes at %zu%s%s",
		    column_name(w),
		    spots[i].ref != NULL && spots[i - 1].ref != NULL ?
		        "references" :
		        "references or secrets",
		    spots[i].place.at, said_at(first, spots[i - 1].ref),
		    said_at(second, spots[i].ref));
	}
	if (!w->any_php || !w->any_raw)
		return VL_OK;
	return vl_fail(w->g->err, VL_EREFUSED,
	    "column '%s': one line reads it by 'php'%s and another does "
	    "not%s, so that lengths would not follow: say 'php' in both",
	    column_name(w), said_at(first, w->php), said_at(second, w->raw));
}

/* Lines of the profile mostly find them in order. */
static void
sort_spots(struct rows_inside *in)
{
	size_t i = 1;

	while (i < in->nspots && by_place(&in->spots[i - 1], &in->spots[i]) < 0)
		i++;
	if (i < in->nspots)
		qsort(in->spots, in->nspots, sizeof(*in->spots), by_place);
}

static enum vl_status
take_early(struct within *w, const struct rows_early_spot *early, size_t n)
{
	enum vl_status st = room_for_spots(w, n);
	size_t i = 0;

	for (i = 0; st == VL_OK && i < n; i++)
		w->in->spots[w->in->nspots++] =
		    (struct rows_spot){ .place = early[i].place,
			    .ref = early[i].ref };
	return st;
}

/* What one entry of `secrets` finds, each with the path to it. */
static enum vl_status
find_secrets(struct within *w, struct rows_secret *s)
{
	struct rows_inside *in = w->in;
	size_t *ends = NULL;
	size_t at = in->keys.n;
	enum vl_status st = VL_OK;
	size_t i = 0;

	in->places.n = 0;
	st = vl_finder_find(s->finder, w->bytes, &in->places, w->g->err);
	if (st == VL_EFORMAT) {
		w->broken = s;
		return rows_slot_broken(w->g, s);
	}
	if (st != VL_OK || in->places.n == 0)
		return st;
	w->any_php = w->any_php || s->words->php != NULL;
	w->any_raw = w->any_raw || s->words->php == NULL;
	ends = calloc(in->places.n, sizeof(*ends));
	st = ends == NULL ? vl_fail_memory(w->g->err) :
	                    room_for_spots(w, in->places.n);
	if (st == VL_OK)
		st = vl_finder_paths(s->finder, w->bytes, &in->places,
		    &in->keys, ends, w->g->err);
	for (i = 0; st == VL_OK && i < in->places.n; i++) {
		in->spots[in->nspots++] =
		    (struct rows_spot){ .place = in->places.list[i],
			    .secret = s,
			    .key = at,
			    .nkey = ends[i] - at };
		at = ends[i];
	}
	free(ends);
	return st;
}

static enum vl_status
find_all_secrets(struct within *w)
{
	const struct rows_reader *rd = w->g->rd;
	const struct rows_plan *p = rd->plan;
	struct rows_secret *s = p->secrets;
	enum vl_status st = VL_OK;

	if (!rd->t->columns[w->column].secret_inside ||
	    w->cell->type != VL_CELL_TEXT || w->bytes.n == 0)
		return VL_OK;
	for (; st == VL_OK && s < p->secrets + p->nsecrets; s++)
		if (s->table == rd->table && s->column == w->column &&
		    s->finder != NULL && rows_secret_holds(rd, s))
			st = find_secrets(w, s);
	return st;
}

/* It is a declared one. */
static bool
is_declared(const struct within *w, const struct rows_leak_found *found)
{
	const struct rows_spot *s = w->in->spots;

	for (; s < w->in->spots + w->in->nspots; s++)
		if (s->secret != NULL && found->at < s->place.at + s->place.n &&
		    s->place.at < found->at + found->n)
			return true;
	return false;
}

static enum vl_status
add_leak(struct within *w, const struct rows_leak_found *found, size_t number)
{
	struct rows_inside *in = w->in;
	const size_t at = in->keys.n;
	enum vl_status st = room_for_spots(w, 1);

	if (st == VL_OK)
		st = vl_buf_printf(
		    &in->keys, w->g->err, "%c%zu", ROWS_LEAK_MARK, number);
	if (st != VL_OK)
		return st;
	in->spots[in->nspots++] =
	    (struct rows_spot){ .place = { .at = found->at, .n = found->n },
		    .secret = rows_secret_leaked(
		        w->g->rd->plan, w->g->rd->table, w->column),
		    .blank = !found->slot,
		    .key = at,
		    .nkey = in->keys.n - at };
	return VL_OK;
}

/* Secrets that stand in it in clear. */
static enum vl_status
find_leaks(struct within *w)
{
	const struct rows_reader *rd = w->g->rd;
	struct rows_leak_found found = { 0 };
	enum vl_status st = VL_OK;
	size_t number = 0;
	size_t from = 0;

	while (st == VL_OK &&
	    rows_leak_next(rd, w->column, w->bytes, from, &found)) {
		from = found.at + found.n;
		if (is_declared(w, &found))
			continue;
		if (!found.decided)
			return rows_leak_note(
			    rd, w->column, found.of, w->g->err);
		if (w->cell->type == VL_CELL_BLOB &&
		    w->packing == VL_PACKING_NONE)
			return vl_fail(w->g->err, VL_EREFUSED,
			    "column '%s': a secret stands in a blob, of which "
			    "no part can be left out: skip it, or 'allow' it",
			    column_name(w));
		st = add_leak(w, &found, ++number);
	}
	return st;
}

/* All ids and secrets of the value, ascending. */
static enum vl_status
find_spots(struct within *w)
{
	const struct rows_column *c = &w->g->rd->t->columns[w->column];
	const struct rows_early_spot *early = NULL;
	struct rows_inside *in = w->in;
	enum vl_status st = VL_OK;
	size_t n = 0;
	size_t i = 0;

	in->nspots = 0;
	in->places.ncounted = 0;
	if (rows_early_spots(w->g->rd, w->column, w->cell, &early, &n)) {
		st = take_early(w, early, n);
		i = c->nrefs;
	}
	for (; st == VL_OK && i < c->nrefs; i++)
		if (rows_ref_reads(&c->refs[i], w->cell) &&
		    rows_reader_holds(w->g->rd, c->refs[i].condition))
			st = find_by(w, &c->refs[i]);
	if (st == VL_OK)
		st = find_all_secrets(w);
	if (st == VL_OK)
		st = find_leaks(w);
	if (st == VL_OK && in->nspots > 1) {
		sort_spots(in);
		st = check_apart(w);
	}
	if (in->places.ncounted > 1)
		qsort(in->places.counted, in->places.ncounted,
		    sizeof(*in->places.counted), by_at);
	return st;
}

/* Those of a secret become a slot. */
static enum vl_status
look_at_secret(const struct within *w, struct rows_spot *spot)
{
	struct rows_inside *in = w->in;
	struct vl_cell cell = { .type = VL_CELL_TEXT };
	enum vl_status st = VL_OK;

	if (spot->blank)
		return VL_OK;
	vl_buf_clear(&in->text);
	st = vl_place_read(&in->text, w->bytes, &spot->place, w->g->err);
	cell.bytes = vl_buf_slice(&in->text);
	spot->stays = !rows_secret_stands(&cell);
	if (st != VL_OK || spot->stays)
		return st;
	st = rows_slot_make(w->g, spot->secret,
	    (struct vl_slice){ in->keys.p + spot->key, spot->nkey }, &cell,
	    &spot->slot, &spot->blank);
	/* It may have stood in clear. */
	vl_secret_wipe(in->text.p, in->text.n);
	return st;
}

/* What the bytes at a spot mean. */
static enum vl_status
look_at_spot(const struct within *w, struct rows_spot *spot)
{
	struct rows_inside *in = w->in;
	struct rows_writing *g = w->g;
	enum rows_meaning meaning = ROWS_MEANS_NOTHING;
	struct vl_cell id = { .type = VL_CELL_TEXT };
	struct rows_note note = { 0 };
	enum vl_status st = VL_OK;

	if (spot->ref == NULL)
		return look_at_secret(w, spot);
	vl_buf_clear(&in->text);
	st = vl_place_read(&in->text, w->bytes, &spot->place, g->err);
	id.bytes = vl_buf_slice(&in->text);
	if (st == VL_OK)
		st = rows_lookup(g->s, g->rd, w->column, spot->ref, &id, &note,
		    &meaning, &g->drop, g->err);
	spot->stays = meaning != ROWS_MEANS_ROW ||
	    (note.state != ROWS_CARRIED && rows_ref_keeps(spot->ref));
	if (st != VL_OK || spot->stays)
		return st;
	spot->table = note.table;
	spot->key = in->keys.n;
	spot->nkey = note.key.n;
	return vl_buf_add(&in->keys, note.key, g->err);
}

enum vl_status
rows_write_inside(
    struct rows_writing *g, size_t column, const struct vl_cell *cell)
{
	struct within w = { .g = g,
		.in = &g->v->inside,
		.column = column,
		.cell = cell,
		.bytes = cell->bytes };
	enum vl_status st = VL_OK;
	bool some = false;
	size_t i = 0;

	if (cell->type != VL_CELL_TEXT && cell->type != VL_CELL_BLOB)
		return rows_write_cell(g, cell);
	vl_buf_clear(&w.in->keys);
	st = find_spots(&w);
	if (st == VL_OK && w.broken != NULL)
		return rows_write_broken(g, w.broken, cell);
	for (i = 0; st == VL_OK && i < w.in->nspots; i++) {
		st = look_at_spot(&w, &w.in->spots[i]);
		some = some || !w.in->spots[i].stays;
	}
	if (st != VL_OK)
		return st;
	if (!some)
		return rows_write_cell(g, cell);
	return rows_write_pieces(g, w.bytes, w.packing);
}

void
rows_inside_free(struct rows_inside *in)
{
	vl_buf_free(&in->text);
	vl_buf_free(&in->keys);
	vl_buf_free(&in->unpacked);
	vl_places_free(&in->places);
	free(in->spots);
	free(in->pieces);
}
