/*
 * Files of which values stay and members are records, where something is in
 * the way: what is here is too long or cannot be read, the list of what was
 * brought is none; and members that are told while further ones come.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/merge.h>

#include "made_files.h"

#include "../../../src/apply/here.h"
#include "../../../src/apply/merges.h"

static void
refused(enum vl_status wanted, const char *why)
{
	struct vl_err err = { 0 };

	assert_int_equal(wanted, import(NULL, &err));
	if (strstr(err.text, why) == NULL)
		fail_msg("'%s' does not say '%s'", err.text, why);
}

static void
one_that_is_too_long_here_is_refused(void **state)
{
	struct stat st = { 0 };
	int fd = -1;

	(void)state;
	use_made(VALUES, VALUES_HERE, VALUES_MADE);
	reset_file(NULL);
	fd = openat(folder_fd(), "world/tree/a", O_WRONLY);
	assert_int_equal(0, ftruncate(fd, (16 << 20) + 1));
	(void)close(fd);
	refused(VL_EREFUSED, "'a': what is here is longer than 16 MiB");
	assert_int_equal(0, fstatat(folder_fd(), "world/tree/a", &st, 0));
	assert_int_equal((16 << 20) + 1, st.st_size);
}

static void
one_that_cannot_be_read_is_refused(void **state)
{
	struct vl_text_here here = { 0 };
	struct vl_err err = { 0 };
	char root[160];

	(void)state;
	reset_file(NULL);
	assert_int_equal(0, fchmodat(folder_fd(), "world/tree", 0, 0));
	(void)snprintf(root, sizeof(root), "%s/world/tree", folder_path);
	/* Root may read all; from now on files are asked for by another. */
	(void)setfsuid(65534);
	assert_int_equal(VL_EIO,
	    vl_here_read(&here, root, vl_slice_of("a"), VL_MERGE_MAX, &err));
	(void)setfsuid(geteuid());
	assert_non_null(strstr(err.text, "what is here cannot be read"));
	assert_false(here.there);
	vl_here_free(&here);
	assert_int_equal(0, fchmodat(folder_fd(), "world/tree", 0755, 0));
}

/* A name in a bundle may be longer where it holds the key of a row. */
static void
one_with_a_name_that_no_file_has_is_not_here(void **state)
{
	struct vl_text_here here = { 0 };
	struct vl_err err = { 0 };
	char name[VL_NAME_MAX + 2];

	(void)state;
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(VL_OK,
	    vl_here_read(&here, "/", vl_slice_of(name), VL_MERGE_MAX, &err));
	assert_false(here.there);
	vl_here_free(&here);
}

static void
a_list_with_a_line_of_no_member_is_refused(void **state)
{
	static const uint8_t id[VL_IMPORT_ID_SIZE] = { 1 };
	struct vl_brought b = { .series = all.head.series,
		.resource = "tree",
		.import = id,
		.members = true };
	struct vl_brought_w *w = NULL;
	struct vl_err err = { 0 };

	(void)state;
	use_made(VALUES, VALUES_HERE, VALUES_MADE);
	file = VALUES_HERE;
	assert_int_equal(VL_OK, importer_state(&b.state, &err));
	assert_int_equal(VL_OK, vl_brought_w_open(&w, &b, &err));
	assert_int_equal(VL_OK,
	    vl_brought_w_add(w, vl_slice_of("YQ [\"all\",\"one\"]"), &err));
	assert_int_equal(
	    VL_OK, vl_brought_w_add(w, vl_slice_of("no member"), &err));
	assert_int_equal(VL_OK, vl_brought_w_finish(w, &err));
	vl_brought_w_free(w);
	assert_int_equal(VL_OK, vl_brought_keep(&b, NULL, &err));
	vl_state_free(b.state);
	refused(VL_EIO, "has a line that is none of it");
	assert_true(is_tree(&new_tree));
}

static bool
stays(void *arg, struct vl_slice path)
{
	(void)arg, (void)path;
	return false;
}

static char told[200];

static void
take(void *arg, enum vl_change change, struct vl_slice shown)
{
	const size_t n = strlen(told);

	(void)arg;
	assert_int_equal(VL_CHANGE_ADD, change);
	(void)snprintf(told + n, sizeof(told) - n, "%.*s", (int)shown.n,
	    (const char *)shown.p);
}

/* A file that is not here, of one member. */
static void
make(struct vl_merges *m, const char *path)
{
	struct vl_entry e = { .type = VL_ENTRY_FILE,
		.path = vl_slice_of(path) };
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };
	char text[64];
	bool concerned = false;

	(void)snprintf(text, sizeof(text), "{\"all\":{\"of %s\":1}}", path);
	assert_int_equal(VL_OK, vl_merges_ask(m, &e, &concerned, &err));
	assert_true(concerned);
	assert_int_equal(
	    VL_OK, vl_merges_make(m, &e, vl_slice_of(text), &out, &err));
	vl_buf_free(&out);
}

static void
tells_of(struct vl_merges *m, const char *path, const char *wanted)
{
	const struct vl_merges_told to = { NULL, take };

	told[0] = '\0';
	vl_merges_tell(m, vl_slice_of(path), &to);
	assert_string_equal(wanted, told);
}

static void
members_are_told_while_further_files_come(void **state)
{
	static const uint8_t id[VL_IMPORT_ID_SIZE] = { 1 };
	char resource[] = "tree";
	char file_words[] = "n*";
	char json[] = "$.all";
	struct vl_members members = {
		.resource = resource, .file = file_words, .json = json
	};
	struct vl_site words = { .members = &members, .nmembers = 1 };
	char root[160];
	struct vl_header_tree tree = { .root = root };
	struct vl_merges_opts opts = { .site = &words,
		.resource = resource,
		.tree = &tree,
		.leaves = stays,
		.brought = {
		    .series = id, .resource = resource, .import = id } };
	struct vl_merges *m = NULL;
	struct vl_err err = { 0 };

	(void)state;
	reset_file(NULL);
	(void)snprintf(root, sizeof(root), "%s/world/tree", folder_path);
	assert_int_equal(VL_OK, importer_state(&opts.brought.state, &err));
	assert_int_equal(VL_OK, vl_merges_new(&m, &opts, &err));
	make(m, "n1");
	make(m, "n2");
	make(m, "n3");
	tells_of(m, "n1", "$.all['of n1']");
	tells_of(m, "n2", "$.all['of n2']");
	/* More than half of what waits is told. */
	make(m, "n4");
	make(m, "n5");
	tells_of(m, "n3", "$.all['of n3']");
	/* Of n4 nobody wants to hear. */
	tells_of(m, "n5", "$.all['of n5']");
	tells_of(m, "n6", "");
	assert_int_equal(VL_OK, vl_merges_end(m, &err));
	vl_merges_free(m);
	vl_state_free(opts.brought.state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_is_too_long_here_is_refused),
		cmocka_unit_test(one_that_cannot_be_read_is_refused),
		cmocka_unit_test(one_with_a_name_that_no_file_has_is_not_here),
		cmocka_unit_test(a_list_with_a_line_of_no_member_is_refused),
		cmocka_unit_test(members_are_told_while_further_files_come),
	};

	return cmocka_run_group_tests(tests, made_begin, made_end);
}
