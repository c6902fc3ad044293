#ifndef VALISE_VAULT_INSIDE_H
#define VALISE_VAULT_INSIDE_H

/* What the files of this room share. */

#include <valise/place.h>
#include <valise/vault.h>

#define KEYS_MAX  128 /* bytes that are derived from a master key */
#define MAC_MAX   32
#define IV_MAX    24
#define SALT_MAX  64
#define BLOCK     16
#define TAG_BYTES 16

/* What libcrypto calls it, and its sizes; no name: not of libcrypto. */
struct algorithm {
	const char *evp;
	size_t key;
	size_t iv;
	bool tagged;
	bool blocks;
};
const struct algorithm *algorithm_of(enum vl_cipher_kind kind);
size_t mac_size(enum vl_mac mac);

/* Where each piece stands among the derived bytes. */
struct taken {
	size_t at[VL_PIECES];
	size_t n[VL_PIECES];
	size_t total;
};
struct taken taken_of(const struct vl_cipher *c);

/* Characters of `n` bytes. */
size_t encoded_size(enum vl_encoding how, size_t n);
/* `out` has room for twice the text; false: it is not spelt so. */
bool encoding_read(
    uint8_t *out, size_t *n, enum vl_encoding how, struct vl_slice text);
enum vl_status encoding_write(struct vl_locked *out, enum vl_encoding how,
    struct vl_slice bytes, struct vl_err *err);

/* A value, taken apart. */
struct layout {
	struct vl_slice piece[VL_PIECES];
	struct vl_slice wrapped; /* as `wrap` spelt it */
	struct vl_slice before;  /* the MAC, in its layer */
};
/* Which piece a part is, how it is spelt, and its characters, which of the
 * ciphertext are 0. */
enum vl_piece part_piece(
    const struct vl_cipher_part *part, enum vl_encoding *how);
size_t part_size(const struct vl_cipher *c, const struct vl_cipher_part *part);
/* Bytes of a piece that has a fixed number of them, or 0. */
size_t piece_size(const struct vl_cipher *c, enum vl_piece piece,
    const struct vl_cipher_part *part);
/* The tag is spelt with the ciphertext, behind it. */
bool tag_is_behind(const struct vl_cipher *c);
/* `value` is without its prefix.  The pieces stand in `work`.  VL_EFORMAT. */
enum vl_status layout_read(const struct vl_cipher *c, struct layout *l,
    struct vl_slice value, struct vl_locked *work, struct vl_err *err);

/* Derived keys. */
struct keyring;
enum vl_status keyring_new(struct keyring **out, const struct vl_cipher *c,
    struct vl_slice master, struct vl_err *err);
/* The bytes of `salt`, which is empty where no value has its own; until the
 * next call. */
enum vl_status keyring_keys(struct keyring *ring, const uint8_t **keys,
    struct vl_slice salt, struct vl_err *err);
void keyring_free(struct keyring *ring);

struct crypter;
enum vl_status crypter_new(struct crypter **out, const struct vl_cipher *c,
    const struct taken *taken, struct vl_err *err);
/* One value. */
struct job {
	const uint8_t *keys;
	const uint8_t *iv; /* NULL: among the keys */
	struct vl_slice bytes;
	uint8_t tag[TAG_BYTES]; /* where there is one */
};
/* Append to `out`.  VL_EFORMAT where its length cannot be; VL_EAUTH where tag
 * or padding are not right, and the bytes in `out` mean nothing. */
enum vl_status crypter_open(struct crypter *x, struct vl_locked *out,
    struct job *j, struct vl_err *err);
enum vl_status crypter_seal(struct crypter *x, struct vl_locked *out,
    struct job *j, struct vl_err *err);
enum vl_status crypter_mac(const struct crypter *x, uint8_t mac[MAC_MAX],
    const uint8_t *keys, struct vl_slice bytes, struct vl_err *err);
void crypter_free(struct crypter *x);

/* A program that encrypts. */
struct talk;
enum vl_status talk_new(struct talk **out, const struct vl_cipher *c,
    struct vl_slice key, struct vl_err *err);
/* `word` is "open" or "seal". */
enum vl_status talk_ask(struct talk *t, struct vl_locked *out, const char *word,
    struct vl_slice bytes, struct vl_err *err);
void talk_free(struct talk *t);

#endif
