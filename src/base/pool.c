/*
 * Worker threads over one first-in-first-out queue.  One mutex guards the
 * queue and the state of every job.
 */

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>

#include <valise/pool.h>

#define WORKERS_MAX 64

enum {
	JOB_NEW = 0,
	JOB_WAITING = 1,
	JOB_DONE = 2
};

struct worker {
	struct vl_pool *pool;
	unsigned number;
	pthread_t thread;
};

struct vl_pool {
	pthread_mutex_t mutex;
	pthread_cond_t queued; /* first != NULL or closing */
	pthread_cond_t done;   /* some job became JOB_DONE */
	struct vl_job *first;  /* waiting jobs, oldest first */
	struct vl_job **last;  /* where the next one is linked */
	bool closing;
	unsigned workers; /* started ones */
	struct worker worker[WORKERS_MAX];
};

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct vl_pool *pool = w->pool;
	struct vl_job *job = NULL;
	enum vl_status st = VL_OK;

	(void)pthread_mutex_lock(&pool->mutex);
	for (;;) {
		while (pool->first == NULL && !pool->closing)
			(void)pthread_cond_wait(&pool->queued, &pool->mutex);
		job = pool->first;
		if (job == NULL)
			break;
		pool->first = job->next;
		if (pool->first == NULL)
			pool->last = &pool->first;
		(void)pthread_mutex_unlock(&pool->mutex);
		st = job->run(job, w->number);
		(void)pthread_mutex_lock(&pool->mutex);
		job->status = st;
		job->state = JOB_DONE;
		(void)pthread_cond_broadcast(&pool->done);
	}
	(void)pthread_mutex_unlock(&pool->mutex);
	return NULL;
}

/* How many processors this process may run on. */
static unsigned
processors(void)
{
	cpu_set_t set;
	int n = 1;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		n = CPU_COUNT(&set);
	if (n < 1)
		n = 1;
	return n > WORKERS_MAX ? WORKERS_MAX : (unsigned)n;
}

enum vl_status
vl_pool_new(struct vl_pool **out, unsigned workers, struct vl_err *err)
{
	struct vl_pool *pool = NULL;
	enum vl_status st = VL_OK;
	sigset_t all;
	sigset_t before;
	unsigned i = 0;
	int rc = 0;

	*out = NULL;
	if (workers > WORKERS_MAX)
		return vl_fail(err, VL_EUSAGE, "%u workers are more than %d",
		    workers, WORKERS_MAX);
	if (workers == 0)
		workers = processors();
	pool = calloc(1, sizeof(*pool));
	if (pool == NULL)
		return vl_fail_memory(err);
	pool->last = &pool->first;
	(void)pthread_mutex_init(&pool->mutex, NULL);
	(void)pthread_cond_init(&pool->queued, NULL);
	(void)pthread_cond_init(&pool->done, NULL);

	/* A thread inherits the mask: signals stay with the main thread. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	for (i = 0; i < workers && rc == 0; i++) {
		pool->worker[i].pool = pool;
		pool->worker[i].number = i;
		rc = pthread_create(
		    &pool->worker[i].thread, NULL, work, &pool->worker[i]);
		if (rc == 0)
			pool->workers++;
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0) {
		errno = rc;
		st = vl_fail_errno(err, "cannot start %u workers", workers);
		vl_pool_free(pool);
		return st;
	}
	*out = pool;
	return VL_OK;
}

unsigned
vl_pool_workers(const struct vl_pool *pool)
{
	return pool->workers;
}

void
vl_pool_submit(struct vl_pool *pool, struct vl_job *job)
{
	(void)pthread_mutex_lock(&pool->mutex);
	job->state = JOB_WAITING;
	job->status = VL_OK;
	job->next = NULL;
	*pool->last = job;
	pool->last = &job->next;
	(void)pthread_cond_signal(&pool->queued);
	(void)pthread_mutex_unlock(&pool->mutex);
}

enum vl_status
vl_pool_wait(struct vl_pool *pool, struct vl_job *job, struct vl_err *err)
{
	(void)pthread_mutex_lock(&pool->mutex);
	while (job->state == JOB_WAITING)
		(void)pthread_cond_wait(&pool->done, &pool->mutex);
	(void)pthread_mutex_unlock(&pool->mutex);
	if (job->status != VL_OK && err != NULL)
		*err = job->err;
	return job->status;
}

void
vl_pool_free(struct vl_pool *pool)
{
	unsigned i = 0;

	if (pool == NULL)
		return;
	(void)pthread_mutex_lock(&pool->mutex);
	pool->closing = true;
	(void)pthread_cond_broadcast(&pool->queued);
	(void)pthread_mutex_unlock(&pool->mutex);
	for (i = 0; i < pool->workers; i++)
		(void)pthread_join(pool->worker[i].thread, NULL);
	(void)pthread_cond_destroy(&pool->done);
	(void)pthread_cond_destroy(&pool->queued);
	(void)pthread_mutex_destroy(&pool->mutex);
	free(pool);
}
