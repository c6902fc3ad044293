#ifndef ROWS_LITE_H
#define ROWS_LITE_H

/* Private SQLite databases of this room: without a name, never synced, gone
 * with their connection. */

#include <sqlite3.h>

#include <valise/value.h>

/* `what` it is for, in messages. */
enum vl_status lite_open(sqlite3 **db, unsigned cache_kib, const char *schema,
    const char *what, struct vl_err *err);
enum vl_status lite_fail(sqlite3 *db, const char *what, struct vl_err *err);
enum vl_status lite_prepare(sqlite3 *db, sqlite3_stmt **out, const char *sql,
    const char *what, struct vl_err *err);
/* Borrowed until the statement is reset; a cell as it is. */
int lite_bind_bytes(sqlite3_stmt *q, int at, struct vl_slice bytes);
int lite_bind_cell(sqlite3_stmt *q, int at, const struct vl_cell *cell);
/* Valid until the next step. */
struct vl_slice lite_bytes(sqlite3_stmt *q, int at);
struct vl_cell lite_cell(sqlite3_stmt *q, int at);
/* A statement that yields nothing; `bound` is what binding answered. */
enum vl_status lite_done(sqlite3 *db, sqlite3_stmt *q, int bound,
    const char *what, struct vl_err *err);

#endif
