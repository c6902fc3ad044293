/*
 * A target from its opening to its end; what it does with records stands in
 * plan.c, work.c, close.c and aside.c.
 */
#include <stdlib.h>

#include "plan.h"

static enum vl_status
make_workers(struct vl_target *t, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	unsigned i = 0;

	t->nworkers = vl_pool_workers(t->opts.pool);
	t->workers = calloc(t->nworkers, sizeof(*t->workers));
	if (t->workers == NULL)
		return vl_fail_memory(err);
	for (i = 0; i < t->nworkers && st == VL_OK; i++) {
		t->workers[i].buffer = malloc(WORK_BUFFER);
		if (t->workers[i].buffer == NULL)
			return vl_fail_memory(err);
		st = t->opts.hashers.make(
		    t->opts.hashers.arg, &t->workers[i].hasher, err);
	}
	return st;
}

enum vl_status
vl_target_open(struct vl_target **out, const struct vl_target_opts *opts,
    struct vl_err *err)
{
	const struct vl_resource *r = opts->resource;
	struct vl_target *t = calloc(1, sizeof(*t));
	enum vl_status st = VL_OK;

	*out = NULL;
	if (t == NULL)
		return vl_fail_memory(err);
	t->opts = *opts;
	st = vl_exclude_new(
	    &t->exclude, (const char *const *)r->exclude, r->nexclude, err);
	if (st == VL_OK)
		st = vl_owners_new(&t->owners, err);
	if (st == VL_OK)
		st = make_workers(t, err);
	if (st == VL_OK && !opts->tree->absent)
		st = vl_walk_open(&t->walk,
		    &(struct vl_walk_opts){ .root = opts->tree->root,
		        .exclude = t->exclude,
		        .hidden = ".valise",
		        .tempdir = opts->tempdir },
		    err);
	if (st == VL_OK)
		st = vl_plan_advance(t, err);
	if (st == VL_OK && opts->stage != NULL)
		st = vl_steps_w_open(&t->steps, vl_stage_fd(opts->stage), err);
	if (st != VL_OK) {
		vl_target_free(t);
		return st;
	}
	*out = t;
	return VL_OK;
}

void
vl_target_counts(const struct vl_target *t, struct vl_target_counts *counts)
{
	*counts = t->counts;
}

bool
vl_target_unchanged(const struct vl_target *t)
{
	return t->counts.add == 0 && t->counts.change == 0 &&
	    t->counts.deletions == 0;
}

void
vl_target_free(struct vl_target *t)
{
	struct vl_err ignored;
	struct item *i = NULL;
	unsigned k = 0;

	if (t == NULL)
		return;
	while ((i = t->head) != NULL) {
		t->head = i->next;
		if (i->submitted)
			(void)vl_pool_wait(t->opts.pool, &i->job, &ignored);
		vl_item_free(i);
	}
	while (t->ndone > 0)
		vl_item_free(t->done[--t->ndone].enter);
	while (t->nplan > 0)
		vl_stage_dir_release(t->plan[--t->nplan].dir);
	for (k = 0; t->workers != NULL && k < t->nworkers; k++) {
		if (t->workers[k].hasher != NULL)
			t->workers[k].hasher->ops->free(t->workers[k].hasher);
		free(t->workers[k].buffer);
	}
	free(t->workers);
	free(t->done);
	free(t->plan);
	vl_buf_free(&t->plan_path);
	vl_buf_free(&t->skip_path);
	vl_steps_w_free(t->steps);
	vl_walk_free(t->walk);
	vl_owners_free(t->owners);
	vl_exclude_free(t->exclude);
	free(t);
}
