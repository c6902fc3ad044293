#ifndef VALISE_JSON_H
#define VALISE_JSON_H

/*
 * Canonical JSON as formats/manifest.md defines it: RFC 8785 restricted to
 * integers below 10^15, keys strictly ascending by bytes, minimal escapes,
 * no spaces, depth at most 8.  The reader accepts exactly what the writer
 * would have written; everything else is VL_EFORMAT.
 */

#include <valise/bytes.h>

#define VL_JSON_DEPTH_MAX 8
#define VL_JSON_INT_MAX   999999999999999LL
#define VL_JSON_NONE      ((size_t)-1)

enum vl_json_type {
	VL_JSON_OBJECT,
	VL_JSON_ARRAY,
	VL_JSON_STRING,
	VL_JSON_INT,
	VL_JSON_TRUE,
	VL_JSON_FALSE,
	VL_JSON_NULL
};

/*
 * One value or key.  Items stand in text order: an object is followed by
 * key, value, key, value ..., an array by its values; `next` is the index
 * of the first item behind the whole value.
 */
struct vl_json_item {
	enum vl_json_type type;
	bool escaped;   /* a string that holds a backslash */
	uint32_t count; /* members of an object, values of an array */
	uint32_t next;
	struct vl_slice raw; /* its text; a string without its quotes */
	int64_t number;      /* of VL_JSON_INT */
};

/* A parsed text; reuse one for many texts.  All zero is empty. */
struct vl_json {
	struct vl_json_item *items;
	size_t n;
	size_t cap;
};

/*
 * Parse `text`, one whole canonical value, into j->items; item 0 is the
 * value.  `text` is borrowed as long as the items are used.
 */
enum vl_status vl_json_parse(
    struct vl_json *j, struct vl_slice text, struct vl_err *err);
/* Index of the value of member `name` of the object at `object`, or
 * VL_JSON_NONE. */
size_t vl_json_member(const struct vl_json *j, size_t object, const char *name);
/* Append the decoded string at `item` to `out`. */
enum vl_status vl_json_decode(const struct vl_json *j, size_t item,
    struct vl_buf *out, struct vl_err *err);
/* The decoded string at `item`: the raw text where nothing is escaped, else
 * decoded into `arena`, which must have room for it (item raw.n bytes). */
struct vl_slice vl_json_text(
    const struct vl_json *j, size_t item, struct vl_buf *arena);
void vl_json_free(struct vl_json *j);

/*
 * Writer: appends to a buffer.  The caller keeps keys ascending.  A failed
 * append is latched: ask vl_json_w_end() once.
 */
struct vl_json_w {
	struct vl_buf *out;
	enum vl_status status;
	bool comma;
};

void vl_json_w_init(struct vl_json_w *w, struct vl_buf *out);
void vl_json_w_open(struct vl_json_w *w, char bracket);  /* '{' or '[' */
void vl_json_w_close(struct vl_json_w *w, char bracket); /* '}' or ']' */
void vl_json_w_key(struct vl_json_w *w, const char *key);
void vl_json_w_text(struct vl_json_w *w, struct vl_slice text); /* UTF-8 */
/* The same; false, and nothing is written, where it is not UTF-8 or holds a
 * NUL. */
bool vl_json_w_try(struct vl_json_w *w, struct vl_slice text);
void vl_json_w_int(struct vl_json_w *w, int64_t n);
void vl_json_w_bool(struct vl_json_w *w, bool yes);
void vl_json_w_null(struct vl_json_w *w);
/* A value that is canonical JSON already. */
void vl_json_w_raw(struct vl_json_w *w, struct vl_slice json);
/* The same in three pieces. */
void vl_json_w_pieces(struct vl_json_w *w, struct vl_slice begin,
    struct vl_slice middle, struct vl_slice end);
/* A key of any UTF-8; and one as that writes it: in quotes, with its colon. */
void vl_json_w_name(struct vl_json_w *w, struct vl_slice name);
void vl_json_w_member(struct vl_json_w *w, struct vl_slice key);
enum vl_status vl_json_w_end(struct vl_json_w *w, struct vl_err *err);

#endif
