/* Tables whose name holds an id, absent at the target, made there. */

#include "import.h"

static const char *const lists =
    "CREATE TABLE list(id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE);";

static const char *const there =
    "INSERT INTO list VALUES('s1','a'),('s2','b{%/}');"
    "CREATE TABLE items_s1(id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,"
    " sku text, qty real DEFAULT -1.5, at datetime(3) NOT NULL DEFAULT"
    " (STRFTIME('%Y', 'NOW')), code VARCHAR(9) COLLATE NOCASE UNIQUE);"
    "INSERT INTO items_s1 VALUES(5,'x',2.5,'2026','c1'),"
    "(9,'y',NULL,'2025','c2');"
    "CREATE TABLE items_s2(b INT, a INT, PRIMARY KEY(b, a))"
    " WITHOUT ROWID, STRICT;"
    "INSERT INTO items_s2 VALUES(1,2)";

#define ITEMS(more)                                                            \
	WORDS("      - {table: list, key: [name]" more "}\n"                   \
	      "      - {table: \"items_{list.id}\", create: true}\n")

static void
import(struct import *m, const char *profile)
{
	struct vl_err err = { 0 };

	if (import_run(m, profile, &err) != VL_OK)
		fail_msg("%s", err.text);
}

static void
is_made_under_the_id_of_the_target_and_as_it_was(void **state)
{
	struct import m;

	(void)state;
	import_make(&m, lists, there,
	    "INSERT INTO list VALUES('s1','other'),('t2','b{%/}')");
	import(&m, ITEMS(", ids: new"));
	import_expect(&m,
	    "SELECT count(*) FROM list l JOIN sqlite_schema s"
	    " ON s.name = 'items_' || l.id WHERE l.name IN ('a','b{%/}')",
	    "2");
	import_expect(&m, "SELECT * FROM items_t2", "1|2");
	import_expect(&m,
	    "SELECT sql FROM sqlite_schema WHERE name = 'items_t2'",
	    "CREATE TABLE \"items_t2\" (\"b\" INT NOT NULL COLLATE BINARY,"
	    " \"a\" INT NOT NULL COLLATE BINARY, PRIMARY KEY (\"b\" COLLATE"
	    " BINARY, \"a\" COLLATE BINARY)) WITHOUT ROWID, STRICT");
	import(&m, ITEMS(", ids: new"));
	assert_string_equal("", m.changes);
	assert_int_equal(0, m.written);
	import_free(&m);
}

static void
keeps_defaults_keys_and_order_of_its_columns(void **state)
{
	struct import m;

	(void)state;
	import_make(&m, lists, there, "");
	import(&m, ITEMS(""));
	assert_non_null(strstr(m.notes, "table 'items_{[\"a\"]}' is made"));
	import_expect(&m, "SELECT sku, qty, at, code FROM items_s1 ORDER BY 1",
	    "x|2.5|2026|c1 y|-|2025|c2");
	import_sql(m.target, "INSERT INTO items_s1(sku) VALUES('z')");
	import_expect(&m,
	    "SELECT id, qty, at = strftime('%Y', 'now') FROM items_s1"
	    " WHERE sku = 'z'",
	    "3|-1.5|1");
	import_expect(&m,
	    "SELECT group_concat(name) FROM pragma_table_info('items_s1')",
	    "id,sku,qty,at,code");
	import_expect(
	    &m, "SELECT name, seq FROM sqlite_sequence", "items_s1|3");
	import_free(&m);
}

static void
stays_unmade_where_its_row_is_left_alone(void **state)
{
	struct import m;

	(void)state;
	import_make(&m, lists, there, "");
	import(&m, ITEMS(", on_new: skip"));
	assert_string_equal("", m.changes);
	import_expect(&m,
	    "SELECT count(*) FROM sqlite_schema"
	    " WHERE name LIKE 'items%'",
	    "0");
	import_free(&m);
}

static void
refuse(const char *more, const char *profile, const char *text)
{
	struct import m;
	struct vl_err err = { 0 };

	import_make(&m, lists, more, "");
	assert_int_equal(VL_EREFUSED, import_run(&m, profile, &err));
	if (strstr(err.text, text) == NULL)
		fail_msg("'%s' is not in: %s", text, err.text);
	import_expect(&m, "SELECT count(*) FROM list", "0");
	import_free(&m);
}

static void
is_refused_where_the_profile_or_the_table_does_not_let_it(void **state)
{
	(void)state;
	refuse(there,
	    WORDS("      - {table: list, key: [name]}\n"
	          "      - {table: \"items_{list.id}\"}\n"),
	    "which is not here");
	refuse("INSERT INTO list VALUES('s1','a'); CREATE TABLE items_s1"
	       "(v INT CHECK (v > 0)); INSERT INTO items_s1 VALUES(1)",
	    ITEMS(""), "does not say how it is made");
	refuse("INSERT INTO list VALUES('s1','a'); CREATE TABLE items_s1"
	       "(v INT DEFAULT (changes())); INSERT INTO items_s1 VALUES(1)",
	    ITEMS(""), "does not say how it is made");
}

static void
what_goes_takes_its_rows_and_leaves_the_table(void **state)
{
	struct import m;

	(void)state;
	import_make(&m, lists, "",
	    "INSERT INTO list VALUES('t1','a'); CREATE TABLE items_t1(v INT);"
	    "INSERT INTO items_t1 VALUES(1),(1)");
	import(&m, ITEMS(", target_only: delete"));
	import_expect(&m,
	    "SELECT (SELECT count(*) FROM list),"
	    " (SELECT count(*) FROM items_t1)",
	    "0|0");
	/* It is nobody's: left alone, and of no bundle. */
	import_sql(m.target, "INSERT INTO items_t1 VALUES(7)");
	import(&m, ITEMS(", target_only: delete"));
	import_expect(&m, "SELECT v FROM items_t1", "7");
	import_free(&m);
}

static void
an_empty_table_of_no_row_is_left_out_and_one_with_rows_refused(void **state)
{
	struct import m;
	struct vl_err err = { 0 };

	(void)state;
	import_make(&m, lists, "CREATE TABLE items_old(v INT)", "");
	import(&m, ITEMS(""));
	import_sql(m.source.path, "INSERT INTO items_old VALUES(1)");
	assert_int_equal(VL_EREFUSED, import_run(&m, ITEMS(""), &err));
	assert_non_null(strstr(err.text, "of a row that is not there"));
	import_free(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    is_made_under_the_id_of_the_target_and_as_it_was),
		cmocka_unit_test(keeps_defaults_keys_and_order_of_its_columns),
		cmocka_unit_test(stays_unmade_where_its_row_is_left_alone),
		cmocka_unit_test(
		    is_refused_where_the_profile_or_the_table_does_not_let_it),
		cmocka_unit_test(what_goes_takes_its_rows_and_leaves_the_table),
		cmocka_unit_test(
		    an_empty_table_of_no_row_is_left_out_and_one_with_rows_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
