#ifndef VALISE_TESTS_FUZZ_FUZZ_H
#define VALISE_TESTS_FUZZ_FUZZ_H

/* What every target declares, and what an oracle says when it is broken. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/bytes.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define MUST(what)                                                             \
	do {                                                                   \
		if (!(what)) {                                                 \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__,       \
			    __LINE__, #what);                                  \
			abort();                                               \
		}                                                              \
	} while (0)

#endif
