/* Ids in values that workers find ahead are those that are found without them,
 * and what is wrong is told of the same row. */

#include <valise/pool.h>

#include "site.h"

#define ROWS                                                                   \
	"CREATE TABLE person(id INTEGER PRIMARY KEY, mail TEXT NOT NULL "      \
	"UNIQUE);"                                                             \
	"INSERT INTO person WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "       \
	"SELECT i + 1 FROM n WHERE i < 9) SELECT i, 'p' || i FROM n;"          \
	"CREATE TABLE page(id INTEGER PRIMARY KEY, name TEXT NOT NULL "        \
	"UNIQUE, data, body);"                                                 \
	"INSERT INTO page WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT "  \
	"i + 1 FROM n WHERE i < 5000) SELECT i, printf('page %04d', i), "      \
	"CASE i % 7 WHEN 0 THEN NULL WHEN 1 THEN i WHEN 2 THEN x'00' ELSE "    \
	"'{\"by\": ' || (1 + i % 9) || ', \"to\": [\"' || (1 + i % 4) || "     \
	"'\", 3]}' END, 'of @' || (1 + i % 5) || ' and @' || (1 + i % 3) "     \
	"FROM n;"
/* More ids in a block than a worker keeps, and a row that it does not copy. */
#define MANY                                                                   \
	"UPDATE page SET data = '{\"to\": [' || rtrim(replace(hex(zeroblob("   \
	"750)), '0', '1,'), ',') || ']}' WHERE id BETWEEN 2000 AND 2200;"      \
	"UPDATE page SET data = '{\"pad\": \"' || hex(zeroblob(50000)) || "    \
	"'\", \"by\": 2}' WHERE id = 3000;"

static const char *const words =
    "resources:\n"
    "  - resource: app\n"
    "    tables:\n"
    "      - {table: person, key: [mail]}\n"
    "      - {table: page, key: [name]}\n"
    "    references:\n"
    "      - {from: page.data, json: \"$.by\", to: person}\n"
    "      - {from: page.data, json: \"$.to[*]\", where: \"id % 5 > 0\","
    " to: person}\n"
    "      - {from: page.body, pattern: \"@(\\\\d+)\", to: person}\n";

/* What comes out, or why nothing does. */
static void
carry(const char *sql, unsigned workers, struct vl_buf *out)
{
	struct vl_err err = { 0 };
	struct site s;
	enum vl_status st = VL_OK;

	site_make(&s, sql);
	if (workers > 0)
		assert_int_equal(VL_OK, vl_pool_new(&s.pool, workers, &err));
	st = site_open(&s, words, false, &err);
	if (st == VL_OK)
		st = site_lines(&s, true, out, &err);
	if (st != VL_OK)
		vl_buf_clear(out);
	assert_int_equal(
	    VL_OK, vl_buf_printf(out, NULL, "%d %s", (int)st, err.text));
	site_close(&s);
	vl_pool_free(s.pool);
	site_free(&s);
}

static void
expect_the_same(const char *sql, const char *said)
{
	struct vl_buf alone = { 0 };
	struct vl_buf ahead = { 0 };
	unsigned workers = 0;

	carry(sql, 0, &alone);
	if (memmem(alone.p, alone.n, said, strlen(said)) == NULL)
		fail_msg("no '%s' in '%.200s'", said, (const char *)alone.p);
	for (workers = 1; workers <= 2; workers++) {
		vl_buf_clear(&ahead);
		carry(sql, workers, &ahead);
		assert_true(
		    vl_slice_equal(vl_buf_slice(&alone), vl_buf_slice(&ahead)));
	}
	vl_buf_free(&alone);
	vl_buf_free(&ahead);
}

static void
lines_are_the_same(void **state)
{
	(void)state;
	expect_the_same(ROWS, "[\"person\",[\"p9\"],\"number\"]");
}

static void
more_ids_than_are_kept_are_found(void **state)
{
	(void)state;
	expect_the_same(ROWS MANY, "[\"person\",[\"p1\"],\"number\"],\",\",[");
}

static void
the_first_row_that_is_wrong_is_told(void **state)
{
	(void)state;
	expect_the_same(ROWS
	    "UPDATE page SET body = '@77' WHERE id = 4700;"
	    "UPDATE page SET data = '{\"by\": 1' WHERE id = 4200;",
	    "row 4200");
	expect_the_same(ROWS
	    "UPDATE page SET body = '@77' WHERE id = 4100;"
	    "UPDATE page SET data = '{\"by\": 1' WHERE id = 4200;",
	    "row 4100");
}

static void
lines_of_a_profile_that_meet_are_told(void **state)
{
	(void)state;
	expect_the_same(ROWS "UPDATE page SET data = '{\"by\": 1, \"by\": 1}'"
	                     " WHERE id = 3999;",
	    "page 3999");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_the_same),
		cmocka_unit_test(more_ids_than_are_kept_are_found),
		cmocka_unit_test(the_first_row_that_is_wrong_is_told),
		cmocka_unit_test(lines_of_a_profile_that_meet_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
