/* Names and numbers of owners, and what to do without one. */

#include "trees.h"

static void
answers_both_ways(void **state)
{
	struct vl_owners *o = NULL;
	struct vl_err err = { 0 };
	struct vl_slice first = { 0 };
	struct vl_slice again = { 0 };
	int i;

	(void)state;
	assert_int_equal(VL_OK, vl_owners_new(&o, &err));
	first = vl_owners_user(o, 0);
	assert_true(vl_slice_equal(vl_slice_of("root"), first));
	assert_true(vl_slice_equal(vl_slice_of("root"), vl_owners_group(o, 0)));
	for (i = 0; i < 2; i++) {
		assert_int_equal(0, vl_owners_uid(o, vl_slice_of("root"), 77));
		assert_int_equal(0, vl_owners_gid(o, vl_slice_of("root"), 77));
	}
	/* Names stay where they are, however many are asked for. */
	for (i = 1; i < 2000; i++)
		(void)vl_owners_user(o, 3000000000u + (uint32_t)i);
	again = vl_owners_user(o, 0);
	assert_ptr_equal(first.p, again.p);
	vl_owners_free(o);
}

static void
falls_back_where_there_is_no_answer(void **state)
{
	const struct vl_slice nul = { (const uint8_t *)"root\0x", 6 };
	struct vl_owners *o = NULL;
	struct vl_err err = { 0 };
	char longest[300];

	(void)state;
	memset(longest, 'n', sizeof(longest));
	assert_int_equal(VL_OK, vl_owners_new(&o, &err));
	assert_int_equal(0, vl_owners_user(o, 3999999999u).n);
	assert_int_equal(0, vl_owners_user(o, 3999999999u).n);
	assert_int_equal(0, vl_owners_group(o, 3999999999u).n);
	/* The fallback belongs to the question, not to the name. */
	assert_int_equal(5, vl_owners_uid(o, vl_slice_of("no-such-owner"), 5));
	assert_int_equal(6, vl_owners_uid(o, vl_slice_of("no-such-owner"), 6));
	assert_int_equal(7, vl_owners_gid(o, vl_slice_of("no-such-group"), 7));
	assert_int_equal(8, vl_owners_uid(o, nul, 8));
	assert_int_equal(9, vl_owners_uid(o, vl_slice_of(""), 9));
	assert_int_equal(9,
	    vl_owners_uid(o, (struct vl_slice){ (uint8_t *)longest, 300 }, 9));
	vl_owners_free(o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_both_ways),
		cmocka_unit_test(falls_back_where_there_is_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
