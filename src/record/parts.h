#ifndef RECORD_PARTS_H
#define RECORD_PARTS_H

/* What values and the pieces of texts share. */

#include <valise/value.h>

void value_write_coded(
    struct vl_json_w *w, const char *tag, struct vl_slice bytes);
void value_write_range(
    struct vl_json_w *w, const char *tag, uint64_t at, uint64_t n);
bool value_read_range(
    const struct vl_json *j, size_t item, uint64_t *at, uint64_t *n);
/* It stands in a line as a string. */
bool value_is_text(struct vl_slice bytes);
enum vl_status value_bad(struct vl_err *err, const char *why);

/* Whether pieces stand behind `tag`, and of what. */
bool parts_tag(enum vl_packing *packing, struct vl_slice tag);
/* The pieces at v->item; v->at and v->n become what they take of the body. */
enum vl_status parts_check(struct vl_value *v, const struct vl_json *j,
    struct vl_buf *arena, struct vl_err *err);
/* vl_value_read() but for keys and pieces, which are as it found them. */
enum vl_status value_take(struct vl_value *v, const struct vl_json *j,
    size_t item, struct vl_buf *arena, struct vl_err *err);

/* slot.c: the parts of a secret at `item`. */
bool slot_read_print(
    struct vl_slot *slot, const struct vl_json *j, size_t item);
bool slot_read_type(struct vl_slot *slot, const struct vl_json *j, size_t item);
bool slot_read_value(
    struct vl_slot *slot, const struct vl_json *j, size_t item);
bool slot_is_plain(const struct vl_slot *slot);
void slot_write_print(struct vl_json_w *w, const struct vl_slot *slot);

#endif
