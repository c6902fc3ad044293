/* New rows that workers insert: as if it were done one after the other, and
 * what ends it is told of the row that it is about. */

#include <valise/pool.h>

#include "import.h"

#define SCHEMA                                                                 \
	"CREATE TABLE shelf(id INTEGER PRIMARY KEY, name TEXT NOT NULL "       \
	"UNIQUE);"                                                             \
	"CREATE TABLE book(id INTEGER PRIMARY KEY, name TEXT NOT NULL "        \
	"UNIQUE, place INT NOT NULL UNIQUE, shelf_id INT REFERENCES shelf,"    \
	" text TEXT CHECK(text <> 'no'));"
/* Of 5,000 books, named b00001 and on. */
#define BOOKS                                                                  \
	"INSERT INTO shelf VALUES(1,'low'),(2,'high');"                        \
	"INSERT INTO book(name, place, shelf_id, text) WITH RECURSIVE n(i) "   \
	"AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "          \
	"SELECT printf('b%05d', i), i, 1 + i % 2, 'text ' || i FROM n;"

static const char *const words = WORDS("      - {table: shelf, key: [name]}\n"
                                       "      - {table: book, key: [name]}\n");

static void
begin(struct import *m, const char *source, const char *target)
{
	struct vl_err err = { 0 };

	import_make(m, SCHEMA, source, target);
	m->no_list = true;
	assert_int_equal(VL_OK, vl_pool_new(&m->pool, 2, &err));
}

static void
end(struct import *m)
{
	vl_pool_free(m->pool);
	import_free(m);
}

static void
import(struct import *m)
{
	struct vl_err err = { 0 };

	if (import_run(m, words, &err) != VL_OK)
		fail_msg("%s", err.text);
}

static void
refuse(struct import *m, const char *why)
{
	struct vl_err err = { 0 };

	assert_int_equal(VL_EREFUSED, import_run(m, words, &err));
	if (strstr(err.text, why) == NULL)
		fail_msg("'%s' does not say '%s'", err.text, why);
	import_expect(m, "SELECT count(*) FROM book", "0");
}

static void
rows_of_many_batches_are_all_there(void **state)
{
	struct import m;

	(void)state;
	begin(&m, BOOKS, "INSERT INTO shelf VALUES(7,'high')");
	import(&m);
	import_expect(&m,
	    "SELECT count(*), sum(place), max(book.id), sum(text = 'text ' || "
	    "place), sum((shelf.name = 'high') = (place % 2)) FROM book JOIN "
	    "shelf ON shelf.id = shelf_id",
	    "5000|12502500|5000|5000|5000");
	end(&m);
}

/* 'b00100' has the place of a new row until 'b04000' has given up its own. */
static void
a_row_whose_place_is_still_taken_comes_later(void **state)
{
	struct import m;

	(void)state;
	begin(&m, BOOKS,
	    "INSERT INTO book VALUES(90,'b00100',300,NULL,NULL),"
	    "(91,'b04000',100,NULL,NULL)");
	import(&m);
	import_expect(&m,
	    "SELECT count(*), sum(CAST(substr(name, 2) AS INT) = place) "
	    "FROM book",
	    "5000|5000");
	import_expect(&m,
	    "SELECT id, place FROM book WHERE name IN ('b00100', 'b04000')",
	    "90|100 91|4000");
	end(&m);
}

static void
a_row_that_is_too_large_for_a_batch_stands_among_the_others(void **state)
{
	struct import m;

	(void)state;
	begin(&m,
	    BOOKS "UPDATE book SET text = hex(zeroblob(200000)) || place "
	          "WHERE place IN (1, 2500, 5000)",
	    "");
	import(&m);
	import_expect(&m,
	    "SELECT count(*), sum(length(text) > 400000), "
	    "sum(CAST(substr(name, 2) AS INT) = place) FROM book",
	    "5000|3|5000");
	end(&m);
}

static void
the_row_that_a_rule_refuses_is_named(void **state)
{
	struct import m;

	(void)state;
	begin(&m, BOOKS, "");
	import_sql(m.source.path,
	    "PRAGMA ignore_check_constraints = ON;"
	    "UPDATE book SET text = 'no' WHERE place = 3210");
	refuse(&m, "table 'book', [\"b03210\"]");
	end(&m);
}

/* Both are handed over together. */
static void
of_two_rows_that_fail_the_first_is_told(void **state)
{
	struct import m;

	(void)state;
	begin(&m, BOOKS, "");
	import_sql(m.source.path,
	    "PRAGMA ignore_check_constraints = ON;"
	    "UPDATE book SET text = 'no' WHERE place IN (4000, 4001)");
	refuse(&m, "table 'book', [\"b04000\"]");
	end(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_of_many_batches_are_all_there),
		cmocka_unit_test(a_row_whose_place_is_still_taken_comes_later),
		cmocka_unit_test(
		    a_row_that_is_too_large_for_a_batch_stands_among_the_others),
		cmocka_unit_test(the_row_that_a_rule_refuses_is_named),
		cmocka_unit_test(of_two_rows_that_fail_the_first_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
