/*
 * One of the texts of a merge: which nodes lines are about, where what paths
 * select is marked, and what is on the way to it; and its maps by name.
 */

#include <stdlib.h>

#include <valise/text.h>

#include "merge.h"

struct vl_merge_path {
	struct json_path path;
	bool wild; /* may select more than one value */
	char *text;
};

enum vl_status
vl_merge_path_new(
    struct vl_merge_path **out, const char *text, struct vl_err *err)
{
	struct vl_merge_path *p = calloc(1, sizeof(*p));
	enum vl_status st = VL_OK;
	size_t i = 0;

	*out = NULL;
	if (p == NULL)
		return vl_fail_memory(err);
	p->text = strdup(text);
	st = p->text == NULL ? vl_fail_memory(err) :
	                       json_path_read(&p->path, text, err);
	if (st == VL_OK && p->path.keys)
		st = vl_fail(err, VL_EUSAGE,
		    "cannot use the JSON path '%s': '~' selects names, and no "
		    "values",
		    text);
	for (i = 0; i < p->path.n; i++)
		p->wild = p->wild || p->path.steps[i].below ||
		    p->path.steps[i].kind == STEP_ANY;
	if (st != VL_OK) {
		vl_merge_path_free(p);
		return st;
	}
	*out = p;
	return VL_OK;
}

void
vl_merge_path_free(struct vl_merge_path *p)
{
	if (p == NULL)
		return;
	json_path_free(&p->path);
	free(p->text);
	free(p);
}

static bool
is_null(const struct nodes *n, const struct node *node)
{
	return node->kind == NODE_SCALAR &&
	    vl_slice_equal(node_raw(n, node), vl_slice_of("null"));
}

/* Whether an element of a list is on the way down to it. */
static bool
is_in_list(const struct nodes *n, const struct node *node)
{
	for (; node->up != NO_NODE; node = &n->list[node->up])
		if (!node->named)
			return true;
	return false;
}

static enum vl_status
mark_node(struct nodes *n, struct node *node, const struct vl_merge_line *line,
    struct vl_err *err)
{
	const char *text = line->path->text;

	if (line->path->wild && is_in_list(n, node))
		return vl_fail(err, VL_EREFUSED,
		    "'%s' goes over a list, whose elements have no names to "
		    "be told apart by",
		    text);
	if (line->how == VL_MERGE_VALUE) {
		node->mark |= MARK_KEPT;
	} else if (node_is_map(node)) {
		node->mark |= MARK_MEMBERS;
		node->how = (uint8_t)line->how;
	} else if (is_null(n, node)) {
		return VL_OK;
	} else {
		return vl_fail(err, VL_EREFUSED,
		    "'%s' is no object, and 'members' is about those of one",
		    text);
	}
	for (; node->up != NO_NODE; node = &n->list[node->up])
		n->list[node->up].mark |= MARK_BELOW;
	return VL_OK;
}

static struct kid
kid_of(const struct nodes *n, const struct node *node)
{
	return (struct kid){ .named = node->named,
		.name = node_name(n, node),
		.indexed = !node->named,
		.index = node->index };
}

enum vl_status
merge_mark(
    struct nodes *n, const struct vl_merge_line *line, struct vl_err *err)
{
	const struct json_path *path = &line->path->path;
	uint64_t *states = calloc(n->n + 1, sizeof(*states));
	enum vl_status st = states == NULL ? vl_fail_memory(err) : VL_OK;
	struct node *node = NULL;
	struct kid kid = { 0 };
	size_t next = 0;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < n->n; i = next) {
		node = &n->list[i];
		next = i + 1;
		kid = kid_of(n, node);
		states[i] = node->up == NO_NODE ?
		    1 :
		    path_step(path, states[node->up], &kid);
		if (node->kind == NODE_ALIAS && states[i] != 0)
			st = vl_fail(err, VL_EREFUSED,
			    "'%s' comes to an alias, which is not followed",
			    line->path->text);
		else if ((states[i] >> path->n & 1) != 0)
			st = mark_node(n, node, line, err);
		/* Of one that is kept all is. */
		if (states[i] == 0 || (node->mark & MARK_KEPT) != 0)
			next = node->next;
	}
	free(states);
	return st;
}

static int
by_name(const void *a, const void *b, void *nodes)
{
	const struct nodes *n = nodes;

	return vl_slice_cmp(node_name(n, &n->list[*(const uint32_t *)a]),
	    node_name(n, &n->list[*(const uint32_t *)b]));
}

enum vl_status
merge_index(
    struct members *ix, struct nodes *n, uint32_t map, struct vl_err *err)
{
	const struct node *node = map == NO_NODE ? NULL : &n->list[map];
	char shown[128];
	uint32_t i = 0;

	*ix = (struct members){ .nodes = n };
	if (node == NULL || !node_is_map(node))
		return VL_OK;
	ix->list = calloc(node->nkids + 1, sizeof(*ix->list));
	if (ix->list == NULL)
		return vl_fail_memory(err);
	for (i = map + 1; i < node->next; i = n->list[i].next)
		if (n->list[i].named)
			ix->list[ix->n++] = i;
	if (ix->n > 1)
		qsort_r(ix->list, ix->n, sizeof(*ix->list), by_name, n);
	for (i = 1; i < ix->n; i++)
		if (by_name(&ix->list[i - 1], &ix->list[i], n) == 0)
			return vl_fail(err, VL_EREFUSED,
			    "the name '%s' stands twice in one object",
			    vl_escape_text(shown, sizeof(shown),
			        node_name(n, &n->list[ix->list[i]])));
	return VL_OK;
}

uint32_t
merge_find(const struct members *ix, struct vl_slice name)
{
	size_t low = 0;
	size_t high = ix->n;
	size_t middle = 0;
	int order = 0;

	while (low < high) {
		middle = low + (high - low) / 2;
		order = vl_slice_cmp(
		    node_name(ix->nodes, &ix->nodes->list[ix->list[middle]]),
		    name);
		if (order == 0)
			return ix->list[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NO_NODE;
}
