#ifndef VALISE_CRYPT_LANES_H
#define VALISE_CRYPT_LANES_H

/* Several messages at once, as vl_hash_many() does it. */

#include <valise/crypt.h>

enum lanes {
	LANES_NONE, /* one after the other */
	LANES_AVX2,
	LANES_AVX512
};

/* The widest that this processor has. */
enum lanes lanes_best(void);
/* vl_hash_many() in that way, which the processor must have. */
void lanes_hash(enum lanes how, uint8_t (*out)[VL_HASH_SIZE],
    const struct vl_hash_key *key, const struct vl_slice *messages, size_t n);

#endif
