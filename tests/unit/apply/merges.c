/*
 * Files of which values stay and members are records, where something is in
 * the way: what is here is too long or cannot be read, or what would come of
 * it is too long, the list of what was brought is none; members that are told
 * while further ones come, and members of files that do not come.
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

/* The target's, with a value that makes `n` bytes of what is to be here. */
static void
fill_up(size_t n)
{
	static const char made[] = "{\"all\":{\"one\":1,\"two\":[2]},\"own\":"
	                           "\"\"}\n";
	static const char here[] = "{\"all\":{},\"own\":\"";
	static const char end[] = "\"}\n";
	struct vl_buf text = { 0 };
	struct vl_err err = { 0 };

	n -= sizeof(made) - 1;
	reseal_add(&text, here, sizeof(here) - 1);
	assert_int_equal(VL_OK, vl_buf_reserve(&text, n, &err));
	memset(text.p + text.n, 'x', n);
	text.n += n;
	reseal_add(&text, end, sizeof(end) - 1);
	reset(NULL);
	folder_put("world/tree/a", vl_buf_slice(&text));
	vl_buf_free(&text);
}

static void
one_that_becomes_too_long_by_what_stays_is_refused(void **state)
{
	struct vl_err err = { 0 };
	struct stat st = { 0 };
	off_t size = 0;

	(void)state;
	use_made(VALUES, VALUES_HERE, VALUES_MADE);
	fill_up(VL_MERGE_MAX + 1);
	assert_int_equal(0, fstatat(folder_fd(), "world/tree/a", &st, 0));
	size = st.st_size;
	refused(VL_EREFUSED,
	    "cannot keep values of 'a': with what stays it is longer than 16 "
	    "MiB");
	assert_int_equal(0, fstatat(folder_fd(), "world/tree/a", &st, 0));
	assert_int_equal(size, st.st_size);
	fill_up(VL_MERGE_MAX);
	if (import(NULL, &err) != VL_OK)
		fail_msg("%s", err.text);
	assert_int_equal(0, fstatat(folder_fd(), "world/tree/a", &st, 0));
	assert_int_equal(VL_MERGE_MAX, st.st_size);
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

static char tree_name[] = "tree";

/* A list of this side, of members or of paths. */
static struct vl_brought
list_of(bool members, const uint8_t *import_id)
{
	struct vl_brought b = { .series = all.head.series,
		.resource = tree_name,
		.import = import_id,
		.members = members };
	struct vl_err err = { 0 };

	assert_int_equal(VL_OK, importer_state(&b.state, &err));
	return b;
}

/* What was brought before. */
static void
were_brought(bool members, const char *const *lines)
{
	static const uint8_t id[VL_IMPORT_ID_SIZE] = { 1 };
	struct vl_brought b = list_of(members, id);
	struct vl_brought_w *w = NULL;
	struct vl_err err = { 0 };

	assert_int_equal(VL_OK, vl_brought_w_open(&w, &b, &err));
	for (; *lines != NULL; lines++)
		assert_int_equal(
		    VL_OK, vl_brought_w_add(w, vl_slice_of(*lines), &err));
	assert_int_equal(VL_OK, vl_brought_w_finish(w, &err));
	vl_brought_w_free(w);
	assert_int_equal(VL_OK, vl_brought_keep(&b, NULL, &err));
	vl_state_free(b.state);
}

static void
a_list_with_a_line_of_no_member_is_refused(void **state)
{
	static const char *const lines[] = { "YQ [\"all\",\"one\"]",
		"no member", NULL };

	(void)state;
	use_made(VALUES, VALUES_HERE, VALUES_MADE);
	file = VALUES_HERE;
	were_brought(true, lines);
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

/* Of the files n*, by an import of its own. */
static struct vl_merges *
open_merges(struct vl_brought *b)
{
	static const uint8_t id[VL_IMPORT_ID_SIZE] = { 2 };
	static char files[] = "n*";
	static char json[] = "$.all";
	static struct vl_members members = {
		.resource = tree_name, .file = files, .json = json
	};
	static struct vl_site words = { .members = &members, .nmembers = 1 };
	static char root[160];
	static struct vl_header_tree tree = { .root = root };
	struct vl_merges *m = NULL;
	struct vl_err err = { 0 };

	(void)snprintf(root, sizeof(root), "%s/world/tree", folder_path);
	*b = list_of(false, id);
	assert_int_equal(VL_OK,
	    vl_merges_new(&m,
	        &(struct vl_merges_opts){ .site = &words,
	            .resource = tree_name,
	            .tree = &tree,
	            .brought = *b,
	            .target_only = VL_TARGET_ONLY_BROUGHT,
	            .write = true,
	            .leaves = stays },
	        &err));
	return m;
}

static void
close_merges(struct vl_merges *m, struct vl_brought *b)
{
	struct vl_err err = { 0 };

	assert_int_equal(VL_OK, vl_merges_end(m, &err));
	vl_merges_free(m);
	b->members = true;
	assert_int_equal(VL_OK, vl_brought_keep(b, NULL, &err));
	vl_state_free(b->state);
}

static void
members_are_told_while_further_files_come(void **state)
{
	struct vl_brought b;
	struct vl_merges *m = NULL;

	(void)state;
	reset_file(NULL);
	m = open_merges(&b);
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
	close_merges(m, &b);
}

/* The list that holds has these lines and no more. */
static void
are_brought(const char *const *lines)
{
	struct vl_brought b = list_of(true, NULL);
	struct vl_brought_r *r = NULL;
	struct vl_slice line = { 0 };
	struct vl_err err = { 0 };
	bool more = true;

	assert_int_equal(VL_OK, vl_brought_r_open(&r, &b, &err));
	for (; *lines != NULL; lines++) {
		assert_int_equal(
		    VL_OK, vl_brought_r_next(r, &line, &more, &err));
		assert_true(more);
		assert_true(vl_slice_equal(vl_slice_of(*lines), line));
	}
	assert_int_equal(VL_OK, vl_brought_r_next(r, &line, &more, &err));
	assert_false(more);
	vl_brought_r_free(r);
	vl_state_free(b.state);
}

#define OF_N1 "bjE [\"all\",\"x\"]"
#define OF_N3 "bjM [\"all\",\"x\"]"
#define OF_N5 "bjU [\"all\",\"of n5\"]"
#define OF_N6 "bjY [\"all\",\"x\"]"

/* A file that the bundle has no more: where its path was brought it goes, and
 * its members are forgotten; else it stays with them. */
static void
members_of_files_that_go_are_forgotten(void **state)
{
	static const char *const paths[] = { "n0", "n2", "n4", "n5", NULL };
	static const char *const was[] = { OF_N1, "bjI [\"all\",\"x\"]",
		"bjI [\"all\",\"y\"]", OF_N3, "bjQ [\"all\",\"x\"]", OF_N6,
		NULL };
	static const char *const will[] = { OF_N1, OF_N3, OF_N5, OF_N6, NULL };
	static const char *const here[] = { "n1", "n2", "n3", "n4", "n6" };
	char path[32];
	struct vl_brought b;
	struct vl_merges *m = NULL;
	size_t i = 0;

	(void)state;
	reset_file(NULL);
	for (i = 0; i < sizeof(here) / sizeof(here[0]); i++) {
		(void)snprintf(path, sizeof(path), "world/tree/%s", here[i]);
		folder_put(path, vl_slice_of("{\"all\":{\"x\":1}}"));
	}
	were_brought(false, paths);
	were_brought(true, was);
	m = open_merges(&b);
	make(m, "n5");
	close_merges(m, &b);
	are_brought(will);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_is_too_long_here_is_refused),
		cmocka_unit_test(
		    one_that_becomes_too_long_by_what_stays_is_refused),
		cmocka_unit_test(one_that_cannot_be_read_is_refused),
		cmocka_unit_test(one_with_a_name_that_no_file_has_is_not_here),
		cmocka_unit_test(a_list_with_a_line_of_no_member_is_refused),
		cmocka_unit_test(members_are_told_while_further_files_come),
		cmocka_unit_test(members_of_files_that_go_are_forgotten),
	};

	return cmocka_run_group_tests(tests, made_begin, made_end);
}
