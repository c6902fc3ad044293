/* What a site may or may not let travel: modes, FIFOs, devices, links that
 * lead out, other file systems. */

#include <sched.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "run.h"

static void
expect_modes(bool privileged)
{
	struct run r;

	run_open(&r);
	r.resource.privileged = privileged;
	make_file(r.t.rootfd, "a", "");
	make_file(r.t.rootfd, "b", "");
	make_dir(r.t.rootfd, "c");
	make_dir(r.t.rootfd, "d");
	assert_int_equal(0, fchmodat(r.t.rootfd, "a", 07755, 0));
	assert_int_equal(0, fchmodat(r.t.rootfd, "b", 01644, 0));
	assert_int_equal(0, fchmodat(r.t.rootfd, "c", 07711, 0));
	assert_int_equal(0, fchmodat(r.t.rootfd, "d", 03777, 0));
	run_start(&r);
	expect(&r, VL_ENTRY_DIR, "");
	expect(&r, VL_ENTRY_FILE, "a");
	assert_int_equal(privileged ? 07755 : 01755, r.entry.mode);
	expect(&r, VL_ENTRY_FILE, "b");
	assert_int_equal(01644, r.entry.mode);
	expect(&r, VL_ENTRY_DIR, "c");
	assert_int_equal(privileged ? 07711 : 03711, r.entry.mode);
	expect(&r, VL_ENTRY_DIR, "d");
	assert_int_equal(03777, r.entry.mode);
	expect_end(&r);
	assert_int_equal(privileged ? 0 : 2, counts(&r).privileged);
	run_close(&r);
}

static void
carries_setuid_only_when_told_so(void **state)
{
	(void)state;
	expect_modes(false);
	expect_modes(true);
}

static void
carries_fifos_when_told_so(void **state)
{
	struct run r;

	(void)state;
	run_open(&r);
	r.resource.special = true;
	assert_int_equal(0, mkfifoat(r.t.rootfd, "a", 0));
	assert_int_equal(0, fchmodat(r.t.rootfd, "a", 0622, 0));
	run_start(&r);
	expect(&r, VL_ENTRY_DIR, "");
	expect(&r, VL_ENTRY_FIFO, "a");
	assert_int_equal(0622, r.entry.mode);
	expect_end(&r);
	assert_int_equal(1, counts(&r).specials);
	assert_int_equal(0, counts(&r).left_out[VL_WHY_KIND]);
	run_close(&r);
}

static void
carries_devices_when_told_so(void **state)
{
	struct run r;
	char path[256];
	bool made = false;

	(void)state;
	run_open(&r);
	r.resource.special = true;
	r.resource.privileged = true;
	made = mknodat(r.t.rootfd, "a", S_IFCHR | 0600, makedev(1, 300)) == 0 &&
	    mknodat(r.t.rootfd, "b", S_IFBLK | 0600, makedev(4094, 9)) == 0;
	(void)snprintf(path, sizeof(path), "%s/a", r.t.root);
	if (made && lsetxattr(path, "trusted.x", "1", 1, 0) == 0) {
		run_start(&r);
		expect(&r, VL_ENTRY_DIR, "");
		expect(&r, VL_ENTRY_CHAR, "a");
		assert_int_equal(1, r.entry.major);
		assert_int_equal(300, r.entry.minor);
		assert_int_equal(1, r.entry.nxattrs);
		expect(&r, VL_ENTRY_BLOCK, "b");
		assert_int_equal(4094, r.entry.major);
		assert_int_equal(9, r.entry.minor);
		assert_int_equal(0, r.entry.nxattrs);
		expect_end(&r);
		assert_int_equal(2, counts(&r).specials);
	} else {
		print_message("no right to make devices, skipped\n");
	}
	run_close(&r);
}

static void
leaves_out_links_that_lead_out(void **state)
{
	struct run r;

	(void)state;
	run_open(&r);
	r.resource.links = VL_LINKS_INSIDE;
	make_dir(r.t.rootfd, "a");
	assert_int_equal(0, symlinkat("../b", r.t.rootfd, "a/in"));
	/* One inode, two places: from one of them it leads out. */
	assert_int_equal(0, linkat(r.t.rootfd, "a/in", r.t.rootfd, "b", 0));
	assert_int_equal(0, symlinkat("/etc", r.t.rootfd, "c"));
	run_start(&r);
	expect(&r, VL_ENTRY_DIR, "");
	expect(&r, VL_ENTRY_DIR, "a");
	expect(&r, VL_ENTRY_LINK, "a/in");
	expect_left_out(&r, VL_WHY_KIND, "b");
	expect_left_out(&r, VL_WHY_KIND, "c");
	expect_end(&r);
	assert_int_equal(1, counts(&r).links);
	assert_int_equal(2, counts(&r).outward);
	assert_int_equal(2, counts(&r).left_out[VL_WHY_KIND]);
	assert_int_equal(0, r.problems);
	run_close(&r);
}

static void
read_over_mounts(struct trees *t)
{
	struct run *r = running;
	char root[128];
	char on[256];

	(void)snprintf(root, sizeof(root), "%s", t->root);
	(void)snprintf(on, sizeof(on), "%s/b/deep", root);
	if (unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("none", on, "tmpfs", 0, NULL) != 0)
		_exit(SKIPPED);
	(void)snprintf(on, sizeof(on), "%s/c", root);
	child_assert(mount(root, on, NULL, MS_BIND, NULL) == 0);
	run_start(r);
	while (next(r))
		continue;
	child_assert(strcmp(r->mounts, "b/deep c ") == 0);
	child_assert(counts(r).left_out[VL_WHY_MOUNT] == 2);
	vl_source_free(r->source);

	/* What leads back into itself is not entered even then. */
	r->mounts[0] = '\0';
	r->resource.one_file_system = false;
	run_start(r);
	while (next(r))
		continue;
	child_assert(strcmp(r->mounts, "c ") == 0);
	child_assert(counts(r).left_out[VL_WHY_MOUNT] == 1);
	child_assert(r->problems == 0);
	vl_source_free(r->source);
	r->source = NULL;
	vl_entry_store_free(&r->store);
}

static void
names_mount_points_that_it_does_not_enter(void **state)
{
	struct run r;

	(void)state;
	run_open(&r);
	make_dir(r.t.rootfd, "b");
	make_dir(r.t.rootfd, "b/deep");
	make_dir(r.t.rootfd, "c");
	if (!in_child(read_over_mounts, &r.t))
		print_message("no right to mount, skipped\n");
	run_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_setuid_only_when_told_so),
		cmocka_unit_test(carries_fifos_when_told_so),
		cmocka_unit_test(carries_devices_when_told_so),
		cmocka_unit_test(leaves_out_links_that_lead_out),
		cmocka_unit_test(names_mount_points_that_it_does_not_enter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
