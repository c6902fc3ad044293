/*
 * What a walk does when the tree changes between its steps: it may yield the
 * old or the new, or leave out, but never goes out of the tree.
 */

#include <sys/inotify.h>

#include "trees.h"

struct race {
	struct trees t;
	struct vl_walk *w;
	struct vl_node node;
	int outside; /* a folder beside the tree, with a file "secret" */
};

static void
race_open(struct race *r)
{
	memset(r, 0, sizeof(*r));
	trees_open(&r->t);
	r->outside = make_and_enter(r->t.fd, "outside");
	make_file(r->outside, "secret", "");
}

static void
race_start(struct race *r)
{
	const struct vl_walk_opts opts = { .root = r->t.root };
	struct vl_err err = { 0 };

	assert_int_equal(VL_OK, vl_walk_open(&r->w, &opts, &err));
}

static void
race_close(struct race *r)
{
	vl_walk_free(r->w);
	(void)close(r->outside);
	trees_close(&r->t);
}

static bool
next(struct race *r)
{
	struct vl_err err = { 0 };
	bool more = false;

	if (vl_walk_next(r->w, &r->node, &more, &err) != VL_OK)
		fail_msg("%s", err.text);
	assert_false(
	    more && vl_slice_equal(r->node.name, vl_slice_of("secret")));
	return more;
}

static void
expect(struct race *r, enum vl_entry_type type, const char *path)
{
	assert_true(next(r));
	assert_true(vl_slice_equal(vl_slice_of(path), r->node.path));
	assert_int_equal(type, r->node.type);
}

static void
reads_the_directory_it_entered_and_not_a_link_put_there(void **state)
{
	struct race r;

	(void)state;
	race_open(&r);
	make_dir(r.t.rootfd, "a");
	make_file(r.t.rootfd, "a/1", "");
	make_file(r.t.rootfd, "a/2", "");
	make_dir(r.t.rootfd, "b");
	make_file(r.t.rootfd, "b/1", "");
	race_start(&r);
	expect(&r, VL_ENTRY_DIR, "");
	expect(&r, VL_ENTRY_DIR, "a");
	expect(&r, VL_ENTRY_FILE, "a/1");
	assert_int_equal(0, renameat(r.t.rootfd, "a", r.t.fd, "gone"));
	assert_int_equal(0, symlinkat("../outside", r.t.rootfd, "a"));
	assert_int_equal(0, renameat(r.t.rootfd, "b", r.t.fd, "gone2"));
	assert_int_equal(0, symlinkat("../outside", r.t.rootfd, "b"));
	expect(&r, VL_ENTRY_FILE, "a/2");
	expect(&r, VL_ENTRY_LINK, "b");
	assert_false(next(&r));
	race_close(&r);
}

static void
does_not_yield_what_vanished(void **state)
{
	struct race r;

	(void)state;
	race_open(&r);
	make_file(r.t.rootfd, "a", "");
	make_file(r.t.rootfd, "b", "");
	make_dir(r.t.rootfd, "c");
	make_file(r.t.rootfd, "d", "");
	race_start(&r);
	expect(&r, VL_ENTRY_DIR, "");
	assert_int_equal(0, unlinkat(r.t.rootfd, "a", 0));
	assert_int_equal(0, unlinkat(r.t.rootfd, "c", AT_REMOVEDIR));
	expect(&r, VL_ENTRY_FILE, "b");
	expect(&r, VL_ENTRY_FILE, "d");
	assert_false(next(&r));
	race_close(&r);
}

static void
opens_only_the_very_file_it_saw(void **state)
{
	struct vl_err err = { 0 };
	struct race r;
	bool there = false;
	int fd = -1;

	(void)state;
	race_open(&r);
	make_file(r.t.rootfd, "a", "old");
	race_start(&r);
	expect(&r, VL_ENTRY_DIR, "");
	expect(&r, VL_ENTRY_FILE, "a");
	assert_true(vl_walk_file(r.w, &fd));
	(void)close(fd);
	/* another file */
	make_file(r.t.rootfd, "new", "new");
	assert_int_equal(0, renameat(r.t.rootfd, "new", r.t.rootfd, "a"));
	assert_false(vl_walk_file(r.w, &fd));
	assert_int_equal(ESTALE, errno);
	assert_int_equal(-1, fd);
	assert_int_equal(VL_OK, vl_walk_again(r.w, &r.node, &there, &err));
	assert_true(there && vl_walk_file(r.w, &fd));
	(void)close(fd);
	/* a link out of the tree */
	assert_int_equal(0, unlinkat(r.t.rootfd, "a", 0));
	assert_int_equal(0, symlinkat("../outside/secret", r.t.rootfd, "a"));
	assert_false(vl_walk_file(r.w, &fd));
	assert_int_equal(ELOOP, errno);
	/* a FIFO, whose open would wait for a writer */
	assert_int_equal(0, unlinkat(r.t.rootfd, "a", 0));
	assert_int_equal(0, mkfifoat(r.t.rootfd, "a", 0600));
	assert_false(vl_walk_file(r.w, &fd));
	assert_int_equal(ESTALE, errno);
	assert_int_equal(VL_OK, vl_walk_again(r.w, &r.node, &there, &err));
	assert_true(there);
	assert_int_equal(VL_ENTRY_LEFT_OUT, r.node.type);
	assert_int_equal(VL_WHY_KIND, r.node.why);
	/* a directory, which is walked then */
	assert_int_equal(0, unlinkat(r.t.rootfd, "a", 0));
	make_dir(r.t.rootfd, "a");
	make_file(r.t.rootfd, "a/x", "");
	assert_int_equal(VL_OK, vl_walk_again(r.w, &r.node, &there, &err));
	assert_true(there);
	assert_int_equal(VL_ENTRY_DIR, r.node.type);
	expect(&r, VL_ENTRY_FILE, "a/x");
	assert_false(next(&r));
	race_close(&r);
}

static void
tells_when_a_file_vanished_before_the_second_look(void **state)
{
	struct vl_err err = { 0 };
	struct race r;
	bool there = true;
	int fd = -1;

	(void)state;
	race_open(&r);
	make_file(r.t.rootfd, "a", "old");
	make_file(r.t.rootfd, "b", "old");
	race_start(&r);
	expect(&r, VL_ENTRY_DIR, "");
	expect(&r, VL_ENTRY_FILE, "a");
	assert_int_equal(0, unlinkat(r.t.rootfd, "a", 0));
	assert_false(vl_walk_file(r.w, &fd));
	assert_int_equal(ENOENT, errno);
	assert_int_equal(VL_OK, vl_walk_again(r.w, &r.node, &there, &err));
	assert_false(there);
	expect(&r, VL_ENTRY_FILE, "b");
	race_close(&r);
}

/* Where others may change names, a FIFO that takes the place of a file just
 * before it is opened is not even opened without waiting. */
static void
opens_nothing_but_a_file_where_others_may_write(void **state)
{
	char event[4096];
	char path[128];
	struct race r;
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	int fd = -1;

	(void)state;
	race_open(&r);
	assert_int_equal(0, fchmod(r.t.rootfd, 0777));
	make_file(r.t.rootfd, "a", "content");
	make_file(r.t.rootfd, "b", "");
	race_start(&r);
	expect(&r, VL_ENTRY_DIR, "");
	expect(&r, VL_ENTRY_FILE, "a");
	assert_true(vl_walk_file(r.w, &fd));
	assert_int_equal(7, read(fd, event, sizeof(event)));
	assert_int_equal(7, vl_walk_stat(r.w)->st_size);
	(void)close(fd);
	expect(&r, VL_ENTRY_FILE, "b");
	assert_int_equal(0, unlinkat(r.t.rootfd, "b", 0));
	assert_int_equal(0, mkfifoat(r.t.rootfd, "b", 0600));
	(void)snprintf(path, sizeof(path), "%s/b", r.t.root);
	assert_true(watch >= 0 && inotify_add_watch(watch, path, IN_OPEN) >= 0);
	assert_false(vl_walk_file(r.w, &fd));
	assert_int_equal(ESTALE, errno);
	assert_int_equal(-1, read(watch, event, sizeof(event)));
	assert_int_equal(EAGAIN, errno);
	(void)close(watch);
	race_close(&r);
}

#define DEEP 60
#define CUT  10

/* "d" in each other, DEEP of them, with a file "z" in each. */
static void
make_deep(int rootfd)
{
	char path[2 * DEEP + 2] = "";
	size_t i;

	for (i = 0; i < DEEP; i++) {
		memcpy(path + 2 * i, "z", 2);
		make_file(rootfd, path, "");
		memcpy(path + 2 * i, "d", 2);
		make_dir(rootfd, path);
		memcpy(path + 2 * i + 1, "/", 2);
	}
}

/* Path of the directory at level `n`. */
static const char *
deep_path(char text[2 * DEEP + 2], size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		memcpy(text + 2 * i, "d/", 3);
	text[2 * n - 1] = '\0';
	return text;
}

static void
go_to_the_bottom(struct race *r)
{
	size_t i;

	expect(r, VL_ENTRY_DIR, "");
	for (i = 0; i < DEEP; i++)
		assert_true(next(r));
	assert_int_equal(2 * DEEP - 1, r->node.path.n);
}

/* A directory that is closed at the time is moved out of the tree. */
static void
comes_back_into_the_tree_past_a_moved_directory(void **state)
{
	char path[2 * DEEP + 2];
	struct race r;
	size_t i;

	(void)state;
	race_open(&r);
	make_deep(r.t.rootfd);
	race_start(&r);
	go_to_the_bottom(&r);
	assert_int_equal(
	    0, renameat(r.t.rootfd, deep_path(path, CUT), r.outside, "moved"));
	make_file(r.outside, "z", "");
	assert_int_equal(0, symlinkat("/", r.t.rootfd, deep_path(path, CUT)));
	for (i = DEEP; i > 0; i--) {
		assert_true(next(&r));
		assert_int_equal(VL_ENTRY_FILE, r.node.type);
		assert_int_equal(2 * i - 1, r.node.path.n);
	}
	assert_false(next(&r));
	race_close(&r);
}

/* The way back is cut off twice: by "..", and by name from the root. */
static void
leaves_out_the_rest_where_there_is_no_way_back(void **state)
{
	char path[2 * DEEP + 2];
	struct race r;
	size_t files = 0;
	size_t lost = 0;

	(void)state;
	race_open(&r);
	make_deep(r.t.rootfd);
	race_start(&r);
	go_to_the_bottom(&r);
	assert_int_equal(
	    0, renameat(r.t.rootfd, deep_path(path, CUT), r.outside, "moved"));
	assert_int_equal(
	    0, renameat(r.t.rootfd, deep_path(path, CUT - 1), r.outside, "up"));
	make_file(r.outside, "z", "");
	assert_int_equal(
	    0, symlinkat("/", r.t.rootfd, deep_path(path, CUT - 1)));
	while (next(&r)) {
		if (r.node.type == VL_ENTRY_FILE) {
			files++;
			continue;
		}
		lost++;
		assert_int_equal(VL_ENTRY_LEFT_OUT, r.node.type);
		assert_int_equal(VL_WHY_UNREADABLE, r.node.why);
		assert_non_null(r.node.cause);
		/* the "z" of the level that was cut off */
		assert_int_equal(2 * CUT - 1, r.node.path.n);
	}
	assert_int_equal(1, lost);
	assert_int_equal(DEEP - 1, files);
	race_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    reads_the_directory_it_entered_and_not_a_link_put_there),
		cmocka_unit_test(does_not_yield_what_vanished),
		cmocka_unit_test(opens_only_the_very_file_it_saw),
		cmocka_unit_test(
		    tells_when_a_file_vanished_before_the_second_look),
		cmocka_unit_test(
		    opens_nothing_but_a_file_where_others_may_write),
		cmocka_unit_test(
		    comes_back_into_the_tree_past_a_moved_directory),
		cmocka_unit_test(
		    leaves_out_the_rest_where_there_is_no_way_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
