#ifndef TEST_APPLY_ALLOCATIONS_H
#define TEST_APPLY_ALLOCATIONS_H

/*
 * What asks for memory, locked memory too, whichever room does: the operations
 * of a sweep.  tests/unit/apply/CMakeLists.txt names them, too.
 */

#include "../sweep.h"

#include <valise/secret.h>

SWEEP(void *, malloc, NULL, (size_t size), (size))
SWEEP(void *, calloc, NULL, (size_t n, size_t size), (n, size))
SWEEP(void *, realloc, NULL, (void *p, size_t size), (p, size))
SWEEP(
    void *, reallocarray, NULL, (void *p, size_t n, size_t size), (p, n, size))
SWEEP(char *, strdup, NULL, (const char *s), (s))
SWEEP(char *, strndup, NULL, (const char *s, size_t n), (s, n))
SWEEP(void *, vl_secret_alloc, NULL, (size_t size), (size))

int __wrap_asprintf(char **out, const char *form, ...);

int
__wrap_asprintf(char **out, const char *form, ...)
{
	va_list args;
	int n = -1;

	va_start(args, form);
	if (!sweep_fails())
		n = vasprintf(out, form, args);
	va_end(args);
	return n;
}

#endif
