/* Removing trees: what goes, and above all what stays. */

#include "scratch.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

static const struct vl_slice hello = { (const uint8_t *)"hello", 5 };

static void
make(const struct scratch *s, const char *name)
{
	assert_int_equal(0, mkdirat(s->fd, name, 0755));
}

static void
put(const struct scratch *s, const char *name)
{
	struct vl_err err = { 0 };

	assert_int_equal(VL_OK, vl_put_file(s->fd, name, 0644, hello, &err));
}

static void
removes_everything_below_and_nothing_beside(void **state)
{
	struct vl_err err = { 0 };
	struct scratch s = { 0 };
	char name[32];
	int i = 0;

	(void)state;
	scratch_open(&s);
	make(&s, "t");
	for (i = 0; i < 300; i++) {
		(void)snprintf(name, sizeof(name), "t/d%d", i);
		make(&s, name);
		(void)snprintf(name, sizeof(name), "t/d%d/f", i);
		put(&s, name);
		(void)snprintf(name, sizeof(name), "t/f%d", i);
		put(&s, name);
	}
	make(&s, "t/d7/x");
	make(&s, "t/d7/y");
	put(&s, "t/d7/y/f");
	put(&s, "beside");
	assert_int_equal(VL_OK, vl_remove_tree(s.fd, "t", &err));
	assert_int_equal(1, scratch_count(&s));
	scratch_expect(&s, "beside", "hello");
	assert_int_equal(VL_OK, vl_remove_tree(s.fd, "beside", &err));
	assert_int_equal(VL_OK, vl_remove_tree(s.fd, "absent", &err));
	assert_int_equal(VL_OK, vl_remove_tree(s.fd, "no/absent", &err));
	assert_int_equal(VL_EUSAGE, vl_remove_tree(s.fd, "..", &err));
	assert_int_equal(VL_EUSAGE, vl_remove_tree(s.fd, "", &err));
	assert_int_equal(VL_EUSAGE, vl_remove_tree(s.fd, "/", &err));
	assert_int_equal(0, scratch_count(&s));
	scratch_close(&s);
}

static void
does_not_follow_links(void **state)
{
	struct vl_err err = { 0 };
	struct scratch s = { 0 };

	(void)state;
	scratch_open(&s);
	make(&s, "t");
	make(&s, "outside");
	put(&s, "outside/f");
	assert_int_equal(0, symlinkat("../outside", s.fd, "t/link"));
	assert_int_equal(0, symlinkat("outside", s.fd, "root"));
	assert_int_equal(VL_OK, vl_remove_tree(s.fd, "t", &err));
	assert_int_equal(VL_OK, vl_remove_tree(s.fd, "root", &err));
	scratch_expect(&s, "outside/f", "hello");
	assert_int_equal(1, scratch_count(&s));
	scratch_close(&s);
}

static void
goes_deep_with_few_descriptors(void **state)
{
	struct rlimit before = { 0 };
	struct rlimit few = { 0 };
	struct vl_err err = { 0 };
	struct scratch s = { 0 };
	int dir = -1;
	int next = -1;
	int i = 0;

	(void)state;
	scratch_open(&s);
	dir = dup(s.fd);
	for (i = 0; i < 3000; i++) {
		assert_int_equal(0, mkdirat(dir, "deep", 0755));
		next = openat(dir, "deep", O_RDONLY | O_DIRECTORY);
		assert_true(next >= 0);
		(void)close(dir);
		dir = next;
	}
	(void)close(dir);
	assert_int_equal(0, getrlimit(RLIMIT_NOFILE, &before));
	few = before;
	few.rlim_cur = (rlim_t)s.fd + 6;
	assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &few));
	assert_int_equal(VL_OK, vl_remove_tree(s.fd, "deep", &err));
	assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &before));
	assert_int_equal(0, scratch_count(&s));
	scratch_close(&s);
}

/* Run `f` in a child, which may drop rights; 0 is success, 77 impossible. */
static int
in_child(int (*f)(const struct scratch *), const struct scratch *s)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(f(s));
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int
remove_as_nobody(const struct scratch *s)
{
	struct vl_err err = { 0 };

	if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
		return 77;
	if (mkdirat(s->fd, "t", 0700) != 0 ||
	    mkdirat(s->fd, "t/locked", 0700) != 0 ||
	    mkdirat(s->fd, "t/locked/more", 0700) != 0 ||
	    mkdirat(s->fd, "t/locked/more/most", 0) != 0 ||
	    fchmodat(s->fd, "t/locked/more", 0500, 0) != 0 ||
	    fchmodat(s->fd, "t/locked", 0, 0) != 0)
		return 2;
	return vl_remove_tree(s->fd, "t", &err) == VL_OK ? 0 : 1;
}

static void
opens_own_folders_that_are_locked(void **state)
{
	struct scratch s = { 0 };

	(void)state;
	scratch_open(&s);
	assert_int_equal(0, fchmod(s.fd, 0777));
	assert_int_equal(0, in_child(remove_as_nobody, &s));
	assert_int_equal(0, scratch_count(&s));
	scratch_close(&s);
}

/* A bind mount has the device of its surroundings. */
static int
remove_across_mounts(const struct scratch *s)
{
	char from[128];
	char to[128];
	struct vl_err err = { 0 };

	(void)snprintf(from, sizeof(from), "%s/outside", s->path);
	(void)snprintf(to, sizeof(to), "%s/t/mnt", s->path);
	if (unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount(from, to, NULL, MS_BIND, NULL) != 0)
		return 77;
	if (vl_remove_tree(s->fd, "t", &err) != VL_EIO ||
	    faccessat(s->fd, "outside/f", F_OK, 0) != 0)
		return 1;
	/* Nor is the root of a mount emptied when it is what was named. */
	if (vl_remove_tree(AT_FDCWD, to, &err) != VL_EIO ||
	    faccessat(s->fd, "outside/f", F_OK, 0) != 0)
		return 2;
	return 0;
}

static void
stays_on_its_mount(void **state)
{
	struct scratch s = { 0 };
	int rc = 0;

	(void)state;
	scratch_open(&s);
	make(&s, "t");
	make(&s, "t/mnt");
	make(&s, "outside");
	put(&s, "outside/f");
	rc = in_child(remove_across_mounts, &s);
	scratch_close(&s);
	if (rc == 77)
		skip();
	assert_int_equal(0, rc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(removes_everything_below_and_nothing_beside),
		cmocka_unit_test(does_not_follow_links),
		cmocka_unit_test(goes_deep_with_few_descriptors),
		cmocka_unit_test(opens_own_folders_that_are_locked),
		cmocka_unit_test(stays_on_its_mount),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
