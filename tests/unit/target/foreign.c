/*
 * Somebody writes to the tree between the decision and the redo: it is
 * noticed and named, nothing of it is overwritten without being asked for,
 * and an operator's choice resolves it.
 */

#include "world.h"

static struct world w;

static void
write_file(const char *path, const char *text)
{
	char full[PATH];
	FILE *f = NULL;

	(void)snprintf(full, sizeof(full), "%s/%s", w.root, path);
	f = fopen(full, "w");
	assert_non_null(f);
	(void)fputs(text, f);
	assert_int_equal(0, fclose(f));
}

static void
expect_text(const char *root, const char *path, const char *text)
{
	struct vl_buf have = { 0 };
	char full[PATH];

	(void)snprintf(full, sizeof(full), "%s/%s", root, path);
	if (vl_read_file(AT_FDCWD, full, 100, &have, &w.err) != VL_OK)
		fail_msg("%s", w.err.text);
	assert_int_equal(strlen(text), have.n);
	assert_memory_equal(text, have.p, have.n);
	vl_buf_free(&have);
}

static void
expect_absent(const char *path)
{
	char full[PATH];

	(void)snprintf(full, sizeof(full), "%s/%s", w.root, path);
	assert_int_equal(-1, access(full, F_OK));
}

static void
remove_path(const char *path)
{
	char full[PATH];

	(void)snprintf(full, sizeof(full), "%s/%s", w.root, path);
	assert_int_equal(VL_OK, vl_remove_tree(AT_FDCWD, full, &w.err));
}

static void
make_dir(const char *path)
{
	char full[PATH];

	(void)snprintf(full, sizeof(full), "%s/%s", w.root, path);
	assert_int_equal(0, mkdir(full, 0755));
}

/*
 *	replace		changes
 *	add		comes, and "new/in" in a directory of its own
 *	delete, dir/in	go
 *	kind		becomes a directory, "tree" a file
 *	meta		gets another mode
 */
static int
setup(void **state)
{
	(void)state;
	world_open(&w);
	(void)model_add(&w.old, "", VL_ENTRY_DIR);
	(void)model_text(&w.old, "delete", VL_ENTRY_FILE, "old");
	(void)model_add(&w.old, "dir", VL_ENTRY_DIR);
	(void)model_text(&w.old, "dir/in", VL_ENTRY_FILE, "old");
	(void)model_text(&w.old, "kind", VL_ENTRY_FILE, "old");
	(void)model_text(&w.old, "meta", VL_ENTRY_FILE, "old");
	(void)model_text(&w.old, "replace", VL_ENTRY_FILE, "old");
	(void)model_add(&w.old, "tree", VL_ENTRY_DIR);
	(void)model_text(&w.old, "tree/in", VL_ENTRY_FILE, "old");

	(void)model_add(&w.now, "", VL_ENTRY_DIR);
	(void)model_text(&w.now, "add", VL_ENTRY_FILE, "new");
	(void)model_add(&w.now, "kind", VL_ENTRY_DIR);
	(void)model_text(&w.now, "kind/in", VL_ENTRY_FILE, "new");
	model_text(&w.now, "meta", VL_ENTRY_FILE, "old")->mode = 0600;
	(void)model_add(&w.now, "new", VL_ENTRY_DIR);
	(void)model_text(&w.now, "new/in", VL_ENTRY_FILE, "new");
	(void)model_text(&w.now, "replace", VL_ENTRY_FILE, "new");
	(void)model_text(&w.now, "tree", VL_ENTRY_FILE, "new");
	world_build(&w, false);
	if (world_stage(&w) != VL_OK)
		fail_msg("%s", w.err.text);
	return 0;
}

static int
teardown(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < w.journal.nchoices; i++)
		free(w.choices[i].path);
	world_close(&w);
	return 0;
}

static void
choose(const char *path, enum vl_choice choice)
{
	char *full = NULL;

	assert_true(asprintf(&full, "%s/%s", w.root, path) > 0);
	w.choices[w.journal.nchoices++] =
	    (struct vl_choice_line){ full, choice };
}

static void
is_pending(unsigned blocked, unsigned diverged, const char *said)
{
	assert_int_equal(VL_EPENDING, world_redo(&w));
	assert_int_equal(VL_EPENDING, w.err.status);
	assert_int_equal(blocked, w.blocked);
	assert_int_equal(diverged, w.diverged);
	assert_string_equal(said, w.said);
}

static void
is_done(void)
{
	if (world_redo(&w) != VL_OK)
		fail_msg("%s (%s)", w.err.text, w.said);
	/* And again: a run may be killed before it says so. */
	if (world_redo(&w) != VL_OK)
		fail_msg("again: %s (%s)", w.err.text, w.said);
}

/* What was displaced is kept in the staging. */
static void
is_displaced(const char *text)
{
	struct dirent *e = NULL;
	char theirs[PATH];
	DIR *dir = NULL;

	(void)snprintf(theirs, sizeof(theirs), "%s/theirs", w.tree.staging);
	dir = opendir(theirs);
	assert_non_null(dir);
	while ((e = readdir(dir)) != NULL)
		if (e->d_name[0] != '.')
			expect_text(theirs, e->d_name, text);
	(void)closedir(dir);
}

static void
the_rest_is_applied(void)
{
	expect_text(w.root, "add", "new");
	expect_text(w.root, "new/in", "new");
}

static void
applies_all_where_nobody_wrote(void **state)
{
	(void)state;
	is_done();
	assert_true(model_stands(&w.now, w.root));
}

static void
replaced_file_was_changed(void **state)
{
	(void)state;
	write_file("replace", "xyz"); /* the same inode and size */
	is_pending(1, 0, "/replace: it changed since the import looked at it");
	expect_text(w.root, "replace", "xyz");
	the_rest_is_applied();
	choose("replace", VL_CHOICE_KEEP_THEIRS);
	is_done();
	expect_text(w.root, "replace", "xyz");
}

static void
replaced_file_was_replaced(void **state)
{
	(void)state;
	remove_path("replace");
	write_file("replace", "theirs");
	is_pending(1, 0, "/replace: it changed since the import looked at it");
	choose("replace", VL_CHOICE_TAKE_OURS);
	is_done();
	expect_text(w.root, "replace", "new");
	is_displaced("theirs");
}

static void
replaced_file_is_gone(void **state)
{
	(void)state;
	remove_path("replace");
	is_pending(1, 0, "/replace: it changed since the import looked at it");
	choose("replace", VL_CHOICE_TAKE_OURS);
	is_done();
	expect_text(w.root, "replace", "new");
}

static void
new_path_is_taken(void **state)
{
	(void)state;
	write_file("add", "theirs");
	is_pending(1, 0, "/add: something was put there since");
	expect_text(w.root, "add", "theirs");
	choose("add", VL_CHOICE_KEEP_THEIRS);
	is_done();
	expect_text(w.root, "add", "theirs");
}

static void
new_path_is_taken_back(void **state)
{
	(void)state;
	write_file("add", "theirs");
	is_pending(1, 0, "/add: something was put there since");
	choose("add", VL_CHOICE_TAKE_OURS);
	is_done();
	expect_text(w.root, "add", "new");
	is_displaced("theirs");
}

static void
new_directory_is_taken(void **state)
{
	(void)state;
	make_dir("new");
	write_file("new/x", "theirs");
	is_pending(1, 0, "/new: something was put there since");
	choose("new", VL_CHOICE_TAKE_OURS);
	is_done();
	expect_text(w.root, "new/in", "new");
	expect_absent("new/x");
}

static void
deleted_file_was_changed(void **state)
{
	(void)state;
	write_file("delete", "theirs");
	is_pending(1, 0, "/delete: it changed since the import looked at it");
	expect_text(w.root, "delete", "theirs");
	the_rest_is_applied();
	choose("delete", VL_CHOICE_KEEP_THEIRS);
	is_done();
	expect_text(w.root, "delete", "theirs");
}

static void
deleted_file_is_displaced(void **state)
{
	(void)state;
	write_file("delete", "theirs");
	is_pending(1, 0, "/delete: it changed since the import looked at it");
	choose("delete", VL_CHOICE_TAKE_OURS);
	is_done();
	expect_absent("delete");
	is_displaced("theirs");
}

static void
deleted_file_is_gone_already(void **state)
{
	(void)state;
	remove_path("delete");
	is_done();
	expect_absent("delete");
}

static void
deleted_directory_was_filled(void **state)
{
	(void)state;
	write_file("dir/x", "theirs");
	is_pending(1, 0, "/dir: something was put into it since");
	expect_text(w.root, "dir/x", "theirs");
	choose("dir/x", VL_CHOICE_KEEP_THEIRS);
	is_done();
	expect_text(w.root, "dir/x", "theirs");
	expect_absent("dir/in");
}

static void
deleted_directory_is_displaced(void **state)
{
	(void)state;
	write_file("dir/x", "theirs");
	is_pending(1, 0, "/dir: something was put into it since");
	choose("dir", VL_CHOICE_TAKE_OURS);
	is_done();
	expect_absent("dir");
}

static void
deleted_directory_became_a_file(void **state)
{
	(void)state;
	remove_path("dir");
	write_file("dir", "theirs");
	is_pending(1, 0, "/dir: it is no directory any more");
	choose("dir", VL_CHOICE_KEEP_THEIRS);
	is_done();
	expect_text(w.root, "dir", "theirs");
}

static void
file_that_becomes_a_directory_was_changed(void **state)
{
	(void)state;
	write_file("kind", "theirs");
	/* The old half and the new one. */
	is_pending(2, 0, "/kind: something was put there since");
	expect_text(w.root, "kind", "theirs");
	choose("kind", VL_CHOICE_TAKE_OURS);
	is_done();
	expect_text(w.root, "kind/in", "new");
	is_displaced("theirs");
}

static void
file_that_becomes_a_directory_is_kept(void **state)
{
	(void)state;
	write_file("kind", "theirs");
	choose("kind", VL_CHOICE_KEEP_THEIRS);
	is_done();
	expect_text(w.root, "kind", "theirs");
}

static void
directory_that_becomes_a_file_was_filled(void **state)
{
	(void)state;
	write_file("tree/x", "theirs");
	is_pending(2, 0, "/tree: something was put there since");
	expect_text(w.root, "tree/x", "theirs");
	choose("tree", VL_CHOICE_TAKE_OURS);
	is_done();
	expect_text(w.root, "tree", "new");
}

static void
file_of_other_attributes_was_changed(void **state)
{
	struct stat st;
	char full[PATH];

	(void)state;
	write_file("meta", "theirs");
	is_pending(1, 0, "/meta: it changed since the import looked at it");
	choose("meta", VL_CHOICE_KEEP_THEIRS);
	is_done();
	expect_text(w.root, "meta", "theirs");
	(void)snprintf(full, sizeof(full), "%s/meta", w.root);
	assert_int_equal(0, stat(full, &st));
	assert_int_equal(0644, st.st_mode & 07777);
}

static void
attributes_can_be_forced(void **state)
{
	struct stat st;
	char full[PATH];

	(void)state;
	write_file("meta", "theirs");
	is_pending(1, 0, "/meta: it changed since the import looked at it");
	choose("meta", VL_CHOICE_TAKE_OURS);
	is_done();
	(void)snprintf(full, sizeof(full), "%s/meta", w.root);
	assert_int_equal(0, stat(full, &st));
	assert_int_equal(0600, st.st_mode & 07777);
}

static void
file_of_other_attributes_is_gone(void **state)
{
	(void)state;
	remove_path("meta");
	is_pending(1, 0, "/meta: it is gone");
	choose("meta", VL_CHOICE_KEEP_THEIRS);
	is_done();
}

/* Of a run that was killed in the middle: what was in place by then and was
 * changed since is theirs. */
static void
change_after_the_import_is_named_and_left(void **state)
{
	(void)state;
	write_file("delete", "theirs"); /* keeps the import from its end */
	assert_int_equal(VL_EPENDING, world_redo(&w));
	write_file("replace", "xyz");
	write_file("add", "longer");
	remove_path("delete");
	assert_int_equal(VL_OK, world_redo(&w));
	assert_int_equal(2, w.kept);
	expect_text(w.root, "replace", "xyz");
	expect_text(w.root, "add", "longer");
}

static void
drop_staged(const char *path)
{
	char full[PATH];
	struct stat st;
	unsigned n;

	/* new/N of `path`: the one with its content, or its directory. */
	for (n = 1; n < 20; n++) {
		(void)snprintf(
		    full, sizeof(full), "%s/new/%u", w.tree.staging, n);
		if (lstat(full, &st) == 0 &&
		    S_ISDIR(st.st_mode) == (strcmp(path, "kind") == 0))
			assert_int_equal(
			    VL_OK, vl_remove_tree(AT_FDCWD, full, &w.err));
	}
}

static void
lost_content_is_diverged(void **state)
{
	(void)state;
	drop_staged("replace");
	assert_int_equal(VL_EPENDING, world_redo(&w));
	assert_true(w.diverged >= 1);
	expect_text(w.root, "replace", "old");
}

static void
lost_content_of_another_type_is_diverged(void **state)
{
	(void)state;
	drop_staged("kind");
	assert_int_equal(VL_EPENDING, world_redo(&w));
	assert_true(w.diverged >= 1);
	expect_text(w.root, "kind", "old");
}

static void
deleted_path_came_back(void **state)
{
	(void)state;
	write_file("meta", "theirs"); /* keeps the import from its end */
	assert_int_equal(VL_EPENDING, world_redo(&w));
	write_file("delete", "theirs");
	is_pending(2, 0, "/meta: it changed since the import looked at it");
	choose("meta", VL_CHOICE_KEEP_THEIRS);
	choose("delete", VL_CHOICE_KEEP_THEIRS);
	is_done();
	expect_text(w.root, "delete", "theirs");
}

static void
directory_of_a_new_entry_is_gone(void **state)
{
	char full[PATH];

	(void)state;
	(void)snprintf(full, sizeof(full), "%s.away", w.root);
	assert_int_equal(0, rename(w.root, full));
	assert_int_equal(VL_EPENDING, world_redo(&w));
	assert_true(w.blocked >= 3);
	assert_int_equal(0, rename(full, w.root));
	is_done();
	assert_true(model_stands(&w.now, w.root));
}

/* A link on the way must not lead the redo out of the tree. */
static void
follows_no_link(void **state)
{
	char full[PATH];
	char away[PATH];

	(void)state;
	(void)snprintf(full, sizeof(full), "%s/dir", w.root);
	(void)snprintf(away, sizeof(away), "%s/away", w.path);
	assert_int_equal(0, rename(full, away));
	assert_int_equal(0, symlink(away, full));
	is_pending(1, 0, "/dir: it is no directory any more");
	expect_text(away, "in", "old");
	assert_int_equal(0, unlink(full));
	is_done();
	expect_text(away, "in", "old");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(applies_all_where_nobody_wrote),
		CASE(replaced_file_was_changed),
		CASE(replaced_file_was_replaced),
		CASE(replaced_file_is_gone),
		CASE(new_path_is_taken),
		CASE(new_path_is_taken_back),
		CASE(new_directory_is_taken),
		CASE(deleted_file_was_changed),
		CASE(deleted_file_is_displaced),
		CASE(deleted_file_is_gone_already),
		CASE(deleted_directory_was_filled),
		CASE(deleted_directory_is_displaced),
		CASE(deleted_directory_became_a_file),
		CASE(file_that_becomes_a_directory_was_changed),
		CASE(file_that_becomes_a_directory_is_kept),
		CASE(directory_that_becomes_a_file_was_filled),
		CASE(file_of_other_attributes_was_changed),
		CASE(attributes_can_be_forced),
		CASE(file_of_other_attributes_is_gone),
		CASE(change_after_the_import_is_named_and_left),
		CASE(lost_content_is_diverged),
		CASE(lost_content_of_another_type_is_diverged),
		CASE(deleted_path_came_back),
		CASE(directory_of_a_new_entry_is_gone),
		CASE(follows_no_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
