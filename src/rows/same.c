/* Whether two values say the same: one of the bundle, one of the target. */

#include <stdio.h>
#include <string.h>

#include <valise/secret.h>
#include <valise/text.h>

#include "put.h"
#include "values.h"

struct same {
	struct vl_rows_put *p;
	struct rows_scratch *scratch; /* of the target's rows */
	size_t table;
	size_t column;
	struct vl_err *err;
};

/* From the values that were kept. */
enum vl_status
rows_same_piece(struct vl_rows_put *p, struct rows_scratch *scratch,
    uint64_t at, uint64_t n, struct vl_buf *out, struct vl_err *err)
{
	const struct rows_values *v = &p->values;
	struct vl_slice kept = { 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	/* One value is one stretch. */
	for (i = 0; st == VL_OK && i < v->nlarge; i++) {
		st = rows_scratch_kept(scratch, v->large[i], &kept, err);
		if (st == VL_OK && at == 0 && kept.n == n)
			return vl_buf_add(out, kept, err);
		at -= kept.n;
	}
	return st;
}

static enum vl_status
same_stretch(struct same *c, const struct rows_staged *row,
    const uint64_t ours[2], const uint64_t theirs[2], bool *same)
{
	struct vl_buf a = { 0 };
	struct vl_buf b = { 0 };
	enum vl_status st = VL_OK;

	*same = ours[1] == theirs[1];
	if (!*same)
		return VL_OK;
	st = rows_stage_piece(
	    c->p->stage, row->body, ours[0], ours[1], &a, c->err);
	if (st == VL_OK)
		st = rows_same_piece(
		    c->p, c->scratch, theirs[0], theirs[1], &b, c->err);
	*same = vl_slice_equal(vl_buf_slice(&a), vl_buf_slice(&b));
	vl_buf_free(&a);
	vl_buf_free(&b);
	return st;
}

static bool
same_slot(const struct vl_slot *a, const struct vl_slot *b)
{
	return memcmp(a->print, b->print, sizeof(a->print)) == 0 &&
	    a->form == b->form && a->blob == b->blob;
}

static enum vl_status
same_parts(struct same *c, const struct rows_staged *row,
    const struct vl_value *ours, const struct vl_value *theirs, bool *same)
{
	struct vl_text_part a = { 0 };
	struct vl_text_part b = { 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;
	size_t k = 0;
	bool more = true;

	*same = ours->packing == theirs->packing;
	while (st == VL_OK && *same) {
		more = vl_parts_next(
		    &a, &c->p->store.json, ours, &i, &c->p->store.text);
		if (vl_parts_next(&b, &c->p->theirs.json, theirs, &k,
		        &c->p->theirs.text) != more ||
		    (more && a.kind != b.kind)) {
			*same = false;
			break;
		}
		if (!more)
			break;
		if (a.kind == VL_PART_BODY)
			st = same_stretch(c, row, (uint64_t[]){ a.at, a.n },
			    (uint64_t[]){ b.at, b.n }, same);
		else if (a.kind == VL_PART_TEXT)
			*same = vl_slice_equal(a.text, b.text);
		else if (a.kind == VL_PART_COUNT)
			*same = a.n == b.n;
		else if (a.kind == VL_PART_SECRET)
			*same = same_slot(&a.slot, &b.slot) &&
			    vl_slice_equal(a.inside, b.inside) &&
			    a.form == b.form;
		else
			*same = vl_slice_equal(a.key, b.key) &&
			    vl_slice_equal(a.table, b.table) &&
			    a.form == b.form;
	}
	return st;
}

/* A value in one piece, so that two can be compared that are cut otherwise:
 * runs of text, each behind its length, and what stands between them. */
struct spread {
	struct vl_buf bytes;
	size_t run; /* where the length of the last one stands; NONE */
};

static enum vl_status
spread_text(struct spread *s, struct vl_slice text, struct vl_err *err)
{
	uint8_t none[8] = { 0 };
	enum vl_status st = VL_OK;

	if (s->run == NONE) {
		s->run = s->bytes.n;
		st = vl_buf_add(
		    &s->bytes, (struct vl_slice){ none, sizeof(none) }, err);
	}
	if (st == VL_OK)
		st = vl_buf_add(&s->bytes, text, err);
	if (st == VL_OK)
		vl_put_u64le(
		    s->bytes.p + s->run, s->bytes.n - s->run - sizeof(none));
	return st;
}

static enum vl_status
spread_mark(
    struct spread *s, const struct vl_text_part *part, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	s->run = NONE;
	st = vl_buf_printf(&s->bytes, err, "%c%d %llu ", 'a' + part->kind,
	    (int)part->form, (unsigned long long)part->n);
	if (st == VL_OK)
		st = vl_buf_add(&s->bytes, part->table, err);
	return st == VL_OK ? vl_buf_add(&s->bytes, part->key, err) : st;
}

/* What a secret of the bundle is, in clear: so it stands there. */
static enum vl_status
spread_secret(const struct same *c, struct spread *s,
    const struct rows_staged *row, const struct vl_text_part *part,
    size_t number)
{
	struct vl_slice plain = { 0 };
	enum vl_status st = rows_fill_secret(c->p, row,
	    &(struct rows_slot_of){ .table = c->table,
	        .column = c->column,
	        .number = number,
	        .inside = part->inside,
	        .slot = &part->slot },
	    &plain, c->err);

	return st == VL_OK ? spread_text(s, plain, c->err) : st;
}

/* One piece; `row` of the bundle, or NULL: of the row that was read. */
static enum vl_status
spread_part(const struct same *c, struct spread *s,
    const struct rows_staged *row, const struct vl_text_part *part,
    size_t *secrets)
{
	struct vl_buf body = { 0 };
	enum vl_status st = VL_OK;

	if (part->kind == VL_PART_TEXT)
		return spread_text(s, part->text, c->err);
	if (part->kind == VL_PART_SECRET)
		return row == NULL ?
		    spread_mark(s, part, c->err) :
		    spread_secret(c, s, row, part, (*secrets)++);
	if (part->kind != VL_PART_BODY)
		return spread_mark(s, part, c->err);
	st = row != NULL ?
	    rows_stage_piece(
	        c->p->stage, row->body, part->at, part->n, &body, c->err) :
	    rows_same_piece(c->p, c->scratch, part->at, part->n, &body, c->err);
	if (st == VL_OK)
		st = spread_text(s, vl_buf_slice(&body), c->err);
	vl_buf_free(&body);
	return st;
}

static enum vl_status
spread_value(const struct same *c, struct spread *s,
    const struct rows_staged *row, struct vl_row_store *store,
    const struct vl_value *v)
{
	struct vl_text_part part = { .kind = VL_PART_TEXT,
		.text = v->cell.bytes };
	enum vl_status st = VL_OK;
	size_t secrets = 0;
	size_t at = 0;

	s->run = NONE;
	if (v->kind == VL_VALUE_BODY) {
		part.kind = VL_PART_BODY;
		part.at = v->at;
		part.n = v->n;
	}
	if (v->kind != VL_VALUE_PARTS)
		return spread_part(c, s, row, &part, &secrets);
	while (st == VL_OK &&
	    vl_parts_next(&part, &store->json, v, &at, &store->text))
		st = spread_part(c, s, row, &part, &secrets);
	return st;
}

/* Secrets that stand in clear in a value of the bundle do here, too, and nobody
 * looks for them. */
static enum vl_status
same_leaky(struct same *c, const struct rows_beside *b, bool *same)
{
	struct spread ours = { .run = NONE };
	struct spread theirs = { .run = NONE };
	enum vl_status st = VL_OK;

	*same = b->ours->packing == b->theirs->packing &&
	    b->theirs->cell.type == b->ours->cell.type;
	if (*same)
		st = spread_value(c, &ours, b->row, &c->p->store, b->ours);
	if (st == VL_OK && *same)
		st = spread_value(c, &theirs, NULL, &c->p->theirs, b->theirs);
	*same = *same &&
	    vl_slice_equal(
	        vl_buf_slice(&ours.bytes), vl_buf_slice(&theirs.bytes));
	if (ours.bytes.p != NULL)
		vl_secret_wipe(ours.bytes.p, ours.bytes.n);
	vl_buf_free(&ours.bytes);
	vl_buf_free(&theirs.bytes);
	return st;
}

/* An id that was kept and written names another row here. */
static void
tell_kept(struct same *c, const struct rows_beside *b)
{
	const struct rows_ref *ref = rows_whole(b->rd, b->column);
	const struct rows_plan *plan = b->rd->plan;
	const struct vl_rows_report *report = &c->p->opts.rows.report;
	char text[1024];
	char id[ROWS_SHOWN];
	char shown[2][256];

	if (plan->before == NULL || !rows_what_writes(b->row, b->column) ||
	    (b->row->act != ROWS_NEW && b->row->act != ROWS_UPDATE) ||
	    c->p->strangers++ >= ROWS_TOLD || report->note == NULL)
		return;
	(void)vl_escape_text(shown[0], sizeof(shown[0]), b->row->key);
	if (b->theirs->kind == VL_VALUE_REF) {
		rows_show_id(id, rows_reader_cell(b->rd, b->column));
		(void)snprintf(text, sizeof(text),
		    "table '%s', %s: '%s' keeps %s, which names %s%s%s%s here",
		    b->rd->t->schema->name, shown[0],
		    b->rd->t->schema->columns[b->column].name, id,
		    ref == NULL || ref->to == NONE ? "" : "'",
		    ref == NULL || ref->to == NONE ?
		        "" :
		        plan->tables[ref->to].schema->name,
		    ref == NULL || ref->to == NONE ? "" : "' ",
		    vl_escape_text(shown[1], sizeof(shown[1]), b->theirs->key));
	} else {
		(void)snprintf(text, sizeof(text),
		    "table '%s', %s: '%s' keeps an id which names a row here",
		    b->rd->t->schema->name, shown[0],
		    b->rd->t->schema->columns[b->column].name);
	}
	report->note(report->arg, text);
}

/* The column has a line that keeps ids, of whole values or of such inside. */
static bool
keeps(const struct rows_beside *b, bool inside)
{
	const struct rows_column *col = &b->rd->t->columns[b->column];
	size_t i = 0;

	for (i = 0; i < col->nrefs; i++)
		if (rows_ref_keeps(&col->refs[i]) &&
		    (col->refs[i].finder != NULL) == inside)
			return true;
	return false;
}

/* An id that the source could not call names a row here. */
static void
same_kept(struct same *c, const struct rows_beside *b, bool *same)
{
	*same =
	    vl_cell_equal(&b->ours->cell, rows_reader_cell(b->rd, b->column));
	if (*same)
		tell_kept(c, b);
}

/* Some row that the text refers to is not compared yet. */
static bool
is_early(const struct same *c, const struct rows_beside *b)
{
	const struct rows_plan *plan = &c->p->here->plan;
	const struct rows_column *col = &b->rd->t->columns[b->column];
	size_t to = NONE;
	size_t i = 0;

	for (i = 0; i < col->nrefs; i++) {
		to = col->refs[i].to;
		if (to != NONE && !c->p->settled[to] &&
		    !rows_table_skipped(&plan->tables[to]) &&
		    !rows_put_extra(c->p, to))
			return true;
	}
	return false;
}

/* The same inside a text: it holds what the bundle's comes to. */
static enum vl_status
same_kept_text(struct same *c, const struct rows_beside *b, bool *same)
{
	struct vl_buf text = { 0 };
	struct vl_cell cell = { 0 };
	enum vl_status st = VL_OK;

	if (b->rd->plan->before == NULL && is_early(c, b)) {
		c->p->unsettled = true;
		return VL_OK;
	}
	c->p->probing = b->rd->plan->before == NULL;
	st = rows_fill(c->p, b->table, b->column, b->row, &c->p->store, b->ours,
	    &text, &cell, c->err);
	c->p->probing = false;
	*same = st == VL_OK &&
	    vl_cell_equal(&cell, rows_reader_cell(b->rd, b->column));
	if (*same)
		tell_kept(c, b);
	vl_buf_free(&text);
	return st;
}

/* A key that names no row here is what on_dangling made of it: an id that is
 * kept may name another row. */
static enum vl_status
same_loose(struct same *c, const struct rows_beside *b, bool *same)
{
	struct vl_cell cell = { 0 };
	bool loose = false;
	enum vl_status st = rows_fill_loose(c->p, c->table, b->column, b->row,
	    b->ours->key, &cell, &loose, c->err);

	*same =
	    loose && vl_cell_equal(&cell, rows_reader_cell(b->rd, b->column));
	if (*same && b->theirs->kind == VL_VALUE_REF)
		tell_kept(c, b);
	return st;
}

/* One key, and of one table: each side has a value that names it. */
static enum vl_status
same_table(struct same *c, const struct rows_beside *b, bool *same)
{
	const struct rows_ref *ref = rows_whole(b->rd, b->column);
	struct vl_cell value = { 0 };
	enum vl_status st = VL_OK;
	size_t to = NONE;

	if (ref == NULL || ref->by == NULL)
		return VL_OK;
	st = rows_fill_by(c->p, b->table, ref->by, b->row->row, &to, c->err);
	if (st == VL_OK)
		st = rows_by_value(c->scratch, b->rd, ref->by, &value, c->err);
	*same = to == rows_by_pick(ref->by, &value);
	return st;
}

static enum vl_status
same_value(struct same *c, const struct rows_beside *b, bool *same)
{
	const struct rows_staged *row = b->row;
	const struct vl_value *ours = b->ours;
	const struct vl_value *theirs = b->theirs;

	*same = ours->kind == theirs->kind;
	if (!*same)
		return VL_OK;
	switch (ours->kind) {
	case VL_VALUE_CELL:
		*same = vl_cell_equal(&ours->cell, &theirs->cell);
		return VL_OK;
	case VL_VALUE_REF:
		*same = vl_slice_equal(ours->key, theirs->key);
		return *same ? same_table(c, b, same) : VL_OK;
	case VL_VALUE_BODY:
		if (ours->cell.type != theirs->cell.type) {
			*same = false;
			return VL_OK;
		}
		return same_stretch(c, row, (uint64_t[]){ ours->at, ours->n },
		    (uint64_t[]){ theirs->at, theirs->n }, same);
	case VL_VALUE_SECRET:
		*same = same_slot(&ours->slot, &theirs->slot);
		return VL_OK;
	case VL_VALUE_PARTS:
		return same_parts(c, row, ours, theirs, same);
	}
	return VL_OK;
}

enum vl_status
rows_same(struct vl_rows_put *p, struct rows_scratch *scratch,
    const struct rows_beside *b, bool *same, struct vl_err *err)
{
	struct same c = { .p = p,
		.scratch = scratch,
		.table = b->table,
		.column = b->column,
		.err = err };

	/* Nothing is opened: nothing is known. */
	if (b->ours->kind == VL_VALUE_SECRET && p->opts.rows.secrets == NULL) {
		*same = true;
		return VL_OK;
	}
	if (b->ours->kind == VL_VALUE_PARTS &&
	    b->rd->t->columns[b->column].leaky &&
	    (b->theirs->kind == VL_VALUE_PARTS ||
	        b->theirs->kind == VL_VALUE_BODY ||
	        b->theirs->kind == VL_VALUE_CELL))
		return same_leaky(&c, b, same);
	enum vl_status st = VL_OK;

	if (b->ours->kind == VL_VALUE_REF &&
	    (b->theirs->kind == VL_VALUE_CELL ||
	        (b->theirs->kind == VL_VALUE_REF &&
	            !vl_slice_equal(b->ours->key, b->theirs->key))))
		return same_loose(&c, b, same);
	if (b->ours->kind == VL_VALUE_CELL && b->theirs->kind == VL_VALUE_REF &&
	    keeps(b, false)) {
		same_kept(&c, b, same);
		return VL_OK;
	}
	st = same_value(&c, b, same);
	if (st == VL_OK && !*same && b->theirs->kind == VL_VALUE_PARTS &&
	    (b->ours->kind == VL_VALUE_CELL ||
	        b->ours->kind == VL_VALUE_PARTS) &&
	    keeps(b, true))
		return same_kept_text(&c, b, same);
	return st == VL_OK && *same ? rows_follow(p, b, same, err) : st;
}
