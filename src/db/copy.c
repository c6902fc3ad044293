/*
 * A private copy of a database that others may be writing.
 *
 * Its file has no name from the first byte on, and it may hold a database in
 * WAL mode, which otherwise wants files with names beside it: where rows are
 * only read, a private file (nameless.c); where they are changed for a preview,
 * a temporary database of SQLite.
 */

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <valise/fs.h>

#include "private.h"

#define STEP_PAGES   1024
#define RESTARTS_MAX 3

struct copying {
	struct vl_db *db; /* of the copy */
	const char *tempdir;
	sqlite3 *from;
	sqlite3_backup *backup;
	bool held;
};

/* Whether a log lies beside it: then the source stays as it is. */
static bool
has_log(const char *real)
{
	struct stat s;
	char *name = sqlite3_mprintf("%s-wal", real);
	bool has = name != NULL && stat(name, &s) == 0 && s.st_size > 0;

	sqlite3_free(name);
	return has;
}

/*
 * The source may be written by SQLite, so that it can undo what a killed
 * application left, and removes at the end the files that WAL mode makes:
 * left behind they might belong to somebody whom the application is not.
 */
static enum vl_status
open_source(struct vl_db *db, sqlite3 **sql, struct vl_err *err)
{
	bool log = has_log(db->real);
	enum vl_status st = db_connect(db, sql, db->real, NULL, err);

	if (st == VL_OK && log)
		(void)sqlite3_db_config(
		    *sql, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	return st;
}

/* Either connection may have met it; the source has words for more. */
static enum vl_status
copy_fails(struct copying *c, int rc, struct vl_err *err)
{
	sqlite3 *copy = c->db->sql;

	if (sqlite3_system_errno(copy) == 0 ||
	    sqlite3_system_errno(c->from) != 0)
		c->db->sql = c->from;
	(void)db_fail(c->db, rc, err, "cannot copy '%s' to '%s'", c->db->path,
	    c->tempdir);
	c->db->sql = copy;
	return err->status;
}

/* From here on no page changes under the copy. */
static int
hold(struct copying *c)
{
	int rc = sqlite3_exec(
	    c->from, "BEGIN; PRAGMA schema_version", NULL, NULL, NULL);

	c->held = rc == SQLITE_OK;
	return rc;
}

static int
in_wal_mode(sqlite3 *from, bool *wal)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(
	    from, "PRAGMA main.journal_mode", -1, &stmt, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	*wal = rc == SQLITE_ROW &&
	    sqlite3_stricmp(
	        (const char *)sqlite3_column_text(stmt, 0), "wal") == 0;
	(void)sqlite3_finalize(stmt);
	if (rc == SQLITE_DONE)
		return SQLITE_ERROR;
	return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

/*
 * In WAL mode a reader is in nobody's way, and keeps what it sees.  Else the
 * lock is given up between steps for writers, each of which makes the copy
 * begin again; after some of those it is kept.
 */
static int
copy_pages(struct copying *c)
{
	bool wal = false;
	int before = INT_MAX;
	int left = 0;
	int rc = in_wal_mode(c->from, &wal);

	if (rc == SQLITE_OK && wal)
		rc = hold(c);
	while (rc == SQLITE_OK) {
		rc = sqlite3_backup_step(c->backup, STEP_PAGES);
		left = sqlite3_backup_remaining(c->backup);
		if (rc == SQLITE_OK && db_stops(c->db))
			rc = SQLITE_INTERRUPT;
		if (rc == SQLITE_OK && left >= before &&
		    ++c->db->anew == RESTARTS_MAX && !c->held)
			rc = hold(c);
		before = left;
	}
	return rc;
}

static enum vl_status
run_backup(struct copying *c, struct vl_err *err)
{
	int rc = SQLITE_OK;

	c->backup = sqlite3_backup_init(c->db->sql, "main", c->from, "main");
	if (c->backup == NULL)
		return db_fail(c->db, sqlite3_extended_errcode(c->db->sql), err,
		    "cannot copy '%s'", c->db->path);
	rc = copy_pages(c);
	(void)sqlite3_backup_finish(c->backup);
	c->backup = NULL;
	return rc == SQLITE_DONE ? VL_OK : copy_fails(c, rc, err);
}

enum vl_status
db_make_copy(
    struct vl_db *db, const struct vl_db_opts *opts, struct vl_err *err)
{
	struct copying c = { .db = db, .tempdir = opts->tempdir };
	enum vl_status st = open_source(db, &c.from, err);

	if (st == VL_OK)
		st = db_connect(db, &db->sql, "", NULL, err);
	if (st == VL_OK)
		st = run_backup(&c, err);
	(void)sqlite3_close_v2(c.from);
	return st;
}

/* Into a private file, which several connections can read. */
static enum vl_status
make_private(
    struct vl_db *db, const struct vl_db_opts *opts, struct vl_err *err)
{
	struct copying c = { .db = db, .tempdir = opts->tempdir };
	struct db_filling *filling = NULL;
	enum vl_status st = open_source(db, &c.from, err);

	if (st == VL_OK)
		st = vl_temp_file(&db->fd, opts->tempdir, err);
	db->copied = st == VL_OK;
	if (st == VL_OK)
		st = db_connect_copy(db, err);
	/* Nobody asks for it when this fails. */
	if (st == VL_OK)
		st = db_run(db, "PRAGMA journal_mode = MEMORY", err);
	if (st == VL_OK && opts->pool != NULL)
		st = db_fill_by(db, opts->pool, &filling, err);
	if (st == VL_OK)
		st = run_backup(&c, err);
	(void)sqlite3_close_v2(c.from);
	(void)sqlite3_close_v2(db->sql);
	free(filling);
	db->sql = NULL;
	return st == VL_OK ? db_connect_copy(db, err) : st;
}

/* With a connection to a copy of the source, or to itself. */
static enum vl_status
open_db(struct vl_db **out, const struct vl_db_opts *opts, bool copy,
    struct vl_err *err)
{
	struct vl_db *db = NULL;
	struct vl_err found = { 0 };
	enum vl_status st = db_set_tempdir(opts->tempdir, err);

	*out = NULL;
	if (st == VL_OK)
		st = db_look(&db, opts, err);
	if (st == VL_OK) {
		db->owns = true;
		st = copy ? make_private(db, opts, err) :
		            open_source(db, &db->sql, err);
	}
	if (st == VL_OK)
		st = db_set_readonly(db, err);
	if (st == VL_OK)
		st = copy ? db_check_begin(db, opts->pool, err) :
		            db_run(db, "BEGIN", err);
	if (st == VL_OK)
		st = db_learn(db, !copy, err);
	/* What is wrong with the pages says more. */
	if (st != VL_OK && db != NULL && vl_db_checked(db, &found) != VL_OK)
		*err = found;
	if (st == VL_OK)
		*out = db;
	else
		vl_db_free(db);
	return st == VL_OK ? st : err->status;
}

unsigned
vl_db_copied_anew(const struct vl_db *db, bool *kept)
{
	*kept = db->anew >= RESTARTS_MAX;
	return db->anew;
}

bool
vl_db_tell_anew(const struct vl_db *db, char *text, size_t size)
{
	bool kept = false;
	unsigned times = vl_db_copied_anew(db, &kept);

	if (times > 0)
		(void)snprintf(text, size,
		    "an application writes to it: its copy began anew %u "
		    "time%s%s",
		    times, times == 1 ? "" : "s",
		    kept ? ", and then kept the lock until it was whole; "
		           "writers waited" :
		           "");
	return times > 0;
}

enum vl_status
vl_db_open_copy(
    struct vl_db **out, const struct vl_db_opts *opts, struct vl_err *err)
{
	return open_db(out, opts, true, err);
}

enum vl_status
vl_db_open_read(
    struct vl_db **out, const struct vl_db_opts *opts, struct vl_err *err)
{
	return open_db(out, opts, false, err);
}
