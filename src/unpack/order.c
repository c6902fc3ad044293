/*
 * What may follow what in a manifest (formats/manifest.md): the resources of
 * the inner head in its order.  Each tree from its root on, every path behind
 * a line of its directory, nothing below anything that is not a directory;
 * each database from its profile on, every row behind the line of its table.
 *
 * Paths ascend with '/' below every other byte, so the directories above a
 * line are all prefixes of the deepest one: one buffer and a stack of
 * lengths hold them.
 */

#include "parts.h"

#include <string.h>

#include <valise/text.h>

/* Another resource begins. */
static enum vl_status
begin(struct vl_order *o, const struct vl_inner_head *inner,
    struct vl_slice name, struct vl_err *err)
{
	const struct vl_resource_id *r;

	if (o->resources == inner->nresources)
		return vl_fail(
		    err, VL_EAUTH, "its resource is not one of the inner head");
	r = &inner->resources[o->resources];
	if (!vl_slice_equal(name, vl_slice_of(r->name)))
		return vl_fail(err, VL_EAUTH,
		    "resource '%s' of the inner head should begin here",
		    r->name);
	o->database = strcmp(r->kind, "sqlite") == 0;
	if (!o->database && strcmp(r->kind, "files") != 0)
		return vl_fail(err, VL_EREFUSED,
		    "resource '%s' is of kind '%s', which this version of "
		    "valise does not read",
		    r->name, r->kind);
	o->resources++;
	return VL_OK;
}

static enum vl_status
begin_tree(struct vl_order *o, const struct vl_entry *e, struct vl_err *err)
{
	if (e->path.n != 0)
		return vl_fail(
		    err, VL_EPATH, "a tree must begin with its root");
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

static enum vl_status
check_entry(struct vl_order *o, const struct vl_entry *e, bool first,
    struct vl_err *err)
{
	enum vl_status st =
	    first ? begin_tree(o, e, err) : check_path(o, e, err);

	if (st == VL_OK && e->type == VL_ENTRY_DIR)
		st = push(o, e->path, err);
	if (st != VL_OK)
		return st;
	vl_buf_clear(&o->path);
	return vl_buf_add(&o->path, e->path, err);
}

static enum vl_status
fail_table(struct vl_slice table, const char *why, struct vl_err *err)
{
	char name[256];

	return vl_fail(err, VL_EFORMAT, "table '%s' %s",
	    vl_escape_text(name, sizeof(name), table), why);
}

static enum vl_status
check_table(struct vl_order *o, struct vl_slice table, struct vl_err *err)
{
	int cmp = vl_slice_cmp(vl_buf_slice(&o->table), table);

	if (cmp == 0)
		return fail_table(table, "comes twice", err);
	if (cmp > 0)
		return fail_table(table, "is out of order", err);
	vl_buf_clear(&o->table);
	vl_buf_clear(&o->key);
	return vl_buf_add(&o->table, table, err);
}

static enum vl_status
check_row(struct vl_order *o, const struct vl_row *row, struct vl_err *err)
{
	int cmp = vl_slice_cmp(vl_buf_slice(&o->key), row->key);
	char key[256];

	if (!vl_slice_equal(row->table, vl_buf_slice(&o->table)))
		return fail_table(
		    row->table, "has a row that is not behind its line", err);
	if (cmp >= 0)
		return vl_fail(err, VL_EFORMAT, "the row %s %s",
		    vl_escape_text(key, sizeof(key), row->key),
		    cmp == 0 ? "comes twice" : "is out of order");
	vl_buf_clear(&o->key);
	return vl_buf_add(&o->key, row->key, err);
}

/* A line of a database, whose first one is the profile. */
static enum vl_status
check_rows(struct vl_order *o, const struct vl_unpacked *rec, bool first,
    struct vl_err *err)
{
	if (first != (rec->kind == VL_LINE_PROFILE))
		return vl_fail(err, VL_EFORMAT,
		    first ? "a database must begin with its profile" :
		            "the profile of the database comes again");
	if (first) {
		vl_buf_clear(&o->table);
		vl_buf_clear(&o->key);
		return VL_OK;
	}
	return rec->kind == VL_LINE_TABLE ?
	    check_table(o, rec->table.table, err) :
	    check_row(o, &rec->row, err);
}

enum vl_status
vl_order_check(struct vl_order *o, const struct vl_inner_head *inner,
    const struct vl_unpacked *rec, struct vl_err *err)
{
	bool first = o->resources == 0 ||
	    !vl_slice_equal(rec->resource,
	        vl_slice_of(inner->resources[o->resources - 1].name));
	enum vl_status st = first ? begin(o, inner, rec->resource, err) : VL_OK;

	if (st != VL_OK)
		return st;
	if (o->database != (rec->kind != VL_LINE_ENTRY))
		return vl_fail(err, VL_EFORMAT, "a line of a %s stands in a %s",
		    o->database ? "tree" : "database",
		    o->database ? "database" : "tree");
	return o->database ? check_rows(o, rec, first, err) :
	                     check_entry(o, &rec->entry, first, err);
}

void
vl_order_free(struct vl_order *o)
{
	vl_buf_free(&o->table);
	vl_buf_free(&o->key);
	vl_buf_free(&o->path);
	vl_buf_free(&o->dir);
}
