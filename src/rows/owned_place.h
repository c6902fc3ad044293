#ifndef ROWS_OWNED_PLACE_H
#define ROWS_OWNED_PLACE_H

/* What owned_place.c, owned_number.c and owned_change.c share. */

#include "owned.h"
#include "put.h"

struct placing {
	struct vl_rows_put *p;
	struct vl_owned *o;
	struct vl_err *err;
	/* The row in hand. */
	size_t tree;
	struct vl_slice path; /* at the source */
	size_t table;
	const struct rows_file *f;
	int64_t line; /* of the table */
	struct vl_slice name;
	struct vl_slice cells; /* of its own path */
	struct vl_slice at;    /* of the row here: its primary key, where it has
	                        * no rowid, */
	struct vl_slice here;  /* and its hash, where somebody asks */
	bool came;             /* its file is in the bundle */
	bool hashed;
	uint8_t hash[VL_CONTENT_HASH_SIZE];
	/* Where it goes. */
	struct vl_buf dest;
	struct vl_buf to; /* cells */
	struct vl_buf by; /* who stands in the way */
	int64_t k;        /* number behind the name */
	uint64_t renamed;
	struct vl_row_store store;
	struct vl_row_store other;
};

/* A column in the name of a file, of a row that is here. */
enum owned_change {
	OWNED_NONE, /* it is in none */
	OWNED_EQUAL,
	OWNED_OTHER
};

/* owned_number.c: the cells of `json`, in the order of the columns in the
 * path. */
enum vl_status owned_read_cells(struct placing *g, struct vl_row_store *store,
    struct vl_slice json, struct vl_cell *cells, size_t *n);
/* The path of the row with number g->k in its name, and its cells, into
 * g->dest and g->to; nothing where it has no text to put it into. */
enum vl_status owned_number_name(struct placing *g);

/* owned_change.c: of the row `n` of the bundle the cells that are others here;
 * `held`: the cells of one that is here, and which of its columns change. */
enum vl_status owned_write_cells(struct placing *g, int64_t n,
    struct vl_slice held, enum owned_change *changes);
/* A row that is here gets some of these columns, too, or not. */
enum vl_status owned_change_row(
    struct placing *g, struct vl_slice key, const enum owned_change *changes);

#endif
