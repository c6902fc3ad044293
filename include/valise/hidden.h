#ifndef VALISE_HIDDEN_H
#define VALISE_HIDDEN_H

/*
 * Secrets within texts: where they stand behind their names, in lines
 * `NAME=value` and constants of PHP (formats/site.md, "Master keys"), or by a
 * path into JSON or YAML.  One reader for master keys and for secrets in files.
 * Nothing of the text comes into memory that is not locked, and no message
 * holds a byte of it.
 */

#include <valise/place.h>
#include <valise/secret.h>

struct vl_hidden {
	bool found;
	uint8_t quote;         /* around the value; 0: none */
	struct vl_slice value; /* in the text, without quotes */
};

/*
 * VL_EUSAGE: the name stands there twice, or what is behind it two programs
 * might read in two ways; the message is a clause about the text.
 */
enum vl_status vl_hidden_line(struct vl_hidden *h, struct vl_slice text,
    const char *name, struct vl_err *err);
enum vl_status vl_hidden_define(struct vl_hidden *h, struct vl_slice text,
    const char *name, struct vl_err *err);
/* Append what a constant stands for, or a text as it is spelled within such
 * quotes; VL_EUSAGE: it cannot be within them. */
enum vl_status vl_hidden_define_read(
    struct vl_locked *out, const struct vl_hidden *h, struct vl_err *err);
enum vl_status vl_hidden_define_write(struct vl_locked *out, uint8_t quote,
    struct vl_slice text, struct vl_err *err);

/*
 * vl_finder_find() in a copy whose letters and digits say nothing, but for the
 * names of the path: so a name that is spelled with escapes is not found.  The
 * places are those of `text`.
 */
enum vl_status vl_hidden_paths(struct vl_places *places, struct vl_slice text,
    const struct vl_finder_words *way, struct vl_err *err);
/* Append what stands at one; VL_EUSAGE: an escape, or lines, that are not read
 * here. */
enum vl_status vl_hidden_read(struct vl_locked *out, struct vl_slice text,
    const struct vl_place *place, struct vl_err *err);
/* A plain scalar of YAML that is no text: null, true or false, as some program
 * spells them. */
bool vl_hidden_nothing(struct vl_slice raw);

#endif
