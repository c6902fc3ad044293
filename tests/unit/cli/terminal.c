/* Asking on a terminal: a child sits behind a pseudo-terminal. */

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>

#include <valise/secret.h>

#include "capture.h"

/* What appeared on the terminal until `wanted`, or for ten seconds. */
static void
read_until(int fd, char *text, size_t size, const char *wanted)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	size_t n = strlen(text);
	ssize_t got = 0;

	while (strstr(text, wanted) == NULL) {
		assert_true(n + 1 < size);
		if (poll(&wait, 1, 10000) != 1)
			fail_msg("no '%s' in '%s'", wanted, text);
		got = read(fd, text + n, size - 1 - n);
		if (got <= 0)
			fail_msg("no '%s' in '%s'", wanted, text);
		n += (size_t)got;
		text[n] = '\0';
	}
}

/* Whether echo is on. */
static bool
echoes(int fd)
{
	struct termios t = { 0 };

	assert_int_equal(0, tcgetattr(fd, &t));
	return (t.c_lflag & ECHO) != 0;
}

static void
type(int fd, const char *text)
{
	assert_int_equal(strlen(text), write(fd, text, strlen(text)));
}

static enum vl_status
ask_new(const struct vl_args *args, struct vl_err *err)
{
	struct vl_key_opts none = { 0 };
	struct vl_held_keys keys = { 0 };
	enum vl_status st = VL_OK;

	(void)args;
	st = vl_held_keys_make(&keys, &none, false, err);
	if (st == VL_OK)
		printf("got %zu\n", keys.password_size);
	vl_held_keys_free(&keys);
	return st;
}

static enum vl_status
ask_yes(const struct vl_args *args, struct vl_err *err)
{
	bool yes = false;
	enum vl_status st = vl_cli_ask("go on?", &yes, err);

	(void)args;
	if (st == VL_OK)
		printf("said %s\n", yes ? "aye" : "nay");
	return st;
}

static const struct vl_cmd new_cmd = {
	.name = "new", .help = "asks for a new password", .run = ask_new
};
static const struct vl_cmd yes_cmd = {
	.name = "yes", .help = "asks", .run = ask_yes
};
static const struct vl_cmd *const cmds[] = { &new_cmd, &yes_cmd, NULL };
static const struct vl_program program = {
	.name = "prog", .version = "1", .help = "Asks.", .cmds = cmds
};

static pid_t
start(int *fd, const char *word)
{
	char name[] = "prog";
	char copy[16];
	char *argv[] = { name, copy, NULL };
	pid_t pid = -1;

	(void)snprintf(copy, sizeof(copy), "%s", word);
	pid = forkpty(fd, NULL, NULL, NULL);
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(vl_cli_main(&program, 2, argv));
	return pid;
}

static void
ends_with(pid_t pid, int fd, int code)
{
	int how = 0;

	assert_int_equal(pid, waitpid(pid, &how, 0));
	(void)close(fd);
	assert_true(WIFEXITED(how));
	assert_int_equal(code, WEXITSTATUS(how));
}

static void
asks_twice_and_shows_nothing(void **state)
{
	char text[2048] = "";
	int fd = -1;
	pid_t pid = start(&fd, "new");

	(void)state;
	read_until(fd, text, sizeof(text), "password for the bundle: ");
	assert_false(echoes(fd));
	type(fd, "long enough it is\n");
	read_until(fd, text, sizeof(text), "the same again: ");
	assert_false(echoes(fd));
	type(fd, "long enough it is\n");
	read_until(fd, text, sizeof(text), "got 17");
	assert_null(strstr(text, "long"));
	ends_with(pid, fd, 0);
}

static void
refuses_two_that_differ(void **state)
{
	char text[2048] = "";
	int fd = -1;
	pid_t pid = start(&fd, "new");

	(void)state;
	read_until(fd, text, sizeof(text), "bundle: ");
	assert_false(echoes(fd));
	type(fd, "long enough it is\n");
	read_until(fd, text, sizeof(text), "again: ");
	assert_false(echoes(fd));
	type(fd, "long enough it was\n");
	read_until(fd, text, sizeof(text), "the two passwords differ");
	ends_with(pid, fd, 2);
}

static void
turns_echo_on_again_after_a_signal(void **state)
{
	char text[2048] = "";
	int fd = -1;
	pid_t pid = start(&fd, "new");

	(void)state;
	read_until(fd, text, sizeof(text), "bundle: ");
	assert_false(echoes(fd));
	type(fd, "half a pass\x03");
	read_until(fd, text, sizeof(text), "stopped by SIGINT");
	assert_true(echoes(fd));
	assert_null(strstr(text, "half"));
	ends_with(pid, fd, 128 + SIGINT);
}

static void
takes_only_yes_for_yes(void **state)
{
	static const char *const answers[][2] = { { "y\n", "aye" },
		{ "YES\n", "aye" }, { "\n", "nay" }, { "yep\n", "nay" },
		{ "\x04", "nay" } };
	char text[2048];
	size_t i = 0;
	pid_t pid = -1;
	int fd = -1;

	(void)state;
	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		text[0] = '\0';
		pid = start(&fd, "yes");
		read_until(fd, text, sizeof(text), "go on? [y/N] ");
		type(fd, answers[i][0]);
		read_until(fd, text, sizeof(text), "said ");
		read_until(fd, text, sizeof(text), answers[i][1]);
		ends_with(pid, fd, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_twice_and_shows_nothing),
		cmocka_unit_test(refuses_two_that_differ),
		cmocka_unit_test(turns_echo_on_again_after_a_signal),
		cmocka_unit_test(takes_only_yes_for_yes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
