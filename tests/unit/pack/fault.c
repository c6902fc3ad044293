/*
 * Every operation on the medium fails once: no bundle, no half of one under
 * its name, and the failure is told.  And the order of these operations.
 */

#include <errno.h>
#include <pthread.h>
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

/*
 * What was done to files, in the order in which it was.  A file is known by
 * its inode: descriptors are given again, and some are renamed.
 */
enum what {
	CREATED,
	WRITTEN,
	SYNCED,
	NAMED
};
static struct {
	pthread_mutex_t lock;
	bool on;
	size_t n;
	struct {
		enum what what;
		ino_t inode;
	} done[4096];
} kept = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void
keep(enum what what, int fd)
{
	struct stat file = { 0 };

	if (!kept.on || (fd < 0 && what != NAMED))
		return;
	(void)pthread_mutex_lock(&kept.lock);
	if (what != NAMED)
		assert_int_equal(0, fstat(fd, &file));
	assert_true(kept.n < sizeof(kept.done) / sizeof(kept.done[0]));
	kept.done[kept.n].what = what;
	kept.done[kept.n++].inode = file.st_ino;
	(void)pthread_mutex_unlock(&kept.lock);
}

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
	keep(WRITTEN, fd);
	if (fd != fault.lying || n == 0 || n > sizeof(other))
		return __real_write(fd, p, n);
	memcpy(other, p, n);
	other[n / 2] ^= 1;
	return __real_write(fd, other, n);
}

int
__wrap_fdatasync(int fd)
{
	keep(SYNCED, fd);
	return fails() ? -1 : __real_fdatasync(fd);
}

int
__wrap_fsync(int fd)
{
	keep(SYNCED, fd);
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
	if (flags & O_CREAT)
		keep(CREATED, fd);
	return fd;
}

int
__wrap_renameat2(int from, const char *a, int to, const char *b, unsigned flags)
{
	if (fault.no_flags) {
		errno = EINVAL;
		return -1;
	}
	keep(NAMED, -1);
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
			/* What could not be read is not another text. */
			assert_null(strstr(w.err.text, "differently"));
			assert_int_equal(0, entries(&w, ".vls", &found));
		}
		world_close(&w);
	}
	assert_int_equal(VL_OK, st);
	/* So many that each kind of them was met: three streams, five small
	 * files, three directories. */
	assert_true(nth > 45);
}

/* When a file of the bundle was begun, and when it was durable as it is. */
struct span {
	size_t begin;
	size_t end;
};

static struct span
span_of(const struct world *w, const char *name)
{
	struct span span = { SIZE_MAX, SIZE_MAX };
	size_t written = SIZE_MAX;
	char path[128];
	struct stat file;
	size_t i;

	(void)snprintf(path, sizeof(path), "%s/0g208104.vls/%s", w->dir, name);
	assert_int_equal(0, stat(path, &file));
	for (i = 0; i < kept.n; i++) {
		if (kept.done[i].inode != file.st_ino)
			continue;
		if (kept.done[i].what == CREATED)
			span.begin = i;
		else if (kept.done[i].what == WRITTEN)
			written = i;
		else if (kept.done[i].what == SYNCED)
			span.end = i;
	}
	if (span.end == SIZE_MAX || span.begin > written || written > span.end)
		fail_msg("'%s' was not created, written and synced", name);
	return span;
}

static void
writes_the_seal_last(void **state)
{
	static const char *const streams[] = { "i0000001.vli", "i0000002.vli",
		"p0000001.vlp" };
	static const char *const small[] = { "readme.txt", "head.jsn",
		"keys.jsn", "seal.txt", "seal.sig" };
	struct world w;
	size_t durable = 0;
	size_t i;

	(void)state;
	world_open(&w, 2);
	kept.on = true;
	assert_int_equal(VL_OK, make(&w));
	kept.on = false;
	for (i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
		struct span span = span_of(&w, streams[i]);

		if (durable < span.end)
			durable = span.end;
	}
	/* None is begun before all in front of it are durable. */
	for (i = 0; i < sizeof(small) / sizeof(small[0]); i++) {
		struct span span = span_of(&w, small[i]);

		if (span.begin < durable)
			fail_msg("'%s' was begun too early", small[i]);
		durable = span.end;
	}
	/* And then it gets its name, which is the only one that it gets. */
	for (i = 0; kept.done[i].what != NAMED; i++)
		assert_true(i + 1 < kept.n);
	assert_true(i > durable);
	world_close(&w);
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
		cmocka_unit_test(writes_the_seal_last),
		cmocka_unit_test(notices_a_medium_that_lies_of_a_small_file),
		cmocka_unit_test(renames_where_the_file_system_knows_no_flags),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
