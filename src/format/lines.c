/* The texts of formats/seal.md are lines of words. */

#include <string.h>

#include "lines.h"

void
lines_skip(struct vl_slice *rest, size_t n)
{
	rest->p += n;
	rest->n -= n;
}

bool
lines_next(struct vl_slice *rest, struct vl_slice *line)
{
	const uint8_t *end = NULL;

	if (rest->n > 0)
		end = memchr(rest->p, '\n', rest->n);
	if (end == NULL)
		return false;
	line->p = rest->p;
	line->n = (size_t)(end - rest->p);
	lines_skip(rest, line->n + 1);
	return true;
}

bool
lines_word(struct vl_slice *rest, const char *word)
{
	size_t n = strlen(word);

	if (rest->n < n || memcmp(rest->p, word, n) != 0)
		return false;
	lines_skip(rest, n);
	return true;
}
