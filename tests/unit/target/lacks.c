/*
 * What a preview says of what cannot be brought, as attributes that the
 * target's file system has no room for.  It is FAT here, whatever the tree
 * stands on.
 */

#include "world.h"

#include "../../../src/target/holds.h"

static struct world w;
static const char *watched = "a";
static char said[512];

enum vl_status __wrap_vl_holds_probe(
    struct vl_holds *h, int dirfd, bool above, struct vl_err *err);

enum vl_status
__wrap_vl_holds_probe(
    struct vl_holds *h, int dirfd, bool above, struct vl_err *err)
{
	(void)dirfd;
	(void)above;
	(void)err;
	assert_true(vl_holds_of_type(h, "vfat"));
	return VL_OK;
}

static void
note(void *arg, const char *resource, enum vl_change change,
    struct vl_slice path, const char *detail)
{
	(void)arg;
	(void)resource;
	if (change == VL_CHANGE_CONFLICT &&
	    vl_slice_equal(path, vl_slice_of(watched)))
		(void)snprintf(said, sizeof(said), "%s", detail);
}

static int
setup(void **state)
{
	(void)state;
	world_open(&w);
	(void)model_add(&w.old, "", VL_ENTRY_DIR);
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

static void
look(bool keep_owner)
{
	struct vl_pool *pool = NULL;
	struct vl_target *t = NULL;
	struct vl_target_opts opts = { .resource = &w.resource,
		.tree = &w.tree,
		.hashers = { weak_make, NULL },
		.tempdir = w.path,
		.links = w.links,
		.keep_owner = keep_owner,
		.report = { .change = note } };

	said[0] = '\0';
	assert_int_equal(VL_OK, vl_pool_new(&pool, 1, &w.err));
	opts.pool = pool;
	if (vl_target_open(&t, &opts, &w.err) != VL_OK ||
	    world_put(t, &w, &w.err) != VL_OK ||
	    vl_target_end(t, &w.err) != VL_OK)
		fail_msg("%s", w.err.text);
	vl_target_free(t);
	vl_pool_free(pool);
}

static void
expect_said(bool keep_owner, const char *text)
{
	look(keep_owner);
	assert_string_equal(text, strrchr(said, ':'));
}

static void
owners_that_are_not_set_are_not_missed(void **state)
{
	(void)state;
	expect_said(false, ": owner, mode");
	expect_said(true, ": mode");
}

/* No walk would ever see them: they come of a bundle alone. */
static void
refuses_names_of_valise(void **state)
{
	static const char *const names[] = { ".valise",
		".valise.probe.0123456789abcdef0123456789abcdef" };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		(void)model_text(&w.now, names[i], VL_ENTRY_FILE, "x");
		watched = names[i];
		look(true);
		assert_string_equal(
		    "is a name that valise keeps for itself", said);
	}
	watched = "a";
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    owners_that_are_not_set_are_not_missed, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    refuses_names_of_valise, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
