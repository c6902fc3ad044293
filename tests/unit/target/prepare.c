/*
 * What the target could not keep or take is refused before the decision, and
 * nothing of it is left.
 */

#include <grp.h>

#include "world.h"

#include "fault.h"

static struct world w;

static int
setup(void **state)
{
	(void)state;
	world_open(&w);
	(void)model_add(&w.old, "", VL_ENTRY_DIR);
	(void)model_text(&w.old, "a", VL_ENTRY_FILE, "old");
	(void)model_add(&w.now, "", VL_ENTRY_DIR);
	(void)model_text(&w.now, "a", VL_ENTRY_FILE, "new");
	world_build(&w, false);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	world_close(&w);
	return 0;
}

/* The staging is dropped, and nothing but the old tree is left. */
static void
is_taken_back(void)
{
	static struct model all;
	enum vl_stage_found found = VL_STAGE_ABSENT;
	struct vl_stage *stage = NULL;

	assert_int_equal(
	    VL_OK, vl_stage_open(&stage, &w.header, 0, &found, &w.err));
	assert_int_equal(VL_STAGE_OURS, found);
	assert_int_equal(VL_OK, vl_stage_drop(stage, &w.err));
	vl_stage_close(stage);
	assert_true(model_stands(&w.old, w.root));
	model_read(&all, w.path);
	assert_int_equal(w.old.n + 1, all.n);
}

/* What the redo would set is tried before the decision. */
static void
expect_not_kept(const char *name)
{
	char quoted[PATH];

	model_sort(&w.now);
	fault_seconds = true;
	assert_int_equal(VL_EREFUSED, world_stage(&w));
	fault_seconds = false;
	(void)snprintf(quoted, sizeof(quoted), "%s'", name);
	assert_non_null(strstr(w.err.text, "does not keep"));
	assert_non_null(strstr(w.err.text, quoted));
	is_taken_back();
}

static void
refuses_a_time_that_is_not_kept(void **state)
{
	(void)state;
	w.now = w.old;
	(void)model_text(&w.now, "link", VL_ENTRY_LINK, "a");
	expect_not_kept("'link");
	w.now = w.old;
	(void)model_add(&w.now, "dir", VL_ENTRY_DIR);
	expect_not_kept("'dir");
	w.now = w.old;
	model_find(&w.now, "a")->mode = 0600;
	expect_not_kept("/root/a");
	w.now = w.old;
	model_find(&w.now, "")->mode = 0700;
	expect_not_kept("/root");
}

static void
refuses_a_setgid_bit_that_would_be_lost(void **state)
{
	int status = 0;
	pid_t pid = 0;

	(void)state;
	if (geteuid() != 0)
		skip();
	w.old.nodes[0].uid = w.now.nodes[0].uid = 65534;
	w.old.nodes[0].gid = w.now.nodes[0].gid = 12345;
	w.now.nodes[0].mode = 02775;
	assert_int_equal(0, chown(w.root, 65534, 12345));
	assert_int_equal(0, chown(w.path, 65534, 65534));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (setgroups(0, NULL) != 0 || setgid(65534) != 0 ||
		    setuid(65534) != 0)
			_exit(1);
		w.now.nodes[1] = w.old.nodes[1];
		_exit(world_stage(&w) == VL_EREFUSED &&
		            strstr(w.err.text, "setgid") != NULL ?
		        0 :
		        2);
	}
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_true(WIFEXITED(status));
	assert_int_equal(0, WEXITSTATUS(status));
}

static void
leaves_nothing_in_an_append_only_root(void **state)
{
	enum vl_status st = VL_OK;

	(void)state;
	if (!append_only(w.root, true)) {
		print_message("no append-only flag here: skipped\n");
		skip();
	}
	w.now = w.old;
	model_find(&w.now, "a")->mode = 0600;
	st = world_stage(&w);
	assert_true(append_only(w.root, false));
	assert_int_equal(VL_EREFUSED, st);
	assert_non_null(strstr(w.err.text, "append-only"));
	is_taken_back();
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(refuses_a_time_that_is_not_kept),
		CASE(refuses_a_setgid_bit_that_would_be_lost),
		CASE(leaves_nothing_in_an_append_only_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
