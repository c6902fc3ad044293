#ifndef VALISE_TARGET_COPY_H
#define VALISE_TARGET_COPY_H

/* Copies of a file or link, where a hard link is refused. */

#include <stdbool.h>

#include "meta.h"

/* Copy dirfd/name to todir/toname . */
enum vl_status vl_copy_aside(int dirfd, const char *name, int todir,
    const char *toname, struct vl_err *err);
/* Same type, attributes that matter, and bytes (or link target). */
enum vl_status vl_copy_equal(bool *equal, int dirfd, const char *name,
    int todir, const char *toname, struct vl_err *err);

#endif
