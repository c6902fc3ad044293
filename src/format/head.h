#ifndef VALISE_FORMAT_HEAD_H
#define VALISE_FORMAT_HEAD_H

/* The members that head.jsn and the inner head have in common. */

#include <valise/format.h>
#include <valise/json.h>

#include "canon.h"

#define HEAD_FORMAT_WORD "valise-bundle"

/* What decides whether this version may read on: v, format, kind. */
enum vl_status head_open(struct canon_obj *o, const cJSON *root,
    const char *what, struct vl_err *err);
void head_take_hints(struct canon_obj *o, struct vl_head *h);
void head_take_must(struct canon_obj *o, struct vl_head *h);

void head_put_hex(struct vl_json_w *w, const char *key, const uint8_t *p,
    size_t n); /* at most 32 bytes */
void head_put_int(struct vl_json_w *w, const char *key, uint64_t n);
void head_put_text(struct vl_json_w *w, const char *key, const char *text);
void head_put_must(struct vl_json_w *w, unsigned must);
void head_put_no_hints(struct vl_json_w *w);

/* VL_EUSAGE for what this version does not write. */
enum vl_status head_check(const struct vl_head *h, struct vl_err *err);

#endif
