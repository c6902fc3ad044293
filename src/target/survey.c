/*
 * The survey of space: how much an import would stage at most, from the
 * lines alone.  Files that agree by size and time are taken for the same;
 * where their content differs after all, staging finds the disk full and
 * nothing has changed.
 */
#include <stdlib.h>
#include <sys/stat.h>

#include "plan.h"

#define BLOCK 4096u /* what a file system gives out at the least */
/* A name in a directory, and an inode where those are not set aside. */
#define ENTRY 512u

struct vl_survey {
	struct vl_links *links;
	struct vl_holds holds;
	struct vl_walk *walk;
	struct vl_node node;
	bool have;
	uint64_t bytes;
	uint64_t files;
};

static enum vl_status
advance(struct vl_survey *s, struct vl_err *err)
{
	s->have = false;
	if (s->walk == NULL)
		return VL_OK;
	return vl_walk_next(s->walk, &s->node, &s->have, err);
}

enum vl_status
vl_survey_open(struct vl_survey **out, const struct vl_target_opts *opts,
    struct vl_err *err)
{
	struct vl_survey *s = calloc(1, sizeof(*s));
	enum vl_status st = VL_OK;

	*out = NULL;
	if (s == NULL)
		return vl_fail_memory(err);
	s->links = opts->links;
	st = vl_target_holds(&s->holds, opts->tree, err);
	if (st == VL_OK && !opts->tree->absent)
		st = vl_walk_open(&s->walk,
		    &(struct vl_walk_opts){ .root = opts->tree->root,
		        .special = opts->resource->special,
		        .hidden = ".valise",
		        .tempdir = opts->tempdir },
		    err);
	if (st == VL_OK)
		st = advance(s, err);
	if (st != VL_OK) {
		vl_survey_free(s);
		return st;
	}
	*out = s;
	return VL_OK;
}

/* Blocks for the data, and what names them. */
static void
need(struct vl_survey *s, uint64_t data)
{
	s->bytes += (data + BLOCK - 1) / BLOCK * BLOCK + ENTRY;
	s->files++;
}

/* What stands here is taken for what the record tells of. */
static bool
is_same(const struct vl_survey *s, const struct vl_entry *e)
{
	const struct stat *st = &s->node.st;

	if (!s->have || !vl_slice_equal(s->node.path, e->path))
		return false;
	if (e->type == VL_ENTRY_HARD)
		return s->node.type != VL_ENTRY_DIR && st->st_nlink > 1;
	if (e->type == VL_ENTRY_FILE)
		return s->node.type == e->type &&
		    (uint64_t)st->st_size == e->size &&
		    st->st_mtim.tv_sec == e->mtime.sec &&
		    st->st_mtim.tv_nsec == e->mtime.nsec;
	return s->node.type == e->type;
}

enum vl_status
vl_survey_put(struct vl_survey *s, const struct vl_entry *e, struct vl_err *err)
{
	uint64_t data = e->size;
	enum vl_status st = VL_OK;
	size_t i = 0;

	while (st == VL_OK && s->have && vl_path_cmp(s->node.path, e->path) < 0)
		st = advance(s, err);
	if (st == VL_OK && e->type == VL_ENTRY_HARD && s->links != NULL)
		st = vl_links_add(s->links, e->target, e->path, err);
	if (st != VL_OK || e->type == VL_ENTRY_LEFT_OUT || is_same(s, e))
		return st;
	for (i = 0; i < e->nholes && s->holds.holes; i++)
		data -= e->holes[i].n;
	need(s, data);
	return VL_OK;
}

void
vl_survey_need(const struct vl_survey *s, uint64_t *bytes, uint64_t *files)
{
	*bytes = s->bytes;
	*files = s->files;
}

void
vl_survey_free(struct vl_survey *s)
{
	if (s == NULL)
		return;
	vl_walk_free(s->walk);
	free(s);
}
