/* References to a column that is not the primary key, and whose value the same
 * import changes: those who refer follow it. */

#include "import.h"

static const char *const schema =
    "CREATE TABLE man(id INTEGER PRIMARY KEY, name TEXT UNIQUE,"
    " code TEXT UNIQUE);"
    "CREATE TABLE a(n TEXT PRIMARY KEY, v, text TEXT);"
    "CREATE TABLE z(n TEXT PRIMARY KEY, v);"
    "CREATE TABLE way(id INTEGER PRIMARY KEY, slug TEXT UNIQUE, name TEXT,"
    " up TEXT);";

static const char *const words =
    WORDS("      - {table: man, key: [name]}\n"
          "      - {table: a, key: [n]}\n"
          "      - {table: z, key: [n]}\n"
          "      - {table: way, key: [name]}\n") "    references:\n"
                                                 "      - {from: [a.v, z.v], "
                                                 "to: man.code}\n"
                                                 "      - {from: a.text, json: "
                                                 "\"$[*]\", to: man.code}\n"
                                                 "      - {from: way.up, to: "
                                                 "way.slug}\n";

static void
import(struct import *m, const char *profile)
{
	struct vl_err err = { 0 };

	if (import_run(m, profile, &err) != VL_OK)
		fail_msg("%s", err.text);
}

/* A second import finds nothing to do. */
static void
is_done(struct import *m, const char *profile)
{
	import(m, profile);
	assert_string_equal("", m->changes);
	assert_int_equal(0, m->written);
}

static void
rows_that_refer_by_it_follow_in_tables_before_and_behind(void **state)
{
	struct import m;

	(void)state;
	import_make(&m, schema,
	    "INSERT INTO man VALUES(1,'ada','A2'),(2,'eve','E');"
	    "INSERT INTO a VALUES('x','A2',NULL),('y','E',NULL);"
	    "INSERT INTO z VALUES('x','A2'),('y','E')",
	    "INSERT INTO man VALUES(1,'ada','A1'),(2,'eve','E');"
	    "INSERT INTO a VALUES('x','A1',NULL),('y','E',NULL);"
	    "INSERT INTO z VALUES('x','A1'),('y','E')");
	import(&m, words);
	assert_string_equal(
	    "~a[\"x\"] v\n~man[\"ada\"] code\n~z[\"x\"] v\n", m.changes);
	import_expect(&m, "SELECT v FROM a ORDER BY n", "A2 E");
	import_expect(&m, "SELECT v FROM z ORDER BY n", "A2 E");
	is_done(&m, words);
	import_free(&m);
}

static void
two_rows_that_swap_it_are_still_told_apart(void **state)
{
	struct import m;

	(void)state;
	import_make(&m, schema,
	    "INSERT INTO man VALUES(1,'ada','A'),(2,'eve','E');"
	    "INSERT INTO a VALUES('x','A',NULL),('new','E',NULL)",
	    "INSERT INTO man VALUES(1,'ada','E'),(2,'eve','A');"
	    "INSERT INTO a VALUES('x','E',NULL)");
	import(&m, words);
	import_expect(&m, "SELECT n, v FROM a ORDER BY n", "new|E x|A");
	is_done(&m, words);
	import_free(&m);
}

static void
in_texts_too(void **state)
{
	struct import m;

	(void)state;
	import_make(&m, schema,
	    "INSERT INTO man VALUES(1,'ada','A2'),(2,'eve','E');"
	    "INSERT INTO a VALUES('x',NULL,'[\"A2\",\"E\"]')",
	    "INSERT INTO man VALUES(1,'ada','A1'),(2,'eve','E');"
	    "INSERT INTO a VALUES('x',NULL,'[\"A1\",\"E\"]')");
	import(&m, words);
	import_expect(&m, "SELECT text FROM a", "[\"A2\",\"E\"]");
	is_done(&m, words);
	import_free(&m);
}

static void
in_a_table_that_refers_to_itself(void **state)
{
	struct import m;

	(void)state;
	import_make(&m, schema,
	    "INSERT INTO way VALUES(1,'c','below','b'),(2,'b','top',NULL),"
	    "(3,'d','new','b')",
	    "INSERT INTO way VALUES(1,'c','below','a'),(2,'a','top',NULL)");
	import(&m, words);
	import_expect(&m, "SELECT name, slug, up FROM way ORDER BY slug",
	    "top|b|- below|c|b new|d|b");
	is_done(&m, words);
	import_free(&m);
}

static void
a_value_that_is_kept_here_is_referred_to_as_it_is(void **state)
{
	static const char *const kept =
	    WORDS("      - {table: man, key: [name], keep_here: [code]}\n"
	          "      - {table: a, key: [n]}\n"
	          "      - {table: z, key: [n]}\n"
	          "      - {table: way, key: [name]}\n") "    references:\n    "
	                                                 "  - {from: [a.v, "
	                                                 "z.v], to: man.code}\n"
	                                                 "    not_reference: "
	                                                 "[way.up]\n";
	struct import m;

	(void)state;
	import_make(&m, schema,
	    "INSERT INTO man VALUES(1,'ada','A2');"
	    "INSERT INTO a VALUES('x','A2',NULL),('y','A2',NULL)",
	    "INSERT INTO man VALUES(1,'ada','A1');"
	    "INSERT INTO a VALUES('x','A1',NULL)");
	import(&m, kept);
	import_expect(&m, "SELECT v FROM a ORDER BY n", "A1 A1");
	is_done(&m, kept);
	import_free(&m);
}

static void
a_table_that_is_called_by_it_is_refused(void **state)
{
	static const char *const make =
	    "CREATE TABLE man(id INTEGER PRIMARY KEY, name TEXT UNIQUE,"
	    " code TEXT UNIQUE);";
	struct vl_err err = { 0 };
	struct import m;
	char profile[512];
	size_t i = 0;

	(void)state;
	for (i = 0; i < 2; i++) {
		import_make(&m, make,
		    "INSERT INTO man VALUES(1,'ada','A2');"
		    "CREATE TABLE data_A2(v); INSERT INTO data_A2 VALUES(1)",
		    "INSERT INTO man VALUES(1,'ada','A1');"
		    "CREATE TABLE data_A1(v); INSERT INTO data_A1 VALUES(2)");
		(void)snprintf(profile, sizeof(profile),
		    WORDS("      - {table: man, key: [name]%s}\n"
		          "      - {table: \"data_{man.code}\"}\n"),
		    i == 0 ? "" : ", keep_here: [code]");
		if (i == 0) {
			assert_int_equal(
			    VL_EREFUSED, import_run(&m, profile, &err));
			assert_non_null(strstr(err.text,
			    "p.yaml:6:9: table 'data_A1' is called by 'code' "
			    "of table 'man', [\"ada\"], which would change"));
		} else {
			import(&m, profile);
		}
		import_expect(&m, "SELECT * FROM data_A1", i == 0 ? "2" : "1");
		import_free(&m);
	}
}

static void
what_only_the_target_has_is_refused(void **state)
{
	struct vl_err err = { 0 };
	struct import m;

	(void)state;
	import_make(&m, schema, "INSERT INTO man VALUES(1,'ada','A2')",
	    "INSERT INTO man VALUES(1,'ada','A1');"
	    "INSERT INTO a VALUES('mine','A1',NULL)");
	assert_int_equal(VL_EREFUSED, import_run(&m, words, &err));
	assert_non_null(strstr(err.text,
	    "column 'v' refers to 'man' A1, which the import would delete or "
	    "call otherwise"));
	import_expect(&m, "SELECT code FROM man", "A1");
	import_free(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    rows_that_refer_by_it_follow_in_tables_before_and_behind),
		cmocka_unit_test(two_rows_that_swap_it_are_still_told_apart),
		cmocka_unit_test(in_texts_too),
		cmocka_unit_test(in_a_table_that_refers_to_itself),
		cmocka_unit_test(
		    a_value_that_is_kept_here_is_referred_to_as_it_is),
		cmocka_unit_test(a_table_that_is_called_by_it_is_refused),
		cmocka_unit_test(what_only_the_target_has_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
