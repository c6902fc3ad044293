/*
 * Strict reader of canonical JSON (formats/manifest.md, "Canonical JSON"):
 * one pass, no allocation but the list of items, and no second form of
 * anything, so that what it accepts is what the writer writes.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/json.h>
#include <valise/text.h>

#include "json_eight.h"

#define DIGITS_MAX 15 /* of VL_JSON_INT_MAX */

struct reader {
	struct vl_json *j;
	const uint8_t *p;
	const uint8_t *end;
	unsigned depth;  /* of open objects and arrays */
	const char *why; /* refused for; NULL when memory is exhausted */
};

static bool read_value(struct reader *r);

static bool
refuse(struct reader *r, const char *why)
{
	r->why = why;
	return false;
}

/* Step over `c` if it comes next. */
static bool
take(struct reader *r, uint8_t c)
{
	if (r->p == r->end || *r->p != c)
		return false;
	r->p++;
	return true;
}

/* A new last item, or NULL when memory is exhausted. */
static struct vl_json_item *
add_item(struct reader *r, enum vl_json_type type)
{
	struct vl_json *j = r->j;
	struct vl_json_item *grown = NULL;
	size_t cap = j->cap == 0 ? 64 : 2 * j->cap;

	if (j->n == j->cap) {
		grown = reallocarray(j->items, cap, sizeof(*grown));
		if (grown == NULL)
			return NULL;
		j->items = grown;
		j->cap = cap;
	}
	j->items[j->n] =
	    (struct vl_json_item){ .type = type, .next = (uint32_t)j->n + 1 };
	return &j->items[j->n++];
}

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* The byte for the letter of a two-character escape, or -1. */
static int
short_escape(uint8_t c)
{
	switch (c) {
	case '"':
	case '\\':
		return c;
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return -1;
	}
}

/*
 * The byte that the escape at *p stands for, and step over it; -1 where the
 * writer would not have written it so.  All escapes stand for one byte:
 * only ASCII is escaped.
 */
static int
take_escape(const uint8_t **p, const uint8_t *end)
{
	const uint8_t *s = *p;
	int low;
	int c;

	if (end - s < 2)
		return -1;
	c = short_escape(s[1]);
	if (c >= 0) {
		*p = s + 2;
		return c;
	}
	if (end - s < 6 || memcmp(s, "\\u00", 4) != 0 || s[4] < '0' ||
	    s[4] > '1')
		return -1;
	low = hex_digit(s[5]);
	if (low < 0)
		return -1;
	c = (s[4] - '0') * 16 + low;
	if (c == 0 || c == '\b' || c == '\f' || c == '\n' || c == '\r' ||
	    c == '\t')
		return -1;
	*p = s + 6;
	return c;
}

/* Where the next quote, backslash or control character is, or `end`; what is
 * above ASCII on the way leaves a high bit in `high`. */
static const uint8_t *
skip_plain(const uint8_t *p, const uint8_t *end, uint64_t *high)
{
	uint64_t eight = 0;

	for (; (size_t)(end - p) >= sizeof(eight); p += sizeof(eight)) {
		memcpy(&eight, p, sizeof(eight));
		if (json_to_escape(eight) != 0)
			break;
		*high |= eight;
	}
	for (; p < end && *p >= 0x20 && *p != '"' && *p != '\\'; p++)
		*high |= *p;
	return p;
}

static bool
read_string(struct reader *r)
{
	struct vl_json_item *item = NULL;
	const uint8_t *p = r->p + 1;
	struct vl_slice raw = { p, 0 };
	bool escaped = false;
	uint64_t high = 0;

	for (;;) {
		p = skip_plain(p, r->end, &high);
		if (p == r->end || *p == '"')
			break;
		if (*p != '\\') {
			r->p = p;
			return refuse(r, "control character in a string");
		}
		escaped = true;
		if (take_escape(&p, r->end) < 0) {
			r->p = p;
			return refuse(r, "escape is not canonical");
		}
	}
	raw.n = (size_t)(p - raw.p);
	if (p == r->end)
		return refuse(r, "string has no end");
	if ((high & JSON_HIGH) != 0 && !vl_utf8_valid(raw))
		return refuse(r, "string is not UTF-8");
	item = add_item(r, VL_JSON_STRING);
	if (item == NULL)
		return false;
	item->raw = raw;
	item->escaped = escaped;
	r->p = p + 1;
	return true;
}

static bool
read_int(struct reader *r)
{
	struct vl_json_item *item = NULL;
	const uint8_t *begin = r->p;
	bool negative = take(r, '-');
	const uint8_t *first = r->p;
	int64_t n = 0;

	while (r->p < r->end && *r->p >= '0' && *r->p <= '9') {
		if (r->p - first == DIGITS_MAX)
			return refuse(r, "number is 10^15 or more");
		n = n * 10 + (*r->p++ - '0');
	}
	if (r->p == first)
		return refuse(r, "not a value");
	if (*first == '0' && (negative || r->p - first > 1))
		return refuse(r, "number is not canonical");
	item = add_item(r, VL_JSON_INT);
	if (item == NULL)
		return false;
	item->number = negative ? -n : n;
	item->raw = (struct vl_slice){ begin, (size_t)(r->p - begin) };
	return true;
}

static bool
read_word(struct reader *r, const char *word, enum vl_json_type type)
{
	size_t n = strlen(word);

	if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0)
		return refuse(r, "not a value");
	r->p += n;
	if (add_item(r, type) == NULL)
		return false;
	r->j->items[r->j->n - 1].raw = (struct vl_slice){ r->p - n, n };
	return true;
}

/* The next decoded byte of a string that was read, or -1 at its end. */
static int
next_byte(const struct vl_json_item *item, const uint8_t **p)
{
	const uint8_t *end = item->raw.p + item->raw.n;

	if (*p == end)
		return -1;
	if (item->escaped && **p == '\\')
		return take_escape(p, end);
	return *(*p)++;
}

/* Order of two strings by their decoded bytes. */
static int
string_cmp(const struct vl_json_item *a, const struct vl_json_item *b)
{
	const uint8_t *p = a->raw.p;
	const uint8_t *q = b->raw.p;
	int x;
	int y;

	if (!a->escaped && !b->escaped)
		return vl_slice_cmp(a->raw, b->raw);
	do {
		x = next_byte(a, &p);
		y = next_byte(b, &q);
	} while (x == y && x >= 0);
	return (x > y) - (x < y);
}

static bool
read_members(struct reader *r, uint32_t *count)
{
	const struct vl_json *j = r->j;
	size_t before = VL_JSON_NONE;
	size_t key;

	do {
		key = j->n;
		if (r->p == r->end || *r->p != '"')
			return refuse(r, "a key is missing");
		if (!read_string(r))
			return false;
		if (before != VL_JSON_NONE &&
		    string_cmp(&j->items[before], &j->items[key]) >= 0)
			return refuse(r, "keys are not in ascending order");
		if (!take(r, ':'))
			return refuse(r, "':' is missing");
		if (!read_value(r))
			return false;
		before = key;
		++*count;
	} while (take(r, ','));
	return true;
}

static bool
read_values(struct reader *r, uint32_t *count)
{
	do {
		if (!read_value(r))
			return false;
		++*count;
	} while (take(r, ','));
	return true;
}

/* An object or array; recursion ends at VL_JSON_DEPTH_MAX. */
static bool
read_nested(struct reader *r, enum vl_json_type type)
{
	const uint8_t close = type == VL_JSON_OBJECT ? '}' : ']';
	const uint8_t *begin = r->p;
	struct vl_json *j = r->j;
	size_t at = j->n;
	uint32_t count = 0;
	bool read;

	if (r->depth == VL_JSON_DEPTH_MAX)
		return refuse(r, "nested deeper than 8");
	if (add_item(r, type) == NULL)
		return false;
	r->depth++;
	r->p++;
	if (!take(r, close)) {
		read = type == VL_JSON_OBJECT ? read_members(r, &count) :
		                                read_values(r, &count);
		if (!read)
			return false;
		if (!take(r, close))
			return refuse(r,
			    "',' or the closing bracket is "
			    "missing");
	}
	r->depth--;
	j->items[at].raw = (struct vl_slice){ begin, (size_t)(r->p - begin) };
	j->items[at].count = count;
	j->items[at].next = (uint32_t)j->n;
	return true;
}

static bool
read_value(struct reader *r)
{
	if (r->p == r->end)
		return refuse(r, "text ends early");
	switch (*r->p) {
	case '{':
		return read_nested(r, VL_JSON_OBJECT);
	case '[':
		return read_nested(r, VL_JSON_ARRAY);
	case '"':
		return read_string(r);
	case 't':
		return read_word(r, "true", VL_JSON_TRUE);
	case 'f':
		return read_word(r, "false", VL_JSON_FALSE);
	case 'n':
		return read_word(r, "null", VL_JSON_NULL);
	default:
		return read_int(r);
	}
}

enum vl_status
vl_json_parse(struct vl_json *j, struct vl_slice text, struct vl_err *err)
{
	struct reader r = { .j = j, .p = text.p };
	bool read;

	j->n = 0;
	if (text.n == 0)
		return vl_fail(err, VL_EFORMAT, "not JSON: no bytes");
	if (text.n > UINT32_MAX) /* counts and places of items have 32 bits */
		return vl_fail(
		    err, VL_ELIMIT, "JSON text has %zu bytes", text.n);
	r.end = text.p + text.n;
	read = read_value(&r);
	if (read && r.p != r.end)
		read = refuse(&r, "text goes on behind the value");
	if (read)
		return VL_OK;
	j->n = 0;
	if (r.why == NULL)
		return vl_fail_memory(err);
	return vl_fail(err, VL_EFORMAT, "not canonical JSON at byte %zu: %s",
	    (size_t)(r.p - text.p), r.why);
}

size_t
vl_json_member(const struct vl_json *j, size_t object, const char *name)
{
	struct vl_json_item wanted = { .raw = vl_slice_of(name) };
	size_t key = object + 1;
	uint32_t i;

	if (j->items[object].type != VL_JSON_OBJECT)
		return VL_JSON_NONE;
	for (i = 0; i < j->items[object].count; i++) {
		if (string_cmp(&j->items[key], &wanted) == 0)
			return key + 1;
		key = j->items[key + 1].next;
	}
	return VL_JSON_NONE;
}

/* Write the decoded string to `out`, which has room; its length. */
static size_t
decode_to(uint8_t *out, const struct vl_json_item *item)
{
	const uint8_t *p = item->raw.p;
	const uint8_t *end = p + item->raw.n;
	const uint8_t *at = NULL;
	uint8_t *begin = out;

	while (p < end) {
		at = item->escaped ? memchr(p, '\\', (size_t)(end - p)) : NULL;
		if (at == NULL)
			at = end;
		memcpy(out, p, (size_t)(at - p));
		out += at - p;
		p = at;
		if (p < end)
			*out++ = (uint8_t)take_escape(&p, end);
	}
	return (size_t)(out - begin);
}

enum vl_status
vl_json_decode(const struct vl_json *j, size_t item, struct vl_buf *out,
    struct vl_err *err)
{
	const struct vl_json_item *it = &j->items[item];
	enum vl_status st;

	st = vl_buf_reserve(out, it->raw.n, err);
	if (st == VL_OK && it->raw.n > 0)
		out->n += decode_to(out->p + out->n, it);
	return st;
}

struct vl_slice
vl_json_text(const struct vl_json *j, size_t item, struct vl_buf *arena)
{
	const struct vl_json_item *it = &j->items[item];
	struct vl_slice text = it->raw;

	if (!it->escaped)
		return text;
	if (arena->cap - arena->n < it->raw.n) /* never write past it */
		return (struct vl_slice){ NULL, 0 };
	text.p = arena->p + arena->n;
	text.n = decode_to(arena->p + arena->n, it);
	arena->n += text.n;
	return text;
}

void
vl_json_free(struct vl_json *j)
{
	if (j == NULL)
		return;
	free(j->items);
	*j = (struct vl_json){ 0 };
}
