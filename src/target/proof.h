#ifndef VALISE_TARGET_PROOF_H
#define VALISE_TARGET_PROOF_H

#include <valise/entry.h>

/*
 * What stands in new/, counted by type: by enum vl_entry_type, one for each
 * name, must be what was staged.
 */
enum vl_status vl_proof_staged(
    int newfd, const uint64_t staged[VL_ENTRY_LEFT_OUT], struct vl_err *err);

#endif
