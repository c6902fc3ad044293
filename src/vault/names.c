/* The ciphers that are compiled in (formats/ciphers.md, "Names"). */

#include "inside.h"

#define PARTS(list) .parts = (list), .nparts = sizeof(list) / sizeof((list)[0])
#define TAKE(list)  .take = (list), .ntake = sizeof(list) / sizeof((list)[0])

static const struct vl_cipher_part box[] = {
	{ .iv = VL_ENCODED_RAW },
	{ .tag = VL_ENCODED_RAW },
	{ .ciphertext = VL_ENCODED_RAW },
};

static const struct vl_cipher_part gcm[] = {
	{ .iv = VL_ENCODED_RAW },
	{ .ciphertext = VL_ENCODED_RAW },
	{ .tag = VL_ENCODED_RAW },
};

static const struct vl_cipher_part octopus[] = {
	{ .ciphertext = VL_ENCODED_BASE64 },
	{ .iv = VL_ENCODED_BASE64 },
};

static const struct vl_cipher_part salted[] = {
	{ .literal = "Salted__" },
	{ .salt = VL_ENCODED_RAW, .length = 8 },
	{ .ciphertext = VL_ENCODED_RAW },
};
static const enum vl_piece key_iv[] = { VL_PIECE_KEY, VL_PIECE_IV };

static const struct vl_cipher_part ansible[] = {
	{ .salt = VL_ENCODED_HEX, .length = 64 },
	{ .mac = VL_ENCODED_HEX },
	{ .ciphertext = VL_ENCODED_HEX },
};
static const enum vl_piece key_mac_iv[] = { VL_PIECE_KEY, VL_PIECE_MAC,
	VL_PIECE_IV };

static const struct vl_cipher_part fernet[] = {
	{ .bytes = "80" },
	{ .time = true },
	{ .iv = VL_ENCODED_RAW },
	{ .ciphertext = VL_ENCODED_RAW },
	{ .mac = VL_ENCODED_RAW },
};
static const enum vl_piece mac_key[] = { VL_PIECE_MAC, VL_PIECE_KEY };

static const struct vl_cipher named[] = {
	{ .name = "plain", .cipher = VL_CIPHER_PLAIN },
	{ .name = "secretbox",
	    .wrap = VL_ENCODED_BASE64,
	    PARTS(box),
	    .cipher = VL_CIPHER_SECRETBOX,
	    .derive = VL_DERIVE_BASE64 },
	{ .name = "aes-256-gcm",
	    .wrap = VL_ENCODED_BASE64,
	    PARTS(gcm),
	    .cipher = VL_CIPHER_AES_256_GCM,
	    .derive = VL_DERIVE_BASE64 },
	{ .name = "octopus-aes128",
	    .join = "|",
	    PARTS(octopus),
	    .cipher = VL_CIPHER_AES_128_CBC,
	    .derive = VL_DERIVE_BASE64 },
	{ .name = "octopus-aes256",
	    .join = "|",
	    PARTS(octopus),
	    .cipher = VL_CIPHER_AES_256_CBC,
	    .derive = VL_DERIVE_BASE64 },
	{ .name = "octopus-export",
	    .join = "|",
	    PARTS(octopus),
	    .cipher = VL_CIPHER_AES_128_CBC,
	    .derive = VL_DERIVE_PBKDF2_SHA1,
	    .salt = "Octopuss",
	    .rounds = 1000 },
	{ .name = "n8n",
	    .wrap = VL_ENCODED_BASE64,
	    PARTS(salted),
	    .cipher = VL_CIPHER_AES_256_CBC,
	    .derive = VL_DERIVE_MD5_BYTESTOKEY,
	    .latin1 = true,
	    TAKE(key_iv) },
	{ .name = "ansible-vault",
	    .prefix = "$ANSIBLE_VAULT;1.1;AES256\n",
	    .labelled = "$ANSIBLE_VAULT;1.2;AES256;",
	    .wrap = VL_ENCODED_HEX_LINES,
	    .join = "\n",
	    PARTS(ansible),
	    .cipher = VL_CIPHER_AES_256_CTR,
	    .padded = true,
	    .derive = VL_DERIVE_PBKDF2_SHA256,
	    .rounds = 10000,
	    TAKE(key_mac_iv),
	    .mac = VL_MAC_HMAC_SHA256,
	    .mac_key = 32 },
	{ .name = "fernet",
	    .wrap = VL_ENCODED_BASE64URL_PADDED,
	    PARTS(fernet),
	    .cipher = VL_CIPHER_AES_128_CBC,
	    .derive = VL_DERIVE_BASE64URL,
	    TAKE(mac_key),
	    .mac = VL_MAC_HMAC_SHA256,
	    .mac_over = VL_MAC_OVER_BEFORE,
	    .mac_key = 16 },
};

const struct vl_cipher *
vl_cipher_named(const char *name)
{
	size_t i = 0;

	for (i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (strcmp(named[i].name, name) == 0)
			return &named[i];
	return NULL;
}
