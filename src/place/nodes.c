/* A value taken apart: what a scan meets, as a list. */

#include <stdlib.h>

#include "nodes.h"
#include "spelled.h"

struct builder {
	struct nodes *n;
	struct kid kid; /* of the next one */
	uint32_t name;  /* its name in memory */
	uint32_t nname;
	uint32_t open[DEPTH_MAX + 1];
	size_t depth;
	enum vl_status st;
	struct vl_err *err;
};

struct vl_slice
node_raw(const struct nodes *n, const struct node *node)
{
	return (struct vl_slice){ n->value.p + node->at, node->end - node->at };
}

/* Whether the line breaks behind a block of YAML are part of it: `|+`. */
static bool
keeps_breaks(struct vl_slice raw)
{
	size_t i = 1;

	if (raw.n == 0 || (raw.p[0] != '|' && raw.p[0] != '>'))
		return false;
	while (i < raw.n &&
	    (raw.p[i] == '-' || (raw.p[i] >= '0' && raw.p[i] <= '9')))
		i++;
	return i < raw.n && raw.p[i] == '+';
}

struct vl_slice
node_bare(const struct nodes *n, const struct node *node)
{
	const struct vl_slice raw = node_raw(n, node);
	const bool one = keeps_breaks(raw);
	size_t end = raw.n;
	size_t at = 0;

	for (;;) {
		for (at = end;
		     at > 0 && (raw.p[at - 1] == ' ' || raw.p[at - 1] == '\t');)
			at--;
		if (at == 0 || (raw.p[at - 1] != '\n' && raw.p[at - 1] != '\r'))
			break;
		end = at - 1;
		end -= end > 0 && raw.p[end] == '\n' && raw.p[end - 1] == '\r';
		if (one)
			break;
	}
	return (struct vl_slice){ raw.p, end };
}

/* Where no node has a name or a text, there is no memory. */
static struct vl_slice
from_memory(const struct nodes *n, uint32_t at, uint32_t length)
{
	return length == 0 ? (struct vl_slice){ 0 } :
	                     (struct vl_slice){ n->memory.p + at, length };
}

struct vl_slice
node_name(const struct nodes *n, const struct node *node)
{
	return from_memory(n, node->name, node->nname);
}

struct vl_slice
node_text(const struct nodes *n, const struct node *node)
{
	return from_memory(n, node->text, node->ntext);
}

bool
node_is_map(const struct node *node)
{
	return node->kind == NODE_MAP || node->kind == NODE_FLOW_MAP;
}

static enum vl_status
grow(struct nodes *n, struct vl_err *err)
{
	size_t cap = n->cap == 0 ? 64 : 2 * n->cap;
	struct node *more = NULL;

	if (n->n == NODES_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "it has more than %d maps, lists and values", NODES_MAX);
	if (n->n < n->cap)
		return VL_OK;
	more = reallocarray(n->list, cap, sizeof(*more));
	if (more == NULL)
		return vl_fail_memory(err);
	n->list = more;
	n->cap = cap;
	return VL_OK;
}

static struct node *
add(struct builder *b, enum node_kind kind, size_t at)
{
	struct nodes *n = b->n;
	struct node *node = NULL;
	struct node *up = NULL;

	if (b->st == VL_OK)
		b->st = grow(n, b->err);
	if (b->st != VL_OK)
		return NULL;
	node = &n->list[n->n];
	*node = (struct node){ .at = (uint32_t)at,
		.end = (uint32_t)at,
		.key_at = (uint32_t)b->kid.at,
		.key_end = (uint32_t)(b->kid.at + b->kid.n),
		.name = b->name,
		.nname = b->nname,
		.up = NO_NODE,
		.next = (uint32_t)n->n + 1,
		.kind = (uint8_t)kind,
		.named = b->kid.named };
	if (b->depth > 0) {
		node->up = b->open[b->depth - 1];
		up = &n->list[node->up];
		node->index = up->nkids++;
	}
	n->n++;
	return node;
}

static void
enter(void *with, size_t depth, const struct kid *kid)
{
	struct builder *b = with;

	(void)depth;
	b->kid = *kid;
	b->name = (uint32_t)b->n->memory.n;
	if (b->st == VL_OK && kid->named)
		b->st = kid->escaped ?
		    json_text(&b->n->memory, kid->name, b->err) :
		    vl_buf_add(&b->n->memory, kid->name, b->err);
	b->nname = (uint32_t)(b->n->memory.n - b->name);
}

static enum vl_status
take_leaf(void *with, const struct leaf *leaf, struct vl_err *err)
{
	struct builder *b = with;
	struct node *node = add(b, NODE_SCALAR, leaf->at);
	const bool quoted =
	    leaf->spelled == NULL && leaf->form == VL_FORM_JSON_TEXT;

	if (node == NULL)
		return b->st;
	/* Of JSON a leaf is without its quotes. */
	node->at -= quoted;
	node->end = (uint32_t)(leaf->at + leaf->n + quoted);
	if (leaf->spelled == NULL)
		return VL_OK;
	node->plain = leaf->form == VL_FORM_YAML;
	node->text = (uint32_t)b->n->memory.n;
	node->ntext = (uint32_t)leaf->spelled->text.n;
	return vl_buf_add(
	    &b->n->memory, vl_buf_slice(&leaf->spelled->text), err);
}

static void
open_node(void *with, enum nesting nest, size_t at)
{
	static const enum node_kind kinds[] = { [NEST_MAP] = NODE_MAP,
		[NEST_FLOW_MAP] = NODE_FLOW_MAP,
		[NEST_LIST] = NODE_LIST,
		[NEST_ALIAS] = NODE_ALIAS };
	struct builder *b = with;

	if (b->depth > DEPTH_MAX || add(b, kinds[nest], at) == NULL)
		return;
	b->open[b->depth++] = (uint32_t)(b->n->n - 1);
}

static void
close_node(void *with, size_t end)
{
	struct builder *b = with;
	struct node *node = NULL;

	if (b->st != VL_OK || b->depth == 0)
		return;
	node = &b->n->list[b->open[--b->depth]];
	node->end = (uint32_t)end;
	node->next = (uint32_t)b->n->n;
}

enum vl_status
nodes_read(
    struct nodes *out, struct vl_slice value, bool yaml, struct vl_err *err)
{
	struct builder b = { .n = out, .err = err };
	const struct leaf_visit visit = { .leaf = take_leaf,
		.with = &b,
		.enter = enter,
		.open = open_node,
		.close = close_node };
	enum vl_status st = VL_OK;

	*out = (struct nodes){ .value = value };
	if (value.n >= UINT32_MAX / 4)
		return vl_fail(err, VL_ELIMIT, "it is too long");
	st = yaml ? yaml_scan(NULL, value, &visit, err) :
	            json_scan(NULL, value, &visit, err);
	return st == VL_OK ? b.st : st;
}

void
nodes_free(struct nodes *n)
{
	free(n->list);
	vl_buf_free(&n->memory);
	*n = (struct nodes){ 0 };
}
