#ifndef VALISE_FIELDS_H
#define VALISE_FIELDS_H

/*
 * What differs between two values, by paths into them: of JSON, of what PHP
 * serialised, of YAML.  Ids of rows are called by the keys of their rows.  For
 * people: how much is told is limited, and what is named like a secret is not
 * told.  Pure.
 *
 * Begin, the pieces of both sides in their order, then differ; again and again.
 */

#include <valise/value.h>

#define VL_FIELDS_MAX 8 /* paths of one pair of values that are told */

enum vl_side {
	VL_SIDE_OLD,
	VL_SIDE_NEW,
	VL_SIDES
};

enum vl_fields_form {
	VL_FIELDS_GUESS, /* JSON or PHP, when both sides are one of them */
	VL_FIELDS_YAML
};

struct vl_fields;
enum vl_status vl_fields_new(struct vl_fields **out, struct vl_err *err);
void vl_fields_free(struct vl_fields *f);

void vl_fields_begin(struct vl_fields *f);
/* `body` is what a piece of kind BODY stands for; borrowed for the call. */
enum vl_status vl_fields_add(struct vl_fields *f, enum vl_side side,
    const struct vl_text_part *part, struct vl_slice body, struct vl_err *err);
/*
 * Append to an open array objects {"column", "path", "old", "new"}, each
 * member a string; `old` or `new` is not there where the path is not.  A last
 * one {"column", "more"} says how many are not told.  None where a value cannot
 * be read, is too large to be looked into, or differs otherwise.
 */
enum vl_status vl_fields_differ(struct vl_fields *f, enum vl_fields_form form,
    struct vl_slice column, struct vl_json_w *w, struct vl_err *err);
/* Append such an array, whole, in words: "settings.theme: 31 -> 8; ...". */
enum vl_status vl_fields_text(
    struct vl_buf *out, struct vl_slice json, struct vl_err *err);

#endif
