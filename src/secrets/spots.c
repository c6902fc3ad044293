/*
 * Where secrets stand in a text.  By a path it is found twice: first in a copy
 * that says nothing, then, with what was found blotted out, in one that has the
 * names of members, by which each place is called.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "files.h"

struct vl_slice
files_inside(const struct files_spots *spots, const struct files_spot *spot)
{
	return (
	    struct vl_slice){ spots->names.p + spot->inside, spot->ninside };
}

const struct files_spot *
files_named(const struct files_spots *spots, struct vl_slice inside)
{
	const struct files_spot *s = spots->list;

	for (; s < spots->list + spots->n; s++)
		if (vl_slice_equal(files_inside(spots, s), inside))
			return s;
	return NULL;
}

void
files_spots_free(struct files_spots *spots)
{
	free(spots->list);
	vl_buf_free(&spots->names);
	*spots = (struct files_spots){ 0 };
}

enum vl_status
files_add_spot(struct files_spots *spots, const struct files_spot *spot,
    struct vl_slice inside, struct vl_err *err)
{
	const size_t cap = spots->cap == 0 ? 16 : 2 * spots->cap;
	struct files_spot *grown = NULL;
	enum vl_status st = VL_OK;

	if (spots->n == spots->cap) {
		grown = reallocarray(spots->list, cap, sizeof(*grown));
		if (grown == NULL)
			return vl_fail_memory(err);
		spots->list = grown;
		spots->cap = cap;
	}
	spots->list[spots->n] = *spot;
	spots->list[spots->n].inside = spots->names.n;
	spots->list[spots->n].ninside = inside.n;
	st = vl_buf_add(&spots->names, inside, err);
	spots->n += st == VL_OK;
	return st;
}

/* ---- Behind a name ---- */

static enum vl_status
find_keyed(struct files_spots *out, struct files_spot *spot,
    const struct vl_secret_words *w, struct vl_slice text, struct vl_err *err)
{
	struct vl_hidden h = { 0 };
	struct vl_buf name = { 0 };
	enum vl_status st = w->keyed != NULL ?
	    vl_hidden_line(&h, text, w->keyed, err) :
	    vl_hidden_define(&h, text, w->define, err);

	if (st == VL_EUSAGE)
		return vl_fail(err, VL_EFORMAT, "%s", err->text);
	if (st != VL_OK || !h.found)
		return st;
	spot->form = FORM_LINE;
	if (w->keyed == NULL)
		spot->form =
		    h.quote == '"' ? FORM_CONSTANT_DOUBLE : FORM_CONSTANT;
	spot->at = h.value.n == 0 && h.value.p == NULL ?
	    text.n :
	    (size_t)(h.value.p - text.p);
	spot->n = h.value.n;
	st = vl_buf_printf(&name, err, "%s %s",
	    w->keyed != NULL ? "line" : "define",
	    w->keyed != NULL ? w->keyed : w->define);
	if (st == VL_OK)
		st = files_add_spot(out, spot, vl_buf_slice(&name), err);
	vl_buf_free(&name);
	return st;
}

/* ---- By a path ---- */

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* As many bytes that say nothing, and are the same kind of value. */
static void
blot(uint8_t *p, const struct vl_place *place)
{
	const bool number = place->form == VL_FORM_JSON_NUMBER;
	size_t i = 0;

	if (place->form == VL_FORM_YAML &&
	    vl_hidden_nothing((struct vl_slice){ p + place->at, place->n }))
		return;
	for (i = place->at; i < place->at + place->n; i++) {
		if (number && p[i] >= '0' && p[i] <= '9')
			p[i] = '1';
		else if (!number && !is_blank(p[i]))
			p[i] = 'x';
	}
}

static enum files_form
form_of(enum vl_part_form form)
{
	switch (form) {
	case VL_FORM_JSON_TEXT:
		return FORM_JSON;
	case VL_FORM_YAML_SINGLE:
		return FORM_YAML_SINGLE;
	case VL_FORM_YAML_DOUBLE:
		return FORM_YAML_DOUBLE;
	case VL_FORM_YAML_PART:
		return FORM_YAML_LINES;
	default:
		return FORM_BARE;
	}
}

static enum vl_status
add_places(struct vl_secretfiles *s, struct files_spots *out,
    struct files_spot *spot, const struct vl_finder *finder, struct vl_err *err)
{
	const struct vl_places *places = &s->places;
	size_t *ends = calloc(places->n + 1, sizeof(*ends));
	struct vl_slice inside = { 0 };
	struct vl_buf names = { 0 };
	enum vl_status st = ends == NULL ? vl_fail_memory(err) : VL_OK;
	size_t at = 0;
	size_t i = 0;

	if (st == VL_OK)
		st = vl_finder_paths(finder, vl_locked_slice(&s->scrubbed),
		    places, &names, ends, err);
	for (i = 0; st == VL_OK && i < places->n; i++) {
		spot->place = places->list[i];
		spot->at = spot->place.at;
		spot->n = spot->place.n;
		spot->form = form_of(spot->place.form);
		inside = (struct vl_slice){ names.p + at, ends[i] - at };
		if (inside.n > VL_SLOT_INSIDE_MAX)
			st = vl_fail(err, VL_EFORMAT,
			    "the path to a secret has more than %d bytes",
			    VL_SLOT_INSIDE_MAX);
		else if (!vl_utf8_valid(inside) ||
		    memchr(inside.p, 0, inside.n) != NULL)
			st = vl_fail(err, VL_EFORMAT,
			    "the path to a secret has a zero byte, or is not "
			    "UTF-8");
		else
			st = files_add_spot(out, spot, inside, err);
		at = ends[i];
	}
	vl_buf_free(&names);
	free(ends);
	return st;
}

static enum vl_status
find_by_path(struct vl_secretfiles *s, struct files_spots *out,
    struct files_spot *spot, const struct vl_secret_words *w,
    struct vl_slice text, struct vl_err *err)
{
	const struct vl_finder_words way = {
		.json = w->json, .yaml = w->yaml, .whole = true
	};
	struct vl_finder *f = NULL;
	enum vl_status st = vl_finder_new(&f, &way, err);
	size_t i = 0;

	s->places.n = 0;
	vl_locked_clear(&s->scrubbed);
	if (st == VL_OK)
		st = vl_hidden_paths(&s->places, text, &way, err);
	if (st == VL_OK)
		st = vl_locked_add(&s->scrubbed, text, err);
	for (i = 0; st == VL_OK && i < s->places.n; i++)
		blot(s->scrubbed.p, &s->places.list[i]);
	s->places.n = 0;
	if (st == VL_OK)
		st = vl_finder_find(
		    f, vl_locked_slice(&s->scrubbed), &s->places, err);
	if (st == VL_OK && s->places.n > 0)
		st = add_places(s, out, spot, f, err);
	vl_finder_free(f);
	vl_locked_clear(&s->scrubbed);
	return st;
}

/* ---- All ---- */

static int
by_place(const void *a, const void *b)
{
	const struct files_spot *x = a;
	const struct files_spot *y = b;

	if (x->at != y->at)
		return (x->at > y->at) - (x->at < y->at);
	return (x->entry > y->entry) - (x->entry < y->entry);
}

static void
drop_spot(struct files_spots *out, size_t i)
{
	out->n--;
	memmove(&out->list[i], &out->list[i + 1],
	    (out->n - i) * sizeof(*out->list));
}

/* Two entries may find one place, by one name: the first counts.  Else no two
 * are about the same bytes, nor called alike. */
static enum vl_status
settle(struct vl_secretfiles *s, struct files_spots *out, struct vl_slice file,
    struct vl_err *err)
{
	const struct files_spot *a = NULL;
	const struct files_spot *b = NULL;
	char shown[FILES_SHOWN];
	size_t i = 1;

	if (out->n > FILES_SPOTS_MAX)
		return vl_fail(err, VL_EREFUSED,
		    "%s: more secrets than a line of a manifest has room for: "
		    "name the whole file in 'secrets'",
		    files_shown(shown, file, (struct vl_slice){ 0 }));
	if (out->n > 1)
		qsort(out->list, out->n, sizeof(*out->list), by_place);
	while (i < out->n) {
		a = &out->list[i - 1];
		b = &out->list[i];
		if (a->at == b->at && a->n == b->n && a->entry != b->entry &&
		    vl_slice_equal(
		        files_inside(out, a), files_inside(out, b))) {
			drop_spot(out, i);
			continue;
		}
		if (b->at < a->at + a->n)
			return vl_fail(err, VL_EREFUSED,
			    "%s: '%s' and '%s' of 'secrets' meet in the same "
			    "bytes",
			    files_shown(shown, file, (struct vl_slice){ 0 }),
			    s->entries[a->entry].name,
			    s->entries[b->entry].name);
		i++;
	}
	for (i = 0; i < out->n; i++)
		if (files_named(out, files_inside(out, &out->list[i])) !=
		    &out->list[i]) {
			out->broken = &s->entries[out->list[i].entry];
			return vl_fail(&out->why, VL_EFORMAT,
			    "the name stands there twice");
		}
	return VL_OK;
}

static enum vl_status
find_by(struct vl_secretfiles *s, struct files_spots *out, size_t entry,
    struct vl_slice text, struct vl_err *err)
{
	const struct vl_secret_words *w = s->entries[entry].words;
	struct files_spot spot = { .entry = entry };

	if (w->keyed != NULL || w->define != NULL)
		return find_keyed(out, &spot, w, text, err);
	if (w->json != NULL || w->yaml != NULL)
		return find_by_path(s, out, &spot, w, text, err);
	spot.form = FORM_WHOLE;
	spot.n = text.n;
	return files_add_spot(out, &spot, (struct vl_slice){ 0 }, err);
}

enum vl_status
files_find(struct files_spots *out, struct vl_secretfiles *s,
    struct vl_slice file, struct vl_slice text, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	out->n = 0;
	out->broken = NULL;
	vl_buf_clear(&out->names);
	for (i = 0; st == VL_OK && i < s->n; i++) {
		if (!files_is_about(&s->entries[i], file))
			continue;
		out->why = (struct vl_err){ 0 };
		st = find_by(s, out, i, text, &out->why);
		if (st == VL_EFORMAT || st == VL_ELIMIT) {
			out->broken = &s->entries[i];
			return VL_OK;
		}
		if (st != VL_OK)
			*err = out->why;
	}
	if (st == VL_OK)
		st = settle(s, out, file, err);
	return out->broken != NULL ? VL_OK : st;
}

enum vl_status
files_read(struct vl_locked *out, struct vl_slice text,
    const struct files_spot *spot, struct vl_err *err)
{
	const struct vl_hidden h = { true,
		spot->form == FORM_CONSTANT ? '\'' : '"',
		{ text.p + spot->at, spot->n } };
	enum vl_status st = VL_OK;

	vl_locked_clear(out);
	switch (spot->form) {
	case FORM_CONSTANT:
	case FORM_CONSTANT_DOUBLE:
		return vl_hidden_define_read(out, &h, err);
	case FORM_WHOLE:
	case FORM_LINE:
	case FORM_LEAK:
		return vl_locked_add(out, h.value, err);
	default:
		st = vl_hidden_read(out, text, &spot->place, err);
		return st == VL_EUSAGE ?
		    vl_fail(err, VL_EFORMAT,
		        "it is spelled in a way that is not read here") :
		    st;
	}
}
