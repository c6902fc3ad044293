/* A password and public keys, as stanzas-to-be of keys.jsn. */

#include <valise/secret.h>

#include "export.h"

static enum vl_status
add_recipients(struct vl_openers *o, const struct vl_texts *files,
    enum vl_role role, struct vl_err *err)
{
	struct vl_recipient *r = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < files->n; i++) {
		if (o->n == VL_STANZAS_MAX)
			return vl_fail(err, VL_EUSAGE,
			    "a bundle opens for at most %d keys and passwords",
			    VL_STANZAS_MAX);
		r = &o->list[o->n++];
		r->type = VL_STANZA_X25519;
		r->role = role;
		st = vl_recipient_read(r->public, files->list[i], err);
	}
	return st;
}

enum vl_status
vl_openers_get(
    struct vl_openers *o, const struct vl_export_opts *opts, struct vl_err *err)
{
	bool have_keys = opts->recipients.n > 0;
	enum vl_status st = VL_OK;

	memset(o, 0, sizeof(*o));
	/* Files before the question: whoever types a password should not
	 * learn afterwards that a file is missing. */
	st = add_recipients(o, &opts->recipients, VL_ROLE_FULL, err);
	if (st == VL_OK)
		st = add_recipients(
		    o, &opts->audit_recipients, VL_ROLE_AUDIT, err);
	if (st == VL_OK)
		st = vl_held_keys_make(&o->held, &opts->keys, have_keys, err);
	if (st == VL_OK && o->held.password != NULL) {
		if (o->n == VL_STANZAS_MAX)
			return vl_fail(err, VL_EUSAGE,
			    "a bundle opens for at most %d keys and passwords",
			    VL_STANZAS_MAX);
		o->list[o->n].type = VL_STANZA_ARGON2ID;
		o->list[o->n].role = VL_ROLE_FULL;
		o->list[o->n].kdf = (enum vl_kdf_preset)opts->kdf;
		o->list[o->n].password.p = (uint8_t *)o->held.password;
		o->list[o->n].password.n = o->held.password_size;
		o->n++;
	}
	return st;
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
