/*
 * valise key export, valise key import: a series under a password, for the day
 * on which the state of its source is lost (formats/keys.md, "Series key";
 * docs/security.md, "When a key is lost").
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <valise/encode.h>
#include <valise/fs.h>
#include <valise/json.h>
#include <valise/keybox.h>
#include <valise/keyfile.h>
#include <valise/secret.h>
#include <valise/site.h>
#include <valise/state.h>
#include <valise/text.h>

#include "tool.h"

/* Numbers left out behind the last that is known: some may have been issued
 * since the key was written, and none may be issued twice.  Targets ask about
 * a jump of more than 1000 (src/apply/replay.c). */
#define GAP 100

struct export_opts {
	const char *output;
	struct vl_key_password password;
	unsigned kdf; /* enum vl_kdf_preset */
};

#define OUT(member) offsetof(struct export_opts, member)

static const struct vl_opt export_table[] = {
	{ .name = "output",
	    .arg = "FILE",
	    .letter = 'o',
	    .type = VL_OPT_TEXT,
	    .at = OUT(output),
	    .required = true,
	    .help = "the file to make; one that is there is left alone" },
	VL_KEY_PASSWORD_OPTS(struct export_opts, password, "new-key-password",
	    "the password for the series key"),
	VL_KDF_OPT(struct export_opts, kdf, "that password"), { .name = NULL }
};

struct import_opts {
	struct vl_number after;
	struct vl_texts seen;
	struct vl_key_password password;
};

#define IN(member) offsetof(struct import_opts, member)

static const struct vl_opt import_table[] = {
	{ .name = "after",
	    .arg = "N",
	    .type = VL_OPT_NUMBER,
	    .at = IN(after),
	    .min = 1,
	    .max = UINT32_MAX,
	    .help = "bundle N of the series is known to exist" },
	{ .name = "seen",
	    .arg = "DIR",
	    .type = VL_OPT_LIST,
	    .at = IN(seen),
	    .help = "look for bundles of the series in DIR" },
	VL_KEY_PASSWORD_OPTS(struct import_opts, password, "key-password",
	    "the password of the series key"),
	{ .name = NULL }
};

/* Both commands; all zero is empty. */
struct job {
	struct vl_site *site;
	struct vl_state *state;
	struct vl_series_key *key; /* locked memory */
	uint8_t *plain;            /* the same as bytes; locked */
	size_t n;
	struct vl_password password;
	char shown[SHOWN_SIZE]; /* the file of the key */
};

static enum vl_status
open_job(
    struct job *job, const char *site, const char *file, struct vl_err *err)
{
	enum vl_status st = vl_site_load(&job->site, site, err);

	(void)vl_escape_text(job->shown, sizeof(job->shown), vl_slice_of(file));
	job->key = vl_secret_alloc(sizeof(*job->key));
	job->plain = vl_secret_alloc(VL_KEYBOX_PLAIN_MAX);
	if (st == VL_OK && (job->key == NULL || job->plain == NULL))
		st = vl_fail_memory(err);
	return st;
}

/* Locked: no export issues a number meanwhile. */
static enum vl_status
open_state(struct job *job, bool create, struct vl_err *err)
{
	const struct vl_state_opts where = { .base = job->site->state,
		.site = job->site->name,
		.create = create };
	enum vl_status st = vl_state_open(&job->state, &where, err);

	return st == VL_OK ? vl_state_lock(job->state, 0, err) : st;
}

static void
close_job(struct job *job)
{
	vl_password_free(&job->password);
	vl_secret_free(job->plain);
	vl_secret_free(job->key);
	vl_state_free(job->state);
	vl_site_free(job->site);
}

/* ---- export ---- */

/* Who signed, as the state knows; zeros where nobody did. */
static enum vl_status
take_signer(struct job *job, struct vl_err *err)
{
	const int dir = vl_state_fd(job->state);
	struct vl_buf text = { 0 };
	enum vl_status st = VL_OK;

	if (faccessat(dir, VL_STATE_SIGNER, F_OK, AT_SYMLINK_NOFOLLOW) != 0 &&
	    errno == ENOENT)
		return VL_OK;
	st = vl_read_file(
	    dir, VL_STATE_SIGNER, VL_SENDER_PUBLIC_MAX, &text, err);
	if (st == VL_OK)
		st = vl_sender_public_decode(
		    &job->key->signer, vl_buf_slice(&text), err);
	vl_buf_free(&text);
	return st == VL_OK ? VL_OK :
	                     vl_within(err, "state '%s', file '%s'",
	                         vl_state_path(job->state), VL_STATE_SIGNER);
}

/* The text of a sender.key in the state; `*n` is 0 where it has none. */
static enum vl_status
read_own_sender(struct vl_state *s, char **text, size_t *n, struct vl_err *err)
{
	struct vl_buf path = { 0 };
	enum vl_status st = VL_OK;

	*n = 0;
	if (faccessat(vl_state_fd(s), VL_STATE_SENDER_KEY, F_OK,
	        AT_SYMLINK_NOFOLLOW) != 0 &&
	    errno == ENOENT)
		return VL_OK;
	st = vl_buf_printf(
	    &path, err, "%s/%s", vl_state_path(s), VL_STATE_SENDER_KEY);
	if (st == VL_OK)
		st = vl_buf_add(
		    &path, (struct vl_slice){ (const uint8_t *)"", 1 }, err);
	if (st == VL_OK)
		st = vl_secret_file(
		    text, n, (const char *)path.p, VL_SENDER_SECRET_MAX, err);
	vl_buf_free(&path);
	return st;
}

static enum vl_status
take_own_sender(struct job *job, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	char *text = NULL;
	size_t n = 0;

	st = read_own_sender(job->state, &text, &n, err);
	if (st == VL_OK && n > 0) {
		memcpy(job->key->sender, text, n);
		job->key->sender_size = n;
	}
	vl_secret_free(text);
	return st;
}

static enum vl_status
take_series(struct job *job, struct vl_err *err)
{
	struct vl_series_key *k = job->key;
	struct vl_series series = { 0 };
	enum vl_status st = VL_OK;
	bool there = false;

	st = vl_series_exists(&there, job->state, err);
	if (st == VL_OK && !there)
		st = vl_fail(err, VL_EUSAGE,
		    "'%s' has no series yet: the first export makes it",
		    vl_state_path(job->state));
	if (st == VL_OK)
		st = vl_series_load(&series, job->state, err);
	if (st != VL_OK)
		return st;
	memcpy(k->id, series.id, sizeof(k->id));
	memcpy(k->prev, series.prev, sizeof(k->prev));
	memcpy(k->sk, series.sk, sizeof(k->sk));
	memcpy(k->tk, series.tk, sizeof(k->tk));
	k->epoch = series.epoch;
	k->seq = series.seq;
	k->made = (uint64_t)time(NULL);
	(void)snprintf(k->site, sizeof(k->site), "%s", job->site->name);
	vl_series_free(&series);
	st = take_signer(job, err);
	return st == VL_OK ? take_own_sender(job, err) : st;
}

static enum vl_status
put_key(struct job *job, const struct export_opts *o, struct vl_err *err)
{
	struct vl_key_lock lock = { .kdf = (enum vl_kdf_preset)o->kdf };
	struct vl_buf text = { 0 };
	enum vl_status st =
	    vl_series_key_encode(job->plain, &job->n, job->key, err);

	lock.password.p = (const uint8_t *)job->password.text;
	lock.password.n = job->password.n;
	if (st == VL_OK)
		st = vl_keybox_make(&text, VL_KEYBOX_SERIES,
		    (struct vl_slice){ job->plain, job->n }, &lock, err);
	if (st == VL_OK && vl_cli_stop())
		st = vl_cli_stopped(err);
	if (st == VL_OK &&
	    vl_put_file(AT_FDCWD, o->output, 0600, vl_buf_slice(&text), err) !=
	        VL_OK)
		st = vl_within(err, "cannot make '%s'", job->shown);
	vl_buf_free(&text);
	return st;
}

static void
show_export(const struct job *job)
{
	const struct vl_series_key *k = job->key;
	char id[VL_HEX_SIZE(VL_ID_SIZE)];

	vl_cli_note("made '%s': series %s of site '%s', of which number "
	            "%" PRIu64 " was the last; keep it and its password apart, "
	            "and make it anew now and then",
	    job->shown, vl_hex(id, k->id, sizeof(k->id)), k->site, k->seq);
	if (k->sender_size > 0)
		vl_cli_note("the site's own sender.key is in it, so who has "
		            "both can sign as this site");
	else
		vl_cli_note("the sender's key is not in it: keep a copy of "
		            "that, too");
}

static enum vl_status
export_run(const struct vl_args *args, struct vl_err *err)
{
	const struct export_opts *o = args->opts;
	struct job job = { 0 };
	enum vl_status st = VL_OK;

	st = open_job(&job, args->operands[0], o->output, err);
	if (st == VL_OK)
		st = open_state(&job, false, err);
	if (st == VL_OK)
		st = take_series(&job, err);
	if (st == VL_OK &&
	    faccessat(AT_FDCWD, o->output, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		st = vl_fail(err, VL_EUSAGE,
		    "'%s' is there already and is not overwritten; name "
		    "another file",
		    job.shown);
	if (st == VL_OK)
		st = vl_key_password_make(
		    &job.password, &o->password, "new-key-password", err);
	if (st == VL_OK)
		st = put_key(&job, o, err);
	if (st == VL_OK)
		show_export(&job);
	close_job(&job);
	return st;
}

/* ---- import ---- */

static enum vl_status
open_box(struct job *job, const struct import_opts *o, const char *file,
    struct vl_err *err)
{
	struct vl_keybox box = { 0 };
	struct vl_slice password = { 0 };
	struct vl_buf text = { 0 };
	enum vl_status st = VL_OK;

	st = vl_cli_file(&text, file, VL_KEYBOX_MAX, err);
	if (st == VL_OK &&
	    (vl_keybox_decode(&box, vl_buf_slice(&text), err) != VL_OK ||
	        box.kind != VL_KEYBOX_SERIES))
		st = vl_wrong_key_file(
		    file, VL_SERIES_KEY, vl_buf_slice(&text), err);
	vl_buf_free(&text);
	if (st == VL_OK)
		st = vl_key_password_open(
		    &job->password, &o->password, "key-password", file, err);
	if (st != VL_OK)
		return st;
	password.p = (const uint8_t *)job->password.text;
	password.n = job->password.n;
	st = vl_keybox_open(job->plain, &box, password, err);
	vl_password_free(&job->password);
	job->n = box.n - VL_TAG_SIZE;
	if (st == VL_OK)
		st = vl_series_key_decode(
		    job->key, (struct vl_slice){ job->plain, job->n }, err);
	return st == VL_OK ? VL_OK : vl_within(err, "'%s'", job->shown);
}

static bool
has_signer(const struct vl_series_key *k)
{
	static const struct vl_sender_public nobody;

	return memcmp(&k->signer, &nobody, sizeof(nobody)) != 0;
}

/* What is known of later bundles; `k` gets the last of them. */
static enum vl_status
look_for_later(struct job *job, const struct import_opts *o, struct vl_err *err)
{
	struct vl_series_key *k = job->key;
	struct vl_newest newest = { .known = k->seq };
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (o->after.given && o->after.value > newest.known)
		newest.known = o->after.value;
	if (o->seen.n > 0 && !has_signer(k))
		return vl_fail(err, VL_EUSAGE,
		    "'%s' was written before the first export, so whose "
		    "bundles to look for with --seen is not known; give "
		    "--after",
		    job->shown);
	for (i = 0; st == VL_OK && i < o->seen.n; i++)
		st = vl_seal_newest(
		    &newest, o->seen.list[i], k->id, &k->signer, err);
	if (st != VL_OK)
		return st;
	if (newest.seq > 0)
		vl_cli_note("the newest bundle seen is '%s', number %" PRIu64,
		    newest.shown, newest.seq);
	else if (o->seen.n > 0)
		vl_cli_note("no bundle of the series was seen");
	if (newest.epoch > k->epoch)
		return vl_fail(err, VL_EREFUSED,
		    "'%s' is of epoch %" PRIu64 " of the series, and '%s' of "
		    "epoch %" PRIu64 ": it was written before 'valise series "
		    "rotate', and targets refuse what it would make; take a "
		    "later copy, or begin a new series",
		    job->shown, k->epoch, newest.shown, newest.epoch);
	if (newest.seq > k->seq) {
		k->seq = newest.seq;
		memcpy(k->prev, newest.head, sizeof(k->prev));
	}
	if (o->after.given && o->after.value > k->seq)
		k->seq = o->after.value;
	if (k->seq > (uint64_t)VL_JSON_INT_MAX - GAP)
		return vl_fail(err, VL_EREFUSED,
		    "number %" PRIu64 " leaves no room for others", k->seq);
	return VL_OK;
}

/* The site's own key: the same one may be there already. */
static enum vl_status
put_own_sender(struct job *job, struct vl_err *err)
{
	const struct vl_series_key *k = job->key;
	const struct vl_slice text = { (const uint8_t *)k->sender,
		k->sender_size };
	enum vl_status st = VL_OK;
	char *there = NULL;
	size_t n = 0;

	if (k->sender_size == 0)
		return VL_OK;
	st = read_own_sender(job->state, &there, &n, err);
	if (st == VL_OK && n == 0)
		st = vl_put_file(vl_state_fd(job->state), VL_STATE_SENDER_KEY,
		    0600, text, err);
	else if (st == VL_OK &&
	    !vl_slice_equal(
	        (struct vl_slice){ (const uint8_t *)there, n }, text))
		st = vl_fail(err, VL_EUSAGE,
		    "'%s/%s' is another than the one in '%s'; move it away",
		    vl_state_path(job->state), VL_STATE_SENDER_KEY, job->shown);
	vl_secret_free(there);
	return st;
}

static enum vl_status
put_signer(struct job *job, struct vl_err *err)
{
	struct vl_buf text = { 0 };
	enum vl_status st = VL_OK;

	if (!has_signer(job->key))
		return VL_OK;
	st = vl_sender_public_encode(&text, &job->key->signer, err);
	if (st == VL_OK)
		st = vl_put_file(vl_state_fd(job->state), VL_STATE_SIGNER, 0644,
		    vl_buf_slice(&text), err);
	vl_buf_free(&text);
	return st;
}

/* The series comes last: before it the state has none, and the same command
 * may be given again. */
static enum vl_status
adopt(struct job *job, struct vl_err *err)
{
	struct vl_series_key *k = job->key;
	struct vl_series series = {
		.epoch = k->epoch, .seq = k->seq + GAP, .sk = k->sk, .tk = k->tk
	};
	enum vl_status st = VL_OK;
	bool there = false;

	memcpy(series.id, k->id, sizeof(series.id));
	memcpy(series.prev, k->prev, sizeof(series.prev));
	st = vl_series_exists(&there, job->state, err);
	if (st == VL_OK && there)
		return vl_fail(err, VL_EUSAGE,
		    "'%s' has a series, which is not replaced; a key is for a "
		    "state that was lost (docs/security.md, 'When a key is "
		    "lost')",
		    vl_state_path(job->state));
	if (st == VL_OK && vl_cli_stop())
		st = vl_cli_stopped(err);
	if (st == VL_OK)
		st = put_own_sender(job, err);
	if (st == VL_OK)
		st = put_signer(job, err);
	return st == VL_OK ? vl_series_adopt(job->state, &series, err) : st;
}

static void
show_import(const struct job *job, uint64_t written)
{
	const struct vl_series_key *k = job->key;
	char id[VL_HEX_SIZE(VL_ID_SIZE)];
	char when[32];

	vl_cli_note("series %s of site '%s' goes on with number %" PRIu64
	            ": %" PRIu64 " is the last that is known, and the %d "
	            "behind it are left out",
	    vl_hex(id, k->id, sizeof(k->id)), k->site, k->seq + GAP + 1, k->seq,
	    GAP);
	vl_cli_note("the key is of %s, when %" PRIu64 " was the last; if more "
	            "than %d bundles were made since then, remove '%s/series' "
	            "and import it again with --seen or --after (docs/"
	            "security.md, 'When a key is lost')",
	    vl_format_time_utc(when, sizeof(when), (int64_t)k->made), written,
	    GAP, vl_state_path(job->state));
	if (k->sender_size == 0)
		vl_cli_note("the sender's key is not in it: export with "
		            "--sign-key");
}

static enum vl_status
import_run(const struct vl_args *args, struct vl_err *err)
{
	const struct import_opts *o = args->opts;
	struct job job = { 0 };
	uint64_t written = 0;
	enum vl_status st = VL_OK;

	st = open_job(&job, args->operands[0], args->operands[1], err);
	if (st == VL_OK)
		st = open_box(&job, o, args->operands[1], err);
	if (st == VL_OK && strcmp(job.key->site, job.site->name) != 0)
		st = vl_fail(err, VL_EUSAGE,
		    "'%s' is of site '%s', and '%s' describes site '%s'",
		    job.shown, job.key->site, job.site->file, job.site->name);
	if (st == VL_OK) {
		written = job.key->seq;
		st = look_for_later(&job, o, err);
	}
	if (st == VL_OK)
		st = open_state(&job, true, err);
	if (st == VL_OK)
		st = adopt(&job, err);
	if (st == VL_OK)
		show_import(&job, written);
	close_job(&job);
	return st;
}

const struct vl_cmd vl_cmd_key_export = {
	.name = "key export",
	.operands = "SITE.yaml",
	.help = "keep a copy of a site's series, under a password",
	.about =
	    "The copy lets the source go on with its series when its "
	    "state is lost: the same\nids, keys and signer, and the site's "
	    "own sender.key where it has one. Make it\nanew now and then, "
	    "since it says which number was the last.",
	.opts = export_table,
	.opts_size = sizeof(struct export_opts),
	.min_operands = 1,
	.max_operands = 1,
	.run = export_run,
};

const struct vl_cmd vl_cmd_key_import = {
	.name = "key import",
	.operands = "SITE.yaml FILE",
	.help = "go on with a series whose state was lost",
	.about = "FILE is of 'valise key export', and the site's state has no "
	         "series. Numbers go on\n100 behind the last one that is known "
	         "from FILE, --seen and --after, since none\nmay be issued "
	         "twice. Only one source may go on with a series.",
	.opts = import_table,
	.opts_size = sizeof(struct import_opts),
	.min_operands = 2,
	.max_operands = 2,
	.run = import_run,
};
