/*
 * Keys from passwords: Argon2id (RFC 9106), version 1.3, one lane; scrypt
 * (RFC 7914), for what minisign wrote; and what both may cost.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include <valise/fs.h>
#include <valise/password.h>

#define KIB_MIN    (8u << 10) /* 8 MiB */
#define KIB_MAX    (1u << 20) /* 1 GiB */
#define PASSES_MAX 10u

/* Fewer bytes for as many blocks would be lanes, which take memory, too. */
#define SCRYPT_OPS_MIN   (UINT64_C(1) << 15)
#define SCRYPT_OPS_MAX   (UINT64_C(1) << 27)
#define SCRYPT_BYTES_MIN (UINT64_C(1) << 24)
#define SCRYPT_BYTES_MAX (UINT64_C(1) << 30)

_Static_assert(VL_SALT_SIZE == crypto_pwhash_SALTBYTES, "salt of Argon2id");
_Static_assert(
    VL_SCRYPT_SALT_SIZE == crypto_pwhash_scryptsalsa208sha256_SALTBYTES,
    "salt of scrypt");

struct vl_argon2id_cost
vl_argon2id_preset(enum vl_kdf_preset preset)
{
	static const struct vl_argon2id_cost presets[] = {
		[VL_KDF_NORMAL] = { 3, 256u << 10 },
		[VL_KDF_LIGHT] = { 4, 64u << 10 },
		[VL_KDF_STRONG] = { 4, 1024u << 10 },
	};

	return presets[preset];
}

enum vl_status
vl_argon2id_check(const struct vl_argon2id_cost *cost, struct vl_err *err)
{
	const uint64_t both = (uint64_t)cost->kib * cost->passes;

	if (cost->kib < KIB_MIN || cost->kib > KIB_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "the password asks for %u KiB of memory, not %u to %u",
		    cost->kib, KIB_MIN, KIB_MAX);
	if (cost->passes < 1 || cost->passes > PASSES_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "the password asks for %u passes, not 1 to %u",
		    cost->passes, PASSES_MAX);
	if (both > VL_KIB_PASSES_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "the password asks for %llu KiB times passes, more than %u",
		    (unsigned long long)both, VL_KIB_PASSES_MAX);
	return VL_OK;
}

enum vl_status
vl_argon2id(uint8_t out[VL_KEY_SIZE], struct vl_slice password,
    const uint8_t salt[VL_SALT_SIZE], uint32_t passes, uint32_t kib,
    struct vl_err *err)
{
	const char *text = password.n == 0 ? "" : (const char *)password.p;

	errno = 0;
	if (crypto_pwhash(out, VL_KEY_SIZE, text, password.n, salt, passes,
	        (size_t)kib * 1024, crypto_pwhash_ALG_ARGON2ID13) == 0)
		return VL_OK;
	if (errno == EINVAL)
		return vl_fail(err, VL_EIO,
		    "argon2id does not take %u passes over %u KiB", passes,
		    kib);
	return vl_fail(err, VL_EIO,
	    "cannot derive a key from the password: %u KiB of memory are "
	    "needed",
	    kib);
}

/* Each with one lane: as many blocks as the memory holds, written once and
 * read once.  VL_KDF_STRONG is what minisign takes. */
struct vl_scrypt_opts
vl_scrypt_preset(enum vl_kdf_preset preset)
{
	static const struct vl_scrypt_opts presets[] = {
		[VL_KDF_NORMAL] = { 1u << 23, 256u << 20, NULL },
		[VL_KDF_LIGHT] = { 1u << 21, 64u << 20, NULL },
		[VL_KDF_STRONG] = { 1u << 25, 1024u << 20, NULL },
	};

	return presets[preset];
}

enum vl_status
vl_scrypt_check(const struct vl_scrypt_opts *opts, struct vl_err *err)
{
	if (opts->bytes < SCRYPT_BYTES_MIN || opts->bytes > SCRYPT_BYTES_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "the password asks for %llu bytes of memory, not %llu to "
		    "%llu",
		    (unsigned long long)opts->bytes,
		    (unsigned long long)SCRYPT_BYTES_MIN,
		    (unsigned long long)SCRYPT_BYTES_MAX);
	if (opts->ops < SCRYPT_OPS_MIN || opts->ops > SCRYPT_OPS_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "the password asks for %llu blocks, not %llu to %llu",
		    (unsigned long long)opts->ops,
		    (unsigned long long)SCRYPT_OPS_MIN,
		    (unsigned long long)SCRYPT_OPS_MAX);
	return VL_OK;
}

enum vl_status
vl_scrypt(uint8_t *out, size_t n, struct vl_slice password,
    const struct vl_scrypt_opts *opts, struct vl_err *err)
{
	const char *text = password.n == 0 ? "" : (const char *)password.p;

	if (crypto_pwhash_scryptsalsa208sha256(out, n, text, password.n,
	        opts->salt, opts->ops, (size_t)opts->bytes) == 0)
		return VL_OK;
	return vl_fail(err, VL_EIO,
	    "cannot derive a key from the password: %llu bytes of memory are "
	    "needed",
	    (unsigned long long)opts->bytes);
}

/* MemAvailable in KiB; UINT64_MAX where the system does not say. */
static uint64_t
memory_available(void)
{
	static const char field[] = "\nMemAvailable:";
	struct vl_err ignored;
	struct vl_buf text = { 0 };
	uint64_t kib = UINT64_MAX;
	const char *at = NULL;
	size_t got = 0;
	int fd;

	fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return kib;
	if (vl_buf_reserve(&text, 4097, &ignored) == VL_OK &&
	    vl_read_full(fd, text.p, 4096, &got, &ignored) == VL_OK) {
		text.p[got] = '\0';
		at = strstr((const char *)text.p, field);
	}
	if (at != NULL)
		kib = strtoull(at + strlen(field), NULL, 10);
	vl_buf_free(&text);
	(void)close(fd);
	return kib;
}

enum vl_status
vl_password_room(uint64_t kib, const char *instead, struct vl_err *err)
{
	const uint64_t half = memory_available() / 2;

	if (kib <= half)
		return VL_OK;
	return vl_fail(err, VL_ELIMIT,
	    "the password asks for %llu KiB of memory, more than half of what "
	    "is available: %llu KiB; free memory%s",
	    (unsigned long long)kib, (unsigned long long)half, instead);
}

void
vl_kek_commit(uint8_t kc[VL_HASH_SIZE], const uint8_t kek[VL_KEY_SIZE],
    struct vl_slice ad)
{
	const struct vl_hash_opts opts = { .key = kek,
		.personal = "vls1-kek-commit" };

	vl_hash_of(kc, &opts, ad);
}

void
vl_kek_wrapper(
    uint8_t kw[VL_KEY_SIZE], const uint8_t kek[VL_KEY_SIZE], struct vl_slice ad)
{
	const struct vl_hash_opts opts = { .key = kek,
		.personal = "vls1-kek-wrap" };

	vl_hash_of(kw, &opts, ad);
}
