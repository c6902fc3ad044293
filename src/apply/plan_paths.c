/*
 * Paths that a plan leaves as they are (formats/plan.md): asked before
 * anything is compared or staged, as keep_here of the site is.
 */

#include <stdlib.h>

#include "planning.h"

static int
by_path(const void *a, const void *b)
{
	const struct plan_path *x = a;
	const struct plan_path *y = b;
	int order = vl_slice_cmp(x->resource, y->resource);

	return order != 0 ? order : vl_slice_cmp(x->path, y->path);
}

enum vl_status
plan_paths_add(
    struct vl_plan *p, const struct plan_members *m, struct vl_err *err)
{
	size_t cap = p->npaths == 0 ? 16 : 2 * p->npaths;
	struct plan_path *grown = p->paths;

	/* It grows where the number is a power of two. */
	if (p->npaths == 0 ||
	    (p->npaths >= 16 && (p->npaths & (p->npaths - 1)) == 0))
		grown = reallocarray(p->paths, cap, sizeof(*grown));
	if (grown == NULL)
		return vl_fail_memory(err);
	p->paths = grown;
	grown[p->npaths++] =
	    (struct plan_path){ .resource = m->part[PLAN_RESOURCE],
		    .path = m->part[PLAN_PATH] };
	return VL_OK;
}

void
plan_paths_sort(struct vl_plan *p)
{
	if (p->npaths > 0)
		qsort(p->paths, p->npaths, sizeof(*p->paths), by_path);
}

bool
plan_paths_stay(void *arg, const char *resource, struct vl_slice path)
{
	struct vl_run *run = arg;
	struct vl_plan *p = run->opts->plan;
	const struct plan_change c = {
		.resource = resource, .key = path, .detail = ""
	};
	struct plan_members m = { 0 };
	struct plan_path key = { 0 };

	if (p->npaths == 0 || run->planned.status != VL_OK ||
	    plan_members_of(&m, &p->line, &c, &run->planned) != VL_OK)
		return false;
	key.resource = m.part[PLAN_RESOURCE];
	key.path = m.part[PLAN_PATH];
	return bsearch(&key, p->paths, p->npaths, sizeof(key), by_path) != NULL;
}
