/* The map of a file's holes against what was written to it. */

#include "trees.h"

#define BLOCK  65536u /* no file system has larger ones */
#define BLOCKS 300u
#define SIZE   ((uint64_t)BLOCK * BLOCKS)

struct sparse {
	struct trees t;
	int fd;
	struct vl_buf got;
};

/* A file with data where `data` says so; false where holes do not show. */
static bool
sparse_open(struct sparse *s, const bool data[BLOCKS])
{
	uint64_t i;
	off_t hole = 0;

	memset(s, 0, sizeof(*s));
	trees_open(&s->t);
	s->fd = openat(
	    s->t.rootfd, "f", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(s->fd >= 0);
	assert_int_equal(0, ftruncate(s->fd, BLOCK));
	hole = lseek(s->fd, 0, SEEK_HOLE);
	assert_int_equal(0, ftruncate(s->fd, (off_t)SIZE));
	for (i = 0; i < BLOCKS; i++) {
		static const uint8_t block[BLOCK] = { 1 };

		if (data[i])
			assert_int_equal(BLOCK,
			    pwrite(s->fd, block, BLOCK, (off_t)(i * BLOCK)));
	}
	if (hole != 0)
		print_message("skipped: no holes here\n");
	return hole == 0;
}

static void
sparse_close(struct sparse *s)
{
	vl_buf_free(&s->got);
	(void)close(s->fd);
	trees_close(&s->t);
}

static size_t
count(const struct vl_buf *holes)
{
	return holes->n / sizeof(struct vl_hole);
}

/* What of the model is no data and at least `least` long. */
static void
expect(const struct sparse *s, const bool data[BLOCKS], uint64_t least)
{
	const struct vl_hole *h = (const void *)s->got.p;
	size_t n = 0;
	uint64_t i;
	uint64_t end;

	for (i = 0; i < BLOCKS; i = end + 1) {
		for (end = i; end < BLOCKS && !data[end]; end++)
			continue;
		if (end == i || (end - i) * BLOCK < least)
			continue;
		assert_true(n < count(&s->got));
		assert_true(h[n].at == i * BLOCK);
		assert_true(h[n].n == (end - i) * BLOCK);
		n++;
	}
	assert_int_equal(n, count(&s->got));
}

/* Runs of 1 to 13 blocks, data and holes in turn. */
static void
make_model(bool data[BLOCKS], uint32_t seed)
{
	bool what = (seed & 1) != 0;
	size_t i = 0;
	size_t run;

	while (i < BLOCKS) {
		seed = seed * 1664525 + 1013904223;
		for (run = 1 + (seed >> 16) % 13; run > 0; run--)
			if (i < BLOCKS)
				data[i++] = what;
		what = !what;
	}
}

static void
finds_what_was_not_written(void **state)
{
	bool data[BLOCKS];
	struct sparse s;
	uint32_t seed;

	(void)state;
	for (seed = 1; seed <= 6; seed++) {
		make_model(data, seed);
		if (sparse_open(&s, data)) {
			assert_int_equal(7, lseek(s.fd, 7, SEEK_SET));
			assert_true(
			    vl_holes_read(&s.got, s.fd, SIZE, SIZE_MAX));
			expect(&s, data, 1);
			assert_int_equal(7, lseek(s.fd, 0, SEEK_CUR));
		}
		sparse_close(&s);
	}
}

static void
knows_files_of_data_and_files_of_nothing(void **state)
{
	bool data[BLOCKS] = { false };
	struct sparse s;

	(void)state;
	if (sparse_open(&s, data)) {
		assert_true(vl_holes_read(&s.got, s.fd, SIZE, 1));
		expect(&s, data, 1);
		/* A size that is not that of the file (any more). */
		assert_true(vl_holes_read(&s.got, s.fd, SIZE + 5, 1));
		assert_int_equal(1, count(&s.got));
		assert_true(vl_holes_read(&s.got, s.fd, 100, 1));
		assert_true(((struct vl_hole *)s.got.p)->n == 100);
		assert_true(vl_holes_read(&s.got, s.fd, 0, 1));
		assert_int_equal(0, count(&s.got));
	}
	sparse_close(&s);
	data[9] = true;
	if (sparse_open(&s, data)) {
		/* Data behind what the caller takes for the end. */
		assert_true(vl_holes_read(&s.got, s.fd, 100, 1));
		assert_int_equal(1, count(&s.got));
		assert_true(((struct vl_hole *)s.got.p)->n == 100);
	}
	sparse_close(&s);
	memset(data, true, sizeof(data));
	if (sparse_open(&s, data)) {
		assert_true(vl_holes_read(&s.got, s.fd, SIZE, 1));
		assert_int_equal(0, count(&s.got));
	}
	sparse_close(&s);
}

/* How many of them come before `one`: larger ones, of equal ones the first. */
static size_t
rank(const struct vl_buf *all, const struct vl_hole *one)
{
	const struct vl_hole *h = (const void *)all->p;
	size_t before = 0;
	size_t i;

	for (i = 0; i < count(all); i++)
		before +=
		    h[i].n > one->n || (h[i].n == one->n && h[i].at < one->at);
	return before;
}

static void
leaves_out_the_small_ones_of_too_many(void **state)
{
	bool data[BLOCKS];
	struct vl_buf all = { 0 };
	const struct vl_hole *h = NULL;
	struct sparse s;
	size_t max;
	size_t n;
	size_t i;

	(void)state;
	make_model(data, 3);
	if (sparse_open(&s, data)) {
		assert_true(vl_holes_read(&all, s.fd, SIZE, SIZE_MAX));
		h = (const void *)all.p;
		assert_true(count(&all) > 8);
		for (max = 0; max <= count(&all); max++) {
			assert_true(vl_holes_read(&s.got, s.fd, SIZE, max));
			assert_int_equal(max, count(&s.got));
			for (i = n = 0; i < count(&all); i++)
				if (rank(&all, &h[i]) < max)
					assert_memory_equal(&h[i],
					    (struct vl_hole *)s.got.p + n++,
					    sizeof(h[i]));
		}
	}
	vl_buf_free(&all);
	sparse_close(&s);
}

static void
finds_none_where_nobody_can_tell(void **state)
{
	struct vl_buf got = { 0 };
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	int pipes[2] = { -1, -1 };

	(void)state;
	assert_true(vl_holes_read(&got, fd, 1000, 9));
	assert_int_equal(0, got.n);
	(void)close(fd);
	assert_int_equal(0, pipe2(pipes, O_CLOEXEC));
	assert_false(vl_holes_read(&got, pipes[0], 1000, 9));
	assert_int_equal(ESPIPE, errno);
	(void)close(pipes[0]);
	(void)close(pipes[1]);
	vl_buf_free(&got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_was_not_written),
		cmocka_unit_test(knows_files_of_data_and_files_of_nothing),
		cmocka_unit_test(leaves_out_the_small_ones_of_too_many),
		cmocka_unit_test(finds_none_where_nobody_can_tell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
