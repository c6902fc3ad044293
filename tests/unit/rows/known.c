/*
 * Notes on rows are found again by their numbers, one after the other and at
 * random, also where memory has no room for them; and are in the database
 * once only that can answer.
 */

#include "../../../src/rows/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROWS  200000 /* of some 200 bytes: more than is kept in memory */
#define TURNS 20000

struct world {
	struct vl_column column;
	struct vl_table schema;
	struct rows_column meaning;
	struct rows_entry entries[2];
	struct rows_table table;
	struct rows_plan plan;
	struct rows_scratch *s;
	char key[512];
	struct vl_err err;
};

static void
good(enum vl_status st, const struct world *w)
{
	if (st != VL_OK)
		fail_msg("%s", w->err.text);
}

static uint32_t
mix(int64_t n)
{
	uint64_t x = (uint64_t)n * UINT64_C(0x9e3779b97f4a7c15);

	return (uint32_t)(x >> 32);
}

/* The number of note `n`: some leave room behind them, the first much. */
static int64_t
number(int64_t n)
{
	return n == 0 ? INT64_MIN : 3 * n + (n % 2) - ROWS;
}

static struct rows_note
note_of(struct world *w, int64_t n)
{
	struct rows_note note = { .r = number(n),
		.entry = n % 5 == 0,
		.state = n % 7 == 0 ? ROWS_SKIPPED : ROWS_CARRIED };
	int size = n % 5000 == 17 ? 400 : 150 + (int)(mix(n) % 60);

	(void)snprintf(
	    w->key, sizeof(w->key), "[\"%lld %0*d\"]", (long long)n, size, 0);
	note.key = vl_slice_of(w->key);
	return note;
}

static void
begin(struct world *w)
{
	struct rows_note note = { 0 };
	int64_t n = 0;

	*w = (struct world){ 0 };
	w->column = (struct vl_column){ .integer_id = true };
	w->schema = (struct vl_table){ .columns = &w->column, .ncolumns = 1 };
	w->meaning.slot = NONE;
	w->table = (struct rows_table){ .schema = &w->schema,
		.columns = &w->meaning,
		.entries = w->entries,
		.nentries = 2,
		.keyed = true };
	w->plan = (struct rows_plan){ .tables = &w->table, .ntables = 1 };
	good(rows_scratch_open(&w->s, &w->plan, "/tmp", &w->err), w);
	for (n = 0; n < ROWS; n++) {
		note = note_of(w, n);
		good(rows_scratch_put(w->s, 0, &note, &w->err), w);
	}
	good(rows_scratch_done(w->s, 0, &w->err), w);
}

static bool
find(struct world *w, int64_t r, struct rows_note *note)
{
	const struct vl_cell id = { .type = VL_CELL_INT, .integer = r };
	bool found = false;

	good(rows_scratch_find(w->s, 0, NONE, &id, note, &found, &w->err), w);
	return found;
}

static void
is_note(struct world *w, int64_t n, const struct rows_note *found)
{
	struct rows_note note = note_of(w, n);

	assert_true(found->r == note.r);
	assert_int_equal(note.entry, found->entry);
	assert_int_equal(note.state, found->state);
	assert_int_equal(note.key.n, found->key.n);
	assert_memory_equal(note.key.p, found->key.p, note.key.n);
}

static void
finds(struct world *w, int64_t n)
{
	struct rows_note found = { 0 };

	assert_true(find(w, number(n), &found));
	is_note(w, n, &found);
}

static void
finds_all(struct world *w)
{
	struct rows_note found = { 0 };
	int64_t i = 0;

	for (i = 0; i < ROWS; i += 1 + (i % 3 == 0 ? 0 : i % 40)) {
		finds(w, i);
		finds(w, i);
	}
	for (i = 0; i < TURNS; i++) {
		finds(w, mix(i) % ROWS);
		/* No note has such a number. */
		assert_false(find(w, 3 * (mix(-i) % ROWS) + 2 - ROWS, &found));
	}
	assert_false(find(w, number(1) - 1, &found));
	assert_false(find(w, number(ROWS - 1) + 1, &found));
	assert_false(find(w, INT64_MAX, &found));
}

static void
goes_through_all(struct world *w)
{
	struct rows_each *each = NULL;
	struct rows_note note = { 0 };
	bool row = true;
	int64_t n = 0;

	good(rows_each_open(&each, w->s, 0, ROWS_BY_ROW, &w->err), w);
	for (n = 0;; n++) {
		good(rows_each_next(each, &note, &row, &w->err), w);
		if (!row)
			break;
		is_note(w, n, &note);
		/* What is looked up in between takes nothing from it. */
		if (n % 100 == 0)
			finds(w, mix(n) % ROWS);
	}
	assert_int_equal(ROWS, n);
	rows_each_free(each);
}

static void
notes_beyond_memory_are_found_by_number(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	finds_all(&w);
	goes_through_all(&w);
	assert_true(spill_end(&w.s->file) > 10 << 20);
	rows_scratch_free(w.s);
}

static void
notes_that_gave_their_memory_back_are_found(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	finds(&w, 5);
	good(rows_scratch_rest(w.s, &w.err), &w);
	assert_int_equal(0, w.s->known);
	finds_all(&w);
	goes_through_all(&w);
	rows_scratch_free(w.s);
}

static void
notes_are_found_by_key_and_by_number_after_that(void **state)
{
	struct rows_note found = { 0 };
	struct rows_note note = { 0 };
	struct world w;
	bool there = false;
	int64_t i = 0;

	(void)state;
	begin(&w);
	for (i = 0; i < 200; i++) {
		note = note_of(&w, mix(i) % ROWS);
		good(rows_scratch_by_key(
		         w.s, 0, note.key, &found, &there, &w.err),
		    &w);
		assert_true(there);
		is_note(&w, mix(i) % ROWS, &found);
	}
	finds_all(&w);
	rows_scratch_free(w.s);
}

/* As a tree does it: what was held is in the database with the rest. */
static void
a_note_that_cannot_be_held_takes_the_others_along(void **state)
{
	struct rows_note note = { 0 };
	struct rows_note found = { 0 };
	struct world w;

	(void)state;
	begin(&w);
	note = note_of(&w, 1);
	note.r = number(ROWS) + 2;
	note.parent = (struct vl_cell){ .type = VL_CELL_INT, .integer = 7 };
	good(rows_scratch_put(w.s, 0, &note, &w.err), &w);
	assert_true(find(&w, note.r, &found));
	assert_int_equal(7, found.parent.integer);
	finds_all(&w);
	rows_scratch_free(w.s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notes_beyond_memory_are_found_by_number),
		cmocka_unit_test(notes_that_gave_their_memory_back_are_found),
		cmocka_unit_test(
		    notes_are_found_by_key_and_by_number_after_that),
		cmocka_unit_test(
		    a_note_that_cannot_be_held_takes_the_others_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
