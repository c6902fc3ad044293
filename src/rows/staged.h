#ifndef ROWS_STAGED_H
#define ROWS_STAGED_H

/*
 * Rows of a bundle, put aside in the order of their keys, each with what
 * becomes of it: stage.c.
 */

#include "parts.h"

enum rows_act {
	ROWS_NEW, /* not at the target, so far */
	ROWS_SAME,
	ROWS_UPDATE,
	ROWS_LATER,     /* it refers to rows that are not settled yet */
	ROWS_LEFT,      /* by policy */
	ROWS_AGAIN_NEW, /* a unique key stood in the way; tried once more */
	ROWS_AGAIN_UPDATE,
	ROWS_PROVED,
	ROWS_ACTS /* how many there are */
};

/* A row of the bundle. */
struct rows_staged {
	struct vl_slice key;
	int64_t n;                  /* in its table, from 1 */
	struct vl_slice row;        /* canonical JSON */
	struct vl_slice x;          /* the same, or n is 0 */
	int64_t body;               /* number of its body; 0: none */
	int64_t tokens;             /* number of those of its slots; or 0 */
	uint8_t hash[VL_HASH_SIZE]; /* with a body: of `row` and it */
	enum rows_act act;
	enum rows_act was;    /* as it was put aside or set */
	size_t entry;         /* of its table */
	struct vl_slice what; /* UPDATE: the columns that differ, their
	                       * numbers in 2 bytes each; perhaps more */
	int64_t r;            /* its row at the target; SAME, UPDATE, LEFT */
	struct vl_slice at; /* primary key of that row, where it has no rowid */
	struct vl_cell id;  /* NEW: the id it gets; or null */
};

/* tell.c: the columns of `what`, one after the other; false behind the last. */
bool rows_what_next(struct vl_slice *what, size_t *column);
/* `what` without, and what alone is said to people: JSON, or n is 0. */
struct vl_slice rows_what_columns(struct vl_slice what);
struct vl_slice rows_what_said(struct vl_slice what);

/* The column is written: of a row that is changed as far as it differs. */
bool rows_what_writes(const struct rows_staged *row, size_t column);

/* `r` of a row that is left where the target has none. */
#define ROWS_NOWHERE INT64_MIN

struct rows_stage;
enum vl_status rows_stage_open(struct rows_stage **out, const char *tempdir,
    size_t ntables, struct vl_err *err);
void rows_stage_free(struct rows_stage *s);
/* Rows whose table is found later, by the name of another row: a number for
 * them until then. */
enum vl_status rows_stage_collection(struct rows_stage *s, struct vl_slice name,
    size_t *table, struct vl_err *err);
/* They are those of `table`. */
void rows_stage_call(
    struct rows_stage *s, size_t table, const char *collection);
/* One that has found no table, its number `*number` or above; or NULL. */
const char *rows_stage_uncalled(const struct rows_stage *s, size_t *number);
const char *rows_stage_name(const struct rows_stage *s, size_t number);
/* The rows of that number are those of a table that was made for them. */
void rows_stage_use(struct rows_stage *s, size_t table, size_t number);
/* In the order of keys, or VL_EFORMAT. */
enum vl_status rows_stage_put(struct rows_stage *s, size_t table,
    const struct rows_staged *row, struct vl_err *err);
/* A copy: look-ups take the memory of what was found. */
enum vl_status rows_staged_hold(struct rows_staged *out,
    const struct rows_staged *row, struct vl_buf *memory, struct vl_err *err);
/* Valid until the next call about the table. */
enum vl_status rows_stage_find(struct rows_stage *s, size_t table,
    struct vl_slice key, struct rows_staged *row, bool *found,
    struct vl_err *err);
/* The same by the row's name here, which it may have from the bundle. */
enum vl_status rows_stage_find_here(struct rows_stage *s, size_t table,
    const struct rows_note *note, struct rows_staged *row, bool *found,
    struct vl_err *err);
/* act, r, at, id, what, entry of row `n`. */
enum vl_status rows_stage_set(struct rows_stage *s, size_t table,
    const struct rows_staged *row, struct vl_err *err);
/* Bodies: room for one, its bytes, and pieces of it. */
enum vl_status rows_stage_body(
    struct rows_stage *s, uint64_t size, int64_t *number, struct vl_err *err);
enum vl_status rows_stage_fill(
    struct rows_stage *s, struct vl_slice bytes, struct vl_err *err);
enum vl_status rows_stage_piece(struct rows_stage *s, int64_t number,
    uint64_t at, uint64_t n, struct vl_buf *out, struct vl_err *err);
/* Tokens of a row's secrets are put aside, and found by their number, valid
 * until the next are asked for. */
enum vl_status rows_stage_tokens(struct rows_stage *s, struct vl_slice tokens,
    int64_t *number, struct vl_err *err);
enum vl_status rows_stage_tokens_of(struct rows_stage *s, int64_t number,
    struct vl_slice *tokens, struct vl_err *err);
/* Rows of the target that no row of the bundle is: to be deleted. */
enum vl_status rows_stage_gone(struct rows_stage *s, size_t table,
    const struct rows_staged *row, struct vl_err *err);

/* Whether that row is one of those. */
enum vl_status rows_stage_is_gone(struct rows_stage *s, size_t table,
    struct vl_slice key, bool *gone, struct vl_err *err);
/* All rows of the table are new, and their ids are `first` and those behind
 * it; false, and nothing done, where not all are new. */
bool rows_stage_number(struct rows_stage *s, size_t table, int64_t first);
/* That was done, with this one. */
bool rows_stage_numbered(
    const struct rows_stage *s, size_t table, int64_t *first);
/* How many rows there are, and how many have an act. */
uint64_t rows_stage_rows(const struct rows_stage *s, size_t table);
uint64_t rows_stage_count(
    const struct rows_stage *s, size_t table, enum rows_act act);
/* An id that a new row gets; `*taken`: another one has it. */
enum vl_status rows_stage_take_id(struct rows_stage *s, size_t table,
    const struct vl_cell *id, bool *taken, struct vl_err *err);

struct rows_staging; /* one after the other */
enum vl_status rows_staging_open(struct rows_staging **out,
    struct rows_stage *s, size_t table, enum rows_act act, struct vl_err *err);
enum vl_status rows_staging_all(struct rows_staging **out, struct rows_stage *s,
    size_t table, struct vl_err *err);
enum vl_status rows_staging_gone(struct rows_staging **out,
    struct rows_stage *s, size_t table, struct vl_err *err);
enum vl_status rows_staging_next(struct rows_staging *g,
    struct rows_staged *row, bool *more, struct vl_err *err);
void rows_staging_free(struct rows_staging *g);

#endif
