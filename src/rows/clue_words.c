/*
 * Words that secrets are called by, and beginnings that they have, looked for
 * in a text: most have none, and are not looked into.
 */

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "clue.h"

/* As vl_rows_secret_name() has them, and beginnings of what clue_cipher()
 * knows. */
static const char *const names[] = { "password", "passwd", "private_key",
	"privatekey", "secret", "salt", "token", "api_key", "apikey",
	"credential", "gAAAA", "U2FsdGVkX1", "$ANSIBLE_VAULT;", "-----BEGIN ",
	NULL };

static unsigned
pair_of(int a, int b)
{
	return (unsigned)a << 8 | (unsigned)b;
}

static void
add_words(struct clue_words *s, const char *const *list)
{
	unsigned at = 0;

	for (; *list != NULL && s->nwords < CLUE_WORDS_MAX; list++) {
		at = pair_of(tolower((*list)[0]), tolower((*list)[1]));
		s->words[++s->nwords] = *list;
		s->lengths[s->nwords] = strlen(*list);
		s->next[s->nwords] = s->first[at];
		s->first[at] = (uint8_t)s->nwords;
	}
}

/* Letters in capitals begin the same words. */
static void
add_capitals(struct clue_words *s)
{
	const char *w = NULL;
	size_t i = 0;
	uint8_t n = 0;

	for (i = 1; i <= s->nwords; i++) {
		w = s->words[i];
		n = s->first[pair_of(tolower(w[0]), tolower(w[1]))];
		s->first[pair_of(tolower(w[0]), toupper(w[1]))] = n;
		s->first[pair_of(toupper(w[0]), tolower(w[1]))] = n;
		s->first[pair_of(toupper(w[0]), toupper(w[1]))] = n;
	}
}

void
clue_words_make(struct clue_words *s)
{
	*s = (struct clue_words){ .nwords = 0 };
	add_words(s, names);
	add_words(s, clue_heads);
	add_capitals(s);
}

bool
clue_words_any(const struct clue_words *s, struct vl_slice text)
{
	const uint8_t *p = text.p;
	const uint8_t *end = text.p + text.n;
	size_t n = 0;

	/* More words than that are not told apart. */
	if (s->nwords == CLUE_WORDS_MAX)
		return true;
	for (; p + 1 < end; p++)
		for (n = s->first[pair_of(p[0], p[1])]; n != 0; n = s->next[n])
			if ((size_t)(end - p) >= s->lengths[n] &&
			    strncasecmp((const char *)p, s->words[n],
			        s->lengths[n]) == 0)
				return true;
	return false;
}
