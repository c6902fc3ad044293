/* Lines of the bundle, as they come: held against their tables, and put
 * aside once they are whole. */

#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "put.h"

/* Bytes of a row that is kept in memory until it is whole: SQLite's own limit
 * is less. */
#define WHOLE_MAX (UINT64_C(1) << 30)

/* Values of the source become those of this side. */
static enum vl_status
swap_here(struct vl_rows_put *p, struct vl_err *err)
{
	struct rows_heres *h = &p->heres;
	enum vl_status st = rows_here_swap(h,
	    &(struct rows_here_line){ .t = &p->here->plan.tables[p->table],
	        .row = p->row.row,
	        .body = vl_buf_slice(&p->whole),
	        .way = ROWS_TO_HERE,
	        .db = p->opts.rows.db },
	    err);

	p->row.row = vl_buf_slice(&h->out);
	vl_hash_init(&p->hash, NULL);
	vl_hash_add(&p->hash, p->row.row);
	vl_hash_add(&p->hash, vl_buf_slice(&h->body));
	if (st == VL_OK && h->body.n > 0)
		st = rows_stage_body(p->stage, h->body.n, &p->row.body, err);
	return st == VL_OK && h->body.n > 0 ?
	    rows_stage_fill(p->stage, vl_buf_slice(&h->body), err) :
	    st;
}

enum vl_status
rows_take_end(struct vl_rows_put *p, struct vl_err *err)
{
	struct vl_cell id = { 0 };
	enum vl_status st = VL_OK;
	bool known = p->table < p->here->plan.ntables;

	if (!p->open)
		return VL_OK;
	p->open = false;
	if (p->missing > 0)
		return vl_fail(err, VL_EFORMAT,
		    "a row has a shorter body than its line says");
	if (p->whole_row) {
		p->whole_row = false;
		st = swap_here(p, err);
	}
	if (st != VL_OK)
		return st;
	if (p->row.body != 0)
		vl_hash_end(&p->hash, p->row.hash);
	if (known)
		st = rows_ids_source(p, p->table, p->row.x, &id, err);
	if (st == VL_OK && id.type != VL_CELL_NULL)
		st = rows_once_add(p, p->table, &id, err);
	if (st == VL_OK && id.type != VL_CELL_NULL &&
	    p->here->plan.tables[p->table].called)
		st = rows_brought_stage(
		    p->brought, p->table, &id, p->row.key, err);
	return st == VL_OK ? rows_stage_put(p->stage, p->table, &p->row, err) :
	                     st;
}

static enum vl_status
find_table(struct vl_rows_put *p, struct vl_slice name, struct vl_err *err)
{
	const struct rows_plan *plan = &p->here->plan;
	size_t i = rows_plan_table(plan, name);
	char shown[256];

	(void)vl_escape_text(shown, sizeof(shown), name);
	if (i == NONE && memchr(name.p, '{', name.n) != NULL)
		return rows_stage_collection(p->stage, name, &p->table, err);
	if (i == NONE || plan->tables[i].of != NONE)
		return vl_fail(err, VL_EREFUSED,
		    "the bundle has table '%s', which is not here", shown);
	if (plan->tables[i].keyless)
		return rows_plan_keyless(&plan->tables[i], err);
	if (rows_table_skipped(&plan->tables[i]))
		return vl_fail(err, VL_EREFUSED,
		    "the bundle has table '%s', which the profile skips",
		    shown);
	if (p->seen[i])
		return vl_fail(
		    err, VL_EFORMAT, "the bundle has table '%s' twice", shown);
	p->table = i;
	p->seen[i] = true;
	return VL_OK;
}

static enum vl_status
keep_schema(
    struct vl_rows_put *p, const struct vl_table_line *line, struct vl_err *err)
{
	struct rows_later *later =
	    reallocarray(p->later, p->nlater + 1, sizeof(*later));
	enum vl_status st = VL_OK;

	if (later == NULL)
		return vl_fail_memory(err);
	p->later = later;
	later += p->nlater++;
	*later = (struct rows_later){ 0 };
	st = vl_buf_add(&later->name, line->table, err);
	if (st == VL_OK)
		st = vl_buf_add(&later->schema, line->schema, err);
	return st == VL_OK ? vl_buf_add(&later->shape, line->shape, err) : st;
}

/* What differs was told column by column; the others are looked at, too. */
static enum vl_status
refuse_table(struct vl_rows_put *p, struct vl_err *err)
{
	const struct vl_rows_report *report = &p->opts.rows.report;

	p->passing = true;
	if (p->nrefused++ == 0)
		p->refused = *err;
	else if (report->note != NULL)
		report->note(report->arg, err->text);
	return VL_OK;
}

static enum vl_status
check_refused(const struct vl_rows_put *p, struct vl_err *err)
{
	char count[32];

	if (p->nrefused == 0)
		return VL_OK;
	if (p->nrefused == 1)
		return vl_fail(err, VL_EREFUSED, "%s", p->refused.text);
	return vl_fail(err, VL_EREFUSED, "%s; and %s, as told above",
	    p->refused.text,
	    vl_format_counted(count, sizeof(count), p->nrefused - 1,
	        "more table", "more tables"));
}

enum vl_status
vl_rows_put_table(
    struct vl_rows_put *p, const struct vl_table_line *line, struct vl_err *err)
{
	enum vl_status st = rows_take_end(p, err);

	if (st == VL_OK)
		st = rows_once_check(p, err);
	vl_buf_clear(&p->told.name);
	p->passing = p->versions;
	if (st != VL_OK)
		return st;
	st = find_table(p, line->table, err);
	if (st == VL_OK)
		st = p->table < p->here->plan.ntables ?
		    rows_drift(p, p->table, line->schema, err) :
		    keep_schema(p, line, err);
	if (st == VL_EREFUSED)
		st = refuse_table(p, err);
	return st == VL_OK ? vl_buf_add(&p->told.name, line->table, err) : st;
}

static enum vl_status
fail_columns(struct vl_err *err)
{
	return vl_fail(err, VL_EFORMAT,
	    "it has not the columns that its table has in the bundle");
}

/* A column of the bundle's table, and one that can be written; or it has
 * nothing to say and is not here. */
static enum vl_status
check_column(const struct vl_rows_put *p, const struct rows_table *t,
    struct vl_slice name, const struct vl_value *v, struct vl_err *err)
{
	size_t i = rows_column(t, name);
	char shown[VL_COLUMN_MAX + 1];

	if (i == NONE ? !rows_drift_absent(p, name) : !p->told.columns[i])
		return fail_columns(err);
	if (i == NONE &&
	    (v->kind != VL_VALUE_CELL || v->cell.type != VL_CELL_NULL))
		return vl_fail(err, VL_EREFUSED,
		    "it has a value in column '%s', which is not here",
		    vl_escape_text(shown, sizeof(shown), name));
	if (i != NONE && v->kind == VL_VALUE_REF && t->columns[i].nrefs == 0)
		return vl_fail(err, VL_EREFUSED,
		    "column '%s' refers to no table here",
		    vl_escape_text(shown, sizeof(shown), name));
	return VL_OK;
}

/* They are ascending, so that none comes twice. */
static enum vl_status
check_columns(
    struct vl_rows_put *p, struct vl_row_store *store, struct vl_err *err)
{
	struct vl_slice name = { 0 };
	struct vl_value v = { 0 };
	enum vl_status st = VL_OK;
	size_t at = 0;
	size_t n = 0;

	if (p->table >= p->here->plan.ntables)
		return VL_OK;
	while (
	    st == VL_OK && vl_row_next(store, store->columns, &at, &name, &v)) {
		st = check_column(
		    p, &p->here->plan.tables[p->table], name, &v, err);
		n++;
	}
	return st == VL_OK && n != p->told.n ? fail_columns(err) : st;
}

/* A copy of what the line says, until its body is there. */
static enum vl_status
hold_row(struct vl_rows_put *p, const struct vl_row *row, struct vl_err *err)
{
	const struct vl_slice parts[] = { row->key, row->row, row->x };
	struct vl_slice *to[] = { &p->row.key, &p->row.row, &p->row.x };
	enum vl_status st = VL_OK;
	size_t at = 0;
	size_t i = 0;

	vl_buf_clear(&p->line);
	for (i = 0; st == VL_OK && i < 3; i++)
		st = vl_buf_add(&p->line, parts[i], err);
	for (i = 0; st == VL_OK && i < 3; i++) {
		*to[i] = (struct vl_slice){ p->line.p + at, parts[i].n };
		at += parts[i].n;
	}
	return st;
}

static enum vl_status
take_row(struct vl_rows_put *p, const struct vl_row *row,
    struct vl_row_store *store, const struct vl_tokens_of *tokens,
    struct vl_err *err)
{
	const struct rows_plan *plan = &p->here->plan;
	enum vl_status st = VL_OK;

	if (p->told.name.n == 0 ||
	    !vl_slice_equal(row->table, vl_buf_slice(&p->told.name)))
		return vl_fail(err, VL_EFORMAT,
		    "it does not stand behind the line of its table");
	p->missing = row->size;
	if (p->passing)
		return VL_OK;
	p->bytes[p->table < plan->ntables ? p->table : plan->ntables] +=
	    row->row.n + row->size;
	st = check_columns(p, store, err);
	if (st != VL_OK)
		return st;
	p->row = (struct rows_staged){ .key = row->key,
		.row = row->row,
		.x = row->x,
		.act = ROWS_NEW,
		.entry = p->table < plan->ntables ?
		    plan->tables[p->table].nentries - 1 :
		    0 };
	st = rows_slots_take(p, row, store, tokens, err);
	if (st != VL_OK)
		return st;
	p->open = true;
	p->whole_row =
	    p->table < plan->ntables && rows_here_any(&plan->tables[p->table]);
	vl_buf_clear(&p->whole);
	if (p->whole_row) {
		st = row->size > WHOLE_MAX ?
		    vl_fail(err, VL_ELIMIT,
		        "it has more bytes than a row in which values differ "
		        "from side to side may have") :
		    hold_row(p, row, err);
		return st == VL_OK && !row->has_body ? rows_take_end(p, err) :
		                                       st;
	}
	if (!row->has_body)
		return rows_take_end(p, err);
	vl_hash_init(&p->hash, NULL);
	vl_hash_add(&p->hash, row->row);
	st = hold_row(p, row, err);
	return st == VL_OK ?
	    rows_stage_body(p->stage, row->size, &p->row.body, err) :
	    st;
}

enum vl_status
vl_rows_put_row(struct vl_rows_put *p, const struct vl_row *row,
    struct vl_row_store *store, const struct vl_tokens_of *tokens,
    struct vl_err *err)
{
	enum vl_status st = rows_take_end(p, err);
	char shown[2][256];

	if (st != VL_OK)
		return st;
	st = take_row(p, row, store, tokens, err);
	return st == VL_OK ?
	    VL_OK :
	    vl_within(err, "table '%s', %s",
	        vl_escape_text(shown[0], sizeof(shown[0]), row->table),
	        vl_escape_text(shown[1], sizeof(shown[1]), row->key));
}

enum vl_status
vl_rows_put_body(
    struct vl_rows_put *p, struct vl_slice bytes, struct vl_err *err)
{
	if (bytes.n > p->missing)
		return vl_fail(err, VL_EFORMAT,
		    "a row has a longer body than its line says");
	p->missing -= bytes.n;
	if (p->passing)
		return VL_OK;
	if (p->whole_row)
		return vl_buf_add(&p->whole, bytes, err);
	vl_hash_add(&p->hash, bytes);
	return rows_stage_fill(p->stage, bytes, err);
}

enum vl_status
rows_take_tables(struct vl_rows_put *p, struct vl_err *err)
{
	const struct rows_plan *plan = &p->here->plan;
	size_t i = 0;

	for (i = 0; !p->opts.allow_drift && i < plan->ntables; i++) {
		if (!rows_put_extra(p, i))
			continue;
		(void)vl_fail(err, VL_EREFUSED,
		    "table '%s' is here and not in the bundle: "
		    "'--allow-schema-drift' leaves it alone, and so does "
		    "'skip: "
		    "true' in a profile of this side",
		    plan->tables[i].schema->name);
		(void)refuse_table(p, err);
	}
	return check_refused(p, err);
}
