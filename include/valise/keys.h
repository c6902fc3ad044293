#ifndef VALISE_KEYS_H
#define VALISE_KEYS_H

/*
 * Keys of a bundle: made or unlocked, all in one locked allocation, and the
 * stanzas that wrap them (formats/keys.md).
 */

#include <valise/format.h>
#include <valise/password.h>

/* What is wrapped; in vl_secret_alloc memory. */
struct vl_key_set {
	uint8_t bk[VL_KEY_SIZE]; /* bundle */
	uint8_t sk[VL_KEY_SIZE]; /* series */
	uint8_t tk[VL_KEY_SIZE]; /* transfer; unknown to the audit role */
	bool has_tk;
};

/* KDF(BK,1): the commitment in the head. */
void vl_keys_commit(uint8_t out[VL_HASH_SIZE], const struct vl_key_set *keys);
/* KDF(BK,2), the root of the file keys: into locked memory. */
void vl_keys_file_root(uint8_t out[VL_KEY_SIZE], const struct vl_key_set *keys);
/* KDF(TK,8): the commitment in the inner head. */
void vl_keys_tk_commit(
    uint8_t out[VL_HASH_SIZE], const struct vl_key_set *keys);

/* Who may open a bundle: a password or an X25519 public key. */
struct vl_recipient {
	enum vl_stanza_type type;
	enum vl_role role;
	enum vl_kdf_preset kdf;   /* password */
	struct vl_slice password; /* borrowed, locked memory */
	uint8_t public[VL_X25519_SIZE];
};

/*
 * Wrap `keys` for each of `n` recipients and encode keys.jsn into `out`.
 * id and series as in the head.
 */
enum vl_status vl_keys_wrap(struct vl_buf *out, const struct vl_key_set *keys,
    const struct vl_head *head, const struct vl_recipient *recipients, size_t n,
    struct vl_err *err);

/* Decodes the small JSON files of a bundle for a process that parses nothing
 * of it. */
struct vl_small_reader {
	void *arg;
	enum vl_status (*head)(void *arg, struct vl_head *h,
	    struct vl_slice text, struct vl_err *err);
	/* `mac_input` as vl_stanzas_mac_input() makes it. */
	enum vl_status (*stanzas)(void *arg, struct vl_stanzas *s,
	    struct vl_buf *mac_input, struct vl_slice text, struct vl_err *err);
};

/* What an operator holds to open a bundle. */
struct vl_opener {
	struct vl_slice password; /* n = 0: none */
	const uint8_t *identity;  /* X25519 secret or NULL */
	/* Decodes keys.jsn; NULL: it is done here. */
	const struct vl_small_reader *reader;
};

/*
 * Unlock in the order of formats/keys.md, "Unlocking": caps before Argon2
 * allocates, kc before the unwrap, then commit against `head`, then the MAC
 * of keys.jsn.
 *
 * VL_EKEY     no stanza's kc fits: "wrong password or damaged keys"; or
 *             none is for what the opener holds, and what it is for
 * VL_EAUTH    kc fits, but wrap, commit or MAC do not
 * VL_ELIMIT   parameters over the caps, with the numbers
 *
 * `keys` is a vl_key_set in locked memory; wiped on failure.  `role` gets
 * the role of the stanza that opened.
 */
enum vl_status vl_keys_unlock(struct vl_key_set *keys, enum vl_role *role,
    const struct vl_head *head, struct vl_slice keys_text,
    const struct vl_opener *opener, struct vl_err *err);

#endif
