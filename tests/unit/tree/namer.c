/* A walk under other names: what it yields, and in which order. */

#include "walks.h"

#include "../../../src/tree/descend.h"

#define MANY 65700 /* more than are sorted in memory */

static unsigned asked;

/* Names backwards: "-x" is none, "=x" is left out as x, "+x" is x. */
static enum vl_status
backwards(void *arg, struct vl_slice dir, struct vl_slice name,
    struct vl_buf *out, enum vl_naming *how, struct vl_err *err)
{
	const bool mark = strchr("-=+", name.p[0]) != NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	(void)arg;
	(void)dir;
	asked++;
	if (name.p[0] == '-')
		*how = VL_NAMING_PASS;
	if (name.p[0] == '=')
		*how = VL_NAMING_LEAVE;
	for (i = name.n; st == VL_OK && i > mark; i--)
		st = vl_buf_add(
		    out, (struct vl_slice){ name.p + i - 1, 1 }, err);
	return st;
}

static const struct vl_namer namer = { NULL, backwards };

static void
yields(struct vl_walk *w, const char *path, const char *here,
    enum vl_entry_type type)
{
	struct vl_node node = { 0 };

	assert_true(walk_next(w, &node));
	if (!vl_slice_equal(vl_slice_of(path), node.path))
		fail_msg("%.*s in the place of %s", (int)node.path.n,
		    (const char *)node.path.p, path);
	assert_true(vl_slice_equal(vl_slice_of(here), node.here));
	assert_int_equal(type, node.type);
}

static void
is_in_the_order_of_the_names_that_travel(void **state)
{
	struct vl_node node = { 0 };
	struct vl_walk *w = NULL;
	struct trees t;
	int fd = -1;

	(void)state;
	trees_open(&t);
	make_file(t.rootfd, "az", "");
	fd = make_and_enter(t.rootfd, "ma");
	make_file(fd, "xy", "");
	make_file(fd, "yx", "");
	(void)close(fd);
	make_file(t.rootfd, "-a", "");
	make_file(t.rootfd, "=ba", "");
	w = walk_open(&t, (struct vl_walk_opts){ .namer = &namer });
	yields(w, "", "", VL_ENTRY_DIR);
	yields(w, "ab", "=ba", VL_ENTRY_LEFT_OUT);
	yields(w, "am", "ma", VL_ENTRY_DIR);
	yields(w, "am/xy", "ma/yx", VL_ENTRY_FILE);
	yields(w, "am/yx", "ma/xy", VL_ENTRY_FILE);
	yields(w, "za", "az", VL_ENTRY_FILE);
	assert_false(walk_next(w, &node));
	vl_walk_free(w);
	trees_close(&t);
}

static void
excludes_by_the_names_that_are_here(void **state)
{
	const char *patterns[] = { "az" };
	struct vl_walk_opts opts = { .namer = &namer };
	struct vl_exclude *x = NULL;
	struct vl_err err = { 0 };
	struct vl_walk *w = NULL;
	struct trees t;

	(void)state;
	trees_open(&t);
	make_file(t.rootfd, "az", "");
	make_file(t.rootfd, "za", "");
	assert_int_equal(VL_OK, vl_exclude_new(&x, patterns, 1, &err));
	opts.exclude = x;
	w = walk_open(&t, opts);
	yields(w, "", "", VL_ENTRY_DIR);
	yields(w, "az", "za", VL_ENTRY_FILE);
	yields(w, "za", "az", VL_ENTRY_LEFT_OUT);
	vl_walk_free(w);
	vl_exclude_free(x);
	trees_close(&t);
}

static void
of_two_with_one_name_the_one_that_is_taken(void **state)
{
	struct vl_node node = { 0 };
	struct vl_err err = { 0 };
	struct vl_walk *w = NULL;
	struct trees t;
	bool more = true;

	(void)state;
	trees_open(&t);
	make_file(t.rootfd, "=a", "");
	make_file(t.rootfd, "a", "");
	w = walk_open(&t, (struct vl_walk_opts){ .namer = &namer });
	yields(w, "", "", VL_ENTRY_DIR);
	yields(w, "a", "a", VL_ENTRY_FILE);
	assert_false(walk_next(w, &node));
	vl_walk_free(w);
	make_file(t.rootfd, "+a", "");
	w = walk_open(&t, (struct vl_walk_opts){ .namer = &namer });
	yields(w, "", "", VL_ENTRY_DIR);
	yields(w, "a", "+a", VL_ENTRY_FILE);
	assert_int_equal(VL_EREFUSED, vl_walk_next(w, &node, &more, &err));
	vl_walk_free(w);
	trees_close(&t);
}

static void
sorts_very_many_on_disk(void **state)
{
	struct vl_node node = { 0 };
	struct vl_walk *w = NULL;
	struct vl_buf last = { 0 };
	struct vl_err err = { 0 };
	struct trees t;
	char name[16];
	size_t n = 0;
	size_t i = 0;

	(void)state;
	trees_open(&t);
	for (i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof(name), "%zu", i);
		assert_int_equal(0, mknodat(t.rootfd, name, S_IFREG | 0600, 0));
	}
	w = walk_open(&t, (struct vl_walk_opts){ .namer = &namer });
	yields(w, "", "", VL_ENTRY_DIR);
	for (n = 0; walk_next(w, &node); n++) {
		assert_true(vl_slice_cmp(vl_buf_slice(&last), node.path) < 0);
		assert_int_equal(node.path.n, node.here.n);
		for (i = 0; i < node.path.n; i++)
			assert_int_equal(
			    node.path.p[i], node.here.p[node.here.n - 1 - i]);
		vl_buf_clear(&last);
		assert_int_equal(VL_OK, vl_buf_add(&last, node.path, &err));
	}
	assert_int_equal(MANY, n);
	vl_walk_free(w);
	vl_buf_free(&last);
	trees_close(&t);
}

/* The names that an outer directory owes are dropped, and read again: those
 * behind the one come back from, as it travels. */
static void
reads_again_behind_the_name_that_travels(void **state)
{
	struct descend d;
	struct look look = { 0 };
	struct name name = { 0 };
	struct vl_err err = { 0 };
	struct trees t;
	int cause = 0;
	int fd = -1;

	(void)state;
	trees_open(&t);
	make_file(t.rootfd, "az", "");
	make_file(t.rootfd, "xa", "");
	fd = make_and_enter(t.rootfd, "bm");
	assert_int_equal(VL_OK, vl_descend_init(&d, NULL, &err));
	d.names_max = 1;
	d.namer = &namer;
	assert_true(vl_look_at(&look, t.rootfd, ""));
	assert_int_equal(
	    VL_OK, vl_descend_push(&d, dup(t.rootfd), &look, &cause, &err));
	assert_int_equal(VL_OK, vl_descend_next(&d, &name, &err));
	assert_true(vl_slice_equal(vl_slice_of("ax"), name.as));
	assert_int_equal(VL_OK, vl_descend_next(&d, &name, &err));
	assert_true(vl_slice_equal(vl_slice_of("mb"), name.as));
	assert_int_equal(VL_OK, vl_descend_name(&d, &name, &err));
	assert_true(vl_look_at(&look, fd, ""));
	assert_int_equal(VL_OK, vl_descend_push(&d, fd, &look, &cause, &err));
	assert_true(d.level[0].dropped);
	vl_descend_pop(&d);
	assert_int_equal(VL_OK, vl_descend_next(&d, &name, &err));
	assert_true(vl_slice_equal(vl_slice_of("za"), name.as));
	assert_true(vl_slice_equal(vl_slice_of("az"), name.here));
	assert_int_equal(VL_OK, vl_descend_next(&d, &name, &err));
	assert_null(name.here.p);
	vl_descend_free(&d);
	trees_close(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_in_the_order_of_the_names_that_travel),
		cmocka_unit_test(excludes_by_the_names_that_are_here),
		cmocka_unit_test(of_two_with_one_name_the_one_that_is_taken),
		cmocka_unit_test(sorts_very_many_on_disk),
		cmocka_unit_test(reads_again_behind_the_name_that_travels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
