#ifndef TEST_SWEEP_SYSTEM_H
#define TEST_SWEEP_SYSTEM_H

/*
 * Operations of a sweep: allocations, threads and calls of the system.
 * Whoever includes this is linked with WRAP ${sweep} (tests/CMakeLists.txt).
 */

#include "sweep_open.h"

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/secret.h>

SWEEP(void *, malloc, NULL, (size_t size), (size))
SWEEP(void *, calloc, NULL, (size_t n, size_t size), (n, size))
SWEEP(void *, realloc, NULL, (void *p, size_t size), (p, size))
SWEEP(
    void *, reallocarray, NULL, (void *p, size_t n, size_t size), (p, n, size))
SWEEP(void *, aligned_alloc, NULL, (size_t at, size_t size), (at, size))
SWEEP(char *, strdup, NULL, (const char *s), (s))
SWEEP(char *, strndup, NULL, (const char *s, size_t n), (s, n))
SWEEP(void *, vl_secret_alloc, NULL, (size_t size), (size))
SWEEP(ssize_t, read, -1, (int fd, void *p, size_t n), (fd, p, n))
SWEEP(ssize_t, write, -1, (int fd, const void *p, size_t n), (fd, p, n))
SWEEP(ssize_t, pread, -1, (int fd, void *p, size_t n, off_t at), (fd, p, n, at))
SWEEP(ssize_t, pwrite, -1, (int fd, const void *p, size_t n, off_t at),
    (fd, p, n, at))
SWEEP(int, fsync, -1, (int fd), (fd))
SWEEP(int, fdatasync, -1, (int fd), (fd))
SWEEP(int, syncfs, -1, (int fd), (fd))
SWEEP(int, flock, -1, (int fd, int how), (fd, how))
SWEEP(int, unlinkat, -1, (int dir, const char *name, int flags),
    (dir, name, flags))
SWEEP(int, renameat, -1, (int from, const char *a, int to, const char *b),
    (from, a, to, b))
SWEEP(int, fstatat, -1, (int dir, const char *name, struct stat *st, int flags),
    (dir, name, st, flags))
SWEEP(int, fstat, -1, (int fd, struct stat *st), (fd, st))
SWEEP(int, pthread_create, errno,
    (pthread_t * t, const pthread_attr_t *a, void *(*run)(void *), void *arg),
    (t, a, run, arg))

#endif
