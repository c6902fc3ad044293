#ifndef TEST_SWEEP_H
#define TEST_SWEEP_H

/*
 * A sweep: some work is done again and again, and each time the next of its
 * operations fails.  Which these are the program says that includes this, in
 * wrappers of functions (ld --wrap); see sweep_system.h.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include <valise/err.h>

/* Armed: the `at`th operation from now fails; several threads ask. */
static struct {
	atomic_uint met;
	atomic_uint at; /* 0: not armed */
	int error;
	unsigned step;     /* only each so many-th; 0: every one */
	unsigned survived; /* failures that the work could do without */
	const char *said;  /* what is told of each names it; NULL: or not */
} sweep;

static inline bool
sweep_fails(void)
{
	unsigned at = atomic_load(&sweep.at);

	if (at == 0 || atomic_fetch_add(&sweep.met, 1) + 1 != at)
		return false;
	errno = sweep.error;
	return true;
}

#define SWEEP(type, name, failed, parameters, arguments)                       \
	type __real_##name parameters;                                         \
	type __wrap_##name parameters;                                         \
	type __wrap_##name parameters                                          \
	{                                                                      \
		return sweep_fails() ? (failed) : __real_##name arguments;     \
	}

/* What is swept; before and after it nothing fails, and each may be NULL. */
struct sweep_work {
	void *arg;
	void (*before)(void *arg);
	enum vl_status (*work)(void *arg, struct vl_err *err);
	void (*after)(void *arg, enum vl_status st);
};

/* Once with the `nth` operation failing; whether there were as many. */
static inline bool
sweep_once(const struct sweep_work *w, unsigned nth)
{
	struct vl_err err = { 0 };
	enum vl_status st = VL_OK;
	bool fired = false;

	if (w->before != NULL)
		w->before(w->arg);
	atomic_store(&sweep.met, 0);
	atomic_store(&sweep.at, nth);
	st = w->work(w->arg, &err);
	fired = atomic_load(&sweep.met) >= nth;
	atomic_store(&sweep.at, 0);
	if (st != VL_OK && (err.status != st || err.text[0] == '\0'))
		fail_msg("operation %u: status %d, said as %d: '%s'", nth,
		    (int)st, (int)err.status, err.text);
	if (st != VL_OK && sweep.said != NULL &&
	    strstr(err.text, sweep.said) == NULL)
		fail_msg("operation %u: it does not say '%s': '%s'", nth,
		    sweep.said, err.text);
	if (st != VL_OK && !fired)
		fail_msg("nothing failed: %s", err.text);
	if (st == VL_OK && fired)
		sweep.survived++;
	if (w->after != NULL)
		w->after(w->arg, st);
	return fired;
}

/* All of them, one after the other; how many there were, or some more. */
static inline unsigned
sweep_all(const struct sweep_work *w, int error)
{
	unsigned nth = 1;

	sweep.error = error;
	sweep.survived = 0;
	while (sweep_once(w, nth))
		nth += sweep.step > 0 ? sweep.step : 1;
	return nth - 1;
}

#endif
