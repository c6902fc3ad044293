/*
 * Every operation of the system fails once: files are old or new, never
 * between, nothing is left behind, and no failure goes unreported.
 */

#include "scratch.h"

#include <sys/random.h>

#include <valise/sort.h>

/* Armed: the `at`th operation from now fails with `error`. */
static struct {
	unsigned at; /* 0: not armed */
	unsigned met;
	int error;
	bool cut;        /* reads and writes move one byte */
	unsigned breaks; /* of them that are interrupted first */
	unsigned syncs;
	bool closes; /* a failed close matters */
	bool swap;   /* "t/d" becomes a link just before it is entered */
} fault;

static void
fault_arm(unsigned at, int error)
{
	memset(&fault, 0, sizeof(fault));
	fault.at = at;
	fault.error = error;
}

static bool
fault_fired(void)
{
	return fault.met >= fault.at;
}

static bool
fails(void)
{
	if (fault.at == 0 || ++fault.met != fault.at)
		return false;
	errno = fault.error;
	return true;
}

/* How many of `n` bytes to move now; 0 is an interruption. */
static size_t
portion(size_t n)
{
	if (fault.breaks > 0) {
		fault.breaks--;
		errno = EINTR;
		return 0;
	}
	return fault.cut && n > 1 ? 1 : n;
}

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size);
ssize_t __real_getrandom(void *p, size_t n, unsigned flags);
ssize_t __wrap_getrandom(void *p, size_t n, unsigned flags);
int __real_openat(int dir, const char *name, int flags, ...);
int __wrap_openat(int dir, const char *name, int flags, ...);
ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
ssize_t __real_pwrite(int fd, const void *p, size_t n, off_t at);
ssize_t __wrap_pwrite(int fd, const void *p, size_t n, off_t at);
ssize_t __real_read(int fd, void *p, size_t n);
ssize_t __wrap_read(int fd, void *p, size_t n);
ssize_t __real_pread(int fd, void *p, size_t n, off_t at);
ssize_t __wrap_pread(int fd, void *p, size_t n, off_t at);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_close(int fd);
int __wrap_close(int fd);
int __real_renameat(int from, const char *a, int to, const char *b);
int __wrap_renameat(int from, const char *a, int to, const char *b);

void *
__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

ssize_t
__wrap_getrandom(void *p, size_t n, unsigned flags)
{
	return fails() ? -1 : __real_getrandom(p, n, flags);
}

int
__wrap_openat(int dir, const char *name, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	if (flags & O_CREAT) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	if (fault.swap && strcmp(name, "d") == 0) {
		fault.swap = false;
		assert_int_equal(0, unlinkat(dir, "d", AT_REMOVEDIR));
		assert_int_equal(0, symlinkat("../outside", dir, "d"));
	}
	return fails() ? -1 : __real_openat(dir, name, flags, mode);
}

ssize_t
__wrap_write(int fd, const void *p, size_t n)
{
	n = portion(n);
	return n == 0 || fails() ? -1 : __real_write(fd, p, n);
}

ssize_t
__wrap_pwrite(int fd, const void *p, size_t n, off_t at)
{
	n = portion(n);
	return n == 0 || fails() ? -1 : __real_pwrite(fd, p, n, at);
}

ssize_t
__wrap_read(int fd, void *p, size_t n)
{
	n = portion(n);
	return n == 0 || fails() ? -1 : __real_read(fd, p, n);
}

ssize_t
__wrap_pread(int fd, void *p, size_t n, off_t at)
{
	n = portion(n);
	return n == 0 || fails() ? -1 : __real_pread(fd, p, n, at);
}

int
__wrap_fsync(int fd)
{
	fault.syncs++;
	return fails() ? -1 : __real_fsync(fd);
}

/* Only the close of something written can say that it was lost. */
int
__wrap_close(int fd)
{
	bool written = (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR;
	int rc = __real_close(fd);

	return fault.closes && written && fails() ? -1 : rc;
}

int
__wrap_renameat(int from, const char *a, int to, const char *b)
{
	return fails() ? -1 : __real_renameat(from, a, to, b);
}

static void
put_file_leaves_old_or_new_whatever_fails(void **state)
{
	static const int errors[] = { EIO, ENOSPC };
	struct vl_slice old = vl_slice_of("old");
	struct vl_slice new = vl_slice_of("new");
	enum vl_status st = VL_OK;
	struct vl_buf now = { 0 };
	struct vl_err err = { 0 };
	struct scratch s = { 0 };
	unsigned nth = 0;
	size_t i = 0;

	(void)state;
	scratch_open(&s);
	for (i = 0; i < 2; i++)
		for (nth = 1;; nth++) {
			fault_arm(0, 0);
			assert_int_equal(
			    VL_OK, vl_put_file(s.fd, "f", 0600, old, &err));
			fault_arm(nth, errors[i]);
			fault.closes = true;
			memset(&err, 0, sizeof(err));
			st = vl_put_file(s.fd, "f", 0600, new, &err);
			if (!fault_fired())
				break;
			fault_arm(0, 0);
			assert_int_equal(VL_EIO, st);
			assert_int_equal(VL_EIO, err.status);
			assert_true(err.text[0] != '\0');
			assert_int_equal(1, scratch_count(&s));
			assert_int_equal(
			    VL_OK, vl_read_file(s.fd, "f", 9, &now, &err));
			assert_true(vl_slice_equal(vl_buf_slice(&now), old) ||
			    vl_slice_equal(vl_buf_slice(&now), new));
		}
	fault_arm(0, 0);
	assert_int_equal(VL_OK, st);
	/*
	 * Memory twice, folder, random name, file, write, sync, close,
	 * rename, folder, sync: we met each.
	 */
	assert_int_equal(12, nth);
	scratch_expect(&s, "f", "new");
	vl_buf_free(&now);
	scratch_close(&s);
}

static void
a_failed_sync_is_not_tried_again(void **state)
{
	struct vl_newfile *f = NULL;
	struct vl_err err = { 0 };
	struct scratch s = { 0 };

	(void)state;
	scratch_open(&s);
	assert_int_equal(VL_OK, vl_newfile_create(&f, s.fd, "f", 0600, &err));
	fault_arm(1, EINTR);
	assert_int_equal(VL_EIO, vl_newfile_keep(f, &err));
	assert_int_equal(1, fault.syncs);
	vl_newfile_free(f);
	assert_int_equal(0, scratch_count(&s));
	scratch_close(&s);
}

static void
goes_on_after_short_and_interrupted_moves(void **state)
{
	struct vl_slice text = vl_slice_of("a text of some bytes");
	struct vl_err err = { 0 };
	uint8_t back[64];
	size_t got = 0;
	int fd = -1;

	(void)state;
	fault_arm(0, 0);
	assert_int_equal(VL_OK, vl_temp_file(&fd, ".", &err));
	fault.cut = true;
	fault.breaks = 3;
	assert_int_equal(VL_OK, vl_write_all(fd, text, &err));
	fault.breaks = 3;
	assert_int_equal(VL_OK, vl_pwrite_all(fd, text, 10, &err));
	fault.breaks = 3;
	assert_int_equal(
	    VL_OK, vl_pread_full(fd, back, sizeof(back), 10, &got, &err));
	assert_int_equal(text.n, got);
	assert_memory_equal(text.p, back, text.n);
	assert_int_equal(0, lseek(fd, 10, SEEK_SET) - 10);
	fault.breaks = 3;
	assert_int_equal(VL_OK, vl_read_full(fd, back, 7, &got, &err));
	assert_int_equal(7, got);
	assert_memory_equal(text.p, back, 7);
	fault.cut = false;
	(void)close(fd);
}

static void
a_folder_swapped_for_a_link_is_not_entered(void **state)
{
	struct vl_slice hello = vl_slice_of("hello");
	struct vl_err err = { 0 };
	struct scratch s = { 0 };

	(void)state;
	scratch_open(&s);
	assert_int_equal(0, mkdirat(s.fd, "t", 0755));
	assert_int_equal(0, mkdirat(s.fd, "t/d", 0755));
	assert_int_equal(0, mkdirat(s.fd, "outside", 0755));
	assert_int_equal(
	    VL_OK, vl_put_file(s.fd, "outside/f", 0600, hello, &err));
	fault_arm(0, 0);
	fault.swap = true;
	assert_int_equal(VL_EIO, vl_remove_tree(s.fd, "t", &err));
	assert_false(fault.swap);
	scratch_expect(&s, "outside/f", "hello");
	scratch_close(&s);
}

/* Sort enough numbers for several passes; how far it came does not matter. */
static enum vl_status
sort_numbers(struct vl_err *err)
{
	struct vl_sort *sort = NULL;
	struct vl_slice item = { 0 };
	enum vl_status st = VL_OK;
	uint8_t bytes[400] = { 0 };
	uint32_t i = 0;
	uint32_t n = 0;

	st = vl_sort_new(&sort, ".", 0, err);
	for (i = 0; st == VL_OK && i < 4000; i++) {
		bytes[0] = (uint8_t)(i * 2654435761u >> 24);
		st = vl_sort_add(
		    sort, (struct vl_slice){ bytes, sizeof(bytes) }, err);
	}
	if (st == VL_OK)
		st = vl_sort_finish(sort, err);
	while (st == VL_OK) {
		st = vl_sort_next(sort, &item, err);
		if (st != VL_OK || item.p == NULL)
			break;
		n++;
	}
	vl_sort_free(sort);
	assert_true(st != VL_OK || n == 4000);
	return st;
}

static void
a_sort_reports_whatever_fails(void **state)
{
	struct vl_err err = { 0 };
	enum vl_status st = VL_OK;
	unsigned nth = 0;

	(void)state;
	for (nth = 1;; nth++) {
		fault_arm(nth, ENOSPC);
		st = sort_numbers(&err);
		if (!fault_fired())
			break;
		assert_int_equal(VL_EIO, st);
	}
	fault_arm(0, 0);
	if (st != VL_OK)
		fail_msg("%s", err.text);
	assert_true(nth > 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(put_file_leaves_old_or_new_whatever_fails),
		cmocka_unit_test(a_failed_sync_is_not_tried_again),
		cmocka_unit_test(goes_on_after_short_and_interrupted_moves),
		cmocka_unit_test(a_folder_swapped_for_a_link_is_not_entered),
		cmocka_unit_test(a_sort_reports_whatever_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
