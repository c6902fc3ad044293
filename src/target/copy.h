#ifndef VALISE_TARGET_COPY_H
#define VALISE_TARGET_COPY_H

/* Copies of a file or link, where a hard link is refused. */

#include <stdbool.h>

#include "meta.h"

struct vl_copy {
	int dirfd;
	const char *name;
	int todir;
	const char *toname;
};

/* Copy dirfd/name to todir/toname. */
enum vl_status vl_copy_aside(const struct vl_copy *c, struct vl_err *err);
/* Same type, attributes that matter, and bytes (or link target). */
enum vl_status vl_copy_equal(
    const struct vl_copy *c, bool *equal, struct vl_err *err);
/* VL_FLAGS_LOCK of the file that this is the copy of, as they were then. */
uint32_t vl_copy_locks(int dirfd, const char *name);

#endif
