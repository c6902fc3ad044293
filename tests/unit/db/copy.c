/* A private copy: of what, while what happens, and what is no database. */

#include <dirent.h>
#include <sys/resource.h>

#include "world.h"

static const char plain[] =
    "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT);"
    "INSERT INTO t(v) VALUES ('one'), ('two'), ('three')";

static int64_t
rows_of(struct vl_db *db, const char *table)
{
	const char *const columns[] = { NULL };
	const struct vl_scan_opts opts = {
		.table = table, .columns = columns, .ncolumns = 1
	};
	const struct vl_cell *cells = NULL;
	struct vl_scan *s = NULL;
	struct vl_err err = { 0 };
	bool row = true;
	int64_t n = -1;

	if (vl_scan_open(&s, db, &opts, &err) != VL_OK)
		fail_msg("%s", err.text);
	while (row) {
		assert_int_equal(VL_OK, vl_scan_next(s, &cells, &row, &err));
		n++;
	}
	vl_scan_free(s);
	return n;
}

/* Descriptors of this process that lead to `part` of a path. */
static int
open_descriptors(const char *part, char *shown, size_t size)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *e = NULL;
	char link[512];
	ssize_t got = 0;
	int n = 0;

	assert_non_null(dir);
	while ((e = readdir(dir)) != NULL) {
		got = readlinkat(dirfd(dir), e->d_name, link, sizeof(link) - 1);
		if (got <= 0)
			continue;
		link[got] = '\0';
		if (strstr(link, part) == NULL)
			continue;
		n++;
		(void)snprintf(shown, size, "%s", link);
	}
	(void)closedir(dir);
	return n;
}

static int
names_in(const char *path)
{
	DIR *dir = opendir(path);
	int n = -2;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	(void)closedir(dir);
	return n;
}

static void
copies_in_both_modes_and_leaves_the_source_as_it_was(void **state)
{
	static const char *const modes[] = { "PRAGMA journal_mode=DELETE",
		"PRAGMA journal_mode=WAL" };
	struct vl_buf before = { 0 };
	struct vl_buf after = { 0 };
	struct world w;
	struct vl_db *db = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		world_open(&w);
		make(w.path, modes[i]);
		make(w.path, plain);
		get_file(w.path, &before);
		db = copy_of(&w);
		assert_int_equal(3, rows_of(db, "t"));
		get_file(w.path, &after);
		assert_int_equal(before.n, after.n);
		assert_memory_equal(before.p, after.p, after.n);
		/* Nothing that WAL mode makes is left behind either. */
		assert_int_equal(1, names_in(w.dir));
		vl_db_free(db);
		world_close(&w);
	}
	vl_buf_free(&before);
	vl_buf_free(&after);
}

static void
the_copy_has_no_name_and_lies_in_tempdir(void **state)
{
	struct world w;
	char shown[512];
	struct vl_db *db = NULL;

	(void)state;
	world_open(&w);
	make(w.path, plain);
	make(w.path,
	    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r"
	    " LIMIT 20000) INSERT INTO t(v)"
	    " SELECT printf('%0500d', n) FROM r");
	db = copy_of(&w);
	assert_int_equal(1, open_descriptors(w.dir, shown, sizeof(shown)));
	assert_non_null(strstr(shown, "(deleted)"));
	assert_int_equal(20003, rows_of(db, "t"));
	vl_db_free(db);
	assert_int_equal(0, open_descriptors(w.dir, shown, sizeof(shown)));
	world_close(&w);
}

static void
the_locks_of_an_application_in_this_process_stay(void **state)
{
	struct world w;
	sqlite3 *app = NULL;
	struct vl_db *db = NULL;

	(void)state;
	world_open(&w);
	make(w.path, plain);
	app = app_open(w.path);
	app_run(app, "BEGIN IMMEDIATE");
	db = copy_of(&w);
	vl_db_free(db);
	assert_true(write_locked(w.path));
	app_run(app, "COMMIT");
	app_close(app);
	world_close(&w);
}

static void
what_is_in_the_log_alone_is_in_the_copy(void **state)
{
	struct vl_buf log = { 0 };
	struct vl_buf after = { 0 };
	struct world w;
	char name[200];
	sqlite3 *app = NULL;
	struct vl_db *db = NULL;

	(void)state;
	world_open(&w);
	make(w.path, "PRAGMA journal_mode=WAL");
	app = app_open(w.path);
	app_run(app, plain);
	(void)snprintf(name, sizeof(name), "%s-wal", w.path);
	get_file(name, &log);
	assert_true(log.n > 0);
	db = copy_of(&w);
	assert_int_equal(3, rows_of(db, "t"));
	vl_db_free(db);
	get_file(name, &after);
	assert_int_equal(log.n, after.n);
	app_close(app);
	world_close(&w);
	vl_buf_free(&log);
	vl_buf_free(&after);
}

/* A child that is killed while `text` is not committed. */
static void
die_within(const char *path, const char *text)
{
	pid_t child = fork();
	int status = 0;

	assert_true(child >= 0);
	if (child == 0) {
		sqlite3 *sql = NULL;

		(void)sqlite3_open(path, &sql);
		(void)sqlite3_exec(sql, text, NULL, NULL, NULL);
		(void)kill(getpid(), SIGKILL);
	}
	assert_int_equal(child, waitpid(child, &status, 0));
	assert_true(WIFSIGNALED(status));
}

static const char half[] = "PRAGMA cache_size=1; BEGIN;"
                           "UPDATE t SET v = zeroblob(20000);"
                           "INSERT INTO t(v) VALUES (zeroblob(200000))";

static void
a_hot_journal_is_rolled_back_first(void **state)
{
	struct world w;
	char name[200];
	struct vl_db *db = NULL;

	(void)state;
	world_open(&w);
	make(w.path, plain);
	die_within(w.path, half);
	(void)snprintf(name, sizeof(name), "%s-journal", w.path);
	assert_int_equal(0, access(name, F_OK));
	db = copy_of(&w);
	assert_int_equal(3, rows_of(db, "t"));
	vl_db_free(db);
	assert_int_equal(
	    3, number(w.path, "SELECT count(*) FROM t WHERE length(v) < 9"));
	world_close(&w);
}

static void
a_log_that_was_cut_off_is_read_and_kept(void **state)
{
	struct world w;
	char name[200];
	struct vl_db *db = NULL;

	(void)state;
	world_open(&w);
	make(w.path, "PRAGMA journal_mode=WAL");
	make(w.path, plain);
	die_within(w.path, "INSERT INTO t(v) VALUES ('four')");
	(void)snprintf(name, sizeof(name), "%s-wal", w.path);
	db = copy_of(&w);
	assert_int_equal(4, rows_of(db, "t"));
	vl_db_free(db);
	assert_int_equal(0, access(name, F_OK));
	assert_int_equal(4, number(w.path, "SELECT count(*) FROM t"));
	world_close(&w);
}

/* Two rows that always say the same, written until this is killed. */
static pid_t
start_writer(const char *path)
{
	pid_t child = fork();
	char text[200];
	unsigned n;

	assert_true(child >= 0);
	if (child != 0)
		return child;
	for (n = 0;; n++) {
		sqlite3 *sql = NULL;

		(void)sqlite3_open(path, &sql);
		(void)sqlite3_busy_timeout(sql, 20000);
		(void)snprintf(text, sizeof(text),
		    "PRAGMA synchronous=OFF; UPDATE t SET v = 'w%u' WHERE id "
		    "IN (1,"
		    " (SELECT max(id) FROM t))",
		    n);
		if (sqlite3_exec(sql, text, NULL, NULL, NULL) != SQLITE_OK)
			_exit(1);
		(void)sqlite3_close(sql);
	}
}

static void
copies_while_another_process_writes(void **state)
{
	static const char *const modes[] = { "PRAGMA journal_mode=DELETE",
		"PRAGMA journal_mode=WAL" };
	struct vl_buf told = { 0 };
	struct world w;
	struct vl_db_opts opts;
	struct vl_db *db = NULL;
	pid_t writer = 0;
	int status = 0;
	size_t i;
	int n;

	(void)state;
	for (i = 0; i < 2; i++) {
		world_open(&w);
		make(w.path, modes[i]);
		make(w.path, plain);
		make(w.path,
		    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL"
		    " SELECT n + 1 FROM r LIMIT 9000) INSERT INTO t(v)"
		    " SELECT printf('%02000d', n) FROM r;"
		    "UPDATE t SET v = 'w' WHERE id = 1;"
		    "INSERT INTO t(v) VALUES ('w')");
		writer = start_writer(w.path);
		opts = opts_of(&w);
		opts.wait = 20;
		for (n = 0; n < 4; n++) {
			if (vl_db_open_copy(&db, &opts, &w.err) != VL_OK)
				fail_msg("%s", w.err.text);
			vl_buf_clear(&told);
			assert_int_equal(VL_OK,
			    vl_db_ask(db,
			        "SELECT count(DISTINCT v) FROM t WHERE id IN"
			        " (1, (SELECT max(id) FROM t))",
			        &told, &w.err));
			assert_int_equal(1, told.n);
			assert_int_equal('1', told.p[0]);
			vl_db_free(db);
		}
		assert_int_equal(0, waitpid(writer, &status, WNOHANG));
		(void)kill(writer, SIGKILL);
		(void)waitpid(writer, &status, 0);
		world_close(&w);
	}
	vl_buf_free(&told);
}

static void
a_lock_beyond_the_wait_is_temporary_and_said(void **state)
{
	struct world w;
	sqlite3 *app = NULL;

	(void)state;
	world_open(&w);
	make(w.path, plain);
	app = app_open(w.path);
	app_run(app, "BEGIN EXCLUSIVE");
	refused(&w, VL_ETEMP, "is locked by another program; stop the");
	assert_non_null(strstr(w.err.text, w.path));
	app_run(app, "COMMIT");
	app_close(app);
	world_close(&w);
}

static void
refuses_what_is_no_database(void **state)
{
	static const char text[] = "Dear Ada,\nthis is a letter.\n";
	uint8_t noise[8192];
	struct world w;
	size_t i;

	(void)state;
	world_open(&w);
	refused(&w, VL_EUSAGE, "is not there");
	put_file(w.path, "", 0);
	refused(&w, VL_EUSAGE, "is empty");
	put_file(w.path, text, sizeof(text) - 1);
	refused(&w, VL_EUSAGE, "it is no SQLite database, or it is encrypted");
	for (i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)((i * 2654435761u) >> 13);
	put_file(w.path, noise, sizeof(noise));
	refused(&w, VL_EUSAGE, "it is no SQLite database, or it is encrypted");
	assert_int_equal(0, unlink(w.path));
	assert_int_equal(0, mkdir(w.path, 0700));
	refused(&w, VL_EUSAGE, "is no file");
	assert_int_equal(0, rmdir(w.path));
	assert_int_equal(0, mkfifo(w.path, 0600));
	refused(&w, VL_EUSAGE, "is no file");
	assert_int_equal(0, unlink(w.path));
	assert_int_equal(0, symlink("away", w.path));
	refused(&w, VL_EUSAGE, "is not there");
	world_close(&w);
}

/* A database of some pages, with an index, as bytes. */
static void
make_victim(struct world *w, struct vl_buf *bytes)
{
	make(w->path,
	    "PRAGMA page_size=1024;"
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT);"
	    "CREATE TABLE u(a TEXT PRIMARY KEY, b) WITHOUT ROWID;"
	    "CREATE INDEX tv ON t(v);"
	    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r"
	    " LIMIT 300) INSERT INTO t(v) SELECT printf('%060d', n) FROM r;"
	    "INSERT INTO u SELECT v, id FROM t");
	get_file(w->path, bytes);
}

static void
damaged_pages_are_refused_before_a_row_is_read(void **state)
{
	struct vl_buf bytes = { 0 };
	struct world w;
	size_t page;
	size_t found = 0;
	size_t pages = 0;

	(void)state;
	world_open(&w);
	make_victim(&w, &bytes);
	pages = bytes.n / 1024;
	for (page = 1; page < pages; page++) {
		/* Type of the page, and how many cells it has. */
		bytes.p[page * 1024] ^= 0x55;
		bytes.p[page * 1024 + 4] ^= 0x55;
		put_file(w.path, bytes.p, bytes.n);
		refused(&w, VL_EFORMAT, "is damaged");
		found++;
		bytes.p[page * 1024] ^= 0x55;
		bytes.p[page * 1024 + 4] ^= 0x55;
	}
	assert_true(found > 40);
	world_close(&w);
	vl_buf_free(&bytes);
}

static void
a_damaged_schema_is_refused(void **state)
{
	struct vl_buf bytes = { 0 };
	struct world w;
	uint8_t *word = NULL;

	(void)state;
	world_open(&w);
	make_victim(&w, &bytes);
	word = memmem(bytes.p, 1024, "CREATE TABLE t", 14);
	assert_non_null(word);
	memcpy(word, "CREATE TABEL t", 14);
	put_file(w.path, bytes.p, bytes.n);
	refused(&w, VL_EFORMAT, "malformed");
	world_close(&w);
	vl_buf_free(&bytes);
}

static void
every_truncation_to_pages_is_refused(void **state)
{
	struct vl_buf bytes = { 0 };
	struct world w;
	size_t n;

	(void)state;
	world_open(&w);
	make_victim(&w, &bytes);
	for (n = 1024; n < bytes.n; n += 1024) {
		put_file(w.path, bytes.p, n);
		refused(&w, VL_EFORMAT, "is damaged");
	}
	/* And in the middle of a page, or of the header. */
	put_file(w.path, bytes.p, bytes.n - 500);
	refused(&w, VL_EFORMAT, "is damaged");
	put_file(w.path, bytes.p, 50);
	refused(&w, VL_EFORMAT, "is damaged");
	world_close(&w);
	vl_buf_free(&bytes);
}

/*
 * quick_check of 3.40 says so also of rows of a table without rowids whose
 * key is not in the order of its columns, where nothing is wrong.
 */
static void
a_null_where_none_may_be_is_no_damage_of_pages(void **state)
{
	struct world w;
	struct vl_db *db = NULL;

	(void)state;
	world_open(&w);
	make(w.path,
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT);"
	    "INSERT INTO t(v) VALUES (NULL);"
	    "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql ="
	    " 'CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT NOT NULL)'");
	db = copy_of(&w);
	assert_int_equal(1, rows_of(db, "t"));
	vl_db_free(db);
	db = made(&w,
	    "CREATE TABLE t(v, k TEXT, j, PRIMARY KEY (j, k)) WITHOUT ROWID;"
	    "INSERT INTO t VALUES (3, 'B', 2)");
	vl_db_free(db);
	world_close(&w);
}

/* As somebody who may read the file, and write neither it nor beside it. */
static void
reader_is_told(struct world *w, const char *why)
{
	struct vl_db_opts opts = { .path = w->path, .tempdir = "/var/tmp" };
	struct vl_db *db = NULL;
	struct vl_err err = { 0 };
	pid_t child = fork();
	int status = 0;

	assert_true(child >= 0);
	if (child == 0) {
		if (setresuid(65534, 65534, 65534) != 0)
			_exit(2);
		status = (int)vl_db_open_copy(&db, &opts, &err);
		if (status != VL_EIO || strstr(err.text, why) == NULL) {
			print_message("%d: %s\n", status, err.text);
			_exit(1);
		}
		_exit(0);
	}
	assert_int_equal(child, waitpid(child, &status, 0));
	assert_int_equal(0, status);
}

static void
who_may_only_read_is_told_what_a_database_needs(void **state)
{
	struct world w;

	(void)state;
	if (geteuid() != 0)
		skip();
	world_open(&w);
	assert_int_equal(0, chmod(w.dir, 0755));
	make(w.path, plain);
	die_within(w.path, half);
	assert_int_equal(0, chmod(w.path, 0644));
	reader_is_told(&w, "start the application once");
	assert_int_equal(3, number(w.path, "SELECT count(*) FROM t"));
	make(w.path, "PRAGMA journal_mode=WAL");
	reader_is_told(&w, "WAL mode");
	assert_int_equal(0, chmod(w.path, 0600));
	reader_is_told(&w, "Permission denied");
	world_close(&w);
}

static void
a_copy_that_finds_no_room_is_said_with_where(void **state)
{
	const struct rlimit most = { 1 << 20, 1 << 20 };
	struct world w;
	struct vl_db_opts opts;
	struct vl_db *db = NULL;
	pid_t child = 0;
	int status = 0;

	(void)state;
	world_open(&w);
	make(w.path, plain);
	make(w.path, "INSERT INTO t(v) VALUES (zeroblob(9000000))");
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)signal(SIGXFSZ, SIG_IGN);
		(void)setrlimit(RLIMIT_FSIZE, &most);
		opts = opts_of(&w);
		status = (int)vl_db_open_copy(&db, &opts, &w.err);
		if (status == VL_EIO && strstr(w.err.text, "' to '") != NULL &&
		    strstr(w.err.text, "File too large") != NULL)
			_exit(0);
		print_message("%d: %s\n", status, w.err.text);
		_exit(1);
	}
	assert_int_equal(child, waitpid(child, &status, 0));
	assert_int_equal(0, status);
	world_close(&w);
}

static bool
always(void *arg)
{
	++*(int *)arg;
	return true;
}

static void
stops_when_asked_to(void **state)
{
	struct world w;
	struct vl_db_opts opts;
	struct vl_db *db = NULL;
	int asked = 0;

	(void)state;
	world_open(&w);
	make(w.path, plain);
	make(w.path,
	    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r"
	    " LIMIT 9000) INSERT INTO t(v) SELECT printf('%02000d', n)"
	    " FROM r");
	opts = opts_of(&w);
	opts.stop = always;
	opts.arg = &asked;
	assert_int_equal(VL_ESIGNAL, vl_db_open_copy(&db, &opts, &w.err));
	assert_null(db);
	assert_true(asked > 0);
	world_close(&w);
}

static void
stops_while_it_waits_for_a_lock(void **state)
{
	struct world w;
	struct vl_db_opts opts;
	struct vl_db *db = NULL;
	sqlite3 *app = NULL;
	int asked = 0;

	(void)state;
	world_open(&w);
	make(w.path, plain);
	app = app_open(w.path);
	app_run(app, "BEGIN EXCLUSIVE");
	opts = opts_of(&w);
	opts.wait = 3600;
	opts.stop = always;
	opts.arg = &asked;
	assert_int_equal(VL_ESIGNAL, vl_db_open_copy(&db, &opts, &w.err));
	assert_non_null(strstr(w.err.text, "stopped: nothing was changed"));
	app_close(app);
	world_close(&w);
}

struct writer {
	const char *path;
	int writes; /* that it makes */
	int done;
	int refused;
	sqlite3 *app; /* while it is kept open */
};

/* An application that writes between two steps of a copy. */
static bool
write_once_more(void *arg)
{
	struct writer *writer = arg;
	sqlite3 *app = NULL;
	int rc = SQLITE_OK;

	if (writer->done == writer->writes)
		return false;
	assert_int_equal(SQLITE_OK, sqlite3_open(writer->path, &app));
	rc = sqlite3_exec(
	    app, "UPDATE t SET v = v || '!' WHERE id = 1", NULL, NULL, NULL);
	assert_true(rc == SQLITE_OK || rc == SQLITE_BUSY);
	writer->done += rc == SQLITE_OK;
	writer->refused += rc == SQLITE_BUSY;
	assert_int_equal(SQLITE_OK, sqlite3_close(app));
	return false;
}

static void
take_note(void *arg, const char *text)
{
	char *told = arg;

	assert_int_equal('\0', told[0]); /* once */
	(void)snprintf(told, 256, "%s", text);
}

static void
says_how_often_a_writer_made_it_begin_anew_and_whether_it_kept_the_lock(
    void **state)
{
	static const char *const said[] = { "",
		"an application writes to it: its copy began anew 1 time",
		"an application writes to it: its copy began anew 2 times",
		"an application writes to it: its copy began anew 3 times, and "
		"then kept the lock until it was whole; writers waited" };
	struct world w;
	struct writer writer;
	struct vl_db_opts opts;
	struct vl_db *db = NULL;
	char told[256];
	int writes;

	(void)state;
	for (writes = 0; writes < 7; writes++) {
		world_open(&w);
		make(w.path, "PRAGMA page_size=512; CREATE TABLE none(a)");
		make(w.path, plain);
		make(w.path, "INSERT INTO t(v) VALUES (zeroblob(9000000))");
		writer = (struct writer){ .path = w.path, .writes = writes };
		opts = opts_of(&w);
		opts.stop = write_once_more;
		opts.arg = &writer;
		opts.report = (struct vl_db_report){ told, take_note };
		told[0] = '\0';
		assert_int_equal(VL_OK, vl_db_open_copy(&db, &opts, &w.err));
		assert_string_equal(said[writes < 3 ? writes : 3], told);
		assert_int_equal(writes < 3 ? writes : 3, writer.done);
		assert_int_equal(writes > 3, writer.refused > 0);
		vl_db_free(db);
		world_close(&w);
	}
}

/* Between the first two steps; from then on its log holds what is new. */
static bool
switch_to_wal(void *arg)
{
	struct writer *writer = arg;

	if (writer->app != NULL)
		return false;
	assert_int_equal(SQLITE_OK, sqlite3_open(writer->path, &writer->app));
	assert_int_equal(SQLITE_OK,
	    sqlite3_exec(writer->app,
	        "PRAGMA journal_mode=WAL; INSERT INTO t(v) VALUES ('new')",
	        NULL, NULL, NULL));
	return false;
}

static void
an_application_may_change_to_wal_mode_meanwhile(void **state)
{
	struct world w;
	struct writer writer = { 0 };
	struct vl_db_opts opts;
	struct vl_db *db = NULL;

	(void)state;
	world_open(&w);
	make(w.path, plain);
	make(w.path, "INSERT INTO t(v) VALUES (zeroblob(9000000))");
	writer.path = w.path;
	opts = opts_of(&w);
	opts.stop = switch_to_wal;
	opts.arg = &writer;
	assert_int_equal(VL_OK, vl_db_open_copy(&db, &opts, &w.err));
	assert_int_equal(5, rows_of(db, "t"));
	vl_db_free(db);
	assert_int_equal(SQLITE_OK, sqlite3_close(writer.app));
	world_close(&w);
}

static void
put_copy(const char *path, const char *suffix, const char *to)
{
	struct vl_buf bytes = { 0 };
	struct vl_err err = { 0 };
	char from[512];
	int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	(void)snprintf(from, sizeof(from), "%s%s", path, suffix);
	assert_true(fd >= 0);
	assert_int_equal(
	    VL_OK, vl_read_file(AT_FDCWD, from, 1u << 20, &bytes, &err));
	assert_int_equal(VL_OK, vl_write_all(fd, vl_buf_slice(&bytes), &err));
	assert_int_equal(0, close(fd));
	vl_buf_free(&bytes);
}

/* As somebody leaves it who puts an older file in its place: SQLite reads the
 * log, whatever the header says. */
static void
a_log_beside_a_file_that_speaks_of_none_is_read(void **state)
{
	struct world w;
	char app[512];
	char log[512];
	sqlite3 *sql = NULL;
	struct vl_db_opts opts;
	struct vl_db *db = NULL;

	(void)state;
	world_open(&w);
	make(w.path, plain);
	(void)snprintf(app, sizeof(app), "%s.app", w.path);
	(void)snprintf(log, sizeof(log), "%s-wal", w.path);
	put_copy(w.path, "", app);
	assert_int_equal(SQLITE_OK, sqlite3_open(app, &sql));
	assert_int_equal(SQLITE_OK,
	    sqlite3_exec(sql,
	        "PRAGMA journal_mode=WAL; INSERT INTO t(v) VALUES ('new')",
	        NULL, NULL, NULL));
	put_copy(app, "-wal", log);
	assert_int_equal(SQLITE_OK, sqlite3_close(sql));
	opts = opts_of(&w);
	assert_int_equal(VL_OK, vl_db_open_copy(&db, &opts, &w.err));
	assert_int_equal(4, rows_of(db, "t"));
	vl_db_free(db);
	world_close(&w);
}

static void
a_collation_of_the_application_does_not_keep_it_from_being_read(void **state)
{
	struct world w;
	struct vl_db *db = NULL;

	(void)state;
	world_open(&w);
	make(w.path,
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT COLLATE NOCASE,"
	    " CHECK (length(v) > 0)); CREATE UNIQUE INDEX i ON t(v);"
	    "INSERT INTO t(v) VALUES ('b'), ('A');"
	    "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql ="
	    " replace(replace(sql, 'NOCASE', 'GERMAN'), 'length', 'theirs')");
	db = copy_of(&w);
	assert_int_equal(2, rows_of(db, "t"));
	assert_string_equal(
	    "GERMAN", vl_db_table(db, "t")->columns[1].collation);
	vl_db_free(db);
	world_close(&w);
}

static void
reading_in_place_sees_one_state(void **state)
{
	struct world w;
	struct vl_db_opts opts;
	struct vl_db *db = NULL;

	(void)state;
	world_open(&w);
	make(w.path, "PRAGMA journal_mode=WAL");
	make(w.path, plain);
	opts = opts_of(&w);
	if (vl_db_open_read(&db, &opts, &w.err) != VL_OK)
		fail_msg("%s", w.err.text);
	make(w.path, "DELETE FROM t");
	assert_int_equal(3, rows_of(db, "t"));
	vl_db_free(db);
	assert_int_equal(0, number(w.path, "SELECT count(*) FROM t"));
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    copies_in_both_modes_and_leaves_the_source_as_it_was),
		cmocka_unit_test(the_copy_has_no_name_and_lies_in_tempdir),
		cmocka_unit_test(
		    the_locks_of_an_application_in_this_process_stay),
		cmocka_unit_test(what_is_in_the_log_alone_is_in_the_copy),
		cmocka_unit_test(a_hot_journal_is_rolled_back_first),
		cmocka_unit_test(a_log_that_was_cut_off_is_read_and_kept),
		cmocka_unit_test(copies_while_another_process_writes),
		cmocka_unit_test(a_lock_beyond_the_wait_is_temporary_and_said),
		cmocka_unit_test(refuses_what_is_no_database),
		cmocka_unit_test(
		    damaged_pages_are_refused_before_a_row_is_read),
		cmocka_unit_test(a_damaged_schema_is_refused),
		cmocka_unit_test(every_truncation_to_pages_is_refused),
		cmocka_unit_test(
		    a_null_where_none_may_be_is_no_damage_of_pages),
		cmocka_unit_test(
		    who_may_only_read_is_told_what_a_database_needs),
		cmocka_unit_test(a_copy_that_finds_no_room_is_said_with_where),
		cmocka_unit_test(stops_when_asked_to),
		cmocka_unit_test(stops_while_it_waits_for_a_lock),
		cmocka_unit_test(
		    says_how_often_a_writer_made_it_begin_anew_and_whether_it_kept_the_lock),
		cmocka_unit_test(
		    an_application_may_change_to_wal_mode_meanwhile),
		cmocka_unit_test(
		    a_log_beside_a_file_that_speaks_of_none_is_read),
		cmocka_unit_test(
		    a_collation_of_the_application_does_not_keep_it_from_being_read),
		cmocka_unit_test(reading_in_place_sees_one_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
