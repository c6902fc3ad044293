/*
 * --recover and --status: by the journal, not by what site.yaml says now.
 * SITE.yaml only says which state directory it is about.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/encode.h>
#include <valise/journal.h>
#include <valise/text.h>

#include "import.h"

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

static enum vl_status
open_state_as(
    struct run *run, const struct vl_state_opts *where, struct vl_err *err)
{
	enum vl_status st = vl_state_open(&run->state, where, err);
	char *decision = NULL;

	if (st != VL_EIO)
		return st;
	/* What is decided waits, also for a state that does not open. */
	if (asprintf(&decision, "%s/%s/decision",
	        where->dir != NULL ? where->dir : where->base,
	        where->dir != NULL ? "." : where->site) < 0)
		return vl_fail_memory(err);
	if (faccessat(AT_FDCWD, decision, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		st = err->status = VL_EPENDING;
	free(decision);
	return st;
}

/* One without an identity was killed while it was made. */
static enum vl_status
check_absent(const struct run *run, bool *absent, struct vl_err *err)
{
	struct stat there = { 0 };
	char *path = NULL;

	if (asprintf(
	        &path, "%s/%s/identity", run->site->state, run->site->name) < 0)
		return vl_fail_memory(err);
	*absent = lstat(path, &there) != 0 && errno == ENOENT;
	free(path);
	return *absent ? vl_apply_check_strays(run->site, err) : VL_OK;
}

enum vl_status
recovery_make_state(struct run *run, struct vl_err *err)
{
	const struct vl_state_opts where = { .base = run->site->state,
		.site = run->site->name,
		.create = true };
	bool absent = false;
	enum vl_status st = check_absent(run, &absent, err);

	return st != VL_OK ? st : open_state_as(run, &where, err);
}

static bool
is_state(int dirfd, const char *name)
{
	struct stat there = { 0 };
	char path[NAME_MAX + sizeof("/identity")];
	int n = snprintf(path, sizeof(path), "%s/identity", name);

	return n > 0 && (size_t)n < sizeof(path) &&
	    fstatat(dirfd, path, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(there.st_mode);
}

/* Of what was given in place of a state directory: the first site in it. */
static enum vl_status
name_a_site(const char *dir, struct vl_err *err)
{
	char first[NAME_MAX + 1] = "";
	char shown[512];
	struct dirent *entry = NULL;
	DIR *d = opendir(dir);

	if (d == NULL)
		return err->status;
	if (!is_state(dirfd(d), "."))
		while ((entry = readdir(d)) != NULL)
			if (entry->d_name[0] != '.' &&
			    (first[0] == '\0' ||
			        strcmp(entry->d_name, first) < 0) &&
			    is_state(dirfd(d), entry->d_name))
				(void)snprintf(
				    first, sizeof(first), "%s", entry->d_name);
	(void)closedir(d);
	if (first[0] == '\0')
		return err->status;
	return vl_fail(err, err->status,
	    "%s; it holds those of sites: name one, e.g. '%s/%s'", err->text,
	    dir, vl_escape_text(shown, sizeof(shown), vl_slice_of(first)));
}

/* run->state stays NULL where nothing was ever imported. */
static enum vl_status
open_state(struct run *run, struct vl_err *err)
{
	struct vl_state_opts where = { .create = run->opts->state_lost };
	enum vl_status st = VL_OK;
	bool absent = false;
	char *path = NULL;

	if (run->opts->state != NULL) {
		path = realpath(run->opts->state, NULL);
		where.dir = path != NULL ? path : run->opts->state;
		st = open_state_as(run, &where, err);
		if (st == VL_EUSAGE)
			st = name_a_site(where.dir, err);
		free(path);
		return st;
	}
	where.base = run->site->state;
	where.site = run->site->name;
	if (!where.create)
		st = check_absent(run, &absent, err);
	return st != VL_OK || absent ? st : open_state_as(run, &where, err);
}

/* ---- --recover ---- */

static bool
is_among(const struct paths *p, size_t n, const char *path)
{
	size_t i = 0;

	for (i = 0; i < n; i++)
		if (strcmp(p->list[i], path) == 0)
			return true;
	return false;
}

/*
 * Entries of which theirs is kept: by this run's words, and by those of runs
 * before it, which the journal has as long as the import is not finished.
 */
static uint64_t
count_kept(const struct vl_journal *before, const struct paths *keep,
    const struct paths *take)
{
	const char *path = NULL;
	uint64_t n = 0;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < keep->n; i++)
		n += !is_among(keep, i, keep->list[i]) &&
		    !is_among(take, take->n, keep->list[i]);
	for (i = 0; i < before->nchoices; i++) {
		path = before->choices[i].path;
		for (k = 0; k < i; k++)
			if (strcmp(before->choices[k].path, path) == 0)
				break;
		n += k == i && !is_among(keep, keep->n, path) &&
		    !is_among(take, take->n, path) &&
		    vl_journal_choice(before, path) == VL_CHOICE_KEEP_THEIRS;
	}
	return n;
}

static void
show_recovered(const struct run *run, enum vl_recovered what, uint64_t kept)
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
	const bool finished = what == VL_RECOVERED_FINISHED;
	struct vl_msg m = { 0 };
	char count[48];

	vl_progress_clear();
	if (!run->opts->json) {
		printf("%s", said[what].text);
		if (finished && kept > 0)
			printf(", but for %s of which theirs was kept",
			    vl_format_counted(count, sizeof(count), kept,
			        "entry", "entries"));
		printf("\n");
		return;
	}
	vl_msg_begin(&m, "status");
	vl_msg_text(&m, "result", vl_slice_of(said[what].word));
	if (finished)
		vl_msg_count(&m, "kept_theirs", kept);
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
	struct vl_journal before = { 0 };
	struct vl_err ignored = { 0 };
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
		/* Only to be counted: whoever recovers reads it again. */
		(void)vl_journal_load(&before, run->state, &ignored);
		st = vl_apply_recover(&opts, &what, err);
	}
	if (st == VL_OK)
		show_recovered(run, what, count_kept(&before, &keep, &take));
	vl_journal_free(&before);
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

/* A new source of a site has a series of its own. */
static void
show_ledger(const struct vl_ledger *l)
{
	char series[VL_HEX_SIZE(16)];
	size_t i = 0;

	for (i = 0; i < l->n; i++)
		if (l->lines[i].resource[0] != '\0')
			printf("applied\t%s\tbundle %" PRIu64 "\tseries %s\n",
			    l->lines[i].resource, l->lines[i].seq,
			    vl_hex(series, l->lines[i].series, 16));
}

static void
show_status(const struct run *run, const struct vl_status_report *r)
{
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
	show_ledger(&r->ledger);
}

enum vl_status
status_run(struct run *run, struct vl_err *err)
{
	struct vl_status_report report = { 0 };
	enum vl_status st = open_state(run, err);

	if (st == VL_OK && run->state != NULL)
		st = vl_apply_status(run->state, run->site, &report, err);
	if (report.site[0] == '\0' && run->site != NULL)
		(void)snprintf(
		    report.site, sizeof(report.site), "%s", run->site->name);
	if (st == VL_OK)
		show_status(run, &report);
	vl_ledger_free(&report.ledger);
	return st;
}
