/*
 * Places in a tree, as nested sets have them: each row counts on the way down
 * in one column and on the way up in another, so that what is below it lies
 * between.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "put.h"

struct node {
	int64_t id;
	int64_t above; /* its id; then the number of that node, or -1 */
	size_t first;  /* below it; NONE */
	size_t next;   /* beside it; NONE */
	size_t group;  /* rows of one scope */
	int64_t place[2];
	bool rooted;   /* nothing is above it */
	bool other[2]; /* the place is not this one */
	bool placed;
};

struct nesting {
	struct rows_deriving *d;
	const struct vl_nested_set *words;
	struct node *nodes; /* in the order of scope and `order` */
	size_t n;
	size_t *by_id;
	struct vl_buf scope; /* of the last row */
	struct vl_buf text;
};

/* Its number among nodes, or NONE. */
static size_t
find(const struct nesting *g, int64_t id)
{
	size_t low = 0;
	size_t high = g->n;
	size_t middle = 0;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (g->nodes[g->by_id[middle]].id == id)
			return g->by_id[middle];
		if (g->nodes[g->by_id[middle]].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NONE;
}

static int
by_id(const void *a, const void *b, void *arg)
{
	const struct node *nodes = arg;
	int64_t x = nodes[*(const size_t *)a].id;
	int64_t y = nodes[*(const size_t *)b].id;

	return (x > y) - (x < y);
}

/* Rows of one scope come one behind the other. */
static enum vl_status
same_scope(struct nesting *g, const struct vl_cell *cells, bool *same)
{
	struct vl_json_w w = { 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	vl_buf_clear(&g->text);
	vl_json_w_init(&w, &g->text);
	vl_json_w_open(&w, '[');
	for (i = 0; i < g->words->nscope; i++)
		vl_cell_write(&w, &cells[i]);
	vl_json_w_close(&w, ']');
	st = vl_json_w_end(&w, g->d->err);
	*same = vl_slice_equal(vl_buf_slice(&g->text), vl_buf_slice(&g->scope));
	vl_buf_clear(&g->scope);
	return st == VL_OK ?
	    vl_buf_add(&g->scope, vl_buf_slice(&g->text), g->d->err) :
	    st;
}

/* Cells: id, parent, left, right, and those of the scope. */
static enum vl_status
add_node(struct nesting *g, const struct vl_cell *cells)
{
	struct node *grown = NULL;
	struct node *node = NULL;
	enum vl_status st = VL_OK;
	bool same = false;
	size_t i = 0;

	if ((g->n & (g->n + 1)) == 0) {
		grown = reallocarray(g->nodes, 2 * g->n + 2, sizeof(*grown));
		if (grown == NULL)
			return vl_fail_memory(g->d->err);
		g->nodes = grown;
	}
	st = same_scope(g, cells + 4, &same);
	node = &g->nodes[g->n];
	*node = (struct node){ .id = cells[0].integer,
		.above = cells[1].integer,
		.first = NONE,
		.next = NONE,
		.rooted = cells[1].type != VL_CELL_INT };
	if (g->n > 0)
		node->group = g->nodes[g->n - 1].group + !same;
	for (i = 0; i < 2; i++) {
		node->place[i] = cells[2 + i].integer;
		node->other[i] = cells[2 + i].type != VL_CELL_INT;
	}
	g->n++;
	return st;
}

static enum vl_status
read_nodes(struct nesting *g)
{
	const struct vl_nested_set *w = g->words;
	const size_t n = 4 + w->nscope;
	const char **columns = calloc(n + w->norder, sizeof(*columns));
	struct vl_scan_opts opts = { .table = g->d->t->schema->name,
		.columns = columns,
		.ncolumns = n,
		.norder = w->nscope + w->norder };
	struct vl_scan *scan = NULL;
	const struct vl_cell *cells = NULL;
	enum vl_status st = VL_OK;
	bool row = true;
	size_t i = 0;

	if (columns == NULL)
		return vl_fail_memory(g->d->err);
	columns[1] = w->parent;
	columns[2] = w->left;
	columns[3] = w->right;
	for (i = 0; i < w->nscope; i++)
		columns[4 + i] = w->scope[i];
	for (i = 0; i < w->norder; i++)
		columns[n + i] = w->order[i];
	opts.order = columns + 4;
	st = vl_scan_open(&scan, g->d->p->opts.rows.db, &opts, g->d->err);
	while (st == VL_OK) {
		st = vl_scan_next(scan, &cells, &row, g->d->err);
		if (st != VL_OK || !row)
			break;
		st = add_node(g, cells);
	}
	vl_scan_free(scan);
	free(columns);
	return st;
}

/* What is below each, in the order in which rows came. */
static enum vl_status
link_nodes(struct nesting *g)
{
	struct node *node = NULL;
	size_t above = NONE;
	size_t i = 0;

	g->by_id = calloc(g->n + 1, sizeof(*g->by_id));
	if (g->by_id == NULL)
		return vl_fail_memory(g->d->err);
	for (i = 0; i < g->n; i++)
		g->by_id[i] = i;
	if (g->n > 0)
		qsort_r(g->by_id, g->n, sizeof(*g->by_id), by_id, g->nodes);
	for (i = g->n; i > 0; i--) {
		node = &g->nodes[i - 1];
		above = node->rooted ? NONE : find(g, node->above);
		node->rooted = above == NONE;
		node->above = above == NONE ? -1 : (int64_t)above;
		if (node->rooted)
			continue;
		if (g->nodes[above].group != node->group)
			return vl_fail(g->d->err, VL_EREFUSED,
			    "'nested_set' of table '%s': row %lld is of "
			    "another scope than row %lld above it",
			    g->d->t->schema->name, (long long)node->id,
			    (long long)g->nodes[above].id);
		node->next = g->nodes[above].first;
		g->nodes[above].first = i - 1;
	}
	return VL_OK;
}

static void
place(struct node *node, size_t side, int64_t at)
{
	node->other[side] = node->other[side] || node->place[side] != at;
	node->place[side] = at;
}

/* One tree, without a stack of its own. */
static void
number_tree(struct nesting *g, size_t root, int64_t *count)
{
	struct node *node = &g->nodes[root];

	for (;;) {
		node->placed = true;
		place(node, 0, ++*count);
		if (node->first != NONE) {
			node = &g->nodes[node->first];
			continue;
		}
		place(node, 1, ++*count);
		while (node->next == NONE && !node->rooted) {
			node = &g->nodes[node->above];
			place(node, 1, ++*count);
		}
		if (node->rooted)
			return;
		node = &g->nodes[node->next];
	}
}

static enum vl_status
number_all(struct nesting *g)
{
	int64_t count = 0;
	size_t group = 0;
	size_t i = 0;

	for (i = 0; i < g->n; i++) {
		if (!g->nodes[i].rooted)
			continue;
		if (g->nodes[i].group != group)
			count = 0;
		group = g->nodes[i].group;
		number_tree(g, i, &count);
	}
	for (i = 0; i < g->n; i++)
		if (!g->nodes[i].placed)
			return vl_fail(g->d->err, VL_EREFUSED,
			    "'nested_set' of table '%s': row %lld stands above "
			    "itself",
			    g->d->t->schema->name, (long long)g->nodes[i].id);
	return VL_OK;
}

/* Its place among the columns that are derived, as a bit. */
static uint64_t
bit_of(const struct rows_deriving *d, const char *column)
{
	size_t i = 0;

	while (i < d->ncolumns && strcmp(d->columns[i], column) != 0)
		i++;
	return i < 64 ? UINT64_C(1) << i : 0;
}

static enum vl_status
write_node(struct nesting *g, struct vl_write *w, const struct node *node)
{
	const struct vl_cell cells[3] = { { .type = VL_CELL_INT,
		                              .integer = node->place[0] },
		{ .type = VL_CELL_INT, .integer = node->place[1] },
		{ .type = VL_CELL_INT, .integer = node->id } };
	struct vl_derived row = { .r = node->id };
	enum vl_status st = vl_write_run(w, cells, g->d->err);

	if (node->other[0])
		row.columns |= bit_of(g->d, g->words->left);
	if (node->other[1])
		row.columns |= bit_of(g->d, g->words->right);
	return st == VL_OK ? rows_derive_tell(g->d, &row, 1) :
	                     vl_within(g->d->err, "'nested_set'");
}

static enum vl_status
write_all(struct nesting *g)
{
	const char *const columns[2] = { g->words->left, g->words->right };
	const char *const key[1] = { NULL };
	struct vl_write *w = NULL;
	enum vl_status st = vl_write_open(&w, g->d->p->opts.rows.db,
	    &(struct vl_write_opts){ .kind = VL_WRITE_UPDATE,
	        .table = g->d->t->schema->name,
	        .columns = columns,
	        .ncolumns = 2,
	        .key = key,
	        .nkey = 1 },
	    g->d->err);
	size_t i = 0;

	for (i = 0; st == VL_OK && i < g->n; i++)
		if (g->nodes[i].other[0] || g->nodes[i].other[1])
			st = write_node(g, w, &g->nodes[i]);
	vl_write_free(w);
	return st;
}

enum vl_status
rows_nest(struct rows_deriving *d)
{
	struct nesting g = { .d = d,
		.words = rows_nested_set(d->t)->nested_set };
	enum vl_status st = read_nodes(&g);

	if (st == VL_OK)
		st = link_nodes(&g);
	if (st == VL_OK)
		st = number_all(&g);
	if (st == VL_OK)
		st = write_all(&g);
	free(g.nodes);
	free(g.by_id);
	vl_buf_free(&g.scope);
	vl_buf_free(&g.text);
	return st;
}
