#ifndef VALISE_SLOT_H
#define VALISE_SLOT_H

/*
 * Secrets on their way (formats/manifest.md, "Secrets").  Where one stood a
 * line has a slot: a fingerprint, keyed by the transfer key and the place, and
 * nothing else that depends on the secret.  A token, which holds it encrypted,
 * travels beside the line.
 */

#include <valise/bytes.h>
#include <valise/secret.h>

#define VL_SLOT_PRINT_SIZE 16         /* bytes of a fingerprint */
#define VL_SLOT_TEXT_SIZE  27         /* "sf1." and base64url, with NUL */
#define VL_SLOT_INSIDE_MAX 1024       /* bytes of a path inside a value */
#define VL_SECRET_MAX      (1u << 20) /* bytes of one plaintext */

/* A token: le64 epoch, 32 bytes of tag, and the secret padded to blocks. */
#define VL_TOKEN_HEAD  40
#define VL_TOKEN_BLOCK 32
#define VL_TOKEN_MAX   (VL_TOKEN_HEAD + VL_SECRET_MAX + VL_TOKEN_BLOCK)

/* As many bytes as one can have; what they are shows when it is opened. */
static inline bool
vl_token_valid(struct vl_slice token)
{
	return token.n > VL_TOKEN_HEAD && token.n <= VL_TOKEN_MAX &&
	    (token.n - VL_TOKEN_HEAD) % VL_TOKEN_BLOCK == 0;
}

/* How a secret stood at the source, and is to stand at the target. */
enum vl_slot_form {
	VL_SLOT_SEALED, /* encrypted, as each side does it */
	VL_SLOT_CLEAR,  /* in clear, where others are encrypted */
	VL_SLOT_BROKEN  /* it did not open: its bytes as they were */
};

/* What a line says of a secret, but for where it stands. */
struct vl_slot {
	uint8_t print[VL_SLOT_PRINT_SIZE]; /* its fingerprint */
	enum vl_slot_form form;
	bool blob; /* the cell is a blob, else a text; of a piece false */
};

char *vl_slot_text(
    char text[VL_SLOT_TEXT_SIZE], const uint8_t print[VL_SLOT_PRINT_SIZE]);
bool vl_slot_read(uint8_t print[VL_SLOT_PRINT_SIZE], struct vl_slice text);
/* One word for both: "text", "blob", "clear", "clear-blob", "broken",
 * "broken-blob". */
const char *vl_slot_type(enum vl_slot_form form, bool blob);

/* Where a secret is; token and fingerprint bind all of it. */
struct vl_slot_place {
	struct vl_slice resource;
	struct vl_slice collection; /* table as in its line; empty of a tree */
	struct vl_slice key;    /* canonical JSON of `k`; of a tree the path */
	struct vl_slice column; /* empty of a tree */
	struct vl_slice inside; /* path inside the value; empty: all of it */
	enum vl_slot_form form;
	bool blob;
};

/*
 * What makes and opens them, by any thread; `seal` makes one of the transfer
 * key (tokens.h).
 */
struct vl_secret_ops {
	const void *arg;
	void (*print)(const void *arg, const struct vl_slot_place *place,
	    struct vl_slice plain, uint8_t out[VL_SLOT_PRINT_SIZE]);
	/* Append the token to `out`.  VL_EREFUSED above VL_SECRET_MAX. */
	enum vl_status (*seal)(const void *arg,
	    const struct vl_slot_place *place, struct vl_slice plain,
	    struct vl_buf *out, struct vl_err *err);
	/*
	 * The secret into `plain`, in place of what that had.  VL_EAUTH: moved,
	 * altered, of another epoch or series, or not that of `print`; then
	 * `plain` is empty.
	 */
	enum vl_status (*open)(const void *arg,
	    const struct vl_slot_place *place,
	    const uint8_t print[VL_SLOT_PRINT_SIZE], struct vl_slice token,
	    struct vl_locked *plain, struct vl_err *err);
};

#endif
