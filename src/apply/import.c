/*
 * An import from its first look at the bundle to its end, and the preview,
 * which is the same without staging.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <valise/crypt.h>
#include <valise/fs.h>
#include <valise/text.h>

#include "databases.h"
#include "here.h"
#include "planning.h"
#include "recover.h"

#define DELETE_SHARE 5 /* more than a fifth of a resource is asked about */

bool
vl_selected(const struct vl_import_opts *o, const char *name)
{
	return vl_site_only_has(o->only, o->nonly, name);
}

static bool
in_bundle(const struct vl_inner_head *inner, const char *name)
{
	size_t i = 0;

	for (i = 0; i < inner->nresources; i++)
		if (strcmp(inner->resources[i].name, name) == 0)
			return true;
	return false;
}

/* The site has each resource that is wanted, and it is of the same kind. */
static enum vl_status
check_resources(const struct vl_inner_head *inner,
    const struct vl_import_opts *o, struct vl_err *err)
{
	const struct vl_resource *r = NULL;
	const char *name = NULL;
	size_t i = 0;

	for (i = 0; i < inner->nresources; i++) {
		name = inner->resources[i].name;
		if (!vl_selected(o, name))
			continue;
		r = vl_site_resource(o->site, name);
		if (r == NULL)
			return vl_fail(err, VL_EREFUSED,
			    "the bundle brings resource '%s', which '%s' does "
			    "not name: add it there, or choose with --only",
			    name, o->site->file);
		if (strcmp(inner->resources[i].kind, vl_kind_words[r->kind]) !=
		    0)
			return vl_fail(err, VL_EREFUSED,
			    "resource '%s' is of kind '%s' in the bundle, and "
			    "of kind '%s' in '%s': they must be the same",
			    name, inner->resources[i].kind,
			    vl_kind_words[r->kind], o->site->file);
	}
	return VL_OK;
}

/* The bundle is of this site, for this place, and names what was asked. */
static enum vl_status
check_fit(struct vl_run *run, struct vl_err *err)
{
	const struct vl_inner_head *inner = vl_unpack_inner(run->intake.unpack);
	const struct vl_import_opts *o = run->opts;
	const struct vl_site *site = o->site;
	size_t i = 0;

	if (strcmp(inner->site, site->name) != 0)
		return vl_fail(err, VL_EREFUSED,
		    "this is a bundle of site '%s', not of '%s': set 'site:' "
		    "to "
		    "the name at the source, or take another bundle",
		    inner->site, site->name);
	for (i = 0; i < site->nallow_from; i++)
		if (strcmp(site->allow_from[i], inner->environment) == 0)
			break;
	if (site->nallow_from > 0 && i == site->nallow_from)
		return vl_fail(err, VL_EREFUSED,
		    "the bundle comes from environment '%s', which "
		    "'allow_from' does not list",
		    inner->environment);
	for (i = 0; i < o->nonly; i++)
		if (vl_site_resource(site, o->only[i]) == NULL ||
		    !in_bundle(inner, o->only[i]))
			return vl_fail(err, VL_EUSAGE,
			    "--only '%s': not a resource of both the site "
			    "file and the bundle",
			    o->only[i]);
	return check_resources(inner, o, err);
}

/* What site.yaml has under keep_here for the resource of `p`. */
static enum vl_status
find_keep_here(
    struct vl_part *p, const struct vl_site *site, struct vl_err *err)
{
	size_t i = 0;

	if (site->nkeep_here == 0)
		return VL_OK;
	p->keep_here = calloc(site->nkeep_here, sizeof(*p->keep_here));
	if (p->keep_here == NULL)
		return vl_fail_memory(err);
	for (i = 0; i < site->nkeep_here; i++)
		if (strcmp(site->keep_here[i].resource, p->resource->name) == 0)
			p->keep_here[p->nkeep_here++] = site->keep_here[i].path;
	return VL_OK;
}

static enum vl_status
add_tree(struct vl_run *run, const struct vl_resource *r, struct vl_err *err)
{
	struct vl_header_tree *t = &run->header.trees[run->header.ntrees];
	struct vl_part *p = &run->parts[run->header.ntrees++];

	p->resource = r;
	snprintf(t->resource, sizeof(t->resource), "%s", r->name);
	t->privileged = r->privileged && geteuid() == 0;
	if (find_keep_here(p, run->opts->site, err) != VL_OK)
		return err->status;
	return vl_stage_locate(t, r->path, err);
}

/* The file itself, so that recovery finds it whatever a link says then. */
static enum vl_status
add_database(
    struct vl_run *run, const struct vl_resource *r, struct vl_err *err)
{
	struct vl_header_db *d = &run->header.dbs[run->header.ndbs];

	run->bases[run->header.ndbs++].resource = r;
	snprintf(d->resource, sizeof(d->resource), "%s", r->name);
	if (vl_here_real(&d->path, r->path, err) != VL_OK)
		return err->status;
	if (d->path == NULL)
		d->path = strdup(r->path); /* it is told when it is opened */
	return d->path != NULL ? VL_OK : vl_fail_memory(err);
}

static enum vl_status
add_resource(
    struct vl_run *run, const struct vl_resource *r, struct vl_err *err)
{
	if (!vl_selected(run->opts, r->name) ||
	    !in_bundle(vl_unpack_inner(run->intake.unpack), r->name))
		return VL_OK;
	return r->kind == VL_KIND_FILES ? add_tree(run, r, err) :
	                                  add_database(run, r, err);
}

/* The header: who imports what into which trees, with the ledger to be. */
static enum vl_status
make_header(struct vl_run *run, struct vl_err *err)
{
	const struct vl_site *site = run->opts->site;
	struct vl_header *h = &run->header;
	enum vl_status st = VL_OK;
	size_t i = 0;

	vl_random(h->import, sizeof(h->import));
	memcpy(h->state, vl_state_identity(run->opts->state), sizeof(h->state));
	h->state_path = strdup(vl_state_path(run->opts->state));
	snprintf(h->site, sizeof(h->site), "%s", site->name);
	memcpy(h->series, run->intake.seal.head.series, sizeof(h->series));
	h->seq = run->intake.seal.head.seq;
	memcpy(h->head, run->intake.seal.fingerprint, sizeof(h->head));
	h->began = (int64_t)time(NULL);
	h->keep_shadow = site->keep_shadow;
	h->trees = calloc(site->nresources + 1, sizeof(*h->trees));
	run->parts = calloc(site->nresources + 1, sizeof(*run->parts));
	h->dbs = calloc(site->nresources + 1, sizeof(*h->dbs));
	run->bases = calloc(site->nresources + 1, sizeof(*run->bases));
	if (h->state_path == NULL || h->trees == NULL || run->parts == NULL ||
	    h->dbs == NULL || run->bases == NULL)
		return vl_fail_memory(err);
	for (i = 0; i < site->nresources && st == VL_OK; i++)
		st = add_resource(run, &site->resources[i], err);
	if (st == VL_OK)
		st = vl_replay_lines(run, err);
	return st;
}

/* The same head stands in the ledger for every one: nothing should differ. */
static bool
again(const struct vl_run *run)
{
	const struct vl_ledger_line *l = NULL;
	struct vl_taken t = { 0 };
	size_t i = 0;

	for (i = 0; vl_run_taken(run, i, &t); i++) {
		l = vl_ledger_find(
		    &run->ledger, run->header.series, t.resource);
		if (l == NULL || memcmp(l->head, run->header.head, 32) != 0)
			return false;
	}
	return true;
}

static bool
applied_before(const struct vl_run *run, const char *resource)
{
	static const uint8_t none[32];
	const struct vl_ledger_line *l =
	    vl_ledger_find(&run->ledger, run->header.series, resource);

	return l != NULL && memcmp(l->head, none, sizeof(none)) != 0;
}

/* Never imported to, and not empty. */
static void
why_first(const struct vl_taken *t, char *why, size_t size)
{
	char a[32];
	char b[32];

	snprintf(why, size,
	    "'%s' was never imported to and is not empty (%s: %s): %s would "
	    "be deleted, %llu changed%s%s",
	    t->where, t->tree ? "entries" : "rows",
	    vl_format_count(a, sizeof(a), t->counts->before),
	    vl_format_count(b, sizeof(b), t->counts->deletions),
	    (unsigned long long)t->counts->change,
	    t->counts->deletions > 0 ? "" : "; asked once for a ",
	    t->counts->deletions > 0 ? "" :
	        t->tree              ? "tree that valise did not make" :
	                               "database");
}

/* Why the right to delete is needed; "" when it is not. */
static void
needs_delete(const struct vl_run *run, char *why, size_t size)
{
	struct vl_taken t = { 0 };
	char a[32];
	char b[32];
	size_t i = 0;

	why[0] = '\0';
	for (i = 0; vl_run_taken(run, i, &t); i++) {
		if (t.counts->before > 0 && !applied_before(run, t.resource)) {
			why_first(&t, why, size);
			return;
		}
		if (t.counts->deletions * DELETE_SHARE > t.counts->before) {
			snprintf(why, size,
			    "%s of %s %s of '%s' would be deleted",
			    vl_format_count(a, sizeof(a), t.counts->deletions),
			    vl_format_count(b, sizeof(b), t.counts->before),
			    t.tree ? "entries" : "rows", t.where);
			return;
		}
	}
}

static enum vl_status
check_conflicts(const struct vl_run *run, struct vl_err *err)
{
	uint64_t conflicts = 0;
	struct vl_taken t = { 0 };
	char more[64] = "";
	size_t i = 0;

	for (i = 0; vl_run_taken(run, i, &t); i++)
		conflicts += t.counts->conflict;
	if (conflicts == 0)
		return VL_OK;
	if (conflicts > 1)
		(void)snprintf(more, sizeof(more), ", and %llu more conflicts",
		    (unsigned long long)conflicts - 1);
	return vl_fail(
	    err, VL_EREFUSED, "%s%s: see the preview", run->conflict, more);
}

/* Conflicts and the right to delete; asked about where somebody is there. */
static enum vl_status
check_policy(struct vl_run *run, bool ask, struct vl_err *err)
{
	const struct vl_apply_ui *ui = run->opts->ui;
	char why[8448];
	char text[8704];

	if (check_conflicts(run, err) != VL_OK)
		return err->status;
	needs_delete(run, why, sizeof(why));
	if (run->opts->allow_delete)
		why[0] = '\0';
	if (!ask) {
		snprintf(text, sizeof(text),
		    "importing it needs --allow-delete: %s", why);
		if (why[0] != '\0')
			ui->note(ui->arg, text);
		return VL_OK;
	}
	if (why[0] != '\0' && !ui->interactive)
		return vl_fail(err, VL_EREFUSED,
		    "%s: look at the preview, then give --allow-delete", why);
	if ((why[0] != '\0' || !run->opts->yes) && !ui->confirm(ui->arg, why))
		return ui->stop(ui->arg) ?
		    vl_fail(err, VL_ESIGNAL, "stopped: nothing was changed") :
		    vl_fail(
		        err, VL_EREFUSED, "not confirmed: nothing was changed");
	return VL_OK;
}

static enum vl_status
make_stages(struct vl_run *run, struct vl_err *err)
{
	enum vl_status st =
	    vl_journal_begin(run->opts->state, &run->header, err);
	size_t i = 0;

	if (st != VL_OK)
		return st;
	run->journalled = true;
	for (i = 0; i < run->header.ntrees && st == VL_OK; i++)
		st = vl_stage_make(&run->parts[i].stage, &run->header, i, err);
	return st == VL_OK ? vl_bases_begin(run, true, err) : st;
}

static bool
unchanged(const struct vl_run *run)
{
	struct vl_taken t = { 0 };
	size_t i = 0;

	for (i = 0; vl_run_taken(run, i, &t); i++)
		if (!t.unchanged)
			return false;
	return true;
}

/* Forget what a pass found, so that another can begin. */
static void
reset_parts(struct vl_run *run)
{
	size_t i = 0;

	for (i = 0; i < run->header.ntrees; i++) {
		vl_target_free(run->parts[i].target);
		run->parts[i].target = NULL;
		vl_rewrite_free(run->parts[i].rewrites);
		run->parts[i].rewrites = NULL;
		vl_merges_free(run->parts[i].merges);
		run->parts[i].merges = NULL;
		vl_fills_free(run->parts[i].fills);
		run->parts[i].fills = NULL;
		vl_keyfiles_free(run->parts[i].keyfiles);
		run->parts[i].keyfiles = NULL;
		vl_map_free(run->parts[i].map);
		run->parts[i].map = NULL;
		vl_map_free(run->parts[i].held);
		run->parts[i].held = NULL;
		run->parts[i].begun = run->parts[i].ended = false;
	}
	vl_bases_reset(run);
}

static enum vl_status
preview(struct vl_run *run, struct vl_err *err)
{
	struct vl_err room = { 0 };
	bool differs = false;
	enum vl_status st = vl_room_targets(run, &differs, &room);

	/* No room is what an import would say; what differs is shown first. */
	if (st != VL_OK && (st != VL_EIO || !run->surveyed)) {
		*err = room;
		return st;
	}
	if (vl_bases_begin(run, false, err) != VL_OK ||
	    vl_pass(run, VL_TRY, err) != VL_OK)
		return err->status;
	run->result->changed = !unchanged(run);
	run->result->unchanged = !run->result->changed;
	if (check_policy(run, false, err) != VL_OK ||
	    plan_write_finish(run, err) != VL_OK)
		return err->status;
	if (st != VL_OK && run->result->changed)
		*err = room;
	else
		st = VL_OK;
	return st;
}

/* In the order of the manifest. */
static void
tell_counts(const struct vl_run *run)
{
	const struct vl_apply_ui *ui = run->opts->ui;
	const struct vl_site *site = run->opts->site;
	struct vl_taken t = { 0 };
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < site->nresources; i++)
		for (k = 0; vl_run_taken(run, k, &t); k++)
			if (strcmp(t.resource, site->resources[i].name) == 0)
				ui->counts(ui->arg, t.resource, t.counts);
}

/* The same bundle again: it is compared, and mostly nothing differs.  What is
 * in conflict by now, as by other words of site.yaml, is said and refused as
 * at any time. */
static enum vl_status
import_again(struct vl_run *run, bool *done, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	run->quiet = true;
	st = vl_bases_begin(run, false, err);
	if (st == VL_OK)
		st = vl_pass(run, VL_COMPARE, err);
	run->quiet = false;
	if (st != VL_OK)
		return st;
	*done = unchanged(run) &&
	    check_conflicts(run, &(struct vl_err){ 0 }) == VL_OK;
	if (*done) {
		run->result->unchanged = true;
		tell_counts(run);
		return VL_OK;
	}
	reset_parts(run);
	run->done = 0;
	return vl_intake_rewind(run, err);
}

/* There is no room: but what cannot be at all is told first. */
static enum vl_status
look_for_conflicts(struct vl_run *run, struct vl_err *err)
{
	struct vl_err other = { 0 };

	run->quiet = true;
	if (vl_bases_begin(run, false, &other) != VL_OK ||
	    vl_pass(run, VL_COMPARE, &other) != VL_OK ||
	    check_conflicts(run, &other) != VL_OK)
		*err = other;
	run->quiet = false;
	return err->status;
}

static enum vl_status
import(struct vl_run *run, struct vl_err *err)
{
	bool differs = false;
	bool done = false;
	enum vl_status st = vl_room_targets(run, &differs, err);

	if (st == VL_EIO && run->surveyed)
		st = look_for_conflicts(run, err);
	if (st == VL_OK && !differs && run->opts->plan == NULL && again(run))
		st = import_again(run, &done, err);
	if (st != VL_OK || done)
		return st;
	st = make_stages(run, err);
	if (st == VL_OK)
		st = vl_pass(run, VL_STAGE, err);
	if (st == VL_OK)
		st = check_policy(run, true, err);
	if (st == VL_OK) {
		run->result->unchanged = unchanged(run);
		st = vl_commit(run, err);
	}
	return st;
}

/* Nothing was decided: back to what was.  What fails here the next run does
 * again. */
static void
take_back(struct vl_run *run)
{
	struct vl_journal journal = { .header = run->header }; /* borrowed */
	struct vl_finish f = { .state = run->opts->state,
		.journal = &journal,
		.n = run->header.ntrees,
		.dbs = &run->dbs,
		.wait = run->opts->wait,
		.ui = run->opts->ui };
	struct vl_err second = { 0 };
	size_t i = 0;

	reset_parts(run);
	f.stages = calloc(run->header.ntrees + 1, sizeof(struct vl_stage *));
	if (f.stages == NULL)
		return;
	for (i = 0; i < run->header.ntrees; i++)
		f.stages[i] = run->parts[i].stage;
	if (vl_undo(&f, &second) != VL_OK)
		run->opts->ui->note(run->opts->ui->arg, second.text);
	free(f.stages);
}

static void
run_free(struct vl_run *run)
{
	size_t i = 0;

	reset_parts(run);
	for (i = 0; run->parts != NULL && i < run->header.ntrees; i++) {
		vl_stage_close(run->parts[i].stage);
		vl_links_free(run->parts[i].links);
		vl_ties_free(run->parts[i].ties);
		free((void *)run->parts[i].keep_here);
	}
	for (i = 0; run->bases != NULL && i < run->header.ndbs; i++)
		vl_owned_free(run->bases[i].owned);
	free(run->parts);
	free(run->bases);
	vl_dbs_free(run->dbs);
	vl_header_free(&run->header);
	vl_buf_free(&run->notes);
	vl_ledger_free(&run->ledger);
	vl_intake_close(&run->intake);
	plan_write_free(run->writer);
}

static enum vl_status
recover_first(const struct vl_import_opts *opts, struct vl_err *err)
{
	static const char *const said[] = {
		[VL_RECOVERED_NOTHING] = NULL,
		[VL_RECOVERED_UNDONE] = "an import that was killed before its "
		                        "decision has been undone",
		[VL_RECOVERED_FINISHED] = "an import that was killed after its "
		                          "decision has been finished",
		[VL_RECOVERED_ABANDONED] = NULL,
	};
	enum vl_recovered what = VL_RECOVERED_NOTHING;
	enum vl_status st = vl_recover(
	    &(struct vl_recover_opts){
	        .state = opts->state, .site = opts->site, .ui = opts->ui },
	    &what, err);

	if (st == VL_OK && said[what] != NULL)
		opts->ui->note(opts->ui->arg, said[what]);
	return st;
}

enum vl_status
vl_apply_import(const struct vl_import_opts *opts,
    struct vl_import_result *result, struct vl_err *err)
{
	struct vl_run run = { .opts = opts,
		.result = result,
		.intake.spoolfd = -1,
		.keep_owner = geteuid() != 0 };
	enum vl_status st = VL_OK;

	memset(result, 0, sizeof(*result));
	st = vl_state_lock(opts->state, opts->wait, err);
	if (st == VL_OK)
		st = recover_first(opts, err);
	if (st == VL_OK)
		st = vl_ledger_load(&run.ledger, opts->state, err);
	if (st == VL_OK)
		st = vl_intake_open(&run, err);
	if (st == VL_OK)
		st = check_fit(&run, err);
	if (st == VL_OK)
		st = make_header(&run, err);
	if (st == VL_OK)
		st = plan_fits(&run, err);
	if (st == VL_OK)
		st = plan_write_open(&run, err);
	if (st == VL_OK)
		st = vl_bases_open(&run, err);
	if (st == VL_OK)
		st = vl_tied_find(&run, err);
	if (st == VL_OK) {
		result->seq = run.header.seq;
		memcpy(result->head, run.header.head, sizeof(result->head));
		result->bytes = run.intake.seal.bytes;
		if (run.keep_owner)
			opts->ui->note(opts->ui->arg,
			    "not root: owners cannot be set, so they are kept "
			    "as they are and not compared");
		st = opts->preview ? preview(&run, err) : import(&run, err);
	}
	if (run.journalled)
		take_back(&run);
	else if (st != VL_EPENDING && run.intake.spoolfd >= 0)
		(void)vl_remove_tree(
		    vl_state_fd(opts->state), "spool", &(struct vl_err){ 0 });
	run_free(&run);
	return st;
}
