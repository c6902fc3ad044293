#ifndef VALISE_DB_PRIVATE_H
#define VALISE_DB_PRIVATE_H

/* What the files of `db` share. */

#include <sqlite3.h>

#include <valise/db.h>

/* How many bytes of a name or condition a message shows. */
#define SHOWN_MAX 256

#define DB_UNCHECKED (-1)

struct vl_db {
	sqlite3 *sql;
	bool owns;        /* the connection is closed with it */
	const char *name; /* of its schema on the connection: "main" ... */
	char *path;       /* as given, for messages */
	char *real;       /* resolved */
	char *prefix;     /* of its tables, or "" */
	bool utf16;
	int64_t beside; /* vl_db_beside() */
	bool copied;    /* `fd` is a private file with a copy */
	int fd;
	unsigned anew; /* how often a writer made that begin again */
	struct db_checking *checking; /* or NULL */
	/* sqlite3_total_changes64() when all indexes were found to fit their
	 * tables, so that it may be seen whether they still do; or that. */
	int64_t checked;
	unsigned wait; /* seconds for locks */
	bool (*stop)(void *arg);
	void *stop_arg;
	struct vl_schema schema;
	/* Those that were read before tables were made (make.c); `made`: since
	 * the transaction began, before which it was old[before]. */
	struct vl_schema *old;
	size_t nold;
	size_t before;
	bool made;
	/* All databases of the connection, this one among them. */
	struct vl_db *const *peers;
	size_t npeers;
};

/* Milliseconds between two tries where something is locked. */
#define DB_TRY_AGAIN_MS 50

/* error.c */

/*
 * Record what SQLite answered: `format` says what failed, ": " and the cause
 * follow.  The status is that of the cause.
 */
enum vl_status db_fail(struct vl_db *db, int rc, struct vl_err *err,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* connect.c */

/* Names, checks what lies at the path, and opens nothing. */
enum vl_status db_look(
    struct vl_db **out, const struct vl_db_opts *opts, struct vl_err *err);
/* Open `file` as `*sql`, with all that makes a strange file harmless; `vfs`
 * may be NULL. */
enum vl_status db_connect(struct vl_db *db, sqlite3 **sql, const char *file,
    const char *vfs, struct vl_err *err);
/* It is to stop. */
bool db_stops(const struct vl_db *db);
enum vl_status db_set_tempdir(const char *tempdir, struct vl_err *err);
/* Conditions of a connection that is not written. */
enum vl_status db_set_readonly(struct vl_db *db, struct vl_err *err);
/* Encoding and schema; with `check` db_check_pages() before. */
enum vl_status db_learn(struct vl_db *db, bool check, struct vl_err *err);

/* check.c */

/* quick_check of the private copy, by the pool; or here and now, NULL. */
enum vl_status db_check_begin(
    struct vl_db *db, struct vl_pool *pool, struct vl_err *err);
/* There is no use in reading on. */
bool db_check_over(const struct vl_db *db);
void db_check_end(struct vl_db *db);

/* nameless.c */

/* Open the private file db->fd, to fill it while it is empty, else to read
 * it. */
enum vl_status db_connect_copy(struct vl_db *db, struct vl_err *err);
/* The private file is written by workers of `pool`, or without one: what a
 * caller puts into the room that it is given, or what db->sql writes, up to
 * each sync.  What fails is told by a later call, as SQLite tells it, at last
 * by db_fill_settle(). */
struct db_filling;
enum vl_status db_fill_new(struct db_filling **out, const struct vl_db *db,
    struct vl_pool *pool, struct vl_err *err);
void db_fill_by(struct db_filling *f, const struct vl_db *db);
/* Room for `n` bytes that are to stand at `at`; then how many there are. */
int db_fill_room(struct db_filling *f, off_t at, uint8_t **room, size_t *n);
void db_fill_put(struct db_filling *f, size_t n);
int db_fill_settle(struct db_filling *f);
/* Of the first write that failed; 0: none did, or `f` is NULL. */
int db_fill_error(const struct db_filling *f);
/* When the connection is closed. */
void db_fill_free(struct db_filling *f);

/* sound.c: quick_check; VL_EFORMAT with what it says. */
enum vl_status db_check_pages(struct vl_db *db, struct vl_err *err);

/* copy.c: db->sql is a connection to a private copy, which may be written. */
enum vl_status db_make_copy(
    struct vl_db *db, const struct vl_db_opts *opts, struct vl_err *err);

/* dbs.c */

/* Of the directory that the file is in. */
enum vl_status db_sync_dir(const struct vl_db *db, struct vl_err *err);

/* transaction.c */

/* Whether foreign keys of all databases of the connection act. */
enum vl_status db_foreign_keys(struct vl_db *db, bool on, struct vl_err *err);
/*
 * A trigger may roll back, and so does SQLite itself after some failures:
 * what is written after that would stand alone, and at once.
 */
enum vl_status db_in_transaction(struct vl_db *db, struct vl_err *err);

/* sql.c */

enum vl_status db_prepare(
    struct vl_db *db, sqlite3_stmt **out, const char *sql, struct vl_err *err);
enum vl_status db_prepare_buf(struct vl_db *db, sqlite3_stmt **out,
    const struct vl_buf *sql, struct vl_err *err);
/* A question about one table of this database: ?1, and its schema: ?2. */
enum vl_status db_ask_about(struct vl_db *db, sqlite3_stmt **stmt,
    const char *sql, const char *table, struct vl_err *err);
enum vl_status db_step(
    struct vl_db *db, sqlite3_stmt *stmt, bool *row, struct vl_err *err);
/* The cell is borrowed until the bindings are cleared. */
int db_bind(sqlite3_stmt *stmt, int at, const struct vl_cell *cell);
enum vl_status db_run(struct vl_db *db, const char *sql, struct vl_err *err);
/* The first column of the first row as text of at most 63 bytes. */
enum vl_status db_word(
    struct vl_db *db, const char *sql, char word[64], struct vl_err *err);
/* "name", quotes in it doubled. */
enum vl_status db_quote(
    struct vl_buf *out, const char *name, struct vl_err *err);
/* "schema"."table" */
enum vl_status db_quote_table(struct vl_buf *out, const struct vl_db *db,
    const char *table, struct vl_err *err);
/* The name of the rowid, which a column may hide; NULL: there is none. */
const char *db_rowid(const struct vl_table *t);
/* A column by its name, or the rowid (NULL); VL_EUSAGE. */
enum vl_status db_add_column(struct vl_buf *out, const struct vl_db *db,
    const struct vl_table *t, const char *column, struct vl_err *err);

/* schema.c, table.c, fingerprint.c */

enum vl_status db_schema_load(struct vl_db *db, struct vl_err *err);
void db_schema_free(struct vl_schema *s);
/* By its real name; NULL when there is none. */
const struct vl_table *db_table_real(const struct vl_db *db, const char *name);
enum vl_status db_table_load(
    struct vl_db *db, struct vl_table *t, struct vl_err *err);
enum vl_status db_keys_load(
    struct vl_db *db, struct vl_table *t, struct vl_err *err);
enum vl_status db_foreigns_load(
    struct vl_db *db, struct vl_table *t, struct vl_err *err);
enum vl_status db_fingerprint(struct vl_table *t, struct vl_err *err);
/* Room for one more behind the `n` of an array; NULL: no memory. */
void *db_room(void *array, size_t n, size_t size);
/* The text of a column, "" for NULL; NULL: no memory. */
char *db_text(sqlite3_stmt *stmt, int column);

/* make.c: what was made is rolled back. */
void db_unmake(struct vl_db *db);

/* condition.c */

/* vl_db_check_condition(); `*made`: it asks for what a row has only in its
 * table, a rowid that is no column or a generated column. */
enum vl_status db_check_condition(struct vl_db *db, const struct vl_table *t,
    const char *condition, bool *made, struct vl_err *err);
/* VL_EREFUSED: it is no UPDATE that sets these columns alone; `*stmt` is the
 * caller's also then. */
enum vl_status db_prepare_derive(struct vl_db *db, const struct vl_derive *d,
    sqlite3_stmt **stmt, struct vl_err *err);
/* SQL of a profile, the prefix in its place. */
enum vl_status db_add_profile_sql(struct vl_buf *out, const struct vl_db *db,
    const char *sql, struct vl_err *err);
/* Append a condition in brackets that it cannot leave: `(...) IS TRUE`. */
enum vl_status db_add_condition(struct vl_buf *out, const struct vl_db *db,
    const char *condition, struct vl_err *err);

#endif
