#ifndef VALISE_POOL_H
#define VALISE_POOL_H

/*
 * Worker threads that run jobs in the order they were submitted.
 *
 * The caller owns each job, bounds how many are under way, and waits for
 * them in the order it needs their results: so output never depends on the
 * number of workers.  A job may wait for another job only if that one was
 * submitted earlier.
 */

#include <valise/err.h>

struct vl_pool;

/* Embed as first member; set `run` and zero the rest. */
struct vl_job {
	/* Called on a worker; `worker` is 0 .. workers-1. */
	enum vl_status (*run)(struct vl_job *job, unsigned worker);
	struct vl_err err; /* for `run` to fill; valid after the wait */

	/* Private to the pool. */
	enum vl_status status;
	int state;
	struct vl_job *next;
};

/* `workers` is 1 .. 64; 0 means one for each processor this may run on. */
enum vl_status vl_pool_new(
    struct vl_pool **out, unsigned workers, struct vl_err *err);
unsigned vl_pool_workers(const struct vl_pool *pool);
void vl_pool_submit(struct vl_pool *pool, struct vl_job *job);
/* Wait until `job` has run; returns what it returned and fills `err`. */
enum vl_status vl_pool_wait(
    struct vl_pool *pool, struct vl_job *job, struct vl_err *err);
/* Every submitted job must have been waited for.  NULL is allowed. */
void vl_pool_free(struct vl_pool *pool);

#endif
