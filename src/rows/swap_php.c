/*
 * The same in what PHP serialised: in each string, keys of arrays among them,
 * and the length before it follows.  A string that is such a value itself is
 * gone into.  Objects stay as they are, and so does all that is no string.
 *
 * The value was read as one before (place.h); what is not as it should be
 * ends the walk all the same.
 */

#include <string.h>

#include "here.h"

#define DEPTH_MAX 8 /* serialised values in strings of one another */

struct php {
	const struct rows_table *t;
	const struct rows_here_text *how;
	struct vl_slice text;
	size_t at;
	struct vl_err *err;
};

static enum vl_status
broken(const struct php *p)
{
	return vl_fail(
	    p->err, VL_EFORMAT, "not as PHP serialises, at byte %zu", p->at);
}

/* Behind the next `c`; false: there is none. */
static bool
skip_to(struct php *p, char c)
{
	const uint8_t *found = memchr(p->text.p + p->at, c, p->text.n - p->at);

	if (found != NULL)
		p->at = (size_t)(found - p->text.p) + 1;
	return found != NULL;
}

/* "X:12:" or behind a name ":12:"; `mark` follows the number's colon. */
static bool
take_length(struct php *p, char mark, size_t *n)
{
	size_t digits = 0;

	*n = 0;
	while (p->at < p->text.n && p->text.p[p->at] >= '0' &&
	    p->text.p[p->at] <= '9' && digits++ < 10)
		*n = *n * 10 + (size_t)(p->text.p[p->at++] - '0');
	if (digits == 0 || p->text.n - p->at < 2 || p->text.p[p->at] != ':' ||
	    p->text.p[p->at + 1] != mark)
		return false;
	p->at += 2;
	return true;
}

/* `s:N:"..."`, and what stands behind the second quote. */
static bool
take_string(struct php *p, struct vl_slice *string)
{
	size_t n = 0;

	if (p->text.n - p->at < 2)
		return false;
	p->at += 2;
	if (!take_length(p, '"', &n) || p->text.n - p->at < n + 2)
		return false;
	*string = (struct vl_slice){ p->text.p + p->at, n };
	p->at += n + 2;
	return true;
}

/* Up to the brace that ends what the last one began; strings may hold some. */
static bool
skip_members(struct php *p)
{
	struct vl_slice string = { 0 };
	size_t open = 1;
	size_t n = 0;

	while (open > 0 && p->at < p->text.n) {
		switch (p->text.p[p->at]) {
		case 's':
		case 'E':
			if (!take_string(p, &string))
				return false;
			break;
		case 'C':
			if (!take_string(p, &string) ||
			    !take_length(p, '{', &n) ||
			    p->text.n - p->at < n + 1)
				return false;
			p->at += n + 1;
			break;
		case 'O':
		case 'a':
			if (!skip_to(p, '{'))
				return false;
			open++;
			break;
		case '}':
			p->at++;
			open--;
			break;
		default:
			if (!skip_to(p, ';'))
				return false;
		}
	}
	return open == 0;
}

/* How much longer the text becomes by the edits from `first` on. */
static size_t
grown(const struct rows_edits *e, size_t first, size_t n)
{
	for (; first < e->n; first++)
		n = n - e->list[first].n + e->list[first].nto;
	return n;
}

/* A string whose length has its digits at `from`. */
static enum vl_status
swap_string(struct php *p, size_t from, struct vl_slice string)
{
	struct rows_edits *e = p->how->edits;
	const size_t at = (size_t)(string.p - e->text.p);
	const size_t base = (size_t)(p->text.p - e->text.p);
	const size_t first = e->n;
	const struct rows_id_at *id = rows_edits_id(e, at, string.n);
	enum vl_status st =
	    rows_edits_add(e, base + from, at - 2 - base - from, p->err);

	if (st == VL_OK)
		st = rows_here_swap_text(p->t, string,
		    &(struct rows_here_text){ .with = p->how->with,
		        .edits = e,
		        .depth = p->how->depth + 1 },
		    p->err);
	if (st != VL_OK)
		return st;
	if (e->n == first + 1) {
		e->n = first;
		return VL_OK;
	}
	e->torn = e->torn || (id != NULL && !id->counted);
	e->list[first].to = e->bytes.n;
	st = vl_buf_printf(
	    &e->bytes, p->err, "%zu", grown(e, first + 1, string.n));
	e->list[first].nto = e->bytes.n - e->list[first].to;
	return st;
}

/* One token; those that are no strings stay as they are. */
static enum vl_status
swap_token(struct php *p)
{
	const size_t from = p->at;
	struct vl_slice string = { 0 };
	size_t n = 0;
	bool whole = true;

	switch (p->text.p[p->at]) {
	case 's':
		if (!take_string(p, &string))
			return broken(p);
		p->at--; /* its semicolon is a token */
		return swap_string(p, from + 2, string);
	case 'a':
		whole = skip_to(p, '{');
		break;
	case '}':
	case ';':
		p->at++;
		break;
	case 'O':
		whole = skip_to(p, '{') && skip_members(p);
		break;
	case 'C':
		whole = take_string(p, &string) && take_length(p, '{', &n) &&
		    p->text.n - p->at > n;
		p->at += whole ? n + 1 : 0;
		break;
	case 'E':
		whole = take_string(p, &string);
		break;
	default:
		whole = skip_to(p, ';');
	}
	return whole ? VL_OK : broken(p);
}

enum vl_status
rows_here_swap_php(const struct rows_table *t, struct vl_slice text,
    const struct rows_here_text *how, struct vl_err *err)
{
	struct php p = { .t = t, .how = how, .text = text, .err = err };
	enum vl_status st = VL_OK;

	while (st == VL_OK && p.at < text.n)
		st = swap_token(&p);
	return st;
}

bool
rows_here_php(const struct rows_table *t, struct vl_slice text, unsigned depth)
{
	struct vl_places places = { 0 };
	struct vl_err ignored = { 0 };
	enum vl_status st = VL_EFORMAT;

	if (depth < DEPTH_MAX && text.n > 3 &&
	    memchr("aOCs", text.p[0], 4) != NULL && text.p[1] == ':')
		st = vl_finder_find(t->php, text, &places, &ignored);
	vl_places_free(&places);
	return st == VL_OK;
}
