/* Which paths hard links name, over two passes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <valise/links.h>

static struct vl_links *
links_open(const char *dir)
{
	struct vl_links *l = NULL;
	struct vl_err err = { 0 };

	assert_int_equal(VL_OK, vl_links_new(&l, dir, &err));
	return l;
}

static void
add(struct vl_links *l, const char *to, const char *path)
{
	struct vl_err err = { 0 };

	if (vl_links_add(l, vl_slice_of(to), vl_slice_of(path), &err) != VL_OK)
		fail_msg("%s", err.text);
}

struct seen {
	char text[200];
	int left; /* names that are taken */
};

static bool
note(void *arg, struct vl_slice path)
{
	struct seen *s = arg;
	size_t n = strlen(s->text);

	(void)snprintf(s->text + n, sizeof(s->text) - n, "%.*s ", (int)path.n,
	    (const char *)path.p);
	return --s->left > 0;
}

static void
expect_names(struct vl_links *l, const char *to, int most, const char *want)
{
	struct seen s = { .left = most };
	struct vl_err err = { 0 };

	assert_int_equal(
	    VL_OK, vl_links_names(l, vl_slice_of(to), note, &s, &err));
	assert_string_equal(want, s.text);
}

static void
tells_who_names_a_path(void **state)
{
	struct vl_links *l = links_open(".");

	(void)state;
	assert_false(vl_links_any(l));
	add(l, "a", "b");
	assert_true(vl_links_any(l));
	add(l, "x/y", "x/z");
	add(l, "a", "c");
	add(l, "a", "d/e");
	expect_names(l, "a", 9, "d/e c b ");
	expect_names(l, "a", 2, "d/e c ");
	expect_names(l, "x/y", 9, "x/z ");
	expect_names(l, "x/z", 9, "");
	expect_names(l, "", 9, "");
	vl_links_free(l);
}

static void
meets_each_leader_and_keeps_a_word_for_it(void **state)
{
	struct vl_links *l = links_open(".");
	struct vl_err err = { 0 };
	uint64_t *word = NULL;

	(void)state;
	add(l, "a", "b");
	add(l, "a", "c");
	add(l, "d", "e");
	/* A hard line that comes before what it names. */
	assert_null(vl_links_of(l, vl_slice_of("a")));
	word = vl_links_leader(l, vl_slice_of("a"));
	assert_non_null(word);
	assert_int_equal(0, *word);
	*word = 77;
	assert_null(vl_links_leader(l, vl_slice_of("b")));
	assert_int_equal(77, *vl_links_of(l, vl_slice_of("a")));
	*vl_links_of(l, vl_slice_of("a")) += 1;
	assert_int_equal(78, *vl_links_leader(l, vl_slice_of("a")));
	assert_null(vl_links_of(l, vl_slice_of("b")));
	assert_null(vl_links_of(l, vl_slice_of("d")));
	assert_int_equal(VL_EPATH, vl_links_check(l, &err));
	assert_string_equal("'e' is a hard link to 'd', which is no file of "
	                    "the bundle",
	    err.text);
	assert_non_null(vl_links_leader(l, vl_slice_of("d")));
	assert_int_equal(VL_OK, vl_links_check(l, &err));
	vl_links_free(l);
}

static void
names_the_first_that_leads_nowhere(void **state)
{
	struct vl_links *l = links_open(".");
	struct vl_err err = { 0 };
	char to[16];
	char path[16];
	int i;

	(void)state;
	for (i = 0; i < 3000; i++) {
		(void)snprintf(to, sizeof(to), "to%04d", i);
		(void)snprintf(path, sizeof(path), "z%04d", i);
		add(l, to, path);
	}
	for (i = 0; i < 3000; i++) {
		(void)snprintf(to, sizeof(to), "to%04d", i);
		if (i != 1717 && i != 2000)
			assert_non_null(vl_links_leader(l, vl_slice_of(to)));
	}
	assert_int_equal(VL_EPATH, vl_links_check(l, &err));
	assert_non_null(strstr(err.text, "'z1717'"));
	vl_links_free(l);
}

static void
writes_nothing_without_hard_links(void **state)
{
	struct vl_links *l = links_open("not/there");
	struct vl_err err = { 0 };

	(void)state;
	assert_null(vl_links_leader(l, vl_slice_of("a")));
	assert_null(vl_links_of(l, vl_slice_of("a")));
	assert_int_equal(VL_OK, vl_links_check(l, &err));
	assert_int_equal(
	    VL_EIO, vl_links_add(l, vl_slice_of("a"), vl_slice_of("b"), &err));
	vl_links_free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_who_names_a_path),
		cmocka_unit_test(meets_each_leader_and_keeps_a_word_for_it),
		cmocka_unit_test(names_the_first_that_leads_nowhere),
		cmocka_unit_test(writes_nothing_without_hard_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
