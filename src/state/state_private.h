#ifndef VALISE_STATE_PRIVATE_H
#define VALISE_STATE_PRIVATE_H

/* Helpers of the room: small canonical JSON files, and typed members. */

#include <valise/json.h>
#include <valise/state.h>

/* The largest file of the state that is read whole. */
#define VL_STATE_FILE_MAX (64u << 20)

/*
 * Read file `name` below the state; `*there` is false when it is absent.
 * VL_EIO names the file.
 */
enum vl_status vl_state_read(struct vl_state *s, const char *name,
    struct vl_buf *out, bool *there, struct vl_err *err);

/*
 * Sync file `name` below the state and the state itself, so that what is read
 * of it holds.  An absent one is none to sync; what is no regular file is
 * refused, and never waited for.
 */
enum vl_status vl_state_settle(
    struct vl_state *s, const char *name, struct vl_err *err);

/* brought.c: no import is in hand; remove what killed ones left. */
enum vl_status vl_brought_tidy(struct vl_state *s, struct vl_err *err);

/* Members of the object at item `at`; each VL_EFORMAT when it is missing or
 * of another type or length. */
enum vl_status vl_member_hex(const struct vl_json *j, size_t at,
    const char *name, uint8_t *out, size_t n, struct vl_err *err);
enum vl_status vl_member_int(const struct vl_json *j, size_t at,
    const char *name, int64_t *out, struct vl_err *err);
/* Text of at most size - 1 bytes without NUL. */
enum vl_status vl_member_text(const struct vl_json *j, size_t at,
    const char *name, char *out, size_t size, struct vl_err *err);

void vl_w_hex(struct vl_json_w *w, const char *key, const uint8_t *p, size_t n);
void vl_w_int(struct vl_json_w *w, const char *key, int64_t n);
void vl_w_text(struct vl_json_w *w, const char *key, const char *text);

/* Ledger lines as a JSON array, for the header. */
void vl_ledger_w(struct vl_json_w *w, const struct vl_ledger *l);
enum vl_status vl_ledger_from(struct vl_ledger *l, const struct vl_json *j,
    size_t at, struct vl_err *err);

#endif
