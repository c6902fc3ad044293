#ifndef VALISE_TEXT_H
#define VALISE_TEXT_H

/* Text for people: escaped names, sizes, times; and reading sizes. */

#include <valise/bytes.h>

/* One text that stands for another. */
struct vl_pair {
	char *from;
	char *to;
};

/*
 * Append `name` so that it can reach a terminal: control characters, DEL,
 * invalid UTF-8, C1 and bidirectional controls and the backslash become \xNN
 * (\n, \t, \r, \\ as in C).  A name with none of them is appended as it is.
 */
enum vl_status vl_escape(
    struct vl_buf *out, struct vl_slice name, struct vl_err *err);
/* The same into `text` (always ended by NUL), cut with "..." when too long;
 * returns `text`. */
char *vl_escape_text(char *text, size_t size, struct vl_slice name);

/*
 * The same for a message that is written already: each byte of what would be
 * escaped, but for the backslash, becomes '?'.
 */
void vl_tame(char *text);

/*
 * Append JSON so that it can reach a terminal: DEL, C1 and bidirectional
 * controls, which may stand in its strings as they are, become \uXXXX.  The
 * values are the same.
 */
enum vl_status vl_escape_json(
    struct vl_buf *out, struct vl_slice json, struct vl_err *err);

/* Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool vl_utf8_valid(struct vl_slice s);

/* "-12": its digits, ended by NUL; returns how many bytes stand before it. */
#define VL_INT_SIZE 24
size_t vl_int_text(char text[VL_INT_SIZE], int64_t n);
/* "12 345 678" */
char *vl_format_count(char *text, size_t size, uint64_t n);
/* "1 entry", "12 345 entries": `one` where n is 1, else `many`. */
char *vl_format_counted(
    char *text, size_t size, uint64_t n, const char *one, const char *many);
/* "1.3 GB", decimal units */
char *vl_format_bytes(char *text, size_t size, uint64_t n);
/* "2026-11-21T14:00:00Z" of seconds since 1970. */
char *vl_format_time_utc(char *text, size_t size, int64_t seconds);

/* "64M", "4.7G", "100K", plain bytes; powers of 1024; VL_EUSAGE if not. */
enum vl_status vl_parse_size(
    const char *text, uint64_t *bytes, struct vl_err *err);

/* The word of `words` (NULL at the end) nearest to `word`, or NULL when
 * none is near: for "did you mean". */
const char *vl_nearest(const char *word, const char *const *words);

#endif
