/*
 * What a right plaintext looks like (formats/ciphers.md, "Plausible
 * plaintexts").  It copies nothing, so that nothing of a secret is left
 * behind.
 */

#include <valise/text.h>

#include "inside.h"

#define DEPTH_MAX 128

struct text {
	const uint8_t *p;
	const uint8_t *end;
};

static bool json_value(struct text *t, unsigned depth);

static void
skip_space(struct text *t)
{
	while (t->p < t->end &&
	    (*t->p == ' ' || *t->p == '\t' || *t->p == '\n' || *t->p == '\r'))
		t->p++;
}

static bool
next_is(struct text *t, uint8_t c)
{
	if (t->p == t->end || *t->p != c)
		return false;
	t->p++;
	return true;
}

static bool
next_word(struct text *t, const char *word)
{
	const size_t n = strlen(word);

	if ((size_t)(t->end - t->p) < n || memcmp(t->p, word, n) != 0)
		return false;
	t->p += n;
	return true;
}

static bool
is_digit(const struct text *t)
{
	return t->p < t->end && *t->p >= '0' && *t->p <= '9';
}

static bool
digits(struct text *t)
{
	if (!is_digit(t))
		return false;
	while (is_digit(t))
		t->p++;
	return true;
}

static bool
json_number(struct text *t)
{
	(void)next_is(t, '-');
	if (!next_is(t, '0') && !digits(t))
		return false;
	if (next_is(t, '.') && !digits(t))
		return false;
	if (next_is(t, 'e') || next_is(t, 'E')) {
		if (!next_is(t, '+'))
			(void)next_is(t, '-');
		return digits(t);
	}
	return true;
}

static bool
json_escape(struct text *t)
{
	size_t i = 0;

	if (t->p == t->end)
		return false;
	if (*t->p++ != 'u')
		return strchr("\"\\/bfnrt", t->p[-1]) != NULL &&
		    t->p[-1] != '\0';
	for (i = 0; i < 4; i++, t->p++)
		if (t->p == t->end ||
		    !(is_digit(t) ||
		        ((*t->p | 32) >= 'a' && (*t->p | 32) <= 'f')))
			return false;
	return true;
}

static bool
json_string(struct text *t)
{
	if (!next_is(t, '"'))
		return false;
	while (t->p < t->end && *t->p != '"') {
		if (*t->p < ' ')
			return false;
		if (*t->p++ == '\\' && !json_escape(t))
			return false;
	}
	return next_is(t, '"');
}

/* Behind the bracket that opens. */
static bool
json_list(struct text *t, bool members, unsigned depth)
{
	const uint8_t close = members ? '}' : ']';

	skip_space(t);
	if (next_is(t, close))
		return true;
	do {
		skip_space(t);
		if (members && !json_string(t))
			return false;
		skip_space(t);
		if (members && !next_is(t, ':'))
			return false;
		if (!json_value(t, depth + 1))
			return false;
		skip_space(t);
	} while (next_is(t, ','));
	return next_is(t, close);
}

static bool
json_value(struct text *t, unsigned depth)
{
	if (depth > DEPTH_MAX)
		return false;
	skip_space(t);
	if (next_is(t, '{'))
		return json_list(t, true, depth);
	if (next_is(t, '['))
		return json_list(t, false, depth);
	if (t->p < t->end && *t->p == '"')
		return json_string(t);
	return next_word(t, "true") || next_word(t, "false") ||
	    next_word(t, "null") || json_number(t);
}

static bool
is_json(struct vl_slice s)
{
	struct text t = { s.p, s.p + s.n };

	if (s.n == 0 || !vl_utf8_valid(s) || !json_value(&t, 0))
		return false;
	skip_space(&t);
	return t.p == t.end;
}

static bool
is_text(struct vl_slice s)
{
	size_t i = 0;

	for (i = 0; i < s.n; i++)
		if ((s.p[i] < ' ' && s.p[i] != '\t' && s.p[i] != '\n' &&
		        s.p[i] != '\r') ||
		    s.p[i] == 0x7f)
			return false;
	return vl_utf8_valid(s);
}

/* A first line that begins a block, and somewhere below the one that ends
 * it. */
static bool
is_pem(struct vl_slice s)
{
	static const char end[] = "-----END ";
	struct text t = { s.p, s.p + s.n };
	const uint8_t *label = NULL;
	const uint8_t *behind = NULL;
	const uint8_t *close = NULL;
	size_t n = 0;

	if (!is_text(s))
		return false;
	skip_space(&t);
	if (!next_word(&t, "-----BEGIN "))
		return false;
	label = t.p;
	behind = memchr(label, '\n', (size_t)(t.end - label));
	if (behind == NULL)
		return false;
	/* The label, its five dashes, and perhaps a CR. */
	n = (size_t)(behind - label);
	if (n > 0 && label[n - 1] == '\r')
		n--;
	if (n < 6 || memcmp(label + n - 5, "-----", 5) != 0)
		return false;
	close = memmem(behind, (size_t)(t.end - behind), end, sizeof(end) - 1);
	if (close == NULL)
		return false;
	close += sizeof(end) - 1;
	return (size_t)(t.end - close) >= n && memcmp(close, label, n) == 0;
}

bool
vl_plain_fits(enum vl_plain plain, struct vl_slice text)
{
	switch (plain) {
	case VL_PLAIN_JSON:
		return is_json(text);
	case VL_PLAIN_PEM:
		return is_pem(text);
	case VL_PLAIN_UTF8:
		return is_text(text);
	case VL_PLAIN_ANY:
	case VL_PLAIN_UNSAID:
		break;
	}
	return true;
}
