#ifndef VALISE_TARGET_LISTED_H
#define VALISE_TARGET_LISTED_H

/*
 * What earlier imports of the series brought, beside the records and the
 * walk, and the list that is to hold after this import.
 *
 * There is one where `target_only: brought` is set, and where an earlier
 * import has left one: also an import without the word takes from it what it
 * deletes.  NULL is none: nothing is listed, and nothing is written down.
 */

#include <valise/target.h>

struct vl_listed;

/* `*out` is NULL where none is needed.  A preview writes none. */
enum vl_status vl_listed_open(struct vl_listed **out,
    const struct vl_target_opts *opts, struct vl_err *err);
/* Go on to `path`, which is not before the last one. */
enum vl_status vl_listed_go(
    struct vl_listed *l, struct vl_slice path, struct vl_err *err);
/* `path`, the one gone to, is in the list. */
bool vl_listed_is(const struct vl_listed *l, struct vl_slice path);
/* The list stands at something below `path`; `*at` (or NULL) is valid until
 * it goes on. */
bool vl_listed_below(
    const struct vl_listed *l, struct vl_slice path, struct vl_slice *at);
/* Go on to the next one. */
enum vl_status vl_listed_next(struct vl_listed *l, struct vl_err *err);

/* A path of the new list; they come ascending. */
enum vl_status vl_listed_keep(
    struct vl_listed *l, struct vl_slice path, struct vl_err *err);
/* The same of one that was created: with the word. */
enum vl_status vl_listed_add(
    struct vl_listed *l, struct vl_slice path, struct vl_err *err);
/* The new list is whole, and durable. */
enum vl_status vl_listed_end(struct vl_listed *l, struct vl_err *err);
void vl_listed_free(struct vl_listed *l);

#endif
