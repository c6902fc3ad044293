/*
 * Prepare, decide, finish (docs/transaction.md).  vl_finish() is what an
 * import runs after its decision and what recovery runs for one that was
 * killed: there is one way to the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <valise/fs.h>
#include <valise/text.h>

#include "databases.h"

double
vl_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
say_entry(const struct vl_apply_ui *ui, const char *path, const char *word,
    const char *why)
{
	char text[256];

	snprintf(text, sizeof(text), "%s: %s", word, why);
	ui->entry(ui->arg, path, text);
}

static void
on_blocked(void *arg, const char *path, const char *why)
{
	say_entry(arg, path, "blocked", why);
}

static void
on_diverged(void *arg, const char *path, const char *why)
{
	say_entry(arg, path, "diverged", why);
}

static void
on_kept(void *arg, const char *path, const char *why)
{
	say_entry(arg, path, "kept", why);
}

static void
on_proved(void *arg, const char *root, uint64_t entries)
{
	const struct vl_apply_ui *ui = arg;
	char name[256];
	char count[48];
	char text[384];

	snprintf(text, sizeof(text),
	    "proof: what the last step touched was looked at again: %s of "
	    "'%s', as planned",
	    vl_format_counted(
	        count, sizeof(count), entries, "entry", "entries"),
	    vl_escape_text(name, sizeof(name), vl_slice_of(root)));
	ui->note(ui->arg, text);
}

struct vl_stage_report
vl_stage_report_of(const struct vl_apply_ui *ui)
{
	/* The callbacks only read it. */
	union {
		const struct vl_apply_ui *in;
		void *out;
	} arg = { .in = ui };

	return (struct vl_stage_report){ .arg = arg.out,
		.blocked = on_blocked,
		.diverged = on_diverged,
		.kept = on_kept,
		.proved = on_proved };
}

/* The spool becomes the shadow, or goes; harmless to repeat. */
static enum vl_status
keep_spool(struct vl_state *state, bool keep, struct vl_err *err)
{
	int fd = vl_state_fd(state);
	struct stat st_spool;
	enum vl_status st = VL_OK;

	if (!keep) {
		st = vl_remove_tree(fd, "spool", err);
		return st == VL_OK ? vl_remove_tree(fd, "shadow", err) : st;
	}
	/* What was killed after the rename below is here again. */
	if (fstatat(fd, "spool", &st_spool, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ?
		    VL_OK :
		    vl_fail_errno(err, "cannot keep the shadow in '%s'",
		        vl_state_path(state));
	st = vl_remove_tree(fd, "shadow", err);
	if (st == VL_OK && renameat(fd, "spool", fd, "shadow") != 0)
		st = vl_fail_errno(err, "cannot keep the shadow in '%s'",
		    vl_state_path(state));
	if (st == VL_OK && syncfs(fd) != 0) {
		st = vl_fail_errno(
		    err, "cannot sync '%s'", vl_state_path(state));
		vl_state_note_failed_sync(state, vl_state_path(state));
	}
	return st;
}

static enum vl_status
save_ledger(
    struct vl_state *state, const struct vl_header *h, struct vl_err *err)
{
	struct vl_ledger ledger = { 0 };
	enum vl_status st = vl_ledger_load(&ledger, state, err);
	size_t i = 0;

	if (st != VL_OK)
		return vl_fail(err, st,
		    "%s: restore its file 'ledger' from a copy, or remove it "
		    "(replays of older bundles are no longer refused then), "
		    "and run again",
		    err->text);
	for (i = 0; i < h->ledger.n && st == VL_OK; i++)
		st = vl_ledger_set(&ledger, &h->ledger.lines[i], err);
	if (st == VL_OK)
		st = vl_ledger_save(&ledger, state, err);
	vl_ledger_free(&ledger);
	return st;
}

/* An operator said of the path, or of one above it, that it is somebody
 * else's. */
struct theirs {
	const struct vl_journal *journal;
	const char *root;
};

static bool
is_theirs(void *arg, struct vl_slice path)
{
	const struct theirs *t = arg;
	const struct vl_choice_line *c = NULL;
	size_t n = strcmp(t->root, "/") == 0 ? 0 : strlen(t->root);
	size_t i = 0;

	for (i = 0; i < t->journal->nchoices; i++) {
		c = &t->journal->choices[i];
		if (strncmp(c->path, t->root, n) == 0 && c->path[n] == '/' &&
		    vl_path_below(path, vl_slice_of(c->path + n + 1)) &&
		    vl_journal_choice(t->journal, c->path) ==
		        VL_CHOICE_KEEP_THEIRS)
			return true;
	}
	return false;
}

/* Both lists of a tree. */
static enum vl_status
keep_tree_lists(const struct vl_finish *f, size_t tree, struct vl_err *err)
{
	const struct vl_header *h = &f->journal->header;
	struct theirs theirs = { f->journal, h->trees[tree].root };
	const struct vl_brought_theirs choice = { is_theirs, &theirs };
	const struct vl_brought_theirs *asked =
	    f->journal->nchoices == 0 ? NULL : &choice;
	struct vl_brought b =
	    vl_brought_of(f->state, h, h->trees[tree].resource);
	enum vl_status st = vl_brought_keep(&b, asked, err);

	b.members = true;
	return st == VL_OK ? vl_brought_keep(&b, asked, err) : st;
}

/* What was brought, from now on; harmless to repeat. */
static enum vl_status
keep_lists(const struct vl_finish *f, struct vl_err *err)
{
	const struct vl_header *h = &f->journal->header;
	struct vl_brought b = { 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; i < h->ntrees && st == VL_OK; i++)
		st = keep_tree_lists(f, i, err);
	for (i = 0; i < h->ndbs && st == VL_OK; i++) {
		b = vl_brought_of(f->state, h, h->dbs[i].resource);
		st = vl_brought_keep(&b, NULL, err);
	}
	return st;
}

/* Cleaning changes the time of a root that holds its staging: what is put
 * back is journalled before the end. */
static enum vl_status
note_times(struct vl_finish *f, bool *inside, struct vl_err *err)
{
	const struct vl_header *h = &f->journal->header;
	struct vl_time time = { 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	*inside = false;
	for (i = 0; i < f->n && st == VL_OK; i++) {
		if (!h->trees[i].inside || f->stages[i] == NULL)
			continue;
		*inside = true;
		st = vl_stage_take_time(f->stages[i], &time, err);
		if (st == VL_OK)
			st = vl_journal_time(f->state, i, &time, err);
	}
	return st;
}

/* All is in place and durable; what is left to remove may be removed by the
 * next run as well. */
static void
clean(struct vl_finish *f, bool inside)
{
	struct vl_stage_report report = vl_stage_report_of(f->ui);
	struct vl_err err = { 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; i < f->n && st == VL_OK; i++)
		if (f->stages[i] != NULL)
			st = vl_stage_clean(f->stages[i], &report, &err);
	if (st == VL_OK && inside)
		st = vl_journal_add(f->state, VL_JOURNAL_CLEANED, &err);
	if (st != VL_OK)
		f->ui->note(f->ui->arg, err.text);
}

/* The application may have its databases back. */
static void
give_back(const struct vl_finish *f)
{
	vl_decider_give_back(f->dbs,
	    &(struct vl_asking){ .state = f->state,
	        .header = &f->journal->header,
	        .wait = f->wait,
	        .ui = f->ui });
}

enum vl_status
vl_finish_end(struct vl_finish *f, struct vl_err *err)
{
	const struct vl_header *h = &f->journal->header;
	bool inside = false;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; i < f->n && st == VL_OK; i++)
		if (f->stages[i] != NULL)
			st = vl_stage_mark(f->stages[i], VL_STAGE_APPLIED, err);
	if (st == VL_OK)
		st = note_times(f, &inside, err);
	if (st == VL_OK)
		st = save_ledger(f->state, h, err);
	if (st == VL_OK)
		st = keep_lists(f, err);
	if (st == VL_OK)
		st = keep_spool(f->state, h->keep_shadow, err);
	if (st == VL_OK)
		give_back(f);
	if (st == VL_OK)
		st = vl_journal_add(f->state, VL_JOURNAL_ENDED, err);
	if (st == VL_OK)
		st = vl_decision_drop(f->state, err);
	if (st != VL_OK) {
		err->status = VL_EPENDING;
		vl_within(err, "all is in place, but not finished");
		return VL_EPENDING;
	}
	clean(f, inside);
	return VL_OK;
}

enum vl_status
vl_finish(struct vl_finish *f, struct vl_err *err)
{
	struct vl_stage_report report = vl_stage_report_of(f->ui);
	struct vl_err later = { 0 };
	double start = vl_seconds();
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; i < f->n && st == VL_OK; i++)
		st = vl_stage_mark(f->stages[i], VL_STAGE_DECIDED, err);
	if (st != VL_OK)
		goto out;
	/* Every tree is tried: what blocks one need not hold up the others. */
	for (i = 0; i < f->n; i++) {
		if (vl_stage_redo(f->stages[i], f->journal, &report,
		        st == VL_OK ? err : &later) != VL_OK)
			st = VL_EPENDING;
	}
	for (i = 0; i < f->n && st == VL_OK; i++) {
		st = vl_stage_sync(f->stages[i], err);
		if (st != VL_OK)
			vl_state_note_failed_sync(
			    f->state, f->journal->header.trees[i].root);
	}
out:
	f->seconds = vl_seconds() - start;
	if (st != VL_OK) {
		err->status = VL_EPENDING;
		vl_within(err,
		    "the import is decided and not finished; the next run "
		    "goes on once this is mended, and if it cannot be, "
		    "--recover --abandon ends it as it stands");
		return VL_EPENDING;
	}
	return vl_finish_end(f, err);
}

/* One tree; its staging may stand although it could not be made in full. */
static enum vl_status
undo_tree(const struct vl_header *h, size_t tree, struct vl_stage *stage,
    struct vl_err *err)
{
	enum vl_stage_found found = VL_STAGE_ABSENT;
	struct vl_stage *own = NULL;
	enum vl_status st = VL_OK;

	if (stage == NULL)
		st = vl_stage_open(&own, h, tree, &found, err);
	if (st == VL_OK && (stage != NULL || own != NULL))
		st = vl_stage_drop(stage != NULL ? stage : own, err);
	if (st == VL_OK)
		st = vl_stage_sweep(h, tree, err);
	if (st == VL_OK)
		st = vl_stage_restore(h, tree, err);
	vl_stage_close(own);
	return st;
}

enum vl_status
vl_undo(struct vl_finish *f, struct vl_err *err)
{
	const struct vl_header *h = &f->journal->header;
	enum vl_status st = vl_journal_add(f->state, VL_JOURNAL_UNDO, err);
	struct vl_brought b = { 0 };
	size_t i = 0;

	for (i = 0; i < h->ntrees && st == VL_OK; i++) {
		b = vl_brought_of(f->state, h, h->trees[i].resource);
		st = undo_tree(h, i, f->stages[i], err);
		if (st == VL_OK)
			st = vl_brought_drop(&b, err);
		b.members = true;
		if (st == VL_OK)
			st = vl_brought_drop(&b, err);
	}
	for (i = 0; i < h->ndbs && st == VL_OK; i++) {
		b = vl_brought_of(f->state, h, h->dbs[i].resource);
		st = vl_brought_drop(&b, err);
	}
	if (st == VL_OK)
		st = vl_remove_tree(vl_state_fd(f->state), "spool", err);
	/* Rows undo themselves. */
	if (st == VL_OK)
		give_back(f);
	if (st == VL_OK)
		st = vl_journal_add(f->state, VL_JOURNAL_UNDONE, err);
	return st;
}

/* A sync that failed before the decision: nothing is decided, but nothing on
 * that disk can be believed until the machine has started anew. */
static enum vl_status
sync_stage(struct vl_run *run, size_t i, struct vl_err *err)
{
	enum vl_status st = vl_stage_sync(run->parts[i].stage, err);

	if (st != VL_OK)
		vl_state_note_failed_sync(
		    run->opts->state, run->header.trees[i].root);
	return st;
}

static enum vl_status
prepare(struct vl_run *run, struct vl_err *err)
{
	const struct vl_apply_ui *ui = run->opts->ui;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; i < run->header.ntrees && st == VL_OK; i++)
		st = vl_target_prepare(run->parts[i].target, err);
	for (i = 0; i < run->header.ntrees && st == VL_OK; i++)
		st = vl_stage_seal(run->parts[i].stage, &run->header, err);
	for (i = 0; i < run->header.ntrees && st == VL_OK; i++)
		st = sync_stage(run, i, err);
	if (st == VL_OK && vl_bases_changed(run))
		st = vl_decider_note(run, err);
	if (st == VL_OK)
		st = vl_journal_add(run->opts->state, VL_JOURNAL_PREPARED, err);
	if (st == VL_OK && ui->stop(ui->arg))
		st = vl_fail(err, VL_ESIGNAL, "stopped: nothing was changed");
	return st;
}

/* Without rows that change. */
static enum vl_status
decide_by_record(struct vl_run *run, struct vl_err *err)
{
	struct vl_state *state = run->opts->state;
	struct vl_err wrote = { 0 };
	bool decided = false;
	enum vl_status st = VL_OK;

	if (run->dbs != NULL)
		st = vl_dbs_rollback(run->dbs, err);
	if (st != VL_OK)
		return st;
	if (vl_decision_write(state, run->header.import, &wrote) == VL_OK)
		return VL_OK;
	/* Under its name it may be durable or not, and a second sync
	 * would not tell; without its name it never was. */
	if (vl_decision_read(state, run->header.import, &decided, err) !=
	        VL_OK ||
	    decided) {
		vl_state_note_failed_sync(state, vl_state_path(state));
		return vl_fail(err, VL_EPENDING,
		    "in doubt: whether the import is decided cannot be "
		    "told; the next run finds out");
	}
	*err = wrote;
	return err->status;
}

/* The rows and their proof of it stand; the record says so faster. */
static enum vl_status
decide_by_rows(struct vl_run *run, struct vl_err *err)
{
	enum vl_status st = vl_decider_commit(run, err);

	if (st == VL_OK &&
	    vl_decision_write(run->opts->state, run->header.import, err) !=
	        VL_OK) {
		(void)vl_within(err,
		    "the import is decided and not finished; the next run "
		    "goes on once this is mended");
		st = err->status = VL_EPENDING;
	}
	return st;
}

enum vl_status
vl_commit(struct vl_run *run, struct vl_err *err)
{
	const struct vl_apply_ui *ui = run->opts->ui;
	struct vl_journal journal = { 0 };
	struct vl_finish f = { 0 };
	size_t i = 0;
	enum vl_status st = prepare(run, err);

	if (st != VL_OK)
		return st;
	f = (struct vl_finish){ .state = run->opts->state,
		.journal = &journal,
		.n = run->header.ntrees,
		.dbs = &run->dbs,
		.wait = run->opts->wait,
		.ui = ui };
	f.stages = calloc(f.n + 1, sizeof(struct vl_stage *));
	if (f.stages == NULL)
		return vl_fail_memory(err);
	for (i = 0; i < f.n; i++)
		f.stages[i] = run->parts[i].stage;
	journal.present = true;
	journal.header = run->header; /* borrowed for the call */
	ui->hold(ui->arg, true);
	st = vl_bases_changed(run) ? decide_by_rows(run, err) :
	                             decide_by_record(run, err);
	/* From here on, and in doubt, there is nothing for us to undo. */
	if (st == VL_OK || st == VL_EPENDING)
		run->journalled = false;
	if (st == VL_OK) {
		st = vl_finish(&f, err);
		run->result->apply_seconds = f.seconds;
	}
	ui->hold(ui->arg, false);
	free(f.stages);
	return st;
}
