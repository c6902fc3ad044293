/* Rows written by key: exactly what was said, or nothing and why. */

#include <math.h>

#include "target.h"

struct open {
	struct world w;
	struct vl_dbs *d;
	struct vl_db *db;
};

static void
begin(struct open *o, const char *sql)
{
	world_open(&o->w);
	make(o->w.path, sql);
	o->d = open_some(&o->w, 1);
	o->db = vl_dbs_at(o->d, 0);
	good(vl_dbs_begin(o->d, &o->w.err), &o->w);
}

static void
end(struct open *o)
{
	vl_dbs_free(o->d);
	world_close(&o->w);
}

static void
commit(struct open *o)
{
	good(vl_dbs_commit(o->d, &o->w.err), &o->w);
	vl_dbs_free(o->d);
	o->d = NULL;
}

static void
cells_come_back_as_they_were_written(void **state)
{
	static const char *const columns[] = { "v" };
	const struct vl_write_opts opts = { .kind = VL_WRITE_INSERT,
		.table = "t",
		.columns = columns,
		.ncolumns = 1 };
	const struct vl_scan_opts all = {
		.table = "t", .columns = columns, .ncolumns = 1
	};
	const struct vl_cell cells[] = {
		{ .type = VL_CELL_NULL },
		integer(INT64_MIN),
		integer(9007199254740993),
		{ .type = VL_CELL_REAL, .real = -0.0 },
		{ .type = VL_CELL_REAL, .real = INFINITY },
		{ .type = VL_CELL_REAL, .real = 5e-324 },
		{ .type = VL_CELL_REAL, .real = 1.0 },
		{ .type = VL_CELL_TEXT },
		{ .type = VL_CELL_BLOB },
		{ .type = VL_CELL_TEXT, .bytes = { (const uint8_t *)"", 0 } },
		{ .type = VL_CELL_TEXT,
		    .bytes = { (const uint8_t *)"a\0b", 3 } },
		{ .type = VL_CELL_TEXT,
		    .bytes = { (const uint8_t *)"\xff\xc3", 2 } },
		{ .type = VL_CELL_BLOB,
		    .bytes = { (const uint8_t *)"\0\xff", 2 } },
		text("12"),
	};
	struct open o;
	struct vl_write *write = NULL;
	struct vl_scan *s = NULL;
	const struct vl_cell *have = NULL;
	bool row = false;
	size_t i;
	const size_t n = sizeof(cells) / sizeof(cells[0]);

	(void)state;
	begin(&o, "CREATE TABLE t(v)");
	good(vl_write_open(&write, o.db, &opts, &o.w.err), &o.w);
	for (i = 0; i < n; i++)
		good(vl_write_run(write, &cells[i], &o.w.err), &o.w);
	vl_write_free(write);
	good(vl_scan_open(&s, o.db, &all, &o.w.err), &o.w);
	for (i = 0; i < n; i++) {
		good(vl_scan_next(s, &have, &row, &o.w.err), &o.w);
		assert_true(row);
		assert_true(vl_cell_equal(&cells[i], have));
	}
	vl_scan_free(s);
	end(&o);
}

static void
updates_and_deletes_the_row_of_a_key(void **state)
{
	static const char *const v[] = { "v" };
	static const char *const k[] = { "k", "j" };
	static const char *const rowid[] = { NULL };
	struct vl_write_opts opts = { .kind = VL_WRITE_UPDATE,
		.table = "t",
		.columns = v,
		.ncolumns = 1,
		.key = k,
		.nkey = 2 };
	struct vl_cell cells[3] = { text("new"), text("a"),
		{ .type = VL_CELL_NULL } };
	struct open o;

	(void)state;
	begin(&o,
	    "CREATE TABLE t(k, j, v, UNIQUE (k, j));"
	    "INSERT INTO t VALUES ('a', NULL, 'old'), ('a', 1, 'old'),"
	    " ('b', 2, 'old')");
	good(write_one(&o.w, o.db, &opts, cells), &o.w);
	opts.kind = VL_WRITE_DELETE;
	opts.ncolumns = 0;
	opts.key = rowid;
	opts.nkey = 1;
	cells[0] = integer(3);
	good(write_one(&o.w, o.db, &opts, cells), &o.w);
	bad(write_one(&o.w, o.db, &opts, cells), VL_EREFUSED, &o.w,
	    "the row to be deleted is gone");
	opts.kind = VL_WRITE_UPDATE;
	opts.columns = v;
	opts.ncolumns = 1;
	cells[1] = integer(77);
	bad(write_one(&o.w, o.db, &opts, cells), VL_EREFUSED, &o.w,
	    "the row to be changed is gone");
	commit(&o);
	assert_int_equal(1,
	    number(o.w.path,
	        "SELECT (SELECT v FROM t WHERE rowid = 1) = 'new' AND"
	        " (SELECT v FROM t WHERE rowid = 2) = 'old' AND"
	        " (SELECT count(*) FROM t) = 2"));
	end(&o);
}

static void
a_key_that_is_no_key_is_refused(void **state)
{
	static const char *const k[] = { "v" };
	const struct vl_write_opts opts = {
		.kind = VL_WRITE_DELETE, .table = "t", .key = k, .nkey = 1
	};
	const struct vl_cell cell = text("x");
	struct open o;

	(void)state;
	begin(&o, "CREATE TABLE t(v); INSERT INTO t VALUES ('x'), ('x')");
	bad(write_one(&o.w, o.db, &opts, &cell), VL_EREFUSED, &o.w,
	    "2 rows have one key");
	end(&o);
}

static void
a_constraint_is_named(void **state)
{
	struct open o;

	(void)state;
	begin(&o,
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT UNIQUE NOT NULL"
	    " COLLATE NOCASE); INSERT INTO t VALUES (1, 'Prod')");
	bad(insert(&o.w, o.db, 2, "prod"), VL_EREFUSED, &o.w,
	    "UNIQUE constraint failed: t.v");
	bad(insert(&o.w, o.db, 1, "other"), VL_EREFUSED, &o.w,
	    "UNIQUE constraint failed: t.id");
	good(insert(&o.w, o.db, 2, "other"), &o.w);
	end(&o);
}

static void
a_taken_key_is_told_from_other_refusals(void **state)
{
	static const char *const columns[] = { "id", "v" };
	const struct vl_write_opts opts = { .kind = VL_WRITE_INSERT,
		.table = "t",
		.columns = columns,
		.ncolumns = 2 };
	struct vl_cell cells[2] = { integer(2), text("a") };
	struct vl_write *write = NULL;
	struct open o;

	(void)state;
	begin(&o,
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, v NOT NULL UNIQUE);"
	    "INSERT INTO t VALUES (1, 'a')");
	good(vl_write_open(&write, o.db, &opts, &o.w.err), &o.w);
	bad(vl_write_run(write, cells, &o.w.err), VL_EREFUSED, &o.w, "t.v");
	assert_true(vl_write_in_the_way(write));
	cells[1] = (struct vl_cell){ .type = VL_CELL_NULL };
	bad(vl_write_run(write, cells, &o.w.err), VL_EREFUSED, &o.w,
	    "NOT NULL");
	assert_false(vl_write_in_the_way(write));
	cells[0] = integer(1);
	cells[1] = text("b");
	bad(vl_write_run(write, cells, &o.w.err), VL_EREFUSED, &o.w, "t.id");
	assert_true(vl_write_in_the_way(write));
	cells[0] = integer(2);
	good(vl_write_run(write, cells, &o.w.err), &o.w);
	assert_false(vl_write_in_the_way(write));
	vl_write_free(write);
	end(&o);
}

/* INSERT OR REPLACE deletes the row in the way, and what refers to it. */
static void
what_a_table_says_to_do_on_conflict_is_not_done(void **state)
{
	struct open o;

	(void)state;
	begin(&o,
	    "CREATE TABLE t(id INTEGER PRIMARY KEY ON CONFLICT IGNORE,"
	    " v UNIQUE ON CONFLICT REPLACE); INSERT INTO t VALUES (1, 'a');"
	    "CREATE TABLE c(t_id REFERENCES t ON DELETE CASCADE);"
	    "INSERT INTO c VALUES (1)");
	bad(insert(&o.w, o.db, 2, "a"), VL_EREFUSED, &o.w, "UNIQUE");
	bad(insert(&o.w, o.db, 1, "b"), VL_EREFUSED, &o.w, "UNIQUE");
	commit(&o);
	assert_int_equal(1, number(o.w.path, "SELECT count(*) FROM c"));
	end(&o);
}

static void
a_row_that_a_trigger_drops_is_missed(void **state)
{
	struct open o;

	(void)state;
	begin(&o,
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, v);"
	    "CREATE TRIGGER r BEFORE INSERT ON t WHEN new.v = 'no'"
	    " BEGIN SELECT RAISE(IGNORE); END");
	good(insert(&o.w, o.db, 1, "yes"), &o.w);
	bad(insert(&o.w, o.db, 2, "no"), VL_EREFUSED, &o.w,
	    "a trigger left out the new row");
	end(&o);
}

/* What came after it would be written at once, and for good. */
static void
nothing_is_written_once_a_trigger_rolled_back(void **state)
{
	struct open o;

	(void)state;
	begin(&o,
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, v);"
	    "CREATE TRIGGER r BEFORE INSERT ON t WHEN new.v = 'no'"
	    " BEGIN SELECT RAISE(ROLLBACK, 'not that'); END");
	good(insert(&o.w, o.db, 1, "yes"), &o.w);
	bad(insert(&o.w, o.db, 2, "no"), VL_EREFUSED, &o.w, "not that");
	bad(insert(&o.w, o.db, 3, "yes"), VL_EREFUSED, &o.w,
	    "was rolled back by a trigger");
	bad(vl_dbs_commit(o.d, &o.w.err), VL_EREFUSED, &o.w,
	    "was rolled back by a trigger");
	vl_dbs_free(o.d);
	o.d = NULL;
	assert_int_equal(0, number(o.w.path, "SELECT count(*) FROM t"));
	end(&o);
}

static void
a_swap_of_unique_values_in_one_step_is_refused(void **state)
{
	static const char *const v[] = { "v" };
	static const char *const id[] = { "id" };
	const struct vl_write_opts opts = { .kind = VL_WRITE_UPDATE,
		.table = "t",
		.columns = v,
		.ncolumns = 1,
		.key = id,
		.nkey = 1 };
	struct vl_cell cells[2] = { text("b"), integer(1) };
	struct open o;

	(void)state;
	begin(&o,
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, v UNIQUE);"
	    "INSERT INTO t VALUES (1, 'a'), (2, 'b')");
	bad(write_one(&o.w, o.db, &opts, cells), VL_EREFUSED, &o.w,
	    "UNIQUE constraint failed: t.v");
	/* Over a value that nobody has it works. */
	cells[0] = text("\001");
	good(write_one(&o.w, o.db, &opts, cells), &o.w);
	cells[0] = text("a");
	cells[1] = integer(2);
	good(write_one(&o.w, o.db, &opts, cells), &o.w);
	cells[0] = text("b");
	cells[1] = integer(1);
	good(write_one(&o.w, o.db, &opts, cells), &o.w);
	end(&o);
}

static void
changes_of_triggers_and_cascades_are_counted(void **state)
{
	static const char *const id[] = { "id" };
	const struct vl_write_opts opts = {
		.kind = VL_WRITE_DELETE, .table = "t", .key = id, .nkey = 1
	};
	const struct vl_cell cell = integer(1);
	struct open o;
	int64_t before = 0;

	(void)state;
	begin(&o,
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, v);"
	    "CREATE TABLE c(t_id REFERENCES t ON DELETE CASCADE);"
	    "CREATE TABLE log(x);"
	    "INSERT INTO t VALUES (1, 'a'), (2, 'b');"
	    "INSERT INTO c VALUES (1), (1), (1), (2);"
	    "CREATE TRIGGER r AFTER DELETE ON t BEGIN INSERT INTO log"
	    " VALUES (old.id); END");
	before = vl_dbs_changes(o.d);
	good(write_one(&o.w, o.db, &opts, &cell), &o.w);
	assert_int_equal(5, vl_dbs_changes(o.d) - before);
	end(&o);
}

static void
triggers_can_be_kept_from_running_and_cascades_not(void **state)
{
	static const char *const id[] = { "id" };
	const struct vl_write_opts opts = {
		.kind = VL_WRITE_DELETE, .table = "t", .key = id, .nkey = 1
	};
	struct vl_cell cell = integer(1);
	struct vl_write *write = NULL;
	struct open o;

	(void)state;
	begin(&o,
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, v);"
	    "CREATE TABLE c(t_id REFERENCES t ON DELETE CASCADE);"
	    "CREATE TABLE log(x);"
	    "INSERT INTO t VALUES (1, 'a'), (2, 'b');"
	    "INSERT INTO c VALUES (1), (1), (2), (2);"
	    "CREATE TRIGGER r AFTER DELETE ON t BEGIN INSERT INTO log"
	    " VALUES (old.id); END");
	good(vl_write_open(&write, o.db, &opts, &o.w.err), &o.w);
	good(vl_dbs_triggers(o.d, false, &o.w.err), &o.w);
	good(vl_write_run(write, &cell, &o.w.err), &o.w);
	good(vl_dbs_triggers(o.d, true, &o.w.err), &o.w);
	cell = integer(2);
	good(vl_write_run(write, &cell, &o.w.err), &o.w);
	vl_write_free(write);
	commit(&o);
	assert_int_equal(2, number(o.w.path, "SELECT sum(x) FROM log"));
	assert_int_equal(0, number(o.w.path, "SELECT count(*) FROM c"));
	end(&o);
}

static bool
dangles(struct open *o)
{
	struct vl_scan *s = NULL;
	const struct vl_cell *cells = NULL;
	bool row = false;

	good(vl_db_dangling_open(&s, o->db, false, &o->w.err), &o->w);
	good(vl_scan_next(s, &cells, &row, &o->w.err), &o->w);
	vl_scan_free(s);
	return row;
}

static void
what_new_rows_refer_to_may_come_later(void **state)
{
	static const char *const columns[] = { "t_id" };
	const struct vl_write_opts opts = { .kind = VL_WRITE_INSERT,
		.table = "c",
		.columns = columns,
		.ncolumns = 1 };
	const struct vl_cell cell = integer(1);
	struct open o;

	(void)state;
	begin(&o,
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, v);"
	    "CREATE TABLE c(t_id REFERENCES t)");
	good(write_one(&o.w, o.db, &opts, &cell), &o.w);
	assert_true(dangles(&o));
	good(insert(&o.w, o.db, 1, "a"), &o.w);
	assert_false(dangles(&o));
	commit(&o);
	assert_int_equal(1, number(o.w.path, "SELECT count(*) FROM c"));
	end(&o);
}

static void
what_a_deletion_leaves_dangling_is_refused_at_commit(void **state)
{
	static const char *const rowid[] = { NULL };
	const struct vl_write_opts opts = {
		.kind = VL_WRITE_DELETE, .table = "t", .key = rowid, .nkey = 1
	};
	const struct vl_cell cell = integer(1);
	struct open o;

	(void)state;
	begin(&o,
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, v);"
	    "CREATE TABLE c(t_id REFERENCES t);"
	    "INSERT INTO t VALUES (1, 'a'); INSERT INTO c VALUES (1)");
	good(insert(&o.w, o.db, 2, "b"), &o.w);
	good(write_one(&o.w, o.db, &opts, &cell), &o.w);
	assert_true(dangles(&o));
	bad(vl_dbs_commit(o.d, &o.w.err), VL_EREFUSED, &o.w,
	    "FOREIGN KEY constraint failed");
	/* Still open: what is missing may come. */
	good(insert(&o.w, o.db, 1, "c"), &o.w);
	commit(&o);
	assert_int_equal(1, number(o.w.path, "SELECT count(*) FROM c"));
	end(&o);
}

/* Also the one that the engine makes of the column which is written. */
static void
a_key_that_changes_takes_its_rows_along(void **state)
{
	static const char *const v[] = { "V" };
	static const char *const t_v[] = { "t_v" };
	static const char *const rowid[] = { NULL };
	const struct vl_write_opts add = { .kind = VL_WRITE_INSERT,
		.table = "c",
		.columns = t_v,
		.ncolumns = 1 };
	const struct vl_write_opts set = { .kind = VL_WRITE_UPDATE,
		.table = "t",
		.columns = v,
		.ncolumns = 1,
		.key = rowid,
		.nkey = 1 };
	const struct vl_cell old = text("a");
	const struct vl_cell new[2] = { text("b"), integer(1) };
	static const char *const tables[] = {
		"CREATE TABLE t(id INTEGER PRIMARY KEY, v UNIQUE);"
		"CREATE TABLE c(t_v REFERENCES t(v) ON UPDATE CASCADE)",
		"CREATE TABLE t(id INTEGER PRIMARY KEY, v, k UNIQUE"
		" GENERATED ALWAYS AS (v) STORED);"
		"CREATE TABLE c(t_v REFERENCES t(k) ON UPDATE CASCADE)"
	};
	struct open o;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		begin(&o, tables[i]);
		good(insert(&o.w, o.db, 1, "a"), &o.w);
		good(write_one(&o.w, o.db, &add, &old), &o.w);
		good(write_one(&o.w, o.db, &set, new), &o.w);
		assert_false(dangles(&o));
		commit(&o);
		assert_int_equal(1,
		    number(o.w.path, "SELECT count(*) FROM c WHERE t_v = 'b'"));
		end(&o);
	}
}

static void
what_a_trigger_deletes_takes_its_rows_along(void **state)
{
	struct open o;

	(void)state;
	begin(&o,
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, v);"
	    "CREATE TABLE p(id INTEGER PRIMARY KEY);"
	    "CREATE TABLE c(p_id REFERENCES p ON DELETE CASCADE);"
	    "INSERT INTO p VALUES (1); INSERT INTO c VALUES (1);"
	    "CREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM p; END");
	good(insert(&o.w, o.db, 1, "a"), &o.w);
	commit(&o);
	assert_int_equal(0, number(o.w.path, "SELECT count(*) FROM c"));
	end(&o);
}

static void
dangling_rows_are_listed_with_table_rowid_and_parent(void **state)
{
	struct open o;
	struct vl_scan *s = NULL;
	const struct vl_cell *cells = NULL;
	bool row = false;
	int n = 0;

	(void)state;
	begin(&o,
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, v);"
	    "CREATE TABLE c(t_id REFERENCES t);"
	    "CREATE TABLE k(t_id PRIMARY KEY REFERENCES t) WITHOUT ROWID;"
	    "INSERT INTO t VALUES (1, 'a'); INSERT INTO c VALUES (1), (5);"
	    "INSERT INTO k VALUES (6)");
	good(vl_db_dangling_open(&s, o.db, false, &o.w.err), &o.w);
	for (;;) {
		good(vl_scan_next(s, &cells, &row, &o.w.err), &o.w);
		if (!row)
			break;
		n++;
		assert_true(vl_slice_equal(cells[2].bytes, vl_slice_of("t")));
		if (vl_slice_equal(cells[0].bytes, vl_slice_of("c")))
			assert_int_equal(2, cells[1].integer);
		else
			assert_int_equal(VL_CELL_NULL, cells[1].type);
	}
	assert_int_equal(2, n);
	vl_scan_free(s);
	end(&o);
}

/* Numbers of what the rows of `c` hold, equal where it is; the database has
 * one table besides that they refer to. */
static void
hold(const char *rows, const char *want)
{
	struct open o;
	struct vl_scan *s = NULL;
	const struct vl_cell *cells = NULL;
	struct vl_buf held[8] = { { 0 } };
	char got[9] = "";
	bool row = true;
	size_t n = 0;
	size_t i = 0;

	begin(&o, rows);
	good(vl_db_dangling_open(&s, o.db, false, &o.w.err), &o.w);
	for (;;) {
		good(vl_scan_next(s, &cells, &row, &o.w.err), &o.w);
		if (!row)
			break;
		good(vl_dangling_held(s, &held[n], &o.w.err), &o.w);
		for (i = 0; !vl_slice_equal(
		         vl_buf_slice(&held[i]), vl_buf_slice(&held[n]));)
			i++;
		got[n++] = (char)('0' + i);
		assert_in_range(n, 1, 8);
	}
	assert_string_equal(want, got);
	for (i = 0; i < n; i++)
		vl_buf_free(&held[i]);
	vl_scan_free(s);
	end(&o);
}

static void
what_dangling_rows_hold_is_told_apart(void **state)
{
	(void)state;
	hold("CREATE TABLE t(id PRIMARY KEY);"
	     "CREATE TABLE c(\"a b\" REFERENCES t);"
	     "INSERT INTO c VALUES (7), ('7'), (x'37'), (7.5), (7),"
	     " (CAST(x'610062' AS TEXT)), (CAST(x'610063' AS TEXT))",
	    "0123056");
	/* Two columns, and another foreign key over one of them. */
	hold("CREATE TABLE t(id PRIMARY KEY, x, y, UNIQUE(x, y));"
	     "CREATE TABLE c(a REFERENCES t, rowid, _rowid_,"
	     " FOREIGN KEY(_rowid_, rowid) REFERENCES t(x, y));"
	     "INSERT INTO c VALUES (NULL, 1, 2), (NULL, 2, 1), (NULL, 1, 2),"
	     " (1, NULL, NULL), (2, NULL, NULL), (1, 5, NULL)",
	    "010343");
	hold("CREATE TABLE t(id PRIMARY KEY);"
	     "CREATE TABLE c(k INTEGER PRIMARY KEY, t_id REFERENCES t);"
	     "INSERT INTO c VALUES (5, 'x'), (9, 'y'), (10, 'x')",
	    "010");
	hold("CREATE TABLE t(id PRIMARY KEY);"
	     "CREATE TABLE c(k PRIMARY KEY, t_id REFERENCES t) WITHOUT ROWID;"
	     "INSERT INTO c VALUES (5, 'x'), (9, 'y')",
	    "00");
}

static void
the_next_id_is_above_all_that_ever_were(void **state)
{
	static const struct {
		const char *table;
		int64_t want;
	} cases[] = { { "empty", 1 }, { "plain", 8 }, { "NEGATIVE", 1 },
		{ "auto", 10 }, { "lowered", 8 }, { "bare", 4 } };
	struct open o;
	int64_t id = 0;
	size_t i;

	(void)state;
	begin(&o,
	    "CREATE TABLE empty(id INTEGER PRIMARY KEY);"
	    "CREATE TABLE plain(id INTEGER PRIMARY KEY);"
	    "INSERT INTO plain VALUES (7), (9); DELETE FROM plain WHERE id=9;"
	    "CREATE TABLE negative(id INTEGER PRIMARY KEY);"
	    "INSERT INTO negative VALUES (-5);"
	    "CREATE TABLE auto(id INTEGER PRIMARY KEY AUTOINCREMENT);"
	    "INSERT INTO auto VALUES (7), (9); DELETE FROM auto WHERE id=9;"
	    "CREATE TABLE lowered(id INTEGER PRIMARY KEY AUTOINCREMENT);"
	    "INSERT INTO lowered VALUES (7);"
	    "UPDATE sqlite_sequence SET seq = 3 WHERE name = 'lowered';"
	    "CREATE TABLE bare(v); INSERT INTO bare VALUES (1), (2), (3);"
	    "CREATE TABLE full(id INTEGER PRIMARY KEY);"
	    "INSERT INTO full VALUES (9223372036854775807);"
	    "CREATE TABLE none(k PRIMARY KEY) WITHOUT ROWID");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		good(vl_db_next_id(o.db, cases[i].table, &id, &o.w.err), &o.w);
		assert_int_equal(cases[i].want, id);
	}
	bad(vl_db_next_id(o.db, "full", &id, &o.w.err), VL_EREFUSED, &o.w,
	    "has used up its ids");
	bad(vl_db_next_id(o.db, "none", &id, &o.w.err), VL_EUSAGE, &o.w,
	    "has no ids");
	end(&o);
}

/* Unlike the sequences of other engines: a preview leaves no gap. */
static void
a_sequence_is_rolled_back_with_its_rows(void **state)
{
	struct open o;

	(void)state;
	begin(&o,
	    "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, v);"
	    "INSERT INTO t VALUES (7, 'a')");
	good(insert(&o.w, o.db, 100, "b"), &o.w);
	good(vl_dbs_rollback(o.d, &o.w.err), &o.w);
	vl_dbs_free(o.d);
	o.d = NULL;
	assert_int_equal(
	    7, number(o.w.path, "SELECT seq FROM sqlite_sequence"));
	end(&o);
}

static void
a_collation_of_the_application_keeps_its_table_from_being_written(void **state)
{
	struct open o;

	(void)state;
	begin(&o,
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT COLLATE NOCASE);"
	    "CREATE INDEX i ON t(v); PRAGMA writable_schema=ON;"
	    "UPDATE sqlite_schema SET sql = replace(sql, 'NOCASE', 'GERMAN')");
	bad(insert(&o.w, o.db, 1, "a"), VL_EREFUSED, &o.w,
	    "no such collation sequence: GERMAN");
	end(&o);
}

static void
utf_16_takes_only_what_is_text(void **state)
{
	struct open o;

	(void)state;
	begin(&o,
	    "PRAGMA encoding='UTF-16be';"
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
	bad(insert(&o.w, o.db, 1, "\xff"), VL_EREFUSED, &o.w,
	    "is kept in UTF-16");
	good(insert(&o.w, o.db, 1, "\303\244"), &o.w);
	commit(&o);
	assert_int_equal(228, number(o.w.path, "SELECT unicode(v) FROM t"));
	end(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells_come_back_as_they_were_written),
		cmocka_unit_test(updates_and_deletes_the_row_of_a_key),
		cmocka_unit_test(a_key_that_is_no_key_is_refused),
		cmocka_unit_test(a_constraint_is_named),
		cmocka_unit_test(a_taken_key_is_told_from_other_refusals),
		cmocka_unit_test(
		    what_a_table_says_to_do_on_conflict_is_not_done),
		cmocka_unit_test(a_row_that_a_trigger_drops_is_missed),
		cmocka_unit_test(nothing_is_written_once_a_trigger_rolled_back),
		cmocka_unit_test(
		    a_swap_of_unique_values_in_one_step_is_refused),
		cmocka_unit_test(changes_of_triggers_and_cascades_are_counted),
		cmocka_unit_test(
		    triggers_can_be_kept_from_running_and_cascades_not),
		cmocka_unit_test(what_new_rows_refer_to_may_come_later),
		cmocka_unit_test(
		    what_a_deletion_leaves_dangling_is_refused_at_commit),
		cmocka_unit_test(a_key_that_changes_takes_its_rows_along),
		cmocka_unit_test(what_a_trigger_deletes_takes_its_rows_along),
		cmocka_unit_test(
		    dangling_rows_are_listed_with_table_rowid_and_parent),
		cmocka_unit_test(what_dangling_rows_hold_is_told_apart),
		cmocka_unit_test(the_next_id_is_above_all_that_ever_were),
		cmocka_unit_test(a_sequence_is_rolled_back_with_its_rows),
		cmocka_unit_test(
		    a_collation_of_the_application_keeps_its_table_from_being_written),
		cmocka_unit_test(utf_16_takes_only_what_is_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
