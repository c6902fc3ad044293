/* A bundle into the site, or a preview of it. */

#include <inttypes.h>

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/encode.h>
#include <valise/profile.h>
#include <valise/seal.h>
#include <valise/text.h>
#include <valise/unpack.h>

#include "import.h"

#define SHOWN  512
#define PROVED 120

/* "; did you mean 'skip'?", or nothing. */
static const char *
did_you_mean(char text[SHOWN], const char *word, const char *const *words)
{
	const char *near = vl_nearest(word, words);

	text[0] = '\0';
	if (near != NULL)
		(void)snprintf(text, SHOWN, "; did you mean '%s'?", near);
	return text;
}

static enum vl_status
read_on_match(enum vl_on_match *on_match, const char *word, struct vl_err *err)
{
	static const char *const words[] = { [VL_ON_MATCH_OVERWRITE] =
		                                 "overwrite",
		[VL_ON_MATCH_SKIP] = "skip",
		[VL_ON_MATCH_FAIL] = "fail",
		NULL };
	char shown[SHOWN];
	char near[SHOWN];
	size_t i = 0;

	for (i = 0; words[i] != NULL; i++) {
		if (strcmp(words[i], word) == 0) {
			*on_match = (enum vl_on_match)i;
			return VL_OK;
		}
	}
	return vl_fail(err, VL_EUSAGE,
	    "'--on-match' takes one of overwrite, skip, fail, not '%s'%s",
	    vl_escape_text(shown, sizeof(shown), vl_slice_of(word)),
	    did_you_mean(near, word, words));
}

static enum vl_status
check_sender(const char *file, struct vl_err *err)
{
	struct vl_sender_public pub = { 0 };
	struct vl_buf text = { 0 };
	enum vl_status st = vl_cli_file(&text, file, VL_SENDER_PUBLIC_MAX, err);

	if (st == VL_OK &&
	    vl_sender_public_decode(&pub, vl_buf_slice(&text), err) != VL_OK)
		st = vl_wrong_key_file(
		    file, VL_SENDER_PUB, vl_buf_slice(&text), err);
	vl_buf_free(&text);
	return st == VL_OK ? VL_OK : vl_within(err, "trusted sender");
}

/* Senders of one series only are looked at once the series is known. */
static enum vl_status
check_trust(const struct run *run, struct vl_err *err)
{
	const struct vl_texts *given = &run->opts->trust;
	const struct vl_site *site = run->site;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < given->n; i++)
		st = check_sender(given->list[i], err);
	for (i = 0; st == VL_OK && i < site->ntrust; i++)
		if (site->trust[i].series == NULL)
			st = check_sender(site->trust[i].sender, err);
	return st;
}

/* Before anybody is asked for a key.  A folder that does not open is met when
 * the bundle is taken in. */
static enum vl_status
check_bundle(const char *path, struct vl_err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum vl_status st = VL_OK;
	struct stat there = { 0 };
	char shown[SHOWN];

	if (fd < 0 && stat(path, &there) == 0 && S_ISREG(there.st_mode))
		return vl_fail(err, VL_EFORMAT,
		    "'%s' is a file, and a bundle is a folder: name the folder "
		    "that holds it",
		    vl_escape_text(shown, sizeof(shown), vl_slice_of(path)));
	if (fd < 0)
		return VL_OK;
	st = vl_seal_look(fd, path, err);
	(void)close(fd);
	return st;
}

/* "3 staged files", "5 rows (0.01 s)", or both. */
static void
show_proved(char text[PROVED], const struct vl_import_result *r)
{
	char files[40];
	char count[40];
	char rows[64];

	(void)vl_format_counted(
	    files, sizeof(files), r->proved, "staged file", "staged files");
	(void)vl_format_counted(
	    count, sizeof(count), r->proved_rows, "row", "rows");
	(void)snprintf(
	    rows, sizeof(rows), "%s (%.2f s)", count, r->prove_seconds);
	if (r->proved_rows == 0)
		(void)snprintf(text, PROVED, "%s", files);
	else if (r->proved == 0)
		(void)snprintf(text, PROVED, "%s", rows);
	else
		(void)snprintf(text, PROVED, "%s and %s", files, rows);
}

static void
show_json(const struct run *run, const struct vl_import_result *r)
{
	char head[VL_HEX_SIZE(VL_HASH_SIZE)];
	struct vl_msg m = { 0 };

	vl_msg_begin(&m, "status");
	vl_msg_text(&m, "result",
	    vl_slice_of(run->opts->preview ? "previewed" :
	            r->unchanged           ? "unchanged" :
	                                     "imported"));
	if (run->opts->preview)
		vl_msg_bool(&m, "differs", r->changed);
	vl_msg_count(&m, "seq", r->seq);
	vl_msg_text(
	    &m, "head", vl_slice_of(vl_hex(head, r->head, sizeof(r->head))));
	vl_msg_count(&m, "records", r->lines);
	vl_msg_count(&m, "bundle_bytes", r->bytes);
	vl_msg_count(&m, "unused_chunks", r->unused_chunks);
	vl_msg_count(&m, "proved", r->proved);
	vl_msg_count(&m, "proved_rows", r->proved_rows);
	vl_msg_count(
	    &m, "prove_rows_milliseconds", (uint64_t)(r->prove_seconds * 1000));
	if (!run->opts->preview)
		vl_msg_count(&m, "apply_milliseconds",
		    (uint64_t)(r->apply_seconds * 1000));
	vl_msg_end(&m);
}

static void
show_result(const struct run *run, const struct vl_import_result *r)
{
	const char *site = run->site->name;
	char lines[48];
	char bytes[32];
	char proved[PROVED];

	if (r->unused_chunks > 0)
		vl_cli_note("note: %s of the bundle belong%s to no record",
		    vl_format_counted(lines, sizeof(lines), r->unused_chunks,
		        "chunk", "chunks"),
		    r->unused_chunks == 1 ? "s" : "");
	(void)vl_format_counted(
	    lines, sizeof(lines), r->lines, "record", "records");
	(void)vl_format_bytes(bytes, sizeof(bytes), r->bytes);
	show_proved(proved, r);
	if (run->opts->preview && !r->changed)
		vl_cli_note("nothing differs: site '%s' is as bundle %" PRIu64
		            " says",
		    site, r->seq);
	else if (run->opts->preview)
		vl_cli_note("this is what importing bundle %" PRIu64
		            " would do; nothing was changed",
		    r->seq);
	else if (r->unchanged)
		vl_cli_note("nothing differs: site '%s' is as bundle %" PRIu64
		            " says; nothing was changed",
		    site, r->seq);
	else
		vl_cli_note("imported bundle %" PRIu64 " into site '%s', %s "
		            "from %s; %s read back and compared; durable, "
		            "applied in %.2f s",
		    r->seq, site, lines, bytes, proved, r->apply_seconds);
	if (run->opts->preview && run->opts->plan != NULL)
		vl_cli_note("the plan is in '%s'; edit its actions, and import "
		            "with '--plan' to have it done",
		    run->opts->plan);
	if (run->opts->json)
		show_json(run, r);
}

static bool
asked_to_stop(void *arg)
{
	(void)arg;
	return vl_cli_stop();
}

/* The child that will read the bundle, before a thread or secret is there. */
static enum vl_status
open_cage(struct run *run, struct vl_err *err)
{
	struct vl_err why = { 0 };
	enum vl_status st = VL_OK;

	if (vl_cage_require(&why) != VL_OK) {
		if (run->opts->sandbox)
			return vl_fail(err, why.status, "%s", why.text);
		vl_cli_note("note: %s", why.text);
	}
	st = vl_unpack_cage_open(&run->cage, run->opts->workers.value, err);
	if (st == VL_OK)
		vl_cage_heed(run->cage, asked_to_stop, NULL);
	return st;
}

static enum vl_status
apply(struct run *run, const enum vl_on_match *on_match, struct vl_err *err)
{
	const struct import_opts *o = run->opts;
	struct vl_apply_ui ui = { 0 };
	struct vl_import_opts opts = { 0 };
	struct vl_import_result result = { 0 };
	struct vl_pool *pool = NULL;
	char profiles[PATH_MAX];
	enum vl_status st = VL_OK;

	view_fill(&ui, run);
	ask_fill(&ui);
	st = vl_pool_new(&pool, o->workers.value, err);
	if (st != VL_OK)
		return st;
	opts.site = run->site;
	opts.profiles = vl_cli_profiles(profiles, sizeof(profiles));
	opts.state = run->state;
	opts.bundle = run->args->operands[1];
	opts.only = o->only.list;
	opts.nonly = o->only.n;
	opts.on_match = on_match;
	opts.map = run->map;
	opts.nmap = run->nmap;
	opts.plan = run->plan;
	opts.plan_to = o->preview ? o->plan : NULL;
	opts.allow_delete = o->allow_delete;
	opts.allow_drift = o->allow_drift;
	opts.preview = o->preview;
	opts.yes = o->yes;
	opts.wait = o->wait.value;
	opts.trust = o->trust.list;
	opts.ntrust = o->trust.n;
	opts.pool = pool;
	opts.cage = run->cage;
	opts.ui = &ui;
	st = vl_apply_import(&opts, &result, err);
	vl_progress_clear();
	view_table(&run->view);
	if (st != VL_OK)
		st = view_wrong(run, err);
	if (st == VL_OK)
		show_result(run, &result);
	if (st == VL_OK)
		ask_show_words(run);
	vl_pool_free(pool);
	if (st == VL_OK && o->exit_code && result.changed)
		st = vl_fail(err, VL_EDIFFER,
		    "site '%s' differs from the bundle", run->site->name);
	return st;
}

enum vl_status
transfer_run(struct run *run, struct vl_err *err)
{
	const struct import_opts *o = run->opts;
	enum vl_on_match on_match = VL_ON_MATCH_OVERWRITE;
	char dir[PATH_MAX];
	enum vl_status st = VL_OK;

	if (o->on_match != NULL)
		st = read_on_match(&on_match, o->on_match, err);
	if (st == VL_OK)
		st =
		    vl_site_only_check(run->site, o->only.list, o->only.n, err);
	if (st == VL_OK)
		st = vl_profile_take_files(
		    run->site, vl_cli_profiles(dir, sizeof(dir)), err);
	if (st == VL_OK)
		st = vl_site_check_overlap(run->site, err);
	if (st == VL_OK)
		st = said_plan(run, err);
	if (st == VL_OK)
		st = said_map(run, err);
	if (st == VL_OK)
		st = check_trust(run, err);
	if (st == VL_OK)
		st = check_bundle(run->args->operands[1], err);
	if (st == VL_OK)
		st = open_cage(run, err);
	if (st == VL_OK)
		st = ask_early(run, err);
	/* A preview copies the bundle to the spool as an import does. */
	if (st == VL_OK)
		st = recovery_make_state(run, err);
	if (st == VL_OK)
		st = apply(run, o->on_match != NULL ? &on_match : NULL, err);
	vl_cage_close(run->cage);
	run->cage = NULL;
	return st;
}
