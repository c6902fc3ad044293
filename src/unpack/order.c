/*
 * What may follow what in a manifest (formats/manifest.md): the trees of the
 * inner head in its order, each from its root on, every path behind a line
 * of its directory, nothing below anything that is not a directory.
 *
 * Paths ascend with '/' below every other byte, so the directories above a
 * line are all prefixes of the deepest one: one buffer and a stack of
 * lengths hold them.
 */

#include "parts.h"

#include <string.h>

#include <valise/text.h>

static enum vl_status
begin_tree(struct vl_order *o, const struct vl_inner_head *inner,
    const struct vl_entry *e, struct vl_err *err)
{
	const struct vl_resource_id *r;

	if (o->resources == inner->nresources)
		return vl_fail(
		    err, VL_EAUTH, "its resource is not one of the inner head");
	r = &inner->resources[o->resources];
	if (!vl_slice_equal(e->resource, vl_slice_of(r->name)))
		return vl_fail(err, VL_EAUTH,
		    "resource '%s' of the inner head should begin here",
		    r->name);
	if (strcmp(r->kind, "files") != 0)
		return vl_fail(err, VL_EREFUSED,
		    "resource '%s' is of kind '%s', which this version of "
		    "valise does not read",
		    r->name, r->kind);
	if (e->path.n != 0)
		return vl_fail(
		    err, VL_EPATH, "a tree must begin with its root");
	o->resources++;
	o->depth = 0;
	vl_buf_clear(&o->dir);
	return VL_OK;
}

/* The directory of `path` is on the stack, and becomes its top. */
static bool
find_parent(struct vl_order *o, struct vl_slice path)
{
	struct vl_slice parent = vl_path_parent(path);
	struct vl_slice top = { 0 };

	for (; o->depth > 0; o->depth--) {
		top = (struct vl_slice){ o->dir.p, o->ends[o->depth - 1] };
		if (vl_path_below(parent, top))
			break;
	}
	return o->depth > 0 && top.n == parent.n;
}

/* A name is made fit to be shown only where it is shown: it takes longer
 * than the check. */
static enum vl_status
fail_path(const struct vl_entry *e, const char *why, struct vl_err *err)
{
	char name[256];

	return vl_fail(err, VL_EPATH, "'%s' %s",
	    vl_escape_text(name, sizeof(name), e->path), why);
}

static enum vl_status
fail_hard(const struct vl_entry *e, struct vl_err *err)
{
	char name[256];

	return vl_fail(err, VL_EPATH, "the hard link '%s' is to a later path",
	    vl_escape_text(name, sizeof(name), e->path));
}

static enum vl_status
check_path(struct vl_order *o, const struct vl_entry *e, struct vl_err *err)
{
	int cmp = vl_path_cmp(vl_buf_slice(&o->path), e->path);

	if (e->path.n == 0)
		return vl_fail(
		    err, VL_EPATH, "the root of the tree comes again");
	if (cmp == 0)
		return fail_path(e, "comes twice", err);
	if (cmp > 0)
		return fail_path(e, "is out of order", err);
	if (!find_parent(o, e->path))
		return fail_path(
		    e, "has no directory in a line before it", err);
	/*
	 * That the target is a file or link is left to those who make the
	 * link: it would take all paths in memory here.
	 */
	if (e->type == VL_ENTRY_HARD && vl_path_cmp(e->target, e->path) >= 0)
		return fail_hard(e, err);
	return VL_OK;
}

static enum vl_status
push(struct vl_order *o, struct vl_slice path, struct vl_err *err)
{
	if (o->depth > VL_PATH_DEPTH_MAX || path.n > VL_PATH_MAX)
		return vl_fail(err, VL_EPATH, "directories are too deep");
	vl_buf_clear(&o->dir);
	o->ends[o->depth++] = (uint16_t)path.n;
	return vl_buf_add(&o->dir, path, err);
}

enum vl_status
vl_order_check(struct vl_order *o, const struct vl_inner_head *inner,
    const struct vl_entry *e, struct vl_err *err)
{
	enum vl_status st;

	if (o->resources == 0 ||
	    !vl_slice_equal(e->resource,
	        vl_slice_of(inner->resources[o->resources - 1].name)))
		st = begin_tree(o, inner, e, err);
	else
		st = check_path(o, e, err);
	if (st == VL_OK && e->type == VL_ENTRY_DIR)
		st = push(o, e->path, err);
	if (st != VL_OK)
		return st;
	vl_buf_clear(&o->path);
	return vl_buf_add(&o->path, e->path, err);
}

void
vl_order_free(struct vl_order *o)
{
	vl_buf_free(&o->path);
	vl_buf_free(&o->dir);
}
