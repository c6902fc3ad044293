/*
 * A private copy of a database that others may be writing.
 *
 * Its file has no name from the first byte on, and it may hold a database in
 * WAL mode, which otherwise wants files with names beside it: where rows are
 * only read, a private file (nameless.c); where they are changed for a preview,
 * a temporary database of SQLite.
 */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/fs.h>

#include "private.h"

#define STEP_PAGES   1024
#define STEP_BYTES   (4 << 20)
#define RESTARTS_MAX 3

/* What SQLite itself looks at to see whether others wrote
 * (https://www.sqlite.org/fileformat2.html, file format version numbers, file
 * change counter and what stands behind it). */
#define VERSION_AT   18
#define VERSION_SIZE 22

struct copying {
	struct vl_db *db; /* of the copy */
	const char *tempdir;
	sqlite3 *from;
	sqlite3_backup *backup;
	bool held;
	/* Of a copy of bytes. */
	struct db_filling *filling;
	sqlite3_file *file; /* of the source */
	int error;          /* of the system, that no connection knows of */
	uint8_t version[VERSION_SIZE];
	sqlite3_int64 size;
	sqlite3_int64 at;
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

	if (c->error == 0)
		c->error = db_fill_error(c->filling);
	if (c->error != 0)
		return vl_fail(err, VL_EIO, "cannot copy '%s' to '%s': %s",
		    c->db->path, c->tempdir, strerror(c->error));
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

static int
release(struct copying *c)
{
	c->held = false;
	return sqlite3_exec(c->from, "COMMIT", NULL, NULL, NULL);
}

/* What the source's file answered; its connection was not asked, and does not
 * know the cause. */
static int
of_source(struct copying *c, int rc)
{
	if ((rc & 0xff) == SQLITE_IOERR)
		(void)c->file->pMethods->xFileControl(
		    c->file, SQLITE_FCNTL_LAST_ERRNO, &c->error);
	return rc;
}

/* Whether the source is what it was when the copy began; else it begins again.
 */
static int
look_at_version(struct copying *c)
{
	uint8_t version[VERSION_SIZE] = { 0 };
	sqlite3_int64 size = 0;
	int rc = of_source(c, c->file->pMethods->xFileSize(c->file, &size));

	if (rc == SQLITE_OK && size > 0)
		rc = of_source(c,
		    c->file->pMethods->xRead(
		        c->file, version, VERSION_SIZE, VERSION_AT));
	if (rc != SQLITE_OK ||
	    (size == c->size && memcmp(version, c->version, VERSION_SIZE) == 0))
		return rc;
	c->db->anew += c->at > 0;
	c->at = 0;
	c->size = size;
	memcpy(c->version, version, VERSION_SIZE);
	rc = db_fill_settle(c->filling);
	if (rc == SQLITE_OK && ftruncate(c->db->fd, 0) != 0) {
		c->error = errno;
		rc = SQLITE_IOERR_TRUNCATE;
	}
	return rc;
}

static int
copy_some_bytes(struct copying *c)
{
	sqlite3_int64 end = c->at + STEP_BYTES;
	uint8_t *room = NULL;
	size_t n = 0;
	int rc = SQLITE_OK;

	if (end > c->size)
		end = c->size;
	while (rc == SQLITE_OK && c->at < end) {
		rc = db_fill_room(c->filling, c->at, &room, &n);
		if (rc != SQLITE_OK)
			return rc;
		if ((sqlite3_int64)n > end - c->at)
			n = (size_t)(end - c->at);
		rc = of_source(
		    c, c->file->pMethods->xRead(c->file, room, (int)n, c->at));
		if (rc == SQLITE_OK)
			db_fill_put(c->filling, n);
		c->at += (sqlite3_int64)n;
	}
	return rc;
}

/*
 * Bytes as they stand, without a look at pages, by SQLite's own descriptor:
 * another one would end its locks when it is closed.  The lock is given up
 * between steps for writers, each of which makes the copy begin again; after
 * some of those it is kept.  `*wal`: it is held, and the rest of the pages is
 * in the log; nothing is copied.
 */
static int
copy_bytes(struct copying *c, bool *wal)
{
	int rc = sqlite3_file_control(
	    c->from, "main", SQLITE_FCNTL_FILE_POINTER, &c->file);

	*wal = false;
	do {
		if (rc == SQLITE_OK && !c->held)
			rc = hold(c);
		/* SQLite knows; a log beside it counts, too. */
		if (rc == SQLITE_OK)
			rc = in_wal_mode(c->from, wal);
		if (rc == SQLITE_OK)
			rc = look_at_version(c);
		if (rc == SQLITE_OK && *wal)
			return rc;
		if (rc == SQLITE_OK)
			rc = copy_some_bytes(c);
		if (rc == SQLITE_OK && c->db->anew < RESTARTS_MAX)
			rc = release(c);
		if (rc == SQLITE_OK && db_stops(c->db))
			rc = SQLITE_INTERRUPT;
	} while (rc == SQLITE_OK && c->at < c->size);
	return rc == SQLITE_OK ? db_fill_settle(c->filling) : rc;
}

/*
 * In WAL mode a reader is in nobody's way, and keeps what it sees.  Else as
 * with bytes.
 */
static int
copy_pages(struct copying *c)
{
	bool wal = false;
	int before = INT_MAX;
	int left = 0;
	int rc = c->held ? SQLITE_OK : in_wal_mode(c->from, &wal);

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

static enum vl_status
run_backup_by(struct copying *c, struct vl_err *err)
{
	/* Nobody asks for it when this fails. */
	enum vl_status st = db_connect_copy(c->db, err);

	if (st == VL_OK)
		st = db_run(c->db, "PRAGMA journal_mode = MEMORY", err);
	if (st == VL_OK)
		db_fill_by(c->filling, c->db);
	if (st == VL_OK)
		st = run_backup(c, err);
	(void)sqlite3_close_v2(c->db->sql);
	c->db->sql = NULL;
	return st;
}

/* Into a private file, which several connections can read. */
static enum vl_status
make_private(
    struct vl_db *db, const struct vl_db_opts *opts, struct vl_err *err)
{
	struct copying c = { .db = db, .tempdir = opts->tempdir };
	enum vl_status st = open_source(db, &c.from, err);
	bool wal = false;
	int rc = SQLITE_OK;

	if (st == VL_OK)
		st = vl_temp_file(&db->fd, opts->tempdir, err);
	db->copied = st == VL_OK;
	if (st == VL_OK)
		st = db_fill_new(&c.filling, db, opts->pool, err);
	if (st == VL_OK) {
		rc = copy_bytes(&c, &wal);
		st = rc == SQLITE_OK ? VL_OK : copy_fails(&c, rc, err);
	}
	if (st == VL_OK && wal)
		st = run_backup_by(&c, err);
	(void)sqlite3_close_v2(c.from);
	db_fill_free(c.filling);
	return st == VL_OK ? db_connect_copy(db, err) : st;
}

static void
tell_anew(const struct vl_db *db, const struct vl_db_report *report)
{
	char text[256];

	if (db->anew == 0 || report->note == NULL)
		return;
	(void)snprintf(text, sizeof(text),
	    "an application writes to it: its copy began anew %u time%s%s",
	    db->anew, db->anew == 1 ? "" : "s",
	    db->anew < RESTARTS_MAX ?
	        "" :
	        ", and then kept the lock until it was whole; writers waited");
	report->note(report->arg, text);
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
		tell_anew(db, &opts->report);
	if (st == VL_OK)
		*out = db;
	else
		vl_db_free(db);
	return st == VL_OK ? st : err->status;
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
