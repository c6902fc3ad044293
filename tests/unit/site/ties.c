/* Paths that hold ids: which name is of which line, and how they travel. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <valise/ties.h>

#define LINES                                                                  \
	"pic/{pic.id}.png home/u-{user.id}/** home/u-{user.id}/at/{day.id}"

static struct vl_ties *ties;
static struct vl_err err;
static unsigned asked;

/* The key of id X is ["X/%{}"], and back; "gone" is of no row, and "left" of
 * one that is left alone. */
static enum vl_status
find(void *arg, const struct vl_tie *tie, struct vl_slice what,
    struct vl_buf *out, enum vl_tied *how, struct vl_err *e)
{
	const bool back = *(const bool *)arg;

	asked++;
	assert_string_equal("app", tie->database);
	assert_true(tie->table.n >= 3 && tie->column.n == 2);
	*how = VL_TIED;
	if (memmem(what.p, what.n, "left", 4) != NULL)
		*how = VL_TIED_LEFT;
	if (memmem(what.p, what.n, "gone", 4) != NULL)
		*how = VL_TIED_NONE;
	if (back) {
		assert_true(what.n > 8);
		return vl_buf_add(
		    out, (struct vl_slice){ what.p + 2, what.n - 8 }, e);
	}
	return vl_buf_printf(
	    out, e, "[\"%.*s/%%{}\"]", (int)what.n, (const char *)what.p);
}

static enum vl_status
use(const char *lines)
{
	static char database[] = "app";
	static char tree[] = "tree";
	struct vl_path_reference paths[8] = { 0 };
	struct vl_profile_resource r = { .resource = database, .paths = paths };
	struct vl_profile p = { .resources = &r, .nresources = 1 };
	char *text = strdup(lines);
	char *rest = text;
	enum vl_status st = VL_OK;

	p.file = tree;
	while (rest != NULL) {
		paths[r.npaths].path = strsep(&rest, " ");
		paths[r.npaths++].in = tree;
	}
	vl_ties_free(ties);
	ties = NULL;
	st = vl_ties_add(&ties, &p, NULL, "tree", &err);
	free(text);
	return st;
}

static void
direct(bool back)
{
	static bool way;

	way = back;
	asked = 0;
	vl_ties_ask(ties, &(struct vl_tie_finder){ &way, find });
}

static int
teardown(void **state)
{
	(void)state;
	vl_ties_free(ties);
	ties = NULL;
	return 0;
}

static void
name(const char *dir, const char *entry, const char *want, enum vl_tied how)
{
	struct vl_buf out = { 0 };
	enum vl_tied now = VL_TIED;

	assert_int_equal(VL_OK,
	    vl_ties_name(
	        ties, vl_slice_of(dir), vl_slice_of(entry), &out, &now, &err));
	assert_int_equal(how, now);
	if (how != VL_TIED_NONE) {
		assert_int_equal(strlen(want), out.n);
		assert_memory_equal(want, out.p, out.n);
	}
	vl_buf_free(&out);
}

static void
names_of_ids_become_keys(void **state)
{
	(void)state;
	assert_int_equal(VL_OK, use(LINES));
	direct(false);
	name("pic", "7.png", "{[\"7%2F%25%7B%7D\"]}.png", VL_TIED);
	name("home", "u-x", "u-{[\"x%2F%25%7B%7D\"]}", VL_TIED);
	name("home/u-x/at", "{", "{[\"%7B%2F%25%7B%7D\"]}", VL_TIED);
	assert_int_equal(3, asked);
	name("home", "u-left", "u-{[\"left%2F%25%7B%7D\"]}", VL_TIED_LEFT);
	name("home", "u-gone", "", VL_TIED_NONE);
}

static void
other_names_stay_but_for_what_marks_keys(void **state)
{
	(void)state;
	assert_int_equal(VL_OK, use(LINES));
	direct(false);
	name("", "pic", "pic", VL_TIED);
	name("pic", ".png", ".png", VL_TIED);
	name("pic", "7.jpg", "7.jpg", VL_TIED);
	name("home", "u-", "u-", VL_TIED);
	name("home/x/at", "7", "7", VL_TIED);
	name("home/u-x/at/7", "9", "9", VL_TIED);
	name("pic/7.png", "7.png", "7.png", VL_TIED);
	name("home", "a{%}b", "a%7B%25%7Db", VL_TIED);
	assert_int_equal(0, asked);
}

static void
path(const char *from, const char *want, enum vl_tied how)
{
	struct vl_buf out = { 0 };
	enum vl_tied now = VL_TIED;

	if (vl_ties_path(ties, vl_slice_of(from), &out, &now, &err) != VL_OK)
		fail_msg("%s: %s", from, err.text);
	assert_int_equal(how, now);
	if (how == VL_TIED) {
		assert_int_equal(strlen(want), out.n);
		if (out.n > 0)
			assert_memory_equal(want, out.p, out.n);
	}
	vl_buf_free(&out);
}

static void
keys_become_the_ids_that_rows_have_here(void **state)
{
	(void)state;
	assert_int_equal(VL_OK, use(LINES));
	direct(true);
	path("", "", VL_TIED);
	path("pic/{[\"7%2F%25%7B%7D\"]}.png", "pic/7.png", VL_TIED);
	path("home/u-{[\"x%2F%25%7B%7D\"]}/at/{[\"9%2F%25%7B%7D\"]}/a%25",
	    "home/u-x/at/9/a%", VL_TIED);
	assert_int_equal(3, asked);
	path("home/u-{[\"x%2F%25%7B%7D\"]}/b", "home/u-x/b", VL_TIED);
	assert_int_equal(3, asked); /* it is remembered */
	path("home/u-{[\"left%2F%25%7B%7D\"]}/b", "", VL_TIED_LEFT);
	path("home/u-{[\"gone%2F%25%7B%7D\"]}", "", VL_TIED_NONE);
	path("x/%7B%7D", "x/{}", VL_TIED);
}

static void
refused(enum vl_status want, const char *from)
{
	struct vl_buf out = { 0 };
	enum vl_tied how = VL_TIED;

	if (vl_ties_path(ties, vl_slice_of(from), &out, &how, &err) != want)
		fail_msg("taken: %s", from);
	vl_buf_free(&out);
}

static void
refuses_paths_that_are_not_spelled_so(void **state)
{
	(void)state;
	assert_int_equal(VL_OK, use(LINES));
	direct(true);
	refused(VL_EFORMAT, "x/a%");
	refused(VL_EFORMAT, "x/a%2");
	refused(VL_EFORMAT, "x/a%7b");
	refused(VL_EFORMAT, "x/a%41");
	refused(VL_EFORMAT, "x/a%2Fb");
	refused(VL_EFORMAT, "x/a%00");
	refused(VL_EFORMAT, "x/a}");
	refused(VL_EFORMAT, "x/{[\"7%2F%25%7B%7D\"]}");
	refused(VL_EFORMAT, "pic/{[\"7%2F%25%7B%7D\"]}");
	refused(VL_EFORMAT, "pic/{[\"7%2F%25%7B%7D\"]}{[\"7\"]}.png");
	refused(VL_EFORMAT, "pic/{[\"7");
	refused(VL_EFORMAT, "pic/{[\"{\"]}.png");
	refused(VL_EFORMAT, "pic/7.png");
	refused(VL_EREFUSED, "pic/{[\"a%2Fb%2F%25%7B%7D\"]}.png");
}

static void
refuses_lines_of_which_a_name_may_be_either(void **state)
{
	(void)state;
	assert_int_equal(VL_EUSAGE, use("a/{x.id} a/u-{y.id}"));
	assert_int_equal(VL_EUSAGE, use("a/{x.id} a/all/{y.id}"));
	assert_int_equal(VL_EUSAGE, use("a/{x.id} a/{y.id}/b"));
	assert_int_equal(VL_EUSAGE, use("a/{x.id}-{y.id}"));
	assert_int_equal(VL_OK, use("a/{x.id}.png a/{y.id}.txt b/{y.id}"));
	assert_int_equal(VL_OK, use("a/{x.id}/b/{y.id} a/{x.id}/c/{z.id}"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(names_of_ids_become_keys, teardown),
		cmocka_unit_test_teardown(
		    other_names_stay_but_for_what_marks_keys, teardown),
		cmocka_unit_test_teardown(
		    keys_become_the_ids_that_rows_have_here, teardown),
		cmocka_unit_test_teardown(
		    refuses_paths_that_are_not_spelled_so, teardown),
		cmocka_unit_test_teardown(
		    refuses_lines_of_which_a_name_may_be_either, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
