/* Names and numbers of owners, and what to do without one. */

#include <grp.h>
#include <pwd.h>

#include "trees.h"

/* How often the system was asked for a number. */
static unsigned asked;

int __real_getpwnam_r(
    const char *, struct passwd *, char *, size_t, struct passwd **);
int __wrap_getpwnam_r(
    const char *, struct passwd *, char *, size_t, struct passwd **);
int __real_getgrnam_r(
    const char *, struct group *, char *, size_t, struct group **);
int __wrap_getgrnam_r(
    const char *, struct group *, char *, size_t, struct group **);

int
__wrap_getpwnam_r(const char *name, struct passwd *entry, char *buf, size_t n,
    struct passwd **found)
{
	asked++;
	return __real_getpwnam_r(name, entry, buf, n, found);
}

int
__wrap_getgrnam_r(const char *name, struct group *entry, char *buf, size_t n,
    struct group **found)
{
	asked++;
	return __real_getgrnam_r(name, entry, buf, n, found);
}

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
	struct vl_lost_owner lost = { 0 };
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
	assert_false(vl_owners_lost(o, &lost));
	/* That is no number, and nobody's name. */
	(void)vl_owners_uid(o, vl_slice_of(dave), 9);
	(void)vl_owners_unknown(o, &n);
	assert_int_equal(0, n);
	assert_true(vl_owners_lost(o, &lost));
	assert_string_equal(dave, lost.from);
	vl_owners_free(o);
}

/* A record, and every entry of an ACL, asks. */
static void
asks_once_for_each(void **state)
{
	char four[] = "4000";
	char five[] = "5000";
	char root[] = "root";
	char none[] = "no-such-owner";
	const struct vl_pair map[] = { { four, root }, { five, none } };
	const struct vl_slice names[] = { { NULL, 0 },
		{ (const uint8_t *)"root", 4 }, { (const uint8_t *)"4000", 4 },
		{ (const uint8_t *)"no-such", 7 } };
	struct vl_owners *o = NULL;
	struct vl_err err = { 0 };
	unsigned before = 0;
	size_t i;
	int n;

	(void)state;
	assert_int_equal(VL_OK, vl_owners_new(&o, map, 2, &err));
	for (n = 0; n < 3; n++) {
		before = asked;
		for (i = 0; i < 4; i++) {
			(void)vl_owners_uid(o, names[i], 4000);
			(void)vl_owners_gid(o, names[i], 4000);
		}
		assert_int_equal(5000, vl_owners_uid(o, names[0], 5000));
		assert_int_equal(5000, vl_owners_gid(o, names[0], 5000));
		assert_true(n == 0 ? asked > before : asked == before);
	}
	vl_owners_free(o);
}

static void
notes_names_that_nobody_can_have(void **state)
{
	const struct vl_unknown_owner *u = NULL;
	struct vl_owners *o = NULL;
	struct vl_err err = { 0 };
	char longest[300];
	size_t n = 0;

	(void)state;
	memset(longest, 'n', sizeof(longest));
	longest[299] = '\0';
	assert_int_equal(VL_OK, vl_owners_new(&o, NULL, 0, &err));
	assert_int_equal(7, vl_owners_uid(o, vl_slice_of(longest), 7));
	assert_int_equal(8, vl_owners_gid(o, vl_slice_of(longest), 8));
	assert_int_equal(9, vl_owners_gid(o, vl_slice_of(longest), 9));
	u = vl_owners_unknown(o, &n);
	assert_int_equal(2, n);
	assert_int_equal(255, strlen(u[0].name));
	assert_true(!u[0].group && u[0].number == 7);
	assert_true(u[1].group && u[1].number == 8);
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
	struct vl_lost_owner lost = { 0 };
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
	assert_int_equal(2, n);
	assert_string_equal("no-such-owner", u[0].name);
	assert_true(!u[0].group && u[0].number == 7);
	assert_string_equal("no-such-owner", u[1].name);
	assert_true(u[1].group && u[1].number == 8);
	assert_true(vl_owners_lost(o, &lost));
	assert_string_equal(from, lost.from);
	assert_string_equal(to, lost.to);
	assert_true(!lost.group);
	assert_true(vl_owners_lost(o, &lost));
	assert_string_equal(same, lost.from);
	assert_false(vl_owners_lost(o, &lost));
	/* As a group it is another one; and each once. */
	(void)vl_owners_gid(o, vl_slice_of(from), 9);
	(void)vl_owners_uid(o, vl_slice_of(from), 9);
	assert_true(vl_owners_lost(o, &lost));
	assert_string_equal(from, lost.from);
	assert_true(lost.group);
	assert_false(vl_owners_lost(o, &lost));
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
		cmocka_unit_test(asks_once_for_each),
		cmocka_unit_test(notes_names_that_nobody_can_have),
		cmocka_unit_test(lists_each_unknown_name_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
