/* Inodes with several names: the first travels, the others name it. */

#include "run.h"

static void
link_to(struct run *r, const char *from, const char *to)
{
	assert_int_equal(0, linkat(r->t.rootfd, from, r->t.rootfd, to, 0));
}

static void
expect_hard(struct run *r, const char *path, const char *to)
{
	expect(r, VL_ENTRY_HARD, path);
	assert_true(vl_slice_equal(vl_slice_of(to), r->entry.target));
}

static void
carries_the_content_once(void **state)
{
	struct run r;

	(void)state;
	run_open(&r);
	make_file(r.t.rootfd, "b", "hello");
	make_dir(r.t.rootfd, "c");
	link_to(&r, "b", "c/d");
	link_to(&r, "b", "a");
	make_file(r.t.rootfd, "e", "hello");
	run_start(&r);
	expect(&r, VL_ENTRY_DIR, "");
	expect(&r, VL_ENTRY_FILE, "a");
	expect_body(&r, "hello");
	expect_hard(&r, "b", "a");
	expect(&r, VL_ENTRY_DIR, "c");
	expect_hard(&r, "c/d", "a");
	expect(&r, VL_ENTRY_FILE, "e"); /* the same content, another file */
	expect_body(&r, "hello");
	expect_end(&r);
	assert_int_equal(2, counts(&r).files);
	assert_int_equal(10, counts(&r).bytes);
	assert_int_equal(2, counts(&r).hard_links);
	assert_int_equal(0, counts(&r).cut);
	run_close(&r);
}

static void
joins_what_is_no_file(void **state)
{
	struct run r;

	(void)state;
	run_open(&r);
	r.resource.special = true;
	assert_int_equal(0, symlinkat("nowhere", r.t.rootfd, "a"));
	link_to(&r, "a", "b");
	assert_int_equal(0, mkfifoat(r.t.rootfd, "c", 0600));
	link_to(&r, "c", "d");
	run_start(&r);
	expect(&r, VL_ENTRY_DIR, "");
	expect(&r, VL_ENTRY_LINK, "a");
	expect_hard(&r, "b", "a");
	expect(&r, VL_ENTRY_FIFO, "c");
	expect_hard(&r, "d", "c");
	expect_end(&r);
	assert_int_equal(1, counts(&r).links);
	assert_int_equal(1, counts(&r).specials);
	assert_int_equal(2, counts(&r).hard_links);
	assert_int_equal(0, counts(&r).cut);
	run_close(&r);
}

static void
says_how_many_are_cut(void **state)
{
	struct run r;

	(void)state;
	run_open(&r);
	r.resource.exclude = (char *[]){ (char[]){ "*.tmp" } };
	r.resource.nexclude = 1;
	make_file(r.t.rootfd, "a", "one");
	link_to(&r, "a", "b");
	assert_int_equal(0, linkat(r.t.rootfd, "a", r.t.fd, "outside", 0));
	make_file(r.t.rootfd, "c", "two");
	link_to(&r, "c", "c.tmp");
	make_file(r.t.rootfd, "d", "whole");
	link_to(&r, "d", "e");
	run_start(&r);
	expect(&r, VL_ENTRY_DIR, "");
	expect(&r, VL_ENTRY_FILE, "a");
	expect_body(&r, "one");
	expect_hard(&r, "b", "a");
	expect(&r, VL_ENTRY_FILE, "c");
	expect_left_out(&r, VL_WHY_EXCLUDED, "c.tmp");
	expect(&r, VL_ENTRY_FILE, "d"); /* nobody asks whether it settled */
	expect_hard(&r, "e", "d");
	expect_end(&r);
	assert_int_equal(2, counts(&r).cut);
	run_close(&r);
}

/* Writes through another name, between two looks. */
static void
written_between_two_names_it_travels_twice(void **state)
{
	struct run r;
	int fd = -1;

	(void)state;
	run_open(&r);
	make_file(r.t.rootfd, "a", "hello");
	link_to(&r, "a", "b");
	link_to(&r, "a", "c");
	run_start(&r);
	expect(&r, VL_ENTRY_DIR, "");
	expect(&r, VL_ENTRY_FILE, "a");
	expect_body(&r, "hello");
	fd = openat(r.t.rootfd, "c", O_WRONLY | O_CLOEXEC);
	assert_int_equal(5, write(fd, "HELLO", 5));
	(void)close(fd);
	expect(&r, VL_ENTRY_FILE, "b");
	expect_body(&r, "HELLO");
	expect(&r, VL_ENTRY_FILE, "c");
	expect_body(&r, "HELLO");
	expect_end(&r);
	assert_int_equal(0, counts(&r).hard_links);
	assert_int_equal(0, counts(&r).cut); /* all names were met */
	run_close(&r);
}

/* The number of a file that is gone is given to the next one. */
static void
an_inode_number_used_again_is_another_file(void **state)
{
	struct stat before = { 0 };
	struct stat now = { 0 };
	struct run r;
	char name[16];
	int i;

	(void)state;
	run_open(&r);
	make_file(r.t.rootfd, "a", "hello");
	link_to(&r, "a", "b");
	make_file(r.t.rootfd, "y", "to be replaced");
	assert_int_equal(0, fstatat(r.t.rootfd, "a", &before, 0));
	run_start(&r);
	expect(&r, VL_ENTRY_DIR, "");
	expect(&r, VL_ENTRY_FILE, "a");
	expect_body(&r, "hello");
	assert_int_equal(0, unlinkat(r.t.rootfd, "a", 0));
	assert_int_equal(0, unlinkat(r.t.rootfd, "b", 0));
	for (i = 0; i < 64 && now.st_ino != before.st_ino; i++) {
		(void)snprintf(name, sizeof(name), "new%02d", i);
		make_file(r.t.fd, name, "HELLO");
		assert_int_equal(0, fstatat(r.t.fd, name, &now, 0));
	}
	if (now.st_ino != before.st_ino) {
		print_message("no number is used again here, skipped\n");
		run_close(&r);
		return;
	}
	assert_int_equal(0, renameat(r.t.fd, name, r.t.rootfd, "y"));
	assert_int_equal(0, linkat(r.t.rootfd, "y", r.t.rootfd, "z", 0));
	/* "b" was listed and is gone; "z" was not listed. */
	expect(&r, VL_ENTRY_FILE, "y");
	expect_body(&r, "HELLO");
	expect_end(&r);
	assert_int_equal(0, counts(&r).hard_links);
	run_close(&r);
}

/* Nothing names what did not travel. */
static void
the_next_name_is_the_first_when_the_first_was_left_out(void **state)
{
	struct run r;
	int i;

	(void)state;
	run_open(&r);
	make_file(r.t.rootfd, "a", "hello");
	link_to(&r, "a", "b");
	link_to(&r, "a", "c");
	run_start(&r);
	expect(&r, VL_ENTRY_DIR, "");
	before_read = append_always;
	for (i = 0; i < 3; i++) {
		expect(&r, VL_ENTRY_FILE, "a");
		expect_changed(&r);
	}
	expect_left_out(&r, VL_WHY_UNSTABLE, "a");
	before_read = NULL;
	expect(&r, VL_ENTRY_FILE, "b");
	assert_true(r.rec.body_size > 5);
	i = (int)r.rec.body_size;
	expect_hard(&r, "c", "b");
	expect_end(&r);
	assert_int_equal(i, counts(&r).bytes);
	assert_int_equal(1, counts(&r).cut);
	run_close(&r);
}

/* 32 names of 250 bytes that each need six in a line: twice is too much. */
static void
two_names_too_long_for_one_line_travel_apart(void **state)
{
	char name[251];
	struct run r;
	int fd = -1;
	int below = -1;
	int i;

	(void)state;
	run_open(&r);
	memset(name, 1, sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	fd = dup(r.t.rootfd);
	for (i = 0; i < 31; i++) {
		below = make_and_enter(fd, name);
		(void)close(fd);
		fd = below;
	}
	make_file(fd, "a", "x");
	assert_int_equal(0, linkat(fd, "a", fd, "b", 0));
	(void)close(fd);
	run_start(&r);
	for (i = 0; i < 32; i++) {
		assert_true(next(&r));
		assert_int_equal(VL_ENTRY_DIR, r.entry.type);
	}
	for (i = 0; i < 2; i++) {
		assert_true(next(&r));
		assert_int_equal(VL_ENTRY_FILE, r.entry.type);
		expect_body(&r, "x");
	}
	expect_end(&r);
	assert_int_equal(0, counts(&r).cut);
	run_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_the_content_once),
		cmocka_unit_test(joins_what_is_no_file),
		cmocka_unit_test(says_how_many_are_cut),
		cmocka_unit_test(written_between_two_names_it_travels_twice),
		cmocka_unit_test(an_inode_number_used_again_is_another_file),
		cmocka_unit_test(
		    the_next_name_is_the_first_when_the_first_was_left_out),
		cmocka_unit_test(two_names_too_long_for_one_line_travel_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
