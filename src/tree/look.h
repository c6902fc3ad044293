#ifndef VALISE_TREE_LOOK_H
#define VALISE_TREE_LOOK_H

/* Looking at paths and opening them without following links or waiting. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* What a path is, and on which mount it is (0 where the kernel says not). */
struct look {
	struct stat st;
	uint64_t mount;
};

/* `name` in `dirfd`, or dirfd itself when it is "". False: see errno. */
bool vl_look_at(struct look *look, int dirfd, const char *name);
bool vl_look_same(const struct look *a, const struct look *b);
/* Open for reading, leaving the access time alone where that is allowed. */
int vl_look_open(int dirfd, const char *name, int flags);
/* Close without touching errno; -1 is ignored. */
void vl_look_close(int fd);
/* Does `name` in `dirfd` (or dirfd itself when it is "") have extended
 * attributes or ACLs? */
bool vl_look_attributes(int dirfd, const char *name);
/* True when errno is of the system's, not of the path that was tried. */
bool vl_look_exhausted(int error);

#endif
