/*
 * A row of the bundle, before it is put aside: where the profile says so, the
 * values of the source become those of this side.  What comes out is the line
 * that this side's reader makes of such a row.
 */

#include <stdlib.h>
#include <string.h>

#include "here.h"
#include "put.h"

struct swapping_row {
	const struct rows_table *t;
	const struct rows_here_line *line;
	struct rows_heres *h;
	size_t column; /* NONE: it is not here */
	size_t inline_max;
	struct vl_json_w w;
	struct rows_swaps with;
	struct vl_err *err;
};

void
rows_heres_free(struct rows_heres *h)
{
	vl_probe_free(h->probe);
	free(h->cells);
	free(h->holds);
	free(h->numbers);
	free(h->list);
	vl_row_store_free(&h->store);
	vl_buf_free(&h->body);
	vl_buf_free(&h->out);
	vl_buf_free(&h->text);
	vl_buf_free(&h->piece);
	vl_buf_free(&h->name);
	rows_edits_free(&h->edits);
	free(h->stretches);
	free(h->ids);
	*h = (struct rows_heres){ 0 };
}

/* The conditions of the table that its lines ask for. */
static enum vl_status
open_probe(struct swapping_row *s, const char **columns, const char **sql)
{
	const struct rows_table *t = s->t;
	struct vl_scan_opts opts = { .table = t->schema->name,
		.columns = columns,
		.ncolumns = t->schema->ncolumns,
		.conditions = sql };
	size_t number = NONE;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < t->schema->ncolumns; i++) {
		columns[i] = t->schema->columns[i].name;
		for (k = 0; k < t->columns[i].nheres; k++) {
			number = t->columns[i].heres[k].condition;
			if (number == NONE)
				continue;
			s->h->numbers[opts.nconditions] = number;
			sql[opts.nconditions++] = t->conditions[number];
		}
	}
	s->h->nnumbers = opts.nconditions;
	return opts.nconditions == 0 || s->line->rd != NULL ?
	    VL_OK :
	    vl_probe_open(&s->h->probe, s->line->db, &opts, s->err);
}

/* For rows of another table than the last. */
static enum vl_status
begin_table(struct swapping_row *s)
{
	const struct rows_table *t = s->t;
	struct rows_heres *h = s->h;
	const char **columns = NULL;
	const char **sql = NULL;
	enum vl_status st = VL_OK;
	size_t lines = 0;
	size_t i = 0;

	if (h->t == t)
		return VL_OK;
	rows_heres_free(h);
	h->t = t;
	for (i = 0; i < t->schema->ncolumns; i++)
		lines += t->columns[i].nheres;
	columns = calloc(t->schema->ncolumns + 1, sizeof(*columns));
	sql = calloc(lines + 1, sizeof(*sql));
	h->cells = calloc(t->schema->ncolumns + 1, sizeof(*h->cells));
	h->holds = calloc(t->nconditions + 1, sizeof(*h->holds));
	h->numbers = calloc(lines + 1, sizeof(*h->numbers));
	h->list = calloc(lines + 1, sizeof(*h->list));
	if (columns == NULL || sql == NULL || h->cells == NULL ||
	    h->holds == NULL || h->numbers == NULL || h->list == NULL)
		st = vl_fail_memory(s->err);
	if (st == VL_OK)
		st = open_probe(s, columns, sql);
	free(columns);
	free(sql);
	return st;
}

static struct vl_slice
of_body(const struct swapping_row *s, uint64_t at, uint64_t n)
{
	return (struct vl_slice){ s->line->body.p + at, (size_t)n };
}

/* Which lines hold: asked of the values as the source has them; what refers to
 * a row is NULL. */
static enum vl_status
find_holds(struct swapping_row *s)
{
	struct rows_heres *h = s->h;
	struct vl_slice name = { 0 };
	struct vl_value v = { 0 };
	enum vl_status st = VL_OK;
	bool *found = NULL;
	size_t column = 0;
	size_t at = 0;
	size_t i = 0;

	if (h->probe == NULL)
		return VL_OK;
	found = calloc(h->nnumbers, sizeof(*found));
	if (found == NULL)
		return vl_fail_memory(s->err);
	memset(h->cells, 0, s->t->schema->ncolumns * sizeof(*h->cells));
	st = rows_row_parse(&s->h->store, s->line->row, s->err);
	while (st == VL_OK && vl_row_next(&s->h->store, 0, &at, &name, &v)) {
		column = rows_column(s->t, name);
		if (column == NONE)
			continue;
		if (v.kind == VL_VALUE_CELL)
			h->cells[column] = v.cell;
		else if (v.kind == VL_VALUE_BODY)
			h->cells[column] =
			    (struct vl_cell){ .type = v.cell.type,
				    .bytes = of_body(s, v.at, v.n) };
	}
	if (st == VL_OK)
		st = vl_probe_run(h->probe, h->cells, found, s->err);
	for (i = 0; i < h->nnumbers; i++)
		h->holds[h->numbers[i]] = found[i];
	free(found);
	return st;
}

static enum vl_status
keep(struct swapping_row *s, struct vl_slice bytes, uint64_t *at)
{
	*at = s->h->body.n;
	return vl_buf_add(&s->h->body, bytes, s->err);
}

/* What changes in a text. */
static enum vl_status
find_edits(struct swapping_row *s, struct vl_slice text)
{
	return rows_here_swap_text(s->t, text,
	    &(struct rows_here_text){ .with = s->with, .edits = &s->h->edits },
	    s->err);
}

static enum vl_status
put_cell(struct swapping_row *s, struct vl_cell cell)
{
	struct rows_edits *e = &s->h->edits;
	enum vl_status st = VL_OK;
	size_t next = 0;
	uint64_t at = 0;

	rows_edits_begin(e, cell.bytes);
	if (cell.type == VL_CELL_TEXT && s->with.n > 0)
		st = find_edits(s, cell.bytes);
	if (st == VL_OK && e->n > 0) {
		vl_buf_clear(&s->h->piece);
		st = rows_edits_apply(
		    e, 0, cell.bytes.n, &next, &s->h->piece, s->err);
		cell.bytes = vl_buf_slice(&s->h->piece);
	}
	if (st != VL_OK)
		return st;
	if ((cell.type != VL_CELL_TEXT && cell.type != VL_CELL_BLOB) ||
	    cell.bytes.n <= s->inline_max) {
		vl_cell_write(&s->w, &cell);
		return VL_OK;
	}
	st = keep(s, cell.bytes, &at);
	vl_value_write_body(&s->w, cell.type, at, cell.bytes.n);
	return st;
}

static enum vl_status
put_text(struct swapping_row *s, struct vl_slice bytes)
{
	struct vl_text_part part = { .kind = VL_PART_TEXT, .text = bytes };
	enum vl_status st = VL_OK;

	if (bytes.n > s->inline_max) {
		part.kind = VL_PART_BODY;
		part.n = bytes.n;
		st = keep(s, bytes, &part.at);
	}
	if (st == VL_OK)
		vl_part_write(&s->w, &part);
	return st;
}

/* A value in pieces as one text: a digit for each id. */
struct laying {
	size_t n;    /* pieces */
	size_t nids; /* of them */
	size_t open[VL_COUNTED_DEPTH];
	uint64_t end[VL_COUNTED_DEPTH]; /* number of the piece behind it */
	size_t depth;
};

/* Put the lengths of counted texts that end before piece `number`; what stands
 * in them is further behind then. */
static enum vl_status
close_counted(struct swapping_row *s, struct laying *l, uint64_t number)
{
	struct rows_heres *h = s->h;
	struct rows_stretch *head = NULL;
	enum vl_status st = VL_OK;
	size_t before = 0;
	size_t more = 0;
	size_t i = 0;

	while (st == VL_OK && l->depth > 0 && l->end[l->depth - 1] == number) {
		l->depth--;
		head = &h->stretches[l->open[l->depth]];
		before = h->text.n;
		st = vl_place_count(&h->text, head->from, s->err);
		more = h->text.n - before;
		for (i = l->open[l->depth] + 1; i < l->n; i++) {
			h->stretches[i].from += more;
			h->stretches[i].to += more;
		}
		for (i = l->nids; i > 0 && h->ids[i - 1].at >= head->from; i--)
			h->ids[i - 1].at += more;
		head->to = head->from + more;
	}
	return st;
}

static enum vl_status
room_to_lay(struct swapping_row *s, const struct laying *l)
{
	struct rows_heres *h = s->h;
	const size_t cap = 2 * l->n + 16;
	struct rows_stretch *stretches = NULL;
	struct rows_id_at *ids = NULL;

	if (l->n == h->cap_stretches) {
		stretches = reallocarray(h->stretches, cap, sizeof(*stretches));
		if (stretches == NULL)
			return vl_fail_memory(s->err);
		h->stretches = stretches;
		h->cap_stretches = cap;
	}
	if (l->nids == h->cap_ids) {
		ids = reallocarray(h->ids, cap, sizeof(*ids));
		if (ids == NULL)
			return vl_fail_memory(s->err);
		h->ids = ids;
		h->cap_ids = cap;
	}
	return VL_OK;
}

static enum vl_status
lay_piece(
    struct swapping_row *s, struct laying *l, const struct vl_text_part *part)
{
	struct rows_heres *h = s->h;
	const size_t from = h->text.n;
	const size_t number = l->n;
	enum vl_status st = room_to_lay(s, l);

	if (st != VL_OK)
		return st;
	if (part->kind == VL_PART_COUNT) {
		l->end[l->depth] = number + part->n + 1;
		l->open[l->depth++] = number;
	} else if (part->kind == VL_PART_REF || part->kind == VL_PART_SECRET) {
		h->ids[l->nids++] = (struct rows_id_at){ from, l->depth > 0 };
		st = vl_buf_add_text(&h->text, "1", s->err);
	} else {
		st = vl_buf_add(&h->text,
		    part->kind == VL_PART_TEXT ? part->text :
		                                 of_body(s, part->at, part->n),
		    s->err);
	}
	h->stretches[l->n++] = (struct rows_stretch){ from, h->text.n };
	return st;
}

/* What changes in a value in pieces. */
static enum vl_status
find_edits_in_parts(struct swapping_row *s, const struct vl_value *v)
{
	struct rows_heres *h = s->h;
	struct laying l = { .depth = 0 };
	struct vl_text_part part = { 0 };
	const size_t used = h->store.text.n;
	enum vl_status st = VL_OK;
	size_t at = 0;

	vl_buf_clear(&h->text);
	while (st == VL_OK &&
	    vl_parts_next(&part, &h->store.json, v, &at, &h->store.text)) {
		st = close_counted(s, &l, l.n);
		if (st == VL_OK)
			st = lay_piece(s, &l, &part);
		h->store.text.n = used; /* only looked at */
	}
	if (st == VL_OK)
		st = close_counted(s, &l, l.n);
	if (st != VL_OK)
		return st;
	rows_edits_begin(&h->edits, vl_buf_slice(&h->text));
	h->edits.ids = h->ids;
	h->edits.nids = l.nids;
	st = find_edits(s, vl_buf_slice(&h->text));
	if (st != VL_OK || !h->edits.torn || s->line->way != ROWS_TO_HERE)
		return st;
	return vl_fail(s->err, VL_EREFUSED,
	    "column '%s' holds a value of this side and an id in one text that "
	    "PHP serialised, and the id was not found by 'php', so that no "
	    "length would follow it: say 'php' in the line that finds it",
	    s->t->schema->columns[s->column].name);
}

static enum vl_status
put_parts(struct swapping_row *s, const struct vl_value *v)
{
	struct rows_heres *h = s->h;
	struct vl_text_part part = { 0 };
	struct vl_slice bytes = { 0 };
	enum vl_status st = VL_OK;
	size_t number = 0;
	size_t next = 0;
	size_t at = 0;

	h->edits.n = 0;
	/* A blob is not looked into, whether ids stand in it or not. */
	if (s->with.n > 0 && v->packing == VL_PACKING_NONE)
		st = find_edits_in_parts(s, v);
	vl_parts_open(&s->w, v->packing);
	for (; st == VL_OK &&
	     vl_parts_next(&part, &h->store.json, v, &at, &h->store.text);
	     number++) {
		if (part.kind != VL_PART_TEXT && part.kind != VL_PART_BODY) {
			vl_part_write(&s->w, &part);
			continue;
		}
		bytes = part.kind == VL_PART_TEXT ? part.text :
		                                    of_body(s, part.at, part.n);
		if (h->edits.n > 0) {
			vl_buf_clear(&h->piece);
			st = rows_edits_apply(&h->edits,
			    h->stretches[number].from, h->stretches[number].to,
			    &next, &h->piece, s->err);
			bytes = vl_buf_slice(&h->piece);
		}
		if (st == VL_OK)
			st = put_text(s, bytes);
	}
	vl_parts_close(&s->w);
	return st;
}

static enum vl_status
put_value(struct swapping_row *s, const struct vl_value *v)
{
	const struct rows_here_row row = { .rd = s->line->rd,
		.holds = s->h->holds };

	s->with = (struct rows_swaps){ .list = s->h->list };
	if (s->column != NONE)
		s->with.n = rows_here_swaps(
		    &s->t->columns[s->column], &row, s->line->way, s->h->list);
	switch (v->kind) {
	case VL_VALUE_CELL:
		return put_cell(s, v->cell);
	case VL_VALUE_BODY:
		return put_cell(s,
		    (struct vl_cell){ .type = v->cell.type,
		        .bytes = of_body(s, v->at, v->n) });
	case VL_VALUE_REF:
		vl_value_write_ref(&s->w, v->key);
		return VL_OK;
	case VL_VALUE_SECRET:
		vl_value_write_secret(&s->w, &v->slot);
		return VL_OK;
	case VL_VALUE_PARTS:
		return put_parts(s, v);
	}
	return VL_OK;
}

static enum vl_status
put_row(struct swapping_row *s)
{
	struct vl_slice name = { 0 };
	struct vl_value v = { 0 };
	enum vl_status st = rows_row_parse(&s->h->store, s->line->row, s->err);
	size_t at = 0;

	vl_buf_clear(&s->h->out);
	vl_buf_clear(&s->h->body);
	vl_json_w_init(&s->w, &s->h->out);
	vl_json_w_open(&s->w, '{');
	while (st == VL_OK && vl_row_next(&s->h->store, 0, &at, &name, &v)) {
		s->column = rows_column(s->t, name);
		vl_buf_clear(&s->h->name);
		st = vl_buf_printf(&s->h->name, s->err, "%.*s%c", (int)name.n,
		    (const char *)name.p, 0);
		if (st != VL_OK)
			break;
		vl_json_w_key(&s->w, (const char *)s->h->name.p);
		st = put_value(s, &v);
	}
	vl_json_w_close(&s->w, '}');
	return st == VL_OK ? vl_json_w_end(&s->w, s->err) : st;
}

enum vl_status
rows_here_swap(
    struct rows_heres *h, const struct rows_here_line *line, struct vl_err *err)
{
	struct swapping_row s = {
		.t = line->t, .line = line, .h = h, .err = err
	};
	enum vl_status st = begin_table(&s);

	if (st == VL_OK)
		st = find_holds(&s);
	/* As values.c does it, so that lines have one form. */
	for (s.inline_max = VL_VALUE_INLINE_MAX; st == VL_OK;
	     s.inline_max /= 4) {
		st = put_row(&s);
		if (h->out.n <= ROWS_LINE_MAX)
			break;
		if (st == VL_OK && s.inline_max < ROWS_INLINE_MIN)
			st = vl_fail(err, VL_ELIMIT,
			    "it has too many values for a line of the "
			    "manifest");
	}
	return st;
}
