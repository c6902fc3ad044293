#ifndef TARGET_H
#define TARGET_H

/* Several databases as the target of an import. */

#include "world.h"

static inline struct vl_dbs_opts
both(const struct world *w, const char *paths[2])
{
	paths[0] = w->path;
	paths[1] = w->other;
	return (
	    struct vl_dbs_opts){ .paths = paths, .n = 2, .tempdir = w->dir };
}

static inline struct vl_dbs *
open_some(struct world *w, size_t n)
{
	const char *paths[2];
	struct vl_dbs_opts opts = both(w, paths);
	struct vl_dbs *d = NULL;

	opts.n = n;
	if (vl_dbs_open(&d, &opts, &w->err) != VL_OK)
		fail_msg("%s", w->err.text);
	return d;
}

static inline void
good(enum vl_status st, const struct world *w)
{
	if (st != VL_OK)
		fail_msg("%s", w->err.text);
}

static inline void
bad(enum vl_status st, enum vl_status want, const struct world *w,
    const char *why)
{
	if (st != want || strstr(w->err.text, why) == NULL)
		fail_msg("%d: %s", st, w->err.text);
}

/* One row, in which only the last of the cells are given. */
static inline enum vl_status
write_one(struct world *w, struct vl_db *db, const struct vl_write_opts *opts,
    const struct vl_cell *cells)
{
	struct vl_write *write = NULL;
	enum vl_status st = vl_write_open(&write, db, opts, &w->err);

	if (st == VL_OK)
		st = vl_write_run(write, cells, &w->err);
	vl_write_free(write);
	return st;
}

static inline struct vl_cell
integer(int64_t n)
{
	return (struct vl_cell){ .type = VL_CELL_INT, .integer = n };
}

static inline struct vl_cell
text(const char *s)
{
	return (
	    struct vl_cell){ .type = VL_CELL_TEXT, .bytes = vl_slice_of(s) };
}

/* INSERT INTO t(id, v). */
static inline enum vl_status
insert(struct world *w, struct vl_db *db, int64_t id, const char *v)
{
	static const char *const columns[] = { "id", "v" };
	const struct vl_write_opts opts = { .kind = VL_WRITE_INSERT,
		.table = "t",
		.columns = columns,
		.ncolumns = 2 };
	const struct vl_cell cells[2] = { integer(id), text(v) };

	return write_one(w, db, &opts, cells);
}

#endif
