#ifndef ROWS_SECRET_H
#define ROWS_SECRET_H

/*
 * Secrets in columns: secret.c says which and opens them, slot.c makes of them
 * what stands in lines, and of that what is written.
 */

#include <valise/masters.h>
#include <valise/slot.h>

#include "put.h"
#include "values.h"

/* What the place of a secret inside a value begins with where it is no path,
 * but a number: the first, second ... that stands there in clear. */
#define ROWS_LEAK_MARK '#'

/* One entry of `secrets`. */
struct rows_secret {
	const struct vl_secret_words *words;
	size_t table;
	size_t column;            /* NONE: it is not here */
	size_t condition;         /* of the table; NONE: all its rows */
	struct vl_finder *finder; /* NULL: a whole value is one */
	bool leak; /* of no entry: what stands in clear in the column */
	struct vl_vault *vault;  /* NULL: nothing of it is opened */
	bool in_clear;           /* this side keeps it so */
	bool proves;             /* a value that opens does so with this key */
	struct vl_locked plain;  /* of the value that was opened last */
	struct vl_locked sealed; /* of the one that is written */
	uint64_t blank;          /* values that are not carried */
	uint64_t broken;         /* of the target that do not open */
};

/* leak.c: s->plain is one of those that are looked for. */
enum vl_status rows_leak_learn(
    const struct rows_plan *p, const struct rows_secret *s, struct vl_err *err);
/* The next one in the value of a column, unless it may stand there. */
struct rows_leak_found {
	size_t at;
	size_t n;
	const char *of; /* where it is declared */
	bool decided;   /* `leaks` is about it ... */
	bool slot;      /* ... and it travels; else it does not */
};
bool rows_leak_next(const struct rows_reader *rd, size_t column,
    struct vl_slice bytes, size_t from, struct rows_leak_found *found);
/* Nobody says what becomes of one in the reader's row. */
enum vl_status rows_leak_note(const struct rows_reader *rd, size_t column,
    const char *of, struct vl_err *err);
/* By what those of the column travel; NULL: they do not. */
struct rows_secret *rows_secret_leaked(
    const struct rows_plan *p, size_t table, size_t column);
/* It speaks of the reader's row. */
bool rows_secret_holds(
    const struct rows_reader *rd, const struct rows_secret *s);
/* It is not carried. */
bool rows_secret_blank(const struct rows_secret *s);
/* A value that is not NULL and not empty. */
bool rows_secret_stands(const struct vl_cell *cell);
/* Into s->plain; `*clear`: it stood so beside others that are encrypted.
 * VL_EFORMAT, VL_EAUTH: it does not open, and why. */
enum vl_status rows_secret_open(struct rows_secret *s,
    const struct vl_cell *cell, bool *clear, struct vl_err *err);

/* The slot of one, `inside` the value or (n is 0) all of it; `*blank`: it does
 * not travel, and has none. */
enum vl_status rows_slot_make(struct rows_writing *g, struct rows_secret *s,
    struct vl_slice inside, const struct vl_cell *cell, struct vl_slot *slot,
    bool *blank);
/* g->err says why a value does not open or cannot be read: refused, or not. */
enum vl_status rows_slot_broken(
    struct rows_writing *g, const struct rows_secret *s);
/* All of it travels as a secret, as it stands. */
enum vl_status rows_write_broken(
    struct rows_writing *g, struct rows_secret *s, const struct vl_cell *cell);

#endif
