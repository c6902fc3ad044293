/* A constraint of the target is told with the record, the constraint and the
 * row of the target in the way. */

#include "import.h"

#define KEY(more)                                                              \
	"CREATE TABLE n(id INTEGER PRIMARY KEY, name TEXT NOT NULL "           \
	"UNIQUE" more ");"
#define BY_NAME WORDS("      - {table: n, key: [name]}\n")

static void
refused(const char *schema, const char *source, const char *target,
    const char *want)
{
	char before[1024];
	char after[1024];
	struct vl_err err = { 0 };
	struct import m;

	import_make(&m, schema, source, target);
	import_ask(&m, "SELECT * FROM n ORDER BY 1", before, sizeof(before));
	assert_int_equal(VL_EREFUSED, import_run(&m, BY_NAME, &err));
	if (strstr(err.text, "table 'n', [\"a\"]: cannot write to ") == NULL ||
	    strstr(err.text, want) == NULL)
		fail_msg("%s", err.text);
	import_ask(&m, "SELECT * FROM n ORDER BY 1", after, sizeof(after));
	assert_string_equal(before, after);
	import_free(&m);
}

static void
a_column(void **state)
{
	(void)state;
	refused(KEY(", m UNIQUE"), "INSERT INTO n VALUES(1,'a','z')",
	    "INSERT INTO n VALUES(4,'b','z'),(5,'c','x')",
	    "n.m; in the way is row [\"b\"] of the target: change one of the "
	    "two");
}

static void
several_columns(void **state)
{
	(void)state;
	refused(KEY(", m, k, UNIQUE (m, k)"),
	    "INSERT INTO n VALUES(1,'a','z',1)",
	    "INSERT INTO n VALUES(3,'c','z',2),(4,'b','z',1)",
	    "n.m, n.k; in the way is row [\"b\"] of the target");
}

static void
another_case(void **state)
{
	(void)state;
	refused(KEY(", m COLLATE NOCASE UNIQUE"),
	    "INSERT INTO n VALUES(1,'a','Prod')",
	    "INSERT INTO n VALUES(4,'b','prod')",
	    "n.m; in the way is row [\"b\"] of the target");
}

static void
a_row_that_changes(void **state)
{
	(void)state;
	refused(KEY(", m UNIQUE"), "INSERT INTO n VALUES(1,'a','z')",
	    "INSERT INTO n VALUES(3,'a','y'),(4,'b','z')",
	    "n.m; in the way is row [\"b\"] of the target");
}

static void
a_key_of_some_rows(void **state)
{
	(void)state;
	refused(KEY(", m") "CREATE UNIQUE INDEX i ON n(m) WHERE m > 'x';",
	    "INSERT INTO n VALUES(1,'a','z')",
	    "INSERT INTO n VALUES(4,'b','z')",
	    "n.m; in the way is row [\"b\"] of the target");
	/* Two rows have the value, and one of them is meant. */
	refused(
	    KEY(", m, k") "CREATE UNIQUE INDEX i ON n(m) WHERE k IS NOT NULL;",
	    "INSERT INTO n VALUES(1,'a','z',1)",
	    "INSERT INTO n VALUES(4,'b','z',2),(5,'c','z',NULL)",
	    "n.m; a row of the target has that already");
}

static void
an_expression(void **state)
{
	(void)state;
	refused(KEY(", m") "CREATE UNIQUE INDEX low ON n(lower(m));",
	    "INSERT INTO n VALUES(1,'a','Z')",
	    "INSERT INTO n VALUES(4,'b','z')",
	    "index 'low'; a row of the target has that already: change it "
	    "there, or this one at the source");
}

/* A row that the bundle brings, too, which is not the same here alone. */
static void
two_rows_of_the_bundle_that_are_one_here(void **state)
{
	struct vl_err err = { 0 };
	struct import m;

	(void)state;
	import_make(&m, KEY(", m"),
	    "INSERT INTO n VALUES(1,'a','Z'),(2,'b','z')",
	    "CREATE UNIQUE INDEX i ON n(m COLLATE NOCASE)");
	m.drift = true;
	assert_int_equal(VL_EREFUSED, import_run(&m, BY_NAME, &err));
	if (strstr(err.text, "table 'n', [\"b\"]: ") == NULL ||
	    strstr(err.text, "n.m; in the way is the new row [\"a\"]") == NULL)
		fail_msg("%s", err.text);
	import_free(&m);
}

static void
refused_by(const char *profile, const char *schema, const char *target,
    const char *want)
{
	struct vl_err err = { 0 };
	struct import m;

	import_make(
	    &m, schema, "INSERT INTO n(name, m) VALUES('a','z')", target);
	assert_int_equal(VL_EREFUSED, import_run(&m, profile, &err));
	if (strstr(err.text, want) == NULL)
		fail_msg("%s", err.text);
	import_free(&m);
}

static void
a_row_without_a_number(void **state)
{
	(void)state;
	refused_by(BY_NAME,
	    "CREATE TABLE n(name TEXT PRIMARY KEY, m UNIQUE) WITHOUT ROWID;",
	    "INSERT INTO n VALUES('b','z')",
	    "in the way is row [\"b\"] of the target");
}

static void
a_row_that_others_refer_to(void **state)
{
	(void)state;
	refused_by(
	    WORDS("      - {table: n, key: [name]}\n"
	          "      - {table: r, key: [n]}\n") "    references:\n      - "
	                                            "{from: r.n, to: n}\n",
	    KEY(", m UNIQUE") "CREATE TABLE r(n INT);",
	    "INSERT INTO n VALUES(4,'b','z'); INSERT INTO r VALUES(4)",
	    "in the way is row [\"b\"] of the target");
}

/* It is told by its primary key, or by its number. */
static void
a_row_that_the_profile_does_not_name(void **state)
{
	static const char *const profile =
	    WORDS("      - {table: n, where: \"name='b'\", skip: true}\n"
	          "      - {table: n, key: [name]}\n");

	(void)state;
	refused_by(profile, KEY(", m UNIQUE"),
	    "INSERT INTO n VALUES(4,'b','z')",
	    "in the way is the row with the primary key [4] of the target");
	refused_by(profile, "CREATE TABLE n(name UNIQUE, m UNIQUE);",
	    "INSERT INTO n(rowid, name, m) VALUES(7,'b','z')",
	    "in the way is row 7 of the target");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_column),
		cmocka_unit_test(several_columns),
		cmocka_unit_test(another_case),
		cmocka_unit_test(a_row_that_changes),
		cmocka_unit_test(a_key_of_some_rows),
		cmocka_unit_test(an_expression),
		cmocka_unit_test(two_rows_of_the_bundle_that_are_one_here),
		cmocka_unit_test(a_row_without_a_number),
		cmocka_unit_test(a_row_that_others_refer_to),
		cmocka_unit_test(a_row_that_the_profile_does_not_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
