/*
 * The one pass: every record is verified, compared with its tree, and what
 * differs is staged.  Staging is not the target: nothing of it counts before
 * the end of the bundle has been verified, too.
 */
#include <string.h>

#include "apply.h"

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

static enum vl_status
begin_part(
    struct vl_run *run, struct vl_part *p, bool staging, struct vl_err *err)
{
	const struct vl_apply_ui *ui = run->opts->ui;
	size_t at = (size_t)(p - run->parts);

	p->begun = true;
	return vl_target_open(&p->target,
	    &(struct vl_target_opts){ .resource = p->resource,
	        .on_match = run->opts->on_match != NULL ? *run->opts->on_match :
	                                                  p->resource->on_match,
	        .tree = &run->header.trees[at],
	        .stage = staging ? p->stage : NULL,
	        .hashers = vl_ids_hashers(vl_unpack_ids(run->intake.unpack)),
	        .pool = run->opts->pool,
	        .tempdir = vl_state_path(run->opts->state),
	        .keep_owner = run->keep_owner,
	        .report = { .arg = ui->arg,
	            .change = run->quiet ? NULL : ui->change } },
	    err);
}

static enum vl_status
end_part(struct vl_run *run, struct vl_part *p, struct vl_err *err)
{
	const struct vl_apply_ui *ui = run->opts->ui;
	enum vl_status st = VL_OK;

	if (p == NULL || p->ended)
		return VL_OK;
	st = vl_target_end(p->target, err);
	p->ended = true;
	vl_target_counts(p->target, &p->counts);
	p->unchanged = vl_target_unchanged(p->target);
	if (st == VL_OK && !run->quiet)
		ui->counts(ui->arg, p->resource->name, &p->counts);
	return st;
}

static enum vl_status
put_all(struct vl_run *run, bool staging, struct vl_err *err)
{
	const struct vl_apply_ui *ui = run->opts->ui;
	struct vl_unpack *u = run->intake.unpack;
	const struct vl_body body = { .arg = u,
		.part = body_part,
		.chunk = body_chunk,
		.release = body_release };
	struct vl_unpacked rec = { 0 };
	struct vl_part *last = NULL;
	struct vl_part *p = NULL;
	enum vl_status st = VL_OK;

	while (st == VL_OK) {
		st = vl_unpack_next(u, &rec, err);
		if (st != VL_OK || rec.line.p == NULL)
			break;
		if ((rec.number & 0xff) == 0) {
			ui->progress(ui->arg, staging ? "staging" : "comparing",
			    run->done, run->total);
			if (ui->stop(ui->arg))
				return vl_fail(err, VL_ESIGNAL,
				    "stopped: nothing was changed");
		}
		p = vl_part_of(run, rec.entry.resource);
		if (p != last) {
			st = end_part(run, last, err);
			last = p;
		}
		if (p == NULL || st != VL_OK)
			continue;
		if (!p->begun)
			st = begin_part(run, p, staging, err);
		run->done += rec.entry.size;
		if (st == VL_OK)
			st = vl_target_put(p->target, &rec.entry, &body, err);
		if (st != VL_OK)
			vl_within(err, "resource '%s'", p->resource->name);
	}
	if (st == VL_OK)
		st = end_part(run, last, err);
	return st;
}

enum vl_status
vl_pass(struct vl_run *run, bool staging, struct vl_err *err)
{
	struct vl_unpack_totals totals = { 0 };
	enum vl_status st = put_all(run, staging, err);
	size_t i = 0;

	if (st == VL_OK)
		st = vl_unpack_end(run->intake.unpack, &totals, err);
	if (st != VL_OK)
		return st;
	for (i = 0; i < run->header.ntrees; i++)
		if (!run->parts[i].ended)
			return vl_fail(err, VL_EFORMAT,
			    "the bundle names resource '%s' but has no record "
			    "of it",
			    run->header.trees[i].resource);
	run->result->lines = totals.lines;
	run->result->unused_chunks = totals.unused_chunks;
	return VL_OK;
}
