/*
 * Directories below a root, with openat2() and, where a test takes it away,
 * without.
 */

#include <sys/mount.h>
#include <sys/syscall.h>

#include <sched.h>

#include "trees.h"

static bool no_openat2;

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

/* Only dirs.c calls syscall(), and only for openat2(). */
long
__wrap_syscall(long number, ...)
{
	va_list args;
	const void *how = NULL;
	const char *path = NULL;
	size_t n = 0;
	int dirfd = -1;

	assert_int_equal(SYS_openat2, number);
	if (no_openat2) {
		errno = ENOSYS;
		return -1;
	}
	va_start(args, number);
	dirfd = va_arg(args, int);
	path = va_arg(args, const char *);
	how = va_arg(args, const void *);
	n = va_arg(args, size_t);
	va_end(args);
	return __real_syscall(number, dirfd, path, how, n);
}

static struct vl_dirs *
dirs_new(const struct trees *t)
{
	struct vl_dirs *d = NULL;
	struct vl_err err = { 0 };

	assert_int_equal(VL_OK, vl_dirs_new(&d, t->rootfd, &err));
	return d;
}

/* Is what `path` opens the folder with the file `mark` in it? */
static void
expect_mark(struct vl_dirs *d, const char *path, const char *mark)
{
	struct vl_err err = { 0 };
	int fd = -1;

	if (vl_dirs_get(d, vl_slice_of(path), &fd, &err) != VL_OK)
		fail_msg("%s", err.text);
	assert_int_equal(0, faccessat(fd, mark, F_OK, 0));
}

static void
expect_errno(struct vl_dirs *d, const char *path, int want)
{
	struct vl_err err = { 0 };
	int fd = 0;

	errno = 0;
	assert_int_equal(VL_EIO, vl_dirs_get(d, vl_slice_of(path), &fd, &err));
	assert_int_equal(want, errno);
	assert_int_equal(-1, fd);
}

static void
opens_what_is_below_and_remembers(void **state)
{
	struct trees t;
	struct vl_dirs *d = NULL;

	(void)state;
	trees_open(&t);
	make_dir(t.rootfd, "a");
	make_dir(t.rootfd, "a/b");
	make_file(t.rootfd, "root", "");
	make_file(t.rootfd, "a/b/mark", "");
	d = dirs_new(&t);
	expect_mark(d, "", "root");
	expect_mark(d, "a/b", "mark");
	expect_mark(d, "a", "b");
	/* Remembered until told to forget. */
	assert_int_equal(0, renameat(t.rootfd, "a", t.rootfd, "c"));
	make_dir(t.rootfd, "a");
	expect_mark(d, "a/b", "mark");
	vl_dirs_forget(d, vl_slice_of("a"));
	expect_errno(d, "a/b", ENOENT);
	expect_mark(d, "c/b", "mark");
	vl_dirs_free(d);
	trees_close(&t);
}

static void
follows_no_link_and_no_way_out(void **state)
{
	const char *const bad[] = { "..", "a/..", "a/../..", ".", "/", "/etc",
		"a//b", "a/" };
	struct vl_err err = { 0 };
	struct trees t;
	struct vl_dirs *d = NULL;
	size_t i;
	int fd = -1;

	(void)state;
	trees_open(&t);
	make_dir(t.rootfd, "a");
	make_dir(t.rootfd, "a/b");
	make_file(t.rootfd, "file", "");
	assert_int_equal(0, symlinkat("a", t.rootfd, "in"));
	assert_int_equal(0, symlinkat("/", t.rootfd, "out"));
	d = dirs_new(&t);
	expect_errno(d, "out/etc", no_openat2 ? ENOTDIR : ELOOP);
	expect_errno(d, "in/b", no_openat2 ? ENOTDIR : ELOOP);
	expect_errno(d, "file", ENOTDIR);
	expect_errno(d, "file/x", ENOTDIR);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(
		    VL_EPATH, vl_dirs_get(d, vl_slice_of(bad[i]), &fd, &err));
	vl_dirs_free(d);
	trees_close(&t);
}

static void
opens_paths_longer_than_the_kernel_takes(void **state)
{
	char path[VL_PATH_MAX + 1];
	struct trees t;
	struct vl_dirs *d = NULL;
	int fd = -1;
	int next = -1;
	int i;

	(void)state;
	trees_open(&t);
	memset(path, 'n', sizeof(path));
	for (i = 0; i < 32; i++)
		path[256 * i + 255] = '/';
	path[255] = '\0';
	fd = dup(t.rootfd);
	for (i = 0; i < 32; i++) {
		next = make_and_enter(fd, path);
		(void)close(fd);
		fd = next;
	}
	make_file(fd, "mark", "");
	(void)close(fd);
	path[255] = '/';
	path[8191] = '\0';
	d = dirs_new(&t);
	expect_mark(d, path, "mark");
	vl_dirs_free(d);
	trees_close(&t);
}

static void
keeps_few_open(void **state)
{
	char path[32];
	struct trees t;
	struct vl_dirs *d = NULL;
	int before = 0;
	int i;

	(void)state;
	trees_open(&t);
	d = dirs_new(&t);
	before = count_descriptors();
	for (i = 0; i < 200; i++) {
		(void)snprintf(path, sizeof(path), "%03d", i);
		make_dir(t.rootfd, path);
		(void)snprintf(path, sizeof(path), "%03d/mark%d", i, i);
		make_file(t.rootfd, path, "");
		path[3] = '\0';
		expect_mark(d, path, path + 4);
		/* The first is used all the time, so it stays: by this name
		 * it could not be opened again. */
		expect_mark(d, "000", "mark0");
		if (i == 0)
			assert_int_equal(
			    0, renameat(t.rootfd, "000", t.rootfd, "x"));
	}
	assert_in_range(count_descriptors() - before, 2, 32);
	vl_dirs_free(d);
	assert_int_equal(before, count_descriptors());
	trees_close(&t);
}

static void
open_over_mounts(struct trees *t)
{
	struct vl_dirs *d = NULL;
	struct vl_err err = { 0 };
	char path[128];
	int fd = -1;

	if (unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		_exit(SKIPPED);
	(void)snprintf(path, sizeof(path), "%s/a", t->root);
	if (mount(path, path, NULL, MS_BIND, NULL) != 0)
		_exit(SKIPPED);
	/* The root as this namespace has it. */
	t->rootfd = open(t->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	child_assert(vl_dirs_new(&d, t->rootfd, &err) == VL_OK);
	child_assert(vl_dirs_get(d, vl_slice_of("a/b"), &fd, &err) == VL_EIO);
	child_assert(errno == EXDEV);
	vl_dirs_free(d);
	/* A root that is a mount point is a root like any other. */
	t->rootfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	child_assert(vl_dirs_new(&d, t->rootfd, &err) == VL_OK);
	child_assert(vl_dirs_get(d, vl_slice_of("b"), &fd, &err) == VL_OK);
	vl_dirs_free(d);
}

static void
does_not_cross_mounts(void **state)
{
	struct trees t;

	(void)state;
	trees_open(&t);
	make_dir(t.rootfd, "a");
	make_dir(t.rootfd, "a/b");
	if (!in_child(open_over_mounts, &t))
		print_message("skipped: mounting is not permitted\n");
	trees_close(&t);
}

static int
without_openat2(void **state)
{
	(void)state;
	no_openat2 = true;
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_what_is_below_and_remembers),
		cmocka_unit_test(follows_no_link_and_no_way_out),
		cmocka_unit_test(opens_paths_longer_than_the_kernel_takes),
		cmocka_unit_test(keeps_few_open),
		cmocka_unit_test(does_not_cross_mounts),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed +
	    cmocka_run_group_tests_name(
	        "without openat2", tests, without_openat2, NULL);
}
