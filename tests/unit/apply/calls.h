#ifndef TEST_APPLY_CALLS_H
#define TEST_APPLY_CALLS_H

/*
 * The calls of the system that look for files, open them and give them names,
 * whichever room makes them: the operations of a sweep.
 * tests/unit/apply/CMakeLists.txt names them, too.
 */

#include "../sweep_open.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

SWEEP(int, stat, -1, (const char *path, struct stat *st), (path, st))
SWEEP(int, lstat, -1, (const char *path, struct stat *st), (path, st))
SWEEP(int, fstat, -1, (int fd, struct stat *st), (fd, st))
SWEEP(int, fstatat, -1, (int dir, const char *name, struct stat *st, int flags),
    (dir, name, st, flags))
SWEEP(int, statvfs, -1, (const char *path, struct statvfs *st), (path, st))
SWEEP(int, access, -1, (const char *path, int how), (path, how))
SWEEP(int, faccessat, -1, (int dir, const char *name, int how, int flags),
    (dir, name, how, flags))
SWEEP(char *, realpath, NULL, (const char *path, char *real), (path, real))
SWEEP(ssize_t, read, -1, (int fd, void *p, size_t n), (fd, p, n))
SWEEP(int, mkdirat, -1, (int dir, const char *name, mode_t mode),
    (dir, name, mode))
SWEEP(int, renameat, -1, (int from, const char *a, int to, const char *b),
    (from, a, to, b))
SWEEP(int, syncfs, -1, (int fd), (fd))

#endif
