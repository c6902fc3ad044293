#ifndef VALISE_RUN_H
#define VALISE_RUN_H

/*
 * Another program, for the text that it prints: without a shell, with nothing
 * to read, no environment but PATH, and not for longer than it is given.
 */

#include <valise/bytes.h>

struct vl_program {
	char *const *words; /* NULL at the end; the first is looked for in PATH
	                     * where it has no slash */
	unsigned seconds;
	size_t max; /* bytes that it may print */
};

/*
 * Append what it prints.  Its own messages go nowhere.  VL_EUSAGE where it
 * cannot be run, ends with another code than 0, by a signal, not in time, or
 * prints more.
 */
enum vl_status vl_program_output(
    struct vl_buf *out, const struct vl_program *p, struct vl_err *err);

#endif
