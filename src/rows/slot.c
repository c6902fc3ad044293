/*
 * Secrets on their way: at the source, and where the target's rows are looked
 * at, a value is opened and a slot stands in its place; a row that is written
 * gets what its token holds, encrypted as this side does.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <valise/text.h>

#include "secret.h"

#define BLANK_TOLD 20

/* Of a token among those of a row that was put aside. */
struct token_head {
	uint32_t column; /* of the table */
	uint32_t n;      /* bytes */
};

static struct vl_slot_place
place_of(
    const struct rows_plan *p, size_t table, size_t column, struct vl_slice key)
{
	const struct rows_table *t = &p->tables[table];

	return (struct vl_slot_place){ .resource = vl_slice_of(p->resource),
		.collection = vl_slice_of(t->collection),
		.key = key,
		.column = vl_slice_of(t->schema->columns[column].name) };
}

/* ---- Into lines ---- */

enum vl_status
rows_slot_broken(struct rows_writing *g, const struct rows_secret *s)
{
	if (g->rd->plan->lenient ||
	    s->words->on_broken == VL_SECRET_BROKEN_CARRY)
		return VL_OK;
	return vl_fail(g->err, VL_EREFUSED,
	    "column '%s': %s: mend it, or say 'on_broken: carry_as_is' in the "
	    "profile",
	    g->rd->t->columns[s->column].schema->name, g->err->text);
}

static enum vl_status
add_token(struct rows_writing *g, const struct rows_secret *s,
    const struct vl_slot_place *place)
{
	const struct vl_secret_ops *ops = g->rd->plan->ops;
	struct vl_buf *out = &g->v->tokens;
	const size_t at = out->n;
	uint8_t size[4] = { 0 };
	enum vl_status st =
	    vl_buf_add(out, (struct vl_slice){ size, sizeof(size) }, g->err);

	if (st == VL_OK)
		st = ops->seal(
		    ops->arg, place, vl_locked_slice(&s->plain), out, g->err);
	if (st == VL_OK)
		vl_put_u32le(
		    out->p + at, (uint32_t)(out->n - at - sizeof(size)));
	return st;
}

/* s->plain is what travels; it is wiped. */
static enum vl_status
make_slot(struct rows_writing *g, struct rows_secret *s,
    const struct vl_slot_place *place, struct vl_slot *slot)
{
	const struct rows_plan *p = g->rd->plan;
	enum vl_status st = VL_OK;

	*slot = (struct vl_slot){ .form = place->form, .blob = place->blob };
	if (p->ops != NULL) {
		p->ops->print(p->ops->arg, place, vl_locked_slice(&s->plain),
		    slot->print);
		if (!p->lenient)
			st = add_token(g, s, place);
	}
	vl_locked_clear(&s->plain);
	return st;
}

/* The value as it stands is what travels; here it differs from the bundle's.
 */
static enum vl_status
take_as_is(
    struct rows_writing *g, struct rows_secret *s, const struct vl_cell *cell)
{
	s->broken += g->rd->plan->lenient;
	vl_locked_clear(&s->plain);
	return vl_locked_add(&s->plain, cell->bytes, g->err);
}

enum vl_status
rows_slot_make(struct rows_writing *g, struct rows_secret *s,
    struct vl_slice inside, const struct vl_cell *cell, struct vl_slot *slot,
    bool *blank)
{
	struct vl_slot_place place =
	    place_of(g->rd->plan, g->rd->table, s->column, g->rd->key);
	enum vl_status st = VL_OK;
	bool clear = false;

	*blank = rows_secret_blank(s);
	s->blank += *blank;
	if (*blank)
		return VL_OK;
	place.inside = inside;
	place.blob = cell->type == VL_CELL_BLOB;
	if (s->vault != NULL)
		st = rows_secret_open(s, cell, &clear, g->err);
	place.form = clear ? VL_SLOT_CLEAR : VL_SLOT_SEALED;
	if (st == VL_EAUTH || st == VL_EFORMAT) {
		place.form = VL_SLOT_BROKEN;
		st = rows_slot_broken(g, s);
		if (st == VL_OK)
			st = take_as_is(g, s, cell);
	}
	return st == VL_OK ? make_slot(g, s, &place, slot) : st;
}

enum vl_status
rows_write_broken(
    struct rows_writing *g, struct rows_secret *s, const struct vl_cell *cell)
{
	struct vl_slot_place place =
	    place_of(g->rd->plan, g->rd->table, s->column, g->rd->key);
	struct vl_slot slot = { 0 };
	enum vl_status st = take_as_is(g, s, cell);

	place.form = VL_SLOT_BROKEN;
	place.blob = cell->type == VL_CELL_BLOB;
	if (st == VL_OK)
		st = make_slot(g, s, &place, &slot);
	if (st == VL_OK)
		vl_value_write_secret(&g->w, &slot);
	return st;
}

enum vl_status
rows_write_secret(
    struct rows_writing *g, struct rows_secret *s, const struct vl_cell *cell)
{
	const struct vl_column *c = g->rd->t->columns[s->column].schema;
	const struct vl_cell none = { .type = c->not_null ? VL_CELL_TEXT :
		                                            VL_CELL_NULL };
	struct vl_slot slot = { 0 };
	enum vl_status st = VL_OK;
	bool blank = false;

	if (!rows_secret_stands(cell))
		return rows_write_cell(g, cell);
	st = rows_slot_make(g, s, (struct vl_slice){ 0 }, cell, &slot, &blank);
	if (st == VL_OK && blank)
		return rows_write_cell(g, &none);
	if (st == VL_OK)
		vl_value_write_secret(&g->w, &slot);
	return st;
}

static void
say(const struct vl_rows_report *report, const struct rows_secret *s,
    const char *resource, uint64_t n, const char *what)
{
	char count[40];
	char text[1024];

	if (n == 0 || report->note == NULL)
		return;
	(void)snprintf(text, sizeof(text), "%s%s%s'%s': %s %s",
	    resource == NULL ? "" : "resource '",
	    resource == NULL ? "" : resource,
	    resource == NULL ? "" : "': ", s->words->of,
	    vl_format_counted(count, sizeof(count), n, "value", "values"),
	    what);
	report->note(report->arg, text);
}

void
rows_secret_tell(const struct rows_plan *p, size_t table,
    const struct vl_rows_report *report)
{
	const struct rows_secret *s = p->secrets;

	for (; s < p->secrets + p->nsecrets; s++)
		if (s->table == table)
			say(report, s, NULL, s->blank,
			    "not carried ('on_secret: blank'): to be entered "
			    "at the target");
}

/* Of new rows no secret came: who enters it is told which. */
static enum vl_status
tell_blank(
    struct vl_rows_put *p, const struct rows_secret *s, struct vl_err *err)
{
	const struct vl_rows_report *report = &p->opts.rows.report;
	struct rows_staging *g = NULL;
	struct rows_staged row = { 0 };
	enum vl_status st =
	    rows_staging_open(&g, p->stage, s->table, ROWS_NEW, err);
	bool more = true;
	size_t n = 0;
	char shown[256];
	char text[1024];

	while (st == VL_OK && report->note != NULL) {
		st = rows_staging_next(g, &row, &more, err);
		if (st != VL_OK || !more || n++ == BLANK_TOLD)
			break;
		(void)snprintf(text, sizeof(text),
		    "resource '%s': '%s' of %s does not travel: enter it here "
		    "if it has one",
		    p->here->plan.resource, s->words->of,
		    vl_escape_text(shown, sizeof(shown), row.key));
		report->note(report->arg, text);
	}
	rows_staging_free(g);
	if (st != VL_OK || n <= BLANK_TOLD)
		return st;
	(void)snprintf(text, sizeof(text),
	    "resource '%s': '%s': so it is of all %llu new rows of its table",
	    p->here->plan.resource, s->words->of,
	    (unsigned long long)rows_stage_count(p->stage, s->table, ROWS_NEW));
	report->note(report->arg, text);
	return VL_OK;
}

enum vl_status
rows_secret_tell_here(struct vl_rows_put *p, struct vl_err *err)
{
	const struct rows_plan *plan = &p->here->plan;
	const struct rows_secret *s = plan->secrets;
	enum vl_status st = VL_OK;

	for (; st == VL_OK && s < plan->secrets + plan->nsecrets; s++) {
		say(&p->opts.rows.report, s, plan->resource, s->broken,
		    "of rows here that do not open with the master key, taken "
		    "for different from the bundle's");
		if (s->column != NONE && rows_secret_blank(s) &&
		    p->seen[s->table])
			st = tell_blank(p, s, err);
	}
	return st;
}

/* ---- From the bundle ---- */

/* An entry about the column by which values are written: all are by one key
 * and cipher. */
static struct rows_secret *
writer_of(const struct rows_plan *p, size_t table, size_t column,
    struct vl_slice inside)
{
	struct rows_secret *s = p->secrets;

	if (inside.n > 0 && *inside.p == ROWS_LEAK_MARK)
		return rows_secret_leaked(p, table, column);

	for (; s < p->secrets + p->nsecrets; s++)
		if (s->table == table && s->column == column && !s->leak &&
		    s->vault != NULL)
			return s;
	return NULL;
}

/* Each slot is one of a column that holds secrets. */
static enum vl_status
take_slot(struct vl_rows_put *p, const struct vl_slot_place *place,
    struct vl_slice token, struct vl_err *err)
{
	const struct rows_plan *plan = &p->here->plan;
	struct token_head head = { .n = (uint32_t)token.n };
	struct rows_secret *s = NULL;
	char shown[VL_COLUMN_MAX + 1];
	enum vl_status st = VL_OK;
	size_t column = NONE;

	(void)vl_escape_text(shown, sizeof(shown), place->column);
	if (p->table < plan->ntables)
		column = rows_column(&plan->tables[p->table], place->column);
	if (column != NONE)
		s = writer_of(plan, p->table, column, place->inside);
	if (s == NULL || plan->ops == NULL)
		return vl_fail(err, VL_EFORMAT,
		    "column '%s' has a secret, and the profile names none "
		    "there",
		    shown);
	head.column = (uint32_t)column;
	st = vl_buf_add(&p->tokens,
	    (struct vl_slice){ (const uint8_t *)&head, sizeof(head) }, err);
	return st == VL_OK ? vl_buf_add(&p->tokens, token, err) : st;
}

enum vl_status
rows_slots_take(struct vl_rows_put *p, const struct vl_row *row,
    struct vl_row_store *store, const struct vl_tokens_of *tokens,
    struct vl_err *err)
{
	struct vl_slot_place place = { 0 };
	struct vl_slots at = { 0 };
	struct vl_slot slot = { 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	/* Without keys rows are compared and not written. */
	if (p->opts.rows.secrets == NULL)
		return VL_OK;
	vl_buf_clear(&p->tokens);
	while (st == VL_OK && i < tokens->n &&
	    vl_row_next_slot(&at, row, store, &place, &slot))
		st = take_slot(p, &place, tokens->list[i++], err);
	if (st != VL_OK || p->tokens.n == 0)
		return st;
	return rows_stage_tokens(
	    p->stage, vl_buf_slice(&p->tokens), &p->row.tokens, err);
}

/* The `n`th token of the column among those that were put aside with the row.
 */
static bool
find_token(struct vl_slice all, size_t column, size_t n, struct vl_slice *token)
{
	struct vl_rd rd = { .rest = all };
	struct token_head head = { 0 };

	while (rd.rest.n >= sizeof(head)) {
		memcpy(&head, vl_rd_take(&rd, sizeof(head)).p, sizeof(head));
		*token = vl_rd_take(&rd, head.n);
		if (head.column == column && n-- == 0)
			return true;
	}
	return false;
}

/* s->plain, as this side keeps it. */
static enum vl_status
seal(struct rows_secret *s, enum vl_slot_form form, struct vl_err *err)
{
	if (form == VL_SLOT_SEALED)
		return vl_vault_seal(
		    s->vault, &s->sealed, vl_locked_slice(&s->plain), err);
	vl_locked_clear(&s->sealed);
	return vl_locked_add(&s->sealed, vl_locked_slice(&s->plain), err);
}

enum vl_status
rows_fill_secret(struct vl_rows_put *p, const struct rows_staged *row,
    const struct rows_slot_of *of, struct vl_slice *sealed, struct vl_err *err)
{
	const struct rows_plan *plan = &p->here->plan;
	struct rows_secret *s =
	    writer_of(plan, of->table, of->column, of->inside);
	struct vl_slot_place place =
	    place_of(plan, of->table, of->column, row->key);
	struct vl_slice token = { 0 };
	struct vl_slice all = { 0 };
	enum vl_status st = VL_OK;

	place.inside = of->inside;
	place.form = of->slot->form;
	place.blob = of->slot->blob;
	if (s != NULL && row->tokens != 0)
		st = rows_stage_tokens_of(p->stage, row->tokens, &all, err);
	if (st != VL_OK)
		return st;
	if (s == NULL || !find_token(all, of->column, of->number, &token))
		return vl_fail(err, VL_EFORMAT, "it has no token for a secret");
	st = plan->ops->open(
	    plan->ops->arg, &place, of->slot->print, token, &s->plain, err);
	if (st != VL_OK)
		return vl_within(err, "column '%.*s'", (int)place.column.n,
		    (const char *)place.column.p);
	st = seal(s, place.form, err);
	vl_locked_clear(&s->plain);
	*sealed = vl_locked_slice(&s->sealed);
	return st;
}
