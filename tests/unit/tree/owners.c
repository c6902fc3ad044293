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
	assert_int_equal(VL_OK, vl_owners_new(&o, NULL, 0, &err));
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
	assert_int_equal(VL_OK, vl_owners_new(&o, NULL, 0, &err));
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

static char *
text_of(char text[16], uint32_t number)
{
	(void)snprintf(text, 16, "%u", number);
	return text;
}

static void
maps_names_and_numbers_to_names_and_numbers(void **state)
{
	char alice[] = "alice@elsewhere";
	char bob[] = "bob";
	char root[] = "root";
	char carol[] = "carol";
	char most[] = "4294967294";
	char dave[] = "dave";
	char none[] = "4294967295";
	char four[16];
	char five[16];
	const struct vl_pair map[] = {
		{ alice, root },
		{ bob, text_of(five, 5000) },
		{ text_of(four, 4000), root },
		{ five, four },
		{ carol, most },
		{ dave, none },
	};
	struct vl_owners *o = NULL;
	struct vl_err err = { 0 };
	struct vl_slice nobody = { 0 };
	size_t n = 0;
	int i;

	(void)state;
	assert_int_equal(VL_OK, vl_owners_new(&o, map, 6, &err));
	for (i = 0; i < 2; i++) {
		assert_int_equal(0, vl_owners_uid(o, vl_slice_of(alice), 9));
		assert_int_equal(0, vl_owners_gid(o, vl_slice_of(alice), 9));
		assert_int_equal(5000, vl_owners_uid(o, vl_slice_of(bob), 9));
		assert_int_equal(
		    4294967294u, vl_owners_uid(o, vl_slice_of(carol), 9));
		/* Without a name; and once, not again and again. */
		assert_int_equal(0, vl_owners_uid(o, nobody, 4000));
		assert_int_equal(4000, vl_owners_gid(o, nobody, 5000));
		assert_int_equal(6000, vl_owners_gid(o, nobody, 6000));
		/* A name that looks like a number is one of the map, too. */
		assert_int_equal(0, vl_owners_uid(o, vl_slice_of(four), 9));
	}
	(void)vl_owners_unknown(o, &n);
	assert_int_equal(0, n);
	/* That is no number. */
	assert_int_equal(9, vl_owners_uid(o, vl_slice_of(dave), 9));
	(void)vl_owners_unknown(o, &n);
	assert_int_equal(1, n);
	vl_owners_free(o);
}

static void
lists_each_unknown_name_once(void **state)
{
	char from[] = "somebody";
	char same[] = "someone";
	char to[] = "no-such-owner-2";
	const struct vl_pair map[] = { { from, to }, { same, to } };
	const struct vl_unknown_owner *u = NULL;
	struct vl_owners *o = NULL;
	struct vl_err err = { 0 };
	struct vl_slice nobody = { 0 };
	char name[32];
	size_t n = 0;
	uint32_t i;

	(void)state;
	assert_int_equal(VL_OK, vl_owners_new(&o, map, 2, &err));
	(void)vl_owners_uid(o, vl_slice_of("root"), 1);
	(void)vl_owners_uid(o, nobody, 3999999999u);
	(void)vl_owners_unknown(o, &n);
	assert_int_equal(0, n);
	(void)vl_owners_uid(o, vl_slice_of("no-such-owner"), 7);
	(void)vl_owners_uid(o, vl_slice_of("no-such-owner"), 8);
	(void)vl_owners_gid(o, vl_slice_of("no-such-owner"), 8);
	(void)vl_owners_uid(o, vl_slice_of(from), 9);
	(void)vl_owners_uid(o, vl_slice_of(same), 10);
	u = vl_owners_unknown(o, &n);
	assert_int_equal(3, n);
	assert_string_equal("no-such-owner", u[0].name);
	assert_true(!u[0].group && u[0].number == 7);
	assert_string_equal("no-such-owner", u[1].name);
	assert_true(u[1].group && u[1].number == 8);
	assert_string_equal("no-such-owner-2", u[2].name);
	assert_true(!u[2].group && u[2].number == 9);
	for (i = 0; i < 1100; i++) {
		(void)snprintf(name, sizeof(name), "no-such-%u", i);
		assert_int_equal(i, vl_owners_uid(o, vl_slice_of(name), i));
	}
	(void)vl_owners_unknown(o, &n);
	assert_int_equal(1024, n);
	vl_owners_free(o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_both_ways),
		cmocka_unit_test(falls_back_where_there_is_no_answer),
		cmocka_unit_test(maps_names_and_numbers_to_names_and_numbers),
		cmocka_unit_test(lists_each_unknown_name_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
