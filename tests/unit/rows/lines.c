/* Rows come out as lines under their names. */

#include "site.h"

static void
expect(const char *sql, const char *profile, const char *want)
{
	struct site s = { 0 };
	struct vl_err err = { 0 };
	struct vl_buf out = { 0 };

	site_make(&s, sql);
	if (site_open(&s, profile, false, &err) != VL_OK ||
	    site_lines(&s, false, &out, &err) != VL_OK)
		fail_msg("%s", err.text);
	assert_int_equal(VL_OK,
	    vl_buf_add(
	        &out, (struct vl_slice){ (const uint8_t *)"", 1 }, &err));
	assert_string_equal(want, (const char *)out.p);
	vl_buf_free(&out);
	site_free(&s);
}

static void
a_row_is_called_by_its_unique_name_and_its_number_stands_apart(void **state)
{
	(void)state;
	expect("CREATE TABLE tag(id INTEGER PRIMARY KEY, name TEXT NOT NULL "
	       "UNIQUE, n INT);"
	       "INSERT INTO tag VALUES(7,'b',1),(3,'a',NULL)",
	    NULL,
	    "{\"c\":\"tag\",\"k\":[\"a\"],\"r\":\"app\",\"row\":{\"n\":null,"
	    "\"name\":\"a\"},\"t\":\"row\",\"x\":{\"id\":3}}\n"
	    "{\"c\":\"tag\",\"k\":[\"b\"],\"r\":\"app\",\"row\":{\"n\":1,"
	    "\"name\":\"b\"},\"t\":\"row\",\"x\":{\"id\":7}}\n");
}

static const char *const shop =
    "CREATE TABLE project(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
    " boss INT REFERENCES step(id));"
    "CREATE TABLE step(id INTEGER PRIMARY KEY, project_id INT NOT NULL"
    " REFERENCES project, position INT NOT NULL, UNIQUE(project_id,position));"
    "INSERT INTO project VALUES(5,'web',9);"
    "INSERT INTO step VALUES(9,5,1)";

static void
an_id_becomes_the_key_of_its_row_also_in_a_circle(void **state)
{
	(void)state;
	expect(shop, NULL,
	    "{\"c\":\"project\",\"k\":[\"web\"],\"r\":\"app\",\"row\":{"
	    "\"boss\":"
	    "{\"$ref\":[\"web\",1]},\"name\":\"web\"},\"t\":\"row\",\"x\":{"
	    "\"id\":"
	    "5}}\n"
	    "{\"c\":\"step\",\"k\":[\"web\",1],\"r\":\"app\",\"row\":{"
	    "\"position\":"
	    "1,\"project_id\":{\"$ref\":[\"web\"]}},\"t\":\"row\",\"x\":{"
	    "\"id\":9}"
	    "}\n");
}

static void
a_tree_is_called_by_paths_of_names(void **state)
{
	(void)state;
	expect("CREATE TABLE folder(id INTEGER PRIMARY KEY, up INT REFERENCES "
	       "folder, name TEXT);"
	       "INSERT INTO folder VALUES(1,2,'b'),(2,3,'a'),(3,NULL,'top')",
	    "application: t\nresources:\n  - resource: app\n    tables:\n"
	    "      - {table: folder, key: [up, name]}\n",
	    "{\"c\":\"folder\",\"k\":[\"top\",\"a\",\"b\"],\"r\":\"app\","
	    "\"row\":{"
	    "\"name\":\"b\",\"up\":{\"$ref\":[\"top\",\"a\"]}},\"t\":\"row\","
	    "\"x\""
	    ":{\"id\":1}}\n"
	    "{\"c\":\"folder\",\"k\":[\"top\",\"a\"],\"r\":\"app\",\"row\":{"
	    "\"name\":\"a\",\"up\":{\"$ref\":[\"top\"]}},\"t\":\"row\",\"x\":{"
	    "\"id\":2}}\n"
	    "{\"c\":\"folder\",\"k\":[\"top\"],\"r\":\"app\",\"row\":{\"name\":"
	    "\"top\",\"up\":null},\"t\":\"row\",\"x\":{\"id\":3}}\n");
}

/* Before its rows each table says what they depend on, also one without. */
static void
profile_and_tables_stand_before_rows(void **state)
{
	static const char want[] =
	    "{\"r\":\"app\",\"t\":\"profile\",\"version\":\"2.4\","
	    "\"words\":";
	static const char tables[] =
	    "}\n{\"c\":\"a\",\"r\":\"app\",\"schema\":["
	    "\"column \\\"name\\\" TEXT not null collate BINARY\","
	    "\"key \\\"name\\\" BINARY\"],\"t\":\"table\"}\n"
	    "{\"c\":\"b\",\"r\":\"app\",\"schema\":["
	    "\"column \\\"id\\\" INTEGER integer id collate BINARY\","
	    "\"column \\\"name\\\" TEXT collate BINARY\","
	    "\"key \\\"id\\\" BINARY\",\"key \\\"name\\\" BINARY\"],"
	    "\"t\":\"table\"}\n"
	    "{\"c\":\"b\",\"k\":[\"x\"],\"r\":\"app\",\"row\":{"
	    "\"name\":\"x\"},\"t\":\"row\",\"x\":{\"id\":1}}\n";
	struct site s = { 0 };
	struct vl_err err = { 0 };
	struct vl_buf out = { 0 };
	struct vl_buf words = { 0 };
	struct vl_rows_counts n = { 0 };

	(void)state;
	site_make(&s,
	    "CREATE TABLE b(id INTEGER PRIMARY KEY, name TEXT UNIQUE);"
	    "CREATE TABLE a(name TEXT NOT NULL UNIQUE);"
	    "CREATE TABLE c(name TEXT UNIQUE);"
	    "INSERT INTO b VALUES(1,'x'); INSERT INTO c VALUES('2.4')");
	if (site_open(&s,
	        "application: t\n"
	        "version: {resource: app, sql: select name from c}\n"
	        "resources:\n  - resource: app\n    tables:\n"
	        "      - {table: c, skip: true}\n",
	        false, &err) != VL_OK ||
	    site_lines(&s, true, &out, &err) != VL_OK ||
	    vl_profile_words(&words, s.profile, "app", &err) != VL_OK)
		fail_msg("%s", err.text);
	assert_int_equal(
	    sizeof(want) - 1 + words.n + sizeof(tables) - 1, out.n);
	assert_memory_equal(want, out.p, sizeof(want) - 1);
	assert_memory_equal(words.p, out.p + sizeof(want) - 1, words.n);
	assert_memory_equal(
	    tables, out.p + sizeof(want) - 1 + words.n, sizeof(tables) - 1);
	vl_rows_counts(s.rows, &n);
	assert_int_equal(2, n.tables);
	assert_int_equal(1, n.rows);
	vl_buf_free(&out);
	vl_buf_free(&words);
	site_free(&s);
}

static void
so_is_one_whose_ids_are_blobs(void **state)
{
	(void)state;
	expect("CREATE TABLE folder(id BLOB PRIMARY KEY, up BLOB REFERENCES "
	       "folder, name TEXT);"
	       "INSERT INTO folder VALUES(x'01',x'02','b'),(x'02',NULL,'a')",
	    "application: t\nresources:\n  - resource: app\n    tables:\n"
	    "      - {table: folder, key: [up, name]}\n",
	    "{\"c\":\"folder\",\"k\":[\"a\",\"b\"],\"r\":\"app\",\"row\":{"
	    "\"name\":\"b\",\"up\":{\"$ref\":[\"a\"]}},\"t\":\"row\","
	    "\"x\":{\"id\":{\"$b64\":\"AQ\"}}}\n"
	    "{\"c\":\"folder\",\"k\":[\"a\"],\"r\":\"app\",\"row\":{"
	    "\"name\":\"a\",\"up\":null},\"t\":\"row\",\"x\":{\"id\":{"
	    "\"$b64\":\"Ag\"}}}\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_row_is_called_by_its_unique_name_and_its_number_stands_apart),
		cmocka_unit_test(
		    an_id_becomes_the_key_of_its_row_also_in_a_circle),
		cmocka_unit_test(a_tree_is_called_by_paths_of_names),
		cmocka_unit_test(so_is_one_whose_ids_are_blobs),
		cmocka_unit_test(profile_and_tables_stand_before_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
