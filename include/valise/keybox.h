#ifndef VALISE_KEYBOX_H
#define VALISE_KEYBOX_H

/*
 * A secret of one kind under a password, as a text file (formats/keys.md,
 * "Under a password"):
 *
 *	make, or seal -> encode		decode -> open
 */

#include <valise/format.h>
#include <valise/password.h>
#include <valise/sealform.h>

enum vl_keybox_kind {
	VL_KEYBOX_IDENTITY = 1, /* 32 bytes: recipient.key */
	VL_KEYBOX_SERIES = 2    /* struct vl_series_key */
};

#define VL_KEYBOX_MAX       2048 /* bytes of the file */
#define VL_KEYBOX_PLAIN_MAX 768
#define VL_KEYBOX_AD_SIZE   32

/* What the file says; nothing of it is secret. */
struct vl_keybox {
	enum vl_keybox_kind kind;
	struct vl_argon2id_cost cost;
	uint8_t salt[VL_SALT_SIZE];
	uint8_t kc[VL_HASH_SIZE];
	uint8_t sealed[VL_KEYBOX_PLAIN_MAX + VL_TAG_SIZE];
	size_t n; /* of `sealed` */
};

/* Whether it begins as such a file does, of any kind. */
bool vl_keybox_is(struct vl_slice text);

/* Under a fresh salt. */
enum vl_status vl_keybox_seal(struct vl_keybox *b, enum vl_keybox_kind kind,
    struct vl_slice plain, const struct vl_key_lock *lock, struct vl_err *err);
enum vl_status vl_keybox_encode(
    struct vl_buf *out, const struct vl_keybox *b, struct vl_err *err);
/*
 * Both, and what was written is opened again: a key that does not come out is
 * lost once it replaces another.  VL_EIO when it does not.
 */
enum vl_status vl_keybox_make(struct vl_buf *out, enum vl_keybox_kind kind,
    struct vl_slice plain, const struct vl_key_lock *lock, struct vl_err *err);

/* Caps of the password are checked where it is tried. */
enum vl_status vl_keybox_decode(
    struct vl_keybox *b, struct vl_slice text, struct vl_err *err);
/*
 * `plain`, in locked memory, gets b->n - VL_TAG_SIZE bytes; wiped on failure.
 *
 * VL_ELIMIT   the password costs more than the caps; nothing was allocated
 * VL_EKEY     wrong password, or damaged
 * VL_EAUTH    the password fits and the rest does not
 */
enum vl_status vl_keybox_open(uint8_t plain[VL_KEYBOX_PLAIN_MAX],
    const struct vl_keybox *b, struct vl_slice password, struct vl_err *err);

/* All that continues a series elsewhere; in locked memory. */
struct vl_series_key {
	uint8_t id[VL_ID_SIZE];
	uint64_t epoch; /* from 1 */
	uint64_t seq;   /* last one issued; 0: none */
	uint64_t made;  /* when this was written, seconds since 1970 */
	uint8_t prev[VL_HASH_SIZE];
	uint8_t sk[VL_KEY_SIZE];
	uint8_t tk[VL_KEY_SIZE];
	/* Who signed the series; zeros: nobody yet. */
	struct vl_sender_public signer;
	char site[VL_SITE_MAX + 1];
	/* The site's own sender.key, as its file has it; or nothing. */
	char sender[VL_SENDER_SECRET_MAX];
	size_t sender_size;
};

/* `*n` gets the length. */
enum vl_status vl_series_key_encode(uint8_t out[VL_KEYBOX_PLAIN_MAX], size_t *n,
    const struct vl_series_key *k, struct vl_err *err);
enum vl_status vl_series_key_decode(
    struct vl_series_key *k, struct vl_slice plain, struct vl_err *err);

#endif
