/*
 * Reads JSON (RFC 8259, any spelling and white space) once from its first
 * byte to its last, and says where the leaves stand that a JSONPath selects.
 * Nothing is built: of every open object or array it keeps in which states of
 * the path the walk is there.
 *
 * Lone surrogates are spelled by programs that cut a text in two, and are
 * let pass; bytes that are not UTF-8 are not JSON.
 */

#include <valise/text.h>

#include "place.h"

struct level {
	uint64_t states; /* of the object or array */
	size_t index;    /* of the next value of an array */
	bool object;
};

struct scan {
	const struct json_path *path;
	const struct leaf_visit *visit;
	const uint8_t *first;
	const uint8_t *p;
	const uint8_t *end;
	const char *why; /* refused for */
	size_t depth;    /* of open objects and arrays */
	struct leaf key; /* of the value at hand */
	bool keyed;      /* it has one */
	struct level *levels;
};

static bool
refuse(struct scan *s, const char *why)
{
	s->why = why;
	return false;
}

static void
skip_space(struct scan *s)
{
	while (s->p < s->end &&
	    (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
		s->p++;
}

static bool
comes(const struct scan *s, char c)
{
	return s->p < s->end && *s->p == (uint8_t)c;
}

static bool
take(struct scan *s, char c)
{
	if (!comes(s, c))
		return false;
	s->p++;
	return true;
}

/* At a quote; behind it the string without its quotes is in `leaf`. */
static bool
read_string(struct scan *s, struct leaf *leaf)
{
	const uint8_t *from = ++s->p;
	const uint8_t *p = from;
	struct unit u = { 0 };
	uint8_t all = 0;

	leaf->form = VL_FORM_JSON_TEXT;
	leaf->at = (size_t)(from - s->first);
	leaf->escaped = false;
	for (; p < s->end && *p != '"'; p++) {
		all |= *p;
		if (*p >= 0x20 && *p != '\\')
			continue;
		s->p = p;
		if (*p < 0x20)
			return refuse(s, "control character in a string");
		if (!json_unit(
		        &u, (struct vl_slice){ p, (size_t)(s->end - p) }))
			return refuse(s, "not an escape of JSON");
		leaf->escaped = true;
		p += u.raw - 1;
	}
	s->p = p;
	leaf->n = (size_t)(p - from);
	if (all >= 0x80 && !vl_utf8_valid((struct vl_slice){ from, leaf->n }))
		return refuse(s, "the string that ends here is not UTF-8");
	if (!take(s, '"'))
		return refuse(s, "the string has no end");
	return true;
}

static bool
take_digits(struct scan *s)
{
	const uint8_t *from = s->p;

	while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
		s->p++;
	return s->p > from;
}

static bool
read_number(struct scan *s, struct leaf *leaf)
{
	const uint8_t *from = s->p;

	leaf->form = VL_FORM_JSON_NUMBER;
	leaf->at = (size_t)(from - s->first);
	leaf->escaped = false;
	(void)take(s, '-');
	if (!take(s, '0') && !take_digits(s))
		return refuse(s, "not a value");
	if (take(s, '.') && !take_digits(s))
		return refuse(s, "a digit is missing");
	if (take(s, 'e') || take(s, 'E')) {
		if (!take(s, '+'))
			(void)take(s, '-');
		if (!take_digits(s))
			return refuse(s, "a digit is missing");
	}
	leaf->n = (size_t)(s->p - from);
	return true;
}

static bool
read_word(struct scan *s, const char *word)
{
	const size_t n = strlen(word);

	if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
		return refuse(s, "not a value");
	s->p += n;
	return true;
}

/* The states at a kid; `key` is NULL for the value `index` of an array. */
static uint64_t
kid_states(
    const struct scan *s, const struct level *level, const struct leaf *key)
{
	struct kid kid = { .indexed = key == NULL, .index = level->index };

	if (key != NULL) {
		kid.named = true;
		kid.escaped = key->escaped;
		kid.name = (struct vl_slice){ s->first + key->at, key->n };
		kid.at = key->at - 1;
		kid.n = key->n + 2;
	}
	if (s->visit->enter != NULL)
		s->visit->enter(s->visit->with, s->depth, &kid);
	return path_step(s->path, level->states, &kid);
}

/* Up to the next value of the innermost object or array. */
static bool
begin_kid(struct scan *s, uint64_t *states)
{
	struct level *level = &s->levels[s->depth - 1];

	s->keyed = level->object;
	if (!level->object) {
		*states = kid_states(s, level, NULL);
		level->index++;
		return true;
	}
	skip_space(s);
	if (!comes(s, '"'))
		return refuse(s, "a key is missing");
	if (!read_string(s, &s->key))
		return false;
	skip_space(s);
	if (!take(s, ':'))
		return refuse(s, "':' is missing");
	*states = kid_states(s, level, &s->key);
	return true;
}

/* Behind a value or, with `opened`, a bracket: to the next value, or `end`. */
static bool
go_on(struct scan *s, bool opened, uint64_t *states, bool *end)
{
	for (;;) {
		skip_space(s);
		if (s->depth == 0) {
			*end = true;
			return s->p == s->end ||
			    refuse(s, "text goes on behind the value");
		}
		if (take(s, s->levels[s->depth - 1].object ? '}' : ']')) {
			s->depth--;
			opened = false;
			if (s->visit->close != NULL)
				s->visit->close(
				    s->visit->with, (size_t)(s->p - s->first));
			continue;
		}
		if (!opened && !take(s, ','))
			return refuse(
			    s, "',' or the closing bracket is missing");
		return begin_kid(s, states);
	}
}

static bool
open_nested(struct scan *s, uint64_t states)
{
	if (s->depth == DEPTH_MAX)
		return refuse(s, "nested deeper than 128");
	s->levels[s->depth++] =
	    (struct level){ .states = states, .object = *s->p == '{' };
	if (s->visit->open != NULL)
		s->visit->open(s->visit->with,
		    *s->p == '{' ? NEST_MAP : NEST_LIST,
		    (size_t)(s->p - s->first));
	s->p++;
	return true;
}

/* `found`: it is a leaf, and in `leaf`. */
static bool
read_scalar(struct scan *s, struct leaf *leaf, bool *found)
{
	*found = false;
	if (s->p == s->end)
		return refuse(s, "the text ends early");
	switch (*s->p) {
	case 't':
		return read_word(s, "true");
	case 'f':
		return read_word(s, "false");
	case 'n':
		return read_word(s, "null");
	case '"':
		*found = true;
		return read_string(s, leaf);
	default:
		*found = true;
		return read_number(s, leaf);
	}
}

/* Whether the path ends here, at a key or at a value. */
static bool
selects(const struct scan *s, uint64_t states, bool key)
{
	if (s->path == NULL)
		return !key;
	return s->path->keys == key && (states >> s->path->n & 1) != 0;
}

enum vl_status
json_scan(const struct json_path *path, struct vl_slice value,
    const struct leaf_visit *visit, struct vl_err *err)
{
	static const uint8_t nothing[1];
	struct level levels[DEPTH_MAX]; /* those that are open have a value */
	struct scan s = { .path = path, .visit = visit, .levels = levels };
	struct leaf leaf = { 0 };
	const uint8_t *from = NULL;
	enum vl_status st = VL_OK;
	uint64_t states = 1;
	bool opened = false;
	bool found = false;
	bool ok = true;
	bool end = false;

	s.first = value.n > 0 ? value.p : nothing;
	s.p = s.first;
	s.end = s.first + value.n;
	while (ok && st == VL_OK && !end) {
		skip_space(&s);
		opened = comes(&s, '{') || comes(&s, '[');
		from = s.p;
		ok = opened ? open_nested(&s, states) :
		              read_scalar(&s, &leaf, &found);
		if (ok && !opened && !found && visit->enter != NULL) {
			found = true;
			leaf = (struct leaf){ .at = (size_t)(from - s.first),
				.n = (size_t)(s.p - from) };
		}
		if (ok && !opened && found && selects(&s, states, false))
			st = visit->leaf(visit->with, &leaf, err);
		if (ok && st == VL_OK)
			ok = go_on(&s, opened, &states, &end);
		if (ok && st == VL_OK && !end && s.keyed &&
		    selects(&s, states, true))
			st = visit->leaf(visit->with, &s.key, err);
	}
	if (!ok)
		return vl_fail(err, VL_EFORMAT, "not JSON at byte %zu: %s",
		    (size_t)(s.p - s.first), s.why);
	return st;
}
