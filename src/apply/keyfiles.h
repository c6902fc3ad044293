#ifndef VALISE_APPLY_KEYFILES_H
#define VALISE_APPLY_KEYFILES_H

/*
 * Files of a tree in which master keys of this side stand (formats/site.md,
 * "Master keys").  With another key the application could not open what it has
 * here; so an import that would change one is refused.
 */

#include <valise/entry.h>
#include <valise/site.h>

struct vl_keyfiles;

/* Of the tree at `root`; `*out` is NULL where there is none in it.  Both are
 * borrowed until free. */
enum vl_status vl_keyfiles_new(struct vl_keyfiles **out,
    const struct vl_site *site, const char *root, struct vl_err *err);
bool vl_keyfiles_has(const struct vl_keyfiles *k, struct vl_slice path);
/* What is to stand at such a path is told, and may stay what it is here.  NULL:
 * no file, or none that could have a key. */
enum vl_status vl_keyfiles_take(struct vl_keyfiles *k, struct vl_slice path,
    const struct vl_slice *bytes, struct vl_err *err);
/* The path changes, or goes.  VL_EREFUSED: a key of this side would. */
enum vl_status vl_keyfiles_change(struct vl_keyfiles *k, const char *resource,
    struct vl_slice path, bool goes, struct vl_err *err);
void vl_keyfiles_free(struct vl_keyfiles *k);

#endif
