/* Cells as they are stored, of every storage class, in order of the key. */

#include <math.h>

#include "world.h"

static struct vl_scan *
scan(struct world *w, struct vl_db *db, const struct vl_scan_opts *opts)
{
	struct vl_scan *s = NULL;

	if (vl_scan_open(&s, db, opts, &w->err) != VL_OK)
		fail_msg("%s", w->err.text);
	return s;
}

static const struct vl_cell *
next(struct world *w, struct vl_scan *s)
{
	const struct vl_cell *cells = NULL;
	bool row = false;

	if (vl_scan_next(s, &cells, &row, &w->err) != VL_OK)
		fail_msg("%s", w->err.text);
	return row ? cells : NULL;
}

/* The one column `v` of table `t`, all of it. */
static struct vl_scan *
scan_v(struct world *w, struct vl_db *db)
{
	static const char *const columns[] = { "v" };
	const struct vl_scan_opts opts = {
		.table = "t", .columns = columns, .ncolumns = 1
	};

	return scan(w, db, &opts);
}

static void
expect_bytes(
    const struct vl_cell *c, enum vl_cell_type type, const void *p, size_t n)
{
	assert_non_null(c);
	assert_int_equal(type, c->type);
	assert_int_equal(n, c->bytes.n);
	if (n > 0)
		assert_memory_equal(p, c->bytes.p, n);
}

static void
expect_int(const struct vl_cell *c, int64_t n)
{
	assert_non_null(c);
	assert_int_equal(VL_CELL_INT, c->type);
	assert_true(c->integer == n);
}

static void
expect_real(const struct vl_cell *c, double want)
{
	assert_non_null(c);
	assert_int_equal(VL_CELL_REAL, c->type);
	assert_memory_equal(&want, &c->real, sizeof(want));
}

static void
integers_keep_every_bit(void **state)
{
	struct world w;
	struct vl_db *db = NULL;
	struct vl_scan *s = NULL;

	(void)state;
	world_open(&w);
	db = made(&w,
	    "CREATE TABLE t(v); INSERT INTO t VALUES (9007199254740993),"
	    " (9223372036854775807), (-9223372036854775808), (0), (NULL)");
	s = scan_v(&w, db);
	expect_int(next(&w, s), 9007199254740993);
	expect_int(next(&w, s), INT64_MAX);
	expect_int(next(&w, s), INT64_MIN);
	expect_int(next(&w, s), 0);
	assert_int_equal(VL_CELL_NULL, next(&w, s)->type);
	assert_null(next(&w, s));
	vl_scan_free(s);
	vl_db_free(db);
	world_close(&w);
}

static void
reals_keep_every_bit(void **state)
{
	/* Bound, as an application does: literals lose the sign of zero. */
	static const double reals[] = { -0.0, 0.0, INFINITY, -INFINITY, 5e-324,
		0.1 + 0.2, 1e15, 1e22, 123456789.123456789, 1.0 };
	static const char *const types[] = { "", "REAL" };
	struct world w;
	sqlite3 *app = NULL;
	sqlite3_stmt *stmt = NULL;
	struct vl_db *db = NULL;
	struct vl_scan *s = NULL;
	const size_t n = sizeof(reals) / sizeof(reals[0]);
	char text[100];
	size_t i;
	size_t j;

	(void)state;
	for (j = 0; j < 2; j++) {
		world_open(&w);
		(void)snprintf(
		    text, sizeof(text), "CREATE TABLE t(v %s)", types[j]);
		app = app_open(w.path);
		app_run(app, text);
		(void)sqlite3_prepare_v2(
		    app, "INSERT INTO t VALUES (?)", -1, &stmt, NULL);
		for (i = 0; i < n; i++) {
			(void)sqlite3_bind_double(stmt, 1, reals[i]);
			assert_int_equal(SQLITE_DONE, sqlite3_step(stmt));
			(void)sqlite3_reset(stmt);
		}
		(void)sqlite3_finalize(stmt);
		app_close(app);
		db = copy_of(&w);
		s = scan_v(&w, db);
		for (i = 0; i < n; i++)
			/* SQLite keeps a whole number in a REAL column as an
			 * integer: there the sign of zero is lost. */
			expect_real(
			    next(&w, s), i == 0 && j == 1 ? 0.0 : reals[i]);
		assert_null(next(&w, s));
		vl_scan_free(s);
		vl_db_free(db);
		world_close(&w);
	}
}

static void
texts_and_blobs_keep_every_byte(void **state)
{
	struct world w;
	struct vl_db *db = NULL;
	struct vl_scan *s = NULL;

	(void)state;
	world_open(&w);
	db = made(&w,
	    "CREATE TABLE t(v); INSERT INTO t VALUES ('nul'||char(0)||'after'),"
	    " (CAST(x'ff41c3' AS TEXT)), (''), (x''), (x'00ff'),"
	    " (CAST('text' AS BLOB)), (zeroblob(100000)), (char(0))");
	s = scan_v(&w, db);
	expect_bytes(next(&w, s), VL_CELL_TEXT, "nul\0after", 9);
	expect_bytes(next(&w, s), VL_CELL_TEXT, "\xff\x41\xc3", 3);
	expect_bytes(next(&w, s), VL_CELL_TEXT, "", 0);
	expect_bytes(next(&w, s), VL_CELL_BLOB, "", 0);
	expect_bytes(next(&w, s), VL_CELL_BLOB, "\0\xff", 2);
	expect_bytes(next(&w, s), VL_CELL_BLOB, "text", 4);
	assert_int_equal(100000, next(&w, s)->bytes.n);
	expect_bytes(next(&w, s), VL_CELL_TEXT, "", 1);
	vl_scan_free(s);
	vl_db_free(db);
	world_close(&w);
}

static void
the_storage_class_is_that_of_the_cell_in_every_affinity(void **state)
{
	static const char *const columns[] = { "i", "r", "x", "n", "b" };
	const struct vl_scan_opts opts = {
		.table = "t", .columns = columns, .ncolumns = 5
	};
	/* Of what went in as: 'x', '7', 7, 7.5, 7.0, x'37', NULL. */
	static const enum vl_cell_type want[7][5] = {
		{ VL_CELL_TEXT, VL_CELL_TEXT, VL_CELL_TEXT, VL_CELL_TEXT,
		    VL_CELL_TEXT },
		{ VL_CELL_INT, VL_CELL_REAL, VL_CELL_TEXT, VL_CELL_INT,
		    VL_CELL_TEXT },
		{ VL_CELL_INT, VL_CELL_REAL, VL_CELL_TEXT, VL_CELL_INT,
		    VL_CELL_INT },
		{ VL_CELL_REAL, VL_CELL_REAL, VL_CELL_TEXT, VL_CELL_REAL,
		    VL_CELL_REAL },
		{ VL_CELL_INT, VL_CELL_REAL, VL_CELL_TEXT, VL_CELL_INT,
		    VL_CELL_REAL },
		{ VL_CELL_BLOB, VL_CELL_BLOB, VL_CELL_BLOB, VL_CELL_BLOB,
		    VL_CELL_BLOB },
		{ VL_CELL_NULL, VL_CELL_NULL, VL_CELL_NULL, VL_CELL_NULL,
		    VL_CELL_NULL },
	};
	struct world w;
	struct vl_db *db = NULL;
	struct vl_scan *s = NULL;
	const struct vl_cell *cells = NULL;
	size_t i;
	size_t j;

	(void)state;
	world_open(&w);
	db = made(&w,
	    "CREATE TABLE v(v); INSERT INTO v VALUES ('x'), ('7'), (7), (7.5),"
	    " (7.0), (x'37'), (NULL);"
	    "CREATE TABLE t(i INTEGER, r REAL, x TEXT, n DECIMAL(10,2),"
	    " b BLOB); INSERT INTO t SELECT v, v, v, v, v FROM v");
	s = scan(&w, db, &opts);
	for (i = 0; i < 7; i++) {
		cells = next(&w, s);
		assert_non_null(cells);
		for (j = 0; j < 5; j++)
			assert_int_equal(want[i][j], cells[j].type);
	}
	assert_null(next(&w, s));
	vl_scan_free(s);
	vl_db_free(db);
	world_close(&w);
}

static void
rows_come_by_rowid_whatever_index_there_is(void **state)
{
	static const char *const columns[] = { NULL, "v" };
	const struct vl_scan_opts opts = {
		.table = "T", .columns = columns, .ncolumns = 2
	};
	struct world w;
	struct vl_db *db = NULL;
	struct vl_scan *s = NULL;

	(void)state;
	world_open(&w);
	db = made(&w,
	    "CREATE TABLE t(v, rowid TEXT, oid TEXT); CREATE INDEX i ON t(v);"
	    "INSERT INTO t(_rowid_, v) VALUES (9, 1), (4, 3), (-7, 2);"
	    "ANALYZE");
	s = scan(&w, db, &opts);
	expect_int(&next(&w, s)[0], -7);
	expect_int(&next(&w, s)[0], 4);
	expect_int(&next(&w, s)[0], 9);
	vl_scan_free(s);
	vl_db_free(db);
	world_close(&w);
}

static void
rows_come_by_primary_key_where_there_is_no_rowid(void **state)
{
	struct world w;
	struct vl_db *db = NULL;
	struct vl_scan *s = NULL;

	(void)state;
	world_open(&w);
	db = made(&w,
	    "CREATE TABLE t(v, k TEXT, j, PRIMARY KEY (j, k COLLATE NOCASE))"
	    " WITHOUT ROWID; INSERT INTO t VALUES (3, 'B', 2), (1, 'b', 1),"
	    " (2, 'a', 2), (4, 'c', 2); CREATE INDEX i ON t(v DESC)");
	s = scan_v(&w, db);
	expect_int(next(&w, s), 1);
	expect_int(next(&w, s), 2);
	expect_int(next(&w, s), 3);
	expect_int(next(&w, s), 4);
	vl_scan_free(s);
	vl_db_free(db);
	world_close(&w);
}

static void
a_rowid_that_columns_hide_cannot_be_asked_for(void **state)
{
	static const char *const columns[] = { NULL };
	const struct vl_scan_opts opts = {
		.table = "t", .columns = columns, .ncolumns = 1
	};
	struct world w;
	struct vl_db *db = NULL;
	struct vl_scan *s = NULL;

	(void)state;
	world_open(&w);
	db = made(&w,
	    "CREATE TABLE t(v, rowid, oid, _rowid_); CREATE INDEX i ON t(v);"
	    "INSERT INTO t(v) VALUES (3), (1), (2)");
	assert_int_equal(VL_EUSAGE, vl_scan_open(&s, db, &opts, &w.err));
	assert_non_null(strstr(w.err.text, "has no rowid"));
	s = scan_v(&w, db);
	expect_int(next(&w, s), 3);
	expect_int(next(&w, s), 1);
	vl_scan_free(s);
	vl_db_free(db);
	world_close(&w);
}

static void
names_of_any_bytes_are_quoted(void **state)
{
	static const char *const columns[] = { "a\"; DROP TABLE t; --",
		"select", "\303\244 '\n]`" };
	const struct vl_scan_opts opts = {
		.table = "\"t\" '[", .columns = columns, .ncolumns = 3
	};
	struct world w;
	struct vl_db *db = NULL;
	struct vl_scan *s = NULL;
	const struct vl_cell *cells = NULL;

	(void)state;
	world_open(&w);
	db = made(&w,
	    "CREATE TABLE \"\"\"t\"\" '[\"(\"a\"\"; DROP TABLE t; --\","
	    " \"select\", \"\303\244 '\n]`\"); INSERT INTO \"\"\"t\"\" '[\""
	    " VALUES (1, 2, 3)");
	s = scan(&w, db, &opts);
	cells = next(&w, s);
	expect_int(&cells[0], 1);
	expect_int(&cells[1], 2);
	expect_int(&cells[2], 3);
	vl_scan_free(s);
	vl_db_free(db);
	world_close(&w);
}

static void
a_misspelt_column_is_an_error_and_no_text(void **state)
{
	static const char *const columns[] = { "nmae" };
	struct vl_scan_opts opts = {
		.table = "t", .columns = columns, .ncolumns = 1
	};
	struct world w;
	struct vl_db *db = NULL;
	struct vl_scan *s = NULL;

	(void)state;
	world_open(&w);
	db = made(&w, "CREATE TABLE t(name)");
	assert_int_equal(VL_EUSAGE, vl_scan_open(&s, db, &opts, &w.err));
	assert_non_null(strstr(w.err.text, "has no column 'nmae'"));
	opts.table = "u";
	assert_int_equal(VL_EUSAGE, vl_scan_open(&s, db, &opts, &w.err));
	assert_non_null(strstr(w.err.text, "has no table 'u'"));
	assert_null(s);
	vl_db_free(db);
	world_close(&w);
}

static void
conditions_answer_0_or_1(void **state)
{
	static const char *const columns[] = { "v" };
	static const char *const conditions[] = { "v > 1", NULL,
		"v -- a comment", "EXISTS (SELECT 1 FROM u WHERE u.of = t.id)",
		"v IS NULL OR v = 3" };
	const struct vl_scan_opts opts = { .table = "t",
		.columns = columns,
		.ncolumns = 1,
		.conditions = conditions,
		.nconditions = 5 };
	static const int64_t want[4][5] = { { 0, 1, 0, 1, 0 },
		{ 1, 1, 1, 0, 0 }, { 0, 1, 0, 0, 1 }, { 1, 1, 0, 1, 0 } };
	struct world w;
	struct vl_db *db = NULL;
	struct vl_scan *s = NULL;
	const struct vl_cell *cells = NULL;
	size_t i;
	size_t j;

	(void)state;
	world_open(&w);
	db = made(&w,
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, v);"
	    "INSERT INTO t(v) VALUES (0), (2), (NULL), ('text');"
	    "CREATE TABLE u(of); INSERT INTO u VALUES (1), (4), (4)");
	s = scan(&w, db, &opts);
	for (i = 0; i < 4; i++) {
		cells = next(&w, s);
		assert_non_null(cells);
		for (j = 0; j < 5; j++)
			expect_int(&cells[1 + j], want[i][j]);
	}
	assert_null(next(&w, s));
	vl_scan_free(s);
	vl_db_free(db);
	world_close(&w);
}

static void
utf_16_comes_as_utf_8_or_is_refused(void **state)
{
	struct world w;
	struct vl_db *db = NULL;
	struct vl_scan *s = NULL;
	const struct vl_cell *cells = NULL;
	bool row = false;

	(void)state;
	world_open(&w);
	db = made(&w,
	    "PRAGMA encoding='UTF-16le'; CREATE TABLE t(v);"
	    "INSERT INTO t VALUES ('\303\244'||char(128512)||char(0)||'z'),"
	    " (char(65533)), (CAST(x'00d84100' AS TEXT))");
	s = scan_v(&w, db);
	expect_bytes(
	    next(&w, s), VL_CELL_TEXT, "\303\244\360\237\230\200\0z", 8);
	expect_bytes(next(&w, s), VL_CELL_TEXT, "\357\277\275", 3);
	assert_int_equal(VL_EREFUSED, vl_scan_next(s, &cells, &row, &w.err));
	assert_false(row);
	assert_non_null(strstr(w.err.text, "no valid UTF-16"));
	vl_scan_free(s);
	vl_db_free(db);
	world_close(&w);
}

static void
generated_columns_can_be_read(void **state)
{
	struct world w;
	struct vl_db *db = NULL;
	struct vl_scan *s = NULL;

	(void)state;
	world_open(&w);
	db = made(&w,
	    "CREATE TABLE t(a INT, v AS (a + 1), h AS (a * 2) STORED);"
	    "INSERT INTO t VALUES (4)");
	s = scan_v(&w, db);
	expect_int(next(&w, s), 5);
	vl_scan_free(s);
	vl_db_free(db);
	world_close(&w);
}

/* Of all cells, up to row `most`. */
static size_t
read_all(struct world *w, struct vl_db *db, struct vl_pool *pool, size_t most,
    uint8_t hash[VL_HASH_SIZE])
{
	static const char *const columns[] = { NULL, "v", "i" };
	const struct vl_scan_opts opts = {
		.table = "t", .columns = columns, .ncolumns = 3, .pool = pool
	};
	struct vl_scan *s = scan(w, db, &opts);
	const struct vl_cell *cells = NULL;
	struct vl_hash h;
	size_t rows = 0;
	size_t i;

	vl_hash_init(&h, NULL);
	while (rows < most && (cells = next(w, s)) != NULL) {
		for (i = 0; i < 3; i++) {
			vl_hash_add(&h,
			    (struct vl_slice){ (const uint8_t *)&cells[i].type,
			        sizeof(cells[i].type) });
			vl_hash_add(&h,
			    (struct vl_slice){
			        (const uint8_t *)&cells[i].integer,
			        sizeof(cells[i].integer) });
			vl_hash_add(&h, cells[i].bytes);
		}
		rows++;
	}
	vl_hash_end(&h, hash);
	vl_scan_free(s);
	return rows;
}

static void
rows_read_ahead_are_the_same(void **state)
{
	static const size_t most[] = { SIZE_MAX, 1, 2100, 12000, 0 };
	uint8_t want[VL_HASH_SIZE];
	uint8_t have[VL_HASH_SIZE];
	struct vl_pool *pool = NULL;
	struct vl_db *db = NULL;
	struct world w;
	size_t i;

	(void)state;
	world_open(&w);
	/* Small ones, some with more than is copied, those one after the
	 * other and the last one among them. */
	db = made(&w,
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, i, v);"
	    "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c"
	    " WHERE i < 12345) INSERT INTO t SELECT i, i * 7,"
	    " CASE WHEN i IN (1, 3000, 3001, 3002, 12345) THEN zeroblob(99999)"
	    " WHEN i % 3 = 0 THEN 'text ' || i WHEN i % 3 = 1 THEN NULL"
	    " ELSE zeroblob(i % 2000) END FROM c");
	assert_int_equal(VL_OK, vl_pool_new(&pool, 2, &w.err));
	for (i = 0; i < sizeof(most) / sizeof(most[0]); i++) {
		assert_int_equal(read_all(&w, db, NULL, most[i], want),
		    read_all(&w, db, pool, most[i], have));
		assert_memory_equal(want, have, sizeof(want));
	}
	vl_db_free(db);
	vl_pool_free(pool);
	world_close(&w);
}

static void
a_failure_of_reading_ahead_is_told(void **state)
{
	static const char *const columns[] = { "v" };
	struct vl_scan_opts opts = {
		.table = "t", .columns = columns, .ncolumns = 1
	};
	const struct vl_cell *cells = NULL;
	enum vl_status st = VL_OK;
	struct vl_scan *s = NULL;
	struct vl_db *db = NULL;
	struct world w;
	bool row = true;

	(void)state;
	world_open(&w);
	db = made(&w,
	    "PRAGMA encoding='UTF-16le'; CREATE TABLE t(v);"
	    "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c"
	    " WHERE i < 9999) INSERT INTO t SELECT CASE WHEN i = 9998"
	    " THEN CAST(x'00d84100' AS TEXT) ELSE 'a' END FROM c");
	assert_int_equal(VL_OK, vl_pool_new(&opts.pool, 1, &w.err));
	s = scan(&w, db, &opts);
	while (st == VL_OK && row)
		st = vl_scan_next(s, &cells, &row, &w.err);
	assert_int_equal(VL_EREFUSED, st);
	assert_false(row);
	assert_non_null(strstr(w.err.text, "no valid UTF-16"));
	vl_scan_free(s);
	vl_db_free(db);
	vl_pool_free(opts.pool);
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_keep_every_bit),
		cmocka_unit_test(reals_keep_every_bit),
		cmocka_unit_test(texts_and_blobs_keep_every_byte),
		cmocka_unit_test(
		    the_storage_class_is_that_of_the_cell_in_every_affinity),
		cmocka_unit_test(rows_come_by_rowid_whatever_index_there_is),
		cmocka_unit_test(
		    rows_come_by_primary_key_where_there_is_no_rowid),
		cmocka_unit_test(a_rowid_that_columns_hide_cannot_be_asked_for),
		cmocka_unit_test(names_of_any_bytes_are_quoted),
		cmocka_unit_test(a_misspelt_column_is_an_error_and_no_text),
		cmocka_unit_test(conditions_answer_0_or_1),
		cmocka_unit_test(utf_16_comes_as_utf_8_or_is_refused),
		cmocka_unit_test(generated_columns_can_be_read),
		cmocka_unit_test(rows_read_ahead_are_the_same),
		cmocka_unit_test(a_failure_of_reading_ahead_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
