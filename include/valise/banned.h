#ifndef VALISE_BANNED_H
#define VALISE_BANNED_H

/*
 * Functions that must not be called: using the name of one does not compile.
 * They write without a bound, keep hidden state, race for a name, or hand a
 * line to a shell.
 *
 * A poisoned name may not even be declared, so the headers that declare them
 * come first; their include guards make later includes harmless.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A hardened build may have made macros of these. */
#undef strcpy
#undef strcat
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat sprintf vsprintf strtok gets
#pragma GCC poison gmtime localtime mktemp system popen

#endif
