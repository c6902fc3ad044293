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

#define PROFILE(words) "application: t\nresources:\n  - resource: app\n" words

static void
a_row_at_the_top_of_a_tree_may_say_none(void **state)
{
	(void)state;
	expect("CREATE TABLE page(id INTEGER PRIMARY KEY, up INT NOT NULL, "
	       "name TEXT);"
	       "INSERT INTO page VALUES(1,2,'b'),(2,0,'a')",
	    PROFILE("    none: [0]\n    tables:\n"
	            "      - {table: page, key: [up, name]}\n"
	            "    references: [{from: page.up, to: page}]\n"),
	    "{\"c\":\"page\",\"k\":[\"a\",\"b\"],\"r\":\"app\",\"row\":{"
	    "\"name\":\"b\",\"up\":{\"$ref\":[\"a\"]}},\"t\":\"row\",\"x\":{"
	    "\"id\":1}}\n"
	    "{\"c\":\"page\",\"k\":[\"a\"],\"r\":\"app\",\"row\":{"
	    "\"name\":\"a\",\"up\":0},\"t\":\"row\",\"x\":{\"id\":2}}\n");
}

static void
or_refer_to_a_row_that_is_gone(void **state)
{
	(void)state;
	expect("CREATE TABLE page(id INTEGER PRIMARY KEY, up INT, name TEXT);"
	       "INSERT INTO page VALUES(1,2,'b'),(2,9,'a')",
	    PROFILE("    tables:\n"
	            "      - {table: page, key: [up, name]}\n"
	            "    references: [{from: page.up, to: page, "
	            "on_dangling: clear}]\n"),
	    "{\"c\":\"page\",\"k\":[\"a\",\"b\"],\"r\":\"app\",\"row\":{"
	    "\"name\":\"b\",\"up\":{\"$ref\":[\"a\"]}},\"t\":\"row\",\"x\":{"
	    "\"id\":1}}\n"
	    "{\"c\":\"page\",\"k\":[\"a\"],\"r\":\"app\",\"row\":{"
	    "\"name\":\"a\",\"up\":null},\"t\":\"row\",\"x\":{\"id\":2}}\n");
}

/* As WordPress has its categories: the name in one table, what is above in
 * another. */
static void
another_table_may_say_what_stands_above(void **state)
{
	(void)state;
	expect("CREATE TABLE term(id INTEGER PRIMARY KEY, slug TEXT);"
	       "CREATE TABLE place(id INTEGER PRIMARY KEY, term INT NOT NULL, "
	       "kind TEXT, up INT NOT NULL);"
	       "INSERT INTO term VALUES(1,'b'),(2,'a'),(3,'a');"
	       "INSERT INTO place VALUES(5,1,'cat',2),(6,2,'cat',0),"
	       "(7,3,'tag',0)",
	    PROFILE("    none: [0]\n    tables:\n"
	            "      - table: term\n        key:\n"
	            "          - {of: place.term, column: kind}\n"
	            "          - {of: place.term, column: up}\n"
	            "          - slug\n"
	            "      - {table: place, key: [term]}\n"
	            "    references: [{from: [place.term, place.up], "
	            "to: term}]\n"),
	    "{\"c\":\"place\",\"k\":[[\"cat\",\"a\",\"cat\",\"b\"]],"
	    "\"r\":\"app\",\"row\":{\"kind\":\"cat\",\"term\":{\"$ref\":["
	    "\"cat\",\"a\",\"cat\",\"b\"]},\"up\":{\"$ref\":[\"cat\",\"a\"]}},"
	    "\"t\":\"row\",\"x\":{\"id\":5}}\n"
	    "{\"c\":\"place\",\"k\":[[\"cat\",\"a\"]],\"r\":\"app\",\"row\":{"
	    "\"kind\":\"cat\",\"term\":{\"$ref\":[\"cat\",\"a\"]},\"up\":0},"
	    "\"t\":\"row\",\"x\":{\"id\":6}}\n"
	    "{\"c\":\"place\",\"k\":[[\"tag\",\"a\"]],\"r\":\"app\",\"row\":{"
	    "\"kind\":\"tag\",\"term\":{\"$ref\":[\"tag\",\"a\"]},\"up\":0},"
	    "\"t\":\"row\",\"x\":{\"id\":7}}\n"
	    "{\"c\":\"term\",\"k\":[\"cat\",\"a\",\"cat\",\"b\"],\"r\":\"app\","
	    "\"row\":{\"slug\":\"b\"},\"t\":\"row\",\"x\":{\"id\":1}}\n"
	    "{\"c\":\"term\",\"k\":[\"cat\",\"a\"],\"r\":\"app\",\"row\":{"
	    "\"slug\":\"a\"},\"t\":\"row\",\"x\":{\"id\":2}}\n"
	    "{\"c\":\"term\",\"k\":[\"tag\",\"a\"],\"r\":\"app\",\"row\":{"
	    "\"slug\":\"a\"},\"t\":\"row\",\"x\":{\"id\":3}}\n");
}

/* A column of values is a path in one row, and an id in the next. */
static void
what_a_key_needs_may_be_an_id_in_other_rows(void **state)
{
	(void)state;
	expect("CREATE TABLE post(id INTEGER PRIMARY KEY);"
	       "CREATE TABLE meta(id INTEGER PRIMARY KEY, post INT NOT NULL, "
	       "name TEXT, v);"
	       "INSERT INTO post VALUES(4);"
	       "INSERT INTO meta VALUES(1,4,'path','a.png'),(2,4,'next',4)",
	    PROFILE("    tables:\n      - table: post\n        key:\n"
	            "          - {of: meta.post, where: \"name = 'path'\", "
	            "column: v}\n"
	            "      - {table: meta, key: [post, name]}\n"
	            "    references:\n      - {from: meta.post, to: post}\n"
	            "      - {from: meta.v, where: \"name = 'next'\", "
	            "to: post}\n"),
	    "{\"c\":\"meta\",\"k\":[\"a.png\",\"next\"],\"r\":\"app\",\"row\":{"
	    "\"name\":\"next\",\"post\":{\"$ref\":[\"a.png\"]},\"v\":{"
	    "\"$ref\":[\"a.png\"]}},\"t\":\"row\",\"x\":{\"id\":2}}\n"
	    "{\"c\":\"meta\",\"k\":[\"a.png\",\"path\"],\"r\":\"app\",\"row\":{"
	    "\"name\":\"path\",\"post\":{\"$ref\":[\"a.png\"]},\"v\":"
	    "\"a.png\"},\"t\":\"row\",\"x\":{\"id\":1}}\n"
	    "{\"c\":\"post\",\"k\":[\"a.png\"],\"r\":\"app\",\"row\":{},"
	    "\"t\":\"row\",\"x\":{\"id\":4}}\n");
}

/*
 * Large values stand in the body, in the order of their columns, each as often
 * as the row has it, and nothing between them.
 */
static void
a_body_is_the_large_values_of_its_row_and_nothing_else(void **state)
{
	static const char line[] =
	    "\"k\":[\"n\"],\"r\":\"app\",\"row\":{\"name\":\"n\","
	    "\"s\":\"short\",\"u\":{\"$body\":[0,5000]},"
	    "\"v\":{\"$body\":[5000,6000]},\"w\":{\"$body\":[11000,5000]}},"
	    "\"size\":16000,\"t\":\"row\",\"x\":{\"id\":3}}\n<";
	struct site s = { 0 };
	struct vl_err err = { 0 };
	struct vl_buf out = { 0 };
	const uint8_t *p = NULL;
	size_t i = 0;

	(void)state;
	site_make(&s,
	    "CREATE TABLE a(id INTEGER PRIMARY KEY, name TEXT UNIQUE, u, s, v,"
	    " w);"
	    "INSERT INTO a VALUES(3,'n',replace(hex(zeroblob(2500)),'0','x'),"
	    "'short',replace(hex(zeroblob(3000)),'0','y'),"
	    "replace(hex(zeroblob(2500)),'0','x'))");
	if (site_open(&s, NULL, false, &err) != VL_OK ||
	    site_lines(&s, false, &out, &err) != VL_OK)
		fail_msg("%s", err.text);
	p = memmem(out.p, out.n, line, sizeof(line) - 1);
	assert_non_null(p);
	p += sizeof(line) - 1;
	assert_int_equal(16000 + 2, out.p + out.n - p);
	for (i = 0; i < 16000; i++)
		assert_int_equal(i < 5000 || i >= 11000 ? 'x' : 'y', p[i]);
	assert_memory_equal(">\n", p + 16000, 2);
	vl_buf_free(&out);
	site_free(&s);
}

/* SQLite takes NULL as often as it comes: it is nobody's id. */
static void
no_two_rows_have_one_id_of_their_own(void **state)
{
	(void)state;
	expect("CREATE TABLE a(id PRIMARY KEY, name TEXT UNIQUE);"
	       "INSERT INTO a VALUES(NULL,'m'),(NULL,'n'),('7','o'),(7,'p'),"
	       "(x'37','q')",
	    NULL,
	    "{\"c\":\"a\",\"k\":[\"m\"],\"r\":\"app\",\"row\":{\"name\":"
	    "\"m\"},\"t\":\"row\",\"x\":{\"id\":null}}\n"
	    "{\"c\":\"a\",\"k\":[\"n\"],\"r\":\"app\",\"row\":{\"name\":"
	    "\"n\"},\"t\":\"row\",\"x\":{\"id\":null}}\n"
	    "{\"c\":\"a\",\"k\":[\"o\"],\"r\":\"app\",\"row\":{\"name\":"
	    "\"o\"},\"t\":\"row\",\"x\":{\"id\":\"7\"}}\n"
	    "{\"c\":\"a\",\"k\":[\"p\"],\"r\":\"app\",\"row\":{\"name\":"
	    "\"p\"},\"t\":\"row\",\"x\":{\"id\":7}}\n"
	    "{\"c\":\"a\",\"k\":[\"q\"],\"r\":\"app\",\"row\":{\"name\":"
	    "\"q\"},\"t\":\"row\",\"x\":{\"id\":{\"$b64\":\"Nw\"}}}\n");
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
		cmocka_unit_test(a_row_at_the_top_of_a_tree_may_say_none),
		cmocka_unit_test(or_refer_to_a_row_that_is_gone),
		cmocka_unit_test(another_table_may_say_what_stands_above),
		cmocka_unit_test(what_a_key_needs_may_be_an_id_in_other_rows),
		cmocka_unit_test(
		    a_body_is_the_large_values_of_its_row_and_nothing_else),
		cmocka_unit_test(no_two_rows_have_one_id_of_their_own),
		cmocka_unit_test(profile_and_tables_stand_before_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
