/* Lines of a profile that speak of nothing here, and tables of which it does
 * not speak. */

#include <string.h>

#include "check.h"

static bool
has_star(const char *text)
{
	return strpbrk(text, "*{") != NULL;
}

static void
look_at_references(struct checking *c)
{
	const struct vl_profile_resource *w = c->r->plan.words;
	const struct vl_reference *ref = NULL;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < w->nreferences; i++) {
		ref = &w->references[i];
		for (k = 0; k < ref->nfrom; k++)
			if (!rows_names_any(&c->r->plan, &ref->from[k]))
				check_find(c,
				    has_star(ref->from[k]) ? VL_CHECK_HINT :
				                             VL_CHECK_WRONG,
				    NULL, NULL,
				    "line %u: there is no column '%s'",
				    ref->from_at[k].line, ref->from[k]);
	}
	for (i = 0; i < w->nnot_reference; i++)
		if (!rows_names_any(&c->r->plan, &w->not_reference[i]))
			check_find(c,
			    has_star(w->not_reference[i]) ? VL_CHECK_HINT :
			                                    VL_CHECK_WRONG,
			    NULL, NULL,
			    "line %u: 'not_reference': there is no column '%s'",
			    w->not_reference_at[i].line, w->not_reference[i]);
}

static void
look_at_heres(struct checking *c)
{
	const struct vl_profile_resource *w = c->r->plan.words;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < w->nhere; i++)
		for (k = 0; k < w->here[i].nin; k++)
			if (!rows_names_any(&c->r->plan, &w->here[i].in[k]))
				check_find(c,
				    has_star(w->here[i].in[k]) ? VL_CHECK_HINT :
				                                 VL_CHECK_WRONG,
				    NULL, NULL,
				    "line %u: 'here': there is no column '%s'",
				    w->here[i].in_at[k].line, w->here[i].in[k]);
}

static void
look_at_columns(struct checking *c, const struct rows_table *t,
    char *const *columns, const struct vl_word_at *at, size_t n)
{
	size_t i = 0;

	for (i = 0; i < n; i++)
		if (vl_table_column(t->schema, columns[i]) == NONE)
			check_find(c, VL_CHECK_WRONG, t, NULL,
			    "line %u: 'keep_here' names no column: '%s'",
			    at[i].line, columns[i]);
}

static void
look_at_keeps(struct checking *c)
{
	const struct vl_profile_resource *w = c->r->plan.words;
	const struct vl_keep_rows *k = NULL;
	const struct rows_entry *e = NULL;
	struct rows_table *t = NULL;
	size_t at = NONE;
	size_t i = 0;
	size_t n = 0;

	for (i = 0; i < w->nkeep_here; i++) {
		k = &w->keep_here[i];
		at = rows_plan_table(&c->r->plan, vl_slice_of(k->table));
		if (at == NONE)
			check_find(c, VL_CHECK_WRONG, NULL, NULL,
			    "line %u: 'keep_here': there is no table '%s'",
			    k->line, k->table);
		else
			look_at_columns(c, &c->r->plan.tables[at], k->columns,
			    k->columns_at, k->ncolumns);
	}
	for (i = 0; i < c->r->plan.ntables; i++) {
		t = &c->r->plan.tables[i];
		for (n = 0; n < t->nentries; n++) {
			e = &t->entries[n];
			if (e->words != NULL)
				look_at_columns(c, t, e->words->keep_here,
				    e->words->keep_here_at,
				    e->words->nkeep_here);
		}
	}
}

/* Names that hold an id and fit no table; tables without an entry. */
static void
look_at_tables(struct checking *c)
{
	const struct rows_plan *p = &c->r->plan;
	const struct vl_table_words *w = NULL;
	const struct rows_table *t = NULL;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < p->words->ntables; i++) {
		w = &p->words->tables[i];
		for (k = 0;
		     k < p->ntables && p->tables[k].entries[0].words != w; k++)
			;
		if (strchr(w->tables[0], '{') != NULL && k == p->ntables)
			check_find(c, VL_CHECK_HINT, NULL, NULL,
			    "line %u: no table is called '%s'", w->line,
			    w->tables[0]);
	}
	for (i = 0; i < p->ntables; i++) {
		t = &p->tables[i];
		if (t->entries[0].words == NULL && !t->unsure)
			check_find(c, VL_CHECK_HINT, t, NULL,
			    "it has no entry in the profile: all its rows "
			    "travel, by a key of the schema");
	}
}

void
check_tell_lines(struct checking *c)
{
	if (c->r->plan.words == NULL)
		return;
	look_at_references(c);
	look_at_heres(c);
	look_at_keeps(c);
	look_at_tables(c);
}
