/* A database as a source: of the moment at which it was opened, whole, or not
 * at all. */

#include "../sweep_system.h"

#include <sqlite3.h>
#include <string.h>

#include <valise/source.h>

struct app {
	char path[64];
	struct vl_resource resource;
	struct vl_source_opts opts;
	struct vl_source *source;
	struct vl_buf said; /* what it reported, a line each */
	struct vl_buf lines;
	int written;
};

static void
change(struct app *a, const char *sql)
{
	sqlite3 *db = NULL;
	char *why = NULL;

	assert_int_equal(SQLITE_OK, sqlite3_open(a->path, &db));
	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s", why);
	(void)sqlite3_close(db);
}

static void
say_uncarried(
    void *arg, const char *resource, const char *kind, const char *name)
{
	struct app *a = arg;

	(void)vl_buf_printf(&a->said, NULL, "%s %s %s\n", resource, kind, name);
}

static void
say_note(void *arg, const char *resource, const char *text)
{
	struct app *a = arg;

	(void)vl_buf_printf(&a->said, NULL, "%s %.*s\n", resource, 10, text);
}

static void
app_make(struct app *a, const char *sql)
{
	static char name[] = "app";
	int fd = -1;

	*a = (struct app){ .path = "/tmp/source.XXXXXX" };
	fd = mkstemp(a->path);
	assert_true(fd >= 0);
	(void)close(fd);
	a->resource.name = name;
	a->resource.kind = VL_KIND_SQLITE;
	a->resource.path = a->path;
	a->resource.line = 4;
	a->opts.tempdir = "/tmp";
	a->opts.warn_undeclared = true;
	a->opts.report.arg = a;
	a->opts.report.uncarried = say_uncarried;
	a->opts.report.note = say_note;
	change(a, sql);
}

static void
app_free(struct app *a)
{
	vl_source_free(a->source);
	vl_buf_free(&a->said);
	vl_buf_free(&a->lines);
	(void)unlink(a->path);
}

/* The lines, with their bodies behind them. */
static enum vl_status
read_all(struct app *a, struct vl_err *err)
{
	enum vl_settled how = VL_AGAIN;
	struct vl_record rec = { 0 };
	enum vl_status st = VL_OK;
	uint8_t piece[1000];
	uint64_t hole = 1;
	size_t got = 0;

	vl_buf_clear(&a->lines);
	for (;;) {
		st = vl_source_next(a->source, &rec, err);
		if (st != VL_OK || rec.line.p == NULL)
			return st;
		st = vl_buf_add(&a->lines, rec.line, err);
		for (got = rec.has_body; st == VL_OK && got > 0;) {
			st = vl_source_hole(a->source, &hole, err);
			assert_int_equal(0, hole);
			if (st == VL_OK)
				st = vl_source_read(
				    a->source, piece, sizeof(piece), &got, err);
			if (st == VL_OK)
				st = vl_buf_add(&a->lines,
				    (struct vl_slice){ piece, got }, err);
		}
		if (st == VL_OK && rec.has_body) {
			st = vl_source_settle(a->source, &how, err);
			assert_int_equal(VL_SETTLED, how);
		}
		if (st != VL_OK)
			return st;
	}
}

static enum vl_status export(void *arg, struct vl_err *err) {
	struct app *a = arg; enum vl_status st = vl_source_open(
	                         &a->source, &a->resource, &a->opts, err);

	    if (st != VL_OK) assert_null(a->source);
	    if (st == VL_OK) st = vl_source_ready(a->source, err);
	    return st == VL_OK ? read_all(a, err) : st;
}

static void
close_source(void *arg, enum vl_status st)
{
	struct app *a = arg;

	(void)st;
	vl_source_free(a->source);
	a->source = NULL;
	vl_buf_clear(&a->said);
}

static bool
has(const struct vl_buf *b, const char *text)
{
	return memmem(b->p, b->n, text, strlen(text)) != NULL;
}

static void
is_of_the_moment_at_which_it_was_opened(void **state)
{
	struct vl_source_counts c = { 0 };
	struct vl_err err = { 0 };
	struct app a;

	(void)state;
	app_make(&a,
	    "create table t(k text primary key);"
	    "insert into t values ('before'), ('other');");
	assert_int_equal(
	    VL_OK, vl_source_open(&a.source, &a.resource, &a.opts, &err));
	assert_string_equal(a.path, vl_source_path(a.source));
	change(&a,
	    "update t set k = 'after'  where k = 'before';"
	    "create table u(k text primary key);");
	assert_int_equal(VL_OK, vl_source_ready(a.source, &err));
	assert_int_equal(VL_OK, read_all(&a, &err));
	assert_true(has(&a.lines, "\"before\""));
	assert_false(has(&a.lines, "\"after\""));
	assert_false(has(&a.lines, "\"c\":\"u\""));
	vl_source_counts(a.source, &c);
	assert_int_equal(1, c.tables);
	assert_int_equal(2, c.rows);
	assert_int_equal(a.lines.n, c.bytes);
	app_free(&a);
}

static void
reports_what_is_no_row(void **state)
{
	struct vl_err err = { 0 };
	struct app a;

	(void)state;
	app_make(&a,
	    "create table t(k text primary key, other_id integer);"
	    "create index i on t(other_id);"
	    "create view v as select * from t;"
	    "create trigger w after delete on t begin select 1; end;");
	if (export(&a, &err) != VL_OK)
		fail_msg("%s", err.text);
	assert_true(has(&a.said, "app view v\n"));
	assert_true(has(&a.said, "app index i\n"));
	assert_true(has(&a.said, "app trigger w\n"));
	assert_true(has(&a.said, "app 't.other_i\n"));
	app_free(&a);
}

static void
says_where_the_site_file_names_what_cannot_be_opened(void **state)
{
	struct vl_err err = { 0 };
	struct app a;

	(void)state;
	app_make(&a, "create table t(k text primary key)");
	assert_int_equal(0, truncate(a.path, 1000));
	assert_int_equal(VL_EFORMAT, export(&a, &err));
	assert_non_null(
	    strstr(err.text, "resource 'app' (line 4 of the site file)"));
	app_free(&a);
}

/* Every allocation and call of the system of ours fails once. */
static void
fails_whole(void **state)
{
	struct sweep_work work = { .work = export, .after = close_source };
	struct app a;

	(void)state;
	app_make(&a,
	    "create table p(id integer primary key, k text unique not null);"
	    "create table t(k text primary key, p_id integer references p(id),"
	    " body text, other_id integer);"
	    "create view v as select * from t;"
	    "insert into p values (1, 'a');"
	    "insert into t values ('x', 1, hex(zeroblob(5000)), 2);");
	work.arg = &a;
	assert_true(sweep_all(&work, ENOMEM) > 50);
	app_free(&a);
}

static void
say_all(void *arg, const char *resource, const char *text)
{
	struct app *a = arg;

	(void)vl_buf_printf(&a->said, NULL, "%s: %s\n", resource, text);
}

/* Between the steps of a copy, until the lock is kept. */
static bool
write_between(void *arg)
{
	struct app *a = arg;
	sqlite3 *db = NULL;

	assert_int_equal(SQLITE_OK, sqlite3_open(a->path, &db));
	a->written += sqlite3_exec(db, "UPDATE t SET v = v + 1 WHERE id = 1",
	                  NULL, NULL, NULL) == SQLITE_OK;
	(void)sqlite3_close(db);
	return false;
}

static void
an_application_that_writes_while_it_is_copied_is_said(void **state)
{
	struct vl_err err = { 0 };
	struct app a;

	(void)state;
	app_make(&a,
	    "PRAGMA page_size=512;"
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, v);"
	    "INSERT INTO t VALUES (1, 0), (2, zeroblob(9000000))");
	a.opts.report.note = say_all;
	a.opts.stop = write_between;
	assert_int_equal(
	    VL_OK, vl_source_open(&a.source, &a.resource, &a.opts, &err));
	assert_int_equal(3, a.written);
	assert_memory_equal(a.said.p,
	    "app: an application writes to it: its copy began anew 3 times, "
	    "and then kept the lock until it was whole; writers waited\n",
	    a.said.n);
	app_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_of_the_moment_at_which_it_was_opened),
		cmocka_unit_test(reports_what_is_no_row),
		cmocka_unit_test(
		    says_where_the_site_file_names_what_cannot_be_opened),
		cmocka_unit_test(fails_whole),
		cmocka_unit_test(
		    an_application_that_writes_while_it_is_copied_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
