/* Argon2id (RFC 9106), version 1.3, one lane. */

#include <errno.h>

#include <sodium.h>

#include <valise/crypt.h>

_Static_assert(VL_SALT_SIZE == crypto_pwhash_SALTBYTES, "salt of Argon2id");

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
