#ifndef VALISE_SEAL_IDS_KEYS_H
#define VALISE_SEAL_IDS_KEYS_H

/* What a struct vl_ids holds; in vl_secret_alloc memory. */

#include <valise/ids.h>

struct vl_ids {
	struct vl_chunker chunker;
	uint8_t seed[VL_KEY_SIZE];
	uint8_t chunk[VL_KEY_SIZE];
	uint8_t content[VL_KEY_SIZE];
	struct vl_hash_key leaf;
	struct vl_hash_key node;
	uint8_t resource[VL_KEY_SIZE];
	uint8_t commit[VL_HASH_SIZE];
};

#endif
