/*
 * The entries of a table, as the profile has them or the schema: keys, owners
 * and ordinals as columns, and which rows stay as they are.
 */

#include <stdlib.h>
#include <string.h>

#include "plan.h"

static enum vl_status
find_columns(const struct rows_table *t, const struct vl_rows_opts *opts,
    char *const *names, const struct vl_word_at *at, size_t n, size_t **out,
    struct vl_err *err)
{
	size_t i = 0;

	if (n == 0)
		return VL_OK;
	*out = calloc(n, sizeof(**out));
	if (*out == NULL)
		return vl_fail_memory(err);
	for (i = 0; i < n; i++) {
		(*out)[i] = vl_table_column(t->schema, names[i]);
		if ((*out)[i] == NONE)
			return rows_plan_fail(opts, at[i], err,
			    "table '%s' has no column '%s'", t->schema->name,
			    names[i]);
		if (t->columns[(*out)[i]].role == ROWS_DERIVED)
			return rows_plan_fail(opts, at[i], err,
			    "column '%s' of table '%s' is derived: it names no "
			    "row",
			    names[i], t->schema->name);
		if (t->schema->columns[(*out)[i]].generated)
			return rows_plan_fail(opts, at[i], err,
			    "column '%s' of table '%s' is generated: it names "
			    "no row; take the columns it is made of",
			    names[i], t->schema->name);
	}
	return VL_OK;
}

/* The columns of `key`; those that other rows say are found later. */
static enum vl_status
find_key(const struct rows_table *t, const struct vl_rows_opts *opts,
    struct rows_entry *e, struct vl_err *err)
{
	const struct vl_table_words *w = e->words;
	size_t *column = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (w->nkey == 0)
		return VL_OK;
	e->key = calloc(w->nkey, sizeof(*e->key));
	if (e->key == NULL)
		return vl_fail_memory(err);
	for (i = 0; st == VL_OK && i < w->nkey; i++) {
		e->key[i] = NONE;
		if (w->key[i].of != NULL)
			continue;
		st = find_columns(
		    t, opts, &w->key[i].column, &w->key[i].at, 1, &column, err);
		if (st == VL_OK)
			e->key[i] = *column;
		free(column);
		column = NULL;
	}
	e->nkey = w->nkey;
	return st;
}

static bool
matches_by(const struct vl_table_words *w, enum vl_match_by by)
{
	size_t i = 0;

	for (i = 0; i < w->nmatch; i++)
		if (w->match[i] == by)
			return true;
	return false;
}

enum vl_status
rows_primary_key(
    const struct vl_table *t, size_t **columns, size_t *n, struct vl_err *err)
{
	size_t i = 0;

	for (i = 0; i < t->nuniques && !t->uniques[i].primary; i++)
		;
	if (i == t->nuniques)
		return VL_OK;
	*columns = calloc(t->uniques[i].n, sizeof(**columns));
	if (*columns == NULL)
		return vl_fail_memory(err);
	memcpy(*columns, t->uniques[i].columns,
	    t->uniques[i].n * sizeof(**columns));
	*n = t->uniques[i].n;
	return VL_OK;
}

enum vl_status
rows_plan_keyless(const struct rows_table *t, struct vl_err *err)
{
	return vl_fail(err, VL_EREFUSED,
	    "table '%s' has no key that could name its rows: give it one in "
	    "the profile ('key' or 'owned_by'), or 'skip: true'",
	    t->schema->name);
}

/* What the profile leaves out is found in the schema. */
static enum vl_status
complete_key(struct rows_table *t, struct rows_entry *e, bool at_target,
    struct vl_err *err)
{
	const bool owned = e->nowners > 0 || t->of != NONE;
	enum vl_status st = VL_OK;

	if (e->nkey > 0 || (e->nordinal > 0 && owned))
		return VL_OK;
	if (e->words != NULL && matches_by(e->words, VL_MATCH_ID))
		st = rows_primary_key(t->schema, &e->key, &e->nkey, err);
	/* An order tells rows apart that have a key in common, or an owner. */
	else if (!owned && e->nordinal == 0)
		st = rows_key_choose(t, &e->key, &e->nkey, err);
	if (st != VL_OK || e->nkey > 0 || e->skipped || owned)
		return st;
	/* The bundle may not have it: take.c. */
	t->keyless = at_target && e->words == NULL;
	e->skipped = t->keyless;
	return t->keyless ? VL_OK : rows_plan_keyless(t, err);
}

/* What the profile says of these rows. */
static enum vl_status
read_words(struct rows_table *t, const struct vl_rows_opts *opts,
    struct rows_entry *e, struct vl_err *err)
{
	const struct vl_table_words *w = e->words;
	enum vl_status st = VL_OK;

	e->skipped = w->skip;
	st = rows_plan_condition(t, opts->db, w->where, &e->condition, err);
	if (st == VL_OK)
		st = rows_plan_condition(
		    t, opts->db, w->skip_where, &e->skip, err);
	if (st != VL_OK)
		return rows_plan_fail(opts, ROWS_AT(w), err, "table '%s': %s",
		    t->schema->name, err->text);
	st = find_key(t, opts, e, err);
	if (st == VL_OK)
		st = find_columns(t, opts, w->owned_by, w->owned_by_at,
		    w->nowned_by, &e->owners, err);
	e->nowners = e->owners == NULL ? 0 : w->nowned_by;
	if (st == VL_OK)
		st = find_columns(t, opts, w->ordinal, w->ordinal_at,
		    w->nordinal, &e->ordinal, err);
	e->nordinal = e->ordinal == NULL ? 0 : w->nordinal;
	return st;
}

/* A name of its own is needed to be called by another.  Without `key` the id is
 * the key. */
static void
find_ways(struct rows_table *t, struct rows_entry *e)
{
	const struct vl_table_words *w = e->words;

	if (w == NULL || e->nkey == 0 || e->nordinal > 0)
		return;
	e->by_id = w->nkey > 0 && matches_by(w, VL_MATCH_ID);
	e->called = e->by_id ||
	    (t->primary != NONE && matches_by(w, VL_MATCH_BROUGHT) &&
	        !matches_by(w, VL_MATCH_ID));
	t->called = t->called || e->called;
}

static enum vl_status
read_entry(struct rows_table *t, const struct rows_plan *p,
    const struct vl_rows_opts *opts, struct rows_entry *e, struct vl_err *err)
{
	const struct vl_table_words *w = e->words;
	enum vl_status st = VL_OK;

	e->condition = NONE;
	e->skip = NONE;
	if (w != NULL)
		st = read_words(t, opts, e, err);
	if (st == VL_OK)
		st = complete_key(t, e, p->lenient && p->ear == NULL, err);
	if (st != VL_OK && rows_heard(p, t, NULL, err))
		st = rows_ear_key(t, e, err);
	find_ways(t, e);
	if (e->nordinal > t->nordinal)
		t->nordinal = e->nordinal;
	e->multiset = e->nkey == 0 && e->nordinal == 0 &&
	    (e->nowners > 0 || t->of != NONE || t->unsure);
	return st;
}

static enum vl_status
add_entries(struct rows_table *t, const struct rows_plan *p,
    const struct vl_rows_opts *opts, bool where, struct vl_err *err)
{
	const struct vl_table_words *w = NULL;
	enum vl_status st = VL_OK;
	bool fits = false;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < p->words->ntables; i++) {
		w = &p->words->tables[i];
		if ((w->where != NULL) != where)
			continue;
		st = rows_named_fits(p, opts, w, t, &fits, err);
		if (st != VL_OK && rows_heard(p, t, NULL, err)) {
			t->of = NONE;
			st = VL_OK;
		}
		if (st == VL_OK && fits)
			t->entries[t->nentries++].words = w;
	}
	return st;
}

/* keep_here of rows; a policy, so of the target alone. */
static enum vl_status
read_keeps(struct rows_table *t, const struct rows_plan *p,
    const struct vl_rows_opts *opts, struct vl_err *err)
{
	const struct vl_keep_rows *w = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (!p->lenient || p->words == NULL || p->words->nkeep_here == 0)
		return VL_OK;
	t->keeps = calloc(p->words->nkeep_here, sizeof(*t->keeps));
	if (t->keeps == NULL)
		return vl_fail_memory(err);
	for (i = 0; st == VL_OK && i < p->words->nkeep_here; i++) {
		w = &p->words->keep_here[i];
		if (strcmp(w->table, t->schema->name) != 0)
			continue;
		t->keeps[t->nkeeps].words = w;
		st = rows_plan_condition(t, opts->db, w->where,
		    &t->keeps[t->nkeeps++].condition, err);
		if (st != VL_OK)
			(void)rows_plan_fail(opts, ROWS_AT(w), err,
			    "table '%s': %s", t->schema->name, err->text);
		if (st != VL_OK && rows_heard(p, t, NULL, err))
			st = VL_OK;
	}
	return st;
}

enum vl_status
rows_entries_read(struct rows_table *t, struct rows_plan *p,
    const struct vl_rows_opts *opts, struct vl_err *err)
{
	size_t n = p->words == NULL ? 0 : p->words->ntables;
	enum vl_status st = VL_OK;
	size_t i = 0;

	t->entries = calloc(n + 1, sizeof(*t->entries));
	if (t->entries == NULL)
		return vl_fail_memory(err);
	if (p->words != NULL)
		st = add_entries(t, p, opts, true, err);
	if (st == VL_OK && p->words != NULL)
		st = add_entries(t, p, opts, false, err);
	if (t->nentries == 0)
		t->nentries = 1;
	if (st == VL_OK)
		st = rows_derived_mark(t, p, opts, err);
	for (i = 0; st == VL_OK && i < t->nentries; i++)
		st = read_entry(t, p, opts, &t->entries[i], err);
	if (st == VL_OK)
		st = rows_here_plan(p, t, opts, err);
	return st == VL_OK ? read_keeps(t, p, opts, err) : st;
}
