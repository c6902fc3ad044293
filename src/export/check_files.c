/* Files that rows own, for check-profile: how many are there. */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/text.h>
#include <valise/tree.h>

#include "export.h"

#define SHOWN 256

struct counting {
	struct vl_exclude *exclude;
	int root;
	uint64_t files;
	uint64_t missing;
	uint64_t must; /* of them */
	char first[SHOWN];
	char row[SHOWN];
};

enum vl_status
vl_check_files_open(struct vl_owned **out, const struct vl_profile *profile,
    const struct vl_site *site, const char *database, struct vl_err *err)
{
	const struct vl_profile_resource *r =
	    profile == NULL ? NULL : vl_profile_resource(profile, database);
	enum vl_status st = VL_OK;
	size_t i = 0;

	*out = NULL;
	for (i = 0; st == VL_OK && r != NULL && i < r->nfiles; i++) {
		if (vl_site_resource(site, r->files[i].in) == NULL) {
			if (r->files[i].missing == VL_MISSING_REFUSE)
				st = vl_files_no_tree(&r->files[i], err);
			continue;
		}
		if (*out == NULL)
			st = vl_owned_new(out, err);
		if (st == VL_OK)
			st = vl_owned_tree(*out, r->files[i].in, err);
	}
	return st;
}

/* It would travel: a file, or a link, that is not excluded. */
static bool
is_there(const struct counting *c, struct vl_slice path)
{
	char text[VL_PATH_MAX + 1];
	struct stat st;

	if (path.n >= sizeof(text) || c->root < 0)
		return false;
	memcpy(text, path.p, path.n);
	text[path.n] = '\0';
	return fstatat(c->root, text, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !S_ISDIR(st.st_mode) && !vl_exclude_match(c->exclude, path, false);
}

static enum vl_status
count_one(void *arg, const struct vl_owned_path *p, struct vl_err *err)
{
	struct counting *c = arg;

	(void)err;
	c->files++;
	if (is_there(c, p->path))
		return VL_OK;
	c->must += p->must;
	if (c->missing++ > 0)
		return VL_OK;
	(void)vl_escape_text(c->first, sizeof(c->first), p->path);
	(void)snprintf(c->row, sizeof(c->row), "%.*s", (int)p->row.n,
	    (const char *)p->row.p);
	return VL_OK;
}

static enum vl_status
count_tree(const struct vl_resource *r, struct vl_owned *owned,
    const struct vl_check_files *to, struct vl_err *err)
{
	struct counting c = { .root = open(
		                  r->path, O_PATH | O_DIRECTORY | O_CLOEXEC) };
	enum vl_status st = vl_exclude_new(
	    &c.exclude, (const char *const *)r->exclude, r->nexclude, err);

	if (st == VL_OK)
		st = vl_owned_each(owned, r->name, count_one, &c, err);
	if (st == VL_OK)
		to->counted(to->arg,
		    &(struct vl_files_counted){ .tree = r->name,
		        .files = c.files,
		        .missing = c.missing,
		        .must = c.must,
		        .first = c.missing > 0 ? c.first : NULL,
		        .row = c.row });
	vl_exclude_free(c.exclude);
	if (c.root >= 0)
		close(c.root);
	return st;
}

enum vl_status
vl_check_files(const struct vl_check_files *to, struct vl_owned *owned,
    const struct vl_site *site, const struct vl_profile_resource *r,
    struct vl_err *err)
{
	const struct vl_resource *tree = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; st == VL_OK && i < r->nfiles; i++) {
		tree = vl_site_resource(site, r->files[i].in);
		for (k = 0; k < i; k++)
			if (strcmp(r->files[k].in, r->files[i].in) == 0)
				tree = NULL;
		if (tree != NULL)
			st = count_tree(tree, owned, to, err);
	}
	return st;
}
