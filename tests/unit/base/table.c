/* The table on disk against arrays of what was put in. */

#include "scratch.h"

#include <stdlib.h>
#include <string.h>

#include <valise/table.h>

#define MANY 200000u

/* How many calls succeed before one fails; -1: all. */
static int good_calls = -1;

int __real_posix_fallocate(int fd, off_t at, off_t n);
int __wrap_posix_fallocate(int fd, off_t at, off_t n);
ssize_t __real_pwrite(int fd, const void *p, size_t n, off_t at);
ssize_t __wrap_pwrite(int fd, const void *p, size_t n, off_t at);

static bool
fails(void)
{
	return good_calls >= 0 && good_calls-- == 0;
}

int
__wrap_posix_fallocate(int fd, off_t at, off_t n)
{
	return fails() ? ENOSPC : __real_posix_fallocate(fd, at, n);
}

ssize_t
__wrap_pwrite(int fd, const void *p, size_t n, off_t at)
{
	if (fails()) {
		errno = ENOSPC;
		return -1;
	}
	return __real_pwrite(fd, p, n, at);
}

struct key {
	uint8_t bytes[VL_TABLE_KEY_SIZE];
};

/* As inodes are: all of one device, counted up. */
static struct key
inode(uint64_t number)
{
	struct key key = { 0 };

	vl_put_u64le(key.bytes, 0xfe01);
	vl_put_u64le(key.bytes + 8, number * 4096);
	return key;
}

static struct vl_table *
table_open(const char *dir)
{
	struct vl_table *t = NULL;
	struct vl_err err = { 0 };

	assert_int_equal(VL_OK, vl_table_new(&t, dir, &err));
	return t;
}

/* Value of key `i`: its number, then up to 40 bytes of it. */
static struct vl_slice
value_of(uint8_t p[64], uint32_t i)
{
	memset(p, (int)(i & 0xff), 64);
	vl_put_u32le(p, i);
	return (struct vl_slice){ p, i % 45 };
}

static void
put(struct vl_table *t, uint32_t i)
{
	struct vl_err err = { 0 };
	struct key key = inode(i);
	uint8_t p[64];

	if (vl_table_put(t, key.bytes, value_of(p, i), i * 3, &err) != VL_OK)
		fail_msg("%s", err.text);
}

static void
expect(struct vl_table *t, uint32_t i, uint64_t word)
{
	struct vl_err err = { 0 };
	struct vl_buf got = { 0 };
	struct key key = inode(i);
	uint8_t p[64];

	assert_non_null(vl_table_word(t, key.bytes));
	assert_true(word == *vl_table_word(t, key.bytes));
	assert_int_equal(VL_OK, vl_table_value(t, key.bytes, &got, &err));
	assert_true(vl_slice_equal(value_of(p, i), vl_buf_slice(&got)));
	vl_buf_free(&got);
}

static void
finds_each_of_many_and_nothing_else(void **state)
{
	struct vl_table *t = table_open(".");
	uint8_t *seen = calloc(MANY, 1);
	const uint8_t *at = NULL;
	struct key key = { 0 };
	uint64_t i = 0;
	uint64_t word = 0;
	uint32_t k;

	(void)state;
	assert_non_null(seen);
	for (k = 0; k < MANY; k++) {
		put(t, k);
		/* Words stay changed when the table grows. */
		key = inode(k / 2);
		*vl_table_word(t, key.bytes) += 1;
	}
	assert_int_equal(MANY, vl_table_count(t));
	for (k = 0; k < MANY; k++) {
		word = (uint64_t)k * 3 + (k < MANY / 2 ? 2 : 0);
		expect(t, k, word);
		key = inode(MANY + (uint64_t)k);
		assert_null(vl_table_word(t, key.bytes));
	}
	while ((at = vl_table_each(t, &i, &word)) != NULL) {
		for (k = 0; k < 8; k++)
			key.bytes[k] = at[8 + k];
		struct vl_rd rd = { .rest = { key.bytes, 8 } };
		k = (uint32_t)(vl_rd_u64le(&rd) / 4096);
		assert_true(k < MANY && seen[k] == 0);
		seen[k] = 1;
		assert_true(word / 3 == k);
	}
	assert_null(memchr(seen, 0, MANY));
	free(seen);
	vl_table_free(t);
}

static void
makes_nothing_before_the_first_key(void **state)
{
	struct vl_table *t = table_open("not/there");
	struct vl_err err = { 0 };
	const struct key key = inode(1);
	uint64_t word = 0;
	uint64_t i = 0;

	(void)state;
	assert_null(vl_table_word(t, key.bytes));
	assert_null(vl_table_each(t, &i, &word));
	assert_int_equal(0, vl_table_count(t));
	assert_int_equal(VL_EIO,
	    vl_table_put(t, key.bytes, (struct vl_slice){ 0 }, 0, &err));
	assert_null(vl_table_word(t, key.bytes));
	vl_table_free(t);
}

static void
leaves_no_name_behind(void **state)
{
	struct scratch s;
	struct vl_table *t = NULL;

	(void)state;
	scratch_open(&s);
	t = table_open(s.path);
	put(t, 1);
	assert_int_equal(0, scratch_count(&s));
	vl_table_free(t);
	scratch_close(&s);
}

static void
takes_values_up_to_their_limit(void **state)
{
	struct vl_table *t = table_open(".");
	struct vl_err err = { 0 };
	struct vl_buf got = { 0 };
	uint8_t *p = calloc(1, VL_TABLE_VALUE_MAX + 1);
	const struct key key = inode(1);
	const struct key other = inode(2);

	(void)state;
	assert_non_null(p);
	p[VL_TABLE_VALUE_MAX - 1] = 9;
	assert_int_equal(VL_ELIMIT,
	    vl_table_put(t, key.bytes,
	        (struct vl_slice){ p, VL_TABLE_VALUE_MAX + 1 }, 0, &err));
	assert_int_equal(VL_OK,
	    vl_table_put(t, key.bytes,
	        (struct vl_slice){ p, VL_TABLE_VALUE_MAX }, 0, &err));
	assert_int_equal(VL_OK,
	    vl_table_put(t, other.bytes, (struct vl_slice){ p, 1 }, 0, &err));
	assert_int_equal(VL_OK, vl_table_value(t, key.bytes, &got, &err));
	assert_int_equal(VL_TABLE_VALUE_MAX, got.n);
	assert_memory_equal(p, got.p, got.n);
	vl_buf_free(&got);
	free(p);
	vl_table_free(t);
}

/* Each call of a put that makes the table grow fails once: what was there is
 * there, what was not is not, and the next put does it. */
static void
stays_as_it_was_on_a_full_disk(void **state)
{
	const uint32_t full = 2048; /* the first size holds so many */
	struct vl_err err = { 0 };
	struct key key = inode(full);
	uint8_t p[64];
	int nth;
	uint32_t k;

	(void)state;
	for (nth = 0;; nth++) {
		struct vl_table *t = table_open(".");
		enum vl_status st = VL_OK;

		for (k = 0; k < full; k++)
			put(t, k);
		good_calls = nth;
		st = vl_table_put(
		    t, key.bytes, value_of(p, full), full * 3, &err);
		if (good_calls >= 0) {
			good_calls = -1;
			assert_int_equal(VL_OK, st);
			vl_table_free(t);
			break;
		}
		assert_int_equal(VL_EIO, st);
		assert_non_null(strstr(err.text, "No space left on device"));
		assert_int_equal(full, vl_table_count(t));
		assert_null(vl_table_word(t, key.bytes));
		put(t, full);
		for (k = 0; k <= full; k++)
			expect(t, k, k * 3);
		vl_table_free(t);
	}
	assert_int_equal(2, nth);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_each_of_many_and_nothing_else),
		cmocka_unit_test(makes_nothing_before_the_first_key),
		cmocka_unit_test(leaves_no_name_behind),
		cmocka_unit_test(takes_values_up_to_their_limit),
		cmocka_unit_test(stays_as_it_was_on_a_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
