/* Memory for keys. */

#include "vectors.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void
gives_zeroed_and_aligned_memory(void **state)
{
	static const size_t sizes[] = { 1, 7, 16, 33, 4096, 10001 };
	uint8_t *p = NULL;
	size_t i = 0;
	size_t j = 0;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		p = vl_secret_alloc(sizes[i]);
		assert_non_null(p);
		assert_int_equal(0, (uintptr_t)p % _Alignof(max_align_t));
		for (j = 0; j < sizes[i]; j++)
			assert_int_equal(0, p[j]);
		memset(p, 0xa5, sizes[i]);
		vl_secret_free(p);
	}
	vl_secret_free(NULL);
	assert_null(vl_secret_alloc(SIZE_MAX));
}

static void
wipes(void **state)
{
	uint8_t p[4] = { 1, 2, 3, 4 };

	(void)state;
	vl_secret_wipe(p, 3);
	assert_memory_equal("\0\0\0\x04", p, 4);
}

static void
leaves_no_core_behind(void **state)
{
	struct rlimit now = { 1, 1 };

	(void)state;
	assert_int_equal(0, getrlimit(RLIMIT_CORE, &now));
	assert_int_equal(0, now.rlim_cur);
	assert_int_equal(0, now.rlim_max);
	assert_int_equal(0, prctl(PR_GET_DUMPABLE));
}

static void
a_byte_behind_the_end_is_out_of_reach(void **state)
{
	volatile uint8_t *p = NULL;
	int status = 0;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)signal(SIGSEGV, SIG_DFL);
		p = vl_secret_alloc(16);
		p[16] = 1;
		_exit(0);
	}
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_true(WIFSIGNALED(status));
	assert_int_equal(SIGSEGV, WTERMSIG(status));
}

/*
 * Only root may lock without a limit, so the child gives that up.  A build
 * with AddressSanitizer has an mlock() that does nothing and succeeds.
 */
static void
tells_when_memory_could_not_be_locked(void **state)
{
	const struct rlimit none = { 0, 0 };
	int status = 0;
	void *p = NULL;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 ||
		    (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0))
			_exit(2);
		if (!vl_secret_locked() || mlock(&status, 1) == 0)
			_exit(3);
		p = vl_secret_alloc(32);
		_exit(p == NULL || vl_secret_locked());
	}
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) > 1)
		skip();
	assert_int_equal(0, WEXITSTATUS(status));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_zeroed_and_aligned_memory),
		cmocka_unit_test(wipes),
		cmocka_unit_test(leaves_no_core_behind),
		cmocka_unit_test(a_byte_behind_the_end_is_out_of_reach),
		cmocka_unit_test(tells_when_memory_could_not_be_locked),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
