/*
 * A target from its opening to its end; what it does with records stands in
 * plan.c and the files named there, and in aside.c.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
vl_target_holds(struct vl_holds *holds, const struct vl_header_tree *tree,
    struct vl_err *err)
{
	char *path = strdup(tree->root);
	char *slash = path == NULL ? NULL : strrchr(path, '/');
	enum vl_status st = VL_OK;
	int fd = -1;

	if (path == NULL)
		return vl_fail_memory(err);
	if (tree->absent && slash != NULL)
		slash[slash == path ? 1 : 0] = '\0';
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		st = vl_fail_errno(err, "cannot open '%s'", path);
	else
		st = vl_holds_probe(holds, fd, tree->absent, err);
	if (fd >= 0)
		close(fd);
	free(path);
	return st;
}

static enum vl_status
open_parts(struct vl_target *t, struct vl_err *err)
{
	const struct vl_target_opts *opts = &t->opts;
	const struct vl_resource *r = opts->resource;
	enum vl_status st = vl_exclude_new(
	    &t->exclude, (const char *const *)r->exclude, r->nexclude, err);

	if (st == VL_OK && opts->nkeep_here > 0)
		st = vl_exclude_new(
		    &t->keep, opts->keep_here, opts->nkeep_here, err);
	if (st == VL_OK && r->nunit > 0)
		st = vl_exclude_new(
		    &t->unit, (const char *const *)r->unit, r->nunit, err);
	if (st == VL_OK)
		st = vl_owners_new(&t->owners, r->owners, r->nowners, err);
	if (st == VL_OK)
		st = vl_target_holds(&t->holds, opts->tree, err);
	/* Owners that are not set anyway are not missed. */
	t->holds.owners = t->holds.owners || opts->keep_owner;
	if (st == VL_OK)
		st = vl_fold_new(&t->fold, &t->holds, opts->tempdir, err);
	if (st == VL_OK)
		st = vl_listed_open(&t->listed, opts, err);
	if (st == VL_OK)
		st = make_workers(t, err);
	if (st == VL_OK && !opts->tree->absent)
		st = vl_walk_open(&t->walk,
		    &(struct vl_walk_opts){ .root = opts->tree->root,
		        .exclude = t->exclude,
		        .special = r->special,
		        .hidden = VL_STAGING,
		        .tempdir = opts->tempdir },
		    err);
	if (st == VL_OK)
		st = vl_plan_advance(t, err);
	if (st == VL_OK && opts->stage != NULL &&
	    vl_steps_w_open(&t->steps, vl_stage_fd(opts->stage), err) != VL_OK)
		st = vl_within(err, "'%s'", opts->tree->staging);
	return st;
}

enum vl_status
vl_target_open(struct vl_target **out, const struct vl_target_opts *opts,
    struct vl_err *err)
{
	struct vl_target *t = calloc(1, sizeof(*t));
	enum vl_status st = VL_OK;

	*out = NULL;
	if (t == NULL)
		return vl_fail_memory(err);
	t->opts = *opts;
	t->rootfd = -1;
	st = open_parts(t, err);
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
	vl_dirs_free(t->live_dirs);
	vl_dirs_free(t->staged_dirs);
	if (t->rootfd >= 0)
		close(t->rootfd);
	vl_table_free(t->claims);
	vl_table_free(t->leaders);
	vl_table_free(t->unlisted);
	vl_fold_free(t->fold);
	vl_listed_free(t->listed);
	vl_owners_free(t->owners);
	vl_exclude_free(t->unit);
	vl_exclude_free(t->keep);
	vl_exclude_free(t->exclude);
	free(t);
}
