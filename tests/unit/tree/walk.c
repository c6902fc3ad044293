/* What a walk yields of trees that hold still. */

#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include <sched.h>

#include <valise/text.h>

#include "../../../src/tree/descend.h"
#include "trees.h"

static struct vl_walk *
walk_open(const struct trees *t, struct vl_walk_opts opts)
{
	struct vl_walk *w = NULL;
	struct vl_err err = { 0 };

	opts.root = t->root;
	opts.tempdir = t->path;
	assert_int_equal(VL_OK, vl_walk_open(&w, &opts, &err));
	return w;
}

static bool
walk_next(struct vl_walk *w, struct vl_node *node)
{
	struct vl_err err = { 0 };
	bool more = false;

	if (vl_walk_next(w, node, &more, &err) != VL_OK)
		fail_msg("%s", err.text);
	return more;
}

/* "type path" or "why path" of all that a walk yields, one a line. */
static char *
list(const struct trees *t, struct vl_walk_opts opts)
{
	struct vl_walk *w = walk_open(t, opts);
	struct vl_node node = { 0 };
	struct vl_buf text = { 0 };
	struct vl_err err = { 0 };
	char shown[512];

	while (walk_next(w, &node))
		assert_int_equal(VL_OK,
		    vl_buf_printf(&text, &err, "%s %s\n",
		        node.type == VL_ENTRY_LEFT_OUT ?
		            vl_why_words[node.why] :
		            vl_entry_type_words[node.type],
		        vl_escape_text(shown, sizeof(shown), node.path)));
	vl_walk_free(w);
	assert_int_equal(VL_OK,
	    vl_buf_add(
	        &text, (struct vl_slice){ (const uint8_t *)"", 1 }, &err));
	return (char *)text.p;
}

static void
expect_list(const char *want, const struct trees *t, struct vl_walk_opts opts)
{
	char *got = list(t, opts);

	assert_string_equal(want, got);
	free(got);
}

static const struct vl_walk_opts plain = { 0 };

static void
follows_a_directory_by_its_content_at_once(void **state)
{
	struct trees t;
	int sub = -1;

	(void)state;
	trees_open(&t);
	make_file(t.rootfd, "sub-1", "");
	make_file(t.rootfd, "sub!", "");
	make_file(t.rootfd, "sub0", "");
	sub = make_and_enter(t.rootfd, "sub");
	make_file(sub, "x", "");
	make_dir(sub, "\xff");
	assert_int_equal(0, symlinkat("../sub0", sub, "a"));
	(void)close(sub);
	expect_list("dir \n"
	            "dir sub\n"
	            "link sub/a\n"
	            "file sub/x\n"
	            "dir sub/\\xff\n"
	            "file sub!\n"
	            "file sub-1\n"
	            "file sub0\n",
	    &t, plain);
	trees_close(&t);
}

static void
yields_every_byte_in_the_order_of_paths(void **state)
{
	struct vl_buf last = { 0 };
	struct vl_err err = { 0 };
	struct vl_node node = { 0 };
	struct vl_walk *w = NULL;
	struct trees t;
	char name[256] = "";
	int count = 0;
	int sub = -1;
	int c;

	(void)state;
	trees_open(&t);
	sub = make_and_enter(t.rootfd, "d");
	for (c = 1; c < 256; c++) {
		if (c == '/')
			continue;
		name[0] = (char)c;
		name[1] = '\0';
		if (c != '.')
			make_file(sub, name, "");
		(void)snprintf(name, sizeof(name), "d%c", c);
		make_file(t.rootfd, name, "");
	}
	memset(name, 0x81, 255);
	make_file(sub, name, "");
	(void)close(sub);
	w = walk_open(&t, plain);
	while (walk_next(w, &node)) {
		if (count++ > 0)
			assert_true(
			    vl_path_cmp(vl_buf_slice(&last), node.path) < 0);
		vl_buf_clear(&last);
		assert_int_equal(VL_OK, vl_buf_add(&last, node.path, &err));
		assert_true(vl_slice_equal(vl_path_name(node.path), node.name));
	}
	assert_int_equal(1 + 1 + 254 + 253 + 1, count);
	vl_walk_free(w);
	vl_buf_free(&last);
	trees_close(&t);
}

static void
leaves_out_other_kinds_without_opening_them(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct trees t;
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool devices = false;

	(void)state;
	trees_open(&t);
	(void)snprintf(
	    address.sun_path, sizeof(address.sun_path), "%s/c", t.root);
	assert_true(s >= 0);
	assert_int_equal(
	    0, bind(s, (struct sockaddr *)&address, sizeof(address)));
	assert_int_equal(0, mkfifoat(t.rootfd, "a", 0600));
	devices = mknodat(t.rootfd, "b", S_IFCHR | 0600, makedev(1, 3)) == 0;
	if (!devices)
		print_message("no device: mknod is not permitted\n");
	make_file(t.rootfd, "d", "");
	expect_list(devices ? "dir \nkind a\nkind b\nkind c\nfile d\n" :
	                      "dir \nkind a\nkind c\nfile d\n",
	    &t, plain);
	(void)close(s);
	trees_close(&t);
}

static void
gives_the_target_and_the_stat_of_a_link(void **state)
{
	struct vl_node node = { 0 };
	struct vl_walk *w = NULL;
	struct trees t;
	char target[VL_TARGET_MAX + 1];

	(void)state;
	trees_open(&t);
	memset(target, 't', VL_TARGET_MAX);
	target[VL_TARGET_MAX] = '\0';
	assert_int_equal(0, symlinkat(target, t.rootfd, "long"));
	w = walk_open(&t, plain);
	assert_true(walk_next(w, &node));
	assert_int_equal(-1, node.parentfd);
	assert_true(S_ISDIR(node.st.st_mode));
	assert_true(walk_next(w, &node));
	assert_int_equal(VL_ENTRY_LINK, node.type);
	assert_true(S_ISLNK(node.st.st_mode));
	assert_true(vl_slice_equal(vl_slice_of(target), node.link));
	assert_false(walk_next(w, &node));
	assert_false(walk_next(w, &node));
	vl_walk_free(w);
	trees_close(&t);
}

/* Make `depth` directories "d" in each other, and a file "z" in each. */
static void
make_chain(int rootfd, size_t depth)
{
	int fd = dup(rootfd);
	int next = -1;
	size_t i;

	for (i = 0; i < depth; i++) {
		make_file(fd, "z", "");
		next = make_and_enter(fd, "d");
		(void)close(fd);
		fd = next;
	}
	(void)close(fd);
}

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
	struct vl_slice name = { 0 };
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
	assert_true(vl_slice_equal(vl_slice_of("a"), name));
	for (i = 0; i < 3; i++) {
		assert_int_equal(VL_OK, vl_descend_next(&d, &name, &err));
		assert_true(vl_slice_equal(vl_slice_of("d"), name));
		assert_int_equal(VL_OK, vl_descend_name(&d, name, &err));
		int fd = vl_look_open(vl_descend_top(&d)->fd, "d", O_DIRECTORY);
		assert_true(vl_look_at(&look, fd, ""));
		assert_int_equal(
		    VL_OK, vl_descend_push(&d, fd, &look, &cause, &err));
		assert_int_equal(0, cause);
		assert_true(d.level[d.depth - 2].dropped);
	}
	assert_int_equal(VL_OK, vl_descend_next(&d, &name, &err));
	assert_null(name.p);
	for (i = 0; i < 3; i++) {
		vl_descend_pop(&d);
		assert_int_equal(VL_OK, vl_descend_next(&d, &name, &err));
		assert_non_null(name.p);
		assert_true(vl_slice_equal(vl_slice_of("z"), name));
		assert_int_equal(VL_OK, vl_descend_next(&d, &name, &err));
		assert_null(name.p);
	}
	vl_descend_free(&d);
	trees_close(&t);
}

static void
leaves_out_what_is_excluded_and_never_shows_the_hidden(void **state)
{
	const char *const patterns[] = { "*.tmp", "cache/", "!cache/keep/" };
	struct vl_walk_opts opts = { .hidden = ".valise" };
	struct vl_exclude *x = NULL;
	struct vl_err err = { 0 };
	struct trees t;
	int fd = -1;

	(void)state;
	trees_open(&t);
	fd = make_and_enter(t.rootfd, ".valise");
	make_file(fd, "x", "");
	(void)close(fd);
	make_file(t.rootfd, ".valise2", "");
	make_file(t.rootfd, "a.tmp", "");
	fd = make_and_enter(t.rootfd, "cache");
	make_dir(fd, "keep");
	make_file(fd, "keep/k", "");
	make_dir(fd, "lose");
	make_file(fd, "lose/l", "");
	make_dir(fd, ".valise");
	(void)close(fd);
	assert_int_equal(VL_OK, vl_exclude_new(&x, patterns, 3, &err));
	opts.exclude = x;
	expect_list("dir \n"
	            "file .valise2\n"
	            "excluded a.tmp\n"
	            "dir cache\n"
	            "excluded cache/.valise\n"
	            "dir cache/keep\n"
	            "file cache/keep/k\n"
	            "excluded cache/lose\n",
	    &t, opts);
	vl_exclude_free(x);
	trees_close(&t);
}

static void
skips_a_directory_when_asked(void **state)
{
	struct vl_node node = { 0 };
	struct vl_walk *w = NULL;
	struct trees t;

	(void)state;
	trees_open(&t);
	make_chain(t.rootfd, 2);
	w = walk_open(&t, plain);
	assert_true(walk_next(w, &node));
	assert_true(walk_next(w, &node));
	assert_true(vl_slice_equal(vl_slice_of("d"), node.path));
	vl_walk_skip(w);
	vl_walk_skip(w);
	assert_true(walk_next(w, &node));
	assert_true(vl_slice_equal(vl_slice_of("z"), node.path));
	assert_false(walk_next(w, &node));
	vl_walk_free(w);
	trees_close(&t);
}

static void
notices_attributes(void **state)
{
	struct vl_walk_opts opts = { .attributes = true };
	struct vl_node node = { 0 };
	struct vl_walk *w = NULL;
	struct trees t;
	char path[128];
	int fd = -1;

	(void)state;
	trees_open(&t);
	make_file(t.rootfd, "none", "");
	make_file(t.rootfd, "some", "");
	(void)snprintf(path, sizeof(path), "%s/some", t.root);
	if (setxattr(path, "user.note", "x", 1, 0) != 0) {
		print_message("no extended attributes here: skipped\n");
		trees_close(&t);
		skip();
	}
	make_dir(t.rootfd, "some.d");
	(void)snprintf(path, sizeof(path), "%s/some.d", t.root);
	assert_int_equal(0, setxattr(path, "user.note", "x", 1, 0));
	w = walk_open(&t, opts);
	while (walk_next(w, &node)) {
		if (node.type == VL_ENTRY_FILE) {
			assert_true(vl_walk_file(w, &fd));
			node.has_attributes = vl_has_attributes(fd);
			(void)close(fd);
		}
		assert_int_equal(node.name.n >= 4 && node.name.p[0] == 's',
		    node.has_attributes);
	}
	vl_walk_free(w);
	trees_close(&t);
}

static void
says_usage_when_the_root_is_not_there(void **state)
{
	struct vl_walk_opts opts = { .root = "not/there" };
	struct vl_walk *w = NULL;
	struct vl_err err = { 0 };
	struct trees t;

	(void)state;
	trees_open(&t);
	assert_int_equal(VL_EUSAGE, vl_walk_open(&w, &opts, &err));
	assert_null(w);
	assert_string_equal("cannot open folder 'not/there': No such file or "
	                    "directory",
	    err.text);
	make_file(t.fd, "file", "");
	(void)snprintf(t.root, sizeof(t.root), "%s/file", t.path);
	opts.root = t.root;
	assert_int_equal(VL_EUSAGE, vl_walk_open(&w, &opts, &err));
	trees_close(&t);
}

static void
walk_as_nobody(struct trees *t)
{
	char *got = NULL;

	child_assert(setgid(65534) == 0 && setuid(65534) == 0);
	got = list(t, plain);
	child_assert(strcmp(got,
	                 "dir \nunreadable closed\ndir listed\n"
	                 "unreadable listed/x\nfile open\n") == 0);
	free(got);
}

static void
leaves_out_what_may_not_be_listed_or_looked_at(void **state)
{
	struct trees t;

	(void)state;
	trees_open(&t);
	make_dir(t.rootfd, "closed");
	make_file(t.rootfd, "closed/x", "");
	assert_int_equal(0, fchmodat(t.rootfd, "closed", 0311, 0));
	make_dir(t.rootfd, "listed");
	make_file(t.rootfd, "listed/x", "");
	assert_int_equal(0, fchmodat(t.rootfd, "listed", 0644, 0));
	make_file(t.rootfd, "open", "");
	if (geteuid() == 0) {
		/* The way here may be closed to nobody. */
		assert_int_equal(0, fchdir(t.fd));
		(void)snprintf(t.root, sizeof(t.root), "root");
		assert_true(in_child(walk_as_nobody, &t));
		assert_int_equal(0, chdir(".."));
	} else {
		print_message("not root: nothing to give up, skipped\n");
	}
	trees_close(&t);
}

static void
walk_over_mounts(struct trees *t)
{
	const struct vl_walk_opts cross = { .cross_mounts = true };
	char from[128];
	char to[128];
	char *got = NULL;

	if (unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		_exit(SKIPPED);
	(void)snprintf(from, sizeof(from), "%s/other", t->path);
	(void)snprintf(to, sizeof(to), "%s/b", t->root);
	if (mount(from, to, NULL, MS_BIND, NULL) != 0)
		_exit(SKIPPED);
	(void)snprintf(from, sizeof(from), "%s/file", t->path);
	(void)snprintf(to, sizeof(to), "%s/c", t->root);
	child_assert(mount(from, to, NULL, MS_BIND, NULL) == 0);
	got = list(t, plain);
	child_assert(
	    strcmp(got, "dir \nfile a\nmount b\nmount c\nfile d\n") == 0);
	free(got);
	got = list(t, cross);
	child_assert(strcmp(got,
	                 "dir \nfile a\ndir b\nfile b/in\nfile c\n"
	                 "file d\n") == 0);
	free(got);
	/* A root that is a mount point is walked. */
	(void)snprintf(t->root, sizeof(t->root), "%s/root/b", t->path);
	got = list(t, plain);
	child_assert(strcmp(got, "dir \nfile in\n") == 0);
	free(got);
}

static void
counts_bind_mounts_as_mounts(void **state)
{
	struct trees t;

	(void)state;
	trees_open(&t);
	make_dir(t.fd, "other");
	make_file(t.fd, "other/in", "");
	make_file(t.fd, "file", "");
	make_file(t.rootfd, "a", "");
	make_dir(t.rootfd, "b");
	make_file(t.rootfd, "c", "");
	make_file(t.rootfd, "d", "");
	if (!in_child(walk_over_mounts, &t))
		print_message("skipped: mounting is not permitted\n");
	trees_close(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_a_directory_by_its_content_at_once),
		cmocka_unit_test(yields_every_byte_in_the_order_of_paths),
		cmocka_unit_test(leaves_out_other_kinds_without_opening_them),
		cmocka_unit_test(gives_the_target_and_the_stat_of_a_link),
		cmocka_unit_test(
		    walks_a_thousand_levels_and_leaves_out_what_is_deeper),
		cmocka_unit_test(carries_an_empty_directory_at_the_last_level),
		cmocka_unit_test(
		    leaves_out_a_directory_with_too_long_a_path_in_it),
		cmocka_unit_test(sorts_seventy_thousand_names_of_one_directory),
		cmocka_unit_test(holds_bounded_names_and_forgets_none),
		cmocka_unit_test(
		    leaves_out_what_is_excluded_and_never_shows_the_hidden),
		cmocka_unit_test(skips_a_directory_when_asked),
		cmocka_unit_test(notices_attributes),
		cmocka_unit_test(says_usage_when_the_root_is_not_there),
		cmocka_unit_test(
		    leaves_out_what_may_not_be_listed_or_looked_at),
		cmocka_unit_test(counts_bind_mounts_as_mounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
