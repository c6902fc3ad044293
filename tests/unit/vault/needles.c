/* Secrets that are looked for elsewhere. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include <valise/needles.h>

static struct vl_needles *
needles_of(const char *const *texts)
{
	struct vl_needles *n = NULL;
	struct vl_err err = { 0 };

	assert_true(vl_secret_init());
	assert_int_equal(VL_OK, vl_needles_new(&n, &err));
	for (; *texts != NULL; texts++)
		assert_int_equal(
		    VL_OK, vl_needles_add(n, vl_slice_of(*texts), "t.c", &err));
	assert_int_equal(VL_OK, vl_needles_ready(n, &err));
	return n;
}

static void
expect(const char *const *texts, const char *text, size_t at, size_t size)
{
	struct vl_needles *n = needles_of(texts);
	struct vl_needle_found found = { 0 };

	if (!vl_needles_find(n, vl_slice_of(text), 0, &found))
		fail_msg("nothing in %s", text);
	assert_int_equal(at, found.at);
	assert_int_equal(size, found.n);
	assert_string_equal("t.c", found.of);
	assert_false(vl_needles_find(n, vl_slice_of(text), at + 1, &found));
	vl_needles_free(n);
}

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void
a_secret_is_found_as_it_is_as_json_and_in_base64(void **state)
{
	(void)state;
	expect(TEXTS("correct horse"), "x correct horse y", 2, 13);
	expect(
	    TEXTS("say \"no\" \\ \n"), "[\"say \\\"no\\\" \\\\ \\n\"]", 2, 16);
	/* printf 'correct horse' | base64, behind none, one and two bytes. */
	expect(TEXTS("correct horse"), "Y29ycmVjdCBob3JzZQ==", 0, 16);
	expect(TEXTS("correct horse"), "eGNvcnJlY3QgaG9yc2U=", 4, 12);
	expect(TEXTS("correct horse"), "eHhjb3JyZWN0IGhvcnNl", 4, 16);
	/* The same in the alphabet of addresses. */
	expect(TEXTS("\xfb\xef\xbe\xfb\xef\xbe\xfb\xef\xbe"), "------------", 0,
	    12);
}

static void
the_longest_that_begins_there_is_found(void **state)
{
	(void)state;
	expect(TEXTS("password1", "password123"), "password123", 0, 11);
	expect(TEXTS("password123", "password1"), "password12", 0, 9);
	/* Though others stand between it and the text, in order. */
	expect(TEXTS("password", "password1", "password1a", "password1a2",
	           "password0"),
	    "password1b", 0, 9);
	expect(TEXTS("password", "password1x", "password3"), "password2", 0, 8);
}

static void
what_is_short_or_not_there_is_not_found(void **state)
{
	struct vl_needles *n = needles_of(TEXTS("short", "a long secret"));
	struct vl_needle_found found = { 0 };

	(void)state;
	assert_true(vl_needles_any(n));
	assert_false(vl_needles_find(n, vl_slice_of("short"), 0, &found));
	assert_false(
	    vl_needles_find(n, vl_slice_of("a long secre"), 0, &found));
	assert_false(vl_needles_find(n, vl_slice_of(""), 0, &found));
	assert_int_equal(16, vl_needles_longest(n));
	vl_needles_free(n);
	n = needles_of(TEXTS("short"));
	assert_false(vl_needles_any(n));
	vl_needles_free(n);
}

static void
what_is_added_later_is_found_when_it_is_ready(void **state)
{
	struct vl_needles *n = needles_of(TEXTS("the first one"));
	struct vl_needle_found found = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(
	    VL_OK, vl_needles_add(n, vl_slice_of("a second one"), "u.d", &err));
	assert_int_equal(VL_OK,
	    vl_needles_add(n, vl_slice_of("the first one"), "u.d", &err));
	assert_int_equal(VL_OK, vl_needles_ready(n, &err));
	assert_true(vl_needles_find(n, vl_slice_of("a second one"), 0, &found));
	assert_string_equal("u.d", found.of);
	assert_true(
	    vl_needles_find(n, vl_slice_of("the first one"), 0, &found));
	assert_string_equal("t.c", found.of);
	vl_needles_free(n);
}

/* All begin alike: it is no matter of how many there are. */
static void
many_are_found_among_many(void **state)
{
	struct vl_needles *n = NULL;
	struct vl_needle_found found = { 0 };
	struct vl_err err = { 0 };
	char text[40];
	size_t i = 0;

	(void)state;
	assert_true(vl_secret_init());
	assert_int_equal(VL_OK, vl_needles_new(&n, &err));
	for (i = 0; i < 200000; i++) {
		(void)snprintf(text, sizeof(text), "the secret %zu", i * 7919);
		assert_int_equal(
		    VL_OK, vl_needles_add(n, vl_slice_of(text), "t.c", &err));
	}
	assert_int_equal(VL_OK, vl_needles_ready(n, &err));
	for (i = 0; i < 200000; i++) {
		(void)snprintf(
		    text, sizeof(text), "<the secret %zu>", i * 7919);
		assert_true(vl_needles_find(n, vl_slice_of(text), 0, &found));
		assert_int_equal(1, found.at);
		assert_int_equal(strlen(text) - 2, found.n);
	}
	vl_needles_free(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_secret_is_found_as_it_is_as_json_and_in_base64),
		cmocka_unit_test(the_longest_that_begins_there_is_found),
		cmocka_unit_test(what_is_short_or_not_there_is_not_found),
		cmocka_unit_test(what_is_added_later_is_found_when_it_is_ready),
		cmocka_unit_test(many_are_found_among_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
