/*
 * keys.jsn: wrapping the keys of a bundle for its recipients, and unlocking
 * them in the order of formats/keys.md.
 *
 * A password or recipient key never authenticates: that the bundle is
 * genuine is the seal's to say.
 */

#include <string.h>

#include <valise/keys.h>
#include <valise/secret.h>

#include "kek.h"

/* A wrapping key is used once. */
static const uint8_t zero_nonce[VL_NONCE_SIZE];

/* What wrapping and unlocking carry along. */
struct keys_job {
	const struct vl_head *head;
	const struct vl_opener *opener; /* of an unlock */
	struct kek_work *work;
	struct vl_buf ad;
	uint64_t kib_passes; /* of the password stanzas tried so far */
};

static enum vl_status
job_open(struct keys_job *job, const struct vl_head *head, struct vl_err *err)
{
	*job = (struct keys_job){ .head = head };
	job->work = vl_secret_alloc(sizeof(*job->work));
	return job->work == NULL ? vl_fail_memory(err) : VL_OK;
}

static void
job_close(struct keys_job *job)
{
	vl_secret_free(job->work);
	vl_buf_free(&job->ad);
}

/* Fresh salt, fresh KEK. */
static enum vl_status
fresh_password(struct keys_job *job, struct vl_stanza *s,
    const struct vl_recipient *r, struct vl_err *err)
{
	enum vl_status st;

	if (r->password.n == 0)
		return vl_fail(err, VL_EUSAGE, "the password is empty");
	s->passes = vl_argon2id_preset(r->kdf).passes;
	s->kib = vl_argon2id_preset(r->kdf).kib;
	vl_random(s->salt, sizeof(s->salt));
	st = kek_ad(&job->ad, s, job->head, err);
	if (st != VL_OK)
		return st;
	return kek_password(job->work, s, r->password, err);
}

/* Fresh ephemeral key, fresh KEK. */
static enum vl_status
fresh_x25519(struct keys_job *job, struct vl_stanza *s,
    const struct vl_recipient *r, struct vl_err *err)
{
	struct kek_work *w = job->work;
	enum vl_status st;

	vl_x25519_keypair(s->epk, w->esk);
	if (!vl_x25519_shared(w->shared, w->esk, r->public))
		return vl_fail(err, VL_EUSAGE,
		    "the public key of a recipient is not one of X25519");
	st = kek_ad(&job->ad, s, job->head, err);
	if (st != VL_OK)
		return st;
	kek_x25519(w, s->epk, r->public, vl_buf_slice(&job->ad));
	return VL_OK;
}

static enum vl_status
wrap_one(struct keys_job *job, struct vl_stanza *s,
    const struct vl_key_set *keys, const struct vl_recipient *r,
    struct vl_err *err)
{
	struct kek_work *w = job->work;
	struct vl_slice plain = { w->plain, kek_plain_size(r->role) };
	struct vl_slice ad;
	enum vl_status st;

	s->type = r->type;
	s->role = r->role;
	st = r->type == VL_STANZA_ARGON2ID ? fresh_password(job, s, r, err) :
	                                     fresh_x25519(job, s, r, err);
	if (st != VL_OK)
		return st;
	ad = vl_buf_slice(&job->ad);
	vl_kek_commit(s->kc, w->kek, ad);
	vl_kek_wrapper(w->kw, w->kek, ad);
	memcpy(w->plain, keys->bk, VL_KEY_SIZE);
	memcpy(w->plain + VL_KEY_SIZE, keys->sk, VL_KEY_SIZE);
	if (r->role == VL_ROLE_FULL)
		memcpy(w->plain + 2 * VL_KEY_SIZE, keys->tk, VL_KEY_SIZE);
	vl_aead_seal(s->wrap, plain, ad, zero_nonce, w->kw);
	s->wrap_size = kek_wrap_size(r->role);
	vl_secret_wipe(w, sizeof(*w));
	return VL_OK;
}

static enum vl_status
check_recipients(const struct vl_key_set *keys,
    const struct vl_recipient *recipients, size_t n, struct vl_err *err)
{
	size_t i;

	if (n < 1 || n > VL_STANZAS_MAX)
		return vl_fail(err, VL_EUSAGE,
		    "a bundle has 1 to %d recipients, not %zu", VL_STANZAS_MAX,
		    n);
	for (i = 0; i < n; i++)
		if (recipients[i].role == VL_ROLE_FULL && !keys->has_tk)
			return vl_fail(err, VL_EUSAGE,
			    "the full role needs the transfer key");
	return VL_OK;
}

enum vl_status
vl_keys_wrap(struct vl_buf *out, const struct vl_key_set *keys,
    const struct vl_head *head, const struct vl_recipient *recipients, size_t n,
    struct vl_err *err)
{
	struct vl_stanzas stanzas = { 0 };
	struct vl_buf text = { 0 };
	struct keys_job job;
	enum vl_status st;

	st = check_recipients(keys, recipients, n, err);
	if (st != VL_OK)
		return st;
	st = job_open(&job, head, err);
	while (st == VL_OK && stanzas.n < n) {
		st = wrap_one(&job, &stanzas.list[stanzas.n], keys,
		    &recipients[stanzas.n], err);
		stanzas.n++;
	}
	if (st != VL_OK)
		goto out;
	/* The MAC is over the text without it, so any MAC will do first. */
	st = vl_stanzas_encode(&text, &stanzas, err);
	if (st != VL_OK)
		goto out;
	st = kek_mac(job.work, stanzas.mac, keys->bk, vl_buf_slice(&text), err);
	if (st != VL_OK)
		goto out;
	st = vl_stanzas_encode(out, &stanzas, err);
out:
	vl_buf_free(&text);
	job_close(&job);
	return st;
}

/* Before Argon2 allocates anything. */
static enum vl_status
check_caps(struct keys_job *job, const struct vl_stanza *s, struct vl_err *err)
{
	const struct vl_argon2id_cost cost = { s->passes, s->kib };
	enum vl_status st = vl_argon2id_check(&cost, err);

	if (st != VL_OK)
		return st;
	job->kib_passes += (uint64_t)s->kib * s->passes;
	if (job->kib_passes > VL_KIB_PASSES_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "the passwords ask for %llu KiB times passes, more than %u",
		    (unsigned long long)job->kib_passes, VL_KIB_PASSES_MAX);
	return vl_password_room(
	    s->kib, ", or open the bundle with an X25519 key", err);
}

/*
 * w->kek for `s` from what the operator holds; `*tried` is false when that
 * is nothing for a stanza of this type.
 */
static enum vl_status
derive(struct keys_job *job, const struct vl_stanza *s, bool *tried,
    struct vl_err *err)
{
	const struct vl_opener *opener = job->opener;
	uint8_t rpk[VL_X25519_SIZE];
	struct kek_work *w = job->work;
	enum vl_status st;

	*tried = s->type == VL_STANZA_ARGON2ID ?
	    opener->password.n > 0 :
	    s->type == VL_STANZA_X25519 && opener->identity != NULL;
	if (!*tried)
		return VL_OK;
	st = kek_ad(&job->ad, s, job->head, err);
	if (st != VL_OK)
		return st;
	if (s->type == VL_STANZA_ARGON2ID) {
		st = check_caps(job, s, err);
		if (st != VL_OK)
			return st;
		return kek_password(w, s, opener->password, err);
	}
	if (!vl_x25519_shared(w->shared, opener->identity, s->epk))
		return vl_fail(err, VL_EKEY,
		    "damaged keys: an X25519 key in them is of low order");
	vl_x25519_public(rpk, opener->identity);
	kek_x25519(w, s->epk, rpk, vl_buf_slice(&job->ad));
	return VL_OK;
}

/* kc has committed to w->kek: now a wrap that does not open is an attack. */
static enum vl_status
unwrap(struct keys_job *job, const struct vl_stanza *s, struct vl_key_set *keys,
    struct vl_err *err)
{
	struct kek_work *w = job->work;
	struct vl_slice ad = vl_buf_slice(&job->ad);

	if (s->wrap_size != kek_wrap_size(s->role))
		return vl_fail(err, VL_EFORMAT,
		    "a wrap of %zu bytes does not fit its role", s->wrap_size);
	vl_kek_wrapper(w->kw, w->kek, ad);
	if (!vl_aead_open(w->plain, (struct vl_slice){ s->wrap, s->wrap_size },
	        ad, zero_nonce, w->kw))
		return vl_fail(
		    err, VL_EAUTH, "the wrapped keys do not authenticate");
	memcpy(keys->bk, w->plain, VL_KEY_SIZE);
	memcpy(keys->sk, w->plain + VL_KEY_SIZE, VL_KEY_SIZE);
	keys->has_tk = s->role == VL_ROLE_FULL;
	if (keys->has_tk)
		memcpy(keys->tk, w->plain + 2 * VL_KEY_SIZE, VL_KEY_SIZE);
	return VL_OK;
}

/* Stanzas of `type` in order, until one opens: that one is in `*found`. */
static enum vl_status
try_stanzas(struct keys_job *job, const struct vl_stanzas *stanzas,
    enum vl_stanza_type type, const struct vl_stanza **found,
    struct vl_err *err)
{
	uint8_t kc[VL_HASH_SIZE];
	enum vl_status st;
	bool tried = false;
	size_t i;

	for (i = 0; i < stanzas->n && *found == NULL; i++) {
		if (stanzas->list[i].type != type)
			continue;
		st = derive(job, &stanzas->list[i], &tried, err);
		if (st != VL_OK)
			return st;
		if (!tried)
			continue;
		vl_kek_commit(kc, job->work->kek, vl_buf_slice(&job->ad));
		if (vl_equal_secret(kc, stanzas->list[i].kc, sizeof(kc)))
			*found = &stanzas->list[i];
	}
	return VL_OK;
}

static size_t
count_stanzas(const struct vl_stanzas *stanzas, enum vl_stanza_type type)
{
	size_t found = 0;
	size_t i = 0;

	for (i = 0; i < stanzas->n; i++)
		found += stanzas->list[i].type == type;
	return found;
}

/*
 * Why a key that was tried does not fit is not told.  That none could be
 * tried is: everybody reads in keys.jsn what kinds there are.
 */
static enum vl_status
fail_no_key(const struct vl_stanzas *stanzas, const struct vl_opener *opener,
    struct vl_err *err)
{
	const size_t passwords = count_stanzas(stanzas, VL_STANZA_ARGON2ID);
	const size_t keys = count_stanzas(stanzas, VL_STANZA_X25519);
	const bool password = passwords > 0 && opener->password.n > 0;
	const bool identity = keys > 0 && opener->identity != NULL;

	if (password || identity)
		return vl_fail(err, VL_EKEY,
		    "no key opens this bundle: wrong %s%s%s or damaged keys; "
		    "try again, or check the medium with 'valise verify'",
		    password ? "password" : "",
		    password && identity ? " and " : "",
		    identity ? "identity" : "");
	if (keys > 0)
		return vl_fail(err, VL_EKEY,
		    "no key opens this bundle: it opens with %zu X25519 key%s "
		    "and no password",
		    keys, keys == 1 ? "" : "s");
	if (passwords > 0)
		return vl_fail(err, VL_EKEY,
		    "no key opens this bundle: it opens with %zu password%s "
		    "and no X25519 key",
		    passwords, passwords == 1 ? "" : "s");
	return vl_fail(err, VL_EKEY,
	    "no key opens this bundle: it opens with no kind of key that this "
	    "version knows");
}

/* commit(BK) against the head, then the MAC of all stanzas. */
static enum vl_status
check_keys(struct keys_job *job, const struct vl_key_set *keys,
    const struct vl_stanzas *stanzas, struct vl_slice mac_input,
    struct vl_err *err)
{
	uint8_t found[VL_HASH_SIZE];

	vl_keys_commit(found, keys);
	if (!vl_equal_secret(found, job->head->commit, sizeof(found)))
		return vl_fail(err, VL_EAUTH,
		    "the keys are not those that the head commits to");
	kek_mac_of(job->work, found, keys->bk, mac_input);
	if (!vl_equal_secret(found, stanzas->mac, sizeof(found)))
		return vl_fail(err, VL_EAUTH,
		    "keys.jsn does not authenticate: its stanzas were changed");
	return VL_OK;
}

/* keys.jsn, here or by who is there for it. */
static enum vl_status
read_stanzas(struct vl_stanzas *stanzas, struct vl_buf *mac_input,
    struct vl_slice text, const struct vl_opener *opener, struct vl_err *err)
{
	const struct vl_small_reader *r = opener->reader;
	enum vl_status st = VL_OK;

	if (r != NULL)
		return r->stanzas(r->arg, stanzas, mac_input, text, err);
	st = vl_stanzas_decode(stanzas, text, err);
	return st == VL_OK ? vl_stanzas_mac_input(mac_input, text, err) : st;
}

enum vl_status
vl_keys_unlock(struct vl_key_set *keys, enum vl_role *role,
    const struct vl_head *head, struct vl_slice keys_text,
    const struct vl_opener *opener, struct vl_err *err)
{
	const struct vl_stanza *found = NULL;
	struct vl_buf mac_input = { 0 };
	struct vl_stanzas stanzas;
	struct keys_job job;
	enum vl_status st;

	vl_secret_wipe(keys, sizeof(*keys));
	st = read_stanzas(&stanzas, &mac_input, keys_text, opener, err);
	if (st != VL_OK)
		return vl_within(err, "keys.jsn");
	st = job_open(&job, head, err);
	job.opener = opener;
	/* An X25519 key costs nothing to try, a password seconds. */
	if (st == VL_OK)
		st = try_stanzas(&job, &stanzas, VL_STANZA_X25519, &found, err);
	if (st == VL_OK && found == NULL)
		st = try_stanzas(
		    &job, &stanzas, VL_STANZA_ARGON2ID, &found, err);
	if (st != VL_OK)
		goto out;
	if (found == NULL) {
		st = fail_no_key(&stanzas, opener, err);
		goto out;
	}
	st = unwrap(&job, found, keys, err);
	if (st == VL_OK)
		st = check_keys(
		    &job, keys, &stanzas, vl_buf_slice(&mac_input), err);
	if (st == VL_OK)
		*role = found->role;
out:
	job_close(&job);
	vl_buf_free(&mac_input);
	if (st != VL_OK)
		vl_secret_wipe(keys, sizeof(*keys));
	return st;
}
