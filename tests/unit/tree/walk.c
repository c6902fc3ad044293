/* What a walk yields of trees that hold still. */

#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include <sched.h>

#include <valise/text.h>

#include "walks.h"

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
hides_no_more_than_what_valise_names_so(void **state)
{
#define ID "0123456789abcdef0123456789abcdef"
	const struct vl_walk_opts opts = { .hidden = ".valise" };
	struct trees t;

	(void)state;
	trees_open(&t);
	make_file(t.rootfd, ".valise." ID, "");
	make_file(t.rootfd, ".valise.theirs." ID, "");
	make_file(t.rootfd, ".valise.abandoned." ID, "");
	make_file(t.rootfd, ".valise.probe." ID, "");
	make_file(t.rootfd, ".valise.", "");
	make_file(t.rootfd, ".valise." ID "0", "");
	make_file(t.rootfd, ".valise.0123456789ABCDEF0123456789ABCDEF", "");
	make_file(t.rootfd, ".valise.probe", "");
	make_file(t.rootfd, ".valise.theirs.yaml", "");
	make_file(t.rootfd, ".valise.yaml", "");
	expect_list("dir \n"
	            "file .valise.\n"
	            "file .valise.0123456789ABCDEF0123456789ABCDEF\n"
	            "file .valise." ID "0\n"
	            "file .valise.probe\n"
	            "file .valise.theirs.yaml\n"
	            "file .valise.yaml\n",
	    &t, opts);
	trees_close(&t);
#undef ID
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
gives_special_files_as_they_are_when_asked(void **state)
{
	const struct vl_walk_opts opts = { .special = true };
	struct vl_node node = { 0 };
	struct vl_walk *w = NULL;
	struct trees t;
	int fd = -1;

	(void)state;
	trees_open(&t);
	assert_int_equal(0, mkfifoat(t.rootfd, "a", 0640));
	if (mknodat(t.rootfd, "b", S_IFCHR | 0600, makedev(1, 3)) != 0 ||
	    mknodat(t.rootfd, "c", S_IFBLK | 0600, makedev(4095, 70000)) != 0)
		print_message("no devices: mknod is not permitted\n");
	w = walk_open(&t, opts);
	assert_true(walk_next(w, &node));
	assert_true(walk_next(w, &node));
	assert_int_equal(VL_ENTRY_FIFO, node.type);
	assert_int_equal(0640, node.st.st_mode & 07777);
	assert_int_equal(-1, node.fd);
	assert_false(vl_walk_file(w, &fd));
	assert_int_equal(ESTALE, errno);
	if (walk_next(w, &node)) {
		assert_int_equal(VL_ENTRY_CHAR, node.type);
		assert_int_equal(makedev(1, 3), node.st.st_rdev);
		assert_true(walk_next(w, &node));
		assert_int_equal(VL_ENTRY_BLOCK, node.type);
		assert_int_equal(makedev(4095, 70000), node.st.st_rdev);
	}
	assert_false(walk_next(w, &node));
	vl_walk_free(w);
	trees_close(&t);
}

static void
gives_directories_open_to_be_read(void **state)
{
	struct vl_node node = { 0 };
	struct vl_walk *w = NULL;
	struct stat st = { 0 };
	struct trees t;
	int dirs = 0;

	(void)state;
	trees_open(&t);
	make_chain(t.rootfd, 40);
	assert_int_equal(0, symlinkat("z", t.rootfd, "y"));
	w = walk_open(&t, plain);
	while (walk_next(w, &node)) {
		if (node.type != VL_ENTRY_DIR) {
			assert_int_equal(-1, node.fd);
			continue;
		}
		dirs++;
		assert_int_equal(0, fstat(node.fd, &st));
		assert_true(st.st_ino == node.st.st_ino);
		assert_int_equal(
		    O_RDONLY, fcntl(node.fd, F_GETFL) & (O_ACCMODE | O_PATH));
	}
	assert_int_equal(41, dirs);
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

static void
walk_in_circles(struct trees *t)
{
	const struct vl_walk_opts cross = { .cross_mounts = true };
	char from[128];
	char to[128];
	char *got = NULL;

	if (unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		_exit(SKIPPED);
	/* The root again, the directory it stands in, and one beside it. */
	(void)snprintf(to, sizeof(to), "%s/a/again", t->root);
	if (mount(t->root, to, NULL, MS_BIND, NULL) != 0)
		_exit(SKIPPED);
	(void)snprintf(from, sizeof(from), "%s/a", t->root);
	(void)snprintf(to, sizeof(to), "%s/a/self", t->root);
	child_assert(mount(from, to, NULL, MS_BIND, NULL) == 0);
	(void)snprintf(to, sizeof(to), "%s/b", t->root);
	child_assert(mount(from, to, NULL, MS_BIND, NULL) == 0);
	(void)snprintf(to, sizeof(to), "%s/c", t->root);
	child_assert(mount(t->path, to, NULL, MS_BIND, NULL) == 0);
	got = list(t, cross);
	child_assert(strcmp(got,
	                 "dir \ndir a\nmount a/again\nfile a/f\n"
	                 "mount a/self\n"
	                 "dir b\ndir b/again\nfile b/f\ndir b/self\n"
	                 "dir c\nmount c/root\n") == 0);
	free(got);
}

static void
leaves_out_only_mounts_that_lead_back_when_crossing(void **state)
{
	struct trees t;

	(void)state;
	trees_open(&t);
	make_dir(t.rootfd, "a");
	make_dir(t.rootfd, "a/again");
	make_dir(t.rootfd, "a/self");
	make_file(t.rootfd, "a/f", "");
	make_dir(t.rootfd, "b");
	make_dir(t.rootfd, "c");
	if (!in_child(walk_in_circles, &t))
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
		    leaves_out_what_is_excluded_and_never_shows_the_hidden),
		cmocka_unit_test(hides_no_more_than_what_valise_names_so),
		cmocka_unit_test(skips_a_directory_when_asked),
		cmocka_unit_test(gives_special_files_as_they_are_when_asked),
		cmocka_unit_test(gives_directories_open_to_be_read),
		cmocka_unit_test(says_usage_when_the_root_is_not_there),
		cmocka_unit_test(
		    leaves_out_what_may_not_be_listed_or_looked_at),
		cmocka_unit_test(counts_bind_mounts_as_mounts),
		cmocka_unit_test(
		    leaves_out_only_mounts_that_lead_back_when_crossing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
