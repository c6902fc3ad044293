/*
 * One transaction over all files of a site, and its row.
 *
 * SQLite commits several files together by a super-journal, which it writes
 * only where every file has a rollback journal; one in WAL mode, or without
 * a journal, would go its own way and nothing would say so.
 */

#include <string.h>

#include "dbs.h"

/* Set, and see that it is so. */
static enum vl_status
insist(struct vl_dbs *d, size_t i, const char *set, const char *want,
    struct vl_err *err)
{
	char word[64];
	enum vl_status st = dbs_pragma_wait(d, i, set, word, err);

	if (st == VL_OK && strcmp(word, want) != 0)
		return vl_fail(err, VL_EREFUSED,
		    "'%s' cannot be put under one transaction: '%s' gave '%s'",
		    d->at[i]->path, set, word);
	return st;
}

/* It answers nothing when it is set. */
static enum vl_status
insist_on_syncs(struct vl_dbs *d, size_t i, struct vl_err *err)
{
	char word[64];
	enum vl_status st = dbs_pragma(d, i, "synchronous = EXTRA", word, err);

	if (st == VL_OK)
		st = insist(d, i, "synchronous", "3", err);
	return st;
}

enum vl_status
vl_dbs_take(struct vl_dbs *d, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i;

	/* All of it before a mode is switched: else a foreign write slips in
	 * between the switch and the transaction. */
	for (i = 0; st == VL_OK && d->n > 1 && i < d->n; i++)
		st = insist(d, i, "locking_mode = EXCLUSIVE", "exclusive", err);
	for (i = 0; st == VL_OK && d->n > 1 && i < d->n; i++)
		st = insist(d, i, "journal_mode = DELETE", "delete", err);
	for (i = 0; st == VL_OK && i < d->n; i++)
		st = insist_on_syncs(d, i, err);
	if (st == VL_OK && d->n == 1)
		st = insist(d, 0, "journal_mode",
		    d->was_wal[0] ? "wal" : "delete", err);
	return st;
}

enum vl_status
vl_dbs_give_back(struct vl_dbs *d, const bool *wal, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i;

	for (i = 0; i < d->n; i++)
		if (wal[i] && st == VL_OK)
			st = insist(d, i, "journal_mode = WAL", "wal", err);
	return st;
}

static enum vl_status
same_schemas(struct vl_dbs *d, struct vl_err *err)
{
	char word[64];
	char was[64];
	enum vl_status st = VL_OK;
	size_t i;

	for (i = 0; st == VL_OK && i < d->n; i++) {
		st = dbs_pragma(d, i, "schema_version", word, err);
		(void)snprintf(was, sizeof(was), "%d", d->version[i]);
		if (st == VL_OK && strcmp(word, was) != 0)
			st = vl_fail(err, VL_ETEMP,
			    "the schema of '%s' was changed meanwhile; stop"
			    " the application, and try again",
			    d->at[i]->path);
	}
	return st;
}

/* Unlike the pragma this holds inside a transaction, too. */
enum vl_status
db_foreign_keys(struct vl_db *db, bool on, struct vl_err *err)
{
	int is = -1;
	int rc = sqlite3_db_config(
	    db->sql, SQLITE_DBCONFIG_ENABLE_FKEY, on ? 1 : 0, &is);

	return rc == SQLITE_OK && is == (int)on ?
	    VL_OK :
	    vl_fail(
	        err, VL_EREFUSED, "this SQLite does not check foreign keys");
}

enum vl_status
vl_dbs_begin(struct vl_dbs *d, struct vl_err *err)
{
	enum vl_status st = db_foreign_keys(d->at[0], false, err);

	if (st == VL_OK)
		st = db_run(d->at[0], "BEGIN IMMEDIATE", err);
	if (st == VL_OK)
		st = db_run(d->at[0], "PRAGMA defer_foreign_keys = ON", err);
	if (st == VL_OK)
		st = same_schemas(d, err);
	if (st != VL_OK)
		(void)sqlite3_exec(d->sql, "ROLLBACK", NULL, NULL, NULL);
	return st;
}

enum vl_status
db_in_transaction(struct vl_db *db, struct vl_err *err)
{
	if (sqlite3_get_autocommit(db->sql))
		return vl_fail(err, VL_EREFUSED,
		    "the transaction over '%s' was rolled back by a trigger"
		    " or an error before",
		    db->path);
	return VL_OK;
}

enum vl_status
vl_dbs_commit(struct vl_dbs *d, struct vl_err *err)
{
	int rc = SQLITE_OK;
	enum vl_status st = db_in_transaction(d->at[0], err);
	size_t i;

	if (st != VL_OK)
		return st;
	/* Nobody is asked any more whether to stop, for a lock neither. */
	for (i = 0; i < d->n; i++)
		d->at[i]->stop = NULL;
	rc = sqlite3_exec(d->sql, "COMMIT", NULL, NULL, NULL);
	for (i = 0; rc == SQLITE_OK && i < d->n; i++)
		d->at[i]->made = false;
	if (rc == SQLITE_OK)
		return VL_OK;
	(void)db_fail(d->at[0], rc, err, "cannot commit to '%s'%s",
	    d->at[0]->path, d->n > 1 ? " and the other databases" : "");
	/* Is the transaction over, then nobody knows how it ended. */
	if (sqlite3_get_autocommit(d->sql))
		err->status = VL_EPENDING;
	return err->status;
}

enum vl_status
vl_dbs_rollback(struct vl_dbs *d, struct vl_err *err)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		db_unmake(d->at[i]);
	if (sqlite3_get_autocommit(d->sql))
		return VL_OK;
	return db_run(d->at[0], "ROLLBACK", err);
}

/* Through SQLite's own descriptors: to close one of ours would drop its
 * locks. */
static int
sync_file(struct vl_dbs *d, size_t i, int which)
{
	sqlite3_file *file = NULL;
	int rc = sqlite3_file_control(d->sql, d->at[i]->name, which, &file);

	if (rc != SQLITE_OK || file == NULL || file->pMethods == NULL)
		return rc;
	return file->pMethods->xSync(file, SQLITE_SYNC_FULL);
}

enum vl_status
vl_dbs_settle(struct vl_dbs *d, struct vl_err *err)
{
	int rc = SQLITE_OK;
	size_t i;

	for (i = 0; i < d->n; i++) {
		rc = sync_file(d, i, SQLITE_FCNTL_JOURNAL_POINTER);
		if (rc == SQLITE_OK)
			rc = sync_file(d, i, SQLITE_FCNTL_FILE_POINTER);
		if (rc != SQLITE_OK) {
			(void)db_fail(d->at[i], rc, err, "cannot sync '%s'",
			    d->at[i]->path);
			return err->status = VL_EPENDING;
		}
		if (db_sync_dir(d->at[i], err) != VL_OK)
			return err->status = VL_EPENDING;
	}
	return VL_OK;
}

enum vl_status
vl_dbs_make_room(struct vl_dbs *d, struct vl_err *err)
{
	int spilled = 0;
	int high = 0;
	int rc = sqlite3_db_status(
	    d->sql, SQLITE_DBSTATUS_CACHE_SPILL, &spilled, &high, 0);

	if (rc == SQLITE_OK && spilled > 0)
		rc = sqlite3_db_cacheflush(d->sql);
	/* Pages that are in use stay. */
	return rc == SQLITE_OK || rc == SQLITE_BUSY ?
	    VL_OK :
	    db_fail(d->at[0], rc, err, "cannot write to '%s'", d->at[0]->path);
}

int64_t
vl_dbs_changes(const struct vl_dbs *d)
{
	return sqlite3_total_changes64(d->sql);
}

enum vl_status
vl_dbs_triggers(struct vl_dbs *d, bool on, struct vl_err *err)
{
	int rc = sqlite3_db_config(
	    d->sql, SQLITE_DBCONFIG_ENABLE_TRIGGER, on ? 1 : 0, NULL);

	if (rc != SQLITE_OK)
		return db_fail(d->at[0], rc, err,
		    "cannot switch triggers of '%s'", d->at[0]->path);
	return VL_OK;
}

static enum vl_status
put_row(struct vl_db *db, const struct vl_dbs_row *row, struct vl_err *err)
{
	sqlite3_stmt *stmt = NULL;
	char sql[400];
	int rc = SQLITE_OK;

	(void)snprintf(sql, sizeof(sql),
	    "CREATE TABLE IF NOT EXISTS \"%s\"." VL_DB_OWN_TABLE
	    "(id TEXT PRIMARY KEY NOT NULL, site TEXT NOT NULL,"
	    " series TEXT NOT NULL, seq INTEGER NOT NULL, root TEXT NOT NULL)"
	    " WITHOUT ROWID",
	    db->name);
	rc = sqlite3_exec(db->sql, sql, NULL, NULL, NULL);
	(void)snprintf(sql, sizeof(sql),
	    "INSERT OR ABORT INTO \"%s\"." VL_DB_OWN_TABLE
	    "(id, site, series, seq, root) VALUES (?1, ?2, ?3, ?4, ?5)",
	    db->name);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(db->sql, sql, -1, &stmt, NULL);
	if (rc == SQLITE_OK) {
		(void)sqlite3_bind_text(stmt, 1, row->id, -1, SQLITE_STATIC);
		(void)sqlite3_bind_text(stmt, 2, row->site, -1, SQLITE_STATIC);
		(void)sqlite3_bind_text(
		    stmt, 3, row->series, -1, SQLITE_STATIC);
		(void)sqlite3_bind_int64(stmt, 4, row->seq);
		(void)sqlite3_bind_text(stmt, 5, row->root, -1, SQLITE_STATIC);
		rc = sqlite3_step(stmt);
	}
	if (rc != SQLITE_DONE)
		(void)db_fail(db, rc, err,
		    "cannot note the import in table '" VL_DB_OWN_TABLE
		    "' of '%s'",
		    db->path);
	(void)sqlite3_finalize(stmt);
	return rc == SQLITE_DONE ? VL_OK : err->status;
}

enum vl_status
vl_dbs_row_put(
    struct vl_dbs *d, const struct vl_dbs_row *row, struct vl_err *err)
{
	enum vl_status st = db_in_transaction(d->at[0], err);
	size_t i;

	for (i = 0; st == VL_OK && i < d->n; i++)
		st = put_row(d->at[i], row, err);
	return st;
}

static enum vl_status
ask_row(struct vl_db *db, const char *id, bool *is, struct vl_err *err)
{
	sqlite3_stmt *stmt = NULL;
	bool has = false;
	char sql[200];
	enum vl_status st = VL_OK;

	*is = false;
	(void)snprintf(sql, sizeof(sql),
	    "SELECT 1 FROM \"%s\".sqlite_schema WHERE type = 'table'"
	    " AND name = '" VL_DB_OWN_TABLE "'",
	    db->name);
	st = db_prepare(db, &stmt, sql, err);
	if (st == VL_OK)
		st = db_step(db, stmt, &has, err);
	(void)sqlite3_finalize(stmt);
	stmt = NULL;
	(void)snprintf(sql, sizeof(sql),
	    "SELECT 1 FROM \"%s\"." VL_DB_OWN_TABLE " WHERE id = ?1", db->name);
	if (st == VL_OK && has)
		st = db_prepare(db, &stmt, sql, err);
	if (st == VL_OK && has) {
		(void)sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC);
		st = db_step(db, stmt, is, err);
	}
	(void)sqlite3_finalize(stmt);
	return st;
}

enum vl_status
vl_dbs_row_ask(struct vl_dbs *d, const char *id, size_t *in, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	bool is = false;
	size_t i;

	*in = 0;
	for (i = 0; st == VL_OK && i < d->n; i++) {
		st = ask_row(d->at[i], id, &is, err);
		if (st == VL_OK && is)
			++*in;
	}
	return st;
}
