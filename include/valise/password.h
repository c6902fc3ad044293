#ifndef VALISE_PASSWORD_H
#define VALISE_PASSWORD_H

/*
 * Keys from passwords (formats/keys.md): what they may cost, and the two keys
 * that follow from one that was derived.
 *
 * Costs come out of files, so they are checked before anything is allocated:
 *
 *	vl_argon2id_check -> vl_password_room -> vl_argon2id
 *	vl_scrypt_check -> vl_password_room -> vl_scrypt
 */

#include <valise/crypt.h>

/* What a guess costs, as --kdf names it. */
enum vl_kdf_preset {
	VL_KDF_NORMAL, /* 256 MiB */
	VL_KDF_LIGHT,  /* 64 MiB */
	VL_KDF_STRONG  /* 1 GiB */
};

/* A password that a key file is put under. */
struct vl_key_lock {
	struct vl_slice password; /* borrowed, locked memory */
	enum vl_kdf_preset kdf;
};

/* Passes times KiB, also summed over several passwords. */
#define VL_KIB_PASSES_MAX (4u << 20)

struct vl_argon2id_cost {
	uint32_t passes;
	uint32_t kib;
};
struct vl_argon2id_cost vl_argon2id_preset(enum vl_kdf_preset preset);
/* VL_ELIMIT, with the numbers. */
enum vl_status vl_argon2id_check(
    const struct vl_argon2id_cost *cost, struct vl_err *err);

/* As libsodium and minisign count: blocks, and bytes of memory. */
struct vl_scrypt_opts {
	uint64_t ops;
	uint64_t bytes;
	const uint8_t *salt; /* VL_SCRYPT_SALT_SIZE bytes */
};
#define VL_SCRYPT_SALT_SIZE 32
/* Without a salt. */
struct vl_scrypt_opts vl_scrypt_preset(enum vl_kdf_preset preset);
enum vl_status vl_scrypt_check(
    const struct vl_scrypt_opts *opts, struct vl_err *err);
/* Any number of bytes.  VL_EIO when memory is short. */
enum vl_status vl_scrypt(uint8_t *out, size_t n, struct vl_slice password,
    const struct vl_scrypt_opts *opts, struct vl_err *err);

/* Half of what is available has room for `kib`; else VL_ELIMIT, with the
 * numbers and `instead`, which begins with ", " or is empty. */
enum vl_status vl_password_room(
    uint64_t kib, const char *instead, struct vl_err *err);

/* The commitment to a KEK, and the key that wraps, used once. */
void vl_kek_commit(uint8_t kc[VL_HASH_SIZE], const uint8_t kek[VL_KEY_SIZE],
    struct vl_slice ad);
void vl_kek_wrapper(uint8_t kw[VL_KEY_SIZE], const uint8_t kek[VL_KEY_SIZE],
    struct vl_slice ad);

#endif
