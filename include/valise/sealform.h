#ifndef VALISE_SEALFORM_H
#define VALISE_SEALFORM_H

/*
 * The public texts beside a bundle: seal.txt, seal.sig, readme.txt, and
 * minisign's key files (formats/seal.md).  Pure.
 */

#include <valise/format.h>
#include <valise/password.h>

#define VL_SEAL_MAX       (16u << 20) /* bytes of seal.txt */
#define VL_SEAL_FILES_MAX 100000
#define VL_SEAL_SIG_MAX   1024
#define VL_NAME83_SIZE    13 /* 8.3 with NUL */
#define VL_KEY_ID_SIZE    8

extern const char vl_readme_text[]; /* the whole file */

struct vl_seal_file {
	char name[VL_NAME83_SIZE];
	uint8_t hash[VL_HASH_SIZE];
};

/* Ascending by name; owned. */
struct vl_seal_list {
	struct vl_seal_file *files;
	size_t n;
};

/* `[a-z][a-z0-9]{0,7}\.[a-z][a-z0-9]{2}` */
bool vl_name83_valid(const char *name);

enum vl_status vl_seal_list_encode(
    struct vl_buf *out, const struct vl_seal_list *l, struct vl_err *err);
enum vl_status vl_seal_list_decode(
    struct vl_seal_list *l, struct vl_slice text, struct vl_err *err);
const struct vl_seal_file *vl_seal_list_find(
    const struct vl_seal_list *l, const char *name);
void vl_seal_list_free(struct vl_seal_list *l);

/* What the trusted comment says. */
struct vl_seal_comment {
	uint8_t id[5]; /* first bytes of the bundle id */
	uint64_t seq;
	enum vl_bundle_kind kind;
	uint64_t files;
	uint64_t bytes;
	uint8_t head[VL_HASH_SIZE];
};

struct vl_seal_sig {
	uint8_t key_id[VL_KEY_ID_SIZE];
	uint8_t signature[VL_SIGN_SIZE]; /* of BLAKE2b-512(seal.txt) */
	uint8_t global[VL_SIGN_SIZE];    /* of signature || comment text */
	struct vl_slice comment_text;    /* borrowed from the input */
	struct vl_seal_comment comment;
};

enum vl_status vl_seal_comment_encode(
    struct vl_buf *out, const struct vl_seal_comment *c, struct vl_err *err);
/* Four lines; comment_text is what stands behind "trusted comment: ". */
enum vl_status vl_seal_sig_encode(
    struct vl_buf *out, const struct vl_seal_sig *s, struct vl_err *err);
enum vl_status vl_seal_sig_decode(
    struct vl_seal_sig *s, struct vl_slice text, struct vl_err *err);

/* A key id as minisign shows it: one number, 16 upper-case hex digits. */
#define VL_KEY_ID_TEXT 17
char *vl_key_id_text(
    char text[VL_KEY_ID_TEXT], const uint8_t key_id[VL_KEY_ID_SIZE]);

/* A minisign public key file (two lines) or its base64 line alone. */
struct vl_sender_public {
	uint8_t key_id[VL_KEY_ID_SIZE];
	uint8_t key[VL_SIGN_PUBLIC_SIZE];
};

/* Bytes of such a file: what is longer is refused. */
#define VL_SENDER_PUBLIC_MAX 2048
enum vl_status vl_sender_public_encode(
    struct vl_buf *out, const struct vl_sender_public *k, struct vl_err *err);
enum vl_status vl_sender_public_decode(
    struct vl_sender_public *k, struct vl_slice text, struct vl_err *err);

/* What a minisign secret key file holds.  Text, password and struct belong into
 * vl_secret_alloc memory. */
struct vl_sender_secret {
	struct vl_sender_public pub;
	uint8_t key[VL_SIGN_SECRET_SIZE];
};

/* A fresh pair under a random key id. */
void vl_sender_secret_make(struct vl_sender_secret *k);

#define VL_SENDER_SECRET_MAX 512
/* `*n` gets the length written to `text`; without a password. */
enum vl_status vl_sender_secret_encode(char text[VL_SENDER_SECRET_MAX],
    size_t *n, const struct vl_sender_secret *k, struct vl_err *err);
/* The same under one. */
enum vl_status vl_sender_secret_lock(char text[VL_SENDER_SECRET_MAX], size_t *n,
    const struct vl_sender_secret *k, const struct vl_key_lock *lock,
    struct vl_err *err);
/* VL_EREFUSED: it is under a password. */
enum vl_status vl_sender_secret_decode(
    struct vl_sender_secret *k, struct vl_slice text, struct vl_err *err);
bool vl_sender_secret_is_locked(struct vl_slice text);
/* VL_EKEY: not under this password.  VL_ELIMIT: what it asks for is over the
 * caps, and nothing was allocated. */
enum vl_status vl_sender_secret_unlock(struct vl_sender_secret *k,
    struct vl_slice text, struct vl_slice password, struct vl_err *err);

#endif
