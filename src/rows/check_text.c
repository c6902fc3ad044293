/*
 * What looks like a secret in a text that is no cell of a row: a file of a
 * tree.  The rule is that of the rows, but that what a program's own files say
 * of passwords is mostly about them, and none: more must speak for it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <valise/text.h>

#include "check.h"
#include "clue.h"

#define TOLD_MAX   512
#define KEY_BYTES  32   /* of a private key, between its lines */
#define VALUE_MAX  8192 /* of a value that is all of a file */
#define VALUES_MIN 8

struct vl_check_texts {
	struct clues *clues;
	struct clue_words words;
};

enum vl_status
vl_check_texts_open(struct vl_check_texts **out,
    const struct vl_declared *ciphers, size_t nciphers, struct vl_err *err)
{
	struct vl_check_texts *c = calloc(1, sizeof(*c));
	enum vl_status st = VL_OK;

	*out = c;
	if (c == NULL)
		return vl_fail_memory(err);
	clue_words_make(&c->words);
	st = clues_open(&c->clues, 0, err);
	if (st != VL_OK)
		return st;
	c->clues->strict = true;
	c->clues->ciphers = ciphers;
	c->clues->nciphers = nciphers;
	return VL_OK;
}

void
vl_check_texts_free(struct vl_check_texts *c)
{
	if (c == NULL)
		return;
	clues_free(c->clues);
	free(c);
}

static bool
is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct vl_slice
trimmed(struct vl_slice s)
{
	while (s.n > 0 && is_space(*s.p)) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

static bool
ends_with(const char *name, const char *end)
{
	const size_t n = strlen(name);
	const size_t m = strlen(end);

	return n >= m && strcasecmp(name + n - m, end) == 0;
}

/* Settings are looked through; of other files only what all of it is. */
static bool
is_settings(const char *name)
{
	static const char *const ends[] = { ".env", ".ini", ".conf", ".cfg",
		".properties", ".json", ".yaml", ".yml", ".toml" };
	size_t i = 0;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends_with(name, ends[i]))
			return true;
	return strncmp(name, ".env", 4) == 0 ||
	    (ends_with(name, ".php") && strcasestr(name, "config") != NULL);
}

/* Where it begins a line, and there is something before the line that ends
 * it. */
static bool
has_private_key(struct vl_slice text)
{
	static const char key[] = "PRIVATE KEY-----";
	static const char begin[] = "-----BEGIN ";
	const uint8_t *end = text.p + text.n;
	const uint8_t *at = text.n == 0 ? NULL : text.p;
	const uint8_t *line = NULL;

	while (at != NULL) {
		at = memmem(at, (size_t)(end - at), key, sizeof(key) - 1);
		if (at == NULL)
			break;
		line = memrchr(text.p, '\n', (size_t)(at - text.p));
		line = line == NULL ? text.p : line + 1;
		at += sizeof(key) - 1;
		if ((size_t)(at - line) >= sizeof(begin) &&
		    memcmp(line, begin, sizeof(begin) - 1) == 0 &&
		    (size_t)(end - at) > KEY_BYTES &&
		    memmem(at, KEY_BYTES, "-----", 5) == NULL)
			return true;
	}
	return false;
}

/* Values of ciphers that say little of their form are short. */
static const char *
cipher_of(const struct clues *c, struct vl_slice text)
{
	const bool headed =
	    text.n > 0 && (*text.p == 'U' || *text.p == '$' || *text.p == 'g');

	if (text.n == 0 ||
	    (c->nciphers == 0 && !headed &&
	        (text.n > VALUE_MAX || memchr(text.p, '\n', text.n) != NULL)))
		return NULL;
	return clue_cipher(c, text);
}

/* All of it is one; or NULL. */
static const char *
whole_secret(const struct clues *c, const char *name, struct vl_slice text,
    char told[TOLD_MAX])
{
	const char *cipher = cipher_of(c, text);

	if (has_private_key(text))
		return "it holds a private key";
	if (cipher != NULL) {
		(void)snprintf(told, TOLD_MAX,
		    "it is encrypted as under cipher '%s'", cipher);
		return told;
	}
	if (text.n > VALUE_MAX || text.n < VALUES_MIN ||
	    memchr(text.p, '\n', text.n) != NULL)
		return NULL;
	if (clue_known_secret(text))
		return "it is a known token";
	return vl_rows_secret_name(name) && clue_like_secret(text) &&
	        clue_strong_secret(text) ?
	    "all of it may be a secret" :
	    NULL;
}

static enum vl_status
look_through(struct vl_check_texts *c, const struct clue_text *text,
    uint64_t *n, void (*found)(void *arg, const char *text), void *arg,
    struct vl_err *err)
{
	char told[TOLD_MAX];
	char shown[CLUE_NAME_MAX * 4];
	enum vl_status st = clues_read(c->clues, text, err);
	size_t i = 0;

	for (i = 0; st == VL_OK && i < c->clues->n; i++) {
		if (c->clues->list[i]->secrets == 0)
			continue;
		++*n;
		(void)snprintf(told, sizeof(told),
		    "what stands beside '%s' may be a secret",
		    vl_escape_text(shown, sizeof(shown),
		        vl_slice_of(c->clues->list[i]->name)));
		found(arg,
		    *c->clues->list[i]->name == '\0' ? "it may be a secret" :
		                                       told);
	}
	clues_next_table(c->clues);
	return st;
}

enum vl_status
vl_check_text(struct vl_check_texts *c, const char *name, struct vl_slice bytes,
    uint64_t *n, void (*found)(void *arg, const char *text), void *arg,
    struct vl_err *err)
{
	const struct clue_text text = { .name = name,
		.row_column = NONE,
		.text = trimmed(bytes),
		.may_be_secret = true };
	char told[TOLD_MAX];
	const char *whole = whole_secret(c->clues, name, text.text, told);

	*n = whole != NULL;
	if (whole != NULL) {
		found(arg, whole);
		return VL_OK;
	}
	/* Members may have the form of a cipher that no word begins. */
	if (!is_settings(name) ||
	    (c->clues->nciphers == 0 && !clue_words_any(&c->words, text.text)))
		return VL_OK;
	return look_through(c, &text, n, found, arg, err);
}
