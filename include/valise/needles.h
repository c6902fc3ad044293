#ifndef VALISE_NEEDLES_H
#define VALISE_NEEDLES_H

/*
 * Secrets that are looked for in what else leaves a site: as they are, as JSON
 * spells them within a string, and in base64.  They stand in locked memory.
 */

#include <valise/secret.h>

#define VL_NEEDLE_MIN 8 /* bytes; what is shorter is not looked for */

struct vl_needles;

enum vl_status vl_needles_new(struct vl_needles **out, struct vl_err *err);
void vl_needles_free(struct vl_needles *n);
/* A secret, and the name of the place where it was declared, for messages:
 * borrowed. */
enum vl_status vl_needles_add(struct vl_needles *n, struct vl_slice secret,
    const char *of, struct vl_err *err);
/* What was added is found from now on. */
enum vl_status vl_needles_ready(struct vl_needles *n, struct vl_err *err);
bool vl_needles_any(const struct vl_needles *n);
/* Bytes of the longest. */
size_t vl_needles_longest(const struct vl_needles *n);

struct vl_needle_found {
	size_t at;
	size_t n;
	const char *of;
};
/* The first in `text` that begins at byte `from` or behind it, the longest of
 * those that begin there, of those that are ready.  By any thread, while none
 * is added. */
bool vl_needles_find(const struct vl_needles *n, struct vl_slice text,
    size_t from, struct vl_needle_found *found);

/* Which strings of an opened JSON value are looked for. */
struct vl_needle_words {
	const char *const *search; /* JSONPaths; none: what is suspected */
	size_t nsearch;
	bool (*suspect)(struct vl_slice name, struct vl_slice value);
};
/* The same of the strings of a value that is JSON; or, where it is none, of all
 * of it. */
enum vl_status vl_needles_add_json(struct vl_needles *n,
    const struct vl_needle_words *words, struct vl_slice value, const char *of,
    struct vl_err *err);

#endif
