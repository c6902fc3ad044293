#ifndef VALISE_ERR_H
#define VALISE_ERR_H

/*
 * Outcomes and the one line that explains them.
 *
 * The function that meets a failure records it (vl_fail), a layer that knows
 * the name of the subject adds it in front (vl_within).  Nothing below `cli`
 * prints or exits.
 */

/*
 * Outcomes a caller can act on.  Values are the exit codes of the programs
 * where one exists (docs/exit-codes.md), so they are never renumbered.
 */
enum vl_status {
	VL_OK = 0,
	VL_EIO = 1,      /* the system refused or failed; nothing changed */
	VL_EUSAGE = 2,   /* the command or site file is wrong */
	VL_EPARTIAL = 3, /* done, but some source items could not be read */
	VL_EREFUSED = 4, /* conflict, policy, incompatible target */
	VL_EFORMAT = 5,  /* not a bundle, or it disobeys formats/ */
	VL_ETRUST = 6,   /* unknown signer, replay, out of order */
	VL_EKEY = 7,     /* no key opens it */
	VL_ELOCKED = 8,  /* another run holds the lock */
	VL_EPENDING = 9, /* decided or in doubt, and not finished */
	VL_EDIFFER = 10, /* differences exist, where that was the question */
	VL_ETEMP = 75,   /* the medium or a server is absent */

	/* Finer kinds of 5; the program exits with 5 for each. */
	VL_EAUTH = 105,  /* does not authenticate */
	VL_ELIMIT = 106, /* larger than formats/limits.md allows */
	VL_EPATH = 107,  /* a path that may not stand in a manifest */

	VL_ESIGNAL = 128 /* stopped by a signal, before anything was decided */
};

struct vl_err {
	enum vl_status status;
	char text[2048]; /* one line, outermost context first, no full stop */
};

/* Record a failure; returns `status` so that it can be returned at once. */
enum vl_status vl_fail(struct vl_err *err, enum vl_status status,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same as VL_EIO, with ": " and the text of errno behind the message. */
enum vl_status vl_fail_errno(struct vl_err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Put "<context>: " in front of what is recorded; returns its status. */
enum vl_status vl_within(struct vl_err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Memory is exhausted: VL_EIO, "out of memory". */
enum vl_status vl_fail_memory(struct vl_err *err);

#include <valise/banned.h>

#endif
