/* Before a commit: indexes that fit their tables, and rows that dangle, which
 * are the same whether they are looked for along indexes or not. */

#include "target.h"

struct open {
	struct world w;
	struct vl_dbs *d;
	struct vl_db *db;
};

static void
begin(struct open *o)
{
	o->d = open_some(&o->w, 1);
	o->db = vl_dbs_at(o->d, 0);
	good(vl_dbs_begin(o->d, &o->w.err), &o->w);
}

/* How many rows dangle; of a database in which all do, or none. */
static int
dangling(struct open *o)
{
	struct vl_scan *s = NULL;
	const struct vl_cell *cells = NULL;
	bool row = true;
	int n = -1;

	good(vl_db_dangling_open(&s, o->db, false, &o->w.err), &o->w);
	while (row) {
		n++;
		good(vl_scan_next(s, &cells, &row, &o->w.err), &o->w);
	}
	vl_scan_free(s);
	return n;
}

static void
dangles_alike(const char *sql, int want)
{
	struct open o;
	int before = 0;

	world_open(&o.w);
	make(o.w.path, sql);
	begin(&o);
	before = dangling(&o);
	if (want >= 0)
		assert_int_equal(want, before);
	good(vl_db_check_indexes(o.db, &o.w.err), &o.w);
	if (before != dangling(&o))
		fail_msg("%d before: %s", before, sql);
	vl_dbs_free(o.d);
	world_close(&o.w);
}

static void
rows_dangle_alike_along_indexes(void **state)
{
	static const char *const parents[] = { "INTEGER PRIMARY KEY",
		"TEXT PRIMARY KEY", "PRIMARY KEY",
		"TEXT COLLATE NOCASE PRIMARY KEY", "REAL UNIQUE" };
	static const char *const children[] = { "INTEGER", "TEXT", "",
		"TEXT COLLATE NOCASE" };
	static const char *const there[] = { "1", "'1'", "'a'" };
	static const char *const here[] = { "1", "'1'", "'01'", "'A'",
		"x'31'" };
	char sql[400];
	size_t i;

	(void)state;
	for (i = 0; i < 5 * 4 * 3 * 5; i++) {
		/* An id that is no number cannot be. */
		if (i % 5 == 0 && i / 20 % 3 == 2)
			continue;
		(void)snprintf(sql, sizeof(sql),
		    "CREATE TABLE p(a %s); CREATE TABLE c(a %s REFERENCES "
		    "p(a));"
		    "CREATE INDEX i ON c(a); INSERT INTO p VALUES (%s);"
		    "INSERT INTO c VALUES (%s)",
		    parents[i % 5], children[i / 5 % 4], there[i / 20 % 3],
		    here[i / 60]);
		dangles_alike(sql, -1);
	}
}

static void
keys_of_several_columns_dangle_alike(void **state)
{
#define PAIRS                                                                  \
	"CREATE TABLE p(a, b, UNIQUE(a, b));"                                  \
	"CREATE TABLE c(x, y, FOREIGN KEY(x, y) REFERENCES p(a, b));"          \
	"INSERT INTO p VALUES (1, 2), (NULL, 3), (1, NULL);"                   \
	"INSERT INTO c VALUES (1, 2), (NULL, 9), (9, NULL)"
	(void)state;
	dangles_alike(PAIRS, 0);
	dangles_alike(PAIRS ", (2, 1)", 1);
	dangles_alike("CREATE TABLE t(id INTEGER PRIMARY KEY,"
	              " up INTEGER REFERENCES t);"
	              "INSERT INTO t VALUES (1, NULL), (2, 1), (3, 3), (4, 9)",
	    1);
	/* The table that is referred to is not there. */
	dangles_alike(
	    "CREATE TABLE t(a REFERENCES gone); INSERT INTO t VALUES (NULL)",
	    0);
	dangles_alike(
	    "CREATE TABLE t(a REFERENCES gone); INSERT INTO t VALUES (1)", 1);
}

/* Half an index would hide half of the rows. */
static void
a_partial_index_hides_no_row_that_dangles(void **state)
{
	(void)state;
	dangles_alike("CREATE TABLE p(a INTEGER PRIMARY KEY);"
	              "CREATE TABLE c(a INTEGER REFERENCES p, b);"
	              "CREATE INDEX i ON c(a) WHERE b = 1;"
	              "INSERT INTO c VALUES (7, 2)",
	    1);
}

/* `i` has what is in `id`, and says it had what is in `v`. */
#define MISLEADING                                                             \
	"CREATE TABLE t(id INTEGER PRIMARY KEY, v REFERENCES t);"              \
	"CREATE INDEX i ON t(id); INSERT INTO t VALUES (1, NULL), (2, 9);"     \
	"PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql ="            \
	" 'CREATE INDEX i ON t(v)' WHERE name = 'i'"

static void
an_index_that_does_not_fit_its_table_is_found_and_not_followed(void **state)
{
	struct open o;

	(void)state;
	world_open(&o.w);
	make(o.w.path, MISLEADING);
	begin(&o);
	assert_int_equal(1, dangling(&o));
	bad(vl_db_check_indexes(o.db, &o.w.err), VL_EFORMAT, &o.w,
	    "does REINDEX of sqlite3 mend it");
	assert_non_null(strstr(o.w.err.text, "index i"));
	assert_int_equal(1, dangling(&o));
	vl_dbs_free(o.d);
	world_close(&o.w);
}

static void
what_was_written_since_is_not_taken_for_checked(void **state)
{
	static const char *const columns[] = { "a" };
	const struct vl_write_opts opts = { .kind = VL_WRITE_INSERT,
		.table = "c",
		.columns = columns,
		.ncolumns = 1 };
	const struct vl_cell cell = { .type = VL_CELL_INT, .integer = 5 };
	struct vl_write *write = NULL;
	struct open o;

	(void)state;
	world_open(&o.w);
	make(o.w.path,
	    "CREATE TABLE p(a INTEGER PRIMARY KEY);"
	    "CREATE TABLE c(a REFERENCES p DEFERRABLE INITIALLY DEFERRED);");
	begin(&o);
	good(vl_db_check_indexes(o.db, &o.w.err), &o.w);
	assert_int_equal(0, dangling(&o));
	good(vl_write_open(&write, o.db, &opts, &o.w.err), &o.w);
	good(vl_write_run(write, &cell, &o.w.err), &o.w);
	vl_write_free(write);
	assert_int_equal(1, dangling(&o));
	vl_dbs_free(o.d);
	world_close(&o.w);
}

static int
backwards(void *arg, int na, const void *a, int nb, const void *b)
{
	(void)arg;
	return -memcmp(a, b, (size_t)(na < nb ? na : nb));
}

/* Rows that lack what the schema asks of them, and a table that nobody but the
 * application can write, are here as they were. */
static void
what_only_the_application_knows_is_no_damage(void **state)
{
	struct open o;
	sqlite3 *app = NULL;

	(void)state;
	world_open(&o.w);
	app = app_open(o.w.path);
	assert_int_equal(SQLITE_OK,
	    sqlite3_create_collation(app, "own", SQLITE_UTF8, NULL, backwards));
	app_run(app,
	    "CREATE TABLE k(v TEXT COLLATE own UNIQUE);"
	    "INSERT INTO k VALUES ('a'), ('b'); CREATE TABLE t(v CHECK(v > 0));"
	    "CREATE INDEX i ON t(v); PRAGMA ignore_check_constraints=ON;"
	    "INSERT INTO t VALUES (-1)");
	app_close(app);
	begin(&o);
	good(vl_db_check_indexes(o.db, &o.w.err), &o.w);
	vl_dbs_free(o.d);
	app = app_open(o.w.path);
	app_run(app,
	    "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql ="
	    " 'CREATE INDEX i ON t(1)' WHERE name = 'i'");
	app_close(app);
	begin(&o);
	bad(vl_db_check_indexes(o.db, &o.w.err), VL_EFORMAT, &o.w, "index i");
	vl_dbs_free(o.d);
	world_close(&o.w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_dangle_alike_along_indexes),
		cmocka_unit_test(keys_of_several_columns_dangle_alike),
		cmocka_unit_test(a_partial_index_hides_no_row_that_dangles),
		cmocka_unit_test(
		    an_index_that_does_not_fit_its_table_is_found_and_not_followed),
		cmocka_unit_test(
		    what_was_written_since_is_not_taken_for_checked),
		cmocka_unit_test(what_only_the_application_knows_is_no_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
