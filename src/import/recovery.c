/*
 * --recover and --status: by the journal, not by what site.yaml says now.
 * SITE.yaml only says which state directory it is about.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/encode.h>
#include <valise/text.h>

#include "import.h"

#define SHOWN 512

/* ---- Paths ---- */

/*
 * As the journal names it: the directory resolved, the last name as it is
 * (it may be a link, or gone).
 */
static enum vl_status
make_absolute(char **out, const char *path, struct vl_err *err)
{
	char *cwd = path[0] == '/' ? NULL : getcwd(NULL, 0);
	char *text = NULL;
	char *real = NULL;
	char *cut = NULL;
	enum vl_status st = VL_OK;
	size_t n = 0;

	*out = NULL;
	if (path[0] != '/' && cwd == NULL)
		return vl_fail_errno(err, "cannot tell the working directory");
	if (asprintf(&text, "%s%s%s", cwd != NULL ? cwd : "",
	        cwd != NULL ? "/" : "", path) < 0) {
		text = NULL;
		st = vl_fail_memory(err);
		goto out;
	}
	for (n = strlen(text); n > 1 && text[n - 1] == '/'; n--)
		text[n - 1] = '\0';
	/* The longest part above it that is there. */
	cut = text + n;
	while (real == NULL && cut > text) {
		cut = memrchr(text, '/', (size_t)(cut - text));
		*cut = '\0';
		real = realpath(cut == text ? "/" : text, NULL);
		*cut = '/';
	}
	if (asprintf(out, "%s%s",
	        real == NULL || strcmp(real, "/") == 0 ? "" : real,
	        real == NULL ? text : cut) < 0) {
		*out = NULL;
		st = vl_fail_memory(err);
	}
out:
	free(real);
	free(text);
	free(cwd);
	return st;
}

struct paths {
	char **list;
	size_t n;
};

static enum vl_status
paths_take(struct paths *p, const struct vl_texts *given, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	p->list = calloc(given->n + 1, sizeof(*p->list));
	if (p->list == NULL)
		return vl_fail_memory(err);
	for (; st == VL_OK && p->n < given->n; p->n++)
		st = make_absolute(&p->list[p->n], given->list[p->n], err);
	return st;
}

static void
paths_free(struct paths *p)
{
	size_t i = 0;

	for (i = 0; i < p->n; i++)
		free(p->list[i]);
	free(p->list);
}

/* ---- The state ---- */

/* A staging directory that stands there tells of a state that is missing. */
static enum vl_status
check_no_staging(const struct run *run, struct vl_err *err)
{
	const struct vl_site *site = run->site;
	struct vl_header_tree tree = { 0 };
	struct vl_err ignored = { 0 };
	enum vl_status st = VL_OK;
	char shown[SHOWN];
	size_t i = 0;

	for (i = 0; st == VL_OK && i < site->nresources; i++) {
		memset(&tree, 0, sizeof(tree));
		if (vl_stage_locate(&tree, site->resources[i].path, &ignored) ==
		        VL_OK &&
		    faccessat(
		        AT_FDCWD, tree.staging, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			st = vl_fail(err, VL_EPENDING,
			    "'%s' is left of an import, but there is no state "
			    "directory '%s/%s': mount it, or give --recover "
			    "--state-lost",
			    vl_escape_text(shown, sizeof(shown),
			        vl_slice_of(tree.staging)),
			    site->state, site->name);
		free(tree.root);
		free(tree.staging);
	}
	return st;
}

/* run->state stays NULL where nothing was ever imported. */
static enum vl_status
open_state(struct run *run, struct vl_err *err)
{
	struct vl_state_opts where = { .create = run->opts->state_lost };
	struct stat there = { 0 };
	enum vl_status st = VL_OK;
	char *path = NULL;

	if (run->opts->state != NULL) {
		path = realpath(run->opts->state, NULL);
		where.dir = path != NULL ? path : run->opts->state;
		st = vl_state_open(&run->state, &where, err);
		free(path);
		return st;
	}
	where.base = run->site->state;
	where.site = run->site->name;
	/* One without an identity was killed while it was made. */
	if (asprintf(&path, "%s/%s/identity", where.base, where.site) < 0)
		return vl_fail_memory(err);
	if (!where.create && lstat(path, &there) != 0 && errno == ENOENT)
		st = check_no_staging(run, err);
	else
		st = vl_state_open(&run->state, &where, err);
	free(path);
	return st;
}

/* ---- --recover ---- */

static void
show_recovered(const struct run *run, enum vl_recovered what)
{
	static const struct {
		const char *word;
		const char *text;
	} said[] = { [VL_RECOVERED_NOTHING] = { "nothing",
		         "there was nothing to recover" },
		[VL_RECOVERED_UNDONE] = { "undone",
		    "a killed import was undone: the target is as it was "
		    "before" },
		[VL_RECOVERED_FINISHED] = { "finished",
		    "a killed import was finished: the target is as its bundle "
		    "says" },
		[VL_RECOVERED_ABANDONED] = { "abandoned",
		    "the import was abandoned: the target stays as it "
		    "stands" } };
	struct vl_msg m = { 0 };

	vl_progress_clear();
	if (!run->opts->json) {
		printf("%s\n", said[what].text);
		return;
	}
	vl_msg_begin(&m, "status");
	vl_msg_text(&m, "result", vl_slice_of(said[what].word));
	vl_msg_end(&m);
}

enum vl_status
recover_run(struct run *run, struct vl_err *err)
{
	const struct import_opts *o = run->opts;
	struct vl_apply_ui ui = { 0 };
	struct vl_recover_opts opts = { 0 };
	struct paths keep = { 0 };
	struct paths take = { 0 };
	enum vl_recovered what = VL_RECOVERED_NOTHING;
	enum vl_status st = VL_OK;

	view_fill(&ui, run);
	ask_fill(&ui);
	st = paths_take(&keep, &o->keep_theirs, err);
	if (st == VL_OK)
		st = paths_take(&take, &o->take_ours, err);
	if (st == VL_OK)
		st = open_state(run, err);
	if (st == VL_OK && run->state != NULL) {
		opts.state = run->state;
		opts.site = run->site;
		opts.keep_theirs = (const char *const *)keep.list;
		opts.nkeep = keep.n;
		opts.take_ours = (const char *const *)take.list;
		opts.ntake = take.n;
		opts.abandon = o->abandon;
		opts.state_lost = o->state_lost;
		opts.wait = o->wait.value;
		opts.ui = &ui;
		st = vl_apply_recover(&opts, &what, err);
	}
	if (st == VL_OK)
		show_recovered(run, what);
	paths_free(&keep);
	paths_free(&take);
	return st;
}

/* ---- --status ---- */

static const struct {
	const char *word;
	const char *text;
} standings[] = {
	[VL_STANDING_IDLE] = { "idle", "no import is under way" },
	[VL_STANDING_STAGING] = { "staging",
	    "not decided: the next run undoes it" },
	[VL_STANDING_PREPARED] = { "prepared",
	    "not decided: the next run undoes it" },
	[VL_STANDING_DECIDED] = { "decided",
	    "decided, not finished: the next run goes on" },
	[VL_STANDING_ENDING] = { "ending", "applied: the next run cleans up" },
};

static void
show_ledger_json(const struct vl_ledger *l)
{
	char series[VL_HEX_SIZE(16)];
	char head[VL_HEX_SIZE(32)];
	struct vl_msg m = { 0 };
	size_t i = 0;

	for (i = 0; i < l->n; i++) {
		if (l->lines[i].resource[0] == '\0')
			continue;
		vl_msg_begin(&m, "status");
		vl_msg_text(&m, "resource", vl_slice_of(l->lines[i].resource));
		vl_msg_text(&m, "series",
		    vl_slice_of(vl_hex(series, l->lines[i].series, 16)));
		vl_msg_count(&m, "seq", l->lines[i].seq);
		vl_msg_text(&m, "head",
		    vl_slice_of(vl_hex(head, l->lines[i].head, 32)));
		vl_msg_end(&m);
	}
}

static void
show_status_json(const struct vl_status_report *r)
{
	char began[32];
	struct vl_msg m = { 0 };

	vl_msg_begin(&m, "status");
	vl_msg_text(&m, "site", vl_slice_of(r->site));
	vl_msg_text(&m, "standing", vl_slice_of(standings[r->standing].word));
	vl_msg_bool(&m, "locked", r->locked);
	vl_msg_count(&m, "seq", r->seq);
	if (r->began != 0)
		vl_msg_text(&m, "began",
		    vl_slice_of(
		        vl_format_time_utc(began, sizeof(began), r->began)));
	vl_msg_end(&m);
	show_ledger_json(&r->ledger);
}

/* As the operator's clock shows it. */
static void
show_began(int64_t began)
{
	time_t seconds = (time_t)began;
	struct tm local = { 0 };
	char text[64];

	if (localtime_r(&seconds, &local) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %z", &local) == 0)
		return;
	printf("began\t%s\n", text);
}

static void
show_status(const struct run *run, const struct vl_status_report *r)
{
	const struct vl_ledger *l = &r->ledger;
	size_t i = 0;

	if (run->opts->json) {
		show_status_json(r);
		return;
	}
	if (r->site[0] != '\0')
		printf("site\t%s\n", r->site);
	printf("standing\t%s\t%s\n", standings[r->standing].word,
	    r->locked ? "a run is at work right now" :
	                standings[r->standing].text);
	if (r->seq != 0)
		printf("bundle\t%" PRIu64 "\n", r->seq);
	if (r->began != 0)
		show_began(r->began);
	for (i = 0; i < l->n; i++)
		if (l->lines[i].resource[0] != '\0')
			printf("applied\t%s\tbundle %" PRIu64 "\n",
			    l->lines[i].resource, l->lines[i].seq);
}

enum vl_status
status_run(struct run *run, struct vl_err *err)
{
	struct vl_status_report report = { 0 };
	enum vl_status st = open_state(run, err);

	if (st == VL_OK && run->state != NULL)
		st = vl_apply_status(run->state, &report, err);
	if (report.site[0] == '\0' && run->site != NULL)
		(void)snprintf(
		    report.site, sizeof(report.site), "%s", run->site->name);
	if (st == VL_OK)
		show_status(run, &report);
	vl_ledger_free(&report.ledger);
	return st;
}
