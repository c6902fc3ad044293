#ifndef TREES_H
#define TREES_H

/* What the tests of tree and source share: cmocka, and making trees. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <valise/fs.h>
#include <valise/tree.h>

#define SKIPPED 77 /* exit code of a child that could not try */

struct trees {
	char path[64]; /* of a folder of the test's own, absolute when it ... */
	char root[80]; /* ... matters; the tree is "root" in it */
	int fd;
	int rootfd;
};

static inline void
trees_open(struct trees *t)
{
	(void)snprintf(t->path, sizeof(t->path), "scratch-XXXXXX");
	assert_non_null(mkdtemp(t->path));
	assert_int_equal(0, chmod(t->path, 0755));
	(void)snprintf(t->root, sizeof(t->root), "%s/root", t->path);
	assert_int_equal(0, mkdir(t->root, 0755));
	t->fd = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	t->rootfd = open(t->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(t->fd >= 0 && t->rootfd >= 0);
}

static inline void
trees_close(struct trees *t)
{
	struct vl_err err = { 0 };

	(void)close(t->rootfd);
	(void)close(t->fd);
	assert_int_equal(VL_OK, vl_remove_tree(AT_FDCWD, t->path, &err));
}

static inline void
make_file(int dirfd, const char *name, const char *content)
{
	int fd =
	    openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	size_t n = strlen(content);

	assert_true(fd >= 0);
	assert_int_equal(n, write(fd, content, n));
	assert_int_equal(0, close(fd));
}

static inline void
make_dir(int dirfd, const char *name)
{
	assert_int_equal(0, mkdirat(dirfd, name, 0755));
}

/* Make and enter; the caller closes. */
static inline int
make_and_enter(int dirfd, const char *name)
{
	int fd = -1;

	make_dir(dirfd, name);
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* Descriptors that this process has open. */
static inline int
count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = -3; /* ".", ".." and this one */

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	(void)closedir(dir);
	return n;
}

/*
 * Run `test` in a child, so that it may give up rights or mount; false when
 * the child could not try.
 */
static inline bool
in_child(void (*test)(struct trees *), struct trees *t)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		test(t);
		_exit(0);
	}
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == SKIPPED)
		return false;
	assert_int_equal(0, WEXITSTATUS(status));
	return true;
}

/* In a child cmocka's asserts do not reach the parent: say it and exit. */
#define child_assert(what)                                                     \
	do {                                                                   \
		if (!(what)) {                                                 \
			print_error("%s:%d: %s\n", __FILE__, __LINE__, #what); \
			_exit(1);                                              \
		}                                                              \
	} while (0)

#endif
