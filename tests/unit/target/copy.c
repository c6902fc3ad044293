/* Copies that stand in for second names: with their holes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/fs.h>

#include "../../../src/target/copy.h"

#define MIB  (1 << 20)
#define SIZE (1024 * (off_t)MIB)

struct place {
	char path[64];
	int dirfd;
	struct vl_copy copy;
	struct vl_err err;
};

static void
place_open(struct place *p)
{
	(void)snprintf(p->path, sizeof(p->path), "scratch-XXXXXX");
	assert_non_null(mkdtemp(p->path));
	p->dirfd = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(p->dirfd >= 0);
	p->copy = (struct vl_copy){ p->dirfd, "f", p->dirfd, "f.copy" };
}

static void
place_close(struct place *p)
{
	close(p->dirfd);
	assert_int_equal(VL_OK, vl_remove_tree(AT_FDCWD, p->path, &p->err));
}

static void
put(const struct place *p, const char *name, const char *text, off_t at)
{
	int fd = openat(p->dirfd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	/* Of no text a zero is written. */
	size_t n = text[0] != '\0' ? strlen(text) : 1;

	assert_true(fd >= 0);
	assert_int_equal(n, pwrite(fd, text, n, at));
	close(fd);
}

/* A GiB with data of half a MiB, more than one block, and of a few bytes. */
static bool
make_sparse(const struct place *p)
{
	char text[MIB / 2 + 1];
	int fd = openat(
	    p->dirfd, "f", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool holes = false;

	assert_true(fd >= 0);
	assert_int_equal(0, ftruncate(fd, SIZE));
	holes = lseek(fd, 0, SEEK_HOLE) == 0;
	close(fd);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	put(p, "f", "begins", 3 * MIB);
	put(p, "f", text, 100 * MIB + 5);
	put(p, "f", "late", SIZE - 10 * MIB);
	if (!holes)
		print_message("skipped: no holes here\n");
	return holes;
}

static bool
equal(struct place *p)
{
	bool same = false;

	assert_int_equal(VL_OK, vl_copy_equal(&p->copy, &same, &p->err));
	return same;
}

static void
takes_no_more_room_than_what_it_copies(void **state)
{
	struct stat from;
	struct stat to;
	struct place p;

	(void)state;
	place_open(&p);
	if (make_sparse(&p)) {
		assert_int_equal(VL_OK, vl_copy_aside(&p.copy, &p.err));
		assert_int_equal(0, fstatat(p.dirfd, "f", &from, 0));
		assert_int_equal(0, fstatat(p.dirfd, "f.copy", &to, 0));
		assert_int_equal(SIZE, to.st_size);
		assert_true(to.st_blocks <= from.st_blocks + 16);
		assert_true(equal(&p));
	}
	place_close(&p);
}

static void
tells_what_differs_in_data_and_in_holes(void **state)
{
	static const off_t data[] = { 3 * MIB, 100 * MIB + 5 + 400000,
		SIZE - 10 * MIB + 3 };
	static const off_t holes[] = { 0, 99 * MIB, 512 * MIB, SIZE - 1 };
	struct place p;
	size_t i;

	(void)state;
	place_open(&p);
	(void)make_sparse(&p);
	for (i = 0; i < 3; i++) {
		assert_int_equal(VL_OK, vl_copy_aside(&p.copy, &p.err));
		put(&p, "f.copy", "?", data[i]);
		assert_false(equal(&p));
	}
	for (i = 0; i < 4; i++) {
		assert_int_equal(VL_OK, vl_copy_aside(&p.copy, &p.err));
		put(&p, i % 2 == 0 ? "f" : "f.copy", "?", holes[i]);
		assert_false(equal(&p));
	}
	/* Zeros are written or they are not. */
	assert_int_equal(VL_OK, vl_copy_aside(&p.copy, &p.err));
	put(&p, "f", "", 700 * MIB);
	assert_true(equal(&p));
	place_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_no_more_room_than_what_it_copies),
		cmocka_unit_test(tells_what_differs_in_data_and_in_holes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
