#ifndef VALISE_BASE_PATH_H
#define VALISE_BASE_PATH_H

/* Shared by the files that implement fs.h. */

#include <valise/fs.h>

/* A name as it may stand in a message. */
struct shown {
	char text[512];
};

const char *show_name(struct shown *s, const char *name);

/*
 * Split `path` below `dirfd` into a descriptor of the folder that holds it
 * (to be closed by the caller) and its last component, at most NAME_MAX
 * bytes.  VL_EUSAGE when that is empty, "." or "..".
 */
enum vl_status open_parent(int *parent, char base[256], int dirfd,
    const char *path, struct vl_err *err);

/* close() whatever the outcome, errno kept; -1 is allowed. */
void close_quietly(int fd);

#endif
