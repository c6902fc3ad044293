/*
 * The bundle is taken in: form of the seal, signature by a trusted sender,
 * one copy of every file into the private spool while it is hashed, and only
 * then keys, decryption and everything else, from the spool
 * (formats/seal.md, "Reading").
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/encode.h>
#include <valise/fs.h>
#include <valise/secret.h>
#include <valise/text.h>

#include "apply.h"

#define SPOOL "spool"
#define SHOWN 512

static void
seal_wrong(void *arg, const char *name, const char *why)
{
	struct vl_run *run = arg;

	run->opts->ui->wrong_file(run->opts->ui->arg, name, why);
}

static void
seal_progress(void *arg, uint64_t done, uint64_t total)
{
	struct vl_run *run = arg;

	run->opts->ui->progress(run->opts->ui->arg, "copying", done, total);
}

static bool
seal_stop(void *arg)
{
	struct vl_run *run = arg;

	return run->opts->ui->stop(run->opts->ui->arg);
}

/* What is wrong with the bundle names it, as every command does. */
static enum vl_status
about_bundle(const struct vl_run *run, enum vl_status st, struct vl_err *err)
{
	char shown[SHOWN];

	if (st == VL_OK || st == VL_ESIGNAL)
		return st;
	return vl_within(err, "bundle '%s'",
	    vl_escape_text(
	        shown, sizeof(shown), vl_slice_of(run->opts->bundle)));
}

/* Candidates for the sender are tried one after the other. */
struct search {
	const struct vl_seal *seal;
	struct vl_sender_public found;
	bool met; /* a key of this id was among them */
	bool fits;
};

static enum vl_status
try_sender(void *arg, struct vl_slice text, struct vl_err *err)
{
	struct search *s = arg;
	struct vl_sender_public pub = { 0 };
	struct vl_err why = { 0 };
	enum vl_status st = VL_OK;

	if (s->fits)
		return VL_OK;
	st = vl_sender_public_decode(&pub, text, err);
	if (st != VL_OK) {
		st = err->status = VL_EUSAGE;
		return st;
	}
	if (memcmp(pub.key_id, s->seal->sig.key_id, VL_KEY_ID_SIZE) != 0)
		return VL_OK;
	s->met = true;
	st = vl_seal_verify(s->seal, &pub, &why);
	if (st == VL_ETRUST)
		return VL_OK;
	if (st != VL_OK) {
		*err = why;
		return st;
	}
	s->fits = true;
	s->found = pub;
	return VL_OK;
}

static enum vl_status
try_file(struct search *s, const char *path, struct vl_err *err)
{
	struct vl_buf text = { 0 };
	enum vl_status st =
	    vl_read_file(AT_FDCWD, path, VL_SENDER_PUBLIC_MAX, &text, err);

	if (st != VL_OK)
		err->status = VL_EUSAGE;
	else if (try_sender(s, vl_buf_slice(&text), err) != VL_OK)
		vl_within(err, "trusted sender '%s'", path);
	else
		err->status = VL_OK;
	vl_buf_free(&text);
	return err->status;
}

/* The series in site.yaml narrows a key; the head is public. */
static bool
trust_applies(const struct vl_trust *t, const struct vl_head *head)
{
	char hex[VL_HEX_SIZE(VL_ID_SIZE)];

	return t->series == NULL ||
	    strcmp(t->series, vl_hex(hex, head->series, VL_ID_SIZE)) == 0;
}

static enum vl_status
find_sender(struct vl_run *run, struct search *s, struct vl_err *err)
{
	const struct vl_import_opts *o = run->opts;
	enum vl_status st = VL_OK;
	size_t i = 0;

	s->seal = &run->intake.seal;
	for (i = 0; i < o->ntrust && st == VL_OK; i++)
		st = try_file(s, o->trust[i], err);
	for (i = 0; i < o->site->ntrust && st == VL_OK; i++)
		if (o->site->trust[i].series == NULL)
			st = try_file(s, o->site->trust[i].sender, err);
	if (st == VL_OK)
		st = vl_state_each_sender(
		    o->state, VL_SENDER_PUBLIC_MAX, try_sender, s, err);
	return st;
}

/* Keys that are trusted for one series only are tried once the head, whose
 * hash the signed seal holds, has been read. */
static enum vl_status
find_narrow_sender(struct vl_run *run, struct search *s, struct vl_err *err)
{
	const struct vl_site *site = run->opts->site;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; i < site->ntrust && st == VL_OK; i++)
		if (site->trust[i].series != NULL &&
		    trust_applies(&site->trust[i], &run->intake.seal.head))
			st = try_file(s, site->trust[i].sender, err);
	return st;
}

enum vl_status
vl_intake_code(struct vl_run *run, bool *may, struct vl_err *err)
{
	const struct vl_site *site = run->opts->site;
	struct search s = { .seal = &run->intake.seal };
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; i < site->ntrust && st == VL_OK; i++)
		if (site->trust[i].code &&
		    trust_applies(&site->trust[i], &run->intake.seal.head))
			st = try_file(&s, site->trust[i].sender, err);
	*may = s.fits &&
	    memcmp(s.found.key, run->intake.sender,
	        sizeof(run->intake.sender)) == 0;
	return st;
}

static bool
has_narrow(const struct vl_site *site)
{
	size_t i = 0;

	for (i = 0; i < site->ntrust; i++)
		if (site->trust[i].series != NULL)
			return true;
	return false;
}

static enum vl_status
fail_unknown(const struct vl_run *run, bool met, struct vl_err *err)
{
	char id[VL_KEY_ID_TEXT];

	vl_key_id_text(id, run->intake.seal.sig.key_id);
	if (met)
		(void)vl_fail(err, VL_ETRUST,
		    "seal.sig does not fit seal.txt: it was not made by the "
		    "sender with key id %s, or seal.txt or seal.sig was "
		    "changed",
		    id);
	else
		(void)vl_fail(err, VL_ETRUST,
		    "the sender with key id %s is not trusted: get its "
		    "sender.pub by another way than the bundle, and name it "
		    "under 'trust' in the site file or with --trust",
		    id);
	return about_bundle(run, VL_ETRUST, err);
}

static enum vl_status
open_spool(struct vl_run *run, struct vl_err *err)
{
	int statefd = vl_state_fd(run->opts->state);
	enum vl_status st = vl_remove_tree(statefd, SPOOL, err);

	if (st != VL_OK)
		return st;
	if (mkdirat(statefd, SPOOL, 0700) != 0)
		return vl_fail_errno(err, "cannot make '%s/" SPOOL "'",
		    vl_state_path(run->opts->state));
	run->intake.spoolfd = openat(
	    statefd, SPOOL, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (run->intake.spoolfd < 0)
		return vl_fail_errno(err, "cannot open '%s/" SPOOL "'",
		    vl_state_path(run->opts->state));
	return VL_OK;
}

static enum vl_status
unlock(struct vl_run *run, struct vl_err *err)
{
	const struct vl_apply_ui *ui = run->opts->ui;
	struct vl_intake *in = &run->intake;
	const struct vl_small_reader reader =
	    vl_unpack_small_reader(run->opts->cage);
	struct vl_opener opener = { 0 };
	enum vl_role role = VL_ROLE_AUDIT;
	enum vl_status st = VL_OK;

	in->keys = vl_secret_alloc(sizeof(*in->keys));
	if (in->keys == NULL)
		return vl_fail_memory(err);
	st = ui->opener(ui->arg, &opener, err);
	if (run->opts->cage != NULL)
		opener.reader = &reader;
	if (st == VL_OK)
		st = about_bundle(run,
		    vl_keys_unlock(in->keys, &role, &in->seal.head,
		        vl_buf_slice(&in->seal.keys_text), &opener, err),
		    err);
	ui->opened(ui->arg);
	if (st == VL_OK && role != VL_ROLE_FULL)
		st = about_bundle(run,
		    vl_fail(err, VL_EKEY,
		        "this key opens the bundle for auditing only, and "
		        "importing needs the full role; give a password or "
		        "identity of that role"),
		    err);
	return st == VL_OK ? vl_tokens_new(&in->tokens, in->seal.head.series,
	                         in->seal.head.epoch, in->keys->tk, err) :
	                     st;
}

static enum vl_status
open_unpack(struct vl_run *run, const uint8_t *sender, struct vl_unpack **out,
    struct vl_err *err)
{
	struct vl_intake *in = &run->intake;
	const struct vl_unpack_opts opts = { .dirfd = in->spoolfd,
		.head = &in->seal.head,
		.keys = in->keys,
		.role = VL_ROLE_FULL,
		.sender = sender,
		.tempdir = vl_state_path(run->opts->state),
		.pool = run->opts->pool,
		.cage = run->opts->cage };

	return about_bundle(run, vl_unpack_open(out, &opts, err), err);
}

/*
 * Somebody at a terminal may accept a sender that is not known: its public
 * key stands in the inner head, the seal must fit it, and it is kept.
 */
static enum vl_status
accept_unknown(struct vl_run *run, struct vl_err *err)
{
	const struct vl_apply_ui *ui = run->opts->ui;
	struct vl_intake *in = &run->intake;
	struct vl_sender_public pub = { 0 };
	struct vl_buf text = { 0 };
	char fingerprint[VL_FINGERPRINT_SIZE];
	char id[VL_KEY_ID_TEXT];
	uint8_t hash[VL_HASH_SIZE];
	enum vl_status st = VL_OK;

	memcpy(pub.key_id, in->seal.sig.key_id, VL_KEY_ID_SIZE);
	memcpy(pub.key, vl_unpack_inner(in->unpack)->sender, sizeof(pub.key));
	st = vl_seal_verify(&in->seal, &pub, err);
	if (st != VL_OK)
		return about_bundle(run, st, err);
	memcpy(in->sender, pub.key, sizeof(in->sender));
	/* One that can only be refused is not asked about. */
	st = about_bundle(run, vl_replay_check(run, err), err);
	if (st != VL_OK)
		return st;
	vl_hash_of(hash, &(struct vl_hash_opts){ 0 },
	    (struct vl_slice){ pub.key, sizeof(pub.key) });
	if (!ui->accept_sender(ui->arg, vl_fingerprint(fingerprint, hash)))
		return ui->stop(ui->arg) ?
		    vl_fail(err, VL_ESIGNAL, "stopped: nothing was changed") :
		    fail_unknown(run, false, err);
	st = vl_sender_public_encode(&text, &pub, err);
	if (st == VL_OK)
		st = vl_state_accept_sender(run->opts->state,
		    vl_buf_slice(&text), vl_key_id_text(id, pub.key_id), err);
	vl_buf_free(&text);
	return st;
}

static enum vl_status
open_medium(const char *path, int *fd, struct vl_err *err)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	if (n > 4 && strncmp(path + n - 4, ".par", 4) == 0)
		return vl_fail(err, VL_EFORMAT,
		    "'%s' is a bundle that was never finished", path);
	*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd >= 0)
		return VL_OK;
	vl_fail_errno(err, "cannot open the bundle '%s'", path);
	if (errno == ENOENT || errno == ENXIO || errno == ENODEV)
		vl_fail(err, VL_ETEMP, "%s; is it mounted, and the path right?",
		    err->text);
	else if (errno == ENOTDIR)
		err->status = VL_EFORMAT;
	return err->status;
}

/* Signature first where a key is known already, then the copy. */
static enum vl_status
check_seal(struct vl_run *run, int medium, bool *known, struct vl_err *err)
{
	const struct vl_small_reader reader =
	    vl_unpack_small_reader(run->opts->cage);
	const struct vl_seal_report report = { .arg = run,
		.wrong = seal_wrong,
		.progress = seal_progress,
		.stop = seal_stop,
		.reader = run->opts->cage != NULL ? &reader : NULL };
	struct vl_intake *in = &run->intake;
	struct search s = { 0 };
	bool ask = run->opts->ui->interactive;
	enum vl_status st = about_bundle(
	    run, vl_seal_read(&in->seal, medium, &report, err), err);

	if (st == VL_OK)
		st = find_sender(run, &s, err);
	if (st == VL_OK && !s.fits && s.met)
		st = fail_unknown(run, true, err);
	if (st == VL_OK && !s.fits && !ask && !has_narrow(run->opts->site))
		st = fail_unknown(run, false, err);
	if (st == VL_OK)
		st = vl_room_spool(run, err);
	if (st == VL_OK)
		st = open_spool(run, err);
	if (st == VL_OK)
		st = about_bundle(run,
		    vl_seal_check(&in->seal, medium, in->spoolfd, VL_READS_ALL,
		        &report, err),
		    err);
	if (st == VL_OK && !s.fits)
		st = find_narrow_sender(run, &s, err);
	if (st == VL_OK && !s.fits && (s.met || !ask))
		st = fail_unknown(run, s.met, err);
	*known = s.fits;
	memcpy(in->sender, s.found.key, sizeof(in->sender));
	return st;
}

enum vl_status
vl_intake_open(struct vl_run *run, struct vl_err *err)
{
	struct vl_intake *in = &run->intake;
	bool known = false;
	int medium = -1;
	enum vl_status st = open_medium(run->opts->bundle, &medium, err);

	if (st == VL_OK)
		st = check_seal(run, medium, &known, err);
	if (medium >= 0)
		close(medium);
	if (st == VL_OK && known)
		st = about_bundle(run, vl_replay_check(run, err), err);
	if (st == VL_OK)
		st = unlock(run, err);
	if (st == VL_OK)
		st = open_unpack(
		    run, known ? in->sender : NULL, &in->unpack, err);
	if (st == VL_OK && !known)
		st = accept_unknown(run, err);
	return st;
}

enum vl_status
vl_intake_lines(struct vl_run *run, struct vl_unpack **out, struct vl_err *err)
{
	enum vl_status st = open_unpack(run, run->intake.sender, out, err);

	if (st == VL_OK)
		vl_unpack_lines_only(*out);
	return st;
}

enum vl_status
vl_intake_rewind(struct vl_run *run, struct vl_err *err)
{
	vl_unpack_free(run->intake.unpack);
	run->intake.unpack = NULL;
	return open_unpack(run, run->intake.sender, &run->intake.unpack, err);
}

void
vl_intake_close(struct vl_intake *in)
{
	vl_unpack_free(in->unpack);
	vl_tokens_free(in->tokens);
	in->tokens = NULL;
	vl_secret_free(in->keys);
	vl_seal_free(&in->seal);
	if (in->spoolfd >= 0)
		close(in->spoolfd);
}
