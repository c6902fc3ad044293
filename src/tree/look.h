#ifndef VALISE_TREE_LOOK_H
#define VALISE_TREE_LOOK_H

/* Looking at paths and opening them without following links or waiting. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include <valise/entry.h>

/* Bytes of a path of vl_look_proc() with its NUL. */
#define VL_LOOK_PROC_MAX (32 + VL_NAME_MAX)

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
/*
 * The same for the regular file that `seen` is, and look at what was opened;
 * ESTALE (of a link also ELOOP) when it is another one.  `wary`: others may
 * put a FIFO or a device in its place meanwhile, and not even that is opened.
 */
int vl_look_file(struct look *seen, int dirfd, const char *name, bool wary);
/* Close without touching errno; -1 is ignored. */
void vl_look_close(int fd);
/* "/proc/self/fd/N/name": the name for calls that take no directory. False
 * when it does not fit. */
bool vl_look_proc(char path[VL_LOOK_PROC_MAX], int dirfd, const char *name);
/* A call with such a path failed: false, with errno as it is, but another one
 * where only /proc is missing, so that the name is not taken for gone. */
bool vl_look_proc_failed(void);
/* True when errno is of the system's, not of the path that was tried. */
bool vl_look_exhausted(int error);

#endif
