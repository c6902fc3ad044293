/* A row that is in no table is judged as if it were in it. */

#include "world.h"

static const char *const columns[] = { "id", "i", "n", "r", "x" };
static const char *const conditions[] = { "i > 5", "n = 'ADA'",
	"n IN ('ada', 'Blaise')", "x = '7'", "x = 7", "r = 7",
	"i = '7' OR n IS NULL", "typeof(r) = 'real'", "id % 2",
	"rowid = 2 OR t.oid > 3",
	"EXISTS (SELECT 1 FROM u WHERE u.t_id = t.id)",
	"n = (SELECT v FROM u WHERE t_id = 2)",
	"(SELECT count(*) FROM t AS other WHERE other.i = t.i) > 1" };

#define NCOLUMNS    (sizeof(columns) / sizeof(columns[0]))
#define NCONDITIONS (sizeof(conditions) / sizeof(conditions[0]))

static const struct vl_scan_opts opts = { .table = "t",
	.columns = columns,
	.ncolumns = NCOLUMNS,
	.conditions = conditions,
	.nconditions = NCONDITIONS };

static const char model[] =
    "CREATE TABLE t(id INTEGER PRIMARY KEY, i INT, n TEXT COLLATE NOCASE,"
    " r REAL, x); CREATE INDEX ti ON t(i); CREATE INDEX tn ON t(n);"
    "INSERT INTO t(i, n, r, x) VALUES (3, 'Ada', 7, '7'), (7, 'blaise', 7.5,"
    " 7), ('no', NULL, 'x', 7.0), (NULL, 'C', NULL, x'37'), (7, 'c', 1, '');"
    "CREATE TABLE u(t_id, v, g AS (t_id + 1)); INSERT INTO u VALUES (2, "
    "'BLAISE'), (9, 'x')";

static void
a_probe_says_what_a_scan_says(void **state)
{
	struct world w;
	struct vl_db *db = NULL;
	struct vl_scan *s = NULL;
	struct vl_probe *p = NULL;
	const struct vl_cell *cells = NULL;
	bool holds[NCONDITIONS];
	bool row = false;
	size_t i;
	unsigned n = 0;
	unsigned held = 0;

	(void)state;
	world_open(&w);
	db = made(&w, model);
	assert_int_equal(VL_OK, vl_scan_open(&s, db, &opts, &w.err));
	assert_int_equal(VL_OK, vl_probe_open(&p, db, &opts, &w.err));
	for (;; n++) {
		assert_int_equal(VL_OK, vl_scan_next(s, &cells, &row, &w.err));
		if (!row)
			break;
		assert_int_equal(VL_OK, vl_probe_run(p, cells, holds, &w.err));
		for (i = 0; i < NCONDITIONS; i++) {
			held += holds[i];
			if (holds[i] != (cells[NCOLUMNS + i].integer == 1))
				fail_msg("row %u: %s", n, conditions[i]);
		}
	}
	assert_int_equal(5, n);
	assert_in_range(held, NCONDITIONS, 4 * NCONDITIONS);
	vl_probe_free(p);
	vl_scan_free(s);
	vl_db_free(db);
	world_close(&w);
}

static void
a_probe_takes_no_more_than_a_scan_does(void **state)
{
	static const char *const bad[] = { "count(*) > 1", "1) OR (1",
		"rowid > 0", "g > 1", "nmae = 1" };
	struct vl_scan_opts one = { .table = "u", .nconditions = 1 };
	struct world w;
	struct vl_db *db = NULL;
	struct vl_probe *p = NULL;
	size_t i;

	(void)state;
	world_open(&w);
	db = made(&w, model);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		one.conditions = &bad[i];
		if (vl_probe_open(&p, db, &one, &w.err) == VL_OK)
			fail_msg("%s", bad[i]);
		assert_null(p);
	}
	vl_db_free(db);
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_probe_says_what_a_scan_says),
		cmocka_unit_test(a_probe_takes_no_more_than_a_scan_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
