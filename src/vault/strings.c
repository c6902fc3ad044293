/*
 * Strings of a JSON value that is a secret: found without a copy of it in
 * memory that is not locked.
 */

#include <valise/hidden.h>
#include <valise/needles.h>

#include "inside.h"

#define DEPTH_MAX 128

struct strings {
	struct vl_needles *n;
	const struct vl_needle_words *words;
	struct vl_slice value;
	const char *of;
	struct vl_locked text;
	struct vl_err *err;
};

static enum vl_status
take(struct strings *s, const struct vl_place *place)
{
	enum vl_status st = VL_OK;

	vl_locked_clear(&s->text);
	st = vl_hidden_read(&s->text, s->value, place, s->err);
	if (st == VL_EUSAGE) {
		*s->err = (struct vl_err){ 0 };
		return VL_OK;
	}
	return st == VL_OK ?
	    vl_needles_add(s->n, vl_locked_slice(&s->text), s->of, s->err) :
	    st;
}

static enum vl_status
take_paths(struct strings *s)
{
	struct vl_places places = { 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; st == VL_OK && i < s->words->nsearch; i++) {
		places.n = 0;
		st = vl_hidden_paths(&places, s->value,
		    &(struct vl_finder_words){ .json = s->words->search[i] },
		    s->err);
		for (k = 0; st == VL_OK && k < places.n; k++)
			if (places.list[k].form == VL_FORM_JSON_TEXT)
				st = take(s, &places.list[k]);
	}
	vl_places_free(&places);
	return st;
}

/* Behind the quote that opens a string; where it ends. */
static size_t
string_end(struct vl_slice value, size_t at)
{
	while (at < value.n && value.p[at] != '"')
		at += value.p[at] == '\\' ? 2 : 1;
	return at < value.n ? at : value.n;
}

static bool
is_name(struct vl_slice value, size_t at)
{
	while (at < value.n && strchr(" \t\r\n", value.p[at]) != NULL &&
	    value.p[at] != 0)
		at++;
	return at < value.n && value.p[at] == ':';
}

/* Of each string that is a value, with the name before it; one in a list has
 * that of the list. */
static enum vl_status
take_suspected(struct strings *s)
{
	struct vl_slice names[DEPTH_MAX + 1] = { 0 };
	const struct vl_slice v = s->value;
	struct vl_slice text = { 0 };
	enum vl_status st = VL_OK;
	size_t depth = 0;
	size_t at = 0;
	size_t end = 0;

	for (at = 0; st == VL_OK && at < v.n; at++) {
		if ((v.p[at] == '{' || v.p[at] == '[') && depth < DEPTH_MAX) {
			depth++;
			names[depth] = names[depth - 1];
		}
		if ((v.p[at] == '}' || v.p[at] == ']') && depth > 0)
			depth--;
		if (v.p[at] != '"')
			continue;
		end = string_end(v, at + 1);
		text = (struct vl_slice){ v.p + at + 1, end - at - 1 };
		if (is_name(v, end + 1))
			names[depth] = text;
		else if (s->words->suspect(names[depth], text))
			st = take(s,
			    &(struct vl_place){
			        at + 1, text.n, VL_FORM_JSON_TEXT });
		at = end;
	}
	return st;
}

enum vl_status
vl_needles_add_json(struct vl_needles *n, const struct vl_needle_words *words,
    struct vl_slice value, const char *of, struct vl_err *err)
{
	struct strings s = { n, words, value, of, { 0 }, err };
	enum vl_status st = VL_OK;

	if (!vl_plain_fits(VL_PLAIN_JSON, value))
		return vl_needles_add(n, value, of, err);
	st = words->nsearch > 0 ? take_paths(&s) : take_suspected(&s);
	vl_locked_free(&s.text);
	return st;
}
