/*
 * Schema and profile brought together, table by table.  A name that is not
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
		st = rows_entries_read(&tables[p->ntables - 1], p, opts, err);
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
		st = rows_entries_read(&p->tables[i], p, opts, err);
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
