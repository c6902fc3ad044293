/*
 * The survey of space: how much an import would stage at most, from the
 * lines, a walk, and the attributes of what a line gives some to.  Files that
 * agree by size and time are taken for the same; where their content differs
 * after all, staging finds the disk full and nothing has changed.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "plan.h"

#define BLOCK 4096u /* what a file system gives out at the least */
/* A name in a directory, and an inode where those are not set aside. */
#define ENTRY 512u

struct vl_survey {
	struct vl_links *links;
	struct vl_holds holds;
	struct vl_owners *owners;
	bool privileged;
	struct vl_walk *walk;
	struct vl_node node;
	bool have;
	struct vl_attrs now;
	struct vl_buf want;
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
	s->privileged = opts->tree->privileged;
	st = vl_target_holds(&s->holds, opts->tree, err);
	if (st == VL_OK)
		st = vl_owners_new(&s->owners, opts->resource->owners,
		    opts->resource->nowners, err);
	if (st == VL_OK && !opts->tree->absent)
		st = vl_walk_open(&s->walk,
		    &(struct vl_walk_opts){ .root = opts->tree->root,
		        .special = opts->resource->special,
		        .hidden = VL_STAGING,
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

static uint64_t
blocks(uint64_t bytes)
{
	return (bytes + BLOCK - 1) / BLOCK * BLOCK;
}

/* Blocks for the data, and what names them. */
static void
need(struct vl_survey *s, uint64_t data)
{
	s->bytes += blocks(data) + ENTRY;
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
		    (e->nslots > 0 || (uint64_t)st->st_size == e->size) &&
		    st->st_mtim.tv_sec == e->mtime.sec &&
		    st->st_mtim.tv_nsec == e->mtime.nsec;
	return s->node.type == e->type;
}

/* What is here of `s->node` has the attributes s->want. */
static bool
has_attributes(struct vl_survey *s)
{
	const struct vl_node *node = &s->node;
	char name[VL_NAME_MAX + 1] = "";

	if (node->type != VL_ENTRY_DIR)
		memcpy(name, node->name.p, node->name.n);
	return vl_attrs_read(&s->now,
	           node->type == VL_ENTRY_DIR ? node->fd : node->parentfd, name,
	           vl_attrs_which(s->privileged)) &&
	    vl_slice_equal(vl_buf_slice(&s->now.bytes), vl_buf_slice(&s->want));
}

/*
 * Attributes take blocks of their own: also those that are set in place, after
 * the decision, when nothing may find the disk full any more.
 */
static enum vl_status
need_attributes(struct vl_survey *s, const struct vl_entry *e, bool same,
    struct vl_err *err)
{
	const struct vl_want want = { &s->holds, s->owners,
		VL_LACKS_XATTRS | (s->holds.acl ? 0 : VL_LACKS_ACL) |
		    (s->privileged ? 0 : LACKS_PRIVILEGE) };
	enum vl_status st = VL_OK;

	if (e->nxattrs == 0 && e->nacl == 0 && e->nacl_default == 0)
		return VL_OK;
	vl_buf_clear(&s->want);
	st = vl_want_attrs(&s->want, &want, e, err);
	/* What cannot be had is a conflict, told by the pass. */
	if (st == VL_EREFUSED)
		return VL_OK;
	if (st == VL_OK && s->want.n > 0 && !(same && has_attributes(s)))
		s->bytes += blocks(s->want.n);
	return st;
}

enum vl_status
vl_survey_put(struct vl_survey *s, const struct vl_entry *e, struct vl_err *err)
{
	uint64_t data = e->size;
	enum vl_status st = VL_OK;
	bool same = false;
	size_t i = 0;

	while (st == VL_OK && s->have && vl_path_cmp(s->node.path, e->path) < 0)
		st = advance(s, err);
	if (st == VL_OK && e->type == VL_ENTRY_HARD && s->links != NULL)
		st = vl_links_add(s->links, e->target, e->path, err);
	if (st != VL_OK || e->type == VL_ENTRY_LEFT_OUT)
		return st;
	same = is_same(s, e);
	st = need_attributes(s, e, same, err);
	if (st != VL_OK || same)
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
	vl_owners_free(s->owners);
	vl_attrs_free(&s->now);
	vl_buf_free(&s->want);
	free(s);
}
