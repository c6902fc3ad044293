#ifndef VALISE_RECORD_ROW_LINE_H
#define VALISE_RECORD_ROW_LINE_H

/* What all lines of a database have in common (formats/manifest.md, "Lines
 * of a database"). */

#include <valise/row.h>

/* Members of a line, ascending. */
struct vl_row_shape {
	const char *const *names;
	size_t n;
	uint32_t may;     /* a bit for each that can be absent */
	size_t r;         /* of `names`: the resource */
	size_t t;         /* and the type */
	const char *type; /* what `t` says */
};

/*
 * Parse a line into `store` and find its members: `at` has an item for each
 * name, VL_JSON_NONE for one that is absent.  Type and resource are checked.
 */
enum vl_status vl_row_line_read(const struct vl_row_shape *shape,
    struct vl_row_store *store, struct vl_slice line, size_t *at,
    struct vl_err *err);
/* A text of 1 to `max` bytes at an item of the line. */
bool vl_row_line_text(
    struct vl_row_store *store, size_t item, size_t max, struct vl_slice *text);
/* The last members, `r` and what goes before it are written: close the line,
 * which began at `begin` of its buffer, and hold it against the limit. */
enum vl_status vl_row_line_end(
    struct vl_json_w *w, size_t begin, struct vl_err *err);

#endif
