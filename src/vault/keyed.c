/*
 * A secret that stands behind its name: in a line `NAME=value`, or in a
 * define() of PHP (formats/site.md, "Master keys").  What two programs might
 * read in two ways is refused.
 */

#include <ctype.h>
#include <strings.h>

#include <valise/hidden.h>

#include "master.h"

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static bool
is_word(uint8_t c)
{
	return isalnum(c) || c == '_' || c >= 0x80;
}

static void
skip(struct vl_slice *s, size_t n)
{
	s->p += n;
	s->n -= n;
}

static void
skip_blanks(struct vl_slice *s)
{
	while (s->n > 0 && is_blank(*s->p))
		skip(s, 1);
}

static bool
take(struct vl_slice *s, const char *text)
{
	const struct vl_slice want = vl_slice_of(text);

	if (s->n < want.n || memcmp(s->p, want.p, want.n) != 0)
		return false;
	skip(s, want.n);
	return true;
}

static enum vl_status
put(struct vl_hidden *h, struct vl_slice value, uint8_t quote,
    struct vl_err *err)
{
	if (h->found)
		return vl_fail(err, VL_EUSAGE, "the name stands there twice");
	*h = (struct vl_hidden){ true, quote, value };
	return VL_OK;
}

/* ---- Lines ---- */

/* What is behind the `=`. */
static enum vl_status
line_value(struct vl_slice *value, uint8_t *quote, struct vl_slice rest,
    struct vl_err *err)
{
	const uint8_t *end = NULL;
	size_t i = 0;

	skip_blanks(&rest);
	while (rest.n > 0 &&
	    (is_blank(rest.p[rest.n - 1]) || rest.p[rest.n - 1] == '\r'))
		rest.n--;
	*value = rest;
	*quote = 0;
	if (rest.n > 0 && (*rest.p == '"' || *rest.p == '\'')) {
		*quote = *rest.p;
		end = memchr(rest.p + 1, *rest.p, rest.n - 1);
		*value = (struct vl_slice){ rest.p + 1,
			end == NULL ? 0 : (size_t)(end - rest.p) - 1 };
		if (end == NULL ||
		    (*rest.p == '"' && value->n > 0 &&
		        memchr(value->p, '\\', value->n) != NULL))
			return vl_fail(err, VL_EUSAGE,
			    "the value has an escape, or no closing quote");
		skip(&rest, value->n + 2);
		skip_blanks(&rest);
		if (rest.n > 0 && *rest.p != '#' && *rest.p != ';')
			return vl_fail(err, VL_EUSAGE,
			    "something stands behind the closing quote");
		return VL_OK;
	}
	for (i = 1; i < rest.n; i++)
		if (is_blank(rest.p[i - 1]) &&
		    (rest.p[i] == '#' || rest.p[i] == ';'))
			return vl_fail(err, VL_EUSAGE,
			    "the value has a '#' or ';' that may begin a "
			    "comment: put it into quotes");
	return VL_OK;
}

enum vl_status
vl_hidden_line(struct vl_hidden *h, struct vl_slice text, const char *name,
    struct vl_err *err)
{
	const uint8_t *end = NULL;
	struct vl_slice line = { 0 };
	struct vl_slice value = { 0 };
	enum vl_status st = VL_OK;
	uint8_t quote = 0;

	*h = (struct vl_hidden){ 0 };
	/* Editors put a byte order mark there, which is no part of a name. */
	(void)take(&text, "\xef\xbb\xbf");
	while (text.n > 0 && st == VL_OK) {
		end = memchr(text.p, '\n', text.n);
		line = (struct vl_slice){ text.p,
			end == NULL ? text.n : (size_t)(end - text.p) };
		skip(&text, end == NULL ? text.n : line.n + 1);
		skip_blanks(&line);
		if (take(&line, "export ") || take(&line, "export\t"))
			skip_blanks(&line);
		if (!take(&line, name))
			continue;
		skip_blanks(&line);
		if (!take(&line, "="))
			continue;
		st = line_value(&value, &quote, line, err);
		if (st == VL_OK)
			st = put(h, value, quote, err);
	}
	return st;
}

enum vl_status
master_line(struct vl_locked *out, bool *found, struct vl_slice text,
    const char *key, struct vl_err *err)
{
	struct vl_hidden h = { 0 };
	enum vl_status st = vl_hidden_line(&h, text, key, err);

	*found = h.found;
	return st == VL_OK && h.found ? vl_locked_add(out, h.value, err) : st;
}

/* ---- PHP ---- */

/* Bytes of the comment or string that begins here; 0: none does. */
static size_t
aside(struct vl_slice s)
{
	const uint8_t *end = NULL;
	size_t i = 1;

	if (s.n > 1 && s.p[0] == '/' && s.p[1] == '*') {
		end = memmem(s.p + 2, s.n - 2, "*/", 2);
		return end == NULL ? s.n : (size_t)(end - s.p) + 2;
	}
	if (s.p[0] == '#' || (s.n > 1 && s.p[0] == '/' && s.p[1] == '/')) {
		end = memchr(s.p, '\n', s.n);
		return end == NULL ? s.n : (size_t)(end - s.p);
	}
	if (s.p[0] != '\'' && s.p[0] != '"')
		return 0;
	while (i < s.n && s.p[i] != s.p[0])
		i += s.p[i] == '\\' ? 2 : 1;
	return i < s.n ? i + 1 : s.n;
}

static void
skip_space(struct vl_slice *s)
{
	size_t n = 1;

	while (s->n > 0 && n > 0) {
		n = isspace(*s->p) ? 1 : 0;
		if (n == 0 && *s->p != '\'' && *s->p != '"')
			n = aside(*s);
		skip(s, n);
	}
}

/* A string in quotes, without them; false: none begins here. */
static bool
take_string(struct vl_slice *s, struct vl_slice *inside, uint8_t *quote)
{
	size_t n = 0;

	if (s->n == 0 || (*s->p != '\'' && *s->p != '"'))
		return false;
	*quote = *s->p;
	n = aside(*s);
	if (n < 2 || s->p[n - 1] != *quote)
		return false;
	*inside = (struct vl_slice){ s->p + 1, n - 2 };
	skip(s, n);
	return true;
}

/* What means something else between double quotes. */
static enum vl_status
check_double(uint8_t quote, struct vl_slice value, struct vl_err *err)
{
	if (quote == '"' && value.n > 0 &&
	    (memchr(value.p, '\\', value.n) != NULL ||
	        memchr(value.p, '$', value.n) != NULL))
		return vl_fail(err, VL_EUSAGE,
		    "the value has '\\' or '$' in double quotes");
	return VL_OK;
}

enum vl_status
vl_hidden_define_read(
    struct vl_locked *out, const struct vl_hidden *h, struct vl_err *err)
{
	const struct vl_slice value = h->value;
	enum vl_status st = vl_locked_reserve(out, value.n + 1, err);
	size_t i = 0;

	for (; st == VL_OK && i < value.n; i++) {
		if (value.p[i] == '\\' && i + 1 < value.n &&
		    (value.p[i + 1] == '\\' || value.p[i + 1] == '\''))
			i++;
		out->p[out->n++] = value.p[i];
	}
	return st;
}

enum vl_status
vl_hidden_define_write(struct vl_locked *out, uint8_t quote,
    struct vl_slice text, struct vl_err *err)
{
	enum vl_status st = check_double(quote, text, err);
	size_t i = 0;

	if (st == VL_OK && quote == '"' && text.n > 0 &&
	    memchr(text.p, '"', text.n) != NULL)
		st = vl_fail(err, VL_EUSAGE,
		    "the value has a double quote in double quotes");
	if (st == VL_OK)
		st = vl_locked_reserve(out, 2 * text.n + 1, err);
	for (; st == VL_OK && i < text.n; i++) {
		if (quote == '\'' && (text.p[i] == '\'' || text.p[i] == '\\'))
			out->p[out->n++] = '\\';
		out->p[out->n++] = text.p[i];
	}
	return st;
}

/* Behind the word `define`. */
static enum vl_status
read_define(struct vl_hidden *h, struct vl_slice *s, const char *name,
    struct vl_err *err)
{
	struct vl_slice at = *s;
	struct vl_slice inside = { 0 };
	enum vl_status st = VL_OK;
	uint8_t quote = 0;

	skip_space(&at);
	if (!take(&at, "("))
		return VL_OK;
	skip_space(&at);
	if (!take_string(&at, &inside, &quote) ||
	    !vl_slice_equal(inside, vl_slice_of(name)))
		return VL_OK;
	skip_space(&at);
	if (!take(&at, ","))
		return VL_OK;
	skip_space(&at);
	if (!take_string(&at, &inside, &quote))
		return vl_fail(
		    err, VL_EUSAGE, "the value is no text in quotes");
	skip_space(&at);
	if (!take(&at, ")"))
		return vl_fail(
		    err, VL_EUSAGE, "something stands behind the value");
	*s = at;
	st = check_double(quote, inside, err);
	return st == VL_OK ? put(h, inside, quote, err) : st;
}

enum vl_status
vl_hidden_define(struct vl_hidden *h, struct vl_slice text, const char *name,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t n = 0;

	*h = (struct vl_hidden){ 0 };
	while (text.n > 0 && st == VL_OK) {
		n = aside(text);
		if (n == 0 && !is_word(*text.p))
			n = 1;
		while (n < text.n && is_word(text.p[n]) &&
		    (n == 0 || is_word(text.p[n - 1])))
			n++;
		if (n == 6 &&
		    strncasecmp((const char *)text.p, "define", 6) == 0) {
			skip(&text, n);
			st = read_define(h, &text, name, err);
			continue;
		}
		skip(&text, n);
	}
	return st;
}

enum vl_status
master_define(struct vl_locked *out, bool *found, struct vl_slice text,
    const char *name, struct vl_err *err)
{
	struct vl_hidden h = { 0 };
	enum vl_status st = vl_hidden_define(&h, text, name, err);

	*found = h.found;
	return st == VL_OK && h.found ? vl_hidden_define_read(out, &h, err) :
	                                st;
}
