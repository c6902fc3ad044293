/*
 * Pages of a copy that are checked by a worker while its rows are read.
 */

#include "world.h"

#include <sys/resource.h>

#define PAGE  512
#define DEPTH 16

static struct vl_pool *pool;

static void
put_be(uint8_t *p, uint32_t n, size_t bytes)
{
	for (; bytes > 0; n >>= 8)
		p[--bytes] = (uint8_t)n;
}

static struct vl_db *
opened(struct world *w)
{
	struct vl_db_opts opts = opts_of(w);
	struct vl_db *db = NULL;

	opts.pool = pool;
	memset(&w->err, 0, sizeof(w->err));
	(void)vl_db_open_copy(&db, &opts, &w->err);
	return db;
}

/* All rows; how many there were. */
static enum vl_status
read_all(struct vl_db *db, struct vl_pool *ahead, size_t *n, struct vl_err *err)
{
	static const char *const columns[] = { "id", "v" };
	const struct vl_scan_opts opts = {
		.table = "t", .columns = columns, .ncolumns = 2, .pool = ahead
	};
	const struct vl_cell *cells = NULL;
	struct vl_scan *s = NULL;
	bool row = true;
	enum vl_status st = vl_scan_open(&s, db, &opts, err);

	*n = 0;
	while (st == VL_OK && row) {
		st = vl_scan_next(s, &cells, &row, err);
		*n += st == VL_OK && row;
	}
	vl_scan_free(s);
	return st;
}

static void
make_table(struct world *w, unsigned rows)
{
	char sql[512];

	(void)snprintf(sql, sizeof(sql),
	    "PRAGMA page_size=%d; CREATE TABLE t(id INTEGER PRIMARY KEY, v);"
	    "CREATE INDEX tv ON t(v);"
	    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r"
	    " LIMIT %u) INSERT INTO t(v) SELECT printf('%%060d', n) FROM r;",
	    PAGE, rows);
	make(w->path, sql);
}

static void
rows_are_read_while_pages_are_checked(void **state)
{
	struct world w;
	struct vl_db *db = NULL;
	size_t n = 0;

	(void)state;
	world_open(&w);
	make_table(&w, 5000);
	db = opened(&w);
	assert_non_null(db);
	assert_int_equal(VL_OK, read_all(db, NULL, &n, &w.err));
	assert_int_equal(5000, n);
	assert_int_equal(VL_OK, read_all(db, pool, &n, &w.err));
	assert_int_equal(5000, n);
	assert_int_equal(VL_OK, vl_db_checked(db, &w.err));
	/* Whoever asks again is told the same. */
	assert_int_equal(VL_OK, vl_db_checked(db, &w.err));
	vl_db_free(db);
	world_close(&w);
}

static void
each_damaged_page_is_told_when_it_is_asked_for(void **state)
{
	struct vl_buf bytes = { 0 };
	struct world w;
	struct vl_db *db = NULL;
	size_t late = 0;
	size_t at = 0;
	size_t n = 0;

	(void)state;
	world_open(&w);
	make_table(&w, 100);
	get_file(w.path, &bytes);
	for (at = PAGE; at + PAGE <= bytes.n; at += PAGE) {
		bytes.p[at] ^= 0x55;
		bytes.p[at + 4] ^= 0x55;
		put_file(w.path, bytes.p, bytes.n);
		bytes.p[at] ^= 0x55;
		bytes.p[at + 4] ^= 0x55;
		db = opened(&w);
		if (db != NULL) {
			late++;
			(void)read_all(
			    db, at % 2 == 0 ? pool : NULL, &n, &w.err);
			memset(&w.err, 0, sizeof(w.err));
			assert_int_equal(VL_EFORMAT, vl_db_checked(db, &w.err));
		}
		assert_int_equal(VL_EFORMAT, w.err.status);
		assert_non_null(strstr(w.err.text, "is damaged"));
		vl_db_free(db);
	}
	assert_true(late > 20);
	vl_buf_free(&bytes);
	world_close(&w);
}

/* Pages in a row, of which each points to the next one from every cell: more
 * rows than anybody can read. */
static void
make_maze(struct vl_buf *bytes, size_t root)
{
	uint8_t *page = NULL;
	size_t cells = (PAGE - 12) / 7;
	size_t i = 0;
	size_t k = 0;

	assert_int_equal(
	    VL_OK, vl_buf_reserve(bytes, DEPTH * PAGE, &(struct vl_err){ 0 }));
	for (i = 0; i < DEPTH; i++) {
		page = bytes->p + (i == 0 ? (root - 1) * PAGE : bytes->n);
		memset(page, 0, PAGE);
		if (i > 0)
			bytes->n += PAGE;
		page[0] = i + 1 < DEPTH ? 0x05 : 0x0d;
		if (i + 1 == DEPTH) {
			/* One row: 3 bytes, id 1, two NULL. */
			put_be(page + 3, 1, 2);
			put_be(page + 5, PAGE - 5, 2);
			put_be(page + 8, PAGE - 5, 2);
			memcpy(page + PAGE - 5, "\x03\x01\x03\x00\x00", 5);
			continue;
		}
		put_be(page + 3, (uint32_t)cells, 2);
		put_be(page + 5, (uint32_t)(PAGE - cells * 5), 2);
		put_be(page + 8, (uint32_t)(bytes->n / PAGE + 1), 4);
		for (k = 0; k < cells; k++) {
			put_be(page + 12 + 2 * k,
			    (uint32_t)(PAGE - (k + 1) * 5), 2);
			put_be(page + PAGE - (k + 1) * 5,
			    (uint32_t)(bytes->n / PAGE + 1), 4);
			page[PAGE - (k + 1) * 5 + 4] = 1;
		}
	}
	put_be(bytes->p + 28, (uint32_t)(bytes->n / PAGE), 4);
}

static void
a_reader_in_a_maze_is_called_back(void **state)
{
	struct vl_buf bytes = { 0 };
	struct world w;
	struct vl_db *db = NULL;
	size_t n = 0;

	(void)state;
	world_open(&w);
	make_table(&w, 2);
	get_file(w.path, &bytes);
	make_maze(&bytes,
	    (size_t)number(
	        w.path, "SELECT rootpage FROM sqlite_schema WHERE name = 't'"));
	put_file(w.path, bytes.p, bytes.n);
	db = opened(&w);
	assert_non_null(db);
	assert_int_not_equal(VL_OK, read_all(db, pool, &n, &w.err));
	assert_true(n > 10);
	assert_int_equal(VL_EFORMAT, vl_db_checked(db, &w.err));
	assert_non_null(strstr(w.err.text, "is damaged"));
	vl_db_free(db);
	vl_buf_free(&bytes);
	world_close(&w);
}

static bool
at_once(void *arg)
{
	(void)arg;
	return true;
}

static void
a_check_that_nobody_waits_for_ends(void **state)
{
	struct vl_db_opts opts;
	struct world w;
	struct vl_db *db = NULL;
	size_t i = 0;

	(void)state;
	world_open(&w);
	make_table(&w, 20000);
	for (i = 0; i < 5; i++)
		vl_db_free(opened(&w));
	opts = opts_of(&w);
	opts.pool = pool;
	opts.stop = at_once;
	assert_int_equal(VL_ESIGNAL, vl_db_open_copy(&db, &opts, &w.err));
	assert_null(db);
	world_close(&w);
}

/* Of what a worker writes, too. */
static void
a_copy_that_cannot_be_written_is_told(void **state)
{
	struct rlimit old;
	struct rlimit little;
	struct world w;
	struct vl_db *db = NULL;

	(void)state;
	world_open(&w);
	make_table(&w, 20000);
	assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &old));
	little = old;
	little.rlim_cur = 1u << 20;
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &little));
	db = opened(&w);
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &old));
	assert_true(signal(SIGXFSZ, SIG_DFL) != SIG_ERR);
	assert_null(db);
	assert_int_equal(VL_EIO, w.err.status);
	assert_non_null(strstr(w.err.text, "File too large"));
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_read_while_pages_are_checked),
		cmocka_unit_test(
		    each_damaged_page_is_told_when_it_is_asked_for),
		cmocka_unit_test(a_reader_in_a_maze_is_called_back),
		cmocka_unit_test(a_check_that_nobody_waits_for_ends),
		cmocka_unit_test(a_copy_that_cannot_be_written_is_told),
	};
	int failed = 0;

	if (vl_pool_new(&pool, 2, &(struct vl_err){ 0 }) != VL_OK)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	vl_pool_free(pool);
	return failed;
}
