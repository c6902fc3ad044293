/* What the words about references find in values, and what they leave. */

#include "import.h"

#define MEN                                                                    \
	"CREATE TABLE man(id INTEGER PRIMARY KEY, name TEXT UNIQUE);"          \
	"CREATE TABLE dog(id INTEGER PRIMARY KEY, name TEXT UNIQUE);"          \
	"CREATE TABLE t(n TEXT PRIMARY KEY, kind TEXT, v);"                    \
	"INSERT INTO man VALUES(1,'ada'),(2,'eve');"                           \
	"INSERT INTO dog VALUES(1,'rex');"

#define LINE(words)                                                            \
	WORDS("      - {table: [man, dog], skip: true}\n"                      \
	      "      - {table: t, key: [n]}\n")                                \
	"    references:\n      - {from: t.v, " words "}\n"

/* The lines of `t` hold each of the texts. */
static void
finds(const char *sql, const char *profile, const char *const *texts)
{
	struct site s = { 0 };
	struct vl_err err = { 0 };
	struct vl_buf out = { 0 };

	site_make(&s, sql);
	if (site_open(&s, profile, false, &err) != VL_OK ||
	    site_lines(&s, false, &out, &err) != VL_OK)
		fail_msg("%s", err.text);
	assert_int_equal(VL_OK, vl_buf_printf(&out, &err, "%c", 0));
	for (; *texts != NULL; texts++)
		if (strstr((const char *)out.p, *texts) == NULL)
			fail_msg(
			    "'%s' is not in: %s", *texts, (const char *)out.p);
	vl_buf_free(&out);
	site_free(&s);
}

static void
refuses(const char *sql, const char *profile, const char *text)
{
	refuse_source(sql, profile, VL_EREFUSED, text);
}

static void
to_by_takes_the_table_from_another_column(void **state)
{
	static const char *const sql =
	    MEN "INSERT INTO t VALUES('a','M',1),('b','D',1),('c','?',7)";

	(void)state;
	finds(sql,
	    LINE("to_by: {column: kind, values: {M: man, D: dog},"
	         " else: plain}"),
	    (const char *[]){ "\"v\":{\"$ref\":[\"ada\"]}",
	        "\"v\":{\"$ref\":[\"rex\"]}", "\"v\":7", NULL });
	refuses(sql, LINE("to_by: {column: kind, values: {M: man, D: dog}}"),
	    "'?'");
	finds(MEN "INSERT INTO t VALUES('c','?',2)",
	    LINE("to_by: {column: kind, values: {D: dog}, else: man}"),
	    (const char *[]){ "\"v\":{\"$ref\":[\"eve\"]}", NULL });
}

static void
a_value_that_cannot_be_read_is_refused_or_kept(void **state)
{
	static const char *const sql =
	    MEN "INSERT INTO t VALUES('a','','[1,2]'),('b','','[1')";

	(void)state;
	refuses(sql, LINE("json: \"$[*]\", to: man"),
	    "row 2 [\"b\"]: column 'v' at $[*] (line 8 of the profile): not "
	    "JSON");
	finds(sql, LINE("json: \"$[*]\", to: man, on_broken: keep"),
	    (const char *[]){ "\"v\":\"[1\"",
	        "[\"man\",[\"ada\"],\"number\"],\",\","
	        "[\"man\",[\"eve\"],\"number\"]",
	        NULL });
}

static void
a_pattern_and_split_find_each_id_in_a_text(void **state)
{
	(void)state;
	finds(MEN "INSERT INTO t VALUES('a','','ids=\"2,1\" no. 2')",
	    LINE("pattern: 'ids=\"([\\d,]+)\"', split: \",\", to: man"),
	    (const char *[]){
	        "[\"ids=\\\"\",[\"man\",[\"eve\"],\"plain\"],\","
	        "\",[\"man\",[\"ada\"],\"plain\"],\"\\\" no. 2\"]",
	        NULL });
}

static void
none_and_where_leave_a_value_as_it_is(void **state)
{
	static const char *const sql =
	    MEN "INSERT INTO t VALUES('a','x',0),('b','y',9),('c','x',2)";

	(void)state;
	finds(sql, LINE("to: man, none: [0], where: \"kind='x'\""),
	    (const char *[]){
	        "\"v\":0", "\"v\":9", "\"v\":{\"$ref\":[\"eve\"]}", NULL });
	refuses(sql, LINE("to: man, none: [0]"), "9, which is not there");
}

static void
a_secret_column_must_be_there(void **state)
{
	(void)state;
	refuse_source(MEN,
	    WORDS("      - {table: man, key: [name]}\n"
	          "      - {table: [dog, t], skip: true}\n") "    secrets:\n   "
	                                                     "   - {column: "
	                                                     "man.nam, "
	                                                     "master_key: k, "
	                                                     "cipher: "
	                                                     "c}\n",
	    VL_EUSAGE, "p.yaml:8:9: 'secrets': there is no column 'man.nam'");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(to_by_takes_the_table_from_another_column),
		cmocka_unit_test(
		    a_value_that_cannot_be_read_is_refused_or_kept),
		cmocka_unit_test(a_pattern_and_split_find_each_id_in_a_text),
		cmocka_unit_test(none_and_where_leave_a_value_as_it_is),
		cmocka_unit_test(a_secret_column_must_be_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
