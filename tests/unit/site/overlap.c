/* Trees and state that lie in one another are found, also through links. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/fs.h>
#include <valise/site.h>

static char root[] = "overlap.XXXXXX";

static int
make_trees(void **state)
{
	(void)state;
	if (mkdtemp(root) == NULL || chdir(root) != 0)
		return -1;
	return mkdir("a", 0700) | mkdir("a/in", 0700) | mkdir("ab", 0700) |
	    symlink("a/in", "link") | mkdir("state", 0700);
}

static int
drop_trees(void **state)
{
	(void)state;
	if (chdir("..") != 0)
		return -1;
	return vl_remove_tree(AT_FDCWD, root, NULL) == VL_OK ? 0 : -1;
}

static void
check(enum vl_status expected, const char *one, const char *two,
    const char *place)
{
	struct vl_site *site = NULL;
	struct vl_err err = { 0 };
	char text[400];

	(void)snprintf(text, sizeof(text),
	    "site: t\nstate: %s\nresources:\n"
	    "- {name: one, kind: files, path: %s}\n"
	    "- {name: two, kind: files, path: %s}\n",
	    place, one, two);
	assert_int_equal(
	    VL_OK, vl_site_parse(&site, "site.yaml", vl_slice_of(text), &err));
	assert_int_equal(expected, vl_site_check_overlap(site, &err));
	vl_site_free(site);
}

static void
lets_neighbours_be(void **state)
{
	(void)state;
	check(VL_OK, "a", "ab", "state");
	check(VL_OK, "a", "absent", "state/of/mine");
	check(VL_OK, "a", "ab", "b/not/there");
}

static void
refuses_trees_in_one_another(void **state)
{
	(void)state;
	check(VL_EUSAGE, "a", "a", "state");
	check(VL_EUSAGE, "a", "a/in", "state");
	check(VL_EUSAGE, "a/in", "a", "state");
	check(VL_EUSAGE, "a", "a/absent/deep", "state");
	check(VL_EUSAGE, "a", "link", "state");
	check(VL_EUSAGE, "a", "link/x", "state");
	check(VL_EUSAGE, "/", "a", "state");
}

static void
keeps_state_and_trees_apart(void **state)
{
	(void)state;
	check(VL_EUSAGE, "a", "ab", "a/state");
	check(VL_EUSAGE, "a", "state/tree", "state");
	check(VL_EUSAGE, "a", "ab", "link/state");
	check(VL_EUSAGE, "a", "ab", "a");
}

/* A folder may have that name; a shell's home is not meant by it. */
static void
refuses_a_tree_below_a_home_sign_that_is_not_there(void **state)
{
	(void)state;
	check(VL_EUSAGE, "a", "~/tree", "state");
	check(VL_OK, "a", "~", "state");
	check(VL_OK, "a", "ab~/tree", "~/state");
	assert_int_equal(0, mkdir("~", 0700));
	check(VL_OK, "a", "~/tree", "state");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lets_neighbours_be),
		cmocka_unit_test(refuses_trees_in_one_another),
		cmocka_unit_test(keeps_state_and_trees_apart),
		cmocka_unit_test(
		    refuses_a_tree_below_a_home_sign_that_is_not_there),
	};

	return cmocka_run_group_tests(tests, make_trees, drop_trees);
}
