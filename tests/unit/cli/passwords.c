/* Where passwords and keys come from, and which are refused. */

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <valise/encode.h>
#include <valise/fs.h>
#include <valise/secret.h>

#include "capture.h"

static const char good[] = "correct horse battery";
static const char file[] = "password.txt";

static void
put(const char *name, const char *text, size_t n)
{
	struct vl_err err = { 0 };

	assert_int_equal(VL_OK,
	    vl_put_file(AT_FDCWD, name, 0600,
	        (struct vl_slice){ (const uint8_t *)text, n }, &err));
}

/* The password that options lead to is `expected`. */
static void
opens_with(const struct vl_key_opts *o, const char *expected)
{
	struct vl_held_keys keys = { 0 };
	struct vl_err err = { 0 };

	if (vl_held_keys_open(&keys, o, &err) != VL_OK)
		fail_msg("%s", err.text);
	assert_string_equal(expected, keys.password);
	assert_int_equal(strlen(expected), keys.password_size);
	vl_held_keys_free(&keys);
}

static void
refuses(const struct vl_key_opts *o, const char *part)
{
	struct vl_held_keys keys = { 0 };
	struct vl_err err = { 0 };

	assert_int_equal(VL_EUSAGE, vl_held_keys_open(&keys, o, &err));
	assert_null(keys.password);
	if (strstr(err.text, part) == NULL)
		fail_msg("'%s' is not in '%s'", part, err.text);
}

static void
drops_one_line_end_of_a_file(void **state)
{
	struct vl_key_opts o = { .password_file = file };

	(void)state;
	put(file, "secret\n", 7);
	opens_with(&o, "secret");
	put(file, "secret", 6);
	opens_with(&o, "secret");
	put(file, "secret\n\n", 8);
	refuses(&o, "control character");
	put(file, "secret\r\n", 8);
	refuses(&o, "control character");
}

static void
refuses_what_is_no_password(void **state)
{
	struct vl_key_opts o = { .password_file = file };
	static char big[2000];

	(void)state;
	put(file, "\n", 1);
	refuses(&o, "empty");
	put(file, "", 0);
	refuses(&o, "empty");
	put(file, "gr\xc3\xbc\xc3\x9f\x65", 7);
	refuses(&o, "not ASCII");
	put(file, "a\0b", 3);
	refuses(&o, "control character");
	memset(big, 'a', sizeof(big));
	put(file, big, 1025);
	refuses(&o, "longer");
	put(file, big, sizeof(big));
	refuses(&o, "more than");
	o.password_file = "absent";
	refuses(&o, "cannot open 'absent'");
}

static void
reads_descriptors_and_commands(void **state)
{
	struct vl_key_opts o = { 0 };
	int ends[2] = { -1, -1 };

	(void)state;
	assert_int_equal(0, pipe(ends));
	assert_int_equal(
	    sizeof(good) - 1, write(ends[1], good, sizeof(good) - 1));
	(void)close(ends[1]);
	o.password_fd.given = true;
	o.password_fd.value = (uint32_t)ends[0];
	opens_with(&o, good);
	(void)close(ends[0]);
	refuses(&o, "password from descriptor");

	memset(&o, 0, sizeof(o));
	o.password_command = "printf '%s\\n' \"two words\"' more'";
	opens_with(&o, "two words more");
	o.password_command = "false";
	refuses(&o, "'false' failed");
	o.password_command = "no-such-command-here";
	refuses(&o, "cannot run");
	o.password_command = "echo 'open";
	refuses(&o, "not closed");
	o.password_command = "  ";
	refuses(&o, "empty");
	/* No shell: the sign is a word, not a second command. */
	o.password_command = "echo a; echo b";
	opens_with(&o, "a; echo b");
	o.password_command = "yes";
	refuses(&o, "more than");
}

/* A FIFO has no end that one could wait for when nobody writes. */
static void
takes_a_pipe_for_a_password_and_not_for_a_key(void **state)
{
	struct vl_key_opts o = { .password_file = "fifo" };
	struct vl_err err = { 0 };
	uint8_t public[32];
	pid_t pid = 0;
	int fd = -1;
	int how = 0;

	(void)state;
	assert_int_equal(0, mkfifo("fifo", 0600));
	assert_int_equal(VL_EUSAGE, vl_recipient_read(public, "fifo", &err));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		fd = open("fifo", O_WRONLY);
		usleep(50000);
		_exit(write(fd, good, sizeof(good) - 1) < 0);
	}
	opens_with(&o, good);
	assert_int_equal(pid, waitpid(pid, &how, 0));
	assert_int_equal(0, how);
	o.password_file = NULL;
	o.identity = "fifo";
	refuses(&o, "not a regular file");
}

static enum vl_status
open_keys(const struct vl_args *args, struct vl_err *err)
{
	struct vl_key_opts o = { .password_file = "nobody" };
	struct vl_held_keys keys = { 0 };

	(void)args;
	return vl_held_keys_open(&keys, &o, err);
}

/* The process that waits for a writer who never comes. */
static void
wait_for_ever(void)
{
	static const struct vl_opt none[] = { { 0 } };
	static const struct vl_cmd cmd = {
		.help = "h", .opts = none, .run = open_keys
	};
	static const struct vl_cmd *const cmds[] = { &cmd, NULL };
	static const struct vl_program program = {
		.name = "prog", .version = "1", .help = "h", .cmds = cmds
	};
	char name[] = "prog";
	char *argv[] = { name, NULL };

	(void)alarm(60);
	_exit(vl_cli_main(&program, 1, argv));
}

static void
stops_waiting_for_a_pipe_at_a_signal(void **state)
{
	pid_t pid = 0;
	int how = 0;

	(void)state;
	assert_int_equal(0, mkfifo("nobody", 0600));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		wait_for_ever();
	usleep(300000);
	assert_int_equal(0, waitpid(pid, &how, WNOHANG));
	assert_int_equal(0, kill(pid, SIGTERM));
	assert_int_equal(pid, waitpid(pid, &how, 0));
	assert_true(WIFEXITED(how));
	assert_int_equal(128 + SIGTERM, WEXITSTATUS(how));
}

static void
wants_one_way_and_not_two(void **state)
{
	struct vl_key_opts o = { .password_file = file,
		.password_command = "echo x" };

	(void)state;
	refuses(&o, "more than one password");
}

static void
takes_the_credential_of_a_service(void **state)
{
	struct vl_held_keys keys = { 0 };
	struct vl_key_opts o = { 0 };
	struct vl_err err = { 0 };
	char *here = getcwd(NULL, 0);

	(void)state;
	put("valise-password", good, sizeof(good) - 1);
	assert_int_equal(0, setenv("CREDENTIALS_DIRECTORY", here, 1));
	opens_with(&o, good);
	/* Optional: only what was said counts. */
	assert_int_equal(VL_OK, vl_held_keys_make(&keys, &o, true, &err));
	assert_null(keys.password);
	assert_int_equal(VL_OK, vl_held_keys_make(&keys, &o, false, &err));
	assert_string_equal(good, keys.password);
	vl_held_keys_free(&keys);
	assert_int_equal(0, unsetenv("CREDENTIALS_DIRECTORY"));
	refuses(&o, "no key to open it with");
	free(here);
}

static void
makes_bundles_with_long_passwords_only(void **state)
{
	struct vl_held_keys keys = { 0 };
	struct vl_key_opts o = { .password_file = file };
	struct vl_err err = { 0 };

	(void)state;
	put(file, "elevenchars\n", 12);
	opens_with(&o, "elevenchars");
	assert_int_equal(VL_EUSAGE, vl_held_keys_make(&keys, &o, false, &err));
	assert_non_null(strstr(err.text, "fewer than 12"));
	put(file, "twelve chars\n", 13);
	assert_int_equal(VL_OK, vl_held_keys_make(&keys, &o, true, &err));
	vl_held_keys_free(&keys);
	o.password_file = NULL;
	assert_int_equal(VL_EUSAGE, vl_held_keys_make(&keys, &o, false, &err));
	assert_non_null(strstr(err.text, "nobody could import"));
	assert_non_null(strstr(err.text, "valise passgen"));
}

static void
reads_key_files_in_their_one_form(void **state)
{
	static const uint8_t key[32] = { 1, 2, 3, 250 };
	struct vl_key_opts o = { .identity = "recipient.key" };
	struct vl_held_keys keys = { 0 };
	struct vl_err err = { 0 };
	char text[VL_B64U_SIZE(32) + 2];
	uint8_t public[32];

	(void)state;
	(void)vl_b64u(text, key, 32);
	put("recipient.key", text, 43);
	text[43] = '\n';
	put("recipient.pub", text, 44);
	assert_int_equal(VL_OK, vl_held_keys_open(&keys, &o, &err));
	assert_null(keys.password);
	assert_memory_equal(key, keys.identity, 32);
	vl_held_keys_free(&keys);
	assert_int_equal(
	    VL_OK, vl_recipient_read(public, "recipient.pub", &err));
	assert_memory_equal(key, public, 32);

	text[44] = '\n';
	put("recipient.pub", text, 45);
	assert_int_equal(
	    VL_EUSAGE, vl_recipient_read(public, "recipient.pub", &err));
	put("recipient.pub", text, 42);
	assert_int_equal(
	    VL_EUSAGE, vl_recipient_read(public, "recipient.pub", &err));
}

/* The two halves look alike; a mix-up would lock everybody out. */
static void
tells_public_from_secret_by_name(void **state)
{
	struct vl_key_opts o = { .identity = "recipient.pub" };
	struct vl_err err = { 0 };
	uint8_t public[32];

	(void)state;
	refuses(&o, "named like a public key");
	assert_int_equal(
	    VL_EUSAGE, vl_recipient_read(public, "recipient.key", &err));
	assert_non_null(strstr(err.text, "named like a secret key"));
}

/* Lines of the form that minisign and 'valise keygen' write. */
static void
tells_what_a_wrong_key_file_looks_like(void **state)
{
	struct vl_key_opts o = { .identity = "a.key" };
	struct vl_err err = { 0 };
	uint8_t public[32];
	char line[213];
	char text[300];
	int n = 0;

	(void)state;
	memset(line, 'A', sizeof(line) - 1);
	line[212] = '\0';
	memcpy(line, "RW", 2);
	n = snprintf(text, sizeof(text), "untrusted comment: k\n%s\n", line);
	put("a.key", text, (size_t)n);
	refuses(&o, "'a.key' looks like a sender's secret key (sender.key)");
	line[56] = '\0';
	n = snprintf(text, sizeof(text), "untrusted comment: k\n%s\n", line);
	put("a.pub", text, (size_t)n);
	assert_int_equal(VL_EUSAGE, vl_recipient_read(public, "a.pub", &err));
	assert_string_equal("'a.pub' looks like a sender's public key "
	                    "(sender.pub); wanted is a recipient's public key "
	                    "(recipient.pub)",
	    err.text);
	memset(line, 'A', 43);
	assert_int_equal(VL_EUSAGE,
	    vl_wrong_key_file("x.pub", VL_SENDER_PUB,
	        (struct vl_slice){ (const uint8_t *)line, 43 }, &err));
	assert_non_null(strstr(err.text, "looks like a recipient's public"));
	/* Of the right kind, and wrong: why was said before. */
	memcpy(line, "RW", 2);
	(void)vl_fail(&err, VL_EFORMAT, "damaged");
	assert_int_equal(VL_EUSAGE,
	    vl_wrong_key_file("x.pub", VL_SENDER_PUB,
	        (struct vl_slice){ (const uint8_t *)line, 56 }, &err));
	assert_string_equal("'x.pub': damaged", err.text);
	assert_int_equal(VL_EUSAGE, err.status);
	assert_int_equal(VL_EUSAGE,
	    vl_wrong_key_file("x", VL_SENDER_KEY, vl_slice_of("\n"), &err));
	assert_non_null(strstr(err.text, "is not a sender's secret key"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drops_one_line_end_of_a_file),
		cmocka_unit_test(refuses_what_is_no_password),
		cmocka_unit_test(reads_descriptors_and_commands),
		cmocka_unit_test(takes_a_pipe_for_a_password_and_not_for_a_key),
		cmocka_unit_test(stops_waiting_for_a_pipe_at_a_signal),
		cmocka_unit_test(wants_one_way_and_not_two),
		cmocka_unit_test(takes_the_credential_of_a_service),
		cmocka_unit_test(makes_bundles_with_long_passwords_only),
		cmocka_unit_test(reads_key_files_in_their_one_form),
		cmocka_unit_test(tells_public_from_secret_by_name),
		cmocka_unit_test(tells_what_a_wrong_key_file_looks_like),
	};
	char dir[] = "passwords.XXXXXX";
	int null = open("/dev/null", O_RDONLY);
	int rc = 0;

	/* Nobody to ask, whoever runs the test. */
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || mkdtemp(dir) == NULL ||
	    chdir(dir) != 0 || !vl_secret_init())
		return 1;
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	if (chdir("..") != 0 || vl_remove_tree(AT_FDCWD, dir, NULL) != VL_OK)
		return 1;
	return rc;
}
