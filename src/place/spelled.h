#ifndef VALISE_PLACE_SPELLED_H
#define VALISE_PLACE_SPELLED_H

/* A scalar of YAML: its text, and where each byte of that is spelled. */

#include "place.h"

enum spelling {
	SPELLED_PLAIN,
	SPELLED_SINGLE, /* without its quotes */
	SPELLED_DOUBLE,
	SPELLED_LITERAL, /* from its `|` or `>` on */
	SPELLED_FOLDED
};

/* From here to the next one; what is not solid is spelled as it is. */
struct stretch {
	size_t raw;
	size_t text;
	bool solid;
};

/* All zero is empty; may be used again. */
struct spelled {
	struct vl_buf text;
	struct stretch *list; /* the last one begins at the end */
	size_t n;
	size_t cap;
};

struct scalar {
	enum spelling how;
	struct vl_slice raw;
	struct vl_slice text; /* of a block: how far it is indented */
};
enum vl_status spelled_read(
    struct spelled *s, const struct scalar *scalar, struct vl_err *err);
/* The text but for line breaks at its end is `text`; it becomes that. */
bool spelled_cut(struct spelled *s, struct vl_slice text);
/* Where bytes of the text, some of them, are spelled; false: they begin or end
 * within an escape or a line break. */
bool spelled_span(const struct spelled *s, struct span text, struct span *raw);
void spelled_free(struct spelled *s);

/* What a plain scalar is to one reader of YAML or another. */
enum yaml_kind {
	YAML_IS_TEXT,
	YAML_IS_NUMBER, /* or a date */
	YAML_IS_NOTHING /* null, true, false and their kin */
};
enum yaml_kind yaml_kind(struct vl_slice text);
/* Whether a plain scalar stays a text whatever of VL_FORM_YAML_PART comes to
 * the places from `first` on, of which all lie in it. */
bool yaml_stays_text(struct vl_slice value, const struct leaf *leaf,
    const struct vl_place *first, size_t n);
/* vl_place_write() for the forms of YAML. */
enum vl_status yaml_write(struct vl_buf *out, enum vl_part_form form,
    struct vl_slice text, struct vl_err *err);
/* vl_place_read() for them. */
enum vl_status yaml_text(struct vl_buf *out, enum vl_part_form form,
    struct vl_slice raw, struct vl_err *err);

#endif
