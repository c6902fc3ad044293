/*
 * valise-export SITE.yaml --to DIR
 *
 * Everything that can be wrong with the command is looked at before the
 * first question and before anything is written.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <valise/encode.h>
#include <valise/fs.h>
#include <valise/seal.h>
#include <valise/secret.h>
#include <valise/text.h>
#include <valise/tokens.h>

#include "export.h"

#define SHOWN              512
#define LEVEL_DEFAULT      3
#define FRAME_LOG2_DEFAULT 20
#define MACHINE_ID         32 /* characters */

#define AT(member) offsetof(struct vl_export_opts, member)

static const struct vl_opt table[] = {
	{ .name = "to",
	    .arg = "DIR",
	    .type = VL_OPT_TEXT,
	    .at = AT(to),
	    .env = true,
	    .help = "the medium: where the bundle comes to stand" },
	VL_ONLY_OPT(struct vl_export_opts, only, "export"),
	{ .name = "full",
	    .type = VL_OPT_FLAG,
	    .at = AT(full),
	    .help = "a full bundle (the only kind so far)" },
	VL_PASSWORD_OPTS(struct vl_export_opts, keys),
	VL_RECIPIENT_OPTS(
	    struct vl_export_opts, recipients, audit_recipients, 'p'),
	{ .name = "sign-key",
	    .arg = "FILE",
	    .type = VL_OPT_TEXT,
	    .at = AT(sign_key),
	    .env = true,
	    .help = "sign with this key (sender.key), not the site's own" },
	VL_SIGN_KEY_PASSWORD_OPTS(struct vl_export_opts, sign_password),
	{ .name = "level",
	    .arg = "N",
	    .type = VL_OPT_NUMBER,
	    .at = AT(level),
	    .min = 1,
	    .max = 12,
	    .env = true,
	    .help = "compression level, 1 to 12; default 3" },
	VL_KDF_OPT(struct vl_export_opts, kdf, "the password"),
	{ .name = "frame-log2",
	    .arg = "N",
	    .type = VL_OPT_NUMBER,
	    .at = AT(frame_log2),
	    .min = VL_FRAME_LOG2_MIN,
	    .max = VL_FRAME_LOG2_MAX,
	    .help = "frames of 2^N bytes, 16 to 20; default 20" },
	VL_WORKERS_OPT(struct vl_export_opts, workers),
	{ .name = "allow-empty",
	    .type = VL_OPT_FLAG,
	    .at = AT(allow_empty),
	    .help = "export also a resource that holds nothing" },
	{ .name = "dry-run",
	    .type = VL_OPT_FLAG,
	    .at = AT(dry_run),
	    .help = "read and count; ask for no password, write nothing" },
	VL_JSON_OPT(struct vl_export_opts, json,
	    "JSON lines on stdout in place of the path"),
	{ .name = "select", .type = VL_OPT_LATER },
	{ .name = "since", .type = VL_OPT_LATER },
	{ .name = "volume-size", .type = VL_OPT_LATER },
	{ .name = "parity", .type = VL_OPT_LATER },
	{ .name = "manifest", .type = VL_OPT_LATER },
	{ .name = "manifest-to", .type = VL_OPT_LATER },
	{ .name = "allow-dangling", .type = VL_OPT_LATER },
	{ .name = "require-sandbox",
	    .type = VL_OPT_LATER,
	    .help = "is not for an export: it reads no bundle of anybody "
	            "else, so there is no reader to lock in; leave it out" },
	{ .name = NULL }
};

/* What one export holds; all zero is empty. */
struct run {
	const struct vl_export_opts *opts;
	struct vl_site *site;
	struct vl_feed feed;
	struct vl_openers openers;
	struct vl_state *state;
	struct vl_series series;
	struct vl_sender_secret *sender;
	struct vl_key_set *keys;
	struct vl_ids *ids;
	struct vl_tokens *tokens;
	struct vl_secret_ops ops;
	struct vl_pool *pool;
	struct vl_resource_id *resources;
	struct vl_pack *pack;
	uint64_t seq;
	bool asked; /* for the password of the bundle */
	struct vl_sender_from from;
};

/* The medium must be there, and not inside what is exported. */
static enum vl_status
check_medium(const struct run *run, struct vl_err *err)
{
	const char *to = run->opts->to;
	char *real = realpath(to, NULL);
	char *root = NULL;
	struct stat st = { 0 };
	enum vl_status status = VL_OK;
	char shown[SHOWN];
	size_t i = 0;
	size_t n = 0;

	(void)vl_escape_text(shown, sizeof(shown), vl_slice_of(to));
	if (real == NULL || stat(real, &st) != 0)
		status = vl_fail(err, VL_ETEMP,
		    "medium '%s': %s; is it mounted, and the path right?",
		    shown, strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		status = vl_fail(
		    err, VL_EUSAGE, "medium '%s' is not a directory", shown);
	for (i = 0; status == VL_OK && i < run->feed.n; i++) {
		root = realpath(run->feed.sources[i].resource->path, NULL);
		n = root != NULL ? strlen(root) : 0;
		if (root != NULL && strncmp(real, root, n) == 0 &&
		    (n == 1 || real[n] == '/' || real[n] == '\0'))
			status = vl_fail(err, VL_EUSAGE,
			    "medium '%s' lies in the tree of resource '%s'; "
			    "the bundle would hold itself",
			    shown, run->feed.sources[i].resource->name);
		free(root);
	}
	free(real);
	return status;
}

/* 32 characters that tell this machine from others. */
static void
machine_id(char text[VL_HEX_SIZE(VL_STATE_ID_SIZE)], struct vl_state *s)
{
	struct vl_buf file = { 0 };

	/* Containers often have none: then the state's own identity. */
	(void)vl_hex(text, vl_state_identity(s), VL_STATE_ID_SIZE);
	if (vl_read_file(AT_FDCWD, "/etc/machine-id", 64, &file, NULL) ==
	        VL_OK &&
	    file.n >= MACHINE_ID &&
	    (file.n == MACHINE_ID || file.p[MACHINE_ID] == '\n'))
		memcpy(text, file.p, MACHINE_ID);
	vl_buf_free(&file);
}

static enum vl_status
name_resources(struct run *run, struct vl_err *err)
{
	char id[VL_HEX_SIZE(VL_STATE_ID_SIZE)];
	const struct vl_one_source *one = NULL;
	struct vl_resource_id *r = NULL;
	size_t i = 0;

	run->resources = calloc(run->feed.n, sizeof(*run->resources));
	if (run->resources == NULL)
		return vl_fail_memory(err);
	machine_id(id, run->state);
	for (i = 0; i < run->feed.n; i++) {
		one = &run->feed.sources[i];
		r = &run->resources[i];
		(void)snprintf(
		    r->name, sizeof(r->name), "%s", one->resource->name);
		(void)snprintf(r->kind, sizeof(r->kind), "%s",
		    vl_kind_words[one->resource->kind]);
		vl_ids_resource(run->ids, r->hash, vl_slice_of(id),
		    vl_slice_of(vl_source_path(one->source)));
	}
	return VL_OK;
}

/* The bundle's key is fresh, the others are the series'. */
static enum vl_status
make_keys(struct run *run, struct vl_err *err)
{
	run->keys = vl_secret_alloc(sizeof(*run->keys));
	if (run->keys == NULL)
		return vl_fail_memory(err);
	vl_random(run->keys->bk, sizeof(run->keys->bk));
	memcpy(run->keys->sk, run->series.sk, sizeof(run->keys->sk));
	memcpy(run->keys->tk, run->series.tk, sizeof(run->keys->tk));
	run->keys->has_tk = true;
	if (vl_tokens_new(&run->tokens, run->series.id, run->series.epoch,
	        run->keys->tk, err) != VL_OK)
		return err->status;
	run->ops = vl_tokens_ops(run->tokens);
	return vl_ids_new(&run->ids, run->keys->sk, VL_CHUNK_MIN_DEFAULT,
	    VL_CHUNK_AVG_DEFAULT, VL_CHUNK_MAX_DEFAULT, err);
}

/* The last moment to stop: from here on the number is used up. */
static enum vl_status
note_sealed(
    void *arg, const uint8_t fingerprint[VL_HASH_SIZE], struct vl_err *err)
{
	struct run *run = arg;
	enum vl_status st = VL_OK;

	if (vl_cli_stop())
		return vl_cli_stopped(err);
	vl_cli_hold();
	st = vl_sender_note(run->sender, run->state, err);
	return st == VL_OK ? vl_series_issue(run->state, &run->series, run->seq,
	                         fingerprint, err) :
	                     st;
}

static enum vl_status
open_pack(struct run *run, struct vl_err *err)
{
	const struct vl_export_opts *o = run->opts;
	struct vl_pack_opts opts = { 0 };
	struct timespec now = { 0 };
	enum vl_status st = VL_OK;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	opts.dir = o->to;
	opts.tempdir = vl_state_path(run->state);
	opts.pool = run->pool;
	opts.keys = run->keys;
	opts.ids = run->ids;
	opts.recipients = run->openers.list;
	opts.nrecipients = run->openers.n;
	opts.sender = run->sender;
	opts.frame_log2 =
	    o->frame_log2.given ? o->frame_log2.value : FRAME_LOG2_DEFAULT;
	opts.level = o->level.given ? (int)o->level.value : LEVEL_DEFAULT;
	opts.head.kind = VL_BUNDLE_FULL;
	opts.head.seq = run->seq;
	opts.head.epoch = run->series.epoch;
	memcpy(opts.head.series, run->series.id, sizeof(opts.head.series));
	memcpy(opts.head.prev, run->series.prev, sizeof(opts.head.prev));
	vl_random(opts.head.id, sizeof(opts.head.id));
	opts.site = run->site->name;
	opts.environment = run->site->environment;
	opts.tool = "valise " VALISE_VERSION;
	opts.resources = run->resources;
	opts.nresources = run->feed.n;
	opts.created.sec = now.tv_sec;
	opts.created.nsec = (int32_t)now.tv_nsec;
	opts.sealed = note_sealed;
	opts.sealed_arg = run;
	if (vl_leftover_note(run->state, o->to, opts.head.id, err) != VL_OK)
		return err->status;
	st = vl_pack_open(&run->pack, &opts, err);
	vl_openers_forget(&run->openers);
	return st;
}

/*
 * A state that was put back from an old copy would give numbers again that
 * targets have seen.  The medium may know better.
 */
static enum vl_status
check_number(const struct run *run, struct vl_err *err)
{
	struct vl_newest newest = { .known = run->seq - 1 };
	enum vl_status st = vl_seal_newest(
	    &newest, run->opts->to, run->series.id, &run->sender->pub, err);

	if (st == VL_OK && newest.seq >= run->seq)
		return vl_fail(err, VL_EREFUSED,
		    "'%s' is bundle %llu of this series, and the next number "
		    "here is %llu: state '%s' is an old copy of itself; see "
		    "docs/security.md, 'When a key is lost'",
		    newest.shown, (unsigned long long)newest.seq,
		    (unsigned long long)run->seq, vl_state_path(run->state));
	return st;
}

/* All that must be known and held before the first record. */
static enum vl_status
prepare(struct run *run, struct vl_err *err)
{
	struct vl_state_opts where = { .base = run->site->state,
		.site = run->site->name,
		.create = true };
	const struct vl_export_opts *o = run->opts;
	enum vl_status st = VL_OK;

	if (o->to == NULL)
		return vl_fail(err, VL_EUSAGE,
		    "'--to DIR' is missing: where the bundle shall stand");
	st = check_medium(run, err);
	if (st == VL_OK)
		st = vl_openers_recipients(
		    &run->openers, &o->recipients, &o->audit_recipients, err);
	if (st == VL_OK)
		st = vl_openers_password(
		    &run->openers, &o->keys, (enum vl_kdf_preset)o->kdf, err);
	run->asked = run->openers.held.asked;
	if (st == VL_OK)
		st = vl_state_open(&run->state, &where, err);
	if (st == VL_OK)
		st = vl_state_lock(run->state, 0, err);
	if (st == VL_OK)
		st = vl_state_tidy(run->state, err);
	if (st == VL_OK)
		st = vl_leftover_remove(run->state, err);
	if (st == VL_OK)
		st = vl_series_load(&run->series, run->state, err);
	if (st == VL_OK)
		st = vl_sender_get(
		    &run->sender, run->state, &run->series, &run->from, err);
	if (st == VL_OK)
		vl_openers_show(&run->openers);
	run->seq = run->series.seq + 1;
	if (st == VL_OK)
		st = check_number(run, err);
	if (st == VL_OK)
		st = make_keys(run, err);
	if (st == VL_OK)
		st = vl_pool_new(&run->pool, run->opts->workers.value, err);
	if (st == VL_OK)
		st = vl_feed_open(&run->feed, vl_state_path(run->state),
		    run->pool, &run->ops, err);
	if (st == VL_OK)
		st = name_resources(run, err);
	return st == VL_OK ? open_pack(run, err) : st;
}

/* Also for the operator: a bundle that lacks something is not exit 0. */
static enum vl_status
count_problems(const struct run *run, struct vl_err *err)
{
	char count[32];

	if (run->feed.problems == 0)
		return VL_OK;
	return vl_fail(err, VL_EPARTIAL,
	    "not exported: unreadable or changing paths (%s), listed above; "
	    "the target keeps its own",
	    vl_format_count(count, sizeof(count), run->feed.problems));
}

static enum vl_status
dry_run(struct run *run, struct vl_err *err)
{
	struct vl_summary summary = { .feed = &run->feed,
		.json = run->opts->json };
	const char *tempdir = vl_export_tempdir();
	enum vl_status st = VL_OK;

	if (run->opts->to != NULL)
		st = check_medium(run, err);
	if (st == VL_OK)
		st = vl_openers_recipients(&run->openers,
		    &run->opts->recipients, &run->opts->audit_recipients, err);
	if (st == VL_OK)
		vl_openers_show(&run->openers);
	if (st == VL_OK)
		st = vl_feed_open(&run->feed, tempdir, NULL, NULL, err);
	run->feed.looks = true;
	vl_progress_begin(&run->feed.progress, "reading", run->opts->json);
	if (st == VL_OK)
		st = vl_feed_run(&run->feed, NULL, run->opts->allow_empty, err);
	vl_progress_clear();
	if (st == VL_OK)
		vl_summary_show(&summary);
	return st == VL_OK ? count_problems(run, err) : st;
}

/* What is to be carried, in `text`: the rest of the sources is counted, not
 * read. */
static void
format_needed(struct run *run, char *text, size_t size)
{
	struct vl_feed *f = &run->feed;
	struct vl_err ignored;
	uint64_t bytes = 0;
	char count[32];
	size_t i;

	text[0] = '\0';
	if (vl_feed_run(f, NULL, true, &ignored) != VL_OK)
		return;
	for (i = 0; i < f->n; i++)
		bytes += f->sources[i].counts.bytes;
	(void)snprintf(text, size,
	    ", and what is exported has %s before compression",
	    vl_format_bytes(count, sizeof(count), bytes));
}

/* A medium that has no room for one more frame gets its numbers told. */
static enum vl_status
tell_room(struct run *run, struct vl_err *err)
{
	struct vl_pack_totals totals = { 0 };
	struct statvfs fs = { 0 };
	uint64_t free_bytes = 0;
	char written[32];
	char needed[96];
	char left[32];

	if (err->status != VL_EIO || run->pack == NULL ||
	    statvfs(run->opts->to, &fs) != 0)
		return err->status;
	free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (free_bytes >= UINT64_C(1) << VL_FRAME_LOG2_MAX)
		return err->status;
	vl_pack_totals(run->pack, &totals);
	format_needed(run, needed, sizeof(needed));
	return vl_fail(err, VL_EIO,
	    "%s; the medium has %s free after %s of the bundle%s", err->text,
	    vl_format_bytes(left, sizeof(left), free_bytes),
	    vl_format_bytes(written, sizeof(written), totals.stored_bytes),
	    needed);
}

static enum vl_status
write_bundle(struct run *run, struct vl_err *err)
{
	struct vl_pack_totals totals = { 0 };
	struct vl_summary summary = { .feed = &run->feed,
		.openers = &run->openers,
		.totals = &totals,
		.json = run->opts->json };
	char name[16];
	char path[PATH_MAX];
	enum vl_status st = prepare(run, err);

	vl_progress_begin(&run->feed.progress, "exporting", run->opts->json);
	if (st == VL_OK)
		st = vl_feed_run(
		    &run->feed, run->pack, run->opts->allow_empty, err);
	if (st == VL_OK) {
		vl_feed_close(&run->feed, run->pool);
		st = vl_pack_commit(run->pack, name, &totals, err);
		vl_feed_closed(&run->feed, run->pool);
	}
	vl_progress_clear();
	if (st != VL_OK)
		return tell_room(run, err);
	vl_leftover_clear(run->state);
	(void)snprintf(path, sizeof(path), "%s/%s", run->opts->to, name);
	summary.bundle = path;
	summary.seq = run->seq;
	vl_summary_show(&summary);
	if (!run->opts->json)
		printf("%s\n", path);
	return count_problems(run, err);
}

/* The command line for a run that is not asked. */
static void
show_words(const struct run *run, const struct vl_args *args)
{
	const struct vl_export_opts *o = run->opts;
	struct vl_words w = { 0 };

	if (!run->asked && !run->from.asked)
		return;
	vl_words_add(&w, args->program->name);
	vl_words_add(&w, args->operands[0]);
	vl_words_text(&w, "--to", o->to);
	vl_words_list(&w, "--only", &o->only);
	vl_words_flag(&w, "--full", o->full);
	vl_words_text(
	    &w, "--password-file", run->asked ? "FILE" : o->keys.password_file);
	vl_words_number(&w, "--password-fd", &o->keys.password_fd);
	vl_words_text(&w, "--password-command", o->keys.password_command);
	vl_words_list(&w, "--recipient", &o->recipients);
	vl_words_list(&w, "--audit-recipient", &o->audit_recipients);
	vl_words_text(&w, "--sign-key", o->sign_key);
	vl_words_key_password(&w, "--sign-key-password", &o->sign_password);
	vl_words_text(
	    &w, "--sign-key-password-file", run->from.asked ? "FILE" : NULL);
	vl_words_number(&w, "--level", &o->level);
	vl_words_text(
	    &w, "--kdf", o->kdf == VL_KDF_NORMAL ? NULL : vl_kdf_words[o->kdf]);
	vl_words_number(&w, "--frame-log2", &o->frame_log2);
	vl_words_number(&w, "--workers", &o->workers);
	vl_words_flag(&w, "--allow-empty", o->allow_empty);
	vl_words_flag(&w, "--json", o->json);
	vl_words_show(&w);
}

static enum vl_status
export_run(const struct vl_args *args, struct vl_err *err)
{
	struct run run = { .opts = args->opts };
	char dir[PATH_MAX];
	enum vl_status st = VL_OK;

	run.feed.json = run.opts->json;
	run.from.file = run.opts->sign_key;
	run.from.password = &run.opts->sign_password;
	st = vl_site_load(&run.site, args->operands[0], err);
	if (st == VL_OK)
		st = vl_profile_take_files(
		    run.site, vl_cli_profiles(dir, sizeof(dir)), err);
	if (st == VL_OK)
		st = vl_site_check_overlap(run.site, err);
	if (st == VL_OK)
		st = vl_feed_choose(&run.feed, run.site, &run.opts->only, err);
	if (st == VL_OK)
		st = run.opts->dry_run ? dry_run(&run, err) :
		                         write_bundle(&run, err);
	show_words(&run, args);
	vl_pack_free(run.pack);
	vl_feed_free(&run.feed);
	vl_tokens_free(run.tokens);
	vl_pool_free(run.pool);
	free(run.resources);
	vl_ids_free(run.ids);
	vl_secret_free(run.keys);
	vl_secret_free(run.sender);
	vl_series_free(&run.series);
	vl_state_free(run.state);
	vl_openers_free(&run.openers);
	vl_site_free(run.site);
	return st;
}

const struct vl_cmd vl_cmd_export = {
	.operands = "SITE.yaml --to DIR",
	.help = "write a bundle of what SITE.yaml describes",
	.opts = table,
	.opts_size = sizeof(struct vl_export_opts),
	.min_operands = 1,
	.max_operands = 1,
	.run = export_run,
};
