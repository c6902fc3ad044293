/*
 * What SQLite says of a database's pages.  Those of a private copy are looked
 * at by a worker, over a connection of its own, while rows are read: it takes
 * as long as reading them.
 */

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "private.h"

/* Findings of a check: those about pages come first. */
#define FINDINGS_MAX 100000

struct db_checking {
	struct vl_job job;
	struct vl_pool *pool;
	struct vl_db db;  /* what is read, over the other connection */
	atomic_bool over; /* damage was found, or nobody wants to know */
};

/*
 * About content, not pages: such a row is carried as it is.  SQLite 3.40 says
 * the first, wrongly, of every row of a table without rowids whose key is not
 * in the order of its columns.
 */
static bool
about_content(const char *said)
{
	static const char *const begins[] = { "NULL value in ",
		"NUMERIC value in ", "TEXT value in ", "non-" };
	size_t i;

	for (i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (strncmp(said, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

enum vl_status
db_check(struct vl_db *db, const char *which, struct vl_err *err)
{
	struct vl_buf sql = { 0 };
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	const char *said = NULL;
	enum vl_status st = vl_buf_add_text(&sql, "PRAGMA ", err);

	if (st == VL_OK)
		st = db_quote(&sql, db->name, err);
	if (st == VL_OK)
		st = vl_buf_printf(&sql, err, ".%s(%d)", which, FINDINGS_MAX);
	if (st == VL_OK)
		st = db_prepare_buf(db, &stmt, &sql, err);
	do {
		row = false;
		if (st == VL_OK)
			st = db_step(db, stmt, &row, err);
		if (st == VL_OK && row)
			said = (const char *)sqlite3_column_text(stmt, 0);
		if (!row || said == NULL || strcmp(said, "ok") == 0 ||
		    about_content(said))
			continue;
		st = vl_fail(err, VL_EFORMAT,
		    "'%s' is damaged, restore it or recover it with .recover"
		    " of sqlite3: %s",
		    db->path, said);
		/* It says several things on several lines. */
		vl_tame(err->text);
	} while (row && st == VL_OK);
	(void)sqlite3_finalize(stmt);
	vl_buf_free(&sql);
	return st;
}

bool
db_check_over(const struct vl_db *db)
{
	return db->checking != NULL && atomic_load(&db->checking->over);
}

static enum vl_status
check_pages(struct vl_job *job, unsigned worker)
{
	struct db_checking *c = (struct db_checking *)job;
	enum vl_status st = db_check(&c->db, "quick_check", &job->err);

	(void)worker;
	/* A reader might go round in circles for good. */
	if (st != VL_OK)
		atomic_store(&c->over, true);
	return st;
}

enum vl_status
db_check_begin(struct vl_db *db, struct vl_pool *pool, struct vl_err *err)
{
	struct db_checking *c = calloc(1, sizeof(*c));
	enum vl_status st = VL_OK;

	if (c == NULL)
		return vl_fail_memory(err);
	c->job.run = check_pages;
	c->db = *db;
	c->db.checking = c;
	c->db.sql = NULL;
	atomic_init(&c->over, false);
	st = db_connect_copy(&c->db, err);
	if (st == VL_OK)
		st = db_set_readonly(&c->db, err);
	/* It goes through each table from the first page to the last. */
	if (st == VL_OK)
		st = db_run(&c->db, "PRAGMA cache_size = -1024", err);
	if (st != VL_OK) {
		(void)sqlite3_close_v2(c->db.sql);
		free(c);
		return st;
	}
	db->checking = c;
	if (pool != NULL) {
		c->pool = pool;
		vl_pool_submit(pool, &c->job);
		return VL_OK;
	}
	c->job.status = check_pages(&c->job, 0);
	return vl_db_checked(db, err);
}

enum vl_status
vl_db_checked(struct vl_db *db, struct vl_err *err)
{
	struct db_checking *c = db->checking;

	if (c == NULL)
		return VL_OK;
	if (c->pool != NULL)
		return vl_pool_wait(c->pool, &c->job, err);
	if (c->job.status != VL_OK)
		*err = c->job.err;
	return c->job.status;
}

void
db_check_end(struct vl_db *db)
{
	struct db_checking *c = db->checking;

	if (c == NULL)
		return;
	atomic_store(&c->over, true);
	if (c->pool != NULL)
		(void)vl_pool_wait(c->pool, &c->job, NULL);
	(void)sqlite3_close_v2(c->db.sql);
	free(c);
	db->checking = NULL;
}
