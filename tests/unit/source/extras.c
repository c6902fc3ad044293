/* ACLs, extended attributes and flags in the line of a path. */

#include <linux/fs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/xattr.h>

#include "run.h"

#define ACCESS_ACL  "system.posix_acl_access"
#define DEFAULT_ACL "system.posix_acl_default"

/* The test changes the tree before attributes are listed the nth time. */
static void (*before_list)(int nth);
static int lists;
static int list_error;

ssize_t __real_flistxattr(int fd, char *list, size_t n);
ssize_t __wrap_flistxattr(int fd, char *list, size_t n);
ssize_t __real_llistxattr(const char *path, char *list, size_t n);
ssize_t __wrap_llistxattr(const char *path, char *list, size_t n);

ssize_t
__wrap_flistxattr(int fd, char *list, size_t n)
{
	if (before_list != NULL)
		before_list(lists++);
	if (list_error == 0)
		return __real_flistxattr(fd, list, n);
	errno = list_error;
	return -1;
}

ssize_t
__wrap_llistxattr(const char *path, char *list, size_t n)
{
	if (before_list != NULL)
		before_list(lists++);
	return __real_llistxattr(path, list, n);
}

static void
list_with(void (*change)(int))
{
	lists = 0;
	before_list = change;
}

/* rwx of the owner, user 1234 r-x, group r--, mask r-x, others nothing; as
 * the kernel keeps it. */
static const uint8_t acl_of_1234[] = { 2, 0, 0, 0, 1, 0, 7, 0, 0xff, 0xff, 0xff,
	0xff, 2, 0, 5, 0, 0xd2, 0x04, 0, 0, 4, 0, 4, 0, 0xff, 0xff, 0xff, 0xff,
	0x10, 0, 5, 0, 0xff, 0xff, 0xff, 0xff, 0x20, 0, 0, 0, 0xff, 0xff, 0xff,
	0xff };

/* A file with `value` as attribute `name`; false (and said so) where the file
 * system has no room for such a thing. */
static bool
set(struct run *r, const char *path, const char *name, const void *value,
    size_t n)
{
	char full[256];

	(void)snprintf(full, sizeof(full), "%s/%s", r->t.root, path);
	if (lsetxattr(full, name, value, n, 0) == 0)
		return true;
	print_message("no '%s' here: %s, skipped\n", name, strerror(errno));
	return false;
}

static void
expect_xattr(const struct run *r, size_t i, const char *name, const void *value,
    size_t n)
{
	assert_true(i < r->entry.nxattrs);
	assert_true(vl_slice_equal(vl_slice_of(name), r->entry.xattrs[i].name));
	assert_true(vl_slice_equal(
	    (struct vl_slice){ value, n }, r->entry.xattrs[i].value));
}

static void
expect_acl_of_1234(const struct vl_acl_entry *acl, size_t n)
{
	assert_int_equal(5, n);
	assert_int_equal(VL_ACL_USER_OBJ, acl[0].tag);
	assert_int_equal(7, acl[0].perm);
	assert_int_equal(VL_ACL_USER, acl[1].tag);
	assert_int_equal(5, acl[1].perm);
	assert_int_equal(1234, acl[1].id);
	assert_int_equal(VL_ACL_GROUP_OBJ, acl[2].tag);
	assert_int_equal(4, acl[2].perm);
	assert_int_equal(VL_ACL_MASK, acl[3].tag);
	assert_int_equal(5, acl[3].perm);
	assert_int_equal(VL_ACL_OTHER, acl[4].tag);
	assert_int_equal(0, acl[4].perm);
}

static void
carries_attributes_of_users(void **state)
{
	static const uint8_t binary[] = { 0, 0xff, 0x80, '"', '\n', 0 };
	struct run r;

	(void)state;
	run_open(&r);
	make_file(r.t.rootfd, "a", "x");
	make_dir(r.t.rootfd, "b");
	make_file(r.t.rootfd, "c", "x");
	if (set(&r, "a", "user.text", "plain", 5) &&
	    set(&r, "a", "user.binary", binary, sizeof(binary)) &&
	    set(&r, "a", "user.empty", "", 0) &&
	    set(&r, "b", "user.of a dir", "y", 1)) {
		run_start(&r);
		expect(&r, VL_ENTRY_DIR, "");
		assert_int_equal(0, r.entry.nxattrs);
		expect(&r, VL_ENTRY_FILE, "a");
		assert_int_equal(3, r.entry.nxattrs);
		expect_xattr(&r, 0, "user.binary", binary, sizeof(binary));
		expect_xattr(&r, 1, "user.empty", "", 0);
		expect_xattr(&r, 2, "user.text", "plain", 5);
		expect_body(&r, "x");
		expect(&r, VL_ENTRY_DIR, "b");
		expect_xattr(&r, 0, "user.of a dir", "y", 1);
		expect(&r, VL_ENTRY_FILE, "c");
		assert_int_equal(0, r.entry.nxattrs);
		expect_body(&r, "x");
		expect_end(&r);
		assert_int_equal(2, counts(&r).attributes);
	}
	run_close(&r);
}

static void
carries_acls(void **state)
{
	struct run r;

	(void)state;
	run_open(&r);
	make_file(r.t.rootfd, "a", "x");
	make_dir(r.t.rootfd, "b");
	if (set(&r, "a", ACCESS_ACL, acl_of_1234, sizeof(acl_of_1234)) &&
	    set(&r, "b", ACCESS_ACL, acl_of_1234, sizeof(acl_of_1234)) &&
	    set(&r, "b", DEFAULT_ACL, acl_of_1234, sizeof(acl_of_1234))) {
		run_start(&r);
		expect(&r, VL_ENTRY_DIR, "");
		expect(&r, VL_ENTRY_FILE, "a");
		expect_acl_of_1234(r.entry.acl, r.entry.nacl);
		assert_int_equal(0, r.entry.nacl_default);
		assert_int_equal(0750, r.entry.mode);
		assert_int_equal(0, r.entry.nxattrs);
		expect_body(&r, "x");
		expect(&r, VL_ENTRY_DIR, "b");
		expect_acl_of_1234(r.entry.acl, r.entry.nacl);
		expect_acl_of_1234(r.entry.acl_default, r.entry.nacl_default);
		expect_end(&r);
		assert_int_equal(2, counts(&r).attributes);
	}
	run_close(&r);
}

static void
carries_flags(void **state)
{
	const int flags = FS_NODUMP_FL | FS_NOATIME_FL;
	struct run r;
	int fd = -1;
	bool have = false;

	(void)state;
	run_open(&r);
	make_file(r.t.rootfd, "a", "x");
	make_dir(r.t.rootfd, "b");
	fd = openat(r.t.rootfd, "a", O_RDONLY | O_CLOEXEC);
	have = ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0;
	(void)close(fd);
	fd = openat(r.t.rootfd, "b", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	have = have && ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0;
	(void)close(fd);
	if (have) {
		run_start(&r);
		expect(&r, VL_ENTRY_DIR, "");
		assert_int_equal(0, r.entry.flags);
		expect(&r, VL_ENTRY_FILE, "a");
		assert_int_equal(
		    VL_FLAG_NODUMP | VL_FLAG_NOATIME, r.entry.flags);
		expect(&r, VL_ENTRY_DIR, "b");
		assert_int_equal(
		    VL_FLAG_NODUMP | VL_FLAG_NOATIME, r.entry.flags);
		expect_end(&r);
		assert_int_equal(2, counts(&r).attributes);
	} else {
		print_message("no flags here, skipped\n");
	}
	run_close(&r);
}

/* With and without the word. */
static void
expect_rights(bool privileged)
{
	struct run r;

	run_open(&r);
	r.resource.privileged = privileged;
	make_file(r.t.rootfd, "a", "x");
	assert_int_equal(0, symlinkat("a", r.t.rootfd, "b"));
	if (set(&r, "a", "trusted.x", "1", 1) &&
	    set(&r, "a", "security.x", "2", 1) &&
	    set(&r, "a", "user.x", "3", 1) &&
	    set(&r, "b", "trusted.x", "4", 1)) {
		run_start(&r);
		expect(&r, VL_ENTRY_DIR, "");
		expect(&r, VL_ENTRY_FILE, "a");
		if (privileged) {
			assert_int_equal(3, r.entry.nxattrs);
			expect_xattr(&r, 0, "security.x", "2", 1);
			expect_xattr(&r, 1, "trusted.x", "1", 1);
			expect_xattr(&r, 2, "user.x", "3", 1);
		} else {
			assert_int_equal(1, r.entry.nxattrs);
			expect_xattr(&r, 0, "user.x", "3", 1);
		}
		expect_body(&r, "x");
		expect(&r, VL_ENTRY_LINK, "b");
		assert_int_equal(privileged, r.entry.nxattrs);
		expect_end(&r);
		assert_int_equal(privileged ? 0 : 2, counts(&r).privileged);
		assert_int_equal(privileged + 1, counts(&r).attributes);
	}
	run_close(&r);
}

static void
carries_what_gives_rights_only_when_told_so(void **state)
{
	(void)state;
	expect_rights(false);
	expect_rights(true);
}

/* Half a line each, of what is written in base64. */
static bool
give_too_much(struct run *r, const char *path)
{
	static const uint8_t value[VL_LINE_MAX / 2] = { 0xff };

	return set(r, path, "trusted.a", value, sizeof(value)) &&
	    set(r, path, "trusted.b", value, sizeof(value));
}

/* On a file system that holds as much. */
static void
read_too_much(struct trees *t)
{
	struct run *r = running;

	if (unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("none", t->root, "tmpfs", 0, NULL) != 0)
		_exit(SKIPPED);
	t->rootfd = open(t->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	make_file(t->rootfd, "a", "x");
	make_dir(t->rootfd, "b");
	make_file(t->rootfd, "b/c", "not reached");
	assert_int_equal(0, symlinkat("x", t->rootfd, "d"));
	make_file(t->rootfd, "e", "x");
	if (!give_too_much(r, "a") || !give_too_much(r, "b") ||
	    !give_too_much(r, "d"))
		_exit(SKIPPED);
	run_start(r);
	child_assert(next(r) && r->entry.type == VL_ENTRY_DIR);
	child_assert(next(r) && r->entry.why == VL_WHY_UNREADABLE);
	child_assert(strcmp(r->problem,
	                 "a: its attributes are larger than a manifest line "
	                 "may be") == 0);
	child_assert(next(r) && r->entry.why == VL_WHY_UNREADABLE);
	child_assert(r->problem[0] == 'b');
	child_assert(next(r) && r->entry.why == VL_WHY_UNREADABLE);
	child_assert(r->problem[0] == 'd');
	child_assert(next(r) && r->entry.type == VL_ENTRY_FILE);
	child_assert(!next(r));
	child_assert(r->problems == 3 && counts(r).attributes == 0);
	vl_source_free(r->source);
	vl_entry_store_free(&r->store);
}

static void
leaves_out_what_has_more_than_a_line_holds(void **state)
{
	struct run r;

	(void)state;
	run_open(&r);
	r.resource.privileged = true;
	if (!in_child(read_too_much, &r.t))
		print_message("no such file system here, skipped\n");
	run_close(&r);
}

static void
set_while_read(int nth)
{
	if (nth == 1)
		(void)set(running, "a", "user.note", "new", 3);
}

static void
an_attribute_that_changes_is_a_change_of_the_file(void **state)
{
	struct run r;

	(void)state;
	run_open(&r);
	make_file(r.t.rootfd, "a", "hello");
	if (set(&r, "a", "user.note", "old", 3)) {
		run_start(&r);
		expect(&r, VL_ENTRY_DIR, "");
		before_read = set_while_read;
		expect(&r, VL_ENTRY_FILE, "a");
		expect_xattr(&r, 0, "user.note", "old", 3);
		expect_changed(&r);
		before_read = NULL;
		expect(&r, VL_ENTRY_FILE, "a");
		expect_xattr(&r, 0, "user.note", "new", 3);
		expect_body(&r, "hello");
		expect_end(&r);
		assert_int_equal(1, counts(&r).attributes);
	}
	run_close(&r);
}

/* The mask of an ACL goes with the permissions of the group. */
static void
chmod_once(int nth)
{
	if (nth == 1)
		assert_int_equal(0, fchmodat(running->t.rootfd, "a", 0700, 0));
}

static void
mode_and_acl_are_of_one_moment(void **state)
{
	struct run r;
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		run_open(&r);
		if (i == 0)
			make_file(r.t.rootfd, "a", "x");
		else
			make_dir(r.t.rootfd, "a");
		if (set(&r, "a", ACCESS_ACL, acl_of_1234,
		        sizeof(acl_of_1234))) {
			run_start(&r);
			list_with(chmod_once);
			expect(&r, VL_ENTRY_DIR, "");
			expect(&r, i == 0 ? VL_ENTRY_FILE : VL_ENTRY_DIR, "a");
			assert_int_equal(0700, r.entry.mode);
			assert_int_equal(5, r.entry.nacl);
			assert_int_equal(0, r.entry.acl[3].perm);
			expect_end(&r);
			list_with(NULL);
			assert_int_equal(0, r.problems);
		}
		run_close(&r);
	}
}

/* What had no attributes becomes something that has. */
static void
replace_once(int nth)
{
	if (nth != 1) /* the root came first */
		return;
	assert_int_equal(0, unlinkat(running->t.rootfd, "a", 0));
	assert_int_equal(
	    0, renameat(running->t.rootfd, "b", running->t.rootfd, "a"));
}

static void
attributes_are_never_those_of_something_else(void **state)
{
	struct run r;

	(void)state;
	run_open(&r);
	r.resource.special = true;
	r.resource.privileged = true;
	assert_int_equal(0, mkfifoat(r.t.rootfd, "a", 0600));
	assert_int_equal(0, symlinkat("x", r.t.rootfd, "b"));
	if (set(&r, "b", "trusted.x", "1", 1)) {
		run_start(&r);
		list_with(replace_once);
		expect(&r, VL_ENTRY_DIR, "");
		expect(&r, VL_ENTRY_LINK, "a");
		expect_xattr(&r, 0, "trusted.x", "1", 1);
		expect_end(&r);
		list_with(NULL);
		assert_int_equal(0, counts(&r).specials);
	}
	run_close(&r);
}

static void
leaves_out_what_does_not_tell_its_attributes(void **state)
{
	struct run r;

	(void)state;
	run_open(&r);
	make_file(r.t.rootfd, "a", "x");
	make_file(r.t.rootfd, "b", "x");
	run_start(&r);
	expect(&r, VL_ENTRY_DIR, "");
	list_error = EIO;
	expect_left_out(&r, VL_WHY_UNREADABLE, "a");
	list_error = 0;
	assert_string_equal(
	    "a: its attributes cannot be read: Input/output error", r.problem);
	expect(&r, VL_ENTRY_FILE, "b");
	expect_body(&r, "x");
	expect_end(&r);
	assert_int_equal(1, counts(&r).left_out[VL_WHY_UNREADABLE]);
	run_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_attributes_of_users),
		cmocka_unit_test(carries_acls),
		cmocka_unit_test(carries_flags),
		cmocka_unit_test(carries_what_gives_rights_only_when_told_so),
		cmocka_unit_test(leaves_out_what_has_more_than_a_line_holds),
		cmocka_unit_test(
		    an_attribute_that_changes_is_a_change_of_the_file),
		cmocka_unit_test(mode_and_acl_are_of_one_moment),
		cmocka_unit_test(attributes_are_never_those_of_something_else),
		cmocka_unit_test(leaves_out_what_does_not_tell_its_attributes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
