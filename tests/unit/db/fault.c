/*
 * Every allocation and every call of the system fails once, those of SQLite
 * among them: nothing is half told, nothing is kept open, and the source is
 * as it was.
 */

#include "world.h"

#include "../sweep_system.h"

SWEEP(int, ftruncate, -1, (int fd, off_t n), (fd, n))

static struct world world;

static ssize_t
my_pread(int fd, void *p, size_t n, off_t at)
{
	return sweep_fails() ? -1 : __real_pread(fd, p, n, at);
}

static ssize_t
my_pwrite(int fd, const void *p, size_t n, off_t at)
{
	return sweep_fails() ? -1 : __real_pwrite(fd, p, n, at);
}

static int
my_open(const char *path, int flags, int mode)
{
	return sweep_fails() ? -1 : openat(AT_FDCWD, path, flags, mode);
}

static sqlite3_mem_methods memory;

static void *
my_malloc(int n)
{
	return sweep_fails() ? NULL : memory.xMalloc(n);
}

static void *
my_realloc(void *p, int n)
{
	return sweep_fails() ? NULL : memory.xRealloc(p, n);
}

static void
take_over(void)
{
	static const struct {
		const char *name;
		sqlite3_syscall_ptr call;
	} calls[] = { { "pread", (sqlite3_syscall_ptr)my_pread },
		{ "pread64", (sqlite3_syscall_ptr)my_pread },
		{ "pwrite", (sqlite3_syscall_ptr)my_pwrite },
		{ "pwrite64", (sqlite3_syscall_ptr)my_pwrite },
		{ "open", (sqlite3_syscall_ptr)my_open } };
	sqlite3_mem_methods mine;
	sqlite3_vfs *vfs = NULL;
	size_t i;

	assert_int_equal(
	    SQLITE_OK, sqlite3_config(SQLITE_CONFIG_GETMALLOC, &memory));
	mine = memory;
	mine.xMalloc = my_malloc;
	mine.xRealloc = my_realloc;
	assert_int_equal(
	    SQLITE_OK, sqlite3_config(SQLITE_CONFIG_MALLOC, &mine));
	vfs = sqlite3_vfs_find(NULL);
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		assert_int_equal(SQLITE_OK,
		    vfs->xSetSystemCall(vfs, calls[i].name, calls[i].call));
}

static int
next_descriptor(void)
{
	int fd = dup(0);

	assert_true(fd >= 0);
	(void)close(fd);
	return fd;
}

static enum vl_status
read_rows(struct vl_db *db, struct vl_err *err)
{
	static const char *const columns[] = { NULL, "v", "w" };
	static const char *const conditions[] = {
		"v IN (SELECT x FROM u) AND json_valid(w)"
	};
	const struct vl_scan_opts opts = { .table = "t",
		.columns = columns,
		.ncolumns = 3,
		.conditions = conditions,
		.nconditions = 1 };
	const struct vl_cell *cells = NULL;
	struct vl_scan *s = NULL;
	struct vl_buf version = { 0 };
	bool row = true;
	int n = 0;
	enum vl_status st = vl_scan_open(&s, db, &opts, err);

	while (st == VL_OK && row) {
		st = vl_scan_next(s, &cells, &row, err);
		n += st == VL_OK && row;
	}
	/* A row that is missing is worse than one that cannot be read. */
	if (st == VL_OK)
		assert_int_equal(12, n);
	vl_scan_free(s);
	if (st == VL_OK)
		st = vl_db_ask(db, "SELECT max(v) FROM t", &version, err);
	if (st == VL_OK)
		assert_int_equal('2', version.p[version.n - 1]);
	vl_buf_free(&version);
	return st;
}

static enum vl_status export(void *arg, struct vl_err *err) {
	struct world *w = arg; struct vl_db_opts opts = opts_of(w);
	    struct vl_db *db = NULL; int before = next_descriptor();
	    enum vl_status st = vl_db_open_copy(&db, &opts, err);

	    assert_true((st == VL_OK) == (db != NULL));
	    if (st == VL_OK){ assert_int_equal(2, vl_db_schema(db)->ntables);
		    st = read_rows(db, err);
}
vl_db_free(db);
assert_int_equal(before, next_descriptor());
/* Nothing here is wrong with the words of the profile. */
assert_int_not_equal(VL_EUSAGE, st);
/* The cause is the system's, not what SQLite makes of it. */
if (st == VL_EIO && strstr(err->text, "disk I/O error") != NULL)
	fail_msg("%s", err->text);
return st;
}

static void
a_fault_of_an_export_is_said_and_leaves_nothing(void **state)
{
	struct sweep_work work = { .arg = &world, .work = export };
	struct vl_buf before = { 0 };
	struct vl_buf after = { 0 };
	unsigned n = 0;

	(void)state;
	world_open(&world);
	make(world.path,
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT NOT NULL UNIQUE, w,"
	    " FOREIGN KEY (v) REFERENCES u(x)); CREATE TABLE u(x UNIQUE);"
	    "CREATE TRIGGER r AFTER INSERT ON u BEGIN SELECT 1; END;"
	    "WITH RECURSIVE r(n) AS (SELECT 10 UNION ALL SELECT n + 1 FROM r"
	    " LIMIT 10) INSERT INTO t(v, w)"
	    " SELECT n, printf('%03000d', n) FROM r;"
	    "INSERT INTO t(v, w) VALUES ('1', x'00'), ('2', 'x')");
	get_file(world.path, &before);
	/* A prime: in the end all kinds of operations are met. */
	sweep.step = 3;
	n = sweep_all(&work, EIO);
	assert_true(n > 200);
	get_file(world.path, &after);
	assert_int_equal(before.n, after.n);
	assert_memory_equal(before.p, after.p, after.n);
	vl_buf_free(&before);
	vl_buf_free(&after);
	world_close(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_fault_of_an_export_is_said_and_leaves_nothing),
	};

	take_over();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
