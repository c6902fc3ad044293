/*
 * Reads a value as PHP's serialize() writes it, once from its first byte to
 * its last, and says where the strings and integers stand that a path selects
 * (formats/values.md, "PHP").  Nothing is built, and nothing is followed:
 * what stands in an object is parsed and selected by no path, and numbers of
 * slots (r, R) stay right because no value is added or taken away.
 *
 * It takes what serialize() writes and not all that unserialize() bears, so
 * that a length which is written anew is the only byte that differs.
 */

#include <valise/text.h>

#include "place.h"

struct level {
	uint64_t states; /* of the array; 0 in an object */
	size_t left;     /* values to come */
};

struct php {
	const struct json_path *path;
	const struct leaf_visit *visit;
	const uint8_t *first;
	const uint8_t *p;
	const uint8_t *end;
	const char *why; /* refused for */
	size_t slots;    /* values so far that r and R can name */
	bool opaque;     /* a C: was among them: who knows how many */
	size_t depth;
	struct level levels[DEPTH_MAX];
};

static bool
refuse(struct php *s, const char *why)
{
	s->why = why;
	return false;
}

static bool
take(struct php *s, char c)
{
	if (s->p == s->end || *s->p != (uint8_t)c)
		return false;
	s->p++;
	return true;
}

static bool
expect(struct php *s, const char *text, const char *why)
{
	for (; *text != '\0'; text++)
		if (!take(s, *text))
			return refuse(s, why);
	return true;
}

static bool
is_digit(const struct php *s)
{
	return s->p < s->end && *s->p >= '0' && *s->p <= '9';
}

/* Decimal, without a zero in front, and below the bytes of the value: of
 * whatever is counted each takes one at least. */
static bool
read_count(struct php *s, size_t *n)
{
	const uint8_t *from = s->p;
	const size_t most = (size_t)(s->end - s->first);
	size_t digit = 0;

	*n = 0;
	for (; is_digit(s); s->p++) {
		digit = (size_t)(*s->p - '0');
		if (digit > most || *n > (most - digit) / 10)
			return refuse(s, "more than the value has bytes");
		*n = *n * 10 + digit;
	}
	if (s->p == from)
		return refuse(s, "a number is missing");
	if (*from == '0' && s->p - from > 1)
		return refuse(s, "a number with a zero in front");
	return true;
}

/* `N:"bytes"`: the bytes. */
static bool
read_counted(struct php *s, struct leaf *leaf)
{
	const uint8_t *from = s->p;

	if (!read_count(s, &leaf->n) || !expect(s, ":\"", "':\"' is missing"))
		return false;
	if (leaf->n > (size_t)(s->end - s->p))
		return refuse(s, "the string is longer than the value");
	leaf->at = (size_t)(s->p - s->first);
	leaf->head = (size_t)(s->p - from);
	s->p += leaf->n;
	return expect(s, "\"", "the string does not end where its length says");
}

static bool
is_name_byte(uint8_t c, bool with_case)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_' || c == '\\' || c >= 0x80 ||
	    (with_case && c == ':');
}

static bool
read_class(struct php *s, bool with_case)
{
	struct leaf name = { 0 };
	size_t i = 0;

	if (!expect(s, ":", "':' is missing") || !read_counted(s, &name))
		return false;
	for (i = 0; i < name.n; i++)
		if (!is_name_byte(s->first[name.at + i], with_case))
			break;
	if (i < name.n || name.n == 0) {
		s->p = s->first + name.at + i;
		return refuse(s, "not the name of a class");
	}
	return true;
}

/* -?(0|[1-9][0-9]*) of 64 bits, and not -0. */
static bool
read_int(struct php *s, struct leaf *leaf)
{
	const uint8_t *from = s->p;
	const bool negative = take(s, '-');
	const uint64_t most = (uint64_t)INT64_MAX + negative;
	uint64_t n = 0;
	uint64_t digit = 0;
	const uint8_t *digits = s->p;

	leaf->form = VL_FORM_JSON_NUMBER;
	leaf->at = (size_t)(from - s->first);
	for (; is_digit(s); s->p++) {
		digit = (uint64_t)(*s->p - '0');
		if (n > (most - digit) / 10)
			return refuse(s, "an integer of more than 64 bits");
		n = n * 10 + digit;
	}
	if (s->p == digits)
		return refuse(s, "a digit is missing");
	if (*digits == '0' && (negative || s->p - digits > 1))
		return refuse(s, "a number with a zero in front");
	leaf->n = (size_t)(s->p - from);
	return expect(s, ";", "';' is missing");
}

static bool
take_digits(struct php *s)
{
	const uint8_t *from = s->p;

	while (is_digit(s))
		s->p++;
	return s->p > from;
}

/* 0.5, 1.0E+25, -0, INF, -INF, NAN */
static bool
read_double(struct php *s)
{
	bool ok = false;

	if (take(s, 'N'))
		return expect(s, "AN;", "not a number");
	(void)take(s, '-');
	if (take(s, 'I'))
		return expect(s, "NF;", "not a number");
	ok = take_digits(s);
	if (ok && take(s, '.'))
		ok = take_digits(s);
	if (ok && take(s, 'E')) {
		if (!take(s, '+'))
			(void)take(s, '-');
		ok = take_digits(s);
	}
	return ok ? expect(s, ";", "';' is missing") :
	            refuse(s, "a digit is missing");
}

/* r and R: one of the values so far, or what is around it; r is one itself. */
static bool
read_slot(struct php *s, char kind)
{
	const size_t most = kind == 'r' ? s->slots - 1 : s->slots;
	size_t n = 0;

	if (!read_count(s, &n) || !expect(s, ";", "';' is missing"))
		return false;
	if (n == 0 || (n > most && !s->opaque))
		return refuse(s, "it refers to a value that is not there");
	return true;
}

/* Bytes that only their class can read. */
static bool
read_opaque(struct php *s)
{
	size_t n = 0;

	s->opaque = true;
	if (!read_class(s, false) || !expect(s, ":", "':' is missing") ||
	    !read_count(s, &n) || !expect(s, ":{", "':{' is missing"))
		return false;
	if (n > (size_t)(s->end - s->p))
		return refuse(s, "the object is longer than the value");
	s->p += n;
	return expect(s, "}", "the object does not end where its length says");
}

static bool
read_bool(struct php *s)
{
	if (!take(s, '0') && !take(s, '1'))
		return refuse(s, "neither 0 nor 1");
	return expect(s, ";", "';' is missing");
}

/* `found`: it is a leaf, and in `leaf`. */
static bool
read_scalar(struct php *s, char kind, struct leaf *leaf, bool *found)
{
	*leaf = (struct leaf){ .form = VL_FORM_PLAIN };
	*found = kind == 's' || kind == 'i';
	if (kind == 'N')
		return expect(s, ";", "';' is missing");
	if (kind == '\0' || strchr("bidsrRCE", kind) == NULL)
		return refuse(s, "not a value");
	if (kind == 'E' || kind == 'C') {
		if (kind == 'C')
			return read_opaque(s);
		return read_class(s, true) && expect(s, ";", "';' is missing");
	}
	if (!expect(s, ":", "':' is missing"))
		return false;
	switch (kind) {
	case 'b':
		return read_bool(s);
	case 'i':
		return read_int(s, leaf);
	case 'd':
		return read_double(s);
	case 's':
		return read_counted(s, leaf) &&
		    expect(s, ";", "';' is missing");
	default:
		return read_slot(s, kind);
	}
}

static bool
open_nested(struct php *s, char kind, uint64_t states)
{
	struct level *level = NULL;

	if (s->depth == DEPTH_MAX)
		return refuse(s, "nested deeper than 128");
	level = &s->levels[s->depth];
	*level = (struct level){ .states = kind == 'a' ? states : 0 };
	if (kind == 'O' && !read_class(s, false))
		return false;
	if (!expect(s, ":", "':' is missing") || !read_count(s, &level->left) ||
	    !expect(s, ":{", "':{' is missing"))
		return false;
	s->depth++;
	return true;
}

/* To the next key, behind all that ends here, or to the end. */
static bool
go_on(struct php *s, bool *end)
{
	while (s->depth > 0 && s->levels[s->depth - 1].left == 0) {
		if (!expect(s, "}",
		        "'}' is missing: it has more or fewer "
		        "values than it says"))
			return false;
		s->depth--;
	}
	*end = s->depth == 0;
	if (*end && s->p < s->end)
		return refuse(s, "text goes on behind the value");
	if (!*end)
		s->levels[s->depth - 1].left--;
	return true;
}

static bool
read_key(struct php *s, struct leaf *key)
{
	const char kind = s->p < s->end ? (char)*s->p : '\0';
	bool found = false;

	if (kind != 'i' && kind != 's')
		return refuse(s, "a key is missing");
	s->p++;
	return read_scalar(s, kind, key, &found);
}

/* The states of what stands behind `key`. */
static uint64_t
step(const struct php *s, const struct leaf *key)
{
	struct kid kid = { .named = true,
		.name = { s->first + key->at, key->n } };
	size_t i = 0;

	kid.indexed = key->form == VL_FORM_JSON_NUMBER && *kid.name.p != '-';
	for (i = 0; kid.indexed && i < key->n; i++)
		kid.index = kid.index * 10 + (size_t)(kid.name.p[i] - '0');
	if (s->visit->enter != NULL)
		s->visit->enter(s->visit->with, s->depth, &kid);
	return path_step(s->path, s->levels[s->depth - 1].states, &kid);
}

/* Whether the path ends here, at a key or at a value. */
static bool
selects(const struct php *s, uint64_t states, bool key)
{
	if (s->path == NULL)
		return s->visit->enter == NULL || !key;
	return s->path->keys == key && (states >> s->path->n & 1) != 0;
}

/* One value, or what opens it. */
static bool
read_value(struct php *s, uint64_t states, struct leaf *leaf, bool *found)
{
	const char kind = s->p < s->end ? (char)*s->p : '\0';
	const uint8_t *from = s->p;

	*found = false;
	if (s->p == s->end)
		return refuse(s, "the value ends early");
	s->p++;
	if (kind != 'R')
		s->slots++;
	if (kind == 'a' || kind == 'O')
		return open_nested(s, kind, states);
	if (!read_scalar(s, kind, leaf, found))
		return false;
	if (!*found && s->visit->enter != NULL) {
		*found = true;
		leaf->at = (size_t)(from - s->first);
		leaf->n = (size_t)(s->p - from) - (s->p[-1] == ';');
	}
	*found = *found && selects(s, states, false);
	return true;
}

enum vl_status
php_scan(const struct json_path *path, struct vl_slice value,
    const struct leaf_visit *visit, struct vl_err *err)
{
	static const uint8_t nothing[1];
	struct php s = { .path = path, .visit = visit };
	struct leaf leaf = { 0 };
	enum vl_status st = VL_OK;
	uint64_t states = 1;
	bool found = false;
	bool end = false;
	bool ok = true;

	s.first = value.n > 0 ? value.p : nothing;
	s.p = s.first;
	s.end = s.first + value.n;
	for (;;) {
		ok = read_value(&s, states, &leaf, &found);
		if (ok && found)
			st = visit->leaf(visit->with, &leaf, err);
		ok = ok && st == VL_OK && go_on(&s, &end);
		if (!ok || end || !read_key(&s, &leaf))
			break;
		states = step(&s, &leaf);
		if (selects(&s, states, true))
			st = visit->leaf(visit->with, &leaf, err);
		if (st != VL_OK)
			break;
	}
	if (st == VL_OK && s.why != NULL)
		return vl_fail(err, VL_EFORMAT,
		    "not PHP-serialised at byte %zu: %s",
		    (size_t)(s.p - s.first), s.why);
	return st;
}
