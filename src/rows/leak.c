/*
 * Secrets that stand in clear where nobody declared them (formats/profile.md,
 * "Secrets"): looked for in every value that travels, and what `leaks` says of
 * the column.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/check.h>
#include <valise/text.h>

#include "clue.h"
#include "secret.h"

#define NAME_MAX 64

/* A line of `leaks` about one column. */
struct rows_leak {
	const struct vl_leak *words;
	size_t table;
	size_t column;
	size_t condition;
};

/* A column in which some were found, of which nobody says what becomes. */
struct leaking {
	size_t table;
	size_t column;
	uint64_t n; /* values */
	const char *of;
	struct vl_buf key; /* of the first row */
};

struct rows_leaking {
	struct leaking *list;
	size_t n;
};

static enum vl_status
add_leak(struct rows_plan *p, const struct vl_rows_opts *opts,
    const struct vl_leak *w, size_t table, size_t column, struct vl_err *err)
{
	struct rows_table *t = &p->tables[table];
	struct rows_leak *grown =
	    reallocarray(p->leaks, p->nleaks + 1, sizeof(*grown));
	struct rows_leak *leak = NULL;
	enum vl_status st = VL_OK;

	if (grown == NULL)
		return vl_fail_memory(err);
	p->leaks = grown;
	leak = &grown[p->nleaks];
	*leak =
	    (struct rows_leak){ .words = w, .table = table, .column = column };
	st = rows_plan_condition(t, opts->db, w->where, &leak->condition, err);
	if (st != VL_OK)
		return rows_plan_fail(opts, ROWS_AT(w), err,
		    "'leaks': column '%s': %s", w->of, err->text);
	p->nleaks++;
	if (w->what != VL_LEAK_SLOT || opts->secrets == NULL)
		return VL_OK;
	t->columns[column].leaky = true;
	return rows_secret_leak(p, table, column, err);
}

static enum vl_status
plan_line(struct rows_plan *p, const struct vl_rows_opts *opts,
    const struct vl_leak *w, struct vl_err *err)
{
	char name[VL_TABLE_NAME_MAX + VL_COLUMN_MAX + 2];
	enum vl_status st = VL_OK;
	bool any = false;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; st == VL_OK && i < p->ntables; i++)
		for (k = 0; st == VL_OK && k < p->tables[i].schema->ncolumns;
		     k++) {
			(void)snprintf(name, sizeof(name), "%s.%s",
			    p->tables[i].schema->name,
			    p->tables[i].schema->columns[k].name);
			if (!rows_names_column(&w->of, 1, name, false) &&
			    !rows_names_column(&w->of, 1, name, true))
				continue;
			any = true;
			if (p->tables[i].columns[k].secret)
				continue;
			st = add_leak(p, opts, w, i, k, err);
		}
	return st != VL_OK || any || p->lenient ?
	    st :
	    rows_plan_fail(opts, ROWS_AT(w), err,
	        "'leaks': there is no column '%s'", w->of);
}

enum vl_status
rows_leak_plan(
    struct rows_plan *p, const struct vl_rows_opts *opts, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	p->leaking = calloc(1, sizeof(*p->leaking));
	if (p->leaking == NULL)
		return vl_fail_memory(err);
	for (i = 0; st == VL_OK && p->words != NULL && i < p->words->nleaks;
	     i++) {
		st = plan_line(p, opts, &p->words->leaks[i], err);
		if (st != VL_OK && rows_heard(p, NULL, NULL, err))
			st = VL_OK;
	}
	return st;
}

void
rows_leak_free(struct rows_plan *p)
{
	size_t i = 0;

	for (i = 0; p->leaking != NULL && i < p->leaking->n; i++)
		vl_buf_free(&p->leaking->list[i].key);
	if (p->leaking != NULL)
		free(p->leaking->list);
	free(p->leaking);
	free(p->leaks);
}

/* ---- What is looked for ---- */

bool
vl_rows_secret_text(struct vl_slice name, struct vl_slice value)
{
	char text[NAME_MAX];

	(void)snprintf(text, sizeof(text), "%.*s",
	    (int)(name.n < NAME_MAX ? name.n : NAME_MAX - 1),
	    name.p == NULL ? "" : (const char *)name.p);
	return vl_rows_secret_name(text) || clue_known_secret(value);
}

enum vl_status
rows_leak_learn(
    const struct rows_plan *p, const struct rows_secret *s, struct vl_err *err)
{
	const struct vl_needle_words words = {
		.search = (const char *const *)s->words->search,
		.nsearch = s->words->nsearch,
		.suspect = vl_rows_secret_text
	};
	const struct vl_slice plain = vl_locked_slice(&s->plain);

	return s->words->plain == VL_PLAIN_JSON ?
	    vl_needles_add_json(p->needles, &words, plain, s->words->of, err) :
	    vl_needles_add(p->needles, plain, s->words->of, err);
}

/* ---- What is found ---- */

static const struct rows_leak *
line_about(const struct rows_reader *rd, size_t column)
{
	const struct rows_leak *leak = rd->plan->leaks;

	for (; leak < rd->plan->leaks + rd->plan->nleaks; leak++)
		if (leak->table == rd->table && leak->column == column &&
		    rows_reader_holds(rd, leak->condition))
			return leak;
	return NULL;
}

enum vl_status
rows_leak_note(const struct rows_reader *rd, size_t column, const char *of,
    struct vl_err *err)
{
	struct rows_leaking *l = rd->plan->leaking;
	struct leaking *grown = NULL;
	size_t i = 0;

	for (i = 0; i < l->n; i++)
		if (l->list[i].table == rd->table &&
		    l->list[i].column == column) {
			l->list[i].n++;
			return VL_OK;
		}
	grown = reallocarray(l->list, l->n + 1, sizeof(*grown));
	if (grown == NULL)
		return vl_fail_memory(err);
	l->list = grown;
	grown[l->n] = (struct leaking){
		.table = rd->table, .column = column, .n = 1, .of = of
	};
	return vl_buf_add(&grown[l->n++].key, rd->key, err);
}

bool
rows_leak_any(const struct rows_reader *rd, const struct vl_cell *cell)
{
	struct vl_needle_found found = { 0 };

	return rd->plan->needles != NULL && cell->type >= VL_CELL_TEXT &&
	    vl_needles_find(rd->plan->needles, cell->bytes, 0, &found);
}

bool
rows_leak_next(const struct rows_reader *rd, size_t column,
    struct vl_slice bytes, size_t from, struct rows_leak_found *found)
{
	const struct rows_leak *leak = line_about(rd, column);
	struct vl_needle_found needle = { 0 };

	if (rd->plan->needles == NULL ||
	    (leak != NULL && leak->words->what == VL_LEAK_ALLOW) ||
	    !vl_needles_find(rd->plan->needles, bytes, from, &needle))
		return false;
	*found = (struct rows_leak_found){ .at = needle.at,
		.n = needle.n,
		.of = needle.of,
		.decided = leak != NULL,
		.slot = leak != NULL && leak->words->what == VL_LEAK_SLOT };
	return true;
}

uint64_t
rows_leak_tell(const struct rows_plan *p, size_t table,
    const struct vl_rows_report *report)
{
	const struct leaking *l = p->leaking->list;
	char shown[256];
	char count[40];
	char text[1024];
	uint64_t n = 0;

	for (; l < p->leaking->list + p->leaking->n; l++) {
		if (l->table != table)
			continue;
		n++;
		(void)snprintf(text, sizeof(text),
		    "column '%s.%s': %s in clear what '%s' keeps secret, the "
		    "first in %s: declare it under 'secrets', skip it, or say "
		    "'leaks: [{column: %s.%s, do: slot}]' (or blank, or allow)",
		    p->tables[table].schema->name,
		    p->tables[table].schema->columns[l->column].name,
		    vl_format_counted(
		        count, sizeof(count), l->n, "value has", "values have"),
		    l->of,
		    vl_escape_text(shown, sizeof(shown), vl_buf_slice(&l->key)),
		    p->tables[table].schema->name,
		    p->tables[table].schema->columns[l->column].name);
		if (report->note != NULL)
			report->note(report->arg, text);
	}
	return n;
}
