/* What lines of a profile name without a star is there. */

#include <stdio.h>
#include <string.h>

#include "plan.h"

#define NAME_MAX_SHOWN 512

bool
rows_names_any(const struct rows_plan *p, char *const *pattern)
{
	char name[NAME_MAX_SHOWN];
	const struct vl_table *t = NULL;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < p->ntables; i++) {
		t = p->tables[i].schema;
		for (k = 0; k < t->ncolumns; k++) {
			(void)snprintf(name, sizeof(name), "%s.%s", t->name,
			    t->columns[k].name);
			if (rows_names_column(pattern, 1, name, true) ||
			    rows_names_column(pattern, 1, name, false))
				return true;
		}
	}
	return false;
}

static enum vl_status
check_references(const struct rows_plan *p, const struct vl_rows_opts *opts,
    struct vl_err *err)
{
	const struct vl_reference *w = NULL;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < p->words->nreferences; i++) {
		w = &p->words->references[i];
		for (k = 0; k < w->nfrom; k++)
			if (strpbrk(w->from[k], "*{") == NULL &&
			    !rows_names_any(p, &w->from[k]))
				return rows_plan_fail(opts, w->from_at[k], err,
				    "'from': there is no column '%s'",
				    w->from[k]);
	}
	return VL_OK;
}

static enum vl_status
check_not_references(const struct rows_plan *p, const struct vl_rows_opts *opts,
    struct vl_err *err)
{
	const struct vl_profile_resource *w = p->words;
	size_t i = 0;

	for (i = 0; i < w->nnot_reference; i++)
		if (strpbrk(w->not_reference[i], "*{") == NULL &&
		    !rows_names_any(p, &w->not_reference[i]))
			return rows_plan_fail(opts, w->not_reference_at[i], err,
			    "'not_reference': there is no column '%s'",
			    w->not_reference[i]);
	return VL_OK;
}

enum vl_status
rows_owners_check(const struct rows_plan *p, const struct vl_rows_opts *opts,
    struct vl_err *err)
{
	const struct rows_table *t = NULL;
	const struct rows_entry *e = NULL;
	size_t i = 0;
	size_t k = 0;

	/* A check tells it of the rows; foreign keys may be the source's. */
	if (p->ear != NULL || p->lenient)
		return VL_OK;
	for (t = p->tables; t < p->tables + p->ntables; t++)
		for (i = 0; i < t->nentries; i++) {
			e = &t->entries[i];
			for (k = 0; k < e->nowners; k++)
				if (t->columns[e->owners[k]].nrefs == 0)
					return rows_plan_fail(opts,
					    e->words->owned_by_at[k], err,
					    "'owned_by: %s' of table '%s' is "
					    "no reference to a row",
					    t->schema->columns[e->owners[k]]
					        .name,
					    t->schema->name);
		}
	return VL_OK;
}

enum vl_status
rows_names_columns(const struct rows_table *t, const struct vl_rows_opts *opts,
    const struct rows_named *w, struct vl_err *err)
{
	size_t i = 0;

	for (i = 0; i < w->n; i++)
		if (vl_table_column(t->schema, w->columns[i]) == NONE)
			return rows_plan_fail(opts, w->at[i], err,
			    "'%s': table '%s' has no column '%s'", w->word,
			    t->schema->name, w->columns[i]);
	return VL_OK;
}

static enum vl_status
check_heres(const struct rows_plan *p, const struct vl_rows_opts *opts,
    struct vl_err *err)
{
	const struct vl_here *w = NULL;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < p->words->nhere; i++) {
		w = &p->words->here[i];
		for (k = 0; k < w->nin; k++)
			if (strpbrk(w->in[k], "*{") == NULL &&
			    !rows_names_any(p, &w->in[k]))
				return rows_plan_fail(opts, w->in_at[k], err,
				    "'here': there is no column '%s'",
				    w->in[k]);
	}
	return VL_OK;
}

/* A name that is mistyped would keep nothing. */
static enum vl_status
check_keeps(const struct rows_plan *p, const struct vl_rows_opts *opts,
    struct vl_err *err)
{
	const struct vl_keep_rows *keep = NULL;
	const struct vl_table_words *w = NULL;
	enum vl_status st = VL_OK;
	size_t table = NONE;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; st == VL_OK && i < p->words->nkeep_here; i++) {
		keep = &p->words->keep_here[i];
		table = rows_plan_table(p, vl_slice_of(keep->table));
		st = table == NONE ?
		    rows_plan_fail(opts, ROWS_AT(keep), err,
		        "'keep_here': there is no table '%s'", keep->table) :
		    rows_names_columns(&p->tables[table], opts,
		        &(struct rows_named){ "keep_here", keep->columns,
		            keep->columns_at, keep->ncolumns },
		        err);
	}
	for (i = 0; st == VL_OK && i < p->ntables; i++)
		for (k = 0; st == VL_OK && k < p->tables[i].nentries; k++) {
			w = p->tables[i].entries[k].words;
			if (w != NULL)
				st = rows_names_columns(&p->tables[i], opts,
				    &(struct rows_named){ "keep_here",
				        w->keep_here, w->keep_here_at,
				        w->nkeep_here },
				    err);
		}
	return st;
}

enum vl_status
rows_names_check(const struct rows_plan *p, const struct vl_rows_opts *opts,
    struct vl_err *err)
{
	enum vl_status st = rows_rewrite_check(p, opts, err);

	if (st != VL_OK)
		return st;
	/* check.c tells all of it; what a bundle brought is its source's. */
	if (p->words == NULL || p->ear != NULL || opts->profile->file == NULL)
		return VL_OK;
	/* The target's tables may be of a later version. */
	if (!p->lenient)
		st = check_references(p, opts, err);
	if (st == VL_OK && !p->lenient)
		st = check_not_references(p, opts, err);
	if (st == VL_OK && !p->lenient)
		st = check_heres(p, opts, err);
	return st == VL_OK ? check_keeps(p, opts, err) : st;
}
