#ifndef VALISE_OPENERS_H
#define VALISE_OPENERS_H

/*
 * Who will be able to open a bundle: public keys and a password that an
 * operator gave, as recipients for vl_keys_wrap().
 *
 *	recipients -> password -> show -> (list is used) -> forget -> free
 */

#include <valise/cli.h>
#include <valise/keys.h>

struct vl_openers {
	struct vl_recipient list[VL_STANZAS_MAX];
	/* Where each public key was read, borrowed of the options. */
	const char *files[VL_STANZAS_MAX];
	size_t n;
	struct vl_held_keys held; /* the password that `list` borrows */
};

/* struct vl_texts, twice */
#define VL_RECIPIENT_OPTS(s, full, audit, silences)                            \
	{ .name = "recipient",                                                 \
		.arg = "FILE",                                                 \
		.type = VL_OPT_LIST,                                           \
		.at = offsetof(s, full),                                       \
		.group = silences,                                             \
		.help = "whoever has the secret half of FILE (recipient.pub) " \
		        "opens it" },                                          \
	{                                                                      \
		.name = "audit-recipient", .arg = "FILE", .type = VL_OPT_LIST, \
		.at = offsetof(s, audit),                                      \
		.help = "the same, but never sees a secret and cannot import"  \
	}

/* Files before any question: whoever types a password should not learn
 * afterwards that a file is missing.  VL_EUSAGE also for too many, and for the
 * same key twice. */
enum vl_status vl_openers_recipients(struct vl_openers *o,
    const struct vl_texts *full, const struct vl_texts *audit,
    struct vl_err *err);
/* Needed where no public key of the full role opens the bundle; as
 * vl_held_keys_make(). */
enum vl_status vl_openers_password(struct vl_openers *o,
    const struct vl_key_opts *keys, enum vl_kdf_preset kdf, struct vl_err *err);
/* A line for each public key, with its fingerprint as keygen shows it: who
 * holds the secret half can say whether it is his. */
void vl_openers_show(const struct vl_openers *o);
/* Keys are wrapped: wipes the password.  Types and roles remain. */
void vl_openers_forget(struct vl_openers *o);
void vl_openers_free(struct vl_openers *o);

#endif
