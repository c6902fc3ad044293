/* The schema as SQLite means it, and its fingerprint. */

#include "world.h"

static const struct vl_table *
table_of(struct vl_db *db, const char *name)
{
	const struct vl_table *t = vl_db_table(db, name);

	assert_non_null(t);
	return t;
}

/* The one table `t` of a schema, its fingerprint. */
static void
fingerprint(uint8_t out[VL_HASH_SIZE], const char *sql)
{
	struct world w;
	struct vl_db *db = NULL;

	world_open(&w);
	db = made(&w, sql);
	memcpy(out, table_of(db, "t")->fingerprint, VL_HASH_SIZE);
	vl_db_free(db);
	world_close(&w);
}

static void
expect_fingerprints(bool same, const char *a, const char *b)
{
	uint8_t x[VL_HASH_SIZE];
	uint8_t y[VL_HASH_SIZE];

	fingerprint(x, a);
	fingerprint(y, b);
	if ((memcmp(x, y, sizeof(x)) == 0) != same)
		fail_msg("%s / %s", a, b);
}

static void
lists_tables_by_bytes_and_names_what_is_not_carried(void **state)
{
	static const char *const tables[] = { "A", "B\"q'\n[x]", "a-b",
		"\303\244" };
	struct world w;
	struct vl_db *db = NULL;
	const struct vl_schema *s = NULL;
	size_t i;
	size_t shadows = 0;

	(void)state;
	world_open(&w);
	db = made(&w,
	    "CREATE TABLE \"a-b\"(x); CREATE TABLE A(x);"
	    "CREATE TABLE \"\303\244\"(x);"
	    "CREATE TABLE \"B\"\"q'\n[x]\"(\"c\"\"1\" INTEGER, \"\"\"\" TEXT);"
	    "CREATE TABLE valise_import(id);"
	    "CREATE TABLE z(id INTEGER PRIMARY KEY AUTOINCREMENT); DROP TABLE "
	    "z;"
	    "CREATE VIEW v AS SELECT x FROM A;"
	    "CREATE VIRTUAL TABLE f USING fts5(body); ANALYZE");
	s = vl_db_schema(db);
	assert_int_equal(4, s->ntables);
	for (i = 0; i < 4; i++)
		assert_string_equal(tables[i], s->tables[i].name);
	assert_string_equal("c\"1", s->tables[1].columns[0].name);
	assert_string_equal("\"", s->tables[1].columns[1].name);
	for (i = 0; i < s->nothers; i++)
		shadows += strcmp(s->others[i].kind, "shadow table") == 0;
	assert_int_equal(shadows + 2, s->nothers);
	assert_true(shadows >= 4);
	assert_string_equal("f", s->others[0].name);
	assert_string_equal("virtual table", s->others[0].kind);
	assert_string_equal("v", s->others[s->nothers - 1].name);
	assert_string_equal("view", s->others[s->nothers - 1].kind);
	vl_db_free(db);
	world_close(&w);
}

static void
reads_columns_as_declared(void **state)
{
	struct world w;
	struct vl_db *db = NULL;
	const struct vl_table *t = NULL;

	(void)state;
	world_open(&w);
	db = made(&w,
	    "CREATE TABLE t(a VARCHAR( 20 ) NOT NULL DEFAULT 'x y',"
	    " b TEXT COLLATE NOCASE, c,"
	    " g INT GENERATED ALWAYS AS (c + 1) VIRTUAL, h AS (c * 2) STORED,"
	    " PRIMARY KEY (b, a));"
	    "CREATE TABLE s(x ANY, y INT) STRICT;"
	    "CREATE TABLE k(x TEXT, y TEXT, PRIMARY KEY (y)) WITHOUT ROWID");
	t = table_of(db, "T");
	assert_int_equal(5, t->ncolumns);
	assert_true(t->columns[0].not_null);
	assert_string_equal("'x y'", t->columns[0].fallback);
	assert_string_equal("VARCHAR( 20 )", t->columns[0].type);
	assert_string_equal("BINARY", t->columns[0].collation);
	assert_string_equal("NOCASE", t->columns[1].collation);
	assert_null(t->columns[1].fallback);
	assert_int_equal(2, t->columns[0].key);
	assert_int_equal(1, t->columns[1].key);
	assert_int_equal(0, t->columns[2].key);
	assert_string_equal("", t->columns[2].type);
	assert_false(t->columns[2].generated);
	assert_true(t->columns[3].generated);
	assert_true(t->columns[4].generated);
	assert_non_null(strstr(t->sql, "CREATE TABLE t("));
	assert_false(t->strict);
	assert_true(table_of(db, "s")->strict);
	assert_false(table_of(db, "s")->without_rowid);
	assert_true(table_of(db, "k")->without_rowid);
	assert_int_equal(1, vl_table_column(t, "B"));
	assert_true(vl_table_column(t, "x") == SIZE_MAX);
	vl_db_free(db);
	world_close(&w);
}

static void
an_integer_id_is_the_rowid_exactly_when_sqlite_says_so(void **state)
{
	static const struct {
		const char *sql;
		bool is;
	} cases[] = {
		{ "CREATE TABLE t(id INTEGER PRIMARY KEY, x)", true },
		{ "CREATE TABLE t(id integer primary key asc, x)", true },
		{ "CREATE TABLE t(id \"INTEGER\", x, PRIMARY KEY(id))", true },
		{ "CREATE TABLE t(id INTEGER, x, PRIMARY KEY(id DESC))", true },
		{ "CREATE TABLE t(id INTEGER PRIMARY KEY DESC, x)", false },
		{ "CREATE TABLE t(id INT PRIMARY KEY, x)", false },
		{ "CREATE TABLE t(id BIGINT PRIMARY KEY, x)", false },
		{ "CREATE TABLE t(id INTEGER(8) PRIMARY KEY, x)", false },
		{ "CREATE TABLE t(id INTEGER, x, PRIMARY KEY(id, x))", false },
		{ "CREATE TABLE t(id INTEGER UNIQUE, x)", false },
		{ "CREATE TABLE t(id INTEGER PRIMARY KEY, x) WITHOUT ROWID",
		    false },
	};
	struct world w;
	struct vl_db *db = NULL;
	char text[300];
	size_t i;
	bool is = false;

	(void)state;
	world_open(&w);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		/* What SQLite means: it gives such a column a number. */
		(void)snprintf(text, sizeof(text),
		    "%s; INSERT OR IGNORE INTO t(id, x) VALUES (NULL, 1)",
		    cases[i].sql);
		db = made(&w, text);
		is = table_of(db, "t")->columns[0].integer_id;
		if (is != cases[i].is)
			fail_msg("%s", cases[i].sql);
		assert_int_equal(is,
		    number(
		        w.path, "SELECT count(*) FROM t WHERE id IS NOT NULL"));
		vl_db_free(db);
	}
	world_close(&w);
}

static void
an_autoincrement_is_seen(void **state)
{
	struct world w;
	struct vl_db *db = NULL;

	(void)state;
	world_open(&w);
	db = made(&w,
	    "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT);"
	    "CREATE TABLE u(id INTEGER PRIMARY KEY, \"autoincrement\" TEXT)");
	assert_true(table_of(db, "t")->autoincrement);
	assert_false(table_of(db, "u")->autoincrement);
	vl_db_free(db);
	world_close(&w);
}

static void
unique_keys_are_whole_and_come_once(void **state)
{
	struct world w;
	struct vl_db *db = NULL;
	const struct vl_table *t = NULL;

	(void)state;
	world_open(&w);
	db = made(&w,
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b, c,"
	    " UNIQUE (b, a), UNIQUE (c));"
	    "CREATE UNIQUE INDEX partial ON t(a) WHERE b > 0;"
	    "CREATE UNIQUE INDEX expression ON t(a, lower(b));"
	    "CREATE UNIQUE INDEX again ON t(c);"
	    "CREATE UNIQUE INDEX other ON t(c COLLATE NOCASE);"
	    "CREATE UNIQUE INDEX primary_again ON t(id);"
	    "CREATE INDEX plain ON t(a, b, c)");
	t = table_of(db, "t");
	assert_int_equal(4, t->nuniques);
	assert_true(t->uniques[0].primary);
	assert_int_equal(1, t->uniques[0].n);
	assert_int_equal(0, t->uniques[0].columns[0]);
	assert_int_equal(2, t->uniques[1].n);
	assert_int_equal(2, t->uniques[1].columns[0]);
	assert_int_equal(1, t->uniques[1].columns[1]);
	assert_int_equal(3, t->uniques[2].columns[0]);
	assert_string_equal("BINARY", t->uniques[2].collations[0]);
	assert_string_equal("NOCASE", t->uniques[3].collations[0]);
	vl_db_free(db);
	world_close(&w);
}

static void
foreign_keys_are_resolved_whatever_the_letters(void **state)
{
	struct world w;
	struct vl_db *db = NULL;
	const struct vl_table *t = NULL;

	(void)state;
	world_open(&w);
	db = made(&w,
	    "CREATE TABLE Project(Id INTEGER PRIMARY KEY, Name UNIQUE);"
	    "CREATE TABLE pair(x, y, z, PRIMARY KEY (y, x));"
	    "CREATE TABLE nokey(x);"
	    "CREATE TABLE t(project_id REFERENCES PROJECT ON DELETE CASCADE,"
	    " n REFERENCES project(NAME), px, py,"
	    " gone REFERENCES gone(id), half REFERENCES pair,"
	    " no REFERENCES nokey, col REFERENCES Project(other),"
	    " FOREIGN KEY (py, px) REFERENCES Pair,"
	    " FOREIGN KEY (PX, PY) REFERENCES pair(X, y))");
	t = table_of(db, "t");
	assert_int_equal(8, t->nforeigns);
	assert_string_equal("Project", t->foreigns[0].to);
	assert_string_equal("Id", t->foreigns[0].to_columns[0]);
	assert_true(t->foreigns[0].cascade);
	assert_string_equal("Name", t->foreigns[1].to_columns[0]);
	assert_false(t->foreigns[1].cascade);
	assert_string_equal("gone", t->foreigns[2].to);
	assert_null(t->foreigns[2].to_columns);
	assert_null(t->foreigns[3].to_columns);
	assert_null(t->foreigns[4].to_columns);
	assert_null(t->foreigns[5].to_columns);
	assert_int_equal(2, t->foreigns[6].n);
	assert_int_equal(3, t->foreigns[6].columns[0]);
	assert_string_equal("y", t->foreigns[6].to_columns[0]);
	assert_string_equal("x", t->foreigns[6].to_columns[1]);
	assert_int_equal(2, t->foreigns[7].columns[0]);
	assert_string_equal("x", t->foreigns[7].to_columns[0]);
	assert_string_equal("y", t->foreigns[7].to_columns[1]);
	vl_db_free(db);
	world_close(&w);
}

static void
indexes_of_their_own_are_told_by_table(void **state)
{
	struct world w;
	struct vl_db *db = NULL;
	const struct vl_table *t = NULL;

	(void)state;
	world_open(&w);
	db = made(&w,
	    "CREATE TABLE t(a UNIQUE, b); CREATE INDEX two ON t(b);"
	    "CREATE UNIQUE INDEX one ON t(b, a); CREATE TABLE u(a)");
	t = table_of(db, "t");
	assert_int_equal(2, t->nindexes);
	assert_string_equal("one", t->indexes[0]);
	assert_string_equal("two", t->indexes[1]);
	assert_int_equal(0, table_of(db, "u")->nindexes);
	vl_db_free(db);
	world_close(&w);
}

static void
triggers_are_told_by_table(void **state)
{
	struct world w;
	struct vl_db *db = NULL;
	const struct vl_table *t = NULL;

	(void)state;
	world_open(&w);
	db = made(&w,
	    "CREATE TABLE T(x); CREATE TABLE u(x); CREATE VIEW v AS SELECT 1 x;"
	    "CREATE TRIGGER two AFTER INSERT ON t BEGIN SELECT 1; END;"
	    "CREATE TRIGGER one AFTER DELETE ON T BEGIN SELECT 1; END;"
	    "CREATE TRIGGER view INSTEAD OF INSERT ON v BEGIN SELECT 1; END");
	t = table_of(db, "t");
	assert_int_equal(2, t->ntriggers);
	assert_string_equal("one", t->triggers[0]);
	assert_string_equal("two", t->triggers[1]);
	assert_int_equal(0, table_of(db, "u")->ntriggers);
	vl_db_free(db);
	world_close(&w);
}

#define BASE "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT NOT NULL, b INT)"

static void
a_fingerprint_does_not_see_layout(void **state)
{
	(void)state;
	expect_fingerprints(true, BASE,
	    "create table \"t\" ( id  integer\n primary key , a text\tnot"
	    " null,b int )");
	expect_fingerprints(true, BASE,
	    "CREATE TABLE t(b INT, id INTEGER PRIMARY KEY, a TEXT NOT NULL)");
	expect_fingerprints(true, BASE,
	    BASE "; CREATE INDEX i ON t(a); CREATE UNIQUE INDEX"
	         " part ON t(a) WHERE b");
	expect_fingerprints(true, BASE "; CREATE UNIQUE INDEX i ON t(a, b)",
	    BASE "; CREATE UNIQUE INDEX other ON t(b, a)");
	expect_fingerprints(true, BASE "; CREATE UNIQUE INDEX i ON t(a)",
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT NOT NULL UNIQUE,"
	    " b INT)");
	expect_fingerprints(true,
	    "CREATE TABLE t(a VARCHAR(20), b DECIMAL(10,2))",
	    "CREATE TABLE t(a varchar ( 20 ), b decimal( 10 , 2 ))");
	expect_fingerprints(true, BASE,
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT NOT NULL"
	    " DEFAULT 'x', b INT CHECK (b > 0))");
	expect_fingerprints(true, BASE,
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT NOT NULL, b INT,"
	    " c); ALTER TABLE t DROP COLUMN c; INSERT INTO t VALUES (1,2,3);"
	    "VACUUM");
}

static void
a_fingerprint_sees_what_rows_depend_on(void **state)
{
	static const char *const others[] = {
		"CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT NOT NULL, b INT,"
		" c)",
		"CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT NOT NULL, B "
		"INT)",
		"CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT NOT NULL, b"
		" BIGINT)",
		"CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT NOT NULL COLLATE"
		" NOCASE, b INT)",
		"CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b INT)",
		"CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT NOT NULL UNIQUE,"
		" b INT)",
		"CREATE TABLE t(id INT PRIMARY KEY, a TEXT NOT NULL, b INT)",
		"CREATE TABLE t(id INTEGER PRIMARY KEY DESC, a TEXT NOT NULL,"
		" b INT)",
		"CREATE TABLE t(id INTEGER, a TEXT NOT NULL, b INT)",
		"CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT NOT NULL, b INT)"
		" STRICT",
		"CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT NOT NULL,"
		" b INT AS (a + 1))",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		expect_fingerprints(false, BASE, others[i]);
	expect_fingerprints(false,
	    BASE "; CREATE UNIQUE INDEX i ON t(a COLLATE NOCASE)",
	    BASE "; CREATE UNIQUE INDEX i ON t(a)");
	expect_fingerprints(false, "CREATE TABLE t(\"a\"\"\" B)",
	    "CREATE TABLE t(a \"\"\" B\")");
}

/* The formula of db.h, by hand. */
static void
a_fingerprint_is_the_hash_of_the_lines_that_are_documented(void **state)
{
	static const char lines[] =
	    "column \"a\" TEXT not null collate NOCASE\n"
	    "column \"b\"\"\" VARCHAR(20) generated collate BINARY\n"
	    "column \"id\" INTEGER integer id collate BINARY\n"
	    "key \"a\" NOCASE, \"id\" BINARY\n"
	    "key \"id\" BINARY\n";
	const struct vl_hash_opts opts = { .personal = "valise-schema" };
	uint8_t want[VL_HASH_SIZE];
	struct world w;
	struct vl_db *db = NULL;
	const struct vl_table *t = NULL;
	struct vl_buf have = { 0 };
	struct vl_err err = { 0 };
	size_t i = 0;

	(void)state;
	world_open(&w);
	db = made(&w,
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, a text NOT NULL COLLATE"
	    " nocase, \"b\"\"\" varchar( 20) AS (a), UNIQUE (id, a))");
	t = table_of(db, "t");
	for (i = 0; i < t->nlines; i++)
		assert_int_equal(
		    VL_OK, vl_buf_printf(&have, &err, "%s\n", t->lines[i]));
	assert_int_equal(sizeof(lines) - 1, have.n);
	assert_memory_equal(lines, have.p, have.n);
	vl_hash_of(want, &opts, vl_slice_of(lines));
	assert_memory_equal(want, t->fingerprint, sizeof(want));
	vl_buf_free(&have);
	vl_db_free(db);
	world_close(&w);
}

/* Several applications in one database: each has names of its own. */
static void
with_a_prefix_there_are_no_other_tables(void **state)
{
	struct world w;
	struct vl_db_opts opts = { 0 };
	struct vl_db *db = NULL;
	const struct vl_schema *s = NULL;
	struct vl_buf answer = { 0 };

	(void)state;
	world_open(&w);
	make(w.path,
	    "CREATE TABLE a_x(id INTEGER PRIMARY KEY);"
	    "CREATE TABLE a_y(x INT REFERENCES a_x);"
	    "CREATE TABLE b_x(id INTEGER PRIMARY KEY); CREATE TABLE a_(q);"
	    "CREATE VIEW a_v AS SELECT 1; CREATE VIEW b_v AS SELECT 1;"
	    "INSERT INTO a_y VALUES(3); INSERT INTO b_x VALUES(4)");
	opts = opts_of(&w);
	opts.prefix = "a_";
	assert_int_equal(VL_OK, vl_db_open_copy(&db, &opts, &w.err));
	s = vl_db_schema(db);
	assert_int_equal(2, s->ntables);
	assert_string_equal("x", s->tables[0].name);
	assert_string_equal("a_x", s->tables[0].real);
	assert_string_equal("x", s->tables[1].foreigns[0].to);
	assert_int_equal(1, s->nothers);
	assert_null(vl_db_table(db, "a_x"));
	if (vl_db_check_condition(db, "y",
	        "EXISTS (SELECT 1 FROM {prefix}x WHERE id = {prefix}y.x)",
	        &w.err) != VL_OK)
		fail_msg("%s", w.err.text);
	assert_int_equal(VL_EUSAGE,
	    vl_db_check_condition(
	        db, "y", "EXISTS (SELECT id FROM b_x WHERE id > 0)", &w.err));
	assert_int_equal(VL_OK,
	    vl_db_ask(db, "SELECT max(x) FROM {prefix}y", &answer, &w.err));
	assert_true(vl_slice_equal(vl_buf_slice(&answer), vl_slice_of("3")));
	vl_buf_free(&answer);
	vl_db_free(db);
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    lists_tables_by_bytes_and_names_what_is_not_carried),
		cmocka_unit_test(with_a_prefix_there_are_no_other_tables),
		cmocka_unit_test(reads_columns_as_declared),
		cmocka_unit_test(
		    an_integer_id_is_the_rowid_exactly_when_sqlite_says_so),
		cmocka_unit_test(an_autoincrement_is_seen),
		cmocka_unit_test(unique_keys_are_whole_and_come_once),
		cmocka_unit_test(
		    foreign_keys_are_resolved_whatever_the_letters),
		cmocka_unit_test(indexes_of_their_own_are_told_by_table),
		cmocka_unit_test(triggers_are_told_by_table),
		cmocka_unit_test(a_fingerprint_does_not_see_layout),
		cmocka_unit_test(a_fingerprint_sees_what_rows_depend_on),
		cmocka_unit_test(
		    a_fingerprint_is_the_hash_of_the_lines_that_are_documented),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
