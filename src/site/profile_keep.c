/* Rows that a site file keeps as they are here, among the words of a profile.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/profile.h>

static enum vl_status
copy_columns(struct vl_keep_rows *to, const struct vl_keep_rows *from,
    struct vl_err *err)
{
	to->columns = calloc(from->ncolumns + 1, sizeof(*to->columns));
	to->columns_at = calloc(from->ncolumns + 1, sizeof(*to->columns_at));
	if (to->columns == NULL || to->columns_at == NULL)
		return vl_fail_memory(err);
	for (; to->ncolumns < from->ncolumns; to->ncolumns++) {
		to->columns[to->ncolumns] = strdup(from->columns[to->ncolumns]);
		if (to->columns[to->ncolumns] == NULL)
			return vl_fail_memory(err);
		to->columns_at[to->ncolumns] = from->columns_at[to->ncolumns];
		to->columns_at[to->ncolumns].in_site = true;
	}
	return VL_OK;
}

/* One entry more at the end; what was made of it is the profile's. */
static enum vl_status
add(struct vl_profile_resource *r, const struct vl_keep_rows *from,
    struct vl_err *err)
{
	struct vl_keep_rows *more = reallocarray(
	    r->keep_here, r->nkeep_here + 1, sizeof(*r->keep_here));
	struct vl_keep_rows *to = NULL;

	if (more == NULL)
		return vl_fail_memory(err);
	r->keep_here = more;
	to = &more[r->nkeep_here++];
	*to = (struct vl_keep_rows){
		.line = from->line, .column = from->column, .in_site = true
	};
	to->table = strdup(from->table);
	if (from->where != NULL)
		to->where = strdup(from->where);
	if (to->table == NULL || (from->where != NULL && to->where == NULL))
		return vl_fail_memory(err);
	return copy_columns(to, from, err);
}

/* The words about `name`, at first none. */
static enum vl_status
words_of(struct vl_profile_resource **out, struct vl_profile *p,
    const char *name, struct vl_err *err)
{
	struct vl_profile_resource *more = NULL;
	size_t i = 0;

	for (i = 0; i < p->nresources; i++) {
		*out = &p->resources[i];
		if (strcmp(p->resources[i].resource, name) == 0)
			return VL_OK;
	}
	more = reallocarray(p->resources, p->nresources + 1, sizeof(*more));
	if (more == NULL)
		return vl_fail_memory(err);
	p->resources = more;
	*out = &more[p->nresources++];
	**out = (struct vl_profile_resource){ .resource = strdup(name),
		.in_site = true };
	return (*out)->resource != NULL ? VL_OK : vl_fail_memory(err);
}

/* Of a site that has no other words. */
static enum vl_status
make_empty(
    struct vl_profile **p, const struct vl_site *site, struct vl_err *err)
{
	*p = calloc(1, sizeof(**p));
	if (*p == NULL)
		return vl_fail_memory(err);
	(*p)->file = strdup(site->file);
	return (*p)->file != NULL ? VL_OK : vl_fail_memory(err);
}

enum vl_status
vl_profile_keep_rows(struct vl_profile **p, const struct vl_site *site,
    const char *resource, struct vl_err *err)
{
	struct vl_profile_resource *r = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; i < site->nkeep_rows && st == VL_OK; i++) {
		if (strcmp(site->keep_rows[i].resource, resource) != 0)
			continue;
		if (*p == NULL)
			st = make_empty(p, site, err);
		if (st == VL_OK && (*p)->site_file == NULL) {
			(*p)->site_file = strdup(site->file);
			if ((*p)->site_file == NULL)
				st = vl_fail_memory(err);
		}
		if (st == VL_OK)
			st = words_of(&r, *p, resource, err);
		if (st == VL_OK)
			st = add(r, &site->keep_rows[i], err);
	}
	return st;
}
