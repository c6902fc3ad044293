/*
 * One text in the place of another wherever it stands by itself: not inside a
 * longer host name, another port or a longer number.  Also where its slashes,
 * quotes or backslashes are escaped as JSON has them, and then so again.
 */

#include <stdlib.h>
#include <string.h>

#include "swap.h"

struct swapping {
	const struct rows_swaps *with;
	struct vl_slice text;
	struct rows_edits *edits;
	size_t at;
	int before[2]; /* the last two characters, the last one first; -1 */
	struct vl_err *err;
};

void
rows_edits_begin(struct rows_edits *e, struct vl_slice text)
{
	e->text = text;
	e->ids = NULL;
	e->nids = 0;
	e->n = 0;
	e->torn = false;
	vl_buf_clear(&e->bytes);
}

enum vl_status
rows_edits_add(struct rows_edits *e, size_t at, size_t n, struct vl_err *err)
{
	const size_t cap = e->cap == 0 ? 16 : 2 * e->cap;
	struct rows_edit *grown = NULL;

	if (e->n == e->cap) {
		grown = reallocarray(e->list, cap, sizeof(*grown));
		if (grown == NULL)
			return vl_fail_memory(err);
		e->list = grown;
		e->cap = cap;
	}
	e->list[e->n++] =
	    (struct rows_edit){ .at = at, .n = n, .to = e->bytes.n };
	return VL_OK;
}

const struct rows_id_at *
rows_edits_id(const struct rows_edits *e, size_t at, size_t n)
{
	size_t low = 0;
	size_t high = e->nids;
	size_t middle = 0;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (e->ids[middle].at < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low < e->nids && e->ids[low].at - at < n ? &e->ids[low] : NULL;
}

enum vl_status
rows_edits_apply(const struct rows_edits *e, size_t from, size_t to,
    size_t *next, struct vl_buf *out, struct vl_err *err)
{
	const struct rows_edit *edit = NULL;
	enum vl_status st = VL_OK;

	for (; st == VL_OK && *next < e->n && e->list[*next].at < to; ++*next) {
		edit = &e->list[*next];
		if (edit->at < from)
			continue;
		st = vl_buf_add(out,
		    (struct vl_slice){ e->text.p + from, edit->at - from },
		    err);
		if (st == VL_OK)
			st = vl_buf_add(out,
			    (struct vl_slice){
			        e->bytes.p + edit->to, edit->nto },
			    err);
		from = edit->at + edit->n;
	}
	return st == VL_OK && from < to ?
	    vl_buf_add(
	        out, (struct vl_slice){ e->text.p + from, to - from }, err) :
	    st;
}

void
rows_edits_free(struct rows_edits *e)
{
	free(e->list);
	vl_buf_free(&e->bytes);
	*e = (struct rows_edits){ 0 };
}

/* Of a host name, a word or a number; bytes of other scripts, too. */
static bool
is_word(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c >= 0x80;
}

static int
hex(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int
byte_at(const struct swapping *s, size_t at)
{
	return at < s->text.n ? s->text.p[at] : -1;
}

/* Bytes of the escape that begins at `at`, and what it says: -1 where that is
 * more than a byte of ASCII; 0 where none begins. */
static size_t
escape_at(const struct swapping *s, size_t at, int *says)
{
	static const char names[] = "bfnrt\"\\/";
	static const char means[] = "\b\f\n\r\t\"\\/";
	const char *name = NULL;
	int n = 0;
	int digit = 0;
	size_t i = 0;

	*says = -1;
	if (byte_at(s, at) != '\\' || byte_at(s, at + 1) <= 0)
		return 0;
	name = strchr(names, byte_at(s, at + 1));
	if (name != NULL)
		*says = means[name - names];
	if (name != NULL || byte_at(s, at + 1) != 'u')
		return name == NULL ? 0 : 2;
	for (i = 0; i < 4; i++) {
		digit = hex(byte_at(s, at + 2 + i));
		if (digit < 0)
			return 0;
		n = n * 16 + digit;
	}
	*says = n < 0x80 ? n : -1;
	return 6;
}

/* The next character, -1 at the end; `*n` bytes of it.  Only in JSON is every
 * escape one: elsewhere that of a slash. */
static int
character_at(const struct swapping *s, size_t at, size_t *n)
{
	int says = -1;

	*n = escape_at(s, at, &says);
	if (*n > 0 && !s->with->json && says != '/')
		*n = 0;
	if (*n > 0)
		return says < 0 ? 0x80 : says;
	*n = 1;
	return byte_at(s, at);
}

/* Of what is swapped in the edited text. */
static size_t
offset(const struct swapping *s)
{
	return (size_t)(s->text.p - s->edits->text.p);
}

/* How many bytes of the text are `from`; 0: it does not begin here. */
static size_t
match(const struct swapping *s, struct vl_slice from, bool *slashes)
{
	size_t at = s->at;
	size_t n = 0;
	size_t i = 0;

	*slashes = false;
	for (i = 0; i < from.n; i++, at += n) {
		if (character_at(s, at, &n) != from.p[i])
			return 0;
		if (from.p[i] == '/' && n > 1)
			*slashes = true;
		/* A byte that is escaped stands for no byte of UTF-8. */
		if (from.p[i] >= 0x80 && n > 1)
			return 0;
	}
	return at - s->at;
}

/* Neither goes on to the left nor to the right. */
static bool
stands_alone(const struct swapping *s, struct vl_slice from, size_t end)
{
	size_t n = 0;
	int next[2] = { 0, 0 };

	if (is_word(from.p[0]) &&
	    (is_word(s->before[0]) ||
	        (s->before[0] == '.' && is_word(s->before[1]))))
		return false;
	if (!is_word(from.p[from.n - 1]))
		return true;
	next[0] = character_at(s, end, &n);
	if (next[0] < 0)
		return true;
	next[1] = character_at(s, end + n, &n);
	return !is_word(next[0]) && !(next[0] == '.' && is_word(next[1])) &&
	    !(next[0] == ':' && next[1] >= '0' && next[1] <= '9');
}

/* `to` for the next `n` bytes. */
static enum vl_status
add(struct swapping *s, struct vl_slice to, size_t n, bool slashes)
{
	struct rows_edits *e = s->edits;
	enum vl_status st = rows_edits_add(e, offset(s) + s->at, n, s->err);
	size_t i = 0;
	char escaped[8];

	for (i = 0; st == VL_OK && i < to.n; i++) {
		const uint8_t c = to.p[i];

		if ((c == '/' && slashes) ||
		    (s->with->json && (c == '"' || c == '\\'))) {
			escaped[0] = '\\';
			escaped[1] = (char)c;
			st = vl_buf_add(&e->bytes,
			    (struct vl_slice){ (uint8_t *)escaped, 2 }, s->err);
		} else {
			st = vl_buf_add(&e->bytes,
			    (struct vl_slice){ &to.p[i], 1 }, s->err);
		}
	}
	if (st == VL_OK)
		e->list[e->n - 1].nto = e->bytes.n - e->list[e->n - 1].to;
	return st;
}

/* The longest that begins here; NULL: none. */
static const struct rows_swap *
longest(const struct swapping *s, size_t *n, bool *slashes)
{
	const struct rows_swap *found = NULL;
	bool these = false;
	size_t got = 0;
	size_t i = 0;

	*n = 0;
	for (i = 0; i < s->with->n; i++) {
		got = match(s, s->with->list[i].from, &these);
		if (got <= *n ||
		    !stands_alone(s, s->with->list[i].from, s->at + got) ||
		    rows_edits_id(s->edits, offset(s) + s->at, got) != NULL)
			continue;
		found = &s->with->list[i];
		*n = got;
		*slashes = these;
	}
	return found;
}

enum vl_status
rows_swap(struct rows_edits *e, struct vl_slice part,
    const struct rows_swaps *with, struct vl_err *err)
{
	struct swapping s = { .with = with,
		.text = part,
		.edits = e,
		.before = { -1, -1 },
		.err = err };
	const struct rows_swap *swap = NULL;
	enum vl_status st = VL_OK;
	bool slashes = false;
	size_t n = 0;

	for (; st == VL_OK && s.at < part.n; s.at += n) {
		swap = longest(&s, &n, &slashes);
		if (swap == NULL) {
			s.before[1] = s.before[0];
			s.before[0] = character_at(&s, s.at, &n);
			continue;
		}
		st = add(&s, swap->to, n, slashes);
		s.before[1] = -1;
		s.before[0] = swap->from.p[swap->from.n - 1];
	}
	return st;
}
