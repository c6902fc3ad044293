#ifndef VALISE_VAULT_H
#define VALISE_VAULT_H

/*
 * Secrets at rest: how an application encrypts, under a master key of its own,
 * what it keeps secret; from its bytes to the plaintext and back
 * (formats/ciphers.md).
 *
 * A cipher is one of the names that are compiled in, or a declaration, which
 * vl_cipher_check() holds against the rules.  vl_vault_new() puts cipher and
 * master key together; then values are opened and sealed in any order, by one
 * thread at a time.
 *
 * Keys, plaintexts and everything on the way stand in locked memory.  Only
 * libcrypto holds what it computes from a key in memory of its own, while a
 * call lasts, and wipes it.  No message holds a byte of a value, a plaintext
 * or a key.
 */

#include <valise/bytes.h>
#include <valise/secret.h>

#define VL_VAULT_VALUE_MAX 4194304 /* bytes of a value or plaintext */
#define VL_VAULT_KEY_MAX   65536   /* bytes of a master key */

/* How bytes are spelt. */
enum vl_encoding {
	VL_ENCODED_NOT, /* the part is not there */
	VL_ENCODED_RAW,
	VL_ENCODED_HEX,
	VL_ENCODED_HEX_LINES, /* of 80, each with a line feed */
	VL_ENCODED_BASE64,
	VL_ENCODED_BASE64_LINES, /* of 60, each with a line feed */
	VL_ENCODED_BASE64URL,    /* no padding */
	VL_ENCODED_BASE64URL_PADDED
};

enum vl_piece {
	VL_PIECE_NONE,
	VL_PIECE_CIPHERTEXT,
	VL_PIECE_SALT,
	VL_PIECE_TAG,
	VL_PIECE_IV, /* from here on also what is derived */
	VL_PIECE_MAC,
	VL_PIECE_KEY
};
#define VL_PIECES 7

/* One part of a layout: exactly one of the members before `length` is set. */
struct vl_cipher_part {
	enum vl_encoding ciphertext;
	enum vl_encoding iv;
	enum vl_encoding salt;
	enum vl_encoding tag;
	enum vl_encoding mac;
	const char *literal; /* a text */
	const char *bytes;   /* bytes in hex */
	enum vl_piece size;  /* how many bytes it has, big-endian in 4 */
	bool time;           /* seconds since 1970, big-endian in 8 */
	unsigned length;     /* characters, of a salt; else 0 or what follows
	                      * from the cipher */
	bool tagged;         /* of a ciphertext: the tag is behind it, and
	                      * spelt with it */
};

enum vl_cipher_kind {
	VL_CIPHER_UNSAID,
	VL_CIPHER_PLAIN,
	VL_CIPHER_AES_128_CBC,
	VL_CIPHER_AES_256_CBC,
	VL_CIPHER_AES_128_GCM,
	VL_CIPHER_AES_256_GCM,
	VL_CIPHER_AES_256_CTR,
	VL_CIPHER_CHACHA20_POLY1305,
	VL_CIPHER_SECRETBOX
};

/* From the master key to the key of the cipher. */
enum vl_derivation {
	VL_DERIVE_UNSAID,
	VL_DERIVE_RAW,
	VL_DERIVE_HEX,
	VL_DERIVE_BASE64,
	VL_DERIVE_BASE64URL,
	VL_DERIVE_TEXT_32,
	VL_DERIVE_SHA256,
	VL_DERIVE_SHA256_HEX_32,
	VL_DERIVE_MD5_BYTESTOKEY,
	VL_DERIVE_PBKDF2_SHA1,
	VL_DERIVE_PBKDF2_SHA256,
	VL_DERIVE_SCRYPT
};

enum vl_mac {
	VL_MAC_NONE,
	VL_MAC_HMAC_SHA1,
	VL_MAC_HMAC_SHA256
};
enum vl_mac_over {
	VL_MAC_OVER_CIPHERTEXT,
	VL_MAC_OVER_BEFORE, /* all of its layer that stands before it */
	VL_MAC_OVER_WRAPPED /* what `wrap` made */
};

/* A declaration.  Borrowed for as long as a vault uses it. */
struct vl_cipher {
	const char *name;
	const char *prefix; /* or NULL */
	/* NULL, or a prefix behind which the rest of the line is a label; read
	 * and never written. */
	const char *labelled;
	enum vl_encoding wrap; /* of all parts together */
	const char *join;      /* between two parts, or NULL */
	const struct vl_cipher_part *parts;
	size_t nparts;
	const struct vl_cipher_part *after; /* behind what is wrapped */
	size_t nafter;
	enum vl_cipher_kind cipher;
	bool padded; /* of a stream cipher: as if it had blocks of 16 */
	enum vl_derivation derive;
	bool latin1;      /* the master key is UTF-8 and used as Latin-1 */
	const char *salt; /* or NULL: a part, or none */
	unsigned rounds;  /* of PBKDF2 */
	unsigned cost;    /* of scrypt: N, r, p */
	unsigned block;
	unsigned parallel;
	/* What the derived bytes are, in their order: the key, MAC key, IV.
	 * None: all are the key. */
	const enum vl_piece *take;
	size_t ntake;
	enum vl_mac mac;
	enum vl_mac_over mac_over;
	unsigned mac_key; /* bytes of its key, where `take` has one */
	bool unprefixed_plain;
	char *const *command; /* NULL at the end; or NULL */
	unsigned seconds;     /* that it may take for a value; 0: 30 */
};

/* What a right plaintext looks like. */
enum vl_plain {
	VL_PLAIN_UNSAID,
	VL_PLAIN_JSON, /* one value of RFC 8259 */
	VL_PLAIN_PEM,
	VL_PLAIN_UTF8, /* without control characters but tab, LF, CR */
	VL_PLAIN_ANY
};
bool vl_plain_fits(enum vl_plain plain, struct vl_slice text);

/* The cipher that is compiled in under `name`, or NULL. */
const struct vl_cipher *vl_cipher_named(const char *name);
/* VL_EUSAGE says what is wrong with it. */
enum vl_status vl_cipher_check(const struct vl_cipher *c, struct vl_err *err);
/* Whether another key would not open its values; of a cipher without tag and
 * MAC it may, into nonsense. */
bool vl_cipher_proves(const struct vl_cipher *c);
/* Whether a value has the form of a cipher that was checked, whatever its key.
 * False of those whose form says little: without prefix, `join` or literal, in
 * clear, or a program's. */
bool vl_cipher_fits(const struct vl_cipher *c, struct vl_slice value);

struct vl_vault;
/*
 * VL_EUSAGE: the declaration is wrong, or the master key is none of its kind.
 * VL_EIO: a `command` does not start; memory.  The key is copied.
 */
enum vl_status vl_vault_new(struct vl_vault **out, const struct vl_cipher *c,
    struct vl_slice key, struct vl_err *err);
/*
 * Open a value into `out`, in place of what it had.  `clear`: it was without
 * the prefix, and is its own plaintext.
 *
 * VL_EFORMAT: it is not in the form of this cipher.  VL_EAUTH: another master
 * key, or altered; a cipher without MAC may as well give nonsense, for which
 * there is vl_plain_fits().  VL_ELIMIT: too long.  VL_EIO: a `command` failed,
 * and the vault gives nothing more.  After a failure `out` is empty.
 */
enum vl_status vl_vault_open(struct vl_vault *v, struct vl_locked *out,
    bool *clear, struct vl_slice value, struct vl_err *err);
/* Encrypt, with a new IV and salt; statuses as above. */
enum vl_status vl_vault_seal(struct vl_vault *v, struct vl_locked *out,
    struct vl_slice plain, struct vl_err *err);
void vl_vault_free(struct vl_vault *v);

#endif
