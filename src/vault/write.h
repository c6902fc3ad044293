#ifndef VALISE_VAULT_WRITE_H
#define VALISE_VAULT_WRITE_H

#include "inside.h"

/* What a value is put together from. */
struct writing {
	const struct vl_cipher *c;
	const struct crypter *crypter;
	const uint8_t *keys;
	struct vl_slice piece[VL_PIECES]; /* of the MAC its size alone */
	size_t wrapped_at;                /* in what is written; set here */
	size_t wrapped;
};
/* Append the value to `out`; `work` is empty. */
enum vl_status layout_write(struct writing *w, struct vl_locked *out,
    struct vl_locked *work, struct vl_err *err);

#endif
