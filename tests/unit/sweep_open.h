#ifndef TEST_SWEEP_OPEN_H
#define TEST_SWEEP_OPEN_H

/* Operations of a sweep: open and openat, which may have a mode. */

#include "sweep.h"

#include <fcntl.h>
#include <sys/stat.h>

int __real_open(const char *name, int flags, ...);
int __wrap_open(const char *name, int flags, ...);
int __real_openat(int dir, const char *name, int flags, ...);
int __wrap_openat(int dir, const char *name, int flags, ...);

static inline mode_t
sweep_mode(int flags, va_list args)
{
	return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
}

int
__wrap_open(const char *name, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	va_start(args, flags);
	mode = sweep_mode(flags, args);
	va_end(args);
	return sweep_fails() ? -1 : __real_open(name, flags, mode);
}

int
__wrap_openat(int dir, const char *name, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	va_start(args, flags);
	mode = sweep_mode(flags, args);
	va_end(args);
	return sweep_fails() ? -1 : __real_openat(dir, name, flags, mode);
}

#endif
