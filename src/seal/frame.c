/*
 * Key and nonces of frames (formats/bundle.md, "Files of frames").
 */

#include <string.h>

#include "frame.h"

void
frame_key(uint8_t key[VL_KEY_SIZE], const uint8_t root[VL_KEY_SIZE],
    const uint8_t salt[VL_SALT_SIZE], const uint8_t header[VL_FILE_HEADER_SIZE])
{
	vl_hash_of(key,
	    &(struct vl_hash_opts){
	        .key = root, .salt = salt, .personal = "vls1-file-key" },
	    (struct vl_slice){ header, VL_FILE_HEADER_SIZE });
}

void
frame_nonce(uint8_t nonce[VL_NONCE_SIZE], uint32_t index, bool last)
{
	memset(nonce, 0, VL_NONCE_SIZE);
	vl_put_u64le(nonce, index);
	nonce[VL_NONCE_SIZE - 1] = last;
}
