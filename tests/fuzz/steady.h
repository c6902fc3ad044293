#ifndef VALISE_TESTS_FUZZ_STEADY_H
#define VALISE_TESTS_FUZZ_STEADY_H

/*
 * What an execution meets, it meets again: a job is run where it is handed
 * over, so that no thread comes first one time and last the next, and random
 * bytes (names of temporary files, the order of a hash table, keys) are the
 * same for each input.  Whoever includes this is linked with WRAP
 * vl_pool_submit getrandom.
 */

#include <sys/random.h>

#include <sodium.h>

#include <valise/crypt.h>
#include <valise/pool.h>

#include "fuzz.h"

void __wrap_vl_pool_submit(struct vl_pool *pool, struct vl_job *job);
ssize_t __wrap_getrandom(void *p, size_t n, unsigned flags);

static uint64_t steady_drawn;

/* A job waits for those before it only, and they are done. */
void
__wrap_vl_pool_submit(struct vl_pool *pool, struct vl_job *job)
{
	(void)pool;
	job->status = job->run(job, 0);
}

static void
steady_bytes(void *p, size_t n)
{
	uint8_t seed[VL_KEY_SIZE] = { 9 };

	vl_put_u64le(seed + 8, steady_drawn++);
	vl_random_from(p, n, seed);
}

ssize_t
__wrap_getrandom(void *p, size_t n, unsigned flags)
{
	(void)flags;
	steady_bytes(p, n);
	return (ssize_t)n;
}

static const char *
steady_name(void)
{
	return "steady";
}

static uint32_t
steady_number(void)
{
	uint32_t n = 0;

	steady_bytes(&n, sizeof(n));
	return n;
}

/* Before anything else of libsodium. */
static inline void
steady_init(void)
{
	static struct randombytes_implementation steady = {
		.implementation_name = steady_name,
		.random = steady_number,
		.buf = steady_bytes
	};

	MUST(randombytes_set_implementation(&steady) == 0);
}

/* Before each input, and behind what is done once. */
static inline void
steady_begin(void)
{
	steady_drawn = 1u << 16;
}

#endif
