#ifndef VALISE_ROW_H
#define VALISE_ROW_H

/*
 * The manifest lines of a database (formats/manifest.md, "Lines of a
 * database"): what its application's profile says, each table with its
 * schema, and its rows.
 */

#include <valise/entry.h>
#include <valise/value.h>

#define VL_COLUMN_MAX     255  /* bytes of the name of a column */
#define VL_APPVERSION_MAX 1024 /* bytes of the version of an application */
#define VL_DEFAULT_MAX    1024 /* bytes of the default of a column */

/* What a line of a manifest is. */
enum vl_line_kind {
	VL_LINE_ENTRY, /* of a tree: entry.h */
	VL_LINE_PROFILE,
	VL_LINE_TABLE,
	VL_LINE_ROW
};

/*
 * The one kind that a line can be, by its first members; its decoder says
 * whether it is that.  Pure, and for any bytes.
 */
enum vl_line_kind vl_line_kind(struct vl_slice line);

/* The first line of a database.  Slices are borrowed, here and below. */
struct vl_profile_line {
	struct vl_slice resource;
	struct vl_slice version; /* of the application; n is 0: not known */
	struct vl_slice words;   /* canonical JSON, an object; n is 0: none */
};

/* A table, before its rows. */
struct vl_table_line {
	struct vl_slice resource;
	struct vl_slice table;
	/* Canonical JSON: the lines of its fingerprint (db.h) as an array of
	 * strings, ascending by bytes, none twice, without LF. */
	struct vl_slice schema;
	/* Canonical JSON, an object: how it is made where it is absent; n is
	 * 0: it is not. */
	struct vl_slice shape;
};

/*
 * One row: what names it (`key`), what it says (`row`), and under `x` the ids
 * it has at the source, which no comparison looks at.
 */
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
	size_t nslots; /* secrets in `row`; of no account when it is written */
};

/*
 * Append the canonical line, with LF.  `*hash_at` gets the offset of the
 * hash's text, 0 without a body.  VL_ELIMIT for a key or line too long.
 */
enum vl_status vl_row_encode(struct vl_buf *out, const struct vl_row *row,
    size_t *hash_at, struct vl_err *err);

/* Append the canonical line, with LF.  VL_EFORMAT for a name or version that
 * is no text, VL_ELIMIT for a version or line too long. */
enum vl_status vl_profile_line_encode(
    struct vl_buf *out, const struct vl_profile_line *p, struct vl_err *err);
enum vl_status vl_table_line_encode(
    struct vl_buf *out, const struct vl_table_line *t, struct vl_err *err);

/* Memory that a decoded line points into besides the line; reuse one. */
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
/* The same of the other lines; what `words` mean is for others to check. */
enum vl_status vl_profile_line_decode(struct vl_profile_line *p,
    struct vl_row_store *store, struct vl_slice line, struct vl_err *err);
enum vl_status vl_table_line_decode(struct vl_table_line *t,
    struct vl_row_store *store, struct vl_slice line, struct vl_err *err);
/*
 * The columns of `row` (or of `x`: `item` store->ids), ascending by name:
 * `*at` is 0 at first; false behind the last.
 */
bool vl_row_next(struct vl_row_store *store, size_t item, size_t *at,
    struct vl_slice *name, struct vl_value *value);
/*
 * The secrets of a decoded `row` in the order in which they stand: columns
 * ascending, pieces in order.  `*at` is all zero at first; false behind the
 * last.  `place` and `slot` are valid until the next call.
 */
struct vl_slots {
	size_t at; /* of columns */
	size_t piece;
	size_t column_end; /* of `store->text` */
	size_t begin;
	struct vl_slice column;
	struct vl_value value;
};
bool vl_row_next_slot(struct vl_slots *at, const struct vl_row *row,
    struct vl_row_store *store, struct vl_slot_place *place,
    struct vl_slot *slot);
void vl_row_store_free(struct vl_row_store *store);

#endif
