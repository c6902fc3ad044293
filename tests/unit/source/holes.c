/* Sparse files: holes are said, and not read. */

#include "run.h"

#define BLOCK 65536

/* A file of `size` bytes with data in the blocks that `data` lists. */
static int
make_sparse(
    struct run *r, const char *name, off_t size, const off_t *data, size_t n)
{
	uint8_t block[BLOCK];
	int fd = openat(
	    r->t.rootfd, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	size_t i = 0;

	memset(block, 'x', sizeof(block));
	assert_true(fd >= 0);
	assert_int_equal(0, ftruncate(fd, size));
	for (i = 0; i < n; i++)
		assert_int_equal(
		    BLOCK, pwrite(fd, block, BLOCK, data[i] * (off_t)BLOCK));
	return fd;
}

/* What the line says is what SEEK_HOLE and SEEK_DATA say. */
static void
expect_holes_of(const struct run *r, int fd)
{
	const off_t size = lseek(fd, 0, SEEK_END);
	off_t at = 0;
	off_t data = 0;
	size_t i = 0;

	assert_int_equal(size, r->entry.size);
	while ((at = lseek(fd, at, SEEK_HOLE)) >= 0 && at < size) {
		data = lseek(fd, at, SEEK_DATA);
		if (data < 0)
			data = size;
		assert_true(i < r->entry.nholes);
		assert_int_equal(at, r->entry.holes[i].at);
		assert_int_equal(data - at, r->entry.holes[i].n);
		at = data;
		i++;
	}
	assert_int_equal(i, r->entry.nholes);
	assert_true(i > 0);
}

static void
says_where_holes_are_and_reads_none(void **state)
{
	static const off_t blocks[] = { 2, 3, 9 };
	static const off_t first[] = { 0 };
	struct vl_buf want = { 0 };
	struct vl_buf got = { 0 };
	struct vl_err err = { 0 };
	struct run r;
	int a = -1;
	int b = -1;

	(void)state;
	run_open(&r);
	a = make_sparse(&r, "a", 16 * BLOCK + 5, blocks, 3);
	b = make_sparse(&r, "b", 4 * BLOCK, first, 1);
	make_file(r.t.rootfd, "c", "dense");
	run_start(&r);
	expect(&r, VL_ENTRY_DIR, "");
	expect(&r, VL_ENTRY_FILE, "a");
	expect_holes_of(&r, a);
	bytes_read = 0;
	assert_int_equal(VL_SETTLED, body(&r, &got, BLOCK));
	assert_int_equal(3 * BLOCK, bytes_read);
	assert_int_equal(16 * BLOCK + 5, got.n);
	assert_int_equal(VL_OK, vl_buf_reserve(&want, got.n, &err));
	assert_int_equal(got.n, __real_pread(a, want.p, got.n, 0));
	assert_memory_equal(want.p, got.p, got.n);
	expect(&r, VL_ENTRY_FILE, "b");
	expect_holes_of(&r, b);
	bytes_read = 0;
	assert_int_equal(VL_SETTLED, body(&r, &got, 1000));
	assert_int_equal(BLOCK, bytes_read);
	expect(&r, VL_ENTRY_FILE, "c");
	assert_int_equal(0, r.entry.nholes);
	expect_body(&r, "dense");
	expect_end(&r);
	assert_int_equal(2, counts(&r).sparse);
	(void)close(a);
	(void)close(b);
	vl_buf_free(&want);
	vl_buf_free(&got);
	run_close(&r);
}

/* Who never asks for holes gets their zeros. */
static void
reads_holes_of_whom_they_do_not_interest(void **state)
{
	static const off_t blocks[] = { 1 };
	enum vl_settled how = VL_AGAIN;
	struct vl_err err = { 0 };
	struct run r;
	uint8_t piece[5000];
	size_t got = 0;
	size_t sum = 0;
	size_t x = 0;
	size_t i = 0;

	(void)state;
	run_open(&r);
	(void)close(make_sparse(&r, "a", 3 * BLOCK, blocks, 1));
	run_start(&r);
	expect(&r, VL_ENTRY_DIR, "");
	expect(&r, VL_ENTRY_FILE, "a");
	do {
		assert_int_equal(VL_OK,
		    vl_source_read(r.source, piece, sizeof(piece), &got, &err));
		for (i = 0; i < got; i++)
			x += piece[i] == 'x';
		sum += got;
	} while (got > 0);
	assert_int_equal(VL_OK, vl_source_settle(r.source, &how, &err));
	assert_int_equal(VL_SETTLED, how);
	assert_int_equal(3 * BLOCK, sum);
	assert_int_equal(BLOCK, x);
	run_close(&r);
}

static void
a_tebibyte_of_nothing_takes_no_reads(void **state)
{
	enum vl_settled how = VL_AGAIN;
	struct vl_err err = { 0 };
	const uint64_t size = UINT64_C(1) << 40;
	struct run r;
	uint8_t piece[16];
	uint64_t hole = 0;
	size_t got = 0;
	int fd = -1;

	(void)state;
	run_open(&r);
	make_file(r.t.rootfd, "a", "");
	fd = openat(r.t.rootfd, "a", O_WRONLY | O_CLOEXEC);
	if (ftruncate(fd, (off_t)size) == 0) {
		run_start(&r);
		expect(&r, VL_ENTRY_DIR, "");
		expect(&r, VL_ENTRY_FILE, "a");
		assert_int_equal(1, r.entry.nholes);
		assert_int_equal(VL_OK, vl_source_hole(r.source, &hole, &err));
		assert_int_equal(size, hole);
		assert_int_equal(VL_OK, vl_source_hole(r.source, &hole, &err));
		assert_int_equal(0, hole);
		assert_int_equal(VL_OK,
		    vl_source_read(r.source, piece, sizeof(piece), &got, &err));
		assert_int_equal(0, got);
		assert_int_equal(0, reads);
		assert_int_equal(VL_OK, vl_source_settle(r.source, &how, &err));
		assert_int_equal(VL_SETTLED, how);
		expect_end(&r);
	} else {
		print_message("no file may be that large, skipped\n");
	}
	(void)close(fd);
	run_close(&r);
}

static void
fill_a_hole(int nth)
{
	int fd = -1;

	if (nth != 1)
		return;
	fd = openat(running->t.rootfd, "a", O_WRONLY | O_CLOEXEC);
	assert_int_equal(5, pwrite(fd, "HELLO", 5, BLOCK * 3));
	(void)close(fd);
}

static void
a_hole_that_is_filled_is_a_change_of_the_file(void **state)
{
	static const off_t blocks[] = { 0, 8 };
	struct vl_buf got = { 0 };
	struct run r;

	(void)state;
	run_open(&r);
	(void)close(make_sparse(&r, "a", 9 * BLOCK, blocks, 2));
	run_start(&r);
	expect(&r, VL_ENTRY_DIR, "");
	before_read = fill_a_hole;
	expect(&r, VL_ENTRY_FILE, "a");
	assert_int_equal(VL_AGAIN, body(&r, &got, BLOCK / 2));
	before_read = NULL;
	expect(&r, VL_ENTRY_FILE, "a");
	assert_int_equal(VL_SETTLED, body(&r, &got, BLOCK));
	assert_memory_equal("HELLO", got.p + BLOCK * 3, 5);
	expect_end(&r);
	assert_int_equal(1, counts(&r).sparse);
	vl_buf_free(&got);
	run_close(&r);
}

#define GIB (UINT64_C(1) << 30)

/* Blocks of 4 KiB, the first half 1 GiB apart, the others 2. */
static int
make_porous(struct run *r, const char *name)
{
	uint8_t block[4096];
	int fd = openat(
	    r->t.rootfd, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	uint64_t at = 0;
	int i;

	memset(block, 'x', sizeof(block));
	assert_true(fd >= 0);
	for (i = 0; i < 900; i++) {
		if (pwrite(fd, block, sizeof(block), (off_t)at) < 0) {
			(void)close(fd);
			return -1;
		}
		at += i < 450 ? GIB : 2 * GIB;
	}
	return fd;
}

/* The sum of all holes, while the body is read. */
static uint64_t
sum_holes(struct run *r)
{
	enum vl_settled how = VL_AGAIN;
	struct vl_err err = { 0 };
	uint8_t piece[8192];
	uint64_t hole = 0;
	uint64_t sum = 0;
	size_t got = 0;

	do {
		assert_int_equal(VL_OK, vl_source_hole(r->source, &hole, &err));
		sum += hole;
		assert_int_equal(VL_OK,
		    vl_source_read(
		        r->source, piece, sizeof(piece), &got, &err));
	} while (got > 0 || hole > 0);
	assert_int_equal(VL_OK, vl_source_settle(r->source, &how, &err));
	assert_int_equal(VL_SETTLED, how);
	return sum;
}

/* A long path, control characters throughout, leaves little room. */
static void
says_the_large_holes_where_a_line_has_no_room(void **state)
{
	char name[251];
	struct run r;
	size_t i = 0;
	int porous = -1;
	int fd = -1;
	int below = -1;

	(void)state;
	run_open(&r);
	memset(name, 1, sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	fd = dup(r.t.rootfd);
	for (i = 0; i < 30; i++) {
		below = make_and_enter(fd, name);
		(void)close(fd);
		fd = below;
	}
	porous = make_porous(&r, "a");
	assert_int_equal(0, renameat(r.t.rootfd, "a", fd, "a"));
	(void)close(fd);
	if (porous < 0) {
		print_message("no file may be that large, skipped\n");
		run_close(&r);
		return;
	}
	run_start(&r);
	for (i = 0; i < 32; i++)
		assert_true(next(&r));
	assert_int_equal(VL_ENTRY_FILE, r.entry.type);
	/* All 449 large ones, and of the 450 small ones the first. */
	assert_true(r.entry.nholes > 449 && r.entry.nholes < 899);
	for (i = 0; i < r.entry.nholes; i++)
		assert_true(r.entry.holes[i].n ==
		    (i < r.entry.nholes - 449 ? GIB : 2 * GIB) - 4096);
	assert_true(r.entry.holes[0].at == 4096);
	assert_true(r.rec.line.n > VL_LINE_MAX - 40);
	/* All of them are passed over. */
	bytes_read = 0;
	assert_true(sum_holes(&r) == r.entry.size - 900 * 4096);
	assert_int_equal(900 * 4096, bytes_read);
	expect_end(&r);
	assert_int_equal(1, counts(&r).sparse);
	assert_int_equal(1, counts(&r).porous);
	(void)close(porous);
	run_close(&r);
}

/* However many, and be they of one size: 2,000 have room in most lines. */
static void
says_many_holes_of_one_size(void **state)
{
	struct run r;
	uint64_t i;
	int fd = -1;

	(void)state;
	run_open(&r);
	fd = openat(
	    r.t.rootfd, "a", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	for (i = 1; i <= 2000; i++)
		assert_int_equal(1, pwrite(fd, "x", 1, (off_t)(i * BLOCK * 2)));
	run_start(&r);
	expect(&r, VL_ENTRY_DIR, "");
	expect(&r, VL_ENTRY_FILE, "a");
	expect_holes_of(&r, fd);
	assert_int_equal(2000, r.entry.nholes);
	(void)sum_holes(&r);
	assert_int_equal(0, counts(&r).porous);
	(void)close(fd);
	run_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_where_holes_are_and_reads_none),
		cmocka_unit_test(reads_holes_of_whom_they_do_not_interest),
		cmocka_unit_test(a_tebibyte_of_nothing_takes_no_reads),
		cmocka_unit_test(a_hole_that_is_filled_is_a_change_of_the_file),
		cmocka_unit_test(says_the_large_holes_where_a_line_has_no_room),
		cmocka_unit_test(says_many_holes_of_one_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
