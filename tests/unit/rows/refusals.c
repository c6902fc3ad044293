/* What cannot be carried is refused, with the row, the column and the words
 * that would help; the target stays as it is. */

#include "import.h"

static void
a_table_without_a_name_for_its_rows(void **state)
{
	(void)state;
	refuse_source("CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT)", NULL,
	    VL_EREFUSED, "table 't' has no key");
}

static void
two_rows_with_one_key_and_both_are_named(void **state)
{
	(void)state;
	refuse_source("CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT);"
	              "INSERT INTO t VALUES(3,'a'),(4,'b'),(9,'a')",
	    WORDS("      - {table: t, key: [v]}\n"), VL_EREFUSED,
	    "rows 3 and 9 have one key");
}

static void
a_column_named_like_a_reference_that_is_not_declared(void **state)
{
	(void)state;
	refuse_source("CREATE TABLE man(name TEXT PRIMARY KEY);"
	              "CREATE TABLE t(v TEXT PRIMARY KEY, man_id INT)",
	    NULL, VL_EREFUSED, "named like a reference to 'man'");
}

static void
a_foreign_key_to_a_table_without_a_primary_key(void **state)
{
	(void)state;
	refuse_source("CREATE TABLE man(name TEXT UNIQUE);"
	              "CREATE TABLE t(v TEXT PRIMARY KEY, m REFERENCES man)",
	    NULL, VL_EREFUSED,
	    "foreign key of 't.m': 'man' has no primary key");
}

static const char *const two =
    "CREATE TABLE a(id INTEGER PRIMARY KEY, name TEXT UNIQUE);"
    "CREATE TABLE b(id INTEGER PRIMARY KEY, name TEXT UNIQUE, a INT);"
    "INSERT INTO b VALUES(1,'x',7);";

static void
a_reference_to_a_row_that_is_not_there(void **state)
{
	(void)state;
	refuse_source(two,
	    WORDS("      - {table: a, key: [name]}\n"
	          "    references:\n      - {from: b.a, to: a}\n"),
	    VL_EREFUSED, "column 'a' refers to 'a' 7, which is not there");
}

static void
a_row_that_no_entry_fits(void **state)
{
	(void)state;
	refuse_source(two,
	    WORDS("      - {table: b, where: \"name='y'\", key: [name]}\n"),
	    VL_EREFUSED, "no entry of the profile fits");
}

static void
a_key_that_needs_one_which_needs_it(void **state)
{
	(void)state;
	refuse_source("CREATE TABLE a(id INTEGER PRIMARY KEY, b INT);"
	              "CREATE TABLE b(id INTEGER PRIMARY KEY);"
	              "CREATE TABLE c(b INT UNIQUE, v INT, w INT);"
	              "INSERT INTO a VALUES(1,2); INSERT INTO b VALUES(2);"
	              "INSERT INTO c VALUES(2,1,1)",
	    WORDS("      - {table: a, key: [b]}\n"
	          "      - {table: b, key: [{of: c.b, column: v}]}\n"
	          "    references:\n      - {from: [a.b, c.b], to: b}\n"
	          "      - {from: c.v, where: \"w = 1\", to: a}\n"),
	    VL_EREFUSED, "whose keys need this one first");
}

static void
keys_that_need_each_other(void **state)
{
	(void)state;
	refuse_source("CREATE TABLE a(id INTEGER PRIMARY KEY, b_id INT"
	              " REFERENCES b); CREATE TABLE b(id INTEGER PRIMARY KEY,"
	              " a_id INT REFERENCES a)",
	    WORDS("      - {table: a, key: [b_id]}\n"
	          "      - {table: b, key: [a_id]}\n"),
	    VL_EREFUSED, "p.yaml:6:9: the keys of tables 'b' and 'a'");
}

static void
a_row_that_stands_above_itself(void **state)
{
	(void)state;
	refuse_source("CREATE TABLE f(id INTEGER PRIMARY KEY, up INT REFERENCES"
	              " f, name TEXT); INSERT INTO f VALUES(1,2,'a'),(2,1,'b')",
	    WORDS("      - {table: f, key: [up, name]}\n"), VL_EREFUSED,
	    "it stands above itself");
}

static const char *const owned =
    "CREATE TABLE f(id INTEGER PRIMARY KEY, name TEXT UNIQUE, up INT"
    " REFERENCES f);";
static const char *const owned_words =
    WORDS("      - {table: f, key: [name], owned_by: up}\n");

static void
a_row_that_owns_itself(void **state)
{
	char sql[512];

	(void)state;
	(void)snprintf(sql, sizeof(sql), "%s%s", owned,
	    "INSERT INTO f VALUES(1,'top',NULL),(2,'a',2),(3,'below',2)");
	refuse_source(sql, owned_words, VL_EREFUSED,
	    "table 'f': row [\"a\"] owns itself");
}

static void
rows_that_own_each_other_and_are_named(void **state)
{
	char sql[512];

	(void)state;
	(void)snprintf(sql, sizeof(sql), "%s%s", owned,
	    "INSERT INTO f VALUES(1,'below',2),(2,'a',3),(3,'b',2)");
	refuse_source(sql, owned_words, VL_EREFUSED,
	    "table 'f': rows [\"a\"] and [\"b\"] own each other, in a circle");
	(void)snprintf(sql, sizeof(sql), "%s%s", owned,
	    "INSERT INTO f VALUES(1,'a',2),(2,'b',3),(3,'c',4),(4,'d',1)");
	refuse_source(sql, owned_words, VL_EREFUSED,
	    "own each other, with 2 more rows, in a circle");
}

static void
rows_that_own_each_other_by_two_columns(void **state)
{
	(void)state;
	refuse_source("CREATE TABLE f(id INTEGER PRIMARY KEY, name TEXT UNIQUE,"
	              " up INT REFERENCES f, at INT REFERENCES f);"
	              "INSERT INTO f VALUES(1,'top',NULL,NULL),(2,'a',1,3),"
	              "(3,'b',2,1)",
	    WORDS("      - {table: f, key: [name], owned_by: [up, at]}\n"),
	    VL_EREFUSED, "rows [\"a\"] and [\"b\"] own each other");
}

static void
tables_that_own_each_other(void **state)
{
	(void)state;
	refuse_source("CREATE TABLE a(id INTEGER PRIMARY KEY, name TEXT UNIQUE,"
	              " b_id INT REFERENCES b);"
	              "CREATE TABLE b(id INTEGER PRIMARY KEY, name TEXT UNIQUE,"
	              " a_id INT REFERENCES a)",
	    WORDS("      - {table: a, key: [name], owned_by: b_id}\n"
	          "      - {table: b, key: [name], owned_by: a_id}\n"),
	    VL_EREFUSED, "p.yaml:6:9: tables 'b' and 'a' own each other");
}

/* No export makes such a bundle, but somebody may. */
static void
rows_of_a_bundle_that_own_each_other(void **state)
{
	struct import m;
	struct vl_err err = { 0 };

	(void)state;
	import_make(&m, owned, "INSERT INTO f VALUES(1,'a',2),(2,'b',1)",
	    "INSERT INTO f VALUES(7,'mine',NULL)");
	m.here = owned_words;
	assert_int_equal(VL_EREFUSED,
	    import_run(&m, WORDS("      - {table: f, key: [name]}\n"), &err));
	if (strstr(err.text,
	        "rows [\"a\"] and [\"b\"] own each other, in a circle") == NULL)
		fail_msg("%s", err.text);
	import_expect(&m, "SELECT * FROM f", "7|mine|-");
	import_free(&m);
}

/* What travels is no circle by itself: a row here closes it. */
static void
rows_that_own_each_other_once_all_is_written(void **state)
{
	struct import m;
	struct vl_err err = { 0 };

	(void)state;
	import_make(&m,
	    "CREATE TABLE f(id INTEGER PRIMARY KEY, name TEXT UNIQUE, up INT"
	    " REFERENCES f, n INT)",
	    "INSERT INTO f VALUES(1,'a',2,0),(2,'b',3,0),(3,'c',NULL,1)",
	    "INSERT INTO f VALUES(8,'a',NULL,0),(9,'c',8,0)");
	assert_int_equal(VL_EREFUSED,
	    import_run(&m,
	        WORDS("      - {table: f, key: [name], owned_by: up,"
	              " skip: n = 1, target_only: keep}\n"),
	        &err));
	if (strstr(err.text,
	        "rows [\"a\"] and [\"b\"] own each other, with 1"
	        " more row, in a circle") == NULL)
		fail_msg("%s", err.text);
	import_expect(&m, "SELECT * FROM f", "8|a|-|0 9|c|8|0");
	import_free(&m);
}

static void
expect_circle(
    const char *source, const char *target, const char *text, const char *want)
{
	struct import m;
	struct vl_err err = { 0 };
	enum vl_status st = VL_OK;

	import_make(&m,
	    "CREATE TABLE f(id INTEGER PRIMARY KEY, name TEXT UNIQUE, up INT"
	    " REFERENCES f, also INT REFERENCES f, n INT)",
	    source, target);
	m.here = WORDS("      - {table: f, key: [name], owned_by: [up, also], "
	               "target_only: keep}\n");
	st = import_run(&m,
	    WORDS("      - {table: f, key: [name], owned_by: [up, also], "
	          "skip: n = 1, target_only: keep}\n"),
	    &err);
	if (text == NULL ? st != VL_OK :
	                   st != VL_EREFUSED || strstr(err.text, text) == NULL)
		fail_msg("%s: %s", source, err.text);
	import_expect(&m, "SELECT name, n FROM f ORDER BY name", want);
	import_free(&m);
}

/* Rows x and y own each other here. */
static void
rows_that_owned_each_other_before_stay(void **state)
{
	static const char *const here =
	    "INSERT INTO f VALUES(7,'x',8,NULL,0),(8,'y',7,NULL,0),"
	    "(9,'z',9,NULL,0),(10,'w',7,9,0),(11,'a',NULL,NULL,0)";

	(void)state;
	expect_circle("INSERT INTO f VALUES(1,'a',NULL,NULL,2)", here, NULL,
	    "a|2 w|0 x|0 y|0 z|0");
	/* It changes, and not who owns it. */
	expect_circle("INSERT INTO f VALUES(1,'x',2,NULL,2),(2,'y',1,NULL,1)",
	    "INSERT INTO f VALUES(7,'x',8,NULL,0),(8,'y',7,NULL,0)", NULL,
	    "x|2 y|0");
	/* New ones, below one and between two. */
	expect_circle("INSERT INTO f VALUES(1,'b',2,NULL,2),(2,'x',3,NULL,1),"
	              "(3,'z',NULL,NULL,1),(4,'c',1,3,2)",
	    here, NULL, "a|0 b|2 c|2 w|0 x|0 y|0 z|0");
}

static void
rows_that_an_import_puts_into_a_circle_are_named(void **state)
{
	(void)state;
	expect_circle(
	    "INSERT INTO f VALUES(1,'a',2,NULL,2),(2,'x',NULL,NULL,1)",
	    "INSERT INTO f VALUES(3,'o',3,NULL,0),(7,'x',8,NULL,0),"
	    "(8,'y',11,NULL,0),(11,'a',NULL,NULL,0)",
	    "rows [\"x\"] and [\"y\"] own each other, with 1 more row",
	    "a|0 o|0 x|0 y|0");
	/* By the second column, where the first one leads into another. */
	expect_circle("INSERT INTO f VALUES(1,'a',2,3,2),(2,'o',NULL,NULL,1),"
	              "(3,'x',NULL,NULL,1)",
	    "INSERT INTO f VALUES(3,'o',3,NULL,0),(7,'x',11,NULL,0),"
	    "(11,'a',NULL,NULL,0)",
	    "rows [\"x\"] and [\"a\"] own each other, in a circle",
	    "a|0 o|0 x|0");
}

/* A key that other rows say is that of no row where several do. */
static void
a_key_that_several_rows_say_with_the_first_and_the_last(void **state)
{
	static const char *const words =
	    WORDS("      - {table: t, key: [{of: c.t, column: v}]}\n"
	          "    references: [{from: c.t, to: t, json: \"$[*]\"}]\n");
	static const char *const t =
	    "CREATE TABLE t(id INTEGER PRIMARY KEY);"
	    "CREATE TABLE c(id INTEGER PRIMARY KEY, t TEXT, v TEXT UNIQUE);"
	    "INSERT INTO t VALUES(1);"
	    "INSERT INTO c VALUES(2,'[1, 1]','a')";
	char sql[512];

	(void)state;
	(void)snprintf(sql, sizeof(sql), "%s,(5,'[1]','b')", t);
	refuse_source(sql, words, VL_EREFUSED,
	    "table 't', row 1: rows 2 and 5 of 'c' point to it, so that its "
	    "key is not one: leave one of them");
	(void)snprintf(
	    sql, sizeof(sql), "%s,(5,'[1]','b'),(9,'[1, 1]','c')", t);
	refuse_source(sql, words, VL_EREFUSED,
	    "3 rows of 'c' point to it, the first 2, the last 9, so that");
	refuse_source(t, words, VL_OK, "");
}

static void
a_way_to_match_that_the_table_does_not_allow(void **state)
{
	(void)state;
	refuse_source("CREATE TABLE t(a INT, b INT, n TEXT UNIQUE,"
	              " PRIMARY KEY(a, b))",
	    WORDS("      - {table: t, key: [n], match: [key, id]}\n"),
	    VL_EUSAGE,
	    "p.yaml:5:9: table 't': 'id' in 'match' beside 'key' needs a "
	    "primary key of one column");
	refuse_source("CREATE TABLE t(id INTEGER PRIMARY KEY, n TEXT UNIQUE)",
	    WORDS("      - {table: t, key: [n, id], match: [id, key]}\n"),
	    VL_EUSAGE,
	    "needs a primary key of one column, that is in no 'key'");
	refuse_source("CREATE TABLE f(id INTEGER PRIMARY KEY, up INT REFERENCES"
	              " f, name TEXT)",
	    WORDS("      - {table: f, key: [up, name],"
	          " match: [key, brought]}\n"),
	    VL_EUSAGE, "p.yaml:5:9: table 'f': 'key' is the last in 'match'");
}

static void
two_rows_that_are_one_here(void **state)
{
	static const char *const ways[] = { "key, id", "id, brought",
		"key, brought" };
	struct import m;
	struct vl_err err = { 0 };
	char words[256];
	size_t i = 0;

	(void)state;
	for (i = 0; i < 3; i++) {
		import_make(&m,
		    "CREATE TABLE t(id INTEGER PRIMARY KEY, n TEXT)",
		    "INSERT INTO t VALUES(1,'a'),(2,'b')",
		    "INSERT INTO t VALUES(2,'a')");
		/* Row 2 is 'a' by its name, 'b' by its id, and was made of 1.
		 */
		memcpy(m.brought[0],
		    ((const char[4][128]){ "t", "[\"a\"]",
		        { '[', i == 2 ? '2' : '1', ']' }, "[2]" }),
		    sizeof(m.brought[0]));
		m.nbrought = 1;
		(void)snprintf(words, sizeof(words),
		    WORDS("      - {table: t, key: [n], match: [%s]}\n"),
		    ways[i]);
		assert_int_equal(VL_EREFUSED, import_run(&m, words, &err));
		if (strstr(err.text, "of the bundle are both row 2 here") ==
		        NULL ||
		    strstr(err.text, "[\"a\"]") == NULL ||
		    strstr(err.text, "[\"b\"]") == NULL)
			fail_msg("%s: %s", ways[i], err.text);
		import_expect(&m, "SELECT * FROM t", "2|a");
		import_free(&m);
	}
}

static void
names_of_a_profile_that_are_not_there(void **state)
{
	(void)state;
	refuse_source(two, WORDS("      - {table: c, key: [name]}\n"),
	    VL_EUSAGE, "p.yaml:5:");
	refuse_source(two, WORDS("      - {table: a, key: [title]}\n"),
	    VL_EUSAGE, "no column 'title'");
	refuse_source(two,
	    WORDS("      - {table: a, key: [name]}\n    references:\n"
	          "      - {from: b.a, to: nowhere}\n"),
	    VL_EUSAGE, "what is no table: 'nowhere'");
	refuse_source(two,
	    WORDS("      - {table: a, key: [name]}\n    references:\n"
	          "      - {from: b.aa, to: a}\n"),
	    VL_EUSAGE, "p.yaml:7:16: 'from': there is no column 'b.aa'");
	refuse_source(two,
	    WORDS("      - {table: b, key: [name], keep_here: [nam]}\n"),
	    VL_EUSAGE,
	    "p.yaml:5:45: 'keep_here': table 'b' has no column 'nam'");
	refuse_source(two,
	    WORDS("      - {table: b, key: [name]}\n    keep_here:\n"
	          "      - {table: bb, where: \"name='x'\"}\n"),
	    VL_EUSAGE, "p.yaml:7:9: 'keep_here': there is no table 'bb'");
	refuse_source(two,
	    WORDS(
	        "      - {table: b, key: [name]}\n    not_reference: [b.zz]\n"),
	    VL_EUSAGE,
	    "p.yaml:6:21: 'not_reference': there is no column 'b.zz'");
	refuse_source(two,
	    WORDS("      - {table: b, key: [name]}\n    not_reference:\n"
	          "      - b.name\n      - a.zz\n      - '*.a'\n"),
	    VL_EUSAGE,
	    "p.yaml:8:9: 'not_reference': there is no column 'a.zz'");
	refuse_source(two,
	    WORDS("      - {table: b, key: [name], owned_by: a}\n"), VL_EUSAGE,
	    "p.yaml:5:43: 'owned_by: a' of table 'b' is no reference");
}

static const char *const places =
    "CREATE TABLE b(id INTEGER PRIMARY KEY, name TEXT UNIQUE, l INT, r INT,"
    " a INT REFERENCES b);";

static void
a_column_that_is_not_there_is_told_where_its_name_stands(void **state)
{
	(void)state;
	refuse_source(two,
	    WORDS("      - table: b\n        key:\n        - name\n"
	          "        - nmae\n"),
	    VL_EUSAGE, "p.yaml:8:11: table 'b' has no column 'nmae'");
	refuse_source(two,
	    WORDS("      - table: b\n        key:\n        - name\n"
	          "        - {of: a.b, column: name}\n"),
	    VL_EUSAGE, "p.yaml:8:11: table 'a' has no column 'b'");
	refuse_source(two,
	    WORDS("      - table: b\n        key: [name]\n"
	          "        owned_by:\n        - a\n        - aa\n"),
	    VL_EUSAGE, "p.yaml:9:11: table 'b' has no column 'aa'");
	refuse_source(two,
	    WORDS("      - table: b\n        key: [name]\n"
	          "        ordinal:\n        - aa\n"),
	    VL_EUSAGE, "p.yaml:8:11: table 'b' has no column 'aa'");
	refuse_source(two,
	    WORDS("      - table: b\n        key: [name]\n"
	          "        derived:\n        - a\n        - aa\n"),
	    VL_EUSAGE, "p.yaml:9:11: 'derived': table 'b' has no column 'aa'");
	refuse_source(two,
	    WORDS("      - table: b\n        key: [name]\n"
	          "        nested_set: {parent: a,\n"
	          "          left: lft, right: rgt}\n"),
	    VL_EUSAGE, "p.yaml:7:21: 'derived': table 'b' has no column 'lft'");
	refuse_source(places,
	    WORDS("      - table: b\n        key: [name]\n"
	          "        nested_set: {parent: aa, left: l, right: r}\n"),
	    VL_EUSAGE,
	    "p.yaml:7:21: 'nested_set': table 'b' has no column 'aa'");
	refuse_source(places,
	    WORDS("      - table: b\n        key: [name]\n"
	          "        nested_set: {parent: a, left: l, right: r,\n"
	          "          order: [name, nmae]}\n"),
	    VL_EUSAGE,
	    "p.yaml:8:25: 'nested_set': table 'b' has no column 'nmae'");
	refuse_source(places,
	    WORDS("      - table: b\n        key: [name]\n"
	          "        nested_set: {parent: a, left: l, right: r,\n"
	          "          scope: aa}\n"),
	    VL_EUSAGE,
	    "p.yaml:8:18: 'nested_set': table 'b' has no column 'aa'");
	refuse_source(two,
	    WORDS("      - {table: b, key: [name]}\n    here:\n"
	          "      - name: url\n        in:\n        - b.zz\n"),
	    VL_EUSAGE, "p.yaml:9:11: 'here': there is no column 'b.zz'");
	refuse_source(two,
	    WORDS("      - {table: b, key: [name]}\n    keep_here:\n"
	          "      - table: b\n        columns:\n        - name\n"
	          "        - nmae\n"),
	    VL_EUSAGE,
	    "p.yaml:10:11: 'keep_here': table 'b' has no column 'nmae'");
}

static void
refuse_import(
    struct import *m, const char *profile, const char *ask, const char *text)
{
	struct vl_err err = { 0 };
	char before[1024];

	import_ask(m, ask, before, sizeof(before));
	assert_int_equal(VL_EREFUSED, import_run(m, profile, &err));
	if (strstr(err.text, text) == NULL)
		fail_msg("'%s' is not in: %s", text, err.text);
	import_expect(m, ask, before);
	import_free(m);
}

static void
a_key_that_is_another_owners_here(void **state)
{
	struct import m;

	(void)state;
	import_make(&m,
	    "CREATE TABLE o(id INTEGER PRIMARY KEY, name TEXT UNIQUE);"
	    "CREATE TABLE c(id INTEGER PRIMARY KEY, code TEXT UNIQUE,"
	    " o_id INT REFERENCES o);",
	    "INSERT INTO o VALUES(1,'a'),(2,'b'); INSERT INTO c"
	    " VALUES(1,'k',1)",
	    "INSERT INTO o VALUES(1,'a'),(2,'b'); INSERT INTO c"
	    " VALUES(1,'k',2)");
	refuse_import(&m,
	    WORDS("      - {table: o, key: [name]}\n"
	          "      - {table: c, key: [code], owned_by: o_id}\n"),
	    "SELECT * FROM c", "that of a row of another owner ('o_id')");
}

static const char *const words =
    "CREATE TABLE w(name TEXT PRIMARY KEY, v TEXT);";

static void
a_row_that_differs_or_is_new_where_that_is_to_fail(void **state)
{
	struct import m;

	(void)state;
	import_make(&m, words, "INSERT INTO w VALUES('a','x')",
	    "INSERT INTO w VALUES('a','y')");
	refuse_import(&m,
	    WORDS("      - {table: w, key: [name], on_match: fail}\n"),
	    "SELECT * FROM w", "1 row with 'fail'");
	import_make(&m, words, "INSERT INTO w VALUES('a','x')", "");
	refuse_import(&m,
	    WORDS("      - {table: w, key: [name], on_new: fail}\n"),
	    "SELECT count(*) FROM w", "1 row with 'fail'");
}

static void
an_id_to_be_kept_that_is_taken(void **state)
{
	struct import m;

	(void)state;
	import_make(&m,
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT UNIQUE)",
	    "INSERT INTO t VALUES(1,'a')", "INSERT INTO t VALUES(1,'b')");
	refuse_import(&m, WORDS("      - {table: t, key: [name], ids: keep}\n"),
	    "SELECT * FROM t", "its id is taken by another row here");
}

static void
a_new_row_where_the_last_id_there_is_will_be_kept(void **state)
{
	struct import m;

	(void)state;
	import_make(&m,
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, kind TEXT, name TEXT)",
	    "INSERT INTO t VALUES(9223372036854775807,'z','k'),(1,'a','n')",
	    "");
	refuse_import(&m,
	    WORDS("      - {table: t, where: \"kind='a'\", key: [name],"
	          " ids: new}\n"
	          "      - {table: t, key: [kind, name], ids: keep}\n"),
	    "SELECT count(*) FROM t", "no id is left for it");
}

static void
a_row_that_goes_while_another_refers_to_it(void **state)
{
	struct import m;

	(void)state;
	import_make(&m,
	    "CREATE TABLE a(id INTEGER PRIMARY KEY, name TEXT UNIQUE);"
	    "CREATE TABLE b(id INTEGER PRIMARY KEY, name TEXT UNIQUE,"
	    " a INT);",
	    "", "INSERT INTO a VALUES(7,'a'); INSERT INTO b VALUES(1,'b',7)");
	refuse_import(&m,
	    WORDS("      - {table: a, key: [name], target_only: delete}\n"
	          "    references:\n      - {from: b.a, to: a}\n"),
	    "SELECT * FROM a",
	    "'a' 7, which the import would delete or call otherwise");
}

static void
what_a_trigger_makes_of_a_row(void **state)
{
	struct import m;

	(void)state;
	import_make(&m,
	    "CREATE TABLE w(name TEXT PRIMARY KEY, v TEXT);"
	    "CREATE TRIGGER tr AFTER INSERT ON w BEGIN UPDATE w SET v = 'mine'"
	    " WHERE name = new.name; END;",
	    "INSERT INTO w VALUES('a','x'); UPDATE w SET v = 'x'", "");
	refuse_import(&m, WORDS("      - {table: w, key: [name]}\n"),
	    "SELECT count(*) FROM w", "'v' is not as it was written");
}

static void
a_constraint_of_the_target_with_the_row(void **state)
{
	struct import m;

	(void)state;
	import_make(&m, "CREATE TABLE w(name TEXT PRIMARY KEY, v TEXT UNIQUE)",
	    "INSERT INTO w VALUES('a','x')", "INSERT INTO w VALUES('b','x')");
	refuse_import(&m, WORDS("      - {table: w, key: [name]}\n"),
	    "SELECT * FROM w", "table 'w', [\"a\"]");
}

static void
another_version_of_the_application(void **state)
{
	static const char *const asked =
	    "application: t\n"
	    "version: {resource: app, sql: \"select v from w\","
	    " accept: [\"2.*\"]}\n"
	    "resources:\n  - resource: app\n    tables:\n"
	    "      - {table: w, key: [name]}\n";
	struct import m;
	struct vl_err err = { 0 };

	(void)state;
	import_make(&m, words, "INSERT INTO w VALUES('a','3.1')",
	    "INSERT INTO w VALUES('a','2.4')");
	m.version = "3.1";
	refuse_import(&m, asked, "SELECT * FROM w",
	    "of version '3.1' at the source and of '2.4' here");
	/* What else is another there is told beside it. */
	import_make(&m, words, "INSERT INTO w VALUES('a','3.1')",
	    "ALTER TABLE w ADD COLUMN more; INSERT INTO w VALUES('a','2.4',0)");
	m.version = "3.1";
	refuse_import(&m, asked, "SELECT * FROM w",
	    "name those that go together in 'accept'; and 1 more table, as "
	    "told above");
	if (strstr(m.notes, "column \"more\"") == NULL)
		fail_msg("%s", m.notes);
	import_make(&m, words, "INSERT INTO w VALUES('a','2.9')",
	    "INSERT INTO w VALUES('a','2.4')");
	m.version = "2.9";
	if (import_run(&m, asked, &err) != VL_OK)
		fail_msg("%s", err.text);
	import_free(&m);
}

static void
count_of_notes(const struct import *m, const char *text, size_t want)
{
	const char *at = m->notes;
	size_t n = 0;

	for (; (at = strstr(at, text)) != NULL; at++)
		n++;
	if (n != want)
		fail_msg(
		    "%zu, not %zu times '%s' in:\n%s", n, want, text, m->notes);
}

static void
all_references_to_rows_that_are_nowhere_are_told(void **state)
{
	static const char *const schema =
	    "CREATE TABLE man(id INTEGER PRIMARY KEY, name TEXT UNIQUE);"
	    "CREATE TABLE b(id INTEGER PRIMARY KEY, name TEXT UNIQUE, "
	    "a INT NOT NULL REFERENCES man(id), text TEXT);";
	static const char *const profile = WORDS(
	    "      - {table: man, key: [name], skip: true}\n"
	    "      - {table: b, key: [name]}\n") "    references:\n      - "
	                                         "{from: b.text, split: \",\", "
	                                         "to: man}\n";
	struct vl_err err = { 0 };
	struct import m;

	(void)state;
	import_make(&m, schema,
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
	    "WHERE i < 14) INSERT INTO man SELECT i, 'm' || i FROM n;"
	    "INSERT INTO b SELECT id, 'b' || id, id, "
	    "CASE id WHEN 3 THEN '4,5' END FROM man",
	    "INSERT INTO man VALUES(1,'m1'),(2,'m2');"
	    "INSERT INTO b VALUES(1,'b1',2,NULL)");
	assert_int_equal(VL_EREFUSED, import_run(&m, profile, &err));
	if (strstr(err.text,
	        "column 'a' refers to 'man' [\"m10\"], which is "
	        "neither in the bundle nor here; 13 references "
	        "in all name no row, the first of them above") == NULL)
		fail_msg("%s", err.text);
	count_of_notes(&m, "which is neither in the bundle nor here", 10);
	count_of_notes(&m, "table 'b', [\"b3\"]: column 'text' refers to", 1);
	import_expect(&m, "SELECT count(*), a FROM b", "1|2");
	import_free(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_without_a_name_for_its_rows),
		cmocka_unit_test(two_rows_with_one_key_and_both_are_named),
		cmocka_unit_test(
		    a_column_named_like_a_reference_that_is_not_declared),
		cmocka_unit_test(
		    a_foreign_key_to_a_table_without_a_primary_key),
		cmocka_unit_test(a_reference_to_a_row_that_is_not_there),
		cmocka_unit_test(a_row_that_no_entry_fits),
		cmocka_unit_test(a_key_that_needs_one_which_needs_it),
		cmocka_unit_test(keys_that_need_each_other),
		cmocka_unit_test(a_row_that_stands_above_itself),
		cmocka_unit_test(a_row_that_owns_itself),
		cmocka_unit_test(rows_that_own_each_other_and_are_named),
		cmocka_unit_test(rows_that_own_each_other_by_two_columns),
		cmocka_unit_test(tables_that_own_each_other),
		cmocka_unit_test(rows_of_a_bundle_that_own_each_other),
		cmocka_unit_test(rows_that_own_each_other_once_all_is_written),
		cmocka_unit_test(rows_that_owned_each_other_before_stay),
		cmocka_unit_test(
		    rows_that_an_import_puts_into_a_circle_are_named),
		cmocka_unit_test(
		    a_key_that_several_rows_say_with_the_first_and_the_last),
		cmocka_unit_test(a_way_to_match_that_the_table_does_not_allow),
		cmocka_unit_test(two_rows_that_are_one_here),
		cmocka_unit_test(names_of_a_profile_that_are_not_there),
		cmocka_unit_test(
		    a_column_that_is_not_there_is_told_where_its_name_stands),
		cmocka_unit_test(a_key_that_is_another_owners_here),
		cmocka_unit_test(
		    a_row_that_differs_or_is_new_where_that_is_to_fail),
		cmocka_unit_test(an_id_to_be_kept_that_is_taken),
		cmocka_unit_test(
		    a_new_row_where_the_last_id_there_is_will_be_kept),
		cmocka_unit_test(a_row_that_goes_while_another_refers_to_it),
		cmocka_unit_test(what_a_trigger_makes_of_a_row),
		cmocka_unit_test(a_constraint_of_the_target_with_the_row),
		cmocka_unit_test(another_version_of_the_application),
		cmocka_unit_test(
		    all_references_to_rows_that_are_nowhere_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
