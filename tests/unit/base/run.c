/* Another program, run for what it prints. */

#include "scratch.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <valise/run.h>

static enum vl_status
run(struct vl_buf *out, const char *const *words, struct vl_err *err)
{
	char *copies[8] = { NULL };
	const struct vl_program p = { copies, 1, 64 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; words[i] != NULL; i++)
		copies[i] = strdup(words[i]);
	vl_buf_clear(out);
	st = vl_program_output(out, &p, err);
	while (i > 0)
		free(copies[--i]);
	return st;
}

static void
fails(const char *const *words, const char *why)
{
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };

	assert_int_equal(VL_EUSAGE, run(&out, words, &err));
	assert_non_null(strstr(err.text, why));
	vl_buf_free(&out);
}

static void
gives_what_is_printed(void **state)
{
	const char *const words[] = { "printf", "%s-%s", "$HOME", "a b", NULL };
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(VL_OK, run(&out, words, &err));
	assert_int_equal(9, out.n);
	assert_memory_equal("$HOME-a b", out.p, 9);
	vl_buf_free(&out);
}

static void
gives_no_environment_but_path_and_nothing_to_read(void **state)
{
	const char *const words[] = { "sh", "-c",
		"env | grep -vE '^(PATH|PWD|_|SHLVL"
		"|OLDPWD)=' ; cat; exit 0",
		NULL };
	const char *const path[] = { "sh", "-c", "echo \"$PATH\"", NULL };
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(0, setenv("VALISE_SEEN", "1", 1));
	assert_int_equal(0, setenv("PATH", "/usr/bin:/bin", 1));
	assert_int_equal(VL_OK, run(&out, words, &err));
	assert_int_equal(0, out.n);
	assert_int_equal(VL_OK, run(&out, path, &err));
	assert_int_equal(14, out.n);
	assert_memory_equal("/usr/bin:/bin\n", out.p, 14);
	vl_buf_free(&out);
}

static void
says_how_it_failed(void **state)
{
	const char *const absent[] = { "/nonexistent/program", NULL };
	const char *const code[] = { "sh", "-c", "exit 7", NULL };
	const char *const signalled[] = { "sh", "-c", "kill -9 $$", NULL };
	const char *const much[] = { "sh", "-c", "yes", NULL };

	(void)state;
	fails(absent, "cannot run '/nonexistent/program'");
	fails(code, "'sh' ends with 7");
	fails(signalled, "by a signal");
	fails(much, "prints more than 64 bytes");
}

/* It is the programs that ignore them, and not what they run. */
static void
what_is_ignored_here_ends_it_as_ever(void **state)
{
	const char *const pipe[] = { "sh", "-c", "kill -PIPE $$", NULL };
	const char *const size[] = { "sh", "-c", "kill -XFSZ $$", NULL };

	(void)state;
	assert_true(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	fails(pipe, "by a signal");
	fails(size, "by a signal");
	assert_true(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
	assert_true(signal(SIGXFSZ, SIG_DFL) != SIG_ERR);
}

/* Neither it nor what it began is left. */
static void
ends_what_takes_too_long(void **state)
{
	const char *const slow[] = { "sh", "-c", "sleep 60 & sleep 60", NULL };
	const char *const silent[] = { "sh", "-c", "exec >&-; sleep 60", NULL };
	time_t before = time(NULL);

	(void)state;
	fails(slow, "takes longer than 1 s");
	fails(silent, "takes longer than 1 s");
	assert_true(time(NULL) - before < 20);
}

static void
talks_with_a_program_until_it_ends(void **state)
{
	static char cat[] = "cat";
	char *words[] = { cat, NULL };
	const int64_t end = vl_program_now() + 5000;
	struct vl_child c = { 0 };
	struct vl_err err = { 0 };
	char answer[8] = "";

	(void)state;
	assert_int_equal(VL_OK, vl_program_begin(&c, words, &err));
	/* Nothing was said, so it says nothing. */
	assert_int_equal(-1, read(c.from, answer, sizeof(answer)));
	assert_int_equal(5, write(c.to, "a b\n\n", 5));
	assert_int_equal(VL_OK, vl_program_wait(c.from, POLLIN, end, &err));
	assert_int_equal(5, read(c.from, answer, sizeof(answer)));
	assert_memory_equal("a b\n\n", answer, 5);
	vl_program_end(&c, 5);
	assert_true(vl_program_now() < end);
	/* A second time there is nothing to end. */
	vl_program_end(&c, 5);
}

static void
what_still_runs_is_killed(void **state)
{
	static char sleep[] = "sleep";
	static char minute[] = "60";
	char *words[] = { sleep, minute, NULL };
	const int64_t begin = vl_program_now();
	struct vl_child c = { 0 };
	struct vl_err err = { 0 };
	pid_t pid = -1;

	(void)state;
	assert_int_equal(VL_OK, vl_program_begin(&c, words, &err));
	pid = c.pid;
	assert_int_equal(
	    VL_EIO, vl_program_wait(c.from, POLLIN, begin + 100, &err));
	assert_non_null(strstr(err.text, "too long"));
	vl_program_end(&c, 0);
	assert_int_equal(-1, kill(pid, 0));
	assert_true(vl_program_now() < begin + 10000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_what_is_printed),
		cmocka_unit_test(
		    gives_no_environment_but_path_and_nothing_to_read),
		cmocka_unit_test(says_how_it_failed),
		cmocka_unit_test(what_is_ignored_here_ends_it_as_ever),
		cmocka_unit_test(ends_what_takes_too_long),
		cmocka_unit_test(talks_with_a_program_until_it_ends),
		cmocka_unit_test(what_still_runs_is_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
