/*
 * Every operation of a reader of secrets fails once: it says so, and a secret
 * that was opened is whole.  Built a second time for a cage, as fault.c.
 */

#include "../sweep_system.h"

#include "file_writer.h"
#if IN_CAGE
#include "thread_cage.h"
#endif

#define SURVIVES IN_CAGE
#define SECRETS  12

static const struct secret two[] = { { "p", 7 }, { "q", 5000 } };

/* That of the record which is next, `i` being their number. */
static bool
next_slot(struct vl_unpacked *rec, size_t i, struct vl_slots *at,
    struct vl_slot_place *place, struct vl_slot *slot)
{
	if (rec->kind == VL_LINE_ROW)
		return vl_row_next_slot(at, &rec->row, rec->store, place, slot);
	if (rec->kind != VL_LINE_ENTRY || i >= rec->entry.nslots)
		return false;
	*place = vl_entry_slot_place(&rec->entry, i);
	*slot = rec->entry.slots[i].slot;
	return true;
}

static enum vl_status
open_tokens(
    struct vl_unpack *u, struct vl_unpacked *rec, size_t *n, struct vl_err *err)
{
	const struct vl_secret_ops *ops = vl_unpack_secrets(u);
	struct vl_slots at = { 0 };
	struct vl_slot_place place;
	struct vl_locked plain = { 0 };
	struct vl_buf again = { 0 };
	struct vl_slot slot;
	enum vl_status st = VL_OK;
	size_t i = 0;

	while (st == VL_OK && next_slot(rec, i, &at, &place, &slot)) {
		assert_true(i < rec->ntokens);
		st = ops->open(ops->arg, &place, slot.print, rec->tokens[i++],
		    &plain, err);
		if (st == VL_OK)
			assert_true(plain.n == 7 || plain.n == 5000);
		/* And back again. */
		vl_buf_clear(&again);
		if (st == VL_OK)
			st = ops->seal(ops->arg, &place,
			    vl_locked_slice(&plain), &again, err);
		if (st == VL_OK)
			assert_true(vl_slice_equal(
			    rec->tokens[i - 1], vl_buf_slice(&again)));
	}
	*n += i;
	vl_buf_free(&again);
	vl_locked_free(&plain);
	return st;
}

static enum vl_status
read_whole(void *arg, struct vl_err *err)
{
	struct bundle *b = arg;
	struct vl_unpack_totals totals = { 0 };
	struct vl_unpacked rec = { 0 };
	struct vl_unpack *u = NULL;
	enum vl_status st = VL_OK;
	size_t n = 0;

	if (IN_CAGE)
		st = vl_unpack_cage_open(&b->cage, 1, err);
	if (st == VL_OK)
		st = bundle_unpack(&u, b, err);
	while (st == VL_OK) {
		st = vl_unpack_next(u, &rec, err);
		if (st != VL_OK || rec.line.p == NULL)
			break;
		st = open_tokens(u, &rec, &n, err);
	}
	if (st == VL_OK)
		st = vl_unpack_end(u, &totals, err);
	assert_true(st != VL_OK || (n == SECRETS && totals.secrets == SECRETS));
	vl_unpack_free(u);
	vl_cage_close(b->cage);
	b->cage = NULL;
	return st;
}

/* Each operation of a reader of what `w` wrote fails once. */
static void
sweep_reader(struct writer *w)
{
	struct bundle b;
	struct sweep_work sweep_it = { .arg = &b, .work = read_whole };

	commit(w, SECRETS);
	reader_open(&b, w, false);
	vl_cage_close(b.cage);
	b.cage = NULL;
	assert_true(sweep_all(&sweep_it, EIO) > 40);
	assert_true(sweep.survived <= SURVIVES);
	bundle_close(&b);
	writer_free(w);
}

static void
says_whatever_fails(void **state)
{
	struct writer *w = writer_new();
	struct vl_err err;
	unsigned i;

	(void)state;
	for (i = 0; i < SECRETS / 2; i++)
		must(put_row(w, two, 2, 0, &err), &err);
	sweep_reader(w);
}

static void
says_whatever_fails_with_files(void **state)
{
	struct file f = { NULL, "A=\nB=\n",
		{ slot(2, "line A", VL_SLOT_SEALED),
		    slot(5, "line B", VL_SLOT_CLEAR) },
		2, 5000 };
	struct writer *w = tree_writer();
	struct vl_err err;
	char path[16];
	unsigned i;

	(void)state;
	for (i = 0; i < SECRETS / 2; i++) {
		(void)snprintf(path, sizeof(path), "f%u", i);
		f.path = path;
		must(put_file(w, &f, &err), &err);
	}
	sweep_reader(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_whatever_fails),
		cmocka_unit_test(says_whatever_fails_with_files),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
