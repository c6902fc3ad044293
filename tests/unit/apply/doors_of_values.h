#ifndef TEST_APPLY_DOORS_OF_VALUES_H
#define TEST_APPLY_DOORS_OF_VALUES_H

/* More doors than those of doors.h: of secrets in files, values that stay,
 * files with master keys, and what of a file waits on the disk. */

#include "doors.h"

#include <valise/master.h>
#include <valise/masters.h>
#include <valise/merge.h>
#include <valise/secretfile.h>
#include <valise/table.h>

/* clang-format off */
DOOR(vl_masters_new, (struct vl_masters **out, const struct vl_site *s,
    const struct vl_masters_report *report, struct vl_err *err),
    (out, s, report, err))
DOOR(vl_master_in, (struct vl_locked *out, struct vl_master_found *found,
    const struct vl_master_words *words, struct vl_slice bytes,
    struct vl_err *err), (out, found, words, bytes, err))
DOOR(vl_master_read, (struct vl_locked *out, struct vl_master_found *found,
    const struct vl_master_words *words, struct vl_err *err),
    (out, found, words, err))
DOOR(vl_merge_path_new, (struct vl_merge_path **out, const char *text,
    struct vl_err *err), (out, text, err))
DOOR(vl_merge, (struct vl_buf *out, const struct vl_merge *m,
    struct vl_err *err), (out, m, err))
DOOR(vl_secretfiles_new, (struct vl_secretfiles **out,
    const struct vl_secretfiles_opts *opts, struct vl_err *err),
    (out, opts, err))
DOOR(vl_secretfiles_tried, (const struct vl_secretfiles *s, bool target,
    struct vl_err *err), (s, target, err))
DOOR(vl_secretfile_look, (struct vl_secretfiles *s, struct vl_slice file,
    struct vl_slice text, enum vl_status (*seen)(void *,
    const struct vl_secret_seen *, struct vl_err *), void *arg,
    struct vl_err *err), (s, file, text, seen, arg, err))
DOOR(vl_secretfile_try, (struct vl_secretfiles *s, struct vl_slice file,
    struct vl_slice text, struct vl_err *err), (s, file, text, err))
DOOR(vl_secretfile_part, (struct vl_parted *out, struct vl_secretfiles *s,
    struct vl_slice file, struct vl_slice key, struct vl_slice text,
    struct vl_err *err), (out, s, file, key, text, err))
DOOR(vl_secretfile_fill, (struct vl_locked *out, struct vl_filled *filled,
    struct vl_secretfiles *s, const struct vl_filling *f,
    struct vl_err *err), (out, filled, s, f, err))
DOOR(vl_walk_open, (struct vl_walk **out, const struct vl_walk_opts *opts,
    struct vl_err *err), (out, opts, err))
DOOR(vl_walk_next, (struct vl_walk *w, struct vl_node *node, bool *more,
    struct vl_err *err), (w, node, more, err))
DOOR(vl_table_new, (struct vl_table **out, const char *dir,
    struct vl_err *err), (out, dir, err))
DOOR(vl_table_put, (struct vl_table *t, const uint8_t key[VL_TABLE_KEY_SIZE],
    struct vl_slice value, uint64_t word, struct vl_err *err),
    (t, key, value, word, err))
DOOR(vl_table_value, (struct vl_table *t,
    const uint8_t key[VL_TABLE_KEY_SIZE], struct vl_buf *out,
    struct vl_err *err), (t, key, out, err))
DOOR(vl_pread_full, (int fd, uint8_t *p, size_t n, off_t at, size_t *got,
    struct vl_err *err), (fd, p, n, at, got, err))
DOOR(vl_pwrite_all, (int fd, struct vl_slice bytes, off_t at,
    struct vl_err *err), (fd, bytes, at, err))
/* clang-format on */

#endif
