#ifndef VALISE_SEAL_KEK_H
#define VALISE_SEAL_KEK_H

/* From a password or an X25519 key to the keys of one stanza. */

#include <valise/keys.h>

/* Secrets on the way; in vl_secret_alloc memory. */
struct kek_work {
	uint8_t shared[VL_KEY_SIZE];
	uint8_t esk[VL_X25519_SIZE];
	uint8_t kek[VL_KEY_SIZE];
	uint8_t kw[VL_KEY_SIZE];
	uint8_t mac[VL_KEY_SIZE];
	uint8_t plain[3 * VL_KEY_SIZE]; /* BK || SK || TK, no TK for audit */
};

/* Bytes of a wrap for `role`, and of the keys in it. */
size_t kek_wrap_size(enum vl_role role);
size_t kek_plain_size(enum vl_role role);

/* The AD of `s` replaces what is in `ad`. */
enum vl_status kek_ad(struct vl_buf *ad, const struct vl_stanza *s,
    const struct vl_head *head, struct vl_err *err);
enum vl_status kek_password(struct kek_work *w, const struct vl_stanza *s,
    struct vl_slice password, struct vl_err *err);
/* From w->shared. */
void kek_x25519(struct kek_work *w, const uint8_t epk[VL_X25519_SIZE],
    const uint8_t rpk[VL_X25519_SIZE], struct vl_slice ad);

/* The MAC of the text of keys.jsn under KDF(BK,3). */
/* The same of the input that is made of a text. */
void kek_mac_of(struct kek_work *w, uint8_t mac[VL_HASH_SIZE],
    const uint8_t bk[VL_KEY_SIZE], struct vl_slice input);
enum vl_status kek_mac(struct kek_work *w, uint8_t mac[VL_HASH_SIZE],
    const uint8_t bk[VL_KEY_SIZE], struct vl_slice text, struct vl_err *err);

#endif
