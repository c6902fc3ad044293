#ifndef ROWS_EAR_H
#define ROWS_EAR_H

/* What check.c gives to a plan, and ear.c tells it. */

#include "parts.h"

struct rows_ear {
	void *arg;
	/* `t` may be NULL; `line` mends it, or is NULL. */
	void (*wrong)(void *arg, const struct rows_table *t, const char *line,
	    const struct vl_err *why);
	void (*row)(
	    void *arg, const struct rows_table *t, const struct vl_err *why);
	/* `n` rows with one key, the first and the last of them; `key` is
	 * empty: so many keys (`first`) stand for `n` rows. */
	void (*doubles)(void *arg, const struct rows_table *t,
	    struct vl_slice key, uint64_t n, const int64_t r[2]);
	bool *blind;
};

#endif
