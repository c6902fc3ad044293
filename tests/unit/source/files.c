/* Records of a tree: lines, bodies, what is left out, what is counted. */

#include <sys/socket.h>
#include <sys/un.h>

#include "run.h"

static void
says_what_stat_says(void **state)
{
	const struct timespec times[2] = { { 5, 6 }, { -2, 500000000 } };
	struct stat st = { 0 };
	struct run r;
	char *real = NULL;

	(void)state;
	run_open(&r);
	make_file(r.t.rootfd, "a", "hello");
	make_dir(r.t.rootfd, "b");
	make_file(r.t.rootfd, "b/empty", "");
	assert_int_equal(0, symlinkat("a", r.t.rootfd, "c"));
	assert_int_equal(0, fchmodat(r.t.rootfd, "b", 03711, 0));
	assert_int_equal(0, fchmodat(r.t.rootfd, "a", 0640, 0));
	assert_int_equal(0, utimensat(r.t.rootfd, "a", times, 0));
	assert_int_equal(
	    0, utimensat(r.t.rootfd, "c", times, AT_SYMLINK_NOFOLLOW));
	assert_int_equal(0, fstatat(r.t.rootfd, "a", &st, 0));
	run_start(&r);
	real = realpath(r.t.root, NULL);
	assert_string_equal(real, vl_source_path(r.source));
	free(real);
	expect(&r, VL_ENTRY_DIR, "");
	assert_int_equal(0755, r.entry.mode);
	assert_true(vl_slice_equal(vl_slice_of("up"), r.entry.resource));
	expect(&r, VL_ENTRY_FILE, "a");
	assert_int_equal(0640, r.entry.mode);
	assert_int_equal(st.st_uid, r.entry.uid);
	assert_int_equal(st.st_gid, r.entry.gid);
	assert_int_equal(-2, r.entry.mtime.sec);
	assert_int_equal(500000000, r.entry.mtime.nsec);
	if (st.st_uid == 0)
		assert_true(vl_slice_equal(vl_slice_of("root"), r.entry.owner));
	assert_memory_equal("k1.", r.rec.line.p + r.rec.hash_at, 3);
	expect_body(&r, "hello");
	expect(&r, VL_ENTRY_DIR, "b");
	assert_int_equal(03711, r.entry.mode);
	expect(&r, VL_ENTRY_FILE, "b/empty");
	expect_body(&r, "");
	expect(&r, VL_ENTRY_LINK, "c");
	assert_true(vl_slice_equal(vl_slice_of("a"), r.entry.target));
	assert_int_equal(-2, r.entry.mtime.sec);
	expect_end(&r);
	assert_int_equal(2, counts(&r).dirs);
	assert_int_equal(2, counts(&r).files);
	assert_int_equal(1, counts(&r).links);
	assert_int_equal(5, counts(&r).bytes);
	run_close(&r);
}

static void
counts_what_does_not_travel(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct vl_source_counts c;
	struct run r;
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	run_open(&r);
	r.resource.exclude = (char *[]){ (char[]){ "*.tmp" } };
	r.resource.nexclude = 1;
	make_file(r.t.rootfd, "a", "x");
	make_file(r.t.rootfd, "b", "whose body nobody wants");
	make_file(r.t.rootfd, "e.tmp", "");
	assert_int_equal(0, mkfifoat(r.t.rootfd, "f", 0600));
	(void)snprintf(
	    address.sun_path, sizeof(address.sun_path), "%s/g", r.t.root);
	assert_int_equal(
	    0, bind(s, (struct sockaddr *)&address, sizeof(address)));
	make_dir(r.t.rootfd, ".valise");
	run_start(&r);
	expect(&r, VL_ENTRY_DIR, "");
	expect(&r, VL_ENTRY_FILE, "a");
	expect_body(&r, "x");
	expect(&r, VL_ENTRY_FILE, "b");
	expect_left_out(&r, VL_WHY_EXCLUDED, "e.tmp");
	expect_left_out(&r, VL_WHY_KIND, "f");
	expect_left_out(&r, VL_WHY_KIND, "g");
	expect_end(&r);
	c = counts(&r);
	assert_int_equal(2, c.files);
	assert_int_equal(1 + 23, c.bytes);
	assert_int_equal(0, c.hard_links + c.specials + c.sparse + c.cut);
	assert_int_equal(0, c.attributes + c.privileged);
	assert_int_equal(1, c.left_out[VL_WHY_EXCLUDED]);
	assert_int_equal(2, c.left_out[VL_WHY_KIND]);
	assert_int_equal(0, r.problems);
	(void)close(s);
	run_close(&r);
}

static void
grow_once(int nth)
{
	if (nth == 1)
		make_file(running->t.rootfd, "a", "hello, world");
}

static void
shrink_once(int nth)
{
	if (nth == 0)
		make_file(running->t.rootfd, "a", "hi");
}

static void
rewrite_once(int nth)
{
	int fd = -1;

	if (nth != 1)
		return;
	fd = openat(running->t.rootfd, "a", O_WRONLY | O_CLOEXEC);
	assert_int_equal(5, write(fd, "HELLO", 5));
	(void)close(fd);
}

static void
replace_once(int nth)
{
	if (nth != 1)
		return;
	make_file(running->t.fd, "new", "HELLO");
	assert_int_equal(
	    0, renameat(running->t.fd, "new", running->t.rootfd, "a"));
}

static void
expect_second(void (*change)(int), const char *want)
{
	struct run r;

	run_open(&r);
	make_file(r.t.rootfd, "a", "hello");
	make_file(r.t.rootfd, "b", "more");
	run_start(&r);
	expect(&r, VL_ENTRY_DIR, "");
	before_read = change;
	expect(&r, VL_ENTRY_FILE, "a");
	expect_changed(&r);
	assert_int_equal(0, counts(&r).files);
	before_read = NULL;
	expect(&r, VL_ENTRY_FILE, "a");
	expect_body(&r, want);
	expect(&r, VL_ENTRY_FILE, "b");
	expect_body(&r, "more");
	expect_end(&r);
	assert_int_equal(2, counts(&r).files);
	assert_int_equal(strlen(want) + 4, counts(&r).bytes);
	assert_int_equal(0, r.problems);
	run_close(&r);
}

static void
yields_a_file_anew_that_changed_while_it_was_read(void **state)
{
	(void)state;
	expect_second(grow_once, "hello, world");
	expect_second(shrink_once, "hi");
	expect_second(rewrite_once, "HELLO");
	expect_second(replace_once, "HELLO");
}

static void
leaves_out_a_file_that_never_holds_still(void **state)
{
	struct run r;
	int i;

	(void)state;
	run_open(&r);
	make_file(r.t.rootfd, "a", "hello");
	make_file(r.t.rootfd, "b", "");
	run_start(&r);
	expect(&r, VL_ENTRY_DIR, "");
	before_read = append_always;
	for (i = 0; i < 3; i++) {
		expect(&r, VL_ENTRY_FILE, "a");
		expect_changed(&r);
	}
	expect_left_out(&r, VL_WHY_UNSTABLE, "a");
	assert_string_equal(
	    "a: it changed every time it was looked at", r.problem);
	before_read = NULL;
	expect(&r, VL_ENTRY_FILE, "b");
	expect_body(&r, "");
	expect_end(&r);
	assert_int_equal(1, counts(&r).files);
	assert_int_equal(1, counts(&r).left_out[VL_WHY_UNSTABLE]);
	assert_int_equal(1, r.problems);
	run_close(&r);
}

static void
remove_once(int nth)
{
	if (nth == 1)
		assert_int_equal(0, unlinkat(running->t.rootfd, "a", 0));
}

static void
reports_a_file_that_vanished_while_it_was_read(void **state)
{
	struct run r;

	(void)state;
	run_open(&r);
	make_file(r.t.rootfd, "a", "hello");
	make_file(r.t.rootfd, "b", "");
	run_start(&r);
	expect(&r, VL_ENTRY_DIR, "");
	before_read = remove_once;
	expect(&r, VL_ENTRY_FILE, "a");
	expect_changed(&r);
	expect_left_out(&r, VL_WHY_UNSTABLE, "a");
	expect(&r, VL_ENTRY_FILE, "b");
	expect_end(&r);
	assert_int_equal(1, r.problems);
	assert_int_equal(1, counts(&r).files);
	run_close(&r);
}

static void
become_a_directory(int nth)
{
	if (nth != 1)
		return;
	assert_int_equal(0, unlinkat(running->t.rootfd, "a", 0));
	make_dir(running->t.rootfd, "a");
	make_file(running->t.rootfd, "a/x", "in");
}

static void
follows_a_file_that_became_a_directory(void **state)
{
	struct run r;

	(void)state;
	run_open(&r);
	make_file(r.t.rootfd, "a", "hello");
	run_start(&r);
	expect(&r, VL_ENTRY_DIR, "");
	before_read = become_a_directory;
	expect(&r, VL_ENTRY_FILE, "a");
	expect_changed(&r);
	expect(&r, VL_ENTRY_DIR, "a");
	expect(&r, VL_ENTRY_FILE, "a/x");
	expect_body(&r, "in");
	expect_end(&r);
	run_close(&r);
}

/* Settled early, before its end was seen. */
static void
does_not_settle_for_less_than_all(void **state)
{
	enum vl_settled how = VL_SETTLED;
	struct vl_err err = { 0 };
	struct run r;
	uint8_t piece[4];
	size_t got = 0;

	(void)state;
	run_open(&r);
	make_file(r.t.rootfd, "a", "hello");
	run_start(&r);
	expect(&r, VL_ENTRY_DIR, "");
	expect(&r, VL_ENTRY_FILE, "a");
	assert_int_equal(
	    VL_OK, vl_source_read(r.source, piece, sizeof(piece), &got, &err));
	assert_int_equal(VL_OK, vl_source_settle(r.source, &how, &err));
	assert_int_equal(VL_AGAIN, how);
	expect(&r, VL_ENTRY_FILE, "a");
	expect_body(&r, "hello");
	expect_end(&r);
	run_close(&r);
}

static void
leaves_out_a_file_that_fails_to_read(void **state)
{
	struct run r;

	(void)state;
	run_open(&r);
	make_file(r.t.rootfd, "a", "hello");
	make_file(r.t.rootfd, "b", "more");
	run_start(&r);
	expect(&r, VL_ENTRY_DIR, "");
	expect(&r, VL_ENTRY_FILE, "a");
	read_error = EIO;
	expect_changed(&r);
	read_error = 0;
	expect_left_out(&r, VL_WHY_UNREADABLE, "a");
	assert_string_equal("a: Input/output error", r.problem);
	expect(&r, VL_ENTRY_FILE, "b");
	expect_body(&r, "more");
	expect_end(&r);
	assert_int_equal(1, counts(&r).left_out[VL_WHY_UNREADABLE]);
	run_close(&r);
}

static void
read_as_nobody(struct trees *t)
{
	struct run *r = running;

	(void)t;
	child_assert(setgid(65534) == 0 && setuid(65534) == 0);
	run_start(r);
	child_assert(next(r) && r->entry.type == VL_ENTRY_DIR);
	child_assert(next(r) && r->entry.why == VL_WHY_UNREADABLE);
	child_assert(strcmp(r->problem, "a: Permission denied") == 0);
	child_assert(next(r) && r->entry.why == VL_WHY_UNREADABLE);
	child_assert(strcmp(r->problem, "b: Permission denied") == 0);
	child_assert(!next(r));
	child_assert(r->problems == 2);
	vl_source_free(r->source);
	r->source = NULL;
	vl_entry_store_free(&r->store);
}

static void
leaves_out_what_may_not_be_opened(void **state)
{
	struct run r;

	(void)state;
	run_open(&r);
	make_file(r.t.rootfd, "a", "hello");
	assert_int_equal(0, fchmodat(r.t.rootfd, "a", 0, 0));
	make_dir(r.t.rootfd, "b");
	assert_int_equal(0, fchmodat(r.t.rootfd, "b", 0, 0));
	if (geteuid() == 0) {
		/* The way here may be closed to nobody. */
		assert_int_equal(0, fchdir(r.t.fd));
		free(r.resource.path);
		r.resource.path = strdup("root");
		memcpy(r.t.path, ".", 2);
		assert_true(in_child(read_as_nobody, &r.t));
		assert_int_equal(0, chdir(".."));
		(void)snprintf(r.t.path, sizeof(r.t.path), "%.*s",
		    (int)(strchr(r.t.root, '/') - r.t.root), r.t.root);
	} else {
		print_message("not root: nothing to give up, skipped\n");
	}
	run_close(&r);
}

static void
says_usage_when_the_root_is_not_there(void **state)
{
	const struct vl_source_opts opts = { 0 };
	struct vl_err err = { 0 };
	struct run r;

	(void)state;
	run_open(&r);
	free(r.resource.path);
	r.resource.path = strdup("/not/there");
	assert_int_equal(
	    VL_EUSAGE, vl_source_open(&r.source, &r.resource, &opts, &err));
	assert_null(r.source);
	assert_string_equal("resource 'up' (line 12 of the site file): cannot "
	                    "open folder '/not/there': No such file or "
	                    "directory",
	    err.text);
	run_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_stat_says),
		cmocka_unit_test(counts_what_does_not_travel),
		cmocka_unit_test(
		    yields_a_file_anew_that_changed_while_it_was_read),
		cmocka_unit_test(leaves_out_a_file_that_never_holds_still),
		cmocka_unit_test(
		    reports_a_file_that_vanished_while_it_was_read),
		cmocka_unit_test(follows_a_file_that_became_a_directory),
		cmocka_unit_test(does_not_settle_for_less_than_all),
		cmocka_unit_test(leaves_out_a_file_that_fails_to_read),
		cmocka_unit_test(leaves_out_what_may_not_be_opened),
		cmocka_unit_test(says_usage_when_the_root_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
