#ifndef ROWS_MAP_H
#define ROWS_MAP_H

/* What map.c and mapped.c share. */

#include "parts.h"

/* The most records that are known by a column. */
#define MAPPED_MAX (1u << 18)

/* A record of the source that is another of the target: here it is called as
 * there. */
struct mapped {
	const struct vl_map_record *words;
	size_t table;
	const size_t *columns; /* of the key; borrowed from the plan */
	size_t n;
	struct vl_cell *from; /* at the source */
	struct vl_cell *to;   /* here; of one by a column: once it is met */
	struct vl_buf memory; /* bytes of `from`, and of `to` that was told */
	struct vl_buf kept;   /* of `to` that was met */
	struct vl_buf key;    /* at the source, as JSON */
	struct vl_buf look;   /* by what it is found here: LOOK_ and JSON */
	bool met;             /* here, in row `r` */
	int64_t r;
	bool over; /* the operator's file says it otherwise */
};

#define LOOK_KEY    'k'
#define LOOK_COLUMN 'v'

/* Rows of a table are known by a column. */
struct mapped_by {
	const struct vl_map_record *words;
	size_t table;
	size_t column;
};

struct rows_maps {
	struct mapped *list;
	size_t n;
	size_t room;
	struct mapped **by_key; /* by table and `key` */
	size_t nkeys;
	struct mapped **by_look;
	size_t nlook;
	struct mapped_by *bys;
	size_t nbys;
	struct vl_buf text; /* of a look-up */
};

/* "FILE:LINE: map: " before what a line has wrong. */
enum vl_status mapped_fail(const struct vl_map_record *m, enum vl_status status,
    struct vl_err *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* One more, empty but for its table; the columns of its key. */
enum vl_status mapped_new(struct rows_plan *p,
    const struct vl_map_record *words, size_t table, struct mapped **out,
    struct vl_err *err);
/* A key as JSON in n cells; `memory` has room for its bytes. */
enum vl_status mapped_cells(struct vl_cell *cells, size_t n,
    struct vl_slice json, struct vl_buf *memory, struct vl_err *err);
/* Room for `more`, so that none moves. */
enum vl_status mapped_reserve(
    struct rows_maps *maps, size_t more, struct vl_err *err);
/* All are there: so that they are found. */
enum vl_status mapped_index(struct rows_maps *maps, struct vl_err *err);
struct mapped *mapped_find_key(
    const struct rows_maps *maps, size_t table, struct vl_slice key);
struct mapped *mapped_find_look(
    const struct rows_maps *maps, size_t table, struct vl_slice look);
/* Append them as a JSON array. */
enum vl_status mapped_write(struct vl_buf *out, const struct vl_cell *cells,
    size_t n, struct vl_err *err);

#endif
