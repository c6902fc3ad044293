/*
 * The writer of encrypted files: what it wrote reads back, the same with any
 * number of workers; and a medium that fails or lies is noticed.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/fs.h>
#include <valise/secret.h>
#include <valise/stream.h>

#define FRAME_LOG2 16
#define ROOM       (65536u - VL_TAG_SIZE)
#define PLACES_MAX 64

/* Armed: the `at`th operation from now fails; several threads ask. */
static struct {
	atomic_uint met;
	atomic_uint at; /* 0: not armed */
	int error;
	bool lie; /* a sync changes a byte of what was written */
} fault;

static bool
fails(void)
{
	unsigned at = atomic_load(&fault.at);

	if (at == 0 || atomic_fetch_add(&fault.met, 1) + 1 != at)
		return false;
	errno = fault.error;
	return true;
}

ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
ssize_t __real_read(int fd, void *p, size_t n);
ssize_t __wrap_read(int fd, void *p, size_t n);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __real_openat(int dir, const char *name, int flags, ...);
int __wrap_openat(int dir, const char *name, int flags, ...);

ssize_t
__wrap_write(int fd, const void *p, size_t n)
{
	return fails() ? -1 : __real_write(fd, p, n);
}

ssize_t
__wrap_read(int fd, void *p, size_t n)
{
	return fails() ? -1 : __real_read(fd, p, n);
}

int
__wrap_fdatasync(int fd)
{
	if (fault.lie)
		assert_int_equal(1, pwrite(fd, "x", 1, 70000));
	return fails() ? -1 : __real_fdatasync(fd);
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
	return fails() ? -1 : __real_openat(dir, name, flags, mode);
}

struct place {
	uint64_t tag;
	uint32_t file;
	uint64_t offset;
};

/* A folder, a writer into it, and where its records came to stand. */
struct world {
	char dir[64];
	int dirfd;
	struct vl_pool *pool;
	uint8_t id[VL_ID_SIZE];
	uint8_t *root;
	uint64_t written;
	struct vl_stream_w *w;
	struct place places[PLACES_MAX];
	size_t nplaces;
	struct vl_err err;
};

static void
world_open(struct world *w, unsigned workers)
{
	struct vl_stream_opts opts = { .type = VL_FILE_PACK,
		.frame_log2 = FRAME_LOG2,
		.first = 5,
		.level = 3 };

	memset(w, 0, sizeof(*w));
	(void)snprintf(w->dir, sizeof(w->dir), "/tmp/valise-stream-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	w->dirfd = open(w->dir, O_RDONLY | O_DIRECTORY);
	assert_true(w->dirfd >= 0);
	w->root = vl_secret_alloc(VL_KEY_SIZE);
	assert_non_null(w->root);
	memset(w->root, 7, VL_KEY_SIZE);
	memset(w->id, 8, VL_ID_SIZE);
	assert_int_equal(VL_OK, vl_pool_new(&w->pool, workers, &w->err));
	opts.dirfd = w->dirfd;
	opts.id = w->id;
	opts.root = w->root;
	opts.pool = w->pool;
	opts.written = &w->written;
	assert_int_equal(VL_OK, vl_stream_w_open(&w->w, &opts, &w->err));
}

static void
world_close(struct world *w)
{
	vl_stream_w_free(w->w);
	vl_pool_free(w->pool);
	vl_secret_free(w->root);
	assert_int_equal(0, close(w->dirfd));
	assert_int_equal(VL_OK, vl_remove_tree(AT_FDCWD, w->dir, &w->err));
}

static enum vl_status
note_place(
    void *arg, uint64_t tag, uint32_t file, uint64_t offset, struct vl_err *err)
{
	struct world *w = arg;

	(void)err;
	assert_true(w->nplaces < PLACES_MAX);
	w->places[w->nplaces++] = (struct place){ tag, file, offset };
	return VL_OK;
}

/* A block of one chunk; random bytes do not compress. */
static enum vl_status
put(struct world *w, uint64_t tag, size_t n, bool random)
{
	const struct vl_stream_placed placed = { w, note_place };
	uint8_t seed[VL_KEY_SIZE] = { (uint8_t)tag };
	uint8_t *p = malloc(n);
	uint8_t table[4];
	struct vl_stream_record r = { .kind = VL_RECORD_BLOCK,
		.compress = true,
		.items = 1,
		.tag = tag };
	enum vl_status st;

	assert_non_null(p);
	memset(p, (int)tag, n);
	if (random)
		vl_random_from(p, n, seed);
	vl_put_u32le(table, (uint32_t)n);
	r.table = (struct vl_slice){ table, sizeof(table) };
	r.plain = (struct vl_slice){ p, n };
	st = vl_stream_w_put(w->w, &r, &placed, &w->err);
	free(p);
	return st;
}

static struct vl_stream_r *
open_file(struct world *w, uint32_t number)
{
	struct vl_stream_expect expect = { .dirfd = w->dirfd,
		.type = VL_FILE_PACK,
		.number = number,
		.frame_log2 = FRAME_LOG2,
		.id = w->id,
		.root = w->root };
	struct vl_stream_r *r = NULL;

	assert_int_equal(VL_OK, vl_stream_r_open(&r, &expect, &w->err));
	return r;
}

/* Size, hash and frames of each file are what the writer says. */
static void
check_files(struct world *w, size_t want)
{
	const struct vl_stream_file *files;
	struct vl_buf bytes = { 0 };
	char name[VL_FILE_NAME_SIZE];
	uint8_t hash[VL_HASH_SIZE];
	struct stat st;
	uint64_t sum = 0;
	size_t n = 0;
	size_t i;

	files = vl_stream_w_files(w->w, &n);
	assert_int_equal(want, n);
	for (i = 0; i < n; i++) {
		assert_int_equal(5 + i, files[i].number);
		vl_file_name(name, VL_FILE_PACK, files[i].number);
		assert_int_equal(0, fstatat(w->dirfd, name, &st, 0));
		assert_int_equal(0100644, st.st_mode);
		assert_int_equal(VL_OK,
		    vl_read_file(w->dirfd, name, 128u << 20, &bytes, &w->err));
		assert_int_equal(files[i].size, bytes.n);
		assert_int_equal(
		    64 + ((uint64_t)files[i].frames << FRAME_LOG2), bytes.n);
		vl_hash_of(hash, NULL, vl_buf_slice(&bytes));
		assert_memory_equal(files[i].hash, hash, sizeof(hash));
		sum += bytes.n;
	}
	assert_int_equal(sum, w->written);
	vl_buf_free(&bytes);
}

/* Sizes around those of frames, and where compression gains and does not. */
static const size_t sizes[] = { 1, 100, ROOM - 36, ROOM - 37, ROOM, 65536,
	200000, 1048576, 2097152, 5, 300000 };
#define NSIZES (sizeof(sizes) / sizeof(sizes[0]))

static void
check_records(struct world *w)
{
	struct vl_stream_r *r = open_file(w, 5);
	uint8_t *plain = malloc(VL_RECORD_PLAIN_MAX);
	uint8_t *want = malloc(VL_RECORD_PLAIN_MAX);
	struct vl_stored s;
	bool end = false;
	size_t i;

	assert_true(plain != NULL && want != NULL);
	for (i = 0; i < NSIZES; i++) {
		uint8_t seed[VL_KEY_SIZE] = { (uint8_t)i };

		assert_int_equal(VL_OK, vl_stream_r_next(r, &s, &end, &w->err));
		assert_false(end);
		assert_int_equal(i, w->places[i].tag);
		assert_int_equal(5, w->places[i].file);
		assert_int_equal(s.offset, w->places[i].offset);
		assert_int_equal(sizes[i], s.head.plain);
		assert_int_equal(i, s.head.ordinal);
		assert_int_equal(s.head.zstd, i % 2 != 0 && sizes[i] > 50);
		assert_int_equal(
		    VL_OK, vl_stored_decode(plain, &s, NULL, &w->err));
		memset(want, (int)i, sizes[i]);
		if (i % 2 == 0)
			vl_random_from(want, sizes[i], seed);
		assert_memory_equal(want, plain, sizes[i]);
	}
	assert_int_equal(VL_OK, vl_stream_r_next(r, &s, &end, &w->err));
	assert_true(end);
	vl_stream_r_free(r);
	free(plain);
	free(want);
}

static void
writes_the_same_records_with_any_number_of_workers(void **state)
{
	static const unsigned workers[] = { 1, 2, 4 };
	struct place first[PLACES_MAX] = { 0 };
	struct world w;
	size_t i;
	size_t j;

	(void)state;
	for (i = 0; i < 3; i++) {
		world_open(&w, workers[i]);
		for (j = 0; j < NSIZES; j++)
			assert_int_equal(
			    VL_OK, put(&w, j, sizes[j], j % 2 == 0));
		assert_int_equal(VL_OK, vl_stream_w_finish(w.w, &w.err));
		assert_true(vl_stream_w_zstd(w.w));
		assert_int_equal(NSIZES, w.nplaces);
		check_files(&w, 1);
		check_records(&w);
		if (i == 0)
			memcpy(first, w.places, sizeof(first));
		assert_memory_equal(first, w.places, NSIZES * sizeof(first[0]));
		world_close(&w);
	}
}

static void
an_empty_stream_is_one_frame(void **state)
{
	struct world w;
	size_t n = 0;

	(void)state;
	world_open(&w, 2);
	assert_int_equal(VL_OK, vl_stream_w_finish(w.w, &w.err));
	check_files(&w, 1);
	assert_int_equal(1, vl_stream_w_files(w.w, &n)->frames);
	assert_false(vl_stream_w_zstd(w.w));
	world_close(&w);
}

static void
uses_the_fewest_frames(void **state)
{
	/* Plain bytes beside record header and table, and the frames. */
	static const struct {
		size_t n;
		uint32_t frames;
	} cases[] = { { ROOM - 36, 1 }, { ROOM - 35, 2 }, { 2 * ROOM - 36, 2 },
		{ 2 * ROOM - 35, 3 } };
	struct world w;
	size_t n = 0;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world_open(&w, 2);
		assert_int_equal(VL_OK, put(&w, 1, cases[i].n, true));
		assert_int_equal(VL_OK, vl_stream_w_finish(w.w, &w.err));
		assert_int_equal(
		    cases[i].frames, vl_stream_w_files(w.w, &n)->frames);
		vl_stream_r_free(open_file(&w, 5));
		world_close(&w);
	}
}

static void
no_record_crosses_files(void **state)
{
	struct world w;
	uint64_t room = (uint64_t)ROOM << (VL_FILE_LOG2 - FRAME_LOG2);
	size_t each = VL_RECORD_PLAIN_MAX + 36;
	size_t i;

	(void)state;
	world_open(&w, 2);
	for (i = 0; i < 40; i++)
		assert_int_equal(VL_OK, put(&w, i, VL_RECORD_PLAIN_MAX, true));
	assert_int_equal(VL_OK, vl_stream_w_split(w.w, &w.err));
	assert_int_equal(VL_OK, put(&w, i, 1, true));
	assert_int_equal(VL_OK, vl_stream_w_finish(w.w, &w.err));
	check_files(&w, 3);
	for (i = 0; i < 40; i++) {
		assert_int_equal(5 + i / (room / each), w.places[i].file);
		assert_int_equal(
		    each * (i % (room / each)), w.places[i].offset);
	}
	assert_int_equal(7, w.places[40].file);
	assert_int_equal(0, w.places[40].offset);
	world_close(&w);
}

/* Two files; every operation fails once. */
static enum vl_status
write_two(struct world *w)
{
	enum vl_status st = VL_OK;
	size_t i;

	for (i = 0; i < 6 && st == VL_OK; i++) {
		st = put(w, i, 100000, true);
		if (st == VL_OK && i == 2)
			st = vl_stream_w_split(w->w, &w->err);
	}
	return st == VL_OK ? vl_stream_w_finish(w->w, &w->err) : st;
}

static void
every_failure_of_the_medium_is_told(void **state)
{
	struct world w;
	enum vl_status st = VL_OK;
	unsigned nth;
	bool fired = true;

	(void)state;
	for (nth = 1; fired; nth++) {
		world_open(&w, 2);
		fault.error = ENOSPC;
		atomic_store(&fault.met, 0);
		atomic_store(&fault.at, nth);
		st = write_two(&w);
		fired = atomic_load(&fault.met) >= nth;
		atomic_store(&fault.at, 0);
		if (fired) {
			assert_int_equal(VL_EIO, st);
			assert_non_null(strstr(w.err.text, "'p000000"));
			assert_non_null(
			    strstr(w.err.text, "No space left on device"));
		}
		world_close(&w);
	}
	assert_int_equal(VL_OK, st);
	/* Of each file: 2 opens, header, 5 frames, sync, 2 reads. */
	assert_int_equal(2 * 11 + 2, nth);
}

static void
notices_a_medium_that_lies(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, 2);
	assert_int_equal(VL_OK, put(&w, 1, 100000, true));
	fault.lie = true;
	assert_int_equal(VL_EIO, vl_stream_w_finish(w.w, &w.err));
	fault.lie = false;
	assert_string_equal("'p0000005.vlp': what was written to the medium "
	                    "reads back differently",
	    w.err.text);
	world_close(&w);
}

static void
never_writes_into_a_file_that_is_there(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, 2);
	assert_int_equal(0, symlinkat("/dev/null", w.dirfd, "p0000005.vlp"));
	assert_int_equal(VL_OK, put(&w, 1, 10, true));
	assert_int_equal(VL_EIO, vl_stream_w_finish(w.w, &w.err));
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    writes_the_same_records_with_any_number_of_workers),
		cmocka_unit_test(an_empty_stream_is_one_frame),
		cmocka_unit_test(uses_the_fewest_frames),
		cmocka_unit_test(no_record_crosses_files),
		cmocka_unit_test(every_failure_of_the_medium_is_told),
		cmocka_unit_test(notices_a_medium_that_lies),
		cmocka_unit_test(never_writes_into_a_file_that_is_there),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
