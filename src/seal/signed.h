#ifndef VALISE_SEAL_SIGNED_H
#define VALISE_SEAL_SIGNED_H

#include <valise/seal.h>

/*
 * The trusted comment of a seal.sig is by `pub`, whatever key it names and
 * whatever became of seal.txt.  VL_ETRUST.
 */
enum vl_status signed_comment(const struct vl_seal_sig *sig,
    const struct vl_sender_public *pub, struct vl_err *err);

#endif
