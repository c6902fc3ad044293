#ifndef WORLD_H
#define WORLD_H

/* What the tests of db share: a folder, databases made by plain SQLite. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <valise/db.h>
#include <valise/fs.h>

struct world {
	char dir[128];
	char path[160]; /* of the database */
	char other[160];
	struct vl_err err;
};

static inline void
world_open(struct world *w)
{
	char here[64];

	memset(w, 0, sizeof(*w));
	assert_non_null(getcwd(here, sizeof(here)));
	(void)snprintf(w->dir, sizeof(w->dir), "%s/db-XXXXXX", here);
	assert_non_null(mkdtemp(w->dir));
	(void)snprintf(w->path, sizeof(w->path), "%s/app.db", w->dir);
	(void)snprintf(w->other, sizeof(w->other), "%s/other.db", w->dir);
}

static inline void
world_close(struct world *w)
{
	struct vl_err err = { 0 };

	assert_int_equal(VL_OK, vl_remove_tree(AT_FDCWD, w->dir, &err));
}

static inline void
app_run(sqlite3 *sql, const char *text)
{
	char *why = NULL;

	if (sqlite3_exec(sql, text, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", text, why);
}

/* A connection as an application has it. */
static inline sqlite3 *
app_open(const char *path)
{
	sqlite3 *sql = NULL;

	assert_int_equal(SQLITE_OK, sqlite3_open(path, &sql));
	(void)sqlite3_busy_timeout(sql, 20000);
	/* Nobody cuts the power of these. */
	app_run(sql, "PRAGMA synchronous=OFF");
	return sql;
}

static inline void
app_close(sqlite3 *sql)
{
	assert_int_equal(SQLITE_OK, sqlite3_close(sql));
}

/* Whether another process finds the lock of a writer on it.  SQLite in a child
 * believes what it knew before the fork, so the system is asked. */
static inline bool
write_locked(const char *path)
{
	struct flock lock = { .l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = 0x40000001, /* RESERVED_BYTE */
		.l_len = 1 };
	pid_t child = fork();
	int status = 0;
	int fd = -1;

	assert_true(child >= 0);
	if (child == 0) {
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0 || fcntl(fd, F_GETLK, &lock) != 0)
			_exit(2);
		_exit(lock.l_type == F_UNLCK ? 0 : 1);
	}
	assert_int_equal(child, waitpid(child, &status, 0));
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
	return WEXITSTATUS(status) == 1;
}

static inline void
make(const char *path, const char *text)
{
	sqlite3 *sql = app_open(path);

	app_run(sql, text);
	app_close(sql);
}

static inline struct vl_db_opts
opts_of(const struct world *w)
{
	return (struct vl_db_opts){ .path = w->path, .tempdir = w->dir };
}

static inline struct vl_db *
copy_of(struct world *w)
{
	struct vl_db_opts opts = opts_of(w);
	struct vl_db *db = NULL;

	if (vl_db_open_copy(&db, &opts, &w->err) != VL_OK)
		fail_msg("%s", w->err.text);
	return db;
}

/* `sql` into a new database, and the copy of that. */
static inline struct vl_db *
made(struct world *w, const char *sql)
{
	(void)unlink(w->path);
	make(w->path, sql);
	return copy_of(w);
}

static inline void
refused(struct world *w, enum vl_status status, const char *why)
{
	struct vl_db_opts opts = opts_of(w);
	struct vl_db *db = NULL;

	memset(&w->err, 0, sizeof(w->err));
	assert_int_equal(status, vl_db_open_copy(&db, &opts, &w->err));
	assert_null(db);
	if (strstr(w->err.text, why) == NULL)
		fail_msg("'%s' is not in: %s", why, w->err.text);
	assert_null(strchr(w->err.text, '\n'));
}

static inline void
put_file(const char *path, const void *p, size_t n)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(n, fwrite(p, 1, n, f));
	assert_int_equal(0, fclose(f));
}

static inline void
get_file(const char *path, struct vl_buf *out)
{
	struct vl_err err = { 0 };

	assert_int_equal(
	    VL_OK, vl_read_file(AT_FDCWD, path, 1u << 26, out, &err));
}

/* One integer by a query on a connection of an application. */
static inline int64_t
number(const char *path, const char *text)
{
	sqlite3 *sql = app_open(path);
	sqlite3_stmt *stmt = NULL;
	int64_t n = 0;

	assert_int_equal(
	    SQLITE_OK, sqlite3_prepare_v2(sql, text, -1, &stmt, NULL));
	assert_int_equal(SQLITE_ROW, sqlite3_step(stmt));
	n = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	app_close(sql);
	return n;
}

#endif
