/*
 * Key files and seals are minisign's: what it writes is read here, what is
 * written here it takes.  Without minisign installed there is nothing to ask.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <valise/fs.h>
#include <valise/sealform.h>
#include <valise/secret.h>

struct world {
	char dir[64];
	int dirfd;
	struct vl_sender_secret *key;
};

/* Run minisign in the test's folder; its exit code, 127 without minisign. */
static int
minisign(const struct world *w, const char *const *argv)
{
	int status = 0;
	int null = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (null < 0 || fchdir(w->dirfd) != 0 || dup2(null, 0) < 0 ||
		    dup2(null, 1) < 0 || dup2(null, 2) < 0)
			_exit(126);
		execvp("minisign", (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#define MINISIGN(w, ...)                                                       \
	minisign(w, (const char *const[]){ "minisign", __VA_ARGS__, NULL })

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	*state = w;
	(void)snprintf(w->dir, sizeof(w->dir), "sender-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	w->dirfd = open(w->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(w->dirfd >= 0);
	w->key = vl_secret_alloc(sizeof(*w->key));
	assert_non_null(w->key);
	vl_sender_secret_make(w->key);
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	(void)close(w->dirfd);
	assert_int_equal(VL_OK, vl_remove_tree(AT_FDCWD, w->dir, NULL));
	vl_secret_free(w->key);
	free(w);
	return 0;
}

static void
put(const struct world *w, const char *name, struct vl_slice bytes)
{
	assert_int_equal(VL_OK, vl_put_file(w->dirfd, name, 0600, bytes, NULL));
}

static void
reads_keys_that_minisign_made(void **state)
{
	struct world *w = *state;
	struct vl_sender_public pub;
	struct vl_buf text = { 0 };

	if (MINISIGN(w, "-G", "-W", "-p", "p", "-s", "s") == 127)
		skip();
	assert_int_equal(VL_OK, vl_read_file(w->dirfd, "s", 512, &text, NULL));
	assert_int_equal(
	    VL_OK, vl_sender_secret_decode(w->key, vl_buf_slice(&text), NULL));
	assert_int_equal(VL_OK, vl_read_file(w->dirfd, "p", 512, &text, NULL));
	assert_int_equal(
	    VL_OK, vl_sender_public_decode(&pub, vl_buf_slice(&text), NULL));
	assert_memory_equal(&pub, &w->key->pub, sizeof(pub));
	vl_buf_free(&text);
}

static void
writes_keys_that_minisign_takes(void **state)
{
	struct world *w = *state;
	char *text = vl_secret_alloc(VL_SENDER_SECRET_MAX);
	struct vl_buf pub = { 0 };
	size_t n = 0;

	assert_non_null(text);
	assert_int_equal(
	    VL_OK, vl_sender_secret_encode(text, &n, w->key, NULL));
	assert_int_equal(
	    VL_OK, vl_sender_public_encode(&pub, &w->key->pub, NULL));
	put(w, "s", (struct vl_slice){ (const uint8_t *)text, n });
	put(w, "p", vl_buf_slice(&pub));
	put(w, "m", vl_slice_of("message\n"));
	vl_secret_free(text);
	vl_buf_free(&pub);
	if (MINISIGN(w, "-S", "-s", "s", "-m", "m", "-x", "x") == 127)
		skip();
	assert_int_equal(0, MINISIGN(w, "-V", "-p", "p", "-m", "m", "-x", "x"));
	put(w, "m", vl_slice_of("massage\n"));
	assert_int_not_equal(
	    0, MINISIGN(w, "-V", "-p", "p", "-m", "m", "-x", "x"));
}

static void
wipes_the_key_of_a_refused_file(void **state)
{
	struct world *w = *state;
	static const uint8_t zeros[sizeof(struct vl_sender_secret)];

	assert_int_equal(VL_EFORMAT,
	    vl_sender_secret_decode(w->key, vl_slice_of("x\n"), NULL));
	assert_memory_equal(zeros, w->key, sizeof(zeros));
}

static void
refuses_to_write_halves_of_two_keys(void **state)
{
	struct world *w = *state;
	char text[VL_SENDER_SECRET_MAX];
	size_t n = 0;

	w->key->pub.key[0] ^= 1;
	assert_int_equal(
	    VL_EUSAGE, vl_sender_secret_encode(text, &n, w->key, NULL));
}

static int
group_setup(void **state)
{
	(void)state;
	return vl_secret_init() ? 0 : -1;
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WORLD(reads_keys_that_minisign_made),
		WITH_WORLD(writes_keys_that_minisign_takes),
		WITH_WORLD(wipes_the_key_of_a_refused_file),
		WITH_WORLD(refuses_to_write_halves_of_two_keys),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
