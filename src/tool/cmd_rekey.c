/*
 * valise rekey: other keys for a finished bundle (formats/keys.md;
 * formats/seal.md, "Rekey").  What is sealed again is first checked whole:
 * whoever signs vouches for it.
 */

#include <inttypes.h>
#include <string.h>

#include <valise/keyfile.h>
#include <valise/openers.h>
#include <valise/secret.h>
#include <valise/text.h>

#include "tool.h"

struct rekey_opts {
	struct open_opts how;
	struct vl_texts recipients;
	struct vl_texts audit_recipients;
	struct vl_key_opts new_keys; /* a password */
	const char *sign_key;
	struct vl_key_password sign_password;
	unsigned kdf; /* enum vl_kdf_preset */
};

#define AT(member) offsetof(struct rekey_opts, member)

static const struct vl_opt table[] = {
	{ .name = "sign-key",
	    .arg = "FILE",
	    .type = VL_OPT_TEXT,
	    .at = AT(sign_key),
	    .env = true,
	    .required = true,
	    .help = "seal it again with this key (sender.key)" },
	VL_SIGN_KEY_PASSWORD_OPTS(struct rekey_opts, sign_password),
	VL_RECIPIENT_OPTS(struct rekey_opts, recipients, audit_recipients, 0),
	{ .name = "new-password-file",
	    .arg = "FILE",
	    .type = VL_OPT_TEXT,
	    .at = AT(new_keys.password_file),
	    .help = "read the new password from FILE" },
	{ .name = "new-password-fd",
	    .arg = "N",
	    .type = VL_OPT_NUMBER,
	    .at = AT(new_keys.password_fd),
	    .max = 1048576,
	    .help = "read the new password from descriptor N" },
	{ .name = "new-password-command",
	    .arg = "COMMAND",
	    .type = VL_OPT_TEXT,
	    .at = AT(new_keys.password_command),
	    .help = "read the new password from what COMMAND prints" },
	VL_KDF_OPT(struct rekey_opts, kdf, "the new password"),
	VL_KEY_OPTS(struct rekey_opts, how.keys),
	SENDER_OPT(struct rekey_opts, how),
	VL_WORKERS_OPT(struct rekey_opts, how.workers),
	SANDBOX_OPT(struct rekey_opts, how), { .name = NULL }
};

struct rekey {
	const struct rekey_opts *opts;
	struct vl_sender_secret *sign;  /* locked memory */
	struct vl_sender_public sender; /* whose seal it must have */
	struct vl_openers openers;
	struct vl_held_keys old;
	struct vl_rekey *folder;
	struct bundle bundle;
	struct vl_progress progress;
};

static enum vl_status
read_sign_key(struct rekey *r, struct vl_err *err)
{
	const struct rekey_opts *o = r->opts;
	bool asked = false;

	r->sign = vl_secret_alloc(sizeof(*r->sign));
	if (r->sign == NULL)
		return vl_fail_memory(err);
	return vl_sign_key_read(
	    r->sign, o->sign_key, &o->sign_password, &asked, err);
}

/* What the command alone tells, before the first question. */
static enum vl_status
read_words(struct rekey *r, struct vl_err *err)
{
	const struct rekey_opts *o = r->opts;
	const int passwords = (o->new_keys.password_file != NULL) +
	    o->new_keys.password_fd.given +
	    (o->new_keys.password_command != NULL);
	enum vl_status st = VL_OK;

	if (passwords > 1)
		return vl_fail(err, VL_EUSAGE,
		    "more than one new password; give one of "
		    "--new-password-file, --new-password-fd and "
		    "--new-password-command");
	if (passwords == 0 && o->recipients.n == 0 && !vl_cli_interactive())
		return vl_fail(err, VL_EUSAGE,
		    "nobody could import the bundle; give --recipient or "
		    "--new-password-file; 'valise passgen' makes a good "
		    "password");
	st = read_sign_key(r, err);
	if (st == VL_OK)
		st = vl_openers_recipients(
		    &r->openers, &o->recipients, &o->audit_recipients, err);
	if (st != VL_OK)
		return st;
	r->sender = r->sign->pub;
	return o->how.sender == NULL ?
	    VL_OK :
	    sender_read(&r->sender, o->how.sender, err);
}

static void
tell_wrong(void *arg, const char *name, const char *why)
{
	const struct rekey *r = arg;

	vl_progress_clear();
	printf("wrong\t%s\t%s\t%s\n", r->bundle.shown, name, why);
}

static void
tell_progress(void *arg, uint64_t done, uint64_t total)
{
	struct rekey *r = arg;

	vl_progress_show(
	    &r->progress, vl_slice_of(r->bundle.shown), done, total);
}

/* Every file, and that `sender` sealed it. */
static enum vl_status
check_seal(
    struct rekey *r, const struct vl_sender_public *sender, struct vl_err *err)
{
	const struct vl_seal_report report = { .arg = r,
		.wrong = tell_wrong,
		.progress = tell_progress,
		.stop = bundle_stop };
	const struct seal_opts seal = { .sender = sender, .report = &report };
	enum vl_status st =
	    bundle_open(&r->bundle, vl_rekey_path(r->folder), err);

	vl_progress_begin(&r->progress, "checking", false);
	if (st == VL_OK)
		st = bundle_seal(&r->bundle, &seal, err);
	vl_progress_clear();
	return st;
}

/* With the old keys, up to the inner head, which the keys must fit. */
static enum vl_status
open_old(struct rekey *r, struct vl_err *err)
{
	struct bundle *b = &r->bundle;
	enum vl_status st = bundle_unlock(b, &r->old, err);

	if (st != VL_OK)
		return st;
	if (b->role != VL_ROLE_FULL)
		return vl_fail(err, VL_EKEY,
		    "this key opens bundle '%s' as an auditor's, which has no "
		    "transfer key to pass on; rekey with a password or "
		    "identity of the full role",
		    b->shown);
	/* Who signs may be another than who made it: that is told. */
	b->signer = NULL;
	return bundle_unpack(b, &r->opts->how.workers, err);
}

static enum vl_status
replace(struct rekey *r, struct vl_err *err)
{
	struct vl_rekey_with with = { .sender = r->sign };
	struct bundle *b = &r->bundle;
	struct vl_buf text = { 0 };
	enum vl_status st = vl_keys_wrap(
	    &text, b->keys, &b->seal.head, r->openers.list, r->openers.n, err);

	if (st == VL_OK && vl_cli_stop())
		st = vl_cli_stopped(err);
	if (st == VL_OK) {
		vl_cli_hold();
		with.keys_text = vl_buf_slice(&text);
		st = vl_rekey_put(r->folder, &b->seal, &with, err);
		vl_cli_release();
	}
	if (st != VL_OK && st != VL_ESIGNAL)
		(void)vl_within(err, "cannot rekey '%s'", b->shown);
	vl_buf_free(&text);
	return st;
}

static void
print_ok(const struct bundle *b, size_t keys)
{
	char id8[ID8_SIZE];

	printf("ok\t%s\t%" PRIu64 "\t%zu\n", bundle_id8(id8, b),
	    b->seal.head.seq, keys);
}

static void
show(const struct rekey *r)
{
	const struct bundle *b = &r->bundle;
	const struct vl_inner_head *inner = vl_unpack_inner(b->unpack);
	char number[VL_KEY_ID_TEXT];

	print_ok(b, r->openers.n);
	(void)vl_key_id_text(number, r->sign->pub.key_id);
	vl_cli_note("'%s' is sealed by key %s and opens with %zu new key%s; "
	            "copies made before still open with the old ones",
	    b->shown, number, r->openers.n, r->openers.n == 1 ? "" : "s");
	if (memcmp(inner->sender, r->sign->pub.key, sizeof(inner->sender)) != 0)
		vl_cli_note("key %s did not make this bundle: who opens it can "
		            "read it, but importers refuse it, because its "
		            "inner head names another sender",
		    number);
}

/* A run that was killed had decided: its bundle is the new one. */
static enum vl_status
take_finished(struct rekey *r, struct vl_err *err)
{
	const struct bundle *b = &r->bundle;
	struct vl_stanzas stanzas;
	enum vl_status st = check_seal(r, &r->sign->pub, err);

	if (st == VL_OK)
		st = vl_stanzas_decode(
		    &stanzas, vl_buf_slice(&b->seal.keys_text), err);
	if (st != VL_OK)
		return st;
	print_ok(b, stanzas.n);
	vl_cli_note("'%s': finished the rekey that was broken off; it opens "
	            "with the keys that were given then",
	    b->shown);
	return VL_OK;
}

static enum vl_status
rekey_all(struct rekey *r, const char *path, struct vl_err *err)
{
	enum vl_status st = read_words(r, err);

	if (st == VL_OK)
		st = vl_rekey_open(&r->folder, path, err);
	if (st == VL_OK && vl_rekey_found(r->folder) == VL_REKEY_FINISHED)
		return take_finished(r, err);
	if (st == VL_OK && vl_rekey_found(r->folder) == VL_REKEY_UNDONE)
		vl_cli_note("undid a rekey that was broken off");
	if (st == VL_OK)
		st = vl_held_keys_open(&r->old, &r->opts->how.keys, err);
	if (st == VL_OK)
		st = vl_openers_password(&r->openers, &r->opts->new_keys,
		    (enum vl_kdf_preset)r->opts->kdf, err);
	if (st == VL_OK)
		st = check_seal(r, &r->sender, err);
	if (st == VL_ETRUST && r->opts->how.sender == NULL)
		(void)vl_within(
		    err, "without --sender the seal must be by --sign-key");
	if (st == VL_OK)
		st = open_old(r, err);
	if (st == VL_OK)
		vl_openers_show(&r->openers);
	if (st == VL_OK)
		st = replace(r, err);
	if (st == VL_OK)
		show(r);
	return st;
}

static enum vl_status
rekey_run(const struct vl_args *args, struct vl_err *err)
{
	struct rekey r = { .opts = args->opts, .bundle = BUNDLE_NONE };
	enum vl_status st = bundle_cage(
	    &r.bundle, &r.opts->how.workers, r.opts->how.sandbox, err);

	if (st == VL_OK)
		st = rekey_all(&r, args->operands[0], err);

	bundle_close(&r.bundle);
	vl_rekey_free(r.folder);
	vl_openers_free(&r.openers);
	vl_held_keys_free(&r.old);
	vl_secret_free(r.sign);
	return st;
}

const struct vl_cmd vl_cmd_rekey = {
	.name = "rekey",
	.operands = "DIR",
	.help = "give a bundle other keys, and seal it again",
	.about = "Only keys.jsn, seal.txt and seal.sig are replaced; the "
	         "fingerprint stays. The\nbundle is opened with --password-* "
	         "or --identity of the full role, and opens with\nnothing but "
	         "what is given as new. It must be sealed by --sender, without "
	         "it by\n--sign-key. Broken off, it may leave a folder "
	         "DIR" VL_REKEY_WRITING " or DIR" VL_REKEY_DECIDED
	         ";\nthe same command puts that right. Prints:\n"
	         "  ok, id, seq, keys\nand for each wrong file:\n"
	         "  wrong, bundle, file, why\nparted by tabs.",
	.opts = table,
	.opts_size = sizeof(struct rekey_opts),
	.min_operands = 1,
	.max_operands = 1,
	.run = rekey_run,
};
