/*
 * The order of an import into one database: rows put aside, compared, given
 * ids, written, and read again.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "put.h"

enum vl_status
rows_row_parse(
    struct vl_row_store *store, struct vl_slice json, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	store->text.n = 0;
	/* Names, values and pieces of them are decoded one after the other,
	 * each at most twice. */
	st = vl_buf_reserve(&store->text, 4 * json.n, err);
	return st == VL_OK ? vl_json_parse(&store->json, json, err) : st;
}

enum vl_status
rows_within(const struct rows_table *t, struct vl_slice key, struct vl_err *err)
{
	char shown[256];

	return vl_within(err, "table '%s', %s", t->schema->name,
	    vl_escape_text(shown, sizeof(shown), key));
}

enum vl_status
vl_rows_put_open(struct vl_rows_put **out, const struct vl_rows_put_opts *opts,
    struct vl_err *err)
{
	struct vl_rows_put *p = calloc(1, sizeof(*p));
	enum vl_status st = VL_OK;

	*out = NULL;
	if (p == NULL)
		return vl_fail_memory(err);
	p->opts = *opts;
	st = rows_version_check(&p->opts, err);
	/* What else is another here is told, too. */
	p->versions = st == VL_EREFUSED;
	if (p->versions) {
		p->refused = *err;
		p->nrefused = 1;
		st = VL_OK;
	}
	if (st == VL_OK)
		st = rows_open_here(&p->here, &p->opts, NULL, err);
	if (st == VL_OK)
		st = rows_secret_check(&p->here->plan, &p->opts.rows, err);
	if (st == VL_OK)
		st = rows_secret_try(&p->here->plan, p->opts.rows.db, err);
	if (st == VL_OK) {
		p->seen = calloc(p->here->plan.ntables + 1, sizeof(*p->seen));
		p->settled =
		    calloc(p->here->plan.ntables + 1, sizeof(*p->settled));
		p->per = calloc(p->here->plan.ntables + 1, sizeof(*p->per));
		p->bytes = calloc(p->here->plan.ntables + 1, sizeof(*p->bytes));
		if (p->seen == NULL || p->settled == NULL || p->per == NULL ||
		    p->bytes == NULL)
			st = vl_fail_memory(err);
	}
	if (st == VL_OK)
		st = rows_stage_open(&p->stage, p->opts.rows.tempdir,
		    p->here->plan.ntables, err);
	if (st == VL_OK)
		st = rows_idmap_open(&p->idmap, p->here->plan.ntables, err);
	if (st == VL_OK)
		st = rows_brought_open(&p->brought, err);
	if (st != VL_OK && p->versions)
		st = vl_fail(err, VL_EREFUSED, "%s", p->refused.text);
	if (st != VL_OK)
		vl_rows_put_free(p);
	else
		*out = p;
	return st;
}

void
vl_rows_put_free(struct vl_rows_put *p)
{
	size_t i = 0;

	if (p == NULL)
		return;
	rows_stage_free(p->stage);
	rows_brought_free(p->brought);
	rows_once_free(p->once);
	rows_unmet_free(p->unmet);
	free(p->seen);
	free(p->settled);
	free(p->per);
	free(p->bytes);
	free(p->told.columns);
	vl_buf_free(&p->told.name);
	vl_buf_free(&p->told.absent);
	vl_buf_free(&p->told.text);
	vl_json_free(&p->told.json);
	for (i = 0; i < p->nlater; i++) {
		vl_buf_free(&p->later[i].name);
		vl_buf_free(&p->later[i].schema);
		vl_buf_free(&p->later[i].shape);
	}
	free(p->later);
	rows_make_free(p);
	vl_rows_free(p->here);
	vl_row_store_free(&p->store);
	vl_row_store_free(&p->theirs);
	rows_values_free(&p->values);
	rows_idmap_free(p->idmap);
	vl_buf_free(&p->line);
	vl_buf_free(&p->whole);
	rows_heres_free(&p->heres);
	vl_buf_free(&p->detail);
	rows_tell_free(p);
	vl_buf_free(&p->text);
	vl_buf_free(&p->tokens);
	free(p);
}

/* The names of the columns that differ, but for secrets, of which there are
 * `*secrets`. */
static enum vl_status
say_what(struct vl_rows_put *p, size_t table, struct vl_slice what,
    size_t *secrets, struct vl_err *err)
{
	const struct rows_table *t = &p->here->plan.tables[table];
	enum vl_status st = VL_OK;
	size_t column = 0;

	*secrets = 0;
	vl_buf_clear(&p->text);
	while (st == VL_OK && rows_what_next(&what, &column)) {
		if (t->columns[column].secret)
			++*secrets;
		else
			st = vl_buf_printf(&p->text, err, "%s%s",
			    p->text.n > 0 ? ", " : "",
			    t->schema->columns[column].name);
	}
	return st == VL_OK ? vl_buf_printf(&p->text, err, "%c", 0) : st;
}

/* A row that changes: what is no secret, then what is. */
static enum vl_status
tell_row(struct vl_rows_put *p, size_t table, enum vl_row_change what,
    const struct rows_staged *row, struct vl_err *err)
{
	const char *name = p->here->plan.tables[table].collection;
	const struct vl_slice said = rows_what_said(row->what);
	size_t secrets = 0;
	enum vl_status st = say_what(p, table, row->what, &secrets, err);

	if (st != VL_OK)
		return st;
	if (said.n > 0 && p->opts.values != NULL)
		p->opts.values(p->opts.arg, said);
	if (secrets == 0 || p->text.n > 1)
		p->opts.change(
		    p->opts.arg, name, what, row->key, (const char *)p->text.p);
	if (secrets > 0)
		p->opts.change(p->opts.arg, name, VL_ROW_SECRET, row->key,
		    "secret changed");
	return VL_OK;
}

static enum vl_status
tell(struct vl_rows_put *p, size_t table, enum rows_act act,
    enum vl_row_change what, struct vl_err *err)
{
	struct rows_staging *g = NULL;
	struct rows_staged row = { 0 };
	enum vl_status st = act == ROWS_LEFT ?
	    rows_staging_gone(&g, p->stage, table, err) :
	    rows_staging_open(&g, p->stage, table, act, err);
	bool more = true;

	while (st == VL_OK) {
		st = rows_staging_next(g, &row, &more, err);
		if (st != VL_OK || !more)
			break;
		st = tell_row(p, table, what, &row, err);
	}
	rows_staging_free(g);
	return st;
}

/* The table is called by the key of a row: the bundle may have it. */
static enum vl_status
call_table(struct vl_rows_put *p, size_t table, struct vl_err *err)
{
	const char *name = p->here->plan.tables[table].made;
	size_t i = 0;

	rows_stage_call(p->stage, table, name);
	for (i = 0; i < p->nlater; i++)
		if (vl_slice_equal(
		        vl_slice_of(name), vl_buf_slice(&p->later[i].name)))
			return rows_drift(
			    p, table, vl_buf_slice(&p->later[i].schema), err);
	return VL_OK;
}

static enum vl_status
call_tables(struct vl_rows_put *p, struct vl_err *err)
{
	const struct rows_plan *plan = &p->here->plan;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < plan->ntables; i++)
		if (plan->tables[i].made != NULL)
			st = call_table(p, i, err);
	return st == VL_OK ? rows_make_find(p, err) : st;
}

/* A table that the bundle has not; one that is called by a row may be that of
 * a row which the bundle has not. */
bool
rows_put_extra(const struct vl_rows_put *p, size_t table)
{
	const struct rows_table *t = &p->here->plan.tables[table];

	return t->of == NONE && !p->seen[table] &&
	    (t->keyless || !rows_table_skipped(t));
}

/* Tables that the bundle has not are looked at no more, whatever is in them:
 * as if the profile skipped them. */
static enum vl_status
leave_alone(struct vl_rows_put *p, struct vl_rows *rows, struct vl_err *err)
{
	struct rows_table *t = NULL;
	bool any = false;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < rows->plan.nsorted; i++) {
		t = &rows->plan.tables[i];
		if (t->of != NONE || p->seen[i])
			continue;
		t->alone = true;
		for (k = 0; k < t->nentries; k++)
			t->entries[k].skipped = true;
		any = true;
	}
	return any ? rows_order(&rows->plan, &p->opts.rows, err) : VL_OK;
}

static enum vl_status
tell_all(struct vl_rows_put *p, struct vl_err *err)
{
	const struct rows_plan *plan = &p->here->plan;
	enum vl_status st = VL_OK;
	size_t i = 0;
	size_t t = 0;

	for (i = 0; st == VL_OK && i < plan->ntables; i++) {
		t = plan->lines[i];
		st = rows_make_tell(p, plan->tables[t].collection, err);
		if (st == VL_OK)
			st = tell(p, t, ROWS_NEW, VL_ROW_ADD, err);
		if (st == VL_OK)
			st = tell(p, t, ROWS_UPDATE, VL_ROW_MODIFY, err);
		if (st == VL_OK)
			st = tell(p, t, ROWS_LEFT, VL_ROW_DELETE, err);
	}
	return st == VL_OK ? rows_make_tell(p, NULL, err) : st;
}

enum vl_status
vl_rows_put_compare(struct vl_rows_put *p, struct vl_err *err)
{
	const struct rows_plan *plan = &p->here->plan;
	enum vl_status st = rows_take_end(p, err);
	size_t i = 0;

	if (st == VL_OK)
		st = rows_once_check(p, err);
	if (st == VL_OK)
		st = rows_take_tables(p, err);
	if (st == VL_OK)
		st = leave_alone(p, p->here, err);
	for (i = 0; st == VL_OK && i < plan->ntables; i++)
		if (plan->tables[i].called)
			st = rows_brought_load(p, err);
	p->here->plan.brought = p->brought;
	if (st == VL_OK)
		st = rows_mapped_load(p, err);
	if (st == VL_OK)
		st = rows_find_keys(p->here, err);
	if (st == VL_OK)
		st = call_tables(p, err);
	if (st == VL_OK)
		st = rows_brought_follow(p, err);
	if (st == VL_OK)
		st = rows_compare(p, p->here, false, err);
	if (st == VL_OK)
		rows_count_tell(p, p->dropped, "row", "rows",
		    "are left out, as 'on_dangling: drop' says");
	if (st == VL_OK)
		st = rows_follow_tables(p, err);
	if (st == VL_OK)
		st = rows_mapped_say(p, err);
	if (st == VL_OK)
		st = rows_owned_settle(p, err);
	if (st == VL_OK)
		st = rows_make_settle(p, err);
	if (st == VL_OK)
		st = rows_secret_tell_here(p, err);
	return st == VL_OK && !p->opts.conflicts_only ? tell_all(p, err) : st;
}

static bool
writes(const struct vl_rows_put *p)
{
	return p->counts.add + p->counts.change + p->counts.deletions > 0;
}

bool
vl_rows_put_brought_stays(const struct vl_rows_put *p)
{
	return !writes(p) && rows_brought_all_here(p->brought);
}

enum vl_status
vl_rows_put_write(struct vl_rows_put *p, struct vl_err *err)
{
	int64_t beside = vl_db_beside(p->opts.rows.db);
	enum vl_status st = VL_OK;
	char shown[32];

	if (p->counts.conflict > 0)
		return vl_fail(err, VL_EREFUSED,
		    "%s with 'fail' stand against it",
		    vl_format_counted(shown, sizeof(shown), p->counts.conflict,
		        "row", "rows"));
	/* The proof asks for it, about tables that were there. */
	if (p->opts.created != NULL && !vl_rows_put_brought_stays(p))
		st = rows_brought_load(p, err);
	if (st == VL_OK && writes(p))
		st = rows_unmet_before(p, err);
	if (st == VL_OK)
		st = rows_ids_give(p, err);
	if (st == VL_OK)
		st = rows_make_tables(p, err);
	if (st == VL_OK)
		st = rows_write(p, err);
	if (st == VL_EREFUSED && p->dangled)
		rows_dangling_tell(p, err);
	if (st == VL_OK)
		st = rows_derive(p, err);
	if (st == VL_OK)
		rows_beside_tell(p, vl_db_beside(p->opts.rows.db) - beside);
	return st;
}

/* Nothing was written, and nobody else may: what was compared is what is
 * there.  Rows that were brought earlier are told while they are read. */
static bool
is_proved(const struct vl_rows_put *p)
{
	return !writes(p) &&
	    (p->opts.created == NULL || vl_rows_put_brought_stays(p) ||
	        !rows_brought_any(p->brought));
}

enum vl_status
vl_rows_put_prove(struct vl_rows_put *p, struct vl_err *err)
{
	struct vl_rows *after = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (is_proved(p))
		return VL_OK;
	rows_idmap_free(p->idmap);
	p->idmap = NULL;
	for (i = 0; st == VL_OK && i < p->here->plan.ntables; i++)
		st = rows_settle_again(p, i, err);
	if (st == VL_OK)
		st = rows_scratch_rest(p->here->scratch, err);
	if (st == VL_OK)
		st = vl_dbs_make_room(p->opts.dbs, err);
	if (st == VL_OK)
		st = rows_open_here(&after, &p->opts, &p->here->plan, err);
	if (st == VL_OK)
		st = leave_alone(p, after, err);
	if (st == VL_OK) {
		rows_mapped_lend(p, after);
		after->plan.brought = p->brought;
		after->plan.before = p->here->scratch;
		after->plan.written = p->stage;
		st = rows_find_keys(after, err);
	}
	if (st == VL_OK)
		st = rows_compare(p, after, true, err);
	if (st == VL_OK)
		rows_count_tell(p, p->strangers, "id", "ids",
		    "that are kept name rows here");
	vl_rows_free(after);
	if (st == VL_OK)
		st = vl_db_check_indexes(p->opts.rows.db, err);
	/* What is not written broke none, and none was counted before. */
	if (st == VL_OK && writes(p))
		st = rows_unmet_check(p, err);
	return st;
}
