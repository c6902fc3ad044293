/*
 * Random trees over random trees, interrupted at every call that changes
 * something, recovery interrupted too: what stands at the end is the new
 * tree when it was decided, and the old one when it was not.
 */

#include "random.h"

#include "fault.h"

#define SEEDS  16 /* VALISE_SEEDS in the environment: more */
#define NOBODY 65534

/* A share of the seeds: a child for each kill takes its time. */
static uint64_t
seeds(unsigned share)
{
	const char *more = getenv("VALISE_SEEDS");
	uint64_t n = more == NULL ? SEEDS : strtoull(more, NULL, 10);

	return n / share;
}

/* An import that is not decided is taken back, as recovery does it. */
static enum vl_status
take_back(struct world *w)
{
	enum vl_stage_found found = VL_STAGE_ABSENT;
	struct vl_stage *stage = NULL;
	enum vl_status st =
	    vl_stage_open(&stage, &w->header, 0, &found, &w->err);

	if (st == VL_OK && stage != NULL)
		st = vl_stage_drop(stage, &w->err);
	if (st == VL_OK)
		st = vl_stage_sweep(&w->header, 0, &w->err);
	if (st == VL_OK)
		st = vl_stage_restore(&w->header, 0, &w->err);
	vl_stage_close(stage);
	return st;
}

/* A world from its seed up to the decision; false: a conflict, rightly. */
static bool
begin(struct world *w, uint64_t seed, bool inside)
{
	bool possible = false;

	world_open(w);
	possible = random_world(w, seed);
	world_build(w, inside);
	if (world_stage(w) != VL_OK)
		fail_msg(
		    "seed %llu: %s", (unsigned long long)seed, w->err.text);
	assert_int_equal(!possible, w->counts.conflict > 0);
	return possible;
}

/* Nothing but the root is left once the staging is gone. */
static void
is_clean(struct world *w)
{
	static struct model all;

	assert_int_equal(VL_OK, take_back(w));
	model_read(&all, w->path);
	assert_string_equal("root", all.nodes[1].path);
	assert_int_equal(all.n - 1, w->wanted.n);
}

static void
expect(struct world *w, const struct model *m, uint64_t seed, unsigned n)
{
	if (!model_stands(m, w->root))
		fail_msg("seed %llu, interrupted at %u",
		    (unsigned long long)seed, n);
}

static void
redo_is_killed(uint64_t seed)
{
	static struct world w;
	unsigned n = 0;
	unsigned again = 0;
	bool killed = true;

	for (n = 1; killed; n++) {
		if (!begin(&w, seed, false)) {
			world_close(&w);
			return;
		}
		killed = killed_at(world_redo, &w, n);
		again = 1 + (unsigned)(seed + n) % 4;
		while (killed && killed_at(world_redo, &w, again))
			again++;
		w.tree.inside = false;
		expect(&w, &w.wanted, seed, n);
		if (!killed)
			is_clean(&w);
		world_close(&w);
	}
}

static void
survives_kills_of_the_redo_and_of_recovery(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= seeds(4); seed++)
		redo_is_killed(seed);
}

static void
redo_plainly(uint64_t seed)
{
	static struct world w;

	if (begin(&w, seed, false)) {
		if (world_redo(&w) != VL_OK)
			fail_msg("seed %llu: %s", (unsigned long long)seed,
			    w.err.text);
		expect(&w, &w.wanted, seed, 0);
	}
	world_close(&w);
}

/* Without the rights of root. */
static void
as_nobody(void (*what)(void))
{
	char path[256];
	int status = 0;
	pid_t pid = 0;

	if (geteuid() != 0)
		skip();
	(void)snprintf(path, sizeof(path), "nobody-XXXXXX");
	assert_non_null(mkdtemp(path));
	assert_int_equal(0, chown(path, NOBODY, NOBODY));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (chdir(path) != 0 || setgid(NOBODY) != 0 ||
		    setuid(NOBODY) != 0)
			_exit(FAILED);
		what();
		_exit(0);
	}
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_true(WIFEXITED(status));
	assert_int_equal(0, WEXITSTATUS(status));
	assert_int_equal(0, rmdir(path));
}

/* Directories that nobody may write. */
static void
random_without_rights(void)
{
	uint64_t seed;

	for (seed = 1; seed <= seeds(8); seed++)
		redo_is_killed(seed);
	for (; seed <= 2 * seeds(1); seed++)
		redo_plainly(seed);
}

static void
survives_kills_without_rights(void **state)
{
	(void)state;
	as_nobody(random_without_rights);
}

/* It has that mode, and what is in it can be looked at. */
static void
open_closed(const char *root, const char *name, mode_t mode)
{
	char full[PATH];
	struct stat st;

	(void)snprintf(full, sizeof(full), "%s/%s", root, name);
	assert_int_equal(0, stat(full, &st));
	assert_int_equal(mode, st.st_mode & 07777);
	assert_int_equal(0, chmod(full, 0755));
}

static void
directories_close(void)
{
	static struct world w;
	bool killed = true;
	unsigned n = 0;

	for (n = 1; killed; n++) {
		world_open(&w);
		(void)model_add(&w.old, "", VL_ENTRY_DIR);
		(void)model_add(&w.old, "d", VL_ENTRY_DIR);
		(void)model_add(&w.old, "d/e", VL_ENTRY_DIR);
		(void)model_text(&w.old, "d/e/f", VL_ENTRY_FILE, "old");
		(void)model_text(&w.old, "d/g", VL_ENTRY_FILE, "old");
		(void)model_add(&w.old, "x", VL_ENTRY_DIR);
		w.now = w.old;
		model_find(&w.now, "x")->mode = 0600;
		model_find(&w.now, "d")->mode = 0600;
		model_find(&w.now, "d/e")->mode = 0200;
		(void)model_text(&w.now, "d/e/h", VL_ENTRY_FILE, "new");
		model_find(&w.now, "d/g")->mode = 0600;
		world_build(&w, false);
		if (world_stage(&w) != VL_OK)
			fail_msg("%s", w.err.text);
		killed = killed_at(world_redo, &w, n);
		if (world_redo(&w) != VL_OK)
			fail_msg("interrupted at %u: %s", n, w.err.text);
		assert_int_equal(0, w.kept);
		open_closed(w.root, "d", 0600);
		open_closed(w.root, "d/e", 0200);
		open_closed(w.root, "x", 0600);
		model_find(&w.now, "x")->mode = 0755;
		model_find(&w.now, "d")->mode = 0755;
		model_find(&w.now, "d/e")->mode = 0755;
		expect(&w, &w.now, 0, n);
		world_close(&w);
	}
}

static void
enters_directories_before_they_are_closed(void **state)
{
	(void)state;
	as_nobody(directories_close);
}

/* An error was met; but where an attribute found no room, all are set anew. */
static bool
fault_counts(void)
{
	return fault_fired() && !fault.room;
}

/* With no fault any more. */
static void
ends_now(struct world *w, uint64_t seed, unsigned n)
{
	if (world_redo(w) != VL_OK)
		fail_msg(
		    "seed %llu: %s", (unsigned long long)seed, w->err.text);
	expect(w, &w->wanted, seed, n);
	world_close(w);
}

static void
goes_on_after_every_error(void **state)
{
	static struct world w;
	uint64_t seed;
	unsigned n;

	(void)state;
	for (seed = 1; seed <= seeds(1); seed++) {
		for (n = 1;; n++) {
			if (!begin(&w, seed, false))
				break;
			fault_arm(FAULT_ERRNO, n, n % 2 == 0 ? EIO : ENOSPC);
			if (world_redo(&w) == VL_OK)
				assert_false(fault_counts());
			fault.kind = FAULT_NONE;
			if (!fault_fired())
				break;
			ends_now(&w, seed, n);
		}
		world_close(&w);
	}
}

/* What could not be seen is not gone, nor is it another one: nobody is told
 * that it is, but what cannot be done for it; and what was locked or closed
 * before is so again. */
static void
goes_on_after_every_look_that_fails(void **state)
{
	static struct world w;
	uint64_t seed;
	unsigned n;

	(void)state;
	fault_looks = true;
	for (seed = 1; seed <= seeds(1); seed++) {
		for (n = 1;; n++) {
			if (!begin(&w, seed, false))
				break;
			fault_arm(FAULT_ERRNO, n, EIO);
			if (world_redo(&w) == VL_OK && fault_fired())
				expect(&w, &w.wanted, seed, n);
			if (w.kept > 0 ||
			    (w.said[0] != '\0' &&
			        strstr(w.said, ": cannot ") == NULL))
				fail_msg("seed %llu, look %u: %s",
				    (unsigned long long)seed, n, w.said);
			fault.kind = FAULT_NONE;
			if (!fault_fired())
				break;
			ends_now(&w, seed, n);
		}
		world_close(&w);
	}
	fault_looks = false;
}

static void
stage_is_killed(uint64_t seed, bool inside, unsigned step)
{
	static struct world w;
	unsigned n = 0;
	unsigned again = 0;
	bool killed = true;

	for (n = 1; killed; n += step) {
		world_open(&w);
		(void)random_world(&w, seed);
		world_build(&w, inside);
		killed = killed_at(world_stage, &w, n);
		again = 1 + (unsigned)(seed + n) % 3;
		while (killed_at(take_back, &w, again))
			again++;
		expect(&w, &w.old, seed, n);
		w.wanted = w.old;
		is_clean(&w);
		world_close(&w);
	}
}

static void
leaves_the_old_tree_before_the_decision(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= seeds(8); seed++) {
		stage_is_killed(seed, false, 3);
		stage_is_killed(seed, true, 3);
	}
}

/* The same with errors, which the process sees itself. */
static void
takes_back_after_every_error(void **state)
{
	static struct world w;
	uint64_t seed;
	unsigned n;

	(void)state;
	for (seed = 1; seed <= seeds(8); seed++) {
		for (n = 1;; n += 2) {
			world_open(&w);
			(void)random_world(&w, seed);
			world_build(&w, seed % 2 == 0);
			fault_arm(FAULT_ERRNO, n, ENOSPC);
			if (world_stage(&w) == VL_OK && fault_counts())
				fail_msg("seed %llu: error %u is hidden",
				    (unsigned long long)seed, n);
			fault.kind = FAULT_NONE;
			w.wanted = w.old;
			is_clean(&w);
			expect(&w, &w.old, seed, n);
			world_close(&w);
			if (!fault_fired())
				break;
		}
	}
}

/* Before the decision, too, nobody is said to have changed what could not be
 * seen. */
static void
names_no_change_where_a_look_fails(void **state)
{
	static struct world w;
	uint64_t seed;
	unsigned failed = 0;
	unsigned n;

	(void)state;
	for (seed = 1; seed <= seeds(4); seed++) {
		for (n = 1;; n++) {
			world_open(&w);
			(void)random_world(&w, seed);
			world_build(&w, seed % 2 == 0);
			fault_looks = true;
			fault_arm(FAULT_ERRNO, n, EIO);
			if (world_stage(&w) != VL_OK && ++failed > 0 &&
			    strstr(w.err.text, "Input/output error") == NULL)
				fail_msg("seed %llu, look %u: %s",
				    (unsigned long long)seed, n, w.err.text);
			fault.kind = FAULT_NONE;
			fault_looks = false;
			w.wanted = w.old;
			is_clean(&w);
			world_close(&w);
			if (!fault_fired())
				break;
		}
	}
	assert_true(failed > 50);
}

/* A second name may belong to somebody else. */
static void
changes_no_file_outside_the_tree(void **state)
{
	static struct world w;
	struct stat st;
	char inside[PATH];
	char outside[PATH];

	(void)state;
	world_open(&w);
	(void)model_add(&w.old, "", VL_ENTRY_DIR);
	(void)model_text(&w.old, "a", VL_ENTRY_FILE, "text");
	(void)model_text(&w.old, "l", VL_ENTRY_LINK, "a");
	w.now = w.old;
	w.now.nodes[1].mode = 0600;
	w.now.nodes[2].mtime.sec++;
	world_build(&w, false);
	(void)snprintf(inside, sizeof(inside), "%s/a", w.root);
	(void)snprintf(outside, sizeof(outside), "%s/a", w.path);
	assert_int_equal(0, link(inside, outside));
	(void)snprintf(inside, sizeof(inside), "%s/l", w.root);
	(void)snprintf(outside, sizeof(outside), "%s/l", w.path);
	assert_int_equal(0, linkat(AT_FDCWD, inside, AT_FDCWD, outside, 0));
	assert_int_equal(VL_OK, world_stage(&w));
	assert_int_equal(VL_OK, world_redo(&w));
	expect(&w, &w.now, 0, 0);
	assert_int_equal(0, lstat(outside, &st));
	assert_int_equal(OWN_MTIME, st.st_mtim.tv_sec);
	(void)snprintf(outside, sizeof(outside), "%s/a", w.path);
	assert_int_equal(0, lstat(outside, &st));
	assert_int_equal(0644, st.st_mode & 07777);
	world_close(&w);
}

static void
previews_without_a_trace(void **state)
{
	static struct world w;
	uint64_t seed;
	bool possible = false;

	(void)state;
	for (seed = 1; seed <= seeds(1); seed++) {
		world_open(&w);
		possible = random_world(&w, seed);
		world_build(&w, false);
		fault_named = true;
		fault_arm(FAULT_ERRNO, 1, EIO);
		assert_int_equal(VL_OK, world_prepare(&w, NULL));
		fault.kind = FAULT_NONE;
		fault_named = false;
		assert_int_equal(!possible, w.counts.conflict > 0);
		expect(&w, &w.old, seed, 0);
		world_close(&w);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(previews_without_a_trace),
		cmocka_unit_test(changes_no_file_outside_the_tree),
		cmocka_unit_test(survives_kills_of_the_redo_and_of_recovery),
		cmocka_unit_test(survives_kills_without_rights),
		cmocka_unit_test(enters_directories_before_they_are_closed),
		cmocka_unit_test(goes_on_after_every_error),
		cmocka_unit_test(goes_on_after_every_look_that_fails),
		cmocka_unit_test(leaves_the_old_tree_before_the_decision),
		cmocka_unit_test(takes_back_after_every_error),
		cmocka_unit_test(names_no_change_where_a_look_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
