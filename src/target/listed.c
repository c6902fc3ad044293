/*
 * The list of what was brought, read in step with everything else that comes
 * in manifest order, and written anew.
 */
#include <stdlib.h>

#include <valise/brought.h>

#include "listed.h"

struct vl_listed {
	struct vl_brought_r *old; /* NULL: there is none */
	struct vl_slice at;       /* the next one, where `have` */
	bool have;
	struct vl_brought_w *new; /* NULL: a preview */
	bool adds;
};

enum vl_status
vl_listed_open(struct vl_listed **out, const struct vl_target_opts *opts,
    struct vl_err *err)
{
	const bool adds = opts->resource->target_only == VL_TARGET_ONLY_BROUGHT;
	struct vl_brought_r *old = NULL;
	struct vl_listed *l = NULL;
	enum vl_status st = VL_OK;

	*out = NULL;
	if (opts->brought == NULL)
		return VL_OK;
	st = vl_brought_r_open(&old, opts->brought, err);
	if (st != VL_OK || (old == NULL && !adds))
		return st;
	l = calloc(1, sizeof(*l));
	if (l == NULL) {
		vl_brought_r_free(old);
		return vl_fail_memory(err);
	}
	l->old = old;
	l->adds = adds;
	st = vl_listed_next(l, err);
	if (st == VL_OK && opts->stage != NULL)
		st = vl_brought_w_open(&l->new, opts->brought, err);
	if (st != VL_OK) {
		vl_listed_free(l);
		return st;
	}
	*out = l;
	return VL_OK;
}

enum vl_status
vl_listed_go(struct vl_listed *l, struct vl_slice path, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	while (
	    l != NULL && st == VL_OK && l->have && vl_path_cmp(l->at, path) < 0)
		st = vl_listed_next(l, err);
	return st;
}

bool
vl_listed_is(const struct vl_listed *l, struct vl_slice path)
{
	return l != NULL && l->have && vl_slice_equal(l->at, path);
}

bool
vl_listed_below(
    const struct vl_listed *l, struct vl_slice path, struct vl_slice *at)
{
	if (l == NULL || !l->have || l->at.n <= path.n ||
	    !vl_path_below(l->at, path))
		return false;
	if (at != NULL)
		*at = l->at;
	return true;
}

enum vl_status
vl_listed_next(struct vl_listed *l, struct vl_err *err)
{
	l->have = false;
	if (l->old == NULL)
		return VL_OK;
	return vl_brought_r_next(l->old, &l->at, &l->have, err);
}

enum vl_status
vl_listed_keep(struct vl_listed *l, struct vl_slice path, struct vl_err *err)
{
	if (l == NULL || l->new == NULL || path.n == 0)
		return VL_OK;
	return vl_brought_w_add(l->new, path, err);
}

enum vl_status
vl_listed_add(struct vl_listed *l, struct vl_slice path, struct vl_err *err)
{
	return l != NULL && l->adds ? vl_listed_keep(l, path, err) : VL_OK;
}

enum vl_status
vl_listed_end(struct vl_listed *l, struct vl_err *err)
{
	return l == NULL || l->new == NULL ? VL_OK :
	                                     vl_brought_w_finish(l->new, err);
}

void
vl_listed_free(struct vl_listed *l)
{
	if (l == NULL)
		return;
	vl_brought_r_free(l->old);
	vl_brought_w_free(l->new);
	free(l);
}
