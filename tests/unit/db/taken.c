/* The row that has a unique key which another was to have, by that key. */

#include <stdio.h>

#include "target.h"

#define COLUMNS 3

static const char *const columns[COLUMNS] = { "id", "m", "k" };

/* One write to `t`, which is refused, and the ids of the rows in the way. */
struct taken {
	const char *sql;
	int64_t update; /* that row; 0: a new one, 9 */
	const char *m;
	const char *k; /* NULL: not set */
	const char *want;
};

#define T(more)                                                                \
	"CREATE TABLE t(id INTEGER PRIMARY KEY, m TEXT, k TEXT" more ");"
#define ROWS "INSERT INTO t VALUES (1, 'a', 'x'), (2, 'b', 'x'), (3, 'c', 'y');"

static void
ask(struct world *w, struct vl_db *db, const struct taken *c, char ids[64])
{
	const char *const *set = columns + (c->update != 0);
	const struct vl_write_opts opts = {
		.kind = c->update == 0 ? VL_WRITE_INSERT : VL_WRITE_UPDATE,
		.table = "t",
		.columns = set,
		.ncolumns = (c->update == 0) + 1u + (c->k != NULL),
		.key = columns,
		.nkey = c->update != 0
	};
	struct vl_cell cells[COLUMNS + 1] = { integer(9) };
	const struct vl_cell *found = NULL;
	struct vl_write *write = NULL;
	struct vl_scan *scan = NULL;
	bool row = true;
	size_t n = c->update == 0;

	cells[n++] = text(c->m);
	if (c->k != NULL)
		cells[n++] = text(c->k);
	if (c->update != 0)
		cells[n] = integer(c->update);
	good(vl_write_open(&write, db, &opts, &w->err), w);
	bad(vl_write_run(write, cells, &w->err), VL_EREFUSED, w,
	    "UNIQUE constraint failed: ");
	assert_true(vl_write_in_the_way(write));
	good(vl_write_taken(&scan, write,
	         &(struct vl_taken_opts){
	             .cells = cells, .columns = columns, .n = 1 },
	         &w->err),
	    w);
	ids[0] = '\0';
	while (scan != NULL && row) {
		good(vl_scan_next(scan, &found, &row, &w->err), w);
		if (row)
			(void)snprintf(ids + strlen(ids), 64 - strlen(ids),
			    "%lld ", (long long)found->integer);
	}
	if (scan == NULL)
		(void)snprintf(ids, 64, "none");
	vl_scan_free(scan);
	vl_write_free(write);
}

static void
expect(const struct taken *c)
{
	struct world w;
	struct vl_dbs *d = NULL;
	char ids[64];

	world_open(&w);
	make(w.path, c->sql);
	d = open_some(&w, 1);
	good(vl_dbs_begin(d, &w.err), &w);
	ask(&w, vl_dbs_at(d, 0), c, ids);
	if (strcmp(ids, c->want) != 0)
		fail_msg("%s: '%s', not '%s'", c->sql, ids, c->want);
	vl_dbs_free(d);
	world_close(&w);
}

static void
a_row_is_found_by_its_columns(void **state)
{
	static const struct taken cases[] = {
		{ T(", UNIQUE (m)") ROWS, 0, "b", "z", "2 " },
		{ T(", UNIQUE (k, m)") ROWS, 0, "b", "x", "2 " },
		{ T(" DEFAULT 'y', UNIQUE (m, k)") ROWS, 0, "c", NULL, "3 " },
		{ T(", UNIQUE (m COLLATE NOCASE)") ROWS, 0, "B", "z", "2 " },
		{ "CREATE TABLE t(id INTEGER PRIMARY KEY, m TEXT COLLATE NOCASE"
		  " UNIQUE, k);" ROWS,
		    0, "C", "z", "3 " },
		/* A number as the column keeps it. */
		{ "CREATE TABLE t(id INTEGER PRIMARY KEY, m NUMERIC UNIQUE, k);"
		  "INSERT INTO t VALUES (4, 1.0, 'x');",
		    0, "1", "z", "4 " },
		{ "CREATE TABLE t(id, m TEXT, k, PRIMARY KEY (m))"
		  " WITHOUT ROWID;" ROWS,
		    0, "b", "z", "2 " },
	};
	size_t i = 0;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect(&cases[i]);
}

static void
an_update_meets_another_row_and_not_itself(void **state)
{
	static const struct taken cases[] = {
		{ T(", UNIQUE (m)") ROWS, 1, "b", NULL, "2 " },
		/* What is not set it has. */
		{ T(", UNIQUE (m, k)") ROWS, 1, "b", NULL, "2 " },
		{ T(", UNIQUE (m, k)") ROWS, 1, "c", "y", "3 " },
	};
	size_t i = 0;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect(&cases[i]);
}

static void
a_key_of_some_rows_finds_all_that_may_be_meant(void **state)
{
	static const char *const sql =
	    T("") "CREATE UNIQUE INDEX i ON t(m) WHERE k = 'x';" ROWS;
	static const struct taken one = { sql, 0, "b", "x", "2 " };
	static const struct taken two = {
		T("") "CREATE UNIQUE INDEX i ON t(m) WHERE k = 'x';" ROWS
		      "INSERT INTO t VALUES (4, 'b', 'y');",
		0, "b", "x", "2 4 "
	};

	(void)state;
	expect(&one);
	expect(&two);
}

static void
what_is_no_list_of_columns_is_not_asked_for(void **state)
{
	static const struct taken cases[] = {
		{ T("") "CREATE UNIQUE INDEX i ON t(lower(m));" ROWS, 0, "B",
		    "z", "none" },
		{ "CREATE TABLE t(id INTEGER PRIMARY KEY, m, k,"
		  " g AS (upper(m)) UNIQUE); INSERT INTO t VALUES (1,'a','x');",
		    0, "A", "z", "none" },
		/* The key of another table, which a trigger writes. */
		{ T("") "CREATE TABLE u(m UNIQUE); CREATE TRIGGER r AFTER"
		        " INSERT ON t BEGIN INSERT INTO u VALUES (new.m);"
		        " END;" ROWS,
		    0, "b", "z", "none" },
	};
	size_t i = 0;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect(&cases[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_is_found_by_its_columns),
		cmocka_unit_test(an_update_meets_another_row_and_not_itself),
		cmocka_unit_test(
		    a_key_of_some_rows_finds_all_that_may_be_meant),
		cmocka_unit_test(what_is_no_list_of_columns_is_not_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
