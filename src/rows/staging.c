/* Rows that were put aside, one after the other. */

#include <stdlib.h>

#include "stage.h"

struct rows_staging {
	struct rows_stage *s;
	const struct stage_table *t;
	bool all;
	enum rows_act act; /* or those of one */
	int64_t n;         /* the last one */
	int64_t left;      /* that are to come, at most */
	struct stage_place place;
	struct stage_mem mem;
	struct vl_buf more;
	sqlite3_stmt *gone; /* or those that go */
};

static enum vl_status
open_staging(struct rows_staging **out, struct rows_stage *s, size_t table,
    struct vl_err *err)
{
	struct rows_staging *g = calloc(1, sizeof(*g));

	*out = g;
	if (g == NULL)
		return vl_fail_memory(err);
	g->s = s;
	g->t = stage_table_of(s, table);
	return VL_OK;
}

enum vl_status
rows_staging_open(struct rows_staging **out, struct rows_stage *s, size_t table,
    enum rows_act act, struct vl_err *err)
{
	enum vl_status st = open_staging(out, s, table, err);

	if (st != VL_OK)
		return st;
	(*out)->act = act;
	(*out)->left = (int64_t)rows_stage_count(s, table, act);
	return VL_OK;
}

enum vl_status
rows_staging_all(struct rows_staging **out, struct rows_stage *s, size_t table,
    struct vl_err *err)
{
	enum vl_status st = open_staging(out, s, table, err);

	if (st != VL_OK)
		return st;
	(*out)->all = true;
	(*out)->left = (*out)->t->rows;
	return VL_OK;
}

enum vl_status
rows_staging_gone(struct rows_staging **out, struct rows_stage *s, size_t table,
    struct vl_err *err)
{
	enum vl_status st = open_staging(out, s, table, err);

	if (st != VL_OK || (*out)->t->gone == NULL)
		return st;
	return stage_prepare(s, &(*out)->gone,
	    "SELECT key, r, at FROM g%d ORDER BY key", s->slots[table], err);
}

static enum vl_status
next_gone(struct rows_staging *g, struct rows_staged *row, bool *more,
    struct vl_err *err)
{
	int got = sqlite3_step(g->gone);

	*more = got == SQLITE_ROW;
	if (got != SQLITE_ROW)
		return got == SQLITE_DONE ?
		    VL_OK :
		    lite_fail(g->s->db, STAGE_WHAT, err);
	*row = (struct rows_staged){ .key = lite_bytes(g->gone, 0),
		.r = sqlite3_column_int64(g->gone, 1),
		.at = lite_bytes(g->gone, 2) };
	return VL_OK;
}

enum vl_status
rows_staging_next(struct rows_staging *g, struct rows_staged *row, bool *more,
    struct vl_err *err)
{
	enum rows_act act = g->act;
	enum vl_status st = VL_OK;

	if (g->gone != NULL)
		return next_gone(g, row, more, err);
	*more = false;
	while (st == VL_OK && g->left > 0 && g->n < g->t->rows && !*more) {
		g->n++;
		if (!g->all)
			st = stage_fate_act(g->s, g->t, g->n, &act, err);
		*more = st == VL_OK && (g->all || act == g->act);
	}
	if (st != VL_OK || !*more)
		return st;
	g->left--;
	st = stage_row(g->s, g->t, &g->mem, &g->place, g->n, row, err);
	return st == VL_OK ? stage_fate_get(g->s, g->t, row, &g->more, err) :
	                     st;
}

void
rows_staging_free(struct rows_staging *g)
{
	if (g == NULL)
		return;
	(void)sqlite3_finalize(g->gone);
	vl_buf_free(&g->mem.bytes);
	vl_buf_free(&g->more);
	free(g);
}
