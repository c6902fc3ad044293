/*
 * What SQLite says of a database's pages.  Those of a private copy are looked
 * at by a worker, over a connection of its own, while rows are read: it takes
 * as long as reading them.
 */

#include <stdatomic.h>
#include <stdlib.h>

#include "private.h"

struct db_checking {
	struct vl_job job;
	struct vl_pool *pool;
	struct vl_db db;  /* what is read, over the other connection */
	atomic_bool over; /* damage was found, or nobody wants to know */
};

bool
db_check_over(const struct vl_db *db)
{
	return db->checking != NULL && atomic_load(&db->checking->over);
}

static enum vl_status
check_pages(struct vl_job *job, unsigned worker)
{
	struct db_checking *c = (struct db_checking *)job;
	enum vl_status st = db_check_pages(&c->db, &job->err);

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
