#ifndef VALISE_VALUE_H
#define VALISE_VALUE_H

/*
 * One value of a database as its engine keeps it, and as it stands in a
 * manifest line (formats/manifest.md, Values).  What JSON cannot say without
 * loss is an object with one member:
 *
 *	{"$b64": base64url}	a blob
 *	{"$blob": [at, n]}	a blob: n bytes of the record's body
 *	{"$body": [at, n]}	a text, the same
 *	{"$deflate": [...]}	a blob, of a text in pieces, in raw deflate
 *	{"$gzip": [...]}	the same in gzip
 *	{"$i": digits}		an integer of 10^15 or more, either way
 *	{"$parts": [...]}	a text in pieces, some of them ids of rows
 *	{"$r": digits}		a real
 *	{"$ref": key}		the id of the row with that key
 *	{"$secret": print}	a secret, by its fingerprint (slot.h)
 *	{"$t64": base64url}	a text that is not UTF-8, or holds a NUL
 *	{"$zlib": [...]}	as $gzip, in zlib's form
 */

#include <valise/bytes.h>
#include <valise/json.h>
#include <valise/slot.h>

/* Values of more bytes stand in the body of their record. */
#define VL_VALUE_INLINE_MAX 4096
#define VL_REAL_SIZE        32   /* room for the text of a real, with NUL */
#define VL_TABLE_NAME_MAX   255  /* bytes */
#define VL_KEY_MAX          4096 /* bytes of a key as JSON */
#define VL_COUNTED_DEPTH    8    /* of counted texts within one another */

enum vl_cell_type {
	VL_CELL_NULL,
	VL_CELL_INT,
	VL_CELL_REAL,
	VL_CELL_TEXT, /* bytes of a text; may be invalid UTF-8 or hold NUL */
	VL_CELL_BLOB
};

/* `bytes` is borrowed. */
struct vl_cell {
	enum vl_cell_type type;
	int64_t integer;
	double real;
	struct vl_slice bytes;
};

/* Same storage class, same value: 1 is not 1.0, 0.0 is not -0.0. */
bool vl_cell_equal(const struct vl_cell *a, const struct vl_cell *b);

enum vl_value_kind {
	VL_VALUE_CELL,
	VL_VALUE_BODY, /* `cell.type` is TEXT or BLOB */
	VL_VALUE_REF,
	VL_VALUE_PARTS,
	VL_VALUE_SECRET /* `cell.type` is TEXT or BLOB, as `slot` says */
};

/* What pieces are in the value: it is a text, or a blob in which they are
 * packed. */
enum vl_packing {
	VL_PACKING_NONE,
	VL_PACKING_GZIP,
	VL_PACKING_ZLIB,
	VL_PACKING_DEFLATE
};

struct vl_value {
	enum vl_value_kind kind;
	struct vl_cell cell; /* CELL; `bytes` of what was decoded: in `arena` */
	/* BODY: in the body of the record.  PARTS: what its pieces take of it,
	 * as vl_value_read() finds it. */
	uint64_t at;
	uint64_t n;
	struct vl_slice key;     /* REF: canonical JSON, an array */
	size_t item;             /* REF, PARTS: the array in the line */
	enum vl_packing packing; /* PARTS */
	struct vl_slot slot;     /* SECRET */
	/* Secrets in it: of SECRET 1, of PARTS as vl_value_read() finds them.
	 */
	size_t nslots;
};

/*
 * "%.15g" of the C locale, or with 16 or 17 digits where fewer do not read
 * back as `real`: one text for each value, "inf" and "-inf" included; not for
 * NaN, which SQLite does not keep.
 */
char *vl_real_text(char text[VL_REAL_SIZE], double real);
bool vl_real_read(double *real, struct vl_slice text);

/* The value of a cell that stands in the line. */
void vl_cell_write(struct vl_json_w *w, const struct vl_cell *cell);
void vl_value_write_body(
    struct vl_json_w *w, enum vl_cell_type type, uint64_t at, uint64_t n);
void vl_value_write_ref(struct vl_json_w *w, struct vl_slice key);
void vl_value_write_secret(struct vl_json_w *w, const struct vl_slot *slot);

/* What a piece of a text in parts is. */
enum vl_part_kind {
	VL_PART_TEXT,
	VL_PART_BODY,
	VL_PART_REF,
	VL_PART_COUNT,
	VL_PART_SECRET
};
/* How an id or secret is spelled in the text around it. */
enum vl_part_form {
	VL_FORM_PLAIN,
	VL_FORM_JSON_TEXT,   /* inside the quotes of a JSON string */
	VL_FORM_JSON_NUMBER, /* an integer of JSON, PHP or YAML; no secret */
	VL_FORM_YAML,        /* all of a plain scalar that is a text */
	VL_FORM_YAML_PART,   /* a part of one, or of the lines of a block */
	VL_FORM_YAML_SINGLE, /* inside single quotes */
	VL_FORM_YAML_DOUBLE  /* inside double quotes */
};
struct vl_text_part {
	enum vl_part_kind kind;
	struct vl_slice text;  /* TEXT */
	uint64_t at;           /* BODY */
	uint64_t n;            /* BODY; COUNT: pieces behind it, whose length
	                        * stands before them */
	struct vl_slice table; /* REF */
	struct vl_slice key;   /* canonical JSON, an array */
	enum vl_part_form form;
	struct vl_slot slot;    /* SECRET */
	struct vl_slice inside; /* SECRET: where in the value it is */
};
/* {"$parts":[ ... ]}, or another tag: open, the pieces, close. */
void vl_parts_open(struct vl_json_w *w, enum vl_packing packing);
void vl_part_write(struct vl_json_w *w, const struct vl_text_part *part);
void vl_parts_close(struct vl_json_w *w);

/*
 * A key stands at `item`: an array, not empty, of cells that stand in the
 * line, or of further such arrays.  `arena` as for vl_value_read(); what
 * goes there is taken back.
 */
bool vl_key_valid(const struct vl_json *j, size_t item, struct vl_buf *arena);

/*
 * The value at `item`, checked to be one and in its canonical form;
 * VL_EFORMAT.  Decoded bytes go to `arena`, which must have room for as many
 * as the line has.
 */
enum vl_status vl_value_read(struct vl_value *v, const struct vl_json *j,
    size_t item, struct vl_buf *arena, struct vl_err *err);
/* The pieces of PARTS: `*at` is 0 at first; false behind the last. They were
 * checked by vl_value_read(). */
bool vl_parts_next(struct vl_text_part *part, const struct vl_json *j,
    const struct vl_value *v, size_t *at, struct vl_buf *arena);

#endif
