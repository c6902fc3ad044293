/*
 * The key that signs seals: given, or the site's own in its state.  Whoever
 * signed the first bundle of a series signs all of them, because targets pin
 * it: its public key stands in the state, file `signer`.
 */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <valise/encode.h>
#include <valise/fs.h>
#include <valise/keyfile.h>
#include <valise/secret.h>

#include "export.h"

static const char key_name[] = VL_STATE_SENDER_KEY;
static const char pub_name[] = VL_STATE_SENDER_PUB;
static const char signer_name[] = VL_STATE_SIGNER;

static enum vl_status
make_key(struct vl_sender_secret *k, struct vl_state *s, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	char *text = NULL;
	size_t n = 0;

	vl_sender_secret_make(k);
	text = vl_secret_alloc(VL_SENDER_SECRET_MAX);
	if (text == NULL)
		return vl_fail_memory(err);
	st = vl_sender_secret_encode(text, &n, k, err);
	if (st == VL_OK)
		st = vl_put_file(vl_state_fd(s), key_name, 0600,
		    (struct vl_slice){ (uint8_t *)text, n }, err);
	vl_secret_free(text);
	if (st == VL_OK)
		vl_cli_note("made this site's sender key, '%s/%s'; keep it, "
		            "and give '%s/%s' to whoever imports or checks",
		    vl_state_path(s), key_name, vl_state_path(s), pub_name);
	return st;
}

/* The public half stands beside it, also when a crash parted the two. */
static enum vl_status
put_public(
    const struct vl_sender_secret *k, struct vl_state *s, struct vl_err *err)
{
	struct vl_buf text = { 0 };
	enum vl_status st = VL_OK;

	if (faccessat(vl_state_fd(s), pub_name, F_OK, 0) == 0)
		return VL_OK;
	st = vl_sender_public_encode(&text, &k->pub, err);
	if (st == VL_OK)
		st = vl_put_file(
		    vl_state_fd(s), pub_name, 0644, vl_buf_slice(&text), err);
	vl_buf_free(&text);
	return st;
}

/* Who signed the series so far; `*known` is false where nobody did. */
static enum vl_status
read_signer(struct vl_sender_public *signer, bool *known, struct vl_state *s,
    struct vl_err *err)
{
	struct vl_buf text = { 0 };
	enum vl_status st = VL_OK;

	*known = faccessat(vl_state_fd(s), signer_name, F_OK, 0) == 0;
	if (!*known)
		return errno == ENOENT ?
		    VL_OK :
		    vl_fail_errno(err, "cannot look for '%s/%s'",
		        vl_state_path(s), signer_name);
	st = vl_read_file(
	    vl_state_fd(s), signer_name, VL_SENDER_PUBLIC_MAX, &text, err);
	if (st == VL_OK &&
	    vl_sender_public_decode(signer, vl_buf_slice(&text), err) != VL_OK)
		st = vl_fail(err, VL_EIO,
		    "'%s/%s' is damaged: restore the state directory from a "
		    "copy",
		    vl_state_path(s), signer_name);
	vl_buf_free(&text);
	return st;
}

static bool
same_key(const struct vl_sender_public *a, const struct vl_sender_public *b)
{
	return memcmp(a->key, b->key, sizeof(a->key)) == 0 &&
	    memcmp(a->key_id, b->key_id, VL_KEY_ID_SIZE) == 0;
}

/* Whether the site's own key signed, and is here to sign again. */
static bool
is_own(const struct vl_sender_public *signer, struct vl_state *s)
{
	struct vl_sender_public own = { 0 };
	struct vl_err ignored = { 0 };
	struct vl_buf text = { 0 };
	bool same = false;

	same = faccessat(vl_state_fd(s), key_name, F_OK, 0) == 0 &&
	    vl_read_file(vl_state_fd(s), pub_name, VL_SENDER_PUBLIC_MAX, &text,
	        &ignored) == VL_OK &&
	    vl_sender_public_decode(&own, vl_buf_slice(&text), &ignored) ==
	        VL_OK &&
	    same_key(&own, signer);
	vl_buf_free(&text);
	return same;
}

static enum vl_status
fail_signer(const struct vl_sender_public *signer, const char *why,
    struct vl_state *s, struct vl_err *err)
{
	static const char another[] =
	    "for another key begin a new series: docs/security.md, 'Another "
	    "signing key'";
	char id[VL_KEY_ID_TEXT];

	(void)vl_key_id_text(id, signer->key_id);
	if (is_own(signer, s))
		return vl_fail(err, VL_EUSAGE,
		    "key %s signed this series before, and targets take no "
		    "other; %s; leave out --sign-key to use the site's own "
		    "key, '%s/%s'; %s",
		    id, why, vl_state_path(s), key_name, another);
	return vl_fail(err, VL_EUSAGE,
	    "key %s signed this series before, and targets take no other; %s; "
	    "give the one that signed with --sign-key; %s",
	    id, why, another);
}

/* The key in hand against the one that signed before. */
static enum vl_status
check_signer(const struct vl_sender_secret *k,
    const struct vl_sender_public *signer, struct vl_state *s,
    struct vl_err *err)
{
	char why[64];
	char id[VL_KEY_ID_TEXT];

	if (same_key(&k->pub, signer))
		return VL_OK;
	(void)snprintf(why, sizeof(why), "this is key %s",
	    vl_key_id_text(id, k->pub.key_id));
	return fail_signer(signer, why, s, err);
}

enum vl_status
vl_sender_note(
    const struct vl_sender_secret *k, struct vl_state *s, struct vl_err *err)
{
	struct vl_buf text = { 0 };
	enum vl_status st = vl_sender_public_encode(&text, &k->pub, err);

	if (st == VL_OK)
		st = vl_put_file(vl_state_fd(s), signer_name, 0644,
		    vl_buf_slice(&text), err);
	vl_buf_free(&text);
	return st == VL_OK ?
	    VL_OK :
	    vl_within(err, "cannot keep the signer in '%s'", vl_state_path(s));
}

/* Made only where no other key signed before. */
static enum vl_status
own_key(struct vl_sender_secret *k, struct vl_state *s,
    const struct vl_sender_public *signer, struct vl_sender_from *from,
    struct vl_err *err)
{
	struct vl_buf path = { 0 };
	enum vl_status st = VL_OK;

	if (faccessat(vl_state_fd(s), key_name, F_OK, 0) == 0) {
		st = vl_buf_printf(
		    &path, err, "%s/%s", vl_state_path(s), key_name);
		if (st == VL_OK)
			st = vl_buf_add(&path,
			    (struct vl_slice){ (const uint8_t *)"", 1 }, err);
		if (st == VL_OK)
			st = vl_sign_key_read(k, (const char *)path.p,
			    from->password, &from->asked, err);
	} else if (errno == ENOENT && signer != NULL) {
		st = fail_signer(
		    signer, "this site has no key of its own", s, err);
	} else if (errno == ENOENT) {
		st = make_key(k, s, err);
	} else {
		st = vl_fail_errno(
		    err, "cannot look for '%s/%s'", vl_state_path(s), key_name);
	}
	if (st == VL_OK)
		st = put_public(k, s, err);
	vl_buf_free(&path);
	return st;
}

static void
show_key(const struct vl_sender_secret *k)
{
	struct vl_buf text = { 0 };
	char fingerprint[VL_FINGERPRINT_SIZE];
	struct vl_slice line = { 0 };
	const uint8_t *end = NULL;

	if (vl_sender_public_encode(&text, &k->pub, NULL) == VL_OK) {
		line = vl_buf_slice(&text);
		end = memchr(line.p, '\n', line.n);
		if (end != NULL) {
			line.n -= (size_t)(end + 1 - line.p);
			line.p = end + 1;
		}
		if (line.n > 0 && line.p[line.n - 1] == '\n')
			line.n--;
		vl_cli_note("signed by %.*s, fingerprint %s", (int)line.n,
		    (const char *)line.p,
		    vl_cli_fingerprint(fingerprint, k->pub.key));
	}
	vl_buf_free(&text);
}

enum vl_status
vl_sender_get(struct vl_sender_secret **out, struct vl_state *s,
    const struct vl_series *series, struct vl_sender_from *from,
    struct vl_err *err)
{
	struct vl_sender_public signer = { 0 };
	bool known = false;
	enum vl_status st = read_signer(&signer, &known, s, err);

	if (st != VL_OK)
		return st;
	/* A run may have ended between the note and the first bundle. */
	known = known && series->seq > 0;
	*out = vl_secret_alloc(sizeof(**out));
	if (*out == NULL)
		return vl_fail_memory(err);
	st = from->file != NULL ?
	    vl_sign_key_read(
	        *out, from->file, from->password, &from->asked, err) :
	    own_key(*out, s, known ? &signer : NULL, from, err);
	if (st == VL_OK && known)
		st = check_signer(*out, &signer, s, err);
	if (st != VL_OK) {
		vl_secret_free(*out);
		*out = NULL;
		return st;
	}
	show_key(*out);
	return VL_OK;
}
