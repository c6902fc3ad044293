/*
 * The target's rows beside those of the bundle, by name: what is the same,
 * what differs and in which columns, what only the target has.
 *
 * Equal rows are equal bytes, or where they have bodies have equal hashes.
 * Others are compared column by column: some keep the target's value, some it
 * may have alone.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "compare.h"

/* The whole row is the target's. */
static bool
row_kept(const struct comparing *c)
{
	const struct rows_table *t = c->rd.t;
	size_t i = 0;

	for (i = 0; i < t->nkeeps; i++)
		if (t->keeps[i].words->ncolumns == 0 &&
		    rows_reader_holds(&c->rd, t->keeps[i].condition))
			return true;
	return false;
}

/* Which row it is, where there is no rowid: the cells of its primary key. */
static enum vl_status
make_at(struct comparing *c)
{
	vl_buf_clear(&c->at);
	return c->rd.t->schema->without_rowid ?
	    rows_reader_primary(&c->rd, &c->at, c->err) :
	    VL_OK;
}

enum vl_on_match
rows_on_match(const struct vl_rows_put *p, const struct rows_entry *e)
{
	if (p->opts.on_match != NULL)
		return *p->opts.on_match;
	return e->words == NULL ? VL_ON_MATCH_OVERWRITE : e->words->on_match;
}

/* The target's row stays, whatever the bundle says. */
static enum vl_status
stays(struct comparing *c, struct rows_staged *row, bool *yes)
{
	const struct rows_entry *e = &c->rd.t->entries[c->rd.entry];
	struct rows_drop drop = { .table = c->rd.table, .row = row };
	enum vl_status st = VL_OK;

	*yes = row_kept(c) || rows_on_match(c->p, e) == VL_ON_MATCH_SKIP;
	row->entry = c->rd.entry;
	if (!*yes && row->act == ROWS_UPDATE) {
		st = rows_hold(c, row);
		if (st == VL_OK)
			st = rows_drop_look(c->p, &drop, c->err);
		*yes = drop.drop;
		if (*yes)
			rows_drop_tell(c->p, &drop, row->key);
	}
	if (st != VL_OK || *yes || (c->p->left == 0 && c->rd.t->nkeeps == 0))
		return st;
	st = rows_hold(c, row);
	if (st == VL_OK)
		st = rows_settling_owner(c->settling, row, yes, c->err);
	if (st == VL_OK && !*yes && c->rd.t->nkeeps > 0)
		st = rows_settling_look(c->settling, row, yes, c->err);
	row->entry = c->rd.entry;
	return st;
}

/* Whether the target's row stays, where somebody says it. */
static enum vl_status
ask(struct comparing *c, const struct rows_staged *row, bool *stay)
{
	bool go = !*stay;
	enum vl_status st = rows_decide(c->p,
	    &(struct rows_question){ .table = c->rd.table,
	        .what = VL_ROW_MODIFY,
	        .key = row->key,
	        .rd = &c->rd,
	        .columns = row->what },
	    &go, c->err);

	*stay = !go;
	return st;
}

/* Byte for byte what was just read says. */
static enum vl_status
equals(struct comparing *c, const struct rows_staged *row, bool *equal)
{
	const struct rows_values *v = &c->p->values;
	uint8_t hash[VL_HASH_SIZE];
	enum vl_status st = VL_OK;

	/* What another row says may tell two keys apart. */
	*equal = false;
	if ((row->body != 0) != (v->nlarge > 0) || c->rd.t->far ||
	    (c->rd.t->follows && !c->proof))
		return VL_OK;
	if (row->body == 0) {
		*equal = vl_slice_equal(row->row, vl_buf_slice(&v->row));
		return VL_OK;
	}
	st = rows_values_hash(v, c->here->scratch, hash, c->err);
	*equal = st == VL_OK && memcmp(hash, row->hash, sizeof(hash)) == 0;
	return st;
}

/* Both sides have it. */
static enum vl_status
meet(struct comparing *c, struct rows_staged *row, struct vl_slice key)
{
	struct vl_rows_put *p = c->p;
	const struct rows_entry *e = &c->rd.t->entries[c->rd.entry];
	bool equal = false;
	enum vl_status st = equals(c, row, &equal);
	bool stay = false;
	bool fails = false;

	row->r = c->rd.r;
	row->act = ROWS_SAME;
	row->what = (struct vl_slice){ 0 };
	p->unsettled = false;
	if (st == VL_OK && !equal) {
		st = rows_differ(c, row);
		if (p->detail.n > 0) {
			row->act = ROWS_UPDATE;
			row->what = vl_buf_slice(&p->detail);
		}
	}
	if (st == VL_OK)
		st = stays(c, row, &stay);
	if (st != VL_OK)
		return st;
	row->key = key;
	if (p->unsettled && !stay) {
		row->act = ROWS_LATER;
		return rows_stage_set(p->stage, c->rd.table, row, c->err);
	}
	if (row->act == ROWS_UPDATE)
		row->at = vl_buf_slice(&c->at);
	fails = row->act == ROWS_UPDATE && !stay &&
	    rows_on_match(c->p, e) == VL_ON_MATCH_FAIL;
	if (row->act == ROWS_UPDATE && !fails && !row_kept(c))
		st = ask(c, row, &stay);
	if (st != VL_OK)
		return st;
	if (fails) {
		stay = true;
		p->counts.conflict++;
		p->opts.change(p->opts.arg, c->rd.t->collection,
		    VL_ROW_CONFLICT, row->key, "it differs");
	} else if (stay) {
		p->counts.skip++;
	} else if (row->act == ROWS_UPDATE) {
		p->counts.change++;
	} else {
		p->counts.same++;
	}
	if (stay) {
		row->act = ROWS_LEFT;
		p->left++;
	}
	return rows_stage_set(p->stage, c->rd.table, row, c->err);
}

static size_t
first_column(const struct comparing *c)
{
	struct vl_slice what = vl_buf_slice(&c->p->detail);
	size_t column = 0;

	(void)rows_what_next(&what, &column);
	return column;
}

static enum vl_status
tell_created(struct comparing *c, struct rows_staged *row, struct vl_slice key)
{
	struct vl_cell id = { 0 };
	enum vl_status st =
	    rows_ids_source(c->p, c->rd.table, row->x, &id, c->err);

	return st == VL_OK ? rows_brought_new(c->p, &c->rd, &id, key, c->err) :
	                     st;
}

/* In the proof: it is as it should be. */
static enum vl_status
prove(struct comparing *c, struct rows_staged *row, struct vl_slice key)
{
	struct vl_rows_put *p = c->p;
	enum vl_status st = VL_OK;
	bool equal = false;

	if (row->act == ROWS_LEFT)
		return VL_OK;
	st = equals(c, row, &equal);
	vl_buf_clear(&p->detail);
	if (st == VL_OK && !equal)
		st = rows_differ(c, row);
	if (st != VL_OK)
		return rows_within(c->rd.t, key, c->err);
	if (p->detail.n > 0)
		return rows_prove_differs(
		    p, &c->rd, key, first_column(c), c->err);
	if (st == VL_OK)
		st = rows_prove_entry(p, &c->rd, row, key, c->err);
	if (row->act != ROWS_SAME)
		p->counts.proved++;
	if (st == VL_OK && row->act == ROWS_NEW && !c->mark &&
	    p->opts.created != NULL)
		st = tell_created(c, row, key);
	c->met++;
	if (st != VL_OK || !c->mark)
		return st;
	row->act = ROWS_PROVED;
	row->key = key;
	row->at = vl_buf_slice(&c->at);
	row->what = (struct vl_slice){ 0 };
	return rows_stage_set(p->stage, c->rd.table, row, c->err);
}

/* What becomes of the owners of a row that only the target has. */
struct fates {
	bool left;    /* one is left alone */
	bool matched; /* one is in the bundle, and is overwritten */
	bool gone;
};

static enum vl_status
owner_fate(
    struct comparing *c, size_t table, struct vl_slice key, struct fates *fates)
{
	const struct rows_table *t = &c->here->plan.tables[table];
	struct rows_staged row = { 0 };
	bool found = false;
	bool gone = false;
	enum vl_status st =
	    rows_stage_find(c->p->stage, table, key, &row, &found, c->err);

	if (st == VL_OK && !found)
		st = rows_stage_is_gone(c->p->stage, table, key, &gone, c->err);
	fates->left = fates->left || (found && row.act == ROWS_LEFT);
	if (found && row.act != ROWS_LEFT &&
	    rows_on_match(c->p, &t->entries[row.entry]) ==
	        VL_ON_MATCH_OVERWRITE)
		fates->matched = true;
	fates->gone = fates->gone || gone;
	return st;
}

static enum vl_status
find_fates(struct comparing *c, const struct rows_entry *e, struct fates *fates)
{
	const struct rows_table *t = c->rd.t;
	enum rows_meaning meaning = ROWS_MEANS_NOTHING;
	struct rows_scratch *s = c->here->scratch;
	struct vl_cell id = { .type = VL_CELL_TEXT, .bytes = t->of_id };
	const struct rows_ref *ref = NULL;
	struct rows_note note = { 0 };
	enum vl_status st = VL_OK;
	bool found = false;
	bool drop = false;
	size_t i = 0;

	if (t->of != NONE) {
		st = rows_scratch_find(
		    s, t->of, t->of_column, &id, &note, &found, c->err);
		if (st == VL_OK && found)
			st = owner_fate(c, t->of, note.key, fates);
	}
	for (i = 0; st == VL_OK && i < e->nowners; i++) {
		ref = rows_whole(&c->rd, e->owners[i]);
		if (ref == NULL)
			continue;
		st = rows_lookup(s, &c->rd, e->owners[i], ref,
		    rows_reader_cell(&c->rd, e->owners[i]), &note, &meaning,
		    &drop, c->err);
		if (st == VL_OK && meaning == ROWS_MEANS_ROW)
			st = owner_fate(c, note.table, note.key, fates);
	}
	return st;
}

/* Only the target has it. */
static enum vl_status
alone(struct comparing *c, struct vl_slice key)
{
	const struct rows_entry *e = &c->rd.t->entries[c->rd.entry];
	struct rows_staged row = { .key = key, .r = c->rd.r };
	enum vl_target_only only = VL_TARGET_ONLY_BROUGHT;
	struct fates fates = { 0 };
	enum vl_status st = find_fates(c, e, &fates);
	bool go = false;

	if (e->words != NULL && e->words->has_target_only)
		only = e->words->target_only;
	else if (fates.matched)
		only = VL_TARGET_ONLY_DELETE;
	if (fates.gone)
		go = true;
	else if (!fates.left && !row_kept(c))
		go = only == VL_TARGET_ONLY_DELETE;
	if (st == VL_OK && !go && !fates.left && !row_kept(c) &&
	    only == VL_TARGET_ONLY_BROUGHT) {
		st = rows_brought_load(c->p, c->err);
		if (st == VL_OK)
			st = rows_brought_has(
			    c->p->brought, &c->rd, key, &go, c->err);
	}
	if (st == VL_OK)
		st = rows_decide(c->p,
		    &(struct rows_question){ .table = c->rd.table,
		        .what = VL_ROW_DELETE,
		        .key = key,
		        .rd = &c->rd },
		    &go, c->err);
	if (st != VL_OK || !go) {
		c->p->counts.skip++;
		return st;
	}
	row.at = vl_buf_slice(&c->at);
	c->p->counts.deletions++;
	return rows_stage_gone(c->p->stage, c->rd.table, &row, c->err);
}

static enum vl_status
compare_row(struct comparing *c, const struct rows_note *note)
{
	struct vl_rows_put *p = c->p;
	struct rows_staged row = { 0 };
	enum vl_status st = VL_OK;
	bool found = false;
	bool drop = false;

	c->held = false;
	if (c->rd.stray)
		return rows_prove_stray(p, &c->rd, c->err);
	st = make_at(c);
	if (st == VL_OK)
		st = rows_stage_find_here(
		    p->stage, c->rd.table, note, &row, &found, c->err);
	if (c->later && row.act != ROWS_LATER)
		return st;
	if (st == VL_OK && note->state != ROWS_CARRIED) {
		if (!found || c->proof)
			return VL_OK;
		row.act = ROWS_LEFT;
		row.r = c->rd.r;
		row.key = note->key;
		p->counts.skip++;
		p->left++;
		return rows_stage_set(p->stage, c->rd.table, &row, c->err);
	}
	p->counts.before += !c->proof && !c->later;
	if (st == VL_OK && !found && !c->proof)
		return alone(c, note->key) == VL_OK ?
		    VL_OK :
		    rows_within(c->rd.t, note->key, c->err);
	/* What it refers to may have gone. */
	if (st == VL_OK && !found && p->counts.deletions == 0 && !p->moves)
		return VL_OK;
	if (st == VL_OK)
		st = rows_values_make(
		    &p->values, c->here->scratch, &c->rd, &drop, c->err);
	if (st == VL_OK && !found)
		return VL_OK;
	if (st == VL_OK && c->proof)
		return prove(c, &row, note->key);
	if (st == VL_OK)
		st = meet(c, &row, note->key);
	return st == VL_OK ? VL_OK : rows_within(c->rd.t, note->key, c->err);
}

static enum vl_status
compare_rows(struct comparing *c, struct rows_walk *walk)
{
	struct rows_note note = { 0 };
	enum vl_status st = VL_OK;
	bool row = true;

	while (st == VL_OK) {
		st = rows_walk_next(walk, &note, &row);
		if (st != VL_OK || !row)
			break;
		st = compare_row(c, &note);
		if (st == VL_OK && c->proof && !c->mark &&
		    c->p->opts.created != NULL)
			st = rows_brought_seen(c->p, &c->rd, note.key, c->err);
		if (st == VL_OK && !c->proof && !c->later)
			st = rows_brought_step(c->p, &c->rd, note.key, c->err);
	}
	return st;
}

static enum vl_status
compare_table(struct comparing *c, size_t table)
{
	struct rows_walk *walk = NULL;
	enum vl_status st = VL_OK;

	st = rows_scratch_forget(c->here->scratch, c->err);
	if (st == VL_OK)
		st = rows_reader_open(&c->rd, c->here->opts.db, &c->here->plan,
		    table, NULL, c->err);
	if (st == VL_OK)
		st = rows_walk_open(
		    &walk, &c->rd, &c->here->plan, c->here->scratch, c->err);
	/* In the proof the database is the scan's alone. */
	if (st == VL_OK && !c->proof)
		st = rows_settling_open(&c->settling, c->p, table, c->err);
	if (st == VL_OK)
		st = rows_owning_open(&c->owning, c->p, table, c->err);
	if (st == VL_OK)
		st = compare_rows(c, walk);
	rows_settling_free(c->settling);
	c->settling = NULL;
	rows_owning_free(c->owning);
	c->owning = NULL;
	rows_walk_free(walk);
	rows_reader_close(&c->rd);
	return st;
}

/* No row that was to be there is missing. */
static enum vl_status
check_missing(struct comparing *c, size_t table, enum rows_act act)
{
	struct rows_staging *g = NULL;
	struct rows_staged row = { 0 };
	enum vl_status st =
	    rows_staging_open(&g, c->p->stage, table, act, c->err);
	bool more = false;

	if (st == VL_OK)
		st = rows_staging_next(g, &row, &more, c->err);
	if (st == VL_OK && more)
		st = rows_prove_missing(c->p, c->here, table, &row, c->err);
	rows_staging_free(g);
	return st;
}

/* Keys are unique on both sides, so that counting shows whether all rows are
 * there; where one is not, they are gone through again to find it. */
static enum vl_status
prove_table(struct comparing *c, size_t table)
{
	static const enum rows_act acts[] = { ROWS_NEW, ROWS_UPDATE,
		ROWS_SAME };
	enum vl_status st = VL_OK;
	uint64_t all = 0;
	size_t i = 0;

	c->met = 0;
	st = compare_table(c, table);
	for (i = 0; i < 3; i++)
		all += rows_stage_count(c->p->stage, table, acts[i]);
	if (st != VL_OK || c->met == all)
		return st;
	c->mark = true;
	st = compare_table(c, table);
	for (i = 0; st == VL_OK && i < 3; i++)
		st = check_missing(c, table, acts[i]);
	return st;
}

/* Rows whose differences hung on what becomes of others, which is known by
 * now. */
static enum vl_status
compare_later(struct comparing *c)
{
	const struct rows_plan *plan = &c->here->plan;
	struct vl_rows_put_counts before = { 0 };
	enum vl_status st = VL_OK;
	size_t t = 0;
	size_t i = 0;

	c->later = true;
	for (i = 0; st == VL_OK && i < plan->norder; i++) {
		t = plan->order[i];
		if (rows_stage_count(c->p->stage, t, ROWS_LATER) == 0)
			continue;
		before = c->p->counts;
		st = compare_table(c, t);
		rows_count_for(c->p, t, &before);
	}
	return st;
}

enum vl_status
rows_compare(
    struct vl_rows_put *p, struct vl_rows *here, bool proof, struct vl_err *err)
{
	struct comparing c = {
		.p = p, .here = here, .proof = proof, .err = err
	};
	struct vl_rows_put_counts before = { 0 };
	enum vl_status st = VL_OK;
	size_t t = 0;
	size_t i = 0;

	/* Owners before what they own. */
	for (i = 0; st == VL_OK && i < here->plan.norder; i++) {
		t = here->plan.order[i];
		if (rows_table_skipped(&here->plan.tables[t]) ||
		    rows_put_extra(p, t))
			continue;
		before = p->counts;
		st = proof ? prove_table(&c, t) : compare_table(&c, t);
		if (st == VL_OK && !proof)
			st = rows_settle_new(p, t, err);
		if (!proof)
			rows_count_for(p, t, &before);
	}
	if (st == VL_OK && !proof)
		st = compare_later(&c);
	vl_buf_free(&c.at);
	vl_buf_free(&c.text);
	vl_buf_free(&c.memory);
	return st;
}
