/*
 * Where staging stands, whose it is, and what is left when it goes.
 */

#include <sys/file.h>
#include <sys/mount.h>

#include "oneworld.h"

/* Locate `name` below the folder of the test. */
static enum vl_status
locate(struct vl_header_tree *t, const char *name)
{
	char path[1024];

	memset(t, 0, sizeof(*t));
	(void)snprintf(path, sizeof(path), "%s/%s", w.path, name);
	return vl_stage_locate(t, path, &w.err);
}

static void
expect_staging(struct vl_header_tree *t, const char *root, const char *staging)
{
	assert_string_equal(root, t->root + strlen(w.path) + 1);
	assert_string_equal(staging, t->staging + strlen(w.path) + 1);
	free(t->root);
	free(t->staging);
}

static void
stands_beside_the_root(void **state)
{
	struct vl_header_tree t;

	(void)state;
	assert_int_equal(VL_OK, locate(&t, "root"));
	assert_false(t.inside);
	assert_false(t.absent);
	assert_int_equal(OWN_MTIME, t.mtime_sec);
	assert_int_equal(123456789, t.mtime_nsec);
	expect_staging(&t, "root", ".root.valise");
	/* A link is resolved: staging stands where the tree is. */
	assert_int_equal(0, chdir(w.path));
	assert_int_equal(0, mkdir("sub", 0755));
	assert_int_equal(0, symlink("../root", "sub/link"));
	assert_int_equal(0, chdir(".."));
	assert_int_equal(VL_OK, locate(&t, "sub/link/"));
	expect_staging(&t, "root", ".root.valise");
}

/* Else a later run would look for it elsewhere. */
static void
stands_nowhere_else_whichever_look_fails(void **state)
{
	struct vl_header_tree t;
	enum vl_status st = VL_EIO;
	unsigned n;

	(void)state;
	fault_looks = true;
	for (n = 1; st != VL_OK; n++) {
		fault_arm(FAULT_ERRNO, n, EIO);
		st = locate(&t, "root");
		fault.kind = FAULT_NONE;
		if (st == VL_OK) {
			assert_false(fault_fired());
			expect_staging(&t, "root", ".root.valise");
			continue;
		}
		assert_int_equal(VL_EIO, st);
		assert_non_null(strstr(w.err.text, "Input/output error"));
		free(t.root);
	}
	fault_looks = false;
	assert_true(n > 4);
}

static void
stands_inside_where_the_name_is_long(void **state)
{
	struct vl_header_tree t;
	char name[256];
	char staging[300];
	char path[1024];

	(void)state;
	memset(name, 'n', sizeof(name));
	name[214] = '\0'; /* 41 more are ".NAME.valise.ID" */
	(void)snprintf(path, sizeof(path), "%s/%s", w.path, name);
	assert_int_equal(0, mkdir(path, 0755));
	assert_int_equal(VL_OK, locate(&t, name));
	assert_false(t.inside);
	(void)snprintf(staging, sizeof(staging), ".%s.valise", name);
	expect_staging(&t, name, staging);

	name[214] = 'n';
	name[215] = '\0';
	(void)snprintf(path, sizeof(path), "%s/%s", w.path, name);
	assert_int_equal(0, mkdir(path, 0755));
	assert_int_equal(VL_OK, locate(&t, name));
	assert_true(t.inside);
	(void)snprintf(staging, sizeof(staging), "%s/.valise", name);
	expect_staging(&t, name, staging);
}

static void
stands_inside_a_mount_point(void **state)
{
	struct vl_header_tree t;

	(void)state;
	if (mount(w.root, w.root, NULL, MS_BIND, NULL) != 0)
		skip();
	assert_int_equal(VL_OK, locate(&t, "root"));
	assert_int_equal(0, umount(w.root));
	assert_true(t.inside);
	expect_staging(&t, "root", "root/.valise");
}

static void
stands_inside_where_the_parent_is_not_ours(void **state)
{
	struct vl_header_tree t;
	int status = 0;
	pid_t pid = 0;

	(void)state;
	if (geteuid() != 0)
		skip();
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (setgid(65534) != 0 || setuid(65534) != 0 ||
		    locate(&t, "root") != VL_OK)
			_exit(1);
		if (locate(&t, "root") == VL_OK && !t.inside)
			_exit(2);
		/* And what is absent cannot be made there. */
		_exit(locate(&t, "none") == VL_EIO ? 0 : 3);
	}
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_true(WIFEXITED(status));
	assert_int_equal(0, WEXITSTATUS(status));
}

static void
takes_an_absent_root_by_its_parent(void **state)
{
	struct vl_header_tree t;

	(void)state;
	assert_int_equal(VL_OK, locate(&t, "none"));
	assert_true(t.absent);
	assert_false(t.inside);
	expect_staging(&t, "none", ".none.valise");
	assert_int_equal(VL_EUSAGE, locate(&t, "none/none"));
	free(t.root);
	assert_int_equal(VL_EUSAGE, locate(&t, "root/a"));
	free(t.root);
}

static enum vl_stage_found
find(const struct vl_header *h, struct vl_stage **stage)
{
	enum vl_stage_found found = VL_STAGE_ABSENT;

	if (vl_stage_open(stage, h, 0, &found, &w.err) != VL_OK)
		fail_msg("%s", w.err.text);
	return found;
}

static void
is_found_by_its_owner_alone(void **state)
{
	struct vl_stage *stage = NULL;
	struct vl_stage *second = NULL;
	enum vl_stage_found found = VL_STAGE_OURS;

	(void)state;
	assert_int_equal(VL_STAGE_ABSENT, find(&w.header, &stage));
	assert_int_equal(VL_OK, vl_stage_make(&stage, &w.header, 0, &w.err));
	/* As long as it is held nobody else gets it. */
	assert_int_equal(
	    VL_ELOCKED, vl_stage_open(&second, &w.header, 0, &found, &w.err));
	assert_null(second);
	vl_stage_close(stage);
	assert_int_equal(VL_STAGE_OURS, find(&w.header, &stage));
	vl_stage_close(stage);
	w.header.import[0] ^= 1;
	assert_int_equal(VL_STAGE_FOREIGN, find(&w.header, &stage));
	assert_null(stage);
	w.header.import[0] ^= 1;
	assert_int_equal(VL_STAGE_OURS, find(&w.header, &stage));
	assert_int_equal(VL_OK, vl_stage_drop(stage, &w.err));
	vl_stage_close(stage);
	assert_int_equal(VL_STAGE_ABSENT, find(&w.header, &stage));
	assert_true(model_stands(&w.old, w.root));
}

static void
another_states_staging_is_left_alone(void **state)
{
	struct vl_stage *stage = NULL;

	(void)state;
	assert_int_equal(0, mkdir(w.state, 0700));
	assert_int_equal(VL_OK, world_stage(&w));
	w.header.state[0] ^= 1;
	w.header.import[0] ^= 1;
	w.header.state_path = w.root;
	assert_int_equal(
	    VL_ELOCKED, vl_stage_make(&stage, &w.header, 0, &w.err));
	assert_null(stage);
	assert_non_null(strstr(w.err.text, w.state));
	/* Its state is gone: it may only not be mounted. */
	assert_int_equal(0, rmdir(w.state));
	assert_int_equal(
	    VL_EPENDING, vl_stage_make(&stage, &w.header, 0, &w.err));
	assert_non_null(strstr(w.err.text, "--state-lost"));
}

static void
is_another_states_whichever_look_fails(void **state)
{
	struct vl_stage *stage = NULL;
	unsigned n = 0;

	(void)state;
	assert_int_equal(0, mkdir(w.state, 0700));
	assert_int_equal(VL_OK, world_stage(&w));
	w.header.state[0] ^= 1;
	w.header.state_path = w.root;
	fault_looks = true;
	do {
		fault_arm(FAULT_ERRNO, ++n, EIO);
		assert_int_not_equal(
		    VL_OK, vl_stage_make(&stage, &w.header, 0, &w.err));
		fault.kind = FAULT_NONE;
		if (strstr(w.err.text, w.state) == NULL &&
		    strstr(w.err.text, "Input/output error") == NULL)
			fail_msg("look %u: %s", n, w.err.text);
	} while (fault_fired());
	fault_looks = false;
	assert_non_null(strstr(w.err.text, w.state));
	assert_int_equal(0, rmdir(w.state));
}

/* Undone while its file system was not mounted. */
static void
an_older_one_of_the_same_state_makes_way(void **state)
{
	struct vl_stage *stage = NULL;

	(void)state;
	assert_int_equal(VL_OK, world_stage(&w));
	w.header.import[0] ^= 1;
	assert_int_equal(VL_OK, vl_stage_make(&stage, &w.header, 0, &w.err));
	vl_stage_close(stage);
	assert_int_equal(VL_STAGE_OURS, find(&w.header, &stage));
	vl_stage_close(stage);
}

static void
one_that_was_decided_does_not(void **state)
{
	struct vl_stage *stage = NULL;

	(void)state;
	assert_int_equal(VL_OK, world_stage(&w));
	assert_int_equal(VL_STAGE_OURS, find(&w.header, &stage));
	assert_int_equal(VL_OK, vl_stage_mark(stage, VL_STAGE_DECIDED, &w.err));
	vl_stage_close(stage);
	w.header.import[0] ^= 1;
	assert_int_equal(
	    VL_EPENDING, vl_stage_make(&stage, &w.header, 0, &w.err));
	w.header.import[0] ^= 1;
	assert_int_equal(VL_OK, world_redo(&w));
	assert_true(model_stands(&w.now, w.root));
}

static void
marks_are_set_once_and_again(void **state)
{
	struct vl_stage *stage = NULL;
	bool set = true;
	int mark;
	int i;

	(void)state;
	assert_int_equal(VL_OK, world_stage(&w));
	assert_int_equal(VL_STAGE_OURS, find(&w.header, &stage));
	for (mark = VL_STAGE_DECIDED; mark <= VL_STAGE_APPLIED; mark++) {
		assert_int_equal(VL_OK,
		    vl_stage_marked(
		        stage, (enum vl_stage_mark)mark, &set, &w.err));
		assert_false(set);
		for (i = 0; i < 2; i++) {
			assert_int_equal(VL_OK,
			    vl_stage_mark(
			        stage, (enum vl_stage_mark)mark, &w.err));
			assert_int_equal(VL_OK,
			    vl_stage_marked(
			        stage, (enum vl_stage_mark)mark, &set, &w.err));
			assert_true(set);
		}
	}
	/* One that was not synced is not believed. */
	fault_arm(FAULT_ERRNO, 1, EIO);
	assert_int_equal(
	    VL_EIO, vl_stage_marked(stage, VL_STAGE_DECIDED, &set, &w.err));
	fault.kind = FAULT_NONE;
	assert_false(set);
	vl_stage_close(stage);
}

static void
holds_the_header_for_a_state_that_is_lost(void **state)
{
	struct vl_header h;
	struct vl_stage *stage = NULL;
	char path[1024];
	bool prepared = true;

	(void)state;
	assert_int_equal(
	    VL_OK, vl_stage_header(&h, &w.tree, &prepared, &w.err));
	assert_int_equal(0, h.ntrees);
	assert_int_equal(VL_OK, world_stage(&w));
	assert_int_equal(
	    VL_OK, vl_stage_header(&h, &w.tree, &prepared, &w.err));
	assert_true(prepared);
	assert_string_equal(w.header.state_path, h.state_path);
	assert_int_equal(VL_STAGE_OURS, find(&h, &stage));
	vl_header_free(&h);

	/* Killed while it was written. */
	(void)snprintf(path, sizeof(path), "%s/header", w.tree.staging);
	assert_int_equal(0, truncate(path, 20));
	assert_int_equal(
	    VL_OK, vl_stage_header(&h, &w.tree, &prepared, &w.err));
	assert_false(prepared);
	assert_int_equal(1, h.ntrees);
	assert_memory_equal(w.header.import, h.import, sizeof(h.import));
	assert_memory_equal(w.header.state, h.state, sizeof(h.state));
	vl_header_free(&h);
	/* Where a step may have been done nothing is guessed. */
	assert_int_equal(VL_OK, vl_stage_mark(stage, VL_STAGE_DECIDED, &w.err));
	vl_stage_close(stage);
	assert_int_equal(
	    VL_EPENDING, vl_stage_header(&h, &w.tree, &prepared, &w.err));
}

/* From the redo to the end of a staging, as an import and as recovery: the
 * time of the root has been noted (here: by w.tree, as by the journal). */
static enum vl_status
finish(struct world *p)
{
	struct vl_stage_report report = world_report(p);
	enum vl_stage_found found = VL_STAGE_ABSENT;
	struct vl_stage *stage = NULL;
	enum vl_status st =
	    vl_stage_open(&stage, &p->header, 0, &found, &p->err);

	if (st == VL_OK && stage != NULL)
		st = vl_stage_clean(stage, &report, &p->err);
	if (st == VL_OK)
		st = vl_stage_sweep(&p->header, 0, &p->err);
	if (st == VL_OK)
		st = vl_stage_restore(&p->header, 0, &p->err);
	vl_stage_close(stage);
	return st;
}

static void
note_time(void)
{
	struct vl_stage *stage = NULL;
	struct vl_time t = { 0 };

	assert_int_equal(VL_STAGE_OURS, find(&w.header, &stage));
	assert_int_equal(VL_OK, vl_stage_take_time(stage, &t, &w.err));
	vl_stage_close(stage);
	w.tree.mtime_sec = t.sec;
	w.tree.mtime_nsec = t.nsec;
}

/* One that stands inside changes the root's time as it goes. */
static void
roots_time_survives_kills_of_cleaning(void **state)
{
	unsigned n = 0;
	bool killed = true;
	int status = 0;
	pid_t pid = 0;

	(void)state;
	for (n = 1; killed; n++) {
		world_close(&w);
		(void)setup(NULL);
		w.now.nodes[0].mtime.sec++;
		free(w.tree.staging);
		w.tree.inside = true;
		assert_true(
		    asprintf(&w.tree.staging, "%s/.valise", w.root) > 0);
		assert_int_equal(VL_OK, world_stage(&w));
		assert_int_equal(VL_OK, world_redo(&w));
		note_time();
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			fault_arm(FAULT_KILL, n, 0);
			_exit(finish(&w) == VL_OK ? 0 : 1);
		}
		assert_int_equal(pid, waitpid(pid, &status, 0));
		assert_true(WIFEXITED(status));
		assert_int_not_equal(1, WEXITSTATUS(status));
		killed = WEXITSTATUS(status) == KILLED;
		assert_int_equal(VL_OK, finish(&w));
		assert_true(model_stands(&w.now, w.root));
	}
	assert_true(n > 8);
}

static void
an_absent_root_comes_whole_or_not_at_all(void **state)
{
	unsigned n = 0;

	(void)state;
	for (n = 0; n < 2; n++) {
		world_close(&w);
		world_open(&w);
		(void)model_add(&w.now, "", VL_ENTRY_DIR);
		(void)model_text(&w.now, "a", VL_ENTRY_FILE, "new");
		w.now.nodes[0].mode = 0555;
		world_build(&w, false);
		assert_true(w.tree.absent);
		assert_int_equal(VL_OK, world_stage(&w));
		assert_int_equal(-1, access(w.root, F_OK));
		if (n == 0) {
			assert_int_equal(VL_OK, world_redo(&w));
			assert_int_equal(VL_OK, world_redo(&w));
			assert_true(model_stands(&w.now, w.root));
		}
		assert_int_equal(VL_OK, finish(&w));
		assert_int_equal(n == 0 ? 0 : -1, access(w.root, F_OK));
	}
}

static void
what_was_displaced_is_kept_and_named(void **state)
{
	char full[PATH];
	FILE *f = NULL;

	(void)state;
	assert_int_equal(VL_OK, world_stage(&w));
	(void)snprintf(full, sizeof(full), "%s/a", w.root);
	f = fopen(full, "w");
	assert_non_null(f);
	(void)fputs("theirs", f);
	assert_int_equal(0, fclose(f));
	w.choices[0] = (struct vl_choice_line){ full, VL_CHOICE_TAKE_OURS };
	w.journal.nchoices = 1;
	assert_int_equal(VL_OK, world_redo(&w));
	assert_int_equal(VL_OK, finish(&w));
	assert_int_equal(1, w.kept);
	(void)snprintf(full, sizeof(full),
	    "%s/.root.valise.theirs.1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a", w.path);
	assert_int_equal(0, access(full, F_OK));
	assert_int_equal(0,
	    strncmp(
	        w.said, full + strlen(w.root), strlen(full) - strlen(w.root)));
}

/* One beside the root and one inside it. */
static void
importers_of_one_root_see_each_other(void **state)
{
	struct vl_header second;
	struct vl_header_tree tree;
	struct vl_stage *stage = NULL;
	struct vl_stage *none = NULL;
	int i;

	(void)state;
	assert_int_equal(0, mkdir(w.state, 0700));
	for (i = 0; i < 2; i++) {
		second = w.header;
		second.import[0] ^= 1;
		second.state[0] ^= 1;
		second.state_path = w.root;
		tree = w.tree;
		second.trees = &tree;
		tree.inside = !w.tree.inside;
		assert_true(
		    asprintf(&tree.staging,
		        tree.inside ? "%s/root/.valise" : "%s/.root.valise",
		        w.path) > 0);
		assert_int_equal(
		    VL_OK, vl_stage_make(&stage, &w.header, 0, &w.err));
		vl_stage_close(stage); /* killed */
		assert_int_equal(
		    VL_ELOCKED, vl_stage_make(&none, &second, 0, &w.err));
		assert_null(none);
		assert_non_null(strstr(w.err.text, w.state));
		assert_int_equal(-1, access(tree.staging, F_OK));
		assert_int_equal(VL_STAGE_OURS, find(&w.header, &stage));
		assert_int_equal(VL_OK, vl_stage_drop(stage, &w.err));
		vl_stage_close(stage);
		free(w.tree.staging);
		w.tree.staging = tree.staging;
		w.tree.inside = tree.inside;
	}
	assert_true(model_stands(&w.old, w.root));
}

/* Where paths differ, as with a bind mount, the root itself is held. */
static void
holds_the_root_while_it_is_open(void **state)
{
	enum vl_stage_found found = VL_STAGE_ABSENT;
	struct vl_stage *stage = NULL;
	int fd = open(w.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(0, flock(fd, LOCK_EX | LOCK_NB));
	assert_int_equal(
	    VL_ELOCKED, vl_stage_make(&stage, &w.header, 0, &w.err));
	assert_int_equal(0, flock(fd, LOCK_UN));
	assert_int_equal(VL_OK, vl_stage_make(&stage, &w.header, 0, &w.err));
	assert_int_equal(-1, flock(fd, LOCK_EX | LOCK_NB));
	vl_stage_close(stage);
	assert_int_equal(0, flock(fd, LOCK_EX | LOCK_NB));
	assert_int_equal(
	    VL_ELOCKED, vl_stage_open(&stage, &w.header, 0, &found, &w.err));
	assert_null(stage);
	(void)close(fd);
	assert_int_equal(VL_STAGE_OURS, find(&w.header, &stage));
	vl_stage_close(stage);
}

static void
stands_inside_an_append_only_parent(void **state)
{
	struct vl_header_tree t = { 0 };
	struct vl_stage *stage = NULL;
	enum vl_status absent = VL_OK;
	enum vl_status made = VL_OK;

	(void)state;
	if (!append_only(w.path, true)) {
		print_message("no append-only flag here: skipped\n");
		skip();
	}
	absent = locate(&t, "none");
	free(t.root);
	(void)locate(&t, "root");
	made = vl_stage_make(&stage, &w.header, 0, &w.err);
	assert_true(append_only(w.path, false));
	assert_int_equal(VL_EIO, absent);
	assert_true(t.inside);
	expect_staging(&t, "root", "root/.valise");
	assert_int_equal(VL_EREFUSED, made);
	assert_int_equal(VL_STAGE_ABSENT, find(&w.header, &stage));
	assert_true(model_stands(&w.old, w.root));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(stands_beside_the_root),
		CASE(stands_nowhere_else_whichever_look_fails),
		CASE(stands_inside_where_the_name_is_long),
		CASE(stands_inside_a_mount_point),
		CASE(stands_inside_where_the_parent_is_not_ours),
		CASE(takes_an_absent_root_by_its_parent),
		CASE(is_found_by_its_owner_alone),
		CASE(another_states_staging_is_left_alone),
		CASE(is_another_states_whichever_look_fails),
		CASE(an_older_one_of_the_same_state_makes_way),
		CASE(one_that_was_decided_does_not),
		CASE(marks_are_set_once_and_again),
		CASE(holds_the_header_for_a_state_that_is_lost),
		CASE(roots_time_survives_kills_of_cleaning),
		CASE(an_absent_root_comes_whole_or_not_at_all),
		CASE(what_was_displaced_is_kept_and_named),
		CASE(importers_of_one_root_see_each_other),
		CASE(holds_the_root_while_it_is_open),
		CASE(stands_inside_an_append_only_parent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
