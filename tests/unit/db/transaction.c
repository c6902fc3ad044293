/* Several databases, one transaction: what SQLite does only when it is made
 * to, each named for what was met. */

#include <dirent.h>

#include "target.h"

#include "../../../src/db/dbs.h"

static const char plain[] = "CREATE TABLE t(id INTEGER PRIMARY KEY, v);"
                            "INSERT INTO t VALUES (1, 'old')";
static const char wal[] = "PRAGMA journal_mode=WAL;"
                          "CREATE TABLE t(id INTEGER PRIMARY KEY, v);"
                          "INSERT INTO t VALUES (1, 'old')";
static const struct vl_dbs_row row = {
	.id = "i1", .site = "papers", .series = "s1", .seq = 3, .root = "abc"
};

/* What another process gets for `sql`. */
static int
foreign(const char *path, const char *sql)
{
	pid_t child = fork();
	int status = 0;

	assert_true(child >= 0);
	if (child == 0) {
		sqlite3 *other = NULL;
		int rc = SQLITE_OK;

		(void)sqlite3_open(path, &other);
		rc = sqlite3_exec(other, sql, NULL, NULL, NULL);
		_exit(rc);
	}
	assert_int_equal(child, waitpid(child, &status, 0));
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Both written, with the row, and committed. */
static void
import(struct world *w, struct vl_dbs *d)
{
	size_t i;

	good(vl_dbs_take(d, &w->err), w);
	good(vl_dbs_begin(d, &w->err), w);
	for (i = 0; i < d->n; i++)
		good(insert(w, vl_dbs_at(d, i), 2, "new"), w);
	good(vl_dbs_row_put(d, &row, &w->err), w);
	good(vl_dbs_commit(d, &w->err), w);
	good(vl_dbs_settle(d, &w->err), w);
}

static bool
is_asked(void *arg)
{
	return *(const bool *)arg;
}

static void
a_commit_is_not_stopped(void **state)
{
	const char *paths[2];
	struct world w;
	struct vl_dbs_opts opts;
	struct vl_dbs *d = NULL;
	sqlite3 *reader = NULL;
	bool asked = false;

	(void)state;
	world_open(&w);
	make(w.path, plain);
	opts = both(&w, paths);
	opts.n = 1;
	opts.stop = is_asked;
	opts.arg = &asked;
	good(vl_dbs_open(&d, &opts, &w.err), &w);
	good(vl_dbs_begin(d, &w.err), &w);
	good(insert(&w, vl_dbs_at(d, 0), 2, "new"), &w);
	reader = app_open(w.path);
	app_run(reader, "BEGIN; SELECT * FROM t");
	asked = true;
	bad(vl_dbs_commit(d, &w.err), VL_ETEMP, &w, "locked by another");
	app_close(reader);
	good(vl_dbs_commit(d, &w.err), &w);
	vl_dbs_free(d);
	world_close(&w);
}

static void
nothing_is_created(void **state)
{
	const char *paths[2];
	struct world w;
	struct vl_dbs_opts opts;
	struct vl_dbs *d = NULL;

	(void)state;
	world_open(&w);
	make(w.path, plain);
	opts = both(&w, paths);
	bad(vl_dbs_open(&d, &opts, &w.err), VL_EUSAGE, &w, "is not there");
	assert_null(d);
	assert_int_equal(-1, access(w.other, F_OK));
	/* Gone between the look and the opening: ATTACH makes it neither. */
	make(w.other, plain);
	d = open_some(&w, 1);
	assert_int_equal(0, unlink(w.other));
	assert_int_not_equal(SQLITE_OK,
	    sqlite3_exec(d->sql, "ATTACH 'gone.db' AS g", NULL, NULL, NULL));
	assert_int_equal(-1, access("gone.db", F_OK));
	vl_dbs_free(d);
	world_close(&w);
}

static void
one_file_by_two_names_is_refused(void **state)
{
	const char *paths[2];
	struct world w;
	struct vl_dbs_opts opts;
	struct vl_dbs *d = NULL;

	(void)state;
	world_open(&w);
	make(w.path, plain);
	opts = both(&w, paths);
	assert_int_equal(0, symlink(w.path, w.other));
	bad(vl_dbs_open(&d, &opts, &w.err), VL_EUSAGE, &w, "are one database");
	assert_int_equal(0, unlink(w.other));
	assert_int_equal(0, link(w.path, w.other));
	bad(vl_dbs_open(&d, &opts, &w.err), VL_EUSAGE, &w, "are one database");
	world_close(&w);
}

static void
encodings_that_differ_are_refused_and_so_are_twelve_files(void **state)
{
	const char *paths[12];
	struct world w;
	struct vl_dbs_opts opts;
	struct vl_dbs *d = NULL;

	(void)state;
	world_open(&w);
	make(w.path, plain);
	make(w.other, "PRAGMA encoding='UTF-16'; CREATE TABLE t(x)");
	opts = both(&w, paths);
	bad(vl_dbs_open(&d, &opts, &w.err), VL_EREFUSED, &w,
	    "must use the same text encoding");
	opts.n = 12;
	bad(vl_dbs_open(&d, &opts, &w.err), VL_EUSAGE, &w, "1 to 11");
	world_close(&w);
}

static void
eleven_files_are_one_transaction(void **state)
{
	char names[VL_DBS_MAX][200];
	const char *paths[VL_DBS_MAX];
	struct world w;
	struct vl_dbs_opts opts = { .paths = paths, .n = VL_DBS_MAX };
	struct vl_dbs *d = NULL;
	size_t in = 0;
	size_t i;

	(void)state;
	world_open(&w);
	for (i = 0; i < VL_DBS_MAX; i++) {
		(void)snprintf(
		    names[i], sizeof(names[i]), "%s/%zu.db", w.dir, i);
		paths[i] = names[i];
		make(names[i], i % 2 == 0 ? plain : wal);
	}
	opts.tempdir = w.dir;
	good(vl_dbs_open(&d, &opts, &w.err), &w);
	import(&w, d);
	good(vl_dbs_row_ask(d, "i1", &in, &w.err), &w);
	assert_int_equal(VL_DBS_MAX, in);
	vl_dbs_free(d);
	for (i = 0; i < VL_DBS_MAX; i++)
		assert_int_equal(2, number(names[i], "SELECT count(*) FROM t"));
	world_close(&w);
}

static void
pages_are_looked_at_before_anything_is_written(void **state)
{
	struct vl_buf bytes = { 0 };
	const char *paths[2];
	struct world w;
	struct vl_dbs_opts opts;
	struct vl_dbs *d = NULL;

	(void)state;
	world_open(&w);
	make(w.path, plain);
	make(w.other, plain);
	get_file(w.other, &bytes);
	bytes.p[4096] ^= 0x55;
	put_file(w.other, bytes.p, bytes.n);
	opts = both(&w, paths);
	bad(vl_dbs_open(&d, &opts, &w.err), VL_EFORMAT, &w, "is damaged");
	assert_non_null(strstr(w.err.text, w.other));
	/* Recovery asks for its row all the same. */
	opts.recovery = true;
	good(vl_dbs_open(&d, &opts, &w.err), &w);
	vl_dbs_free(d);
	vl_buf_free(&bytes);
	world_close(&w);
}

static void
no_foreign_write_slips_in_between_the_switch_and_the_transaction(void **state)
{
	struct world w;
	struct vl_dbs *d = NULL;

	(void)state;
	world_open(&w);
	make(w.path, wal);
	make(w.other, wal);
	d = open_some(&w, 2);
	assert_int_equal(
	    SQLITE_OK, foreign(w.path, "INSERT INTO t VALUES (5, 'x')"));
	good(vl_dbs_take(d, &w.err), &w);
	assert_int_equal(
	    SQLITE_BUSY, foreign(w.path, "INSERT INTO t VALUES (6, 'x')"));
	assert_int_equal(
	    SQLITE_BUSY, foreign(w.other, "INSERT INTO t VALUES (6, 'x')"));
	vl_dbs_free(d);
	world_close(&w);
}

static void
every_schema_syncs_fully_and_has_a_rollback_journal(void **state)
{
	char word[64];
	struct world w;
	struct vl_dbs *d = NULL;
	size_t i;

	(void)state;
	world_open(&w);
	make(w.path, plain);
	make(w.other, wal);
	d = open_some(&w, 2);
	assert_false(vl_dbs_was_wal(d, 0));
	assert_true(vl_dbs_was_wal(d, 1));
	good(vl_dbs_take(d, &w.err), &w);
	for (i = 0; i < 2; i++) {
		good(dbs_pragma(d, i, "synchronous", word, &w.err), &w);
		assert_string_equal("3", word);
		good(dbs_pragma(d, i, "journal_mode", word, &w.err), &w);
		assert_string_equal("delete", word);
		good(dbs_pragma(d, i, "locking_mode", word, &w.err), &w);
		assert_string_equal("exclusive", word);
	}
	vl_dbs_free(d);
	world_close(&w);
}

static void
one_file_stays_in_wal_mode_and_its_application_may_be_there(void **state)
{
	struct world w;
	struct vl_dbs *d = NULL;
	sqlite3 *app = NULL;

	(void)state;
	world_open(&w);
	make(w.path, wal);
	app = app_open(w.path);
	app_run(app, "SELECT * FROM t");
	d = open_some(&w, 1);
	import(&w, d);
	vl_dbs_free(d);
	assert_int_equal(2, number(w.path, "SELECT count(*) FROM t"));
	app_close(app);
	world_close(&w);
}

static void
an_application_that_has_one_of_several_open_must_stop(void **state)
{
	struct world w;
	struct vl_dbs *d = NULL;
	sqlite3 *app = NULL;

	(void)state;
	world_open(&w);
	make(w.path, plain);
	make(w.other, wal);
	app = app_open(w.other);
	app_run(app, "SELECT * FROM t");
	d = open_some(&w, 2);
	bad(vl_dbs_take(d, &w.err), VL_ETEMP, &w, "stop the application");
	assert_non_null(strstr(w.err.text, w.other));
	vl_dbs_free(d);
	app_close(app);
	assert_int_equal(
	    SQLITE_OK, foreign(w.path, "INSERT INTO t VALUES (6, 'x')"));
	world_close(&w);
}

static void
a_mode_is_given_back_and_nothing_is_left_beside_the_file(void **state)
{
	static const bool modes[] = { false, true };
	struct world w;
	struct vl_dbs *d = NULL;
	struct vl_buf head = { 0 };
	char name[200];
	size_t i;

	(void)state;
	world_open(&w);
	make(w.path, plain);
	make(w.other, wal);
	d = open_some(&w, 2);
	import(&w, d);
	good(vl_dbs_give_back(d, modes, &w.err), &w);
	vl_dbs_free(d);
	get_file(w.path, &head);
	assert_int_equal(1, head.p[18]);
	get_file(w.other, &head);
	assert_int_equal(2, head.p[18]);
	for (i = 0; i < 4; i++) {
		(void)snprintf(name, sizeof(name), "%s%s",
		    i % 2 == 0 ? w.path : w.other, i < 2 ? "-journal" : "-wal");
		assert_int_equal(-1, access(name, F_OK));
	}
	vl_buf_free(&head);
	world_close(&w);
}

static void
a_rollback_leaves_no_row_and_no_table_of_ours(void **state)
{
	struct world w;
	struct vl_dbs *d = NULL;
	size_t in = 7;

	(void)state;
	world_open(&w);
	make(w.path, plain);
	make(w.other, plain);
	d = open_some(&w, 2);
	good(vl_dbs_begin(d, &w.err), &w);
	good(insert(&w, vl_dbs_at(d, 1), 2, "new"), &w);
	good(vl_dbs_row_put(d, &row, &w.err), &w);
	good(vl_dbs_row_ask(d, "i1", &in, &w.err), &w);
	assert_int_equal(2, in);
	good(vl_dbs_rollback(d, &w.err), &w);
	good(vl_dbs_row_ask(d, "i1", &in, &w.err), &w);
	assert_int_equal(0, in);
	vl_dbs_free(d);
	assert_int_equal(1, number(w.other, "SELECT count(*) FROM t"));
	assert_int_equal(
	    1, number(w.other, "SELECT count(*) FROM sqlite_schema"));
	world_close(&w);
}

/* Rows of more pages than are kept in memory. */
static void
write_much(struct world *w, struct vl_dbs *d)
{
	char *text = malloc(1 << 20);
	int64_t i = 0;

	assert_non_null(text);
	memset(text, 'x', (1 << 20) - 1);
	text[(1 << 20) - 1] = '\0';
	for (i = 0; i < 64; i++)
		good(insert(w, vl_dbs_at(d, 0), 1000 + i, text), w);
	free(text);
}

static void
pages_written_out_to_make_room_are_rolled_back_or_committed(void **state)
{
	struct world w;
	struct vl_dbs *d = NULL;
	int end = 0;

	(void)state;
	world_open(&w);
	make(w.path, plain);
	for (end = 0; end < 2; end++) {
		d = open_some(&w, 1);
		good(vl_dbs_take(d, &w.err), &w);
		good(vl_dbs_begin(d, &w.err), &w);
		write_much(&w, d);
		good(vl_dbs_make_room(d, &w.err), &w);
		good(insert(&w, vl_dbs_at(d, 0), 2, "new"), &w);
		good(end == 0 ? vl_dbs_rollback(d, &w.err) :
		                vl_dbs_commit(d, &w.err),
		    &w);
		vl_dbs_free(d);
		assert_int_equal(end == 0 ? 1 : 66,
		    number(w.path, "SELECT count(*) FROM t"));
	}
	world_close(&w);
}

static void
a_row_that_is_in_some_files_only_is_counted(void **state)
{
	struct world w;
	struct vl_dbs *d = NULL;
	size_t in = 7;

	(void)state;
	world_open(&w);
	make(w.path, plain);
	make(w.other, plain);
	d = open_some(&w, 1);
	import(&w, d);
	vl_dbs_free(d);
	d = open_some(&w, 2);
	good(vl_dbs_row_ask(d, "i1", &in, &w.err), &w);
	assert_int_equal(1, in);
	good(vl_dbs_row_ask(d, "i2", &in, &w.err), &w);
	assert_int_equal(0, in);
	assert_null(vl_db_table(vl_dbs_at(d, 0), VL_DB_OWN_TABLE));
	vl_dbs_free(d);
	world_close(&w);
}

static void
a_lock_at_the_begin_and_a_reader_at_the_commit_are_temporary(void **state)
{
	struct world w;
	struct vl_dbs *d = NULL;
	sqlite3 *app = NULL;

	(void)state;
	world_open(&w);
	make(w.path, plain);
	app = app_open(w.path);
	d = open_some(&w, 1);
	app_run(app, "BEGIN IMMEDIATE");
	bad(vl_dbs_begin(d, &w.err), VL_ETEMP, &w, "stop the application");
	app_run(app, "COMMIT");
	good(vl_dbs_begin(d, &w.err), &w);
	good(insert(&w, vl_dbs_at(d, 0), 2, "new"), &w);
	app_run(app, "BEGIN; SELECT * FROM t");
	bad(vl_dbs_commit(d, &w.err), VL_ETEMP, &w, "is locked by another");
	/* Nothing is decided: it can still be undone. */
	good(vl_dbs_rollback(d, &w.err), &w);
	app_run(app, "COMMIT");
	vl_dbs_free(d);
	assert_int_equal(1, number(w.path, "SELECT count(*) FROM t"));
	app_close(app);
	world_close(&w);
}

static void
a_schema_that_changes_before_the_begin_is_noticed(void **state)
{
	struct world w;
	struct vl_dbs *d = NULL;

	(void)state;
	world_open(&w);
	make(w.path, plain);
	make(w.other, plain);
	d = open_some(&w, 2);
	assert_int_equal(
	    SQLITE_OK, foreign(w.other, "ALTER TABLE t ADD COLUMN x"));
	bad(vl_dbs_begin(d, &w.err), VL_ETEMP, &w, "was changed meanwhile");
	vl_dbs_free(d);
	world_close(&w);
}

/* Without a schema before it, a name is that of the first file that has it. */
static void
a_condition_reads_no_table_of_another_file(void **state)
{
	static const struct {
		size_t file;
		const char *text;
		const char *why; /* NULL: good */
	} cases[] = {
		{ 0, "EXISTS (SELECT 1 FROM only_a)", NULL },
		{ 1, "EXISTS (SELECT 1 FROM only_b WHERE x = t.id)", NULL },
		{ 1, "id IN (SELECT value FROM json_each(t.v))", NULL },
		{ 1, "id > 0", NULL },
		{ 1, "EXISTS (SELECT 1 FROM only_a)", "only_a" },
		{ 1, "(SELECT max(x) FROM only_a) > 0", "only_a" },
		{ 0, "EXISTS (SELECT x FROM only_b)", "only_b" },
		{ 1, "(SELECT count(*) FROM t AS u) > 1", "'t'" },
		{ 1, "(SELECT count(u.id) FROM t AS u) > 1", "'t'" },
		{ 0, "(SELECT count(u.id) FROM f1.t AS u) > 1", "'t'" },
	};
	struct world w;
	struct vl_dbs *d = NULL;
	enum vl_status st = VL_OK;
	size_t i;

	(void)state;
	world_open(&w);
	make(w.path, plain);
	make(w.path, "CREATE TABLE only_a(x)");
	make(w.other, plain);
	make(w.other, "CREATE TABLE only_b(x)");
	d = open_some(&w, 2);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&w.err, 0, sizeof(w.err));
		st = vl_db_check_condition(
		    vl_dbs_at(d, cases[i].file), "t", cases[i].text, &w.err);
		if (cases[i].why == NULL)
			good(st, &w);
		else
			bad(st, VL_EUSAGE, &w, cases[i].why);
	}
	vl_dbs_free(d);
	world_close(&w);
}

static void
a_version_is_asked_of_its_own_file(void **state)
{
	struct vl_buf out = { 0 };
	struct world w;
	struct vl_dbs *d = NULL;

	(void)state;
	world_open(&w);
	make(w.path, plain);
	make(w.path, "PRAGMA user_version=1");
	make(w.other, plain);
	make(w.other, "PRAGMA user_version=2");
	d = open_some(&w, 2);
	good(vl_db_ask(vl_dbs_at(d, 1), "PRAGMA user_version", &out, &w.err),
	    &w);
	assert_int_equal(1, out.n);
	assert_int_equal('2', out.p[0]);
	vl_buf_free(&out);
	vl_dbs_free(d);
	world_close(&w);
}

/* Descriptors of this process on a file. */
static int
descriptors_on(const char *path)
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
		n += strcmp(link, path) == 0;
	}
	(void)closedir(dir);
	return n;
}

/* SQLite alone has the two files open, the first one n times, and nobody else
 * may write them. */
static void
stays_ours(const struct world *w, int n)
{
	assert_int_equal(n, descriptors_on(w->path));
	assert_int_equal(1, descriptors_on(w->other));
	assert_true(write_locked(w->path));
	assert_true(write_locked(w->other));
}

/* Closing any other descriptor of a file would drop every lock of SQLite's. */
static void
no_descriptor_of_ours_is_on_a_target_so_its_locks_stay(void **state)
{
	static const char *const columns[] = { "id", "v" };
	const struct vl_scan_opts scan = {
		.table = "t", .columns = columns, .ncolumns = 2
	};
	const struct vl_cell *cells = NULL;
	struct world w;
	struct vl_dbs *d = NULL;
	struct vl_dbs *again = NULL;
	struct vl_scan *s = NULL;
	bool more = false;

	(void)state;
	world_open(&w);
	make(w.path, plain);
	make(w.other, plain);
	assert_false(write_locked(w.path));
	d = open_some(&w, 2);
	good(vl_dbs_take(d, &w.err), &w);
	good(vl_dbs_begin(d, &w.err), &w);
	stays_ours(&w, 1);
	good(vl_scan_open(&s, vl_dbs_at(d, 1), &scan, &w.err), &w);
	good(vl_scan_next(s, &cells, &more, &w.err), &w);
	assert_true(more);
	vl_scan_free(s);
	good(insert(&w, vl_dbs_at(d, 0), 2, "new"), &w);
	good(insert(&w, vl_dbs_at(d, 1), 2, "new"), &w);
	good(vl_db_dangling_open(&s, vl_dbs_at(d, 0), false, &w.err), &w);
	good(vl_scan_next(s, &cells, &more, &w.err), &w);
	assert_false(more);
	vl_scan_free(s);
	good(vl_dbs_row_put(d, &row, &w.err), &w);
	stays_ours(&w, 1);
	/* Somebody in this process who is refused for them, and goes. */
	again = open_some(&w, 1);
	bad(vl_dbs_begin(again, &w.err), VL_ETEMP, &w, "stop the application");
	vl_dbs_free(again);
	/* SQLite keeps what it must not close yet. */
	stays_ours(&w, 2);
	good(vl_dbs_commit(d, &w.err), &w);
	good(vl_dbs_settle(d, &w.err), &w);
	vl_dbs_free(d);
	assert_int_equal(0, descriptors_on(w.path));
	assert_int_equal(2, number(w.other, "SELECT count(*) FROM t"));
	world_close(&w);
}

/* They are off unless asked for, and asking inside does nothing. */
static void
foreign_keys_act_where_the_pragma_is_off_and_does_nothing(void **state)
{
	static const char *const id[] = { "id" };
	const struct vl_write_opts opts = {
		.kind = VL_WRITE_DELETE, .table = "t", .key = id, .nkey = 1
	};
	const struct vl_cell one = integer(1);
	struct world w;
	struct vl_dbs *d = NULL;
	char word[64];

	(void)state;
	world_open(&w);
	make(w.path, plain);
	make(w.path,
	    "CREATE TABLE c(t_id REFERENCES t ON DELETE CASCADE);"
	    "INSERT INTO c VALUES (1), (1)");
	/* An application that does not ask leaves what refers to it. */
	make(w.path,
	    "BEGIN; PRAGMA foreign_keys = ON; DELETE FROM t; ROLLBACK;"
	    "BEGIN; DELETE FROM t; SELECT 1 / (count(*) = 2) FROM c; ROLLBACK");
	d = open_some(&w, 1);
	good(vl_dbs_take(d, &w.err), &w);
	good(vl_dbs_begin(d, &w.err), &w);
	app_run(d->sql, "PRAGMA foreign_keys = ON");
	good(dbs_pragma(d, 0, "foreign_keys", word, &w.err), &w);
	assert_string_equal("0", word);
	good(write_one(&w, vl_dbs_at(d, 0), &opts, &one), &w);
	good(dbs_pragma(d, 0, "foreign_keys", word, &w.err), &w);
	assert_string_equal("1", word);
	good(vl_dbs_row_put(d, &row, &w.err), &w);
	good(vl_dbs_commit(d, &w.err), &w);
	good(vl_dbs_settle(d, &w.err), &w);
	vl_dbs_free(d);
	assert_int_equal(0, number(w.path, "SELECT count(*) FROM c"));
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_commit_is_not_stopped),
		cmocka_unit_test(nothing_is_created),
		cmocka_unit_test(one_file_by_two_names_is_refused),
		cmocka_unit_test(
		    encodings_that_differ_are_refused_and_so_are_twelve_files),
		cmocka_unit_test(eleven_files_are_one_transaction),
		cmocka_unit_test(
		    pages_are_looked_at_before_anything_is_written),
		cmocka_unit_test(
		    no_foreign_write_slips_in_between_the_switch_and_the_transaction),
		cmocka_unit_test(
		    every_schema_syncs_fully_and_has_a_rollback_journal),
		cmocka_unit_test(
		    one_file_stays_in_wal_mode_and_its_application_may_be_there),
		cmocka_unit_test(
		    an_application_that_has_one_of_several_open_must_stop),
		cmocka_unit_test(
		    a_mode_is_given_back_and_nothing_is_left_beside_the_file),
		cmocka_unit_test(a_rollback_leaves_no_row_and_no_table_of_ours),
		cmocka_unit_test(
		    pages_written_out_to_make_room_are_rolled_back_or_committed),
		cmocka_unit_test(a_row_that_is_in_some_files_only_is_counted),
		cmocka_unit_test(
		    a_lock_at_the_begin_and_a_reader_at_the_commit_are_temporary),
		cmocka_unit_test(
		    a_schema_that_changes_before_the_begin_is_noticed),
		cmocka_unit_test(a_condition_reads_no_table_of_another_file),
		cmocka_unit_test(a_version_is_asked_of_its_own_file),
		cmocka_unit_test(
		    no_descriptor_of_ours_is_on_a_target_so_its_locks_stay),
		cmocka_unit_test(
		    foreign_keys_act_where_the_pragma_is_off_and_does_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
