/* Keys of the rows of a tree: the path of names from the top. */

#include <stdlib.h>

#include "parts.h"

#define DEPTH_MAX 1000 /* rows above one another */

struct climb {
	const struct rows_plan *p;
	struct rows_scratch *s;
	struct vl_err *err;
	size_t table;
	const struct rows_ref *ref; /* to the row above */
	struct vl_buf *keys;        /* own parts, from the row upwards */
	int64_t *rows;
	size_t n;
	struct vl_buf id;
	struct vl_buf path;
};

static enum vl_status
push(struct climb *c, const struct rows_note *note)
{
	struct vl_err *err = c->err;
	enum vl_status st = VL_OK;

	if (c->n == DEPTH_MAX)
		return vl_fail(err, VL_EREFUSED,
		    "table '%s', row %lld: more than %d rows stand above it, "
		    "or it stands above itself",
		    c->p->tables[c->table].schema->name, (long long)c->rows[0],
		    DEPTH_MAX);
	c->rows[c->n] = note->r;
	vl_buf_clear(&c->keys[c->n]);
	vl_buf_clear(&c->id);
	st = vl_buf_add(&c->keys[c->n], note->key, err);
	c->n++;
	return st == VL_OK ? vl_buf_add(&c->id, note->parent.bytes, err) : st;
}

/* From the row up to one whose key is known; `above` is empty at the top. */
static enum vl_status
climb_up(struct climb *c, const struct rows_note *from, enum rows_state *state)
{
	enum vl_on_dangling dangling = c->ref->words == NULL ?
	    VL_DANGLING_REFUSE :
	    c->ref->words->on_dangling;
	struct rows_note note = *from;
	struct vl_cell id = { 0 };
	enum vl_status st = VL_OK;
	bool found = false;

	c->n = 0;
	*state = ROWS_CARRIED;
	vl_buf_clear(&c->path);
	for (;;) {
		st = push(c, &note);
		if (st != VL_OK)
			return st;
		id = note.parent;
		id.bytes = vl_buf_slice(&c->id);
		st = rows_scratch_find(
		    c->s, c->table, c->ref->column, &id, &note, &found, c->err);
		if (st != VL_OK)
			return st;
		if (!found && c->p->lenient)
			return vl_buf_add_text(&c->path, "[]", c->err);
		if (!found && dangling != VL_DANGLING_REFUSE) {
			if (dangling == VL_DANGLING_DROP)
				*state = ROWS_DROPPED;
			return vl_buf_add_text(&c->path, "[]", c->err);
		}
		if (!found)
			return vl_fail(c->err, VL_EREFUSED,
			    "table '%s', row %lld: the row above it is not "
			    "there",
			    c->p->tables[c->table].schema->name,
			    (long long)c->rows[c->n - 1]);
		if (note.state != ROWS_UNRESOLVED)
			break;
	}
	*state = note.state;
	return vl_buf_add(&c->path, note.key, c->err);
}

static enum vl_status
climb_down(struct climb *c, enum rows_state state)
{
	struct rows_note note = { .state = state };
	struct vl_buf joined = { 0 };
	struct vl_buf swap = { 0 };
	enum vl_status st = VL_OK;

	while (st == VL_OK && c->n > 0) {
		c->n--;
		vl_buf_clear(&joined);
		st = rows_key_join(&joined, vl_buf_slice(&c->path),
		    vl_buf_slice(&c->keys[c->n]), c->err);
		swap = c->path;
		c->path = joined;
		joined = swap;
		note.r = c->rows[c->n];
		note.key = vl_buf_slice(&c->path);
		if (st == VL_OK && note.key.n > VL_KEY_MAX)
			st = vl_fail(c->err, VL_ELIMIT,
			    "table '%s', row %lld: its path has %zu bytes, "
			    "more than %d",
			    c->p->tables[c->table].schema->name,
			    (long long)note.r, note.key.n, VL_KEY_MAX);
		if (st == VL_OK)
			st = rows_scratch_set(c->s, c->table, &note, c->err);
	}
	vl_buf_free(&joined);
	return st;
}

static const struct rows_ref *
ref_to(const struct rows_column *c, size_t table)
{
	size_t i = 0;

	for (i = 0; i < c->nrefs; i++)
		if (c->refs[i].to == table && c->refs[i].finder == NULL)
			return &c->refs[i];
	return NULL;
}

/* What a row of the tree refers by to the one above, in a column of its own or
 * of the row that says so. */
static const struct rows_ref *
tree_ref(const struct rows_plan *p, size_t table)
{
	const struct rows_table *t = &p->tables[table];
	const struct rows_entry *e = NULL;
	const struct rows_ref *ref = NULL;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; ref == NULL && i < t->nentries; i++) {
		e = &t->entries[i];
		for (k = 0; ref == NULL && k < e->nkey; k++)
			ref = e->key[k] != NONE ?
			    ref_to(&t->columns[e->key[k]], table) :
			    ref_to(&p->tables[e->ofs[k].child]
			                .columns[e->ofs[k].column],
			        table);
	}
	return ref;
}

bool
rows_tree_is(const struct rows_plan *p, size_t table)
{
	return tree_ref(p, table) != NULL;
}

enum vl_status
rows_tree_find(const struct rows_plan *p, struct rows_scratch *s, size_t table,
    struct vl_err *err)
{
	struct climb c = { .p = p,
		.s = s,
		.err = err,
		.table = table,
		.ref = tree_ref(p, table) };
	struct rows_each *each = NULL;
	struct rows_note note = { 0 };
	enum rows_state state = ROWS_CARRIED;
	enum vl_status st = VL_OK;
	bool row = true;
	size_t i = 0;

	if (c.ref == NULL)
		return VL_OK;
	c.keys = calloc(DEPTH_MAX, sizeof(*c.keys));
	c.rows = calloc(DEPTH_MAX, sizeof(*c.rows));
	if (c.keys == NULL || c.rows == NULL)
		st = vl_fail_memory(err);
	if (st == VL_OK)
		st = rows_each_open(&each, s, table, ROWS_BY_PARENT, err);
	while (st == VL_OK) {
		st = rows_each_next(each, &note, &row, err);
		if (st != VL_OK || !row)
			break;
		st = climb_up(&c, &note, &state);
		if (st == VL_OK)
			st = climb_down(&c, state);
		if (st != VL_OK && rows_heard_row(p, &p->tables[table], err))
			st = VL_OK;
	}
	rows_each_free(each);
	for (i = 0; c.keys != NULL && i < DEPTH_MAX; i++)
		vl_buf_free(&c.keys[i]);
	free(c.keys);
	free(c.rows);
	vl_buf_free(&c.id);
	vl_buf_free(&c.path);
	return st;
}
