/* A table whose schema is not the same on both sides. */

#include "import.h"

#define KEYED   WORDS("      - {table: t, key: [name]}\n")
#define SOURCE  "CREATE TABLE t(name TEXT NOT NULL UNIQUE, v VARCHAR(10));"
#define ONE_ROW "INSERT INTO t(name, v) VALUES('a','x');"

/* What an import says, or "" where it is done; `target` has the table. */
static void
run(const char *source, const char *target, const char *profile, bool drift,
    char said[2048])
{
	struct import m;
	struct vl_err err = { 0 };
	enum vl_status st = VL_OK;

	import_make(&m, "", source, target);
	m.drift = drift;
	st = import_run(&m, profile, &err);
	(void)snprintf(said, 2048, "%s", st == VL_OK ? "" : err.text);
	if (st != VL_OK) {
		assert_int_equal(VL_EREFUSED, st);
		assert_int_equal(0, m.written);
	} else if (drift) {
		/* What was let pass is told. */
		assert_true(m.notes[0] != '\0');
	}
	import_free(&m);
}

static void
expect_passes(const char *source, const char *target)
{
	char said[2048];

	run(source, target, KEYED, true, said);
	if (said[0] != '\0')
		fail_msg("%s: %s", target, said);
	run(source, target, KEYED, false, said);
	if (said[0] == '\0')
		fail_msg("%s: nobody allowed it", target);
}

static void
expect_refused(const char *source, const char *target, const char *profile,
    const char *text)
{
	char said[2048];

	run(source, target, profile, true, said);
	if (strstr(said, text) == NULL)
		fail_msg("%s: '%s' is not in: %s", target, text, said);
	run(source, target, profile, false, said);
	assert_true(said[0] != '\0');
}

static void
is_named_by_both_sides_line_by_line(void **state)
{
	struct import m;
	struct vl_err err = { 0 };

	(void)state;
	import_make(&m, "", SOURCE,
	    "CREATE TABLE t(name TEXT NOT NULL UNIQUE, v INT, \"b\"\"c\" "
	    "TEXT)");
	assert_int_equal(VL_EREFUSED, import_run(&m, KEYED, &err));
	assert_string_equal(
	    "table 't': 'column \"v\" VARCHAR(10) collate BINARY' in the "
	    "bundle, 'column \"v\" INT collate BINARY' here\n"
	    "table 't': nothing of it in the bundle, 'column \"b\"\"c\" TEXT "
	    "collate BINARY' here: '--allow-schema-drift' lets it pass\n",
	    m.notes);
	assert_non_null(strstr(err.text, "and more that differs"));
	import_free(&m);
}

static void
passes_with_a_column_that_needs_no_value(void **state)
{
	(void)state;
	expect_passes(SOURCE ONE_ROW,
	    "CREATE TABLE t(name TEXT NOT NULL UNIQUE, v VARCHAR(10), c INT)");
	expect_passes(SOURCE ONE_ROW,
	    "CREATE TABLE t(name TEXT NOT NULL UNIQUE, v VARCHAR(10),"
	    " c INT NOT NULL DEFAULT 3)");
	expect_passes(SOURCE ONE_ROW,
	    "CREATE TABLE t(name TEXT NOT NULL UNIQUE, v VARCHAR(10),"
	    " c INT AS (length(name)))");
	expect_refused(SOURCE ONE_ROW,
	    "CREATE TABLE t(name TEXT NOT NULL UNIQUE, v VARCHAR(10),"
	    " c INT NOT NULL)",
	    KEYED, "'column \"c\" INT not null collate BINARY' here");
}

static void
passes_with_a_wider_type_and_not_with_another(void **state)
{
	static const char *const wider[][2] = {
		{ "VARCHAR(10)", "VARCHAR(11)" }, { "VARCHAR(10)", "TEXT" },
		{ "VARCHAR(10)", "VARCHAR" }, { "INT", "BIGINT" },
		{ "INTEGER", "INT" }, { "DECIMAL(8,2)", "DECIMAL(10,2)" },
		{ "CHAR(3)", "TEXT" }, { "INT NOT NULL", "INT" }
	};
	static const char *const other[][2] = {
		{ "VARCHAR(11)", "VARCHAR(10)" }, { "TEXT", "VARCHAR(10)" },
		{ "VARCHAR", "VARCHAR(10)" }, { "BIGINT", "INT" },
		{ "DECIMAL(8,2)", "DECIMAL(10,1)" },
		{ "DECIMAL(8,2)", "DECIMAL(8)" }, { "INT", "TEXT" },
		{ "INT", "" }, { "CHAR(10)", "VARCHAR(5)" },
		{ "INT", "INT NOT NULL DEFAULT 1" },
		{ "TEXT", "TEXT COLLATE NOCASE" }, { "TEXT", "TEXT AS (name)" }
	};
	char source[256];
	char target[256];
	size_t i = 0;

	(void)state;
	for (i = 0; i < sizeof(wider) / sizeof(*wider); i++) {
		(void)snprintf(source, sizeof(source),
		    "CREATE TABLE t(name TEXT UNIQUE, v %s);"
		    "INSERT INTO t VALUES('a', 1)",
		    wider[i][0]);
		(void)snprintf(target, sizeof(target),
		    "CREATE TABLE t(name TEXT UNIQUE, v %s)", wider[i][1]);
		expect_passes(source, target);
	}
	for (i = 0; i < sizeof(other) / sizeof(*other); i++) {
		(void)snprintf(source, sizeof(source),
		    "CREATE TABLE t(name TEXT UNIQUE, v %s);", other[i][0]);
		(void)snprintf(target, sizeof(target),
		    "CREATE TABLE t(name TEXT UNIQUE, v %s)", other[i][1]);
		expect_refused(source, target, KEYED, "'column \"v\" ");
	}
}

static void
passes_without_a_column_in_which_all_rows_have_null(void **state)
{
	static const char *const target =
	    "CREATE TABLE t(name TEXT NOT NULL UNIQUE)";

	(void)state;
	expect_passes(SOURCE "INSERT INTO t VALUES('a',NULL)", target);
	expect_refused(SOURCE "INSERT INTO t VALUES('a',NULL),('b','')", target,
	    KEYED,
	    "table 't', [\"b\"]: it has a value in column 'v', "
	    "which is not here");
}

static void
passes_with_a_unique_key_more_where_no_row_is_named_by_it(void **state)
{
	static const char *const target =
	    SOURCE "CREATE UNIQUE INDEX i ON t(v)";

	(void)state;
	expect_passes(SOURCE ONE_ROW, target);
	/* The key would be found among the unique ones. */
	expect_refused(SOURCE ONE_ROW, target, NULL, "'key \"v\" BINARY' here");
	expect_refused(SOURCE ONE_ROW,
	    "CREATE TABLE t(name TEXT NOT NULL, v VARCHAR(10))", KEYED,
	    "'key \"name\" BINARY' in the bundle");
	expect_refused(SOURCE ONE_ROW,
	    "CREATE TABLE t(name TEXT NOT NULL, v VARCHAR(10));"
	    "CREATE UNIQUE INDEX i ON t(name COLLATE NOCASE)",
	    KEYED, "'key \"name\" BINARY' in the bundle");
}

static void
of_a_strict_table_is_refused(void **state)
{
	static const char *const strict =
	    "CREATE TABLE t(name TEXT UNIQUE, v TEXT) STRICT";
	static const char *const loose =
	    "CREATE TABLE t(name TEXT UNIQUE, v TEXT)";

	(void)state;
	expect_refused(strict, loose, KEYED, "'strict' in the bundle");
	expect_refused(loose, strict, KEYED, "'strict' here");
}

static void
of_a_whole_table_leaves_it_alone_at_the_target(void **state)
{
	static const char *const more =
	    SOURCE "CREATE TABLE u(name TEXT UNIQUE);"
	           "INSERT INTO u VALUES('mine')";
	struct import m;
	struct vl_err err = { 0 };

	(void)state;
	import_make(&m, "", SOURCE ONE_ROW, more);
	assert_int_equal(VL_EREFUSED, import_run(&m, KEYED, &err));
	assert_non_null(
	    strstr(err.text, "table 'u' is here and not in the bundle"));
	m.drift = true;
	if (import_run(&m, KEYED, &err) != VL_OK)
		fail_msg("%s", err.text);
	import_expect(&m, "SELECT * FROM u", "mine");
	import_expect(&m, "SELECT * FROM t", "a|x");
	import_free(&m);
	expect_refused(
	    more, SOURCE, KEYED, "the bundle has table 'u', which is not here");
}

/* What would be refused of a table that travels is not asked of it. */
static void
of_a_whole_table_asks_nothing_of_its_keys_and_columns(void **state)
{
	static const char *const tables[] = {
		"CREATE TABLE u(v TEXT); INSERT INTO u VALUES('x'),('x');",
		"CREATE TABLE u(id INTEGER PRIMARY KEY, v TEXT);"
		"INSERT INTO u VALUES(1,'x'),(2,'x');",
		"CREATE TABLE u(v TEXT UNIQUE, t_id INT);"
		"INSERT INTO u VALUES('x',7);",
		"CREATE TABLE u(id INTEGER PRIMARY KEY, v TEXT,"
		" t REFERENCES t(name));"
		"INSERT INTO u(v) VALUES('x');",
		/* Two have one key, and another table refers to them. */
		"CREATE TABLE u(v TEXT UNIQUE);"
		"INSERT INTO u VALUES(NULL),(NULL),('x');"
		"CREATE TABLE w(u_id REFERENCES u(v)); INSERT INTO w "
		"VALUES('x')",
	};
	struct import m;
	struct vl_err err = { 0 };
	char target[1024];
	size_t i = 0;

	(void)state;
	for (i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		(void)snprintf(
		    target, sizeof(target), "%s%s", SOURCE, tables[i]);
		import_make(&m, "", SOURCE ONE_ROW, target);
		if (import_run(&m, KEYED, &err) != VL_EREFUSED ||
		    strstr(err.text,
		        "is here and not in the bundle: "
		        "'--allow-schema-drift' leaves it alone, and so does "
		        "'skip: true' in a profile of this side") == NULL)
			fail_msg("%zu: %s", i, err.text);
		m.drift = true;
		if (import_run(&m, KEYED, &err) != VL_OK)
			fail_msg("%zu: %s", i, err.text);
		import_expect(&m, "SELECT * FROM t", "a|x");
		import_expect(&m, "SELECT max(v) FROM u", "x");
		import_free(&m);
	}
}

static void
of_a_column_named_like_a_reference_passes_where_the_bundle_has_none(
    void **state)
{
	(void)state;
	expect_passes(SOURCE ONE_ROW,
	    "CREATE TABLE t(name TEXT NOT NULL UNIQUE, v VARCHAR(10), u_id "
	    "INT)");
}

static void
of_a_table_that_travels_asks_for_its_key(void **state)
{
	(void)state;
	expect_refused(SOURCE ONE_ROW,
	    "CREATE TABLE t(name TEXT NOT NULL, v VARCHAR(10))", NULL,
	    "table 't' has no key that could name its rows");
}

/* Lines of a bundle that are not as its own table's line says. */
static enum vl_status
put_lines(struct import *m, const char *const *lines, struct vl_err *err)
{
	const char *paths[] = { m->target };
	struct vl_rows_put_opts opts = { .rows = { .resource = "app",
		                             .tempdir = "/tmp" } };
	struct vl_row_store store = { 0 };
	struct vl_dbs *dbs = NULL;
	struct vl_rows_put *put = NULL;
	enum vl_status st = vl_dbs_open(&dbs,
	    &(struct vl_dbs_opts){ .paths = paths, .n = 1, .tempdir = "/tmp" },
	    err);

	if (st == VL_OK)
		st = vl_dbs_begin(dbs, err);
	opts.dbs = dbs;
	opts.rows.db = vl_dbs_at(dbs, 0);
	if (st == VL_OK)
		st = vl_rows_put_open(&put, &opts, err);
	for (; st == VL_OK && *lines != NULL; lines++)
		st = import_line(put, &store,
		    &(struct vl_record){ .line = vl_slice_of(*lines) }, err);
	vl_row_store_free(&store);
	vl_rows_put_free(put);
	vl_dbs_free(dbs);
	return st;
}

static void
of_a_row_from_its_own_table_is_no_bundle(void **state)
{
#define TABLE                                                                  \
	"{\"c\":\"t\",\"r\":\"app\",\"schema\":["                              \
	"\"column \\\"name\\\" TEXT not null collate BINARY\","                \
	"\"column \\\"v\\\" VARCHAR(10) collate BINARY\","                     \
	"\"key \\\"name\\\" BINARY\"],\"t\":\"table\"}\n"
#define ROW(c, columns)                                                        \
	"{\"c\":\"" c "\",\"k\":[\"a\"],\"r\":\"app\",\"row\":{" columns       \
	"},\"t\":\"row\"}\n"
	static const char *const bad[][4] = {
		{ TABLE, ROW("t", "\"name\":\"a\"") },
		{ TABLE, ROW("t", "\"name\":\"a\",\"v\":1,\"w\":null") },
		{ TABLE, ROW("t", "\"name\":\"a\",\"w\":null") },
		{ TABLE, ROW("u", "\"name\":\"a\",\"v\":1") },
		{ ROW("t", "\"name\":\"a\",\"v\":1") },
		{ TABLE, TABLE },
		{ TABLE, ROW("t", "\"name\":\"a\",\"v\":1"),
		    ROW("t", "\"name\":\"a\",\"v\":1") },
	};
	static const char *const good[] = { TABLE,
		ROW("t", "\"name\":\"a\",\"v\":1"), NULL };
	struct import m;
	struct vl_err err = { 0 };
	size_t i = 0;

	(void)state;
	import_make(&m, SOURCE, "", "");
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (put_lines(&m, bad[i], &err) != VL_EFORMAT)
			fail_msg("%zu: %s", i, err.text);
	if (put_lines(&m, good, &err) != VL_OK)
		fail_msg("%s", err.text);
	import_free(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_named_by_both_sides_line_by_line),
		cmocka_unit_test(passes_with_a_column_that_needs_no_value),
		cmocka_unit_test(passes_with_a_wider_type_and_not_with_another),
		cmocka_unit_test(
		    passes_without_a_column_in_which_all_rows_have_null),
		cmocka_unit_test(
		    passes_with_a_unique_key_more_where_no_row_is_named_by_it),
		cmocka_unit_test(of_a_strict_table_is_refused),
		cmocka_unit_test(
		    of_a_whole_table_leaves_it_alone_at_the_target),
		cmocka_unit_test(
		    of_a_whole_table_asks_nothing_of_its_keys_and_columns),
		cmocka_unit_test(
		    of_a_column_named_like_a_reference_passes_where_the_bundle_has_none),
		cmocka_unit_test(of_a_table_that_travels_asks_for_its_key),
		cmocka_unit_test(of_a_row_from_its_own_table_is_no_bundle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
