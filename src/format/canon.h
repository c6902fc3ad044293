#ifndef VALISE_FORMAT_CANON_H
#define VALISE_FORMAT_CANON_H

/*
 * Canonical JSON read with cJSON (formats/manifest.md, "Canonical JSON"), and
 * the members of one object taken in their order.
 *
 * As keys ascend strictly, members are taken in ascending order too: what
 * stands before the wanted one is unknown, what is passed is missing.  The
 * first failure is remembered, so that a decoder asks once, in canon_end().
 */

#include <cjson/cJSON.h>

#include <valise/bytes.h>

/* A number and everything counted here stays below 10^15. */
#define CANON_INT_MAX 999999999999999u

struct canon_obj {
	const cJSON *next; /* the first member not yet taken */
	const char *what;  /* for messages: "head", "stanza" */
	bool strict;       /* members x_... are refused too */
	enum vl_status status;
	struct vl_err *err;
};

/* Parse `text`, at most `max` bytes; `*root` is to be freed with
 * cJSON_Delete().  VL_ELIMIT, VL_EFORMAT. */
enum vl_status canon_parse(
    cJSON **root, struct vl_slice text, size_t max, struct vl_err *err);
/* The same for a text that is followed by exactly one LF. */
enum vl_status canon_parse_line(
    cJSON **root, struct vl_slice text, size_t max, struct vl_err *err);

/* Begin with the members of `value`, which must be an object. */
void canon_open(struct canon_obj *o, const cJSON *value, const char *what,
    struct vl_err *err);
/* Record a failure, unless there was one before. */
void canon_fail(struct canon_obj *o, enum vl_status status, const char *format,
    ...) __attribute__((format(printf, 3, 4)));
/* Leftovers are refused; returns the first failure. */
enum vl_status canon_end(struct canon_obj *o);

/* The member `name`, or NULL: with canon_get() that is a failure. */
const cJSON *canon_get(struct canon_obj *o, const char *name);
const cJSON *canon_maybe(struct canon_obj *o, const char *name);

/* Take a member of one type; after a failure results are zero or empty. */
uint64_t canon_uint(
    struct canon_obj *o, const char *name, uint64_t min, uint64_t max);
void canon_hex(struct canon_obj *o, const char *name, uint8_t *out, size_t n);
void canon_b64u(struct canon_obj *o, const char *name, uint8_t *out, size_t n);
/* 1 .. size - 1 bytes. */
void canon_text(struct canon_obj *o, const char *name, char *out, size_t size);
/* The same, "" where the member is absent. */
void canon_text_maybe(
    struct canon_obj *o, const char *name, char *out, size_t size);
/* A name of a site, resource or kind: letters, digits, dashes. */
void canon_name(struct canon_obj *o, const char *name, char *out, size_t size);
bool canon_name_valid(const char *name);
/* Exactly this word. */
void canon_word(struct canon_obj *o, const char *name, const char *word);
/* An array; `*n` gets its length. */
const cJSON *canon_array(struct canon_obj *o, const char *name, size_t *n);
/* A value of an array as an integer; fails on `o`. */
uint64_t canon_item_uint(struct canon_obj *o, const cJSON *value,
    const char *name, uint64_t min, uint64_t max);

/* The version, looked at before anything else. */
enum vl_status canon_version(
    const cJSON *root, const char *what, struct vl_err *err);

#endif
