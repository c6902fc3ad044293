/* Values in files of a tree that stay the target's, for check-profile: how many
 * there are on this side. */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <valise/fs.h>
#include <valise/merge.h>
#include <valise/text.h>
#include <valise/tree.h>

#include "export.h"

#define SHOWN 256

struct counting {
	struct vl_exclude *exclude;
	struct vl_exclude *pattern;
	struct vl_merge_path *path;
	struct vl_merge_line line;
	bool yaml;
	struct vl_values_counted n;
	char broken[2600];
	struct vl_buf text;
};

static enum vl_status
read_text(struct counting *c, struct vl_walk *w, const struct vl_node *node,
    struct vl_err *err)
{
	const size_t size = (size_t)node->st.st_size;
	enum vl_status st = VL_OK;
	size_t got = 0;
	int fd = -1;

	if (node->st.st_size > VL_MERGE_MAX)
		return vl_fail(err, VL_EREFUSED, "it is longer than %u MiB",
		    VL_MERGE_MAX >> 20);
	if (!vl_walk_file(w, &fd))
		return vl_fail_errno(err, "it cannot be opened");
	vl_buf_clear(&c->text);
	st = vl_buf_reserve(&c->text, size + 1, err);
	if (st == VL_OK)
		st = vl_read_full(fd, c->text.p, size, &got, err);
	c->text.n = got;
	close(fd);
	return st;
}

static void
count_file(struct counting *c, struct vl_walk *w, const struct vl_node *node)
{
	struct vl_err why = { 0 };
	char shown[SHOWN];
	uint64_t n = 0;
	enum vl_status st = read_text(c, w, node, &why);

	c->n.files++;
	if (st == VL_OK)
		st = vl_merge_count(
		    &n, vl_buf_slice(&c->text), c->yaml, &c->line, &why);
	c->n.values += n;
	if (st == VL_OK || c->n.broken != NULL)
		return;
	c->n.broken = c->broken;
	(void)snprintf(c->broken, sizeof(c->broken), "'%s': %s",
	    vl_escape_text(shown, sizeof(shown), node->path), why.text);
}

static enum vl_status
count_tree(struct counting *c, const struct vl_resource *r, struct vl_err *err)
{
	struct vl_walk *w = NULL;
	struct vl_node node = { 0 };
	bool more = true;
	enum vl_status st = vl_walk_open(&w,
	    &(struct vl_walk_opts){ .root = r->path,
	        .exclude = c->exclude,
	        .cross_mounts = !r->one_file_system,
	        .hidden = VL_STAGING,
	        .tempdir = vl_export_tempdir() },
	    err);

	while (st == VL_OK) {
		st = vl_walk_next(w, &node, &more, err);
		if (st != VL_OK || !more)
			break;
		if (node.type == VL_ENTRY_FILE &&
		    vl_exclude_match(c->pattern, node.path, false))
			count_file(c, w, &node);
	}
	vl_walk_free(w);
	return st;
}

static enum vl_status
count_line(const struct vl_check_values *to, const struct vl_resource *r,
    struct counting *c, struct vl_err *err)
{
	enum vl_status st = vl_exclude_new(
	    &c->exclude, (const char *const *)r->exclude, r->nexclude, err);
	char shown[SHOWN];

	if (st == VL_OK)
		st = vl_exclude_new(&c->pattern, &c->n.file, 1, err);
	if (st == VL_OK)
		st = vl_merge_path_new(&c->path, c->n.path, err);
	c->line.path = c->path;
	if (st == VL_OK)
		st = count_tree(c, r, err);
	if (st == VL_OK)
		to->counted(to->arg, &c->n);
	else
		vl_within(err, "'%s' of file '%s'", c->n.word,
		    vl_escape_text(
		        shown, sizeof(shown), vl_slice_of(c->n.file)));
	vl_exclude_free(c->exclude);
	vl_exclude_free(c->pattern);
	vl_merge_path_free(c->path);
	vl_buf_free(&c->text);
	return st;
}

enum vl_status
vl_check_values(const struct vl_check_values *to, const struct vl_site *site,
    const struct vl_resource *r, bool *any, struct vl_err *err)
{
	const struct vl_keep_value *v = site->keep_values;
	const struct vl_members *m = site->members;
	struct counting c = { 0 };
	enum vl_status st = VL_OK;

	*any = false;
	for (; st == VL_OK && m < site->members + site->nmembers; m++) {
		if (strcmp(m->resource, r->name) != 0)
			continue;
		*any = true;
		c = (struct counting){ .line.how = VL_MERGE_KEEP,
			.n = { .word = "members",
			    .file = m->file,
			    .path = m->json } };
		st = count_line(to, r, &c, err);
	}
	for (; st == VL_OK && v < site->keep_values + site->nkeep_values; v++) {
		if (strcmp(v->resource, r->name) != 0)
			continue;
		*any = true;
		c = (struct counting){ .line.how = VL_MERGE_VALUE,
			.yaml = v->yaml != NULL,
			.n = { .word = "keep_here",
			    .file = v->file,
			    .path = v->yaml != NULL ? v->yaml : v->json } };
		st = count_line(to, r, &c, err);
	}
	return st;
}
