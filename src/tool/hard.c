/*
 * Hard links of a bundle (formats/manifest.md, "to"): which paths are named
 * is known when the last line was read, so whether each is there is told by
 * a second reading of the lines.
 */

#include <stdlib.h>

#include <valise/text.h>

#include "tool.h"

enum vl_status
hard_begin(
    struct hard_lines *h, const struct vl_inner_head *inner, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	h->inner = inner;
	h->of = calloc(inner->nresources, sizeof(*h->of));
	if (h->of == NULL && inner->nresources > 0)
		return vl_fail_memory(err);
	for (; st == VL_OK && h->n < inner->nresources; h->n++)
		st = vl_links_new(&h->of[h->n], bundle_tempdir(), err);
	return st;
}

/* The links of the tree of `e`; trees come in the order of the inner head. */
static struct vl_links *
links_of(struct hard_lines *h, const struct vl_entry *e)
{
	while (h->at + 1 < h->n &&
	    !vl_slice_equal(
	        e->resource, vl_slice_of(h->inner->resources[h->at].name)))
		h->at++;
	return h->of[h->at];
}

enum vl_status
hard_add(struct hard_lines *h, const struct vl_entry *e, struct vl_err *err)
{
	if (e->type != VL_ENTRY_HARD)
		return VL_OK;
	return vl_links_add(links_of(h, e), e->target, e->path, err);
}

static bool
any(const struct hard_lines *h)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		if (vl_links_any(h->of[i]))
			return true;
	return false;
}

static enum vl_status
meet(struct hard_lines *h, const struct vl_unpacked *rec, struct vl_err *err)
{
	const struct vl_entry *e = &rec->entry;
	char path[SHOWN_SIZE];
	char to[SHOWN_SIZE];

	if (e->type == VL_ENTRY_DIR || e->type == VL_ENTRY_LEFT_OUT)
		return VL_OK;
	if (e->type != VL_ENTRY_HARD) {
		(void)vl_links_leader(links_of(h, e), e->path);
		return VL_OK;
	}
	if (vl_links_of(links_of(h, e), e->target) != NULL)
		return VL_OK;
	return vl_fail(err, VL_EPATH,
	    "line %llu: the hard link '%s' is to '%s', which no line before it "
	    "says to be a file or anything else that has several names",
	    (unsigned long long)rec->number,
	    vl_escape_text(path, sizeof(path), e->path),
	    vl_escape_text(to, sizeof(to), e->target));
}

enum vl_status
hard_check(struct hard_lines *h, const struct bundle *b, struct vl_err *err)
{
	struct vl_unpack *again = NULL;
	struct vl_unpacked rec = { 0 };
	enum vl_status st;

	if (!any(h))
		return VL_OK;
	h->at = 0;
	st = bundle_reader(b, &again, err);
	if (st == VL_OK)
		vl_unpack_lines_only(again);
	while (st == VL_OK) {
		if (vl_cli_stop()) {
			st = vl_cli_stopped(err);
			break;
		}
		st = vl_unpack_next(again, &rec, err);
		if (st != VL_OK || rec.line.p == NULL)
			break;
		if (rec.kind == VL_LINE_ENTRY)
			st = meet(h, &rec, err);
	}
	vl_unpack_free(again);
	return st;
}

void
hard_free(struct hard_lines *h)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		vl_links_free(h->of[i]);
	free(h->of);
	*h = (struct hard_lines){ 0 };
}
