/* A password and public keys, as stanzas-to-be of keys.jsn. */

#include <string.h>

#include <valise/encode.h>
#include <valise/openers.h>
#include <valise/text.h>

#define SHOWN 512

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

/* Given twice it opens the bundle no better, and as an auditor's not less:
 * one of the two is a mistake. */
static enum vl_status
check_twice(const struct vl_openers *o, struct vl_err *err)
{
	const struct vl_recipient *last = &o->list[o->n - 1];
	char shown[SHOWN];
	char before[SHOWN];
	size_t i = 0;

	for (i = 0; i + 1 < o->n; i++) {
		if (memcmp(o->list[i].public, last->public,
		        sizeof(last->public)) != 0)
			continue;
		(void)vl_escape_text(
		    shown, sizeof(shown), vl_slice_of(o->files[o->n - 1]));
		(void)vl_escape_text(
		    before, sizeof(before), vl_slice_of(o->files[i]));
		return vl_fail(err, VL_EUSAGE,
		    "'%s' is the same key as '%s'; give it once, %s", shown,
		    before,
		    o->list[i].role == last->role ?
		        "or the other recipient's" :
		        "with --recipient or with --audit-recipient");
	}
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
		o->files[o->n - 1] = files->list[i];
		st = vl_recipient_read(r->public, files->list[i], err);
		if (st == VL_OK)
			st = check_twice(o, err);
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
vl_openers_show(const struct vl_openers *o)
{
	char fingerprint[VL_FINGERPRINT_SIZE];
	char shown[SHOWN];
	size_t i = 0;

	for (i = 0; i < o->n; i++)
		if (o->list[i].type == VL_STANZA_X25519)
			vl_cli_note("opens for %s '%s', fingerprint %s",
			    o->list[i].role == VL_ROLE_FULL ? "recipient" :
			                                      "audit recipient",
			    vl_escape_text(
			        shown, sizeof(shown), vl_slice_of(o->files[i])),
			    vl_cli_fingerprint(fingerprint, o->list[i].public));
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
