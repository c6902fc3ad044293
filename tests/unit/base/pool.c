/* The worker pool: order, results, waiting, signals. */

#include "scratch.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include <valise/pool.h>

#define JOBS 500

struct count_job {
	struct vl_job job;
	atomic_uint *started;
	unsigned number;
	unsigned turn;
	unsigned worker;
	struct vl_job *earlier; /* to wait for, or NULL */
	struct vl_pool *pool;
};

static enum vl_status
count_run(struct vl_job *job, unsigned worker)
{
	struct count_job *c = (void *)job;
	enum vl_status st = VL_OK;

	c->turn = atomic_fetch_add(c->started, 1);
	c->worker = worker;
	if (c->earlier != NULL)
		st = vl_pool_wait(c->pool, c->earlier, &job->err);
	if (c->number % 7 == 3)
		st = vl_fail(&job->err, VL_EFORMAT, "job %u", c->number);
	return st;
}

static void
run_jobs(unsigned workers)
{
	static struct count_job jobs[JOBS];
	struct vl_pool *pool = NULL;
	struct vl_err err = { 0 };
	enum vl_status st = VL_OK;
	atomic_uint started = 0;
	char want[32];
	unsigned i = 0;

	assert_int_equal(VL_OK, vl_pool_new(&pool, workers, &err));
	assert_int_equal(workers, vl_pool_workers(pool));
	memset(jobs, 0, sizeof(jobs));
	for (i = 0; i < JOBS; i++) {
		jobs[i].job.run = count_run;
		jobs[i].started = &started;
		jobs[i].number = i;
		jobs[i].pool = pool;
		if (i % 7 == 1 && i > 7)
			jobs[i].earlier = &jobs[i - 2].job;
		vl_pool_submit(pool, &jobs[i].job);
	}
	for (i = 0; i < JOBS; i++) {
		st = vl_pool_wait(pool, &jobs[i].job, &err);
		assert_int_equal(i % 7 == 3 ? VL_EFORMAT : VL_OK, st);
		if (st != VL_OK) {
			(void)snprintf(want, sizeof(want), "job %u", i);
			assert_string_equal(want, err.text);
		}
		assert_true(jobs[i].worker < workers);
		/* With more, a worker may pause before it counts. */
		if (workers == 1)
			assert_int_equal(i, jobs[i].turn);
	}
	vl_pool_free(pool);
}

static void
runs_jobs_in_order_with_one_worker(void **state)
{
	(void)state;
	run_jobs(1);
}

static void
gives_the_same_results_with_two_workers(void **state)
{
	(void)state;
	run_jobs(2);
}

static void
gives_the_same_results_with_four_workers(void **state)
{
	(void)state;
	run_jobs(4);
}

static enum vl_status
mask_run(struct vl_job *job, unsigned worker)
{
	sigset_t mask;

	(void)worker;
	if (pthread_sigmask(SIG_SETMASK, NULL, &mask) != 0 ||
	    !sigismember(&mask, SIGINT) || !sigismember(&mask, SIGTERM))
		return vl_fail(&job->err, VL_EIO, "a signal can come here");
	return VL_OK;
}

static void
leaves_signals_to_the_caller(void **state)
{
	struct vl_job job = { .run = mask_run };
	struct vl_pool *pool = NULL;
	struct vl_err err = { 0 };
	sigset_t mask;

	(void)state;
	assert_int_equal(VL_OK, vl_pool_new(&pool, 0, &err));
	assert_in_range(vl_pool_workers(pool), 1, 64);
	vl_pool_submit(pool, &job);
	assert_int_equal(VL_OK, vl_pool_wait(pool, &job, &err));
	vl_pool_free(pool);
	assert_int_equal(0, pthread_sigmask(SIG_SETMASK, NULL, &mask));
	assert_false(sigismember(&mask, SIGINT));
}

static void
refuses_too_many_workers(void **state)
{
	struct vl_pool *pool = NULL;
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(VL_EUSAGE, vl_pool_new(&pool, 65, &err));
	assert_null(pool);
	vl_pool_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_jobs_in_order_with_one_worker),
		cmocka_unit_test(gives_the_same_results_with_two_workers),
		cmocka_unit_test(gives_the_same_results_with_four_workers),
		cmocka_unit_test(leaves_signals_to_the_caller),
		cmocka_unit_test(refuses_too_many_workers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
