#ifndef ROWS_STAGE_H
#define ROWS_STAGE_H

/* What stage.c, aside.c, fate.c, staging.c and body.c share. */

#include "lite.h"
#include "spill.h"
#include "staged.h"

#define STAGE_WHAT "rows of the bundle"

/* aside.c: rows one behind the other. */
struct stage_block {
	uint64_t at; /* in the file */
	size_t n;    /* bytes */
	int64_t row; /* the first in it */
	size_t key;  /* of that row, which ends where the next block's begins */
};

/* A block in memory. */
struct stage_mem {
	uint64_t at;
	struct vl_buf bytes; /* none: nothing is in it */
};

/* Where a row is. */
struct stage_place {
	size_t block;
	size_t at;
	int64_t n; /* 0: of no row */
};

/* fate.c: what is set of a row. */
struct stage_fate {
	int64_t r;     /* or its id */
	uint64_t more; /* what else is set, in a file */
	uint32_t size; /* of that; 0: nothing */
	uint16_t entry;
	uint8_t act;
	uint8_t is_id;
};

#define FATES 256 /* in a page */
struct stage_page {
	uint32_t number; /* 0: none */
	bool dirty;
	struct stage_fate fates[FATES];
};

struct stage_table {
	struct stage_block *blocks;
	size_t nblocks;
	size_t room;
	struct vl_buf keys;
	int64_t rows;
	size_t entry;       /* as they were put aside */
	struct vl_buf last; /* key of the last row */
	uint32_t *pages;    /* their numbers; 0: nothing is set of those rows */
	size_t npages;
	struct vl_buf row; /* the one that was looked up last, */
	struct vl_buf more;
	struct stage_place place; /* and where it is */
	int64_t found;            /* by rows_stage_find_here() */
	sqlite3_stmt *gone;
	sqlite3_stmt *is_gone;
	uint64_t n[ROWS_ACTS]; /* rows by their acts */
	uint64_t hits;         /* of guesses, and what was none */
	uint64_t misses;
	int64_t first; /* id of the first row, where all are new and numbered
	                * one after the other; else 0 */
};

struct rows_stage {
	char *tempdir;
	struct spill rows;
	struct stage_mem *cache;
	struct spill more;
	struct spill tokens;
	struct stage_mem near; /* some of them */
	int fates;             /* file of pages; -1: none yet */
	struct stage_page *pages;
	uint32_t npages;
	sqlite3 *db;
	struct stage_table *tables;
	size_t ntables; /* with those of collections */
	size_t *slots;  /* of each table of the plan, in `tables` */
	char **collections;
	size_t ncollections;
	sqlite3_stmt *body;
	sqlite3_stmt *take;
	sqlite3_blob *filling;
	uint64_t filled;
	sqlite3_blob *reading;
	int64_t number; /* of `reading` */
};

enum vl_status stage_prepare(struct rows_stage *s, sqlite3_stmt **out,
    const char *format, size_t table, struct vl_err *err);
struct stage_table *stage_table_of(const struct rows_stage *s, size_t table);

/* aside.c */
void stage_cache_free(struct stage_mem *cache);
enum vl_status stage_aside(struct rows_stage *s, struct stage_table *t,
    const struct rows_staged *row, struct vl_err *err);
/* The row that `place` is of, or is to be, by way of `mem`; NULL: of all
 * tables.  What is found is in that memory until it is used again. */
enum vl_status stage_row(struct rows_stage *s, const struct stage_table *t,
    struct stage_mem *mem, struct stage_place *place, int64_t n,
    struct rows_staged *row, struct vl_err *err);
/* The same by its key: `place->n` is 0 where there is none.  It is looked for
 * at the place and behind it first. */
enum vl_status stage_row_of(struct rows_stage *s, const struct stage_table *t,
    struct vl_slice key, struct stage_place *place, struct rows_staged *row,
    struct vl_err *err);

/* fate.c: what is set of row->n, into the row; what it points to is in
 * `memory`. */
enum vl_status stage_fate_get(struct rows_stage *s, const struct stage_table *t,
    struct rows_staged *row, struct vl_buf *memory, struct vl_err *err);
/* Its act alone. */
enum vl_status stage_fate_act(struct rows_stage *s, const struct stage_table *t,
    int64_t n, enum rows_act *act, struct vl_err *err);
enum vl_status stage_fate_set(struct rows_stage *s, struct stage_table *t,
    const struct rows_staged *row, struct vl_err *err);

#endif
