#ifndef ROWS_SPILL_H
#define ROWS_SPILL_H

/* spill.c: an unnamed file that only grows; its end is in memory. */

#include <valise/bytes.h>

struct spill {
	const char *dir; /* borrowed */
	const char *what;
	int fd; /* -1: none yet */
	uint64_t written;
	struct vl_buf tail; /* more is added here, then it is flushed */
};

/* `what` is in it, in messages. */
void spill_init(struct spill *f, const char *dir, const char *what);
void spill_free(struct spill *f);
enum vl_status spill_flush(struct spill *f, struct vl_err *err);
enum vl_status spill_read(const struct spill *f, uint64_t at, uint8_t *p,
    size_t n, struct vl_err *err);
uint64_t spill_end(const struct spill *f);

#endif
