#ifndef TEST_APPLY_DOORS_OF_ROWS_H
#define TEST_APPLY_DOORS_OF_ROWS_H

/* More doors than those of doors.h: of databases, profiles and plans. */

#include "doors.h"

#include <valise/brought.h>
#include <valise/check.h>
#include <valise/json.h>
#include <valise/owned.h>
#include <valise/rows.h>
#include <valise/ties.h>

/* clang-format off */
DOOR(vl_owned_new, (struct vl_owned **out, struct vl_err *err), (out, err))
DOOR(vl_owned_tree, (struct vl_owned *o, const char *tree,
    struct vl_err *err), (o, tree, err))
DOOR(vl_owned_linked, (struct vl_owned *o, const char *tree,
    struct vl_slice path, struct vl_slice first, struct vl_err *err),
    (o, tree, path, first, err))
DOOR(vl_owned_came, (struct vl_owned *o, const char *tree,
    struct vl_slice path, const uint8_t *hash, struct vl_err *err),
    (o, tree, path, hash, err))
DOOR(vl_owned_after, (struct vl_owned *o, const char *tree,
    struct vl_slice path, enum vl_owned_after *after, struct vl_err *err),
    (o, tree, path, after, err))
DOOR(vl_owned_to, (struct vl_owned *o, const char *tree,
    struct vl_slice path, struct vl_buf *out, enum vl_tied *how,
    struct vl_err *err), (o, tree, path, out, how, err))
DOOR(vl_dbs_open, (struct vl_dbs **out, const struct vl_dbs_opts *opts,
    struct vl_err *err), (out, opts, err))
DOOR(vl_dbs_take, (struct vl_dbs *d, struct vl_err *err), (d, err))
DOOR(vl_dbs_begin, (struct vl_dbs *d, struct vl_err *err), (d, err))
DOOR(vl_dbs_commit, (struct vl_dbs *d, struct vl_err *err), (d, err))
DOOR(vl_dbs_rollback, (struct vl_dbs *d, struct vl_err *err), (d, err))
DOOR_AS(vl_dbs_settle, VL_EPENDING,
    (struct vl_dbs *d, struct vl_err *err), (d, err))
DOOR(vl_dbs_row_put, (struct vl_dbs *d, const struct vl_dbs_row *row,
    struct vl_err *err), (d, row, err))
DOOR(vl_dbs_row_ask, (struct vl_dbs *d, const char *id, size_t *in,
    struct vl_err *err), (d, id, in, err))
DOOR(vl_dbs_give_back, (struct vl_dbs *d, const bool *wal,
    struct vl_err *err), (d, wal, err))
DOOR(vl_rows_put_open, (struct vl_rows_put **out,
    const struct vl_rows_put_opts *opts, struct vl_err *err),
    (out, opts, err))
DOOR(vl_rows_put_table, (struct vl_rows_put *p,
    const struct vl_table_line *line, struct vl_err *err), (p, line, err))
DOOR(vl_rows_put_row, (struct vl_rows_put *p, const struct vl_row *row,
    struct vl_row_store *store, const struct vl_tokens_of *tokens,
    struct vl_err *err), (p, row, store, tokens, err))
DOOR(vl_rows_put_compare, (struct vl_rows_put *p, struct vl_err *err),
    (p, err))
DOOR(vl_rows_put_write, (struct vl_rows_put *p, struct vl_err *err), (p, err))
DOOR(vl_rows_put_prove, (struct vl_rows_put *p, struct vl_err *err), (p, err))
DOOR(vl_rows_put_id_of, (struct vl_rows_put *p, const struct vl_tie *tie,
    struct vl_slice key, struct vl_buf *id, enum vl_tied *how,
    struct vl_err *err), (p, tie, key, id, how, err))
DOOR(vl_rows_check, (const struct vl_rows_opts *opts,
    const struct vl_check *to, enum vl_status *verdict, struct vl_err *err),
    (opts, to, verdict, err))
DOOR(vl_unpack_body, (struct vl_unpack *u, const struct vl_unpacked *rec,
    const struct vl_body_sink *sink, struct vl_err *err), (u, rec, sink, err))
DOOR(vl_profile_of_site, (struct vl_profile **out, const struct vl_site *of,
    const char *dir, struct vl_err *err), (out, of, dir, err))
DOOR(vl_profile_meaning, (struct vl_buf *out, const struct vl_profile *p,
    const char *resource, struct vl_err *err), (out, p, resource, err))
DOOR(vl_profile_from_meaning, (struct vl_profile **out, struct vl_slice json,
    struct vl_err *err), (out, json, err))
DOOR(vl_profile_keep_rows, (struct vl_profile **p, const struct vl_site *of,
    const char *resource, struct vl_err *err), (p, of, resource, err))
DOOR(vl_ties_add, (struct vl_ties **t, const struct vl_profile *p,
    const char *database, const char *tree, struct vl_err *err),
    (t, p, database, tree, err))
DOOR(vl_ties_path, (struct vl_ties *t, struct vl_slice path,
    struct vl_buf *out, enum vl_tied *how, struct vl_err *err),
    (t, path, out, how, err))
DOOR(vl_brought_r_open, (struct vl_brought_r **out,
    const struct vl_brought *b, struct vl_err *err), (out, b, err))
DOOR(vl_brought_r_next, (struct vl_brought_r *r, struct vl_slice *path,
    bool *more, struct vl_err *err), (r, path, more, err))
DOOR(vl_brought_w_open, (struct vl_brought_w **out,
    const struct vl_brought *b, struct vl_err *err), (out, b, err))
DOOR(vl_brought_w_add, (struct vl_brought_w *w, struct vl_slice path,
    struct vl_err *err), (w, path, err))
DOOR(vl_brought_w_finish, (struct vl_brought_w *w, struct vl_err *err),
    (w, err))
DOOR(vl_newfile_create, (struct vl_newfile **out, int dirfd,
    const char *path, mode_t mode, struct vl_err *err),
    (out, dirfd, path, mode, err))
DOOR(vl_newfile_keep, (struct vl_newfile *f, struct vl_err *err), (f, err))
DOOR(vl_write_all, (int fd, struct vl_slice bytes, struct vl_err *err),
    (fd, bytes, err))
DOOR(vl_json_parse, (struct vl_json *j, struct vl_slice text,
    struct vl_err *err), (j, text, err))
/* clang-format on */

#endif
