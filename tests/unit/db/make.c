/* A table is made from parts that may be anybody's. */

#include "target.h"

/* With one column as given; NULL: as good as any. */
static enum vl_status
make_table(struct world *w, struct vl_dbs *d, const char *type,
    const char *collation, const char *fallback)
{
	char binary[] = "BINARY";
	char column[] = "a \"b";
	char name[] = "new \"one";
	char texts[3][128];
	size_t columns[] = { 0 };
	char *collations[] = { binary };
	struct vl_column c[] = { { .name = column,
	    .type = texts[0],
	    .collation = texts[1],
	    .fallback = fallback == NULL ? NULL : texts[2] } };
	struct vl_unique u = {
		.columns = columns, .collations = collations, .n = 1
	};
	struct vl_table t = { .name = name,
		.columns = c,
		.ncolumns = 1,
		.uniques = &u,
		.nuniques = 1 };
	const struct vl_table *made = NULL;
	enum vl_status st = VL_OK;

	(void)snprintf(texts[0], 128, "%s", type == NULL ? "INT" : type);
	(void)snprintf(
	    texts[1], 128, "%s", collation == NULL ? binary : collation);
	(void)snprintf(texts[2], 128, "%s", fallback == NULL ? "" : fallback);
	good(vl_dbs_begin(d, &w->err), w);
	st = vl_db_make_table(vl_dbs_at(d, 0), &t, &made, &w->err);
	assert_int_equal(st == VL_OK, made != NULL);
	if (st == VL_OK) {
		assert_string_equal("a \"b", made->columns[0].name);
		assert_int_equal(1, made->nuniques);
	}
	good(vl_dbs_rollback(d, &w->err), w);
	assert_null(vl_db_table(vl_dbs_at(d, 0), "new \"one"));
	assert_non_null(vl_db_table(vl_dbs_at(d, 0), "t"));
	return st;
}

static void
is_made_of_what_is_known_and_goes_with_a_rollback(void **state)
{
	static const char *const types[] = { "", "TEXT", "VARCHAR(36)",
		"DOUBLE PRECISION", "DECIMAL(10,2)", "decimal(10, 2)",
		"varchar ( 36 )", "unsigned big int" };
	static const char *const defaults[] = { "1", "-1.5", "'it''s'",
		"x'00ff'", "NULL", "CURRENT_TIMESTAMP",
		"lower(hex(randomblob(4)))",
		"STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW')", "'a' || 'b'" };
	struct world w;
	struct vl_dbs *d = NULL;
	size_t i = 0;

	(void)state;
	world_open(&w);
	make(w.path, "CREATE TABLE t(id INTEGER PRIMARY KEY)");
	d = open_some(&w, 1);
	for (i = 0; i < sizeof(types) / sizeof(*types); i++)
		good(make_table(&w, d, types[i], "NOCASE", NULL), &w);
	for (i = 0; i < sizeof(defaults) / sizeof(*defaults); i++)
		good(make_table(&w, d, NULL, NULL, defaults[i]), &w);
	vl_dbs_free(d);
	world_close(&w);
}

static void
no_part_of_it_says_more_than_it_may(void **state)
{
	static const char *const types[] = { "INT CHECK (0)", "INT UNIQUE",
		"INT PRIMARY KEY", "INT NOT NULL", "INT DEFAULT (1)",
		"INT REFERENCES t", "INT, b INT", "INT)", "(1", "((1))",
		"INT --", "INT\"x\"", "A(SELECT 1)", "INT AS (1)",
		"INT GENERATED ALWAYS AS (1)", "INT;", "INT(--)",
		"INT(1 check(0))" };
	static const char *const defaults[] = { "1) CHECK (0", "1)", "(1",
		"1 --", "1 /* */", "load_extension('x')", "changes()",
		"(SELECT id FROM t)", "id", "\"id\"", "'x", "x'0", "1; DROP",
		"'a'; DROP TABLE t; --", "writefile('a', 'b')", "1\n2", "?1",
		"[id]", "`id`", "lower", "@a" };
	struct world w;
	struct vl_dbs *d = NULL;
	size_t i = 0;

	(void)state;
	world_open(&w);
	make(w.path, "CREATE TABLE t(id INTEGER PRIMARY KEY)");
	d = open_some(&w, 1);
	for (i = 0; i < sizeof(types) / sizeof(*types); i++)
		bad(make_table(&w, d, types[i], NULL, NULL), VL_EREFUSED, &w,
		    "cannot be made");
	for (i = 0; i < sizeof(defaults) / sizeof(*defaults); i++)
		bad(make_table(&w, d, NULL, NULL, defaults[i]), VL_EREFUSED, &w,
		    "cannot be made");
	bad(make_table(&w, d, NULL, "mine", NULL), VL_EREFUSED, &w,
	    "a collation");
	bad(make_table(&w, d, NULL, "BINARY CHECK (0)", NULL), VL_EREFUSED, &w,
	    "a collation");
	vl_dbs_free(d);
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    is_made_of_what_is_known_and_goes_with_a_rollback),
		cmocka_unit_test(no_part_of_it_says_more_than_it_may),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
