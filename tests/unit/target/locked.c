/*
 * Locks of entries that an operator has to decide about: they stay on what is
 * in the way, and come on nothing that he may still want to move.
 */

#include <grp.h>

#include "oneworld.h"

/* The tree holds other names of what is locked: they stay so. */
static void
other_names_keep_their_locks(void **state)
{
	static char *exclude[] = { (char *)(uintptr_t) "*.keep" };
	char full[PATH];
	struct node *n = NULL;

	(void)state;
	skip_unless_root();
	start();
	(void)model_text(&w.old, "a.keep", VL_ENTRY_FILE, "x");
	(void)model_hard(&w.old, "b", "a.keep");
	n = model_find(&w.old, "a.keep");
	n->flags = VL_FLAG_IMMUTABLE;
	(void)model_text(&w.now, "b", VL_ENTRY_FILE, "longer");
	build_again();
	w.resource.exclude = exclude;
	w.resource.nexclude = 1;
	assert_int_equal(VL_OK, world_stage(&w));
	assert_int_equal(VL_OK, world_redo(&w));
	n = model_add(&w.now, "a.keep", VL_ENTRY_FILE);
	*n = *model_find(&w.old, "a.keep");
	n->to[0] = '\0';
	n->stays = true;
	model_sort(&w.now);
	assert_true(model_stands(&w.now, w.root));
	(void)snprintf(full, sizeof(full), "%s/a.keep", w.root);
	assert_int_equal(-1, unlink(full));
}

/* What is in the way keeps the flags it has; a directory gets them back. */
static void
what_is_blocked_keeps_its_locks(void **state)
{
	static const char *const locked[] = { "f", "d", "g" };
	char kept[2][PATH];
	size_t i;
	int fd = -1;

	(void)state;
	skip_unless_root();
	start();
	(void)model_add(&w.old, "d", VL_ENTRY_DIR);
	(void)model_text(&w.old, "d/x", VL_ENTRY_FILE, "x");
	(void)model_text(&w.old, "f", VL_ENTRY_FILE, "x");
	(void)model_text(&w.now, "f", VL_ENTRY_FILE, "longer");
	(void)model_add(&w.old, "g", VL_ENTRY_DIR);
	(void)model_add(&w.now, "g", VL_ENTRY_DIR);
	(void)model_text(&w.now, "g/x", VL_ENTRY_FILE, "x");
	for (i = 0; i < 3; i++)
		model_find(&w.old, locked[i])->flags = VL_FLAG_IMMUTABLE;
	model_find(&w.now, "g")->flags = VL_FLAG_IMMUTABLE;
	build_again();
	assert_int_equal(VL_OK, world_stage(&w));
	for (i = 0; i < 3; i++) {
		(void)snprintf(kept[0], PATH, "%s/%s", w.root, locked[i]);
		fd = open(kept[0], O_RDONLY);
		assert_true(fd >= 0 && vl_flags_set(fd, 0));
		if (i == 0)
			put_file("f");
		else
			put_file(i == 1 ? "d/theirs" : "g/x");
		assert_true(vl_flags_set(fd, VL_FLAG_IMMUTABLE));
		(void)close(fd);
	}
	assert_int_equal(VL_EPENDING, world_redo(&w));
	assert_int_equal(3, w.blocked);
	for (i = 0; i < 3; i++)
		assert_int_equal(VL_FLAG_IMMUTABLE, flags_of(locked[i]));
	for (i = 0; i < 3; i++) {
		assert_true(asprintf(&w.choices[i].path, "%s/%s", w.root,
		                i == 0     ? "f" :
		                    i == 1 ? "d/theirs" :
		                             "g/x") > 0);
		w.choices[i].choice = VL_CHOICE_KEEP_THEIRS;
	}
	w.journal.nchoices = 3;
	if (world_redo(&w) != VL_OK)
		fail_msg("%s (%s)", w.err.text, w.said);
	for (i = 0; i < 3; i++) {
		assert_int_equal(VL_FLAG_IMMUTABLE, flags_of(locked[i]));
		free(w.choices[i].path);
	}
}

/* A directory came that should be new: nothing below it is ours to set. */
static void
attributes_below_a_foreign_directory_stay(void **state)
{
	char full[PATH];

	(void)state;
	skip_unless_root();
	start();
	(void)model_add(&w.now, "d", VL_ENTRY_DIR);
	model_add(&w.now, "d/s", VL_ENTRY_DIR)->flags = VL_FLAG_IMMUTABLE;
	model_text(&w.now, "d/s/f", VL_ENTRY_FILE, "x")->flags =
	    VL_FLAG_IMMUTABLE;
	build_again();
	assert_int_equal(VL_OK, world_stage(&w));
	(void)snprintf(full, sizeof(full), "%s/d", w.root);
	assert_int_equal(0, mkdir(full, 0700));
	(void)snprintf(full, sizeof(full), "%s/d/s", w.root);
	assert_int_equal(0, mkdir(full, 0700));
	assert_int_equal(VL_EPENDING, world_redo(&w));
	assert_int_equal(1, w.blocked);
	assert_string_equal("/d: something was put there since", w.said);
	assert_int_equal(0, flags_of("d/s"));
	full[strlen(full) - 2] = '\0';
	w.choices[0] = (struct vl_choice_line){ full, VL_CHOICE_TAKE_OURS };
	w.journal.nchoices = 1;
	if (world_redo(&w) != VL_OK)
		fail_msg("%s (%s)", w.err.text, w.said);
	assert_int_equal(VL_FLAG_IMMUTABLE, flags_of("d/s"));
	assert_int_equal(VL_FLAG_IMMUTABLE, flags_of("d/s/f"));
}

/* Both the root and a directory below it get `now`, and hold an entry that
 * somebody changes. */
static void
blocked_in(uint32_t flags, uint32_t mode)
{
	start();
	(void)model_add(&w.old, "d", VL_ENTRY_DIR);
	(void)model_text(&w.old, "d/x", VL_ENTRY_FILE, "x");
	model_add(&w.now, "d", VL_ENTRY_DIR)->mode = mode;
	(void)model_text(&w.now, "d/x", VL_ENTRY_FILE, "longer");
	model_find(&w.now, "d")->flags = flags;
	model_find(&w.now, "")->flags = flags;
	build_again();
	assert_int_equal(VL_OK, world_stage(&w));
	put_file("d/x");
	redo_is_blocked_by("/d/x: it changed since the import looked at it");
	choose(VL_CHOICE_TAKE_OURS, "d/x");
	redo_ends();
	assert_true(model_stands(&w.now, w.root));
	forget_choices();
}

static void
directory_that_became_locked_opens_again(void **state)
{
	(void)state;
	skip_unless_root();
	blocked_in(VL_FLAG_IMMUTABLE, 0755);
	blocked_in(VL_FLAG_APPEND, 0755);
}

static void
directory_that_lost_its_mode_opens_again(void **state)
{
	char path[] = "nobody-XXXXXX";
	int status = 0;
	pid_t pid = 0;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_non_null(mkdtemp(path));
	assert_int_equal(0, chown(path, 65534, 65534));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (chdir(path) != 0 || setgroups(0, NULL) != 0 ||
		    setgid(65534) != 0 || setuid(65534) != 0)
			_exit(FAILED);
		world_open(&w);
		blocked_in(0, 0500);
		world_close(&w);
		_exit(0);
	}
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_true(WIFEXITED(status));
	assert_int_equal(0, WEXITSTATUS(status));
	assert_int_equal(0, rmdir(path));
}

/* `a` becomes locked, new or in place, and its second name is blocked. */
static void
second_name_is_blocked(bool live)
{
	start();
	if (live)
		(void)model_text(&w.old, "a", VL_ENTRY_FILE, "x");
	(void)model_text(&w.now, "a", VL_ENTRY_FILE, "x");
	model_find(&w.now, "a")->flags = VL_FLAG_IMMUTABLE;
	(void)model_hard(&w.now, "b", "a");
	build_again();
	assert_int_equal(VL_OK, world_stage(&w));
	put_file("b");
	redo_is_blocked_by("/b: something was put there since");
	assert_int_equal(0, flags_of("a"));
}

static void
second_name_of_what_is_locked_comes_later(void **state)
{
	int live;

	(void)state;
	skip_unless_root();
	for (live = 0; live < 2; live++) {
		second_name_is_blocked(live == 1);
		choose(VL_CHOICE_TAKE_OURS, "b");
		redo_ends();
		assert_true(model_stands(&w.now, w.root));
		forget_choices();
		clean();
	}
}

static void
second_name_of_what_is_locked_stays_out(void **state)
{
	int live;

	(void)state;
	skip_unless_root();
	for (live = 0; live < 2; live++) {
		second_name_is_blocked(live == 1);
		choose(VL_CHOICE_KEEP_THEIRS, "b");
		redo_ends();
		assert_int_equal(VL_FLAG_IMMUTABLE, flags_of("a"));
		forget_choices();
		clean();
		assert_int_equal(VL_FLAG_IMMUTABLE, flags_of("a"));
		assert_int_equal(0, flags_of("b"));
		assert_int_equal(-1, access(w.tree.staging, F_OK));
	}
}

/* A directory stays out in which a locked file has its first name. */
static void
directory_with_a_locked_name_stays_out(void **state)
{
	char full[PATH];

	(void)state;
	skip_unless_root();
	start();
	(void)model_add(&w.now, "d", VL_ENTRY_DIR);
	(void)model_text(&w.now, "d/e", VL_ENTRY_FILE, "x");
	model_find(&w.now, "d/e")->flags = VL_FLAG_IMMUTABLE;
	(void)model_hard(&w.now, "o", "d/e");
	build_again();
	assert_int_equal(VL_OK, world_stage(&w));
	(void)snprintf(full, sizeof(full), "%s/d", w.root);
	assert_int_equal(0, mkdir(full, 0700));
	choose(VL_CHOICE_KEEP_THEIRS, "d");
	choose(VL_CHOICE_KEEP_THEIRS, "o");
	redo_ends();
	forget_choices();
	assert_int_equal(VL_FLAG_IMMUTABLE, flags_of("o"));
	clean();
	assert_int_equal(VL_FLAG_IMMUTABLE, flags_of("o"));
	assert_int_equal(-1, access(w.tree.staging, F_OK));
}

/* Killed while it cleans, it is swept. */
static void
what_stays_out_is_swept(void **state)
{
	static const char hex[] = "1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a";
	char private[PATH];

	(void)state;
	skip_unless_root();
	second_name_is_blocked(false);
	choose(VL_CHOICE_KEEP_THEIRS, "b");
	redo_ends();
	forget_choices();
	(void)snprintf(private, sizeof(private), "%s.%s", w.tree.staging, hex);
	assert_int_equal(0, rename(w.tree.staging, private));
	if (vl_stage_sweep(&w.header, 0, &w.err) != VL_OK)
		fail_msg("%s", w.err.text);
	assert_int_equal(-1, access(private, F_OK));
	assert_int_equal(VL_FLAG_IMMUTABLE, flags_of("a"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(other_names_keep_their_locks),
		CASE(what_is_blocked_keeps_its_locks),
		CASE(attributes_below_a_foreign_directory_stay),
		CASE(directory_that_became_locked_opens_again),
		CASE(directory_that_lost_its_mode_opens_again),
		CASE(second_name_of_what_is_locked_comes_later),
		CASE(second_name_of_what_is_locked_stays_out),
		CASE(directory_with_a_locked_name_stays_out),
		CASE(what_stays_out_is_swept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
