/* The files of a site opened together, each a schema of one connection. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <valise/fs.h>

#include "dbs.h"

/* KiB of pages that all files together keep: what does not fit is written, and
 * its journal synced, before the end. */
#define CACHE_KIB 49152

static const char *const names[VL_DBS_MAX] = { "main", "f1", "f2", "f3", "f4",
	"f5", "f6", "f7", "f8", "f9", "f10" };

enum vl_status
dbs_pragma(struct vl_dbs *d, size_t i, const char *text, char word[64],
    struct vl_err *err)
{
	char sql[128];

	(void)snprintf(
	    sql, sizeof(sql), "PRAGMA \"%s\".%s", d->at[i]->name, text);
	return db_word(d->at[i], sql, word, err);
}

static int64_t
now_ms(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

enum vl_status
dbs_pragma_wait(struct vl_dbs *d, size_t i, const char *text, char word[64],
    struct vl_err *err)
{
	/* SQLite itself does not wait here. */
	const struct timespec pause = { 0, DB_TRY_AGAIN_MS * 1000000L };
	int64_t end = now_ms() + (int64_t)d->wait * 1000;
	enum vl_status st = dbs_pragma(d, i, text, word, err);

	while (st == VL_ETEMP && now_ms() < end) {
		(void)nanosleep(&pause, NULL);
		st = dbs_pragma(d, i, text, word, err);
	}
	return st;
}

static enum vl_status
refuse_twice(struct vl_dbs *d, struct vl_err *err)
{
	struct stat a;
	struct stat b;
	size_t i;
	size_t j;

	for (i = 0; i < d->n; i++) {
		if (stat(d->at[i]->real, &a) != 0)
			return vl_fail_errno(
			    err, "cannot look at '%s'", d->at[i]->path);
		for (j = 0; j < i; j++)
			if (stat(d->at[j]->real, &b) == 0 &&
			    a.st_dev == b.st_dev && a.st_ino == b.st_ino)
				return vl_fail(err, VL_EUSAGE,
				    "'%s' and '%s' are one database",
				    d->at[j]->path, d->at[i]->path);
	}
	return VL_OK;
}

enum vl_status
db_sync_dir(const struct vl_db *db, struct vl_err *err)
{
	/* `real` is absolute, and of a file. */
	const char *slash = strrchr(db->real, '/');
	size_t n = slash == db->real ? 1 : (size_t)(slash - db->real);
	char *dir = strndup(db->real, n);
	enum vl_status st = VL_OK;

	if (dir == NULL)
		return vl_fail_memory(err);
	st = vl_fsync_dir(AT_FDCWD, dir, err);
	free(dir);
	return st;
}

/*
 * The pages are looked at over a connection of its own, which makes up the
 * collations that it misses; the one that writes must not have those.
 */
static enum vl_status
check_pages(struct vl_db *db, struct vl_err *err)
{
	enum vl_status st = db_connect(db, &db->sql, db->real, NULL, err);

	if (st == VL_OK)
		st = db_set_readonly(db, err);
	if (st == VL_OK)
		st = db_check_pages(db, err);
	(void)sqlite3_close_v2(db->sql);
	db->sql = NULL;
	return st;
}

static enum vl_status
look_at_all(
    struct vl_dbs *d, const struct vl_dbs_opts *opts, struct vl_err *err)
{
	struct vl_db_opts one = { .tempdir = opts->tempdir,
		.wait = opts->wait,
		.stop = opts->stop,
		.arg = opts->arg };
	enum vl_status st = VL_OK;
	size_t i;

	for (i = 0; st == VL_OK && i < opts->n; i++) {
		one.path = opts->paths[i];
		if (opts->prefixes != NULL)
			one.prefix = opts->prefixes[i];
		st = db_look(&d->at[i], &one, err);
		if (st == VL_OK)
			d->n = i + 1;
	}
	if (st == VL_OK)
		st = refuse_twice(d, err);
	for (i = 0; st == VL_OK && i < d->n; i++)
		st = db_sync_dir(d->at[i], err);
	for (i = 0; st == VL_OK && !opts->recovery && i < d->n; i++)
		st = check_pages(d->at[i], err);
	return st;
}

static enum vl_status
attach(struct vl_dbs *d, size_t i, struct vl_err *err)
{
	struct vl_db *db = d->at[i];
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(d->sql, "ATTACH ?1 AS ?2", -1, &stmt, NULL);

	db->sql = d->sql;
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(stmt, 1, db->real, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(stmt, 2, db->name, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	(void)sqlite3_finalize(stmt);
	/* The one thing that two good files can disagree on. */
	if (rc == SQLITE_ERROR)
		return vl_fail(err, VL_EREFUSED,
		    "'%s' cannot be changed together with '%s': %s", db->path,
		    d->at[0]->path, sqlite3_errmsg(d->sql));
	if (rc != SQLITE_DONE)
		return db_fail(db, rc, err, "cannot open '%s'", db->path);
	return VL_OK;
}

static enum vl_status
learn(struct vl_dbs *d, size_t i, bool recovery, struct vl_err *err)
{
	struct vl_db *db = d->at[i];
	char word[64];
	char cache[64];
	enum vl_status st = dbs_pragma(d, i, "journal_mode", word, err);

	(void)snprintf(
	    cache, sizeof(cache), "cache_size = -%zu", CACHE_KIB / d->n);
	db->peers = d->at;
	db->npeers = d->n;
	d->was_wal[i] = strcmp(word, "wal") == 0;
	if (st == VL_OK)
		st = dbs_pragma(d, i, cache, word, err);
	if (st == VL_OK)
		st = dbs_pragma(d, i, "schema_version", word, err);
	d->version[i] = (int)strtol(word, NULL, 10);
	if (st == VL_OK && !recovery)
		st = db_learn(db, false, err);
	return st;
}

static enum vl_status
open_all(struct vl_dbs *d, const struct vl_dbs_opts *opts, struct vl_err *err)
{
	char word[64];
	size_t i;
	enum vl_status st = look_at_all(d, opts, err);

	if (st == VL_OK)
		st = db_connect(d->at[0], &d->sql, d->at[0]->real, NULL, err);
	if (st != VL_OK)
		return st;
	for (i = 0; i < d->n; i++)
		d->at[i]->name = names[i];
	d->at[0]->sql = d->sql;
	/* It is a database before others are attached to it. */
	st = dbs_pragma(d, 0, "schema_version", word, err);
	for (i = 1; st == VL_OK && i < d->n; i++)
		st = attach(d, i, err);
	for (i = 0; st == VL_OK && i < d->n; i++)
		st = learn(d, i, opts->recovery, err);
	return st;
}

enum vl_status
vl_dbs_open(
    struct vl_dbs **out, const struct vl_dbs_opts *opts, struct vl_err *err)
{
	struct vl_dbs *d = NULL;
	enum vl_status st = VL_OK;

	*out = NULL;
	if (opts->n == 0 || opts->n > VL_DBS_MAX)
		return vl_fail(err, VL_EUSAGE,
		    "%zu SQLite databases in one site; there may be 1 to %d",
		    opts->n, VL_DBS_MAX);
	st = db_set_tempdir(opts->tempdir, err);
	if (st != VL_OK)
		return st;
	d = calloc(1, sizeof(*d));
	if (d == NULL)
		return vl_fail_memory(err);
	d->wait = opts->wait;
	st = open_all(d, opts, err);
	if (st == VL_OK)
		*out = d;
	else
		vl_dbs_free(d);
	return st;
}

enum vl_status
vl_dbs_open_copy(
    struct vl_dbs **out, const struct vl_db_opts *opts, struct vl_err *err)
{
	struct vl_dbs *d = calloc(1, sizeof(*d));
	enum vl_status st = VL_OK;

	*out = NULL;
	if (d == NULL)
		return vl_fail_memory(err);
	st = db_set_tempdir(opts->tempdir, err);
	if (st == VL_OK)
		st = db_look(&d->at[0], opts, err);
	if (st == VL_OK) {
		d->n = 1;
		st = db_make_copy(d->at[0], opts, err);
		d->sql = d->at[0]->sql;
		d->at[0]->name = names[0];
	}
	if (st == VL_OK)
		st = db_check_pages(d->at[0], err);
	if (st == VL_OK)
		st = learn(d, 0, false, err);
	if (st == VL_OK)
		*out = d;
	else
		vl_dbs_free(d);
	return st;
}

struct vl_db *
vl_dbs_at(const struct vl_dbs *d, size_t i)
{
	return d->at[i];
}

bool
vl_dbs_was_wal(const struct vl_dbs *d, size_t i)
{
	return d->was_wal[i];
}

void
vl_dbs_free(struct vl_dbs *d)
{
	size_t i;

	if (d == NULL)
		return;
	/* It rolls back what is not committed. */
	(void)sqlite3_close_v2(d->sql);
	for (i = 0; i < d->n; i++)
		vl_db_free(d->at[i]);
	free(d);
}
