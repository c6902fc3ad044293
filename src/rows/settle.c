/*
 * What becomes of rows of the bundle before they are written: of which entry
 * of the profile they are here, whether the target keeps its own, whether
 * they stay behind with an owner that is left alone, and of new ones whether
 * they may be made.
 *
 * A condition may read rows that are not written yet, and ids that are not
 * given.  The proof looks once more (prove.c), and so it is done here with the
 * rows that were not made.
 */

#include <stdlib.h>
#include <string.h>

#include "put.h"

struct rows_settling {
	struct vl_rows_put *p;
	size_t table;
	const struct rows_table *t;
	struct vl_probe *probe; /* NULL: nothing depends on a condition */
	size_t *conditions;     /* place of each entry's, of each keep's, and of
	                         * what each entry skips, in `holds`; NONE: it
	                         * always holds */
	bool *holds;
	struct vl_cell *cells;
	struct vl_buf *texts;
	struct vl_row_store store;
	bool unknown; /* some id of the row is not given yet */
};

/* A condition that is about the row by itself.  One that reads others is asked
 * by the proof, when those of the bundle are here. */
static bool
is_alone(const struct rows_table *t, size_t condition)
{
	return condition == NONE ||
	    strcasestr(t->conditions[condition], "select") == NULL;
}

/* Some rows of the entry are skipped, and it is known which. */
static bool
skips_some(const struct rows_table *t, const struct rows_entry *e)
{
	return e->skip != NONE && is_alone(t, e->skip);
}

static bool
depends(const struct rows_table *t)
{
	size_t i = 0;

	for (i = 0; i < t->nentries; i++)
		if (skips_some(t, &t->entries[i]))
			return true;
	return t->nentries > 1 || t->nkeeps > 0;
}

/* The condition of that place; NONE: it always holds. */
static size_t
condition(const struct rows_table *t, size_t i)
{
	if (i < t->nentries)
		return t->entries[i].condition;
	i -= t->nentries;
	if (i < t->nkeeps)
		return t->keeps[i].condition;
	i -= t->nkeeps;
	return skips_some(t, &t->entries[i]) ? t->entries[i].skip : NONE;
}

/* The conditions that stand for something, and of every column its value. */
static enum vl_status
open_probe(struct rows_settling *s, struct vl_err *err)
{
	const struct rows_table *t = s->t;
	size_t n = 2 * t->nentries + t->nkeeps;
	const char **columns = calloc(t->schema->ncolumns + 1, sizeof(char *));
	const char **conditions = calloc(n + 1, sizeof(char *));
	struct vl_scan_opts opts = { .table = t->schema->name,
		.columns = columns,
		.ncolumns = t->schema->ncolumns,
		.conditions = conditions };
	enum vl_status st = VL_OK;
	size_t number = NONE;
	size_t i = 0;

	s->conditions = calloc(n + 1, sizeof(*s->conditions));
	s->holds = calloc(n + 1, sizeof(*s->holds));
	s->cells = calloc(t->schema->ncolumns + 1, sizeof(*s->cells));
	s->texts = calloc(t->schema->ncolumns + 1, sizeof(*s->texts));
	if (columns == NULL || conditions == NULL || s->conditions == NULL ||
	    s->holds == NULL || s->cells == NULL || s->texts == NULL)
		st = vl_fail_memory(err);
	for (i = 0; st == VL_OK && i < n; i++) {
		number = condition(t, i);
		s->conditions[i] = NONE;
		if (number == NONE)
			continue;
		s->conditions[i] = opts.nconditions;
		conditions[opts.nconditions++] = t->conditions[number];
	}
	for (i = 0; st == VL_OK && i < t->schema->ncolumns; i++)
		columns[i] = t->schema->columns[i].name;
	if (st == VL_OK && opts.nconditions > 0)
		st = vl_probe_open(&s->probe, s->p->here->opts.db, &opts, err);
	free(columns);
	free(conditions);
	return st;
}

enum vl_status
rows_settling_open(struct rows_settling **out, struct vl_rows_put *p,
    size_t table, struct vl_err *err)
{
	struct rows_settling *s = calloc(1, sizeof(*s));

	*out = s;
	if (s == NULL)
		return vl_fail_memory(err);
	s->p = p;
	s->table = table;
	s->t = &p->here->plan.tables[table];
	return depends(s->t) ? open_probe(s, err) : VL_OK;
}

void
rows_settling_free(struct rows_settling *s)
{
	size_t i = 0;

	if (s == NULL)
		return;
	vl_probe_free(s->probe);
	for (i = 0; s->texts != NULL && i < s->t->schema->ncolumns; i++)
		vl_buf_free(&s->texts[i]);
	free(s->texts);
	free(s->cells);
	free(s->holds);
	free(s->conditions);
	vl_row_store_free(&s->store);
	free(s);
}

/* The row's values as they would be here; ids that are not given yet are
 * NULL. */
static enum vl_status
fill(struct rows_settling *s, const struct rows_staged *row, struct vl_err *err)
{
	struct vl_slice name = { 0 };
	struct vl_value v = { 0 };
	enum vl_status st = rows_row_parse(&s->store, row->row, err);
	size_t column = 0;
	size_t at = 0;

	memset(s->cells, 0, s->t->schema->ncolumns * sizeof(*s->cells));
	s->p->probing = true;
	s->unknown = false;
	while (st == VL_OK && vl_row_next(&s->store, 0, &at, &name, &v)) {
		column = rows_column(s->t, name);
		if (column != NONE)
			st = rows_fill(s->p, s->table, column, row, &s->store,
			    &v, &s->texts[column], &s->cells[column], err);
		if (v.kind == VL_VALUE_REF && column != NONE &&
		    s->cells[column].type == VL_CELL_NULL)
			s->unknown = true;
	}
	s->p->probing = false;
	return st;
}

static bool
holds(const struct rows_settling *s, size_t i)
{
	return s->conditions[i] == NONE || s->holds[s->conditions[i]];
}

/* The entry skips the row by itself. */
static bool
skips(const struct rows_settling *s, size_t entry)
{
	const struct rows_entry *e = &s->t->entries[entry];

	if (s->unknown || !holds(s, entry))
		return false;
	return e->skipped ? is_alone(s->t, e->condition) :
	                    skips_some(s->t, e) &&
	        holds(s, s->t->nentries + s->t->nkeeps + entry);
}

/* The row is of that entry, as far as is known: what came was skipped by none
 * at the source. */
static bool
takes(const struct rows_settling *s, size_t entry)
{
	return holds(s, entry) &&
	    (!s->t->entries[entry].skipped || skips(s, entry));
}

/* Where none fits the proof says so, unless one does then. */
enum vl_status
rows_settling_look(struct rows_settling *s, struct rows_staged *row, bool *kept,
    struct vl_err *err)
{
	const struct rows_table *t = s->t;
	enum vl_status st = VL_OK;
	size_t i = 0;

	*kept = false;
	if (!depends(t))
		return VL_OK;
	if (s->probe != NULL) {
		st = fill(s, row, err);
		if (st == VL_OK)
			st = vl_probe_run(s->probe, s->cells, s->holds, err);
	}
	if (st != VL_OK)
		return st;
	for (i = 0; i < t->nkeeps && !*kept; i++)
		*kept = t->keeps[i].words->ncolumns == 0 &&
		    holds(s, t->nentries + i);
	for (row->entry = 0; row->entry + 1 < t->nentries; row->entry++)
		if (takes(s, row->entry))
			break;
	*kept = *kept || skips(s, row->entry);
	return VL_OK;
}

/* The row that names the table, where the table holds its id. */
static enum vl_status
namer_left(struct rows_settling *s, bool *left, struct vl_err *err)
{
	struct rows_scratch *scratch = s->p->here->scratch;
	struct vl_cell id = { .type = VL_CELL_TEXT, .bytes = s->t->of_id };
	struct rows_staged owner = { 0 };
	struct rows_note note = { 0 };
	enum vl_status st = VL_OK;
	bool found = false;

	if (s->t->of == NONE)
		return VL_OK;
	st = rows_scratch_find(
	    scratch, s->t->of, s->t->of_column, &id, &note, &found, err);
	if (st == VL_OK && found)
		st = rows_stage_find(
		    s->p->stage, s->t->of, note.key, &owner, &found, err);
	*left = found && owner.act == ROWS_LEFT;
	return st;
}

enum vl_status
rows_settling_owner(struct rows_settling *s, const struct rows_staged *row,
    bool *left, struct vl_err *err)
{
	const struct rows_entry *e = &s->t->entries[row->entry];
	struct rows_staged owner = { 0 };
	struct vl_slice name = { 0 };
	struct vl_value v = { 0 };
	enum vl_status st = VL_OK;
	bool found = false;
	size_t at = 0;
	size_t i = 0;

	*left = false;
	if (s->p->left == 0 || (e->nowners == 0 && s->t->of == NONE))
		return VL_OK;
	st = rows_row_parse(&s->store, row->row, err);
	if (st == VL_OK)
		st = namer_left(s, left, err);
	while (st == VL_OK && !*left &&
	    vl_row_next(&s->store, 0, &at, &name, &v)) {
		for (i = 0; i < e->nowners; i++)
			if (vl_slice_equal(name,
			        vl_slice_of(
			            s->t->schema->columns[e->owners[i]].name)))
				break;
		if (i == e->nowners || v.kind != VL_VALUE_REF)
			continue;
		st = rows_fill_staged(s->p, s->table, e->owners[i], row->row,
		    v.key, &owner, &found, err);
		*left = found && owner.act == ROWS_LEFT;
	}
	return st;
}

static enum vl_on_new
on_new_of(const struct rows_entry *e)
{
	return e->words == NULL ? VL_ON_NEW_CREATE : e->words->on_new;
}

/* What the row itself says of it: the target keeps its own, or it stays behind.
 */
static enum vl_status
look_one(struct rows_settling *s, struct rows_staged *row, bool *kept,
    bool *left, struct vl_err *err)
{
	struct rows_drop drop = { .table = s->table, .row = row };
	enum vl_status st = rows_settling_look(s, row, kept, err);

	if (st == VL_OK)
		st = rows_settling_owner(s, row, left, err);
	if (st == VL_OK && !*kept && !*left)
		st = rows_drop_look(s->p, &drop, err);
	if (st == VL_OK && drop.drop)
		rows_drop_tell(s->p, &drop, row->key);
	*left = *left || drop.drop;
	return st;
}

static enum vl_status
leave(struct rows_settling *s, struct rows_staged *row, struct vl_err *err)
{
	s->p->left++;
	row->act = ROWS_LEFT;
	row->r = ROWS_NOWHERE;
	return rows_stage_set(s->p->stage, s->table, row, err);
}

static enum vl_status
settle_one(struct rows_settling *s, struct rows_staged *row, struct vl_err *err)
{
	struct vl_rows_put *p = s->p;
	enum vl_on_new on_new = VL_ON_NEW_CREATE;
	bool kept = false;
	bool left = false;
	bool go = false;
	enum vl_status st = look_one(s, row, &kept, &left, err);

	if (st != VL_OK)
		return st;
	on_new = on_new_of(&s->t->entries[row->entry]);
	go = !kept && !left && on_new == VL_ON_NEW_CREATE;
	if (!kept && on_new != VL_ON_NEW_FAIL)
		st = rows_decide(p,
		    &(struct rows_question){ .table = s->table,
		        .what = VL_ROW_ADD,
		        .key = row->key },
		    &go, err);
	if (st != VL_OK)
		return st;
	if (go) {
		p->counts.add++;
		return rows_stage_set(p->stage, s->table, row, err);
	}
	if (!kept && !left && on_new == VL_ON_NEW_FAIL) {
		p->counts.conflict++;
		p->opts.change(p->opts.arg, s->t->collection, VL_ROW_CONFLICT,
		    row->key, "it is not here");
	} else {
		p->counts.skip++;
	}
	return leave(s, row, err);
}

/* The same before anybody is asked: of a table whose rows stay behind with
 * others of it, which is known of all before it is said of any. */
static enum vl_status
settle_early(
    struct rows_settling *s, struct rows_staged *row, struct vl_err *err)
{
	bool kept = false;
	bool left = false;
	enum vl_status st = look_one(s, row, &kept, &left, err);

	if (st != VL_OK ||
	    (!kept && !left &&
	        on_new_of(&s->t->entries[row->entry]) != VL_ON_NEW_SKIP))
		return st;
	s->p->counts.skip++;
	return leave(s, row, err);
}

/* Nothing is asked of new rows of the table, but for their owners. */
static bool
is_plain(const struct vl_rows_put *p, const struct rows_table *t)
{
	const struct rows_entry *e = &t->entries[0];

	return !depends(t) && p->opts.decide == NULL && !rows_drop_any(t) &&
	    (e->words == NULL || e->words->on_new == VL_ON_NEW_CREATE);
}

static bool
is_owned(const struct rows_table *t)
{
	return t->entries[0].nowners > 0 || t->of != NONE;
}

bool
rows_unsettled(const struct vl_rows_put *p, size_t table)
{
	const struct rows_table *t = &p->here->plan.tables[table];

	return !p->settled[table] && !(is_plain(p, t) && !is_owned(t));
}

/* Rows that refer to one of their own table which is left out; `counted`: among
 * those that are made. */
static enum vl_status
drop_below(
    struct rows_settling *s, bool counted, bool *some, struct vl_err *err)
{
	struct vl_rows_put *p = s->p;
	struct rows_staging *g = NULL;
	struct rows_staged row = { 0 };
	struct rows_drop drop = { .table = s->table, .row = &row };
	enum vl_status st =
	    rows_staging_open(&g, p->stage, s->table, ROWS_NEW, err);
	bool more = true;
	bool left = false;

	*some = false;
	while (st == VL_OK) {
		st = rows_staging_next(g, &row, &more, err);
		if (st != VL_OK || !more)
			break;
		st = rows_settling_owner(s, &row, &left, err);
		drop.drop = false;
		if (st == VL_OK && !left)
			st = rows_drop_look(p, &drop, err);
		if (st != VL_OK)
			(void)rows_within(s->t, row.key, err);
		if (st != VL_OK || (!left && !drop.drop))
			continue;
		if (drop.drop)
			rows_drop_tell(p, &drop, row.key);
		*some = true;
		p->counts.add -= counted;
		p->counts.skip++;
		st = leave(s, &row, err);
	}
	rows_staging_free(g);
	return st;
}

/* And those that refer to these, and so on. */
static enum vl_status
drop_all_below(struct rows_settling *s, bool counted, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	bool some = true;

	while (st == VL_OK && some)
		st = drop_below(s, counted, &some, err);
	return st;
}

static enum vl_status
settle_each(struct rows_settling *s,
    enum vl_status (*settle)(
        struct rows_settling *s, struct rows_staged *row, struct vl_err *err),
    struct vl_err *err)
{
	struct rows_staging *g = NULL;
	struct rows_staged row = { 0 };
	enum vl_status st =
	    rows_staging_open(&g, s->p->stage, s->table, ROWS_NEW, err);
	bool more = true;

	while (st == VL_OK) {
		st = rows_staging_next(g, &row, &more, err);
		if (st != VL_OK || !more)
			break;
		st = settle(s, &row, err);
		if (st != VL_OK)
			(void)rows_within(s->t, row.key, err);
	}
	rows_staging_free(g);
	return st;
}

enum vl_status
rows_settle_new(struct vl_rows_put *p, size_t table, struct vl_err *err)
{
	const struct rows_table *t = &p->here->plan.tables[table];
	struct rows_settling *s = NULL;
	bool chain = rows_drop_above(t, table);
	enum vl_status st = VL_OK;

	p->settled[table] = true;
	if (is_plain(p, t) && (p->left == 0 || !is_owned(t))) {
		p->counts.add += rows_stage_count(p->stage, table, ROWS_NEW);
		return VL_OK;
	}
	st = rows_settling_open(&s, p, table, err);
	if (st == VL_OK && chain)
		st = settle_each(s, settle_early, err);
	if (st == VL_OK && chain)
		st = drop_all_below(s, false, err);
	if (st == VL_OK)
		st = settle_each(s, settle_one, err);
	/* Somebody may have left out more. */
	if (st == VL_OK && chain)
		st = drop_all_below(s, true, err);
	rows_settling_free(s);
	return st;
}

/* A row that was not made: now that all is written, it is to be none, still. */
static enum vl_status
look_again(
    struct rows_settling *s, const struct rows_staged *row, struct vl_err *err)
{
	struct rows_staged again = *row;
	struct rows_drop drop = { .table = s->table, .row = row };
	enum vl_status st = VL_OK;
	bool kept = false;
	bool left = false;

	st = rows_settling_look(s, &again, &kept, err);
	if (st == VL_OK && !kept)
		st = rows_settling_owner(s, &again, &left, err);
	if (st == VL_OK && !kept && !left)
		st = rows_drop_look(s->p, &drop, err);
	left = left || drop.drop;
	if (st != VL_OK)
		return rows_within(s->t, row->key, err);
	if (kept || left ||
	    on_new_of(&s->t->entries[again.entry]) != VL_ON_NEW_CREATE)
		return VL_OK;
	/* Somebody may have said so of this very row. */
	if (s->p->opts.decide != NULL &&
	    on_new_of(&s->t->entries[row->entry]) == VL_ON_NEW_CREATE)
		return VL_OK;
	return rows_prove_left(s->p, s->table, &again, err);
}

enum vl_status
rows_settle_again(struct vl_rows_put *p, size_t table, struct vl_err *err)
{
	const struct rows_table *t = &p->here->plan.tables[table];
	struct rows_settling *s = NULL;
	struct rows_staging *g = NULL;
	struct rows_staged row = { 0 };
	enum vl_status st = VL_OK;
	bool more = true;

	if (!depends(t) || rows_stage_count(p->stage, table, ROWS_LEFT) == 0)
		return VL_OK;
	st = rows_settling_open(&s, p, table, err);
	if (st == VL_OK)
		st = rows_staging_open(&g, p->stage, table, ROWS_LEFT, err);
	while (st == VL_OK) {
		st = rows_staging_next(g, &row, &more, err);
		if (st != VL_OK || !more)
			break;
		if (row.r == ROWS_NOWHERE)
			st = look_again(s, &row, err);
	}
	rows_staging_free(g);
	rows_settling_free(s);
	return st;
}
