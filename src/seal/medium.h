#ifndef VALISE_SEAL_MEDIUM_H
#define VALISE_SEAL_MEDIUM_H

/*
 * A bundle's directory on a medium whose file system may have changed the
 * case of names or added a version number, and may be hostile.
 */

#include <valise/seal.h>

/* Whether errno `number` is of a medium that will not come back by reading
 * on. */
bool medium_gone(int number);
/* What errno says of `what`: VL_ETEMP where there is no medium, VL_EIO where
 * it fails. */
enum vl_status medium_fail(const char *what, struct vl_err *err);
/* All names, ascending by folded name; those that may not stand in a bundle
 * have an empty one. */
enum vl_status medium_list(struct vl_seal *s, int dirfd, struct vl_err *err);
/* The first of the `*n` entries that fold to `name`; NULL when none does. */
const struct vl_seal_name *medium_find(
    const struct vl_seal *s, const char *name, size_t *n);
/* Open a regular file.  VL_EFORMAT when it is something else. */
enum vl_status medium_open(int *fd, uint64_t *size, int dirfd,
    const struct vl_seal_name *name, struct vl_err *err);
/* Read one whole; VL_ELIMIT when it is longer than `max`. */
enum vl_status medium_read(struct vl_buf *out, int dirfd,
    const struct vl_seal_name *name, size_t max, struct vl_err *err);

#endif
