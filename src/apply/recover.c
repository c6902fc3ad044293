/*
 * What a killed run left: looked at, made durable, and finished or undone,
 * by the table of docs/transaction.md ("States").  No password, no bundle,
 * no site file is needed; the journal holds absolute paths.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/fs.h>

#include "databases.h"
#include "recover.h"

/* What a killed run left, as it was found. */
struct left {
	struct vl_journal journal;
	struct vl_stage **stages; /* as header.trees; NULL: not there */
	enum vl_stage_found *found;
	size_t missing;
	struct vl_dbs *dbs; /* open where they were asked */
	bool decided;
	bool applied;
	bool ended;
	struct vl_err doubt; /* why the databases cannot tell; or VL_OK */
};

bool
vl_has_ended(const struct vl_journal *j)
{
	return vl_journal_has(j, VL_JOURNAL_ENDED) ||
	    vl_journal_has(j, VL_JOURNAL_UNDONE) ||
	    vl_journal_has(j, VL_JOURNAL_ABANDONED);
}

static void
left_free(struct left *l)
{
	size_t i = 0;

	for (i = 0; l->stages != NULL && i < l->journal.header.ntrees; i++)
		vl_stage_close(l->stages[i]);
	free(l->stages);
	free(l->found);
	vl_dbs_free(l->dbs);
	vl_journal_free(&l->journal);
	memset(l, 0, sizeof(*l));
}

static enum vl_status
look_at_stage(struct left *l, size_t i, struct vl_err *err)
{
	bool set = false;
	enum vl_status st = vl_stage_open(
	    &l->stages[i], &l->journal.header, i, &l->found[i], err);

	if (st != VL_OK)
		return st;
	if (l->stages[i] == NULL) {
		l->missing++;
		return VL_OK;
	}
	st = vl_stage_marked(l->stages[i], VL_STAGE_DECIDED, &set, err);
	l->decided = l->decided || set;
	if (st == VL_OK)
		st = vl_stage_marked(l->stages[i], VL_STAGE_APPLIED, &set, err);
	l->applied = l->applied || set;
	l->decided = l->decided || set;
	return st;
}

/* The decider, where nothing else says that it is decided. */
static void
ask_databases(struct left *l, const struct vl_recover_opts *o)
{
	const struct vl_header *h = &l->journal.header;

	if (h->ndbs == 0 || l->decided || l->ended)
		return;
	(void)vl_decider_ask(&l->dbs,
	    &(struct vl_asking){
	        .state = o->state, .header = h, .wait = o->wait, .ui = o->ui },
	    &l->decided, &l->doubt);
}

/* By the journal that `l` holds. */
static enum vl_status
left_fill(struct left *l, const struct vl_recover_opts *o, struct vl_err *err)
{
	const struct vl_journal *j = &l->journal;
	enum vl_status st = VL_OK;
	size_t i = 0;

	l->ended = vl_has_ended(j);
	l->stages = calloc(j->header.ntrees + 1, sizeof(struct vl_stage *));
	l->found = calloc(j->header.ntrees + 1, sizeof(*l->found));
	if (l->stages == NULL || l->found == NULL)
		return vl_fail_memory(err);
	st = vl_decision_read(o->state, j->header.import, &l->decided, err);
	for (i = 0; i < j->header.ntrees && st == VL_OK; i++)
		st = look_at_stage(l, i, err);
	/* What cannot be looked at may be decided and half done. */
	if (st != VL_OK && st != VL_ELOCKED && !l->ended)
		st = err->status = VL_EPENDING;
	if (st == VL_OK)
		ask_databases(l, o);
	return st;
}

/* Everything is made durable before it is believed. */
static enum vl_status
left_look(struct left *l, const struct vl_recover_opts *o, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	memset(l, 0, sizeof(*l));
	st = vl_journal_load(&l->journal, o->state, err);
	if (st == VL_OK && l->journal.present)
		st = left_fill(l, o, err);
	return st;
}

/* After the end: what the run had no time to remove. */
static enum vl_status
clean_ended(struct left *l, const struct vl_recover_opts *o, struct vl_err *err)
{
	struct vl_stage_report report = vl_stage_report_of(o->ui);
	const struct vl_header *h = &l->journal.header;
	const bool unclean = vl_journal_has(&l->journal, VL_JOURNAL_ENDED) &&
	    !vl_journal_has(&l->journal, VL_JOURNAL_CLEANED);
	bool inside = false;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; i < h->ntrees && st == VL_OK; i++) {
		if (l->stages[i] != NULL)
			st = vl_stage_clean(l->stages[i], &report, err);
		if (st == VL_OK)
			st = vl_stage_sweep(h, i, err);
		/* Once it is cleaned the root is anybody's to change. */
		if (st == VL_OK && unclean)
			st = vl_stage_restore(h, i, err);
		inside = inside || h->trees[i].inside;
	}
	if (st == VL_OK && unclean && inside)
		st = vl_journal_add(o->state, VL_JOURNAL_CLEANED, err);
	if (st == VL_OK)
		st = vl_decision_drop(o->state, err);
	return st;
}

static enum vl_status
journal_choices(
    struct left *l, const struct vl_recover_opts *o, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (o->nkeep + o->ntake == 0)
		return VL_OK;
	for (i = 0; i < o->nkeep && st == VL_OK; i++)
		st = vl_journal_choose(
		    o->state, o->keep_theirs[i], VL_CHOICE_KEEP_THEIRS, err);
	for (i = 0; i < o->ntake && st == VL_OK; i++)
		st = vl_journal_choose(
		    o->state, o->take_ours[i], VL_CHOICE_TAKE_OURS, err);
	if (st == VL_OK) {
		struct vl_journal again = { 0 };

		/* The lines that count are those on the disk. */
		st = vl_journal_load(&again, o->state, err);
		if (st == VL_OK) {
			vl_journal_free(&l->journal);
			l->journal = again;
		}
	}
	return st;
}

/* As it stands, it stays: also after a power cut. */
static enum vl_status
abandon_tree(struct vl_stage *stage, const struct vl_recover_opts *o,
    const char *root, struct vl_err *err)
{
	struct vl_stage_report report = vl_stage_report_of(o->ui);
	enum vl_status st = vl_stage_abandon(stage, &report, err);

	if (st != VL_OK)
		return st;
	st = vl_stage_sync(stage, err);
	if (st != VL_OK)
		vl_state_note_failed_sync(o->state, root);
	return st;
}

static struct vl_finish
finish_of(struct left *l, const struct vl_recover_opts *o)
{
	return (struct vl_finish){ .state = o->state,
		.journal = &l->journal,
		.stages = l->stages,
		.n = l->journal.header.ntrees,
		.dbs = &l->dbs,
		.wait = o->wait,
		.ui = o->ui };
}

/* Databases that could not tell, or are of two minds. */
static void
tell_doubt(const struct left *l, const struct vl_recover_opts *o)
{
	size_t i = 0;

	if (l->doubt.status == VL_OK)
		return;
	for (i = 0; i < l->journal.header.ndbs; i++)
		o->ui->entry(o->ui->arg, l->journal.header.dbs[i].path,
		    "as it stands: whether it has the import is not known");
}

/* An operator gives up on an import that cannot be finished. */
static enum vl_status
abandon(struct left *l, const struct vl_recover_opts *o, struct vl_err *err)
{
	const struct vl_header *h = &l->journal.header;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; i < h->ntrees && st == VL_OK; i++) {
		if (l->stages[i] != NULL)
			st = abandon_tree(
			    l->stages[i], o, h->trees[i].root, err);
		else
			o->ui->entry(o->ui->arg, h->trees[i].staging,
			    "gone: what it held is applied or lost, and "
			    "locks that the import took off stay off");
	}
	tell_doubt(l, o);
	if (st == VL_OK)
		vl_decider_give_back(&l->dbs,
		    &(struct vl_asking){ .state = o->state,
		        .header = h,
		        .wait = o->wait,
		        .ui = o->ui });
	if (st == VL_OK)
		st = vl_remove_tree(vl_state_fd(o->state), "spool", err);
	if (st == VL_OK)
		st = vl_journal_add(o->state, VL_JOURNAL_ABANDONED, err);
	if (st == VL_OK)
		st = vl_decision_drop(o->state, err);
	return st;
}

/* VL_EPENDING unless every tree's staging is at hand. */
static enum vl_status
need_all(const struct left *l, struct vl_err *err)
{
	const struct vl_header *h = &l->journal.header;
	size_t i = 0;

	for (i = 0; i < h->ntrees; i++) {
		if (l->found[i] == VL_STAGE_FOREIGN)
			return vl_fail(err, VL_EPENDING,
			    "the import is decided, but '%s' is not its "
			    "staging: its 'owner' names another import, or is "
			    "damaged; put back what stood there and run "
			    "again, or --recover --abandon ends the import as "
			    "it stands",
			    h->trees[i].staging);
		if (l->found[i] == VL_STAGE_ABSENT)
			return vl_fail(err, VL_EPENDING,
			    "the import is decided, but '%s' is not there: "
			    "mount its file system and run again; if it is "
			    "gone for good, --recover --abandon ends the "
			    "import as it stands",
			    h->trees[i].staging);
	}
	return VL_OK;
}

static enum vl_status
finish(struct left *l, const struct vl_recover_opts *o, struct vl_err *err)
{
	struct vl_finish f = finish_of(l, o);
	enum vl_status st = VL_OK;

	if (l->applied)
		return vl_finish_end(&f, err);
	st = need_all(l, err);
	if (st == VL_OK)
		st = journal_choices(l, o, err);
	if (st == VL_OK)
		st = vl_decision_write(o->state, l->journal.header.import, err);
	if (st != VL_OK) {
		err->status = VL_EPENDING;
		return VL_EPENDING;
	}
	o->ui->hold(o->ui->arg, true);
	st = vl_finish(&f, err);
	o->ui->hold(o->ui->arg, false);
	return st;
}

static enum vl_status
undo(struct left *l, const struct vl_recover_opts *o, struct vl_err *err)
{
	const struct vl_journal *j = &l->journal;
	struct vl_finish f = finish_of(l, o);

	if (l->missing > 0 && vl_journal_has(j, VL_JOURNAL_PREPARED) &&
	    !vl_journal_has(j, VL_JOURNAL_UNDO) && !o->abandon)
		return vl_fail(err, VL_EPENDING,
		    "diverged: the import was prepared, but %zu of its "
		    "staging directories are gone: mount their file systems "
		    "and run again, or end it with --recover --abandon",
		    l->missing);
	return vl_undo(&f, err);
}

/* What the journal tells of. */
static enum vl_status
recover_one(const struct vl_recover_opts *o, enum vl_recovered *what,
    struct vl_err *err)
{
	struct left l = { 0 };
	enum vl_status st = left_look(&l, o, err);

	*what = VL_RECOVERED_NOTHING;
	if (st != VL_OK)
		goto out;
	if (!l.journal.present || l.ended) {
		if (l.ended)
			st = clean_ended(&l, o, err);
		if (st == VL_OK)
			st =
			    vl_remove_tree(vl_state_fd(o->state), "spool", err);
	} else if (o->abandon && (l.decided || l.doubt.status != VL_OK)) {
		*what = VL_RECOVERED_ABANDONED;
		st = abandon(&l, o, err);
	} else if (l.doubt.status != VL_OK) {
		*err = l.doubt;
		st = err->status;
	} else if (l.decided) {
		*what = VL_RECOVERED_FINISHED;
		st = finish(&l, o, err);
	} else {
		*what = VL_RECOVERED_UNDONE;
		st = undo(&l, o, err);
	}
out:
	left_free(&l);
	return st;
}

enum vl_status
vl_recover(const struct vl_recover_opts *o, enum vl_recovered *what,
    struct vl_err *err)
{
	enum vl_recovered one = VL_RECOVERED_NOTHING;
	bool more = true;
	/* At most one for each tree, after the one of the journal. */
	size_t left = o->site == NULL ? 1 : o->site->nresources + 1;
	enum vl_status st = vl_state_check_sync(o->state, err);

	*what = VL_RECOVERED_NOTHING;
	if (st == VL_OK && o->state_lost)
		st = vl_stray_check_lost(o, err);
	for (; st == VL_OK && more && left > 0; left--) {
		st = recover_one(o, &one, err);
		*what = one > *what ? one : *what;
		if (st == VL_OK)
			st = vl_stray_take(o, &more, err);
	}
	if (st == VL_OK && more)
		st = vl_fail(err, VL_EPENDING,
		    "stagings of site '%s' stand that their imports do not "
		    "name: are its trees mounted elsewhere than before?",
		    o->site->name);
	if (st == VL_OK)
		st = vl_state_tidy(o->state, err);
	return st;
}

enum vl_status
vl_apply_recover(const struct vl_recover_opts *o, enum vl_recovered *what,
    struct vl_err *err)
{
	enum vl_status st = vl_state_lock(o->state, o->wait, err);

	*what = VL_RECOVERED_NOTHING;
	return st != VL_OK ? st : vl_recover(o, what, err);
}

static enum vl_standing
standing_of(const struct left *l)
{
	if (!l->journal.present || l->ended)
		return VL_STANDING_IDLE;
	if (l->applied)
		return VL_STANDING_ENDING;
	if (l->decided)
		return VL_STANDING_DECIDED;
	return vl_journal_has(&l->journal, VL_JOURNAL_PREPARED) ?
	    VL_STANDING_PREPARED :
	    VL_STANDING_STAGING;
}

/* In place of what has ended: what only stagings tell of. */
static enum vl_status
left_look_for_stray(
    struct left *l, const struct vl_recover_opts *o, struct vl_err *err)
{
	struct vl_stray s = { 0 };
	enum vl_status st = vl_stray_find(&s, o->site, &l->journal, err);

	if (st == VL_OK && s.header.ntrees > 0)
		st = vl_stray_check(&s, o->state, false, err);
	if (st != VL_OK || s.header.ntrees == 0) {
		vl_header_free(&s.header);
		return st;
	}
	left_free(l);
	l->journal.present = true;
	l->journal.header = s.header;
	if (s.prepared)
		l->journal.words = 1u << VL_JOURNAL_PREPARED;
	return left_fill(l, o, err);
}

enum vl_status
vl_apply_status(struct vl_state *state, const struct vl_site *site,
    struct vl_status_report *report, struct vl_err *err)
{
	const struct vl_recover_opts o = { .state = state, .site = site };
	struct left l = { 0 };
	enum vl_status st = VL_OK;

	memset(report, 0, sizeof(*report));
	report->locked = vl_state_is_locked(state);
	st = vl_ledger_load(&report->ledger, state, err);
	if (st == VL_OK)
		st = left_look(&l, &o, err);
	/* The run at work has its databases, too. */
	if (st == VL_OK && l.doubt.status != VL_OK && !report->locked) {
		*err = l.doubt;
		st = err->status;
	}
	if (st == VL_ELOCKED && report->locked)
		st = VL_OK; /* the run that works holds its staging, too */
	else if (st == VL_OK && !report->locked &&
	    standing_of(&l) == VL_STANDING_IDLE)
		st = left_look_for_stray(&l, &o, err);
	if (st == VL_OK) {
		report->standing = standing_of(&l);
		/* What has ended is told by the ledger, if it was applied. */
		if (report->standing != VL_STANDING_IDLE) {
			report->seq = l.journal.header.seq;
			report->began = l.journal.header.began;
		}
		snprintf(report->site, sizeof(report->site), "%s",
		    l.journal.header.site);
	}
	left_free(&l);
	return st;
}
