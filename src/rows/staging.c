/* Rows that were put aside, one after the other. */

#include <stdlib.h>

#include "stage.h"

struct rows_staging {
	struct rows_stage *s;
	const struct stage_table *t;
	sqlite3_stmt *q;
	bool gone;
};

/* Without a format there is none. */
static enum vl_status
open_staging(struct rows_staging **out, struct rows_stage *s, size_t table,
    const char *format, struct vl_err *err)
{
	struct rows_staging *g = calloc(1, sizeof(*g));

	*out = g;
	if (g == NULL)
		return vl_fail_memory(err);
	g->s = s;
	g->t = stage_table_of(s, table);
	if (format == NULL || g->t->put == NULL)
		return VL_OK;
	return stage_prepare(s, &g->q, format, s->slots[table], err);
}

enum vl_status
rows_staging_open(struct rows_staging **out, struct rows_stage *s, size_t table,
    enum rows_act act, struct vl_err *err)
{
	enum vl_status st = open_staging(out, s, table,
	    rows_stage_count(s, table, act) == 0 ?
	        NULL :
	        "SELECT * FROM s%d WHERE act = ?1 ORDER BY n",
	    err);

	if (st == VL_OK && (*out)->q != NULL)
		(void)sqlite3_bind_int((*out)->q, 1, (int)act);
	return st;
}

enum vl_status
rows_staging_all(struct rows_staging **out, struct rows_stage *s, size_t table,
    struct vl_err *err)
{
	return open_staging(out, s, table, "SELECT * FROM s%d ORDER BY n", err);
}

enum vl_status
rows_staging_gone(struct rows_staging **out, struct rows_stage *s, size_t table,
    struct vl_err *err)
{
	enum vl_status st = open_staging(
	    out, s, table, "SELECT key, r, at FROM g%d ORDER BY key", err);

	if (*out != NULL)
		(*out)->gone = true;
	return st;
}

enum vl_status
rows_staging_next(struct rows_staging *g, struct rows_staged *row, bool *more,
    struct vl_err *err)
{
	int got = g->q == NULL ? SQLITE_DONE : sqlite3_step(g->q);

	*more = got == SQLITE_ROW;
	if (got != SQLITE_ROW)
		return got == SQLITE_DONE ?
		    VL_OK :
		    lite_fail(g->s->db, STAGE_WHAT, err);
	if (!g->gone) {
		stage_read_row(g->t, g->q, row);
		return VL_OK;
	}
	*row = (struct rows_staged){ .key = lite_bytes(g->q, 0),
		.r = sqlite3_column_int64(g->q, 1),
		.at = lite_bytes(g->q, 2) };
	return VL_OK;
}

void
rows_staging_free(struct rows_staging *g)
{
	if (g == NULL)
		return;
	(void)sqlite3_finalize(g->q);
	free(g);
}
