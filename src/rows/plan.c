/*
 * Schema and profile brought together: for each table its entries, their
 * keys, owners and ordinals as columns of the schema.  A name that is not
 * there is an error of the profile, with its line.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "parts.h"

size_t
rows_plan_table(const struct rows_plan *p, struct vl_slice name)
{
	size_t low = 0;
	size_t high = p->nsorted;
	size_t middle = 0;
	int order = 0;

	while (low < high) {
		middle = low + (high - low) / 2;
		order = vl_slice_cmp(
		    vl_slice_of(p->tables[middle].schema->name), name);
		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (low = p->nsorted; low < p->ntables; low++)
		if (vl_slice_equal(
		        vl_slice_of(p->tables[low].schema->name), name))
			return low;
	return NONE;
}

size_t
rows_column(const struct rows_table *t, struct vl_slice name)
{
	const char *own = NULL;
	size_t i = 0;

	/* Asked for each value; the first byte tells most names apart. */
	for (i = 0; name.n > 0 && i < t->schema->ncolumns; i++) {
		own = t->schema->columns[i].name;
		if ((uint8_t)own[0] == name.p[0] &&
		    vl_slice_equal(name, vl_slice_of(own)))
			return i;
	}
	return NONE;
}

struct vl_cell
rows_word_cell(const struct vl_column *c, const char *text)
{
	struct vl_cell cell = { .type = VL_CELL_TEXT,
		.bytes = vl_slice_of(text) };
	char again[24];
	long long n = strtoll(text, NULL, 10);

	(void)snprintf(again, sizeof(again), "%lld", n);
	if (strcasestr(c->type, "int") == NULL || strcmp(again, text) != 0)
		return cell;
	return (struct vl_cell){ .type = VL_CELL_INT, .integer = n };
}

bool
rows_table_skipped(const struct rows_table *t)
{
	size_t i = 0;

	for (i = 0; i < t->nentries; i++)
		if (!t->entries[i].skipped)
			return false;
	return true;
}

enum vl_status
rows_plan_fail(const struct vl_rows_opts *opts, struct vl_word_at at,
    struct vl_err *err, const char *format, ...)
{
	const char *file =
	    at.in_site ? opts->profile->site_file : opts->profile->file;
	char text[1024];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* What a bundle brought stands in no file. */
	if (file == NULL)
		return vl_fail(err, VL_EUSAGE, "%s", text);
	return vl_fail(
	    err, VL_EUSAGE, "%s:%u:%u: %s", file, at.line, at.column, text);
}

enum vl_status
rows_plan_within(
    const struct vl_rows_opts *opts, struct vl_word_at at, struct vl_err *err)
{
	const char *file =
	    at.in_site ? opts->profile->site_file : opts->profile->file;

	return file == NULL ?
	    err->status :
	    vl_within(err, "%s:%u:%u", file, at.line, at.column);
}

enum vl_status
rows_plan_condition(struct rows_table *t, struct vl_db *db, const char *sql,
    size_t *number, struct vl_err *err)
{
	const char **grown = NULL;
	enum vl_status st = VL_OK;

	*number = NONE;
	if (sql == NULL)
		return VL_OK;
	st = vl_db_check_condition(db, t->schema->name, sql, err);
	if (st != VL_OK)
		return st;
	grown = reallocarray(t->conditions, t->nconditions + 1, sizeof(*grown));
	if (grown == NULL)
		return vl_fail_memory(err);
	grown[t->nconditions] = sql;
	t->conditions = grown;
	*number = t->nconditions++;
	return VL_OK;
}

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

/* The entries of one table, the one without `where` last; at least one. */
static enum vl_status
read_entries(struct rows_table *t, struct rows_plan *p,
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

static enum vl_status
read_table(
    struct rows_table *t, const struct vl_table *schema, struct vl_err *err)
{
	size_t keys = 0;
	size_t i = 0;

	t->schema = schema;
	t->primary = NONE;
	t->of = NONE;
	t->collection = schema->name;
	t->columns = calloc(schema->ncolumns, sizeof(*t->columns));
	if (t->columns == NULL)
		return vl_fail_memory(err);
	for (i = 0; i < schema->ncolumns; i++) {
		t->columns[i].schema = &schema->columns[i];
		t->columns[i].slot = NONE;
		if (schema->columns[i].key == 0)
			continue;
		t->primary = i;
		keys++;
	}
	if (keys != 1)
		t->primary = NONE;
	return VL_OK;
}

/* Each name of a table in the profile is one of the schema. */
static enum vl_status
check_names(const struct rows_plan *p, const struct vl_rows_opts *opts,
    struct vl_err *err)
{
	const struct vl_table_words *w = NULL;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; p->words != NULL && i < p->words->ntables; i++) {
		w = &p->words->tables[i];
		for (k = 0; k < w->ntables; k++) {
			if (strchr(w->tables[k], '{') != NULL ||
			    rows_plan_table(p, vl_slice_of(w->tables[k])) !=
			        NONE)
				continue;
			(void)rows_plan_fail(opts, ROWS_AT(w), err,
			    "there is no table '%s' in resource '%s'",
			    w->tables[k], p->resource);
			if (!rows_heard(p, NULL, NULL, err))
				return err->status;
		}
	}
	return VL_OK;
}

enum vl_status
rows_plan_extend(struct rows_plan *p, const struct vl_rows_opts *opts,
    const struct vl_table *schema, struct vl_err *err)
{
	struct rows_table *tables =
	    reallocarray(p->tables, p->ntables + 1, sizeof(*tables));
	enum vl_status st = VL_OK;

	if (tables == NULL)
		return vl_fail_memory(err);
	p->tables = tables;
	tables[p->ntables] = (struct rows_table){ 0 };
	st = read_table(&tables[p->ntables], schema, err);
	p->ntables++;
	if (st == VL_OK)
		st = read_entries(&tables[p->ntables - 1], p, opts, err);
	if (st == VL_OK)
		st = rows_refer_last(p, opts, err);
	if (st == VL_OK)
		st = rows_derived_check(
		    p, &p->tables[p->ntables - 1], opts, err);
	if (st == VL_OK)
		st = rows_said_plan(p, opts, p->ntables - 1, err);
	return st == VL_OK ? rows_match_check(p, opts, p->ntables - 1, err) :
	                     st;
}

/* The tables that were made, as they stand in the plan before this one. */
static enum vl_status
add_made(
    struct rows_plan *p, const struct vl_rows_opts *opts, struct vl_err *err)
{
	const struct vl_table *t = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = p->nsorted;
	     st == VL_OK && p->like != NULL && i < p->like->ntables; i++) {
		t = vl_db_table(opts->db, p->like->tables[i].schema->name);
		if (t != NULL)
			st = rows_plan_extend(p, opts, t, err);
	}
	return st;
}

static bool
was_made(const struct rows_plan *p, const struct vl_table *t)
{
	size_t i = 0;

	if (p->like == NULL)
		return false;
	for (i = p->like->nsorted; i < p->like->ntables; i++)
		if (strcmp(p->like->tables[i].schema->name, t->name) == 0)
			return true;
	return false;
}

enum vl_status
rows_plan_make(
    struct rows_plan *p, const struct vl_rows_opts *opts, struct vl_err *err)
{
	const struct vl_schema *schema = vl_db_schema(opts->db);
	enum vl_status st = VL_OK;
	size_t i = 0;

	p->resource = opts->resource;
	if (opts->profile != NULL)
		p->words = vl_profile_resource(opts->profile, opts->resource);
	p->tables = calloc(schema->ntables + 1, sizeof(*p->tables));
	if (p->tables == NULL)
		return vl_fail_memory(err);
	for (i = 0; st == VL_OK && i < schema->ntables; i++)
		if (!was_made(p, &schema->tables[i]))
			st = read_table(
			    &p->tables[p->ntables++], &schema->tables[i], err);
	p->nsorted = p->ntables;
	if (st == VL_OK)
		st = check_names(p, opts, err);
	for (i = 0; st == VL_OK && i < p->ntables; i++)
		st = read_entries(&p->tables[i], p, opts, err);
	if (st == VL_OK)
		st = rows_names_check(p, opts, err);
	if (st == VL_OK)
		st = rows_secret_plan(p, opts, err);
	if (st == VL_OK)
		st = rows_leak_plan(p, opts, err);
	if (st == VL_OK)
		st = rows_refer(p, opts, err);
	if (st == VL_OK)
		st = rows_owners_check(p, opts, err);
	for (i = 0; st == VL_OK && i < p->ntables; i++)
		st = rows_derived_check(p, &p->tables[i], opts, err);
	if (st == VL_OK)
		st = rows_owned_plan(p, opts, err);
	if (st == VL_OK)
		st = rows_said_plan(p, opts, 0, err);
	for (i = 0; st == VL_OK && i < p->ntables; i++)
		st = rows_match_check(p, opts, i, err);
	if (st == VL_OK)
		st = add_made(p, opts, err);
	if (st == VL_OK)
		st = rows_order(p, opts, err);
	return st;
}

void
rows_ref_free(struct rows_ref *ref)
{
	vl_finder_free(ref->finder);
	vl_finder_free(ref->early);
	if (ref->by != NULL) {
		free(ref->by->values);
		free(ref->by->steps);
	}
	free(ref->by);
}

static void
free_table(struct rows_table *t)
{
	size_t i = 0;
	size_t k = 0;

	for (i = 0; t->columns != NULL && i < t->schema->ncolumns; i++) {
		for (k = 0; k < t->columns[i].nrefs; k++)
			rows_ref_free(&t->columns[i].refs[k]);
		free(t->columns[i].refs);
		free(t->columns[i].heres);
	}
	vl_finder_free(t->json);
	vl_finder_free(t->php);
	for (i = 0; i < t->nentries; i++) {
		free(t->entries[i].key);
		free(t->entries[i].ofs);
		free(t->entries[i].owners);
		free(t->entries[i].ordinal);
	}
	rows_owned_plan_free(t);
	free(t->keeps);
	free(t->made);
	free(t->entries);
	free(t->columns);
	free(t->conditions);
}

void
rows_plan_free(struct rows_plan *p)
{
	size_t i = 0;

	rows_map_free(p);
	rows_secret_free(p);
	rows_leak_free(p);
	for (i = 0; i < p->ntables; i++)
		free_table(&p->tables[i]);
	free(p->tables);
	free(p->order);
	free(p->lines);
	*p = (struct rows_plan){ 0 };
}
