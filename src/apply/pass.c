/*
 * The one pass: every record is verified, compared with its tree, and what
 * differs is staged.  Staging is not the target: nothing of it counts before
 * the end of the bundle has been verified, too.
 */
#include <stdio.h>
#include <string.h>

#include <valise/text.h>

#include "databases.h"
#include "planning.h"

#define LINES_PER_LOOK 256 /* at the operator's wishes */

static enum vl_status
body_part(void *arg, struct vl_chunk_ref *refs, size_t max, size_t *n,
    struct vl_err *err)
{
	return vl_unpack_part(arg, refs, max, n, err);
}

static enum vl_status
body_chunk(void *arg, const struct vl_chunk_ref *ref, struct vl_slice *bytes,
    void **hold, struct vl_err *err)
{
	struct vl_chunk_hold *h = NULL;
	enum vl_status st = vl_unpack_chunk(arg, ref, bytes, &h, err);

	*hold = h;
	return st;
}

static void
body_release(void *arg, void *hold)
{
	vl_unpack_release(arg, hold);
}

struct vl_part *
vl_part_of(struct vl_run *run, struct vl_slice resource)
{
	size_t i = 0;

	for (i = 0; i < run->header.ntrees; i++)
		if (vl_slice_equal(
		        resource, vl_slice_of(run->header.trees[i].resource)))
			return &run->parts[i];
	return NULL;
}

bool
vl_run_taken(const struct vl_run *run, size_t i, struct vl_taken *t)
{
	const struct vl_header *h = &run->header;
	size_t k = i - h->ntrees;

	if (i < h->ntrees)
		*t = (struct vl_taken){ .resource = h->trees[i].resource,
			.where = h->trees[i].root,
			.counts = &run->parts[i].counts,
			.tree = true,
			.ended = run->parts[i].ended,
			.unchanged = run->parts[i].unchanged };
	else if (k < h->ndbs)
		*t = (struct vl_taken){ .resource = h->dbs[k].resource,
			.where = h->dbs[k].path,
			.counts = &run->bases[k].counts,
			.ended = run->bases[k].ended,
			.unchanged = vl_base_unchanged(&run->bases[k]) };
	return i < h->ntrees + h->ndbs;
}

struct vl_filter_opts
vl_part_filter(const struct vl_run *run, const struct vl_part *p)
{
	return (struct vl_filter_opts){ .site = run->opts->site,
		.resource = p->resource->name,
		.tempdir = vl_state_path(run->opts->state),
		.hashers = vl_ids_hashers(vl_unpack_ids(run->intake.unpack)) };
}

struct member_of {
	const struct vl_run *run;
	const char *resource;
	struct vl_slice path;
};

static void
say_member(void *arg, enum vl_change change, struct vl_slice shown)
{
	const struct member_of *m = arg;
	const struct vl_apply_ui *ui = m->run->opts->ui;

	ui->member(ui->arg, m->resource, change, m->path, shown);
}

/* Of a file that is another one: which members change. */
static void
say_members(const struct vl_run *run, const char *resource,
    enum vl_change change, struct vl_slice path)
{
	struct member_of of = { run, resource, path };
	const struct vl_merges_told told = { &of, say_member };
	size_t i = 0;

	for (i = 0; i < run->header.ntrees; i++)
		if (strcmp(run->header.trees[i].resource, resource) == 0)
			vl_merges_tell(run->parts[i].merges, path,
			    change == VL_CHANGE_MODIFY && !run->quiet ? &told :
			                                                NULL);
}

/* What changes is not a file in which a master key of this side stands. */
static void
keep_keys(struct vl_run *run, const char *resource, enum vl_change change,
    struct vl_slice path)
{
	const struct vl_part *p = vl_part_of(run, vl_slice_of(resource));

	if (p != NULL && p->keyfiles != NULL && change <= VL_CHANGE_DELETE &&
	    run->planned.status == VL_OK)
		(void)vl_keyfiles_change(p->keyfiles, resource, path,
		    change == VL_CHANGE_DELETE, &run->planned);
}

/* Of a file with secrets: how it differs, and no length that would tell of
 * theirs. */
static const char *
hide_sizes(struct vl_run *run, const char *resource, struct vl_slice path,
    enum vl_change *change, const char *detail)
{
	const struct vl_part *p = vl_part_of(run, vl_slice_of(resource));
	enum vl_change as = *change;
	const char *instead = NULL;

	if (p != NULL && p->fills != NULL)
		instead = vl_fills_told(p->fills, path, &as);
	if (instead == NULL ||
	    (strstr(detail, " bytes") == NULL &&
	        strcmp(detail, "made anew") != 0))
		return detail;
	if (*change == VL_CHANGE_MODIFY)
		*change = as;
	return instead;
}

/* The first conflict is kept for the error; changes are said but in a pass
 * that is quiet. */
static void
take_change(void *arg, const char *resource, enum vl_change change,
    struct vl_slice path, const char *detail)
{
	struct vl_run *run = arg;
	const struct vl_apply_ui *ui = run->opts->ui;
	enum vl_change what = change;
	char shown[512];
	bool go = true;

	detail = hide_sizes(run, resource, path, &what, detail);
	if (change == VL_CHANGE_CONFLICT && run->conflict[0] == '\0')
		(void)snprintf(run->conflict, sizeof(run->conflict),
		    "'%s' of resource '%s' %s",
		    vl_escape_text(shown, sizeof(shown), path), resource,
		    detail);
	if (!run->quiet)
		ui->change(ui->arg, resource, what, path, detail);
	say_members(run, resource, change, path);
	keep_keys(run, resource, change, path);
	if (change <= VL_CHANGE_DELETE && run->planned.status == VL_OK)
		(void)plan_ask(run,
		    &(struct plan_change){ .resource = resource,
		        .what = change,
		        .key = path,
		        .detail = detail },
		    &go, &run->planned);
}

static void
take_owner(void *arg, const char *resource, bool group, const char *name,
    uint32_t number)
{
	struct vl_run *run = arg;
	const struct vl_apply_ui *ui = run->opts->ui;

	if (!run->quiet)
		ui->owner(ui->arg, resource, group, name, number);
}

static bool
stays_here(void *arg, struct vl_slice path)
{
	const struct vl_part *p = arg;

	return vl_target_leaves(p->target, path);
}

void
vl_run_note(struct vl_run *run, const char *text)
{
	const struct vl_apply_ui *ui = run->opts->ui;
	const struct vl_slice one = { (const uint8_t *)text, strlen(text) + 1 };
	struct vl_err ignored = { 0 };
	size_t at = 0;

	if (run->quiet)
		return;
	for (; at < run->notes.n;
	     at += strlen((const char *)run->notes.p + at) + 1)
		if (strcmp((const char *)run->notes.p + at, text) == 0)
			return;
	(void)vl_buf_add(&run->notes, one, &ignored);
	ui->note(ui->arg, text);
}

static void
note(void *arg, const char *text)
{
	const struct vl_part *p = arg;

	vl_run_note(p->run, text);
}

static enum vl_status
open_fills(struct vl_part *p, struct vl_err *err)
{
	const struct vl_run *run = p->run;
	const struct vl_header_tree *tree = &run->header.trees[p - run->parts];

	return vl_fills_new(&p->fills,
	    &(struct vl_fills_opts){ .site = run->opts->site,
	        .profiles = run->opts->profiles,
	        .resource = p->resource->name,
	        .root = tree->root,
	        .absent = tree->absent,
	        .tempdir = vl_state_path(run->opts->state),
	        .ops = vl_tokens_ops(run->intake.tokens),
	        .leaves = stays_here,
	        .note = note,
	        .arg = p },
	    err);
}

static enum vl_status
begin_part(struct vl_run *run, struct vl_part *p, struct vl_err *err)
{
	struct vl_filter_opts filter = vl_part_filter(run, p);
	size_t at = (size_t)(p - run->parts);
	enum vl_status st = VL_OK;

	p->begun = true;
	p->run = run;
	p->brought =
	    vl_brought_of(run->opts->state, &run->header, p->resource->name);
	st = vl_tied_waits(p) ? vl_tied_begin(run, p, err) :
	                        vl_map_new(&p->map, &filter, err);
	if (st == VL_OK)
		st = vl_merges_new(&p->merges,
		    &(struct vl_merges_opts){ .site = run->opts->site,
		        .resource = p->resource->name,
		        .tree = &run->header.trees[at],
		        .brought = p->brought,
		        .target_only = p->resource->target_only,
		        .write = run->depth == VL_STAGE,
		        .leaves = stays_here,
		        .arg = p },
		    err);
	filter.merges = p->merges;
	if (st == VL_OK)
		st = vl_keyfiles_new(&p->keyfiles, run->opts->site,
		    run->header.trees[at].root, err);
	filter.keyfiles = p->keyfiles;
	if (st == VL_OK)
		st = open_fills(p, err);
	filter.fills = p->fills;
	if (st == VL_OK)
		st = vl_rewrite_new(&p->rewrites, &filter, err);
	if (st != VL_OK)
		return st;
	st = vl_fills_try(p->fills, err);
	if (st != VL_OK)
		return st;
	return vl_target_open(&p->target,
	    &(struct vl_target_opts){ .resource = p->resource,
	        .on_match = run->opts->on_match != NULL ? *run->opts->on_match :
	                                                  p->resource->on_match,
	        .tree = &run->header.trees[at],
	        .stage = run->depth == VL_STAGE ? p->stage : NULL,
	        .hashers = filter.hashers,
	        .pool = run->opts->pool,
	        .tempdir = filter.tempdir,
	        .links = p->links,
	        .keep_here = p->keep_here,
	        .nkeep_here = p->nkeep_here,
	        .stays = run->opts->plan != NULL ? plan_paths_stay : NULL,
	        .named = p->owner != NULL ? vl_owned_named : NULL,
	        .brought = &p->brought,
	        .keep_owner = run->keep_owner,
	        .report = { .arg = run,
	            .change = take_change,
	            .owner = take_owner } },
	    err);
}

/* One record, under the target's path, to the target. */
static enum vl_status
put(struct vl_part *p, const struct vl_entry *e, const struct vl_body *body,
    struct vl_err *err)
{
	struct vl_entry entry = *e;
	struct vl_body own = *body;
	/* In a line a name may be longer, for a key. */
	enum vl_status st = vl_path_check(e->path, err);

	if (st == VL_OK && e->type == VL_ENTRY_HARD)
		st = vl_path_check(e->target, err);
	if (st == VL_OK && p->rewrites != NULL)
		st = vl_rewrite_record(p->rewrites, &entry, &own, err);
	return st == VL_OK ? vl_target_put(p->target, &entry, &own, err) : st;
}

/* The records that were held back, now in the order of the target. */
static enum vl_status
put_mapped(struct vl_part *p, struct vl_err *err)
{
	struct vl_entry e = { 0 };
	struct vl_body body = { 0 };
	bool more = true;
	enum vl_status st = vl_map_finish(p->map, err);

	while (st == VL_OK) {
		st = vl_map_next(p->map, &e, &body, &more, err);
		if (st != VL_OK || !more)
			break;
		st = put(p, &e, &body, err);
	}
	return st;
}

static void
say_part(struct vl_run *run, const struct vl_part *p)
{
	const struct vl_apply_ui *ui = run->opts->ui;
	struct vl_rewrite_counts rewritten = { 0 };

	if (p->rewrites != NULL)
		vl_rewrite_counts(p->rewrites, &rewritten);
	if (rewritten.files > 0)
		ui->rewritten(ui->arg, p->resource->name, rewritten.files,
		    rewritten.replacements);
	ui->counts(ui->arg, p->resource->name, &p->counts);
}

static enum vl_status
end_part(struct vl_run *run, struct vl_part *p, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	bool ready = true;

	if (p == NULL || p->ended)
		return VL_OK;
	st = vl_tied_release(run, p, &ready, err);
	if (st == VL_OK && !ready)
		return VL_OK;
	if (st == VL_OK && p->map != NULL)
		st = put_mapped(p, err);
	if (st == VL_OK)
		st = vl_target_end(p->target, err);
	if (st == VL_OK)
		st = vl_merges_end(p->merges, err);
	if (st == VL_OK)
		vl_fills_end(p->fills);
	if (st != VL_OK)
		return vl_within(err, "resource '%s'", p->resource->name);
	p->ended = true;
	vl_target_counts(p->target, &p->counts);
	if (run->planned.status != VL_OK) {
		*err = run->planned;
		return err->status;
	}
	st = plan_end(run, p->resource->name, err);
	if (st != VL_OK)
		return st;
	p->unchanged = vl_target_unchanged(p->target);
	run->result->proved += p->counts.proved;
	if (!run->quiet)
		say_part(run, p);
	return VL_OK;
}

enum vl_status
vl_run_goes_on(const struct vl_run *run, uint64_t number, const char *what,
    struct vl_err *err)
{
	const struct vl_apply_ui *ui = run->opts->ui;

	if (number % LINES_PER_LOOK != 0)
		return VL_OK;
	ui->progress(ui->arg, what, run->done, run->total);
	return ui->stop(ui->arg) ?
	    vl_fail(err, VL_ESIGNAL, "stopped: nothing was changed") :
	    VL_OK;
}

/* One line of a tree. */
static enum vl_status
take_entry(struct vl_run *run, struct vl_part *p, const struct vl_unpacked *rec,
    const struct vl_body *body, struct vl_err *err)
{
	enum vl_status st = rec->kind == VL_LINE_ENTRY ?
	    vl_fills_keep(
	        p->fills, rec, p->held != NULL || p->map != NULL, err) :
	    VL_OK;

	if (st != VL_OK)
		return vl_within(err, "resource '%s'", p->resource->name);
	if (rec->kind == VL_LINE_ENTRY && p->held != NULL)
		st = vl_map_add(p->held, &rec->entry, body, err);
	else if (rec->kind != VL_LINE_ENTRY)
		st = vl_fail(err, VL_EFORMAT,
		    "a record of the bundle is none of a tree");
	else
		st = p->map != NULL ?
		    vl_map_add(p->map, &rec->entry, body, err) :
		    put(p, &rec->entry, body, err);
	run->done += rec->size;
	return st == VL_OK ? VL_OK :
	                     vl_within(err, "resource '%s'", p->resource->name);
}

/* What the records in hand are of. */
struct hand {
	struct vl_part *tree;
	struct vl_base *base;
};

/* The resource of `rec`, and the end of the one before. */
static enum vl_status
turn_to(struct hand *hand, struct vl_run *run, const struct vl_unpacked *rec,
    struct vl_err *err)
{
	struct vl_part *p = NULL;
	struct vl_base *b = NULL;
	enum vl_status st = VL_OK;

	if (rec != NULL) {
		p = vl_part_of(run, rec->resource);
		b = vl_base_of(run, rec->resource);
	}
	if (p != hand->tree)
		st = end_part(run, hand->tree, err);
	if (st == VL_OK && b != hand->base)
		st = vl_base_end(hand->base, err);
	*hand = (struct hand){ p, b };
	if (st == VL_OK && p != NULL && !p->begun)
		st = begin_part(run, p, err);
	return st;
}

static enum vl_status
put_all(struct vl_run *run, struct vl_err *err)
{
	struct vl_unpack *u = run->intake.unpack;
	const struct vl_body body = { .arg = u,
		.part = body_part,
		.chunk = body_chunk,
		.release = body_release,
		.cut = vl_ids_chunker(vl_unpack_ids(u)) };
	struct vl_unpacked rec = { 0 };
	struct hand hand = { 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	while (st == VL_OK) {
		st = vl_unpack_next(u, &rec, err);
		if (st != VL_OK || rec.line.p == NULL)
			break;
		st = vl_run_goes_on(run, rec.number,
		    run->depth == VL_STAGE ? "staging" : "comparing", err);
		if (st == VL_OK)
			st = turn_to(&hand, run, &rec, err);
		if (st == VL_OK && hand.tree != NULL)
			st = take_entry(run, hand.tree, &rec, &body, err);
		else if (st == VL_OK && hand.base != NULL)
			st = vl_base_line(hand.base, &rec, err);
	}
	if (st == VL_OK)
		st = turn_to(&hand, run, NULL, err);
	/* Trees that waited for rows. */
	for (i = 0; st == VL_OK && i < run->header.ntrees; i++)
		if (run->parts[i].begun)
			st = end_part(run, &run->parts[i], err);
	vl_bases_rest(run);
	return st;
}

enum vl_status
vl_pass(struct vl_run *run, enum vl_depth depth, struct vl_err *err)
{
	struct vl_unpack_totals totals = { 0 };
	struct vl_taken t = { 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	run->depth = depth;
	st = put_all(run, err);
	if (st == VL_OK)
		st = vl_unpack_end(run->intake.unpack, &totals, err);
	if (st != VL_OK)
		return st;
	for (i = 0; vl_run_taken(run, i, &t); i++)
		if (!t.ended)
			return vl_fail(err, VL_EFORMAT,
			    "the bundle names resource '%s' but has no record "
			    "of it",
			    t.resource);
	run->result->lines = totals.lines;
	run->result->unused_chunks = totals.unused_chunks;
	return VL_OK;
}
