/* Trees that are deep, long and wide: what crosses, and at what cost. */

#include "../../../src/tree/descend.h"
#include "walks.h"

static void
walks_a_thousand_levels_and_leaves_out_what_is_deeper(void **state)
{
	struct vl_node node = { 0 };
	struct vl_walk *w = NULL;
	struct trees t;
	size_t depth = 0;
	size_t files = 0;
	size_t left_out = 0;
	int before = 0;
	int most = 0;

	(void)state;
	trees_open(&t);
	make_chain(t.rootfd, VL_PATH_DEPTH_MAX + 5);
	before = count_descriptors();
	w = walk_open(&t, plain);
	assert_true(walk_next(w, &node));
	while (walk_next(w, &node)) {
		int now = count_descriptors() - before;

		most = now > most ? now : most;
		if (node.type == VL_ENTRY_DIR) {
			assert_int_equal(2 * ++depth - 1, node.path.n);
		} else if (node.type == VL_ENTRY_LEFT_OUT) {
			left_out++;
			assert_int_equal(VL_WHY_NAME, node.why);
			assert_int_equal(
			    2 * VL_PATH_DEPTH_MAX - 1, node.path.n);
		} else {
			/* On the way back, from the deepest up. */
			assert_int_equal(
			    2 * (VL_PATH_DEPTH_MAX - files++) - 1, node.path.n);
			assert_int_equal(
			    0, faccessat(node.parentfd, "z", F_OK, 0));
		}
	}
	assert_int_equal(VL_PATH_DEPTH_MAX - 1, depth);
	assert_int_equal(VL_PATH_DEPTH_MAX, files);
	assert_int_equal(1, left_out);
	assert_in_range(most, 2, 64);
	vl_walk_free(w);
	assert_int_equal(before, count_descriptors());
	trees_close(&t);
}

static void
carries_an_empty_directory_at_the_last_level(void **state)
{
	struct vl_node node = { 0 };
	struct vl_walk *w = NULL;
	struct trees t;
	size_t dirs = 0;

	(void)state;
	trees_open(&t);
	make_chain(t.rootfd, VL_PATH_DEPTH_MAX);
	w = walk_open(&t, plain);
	while (walk_next(w, &node)) {
		assert_int_not_equal(VL_ENTRY_LEFT_OUT, node.type);
		dirs += node.type == VL_ENTRY_DIR;
	}
	assert_int_equal(VL_PATH_DEPTH_MAX + 1, dirs);
	vl_walk_free(w);
	trees_close(&t);
}

/* 32 names of 255 bytes and their slashes are 8,191; "x" would be 8,193. */
static void
leaves_out_a_directory_with_too_long_a_path_in_it(void **state)
{
	struct vl_node node = { 0 };
	struct vl_walk *w = NULL;
	struct trees t;
	char name[256];
	size_t longest = 0;
	int fd = -1;
	int next = -1;
	int i;

	(void)state;
	trees_open(&t);
	memset(name, 'n', 255);
	name[255] = '\0';
	fd = dup(t.rootfd);
	for (i = 0; i < 32; i++) {
		next = make_and_enter(fd, name);
		(void)close(fd);
		fd = next;
	}
	for (i = 0; i < 2; i++) {
		longest = 0;
		w = walk_open(&t, plain);
		while (walk_next(w, &node)) {
			assert_true(node.path.n >= longest);
			longest = node.path.n;
			if (node.path.n < 8191)
				assert_int_equal(VL_ENTRY_DIR, node.type);
		}
		assert_int_equal(8191, longest);
		assert_int_equal(
		    i == 0 ? VL_ENTRY_DIR : VL_ENTRY_LEFT_OUT, node.type);
		assert_true(i == 0 || node.why == VL_WHY_NAME);
		vl_walk_free(w);
		make_file(fd, "x", "");
	}
	(void)close(fd);
	trees_close(&t);
}

static int
compare_text(const void *a, const void *b)
{
	const char *const *x = a;
	const char *const *y = b;

	return strcmp(*x, *y);
}

static void
sorts_seventy_thousand_names_of_one_directory(void **state)
{
	enum {
		MANY = 70000
	};
	char **want = calloc(MANY, sizeof(*want));
	struct vl_node node = { 0 };
	struct vl_walk *w = NULL;
	uint32_t seed = 7;
	struct trees t;
	size_t i;
	int fd = -1;

	(void)state;
	assert_non_null(want);
	trees_open(&t);
	fd = make_and_enter(t.rootfd, "d");
	for (i = 0; i < MANY; i++) {
		want[i] = malloc(32);
		assert_non_null(want[i]);
		seed = seed * 1664525 + 1013904223;
		(void)snprintf(want[i], 32, "%c%x-%zu", (int)(1 + seed % 46),
		    seed >> 8, i);
		assert_int_equal(0, mknodat(fd, want[i], S_IFREG | 0600, 0));
	}
	(void)close(fd);
	make_file(t.rootfd, "e", "");
	qsort(want, MANY, sizeof(*want), compare_text);
	w = walk_open(&t, plain);
	assert_true(walk_next(w, &node));
	assert_true(walk_next(w, &node));
	for (i = 0; i < MANY; i++) {
		assert_true(walk_next(w, &node));
		assert_true(vl_slice_equal(vl_slice_of(want[i]), node.name));
		free(want[i]);
	}
	assert_true(walk_next(w, &node));
	assert_true(vl_slice_equal(vl_slice_of("e"), node.path));
	assert_false(walk_next(w, &node));
	vl_walk_free(w);
	free(want);
	trees_close(&t);
}

/* The names that outer directories owe are dropped, and read again. */
static void
holds_bounded_names_and_forgets_none(void **state)
{
	struct descend d;
	struct look look = { 0 };
	struct name name = { 0 };
	struct vl_err err = { 0 };
	struct trees t;
	int cause = 0;
	int i;

	(void)state;
	trees_open(&t);
	make_file(t.rootfd, "a", "");
	make_chain(t.rootfd, 3);
	assert_int_equal(VL_OK, vl_descend_init(&d, NULL, &err));
	d.names_max = 1;
	assert_true(vl_look_at(&look, t.rootfd, ""));
	assert_int_equal(
	    VL_OK, vl_descend_push(&d, dup(t.rootfd), &look, &cause, &err));
	assert_int_equal(VL_OK, vl_descend_next(&d, &name, &err));
	assert_true(vl_slice_equal(vl_slice_of("a"), name.here));
	for (i = 0; i < 3; i++) {
		assert_int_equal(VL_OK, vl_descend_next(&d, &name, &err));
		assert_true(vl_slice_equal(vl_slice_of("d"), name.here));
		assert_int_equal(VL_OK, vl_descend_name(&d, &name, &err));
		int fd = vl_look_open(vl_descend_top(&d)->fd, "d", O_DIRECTORY);
		assert_true(vl_look_at(&look, fd, ""));
		assert_int_equal(
		    VL_OK, vl_descend_push(&d, fd, &look, &cause, &err));
		assert_int_equal(0, cause);
		assert_true(d.level[d.depth - 2].dropped);
	}
	assert_int_equal(VL_OK, vl_descend_next(&d, &name, &err));
	assert_null(name.here.p);
	for (i = 0; i < 3; i++) {
		vl_descend_pop(&d);
		assert_int_equal(VL_OK, vl_descend_next(&d, &name, &err));
		assert_non_null(name.here.p);
		assert_true(vl_slice_equal(vl_slice_of("z"), name.here));
		assert_int_equal(VL_OK, vl_descend_next(&d, &name, &err));
		assert_null(name.here.p);
	}
	vl_descend_free(&d);
	trees_close(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    walks_a_thousand_levels_and_leaves_out_what_is_deeper),
		cmocka_unit_test(carries_an_empty_directory_at_the_last_level),
		cmocka_unit_test(
		    leaves_out_a_directory_with_too_long_a_path_in_it),
		cmocka_unit_test(sorts_seventy_thousand_names_of_one_directory),
		cmocka_unit_test(holds_bounded_names_and_forgets_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
