/* Tables that a value names, in the row or in one that it refers to. */

#include "import.h"

#define SCHEMA                                                                 \
	"CREATE TABLE man(id INTEGER PRIMARY KEY, name TEXT UNIQUE);"          \
	"CREATE TABLE dog(id INTEGER PRIMARY KEY, name TEXT UNIQUE);"          \
	"CREATE TABLE form(id INTEGER PRIMARY KEY, name TEXT UNIQUE, kind);"   \
	"CREATE TABLE field(id INTEGER PRIMARY KEY, name TEXT UNIQUE,"         \
	" form_id INTEGER REFERENCES form(id));"                               \
	"CREATE TABLE v(id INTEGER PRIMARY KEY, name TEXT UNIQUE,"             \
	" field_id INTEGER REFERENCES field(id), kind TEXT, v);"

#define MEN                                                                    \
	"      - {table: man, key: [name]}\n"                                  \
	"      - {table: dog, key: [name]}\n"

#define BY(tables, path)                                                       \
	WORDS(tables "      - {table: v, key: [name]}\n")                      \
	"    references:\n      - {from: v.v, to_by: {column: " path           \
	", values: {1: man, 2: dog, M: man, D: dog}, else: plain}}\n"

#define FORMS                                                                  \
	MEN "      - {table: form, key: [name]}\n"                             \
	    "      - {table: field, key: [name]}\n"

#define SOURCE                                                                 \
	"INSERT INTO man VALUES(1,'ada'),(2,'eve');"                           \
	"INSERT INTO dog VALUES(1,'rex'),(2,'ada');"                           \
	"INSERT INTO form VALUES(1,'f',1),(2,'g','D');"                        \
	"INSERT INTO field VALUES(1,'x',1),(2,'y',2),(3,'z',NULL);"            \
	"INSERT INTO v VALUES(1,'a',1,'',2),(2,'b',2,'',1),(3,'c',3,'',7),"    \
	"(4,'d',NULL,'',8);"

#define TARGET                                                                 \
	"INSERT INTO man VALUES(11,'ada'),(12,'eve');"                         \
	"INSERT INTO dog VALUES(12,'ada');"                                    \
	"INSERT INTO form VALUES(21,'g','D');"                                 \
	"INSERT INTO field VALUES(31,'y',21);"

static void
import(struct import *m, const char *profile)
{
	struct vl_err err = { 0 };

	if (import_run(m, profile, &err) != VL_OK)
		fail_msg("%s", err.text);
}

static void
a_path_over_references_names_the_table(void **state)
{
	struct import m;

	(void)state;
	import_make(&m, SCHEMA, SOURCE, TARGET);
	import(&m, BY(FORMS, "field_id.form_id.kind"));
	import_expect(
	    &m, "SELECT name, v FROM v ORDER BY name", "a|12 b|13 c|7 d|8");
	/* Nothing is left to do. */
	import(&m, BY(FORMS, "field_id.form_id.kind"));
	assert_string_equal("", m.changes);
	import_free(&m);
}

/* Those rows are the target's: it is asked. */
static void
rows_that_do_not_travel_are_asked_here(void **state)
{
	static const char *const profile =
	    BY(MEN "      - {table: form, key: [name], skip: true}\n"
	           "      - {table: field, key: [name], skip: true}\n",
	        "field_id.form_id.kind");
	struct import m;

	(void)state;
	import_make(&m, SCHEMA, SOURCE,
	    TARGET "INSERT INTO form VALUES(22,'f','M');"
	           "INSERT INTO field VALUES(32,'x',22),(33,'z',NULL)");
	import(&m, profile);
	import_expect(
	    &m, "SELECT name, v FROM v ORDER BY name", "a|12 b|13 c|7 d|8");
	import_free(&m);
}

/* The row says the same on both sides, and means another table. */
static void
the_same_key_of_another_table_is_another_record(void **state)
{
	static const char *const source =
	    "INSERT INTO man VALUES(1,'ada'); INSERT INTO dog VALUES(2,'ada');"
	    "INSERT INTO form VALUES(1,'f','D');"
	    "INSERT INTO field VALUES(1,'x',1);"
	    "INSERT INTO v VALUES(1,'a',1,'D',2)";
	static const char *const target =
	    "INSERT INTO man VALUES(5,'ada'); INSERT INTO dog VALUES(6,'ada');"
	    "INSERT INTO form VALUES(1,'f','M');"
	    "INSERT INTO field VALUES(1,'x',1);"
	    "INSERT INTO v VALUES(1,'a',1,'M',5)";
	struct import m;

	(void)state;
	import_make(&m, SCHEMA, source, target);
	import(&m, BY(FORMS, "field_id.form_id.kind"));
	import_expect(&m, "SELECT kind, v FROM v", "D|6");
	import_free(&m);
	import_make(&m, SCHEMA, source, target);
	import(&m, BY(FORMS, "kind"));
	import_expect(&m, "SELECT kind, v FROM v", "D|6");
	import_free(&m);
}

/* In a key, too: its parts are found before it. */
static void
a_path_names_the_table_of_a_part_of_a_key(void **state)
{
	struct import m;

	(void)state;
	import_make(&m, SCHEMA, SOURCE, TARGET);
	import(&m,
	    WORDS(FORMS
	        "      - {table: v, key: [field_id, v]}\n") "    references:\n "
	                                                    "     - {from: "
	                                                    "v.v, to_by: "
	                                                    "{column: "
	                                                    "field_id.form_id."
	                                                    "kind, values: {1: "
	                                                    "man, D: dog}, "
	                                                    "else: plain}}\n");
	import_expect(
	    &m, "SELECT name, v FROM v ORDER BY name", "a|12 b|13 c|7 d|8");
	import_free(&m);
}

static void
what_is_no_path_is_told_with_its_line(void **state)
{
	static const struct {
		const char *profile;
		const char *what;
	} cases[] = {
		{ BY(FORMS, "field_id.form_id.knd"),
		    "p.yaml:11:9: 'v.v' takes its table from "
		    "'field_id.form_id.knd', and 'knd' is no column of table "
		    "'form'" },
		{ BY(FORMS, "kind.name"),
		    "'kind' is no reference to one table in every row of "
		    "table 'v'" },
		{ BY(MEN "      - {table: form, key: [name], derived: [kind]}\n"
		         "      - {table: field, key: [name]}\n",
		      "field_id.form_id.kind"),
		    "'kind' is a column that does not travel" },
		{ BY(FORMS, "field_id..kind"), "'' is no column of table" },
		{ BY(FORMS, "field_id.form_id.kind."), "is no reference" },
		{ BY(FORMS, "a.b.c.d.e.f.g.h.i"), "more than 8 parts" },
	};
	size_t i = 0;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refuse_source(
		    SCHEMA, cases[i].profile, VL_EUSAGE, cases[i].what);
	refuse_source(SCHEMA SOURCE,
	    WORDS(FORMS
	        "      - {table: v, key: [name]}\n") "    references:\n      - "
	                                             "{from: v.v, to_by: "
	                                             "{column: "
	                                             "field_id.form_id.kind, "
	                                             "values: {1: man}}}\n",
	    VL_EREFUSED, "column 'field_id.form_id.kind': 'D' names no table");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_over_references_names_the_table),
		cmocka_unit_test(rows_that_do_not_travel_are_asked_here),
		cmocka_unit_test(
		    the_same_key_of_another_table_is_another_record),
		cmocka_unit_test(a_path_names_the_table_of_a_part_of_a_key),
		cmocka_unit_test(what_is_no_path_is_told_with_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
