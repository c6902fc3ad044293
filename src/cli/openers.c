/* A password and public keys, as stanzas-to-be of keys.jsn. */

#include <string.h>

#include <valise/openers.h>

/* Room for one more stanza. */
static enum vl_status
add_stanza(struct vl_openers *o, struct vl_recipient **out, struct vl_err *err)
{
	if (o->n == VL_STANZAS_MAX)
		return vl_fail(err, VL_EUSAGE,
		    "a bundle opens for at most %d keys and passwords",
		    VL_STANZAS_MAX);
	*out = &o->list[o->n++];
	return VL_OK;
}

static enum vl_status
add_recipients(struct vl_openers *o, const struct vl_texts *files,
    enum vl_role role, struct vl_err *err)
{
	struct vl_recipient *r = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < files->n; i++) {
		st = add_stanza(o, &r, err);
		if (st != VL_OK)
			break;
		r->type = VL_STANZA_X25519;
		r->role = role;
		st = vl_recipient_read(r->public, files->list[i], err);
	}
	return st;
}

enum vl_status
vl_openers_recipients(struct vl_openers *o, const struct vl_texts *full,
    const struct vl_texts *audit, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	memset(o, 0, sizeof(*o));
	st = add_recipients(o, full, VL_ROLE_FULL, err);
	return st == VL_OK ? add_recipients(o, audit, VL_ROLE_AUDIT, err) : st;
}

enum vl_status
vl_openers_password(struct vl_openers *o, const struct vl_key_opts *keys,
    enum vl_kdf_preset kdf, struct vl_err *err)
{
	struct vl_recipient *r = NULL;
	bool optional = false;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; i < o->n; i++)
		optional = optional || o->list[i].role == VL_ROLE_FULL;
	st = vl_held_keys_make(&o->held, keys, optional, err);
	if (st != VL_OK || o->held.password == NULL)
		return st;
	st = add_stanza(o, &r, err);
	if (st != VL_OK)
		return st;
	r->type = VL_STANZA_ARGON2ID;
	r->role = VL_ROLE_FULL;
	r->kdf = kdf;
	r->password.p = (const uint8_t *)o->held.password;
	r->password.n = o->held.password_size;
	return VL_OK;
}

void
vl_openers_forget(struct vl_openers *o)
{
	size_t i = 0;

	vl_held_keys_free(&o->held);
	for (i = 0; i < o->n; i++)
		o->list[i].password = (struct vl_slice){ NULL, 0 };
}

void
vl_openers_free(struct vl_openers *o)
{
	vl_held_keys_free(&o->held);
	memset(o, 0, sizeof(*o));
}
