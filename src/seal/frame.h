#ifndef VALISE_SEAL_FRAME_H
#define VALISE_SEAL_FRAME_H

/* What the frames of a file are sealed and opened with. */

#include <valise/bytes.h>
#include <valise/crypt.h>
#include <valise/format.h>

/* `root` is that of the bundle's files, `salt` stands in the header. */
void frame_key(uint8_t key[VL_KEY_SIZE], const uint8_t root[VL_KEY_SIZE],
    const uint8_t salt[VL_SALT_SIZE],
    const uint8_t header[VL_FILE_HEADER_SIZE]);
void frame_nonce(uint8_t nonce[VL_NONCE_SIZE], uint32_t index, bool last);

#endif
