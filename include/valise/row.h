#ifndef VALISE_ROW_H
#define VALISE_ROW_H

/*
 * One row of a table, and its manifest line (formats/manifest.md, "Lines of
 * a table"): what names it (`key`), what it says (`row`), and under `x` the
 * ids it has at the source, which no comparison looks at.
 */

#include <valise/entry.h>
#include <valise/value.h>

#define VL_TABLE_NAME_MAX 255  /* bytes */
#define VL_COLUMN_MAX     255  /* bytes of the name of a column */
#define VL_KEY_MAX        4096 /* bytes of a key as JSON */

/* Slices are borrowed. */
struct vl_row {
	struct vl_slice resource;
	struct vl_slice table;
	struct vl_slice key; /* canonical JSON: an array, not empty */
	struct vl_slice row; /* canonical JSON: an object, column to value */
	struct vl_slice x;   /* canonical JSON: an object, column to id; or
	                      * n is 0 */
	bool has_body;
	uint64_t size;                      /* of the body */
	uint8_t hash[VL_CONTENT_HASH_SIZE]; /* of the body */
};

/*
 * Append the canonical line, with LF.  `*hash_at` gets the offset of the
 * hash's text, 0 without a body.  VL_ELIMIT for a key or line too long.
 */
enum vl_status vl_row_encode(struct vl_buf *out, const struct vl_row *row,
    size_t *hash_at, struct vl_err *err);

/* Memory that a decoded row points into besides the line; reuse one. */
struct vl_row_store {
	struct vl_json json;
	struct vl_buf text;
	size_t columns; /* items of `row` and `x` in `json` */
	size_t ids;     /* or VL_JSON_NONE */
};

/*
 * Decode one line (with its LF), all rules that one line can break checked:
 * canonical form, members, names, values, and that the pieces in the body
 * follow one another and fill it.  VL_EFORMAT, VL_ELIMIT.
 */
enum vl_status vl_row_decode(struct vl_row *row, struct vl_row_store *store,
    struct vl_slice line, struct vl_err *err);
/*
 * The columns of `row` (or of `x`: `item` store->ids), ascending by name:
 * `*at` is 0 at first; false behind the last.
 */
bool vl_row_next(struct vl_row_store *store, size_t item, size_t *at,
    struct vl_slice *name, struct vl_value *value);
void vl_row_store_free(struct vl_row_store *store);

#endif
