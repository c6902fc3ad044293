#ifndef VALISE_TOOL_VALUES_H
#define VALISE_TOOL_VALUES_H

/* What differs inside values, for valise diff. */

#include <valise/fields.h>
#include <valise/profile.h>
#include <valise/row.h>

/* All zero is empty. */
struct values {
	struct vl_profile *profile; /* of the resource at hand; or NULL */
	struct vl_fields *fields;
	struct vl_row_store stores[2];
	struct vl_json_w w;
	struct vl_buf said; /* an array of JSON (fields.h), or nothing */
	struct vl_buf shown;
	struct vl_buf text; /* what a value decodes to */
	struct vl_buf rest[2];
	struct vl_buf prints[2];
};

/* Rows behind this line are of the profile with these words, or none. */
void values_profile(struct values *v, struct vl_slice words);
/* Two rows of a table, as JSON: v->said. */
enum vl_status values_differ(struct values *v, struct vl_slice table,
    const struct vl_slice rows[2], struct vl_err *err);
/*
 * What of a column differs, of which the values at `items` of two rows are
 * different: the fingerprints of secrets in it, the rest, or both.
 */
enum vl_status values_secret(struct values *v, const struct vl_json *json,
    const size_t items[2], bool *secret, bool *rest, struct vl_err *err);
void values_free(struct values *v);

#endif
