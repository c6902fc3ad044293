/* SQL of a profile: one expression that only reads, and nothing else. */

#include "world.h"

static const char model[] =
    "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b, data);"
    "CREATE TABLE child(t_id, v); CREATE VIEW names AS SELECT a FROM t;"
    "CREATE VIRTUAL TABLE docs USING fts5(body);"
    "INSERT INTO t(a) VALUES (1)";

static void
allows_expressions_over_the_database(void **state)
{
	static const char *const good[] = { "a = 'x'", "1", "a > 1 OR b < 2",
		"a /* why */ IS NOT NULL", "a -- to the end", "(a)",
		"t.a = \"b\" AND [a] = `b`", "a = ')' AND b = '(('", "a = ';'",
		"a = 'it''s (' -- )", "a IN (SELECT v FROM child)",
		"EXISTS (SELECT 1 FROM child WHERE child.t_id = t.id)",
		"(SELECT count(*) FROM child WHERE t_id = t.id) > 1",
		"a IN (SELECT a FROM names)", "a LIKE 'x%' ESCAPE '\\'",
		"a GLOB '*' COLLATE NOCASE", "json_extract(data, '$.x') = 1",
		"data ->> '$.x' = 1", "date(a) < '2024-01-01'",
		"EXISTS (SELECT 1 FROM json_each(t.data) WHERE value = 3)",
		"CASE WHEN a THEN b ELSE 0 END", "a BETWEEN 1 AND 2",
		"CAST(a AS TEXT) = 'x'", "rowid > 3",
		"a IN (WITH w(x) AS (SELECT 1) SELECT x FROM w)" };
	struct world w;
	struct vl_db *db = NULL;
	size_t i;

	(void)state;
	world_open(&w);
	db = made(&w, model);
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (vl_db_check_condition(db, "T", good[i], &w.err) != VL_OK)
			fail_msg("%s", w.err.text);
	vl_db_free(db);
	world_close(&w);
}

static const struct {
	const char *text;
	const char *why;
} wrong[] = {
	{ "", "it is empty" },
	{ " \n", "it is empty" },
	{ "-- a", "syntax error" },
	{ "a = 1; DROP TABLE t", "without a ';'" },
	{ "a;", "without a ';'" },
	{ "a) IS TRUE, (b", "a bracket closes" },
	{ "1) FROM t UNION SELECT (1", "a bracket closes" },
	{ "(a", "a bracket is not closed" },
	{ "a) -- (", "a bracket closes" },
	{ "a /* ", "has no end" },
	{ "a = 'x", "has no end" },
	{ "a = [x", "has no end" },
	{ "$a(')') OR 1", "unrecognized token" },
	{ "a = ?1", "a place for a value" },
	{ "a = :x", "a place for a value" },
	{ "a = \"nmae\"", "no such column: nmae" },
	{ "nmae = 1", "no such column: nmae" },
	{ "a, b", "row value misused" },
	{ "DELETE FROM t", "syntax error" },
	{ "count(*) > 1", "misuse of aggregate" },
	{ "row_number() OVER ()", "it may not call 'row_number'" },
	{ "(SELECT count(t.id) FROM child) > 0", "misuse of aggregate" },
	{ "random() > 0", "it may not call 'random'" },
	{ "load_extension('x')", "it may not call 'load_extension'" },
	{ "changes() > 0", "it may not call 'changes'" },
	{ "readfile('/etc/passwd')", "no such function" },
	{ "a IN (SELECT name FROM sqlite_schema)", "it may not read 'sqlite_" },
	{ "(SELECT count(*) FROM sqlite_schema)", "it may not read 'sqlite_" },
	{ "EXISTS (SELECT 1 FROM pragma_table_info('t'))",
	    "it must only read" },
	{ "EXISTS (SELECT 1 FROM valise_import)", "valise_import" },
	{ "EXISTS (SELECT 1 FROM away)", "no such table" },
	{ "EXISTS (WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT"
	  " n + 1 FROM r) SELECT n FROM r)",
	    "recursion may run without an end" },
	{ "raise(ABORT, 'x')", "RAISE" },
};

static void
refuses_everything_else_and_says_why(void **state)
{
	struct world w;
	struct vl_db *db = NULL;
	size_t i;

	(void)state;
	world_open(&w);
	db = made(&w, model);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		memset(&w.err, 0, sizeof(w.err));
		if (vl_db_check_condition(db, "t", wrong[i].text, &w.err) !=
		        VL_EUSAGE ||
		    strstr(w.err.text, wrong[i].why) == NULL)
			fail_msg("%s: %s", wrong[i].text, w.err.text);
		assert_null(strchr(w.err.text, '\n'));
	}
	assert_int_equal(
	    VL_EUSAGE, vl_db_check_condition(db, "gone", "1", &w.err));
	assert_non_null(strstr(w.err.text, "has no table 'gone'"));
	vl_db_free(db);
	world_close(&w);
}

static void
a_bad_condition_is_met_when_a_scan_is_opened(void **state)
{
	static const char *const conditions[] = { "1) OR (count(*)" };
	const struct vl_scan_opts opts = {
		.table = "t", .conditions = conditions, .nconditions = 1
	};
	struct world w;
	struct vl_db *db = NULL;
	struct vl_scan *s = NULL;

	(void)state;
	world_open(&w);
	db = made(&w, model);
	assert_int_equal(VL_EUSAGE, vl_scan_open(&s, db, &opts, &w.err));
	assert_null(s);
	vl_db_free(db);
	world_close(&w);
}

/* What is accepted is one value a row, whatever it looks like. */
static void
no_text_that_is_accepted_leaves_its_brackets(void **state)
{
	static const char *const parts[] = { "(", ")", "(", ")", " a ", " 1 ",
		" = ", " OR ", " IN ", "'", "\"", "[", "]", "`", "--", "/*",
		"*/", "\n", ",", "SELECT ", " FROM t ", " UNION ", " IS TRUE ",
		" FROM child ", "count(*)", " t.", "id", " NOT ", " WHERE ",
		" LIMIT 0 ", " ORDER BY ", "$a", "::", "x'00'", ";", "max" };
	const size_t nparts = sizeof(parts) / sizeof(parts[0]);
	char text[200];
	const char *const conditions[] = { text };
	const struct vl_scan_opts opts = {
		.table = "t", .conditions = conditions, .nconditions = 1
	};
	const struct vl_cell *cells = NULL;
	struct vl_scan *s = NULL;
	struct world w;
	struct vl_db *db = NULL;
	uint64_t seed = 20261121;
	unsigned accepted = 0;
	unsigned i;
	unsigned n;
	bool row = false;

	(void)state;
	world_open(&w);
	db = made(&w, model);
	for (i = 0; i < 60000; i++) {
		text[0] = '\0';
		for (n = 0; n <= i % 9; n++) {
			seed =
			    seed * 6364136223846793005u + 1442695040888963407u;
			(void)strncat(text, parts[(seed >> 33) % nparts],
			    sizeof(text) - strlen(text) - 1);
		}
		memset(&w.err, 0, sizeof(w.err));
		if (vl_scan_open(&s, db, &opts, &w.err) != VL_OK) {
			assert_int_equal(VL_EUSAGE, w.err.status);
			continue;
		}
		accepted++;
		for (n = 0;; n++) {
			assert_int_equal(
			    VL_OK, vl_scan_next(s, &cells, &row, &w.err));
			if (!row)
				break;
			assert_int_equal(VL_CELL_INT, cells[0].type);
			assert_in_range(cells[0].integer, 0, 1);
		}
		if (n != 1)
			fail_msg("%u rows: %s", n, text);
		vl_scan_free(s);
	}
	assert_true(accepted > 500);
	vl_db_free(db);
	world_close(&w);
}

static void
asks_for_one_value(void **state)
{
	static const struct {
		const char *sql;
		const char *answer;
	} good[] = {
		{ "SELECT max(a) FROM t", "1" },
		{ "SELECT 'x' || 1.5;", "x1.5" },
		{ "SELECT v FROM child -- none but one", "only" },
		{ "PRAGMA user_version", "42" },
		{ " pragma  application_id", "7" },
	};
	static const struct {
		const char *sql;
		const char *why;
	} bad[] = {
		{ "", "it is empty" },
		{ "SELECT max(v) FROM child WHERE 0", "no answer" },
		{ "SELECT v FROM child WHERE 0", "no answer" },
		{ "SELECT 1 UNION SELECT 2", "more than one answer" },
		{ "SELECT 1, 2", "one column is wanted" },
		{ "SELECT 1; SELECT 2", "one statement is wanted" },
		{ "DELETE FROM t", "it must only read" },
		{ "PRAGMA user_version = 3", "it must only read" },
		{ "PRAGMA journal_mode = OFF", "it must only read" },
		{ "ATTACH 'x' AS y", "it must only read" },
		{ "SELECT random()", "it may not call 'random'" },
		{ "SELECT ?", "a place for a value" },
		{ "nonsense", "syntax error" },
	};
	struct vl_buf out = { 0 };
	struct world w;
	struct vl_db *db = NULL;
	size_t i;

	(void)state;
	world_open(&w);
	db = made(&w,
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, a);"
	    "CREATE TABLE child(v); INSERT INTO t(a) VALUES (1);"
	    "INSERT INTO child VALUES ('only');"
	    "PRAGMA user_version=42; PRAGMA application_id=7");
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		vl_buf_clear(&out);
		if (vl_db_ask(db, good[i].sql, &out, &w.err) != VL_OK)
			fail_msg("%s", w.err.text);
		assert_int_equal(strlen(good[i].answer), out.n);
		assert_memory_equal(good[i].answer, out.p, out.n);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		vl_buf_clear(&out);
		if (vl_db_ask(db, bad[i].sql, &out, &w.err) != VL_EUSAGE ||
		    strstr(w.err.text, bad[i].why) == NULL)
			fail_msg("%s: %s", bad[i].sql, w.err.text);
		assert_int_equal(0, out.n);
	}
	vl_buf_free(&out);
	vl_db_free(db);
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allows_expressions_over_the_database),
		cmocka_unit_test(refuses_everything_else_and_says_why),
		cmocka_unit_test(a_bad_condition_is_met_when_a_scan_is_opened),
		cmocka_unit_test(no_text_that_is_accepted_leaves_its_brackets),
		cmocka_unit_test(asks_for_one_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
