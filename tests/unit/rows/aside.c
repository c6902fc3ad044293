/*
 * Rows that are put aside are found again, by number, by key and by what was
 * set, also where blocks and pages went to files long ago.
 */

#include "../../../src/rows/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROWS  100000
#define OTHER 300 /* of a second table */
#define TURNS 20000

struct world {
	struct rows_stage *s;
	char key[32];
	struct vl_buf row;
	struct vl_err err;
};

static void
good(enum vl_status st, const struct world *w)
{
	if (st != VL_OK)
		fail_msg("%s", w->err.text);
}

/* Something else for each row, and always the same. */
static uint32_t
mix(int64_t n)
{
	uint64_t x = (uint64_t)n * UINT64_C(0x9e3779b97f4a7c15);

	return (uint32_t)(x >> 32);
}

/* Row `n` of a table: keys leave room between them. */
static struct rows_staged
make_row(struct world *w, size_t table, int64_t n)
{
	struct rows_staged row = { .act = ROWS_NEW, .entry = 3, .n = n };
	size_t size = n % 5000 == 17 ? 60000 : mix(n) % 300;

	(void)snprintf(w->key, sizeof(w->key), "[\"%08lld0\"]", (long long)n);
	row.key = vl_slice_of(w->key);
	vl_buf_clear(&w->row);
	good(vl_buf_reserve(&w->row, size + 1, &w->err), w);
	memset(w->row.p, 'a' + (int)((mix(n) + table) % 26), size);
	row.row = (struct vl_slice){ w->row.p, size };
	if (n % 3 == 0)
		row.x = row.key;
	if (n % 7 == 0) {
		row.body = n;
		memset(row.hash, (int)(mix(n) & 255), sizeof(row.hash));
	}
	return row;
}

static void
put(struct world *w, size_t table, int64_t n)
{
	struct rows_staged row = make_row(w, table, n);

	good(rows_stage_put(w->s, table, &row, &w->err), w);
}

static void
begin(struct world *w)
{
	int64_t n = 0;

	*w = (struct world){ 0 };
	good(rows_stage_open(&w->s, "/tmp", 2, &w->err), w);
	for (n = 1; n <= ROWS; n++) {
		put(w, 0, n);
		/* One after the other is how they come; not how they must. */
		if (n <= OTHER)
			put(w, 1, n);
	}
}

static void
end(struct world *w)
{
	rows_stage_free(w->s);
	vl_buf_free(&w->row);
}

static void
assert_row(struct world *w, size_t table, const struct rows_staged *row)
{
	const struct rows_staged want = make_row(w, table, row->n);

	assert_true(vl_slice_equal(want.key, row->key));
	assert_true(vl_slice_equal(want.row, row->row));
	assert_true(vl_slice_equal(want.x, row->x));
	assert_int_equal(want.body, row->body);
	assert_memory_equal(want.hash, row->hash, sizeof(row->hash));
}

static bool
find(struct world *w, size_t table, const char *key, struct rows_staged *row)
{
	bool found = false;

	good(rows_stage_find(
	         w->s, table, vl_slice_of(key), row, &found, &w->err),
	    w);
	return found;
}

static void
rows_are_found_by_their_keys(void **state)
{
	struct rows_staged row = { 0 };
	struct world w;
	char key[32];
	int64_t n = 0;
	size_t table = 0;
	int i = 0;

	(void)state;
	begin(&w);
	for (i = 0; i < TURNS; i++) {
		table = i % 4 == 3;
		n = 1 + mix(i + 1) % (table == 1 ? OTHER : ROWS);
		(void)snprintf(key, sizeof(key), "[\"%08lld0\"]", (long long)n);
		assert_true(find(&w, table, key, &row));
		assert_int_equal(n, row.n);
		assert_int_equal(3, row.entry);
		assert_int_equal(ROWS_NEW, row.act);
		assert_row(&w, table, &row);
		(void)snprintf(key, sizeof(key), "[\"%08lld1\"]", (long long)n);
		assert_false(find(&w, table, key, &row));
	}
	assert_false(find(&w, 0, "", &row));
	assert_false(find(&w, 0, "[\"00000000\"]", &row));
	assert_false(find(&w, 0, "[\"99999999\"]", &row));
	end(&w);
}

static void
rows_are_found_in_the_order_of_the_target(void **state)
{
	struct rows_note note = { 0 };
	struct rows_staged row = { 0 };
	struct world w;
	char key[32];
	bool found = false;
	int64_t n = 0;

	(void)state;
	begin(&w);
	assert_true(rows_stage_number(w.s, 0, 501));
	for (n = 1; n <= ROWS; n++) {
		(void)snprintf(key, sizeof(key), "[\"%08lld0\"]", (long long)n);
		note.key = vl_slice_of(key);
		/* Some ids are others, and some rows only the target's. */
		note.r = n % 100 == 1 ? n : n + 500;
		good(rows_stage_find_here(w.s, 0, &note, &row, &found, &w.err),
		    &w);
		assert_true(found);
		assert_int_equal(n, row.n);
		assert_int_equal(n + 500, row.id.integer);
		if (n % 50 == 0)
			assert_row(&w, 0, &row);
		if (n % 100 != 0)
			continue;
		key[10] = '5';
		good(rows_stage_find_here(w.s, 0, &note, &row, &found, &w.err),
		    &w);
		assert_false(found);
	}
	end(&w);
}

/* What is set of row `n`. */
static void
set(struct world *w, size_t table, int64_t n, struct rows_staged *row)
{
	static const enum rows_act acts[] = { ROWS_NEW, ROWS_SAME, ROWS_UPDATE,
		ROWS_LEFT };
	static const uint8_t what[] = { 1, 0, 9, 0 };

	*row = make_row(w, table, n);
	row->act = acts[mix(n) % 4];
	row->entry = (size_t)(n % 5);
	if (row->act == ROWS_NEW && n % 2 == 0)
		row->id =
		    (struct vl_cell){ .type = VL_CELL_INT, .integer = -n };
	else if (row->act == ROWS_NEW)
		row->id =
		    (struct vl_cell){ .type = VL_CELL_TEXT, .bytes = row->key };
	else
		row->r = n % 11 == 0 ? ROWS_NOWHERE : n - 50;
	if (row->act == ROWS_UPDATE) {
		row->what = (struct vl_slice){ what, sizeof(what) };
		row->at = row->key;
	}
}

static void
what_is_set_comes_back(void **state)
{
	struct rows_staged row = { 0 };
	struct rows_staged want = { 0 };
	struct rows_staging *g = NULL;
	uint64_t n[ROWS_ACTS] = { 0 };
	struct world w;
	int64_t at = 0;
	bool more = true;
	int act = 0;

	(void)state;
	begin(&w);
	/* In two orders, so that pages go and come back. */
	for (at = 1; at <= ROWS; at += 2) {
		set(&w, 0, at, &want);
		want.was = ROWS_NEW;
		good(rows_stage_set(w.s, 0, &want, &w.err), &w);
	}
	for (at = ROWS; at >= 1; at -= 2) {
		set(&w, 0, at, &want);
		want.was = ROWS_NEW;
		good(rows_stage_set(w.s, 0, &want, &w.err), &w);
	}
	for (act = 0; act < ROWS_ACTS; act++) {
		good(rows_staging_open(&g, w.s, 0, (enum rows_act)act, &w.err),
		    &w);
		for (at = 0;; at = row.n) {
			good(rows_staging_next(g, &row, &more, &w.err), &w);
			if (!more)
				break;
			assert_true(row.n > at);
			n[act]++;
			assert_row(&w, 0, &row);
			set(&w, 0, row.n, &want);
			assert_int_equal(act, want.act);
			assert_int_equal(want.act, row.was);
			assert_int_equal(want.entry, row.entry);
			assert_int_equal(want.r, row.r);
			assert_true(vl_cell_equal(&want.id, &row.id));
			assert_true(vl_slice_equal(want.at, row.at));
			assert_true(vl_slice_equal(want.what, row.what));
		}
		rows_staging_free(g);
		assert_int_equal(
		    n[act], rows_stage_count(w.s, 0, (enum rows_act)act));
	}
	assert_int_equal(
	    ROWS, n[ROWS_NEW] + n[ROWS_SAME] + n[ROWS_UPDATE] + n[ROWS_LEFT]);
	assert_int_equal(OTHER, rows_stage_count(w.s, 1, ROWS_NEW));
	end(&w);
}

static void
rows_that_go_are_kept_in_the_order_of_keys(void **state)
{
	static const char *const keys[] = { "[\"c\"]", "[\"a\"]", "[\"b\"]" };
	struct rows_staged row = { 0 };
	struct rows_staging *g = NULL;
	struct world w = { 0 };
	bool more = true;
	bool gone = true;
	int i = 0;

	(void)state;
	good(rows_stage_open(&w.s, "/tmp", 1, &w.err), &w);
	good(rows_stage_is_gone(w.s, 0, vl_slice_of("[\"a\"]"), &gone, &w.err),
	    &w);
	assert_false(gone);
	for (i = 0; i < 3; i++) {
		row.key = vl_slice_of(keys[i]);
		row.r = i;
		good(rows_stage_gone(w.s, 0, &row, &w.err), &w);
	}
	good(rows_stage_is_gone(w.s, 0, vl_slice_of("[\"a\"]"), &gone, &w.err),
	    &w);
	assert_true(gone);
	good(rows_staging_gone(&g, w.s, 0, &w.err), &w);
	for (i = 0; i < 3; i++) {
		good(rows_staging_next(g, &row, &more, &w.err), &w);
		assert_true(more);
		assert_int_equal((i + 1) % 3, row.r);
	}
	good(rows_staging_next(g, &row, &more, &w.err), &w);
	assert_false(more);
	rows_staging_free(g);
	end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_found_by_their_keys),
		cmocka_unit_test(rows_are_found_in_the_order_of_the_target),
		cmocka_unit_test(what_is_set_comes_back),
		cmocka_unit_test(rows_that_go_are_kept_in_the_order_of_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
