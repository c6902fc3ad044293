/*
 * What the target could not keep or take is refused before the decision, and
 * nothing of it is left.
 */

#include <grp.h>

#include "../../../src/target/holds.h"
#include "../../../src/target/trial.h"
#include "oneworld.h"

static void
skip_without_locks(void)
{
	if (!append_only(w.root, true))
		skip();
	assert_true(append_only(w.root, false));
}

/* What others do to the tree, or to the staging, before prepare looks. */

static void
lock_a(struct world *p)
{
	char full[PATH];
	int fd = -1;

	(void)snprintf(full, sizeof(full), "%s/a", p->root);
	fd = open(full, O_RDONLY);
	assert_true(fd >= 0 && vl_flags_set(fd, VL_FLAG_IMMUTABLE));
	(void)close(fd);
}

static void
replace_a(struct world *p)
{
	int fd = open(p->root, O_RDONLY | O_DIRECTORY);

	assert_true(fd >= 0);
	assert_int_equal(0, unlinkat(fd, "a", 0));
	node_write(fd, &p->old.nodes[1]);
	node_attributes(fd, &p->old.nodes[1]);
	node_attributes(fd, &p->old.nodes[0]);
	(void)close(fd);
}

static void
lose_a_staged_link(struct world *p)
{
	char full[PATH];
	unsigned n;

	for (n = 0; n < 20; n++) {
		(void)snprintf(
		    full, sizeof(full), "%s/new/%u/s/l", p->tree.staging, n);
		if (unlink(full) == 0)
			return;
	}
	fail_msg("no link is staged");
}

/* What the redo would set is tried before the decision. */
static void
expect_not_kept_now(const char *name)
{
	char quoted[PATH];
	enum vl_status st = VL_OK;

	model_sort(&w.now);
	st = world_stage(&w);
	fault_seconds = fault_no_attrs = false;
	assert_int_equal(VL_EREFUSED, st);
	(void)snprintf(quoted, sizeof(quoted), "%s'", name);
	assert_non_null(strstr(w.err.text, "does not keep"));
	assert_non_null(strstr(w.err.text, quoted));
	is_taken_back();
}

static void
expect_not_kept(const char *name)
{
	fault_seconds = true;
	expect_not_kept_now(name);
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
expect_refused(const char *why)
{
	enum vl_status st = world_stage(&w);

	fault_no_locks = false;
	assert_int_equal(VL_EREFUSED, st);
	if (strstr(w.err.text, why) == NULL)
		fail_msg("%s", w.err.text);
	is_taken_back();
}

static void
refuses_a_file_that_nobody_may_unlock(void **state)
{
	size_t kind;

	(void)state;
	skip_without_locks();
	/* Replaced, deleted, its mode changed; and a directory that goes. */
	for (kind = 0; kind < 4; kind++) {
		memset(&w.now, 0, sizeof(w.now));
		memset(&w.old, 0, sizeof(w.old));
		(void)model_add(&w.old, "", VL_ENTRY_DIR);
		(void)model_add(&w.now, "", VL_ENTRY_DIR);
		if (kind < 3)
			(void)model_text(&w.old, "x", VL_ENTRY_FILE, "old");
		else
			(void)model_add(&w.old, "x", VL_ENTRY_DIR);
		model_find(&w.old, "x")->flags = VL_FLAG_IMMUTABLE;
		if (kind == 0)
			(void)model_text(&w.now, "x", VL_ENTRY_FILE, "longer");
		if (kind == 2) {
			w.now = w.old;
			w.now.nodes[1].mode = 0600;
		}
		build_again();
		fault_no_locks = true;
		expect_refused("x' is immutable or append-only");
	}
}

/* Nothing could be removed from it any more. */
static void
refuses_a_lock_on_a_root_that_holds_the_staging(void **state)
{
	(void)state;
	skip_without_locks();
	start();
	model_find(&w.now, "")->flags = VL_FLAG_IMMUTABLE;
	build_again();
	free(w.tree.staging);
	w.tree.inside = true;
	assert_true(asprintf(&w.tree.staging, "%s/.valise", w.tree.root) > 0);
	expect_refused("/root' holds the staging");
}

/* Somebody sets the flag while the import runs. */
static void
refuses_a_lock_that_came_since(void **state)
{
	struct vl_stage *stage = NULL;

	(void)state;
	skip_without_locks();
	w.now = w.old;
	w.now.nodes[1].mode = 0600;
	assert_int_equal(VL_OK, vl_stage_make(&stage, &w.header, 0, &w.err));
	w.before_prepare = lock_a;
	assert_int_equal(VL_EREFUSED, world_prepare(&w, stage));
	vl_stage_close(stage);
	assert_non_null(strstr(w.err.text, "a' is immutable"));
	w.old.nodes[1].flags = VL_FLAG_IMMUTABLE;
	is_taken_back();
}

/* A second name of what stays is linked while staging. */
static void
refuses_a_link_to_what_was_replaced_since(void **state)
{
	struct vl_stage *stage = NULL;

	(void)state;
	w.now = w.old;
	(void)model_hard(&w.now, "b", "a");
	build_again();
	assert_int_equal(VL_OK, vl_stage_make(&stage, &w.header, 0, &w.err));
	w.before_prepare = replace_a;
	assert_int_equal(VL_EREFUSED, world_prepare(&w, stage));
	vl_stage_close(stage);
	assert_non_null(strstr(w.err.text, "/root/a' changed while"));
	is_taken_back();
}

static void
counts_what_was_staged(void **state)
{
	struct vl_stage *stage = NULL;

	(void)state;
	(void)model_add(&w.now, "d", VL_ENTRY_DIR);
	(void)model_text(&w.now, "d/f", VL_ENTRY_FILE, "1");
	(void)model_add(&w.now, "d/s", VL_ENTRY_DIR);
	(void)model_text(&w.now, "d/s/l", VL_ENTRY_LINK, "x");
	(void)model_add(&w.now, "d/s/p", VL_ENTRY_FIFO);
	(void)model_hard(&w.now, "d/s/z", "d/f");
	model_sort(&w.now);
	world_links(&w);
	assert_int_equal(VL_OK, vl_stage_make(&stage, &w.header, 0, &w.err));
	w.before_prepare = lose_a_staged_link;
	assert_int_equal(VL_EIO, world_prepare(&w, stage));
	assert_string_equal("the staging holds 0 entries of type link, where 1 "
	                    "were staged",
	    w.err.text);
	vl_stage_close(stage);
	is_taken_back();
	w.before_prepare = NULL;
	assert_int_equal(VL_OK, world_stage(&w));
	assert_int_equal(VL_OK, world_redo(&w));
	assert_true(model_stands(&w.now, w.root));
}

/* A file system that takes attributes and does not keep them. */
static void
refuses_attributes_that_are_not_kept(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		w.now = w.old;
		if (i == 1)
			(void)model_text(&w.now, "new", VL_ENTRY_FILE, "x");
		node_attr(&w.now.nodes[1 + i], "user.x", vl_slice_of("1"));
		fault_no_attrs = true;
		expect_not_kept_now(i == 0 ? "/root/a" : "'new");
	}
}

/* `a` gets an attribute, and has one that is not ours. */
static void
attribute_beside_another(size_t room)
{
	static const uint8_t value[100];
	const struct vl_slice bytes = { value, sizeof(value) };

	start();
	node_attr(
	    model_text(&w.old, "a", VL_ENTRY_FILE, "x"), "trusted.t", bytes);
	node_attr(model_text(&w.now, "a", VL_ENTRY_FILE, "x"), "user.x", bytes);
	build_again();
	w.resource.privileged = w.tree.privileged = false;
	fault_room = room;
}

static void
refuses_attributes_that_others_leave_no_room_for(void **state)
{
	enum vl_status st = VL_OK;

	(void)state;
	if (geteuid() != 0)
		skip();
	attribute_beside_another(150);
	st = world_stage(&w);
	fault_room = 0;
	assert_int_equal(VL_EREFUSED, st);
	assert_non_null(strstr(w.err.text, "not managed here"));
	assert_non_null(strstr(w.err.text, "/root/a"));
	is_taken_back();
	attribute_beside_another(200);
	st = world_stage(&w);
	if (st == VL_OK)
		st = world_redo(&w);
	fault_room = 0;
	if (st != VL_OK)
		fail_msg("%s", w.err.text);
}

/* Whoever planned it: what no file system need take of a file with content is
 * not left to the redo. */
static void
refuses_flags_that_only_an_empty_file_takes(void **state)
{
	static const uint32_t flags[] = { VL_FLAG_NOCOW, VL_FLAG_COMPRESS };
	struct vl_step s = { .kind = VL_STEP_META };
	struct vl_slice none = { NULL, 0 };
	struct vl_trial t = { 0 };
	size_t i;

	(void)state;
	t.fd = open(w.path, O_RDONLY | O_DIRECTORY);
	assert_true(t.fd >= 0);
	s.before.type = s.after.type = VL_ENTRY_FILE;
	s.before.size = s.after.size = 1;
	s.before.uid = s.after.uid = geteuid();
	s.before.gid = s.after.gid = getegid();
	assert_int_equal(VL_OK, vl_trial_step(&t, &s, none, "f", &w.err));
	for (i = 0; i < 4; i++) {
		s.before.flags = i < 2 ? flags[i] : 0;
		s.after.flags = i < 2 ? 0 : flags[i - 2];
		assert_int_equal(
		    VL_EREFUSED, vl_trial_step(&t, &s, none, "f", &w.err));
		assert_non_null(strstr(w.err.text, "'f' has content"));
	}
	assert_int_equal(VL_OK, vl_trial_end(&t, &w.err));
	(void)close(t.fd);
}

static void
takes_flags_as_wide_as_they_come(void **state)
{
	struct vl_holds h;
	int fd = open(w.path, O_RDONLY | O_DIRECTORY);
	enum vl_status st = VL_OK;

	(void)state;
	assert_true(fd >= 0);
	fault_wide = true;
	st = vl_holds_probe(&h, fd, false, &w.err);
	fault_wide = false;
	assert_int_equal(VL_OK, st);
	(void)close(fd);
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
	(void)state;
	if (!append_only(w.root, true)) {
		print_message("no append-only flag here: skipped\n");
		skip();
	}
	w.old.nodes[0].flags = w.now.nodes[0].flags = VL_FLAG_APPEND;
	fault_no_locks = true;
	expect_refused("append-only");
	fault_no_locks = false;
	/* With it the root is opened for the while, and closed again. */
	assert_int_equal(VL_OK, world_stage(&w));
	assert_int_equal(VL_OK, world_redo(&w));
	assert_true(model_stands(&w.now, w.root));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(refuses_a_time_that_is_not_kept),
		CASE(refuses_a_setgid_bit_that_would_be_lost),
		CASE(refuses_attributes_that_are_not_kept),
		CASE(refuses_attributes_that_others_leave_no_room_for),
		CASE(refuses_flags_that_only_an_empty_file_takes),
		CASE(takes_flags_as_wide_as_they_come),
		CASE(refuses_a_file_that_nobody_may_unlock),
		CASE(refuses_a_lock_on_a_root_that_holds_the_staging),
		CASE(refuses_a_lock_that_came_since),
		CASE(refuses_a_link_to_what_was_replaced_since),
		CASE(counts_what_was_staged),
		CASE(leaves_nothing_in_an_append_only_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
