/*
 * Names and values in a text.  This reads roughly, and of anything: what it
 * finds is only ever shown to a person.
 */

#include <string.h>

#include "clue.h"

#define DEPTH_MAX  24
#define GAP_MAX    8
#define SECRET_MIN 8
#define SECRET_MAX 4096
#define WHOLE_MAX  4096
#define BASE64_MIN 24 /* bytes; in shorter ones a slash is of a path */

struct reading {
	struct clues *c;
	const struct clue_text *t;
	enum clue_form form;
	enum vl_status st;
	struct vl_err *err;
};

static bool
is_letter(uint8_t b)
{
	return (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z');
}

static bool
is_digit(uint8_t b)
{
	return b >= '0' && b <= '9';
}

static bool
begins_with(struct vl_slice s, const char *with)
{
	size_t n = strlen(with);

	return s.n >= n && memcmp(s.p, with, n) == 0;
}

const char *const clue_heads[] = { "ghp_", "gho_", "github_pat_", "glpat-",
	"xoxb-", "xoxp-", "sk_live_", "rk_live_",
	/* what passwords are hashed to */
	"$P$", "$H$", "$2a$", "$2b$", "$2y$", "$wp$2y$", "$5$", "$6$", "$y$",
	"$7$", "$argon2", "$scrypt$", "$pbkdf2", "pbkdf2_sha",
	"pbkdf2:", ":pbkdf2:", ":argon2:", ":bcrypt:", "{SSHA", "{PBKDF2",
	NULL };

/* Whatever it is called. */
bool
clue_known_secret(struct vl_slice s)
{
	size_t i = 0;

	/* As one of them does. */
	if (s.n == 0 || memchr("-gxrs$p:{", *s.p, 9) == NULL)
		return false;
	if (begins_with(s, "-----BEGIN ") &&
	    memmem(s.p, s.n, "PRIVATE KEY-----", 16) != NULL)
		return true;
	for (i = 0; clue_heads[i] != NULL; i++)
		if (begins_with(s, clue_heads[i]) &&
		    s.n >= strlen(clue_heads[i]) + 16)
			return true;
	return false;
}

const char *
clue_cipher(const struct clues *c, struct vl_slice s)
{
	static const struct {
		const char *cipher;
		const char *head;
	} known[] = { { "n8n", "U2FsdGVkX1" },
		{ "ansible-vault", "$ANSIBLE_VAULT;" }, { "fernet", "gAAAA" },
		{ "octopus-aes128", "" } };
	const bool parted = s.n > 0 && memchr(s.p, '|', s.n) != NULL;
	size_t i = 0;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if ((*known[i].head == '\0' ? parted :
		                              begins_with(s, known[i].head)) &&
		    vl_cipher_fits(vl_cipher_named(known[i].cipher), s))
			return known[i].cipher;
	for (i = 0; i < c->nciphers; i++)
		if (vl_cipher_fits(&c->ciphers[i].cipher, s))
			return c->ciphers[i].cipher.name;
	return NULL;
}

/* Eight bytes and longer, and neither words nor a number. */
bool
clue_like_secret(struct vl_slice s)
{
	bool letters = false;
	bool digits = false;
	bool other = false;
	size_t i = 0;

	if (s.n < SECRET_MIN || s.n > SECRET_MAX)
		return false;
	for (i = 0; i < s.n; i++) {
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f)
			return clue_known_secret(s);
		letters = letters || is_letter(s.p[i]);
		digits = digits || is_digit(s.p[i]);
		other = other || strchr("/+=$!%&*#@^", s.p[i]) != NULL;
	}
	return letters && (digits || other);
}

static bool
is_example(struct vl_slice s)
{
	static const char *const words[] = { "example", "change", "your",
		"xxxx", "placeholder", "dummy", "todo", NULL };
	char text[64];
	size_t i = 0;

	if (s.n >= sizeof(text))
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	for (i = 0; words[i] != NULL; i++)
		if (strcasestr(text, words[i]) != NULL)
			return true;
	return false;
}

bool
clue_strong_secret(struct vl_slice s)
{
	size_t digits = 0;
	size_t upper = 0;
	size_t lower = 0;
	size_t signs = 0;
	bool path = false;
	size_t i = 0;

	for (i = 0; i < s.n; i++) {
		digits += is_digit(s.p[i]);
		upper += s.p[i] >= 'A' && s.p[i] <= 'Z';
		lower += s.p[i] >= 'a' && s.p[i] <= 'z';
		signs += strchr("+=!%&*#^$", s.p[i]) != NULL;
		path = path || s.p[i] == ':' || s.p[i] == '.' ||
		    s.p[i] == '@' || (s.p[i] == '/' && s.n < BASE64_MIN);
	}
	if (s.n < SECRET_MIN || path || is_example(s) || upper + lower == 0)
		return false;
	return digits >= 2 || signs > 0 ||
	    (digits > 0 && upper > 0 && lower > 0);
}

static void
note(struct reading *r, struct vl_slice name, struct vl_slice value)
{
	const struct clue_value v = { name, value, r->form };
	const struct vl_place *place = NULL;
	size_t at = (size_t)(value.p - r->t->text.p);
	size_t i = 0;

	for (i = 0; i < r->t->ncovered; i++) {
		place = &r->t->covered[i];
		if (at < place->at + place->n && place->at < at + value.n)
			return;
	}
	if (r->st == VL_OK)
		r->st = clues_add(r->c, r->t, &v, r->err);
}

/* What stands between a name and its value. */
static bool
joins(struct vl_slice gap)
{
	bool any = false;
	size_t i = 0;

	if (gap.n > GAP_MAX)
		return false;
	for (i = 0; i < gap.n; i++) {
		if (gap.p[i] == '\0' ||
		    strchr(" \t\r\n\"'\\:=[(/#", gap.p[i]) == NULL)
			return false;
		any = any || strchr(":=[(/#", gap.p[i]) != NULL;
	}
	return any;
}

/* Between two values of a list. */
static bool
lists(struct vl_slice gap)
{
	size_t i = 0;

	if (gap.n > GAP_MAX || memchr(gap.p, ',', gap.n) == NULL)
		return false;
	for (i = 0; i < gap.n; i++)
		if (gap.p[i] == '\0' ||
		    strchr(" \t\r\n\"'\\,", gap.p[i]) == NULL)
			return false;
	return true;
}

static bool
all_digits(struct vl_slice s)
{
	size_t i = 0;

	while (i < s.n && is_digit(s.p[i]))
		i++;
	return i == s.n;
}

/* "image-31": the number at its end and the word before that. */
static void
note_tail(struct reading *r, struct vl_slice token)
{
	struct vl_slice name = { 0 };
	size_t at = token.n;
	size_t from = 0;

	while (at > 0 && is_digit(token.p[at - 1]))
		at--;
	if (at < 2 || at == token.n ||
	    (token.p[at - 1] != '-' && token.p[at - 1] != '_'))
		return;
	for (from = at - 1; from > 0 && is_letter(token.p[from - 1]); from--)
		;
	name = (struct vl_slice){ token.p + from, at - 1 - from };
	if (name.n > 1)
		note(r, name, (struct vl_slice){ token.p + at, token.n - at });
}

/* To the quote that ends it, where it begins behind one. */
static struct vl_slice
quoted(struct vl_slice text, struct vl_slice token)
{
	size_t n = token.n;
	size_t left = (size_t)(text.p + text.n - token.p);

	if (token.p == text.p || token.p[-1] != '"')
		return token;
	while (n < left && token.p[n] != '"' && token.p[n] != '\\')
		n++;
	return n < left ? (struct vl_slice){ token.p, n } : token;
}

/* Too short for a secret, and it does not begin one between quotes. */
static bool
is_mere_word(const struct reading *r, struct vl_slice text, struct vl_slice t)
{
	return r->c->strict && t.n < SECRET_MIN &&
	    (t.p == text.p || t.p[-1] != '"');
}

static void
take_token(struct reading *r, struct vl_slice text, struct vl_slice token,
    struct vl_slice *name)
{
	const uint8_t *before = name->p == NULL ? text.p : name->p + name->n;
	struct vl_slice gap = { before, (size_t)(token.p - before) };
	const bool mere = is_mere_word(r, text, token);
	bool joined = !mere && name->n > 0 && joins(gap);
	struct vl_slice whole = mere ? token : quoted(text, token);

	if (all_digits(token)) {
		if (joined)
			note(r, *name, token);
		else
			*name = (struct vl_slice){ token.p, 0 };
		return;
	}
	if (!mere) {
		note(r, joined ? *name : (struct vl_slice){ 0 }, token);
		if (joined && whole.n > token.n && r->form == CLUE_JSON)
			note(r, *name, whole);
		note_tail(r, token);
	}
	*name = token;
	if (!is_letter(*token.p) && *token.p != '_')
		name->n = 0;
}

static void
scan_text(struct reading *r, struct vl_slice text)
{
	struct vl_slice name = { 0 };
	struct vl_slice token = { 0 };
	struct vl_slice gap = { 0 };
	const uint8_t *end = text.p;
	struct vl_slice of = { 0 };
	size_t at = 0;
	size_t n = 0;

	for (at = 0; at < text.n && r->st == VL_OK; at += n) {
		n = 0;
		while (at + n < text.n &&
		    (is_letter(text.p[at + n]) || is_digit(text.p[at + n]) ||
		        text.p[at + n] == '_' || text.p[at + n] == '-'))
			n++;
		if (n == 0) {
			n = 1;
			continue;
		}
		token = (struct vl_slice){ text.p + at, n };
		gap = (struct vl_slice){ end, (size_t)(token.p - end) };
		end = token.p + n;
		/* A list goes on with the name that it began with. */
		if (of.n > 0 && all_digits(token) && lists(gap)) {
			note(r, of, token);
			name.n = 0;
			continue;
		}
		of = name;
		take_token(r, text, token, &name);
		if (!all_digits(token) || name.n == 0)
			of.n = 0;
	}
}

/* ---- What PHP serialised ---- */

struct php {
	const uint8_t *p;
	const uint8_t *end;
};

static bool
php_number(struct php *s, size_t *n, char end)
{
	*n = 0;
	if (s->p == s->end || !is_digit(*s->p))
		return false;
	for (; s->p < s->end && is_digit(*s->p); s->p++) {
		if (*n > SIZE_MAX / 16)
			return false;
		*n = *n * 10 + (size_t)(*s->p - '0');
	}
	return s->p < s->end && *s->p++ == (uint8_t)end;
}

static bool
php_string(struct php *s, struct vl_slice *text)
{
	size_t n = 0;

	s->p += 2;
	if (!php_number(s, &n, ':') || (size_t)(s->end - s->p) < 3 ||
	    n > (size_t)(s->end - s->p) - 3 || *s->p != '"')
		return false;
	*text = (struct vl_slice){ s->p + 1, n };
	s->p += n + 3;
	return true;
}

/* Up to the ';' behind it: digits, or another scalar. */
static bool
php_scalar(struct php *s, struct vl_slice *text)
{
	const uint8_t *semicolon = memchr(s->p, ';', (size_t)(s->end - s->p));

	if (semicolon == NULL)
		return false;
	*text = (struct vl_slice){ s->p + 2, 0 };
	if (semicolon > s->p + 2)
		text->n = (size_t)(semicolon - s->p) - 2;
	s->p = semicolon + 1;
	return true;
}

static bool php_value(
    struct reading *r, struct php *s, struct vl_slice name, unsigned depth);

static bool
php_array(
    struct reading *r, struct php *s, struct vl_slice name, unsigned depth)
{
	struct vl_slice key = { 0 };
	size_t n = 0;

	s->p += 2;
	if (depth == DEPTH_MAX || !php_number(s, &n, ':') || s->p == s->end ||
	    *s->p++ != '{')
		return false;
	for (; n > 0; n--) {
		if (s->end - s->p < 4)
			return false;
		if (*s->p == 's') {
			if (!php_string(s, &key))
				return false;
		} else if (*s->p == 'i') {
			if (!php_scalar(s, &key))
				return false;
			key = name;
		} else {
			return false;
		}
		if (!php_value(r, s, key, depth + 1))
			return false;
	}
	return s->p < s->end && *s->p++ == '}';
}

/* Objects end it. */
static bool
php_value(
    struct reading *r, struct php *s, struct vl_slice name, unsigned depth)
{
	struct vl_slice text = { 0 };
	uint8_t kind = 0;

	if (s->end - s->p < 2)
		return false;
	kind = *s->p;
	if (kind == 'a')
		return php_array(r, s, name, depth);
	if (kind == 's') {
		if (!php_string(s, &text))
			return false;
		note(r, name, text);
		if (!all_digits(text))
			scan_text(r, text);
		return true;
	}
	if (strchr("idbN", kind) == NULL || !php_scalar(s, &text))
		return false;
	if (kind == 'i')
		note(r, name, text);
	return true;
}

enum vl_status
clues_read(struct clues *c, const struct clue_text *t, struct vl_err *err)
{
	struct reading r = { .c = c, .t = t, .form = CLUE_WHOLE, .err = err };
	struct vl_slice text = t->text;
	struct php s = { text.p, text.p + text.n };

	if (text.n == 0 || (!t->open && !t->may_be_secret))
		return VL_OK;
	c->ntexts++;
	if (begins_with(text, "a:")) {
		r.form = CLUE_PHP;
		(void)php_value(&r, &s, (struct vl_slice){ 0 }, 0);
		return r.st;
	}
	/* Nothing is looked for inside of what is encrypted. */
	if (t->may_be_secret && clue_cipher(c, text) != NULL) {
		note(&r, (struct vl_slice){ 0 }, text);
		return r.st;
	}
	while (text.n > 0 && *text.p <= ' ') {
		text.p++;
		text.n--;
	}
	r.form = begins_with(text, "{") || begins_with(text, "[") ? CLUE_JSON :
	                                                            CLUE_TEXT;
	if (r.form == CLUE_TEXT && text.n <= WHOLE_MAX) {
		r.form = CLUE_WHOLE;
		note(&r, (struct vl_slice){ 0 }, text);
		r.form = CLUE_TEXT;
	}
	scan_text(&r, text);
	return r.st;
}
