#ifndef ONEWORLD_H
#define ONEWORLD_H

/* The world of one test at a time: a root with a file that changes. */

#include "world.h"

#include "fault.h"

static struct world w;

static inline int
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

static inline int
teardown(void **state)
{
	(void)state;
	fault_no_locks = fault_no_modes = fault_looks = false;
	fault.kind = FAULT_NONE;
	fault_room = 0;
	world_close(&w);
	return 0;
}

/* The staging is dropped, and nothing but the old tree is left. */
static inline void
is_taken_back(void)
{
	static struct model all;
	enum vl_stage_found found = VL_STAGE_ABSENT;
	struct vl_stage *stage = NULL;

	assert_int_equal(
	    VL_OK, vl_stage_open(&stage, &w.header, 0, &found, &w.err));
	assert_int_equal(VL_STAGE_OURS, found);
	if (vl_stage_drop(stage, &w.err) != VL_OK)
		fail_msg("%s", w.err.text);
	vl_stage_close(stage);
	assert_true(model_stands(&w.old, w.root));
	model_read(&all, w.path);
	assert_int_equal(w.old.n + 1, all.n);
}

/* With other trees than those of setup(). */
static inline void
build_again(void)
{
	struct model old = w.old;
	struct model now = w.now;

	world_close(&w);
	world_open(&w);
	w.old = old;
	w.now = now;
	world_build(&w, false);
}

static inline void
skip_unless_root(void)
{
	if (geteuid() != 0 || !append_only(w.root, true))
		skip();
	assert_true(append_only(w.root, false));
}

/* Two trees of nothing but a root. */
static inline void
start(void)
{
	memset(&w.old, 0, sizeof(w.old));
	memset(&w.now, 0, sizeof(w.now));
	(void)model_add(&w.old, "", VL_ENTRY_DIR);
	(void)model_add(&w.now, "", VL_ENTRY_DIR);
}

static inline uint32_t
flags_of(const char *path)
{
	char full[PATH];
	uint32_t flags = 0;
	int fd = -1;

	(void)snprintf(full, sizeof(full), "%s/%s", w.root, path);
	fd = open(full, O_RDONLY);
	assert_true(fd >= 0 && vl_flags_get(fd, &flags));
	(void)close(fd);
	return flags;
}

static inline void
put_file(const char *path)
{
	char full[PATH];
	int fd = -1;

	(void)snprintf(full, sizeof(full), "%s/%s", w.root, path);
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(6, write(fd, "theirs", 6));
	(void)close(fd);
}

static inline void
choose(enum vl_choice choice, const char *path)
{
	size_t i = w.journal.nchoices++;

	w.choices[i].choice = choice;
	assert_true(asprintf(&w.choices[i].path, "%s/%s", w.root, path) > 0);
}

static inline void
forget_choices(void)
{
	size_t i;

	for (i = 0; i < w.journal.nchoices; i++)
		free(w.choices[i].path);
	w.journal.nchoices = 0;
}

static inline void
redo_is_blocked_by(const char *said)
{
	assert_int_equal(VL_EPENDING, world_redo(&w));
	assert_string_equal(said, w.said);
	assert_int_equal(1, w.blocked);
	assert_int_equal(0, w.diverged);
}

static inline void
redo_ends(void)
{
	if (world_redo(&w) != VL_OK)
		fail_msg("%s (%s)", w.err.text, w.said);
}

/* The staging goes, with all that is left in it. */
static inline void
clean(void)
{
	struct vl_stage_report report = world_report(&w);
	enum vl_stage_found found = VL_STAGE_ABSENT;
	struct vl_stage *stage = NULL;

	assert_int_equal(
	    VL_OK, vl_stage_open(&stage, &w.header, 0, &found, &w.err));
	assert_int_equal(VL_STAGE_OURS, found);
	if (vl_stage_clean(stage, &report, &w.err) != VL_OK)
		fail_msg("%s", w.err.text);
	vl_stage_close(stage);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
