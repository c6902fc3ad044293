/*
 * valise verify: the public check of whoever has no key, and with --open
 * every record behind it.  Who signed is a part of the check: without it the
 * answer is never yes.
 */

#include <inttypes.h>
#include <string.h>

#include <valise/text.h>

#include "tool.h"

struct verify_opts {
	struct open_opts how;
	bool open;
	bool quick;
	bool json;
};

#define AT(member) offsetof(struct verify_opts, member)

static const struct vl_opt table[] = { SENDER_OPT(struct verify_opts, how),
	{ .name = "open",
	    .type = VL_OPT_FLAG,
	    .at = AT(open),
	    .help = "with a key: every frame, chunk, record, count and root" },
	{ .name = "quick",
	    .type = VL_OPT_FLAG,
	    .at = AT(quick),
	    .help = "look only at the sizes of packs" },
	VL_KEY_OPTS(struct verify_opts, how.keys),
	VL_WORKERS_OPT(struct verify_opts, how.workers),
	VL_JSON_OPT(struct verify_opts, json, "JSON lines on stdout"),
	SANDBOX_OPT(struct verify_opts, how), { .name = NULL } };

/* One bundle while it is checked. */
struct check {
	const struct verify_opts *opts;
	struct bundle bundle;
	struct vl_progress progress;
	struct hard_lines hard;
	uint64_t lines;
	uint64_t chunks;
	uint64_t plain;
	uint64_t secrets;
};

static void
tell_wrong(void *arg, const char *name, const char *why)
{
	const struct check *c = arg;
	struct vl_msg m = { 0 };

	vl_progress_clear();
	if (!c->opts->json) {
		printf("wrong\t%s\t%s\t%s\n", c->bundle.shown, name, why);
		return;
	}
	vl_msg_begin(&m, "error");
	vl_msg_text(&m, "bundle", vl_slice_of(c->bundle.shown));
	vl_msg_text(&m, "file", vl_slice_of(name));
	vl_msg_text(&m, "message", vl_slice_of(why));
	vl_msg_end(&m);
}

static void
tell_progress(void *arg, uint64_t done, uint64_t total)
{
	struct check *c = arg;

	vl_progress_show(
	    &c->progress, vl_slice_of(c->bundle.shown), done, total);
}

/* Bodies are checked as they are passed by. */
static enum vl_status
read_records(struct check *c, struct vl_err *err)
{
	struct vl_unpacked rec = { 0 };
	uint64_t bytes = 0;
	enum vl_status st = VL_OK;

	while (st == VL_OK) {
		if (vl_cli_stop())
			return vl_cli_stopped(err);
		st = vl_unpack_next(c->bundle.unpack, &rec, err);
		if (st != VL_OK || rec.line.p == NULL)
			break;
		bytes += rec.size;
		vl_progress_show(&c->progress,
		    rec.kind == VL_LINE_ENTRY ? rec.entry.path : rec.resource,
		    bytes, 0);
		if (rec.kind == VL_LINE_ENTRY)
			st = hard_add(&c->hard, &rec.entry, err);
	}
	return st;
}

/* Each was opened before its record came, where there was a key. */
static void
tell_secrets(const struct check *c)
{
	char shown[32];

	if (c->secrets == 0)
		return;
	(void)vl_format_count(shown, sizeof(shown), c->secrets);
	if (vl_unpack_secrets(c->bundle.unpack) != NULL)
		vl_cli_note("'%s': secrets that were opened: %s",
		    c->bundle.shown, shown);
	else
		vl_cli_note("'%s': secrets that were not opened, since this "
		            "key has the role audit: %s",
		    c->bundle.shown, shown);
}

static enum vl_status
read_all(struct check *c, struct vl_err *err)
{
	struct vl_unpack_totals totals = { 0 };
	enum vl_status st = VL_OK;

	vl_progress_begin(&c->progress, "opening", c->opts->json);
	st = hard_begin(&c->hard, vl_unpack_inner(c->bundle.unpack), err);
	if (st == VL_OK)
		st = read_records(c, err);
	if (st == VL_OK)
		st = vl_unpack_end(c->bundle.unpack, &totals, err);
	if (st == VL_OK)
		st = hard_check(&c->hard, &c->bundle, err);
	vl_progress_clear();
	if (st != VL_OK)
		return vl_within(err, "bundle '%s'", c->bundle.shown);
	c->lines = totals.lines;
	c->chunks = totals.chunks;
	c->plain = totals.plain;
	c->secrets = totals.secrets;
	if (totals.unused_chunks > 0)
		vl_cli_note("'%s' carries %" PRIu64
		            " chunks that belong to no file",
		    c->bundle.shown, totals.unused_chunks);
	tell_secrets(c);
	return VL_OK;
}

static void
tell_json(const struct check *c)
{
	const struct bundle *b = &c->bundle;
	struct vl_msg m = { 0 };
	char id8[ID8_SIZE];

	vl_msg_begin(&m, "summary");
	vl_msg_text(&m, "bundle", vl_slice_of(b->shown));
	vl_msg_text(&m, "id8", vl_slice_of(bundle_id8(id8, b)));
	vl_msg_count(&m, "seq", b->seal.head.seq);
	vl_msg_bool(&m, "signer_checked", b->signer != NULL);
	vl_msg_bool(&m, "opened", c->opts->open);
	vl_msg_bool(&m, "quick", c->opts->quick);
	vl_msg_count(&m, "files", b->seal.list.n);
	vl_msg_count(&m, "stored_bytes", b->seal.bytes);
	if (c->opts->open) {
		vl_msg_count(&m, "lines", c->lines);
		vl_msg_count(&m, "chunks", c->chunks);
		vl_msg_count(&m, "bytes", c->plain);
		vl_msg_count(&m, "secrets", c->secrets);
		vl_msg_bool(
		    &m, "secrets_opened", vl_unpack_secrets(b->unpack) != NULL);
	}
	vl_msg_end(&m);
}

/* All fits, as far as it was looked at. */
static enum vl_status
tell_good(const struct check *c, struct vl_err *err)
{
	const struct bundle *b = &c->bundle;
	char id8[ID8_SIZE];

	if (c->opts->json)
		tell_json(c);
	if (b->signer == NULL)
		return vl_fail(err, VL_ETRUST,
		    "bundle '%s': its files are those that 'seal.txt' lists, "
		    "but who signed 'seal.sig' was not checked; give '--sender "
		    "PUB', a copy of sender.pub that did not come with the "
		    "bundle",
		    b->shown);
	if (c->opts->quick)
		vl_cli_note(
		    "'%s': packs were looked at for their size only", b->shown);
	if (c->opts->json)
		return VL_OK;
	(void)bundle_id8(id8, b);
	if (c->opts->open)
		printf("ok\t%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64
		       "\n",
		    id8, b->seal.head.seq, c->lines, c->chunks, c->plain);
	else
		printf("ok\t%s\t%" PRIu64 "\t%zu\t%" PRIu64 "\n", id8,
		    b->seal.head.seq, b->seal.list.n, b->seal.bytes);
	return VL_OK;
}

/* What is needed for every bundle, read once. */
struct trust {
	bool has_sender;
	struct vl_sender_public sender;
	struct vl_held_keys held;
};

static enum vl_status
check_one(const struct verify_opts *o, const char *path,
    const struct trust *trust, struct vl_err *err)
{
	struct check c = { .opts = o, .bundle = BUNDLE_NONE };
	const struct vl_seal_report report = { .arg = &c,
		.wrong = tell_wrong,
		.progress = tell_progress,
		.stop = bundle_stop };
	const struct seal_opts seal = {
		.sender = trust->has_sender ? &trust->sender : NULL,
		.reads = o->quick ? VL_READS_INDEX : VL_READS_ALL,
		.report = &report
	};
	enum vl_status st = VL_OK;

	if (o->open)
		st = bundle_cage(
		    &c.bundle, &o->how.workers, o->how.sandbox, err);
	if (st == VL_OK)
		st = bundle_open(&c.bundle, path, err);
	vl_progress_begin(&c.progress, "checking", o->json);
	if (st == VL_OK)
		st = bundle_seal(&c.bundle, &seal, err);
	vl_progress_clear();
	if (st == VL_OK && o->open)
		st = bundle_unlock(&c.bundle, &trust->held, err);
	if (st == VL_OK && o->open)
		st = bundle_unpack(&c.bundle, &o->how.workers, err);
	if (st == VL_OK && o->open)
		st = read_all(&c, err);
	if (st == VL_OK)
		st = tell_good(&c, err);
	hard_free(&c.hard);
	bundle_close(&c.bundle);
	return st;
}

static enum vl_status
verify_run(const struct vl_args *args, struct vl_err *err)
{
	const struct verify_opts *o = args->opts;
	struct trust trust = { .has_sender = o->how.sender != NULL };
	enum vl_status first = VL_OK;
	enum vl_status st = VL_OK;
	size_t bad = 0;
	size_t i = 0;

	if (o->open && o->quick)
		return vl_fail(err, VL_EUSAGE,
		    "'--open' reads everything, so '--quick' does not go with "
		    "it");
	if (o->how.sandbox && !o->open)
		return vl_fail(err, VL_EUSAGE,
		    "'--require-sandbox' goes with '--open': nothing else "
		    "reads what is inside");
	if (trust.has_sender)
		st = sender_read(&trust.sender, o->how.sender, err);
	if (st == VL_OK && o->open)
		st = vl_held_keys_open(&trust.held, &o->how.keys, err);
	if (st != VL_OK)
		return st;
	for (i = 0; i < args->n && st != VL_ESIGNAL; i++) {
		st = check_one(o, args->operands[i], &trust, err);
		if (st == VL_OK)
			continue;
		bad++;
		if (first == VL_OK)
			first = st;
		if (args->n > 1 && st != VL_ESIGNAL)
			vl_cli_note("%s", err->text);
	}
	vl_held_keys_free(&trust.held);
	if (bad == 0 || args->n == 1 || st == VL_ESIGNAL)
		return st;
	return vl_fail(
	    err, first, "%zu of %zu bundles did not pass", bad, args->n);
}

const struct vl_cmd vl_cmd_verify = {
	.name = "verify",
	.operands = "DIR...",
	.help = "check bundles: seal, signature and every file",
	.about = "Needs no key but the sender's public one. Prints a line for "
	         "each bundle that is good:\n  ok, id, seq, files, bytes\n"
	         "and with --open:\n  ok, id, seq, lines, chunks, bytes\n"
	         "and for each wrong file:\n  wrong, bundle, file, why\n"
	         "parted by tabs. With more than one bundle the exit code is "
	         "that of the first\nthat did not pass.",
	.opts = table,
	.opts_size = sizeof(struct verify_opts),
	.min_operands = 1,
	.max_operands = SIZE_MAX,
	.run = verify_run,
};
