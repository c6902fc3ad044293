/*
 * A bundle that would be over its limits is given up when the file begins
 * that is one too many, and not when all of it is written.
 */

#include "../../../src/pack/parts.h"
#include "world.h"

#define PART 2500000 /* more than a block */

static size_t packs_max;    /* that an inner head can list */
static size_t files_more;   /* than there are */
static size_t files_listed; /* packs, in place of those that there are */
static size_t packs_asked;  /* about, the last time */

/* Packs of one stream that were never written. */
static struct vl_stream_file listed[20000];

enum vl_status __real_vl_inner_head_encode(
    struct vl_buf *out, const struct vl_inner_head *h, struct vl_err *err);
enum vl_status __wrap_vl_inner_head_encode(
    struct vl_buf *out, const struct vl_inner_head *h, struct vl_err *err);
const struct vl_stream_file *__real_vl_stream_w_files(
    const struct vl_stream_w *w, size_t *n);
const struct vl_stream_file *__wrap_vl_stream_w_files(
    const struct vl_stream_w *w, size_t *n);

enum vl_status
__wrap_vl_inner_head_encode(
    struct vl_buf *out, const struct vl_inner_head *h, struct vl_err *err)
{
	packs_asked = h->npacks;
	if (h->npacks > packs_max)
		return vl_fail(err, VL_ELIMIT, "inner head is too long");
	return __real_vl_inner_head_encode(out, h, err);
}

const struct vl_stream_file *
__wrap_vl_stream_w_files(const struct vl_stream_w *w, size_t *n)
{
	const struct vl_stream_file *files = __real_vl_stream_w_files(w, n);

	*n += files_more;
	if (files_listed > 0) {
		*n = files_listed;
		return listed;
	}
	return files;
}

static int
start(void **state)
{
	static struct world w;

	packs_max = SIZE_MAX;
	files_more = 0;
	packs_asked = 0;
	world_open(&w, 2);
	w.opts.nresources = 1;
	assert_int_equal(VL_OK, world_start(&w));
	assert_int_equal(VL_OK, announce(&w, "a", "", false, 0));
	*state = &w;
	return 0;
}

static int
stop(void **state)
{
	files_more = 0;
	world_close(*state);
	return 0;
}

/* Files of other bytes, each the begin of a pack of its own; at most so many,
 * and until one fails. */
static enum vl_status
add_packs(struct world *w, size_t n)
{
	enum vl_status st = VL_OK;
	char path[32];
	size_t i = 0;

	for (i = 0; i < n && st == VL_OK; i++) {
		(void)snprintf(path, sizeof(path), "%zu", i);
		st = add_file(w, "a", path, PART, (uint8_t)i);
		if (st == VL_OK)
			st = pack_flush(w->p, &w->err);
		if (st == VL_OK)
			st = vl_stream_w_split(w->p->packs, &w->err);
	}
	return st;
}

static void
assert_no_room(const struct world *w, enum vl_status st)
{
	assert_int_equal(VL_ELIMIT, st);
	assert_non_null(strstr(w->err.text, "more than one bundle can hold"));
}

static void
a_pack_too_many_ends_it_when_it_begins(void **state)
{
	struct world *w = *state;

	packs_max = 3;
	assert_no_room(w, add_packs(w, 9));
	assert_int_equal(4, packs_asked);
}

static void
as_many_packs_as_fit_are_a_bundle(void **state)
{
	struct world *w = *state;

	packs_max = 4;
	assert_int_equal(VL_OK, add_packs(w, 3));
	assert_in_range(packs_asked, 3, 4);
	if (world_commit(w) != VL_OK)
		fail_msg("%s", w->err.text);
}

static void
a_file_too_many_ends_it_when_it_begins(void **state)
{
	struct world *w = *state;

	/* The begin of the first pack, and no more. */
	files_more = VL_SEAL_FILES_MAX;
	assert_no_room(w, add_packs(w, 1));
	assert_int_equal(0, packs_asked);
}

static void
lines_alone_can_be_too_many_files(void **state)
{
	struct world *w = *state;
	enum vl_status st = VL_OK;
	char path[200];
	size_t i = 0;

	files_more = VL_SEAL_FILES_MAX;
	for (i = 0; i < 200000 && st == VL_OK; i++) {
		(void)snprintf(path, sizeof(path), "%0190zu", i);
		st = announce(w, "a", path, false, 0);
	}
	assert_no_room(w, st);
}

/* With the limit of the format itself: 2^16 bytes of inner head. */
static void
the_limit_is_some_12000_packs_of_small_frames(void **state)
{
	struct world *w = *state;
	size_t least = 10000;
	size_t most = sizeof(listed) / sizeof(listed[0]);
	size_t n = 0;

	assert_int_equal(VL_OK, add_packs(w, 1));
	for (n = 0; n < most; n++)
		listed[n].frames = 1024;
	while (most - least > 1) {
		n = (least + most) / 2;
		files_listed = n;
		if (inner_has_room(w->p, &w->err) == VL_OK)
			least = n;
		else
			most = n;
	}
	files_listed = 0;
	/* Four digits and a comma each, beside some 1,300 bytes. */
	assert_in_range(least, 12700, 13000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_pack_too_many_ends_it_when_it_begins, start, stop),
		cmocka_unit_test_setup_teardown(
		    as_many_packs_as_fit_are_a_bundle, start, stop),
		cmocka_unit_test_setup_teardown(
		    a_file_too_many_ends_it_when_it_begins, start, stop),
		cmocka_unit_test_setup_teardown(
		    lines_alone_can_be_too_many_files, start, stop),
		cmocka_unit_test_setup_teardown(
		    the_limit_is_some_12000_packs_of_small_frames, start, stop),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
