/*
 * Every operation of the reader fails once: it says so, and what is read
 * without a failure is all there.  Built a second time for a cage, whose both
 * sides are swept as one.
 */

#include "../sweep_system.h"

#include "forge.h"
#if IN_CAGE
#include "thread_cage.h"
#endif

/* The child does without the first allocation of its worker. */
#define SURVIVES IN_CAGE

static enum vl_status
open_reader(struct forge *f, struct vl_unpack **out, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	*out = NULL;
	if (IN_CAGE)
		st = vl_unpack_cage_open(&f->b.cage, 1, err);
	return st == VL_OK ? bundle_unpack(out, &f->b, err) : st;
}

static void
close_reader(struct forge *f, struct vl_unpack *u)
{
	vl_unpack_free(u);
	vl_cage_close(f->b.cage);
	f->b.cage = NULL;
}

/* Every byte of the body in hand. */
static enum vl_status
read_body(struct vl_unpack *u, uint64_t *bytes, struct vl_err *err)
{
	struct vl_chunk_hold *hold = NULL;
	struct vl_chunk_ref ref = { 0 };
	struct vl_slice chunk = { 0 };
	enum vl_status st = VL_OK;
	size_t n = 1;

	while (st == VL_OK && n > 0) {
		st = vl_unpack_part(u, &ref, 1, &n, err);
		if (st == VL_OK && n > 0)
			st = vl_unpack_chunk(u, &ref, &chunk, &hold, err);
		if (st == VL_OK && n > 0) {
			*bytes += chunk.n;
			vl_unpack_release(u, hold);
		}
	}
	return st;
}

static enum vl_status
read_records(struct vl_unpack *u, struct vl_err *err)
{
	struct vl_unpacked rec = { 0 };
	enum vl_status st = VL_OK;
	uint64_t bytes = 0;
	size_t lines = 0;

	for (;;) {
		st = vl_unpack_next(u, &rec, err);
		if (st != VL_OK || rec.line.p == NULL)
			break;
		lines++;
		if (rec.entry.type == VL_ENTRY_FILE)
			st = read_body(u, &bytes, err);
		if (st != VL_OK)
			break;
	}
	assert_true(st != VL_OK || (lines == 6 && bytes == 53000));
	return st;
}

/* As an import reads. */
static enum vl_status
read_whole(void *arg, struct vl_err *err)
{
	struct vl_unpack_totals totals = { 0 };
	struct vl_unpack *u = NULL;
	enum vl_status st = open_reader(arg, &u, err);

	assert_true((st == VL_OK) == (u != NULL));
	if (st == VL_OK)
		st = read_records(u, err);
	if (st == VL_OK)
		st = vl_unpack_end(u, &totals, err);
	assert_true(st != VL_OK || totals.chunks == CHUNKS);
	close_reader(arg, u);
	return st;
}

/* As `valise cat` reads: blocks are fetched where they are. */
static enum vl_status
read_unswept(void *arg, struct vl_err *err)
{
	struct vl_unpack *u = NULL;
	enum vl_status st = open_reader(arg, &u, err);

	if (st == VL_OK) {
		vl_unpack_unswept(u);
		st = read_records(u, err);
	}
	close_reader(arg, u);
	return st;
}

static void
says_whatever_fails(void **state)
{
	struct sweep_work w = { .arg = *state, .work = read_whole };

	forge_write(*state, NULL);
	/* Three files, a chunk map, three blocks, lists and lines. */
	assert_true(sweep_all(&w, EIO) > 40);
	assert_true(sweep.survived <= SURVIVES);
}

static void
says_whatever_fails_for_one_body(void **state)
{
	struct sweep_work w = { .arg = *state, .work = read_unswept };

	forge_write(*state, NULL);
	assert_true(sweep_all(&w, EIO) > 40);
	assert_true(sweep.survived <= SURVIVES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    says_whatever_fails, forge_new, forge_free),
		cmocka_unit_test_setup_teardown(
		    says_whatever_fails_for_one_body, forge_new, forge_free),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
