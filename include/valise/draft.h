#ifndef VALISE_DRAFT_H
#define VALISE_DRAFT_H

/*
 * A first profile of a database that nobody has described yet: what its
 * schema says and what its rows prove is written as words; what they leave
 * open as a comment that begins with "# ?".
 */

#include <valise/rows.h>

struct vl_draft {
	uint64_t tables;
	uint64_t rows;
	uint64_t questions;
};

/* Appended: an item of the list `resources` of a profile, in YAML, each line
 * indented by four blanks.  No value of a column is in it but types. */
enum vl_status vl_rows_draft(struct vl_buf *out, struct vl_db *db,
    const char *resource, struct vl_draft *counts, struct vl_err *err);

/* A text as YAML reads it back: plain where that is safe, else in quotes.
 * VL_EUSAGE: not UTF-8. */
enum vl_status vl_draft_scalar(
    struct vl_buf *out, const char *text, struct vl_err *err);

#endif
