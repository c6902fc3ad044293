/*
 * More of what only a holder of all keys could make, each against one rule of
 * the reader (formats/bundle.md, formats/manifest.md); see forged.c.
 */

#include "forge.h"

#define REFUSES(name, status, why, change, ...)                                \
	static void name(void **state)                                         \
	{                                                                      \
		struct forge *f = *state;                                      \
                                                                               \
		__VA_ARGS__                                                    \
		refused_as(f, status, why, change);                            \
	}

REFUSES(a_chunk_longer_than_any, VL_EFORMAT, "bytes long", NULL,
        f->rows[3].length = VL_CHUNK_MAX_DEFAULT + 1;)
REFUSES(a_root_that_comes_again, VL_EPATH, "comes again", NULL,
        f->entries[2].path = text("");)

static void
resources_out_of_order(struct vl_inner_head *h)
{
	h->resources[1] = h->resources[0];
	(void)snprintf(h->resources[0].name, VL_SITE_MAX, "wood");
	h->nresources = 2;
}

static void
a_map_in_files_that_are_not_there(struct vl_inner_head *h)
{
	h->map[1] = h->map[0];
	h->map[0].file = 7;
	memset(h->map[0].first_id, 0, sizeof(h->map[0].first_id));
	h->nmap = 2;
}

REFUSES(resources_that_do_not_ascend, VL_EFORMAT, "not ascending",
    resources_out_of_order)
REFUSES(a_map_in_other_files, VL_EFORMAT, "not the last ones",
        a_map_in_files_that_are_not_there, f->lists_in_file_3 = true;
        f->b.head.index_files = 3;)

/* Nothing that comes behind a failure is believed. */
static void
what_failed_once_fails_again(void **state)
{
	struct vl_unpack_totals totals = { 0 };
	struct vl_chunk_ref ref = { 0 };
	struct vl_unpacked rec = { 0 };
	struct vl_unpack *u = NULL;
	struct forge *f = *state;
	struct vl_err err = { 0 };
	enum vl_status st = VL_OK;
	size_t n = 1;

	f->items[1].n--;
	forge_write(f, NULL);
	must(bundle_unpack(&u, &f->b, &err), &err);
	do
		st = vl_unpack_next(u, &rec, &err);
	while (st == VL_OK && rec.line.p != NULL);
	assert_int_equal(VL_EAUTH, st);
	assert_int_equal(VL_EAUTH, vl_unpack_next(u, &rec, &err));
	assert_int_equal(VL_EAUTH, vl_unpack_part(u, &ref, 1, &n, &err));
	assert_int_equal(VL_EAUTH, vl_unpack_end(u, &totals, &err));
	assert_non_null(strstr(err.text, "end at 1500"));
	vl_unpack_free(u);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, forge_new, forge_free)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_chunk_longer_than_any),
		TEST(a_root_that_comes_again),
		TEST(resources_that_do_not_ascend),
		TEST(a_map_in_other_files),
		TEST(what_failed_once_fails_again),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
