/* Rows of several entries whose `where` reads other rows: which entry a row is
 * of is known once all is written, and what was done by another is refused. */

#include "import.h"

/* `kind` is carried and `line` is not, so that conditions that read it may
 * answer otherwise on each side. */
static const char *const schema =
    "CREATE TABLE kind(id INTEGER PRIMARY KEY, name TEXT UNIQUE);"
    "CREATE TABLE line(n INT);"
    "CREATE TABLE item(id INTEGER PRIMARY KEY, kind_id INT REFERENCES kind,"
    " name TEXT, place INT, man INT);";

#define OTHERS                                                                 \
	"      - {table: kind, key: [name]}\n"                                 \
	"      - {table: line, skip: true}\n"

static const char *const by_line = WORDS(
    OTHERS "      - {table: item, where: \"place > (select n from line)\","
           " key: [name]}\n"
           "      - {table: item, key: [place]}\n");

static const char *const source_line =
    "INSERT INTO line VALUES(5); INSERT INTO item VALUES(1,NULL,'x',10,NULL)";

static void
refuses(struct import *m, const char *profile, const char *const *texts)
{
	struct vl_err err = { 0 };
	char before[4096];
	char after[4096];

	import_ask(m, "SELECT * FROM item", before, sizeof(before));
	assert_int_equal(VL_EREFUSED, import_run(m, profile, &err));
	for (; *texts != NULL; texts++)
		if (strstr(err.text, *texts) == NULL)
			fail_msg("'%s' is not in: %s", *texts, err.text);
	import_ask(m, "SELECT * FROM item", after, sizeof(after));
	assert_string_equal(before, after);
	import_free(m);
}

static void
takes(struct import *m, const char *profile)
{
	struct vl_err err = { 0 };

	if (import_run(m, profile, &err) != VL_OK)
		fail_msg("%s", err.text);
}

static void
a_row_that_is_of_another_entry_once_it_is_written(void **state)
{
	struct import m;

	(void)state;
	import_make(&m, schema, source_line, "INSERT INTO line VALUES(50)");
	refuses(&m, by_line,
	    (const char *[]){ "p.yaml:8:9: table 'item', [\"x\"]: once it is "
	                      "written it is of this entry and called [10]",
	        NULL });
}

static void
a_row_that_is_skipped_once_it_is_written(void **state)
{
	struct import m;

	(void)state;
	import_make(&m, schema, source_line, "INSERT INTO line VALUES(5)");
	import_sql(m.target,
	    "CREATE TRIGGER t AFTER INSERT ON item BEGIN UPDATE line SET n=50;"
	    "END");
	refuses(&m,
	    WORDS(OTHERS "      - {table: item,"
	                 " where: \"place > (select n from line)\","
	                 " key: [name]}\n"
	                 "      - {table: item, key: [name], skip: true}\n"),
	    (const char *[]){ "p.yaml:8:9: table 'item', [\"x\"]: once it is "
	                      "written it is one that this entry skips",
	        NULL });
}

static void
a_row_that_no_entry_fits_once_it_is_written(void **state)
{
	struct import m;

	(void)state;
	import_make(&m, schema, source_line, "INSERT INTO line VALUES(50)");
	refuses(&m,
	    WORDS(OTHERS "      - {table: item,"
	                 " where: \"place > (select n from line)\","
	                 " key: [name]}\n"),
	    (const char *[]){ "p.yaml:7:9: table 'item', [\"x\"]: once it is "
	                      "written no entry of the profile fits it",
	        NULL });
}

/* What such a row is called is not known by its id. */
static void
rows_without_an_id_are_named_as_well_as_can_be(void **state)
{
	static const char *const tables[] = {
		"CREATE TABLE line(n INT);"
		"CREATE TABLE w(n TEXT PRIMARY KEY, v INT);",
		"CREATE TABLE line(n INT);"
		"CREATE TABLE w(n TEXT PRIMARY KEY, v INT) WITHOUT ROWID;"
	};
	static const char *const words[][2] = {
		{ WORDS(
		      "      - {table: line, skip: true}\n"
		      "      - {table: w, where: \"v > (select n from line)\","
		      " key: [n]}\n"),
		    "p.yaml:6:9: table 'w', [\"x\"]: once it is written no "
		    "entry of the profile fits it" },
		{ WORDS(
		      "      - {table: line, skip: true}\n"
		      "      - {table: w, where: \"v > (select n from line)\","
		      " key: [n]}\n"
		      "      - {table: w, key: [v, n]}\n"),
		    "table 'w', [\"x\"]: it was written and is not there: does "
		    "a "
		    "trigger of the database remove it, or a condition" },
	};
	struct vl_err err = { 0 };
	struct import m;
	size_t i = 0;

	(void)state;
	for (i = 0; i < 4; i++) {
		import_make(&m, tables[i / 2],
		    "INSERT INTO line VALUES(5); INSERT INTO w VALUES('x',9)",
		    "INSERT INTO line VALUES(50)");
		assert_int_equal(
		    VL_EREFUSED, import_run(&m, words[i % 2][0], &err));
		if (strstr(err.text, words[i % 2][1]) == NULL)
			fail_msg("%s", err.text);
		import_expect(&m, "SELECT * FROM w", "");
		import_free(&m);
	}
}

static void
a_row_that_was_here_and_that_no_entry_fits_then(void **state)
{
	struct import m;

	(void)state;
	import_make(&m, schema,
	    "INSERT INTO kind VALUES(1,'k'),(2,'l');"
	    "INSERT INTO item VALUES(1,1,'x',10,NULL)",
	    "INSERT INTO kind VALUES(1,'k');"
	    "INSERT INTO item VALUES(1,1,'x',10,NULL),(2,1,'mine',11,NULL)");
	refuses(&m,
	    WORDS(OTHERS "      - {table: item, where: \"name = 'x' or"
	                 " (select count(*) from kind) < 2\", key: [name]}\n"),
	    (const char *[]){ "p.yaml:7:9: table 'item', [\"mine\"]: once all "
	                      "is written no entry of the profile fits it",
	        NULL });
}

#define OF(kind)                                                               \
	"      - {table: item, where: \"kind_id in (select id from kind where" \
	" name = '" kind "')\", key: [name]"

static const char *const new_kinds =
    "INSERT INTO kind VALUES(1,'a'),(2,'b');"
    "INSERT INTO item VALUES(1,1,'x',10,NULL),(2,2,'y',20,NULL)";

static void
rows_are_sorted_by_others_that_are_as_new_as_they(void **state)
{
	struct import m;

	(void)state;
	import_make(&m, schema, new_kinds, "");
	takes(&m, WORDS(OTHERS OF("a") "}\n" OF("b") "}\n"));
	import_expect(&m, "SELECT name, place FROM item", "x|10 y|20");
	takes(&m, WORDS(OTHERS OF("a") "}\n" OF("b") "}\n"));
	assert_string_equal("", m.changes);
	import_free(&m);
}

static void
a_row_that_was_made_by_the_policy_of_another_entry(void **state)
{
	struct import m;

	(void)state;
	import_make(&m, schema, new_kinds, "");
	refuses(&m, WORDS(OTHERS OF("a") ", on_new: skip}\n" OF("b") "}\n"),
	    (const char *[]){ "p.yaml:7:9: table 'item', [\"x\"]: once it is "
	                      "written it is of this entry, whose 'on_new'",
	        NULL });
}

static void
a_row_whose_id_was_given_by_the_policy_of_another_entry(void **state)
{
	struct import m;

	(void)state;
	import_make(&m, schema, new_kinds, "");
	refuses(&m, WORDS(OTHERS OF("a") ", ids: keep}\n" OF("b") "}\n"),
	    (const char *[]){ "p.yaml:7:9: table 'item', [\"x\"]: once it is "
	                      "written it is of this entry, whose 'ids'",
	        NULL });
}

static void
a_row_that_was_left_by_the_policy_of_another_entry(void **state)
{
	struct import m;

	(void)state;
	import_make(&m, schema, new_kinds, "");
	refuses(&m, WORDS(OTHERS OF("a") "}\n" OF("b") ", on_new: skip}\n"),
	    (const char *[]){
	        "p.yaml:7:9: table 'item', [\"x\"]: with all that "
	        "is written it is of this entry, which makes it",
	        NULL });
}

static void
a_new_row_that_the_target_skips_by_its_values_is_left(void **state)
{
	static const char *const words =
	    WORDS(OTHERS "      - {table: item, key: [kind_id, name],"
	                 " skip: \"kind_id = 7\"}\n");
	struct import m;

	(void)state;
	import_make(&m, schema, new_kinds, "INSERT INTO kind VALUES(7,'a')");
	takes(&m, words);
	assert_string_equal("+item[\"b\",\"y\"]\n+kind[\"b\"]\n", m.changes);
	assert_int_equal(1, m.counts.skip);
	import_free(&m);
}

static void
what_is_skipped_without_rows_that_come_with_it_is_made(void **state)
{
	static const char *const words =
	    WORDS(OTHERS "      - {table: item, key: [name], skip: \"not exists"
	                 " (select 1 from kind where id = kind_id)\"}\n");
	struct import m;

	(void)state;
	import_make(&m, schema, new_kinds, "");
	takes(&m, words);
	import_expect(&m, "SELECT name, place FROM item", "x|10 y|20");
	import_free(&m);
}

static void
rows_of_two_kinds_are_not_one_as_they_have_equal_keys(void **state)
{
	struct import m;

	(void)state;
	import_make(&m, schema, "INSERT INTO item VALUES(1,NULL,'x',10,NULL)",
	    "INSERT INTO item VALUES(1,NULL,'other',-1,'x')");
	refuses(&m,
	    WORDS(OTHERS
	        "      - {table: item, where: \"place > 0\", key: [name]}\n"
	        "      - {table: item, key: [man]}\n") "    not_reference: "
	                                               "[item.man]\n",
	    (const char *[]){ "p.yaml:7:9: table 'item', [\"x\"]: it was a row "
	                      "of another entry",
	        NULL });
}

static void
a_reference_whose_condition_reads_otherwise_here(void **state)
{
	struct import m;

	(void)state;
	import_make(&m, schema,
	    "INSERT INTO line VALUES(5); INSERT INTO kind VALUES(3,'k');"
	    "INSERT INTO item VALUES(1,NULL,'x',10,3)",
	    "INSERT INTO line VALUES(50)");
	refuses(&m,
	    WORDS(OTHERS
	        "      - {table: item, key: [name]}\n") "    references:\n     "
	                                                " - {from: item.man, "
	                                                "to: kind,"
	                                                " where: \"place > "
	                                                "(select n from "
	                                                "line)\"}\n",
	    (const char *[]){ "p.yaml:9:9: table 'item', [\"x\"]: once it is "
	                      "written this line is not about 'man'",
	        NULL });
}

static void
a_row_that_keep_here_names_once_it_is_written(void **state)
{
	struct import m;

	(void)state;
	import_make(&m, schema, new_kinds, "");
	refuses(&m,
	    WORDS(OTHERS
	        "      - {table: item, key: [name]}\n") "    keep_here:\n      "
	                                                "- {table: item, "
	                                                "where: \"kind_id in "
	                                                "(select"
	                                                " id from kind where "
	                                                "name = 'a')\"}\n",
	    (const char *[]){ "p.yaml:9:9: table 'item', [\"x\"]: once it is "
	                      "written 'keep_here' is about it",
	        NULL });
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_row_that_is_of_another_entry_once_it_is_written),
		cmocka_unit_test(a_row_that_is_skipped_once_it_is_written),
		cmocka_unit_test(a_row_that_no_entry_fits_once_it_is_written),
		cmocka_unit_test(
		    rows_without_an_id_are_named_as_well_as_can_be),
		cmocka_unit_test(
		    a_row_that_was_here_and_that_no_entry_fits_then),
		cmocka_unit_test(
		    rows_are_sorted_by_others_that_are_as_new_as_they),
		cmocka_unit_test(
		    a_row_that_was_made_by_the_policy_of_another_entry),
		cmocka_unit_test(
		    a_row_whose_id_was_given_by_the_policy_of_another_entry),
		cmocka_unit_test(
		    a_row_that_was_left_by_the_policy_of_another_entry),
		cmocka_unit_test(
		    a_new_row_that_the_target_skips_by_its_values_is_left),
		cmocka_unit_test(
		    what_is_skipped_without_rows_that_come_with_it_is_made),
		cmocka_unit_test(
		    rows_of_two_kinds_are_not_one_as_they_have_equal_keys),
		cmocka_unit_test(
		    a_reference_whose_condition_reads_otherwise_here),
		cmocka_unit_test(a_row_that_keep_here_names_once_it_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
