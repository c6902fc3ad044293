/*
 * The key schedule of a stanza (formats/keys.md): password or X25519 to KEK;
 * and the MAC of keys.jsn.
 */

#include "kek.h"

static const char bundle[8] = { 'v', 'l', 's', '1', 'b', 'n', 'd', 'l' };
static const char transfer[8] = { 'v', 'l', 's', '1', 'x', 'f', 'e', 'r' };

enum {
	BUNDLE_COMMIT = 1,
	BUNDLE_FILES = 2,
	BUNDLE_MAC = 3,
	TRANSFER_COMMIT = 8
};

void
vl_keys_commit(uint8_t out[VL_HASH_SIZE], const struct vl_key_set *keys)
{
	vl_kdf(out, BUNDLE_COMMIT, bundle, keys->bk);
}

void
vl_keys_file_root(uint8_t out[VL_KEY_SIZE], const struct vl_key_set *keys)
{
	vl_kdf(out, BUNDLE_FILES, bundle, keys->bk);
}

void
vl_keys_tk_commit(uint8_t out[VL_HASH_SIZE], const struct vl_key_set *keys)
{
	vl_kdf(out, TRANSFER_COMMIT, transfer, keys->tk);
}

size_t
kek_plain_size(enum vl_role role)
{
	return role == VL_ROLE_FULL ? 3 * VL_KEY_SIZE : 2 * VL_KEY_SIZE;
}

size_t
kek_wrap_size(enum vl_role role)
{
	return kek_plain_size(role) + VL_TAG_SIZE;
}

enum vl_status
kek_ad(struct vl_buf *ad, const struct vl_stanza *s, const struct vl_head *head,
    struct vl_err *err)
{
	const uint8_t type = (uint8_t)s->type;
	const struct vl_slice parts[] = {
		{ (const uint8_t *)"vls1", 4 },
		{ head->id, VL_ID_SIZE },
		{ head->series, VL_ID_SIZE },
		{ &type, 1 },
	};
	enum vl_status st = VL_OK;
	size_t i;

	vl_buf_clear(ad);
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		st = vl_buf_add(ad, parts[i], err);
		if (st != VL_OK)
			return st;
	}
	return vl_stanza_ad_json(ad, s, err);
}

enum vl_status
kek_password(struct kek_work *w, const struct vl_stanza *s,
    struct vl_slice password, struct vl_err *err)
{
	return vl_argon2id(w->kek, password, s->salt, s->passes, s->kib, err);
}

void
kek_x25519(struct kek_work *w, const uint8_t epk[VL_X25519_SIZE],
    const uint8_t rpk[VL_X25519_SIZE], struct vl_slice ad)
{
	const struct vl_hash_opts opts = { .key = w->shared,
		.personal = "vls1-x25519" };
	struct vl_hash h;

	vl_hash_init(&h, &opts);
	vl_hash_add(&h, (struct vl_slice){ epk, VL_X25519_SIZE });
	vl_hash_add(&h, (struct vl_slice){ rpk, VL_X25519_SIZE });
	vl_hash_add(&h, ad);
	vl_hash_end(&h, w->kek);
}

void
kek_mac_of(struct kek_work *w, uint8_t mac[VL_HASH_SIZE],
    const uint8_t bk[VL_KEY_SIZE], struct vl_slice input)
{
	const struct vl_hash_opts opts = { .key = w->mac };

	vl_kdf(w->mac, BUNDLE_MAC, bundle, bk);
	vl_hash_of(mac, &opts, input);
}

enum vl_status
kek_mac(struct kek_work *w, uint8_t mac[VL_HASH_SIZE],
    const uint8_t bk[VL_KEY_SIZE], struct vl_slice text, struct vl_err *err)
{
	struct vl_buf input = { 0 };
	enum vl_status st = vl_stanzas_mac_input(&input, text, err);

	if (st == VL_OK)
		kek_mac_of(w, mac, bk, vl_buf_slice(&input));
	vl_buf_free(&input);
	return st;
}
