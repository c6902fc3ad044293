/*
 * What the system refuses to a redo after the decision, and what an operator
 * says about it: the rest is done, what he keeps is not touched, and an
 * import that he gives up leaves no lock off.
 */

#include <grp.h>

#include "oneworld.h"

static void
full_path(char full[PATH], const char *path)
{
	(void)snprintf(full, PATH, "%s/%s", w.root, path);
}

static bool
is_there(const char *path)
{
	char full[PATH];

	full_path(full, path);
	return access(full, F_OK) == 0;
}

static bool
lock(const char *full, uint32_t flags)
{
	int fd = open(full, O_RDONLY);
	bool set = fd >= 0 && vl_flags_set(fd, flags);

	(void)close(fd);
	return set;
}

static off_t
size_of(const char *path)
{
	struct stat st;
	char full[PATH];

	full_path(full, path);
	assert_int_equal(0, lstat(full, &st));
	return st.st_size;
}

static void
stages(void)
{
	build_again();
	if (world_stage(&w) != VL_OK)
		fail_msg("%s", w.err.text);
}

/*
 * Locked: a directory `d` in which things change, `o` that goes with all that
 * is in it, a file `g` that changes, `h` that goes, one `m` and a directory `u`
 * that get another mode, `u` without its lock.  Not locked: a file `z`.
 */
static void
locked_tree(void)
{
	static const char *const locked[] = { "d", "g", "m", "o", "u" };
	size_t i;

	start();
	(void)model_add(&w.old, "d", VL_ENTRY_DIR);
	(void)model_text(&w.old, "d/gone", VL_ENTRY_FILE, "x");
	(void)model_text(&w.old, "d/x", VL_ENTRY_FILE, "x");
	(void)model_text(&w.old, "g", VL_ENTRY_FILE, "x");
	(void)model_text(&w.old, "h", VL_ENTRY_FILE, "x");
	(void)model_text(&w.old, "m", VL_ENTRY_FILE, "x");
	(void)model_add(&w.old, "o", VL_ENTRY_DIR);
	(void)model_text(&w.old, "o/y", VL_ENTRY_FILE, "x");
	(void)model_add(&w.old, "u", VL_ENTRY_DIR);
	(void)model_text(&w.old, "z", VL_ENTRY_FILE, "x");
	for (i = 0; i < 5; i++)
		model_find(&w.old, locked[i])->flags = VL_FLAG_IMMUTABLE;
	model_find(&w.old, "h")->flags = VL_FLAG_APPEND;
	model_add(&w.now, "d", VL_ENTRY_DIR)->flags = VL_FLAG_IMMUTABLE;
	(void)model_text(&w.now, "d/new", VL_ENTRY_FILE, "new");
	(void)model_text(&w.now, "d/x", VL_ENTRY_FILE, "longer");
	(void)model_text(&w.now, "g", VL_ENTRY_FILE, "longer");
	model_text(&w.now, "m", VL_ENTRY_FILE, "x")->flags = VL_FLAG_IMMUTABLE;
	model_find(&w.now, "m")->mode = 0600;
	model_add(&w.now, "u", VL_ENTRY_DIR)->mode = 0700;
	(void)model_text(&w.now, "z", VL_ENTRY_FILE, "longer");
	stages();
}

static const char *const refused[] = { "g", "m", "o", "u", "h", "d/gone",
	"d/new", "d/x", "o/y" };
#define REFUSED (sizeof(refused) / sizeof(refused[0]))

static void
redo_is_refused(void)
{
	size_t i;

	assert_int_equal(VL_EPENDING, world_redo(&w));
	assert_int_equal(REFUSED, w.blocked);
	assert_int_equal(0, w.diverged);
	assert_int_equal(6, size_of("z"));
	assert_int_equal(1, size_of("d/x"));
	for (i = 0; i < 5; i++)
		assert_int_equal(i == 4 ? VL_FLAG_APPEND : VL_FLAG_IMMUTABLE,
		    flags_of(refused[i]));
}

static void
locks_that_do_not_come_off_block_what_they_hold(void **state)
{
	(void)state;
	skip_unless_root();
	locked_tree();
	fault_no_locks = true;
	redo_is_refused();
	redo_is_refused();
	fault_no_locks = false;
	redo_ends();
	assert_true(model_stands(&w.now, w.root));
}

static void
what_locks_hold_may_stay(void **state)
{
	size_t i;

	(void)state;
	skip_unless_root();
	locked_tree();
	fault_no_locks = true;
	redo_is_refused();
	for (i = 0; i < REFUSED; i++)
		choose(VL_CHOICE_KEEP_THEIRS, refused[i]);
	redo_ends();
	fault_no_locks = false;
	forget_choices();
	assert_int_equal(6, size_of("z"));
	assert_int_equal(1, size_of("d/x"));
	assert_int_equal(1, size_of("o/y"));
	assert_false(is_there("d/new"));
	assert_int_equal(VL_FLAG_IMMUTABLE, flags_of("d"));
	assert_int_equal(VL_FLAG_IMMUTABLE, flags_of("u"));
}

/* Why it is refused is said of each. */
static void
a_lock_is_named_as_the_reason(void **state)
{
	(void)state;
	skip_unless_root();
	start();
	model_add(&w.old, "d", VL_ENTRY_DIR)->flags = VL_FLAG_IMMUTABLE;
	model_add(&w.now, "d", VL_ENTRY_DIR)->flags = VL_FLAG_IMMUTABLE;
	(void)model_text(&w.now, "d/new", VL_ENTRY_FILE, "new");
	stages();
	fault_no_locks = true;
	redo_is_blocked_by("/d/new: cannot make it: Operation not permitted; "
	                   "its directory is immutable or append-only");
	fault_no_locks = false;
}

/* The staging is set aside, as --abandon does it. */
static void
give_up(void)
{
	struct vl_stage_report report = world_report(&w);
	enum vl_stage_found found = VL_STAGE_ABSENT;
	struct vl_stage *stage = NULL;

	assert_int_equal(
	    VL_OK, vl_stage_open(&stage, &w.header, 0, &found, &w.err));
	assert_int_equal(VL_STAGE_OURS, found);
	if (vl_stage_abandon(stage, &report, &w.err) != VL_OK)
		fail_msg("%s", w.err.text);
	vl_stage_close(stage);
	assert_int_equal(-1, access(w.tree.staging, F_OK));
}

/* `d` cannot be written, and then not even be entered. */
static void
modes_stay_closed(void)
{
	char full[PATH];
	int round;

	world_open(&w);
	for (round = 0; round < 2; round++) {
		start();
		model_add(&w.old, "d", VL_ENTRY_DIR)->mode = 0500;
		(void)model_text(&w.old, "d/gone", VL_ENTRY_FILE, "x");
		(void)model_text(&w.old, "d/x", VL_ENTRY_FILE, "x");
		(void)model_text(&w.old, "z", VL_ENTRY_FILE, "x");
		model_add(&w.now, "d", VL_ENTRY_DIR)->mode = 0500;
		(void)model_text(&w.now, "d/x", VL_ENTRY_FILE, "longer");
		(void)model_text(&w.now, "z", VL_ENTRY_FILE, "longer");
		stages();
		full_path(full, "d");
		assert_int_equal(0, chmod(full, round == 0 ? 0500 : 0));
		fault_no_modes = true;
		assert_int_equal(VL_EPENDING, world_redo(&w));
		assert_int_equal(round == 0 ? 2 : 3, w.blocked);
		assert_int_equal(0, w.diverged);
		assert_int_equal(6, size_of("z"));
		choose(VL_CHOICE_KEEP_THEIRS, "d/gone");
		choose(VL_CHOICE_KEEP_THEIRS, "d/x");
		choose(VL_CHOICE_KEEP_THEIRS, "d");
		redo_ends();
		fault_no_modes = false;
		forget_choices();
		assert_int_equal(0, chmod(full, 0700));
		assert_int_equal(1, size_of("d/gone"));
		assert_int_equal(1, size_of("d/x"));
	}
	world_close(&w);
}

static void
modes_come_back(void)
{
	bool killed = true;
	struct stat st;
	char full[PATH];
	unsigned n = 0;

	world_open(&w);
	for (n = 1; killed; n++) {
		start();
		model_add(&w.old, "d", VL_ENTRY_DIR)->mode = 0500;
		(void)model_text(&w.old, "d/x", VL_ENTRY_FILE, "x");
		model_add(&w.now, "d", VL_ENTRY_DIR)->mode = 0500;
		(void)model_text(&w.now, "d/x", VL_ENTRY_FILE, "longer");
		stages();
		killed = killed_at(world_redo, &w, n);
		give_up();
		full_path(full, "d");
		assert_int_equal(0, stat(full, &st));
		assert_int_equal(0500, st.st_mode & 07777);
	}
	world_close(&w);
}

/* Without the rights of root. */
static void
as_nobody(void (*what)(void))
{
	char path[] = "nobody-XXXXXX";
	int status = 0;
	pid_t pid = 0;

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
		what();
		_exit(0);
	}
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_true(WIFEXITED(status));
	assert_int_equal(0, WEXITSTATUS(status));
	assert_int_equal(0, rmdir(path));
}

static void
directories_that_stay_closed_block_what_is_in_them(void **state)
{
	(void)state;
	as_nobody(modes_stay_closed);
}

static void
giving_up_closes_directories(void **state)
{
	(void)state;
	as_nobody(modes_come_back);
}

/* Of an entry that an operator has set himself. */
static void
is_theirs(const char *path)
{
	struct stat st;
	char full[PATH];

	full_path(full, path);
	assert_int_equal(0, stat(full, &st));
	assert_int_equal(0705, st.st_mode & 07777);
	assert_int_equal(7, st.st_uid);
	assert_int_equal(-1, getxattr(full, "user.k", NULL, 0));
}

static void
kept_attributes_are_not_touched(void **state)
{
	static const char *const paths[] = { "d", "f" };
	const struct vl_slice value = vl_slice_of("value");
	struct node *n = NULL;
	char full[PATH];
	size_t i;

	(void)state;
	skip_unless_root();
	start();
	model_add(&w.old, "d", VL_ENTRY_DIR)->flags = VL_FLAG_IMMUTABLE;
	(void)model_add(&w.now, "d", VL_ENTRY_DIR);
	(void)model_text(&w.now, "d/new", VL_ENTRY_FILE, "new");
	(void)model_text(&w.old, "f", VL_ENTRY_FILE, "x");
	(void)model_text(&w.now, "f", VL_ENTRY_FILE, "x");
	for (i = 0; i < 2; i++) {
		n = model_find(&w.now, paths[i]);
		n->uid = 1000;
		n->mode = 0750;
		node_attr(n, "user.k", value);
	}
	stages();
	fault_room = 1;
	assert_int_equal(VL_EPENDING, world_redo(&w));
	assert_int_equal(2, w.blocked);
	assert_int_equal(VL_FLAG_IMMUTABLE, flags_of("d"));
	for (i = 0; i < 2; i++) {
		choose(VL_CHOICE_KEEP_THEIRS, paths[i]);
		full_path(full, paths[i]);
		if (i == 0)
			assert_true(lock(full, 0));
		assert_int_equal(0, chown(full, 7, 7));
		assert_int_equal(0, chmod(full, 0705));
		if (i == 0)
			assert_true(lock(full, VL_FLAG_IMMUTABLE));
	}
	redo_ends();
	fault_room = 0;
	is_theirs("d");
	is_theirs("f");
	redo_ends();
	is_theirs("d");
	is_theirs("f");
	forget_choices();
	assert_int_equal(VL_FLAG_IMMUTABLE, flags_of("d"));
	assert_int_equal(3, size_of("d/new"));
}

/* It came after prepare, which would have refused. */
static void
what_is_refused_keeps_a_lock_that_came_since(void **state)
{
	char full[PATH];

	(void)state;
	skip_unless_root();
	start();
	(void)model_text(&w.old, "f", VL_ENTRY_FILE, "x");
	model_text(&w.now, "f", VL_ENTRY_FILE, "x")->mode = 0600;
	stages();
	full_path(full, "f");
	assert_true(lock(full, VL_FLAG_APPEND));
	fault_no_modes = true;
	redo_is_blocked_by("/f: cannot set its mode: Operation not permitted");
	assert_int_equal(VL_FLAG_APPEND, flags_of("f"));
}

static void
has_its_locks(unsigned n)
{
	static const char *const always[] = { "d", "m", "o" };
	struct stat st;
	char full[PATH];
	size_t i;

	for (i = 0; i < 3; i++)
		if (is_there(always[i]) &&
		    flags_of(always[i]) != VL_FLAG_IMMUTABLE)
			fail_msg("'%s' is open, killed at %u", always[i], n);
	if ((size_of("g") == 1) != (flags_of("g") == VL_FLAG_IMMUTABLE))
		fail_msg("'g' of %d bytes has flags %u, killed at %u",
		    (int)size_of("g"), flags_of("g"), n);
	if (is_there("h") && flags_of("h") != VL_FLAG_APPEND)
		fail_msg("'h' is open, killed at %u", n);
	full_path(full, "u");
	assert_int_equal(0, stat(full, &st));
	if (flags_of("u") == 0 && (st.st_mode & 07777) != 0700)
		fail_msg("'u' is open, killed at %u", n);
}

static void
giving_up_puts_locks_back(void **state)
{
	bool killed = true;
	unsigned n = 0;

	(void)state;
	skip_unless_root();
	for (n = 1; killed; n++) {
		locked_tree();
		killed = killed_at(world_redo, &w, n);
		give_up();
		assert_int_equal(0, w.blocked);
		has_its_locks(n);
	}
	assert_true(n > 20);
	assert_true(model_stands(&w.now, w.root));
}

static void
locks_that_do_not_come_back_are_named(void **state)
{
	bool killed = true;
	unsigned named = 0;
	unsigned n = 0;

	(void)state;
	skip_unless_root();
	for (n = 1; killed; n++) {
		locked_tree();
		killed = killed_at(world_redo, &w, n);
		fault_no_locks = true;
		give_up();
		fault_no_locks = false;
		named += w.blocked > 0;
		if (is_there("d") && flags_of("d") == 0)
			assert_true(w.blocked > 0);
	}
	assert_true(named > 0);
}

/* Its redo has never begun. */
static void
giving_up_does_not_lock_what_was_not_opened(void **state)
{
	char full[PATH];

	(void)state;
	skip_unless_root();
	locked_tree();
	full_path(full, "d");
	assert_true(lock(full, 0));
	give_up();
	assert_int_equal(0, flags_of("d"));
}

/* Its end was reached: what an operator has done since is his. */
static void
giving_up_does_not_lock_what_is_applied(void **state)
{
	enum vl_stage_found found = VL_STAGE_ABSENT;
	struct vl_stage *stage = NULL;
	char full[PATH];

	(void)state;
	skip_unless_root();
	locked_tree();
	redo_ends();
	assert_int_equal(
	    VL_OK, vl_stage_open(&stage, &w.header, 0, &found, &w.err));
	assert_int_equal(VL_OK, vl_stage_mark(stage, VL_STAGE_APPLIED, &w.err));
	vl_stage_close(stage);
	full_path(full, "d");
	assert_true(lock(full, 0));
	give_up();
	assert_int_equal(0, flags_of("d"));
}

/* They may have been set by one run and taken off by the next. */
static void
giving_up_names_directories_without_their_new_locks(void **state)
{
	(void)state;
	skip_unless_root();
	start();
	(void)model_add(&w.old, "d", VL_ENTRY_DIR);
	model_add(&w.now, "d", VL_ENTRY_DIR)->flags = VL_FLAG_IMMUTABLE;
	(void)model_text(&w.old, "d/x", VL_ENTRY_FILE, "x");
	(void)model_text(&w.now, "d/x", VL_ENTRY_FILE, "longer");
	(void)model_text(&w.old, "z", VL_ENTRY_FILE, "x");
	(void)model_text(&w.now, "z", VL_ENTRY_FILE, "longer");
	stages();
	put_file("z");
	redo_is_blocked_by("/z: it changed since the import looked at it");
	assert_int_equal(VL_FLAG_IMMUTABLE, flags_of("d"));
	assert_true(killed_at(world_redo, &w, 4));
	assert_int_equal(0, flags_of("d"));
	give_up();
	assert_int_equal(2, w.kept); /* the staging, too */
}

static void
giving_up_goes_on_without_the_steps(void **state)
{
	char full[PATH];
	int fd = -1;

	(void)state;
	skip_unless_root();
	locked_tree();
	assert_true(killed_at(world_redo, &w, 8));
	(void)snprintf(full, sizeof(full), "%s/steps", w.tree.staging);
	fd = open(full, O_WRONLY | O_TRUNC);
	assert_true(fd >= 0);
	(void)close(fd);
	give_up();
	assert_int_equal(1, w.blocked);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(locks_that_do_not_come_off_block_what_they_hold),
		CASE(what_locks_hold_may_stay),
		CASE(a_lock_is_named_as_the_reason),
		CASE(directories_that_stay_closed_block_what_is_in_them),
		CASE(giving_up_closes_directories),
		CASE(kept_attributes_are_not_touched),
		CASE(what_is_refused_keeps_a_lock_that_came_since),
		CASE(giving_up_puts_locks_back),
		CASE(locks_that_do_not_come_back_are_named),
		CASE(giving_up_does_not_lock_what_was_not_opened),
		CASE(giving_up_does_not_lock_what_is_applied),
		CASE(giving_up_names_directories_without_their_new_locks),
		CASE(giving_up_goes_on_without_the_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
