/*
 * A row as it travels: columns by name, each id as the key of its row, large
 * values kept aside for the body.  What means nothing stands apart.
 */

#include <stdlib.h>
#include <string.h>

#include "values.h"

static int
by_name(const void *a, const void *b, void *arg)
{
	const struct rows_table *t = arg;

	return strcmp(t->schema->columns[*(const size_t *)a].name,
	    t->schema->columns[*(const size_t *)b].name);
}

/* The columns in their order, and each name as it stands in a row. */
static enum vl_status
sort_columns(
    struct rows_values *v, const struct rows_reader *rd, struct vl_err *err)
{
	const struct vl_table *t = rd->t->schema;
	struct vl_json_w w = { 0 };
	size_t i = 0;

	if (v->order != NULL && v->table == rd->table)
		return VL_OK;
	free(v->order);
	free(v->ends);
	v->table = rd->table;
	v->order = calloc(t->ncolumns + 1, sizeof(*v->order));
	v->ends = calloc(t->ncolumns + 1, sizeof(*v->ends));
	if (v->order == NULL || v->ends == NULL)
		return vl_fail_memory(err);
	for (i = 0; i < t->ncolumns; i++)
		v->order[i] = i;
	qsort_r(v->order, t->ncolumns, sizeof(*v->order), by_name,
	    rd->plan->tables + rd->table);
	vl_buf_clear(&v->names);
	for (i = 0; i < t->ncolumns; i++) {
		vl_json_w_init(&w, &v->names);
		vl_json_w_key(&w, t->columns[v->order[i]].name);
		v->ends[i] = v->names.n;
		if (vl_json_w_end(&w, err) != VL_OK)
			return err->status;
	}
	return VL_OK;
}

/* The name of the column that is number `i` in the order. */
static void
write_name(struct vl_json_w *w, const struct rows_values *v, size_t i)
{
	size_t at = i == 0 ? 0 : v->ends[i - 1];

	vl_json_w_member(
	    w, (struct vl_slice){ v->names.p + at, v->ends[i] - at });
}

/* Into the body; `*at` is where. */
enum vl_status
rows_values_keep(struct rows_writing *g, struct vl_slice bytes, uint64_t *at)
{
	struct rows_values *v = g->v;
	int64_t *grown = NULL;
	size_t cap = v->cap == 0 ? 8 : 2 * v->cap;

	if (v->nlarge == v->cap) {
		grown = reallocarray(v->large, cap, sizeof(*grown));
		if (grown == NULL)
			return vl_fail_memory(g->err);
		v->large = grown;
		v->cap = cap;
	}
	*at = v->size;
	v->size += bytes.n;
	return rows_scratch_keep(g->s, bytes, &v->large[v->nlarge++], g->err);
}

enum vl_status
rows_write_cell(struct rows_writing *g, const struct vl_cell *cell)
{
	enum vl_status st = VL_OK;
	uint64_t at = 0;

	if ((cell->type != VL_CELL_TEXT && cell->type != VL_CELL_BLOB) ||
	    cell->bytes.n <= g->inline_max) {
		vl_cell_write(&g->w, cell);
		return VL_OK;
	}
	st = rows_values_keep(g, cell->bytes, &at);
	vl_value_write_body(&g->w, cell->type, at, cell->bytes.n);
	return st;
}

static enum vl_status
write_ref(struct rows_writing *g, size_t column, const struct rows_ref *ref,
    const struct vl_cell *cell)
{
	enum rows_meaning meaning = ROWS_MEANS_NOTHING;
	struct rows_note note = { 0 };
	struct vl_cell none = { 0 };
	enum vl_status st = rows_lookup(
	    g->s, g->rd, column, ref, cell, &note, &meaning, &g->drop, g->err);

	if (st != VL_OK)
		return st;
	if (meaning == ROWS_MEANS_ROW)
		vl_value_write_ref(&g->w, note.key);
	else if (meaning == ROWS_MEANS_NULL &&
	    rows_none(
	        g->rd->plan, ref, g->rd->t->columns[column].schema, &none))
		vl_cell_write(&g->w, &none);
	else
		return rows_write_cell(g, cell);
	return VL_OK;
}

static enum vl_status
write_value(struct rows_writing *g, size_t column)
{
	const struct rows_column *c = &g->rd->t->columns[column];
	const struct vl_cell *cell = rows_reader_cell(g->rd, column);
	const struct rows_ref *whole = NULL;
	struct rows_secret *secret = rows_secret_for(g->rd, column);

	if (secret != NULL)
		return rows_write_secret(g, secret, cell);
	if (c->nrefs == 0 && !c->secret_inside && !rows_leak_any(g->rd, cell))
		return rows_write_cell(g, cell);
	whole = rows_whole(g->rd, column);
	if (whole != NULL)
		return write_ref(g, column, whole, cell);
	return rows_write_inside(g, column, cell);
}

static enum vl_status
write_row(struct rows_writing *g)
{
	const struct rows_table *t = g->rd->t;
	struct rows_values *v = g->v;
	enum vl_status st = VL_OK;
	size_t column = 0;
	size_t i = 0;

	vl_buf_clear(&v->row);
	vl_buf_clear(&v->tokens);
	v->nlarge = 0;
	v->size = 0;
	vl_json_w_init(&g->w, &v->row);
	vl_json_w_open(&g->w, '{');
	for (i = 0; st == VL_OK && i < t->schema->ncolumns; i++) {
		column = v->order[i];
		if (!rows_in_line(t, column))
			continue;
		write_name(&g->w, v, i);
		st = write_value(g, column);
	}
	vl_json_w_close(&g->w, '}');
	return st == VL_OK ? vl_json_w_end(&g->w, g->err) : st;
}

bool
rows_ref_keeps(const struct rows_ref *ref)
{
	return ref->words != NULL &&
	    ref->words->on_dangling == VL_DANGLING_KEEP;
}

/* The id of a row that does not travel, where it may be kept. */
static enum vl_status
is_loose(struct rows_writing *g, size_t column, bool *loose)
{
	const struct rows_ref *ref = rows_whole(g->rd, column);
	enum rows_meaning meaning = ROWS_MEANS_NOTHING;
	struct rows_note note = { 0 };
	enum vl_status st = VL_OK;

	*loose = false;
	if (ref == NULL || !rows_ref_keeps(ref))
		return VL_OK;
	st = rows_lookup(g->s, g->rd, column, ref,
	    rows_reader_cell(g->rd, column), &note, &meaning, &g->drop, g->err);
	*loose = meaning == ROWS_MEANS_ROW && note.state != ROWS_CARRIED;
	return st;
}

/* What means nothing at the target: `x`. */
static enum vl_status
write_ids(struct rows_writing *g)
{
	const struct rows_table *t = g->rd->t;
	struct vl_json_w w = { 0 };
	enum vl_status st = VL_OK;
	size_t column = 0;
	bool loose = false;
	bool any = false;
	size_t i = 0;

	vl_buf_clear(&g->v->ids);
	if (!t->loose &&
	    (t->primary == NONE || t->columns[t->primary].role != ROWS_ID))
		return VL_OK;
	vl_json_w_init(&w, &g->v->ids);
	vl_json_w_open(&w, '{');
	for (i = 0; st == VL_OK && i < t->schema->ncolumns; i++) {
		column = g->v->order[i];
		loose =
		    column == t->primary && t->columns[column].role == ROWS_ID;
		if (t->loose && !loose)
			st = is_loose(g, column, &loose);
		if (st != VL_OK || !loose)
			continue;
		any = true;
		write_name(&w, g->v, i);
		vl_cell_write(&w, rows_reader_cell(g->rd, column));
	}
	vl_json_w_close(&w, '}');
	if (st == VL_OK)
		st = vl_json_w_end(&w, g->err);
	if (!any)
		vl_buf_clear(&g->v->ids);
	return st;
}

enum vl_status
rows_values_make(struct rows_values *v, struct rows_scratch *s,
    const struct rows_reader *rd, bool *drop, struct vl_err *err)
{
	struct rows_writing g = { .v = v, .s = s, .rd = rd, .err = err };
	enum vl_status st = sort_columns(v, rd, err);

	/* Where the line would be too long, smaller values go, too. */
	for (g.inline_max = VL_VALUE_INLINE_MAX; st == VL_OK;
	     g.inline_max /= 4) {
		st = write_row(&g);
		if (v->row.n <= ROWS_LINE_MAX)
			break;
		if (st == VL_OK && g.inline_max < ROWS_INLINE_MIN)
			st = vl_fail(err, VL_ELIMIT,
			    "it has too many values for a line of the "
			    "manifest");
	}
	if (st == VL_OK)
		st = write_ids(&g);
	*drop = g.drop;
	return st == VL_OK ? VL_OK : rows_reader_within(rd, err);
}

enum vl_status
rows_values_hash(const struct rows_values *v, struct rows_scratch *s,
    uint8_t hash[VL_HASH_SIZE], struct vl_err *err)
{
	struct vl_slice kept = { 0 };
	enum vl_status st = VL_OK;
	struct vl_hash h;
	size_t i = 0;

	vl_hash_init(&h, NULL);
	vl_hash_add(&h, vl_buf_slice(&v->row));
	for (i = 0; st == VL_OK && i < v->nlarge; i++) {
		st = rows_scratch_kept(s, v->large[i], &kept, err);
		if (st == VL_OK)
			vl_hash_add(&h, kept);
	}
	vl_hash_end(&h, hash);
	return st;
}

void
rows_values_free(struct rows_values *v)
{
	vl_buf_free(&v->row);
	vl_buf_free(&v->ids);
	vl_buf_free(&v->tokens);
	rows_inside_free(&v->inside);
	free(v->large);
	free(v->order);
	free(v->ends);
	vl_buf_free(&v->names);
	*v = (struct rows_values){ 0 };
}
