/*
 * What a scalar of YAML stands for, beside the bytes it is spelled with
 * (formats/values.md, "YAML"): quotes, escapes, folded lines and indentation
 * are taken off as libyaml does it.  Who asks compares the text with libyaml's
 * own, so that a spelling that is read otherwise here is refused.
 */

#include <stdlib.h>

#include "spelled.h"

struct reading {
	struct spelled *s;
	struct vl_slice raw;
	struct vl_slice text; /* as libyaml has it */
	size_t at;
};

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static bool
is_break(uint8_t c)
{
	return c == '\n' || c == '\r';
}

static bool
at_break(const struct reading *r)
{
	return r->at < r->raw.n && is_break(r->raw.p[r->at]);
}

static bool
at_blank(const struct reading *r)
{
	return r->at < r->raw.n && is_blank(r->raw.p[r->at]);
}

static void
skip_break(struct reading *r)
{
	const bool cr = r->raw.p[r->at++] == '\r';

	if (cr && r->at < r->raw.n && r->raw.p[r->at] == '\n')
		r->at++;
}

/* What follows begins a stretch. */
static enum vl_status
begin(struct spelled *s, size_t raw, bool solid, struct vl_err *err)
{
	struct stretch *grown = NULL;
	size_t cap = s->cap == 0 ? 16 : 2 * s->cap;

	if (s->n == s->cap) {
		grown = reallocarray(s->list, cap, sizeof(*grown));
		if (grown == NULL)
			return vl_fail_memory(err);
		s->list = grown;
		s->cap = cap;
	}
	s->list[s->n++] = (struct stretch){ raw, s->text.n, solid };
	return VL_OK;
}

/* The text has room: none is longer than its spelling twice. */
static void
put(struct spelled *s, const void *bytes, size_t n)
{
	memcpy(s->text.p + s->text.n, bytes, n);
	s->text.n += n;
}

static enum vl_status
put_as_it_is(struct reading *r, size_t n, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (r->s->n == 0 || r->s->list[r->s->n - 1].solid)
		st = begin(r->s, r->at, false, err);
	if (st == VL_OK)
		put(r->s, r->raw.p + r->at, n);
	r->at += n;
	return st;
}

static enum vl_status
put_breaks(struct spelled *s, size_t raw, size_t n, struct vl_err *err)
{
	enum vl_status st = begin(s, raw, true, err);

	while (st == VL_OK && n-- > 0)
		put(s, "\n", 1);
	return st;
}

/* Blanks, and line breaks with the blanks around them: one is a space, more
 * are one less.  One whose backslash stands at `from` is nothing. */
static enum vl_status
put_blanks(struct reading *r, size_t from, struct vl_err *err)
{
	const bool escaped = from < r->at;
	size_t breaks = 0;
	size_t n = 0;

	while (at_blank(r))
		r->at++;
	if (!at_break(r)) {
		n = r->at - from;
		r->at = from;
		return put_as_it_is(r, n, err);
	}
	while (at_blank(r) || at_break(r)) {
		breaks += at_break(r);
		if (at_break(r))
			skip_break(r);
		else
			r->at++;
	}
	if (escaped || breaks > 1)
		return put_breaks(r->s, from, breaks - 1, err);
	if (begin(r->s, from, true, err) != VL_OK)
		return err->status;
	put(r->s, " ", 1);
	return VL_OK;
}

static size_t
put_point(uint8_t *out, uint32_t point)
{
	static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	const size_t n = point < 0x80 ? 1 :
	    point < 0x800             ? 2 :
	    point < 0x10000           ? 3 :
	                                4;
	size_t i = 0;

	for (i = n; --i > 0; point >>= 6)
		out[i] = (uint8_t)(0x80 | (point & 0x3f));
	out[0] = (uint8_t)(lead[n] | point);
	return n;
}

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The `digits` hexadecimal ones at `from`; false: some are missing. */
static bool
read_hex(const struct reading *r, size_t from, size_t digits, uint32_t *point)
{
	size_t i = 0;
	int digit = 0;

	*point = 0;
	if (digits > r->raw.n - from)
		return false;
	for (i = 0; i < digits; i++) {
		digit = hex_digit(r->raw.p[from + i]);
		if (digit < 0)
			return false;
		*point = *point * 16 + (uint32_t)digit;
	}
	return *point < 0x110000 && (*point < 0xd800 || *point > 0xdfff);
}

static enum vl_status
refuse(struct vl_err *err)
{
	return vl_fail(err, VL_EFORMAT,
	    "a scalar of YAML is spelled as this version does not read it");
}

/* At a backslash within double quotes. */
static enum vl_status
put_escape(struct reading *r, struct vl_err *err)
{
	static const char letters[] = "0abt\tnvfre \"/\\N_LP";
	static const uint16_t means[] = { 0, 7, 8, 9, 9, 10, 11, 12, 13, 27,
		' ', '"', '/', '\\', 0x85, 0xa0, 0x2028, 0x2029 };
	const size_t from = r->at;
	const char *letter = NULL;
	uint32_t point = 0;
	size_t digits = 0;
	uint8_t c = 0;
	uint8_t utf8[4];

	if (r->raw.n - r->at < 2)
		return refuse(err);
	c = r->raw.p[r->at + 1];
	r->at++;
	if (is_break(c))
		return put_blanks(r, from, err);
	letter = memchr(letters, c, sizeof(letters) - 1);
	digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
	if (letter != NULL)
		point = means[letter - letters];
	else if (digits == 0 || !read_hex(r, r->at + 1, digits, &point))
		return refuse(err);
	r->at += 1 + digits;
	if (begin(r->s, from, true, err) != VL_OK)
		return err->status;
	put(r->s, utf8, put_point(utf8, point));
	return VL_OK;
}

static enum vl_status
read_flow(struct reading *r, enum spelling how, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	uint8_t c = 0;

	while (st == VL_OK && r->at < r->raw.n) {
		c = r->raw.p[r->at];
		if (is_blank(c) || is_break(c)) {
			st = put_blanks(r, r->at, err);
		} else if (how == SPELLED_DOUBLE && c == '\\') {
			st = put_escape(r, err);
		} else if (how == SPELLED_SINGLE && c == '\'') {
			st = begin(r->s, r->at, true, err);
			if (st == VL_OK)
				put(r->s, "'", 1);
			r->at += 2;
			if (r->at > r->raw.n || r->raw.p[r->at - 1] != '\'')
				return refuse(err);
		} else {
			st = put_as_it_is(r, 1, err);
		}
	}
	return st;
}

/* Spaces before the first character that is none; line breaks do not count. */
static size_t
spaces_before(struct vl_slice lines)
{
	size_t n = 0;
	size_t i = 0;

	for (i = 0; i < lines.n; i++) {
		if (is_break(lines.p[i]))
			n = 0;
		else if (lines.p[i] == ' ')
			n++;
		else
			return n;
	}
	return SIZE_MAX;
}

/* Lines of nothing but indentation, and the indentation of the next one:
 * how many; `*column` is where that one begins. */
static size_t
skip_lines(struct reading *r, size_t indent, size_t *column)
{
	size_t n = 0;

	for (;;) {
		for (*column = 0; *column < indent && r->at < r->raw.n &&
		     r->raw.p[r->at] == ' ';
		     ++*column)
			r->at++;
		if (!at_break(r))
			return n;
		skip_break(r);
		n++;
	}
}

static enum vl_status
read_lines(struct reading *r, bool folded, struct vl_err *err)
{
	const size_t all = spaces_before(
	    (struct vl_slice){ r->raw.p + r->at, r->raw.n - r->at });
	const size_t own = spaces_before(r->text);
	const size_t indent = all > own ? all - own : all;
	enum vl_status st = VL_OK;
	bool blank_before = true;
	size_t column = 0;
	size_t from = 0;
	size_t breaks = 0;
	bool first = true;
	bool fold = false;

	while (st == VL_OK) {
		if (at_break(r) && !first)
			skip_break(r);
		breaks = skip_lines(r, indent, &column);
		if (r->at == r->raw.n || column < indent)
			break;
		fold = folded && !first && !blank_before && !at_blank(r);
		st = put_breaks(r->s, from, breaks + (!first && !fold), err);
		if (st == VL_OK && fold && breaks == 0)
			put(r->s, " ", 1);
		blank_before = at_blank(r);
		while (st == VL_OK && r->at < r->raw.n && !at_break(r))
			st = put_as_it_is(r, 1, err);
		from = r->at;
		first = false;
	}
	if (st != VL_OK || r->at == r->raw.n)
		return st != VL_OK ?
		    st :
		    put_breaks(r->s, from, breaks + !first, err);
	return refuse(err);
}

/* From the `|` or `>` on. */
static enum vl_status
read_block(struct reading *r, bool folded, struct vl_err *err)
{
	while (r->at < r->raw.n && !at_break(r))
		r->at++;
	if (at_break(r))
		skip_break(r);
	return read_lines(r, folded, err);
}

enum vl_status
spelled_read(struct spelled *s, const struct scalar *scalar, struct vl_err *err)
{
	const enum spelling how = scalar->how;
	const struct vl_slice raw = scalar->raw;
	struct reading r = { .s = s, .raw = raw, .text = scalar->text };
	enum vl_status st = VL_OK;

	vl_buf_clear(&s->text);
	s->n = 0;
	if (raw.n > SIZE_MAX / 4)
		return vl_fail_memory(err);
	st = vl_buf_reserve(&s->text, 2 * raw.n + 4, err);
	if (st != VL_OK)
		return st;
	if (how == SPELLED_LITERAL || how == SPELLED_FOLDED)
		st = read_block(&r, how == SPELLED_FOLDED, err);
	else
		st = read_flow(&r, how, err);
	return st == VL_OK ? begin(s, raw.n, true, err) : st;
}

/* A block ends in as many line breaks as its head says. */
bool
spelled_cut(struct spelled *s, struct vl_slice text)
{
	size_t i = 0;

	if (s->text.n < text.n ||
	    (text.n > 0 && memcmp(s->text.p, text.p, text.n) != 0))
		return false;
	for (i = text.n; i < s->text.n; i++)
		if (s->text.p[i] != '\n')
			return false;
	s->text.n = text.n;
	return true;
}

/* The spelling of a byte's beginning or end; false: within what is solid. */
static bool
find(const struct spelled *s, size_t i, size_t text, size_t *raw)
{
	*raw = s->list[i].raw;
	if (text == s->list[i].text)
		return true;
	*raw += text - s->list[i].text;
	return !s->list[i].solid;
}

bool
spelled_span(const struct spelled *s, struct span text, struct span *raw)
{
	const size_t end = text.at + text.n;
	size_t low = 0;
	size_t high = s->n - 1;
	size_t middle = 0;
	size_t last = 0;

	/* The last stretch that begins at the byte or before it. */
	while (low < high) {
		middle = high - (high - low) / 2;
		if (s->list[middle].text <= text.at)
			low = middle;
		else
			high = middle - 1;
	}
	if (!find(s, low, text.at, &raw->at))
		return false;
	/* The first that ends at the end or behind it. */
	high = s->n - 1;
	while (low < high) {
		middle = low + (high - low) / 2;
		if (s->list[middle + 1].text >= end)
			high = middle;
		else
			low = middle + 1;
	}
	last = low;
	if (last + 1 < s->n && s->list[last + 1].text == end)
		last++;
	if (!find(s, last, end, &raw->n))
		return false;
	raw->n -= raw->at;
	return true;
}

void
spelled_free(struct spelled *s)
{
	vl_buf_free(&s->text);
	free(s->list);
}
