/* Order, nesting and rules of paths. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <valise/entry.h>

static struct vl_slice
s(const char *text)
{
	return vl_slice_of(text);
}

static int
sign(int n)
{
	return (n > 0) - (n < 0);
}

static void
orders_a_directory_before_all_it_contains(void **state)
{
	/* Ascending; '!' and '-' are below '/' as bytes. */
	static const char *const paths[] = { "", "a", "a/b", "a/b/c", "a/b!",
		"a/\xff", "a!", "a!/x", "a-1", "a.b", "aa",
		"long-common-beginning", "long-common-beginning/x",
		"long-common-beginning-x", "long-common-beginninh", "\xc3\xbc",
		"\xff" };
	const size_t n = sizeof(paths) / sizeof(paths[0]);
	size_t i;
	size_t k;

	(void)state;
	for (i = 0; i < n; i++)
		for (k = 0; k < n; k++)
			assert_int_equal((i > k) - (i < k),
			    sign(vl_path_cmp(s(paths[i]), s(paths[k]))));
}

static void
finds_the_first_difference_at_every_offset(void **state)
{
	char a[40];
	char b[40];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(a); i++) {
		memset(a, 'm', sizeof(a));
		memset(b, 'm', sizeof(b));
		b[i] = '/';
		if (i + 1 < sizeof(a))
			a[i + 1] = '/'; /* a later one does not matter */
		assert_true(
		    vl_path_cmp((struct vl_slice){ (uint8_t *)a, sizeof(a) },
		        (struct vl_slice){ (uint8_t *)b, sizeof(b) }) > 0);
	}
}

static void
knows_what_is_below_a_directory(void **state)
{
	(void)state;
	assert_true(vl_path_below(s("a/b"), s("a")));
	assert_true(vl_path_below(s("a"), s("a")));
	assert_true(vl_path_below(s("a"), s("")));
	assert_true(vl_path_below(s(""), s("")));
	assert_false(vl_path_below(s("ab"), s("a")));
	assert_false(vl_path_below(s("a"), s("a/b")));
	assert_false(vl_path_below(s(""), s("a")));
	assert_false(vl_path_below(s("b/a"), s("a")));
}

static void
splits_parent_and_name(void **state)
{
	static const char *const cases[][3] = { { "", "", "" },
		{ "a", "", "a" }, { "a/b", "a", "b" },
		{ "a/b/cc", "a/b", "cc" } };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(vl_slice_equal(
		    vl_path_parent(s(cases[i][0])), s(cases[i][1])));
		assert_true(vl_slice_equal(
		    vl_path_name(s(cases[i][0])), s(cases[i][2])));
	}
}

static void
names_the_path_it_refuses(void **state)
{
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(VL_EPATH, vl_path_check(s("a/../\x1b[2J"), &err));
	assert_string_equal(
	    "path 'a/../\\x1b[2J' has a component '.' or '..'", err.text);
	assert_int_equal(VL_EPATH, vl_path_check(s("/a"), &err));
	assert_int_equal(VL_OK, vl_path_check(s(""), &err));
	assert_int_equal(VL_OK, vl_path_check(s("a/b"), &err));
}

static void
knows_links_that_cannot_lead_out(void **state)
{
	static const char *const inside[][2] = { { "l", "a" }, { "l", "a/b" },
		{ "l", "./a" }, { "l", "..a" }, { "l", "a/..b/c." },
		{ "d/l", "../a" }, { "d/l", ".." }, { "d/l", ".//../a" },
		{ "d/e/l", "../../a" }, { "d/e/l", "../.." }, { "l", "a//b/" },
		{ "l", "." }, { "d/l", "..." } };
	static const char *const outside[][2] = { { "l", "/" },
		{ "l", "/etc/passwd" }, { "l", ".." }, { "l", "../a" },
		{ "d/l", "../../a" }, { "d/l", "../.." }, { "l", "a/.." },
		{ "d/e/l", "a/../../b" }, { "d/l", "../a/.." },
		{ "d/l", "./../../a" }, { "d/e/l", "../../../a" },
		{ "l", "" } };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(inside) / sizeof(inside[0]); i++)
		assert_true(
		    vl_link_stays_inside(s(inside[i][0]), s(inside[i][1])));
	for (i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
		assert_false(
		    vl_link_stays_inside(s(outside[i][0]), s(outside[i][1])));
}

static void
knows_names_that_are_valises_own(void **state)
{
	static const char *const own[] = { ".v", ".v/a/b",
		".v.0123456789abcdef0123456789abcdef",
		".v.probe.0123456789abcdef0123456789abcdef/x",
		".v.theirs.0123456789abcdef0123456789abcdef",
		".v.abandoned.0123456789abcdef0123456789abcdef" };
	static const char *const others[] = { "", ".", ".v.yaml", "a/.v", ".v2",
		".v.", ".v.0123456789abcdef0123456789abcde",
		".v.0123456789abcdef0123456789abcdeF",
		".v.0123456789abcdef0123456789abcdef0", ".v.probe." };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		assert_true(vl_path_hidden(s(own[i]), ".v"));
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(vl_path_hidden(s(others[i]), ".v"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders_a_directory_before_all_it_contains),
		cmocka_unit_test(finds_the_first_difference_at_every_offset),
		cmocka_unit_test(knows_what_is_below_a_directory),
		cmocka_unit_test(splits_parent_and_name),
		cmocka_unit_test(names_the_path_it_refuses),
		cmocka_unit_test(knows_links_that_cannot_lead_out),
		cmocka_unit_test(knows_names_that_are_valises_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
