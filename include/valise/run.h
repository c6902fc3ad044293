#ifndef VALISE_RUN_H
#define VALISE_RUN_H

/*
 * Another program, for the text that it prints: without a shell, with nothing
 * to read, no environment but PATH, and not for longer than it is given.  Or
 * one to talk with, over two pipes.
 */

#include <sys/types.h>

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
 * prints more.  Where `out` has room for one byte more than `max` it stays
 * where it is, and nothing else holds what is printed.
 */
enum vl_status vl_program_output(
    struct vl_buf *out, const struct vl_program *p, struct vl_err *err);

/* A program that runs: it reads what is written to `to`, and what it prints
 * comes from `from`.  Neither end blocks. */
struct vl_child {
	pid_t pid;
	int to;
	int from;
};
/* `words` as above.  Its own messages go nowhere.  Whoever talks ignores
 * SIGPIPE. */
enum vl_status vl_program_begin(
    struct vl_child *out, char *const *words, struct vl_err *err);
/* Milliseconds of a clock that is never set. */
int64_t vl_program_now(void);
/* Wait for the events of poll(2); VL_EIO once it is `end`. */
enum vl_status vl_program_wait(
    int fd, short events, int64_t end, struct vl_err *err);
/* Nothing more to read for it; what still runs after that time is killed. */
void vl_program_end(struct vl_child *c, unsigned seconds);

#endif
