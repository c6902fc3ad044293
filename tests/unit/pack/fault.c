/*
 * Every operation on the medium fails once: no bundle, no half of one under
 * its name, and the failure is told.
 */

#include <errno.h>
#include <stdatomic.h>

#include "world.h"

/* Armed: the `at`th operation from now fails; several threads ask. */
static struct {
	atomic_uint met;
	atomic_uint at; /* 0: not armed */
	bool no_flags;  /* renameat2 knows none */
	const char
	    *lie;  /* a part of the name of the file that gets other bytes */
	int lying; /* its descriptor */
} fault = { .lying = -1 };

static bool
fails(void)
{
	unsigned at = atomic_load(&fault.at);

	if (at == 0 || atomic_fetch_add(&fault.met, 1) + 1 != at)
		return false;
	errno = ENOSPC;
	return true;
}

ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_syncfs(int fd);
int __wrap_syncfs(int fd);
int __real_mkdirat(int dir, const char *name, mode_t mode);
int __wrap_mkdirat(int dir, const char *name, mode_t mode);
int __real_openat(int dir, const char *name, int flags, ...);
int __wrap_openat(int dir, const char *name, int flags, ...);
int __real_renameat2(
    int from, const char *a, int to, const char *b, unsigned flags);
int __wrap_renameat2(
    int from, const char *a, int to, const char *b, unsigned flags);

ssize_t
__wrap_write(int fd, const void *p, size_t n)
{
	uint8_t other[65536];

	if (fails())
		return -1;
	if (fd != fault.lying || n == 0 || n > sizeof(other))
		return __real_write(fd, p, n);
	memcpy(other, p, n);
	other[n / 2] ^= 1;
	return __real_write(fd, other, n);
}

int
__wrap_fdatasync(int fd)
{
	return fails() ? -1 : __real_fdatasync(fd);
}

int
__wrap_fsync(int fd)
{
	return fails() ? -1 : __real_fsync(fd);
}

int
__wrap_syncfs(int fd)
{
	return fails() ? -1 : __real_syncfs(fd);
}

int
__wrap_mkdirat(int dir, const char *name, mode_t mode)
{
	return fails() ? -1 : __real_mkdirat(dir, name, mode);
}

int
__wrap_openat(int dir, const char *name, int flags, ...)
{
	mode_t mode = 0;
	va_list args;
	int fd;

	if (flags & O_CREAT) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	fd = fails() ? -1 : __real_openat(dir, name, flags, mode);
	if (fault.lie != NULL && (flags & O_CREAT) != 0)
		fault.lying = strstr(name, fault.lie) != NULL ? fd : -1;
	return fd;
}

int
__wrap_renameat2(int from, const char *a, int to, const char *b, unsigned flags)
{
	if (fault.no_flags) {
		errno = EINVAL;
		return -1;
	}
	return fails() ? -1 : __real_renameat2(from, a, to, b, flags);
}

static enum vl_status
make(struct world *w)
{
	enum vl_status st = world_start(w);

	if (st == VL_OK)
		st = announce(w, "a", "", false, 0);
	if (st == VL_OK)
		st = add_file(w, "a", "large", 150000, 1);
	return st == VL_OK ? world_commit(w) : st;
}

static void
is_whole_or_not_at_all(void **state)
{
	struct world w;
	enum vl_status st = VL_OK;
	unsigned nth;
	bool fired = true;
	bool found = false;

	(void)state;
	for (nth = 1; fired; nth++) {
		world_open(&w, 2);
		atomic_store(&fault.met, 0);
		atomic_store(&fault.at, nth);
		st = make(&w);
		fired = atomic_load(&fault.met) >= nth;
		atomic_store(&fault.at, 0);
		vl_pack_free(w.p);
		w.p = NULL;
		if (fired) {
			assert_int_equal(VL_EIO, st);
			assert_non_null(
			    strstr(w.err.text, "No space left on device"));
			assert_int_equal(0, entries(&w, ".vls", &found));
		}
		world_close(&w);
	}
	assert_int_equal(VL_OK, st);
	/* So many that each kind of them was met: three streams, five small
	 * files, three directories. */
	assert_true(nth > 45);
}

static void
notices_a_medium_that_lies_of_a_small_file(void **state)
{
	static const char *const small[] = { "readme.txt", "head.jsn",
		"keys.jsn", "seal.txt", "seal.sig" };
	struct world w;
	bool found = false;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(small) / sizeof(small[0]); i++) {
		world_open(&w, 2);
		fault.lie = small[i];
		assert_int_equal(VL_EIO, make(&w));
		fault.lie = NULL;
		fault.lying = -1;
		assert_non_null(strstr(w.err.text, "reads back differently"));
		vl_pack_free(w.p);
		w.p = NULL;
		assert_int_equal(0, entries(&w, ".vls", &found));
		world_close(&w);
	}
}

static void
renames_where_the_file_system_knows_no_flags(void **state)
{
	struct world w;
	char path[96];
	bool found = false;

	(void)state;
	fault.no_flags = true;
	world_open(&w, 2);
	assert_int_equal(VL_OK, make(&w));
	assert_int_equal(1, entries(&w, ".vls", &found));
	assert_true(found);
	vl_pack_free(w.p);
	w.p = NULL;
	/* A second one of the same name does not replace it. */
	assert_int_equal(VL_EIO, make(&w));
	assert_non_null(strstr(w.err.text, "File exists"));
	(void)snprintf(
	    path, sizeof(path), "%s/%s", w.dir, "0g208104.vls/seal.sig");
	assert_int_equal(0, access(path, R_OK));
	world_close(&w);
	fault.no_flags = false;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_whole_or_not_at_all),
		cmocka_unit_test(notices_a_medium_that_lies_of_a_small_file),
		cmocka_unit_test(renames_where_the_file_system_knows_no_flags),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
