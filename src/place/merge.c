/*
 * The source's text, and in it what stays the target's.  Both are taken apart
 * and walked side by side; what is put in are bytes of the target's, so that
 * what is the same stays spelled as it was.
 */

#include <stdlib.h>

#include <valise/json.h>
#include <valise/text.h>

#include "merge.h"

/* What a member is called, in both forms. */
static enum vl_status
call_it(struct merging *g, const struct nodes *n, uint32_t at)
{
	uint32_t way[DEPTH_MAX + 1];
	const struct node *node = NULL;
	struct vl_json_w w = { 0 };
	size_t depth = 0;
	enum vl_status st = VL_OK;

	for (; n->list[at].up != NO_NODE && depth <= DEPTH_MAX;
	     at = n->list[at].up)
		way[depth++] = at;
	vl_buf_clear(&g->name);
	vl_buf_clear(&g->shown);
	vl_json_w_init(&w, &g->name);
	vl_json_w_open(&w, '[');
	st = vl_buf_add_text(&g->shown, "$", g->err);
	while (st == VL_OK && depth > 0) {
		node = &n->list[way[--depth]];
		if (node->named) {
			if (!vl_json_w_try(&w, node_name(n, node)))
				st = vl_fail(g->err, VL_EREFUSED,
				    "the name of a member holds a NUL");
			else
				st = path_add_name(
				    &g->shown, node_name(n, node), g->err);
		} else {
			vl_json_w_int(&w, node->index);
			st = vl_buf_printf(
			    &g->shown, g->err, "[%u]", node->index);
		}
	}
	vl_json_w_close(&w, ']');
	return st == VL_OK ? vl_json_w_end(&w, g->err) : st;
}

static enum vl_status
tell(struct merging *g, enum vl_member_fate fate, enum vl_merge_how how)
{
	return g->m->member(g->m->arg,
	    &(struct vl_member){
	        fate, how, vl_buf_slice(&g->name), vl_buf_slice(&g->shown) },
	    g->err);
}

/* ---- the text ---- */

static enum vl_status
emit_until(struct merging *g, size_t to)
{
	const struct vl_slice more = { g->m->there.p + g->at, to - g->at };

	g->at = to;
	return vl_buf_add(g->out, more, g->err);
}

static enum vl_status
swapped(struct merging *g, uint32_t there, uint32_t here, bool new)
{
	size_t cap = g->swaps_cap == 0 ? 16 : 2 * g->swaps_cap;
	struct swap *more = NULL;

	if (g->nswaps == g->swaps_cap) {
		more = reallocarray(g->swaps, cap, sizeof(*more));
		if (more == NULL)
			return vl_fail_memory(g->err);
		g->swaps = more;
		g->swaps_cap = cap;
	}
	g->swaps[g->nswaps++] = (struct swap){ there, here, new };
	return VL_OK;
}

static enum vl_status
not_scalar(struct merging *g, uint32_t here)
{
	enum vl_status st = call_it(g, &g->here, here);
	char shown[256];

	if (st != VL_OK)
		return st;
	return vl_fail(g->err, VL_EREFUSED,
	    "'%s' is a map or a list: of YAML only a text, a number and the "
	    "like can be kept",
	    vl_escape_text(shown, sizeof(shown), vl_buf_slice(&g->shown)));
}

static bool
is_break(uint8_t c)
{
	return c == '\n' || c == '\r';
}

/* The value that is here, in the place of the other.  A line break behind it
 * is the source's. */
static enum vl_status
keep_value(struct merging *g, uint32_t t, uint32_t h)
{
	const struct node *there = &g->there.list[t];
	const struct node *here = &g->here.list[h];
	const struct vl_slice text = g->m->there;
	const size_t end = there->at + node_bare(&g->there, there).n;
	struct vl_slice raw = node_raw(&g->here, here);
	enum vl_status st = emit_until(g, there->at);

	if (st == VL_OK && g->m->yaml &&
	    (there->kind != NODE_SCALAR || here->kind != NODE_SCALAR))
		return not_scalar(g, h);
	if (st == VL_OK && g->m->yaml)
		st = swapped(g, t, h, false);
	/* An empty one of YAML stands right behind the colon. */
	if (st == VL_OK && there->at == there->end && here->end > here->at)
		st = vl_buf_add_text(g->out, " ", g->err);
	if (end < text.n && is_break(text.p[end]))
		raw = node_bare(&g->here, here);
	if (st == VL_OK)
		st = vl_buf_add(g->out, raw, g->err);
	g->at = end;
	return st;
}

static bool
is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The blanks before byte `at`. */
static struct vl_slice
blanks_before(struct vl_slice text, size_t at)
{
	size_t from = at;

	while (from > 0 && is_space(text.p[from - 1]))
		from--;
	return (struct vl_slice){ text.p + from, at - from };
}

static uint32_t
last_kid(const struct nodes *n, uint32_t map)
{
	const uint32_t end = n->list[map].next;
	uint32_t last = NO_NODE;
	uint32_t i = 0;

	for (i = map + 1; i < end; i = n->list[i].next)
		last = i;
	return last;
}

/* Before the first member of a map of YAML. */
static enum vl_status
insert_yaml(struct merging *g, uint32_t t, uint32_t h)
{
	const struct node *map = &g->there.list[t];
	const struct node *here = &g->here.list[h];
	const struct vl_slice text = g->m->there;
	const bool flow = map->kind == NODE_FLOW_MAP;
	const size_t at = map->nkids > 0 ? map[1].key_at : map->at + 1;
	size_t line = at;
	enum vl_status st = VL_OK;

	if (here->kind != NODE_SCALAR)
		return not_scalar(g, h);
	while (line > 0 && text.p[line - 1] != '\n')
		line--;
	st = g->at < at ? emit_until(g, at) : VL_OK;
	if (st == VL_OK && flow && map->nkids == 0 && g->at != g->put_at)
		g->put_at = g->at;
	else if (st == VL_OK && flow && map->nkids == 0)
		st = vl_buf_add_text(g->out, ", ", g->err);
	if (st == VL_OK)
		st = vl_buf_add(g->out,
		    (struct vl_slice){ g->here.value.p + here->key_at,
		        here->key_end - here->key_at },
		    g->err);
	if (st == VL_OK)
		st = vl_buf_add_text(g->out, ": ", g->err);
	if (st == VL_OK)
		st = vl_buf_add(g->out, node_bare(&g->here, here), g->err);
	if (st == VL_OK && map->nkids > 0)
		st = flow ? vl_buf_add_text(g->out, ", ", g->err) :
		            vl_buf_printf(
		                g->out, g->err, "\n%*s", (int)(at - line), "");
	return st == VL_OK ? swapped(g, t, h, true) : st;
}

/* Behind the last member of an object of JSON; `made` is its value. */
static enum vl_status
insert_json(
    struct merging *g, const struct both *b, uint32_t h, struct vl_slice made)
{
	const struct node *map = &g->there.list[b->there];
	const struct node *here = &g->here.list[h];
	const uint32_t last = b->last;
	const size_t at =
	    last == NO_NODE ? map->at + 1 : g->there.list[last].end;
	const bool first = last == NO_NODE && g->at < map->end - 1;
	struct vl_slice blanks = last == NO_NODE ?
	    blanks_before(g->m->here, here->key_at) :
	    blanks_before(g->m->there, g->there.list[last].key_at);
	enum vl_status st = VL_OK;

	if (g->at < at || first)
		st = emit_until(g, at);
	/* What blanks an empty one has, go. */
	if (last == NO_NODE)
		g->at = map->end - 1;
	if (st == VL_OK && !first)
		st = vl_buf_add_text(g->out, ",", g->err);
	if (st == VL_OK)
		st = vl_buf_add(g->out, blanks, g->err);
	if (st == VL_OK)
		st = vl_buf_add(g->out,
		    (struct vl_slice){
		        g->m->here.p + here->key_at, here->at - here->key_at },
		    g->err);
	return st == VL_OK ? vl_buf_add(g->out, made, g->err) : st;
}

static enum vl_status
insert(
    struct merging *g, const struct both *b, uint32_t h, struct vl_slice made)
{
	return g->m->yaml ? insert_yaml(g, b->there, h) :
	                    insert_json(g, b, h, made);
}

/* ---- members ---- */

/* Whether a member that only the target has stays. */
static enum vl_status
ask_member(struct merging *g, uint32_t h, enum vl_merge_how how, bool *stays)
{
	const struct vl_merge *m = g->m;
	enum vl_status st = call_it(g, &g->here, h);

	if (st != VL_OK)
		return st;
	*stays = how == VL_MERGE_KEEP ||
	    (g->here.list[h].mark & MARK_KEPT) != 0 ||
	    (how == VL_MERGE_BROUGHT &&
	        !m->brought(m->arg, vl_buf_slice(&g->name)));
	return tell(g, *stays ? VL_MEMBER_STAYS : VL_MEMBER_GOES, how);
}

/* An object of which the source has none: with the members that stay. */
static enum vl_status
make_object(struct merging *g, uint32_t h, struct vl_buf *made)
{
	const struct nodes *n = &g->here;
	const struct node *map = &n->list[h];
	const struct node *kid = NULL;
	struct vl_slice blanks = { 0 };
	enum vl_status st = VL_OK;
	bool stays = false;
	uint32_t i = 0;

	for (i = h + 1; st == VL_OK && i < map->next; i = kid->next) {
		kid = &n->list[i];
		st = ask_member(g, i, map->how, &stays);
		if (st != VL_OK || !stays)
			continue;
		st = vl_buf_add_text(made, made->n == 0 ? "{" : ",", g->err);
		blanks = blanks_before(n->value, kid->key_at);
		if (st == VL_OK)
			st = vl_buf_add(made, blanks, g->err);
		if (st == VL_OK)
			st = vl_buf_add(made,
			    (struct vl_slice){ n->value.p + kid->key_at,
			        kid->end - kid->key_at },
			    g->err);
	}
	if (st == VL_OK && made->n > 0) {
		blanks = blanks_before(n->value, map->end - 1);
		st = vl_buf_add(made, blanks, g->err);
		if (st == VL_OK)
			st = vl_buf_add_text(made, "}", g->err);
	}
	return st;
}

/* A member of a map on both sides that the source's does not have. */
static enum vl_status
own_member(struct merging *g, const struct both *b, uint32_t h)
{
	const struct node *here = &g->here.list[h];
	struct vl_buf made = { 0 };
	bool stays = (here->mark & MARK_KEPT) != 0;
	enum vl_status st = VL_OK;

	if (b->how != VL_MERGE_VALUE)
		st = ask_member(g, h, b->how, &stays);
	else if (!stays && (here->mark & MARK_MEMBERS) != 0)
		st = make_object(g, h, &made);
	if (st == VL_OK && stays)
		st = insert(g, b, h, node_raw(&g->here, here));
	else if (st == VL_OK && made.n > 0)
		st = insert(g, b, h, vl_buf_slice(&made));
	vl_buf_free(&made);
	return st;
}

static enum vl_status
own_members(struct merging *g, const struct both *b, const struct members *t)
{
	const struct nodes *n = &g->here;
	enum vl_status st = VL_OK;
	uint32_t i = 0;

	if (b->here == NO_NODE)
		return VL_OK;
	for (i = b->here + 1; st == VL_OK && i < n->list[b->here].next;
	     i = n->list[i].next)
		if (n->list[i].named &&
		    merge_find(t, node_name(n, &n->list[i])) == NO_NODE)
			st = own_member(g, b, i);
	return st;
}

static enum vl_status merge_value(struct merging *g, uint32_t t, uint32_t h);

/* A member of the source's, and whether it is another one here. */
static enum vl_status
their_member(struct merging *g, const struct both *b, uint32_t t, uint32_t h)
{
	const struct node *there = &g->there.list[t];
	enum vl_member_fate fate = VL_MEMBER_NEW;
	struct vl_slice made = { 0 };
	size_t from = 0;
	enum vl_status st = emit_until(g, there->at);

	from = g->out->n;
	if (st == VL_OK)
		st = merge_value(g, t, h);
	if (st != VL_OK || b->how == VL_MERGE_VALUE)
		return st;
	st = emit_until(g, there->end);
	if (st == VL_OK)
		st = call_it(g, &g->there, t);
	made = (struct vl_slice){ g->out->p + from, g->out->n - from };
	if (st == VL_OK && h != NO_NODE)
		fate =
		    vl_slice_equal(made, node_raw(&g->here, &g->here.list[h])) ?
		    VL_MEMBER_SAME :
		    VL_MEMBER_CHANGED;
	return st == VL_OK ? tell(g, fate, b->how) : st;
}

static enum vl_status
merge_maps(struct merging *g, const struct both *b)
{
	const struct nodes *n = &g->there;
	struct members there = { 0 };
	struct members here = { 0 };
	enum vl_status st = merge_index(&there, &g->there, b->there, g->err);
	uint32_t i = 0;

	if (st == VL_OK)
		st = merge_index(&here, &g->here, b->here, g->err);
	if (st == VL_OK && g->m->yaml)
		st = own_members(g, b, &there);
	for (i = b->there + 1; st == VL_OK && i < n->list[b->there].next;
	     i = n->list[i].next)
		if (n->list[i].named)
			st = their_member(g, b, i,
			    merge_find(&here, node_name(n, &n->list[i])));
	if (st == VL_OK && !g->m->yaml)
		st = own_members(g, b, &there);
	free(there.list);
	free(here.list);
	return st;
}

/* Elements at the same places. */
static enum vl_status
merge_lists(struct merging *g, uint32_t t, uint32_t h)
{
	const struct node *there = g->there.list;
	const struct node *here = g->here.list;
	uint32_t i = t + 1;
	uint32_t k = h + 1;
	enum vl_status st = VL_OK;

	for (; st == VL_OK && i < there[t].next && k < here[h].next;
	     i = there[i].next, k = here[k].next)
		st = merge_value(g, i, k);
	return st;
}

static enum vl_status
merge_value(struct merging *g, uint32_t t, uint32_t h)
{
	const struct node *there = &g->there.list[t];
	const struct node *here = h == NO_NODE ? NULL : &g->here.list[h];
	const unsigned mark = there->mark | (here == NULL ? 0u : here->mark);
	struct both b = { .there = t, .here = h, .last = NO_NODE };

	if (here != NULL && (here->mark & MARK_KEPT) != 0)
		return keep_value(g, t, h);
	if ((mark & (MARK_MEMBERS | MARK_BELOW)) == 0)
		return VL_OK;
	if (here != NULL && here->kind == NODE_LIST && there->kind == NODE_LIST)
		return merge_lists(g, t, h);
	if (!node_is_map(there))
		return VL_OK;
	if (here == NULL || !node_is_map(here))
		b.here = NO_NODE;
	if ((there->mark & MARK_MEMBERS) != 0)
		b.how = (enum vl_merge_how)there->how;
	b.last = last_kid(&g->there, t);
	return merge_maps(g, &b);
}

/* ---- YAML again ---- */

static bool
same_node(const struct nodes *a, const struct node *x, const struct nodes *b,
    const struct node *y)
{
	return x->kind == y->kind && x->named == y->named &&
	    x->plain == y->plain &&
	    vl_slice_equal(node_name(a, x), node_name(b, y)) &&
	    vl_slice_equal(node_text(a, x), node_text(b, y));
}

/* Whether node `k` is the value that was put there, and no byte more. */
static bool
is_put(const struct merging *g, const struct swap *s, const struct nodes *made,
    size_t k)
{
	const struct node *here = &g->here.list[s->here];

	return k < made->n && same_node(&g->here, here, made, &made->list[k]) &&
	    vl_slice_equal(
	        node_bare(&g->here, here), node_bare(made, &made->list[k]));
}

/* Bytes of one file may be something else in another: what came out is read,
 * and compared with what was meant. */
static bool
is_as_meant(const struct merging *g, const struct nodes *made)
{
	const struct swap *s = g->swaps;
	const struct swap *end = g->swaps + g->nswaps;
	const struct nodes *n = &g->there;
	uint32_t i = 0;
	size_t k = 0;

	for (i = 0; i < n->n; i++) {
		if (s < end && s->there == i && !s->new) {
			if (!is_put(g, s++, made, k++))
				return false;
		} else if (k == made->n ||
		    !same_node(n, &n->list[i], made, &made->list[k++])) {
			return false;
		}
		for (; s < end && s->there == i && s->new; s++)
			if (!is_put(g, s, made, k++))
				return false;
	}
	return k == made->n;
}

static enum vl_status
check_yaml(const struct merging *g)
{
	const struct vl_slice text = vl_buf_slice(g->out);
	struct nodes made = { 0 };
	struct vl_err why = { 0 };
	enum vl_status st = nodes_read(&made, text, true, &why);

	if (st == VL_EIO)
		*g->err = why;
	else if (st != VL_OK || !is_as_meant(g, &made))
		st = vl_fail(g->err, VL_EREFUSED,
		    "a value that is kept would be another one in the file "
		    "that comes: write it on one line, and in quotes");
	nodes_free(&made);
	return st;
}

static enum vl_status
mark(struct nodes *n, const struct vl_merge *m, bool values, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < m->n; i++)
		if (values || m->lines[i].how != VL_MERGE_VALUE)
			st = merge_mark(n, &m->lines[i], err);
	return st;
}

static enum vl_status
read_side(struct nodes *n, struct vl_slice text, bool yaml, const char *side,
    struct vl_err *err)
{
	enum vl_status st = nodes_read(n, text, yaml, err);

	if (st == VL_OK || st == VL_EIO)
		return st;
	return vl_fail(err, VL_EREFUSED, "%s: %s", side, err->text);
}

enum vl_status
vl_merge(struct vl_buf *out, const struct vl_merge *m, struct vl_err *err)
{
	struct merging g = { .m = m, .out = out, .err = err };
	enum vl_status st =
	    read_side(&g.there, m->there, m->yaml, "in the bundle", err);

	if (st == VL_OK && m->here.p != NULL)
		st = read_side(&g.here, m->here, m->yaml, "here", err);
	if (st == VL_OK)
		st = mark(&g.there, m, false, err);
	if (st == VL_OK)
		st = mark(&g.here, m, true, err);
	if (st == VL_OK && g.there.n > 0)
		st = merge_value(&g, 0, g.here.n > 0 ? 0 : NO_NODE);
	if (st == VL_OK)
		st = emit_until(&g, m->there.n);
	if (st == VL_OK && g.nswaps > 0)
		st = check_yaml(&g);
	nodes_free(&g.there);
	nodes_free(&g.here);
	vl_buf_free(&g.name);
	vl_buf_free(&g.shown);
	free(g.swaps);
	return st;
}

enum vl_status
vl_merge_count(uint64_t *n, struct vl_slice text, bool yaml,
    const struct vl_merge_line *line, struct vl_err *err)
{
	struct nodes nodes = { 0 };
	enum vl_status st = read_side(&nodes, text, yaml, "here", err);
	size_t i = 0;

	*n = 0;
	if (st == VL_OK)
		st = merge_mark(&nodes, line, err);
	for (i = 0; st == VL_OK && i < nodes.n; i++) {
		*n += (nodes.list[i].mark & MARK_KEPT) != 0;
		if ((nodes.list[i].mark & MARK_MEMBERS) != 0)
			*n += nodes.list[i].nkids;
	}
	nodes_free(&nodes);
	return st;
}
