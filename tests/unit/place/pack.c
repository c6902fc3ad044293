/* What is packed, and back: in three forms, the same bytes each time. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <valise/place.h>

static const enum vl_packing all[] = { VL_PACKING_GZIP, VL_PACKING_ZLIB,
	VL_PACKING_DEFLATE };

static void
packs_and_unpacks(const char *text, size_t times)
{
	struct vl_buf bytes = { 0 };
	size_t i = 0;

	for (i = 0; i < times; i++)
		assert_int_equal(VL_OK, vl_buf_add_text(&bytes, text, NULL));
	for (i = 0; i < 3; i++) {
		struct vl_buf packed = { 0 };
		struct vl_buf again = { 0 };
		struct vl_buf back = { 0 };
		struct vl_err err = { 0 };

		assert_int_equal(VL_OK,
		    vl_place_pack(&packed, all[i], vl_buf_slice(&bytes), &err));
		assert_int_equal(VL_OK,
		    vl_place_pack(&again, all[i], vl_buf_slice(&bytes), &err));
		assert_true(vl_slice_equal(
		    vl_buf_slice(&packed), vl_buf_slice(&again)));
		assert_int_equal(VL_OK,
		    vl_place_unpack(
		        &back, all[i], vl_buf_slice(&packed), &err));
		assert_true(
		    vl_slice_equal(vl_buf_slice(&bytes), vl_buf_slice(&back)));
		vl_buf_free(&packed);
		vl_buf_free(&again);
		vl_buf_free(&back);
	}
	vl_buf_free(&bytes);
}

static void
what_was_packed_comes_back(void **state)
{
	(void)state;
	packs_and_unpacks("", 0);
	packs_and_unpacks("a", 1);
	packs_and_unpacks("see #12 and #400\n", 20000);
}

static void
no_time_and_no_name_stand_in_it(void **state)
{
	static const uint8_t head[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3 };
	struct vl_buf packed = { 0 };

	(void)state;
	assert_int_equal(VL_OK,
	    vl_place_pack(&packed, VL_PACKING_GZIP, vl_slice_of("a"), NULL));
	assert_true(packed.n > sizeof(head));
	assert_memory_equal(head, packed.p, sizeof(head));
	vl_buf_free(&packed);
}

static void
refused(enum vl_packing how, struct vl_slice packed, const char *why)
{
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };

	assert_int_equal(VL_EFORMAT, vl_place_unpack(&out, how, packed, &err));
	if (strstr(err.text, why) == NULL)
		fail_msg("'%s' is not in '%s'", why, err.text);
	assert_int_equal(0, out.n);
	vl_buf_free(&out);
}

static void
what_is_not_packed_so_is_refused(void **state)
{
	struct vl_buf packed = { 0 };
	size_t i = 0;
	size_t n = 0;

	(void)state;
	for (i = 0; i < 3; i++) {
		vl_buf_clear(&packed);
		assert_int_equal(VL_OK,
		    vl_place_pack(&packed, all[i],
		        vl_slice_of("words and words and words"), NULL));
		for (n = 0; n < packed.n; n++)
			refused(all[i], (struct vl_slice){ packed.p, n },
			    "it ends early");
		assert_int_equal(VL_OK, vl_buf_add_text(&packed, "x", NULL));
		refused(all[i], vl_buf_slice(&packed),
		    "1 bytes stand behind its end");
		refused(all[i], vl_slice_of("\xff\xff\xff\xff\xff"),
		    "cannot be unpacked");
	}
	refused(VL_PACKING_GZIP, vl_slice_of("plain text"), "incorrect header");
	vl_buf_free(&packed);
}

/* Deflate, with the codes that it fixes: a zero byte, and `n` times 258 more.
 */
static void
zeros(struct vl_buf *out, size_t n)
{
	/* The last block, of fixed codes; the byte. */
	static const char head[] = "11000110000";
	/* Length 258, distance 1. */
	static const char more[] = "1100010100000";
	size_t bit = 0;
	size_t i = 0;
	size_t k = 0;

	assert_int_equal(VL_OK, vl_buf_reserve(out, 2 * n + 2, NULL));
	memset(out->p, 0, 2 * n + 2);
	for (k = 0; k < strlen(head); k++, bit++)
		out->p[bit / 8] |= (uint8_t)((head[k] - '0') << bit % 8);
	for (i = 0; i < n; i++)
		for (k = 0; k < strlen(more); k++, bit++)
			out->p[bit / 8] |=
			    (uint8_t)((more[k] - '0') << bit % 8);
	out->n = (bit + 7) / 8;
}

static void
no_more_is_packed_or_unpacked_than_fits(void **state)
{
	const struct vl_slice large = { (const uint8_t *)"",
		(size_t)VL_UNPACKED_MAX + 1 };
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(
	    VL_ELIMIT, vl_place_pack(&out, VL_PACKING_ZLIB, large, &err));
	assert_int_equal(0, out.n);
	zeros(&out, 1000);
	refused(VL_PACKING_DEFLATE, vl_buf_slice(&out), "it ends early");
	vl_buf_clear(&out);
	zeros(&out, VL_UNPACKED_MAX / 258 + 300);
	refused(VL_PACKING_DEFLATE, vl_buf_slice(&out),
	    "it unpacks to more than 268435456 bytes");
	vl_buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_packed_comes_back),
		cmocka_unit_test(no_time_and_no_name_stand_in_it),
		cmocka_unit_test(what_is_not_packed_so_is_refused),
		cmocka_unit_test(no_more_is_packed_or_unpacked_than_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
