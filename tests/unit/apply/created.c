/* What imports created in a database, from one import to the next. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <valise/fs.h>

#include "../../../src/apply/databases.h"
#include "allocations.h"

#define ROW(t, k, f, h)                                                        \
	{                                                                      \
		{ (const uint8_t *)(t), sizeof(t) - 1 },                       \
		    { (const uint8_t *)(k), sizeof(k) - 1 },                   \
		    { (const uint8_t *)(f), sizeof(f) - 1 },                   \
		{                                                              \
			(const uint8_t *)(h), sizeof(h) - 1                    \
		}                                                              \
	}

static const struct vl_rows_brought rows[] = {
	ROW("task", "[\"a \\\"b\\\"\\n\"]", "[7]", "[1]"),
	ROW("t\xc3\xbc", "[{\"$ref\":[\"x\"]}]", "", ""),
	ROW("task", "[\"a\"]", "[8]", "[2]"),
};
#define NROWS (sizeof(rows) / sizeof(rows[0]))

struct place {
	char path[32];
	struct vl_state *state;
	struct vl_import_opts opts;
	struct vl_resource resource;
	struct vl_run run;
	struct vl_base base;
	struct vl_err err;
};

static void
must(struct place *p, enum vl_status st)
{
	if (st != VL_OK)
		fail_msg("%s", p->err.text);
}

static void
place_open(struct place *p)
{
	static char name[] = "app";

	memset(p, 0, sizeof(*p));
	(void)snprintf(p->path, sizeof(p->path), "scratch-XXXXXX");
	assert_non_null(mkdtemp(p->path));
	must(p,
	    vl_state_open(&p->state,
	        &(struct vl_state_opts){
	            .base = p->path, .site = "site", .create = true },
	        &p->err));
	p->opts.state = p->state;
	p->resource.name = name;
	p->run.opts = &p->opts;
	p->base.run = &p->run;
	p->base.resource = &p->resource;
}

static void
place_close(struct place *p)
{
	vl_created_free(&p->base);
	vl_state_free(p->state);
	must(p, vl_remove_tree(AT_FDCWD, p->path, &p->err));
}

/* The import is decided. */
static void
keep(struct place *p)
{
	must(p, vl_created_finish(&p->base, &p->err));
	vl_created_free(&p->base);
	must(p, vl_brought_keep(&p->base.brought, NULL, &p->err));
}

static void
put(struct place *p, const struct vl_rows_brought *r, size_t n)
{
	must(p, vl_created_open(&p->base, &p->err));
	for (; n > 0; n--)
		must(p, vl_created_add(&p->base, r++, &p->err));
	keep(p);
}

static size_t
count(struct place *p)
{
	struct vl_rows_brought r = { 0 };
	bool more = true;
	size_t n = 0;

	must(p, vl_created_open(&p->base, &p->err));
	for (;; n++) {
		must(p, vl_created_next(&p->base, &r, &more, &p->err));
		if (!more)
			break;
		assert_true(n < NROWS);
		assert_true(vl_slice_equal(rows[n].table, r.table));
		assert_true(vl_slice_equal(rows[n].key, r.key));
		assert_true(vl_slice_equal(rows[n].from, r.from));
		assert_true(vl_slice_equal(rows[n].here, r.here));
	}
	vl_created_free(&p->base);
	return n;
}

static void
gives_back_what_was_created(void **state)
{
	struct place p;

	(void)state;
	place_open(&p);
	assert_int_equal(0, count(&p));
	put(&p, rows, NROWS);
	assert_int_equal(NROWS, count(&p));
	place_close(&p);
}

static void
makes_no_list_of_nothing_but_empties_one_that_holds(void **state)
{
	struct place p;

	(void)state;
	place_open(&p);
	put(&p, NULL, 0);
	assert_int_equal(-1,
	    faccessat(
	        vl_state_fd(p.state), "brought", F_OK, AT_SYMLINK_NOFOLLOW));
	put(&p, rows, 1);
	assert_int_equal(1, count(&p));
	put(&p, NULL, 0);
	assert_int_equal(0, count(&p));
	place_close(&p);
}

static void
forgets_what_was_never_finished(void **state)
{
	struct place p;

	(void)state;
	place_open(&p);
	must(&p, vl_created_open(&p.base, &p.err));
	must(&p, vl_created_add(&p.base, rows, &p.err));
	vl_created_free(&p.base);
	must(&p, vl_brought_keep(&p.base.brought, NULL, &p.err));
	assert_int_equal(0, count(&p));
	place_close(&p);
}

static void
rejects_lines_that_no_row_has(void **state)
{
	static const char *const lines[] = { "", "x", "{}", "[]", "7",
		"[\"a\",\"b\",\"c\"]", "[\"a\",\"b\",\"c\",\"d\",\"e\"]",
		"[\"a\",\"b\",\"c\",1]", "[[\"a\"],\"b\",\"c\",\"d\"]",
		"[\"a\", \"b\",\"c\",\"d\"]" };
	struct vl_rows_brought r = { 0 };
	struct vl_brought_w *w = NULL;
	struct place p;
	bool more = true;
	size_t i = 0;

	(void)state;
	place_open(&p);
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		must(&p, vl_created_open(&p.base, &p.err));
		must(&p, vl_brought_w_open(&w, &p.base.brought, &p.err));
		must(&p, vl_brought_w_add(w, vl_slice_of(lines[i]), &p.err));
		p.base.list = w;
		keep(&p);
		must(&p, vl_created_open(&p.base, &p.err));
		assert_int_equal(
		    VL_EIO, vl_created_next(&p.base, &r, &more, &p.err));
		vl_created_free(&p.base);
	}
	place_close(&p);
}

static enum vl_status
read_all(void *arg, struct vl_err *err)
{
	struct place *p = arg;
	struct vl_rows_brought r = { 0 };
	bool more = true;
	enum vl_status st = vl_created_open(&p->base, err);

	while (st == VL_OK && more)
		st = vl_created_next(&p->base, &r, &more, err);
	vl_created_free(&p->base);
	return st;
}

static void
says_that_there_is_no_memory_to_read_it(void **state)
{
	struct place p;
	const struct sweep_work w = { .arg = &p, .work = read_all };

	(void)state;
	place_open(&p);
	put(&p, rows, NROWS);
	sweep.said = "memory";
	assert_true(sweep_all(&w, ENOMEM) > 4);
	assert_int_equal(0, sweep.survived);
	sweep.said = NULL;
	assert_int_equal(NROWS, count(&p));
	place_close(&p);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_back_what_was_created),
		cmocka_unit_test(
		    makes_no_list_of_nothing_but_empties_one_that_holds),
		cmocka_unit_test(forgets_what_was_never_finished),
		cmocka_unit_test(rejects_lines_that_no_row_has),
		cmocka_unit_test(says_that_there_is_no_memory_to_read_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
