#ifndef VALISE_TOKENS_H
#define VALISE_TOKENS_H

/*
 * Fingerprints and tokens of secrets under a transfer key (formats/manifest.md,
 * "Secrets"): the same for the same secret at the same place, and of no use
 * anywhere else.
 */

#include <valise/crypt.h>
#include <valise/slot.h>

#define VL_SERIES_SIZE 16

struct vl_tokens; /* keys that are derived; in locked memory */

enum vl_status vl_tokens_new(struct vl_tokens **out,
    const uint8_t series[VL_SERIES_SIZE], uint64_t epoch,
    const uint8_t tk[VL_KEY_SIZE], struct vl_err *err);
/* `t` must outlive them. */
struct vl_secret_ops vl_tokens_ops(const struct vl_tokens *t);
void vl_tokens_free(struct vl_tokens *t);

#endif
