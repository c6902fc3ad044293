#ifndef VALISE_FORMAT_LINES_H
#define VALISE_FORMAT_LINES_H

/* Taking lines and words off the front of a text. */

#include <valise/bytes.h>

void lines_skip(struct vl_slice *rest, size_t n); /* n <= rest->n */
/* The next line without its LF; false when no whole line is left. */
bool lines_next(struct vl_slice *rest, struct vl_slice *line);
/* True, and off the front, when `rest` begins with `word`. */
bool lines_word(struct vl_slice *rest, const char *word);

#endif
