#ifndef SCRATCH_H
#define SCRATCH_H

/* What the tests of base share: cmocka, and a folder of their own. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/fs.h>

struct scratch {
	char path[64];
	int fd;
};

static inline void
scratch_open(struct scratch *s)
{
	(void)snprintf(s->path, sizeof(s->path), "scratch-XXXXXX");
	assert_non_null(mkdtemp(s->path));
	s->fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(s->fd >= 0);
}

static inline void
scratch_close(struct scratch *s)
{
	struct vl_err err = { 0 };

	(void)close(s->fd);
	assert_int_equal(VL_OK, vl_remove_tree(AT_FDCWD, s->path, &err));
}

/* How many names the folder has. */
static inline int
scratch_count(const struct scratch *s)
{
	DIR *dir = opendir(s->path);
	int n = -2; /* "." and ".." */

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	(void)closedir(dir);
	return n;
}

static inline void
scratch_expect(const struct scratch *s, const char *name, const char *content)
{
	struct vl_buf now = { 0 };
	struct vl_err err = { 0 };

	assert_int_equal(VL_OK, vl_read_file(s->fd, name, 1000, &now, &err));
	assert_int_equal(strlen(content), now.n);
	assert_memory_equal(content, now.p, now.n);
	vl_buf_free(&now);
}

#endif
