/*
 * Connections: what lies at a path is looked at before SQLite opens it, and
 * a file that may be hostile runs no code and reads no memory map.
 */

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <valise/text.h>

#include "private.h"

/* Instructions of SQLite's machine between two questions whether to stop. */
#define STEPS_ASKED 100000

/* No schema of an application needs more; its defaults allow far more. */
static const struct {
	int what;
	int most;
} limits[] = {
	{ SQLITE_LIMIT_EXPR_DEPTH, 500 },
	{ SQLITE_LIMIT_COMPOUND_SELECT, 100 },
	{ SQLITE_LIMIT_VDBE_OP, 10000000 },
	{ SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 5000 },
	{ SQLITE_LIMIT_TRIGGER_DEPTH, 100 },
	{ SQLITE_LIMIT_WORKER_THREADS, 0 },
};

static const struct {
	int what;
	int on;
} configs[] = {
	{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
	/*
	 * Checks, generated columns and triggers of real applications call
	 * json_valid() and its like, which an untrusted schema may not: the
	 * database would not open (n8n's does not).  What else a schema could
	 * call is switched off by the lines around this one.
	 */
	{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 1 },
	{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
	{ SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0 },
	/* "x" is a name, never a text: a misspelt column is an error. */
	{ SQLITE_DBCONFIG_DQS_DML, 0 },
	{ SQLITE_DBCONFIG_DQS_DDL, 0 },
};

static enum vl_status
look_at(const char *path, char **real, struct vl_err *err)
{
	struct stat s;

	*real = realpath(path, NULL);
	if (*real == NULL && (errno == ENOENT || errno == ENOTDIR))
		return vl_fail(
		    err, VL_EUSAGE, "the database '%s' is not there", path);
	if (*real == NULL || stat(*real, &s) != 0)
		return vl_fail_errno(err, "cannot look at '%s'", path);
	if (!S_ISREG(s.st_mode))
		return vl_fail(err, VL_EUSAGE,
		    "'%s' is no file, so it is no SQLite database", path);
	/* To SQLite it is an empty database; to its owner it is lost. */
	if (s.st_size == 0)
		return vl_fail(err, VL_EUSAGE,
		    "'%s' is empty: an SQLite database with at least one"
		    " table is wanted",
		    path);
	return VL_OK;
}

enum vl_status
db_look(struct vl_db **out, const struct vl_db_opts *opts, struct vl_err *err)
{
	struct vl_db *db = calloc(1, sizeof(*db));
	enum vl_status st = VL_OK;

	*out = NULL;
	if (db == NULL)
		return vl_fail_memory(err);
	db->name = "main";
	db->checked = DB_UNCHECKED;
	db->wait = opts->wait;
	db->stop = opts->stop;
	db->stop_arg = opts->arg;
	db->path = strdup(opts->path);
	db->prefix = strdup(opts->prefix == NULL ? "" : opts->prefix);
	if (db->path == NULL || db->prefix == NULL)
		st = vl_fail_memory(err);
	if (st == VL_OK)
		st = look_at(opts->path, &db->real, err);
	if (st == VL_OK)
		*out = db;
	else
		vl_db_free(db);
	return st;
}

bool
db_stops(const struct vl_db *db)
{
	return db->stop != NULL && db->stop(db->stop_arg);
}

static int
asked_to_stop(void *arg)
{
	struct vl_db *db = arg;

	return db_check_over(db) || db_stops(db);
}

/* SQLite's own would not ask whether to stop, however long it waits. */
static int
wait_for_lock(void *arg, int tries)
{
	const struct timespec pause = { 0, DB_TRY_AGAIN_MS * 1000000L };
	const struct vl_db *db = arg;

	if ((int64_t)tries * DB_TRY_AGAIN_MS >= (int64_t)db->wait * 1000 ||
	    db_stops(db))
		return 0;
	(void)nanosleep(&pause, NULL);
	return 1;
}

static int
harden(sqlite3 *sql)
{
	int rc = SQLITE_OK;
	size_t i;

	for (i = 0; i < sizeof(configs) / sizeof(configs[0]); i++)
		if (rc == SQLITE_OK)
			rc = sqlite3_db_config(
			    sql, configs[i].what, configs[i].on, NULL);
	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		(void)sqlite3_limit(sql, limits[i].what, limits[i].most);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(sql,
		    "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0", NULL,
		    NULL, NULL);
	return rc;
}

enum vl_status
db_connect(struct vl_db *db, sqlite3 **sql, const char *file, const char *vfs,
    struct vl_err *err)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
	    SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
	sqlite3 *was = db->sql;
	int rc = sqlite3_open_v2(file, sql, flags, vfs);

	if (rc == SQLITE_OK)
		rc = harden(*sql);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_handler(*sql, wait_for_lock, db);
	if (rc != SQLITE_OK) {
		db->sql = *sql;
		(void)db_fail(db, rc, err, "cannot open '%s'", db->path);
		(void)sqlite3_close_v2(*sql);
		*sql = NULL;
		db->sql = was;
		return err->status;
	}
	sqlite3_progress_handler(*sql, STEPS_ASKED, asked_to_stop, db);
	return VL_OK;
}

/*
 * Without statistics of memory, which nobody here asks for: with them each
 * allocation takes one lock of the process, and this SQLite makes several for
 * a row.  Refused where SQLite has begun, which costs nothing but time.
 */
static void
configure(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

/*
 * SQLite has one folder for temporary files in a process, and falls back to
 * others when it cannot be written; that is looked at here.
 */
enum vl_status
db_set_tempdir(const char *tempdir, struct vl_err *err)
{
	static pthread_once_t configured = PTHREAD_ONCE_INIT;
	sqlite3_mutex *lock = NULL;
	char *copy = NULL;
	int rc = SQLITE_OK;

	(void)pthread_once(&configured, configure);
	rc = sqlite3_initialize();
	if (access(tempdir, R_OK | W_OK | X_OK) != 0)
		return vl_fail_errno(
		    err, "cannot make temporary files in '%s'", tempdir);
	if (rc != SQLITE_OK)
		return vl_fail(
		    err, VL_EIO, "cannot start SQLite: %s", sqlite3_errstr(rc));
	lock = sqlite3_mutex_alloc(SQLITE_MUTEX_STATIC_VFS1);
	sqlite3_mutex_enter(lock);
	if (sqlite3_temp_directory == NULL ||
	    strcmp(sqlite3_temp_directory, tempdir) != 0) {
		copy = sqlite3_mprintf("%s", tempdir);
		if (copy != NULL) {
			sqlite3_free(sqlite3_temp_directory);
			sqlite3_temp_directory = copy;
		}
	} else {
		copy = sqlite3_temp_directory;
	}
	sqlite3_mutex_leave(lock);
	return copy == NULL ? vl_fail_memory(err) : VL_OK;
}

static int
by_bytes(void *arg, int na, const void *a, int nb, const void *b)
{
	int n = na < nb ? na : nb;
	int order = n == 0 ? 0 : memcmp(a, b, (size_t)n);

	(void)arg;
	if (order != 0)
		return order;
	return na < nb ? -1 : na > nb;
}

/*
 * A collation that the application brings: for reading, any order will do.
 * Where rows are written it is missing, and SQLite says so: an index in
 * another order would be damage.
 */
static void
any_collation(void *arg, sqlite3 *sql, int encoding, const char *name)
{
	(void)arg;
	(void)encoding;
	(void)sqlite3_create_collation(sql, name, SQLITE_UTF8, NULL, by_bytes);
}

enum vl_status
db_set_readonly(struct vl_db *db, struct vl_err *err)
{
	(void)sqlite3_collation_needed(db->sql, NULL, any_collation);
	/* Checks may call functions that only the application has.  16 MiB of
	 * pages are kept. */
	return db_run(db,
	    "PRAGMA query_only = ON; PRAGMA ignore_check_constraints = ON;"
	    "PRAGMA cache_size = -16384",
	    err);
}

enum vl_status
db_learn(struct vl_db *db, bool check, struct vl_err *err)
{
	char encoding[64];
	enum vl_status st = VL_OK;

	if (check)
		st = db_check_pages(db, err);
	if (st == VL_OK)
		st = db_word(db, "PRAGMA encoding", encoding, err);
	if (st == VL_OK) {
		db->utf16 = strcmp(encoding, "UTF-8") != 0;
		st = db_schema_load(db, err);
	}
	return st;
}

void
vl_db_free(struct vl_db *db)
{
	size_t i;

	if (db == NULL)
		return;
	db_check_end(db);
	db_schema_free(&db->schema);
	for (i = 0; i < db->nold; i++)
		db_schema_free(&db->old[i]);
	free(db->old);
	if (db->owns)
		(void)sqlite3_close_v2(db->sql);
	if (db->copied)
		(void)close(db->fd);
	free(db->real);
	free(db->path);
	free(db->prefix);
	free(db);
}

const char *
vl_db_path(const struct vl_db *db)
{
	return db->path;
}

const struct vl_schema *
vl_db_schema(const struct vl_db *db)
{
	return &db->schema;
}
