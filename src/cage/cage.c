/*
 * A child from its beginning to its end.  It is a fork without exec: it has
 * the program's own code, whichever file that came from, and nothing is to be
 * found again below a path.
 */

#include "private.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CANNOT_LOCK 111 /* exit code of a child that could not be locked */
#define IMPOSSIBLE                                                             \
	"the reader of the bundle said something impossible; do not use this " \
	"bundle, and keep it for whoever examines it"
#define LAST_WORDS 200    /* hundredths of a second that an end may take */
#define PATIENCE   200000 /* microseconds until it is asked whether to stop */

struct vl_cage {
	pid_t pid;
	int channel[VL_CAGE_CHANNELS];
	pthread_mutex_t talking[VL_CAGE_CHANNELS];
	void *left[VL_CAGE_CHANNELS];
	uint8_t *memory;
	size_t memory_size;
	bool (*stop)(void *arg); /* NULL: never */
	void *stop_arg;
	pthread_mutex_t mutex; /* of all below */
	bool condemned;
	bool stopped;
	bool ended;
	int how; /* as waitpid() says it */
};

void
vl_cage_kernel(struct vl_cage_kernel *k)
{
	k->landlock = cage_landlock_abi();
	k->seccomp = cage_can_filter();
}

enum vl_status
vl_cage_require(struct vl_err *err)
{
	struct vl_cage_kernel k = { 0 };

	vl_cage_kernel(&k);
	if (k.landlock > 0 && k.seccomp)
		return VL_OK;
	return vl_fail(err, VL_EIO,
	    "the reader of the bundle is not locked in wholly: there is "
	    "no %s here; 'valise doctor' says more",
	    k.landlock > 0 ? "list of system calls (seccomp)" :
	        k.seccomp  ? "Landlock" :
	                     "Landlock and no list of system calls");
}

/*
 * Memory of one size for ever, which both have from the fork on.  There is no
 * descriptor of it, by which the child could cut it short, and no limit on the
 * size of files counts for it.
 */
static enum vl_status
make_memory(struct vl_cage *c, size_t size, struct vl_err *err)
{
	c->memory_size = size;
	c->memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (c->memory == MAP_FAILED) {
		c->memory = NULL;
		return vl_fail_errno(err, "cannot make memory to share");
	}
	return VL_OK;
}

static _Noreturn void
child(const struct vl_cage *c, const struct vl_cage_opts *opts, pid_t parent)
{
	const struct cage_limits limits = { opts->private, opts->seconds };
	struct vl_cage_inside in = { .arg = opts->arg,
		.memory = c->memory,
		.memory_size = c->memory_size };
	size_t i = 0;

	for (i = 0; i < VL_CAGE_CHANNELS; i++)
		in.channel[i] = c->channel[i];
	/* A parent that is gone already would never end it. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 ||
	    getppid() != parent ||
	    !cage_close_others(in.channel, VL_CAGE_CHANNELS) ||
	    !cage_lock(&limits))
		_exit(CANNOT_LOCK);
	_exit(opts->inside(&in));
}

/* The parent's ends stay in `c`, the child's come into `ends`, ascending. */
static enum vl_status
make_channels(struct vl_cage *c, int ends[VL_CAGE_CHANNELS], struct vl_err *err)
{
	const struct timeval patience = { 0, PATIENCE };
	int pair[2] = { -1, -1 };
	size_t i = 0;

	for (i = 0; i < VL_CAGE_CHANNELS; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) !=
		    0)
			return vl_fail_errno(err, "cannot make a channel");
		c->channel[i] = pair[0];
		ends[i] = pair[1];
		if (setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience,
		        sizeof(patience)) != 0 ||
		    setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &patience,
		        sizeof(patience)) != 0)
			return vl_fail_errno(err, "cannot make a channel");
	}
	return VL_OK;
}

static enum vl_status
start(struct vl_cage *c, const struct vl_cage_opts *opts, struct vl_err *err)
{
	int ends[VL_CAGE_CHANNELS] = { -1, -1 };
	const pid_t parent = getpid();
	enum vl_status st = make_channels(c, ends, err);
	size_t i = 0;

	if (st == VL_OK)
		c->pid = fork();
	if (st == VL_OK && c->pid == 0) {
		memcpy(c->channel, ends, sizeof(ends));
		child(c, opts, parent);
	}
	if (st == VL_OK && c->pid < 0)
		st = vl_fail_errno(err, "cannot start the reader");
	/* From here on only the child may write. */
	if (st == VL_OK && mprotect(c->memory, c->memory_size, PROT_READ) != 0)
		st = vl_fail_errno(err, "cannot make memory to share");
	for (i = 0; i < VL_CAGE_CHANNELS; i++)
		if (ends[i] >= 0)
			(void)close(ends[i]);
	return st;
}

enum vl_status
vl_cage_open(
    struct vl_cage **out, const struct vl_cage_opts *opts, struct vl_err *err)
{
	struct vl_cage *c = calloc(1, sizeof(*c));
	enum vl_status st = VL_OK;
	size_t i = 0;

	*out = NULL;
	if (c == NULL)
		return vl_fail_memory(err);
	c->pid = -1;
	(void)pthread_mutex_init(&c->mutex, NULL);
	for (i = 0; i < VL_CAGE_CHANNELS; i++) {
		c->channel[i] = -1;
		(void)pthread_mutex_init(&c->talking[i], NULL);
	}
	st = make_memory(c, opts->memory, err);
	if (st == VL_OK)
		st = start(c, opts, err);
	if (st != VL_OK) {
		vl_cage_close(c);
		return st;
	}
	*out = c;
	return VL_OK;
}

const uint8_t *
vl_cage_memory(const struct vl_cage *c)
{
	return c->memory;
}

size_t
vl_cage_memory_size(const struct vl_cage *c)
{
	return c->memory_size;
}

void
vl_cage_allow(struct vl_cage *c, uint64_t seconds)
{
	struct rlimit now = { 0 };

	/* Where it cannot be raised the child ends sooner, and says so. */
	if (prlimit(c->pid, RLIMIT_CPU, NULL, &now) != 0)
		return;
	now.rlim_cur = now.rlim_cur > RLIM_INFINITY - 1 - (rlim_t)seconds ||
	        now.rlim_cur + seconds > now.rlim_max ?
	    now.rlim_max :
	    now.rlim_cur + seconds;
	(void)prlimit(c->pid, RLIMIT_CPU, &now, NULL);
}

void
vl_cage_heed(struct vl_cage *c, bool (*stop)(void *arg), void *arg)
{
	c->stop = stop;
	c->stop_arg = arg;
}

void
vl_cage_begin(struct vl_cage *c, unsigned channel)
{
	(void)pthread_mutex_lock(&c->talking[channel]);
}

void
vl_cage_end(struct vl_cage *c, unsigned channel)
{
	(void)pthread_mutex_unlock(&c->talking[channel]);
}

void **
vl_cage_left(struct vl_cage *c, unsigned channel)
{
	return &c->left[channel];
}

/* One that closed its channel and goes on is ended. */
static void
await_end(struct vl_cage *c)
{
	const struct timespec pause = { 0, 10000000 };
	unsigned i = 0;

	for (i = 0; i < LAST_WORDS; i++) {
		if (waitpid(c->pid, &c->how, WNOHANG) == c->pid) {
			c->ended = true;
			return;
		}
		(void)nanosleep(&pause, NULL);
	}
}

/* Once it was to stop it stays so, and the child is ended: what it has still
 * to say is of an old request. */
static bool
is_to_stop(void *arg)
{
	struct vl_cage *c = arg;
	bool stopped = false;

	(void)pthread_mutex_lock(&c->mutex);
	if (!c->stopped && c->stop != NULL && c->stop(c->stop_arg)) {
		c->stopped = true;
		if (!c->ended)
			(void)kill(c->pid, SIGKILL);
	}
	stopped = c->stopped;
	(void)pthread_mutex_unlock(&c->mutex);
	return stopped;
}

static enum vl_status
stopped(struct vl_err *err)
{
	return vl_fail(err, VL_ESIGNAL, "stopped: nothing was changed");
}

static enum vl_status
how_it_ended(const struct vl_cage *c, struct vl_err *err)
{
	if (!c->ended)
		return vl_fail(
		    err, VL_EIO, "the reader of the bundle does not answer");
	if (WIFSIGNALED(c->how) && WTERMSIG(c->how) == SIGSYS)
		return vl_fail(err, VL_EFORMAT,
		    "the reader of the bundle asked the kernel for what it "
		    "may not, and was ended: something in the bundle made it "
		    "do so; do not use it, and keep it for whoever examines "
		    "it");
	if (WIFSIGNALED(c->how))
		return vl_fail(err, VL_EIO,
		    "the reader of the bundle ended by signal %d (%s)",
		    WTERMSIG(c->how), sigabbrev_np(WTERMSIG(c->how)));
	if (WEXITSTATUS(c->how) == CANNOT_LOCK)
		return vl_fail(err, VL_EIO,
		    "the reader of the bundle could not be locked in; "
		    "'valise doctor' says what this kernel gives");
	if (WEXITSTATUS(c->how) == VL_CAGE_NO_MEMORY)
		return vl_fail(
		    err, VL_EIO, "the reader of the bundle: out of memory");
	return vl_fail(err, VL_EIO,
	    "the reader of the bundle ended with code %d", WEXITSTATUS(c->how));
}

/* A channel failed: why. */
static enum vl_status
failed(struct vl_cage *c, struct vl_err *err)
{
	enum vl_status st = VL_EIO;

	(void)pthread_mutex_lock(&c->mutex);
	if (c->condemned) {
		st = vl_fail(err, VL_EFORMAT, IMPOSSIBLE);
	} else if (c->stopped) {
		st = stopped(err);
	} else {
		if (!c->ended)
			await_end(c);
		st = how_it_ended(c, err);
	}
	(void)pthread_mutex_unlock(&c->mutex);
	return st;
}

enum vl_status
vl_cage_say(struct vl_cage *c, unsigned channel,
    const struct vl_cage_message *m, struct vl_slice body, struct vl_err *err)
{
	const struct cage_wait wait = { is_to_stop, c };

	/* Not once more behind a conversation that was broken off. */
	if (is_to_stop(c) ||
	    cage_put(c->channel[channel], m, body, &wait, err) != VL_OK)
		return failed(c, err);
	return VL_OK;
}

enum vl_status
vl_cage_hear(struct vl_cage *c, unsigned channel, struct vl_cage_message *m,
    struct vl_err *err)
{
	const struct cage_wait wait = { is_to_stop, c };

	/* Also where it never pauses. */
	if (is_to_stop(c) ||
	    cage_take(c->channel[channel], m, &wait, err) != VL_OK)
		return failed(c, err);
	return VL_OK;
}

enum vl_status
vl_cage_hear_body(struct vl_cage *c, unsigned channel, uint8_t *p, size_t n,
    struct vl_err *err)
{
	const struct cage_wait wait = { is_to_stop, c };

	return cage_body(c->channel[channel], p, n, &wait, err) == VL_OK ?
	    VL_OK :
	    failed(c, err);
}

enum vl_status
vl_cage_condemn(struct vl_cage *c, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	(void)pthread_mutex_lock(&c->mutex);
	if (c->stopped) {
		st = stopped(err);
	} else {
		c->condemned = true;
		if (!c->ended)
			(void)kill(c->pid, SIGKILL);
		st = vl_fail(err, VL_EFORMAT, IMPOSSIBLE);
	}
	(void)pthread_mutex_unlock(&c->mutex);
	return st;
}

void
vl_cage_close(struct vl_cage *c)
{
	size_t i = 0;

	if (c == NULL)
		return;
	if (c->pid > 0 && !c->ended) {
		(void)kill(c->pid, SIGKILL);
		while (waitpid(c->pid, &c->how, 0) < 0 && errno == EINTR)
			;
	}
	for (i = 0; i < VL_CAGE_CHANNELS; i++) {
		if (c->channel[i] >= 0)
			(void)close(c->channel[i]);
		(void)pthread_mutex_destroy(&c->talking[i]);
	}
	(void)pthread_mutex_destroy(&c->mutex);
	if (c->memory != NULL)
		(void)munmap(c->memory, c->memory_size);
	free(c);
}
