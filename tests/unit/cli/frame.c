/* What vl_cli_main() puts around a command: codes, messages, signals. */

#include <signal.h>
#include <sys/wait.h>

#include "capture.h"

struct opts {
	struct vl_number status;
	bool json;
};

static enum vl_status
run(const struct vl_args *args, struct vl_err *err)
{
	const struct opts *o = args->opts;

	return vl_fail(err, (enum vl_status)o->status.value, "it \"failed\"");
}

static enum vl_status
be_stopped(const struct vl_args *args, struct vl_err *err)
{
	(void)args;
	if (vl_cli_stop())
		return VL_EIO;
	(void)raise(SIGTERM);
	vl_cli_hold();
	if (vl_cli_stop())
		return VL_EIO;
	vl_cli_release();
	return vl_cli_stop() ? vl_cli_stopped(err) : VL_EIO;
}

static enum vl_status
say(const struct vl_args *args, struct vl_err *err)
{
	struct vl_msg m = { 0 };

	(void)args;
	(void)err;
	vl_msg_begin(&m, "status");
	vl_msg_text(&m, "plain", vl_slice_of("\xc3\xbc \"q\" \\ \n\x01"));
	vl_msg_text(&m, "bytes", vl_slice_of("a\xff\n"));
	vl_msg_count(&m, "most", UINT64_MAX);
	vl_msg_bool(&m, "yes", true);
	vl_msg_end(&m);
	vl_cli_note("noted %d", 1);
	return VL_OK;
}

static enum vl_status
mix(const struct vl_args *args, struct vl_err *err)
{
	(void)args;
	printf("one\n");
	vl_cli_note("two");
	printf("three\n");
	return vl_fail(err, VL_EIO, "four");
}

static const struct vl_opt table[] = { { .name = "status",
	                                   .arg = "N",
	                                   .type = VL_OPT_NUMBER,
	                                   .at = offsetof(struct opts, status),
	                                   .max = 200,
	                                   .help = "s" },
	{ .name = "json",
	    .type = VL_OPT_FLAG,
	    .at = offsetof(struct opts, json),
	    .help = "j" },
	{ .name = NULL } };

static const struct vl_cmd fail_cmd = { .name = "fail",
	.help = "fails",
	.opts = table,
	.opts_size = sizeof(struct opts),
	.run = run };
static const struct vl_cmd stop_cmd = {
	.name = "stop", .help = "is stopped", .run = be_stopped
};
static const struct vl_cmd say_cmd = {
	.name = "say", .help = "says", .run = say
};
static const struct vl_cmd mix_cmd = {
	.name = "mix", .help = "writes to both", .run = mix
};
static const struct vl_cmd *const cmds[] = { &fail_cmd, &stop_cmd, &say_cmd,
	&mix_cmd, NULL };
static const struct vl_program program = {
	.name = "prog", .version = "1", .help = "Fails.", .cmds = cmds
};

/* Two of two words, one of which begins as the other ends. */
static const struct vl_cmd take_cmd = { .name = "key take",
	.operands = "FILE",
	.help = "takes",
	.opts = table,
	.opts_size = sizeof(struct opts),
	.max_operands = 1,
	.run = run };
static const struct vl_cmd give_cmd = {
	.name = "key give", .help = "gives", .run = mix
};
static const struct vl_cmd keygen_cmd = {
	.name = "keygen", .help = "makes", .run = say
};
static const struct vl_cmd *const two_cmds[] = { &keygen_cmd, &take_cmd,
	&give_cmd, NULL };
static const struct vl_program two_words = {
	.name = "prog", .version = "1", .help = "Keys.", .cmds = two_cmds
};

static void
finds_commands_of_two_words(void **state)
{
	struct captured c;

	(void)state;
	assert_int_equal(
	    7, RUN(&c, &two_words, "key", "take", "--status", "7", "x"));
	assert_string_equal("prog: it \"failed\"\n", c.err);
	assert_int_equal(1, RUN(&c, &two_words, "key", "give"));
	assert_int_equal(0, RUN(&c, &two_words, "keygen"));
	assert_int_equal(0, RUN(&c, &two_words, "key", "take", "--help"));
	assert_non_null(strstr(c.out, "usage: prog key take FILE"));
	assert_int_equal(0, RUN(&c, &two_words, "help", "key", "take"));
	assert_non_null(strstr(c.out, "usage: prog key take FILE"));
	/* As it stands in a message, in quotes. */
	assert_int_equal(0, RUN(&c, &two_words, "help", "key take"));
	assert_non_null(strstr(c.out, "usage: prog key take FILE"));
	assert_int_equal(7, RUN(&c, &two_words, "key take", "--status", "7"));
}

static void
says_which_second_words_there_are(void **state)
{
	static const char says[] =
	    "prog: a word is missing: 'prog key' is the beginning of 'prog key "
	    "take', 'prog key give'\n";
	struct captured c;

	(void)state;
	assert_int_equal(2, RUN(&c, &two_words, "key"));
	assert_string_equal(says, c.err);
	assert_int_equal(2, RUN(&c, &two_words, "key", "tak"));
	assert_string_equal(says, c.err);
	assert_int_equal(2, RUN(&c, &two_words, "key", "takes"));
	assert_string_equal(says, c.err);
	assert_int_equal(2, RUN(&c, &two_words, "ke"));
	assert_non_null(strstr(c.err, "unknown command 'ke'"));
	assert_int_equal(2, RUN(&c, &two_words, "key tak"));
	assert_non_null(strstr(c.err, "did you mean 'key take'?"));
	assert_int_equal(2, RUN(&c, &two_words, "help", "key", "tak"));
	assert_string_equal(says, c.err);
}

static void
lists_the_commands_of_a_first_word(void **state)
{
	static const char says[] =
	    "usage: prog key COMMAND ...\n\nCommands:\n"
	    "  key take                    takes\n"
	    "  key give                    gives\n"
	    "\n'prog key COMMAND --help' shows how one is used.\n";
	struct captured c;

	(void)state;
	assert_int_equal(0, RUN(&c, &two_words, "key", "--help"));
	assert_string_equal(says, c.out);
	assert_int_equal(0, RUN(&c, &two_words, "key", "-h"));
	assert_string_equal(says, c.out);
	assert_int_equal(0, RUN(&c, &two_words, "help", "key"));
	assert_string_equal(says, c.out);
	assert_int_equal(2, RUN(&c, &two_words, "ke", "--help"));
	assert_int_equal(2, RUN(&c, &two_words, "help", ""));
}

static void
maps_each_status_to_its_exit_code(void **state)
{
	static const int codes[][2] = { { VL_EIO, 1 }, { VL_EUSAGE, 2 },
		{ VL_EPARTIAL, 3 }, { VL_EREFUSED, 4 }, { VL_EFORMAT, 5 },
		{ VL_EAUTH, 5 }, { VL_ELIMIT, 5 }, { VL_EPATH, 5 },
		{ VL_ETRUST, 6 }, { VL_EKEY, 7 }, { VL_ELOCKED, 8 },
		{ VL_EPENDING, 9 }, { VL_EDIFFER, 10 }, { VL_ETEMP, 75 },
		{ 99, 1 } };
	struct captured c;
	char status[16];
	size_t i = 0;

	(void)state;
	assert_int_equal(0, vl_exit_code(VL_OK));
	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		(void)snprintf(status, sizeof(status), "%d", codes[i][0]);
		assert_int_equal(
		    codes[i][1], RUN(&c, &program, "fail", "--status", status));
		assert_string_equal("prog: it \"failed\"\n", c.err);
		assert_string_equal("", c.out);
	}
}

static void
ends_with_a_json_line_where_asked(void **state)
{
	struct captured c;

	(void)state;
	assert_int_equal(
	    6, RUN(&c, &program, "fail", "--json", "--status", "6"));
	assert_string_equal("{\"message_type\":\"exit_error\",\"code\":6,"
	                    "\"message\":\"it \\\"failed\\\"\"}\n",
	    c.out);
	assert_string_equal("prog: it \"failed\"\n", c.err);
}

static void
writes_json_that_holds_any_bytes(void **state)
{
	struct captured c;

	(void)state;
	assert_int_equal(0, RUN(&c, &program, "say"));
	assert_string_equal("{\"message_type\":\"status\","
	                    "\"plain\":\"\xc3\xbc \\\"q\\\" \\\\ "
	                    "\\u000a\\u0001\","
	                    "\"bytes\":\"a\\\\xff\\\\n\","
	                    "\"most\":18446744073709551615,\"yes\":true}\n",
	    c.out);
	assert_string_equal("prog: noted 1\n", c.err);
}

static void
keeps_the_order_of_a_log_of_both_outputs(void **state)
{
	char name[] = "prog";
	char word[] = "mix";
	char *argv[] = { name, word, NULL };
	char text[256];
	int kept[2] = { -1, -1 };

	(void)state;
	(void)fflush(stdout);
	kept[0] = capture_begin(STDOUT_FILENO, "both");
	kept[1] = dup(STDERR_FILENO);
	assert_int_equal(STDERR_FILENO, dup2(STDOUT_FILENO, STDERR_FILENO));
	(void)vl_cli_main(&program, 2, argv);
	assert_int_equal(STDERR_FILENO, dup2(kept[1], STDERR_FILENO));
	(void)close(kept[1]);
	capture_end(STDOUT_FILENO, kept[0], "both", text, sizeof(text));
	assert_string_equal("one\nprog: two\nthree\nprog: four\n", text);
}

/* In a child: the flag of a caught signal stays for the process. */
static void
stops_for_a_signal_that_is_not_held(void **state)
{
	struct captured c;
	int how = 0;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		int code = RUN(&c, &program, "stop");

		_exit(strcmp(c.err,
		          "prog: stopped by SIGTERM; nothing was "
		          "changed\n") == 0 ?
		        code :
		        1);
	}
	assert_int_equal(pid, waitpid(pid, &how, 0));
	assert_true(WIFEXITED(how));
	assert_int_equal(128 + SIGTERM, WEXITSTATUS(how));
}

static void
fails_when_its_output_is_lost(void **state)
{
	int kept = capture_begin(STDERR_FILENO, "err.full");
	int how = 0;
	pid_t pid = fork();
	char said[1024];

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		char name[] = "prog";
		char word[] = "--version";
		char *argv[] = { name, word, NULL };
		int full = open("/dev/full", O_WRONLY);

		(void)dup2(full, STDOUT_FILENO);
		_exit(vl_cli_main(&program, 2, argv));
	}
	assert_int_equal(pid, waitpid(pid, &how, 0));
	assert_true(WIFEXITED(how));
	assert_int_equal(1, WEXITSTATUS(how));
	capture_end(STDERR_FILENO, kept, "err.full", said, sizeof(said));
	assert_non_null(
	    strstr(said, "prog: done, but its output could not be written: "));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_each_status_to_its_exit_code),
		cmocka_unit_test(finds_commands_of_two_words),
		cmocka_unit_test(says_which_second_words_there_are),
		cmocka_unit_test(lists_the_commands_of_a_first_word),
		cmocka_unit_test(ends_with_a_json_line_where_asked),
		cmocka_unit_test(writes_json_that_holds_any_bytes),
		cmocka_unit_test(keeps_the_order_of_a_log_of_both_outputs),
		cmocka_unit_test(stops_for_a_signal_that_is_not_held),
		cmocka_unit_test(fails_when_its_output_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
