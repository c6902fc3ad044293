/*
 * What looks like a secret in a text that is no cell of a row: a file of a
 * tree.  The rule is that of the rows.
 */

#include <stdio.h>
#include <string.h>

#include <valise/text.h>

#include "check.h"
#include "clue.h"

#define TOLD_MAX 512

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

/* All of it is one; or NULL. */
static const char *
whole_secret(const struct clues *c, struct vl_slice text, char told[TOLD_MAX])
{
	const char *cipher = clue_cipher(c, text);

	if (text.n > 0 &&
	    memmem(text.p, text.n, "PRIVATE KEY-----", 16) != NULL)
		return "it holds a private key";
	if (cipher == NULL)
		return clue_known_secret(text) ? "it is a known token" : NULL;
	(void)snprintf(
	    told, TOLD_MAX, "it is encrypted as under cipher '%s'", cipher);
	return told;
}

enum vl_status
vl_check_text(const struct vl_check_text *t, uint64_t *n,
    void (*found)(void *arg, const char *text), void *arg, struct vl_err *err)
{
	struct clue_text text = { .name = t->name,
		.row_column = NONE,
		.text = trimmed(t->text),
		.may_be_secret = true };
	struct clues *c = NULL;
	char told[TOLD_MAX];
	char shown[CLUE_NAME_MAX * 4];
	const char *whole = NULL;
	enum vl_status st = clues_open(&c, 0, err);
	size_t i = 0;

	*n = 0;
	if (st != VL_OK)
		return st;
	c->ciphers = t->ciphers;
	c->nciphers = t->nciphers;
	whole = whole_secret(c, text.text, told);
	if (whole != NULL) {
		*n = 1;
		found(arg, whole);
	} else if (!t->whole) {
		st = clues_read(c, &text, err);
	}
	for (i = 0; st == VL_OK && i < c->n; i++) {
		if (c->list[i]->secrets == 0)
			continue;
		++*n;
		(void)snprintf(told, sizeof(told),
		    "what stands beside '%s' may be a secret",
		    vl_escape_text(
		        shown, sizeof(shown), vl_slice_of(c->list[i]->name)));
		found(arg,
		    *c->list[i]->name == '\0' ? "it may be a secret" : told);
	}
	clues_free(c);
	return st;
}
