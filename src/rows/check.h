#ifndef ROWS_CHECK_H
#define ROWS_CHECK_H

/* Between check.c, which goes through the rows, and check_tell.c, which says
 * what was found. */

#include <valise/check.h>

#include "ear.h"
#include "swap.h"

struct clues;
struct check_secret;

#define CHECK_EXAMPLES 3

/* What became of the ids by one reference of a column. */
struct check_ref {
	uint64_t rows;
	uint64_t none;
	uint64_t met;
	uint64_t dangling;
	uint64_t unknown; /* of them: the value beside it names no table */
	uint64_t odd;     /* or it is nothing that its table has for an id */
	struct vl_buf examples;
	size_t nexamples;
};

struct check_entry {
	uint64_t rows;
	uint64_t skipped;
	uint64_t refused;
};

/* A value that differs from side to side, in a column. */
struct check_here {
	const char *value; /* NULL: it is not looked for */
	uint64_t n;        /* values that hold it */
};

/* Of the table that is gone through. */
struct check_counts {
	struct check_entry *entries;
	struct check_ref **refs; /* by column and number of its reference */
	uint64_t *keeps;         /* rows that each keep_here fits */
	uint64_t stray;          /* no entry fits them */
	int64_t first_stray;
};

struct checking {
	const struct vl_check *to;
	struct vl_rows *r;
	struct rows_ear ear;
	bool blind;
	bool wrong;
	bool refused;
	uint64_t *faults; /* rows told of, by table */
	struct check_counts counts;
	struct clues *clues;
	struct check_here *heres; /* by column and line of `here` */
	struct rows_edits edits;
	size_t *not_secret;           /* condition of each line of it; NONE */
	struct check_secret *secrets; /* as in the plan */
	struct vl_places places;
	struct vl_places covered; /* of a value: what lines found in it */
	struct vl_buf text;
	struct vl_buf unpacked;
	struct vl_err *err;
};

/* check_tell.c */
void check_find(struct checking *c, enum vl_check_kind kind,
    const struct rows_table *t, const char *column, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* The functions of an ear. */
void check_hear(void *arg, const struct rows_table *t, const char *line,
    const struct vl_err *why);
void check_hear_row(
    void *arg, const struct rows_table *t, const struct vl_err *why);
void check_hear_doubles(void *arg, const struct rows_table *t,
    struct vl_slice key, uint64_t n, const int64_t r[2]);
/* Some column of a key may hold a secret. */
bool check_key_is_secret(const struct rows_table *t);
/* What the rows of the table showed. */
enum vl_status check_tell_table(struct checking *c, size_t table);
/* check_lines.c: what of the profile speaks of nothing. */
void check_tell_lines(struct checking *c);
/* check_clue.c: ids and secrets in texts of which no line speaks ... */
enum vl_status check_not_secret(struct checking *c);
enum vl_status check_clues_open(struct checking *c);
enum vl_status check_clues_read(struct checking *c,
    const struct rows_reader *rd, size_t column, struct vl_places *covered);
void check_clues_tell(struct checking *c, const struct rows_table *t);
/* ... and columns that look as if they were worked out of other rows. */
enum vl_status check_tell_derived(struct checking *c);
/* check_here.c: values of this side of which no line speaks; of one table. */
enum vl_status check_here_begin(struct checking *c, const struct rows_table *t);
enum vl_status check_here_read(
    struct checking *c, const struct rows_reader *rd, size_t column);
void check_here_tell(struct checking *c, const struct rows_table *t);
/* check_secret.c: secrets of a row that travels are opened; `key` is its name.
 */
enum vl_status check_secrets_open(struct checking *c);
enum vl_status check_secrets_read(
    struct checking *c, const struct rows_reader *rd, struct vl_slice key);
void check_secrets_tell(struct checking *c);
/* check_hint.c: columns whose integers are all ids of one table. */
enum vl_status check_tell_hints(struct checking *c);

#endif
