/*
 * What the proof says of a row that is not what was decided of it.  Conditions
 * of the profile may read other rows, and so answer otherwise once all is
 * written: nothing that was done by the earlier answer may stay.
 */

#include <stdio.h>
#include <string.h>

#include <valise/text.h>

#include "put.h"
#include "values.h"

#define KEY_SHOWN 256

/* Why a row is not what it was. */
#define READS ": does a condition of the profile read rows that are others here"

/* What a database without any does cannot be theirs. */
static bool
has_triggers(const struct rows_plan *p)
{
	size_t i = 0;

	for (i = 0; i < p->ntables; i++)
		if (p->tables[i].schema->ntriggers > 0)
			return true;
	return false;
}

/* "FILE:LINE:COL: table 't', KEY: ..." */
static enum vl_status
refuse(struct vl_rows_put *p, const struct rows_table *t, struct vl_word_at at,
    struct vl_slice key, const char *what, struct vl_err *err)
{
	char shown[KEY_SHOWN];

	(void)vl_fail(err, VL_EREFUSED,
	    "table '%s', %s: %s? All was rolled back", t->schema->name,
	    vl_escape_text(shown, sizeof(shown), key), what);
	return at.line == 0 ? err->status :
	                      rows_plan_within(&p->opts.rows, at, err);
}

static struct vl_word_at
entry_at(const struct rows_entry *e)
{
	return e->words == NULL ? (struct vl_word_at){ 0 } : ROWS_AT(e->words);
}

enum vl_status
rows_stage_new(struct vl_rows_put *p, size_t table, const struct vl_cell *id,
    struct vl_buf *key, bool *found, struct vl_err *err)
{
	struct rows_staging *g = NULL;
	struct rows_staged row = { 0 };
	enum vl_status st = VL_OK;
	bool more = true;

	*found = false;
	st = rows_staging_open(&g, p->stage, table, ROWS_NEW, err);
	while (st == VL_OK && !*found) {
		st = rows_staging_next(g, &row, &more, err);
		if (st != VL_OK || !more)
			break;
		*found = vl_cell_equal(&row.id, id);
		if (*found)
			st = vl_buf_add(key, row.key, err);
	}
	rows_staging_free(g);
	return st;
}

enum vl_status
rows_prove_stray(
    struct vl_rows_put *p, const struct rows_reader *rd, struct vl_err *err)
{
	struct rows_note note = { 0 };
	struct vl_buf key = { 0 };
	enum vl_status st = VL_OK;
	bool here = false;
	bool new = false;

	if (!rd->t->schema->without_rowid)
		st = rows_scratch_row(
		    p->here->scratch, rd->table, rd->r, &note, &here, err);
	if (st == VL_OK && here)
		st = vl_buf_add(&key, note.key, err);
	if (st == VL_OK && !here && rd->t->primary != NONE)
		st = rows_stage_new(p, rd->table,
		    rows_reader_cell(rd, rd->t->primary), &key, &new, err);
	if (st == VL_OK && !here && !new)
		st = rows_reader_primary(rd, &key, err);
	if (st == VL_OK)
		st = refuse(p, rd->t, entry_at(&rd->t->entries[0]),
		    vl_buf_slice(&key),
		    here ? "once all is written no entry of the profile fits "
		           "it" READS :
		           "once it is written no entry of the profile fits "
		           "it" READS,
		    err);
	vl_buf_free(&key);
	return st;
}

static bool
same_key(const struct rows_entry *a, const struct rows_entry *b)
{
	size_t i = 0;

	if (a->nkey != b->nkey || a->nowners != b->nowners ||
	    a->nordinal != b->nordinal)
		return false;
	for (i = 0; i < a->nkey; i++)
		if (a->key[i] != b->key[i] ||
		    (a->key[i] == NONE &&
		        (a->ofs[i].child != b->ofs[i].child ||
		            a->ofs[i].column != b->ofs[i].column ||
		            a->ofs[i].point != b->ofs[i].point)))
			return false;
	for (i = 0; i < a->nowners; i++)
		if (a->owners[i] != b->owners[i])
			return false;
	for (i = 0; i < a->nordinal; i++)
		if (a->ordinal[i] != b->ordinal[i])
			return false;
	return true;
}

static enum vl_ids_policy
ids(const struct rows_entry *e)
{
	return e->words == NULL ? VL_IDS_DEFAULT : e->words->ids;
}

static enum vl_on_new
on_new(const struct rows_entry *e)
{
	return e->words == NULL ? VL_ON_NEW_CREATE : e->words->on_new;
}

/* A whole row of the target by `keep_here`; or NULL. */
static const struct rows_keep *
keeping(const struct rows_reader *rd)
{
	size_t i = 0;

	for (i = 0; i < rd->t->nkeeps; i++)
		if (rd->t->keeps[i].words->ncolumns == 0 &&
		    rows_reader_holds(rd, rd->t->keeps[i].condition))
			return &rd->t->keeps[i];
	return NULL;
}

enum vl_status
rows_prove_entry(struct vl_rows_put *p, const struct rows_reader *rd,
    const struct rows_staged *row, struct vl_slice key, struct vl_err *err)
{
	const struct rows_entry *was = &rd->t->entries[row->entry];
	const struct rows_entry *is = &rd->t->entries[rd->entry];
	const struct rows_keep *keep = keeping(rd);
	const char *what = NULL;

	if (row->act != ROWS_NEW && row->act != ROWS_UPDATE)
		return VL_OK;
	if (keep != NULL)
		return refuse(p, rd->t, ROWS_AT(keep->words), key,
		    "once it is written 'keep_here' is about it" READS, err);
	if (is == was)
		return VL_OK;
	if (row->act == ROWS_NEW && on_new(is) != on_new(was))
		what = "once it is written it is of this entry, whose 'on_new' "
		       "is another than the one by which it was made" READS;
	else if (row->act == ROWS_NEW && ids(is) != ids(was))
		what = "once it is written it is of this entry, whose 'ids' "
		       "is another than the one by which it got its id" READS;
	if (what != NULL)
		return refuse(p, rd->t, entry_at(is), key, what, err);
	if (row->act == ROWS_NEW || same_key(is, was) || is->called ||
	    was->called)
		return VL_OK;
	return refuse(p, rd->t, entry_at(is), key,
	    "it was a row of another entry, whose key says the same: do both "
	    "need a part that tells them apart",
	    err);
}

enum vl_status
rows_prove_differs(struct vl_rows_put *p, const struct rows_reader *rd,
    struct vl_slice key, size_t column, struct vl_err *err)
{
	const struct rows_column *c = &rd->t->columns[column];
	const struct rows_ref *ref = NULL;
	char text[KEY_SHOWN];
	size_t i = 0;

	for (i = 0; i < c->nrefs; i++)
		if (!rows_reader_holds(rd, c->refs[i].condition))
			ref = &c->refs[i];
	(void)snprintf(text, sizeof(text),
	    ref != NULL ?
	        "once it is written this line is not about '%s'" READS :
	        has_triggers(&p->here->plan) ?
	        "'%s' is not as it was written: does a trigger of "
	        "the database change it" :
	        "'%s' is not as it was written: does the column keep no "
	        "such value",
	    c->schema->name);
	return refuse(p, rd->t,
	    ref == NULL ? (struct vl_word_at){ 0 } : ROWS_AT(ref->words), key,
	    text, err);
}

/* The row of the bundle as it is noted once all is written. */
static enum vl_status
find_written(struct vl_rows *after, size_t table, const struct rows_staged *row,
    struct rows_note *note, bool *found, struct vl_err *err)
{
	const struct rows_table *t = &after->plan.tables[table];

	*found = false;
	if (row->act != ROWS_NEW && !t->schema->without_rowid)
		return rows_scratch_row(
		    after->scratch, table, row->r, note, found, err);
	if (row->id.type == VL_CELL_NULL || t->primary == NONE)
		return VL_OK;
	return rows_scratch_find(
	    after->scratch, table, t->primary, &row->id, note, found, err);
}

/* "'a' keeps 7, which names 't' KEY here": the column of the row is a whole id
 * of a line that keeps it, and some row has that. */
static enum vl_status
say_stranger(struct vl_rows *after, size_t column, const struct rows_table *t,
    const struct vl_cell *cell, struct vl_buf *out, struct vl_err *err)
{
	const struct rows_column *c = &t->columns[column];
	const struct rows_ref *ref = NULL;
	struct rows_note note = { 0 };
	enum vl_status st = VL_OK;
	char shown[KEY_SHOWN];
	char id[ROWS_SHOWN];
	bool found = false;
	size_t i = 0;

	for (i = 0; st == VL_OK && !found && i < c->nrefs; i++) {
		ref = &c->refs[i];
		if (rows_ref_keeps(ref) && ref->finder == NULL &&
		    ref->to != NONE)
			st = rows_scratch_find(after->scratch, ref->to,
			    ref->column, cell, &note, &found, err);
	}
	if (st != VL_OK || !found)
		return st;
	rows_show_id(id, cell);
	return vl_buf_printf(out, err,
	    "'%s' keeps %s, which names '%s' %s here", c->schema->name, id,
	    after->plan.tables[ref->to].schema->name,
	    vl_escape_text(shown, sizeof(shown), note.key));
}

/* The same of some column of the row; nothing, where none is found. */
static enum vl_status
find_stranger(struct vl_rows *after, size_t table,
    const struct rows_staged *row, struct vl_buf *out, struct vl_err *err)
{
	const struct rows_table *t = &after->plan.tables[table];
	struct vl_row_store store = { 0 };
	struct vl_slice name = { 0 };
	struct vl_value v = { 0 };
	enum vl_status st = rows_row_parse(&store, row->row, err);
	size_t column = NONE;
	size_t at = 0;

	while (st == VL_OK && out->n == 0 &&
	    vl_row_next(&store, 0, &at, &name, &v)) {
		column = rows_column(t, name);
		if (column != NONE && v.kind == VL_VALUE_CELL &&
		    v.cell.type != VL_CELL_NULL)
			st = say_stranger(after, column, t, &v.cell, out, err);
	}
	vl_row_store_free(&store);
	return st;
}

/* It is known by what it holds, and an id in it is kept. */
static enum vl_status
refuse_kept(struct vl_rows_put *p, struct vl_rows *after, size_t table,
    const struct rows_staged *row, struct vl_err *err)
{
	const struct rows_table *t = &after->plan.tables[table];
	struct vl_buf what = { 0 };
	char text[4 * KEY_SHOWN];
	enum vl_status st = find_stranger(after, table, row, &what, err);

	(void)snprintf(text, sizeof(text),
	    "it is known by what it holds, and %.*s, so that it would be "
	    "another one: give the table a 'key' or an 'ordinal', or say "
	    "'on_dangling: drop'",
	    what.n > 0 ? (int)what.n : 200,
	    what.n > 0 ? (const char *)what.p :
	                 "an id in it that 'on_dangling: keep' keeps may name "
	                 "another row here");
	vl_buf_free(&what);
	return st == VL_OK ? refuse(p, t, entry_at(&t->entries[row->entry]),
	                         row->key, text, err) :
	                     st;
}

enum vl_status
rows_prove_missing(struct vl_rows_put *p, struct vl_rows *after, size_t table,
    const struct rows_staged *row, struct vl_err *err)
{
	const struct rows_table *t = &after->plan.tables[table];
	struct rows_note note = { 0 };
	struct vl_word_at at = { 0 };
	char text[2 * KEY_SHOWN];
	char shown[KEY_SHOWN];
	bool found = false;
	enum vl_status st = find_written(after, table, row, &note, &found, err);

	if (st != VL_OK)
		return st;
	if (!found && t->loose && t->entries[row->entry].multiset)
		return refuse_kept(p, after, table, row, err);
	(void)snprintf(text, sizeof(text), "%s%s",
	    t->nconditions > 0 || has_triggers(&p->here->plan) ?
	        "it was written and is not there: does a trigger of the "
	        "database remove it" :
	        "once it is written no row is called so: does the bundle call "
	        "it by what is not in it",
	    t->nconditions == 0 ? "" :
	                          ", or a condition of the profile read rows "
	                          "that are others here");
	if (found)
		at = entry_at(&t->entries[note.entry]);
	if (found && note.state == ROWS_SKIPPED)
		(void)snprintf(text, sizeof(text),
		    "once it is written it is one that this entry skips" READS);
	else if (found && t->nentries == 1)
		(void)snprintf(text, sizeof(text),
		    has_triggers(&p->here->plan) ?
		        "once it is written it is called %s: does a trigger of "
		        "the database change it" :
		        "once it is written it is called %s: does the bundle "
		        "call it by what is not in it",
		    vl_escape_text(shown, sizeof(shown), note.key));
	else if (found)
		(void)snprintf(text, sizeof(text),
		    "once it is written it is of this entry and called "
		    "%s" READS,
		    vl_escape_text(shown, sizeof(shown), note.key));
	return refuse(p, t, at, row->key, text, err);
}

enum vl_status
rows_prove_left(struct vl_rows_put *p, size_t table,
    const struct rows_staged *row, struct vl_err *err)
{
	const struct rows_table *t = &p->here->plan.tables[table];

	return refuse(p, t, entry_at(&t->entries[row->entry]), row->key,
	    "with all that is written it is of this entry, which makes it, and "
	    "it was left out" READS,
	    err);
}
