/*
 * A child in a cage: messages both ways, its ends and what is said of each,
 * what it may not do, and what it has.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <valise/cage.h>

#define SHARED  ((size_t)1 << 16)
#define PRIVATE ((size_t)64 << 20)

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||     \
    __has_feature(memory_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

static void
must(enum vl_status st, const struct vl_err *err)
{
	if (st != VL_OK)
		fail_msg("%s", err->text);
}

static struct vl_cage *
open_cage(int (*inside)(const struct vl_cage_inside *in))
{
	struct vl_cage *c = NULL;
	struct vl_err err = { 0 };

	must(vl_cage_open(&c,
	         &(struct vl_cage_opts){ .inside = inside,
	             .memory = SHARED,
	             .private = PRIVATE,
	             .seconds = 2 },
	         &err),
	    &err);
	return c;
}

/* Gives back what comes, and a 7 in the memory for it. */
static int
echo(const struct vl_cage_inside *in)
{
	struct vl_cage_message m = { .fd = -1 };
	uint8_t body[256];

	if (!vl_cage_shut())
		return 1;
	while (vl_cage_take(in->channel[1], &m, NULL) == VL_OK) {
		if (m.n > sizeof(body) ||
		    vl_cage_body(in->channel[1], body, m.n, NULL) != VL_OK)
			return 2;
		if (m.fd >= 0 && pread(m.fd, body, m.n, 0) != (ssize_t)m.n)
			return 3;
		if (m.fd >= 0)
			(void)close(m.fd);
		m.fd = -1;
		in->memory[SHARED - 1] = 7;
		if (vl_cage_put(in->channel[1], &m,
		        (struct vl_slice){ body, m.n }, NULL) != VL_OK)
			return 4;
	}
	return 0;
}

static void
exchange(struct vl_cage *c, int fd, const char *text, const char *expect)
{
	struct vl_cage_message m = { .kind = 5, .fd = fd };
	struct vl_err err = { 0 };
	char back[64] = "";

	vl_cage_begin(c, 1);
	must(vl_cage_say(c, 1, &m, vl_slice_of(text), &err), &err);
	must(vl_cage_hear(c, 1, &m, &err), &err);
	assert_int_equal(5, m.kind);
	assert_int_equal(-1, m.fd);
	assert_int_equal(strlen(expect), m.n);
	must(vl_cage_hear_body(c, 1, (uint8_t *)back, m.n, &err), &err);
	vl_cage_end(c, 1);
	assert_string_equal(expect, back);
}

static void
messages_and_descriptors_go_to_and_fro(void **state)
{
	struct vl_cage *c = open_cage(echo);
	int fd = memfd_create("test", MFD_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(5, write(fd, "file!", 5));
	assert_int_equal(0, vl_cage_memory(c)[SHARED - 1]);
	exchange(c, -1, "hello", "hello");
	exchange(c, fd, "12345", "file!");
	exchange(c, -1, "", "");
	assert_int_equal(7, vl_cage_memory(c)[SHARED - 1]);
	assert_int_equal(SHARED, vl_cage_memory_size(c));
	(void)close(fd);
	vl_cage_close(c);
}

/* More descriptors than a message has. */
static int
give_two(const struct vl_cage_inside *in)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} control = { 0 };
	uint8_t head[8] = { 1 };
	const int fds[2] = { in->channel[0], in->channel[1] };
	struct iovec part = { head, sizeof(head) };
	struct msghdr msg = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };

	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(&control.head), fds, sizeof(fds));
	return sendmsg(in->channel[0], &msg, 0) == sizeof(head) ? 0 : 1;
}

static unsigned
open_descriptors(void)
{
	unsigned n = 0;
	int fd = 0;

	for (fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void
one_descriptor_is_taken_at_most(void **state)
{
	struct vl_cage *c = open_cage(give_two);
	struct vl_cage_message m = { .fd = -1 };
	struct vl_err err = { 0 };
	unsigned before = open_descriptors();

	(void)state;
	must(vl_cage_hear(c, 0, &m, &err), &err);
	if (m.fd >= 0)
		(void)close(m.fd);
	assert_int_equal(before, open_descriptors());
	vl_cage_close(c);
}

static int
leave(const struct vl_cage_inside *in)
{
	(void)in;
	return 3;
}

static int
die(const struct vl_cage_inside *in)
{
	(void)in;
	(void)raise(SIGKILL);
	return 0;
}

static int
ask_too_much(const struct vl_cage_inside *in)
{
	(void)in;
	/* As the kernel does it, whatever the test program made of it. */
	(void)signal(SIGSYS, SIG_DFL);
	(void)raise(SIGSYS);
	return 0;
}

static int
spin(const struct vl_cage_inside *in)
{
	(void)in;
	for (;;)
		;
	return 0;
}

static void
assert_heard(struct vl_cage *c, enum vl_status status, const char *said)
{
	struct vl_cage_message m = { .fd = -1 };
	struct vl_err err = { 0 };

	assert_int_equal(status, vl_cage_hear(c, 0, &m, &err));
	if (strstr(err.text, said) == NULL)
		fail_msg("it says: %s", err.text);
}

static void
assert_died(int (*inside)(const struct vl_cage_inside *in),
    enum vl_status status, const char *said)
{
	struct vl_cage *c = open_cage(inside);

	assert_heard(c, status, said);
	/* And again, for whoever asks next. */
	assert_heard(c, status, said);
	vl_cage_close(c);
}

static void
each_end_is_told_apart(void **state)
{
	(void)state;
	assert_died(leave, VL_EIO, "ended with code 3");
	assert_died(die, VL_EIO, "signal 9 (KILL)");
	assert_died(ask_too_much, VL_EFORMAT, "what it may not");
	assert_died(spin, VL_EIO, "signal 24 (XCPU)");
}

static void
one_that_broke_a_rule_is_ended_for_all(void **state)
{
	struct vl_cage *c = open_cage(echo);
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(VL_EFORMAT, vl_cage_condemn(c, &err));
	assert_heard(c, VL_EFORMAT, "something impossible");
	vl_cage_close(c);
}

/* Neither working nor gone. */
static int
hang(const struct vl_cage_inside *in)
{
	(void)in;
	for (;;)
		(void)pause();
	return 0;
}

/* Half a message, and no more. */
static int
hang_within(const struct vl_cage_inside *in)
{
	return send(in->channel[0], "half", 4, 0) == 4 ? hang(in) : 1;
}

/* `*arg` times not yet. */
static bool
stop_soon(void *arg)
{
	int *left = arg;

	return (*left)-- <= 0;
}

static void
assert_stopped(int (*inside)(const struct vl_cage_inside *in))
{
	const struct vl_cage_message m = { .kind = 1, .fd = -1 };
	struct vl_cage *c = open_cage(inside);
	struct vl_err err = { 0 };
	int left = 3;

	vl_cage_heed(c, stop_soon, &left);
	assert_heard(c, VL_ESIGNAL, "stopped: nothing was changed");
	assert_int_equal(-1, left);
	/* For good, whatever the answer would be now. */
	left = 1000;
	assert_heard(c, VL_ESIGNAL, "stopped");
	assert_int_equal(
	    VL_ESIGNAL, vl_cage_say(c, 1, &m, vl_slice_of(""), &err));
	assert_int_equal(VL_ESIGNAL, vl_cage_condemn(c, &err));
	assert_int_equal(1000, left);
	vl_cage_close(c);
}

static void
whoever_waits_for_it_can_be_stopped(void **state)
{
	(void)state;
	assert_stopped(hang);
	assert_stopped(hang_within);
}

/* More than the channel holds, to one that does not listen. */
static void
whoever_talks_to_it_can_be_stopped(void **state)
{
	static const uint8_t much[1 << 20];
	const struct vl_cage_message m = { .kind = 1, .fd = -1 };
	struct vl_cage *c = open_cage(hang);
	struct vl_err err = { 0 };
	int left = 2;

	(void)state;
	vl_cage_heed(c, stop_soon, &left);
	assert_int_equal(VL_ESIGNAL,
	    vl_cage_say(
	        c, 0, &m, (struct vl_slice){ much, sizeof(much) }, &err));
	vl_cage_close(c);
}

static void
one_that_is_slow_is_waited_for(void **state)
{
	struct vl_cage *c = open_cage(spin);
	int left = INT_MAX;

	(void)state;
	/* Two seconds, and then the kernel ends it. */
	vl_cage_heed(c, stop_soon, &left);
	assert_heard(c, VL_EIO, "signal 24 (XCPU)");
	assert_in_range(INT_MAX - left, 5, 100);
	vl_cage_close(c);
}

/* Its exit code says what it found wrong. */
static int
look_around(const struct vl_cage_inside *in)
{
	struct rlimit limit = { 0 };
	int fd = 0;

	for (fd = 3; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0 && fd != in->channel[0] &&
		    fd != in->channel[1])
			return 10;
	if (getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_max != 0)
		return 11;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max > 64)
		return 12;
	if (write(STDOUT_FILENO, "nowhere", 7) != 7)
		return 13;
	return 20;
}

static void
it_has_its_channels_and_nothing_else(void **state)
{
	int fd = open("/dev/null", O_RDONLY); /* not even O_CLOEXEC */

	(void)state;
	assert_true(fd >= 0);
	assert_died(look_around, VL_EIO, "code 20");
	(void)close(fd);
}

/* As much as there is: mappings, as malloc() makes them of what is large. */
static int
take_memory(const struct vl_cage_inside *in)
{
	const size_t piece = (size_t)1 << 20;
	size_t got = 0;

	(void)in;
	while (got < 4 * PRIVATE &&
	    mmap(NULL, piece, PROT_READ | PROT_WRITE,
	        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		got += piece;
	if (got == 4 * PRIVATE)
		return 30;
	if (errno != ENOMEM || malloc(piece) != NULL)
		return 31;
	/* What the program had before counts, too. */
	return got > PRIVATE || got < PRIVATE / 2 ? 32 : VL_CAGE_NO_MEMORY;
}

static void
its_memory_ends_at_its_limit(void **state)
{
	(void)state;
	/* A sanitizer takes memory as it likes. */
	assert_died(take_memory, VL_EIO,
	    SANITIZED ? "code 30" : "the reader of the bundle: out of memory");
}

/* Seconds of processor time that it has, once it was asked. */
static int
tell_time(const struct vl_cage_inside *in)
{
	struct vl_cage_message m = { .fd = -1 };
	struct rlimit limit = { 0 };

	if (vl_cage_put(in->channel[0], &m, vl_slice_of(""), NULL) != VL_OK ||
	    vl_cage_take(in->channel[0], &m, NULL) != VL_OK ||
	    getrlimit(RLIMIT_CPU, &limit) != 0)
		return 1;
	return (int)limit.rlim_cur;
}

static void
its_time_ends_later_where_more_is_allowed(void **state)
{
	struct vl_cage_message m = { .fd = -1 };
	struct vl_cage *c = open_cage(tell_time);
	struct vl_err err = { 0 };

	(void)state;
	must(vl_cage_hear(c, 0, &m, &err), &err);
	vl_cage_allow(c, 30);
	vl_cage_allow(c, 10);
	must(vl_cage_say(c, 0, &m, vl_slice_of(""), &err), &err);
	assert_heard(c, VL_EIO, "ended with code 42");
	vl_cage_close(c);
}

static void
every_attempt_to_get_out_is_held(void **state)
{
	enum vl_cage_held held = VL_CAGE_ESCAPED;
	struct vl_cage_kernel k = { 0 };
	struct vl_err err = { 0 };
	const char *name = NULL;
	size_t tried = 0;
	size_t listed = 0;
	size_t i = 0;

	(void)state;
	vl_cage_kernel(&k);
	while ((name = vl_cage_trial(i++, &held, &err)) != NULL) {
		if (held == VL_CAGE_ESCAPED)
			fail_msg("it could %s", name);
		tried += held == VL_CAGE_HELD;
		listed += held == VL_CAGE_HELD &&
		    strstr(name, "by system calls") != NULL;
	}
	assert_int_equal(VL_OK, err.status);
	assert_true(k.landlock == 0 || tried - listed >= 4);
	/* A sanitizer makes calls that are not on the list. */
	assert_int_equal(k.seccomp && !SANITIZED ? 7 : 0, listed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_and_descriptors_go_to_and_fro),
		cmocka_unit_test(one_descriptor_is_taken_at_most),
		cmocka_unit_test(each_end_is_told_apart),
		cmocka_unit_test(one_that_broke_a_rule_is_ended_for_all),
		cmocka_unit_test(whoever_waits_for_it_can_be_stopped),
		cmocka_unit_test(whoever_talks_to_it_can_be_stopped),
		cmocka_unit_test(one_that_is_slow_is_waited_for),
		cmocka_unit_test(it_has_its_channels_and_nothing_else),
		cmocka_unit_test(its_memory_ends_at_its_limit),
		cmocka_unit_test(its_time_ends_later_where_more_is_allowed),
		cmocka_unit_test(every_attempt_to_get_out_is_held),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
