#ifndef ROWS_SUSPECT_H
#define ROWS_SUSPECT_H

/*
 * Values of rows that travel, that look like secrets, and that no line of the
 * profile speaks of (formats/profile.md, "What looks like a secret").
 */

#include "clue.h"

/* Conditions of `not_secret`, among those of their tables: before a reader is
 * opened.  `list` is the caller's to free.  VL_EUSAGE: `*at` is the line. */
enum vl_status rows_not_secret_plan(size_t **list, size_t *at,
    struct rows_plan *p, struct vl_db *db, struct vl_err *err);
/* No line speaks of the column in the reader's row: neither secrets, nor
 * not_secret, and it is not the target's own.  Places inside that lines of
 * secrets speak of are added to `covered`. */
bool rows_may_be_secret(const struct rows_reader *rd, size_t column,
    const size_t *not_secret, struct vl_places *covered);

/* The target keeps its own in the column of the reader's row. */
bool rows_is_kept(const struct rows_reader *rd, const char *column);
/* The list has the name. */
bool rows_lists(char *const *list, size_t n, const char *name);

struct rows_suspects;
enum vl_status rows_suspects_open(struct rows_suspects **out,
    struct rows_plan *p, const struct vl_rows_opts *opts, struct vl_err *err);
/* The reader's row travels. */
enum vl_status rows_suspects_read(
    struct rows_suspects *s, const struct rows_reader *rd, struct vl_err *err);
/* All rows of the table were read: how many columns or places in them were
 * found, each told where `report` is not NULL; the next table begins. */
uint64_t rows_suspects_tell(
    struct rows_suspects *s, size_t table, const struct vl_rows_report *report);
void rows_suspects_free(struct rows_suspects *s);

#endif
