#ifndef VALISE_VAULT_MASTER_H
#define VALISE_VAULT_MASTER_H

/* From the bytes of a file to the key in it. */

#include <valise/master.h>

#include "inside.h"

/*
 * In place of what `out` had, what the words find in `text`; `*found` is false
 * where they find nothing, and `out` is empty then.  VL_EUSAGE: it is found
 * twice, or cannot be read; the message is a clause about the file.
 */
enum vl_status master_path(struct vl_locked *out, bool *found,
    struct vl_slice text, const struct vl_master_words *words,
    struct vl_err *err);
/* keyed.c: `words->keyed` and `words->define`. */
enum vl_status master_line(struct vl_locked *out, bool *found,
    struct vl_slice text, const char *key, struct vl_err *err);
enum vl_status master_define(struct vl_locked *out, bool *found,
    struct vl_slice text, const char *name, struct vl_err *err);

#endif
