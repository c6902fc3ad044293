/* Slices, buffers and the little-endian reader. */

#include "scratch.h"

static struct vl_slice
s(const char *text)
{
	return vl_slice_of(text);
}

static void
orders_slices_by_bytes_and_a_prefix_first(void **state)
{
	(void)state;
	assert_true(vl_slice_cmp(s("a"), s("ab")) < 0);
	assert_true(vl_slice_cmp(s("ab"), s("b")) < 0);
	assert_true(vl_slice_cmp(s("\xff"), s("z")) > 0);
	assert_true(vl_slice_cmp(s(""), (struct vl_slice){ NULL, 0 }) == 0);
	assert_true(vl_slice_cmp(s(""), s("a")) < 0);
	assert_true(vl_slice_equal(s("ab"), s("ab")));
	assert_false(vl_slice_equal(s("ab"), s("abc")));
	assert_false(vl_slice_equal(s("ab"), s("ac")));
	assert_true(vl_slice_equal((struct vl_slice){ NULL, 0 }, s("")));
}

static void
grows_and_keeps_what_was_added(void **state)
{
	struct vl_buf b = { 0 };
	struct vl_err err = { 0 };
	char want[16];
	size_t i = 0;

	(void)state;
	for (i = 0; i < 5000; i++)
		assert_int_equal(VL_OK, vl_buf_printf(&b, &err, "%05zu", i));
	assert_int_equal(25000, b.n);
	for (i = 0; i < 5000; i += 77) {
		(void)snprintf(want, sizeof(want), "%05zu", i);
		assert_memory_equal(want, b.p + 5 * i, 5);
	}
	vl_buf_clear(&b);
	assert_int_equal(VL_OK, vl_buf_add_text(&b, "x", &err));
	assert_int_equal(1, vl_buf_slice(&b).n);
	vl_buf_free(&b);
	assert_null(b.p);
}

static void
refuses_sizes_that_would_wrap(void **state)
{
	struct vl_buf b = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(VL_OK, vl_buf_add_text(&b, "kept", &err));
	assert_int_equal(VL_EIO, vl_buf_reserve(&b, SIZE_MAX, &err));
	assert_int_equal(VL_EIO, vl_buf_reserve(&b, SIZE_MAX - 3, &err));
	assert_string_equal("out of memory", err.text);
	assert_memory_equal("kept", b.p, 4);
	vl_buf_free(&b);
}

static void
reads_what_was_put(void **state)
{
	uint8_t p[15] = { 0xfe };
	struct vl_rd rd = { .rest = { p, sizeof(p) } };

	(void)state;
	vl_put_u16le(p + 1, 0x8001);
	vl_put_u32le(p + 3, 0xfedcba98);
	vl_put_u64le(p + 7, 0xf123456789abcdef);
	assert_int_equal(0x01, p[1]);
	assert_int_equal(0x98, p[3]);
	assert_int_equal(0xef, p[7]);
	assert_int_equal(0xf1, p[14]);
	assert_int_equal(0xfe, vl_rd_u8(&rd));
	assert_int_equal(0x8001, vl_rd_u16le(&rd));
	assert_int_equal(0xfedcba98, vl_rd_u32le(&rd));
	assert_false(vl_rd_done(&rd));
	assert_true(vl_rd_u64le(&rd) == 0xf123456789abcdef);
	assert_true(vl_rd_done(&rd));
}

static void
remembers_a_short_read(void **state)
{
	const uint8_t p[3] = { 1, 2, 3 };
	struct vl_rd rd = { .rest = { p, sizeof(p) } };

	(void)state;
	assert_int_equal(0, vl_rd_u32le(&rd));
	/* What is left would do, but a field before it is missing. */
	assert_int_equal(0, vl_rd_u8(&rd));
	assert_int_equal(0, vl_rd_take(&rd, 0).n);
	assert_false(vl_rd_done(&rd));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders_slices_by_bytes_and_a_prefix_first),
		cmocka_unit_test(grows_and_keeps_what_was_added),
		cmocka_unit_test(refuses_sizes_that_would_wrap),
		cmocka_unit_test(reads_what_was_put),
		cmocka_unit_test(remembers_a_short_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
