/* Trees and state that lie in one another are found, also through links. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

static enum vl_status
overlap(const char *one, const char *two, const char *place)
{
	struct vl_site *site = NULL;
	struct vl_err err = { 0 };
	enum vl_status st = VL_OK;
	char text[400];

	(void)snprintf(text, sizeof(text),
	    "site: t\nstate: %s\nresources:\n"
	    "- {name: one, kind: files, path: %s}\n"
	    "- {name: two, kind: files, path: %s}\n",
	    place, one, two);
	st = vl_site_parse(&site, "site.yaml", vl_slice_of(text), &err);
	assert_int_equal(VL_OK, st);
	st = vl_site_check_overlap(site, &err);
	vl_site_free(site);
	return st;
}

static void
check(enum vl_status expected, const char *one, const char *two,
    const char *place)
{
	assert_int_equal(expected, overlap(one, two, place));
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
	check(VL_EUSAGE, "absent", "absent/in", "state");
	check(VL_OK, "absent", "absent2", "state");
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

/* Tree "a" with `exclude`, and a database; gives the tree's patterns. */
static enum vl_status
with_database(const char *db, const char *exclude, char *patterns, size_t size)
{
	const struct vl_resource *tree = NULL;
	struct vl_site *site = NULL;
	struct vl_err err = { 0 };
	enum vl_status st = VL_OK;
	char text[400];
	size_t used = 0;
	size_t i = 0;

	(void)snprintf(text, sizeof(text),
	    "site: t\nstate: state\nresources:\n"
	    "- {name: db, kind: sqlite, path: '%s'}\n"
	    "- {name: tree, kind: files, path: a, exclude: [%s]}\n",
	    db, exclude);
	st = vl_site_parse(&site, "site.yaml", vl_slice_of(text), &err);
	assert_int_equal(VL_OK, st);
	st = vl_site_check_overlap(site, &err);
	tree = &site->resources[1];
	patterns[0] = '\0';
	for (i = 0; st == VL_OK && i < tree->nexclude; i++)
		used += (size_t)snprintf(
		    patterns + used, size - used, "%s ", tree->exclude[i]);
	if (st != VL_OK)
		(void)snprintf(patterns, size, "%s", err.text);
	vl_site_free(site);
	return st;
}

static void
wants_a_database_excluded_where_it_lies_in_a_tree(void **state)
{
	char text[400];

	(void)state;
	assert_int_equal(
	    VL_EUSAGE, with_database("a/x.db", "", text, sizeof(text)));
	assert_string_equal(text,
	    "site.yaml: the database of resource 'db' lies in the tree of "
	    "resource 'tree', as '/x.db'; 'exclude' it there");
	assert_int_equal(VL_EUSAGE,
	    with_database("link/x.db", "x.db, '!*'", text, sizeof(text)));
	assert_int_equal(
	    VL_EUSAGE, with_database("a", "'*'", text, sizeof(text)));
	assert_non_null(strstr(text, "have one path"));
	assert_int_equal(
	    VL_OK, with_database("ab/x.db", "y", text, sizeof(text)));
	assert_string_equal(text, "y ");
	assert_int_equal(
	    VL_OK, with_database("link/x[1].db", "in/", text, sizeof(text)));
	assert_string_equal(text,
	    "in/ /in/x\\[1].db-wal /in/x\\[1].db-shm "
	    "/in/x\\[1].db-journal /in/x\\[1].db-mj* ");
	assert_int_equal(
	    VL_EUSAGE, with_database("a/x.db", "'[a'", text, sizeof(text)));
	assert_int_equal(
	    VL_EUSAGE, with_database("state/x.db", "", text, sizeof(text)));
}

#define SKIPPED 77

/* `mnt` shows `a` a second time.  The child only says whether it went on. */
static void
look_through_a_mount(void)
{
	static const struct {
		enum vl_status expected;
		const char *one;
		const char *two;
		const char *place;
	} cases[] = { { VL_EUSAGE, "a", "mnt", "state" },
		{ VL_EUSAGE, "a", "mnt/in", "state" },
		{ VL_EUSAGE, "mnt/in", "a", "state" },
		{ VL_EUSAGE, "a/in", "mnt", "state" },
		{ VL_EUSAGE, "a", "mnt/absent", "state" },
		{ VL_EUSAGE, "a/absent", "mnt/absent/too", "state" },
		{ VL_EUSAGE, "a", "ab", "mnt/state" },
		{ VL_EUSAGE, "mnt/in", "ab", "a" },
		{ VL_OK, "a/absent", "mnt/other", "state" },
		{ VL_OK, "a/in", "mnt/other", "state" } };
	size_t i = 0;

	if (unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("a", "mnt", NULL, MS_BIND, NULL) != 0)
		_exit(SKIPPED);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (overlap(cases[i].one, cases[i].two, cases[i].place) !=
		    cases[i].expected)
			_exit((int)i + 1);
	_exit(0);
}

static void
sees_through_bind_mounts(void **state)
{
	pid_t pid = 0;
	int how = 0;

	(void)state;
	assert_int_equal(0, mkdir("mnt", 0700));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		look_through_a_mount();
	assert_int_equal(pid, waitpid(pid, &how, 0));
	assert_true(WIFEXITED(how));
	if (WEXITSTATUS(how) == SKIPPED)
		print_message("skipped: mounting is not permitted\n");
	else
		assert_int_equal(0, WEXITSTATUS(how));
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
		    wants_a_database_excluded_where_it_lies_in_a_tree),
		cmocka_unit_test(sees_through_bind_mounts),
		cmocka_unit_test(
		    refuses_a_tree_below_a_home_sign_that_is_not_there),
	};

	return cmocka_run_group_tests(tests, make_trees, drop_trees);
}
