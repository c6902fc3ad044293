#ifndef TEST_THREAD_CAGE_H
#define TEST_THREAD_CAGE_H

/*
 * A cage whose child is a thread of the test: the child's own code with no
 * right given up, so that what it does can be made to fail and be looked at.
 * One at a time.  Whoever includes this is linked with WRAP ${thread_cage}
 * (CMakeLists.txt), and what a child leaves behind at its end stays.
 */

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <valise/cage.h>
#include <valise/pool.h>

#include "forge.h"

#define RUNS (-1)

/* Ends of a child, as src/unpack/inside.c has them. */
#define PARENT_GONE 0
#define NO_START    112
#define NO_SENSE    113

struct vl_cage {
	int (*inside)(const struct vl_cage_inside *in);
	struct vl_cage_inside in;
	int channel[VL_CAGE_CHANNELS]; /* the parent's ends */
	pthread_mutex_t talking[VL_CAGE_CHANNELS];
	void *left[VL_CAGE_CHANNELS];
	pthread_t thread;
	struct vl_pool *pool; /* the child's */
	sem_t begun;          /* it has its threads, or ended */
	sem_t blocks;         /* its thread for blocks ended */
	bool has_threads;
	atomic_bool condemned;
	atomic_int code; /* RUNS, or how it ended */
};

static struct vl_cage thread_cage;
static bool thread_cage_cannot_lock;
static _Thread_local bool in_child;

/* A child frees nothing at its end. */
const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}

/* The first of its threads that ends it says how, and the rest hears it. */
static inline void
child_ends(struct vl_cage *c, int code)
{
	int runs = RUNS;
	size_t i = 0;

	(void)atomic_compare_exchange_strong(&c->code, &runs, code);
	for (i = 0; i < VL_CAGE_CHANNELS; i++)
		(void)shutdown(c->in.channel[i], SHUT_RDWR);
}

static inline void *
child_runs(void *arg)
{
	struct vl_cage *c = arg;

	in_child = true;
	child_ends(c, c->inside(&c->in));
	(void)sem_post(&c->begun);
	return NULL;
}

_Noreturn void __wrap__exit(int code);
_Noreturn void
__wrap__exit(int code)
{
	child_ends(&thread_cage, code);
	if (in_child) {
		(void)sem_post(&thread_cage.begun);
	} else {
		(void)pthread_detach(pthread_self());
		(void)sem_post(&thread_cage.blocks);
	}
	pthread_exit(NULL);
}

bool __wrap_vl_cage_shut(void);
bool
__wrap_vl_cage_shut(void)
{
	const bool locked = !thread_cage_cannot_lock;

	thread_cage.has_threads = true;
	(void)sem_post(&thread_cage.begun);
	return locked;
}

enum vl_status __real_vl_pool_new(
    struct vl_pool **out, unsigned workers, struct vl_err *err);
enum vl_status __wrap_vl_pool_new(
    struct vl_pool **out, unsigned workers, struct vl_err *err);
enum vl_status
__wrap_vl_pool_new(struct vl_pool **out, unsigned workers, struct vl_err *err)
{
	enum vl_status st = __real_vl_pool_new(out, workers, err);

	if (in_child)
		thread_cage.pool = *out;
	return st;
}

static inline void
release_cage(struct vl_cage *c)
{
	size_t i = 0;

	for (i = 0; i < VL_CAGE_CHANNELS; i++) {
		(void)close(c->channel[i]);
		(void)close(c->in.channel[i]);
		(void)pthread_mutex_destroy(&c->talking[i]);
	}
	(void)sem_destroy(&c->begun);
	(void)sem_destroy(&c->blocks);
	(void)munmap(c->in.memory, c->in.memory_size);
	c->inside = NULL;
}

void __wrap_vl_cage_close(struct vl_cage *c);
void
__wrap_vl_cage_close(struct vl_cage *c)
{
	size_t i = 0;

	if (c == NULL)
		return;
	for (i = 0; i < VL_CAGE_CHANNELS; i++)
		(void)shutdown(c->channel[i], SHUT_RDWR);
	(void)pthread_join(c->thread, NULL);
	if (c->has_threads)
		(void)sem_wait(&c->blocks);
	vl_pool_free(c->pool);
	release_cage(c);
}

static inline void
make_channels(struct vl_cage *c)
{
	int pair[2] = { -1, -1 };
	size_t i = 0;

	for (i = 0; i < VL_CAGE_CHANNELS; i++) {
		assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
		c->channel[i] = pair[0];
		c->in.channel[i] = pair[1];
		(void)pthread_mutex_init(&c->talking[i], NULL);
	}
}

enum vl_status __wrap_vl_cage_open(
    struct vl_cage **out, const struct vl_cage_opts *opts, struct vl_err *err);
enum vl_status
__wrap_vl_cage_open(
    struct vl_cage **out, const struct vl_cage_opts *opts, struct vl_err *err)
{
	struct vl_cage *c = &thread_cage;

	assert_null(c->inside);
	*c = (struct vl_cage){ .inside = opts->inside, .code = RUNS };
	c->in.arg = opts->arg;
	c->in.memory_size = opts->memory;
	c->in.memory = mmap(NULL, opts->memory, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_true(c->in.memory != MAP_FAILED);
	make_channels(c);
	(void)sem_init(&c->begun, 0, 0);
	(void)sem_init(&c->blocks, 0, 0);
	*out = NULL;
	if (pthread_create(&c->thread, NULL, child_runs, c) != 0) {
		release_cage(c);
		return vl_fail_errno(err, "cannot start the reader");
	}
	/* What a fork would have a copy of is the caller's. */
	(void)sem_wait(&c->begun);
	*out = c;
	return VL_OK;
}

const uint8_t *__wrap_vl_cage_memory(const struct vl_cage *c);
const uint8_t *
__wrap_vl_cage_memory(const struct vl_cage *c)
{
	return c->in.memory;
}

size_t __wrap_vl_cage_memory_size(const struct vl_cage *c);
size_t
__wrap_vl_cage_memory_size(const struct vl_cage *c)
{
	return c->in.memory_size;
}

void __wrap_vl_cage_allow(struct vl_cage *c, uint64_t seconds);
void
__wrap_vl_cage_allow(struct vl_cage *c, uint64_t seconds)
{
	(void)c;
	(void)seconds;
}

void **__wrap_vl_cage_left(struct vl_cage *c, unsigned channel);
void **
__wrap_vl_cage_left(struct vl_cage *c, unsigned channel)
{
	return &c->left[channel];
}

void __wrap_vl_cage_begin(struct vl_cage *c, unsigned channel);
void
__wrap_vl_cage_begin(struct vl_cage *c, unsigned channel)
{
	(void)pthread_mutex_lock(&c->talking[channel]);
}

void __wrap_vl_cage_end(struct vl_cage *c, unsigned channel);
void
__wrap_vl_cage_end(struct vl_cage *c, unsigned channel)
{
	(void)pthread_mutex_unlock(&c->talking[channel]);
}

enum vl_status __wrap_vl_cage_condemn(struct vl_cage *c, struct vl_err *err);
enum vl_status
__wrap_vl_cage_condemn(struct vl_cage *c, struct vl_err *err)
{
	size_t i = 0;

	atomic_store(&c->condemned, true);
	for (i = 0; i < VL_CAGE_CHANNELS; i++)
		(void)shutdown(c->channel[i], SHUT_RDWR);
	return vl_fail(err, VL_EFORMAT, "it said something impossible");
}

/* Why it does not answer. */
static inline enum vl_status
child_gone(struct vl_cage *c, struct vl_err *err)
{
	if (atomic_load(&c->condemned))
		return vl_fail(err, VL_EFORMAT, "it said something impossible");
	return vl_fail(
	    err, VL_EIO, "it ended with code %d", atomic_load(&c->code));
}

enum vl_status __wrap_vl_cage_say(struct vl_cage *c, unsigned channel,
    const struct vl_cage_message *m, struct vl_slice body, struct vl_err *err);
enum vl_status
__wrap_vl_cage_say(struct vl_cage *c, unsigned channel,
    const struct vl_cage_message *m, struct vl_slice body, struct vl_err *err)
{
	return vl_cage_put(c->channel[channel], m, body, err) == VL_OK ?
	    VL_OK :
	    child_gone(c, err);
}

enum vl_status __wrap_vl_cage_hear(struct vl_cage *c, unsigned channel,
    struct vl_cage_message *m, struct vl_err *err);
enum vl_status
__wrap_vl_cage_hear(struct vl_cage *c, unsigned channel,
    struct vl_cage_message *m, struct vl_err *err)
{
	return vl_cage_take(c->channel[channel], m, err) == VL_OK ?
	    VL_OK :
	    child_gone(c, err);
}

enum vl_status __wrap_vl_cage_hear_body(struct vl_cage *c, unsigned channel,
    uint8_t *p, size_t n, struct vl_err *err);
enum vl_status
__wrap_vl_cage_hear_body(struct vl_cage *c, unsigned channel, uint8_t *p,
    size_t n, struct vl_err *err)
{
	return vl_cage_body(c->channel[channel], p, n, err) == VL_OK ?
	    VL_OK :
	    child_gone(c, err);
}

/* For the reader of a forged bundle. */
static inline void
open_cage(struct forge *f)
{
	struct vl_err err = { 0 };

	must(vl_unpack_cage_open(&f->b.cage, 1, &err), &err);
}

/* How it ended; another one may be opened. */
static inline int
close_cage(struct forge *f)
{
	vl_cage_close(f->b.cage);
	f->b.cage = NULL;
	return atomic_load(&thread_cage.code);
}

#endif
