/*
 * Values that differ from side to side: which columns hold them, and what they
 * are here and at the source (formats/profile.md, "Values that differ from
 * side to side").
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "here.h"

#define NAME_MAX_SHOWN 512

/* Those lines of a profile that are about this resource. */
static const struct vl_here *
find_words(const struct vl_profile *p, const char *resource, const char *name)
{
	const struct vl_profile_resource *r = NULL;
	size_t i = 0;

	if (p != NULL)
		r = vl_profile_resource(p, resource);
	for (i = 0; r != NULL && i < r->nhere; i++)
		if (strcmp(r->here[i].name, name) == 0 &&
		    r->here[i].value != NULL)
			return &r->here[i];
	return NULL;
}

const char *
rows_here_value(const struct vl_rows_opts *opts, const char *name)
{
	const struct vl_here *w = NULL;
	size_t i = 0;

	for (i = 0; i < opts->nhere; i++)
		if (strcmp(opts->here[i].from, name) == 0)
			return opts->here[i].to;
	/* What a bundle brought is the source's. */
	if (opts->profile == opts->there)
		return NULL;
	w = find_words(opts->profile, opts->resource, name);
	return w == NULL ? NULL : w->value;
}

static enum vl_status
find_values(struct rows_here *h, const struct vl_here *w,
    const struct vl_rows_opts *opts, struct vl_err *err)
{
	const char *here = rows_here_value(opts, w->name);
	const struct vl_here *there = NULL;

	if (here == NULL)
		return rows_plan_fail(opts, ROWS_AT(w), err,
		    "the site file does not say what '%s' is here: add "
		    "'here: {%s: ...}' to it",
		    w->name, w->name);
	h->here = vl_slice_of(here);
	if (opts->there == NULL)
		return VL_OK;
	there = find_words(opts->there, opts->resource, w->name);
	if (there == NULL)
		return vl_fail(err, VL_EFORMAT,
		    "the bundle does not say what '%s' is at the source",
		    w->name);
	h->there = vl_slice_of(there->value);
	return VL_OK;
}

/* One more of the column, in the rows that `where` fits. */
static enum vl_status
add_here(struct rows_table *t, size_t column, const struct vl_rows_opts *opts,
    const char *where, struct vl_err *err)
{
	const struct vl_finder_words json = { .json = "$" };
	const struct vl_finder_words php = { .php = "$" };
	struct rows_column *c = &t->columns[column];
	struct rows_here *grown =
	    reallocarray(c->heres, c->nheres + 1, sizeof(*grown));
	enum vl_status st = VL_OK;

	if (grown == NULL)
		return vl_fail_memory(err);
	c->heres = grown;
	grown[c->nheres] = (struct rows_here){ .condition = NONE };
	st = rows_plan_condition(
	    t, opts->db, where, &grown[c->nheres].condition, err);
	if (st == VL_OK && t->json == NULL)
		st = vl_finder_new(&t->json, &json, err);
	if (st == VL_OK && t->php == NULL)
		st = vl_finder_new(&t->php, &php, err);
	c->nheres += st == VL_OK;
	return st;
}

static enum vl_status
add_line(struct rows_table *t, size_t column, const struct vl_rows_opts *opts,
    const struct vl_here *w, struct vl_err *err)
{
	struct rows_here values = { 0 };
	struct rows_here *h = NULL;
	enum vl_status st = VL_OK;

	if (t->of != NONE)
		return rows_plan_fail(opts, ROWS_AT(w), err,
		    "'here' is not for tables whose name holds an id");
	st = find_values(&values, w, opts, err);
	if (st != VL_OK)
		return st;
	st = add_here(t, column, opts, w->where, err);
	if (st == VL_EUSAGE)
		return rows_plan_fail(
		    opts, ROWS_AT(w), err, "'here': %s", err->text);
	if (st != VL_OK)
		return st;
	h = &t->columns[column].heres[t->columns[column].nheres - 1];
	h->here = values.here;
	h->there = values.there;
	return VL_OK;
}

/* "site.yaml:7:3: 'rewrite': " before what is wrong with an entry. */
static enum vl_status
rewrite_fails(const struct vl_rows_opts *opts, const struct vl_rewrite_rows *w,
    const char *why, struct vl_err *err)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "%.*s", (int)sizeof(text) - 1, why);
	return vl_fail(err, VL_EUSAGE, "%s:%u:%u: 'rewrite': %s",
	    opts->site_file, w->line, w->column, text);
}

static enum vl_status
add_rewrite(struct rows_table *t, size_t column,
    const struct vl_rows_opts *opts, const struct vl_rewrite_rows *w,
    struct vl_err *err)
{
	struct rows_here *h = NULL;
	enum vl_status st = VL_OK;

	if (t->of != NONE)
		return rewrite_fails(opts, w,
		    "it is not for tables whose name holds an id", err);
	st = add_here(t, column, opts, w->where, err);
	if (st == VL_EUSAGE)
		return rewrite_fails(opts, w, err->text, err);
	if (st != VL_OK)
		return st;
	h = &t->columns[column].heres[t->columns[column].nheres - 1];
	h->there = vl_slice_of(w->from);
	h->here = vl_slice_of(w->to);
	return VL_OK;
}

static bool
names(char *const *list, size_t n, const char *name)
{
	return rows_names_column(list, n, name, false) ||
	    rows_names_column(list, n, name, true);
}

static enum vl_status
look_at_column(struct rows_plan *p, struct rows_table *t, size_t column,
    const struct vl_rows_opts *opts, struct vl_err *err)
{
	const size_t n = p->words == NULL ? 0 : p->words->nhere;
	const struct vl_rewrite_rows *r = NULL;
	const struct vl_here *w = NULL;
	enum vl_status st = VL_OK;
	char name[NAME_MAX_SHOWN];
	size_t i = 0;

	(void)snprintf(name, sizeof(name), "%s.%s", t->schema->name,
	    t->schema->columns[column].name);
	for (i = 0; st == VL_OK && i < n; i++) {
		w = &p->words->here[i];
		if (!names(w->in, w->nin, name))
			continue;
		st = add_line(t, column, opts, w, err);
		if (st != VL_OK && rows_heard(p, t, NULL, err))
			st = VL_OK;
	}
	for (i = 0; st == VL_OK && i < opts->nrewrite; i++) {
		r = &opts->rewrite[i];
		if (strcmp(r->resource, opts->resource) != 0 ||
		    !names(r->columns, r->ncolumns, name))
			continue;
		st = add_rewrite(t, column, opts, r, err);
		if (st != VL_OK && rows_heard(p, t, NULL, err))
			st = VL_OK;
	}
	return st;
}

enum vl_status
rows_here_plan(struct rows_plan *p, struct rows_table *t,
    const struct vl_rows_opts *opts, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (((p->words == NULL || p->words->nhere == 0) &&
	        opts->nrewrite == 0) ||
	    rows_table_skipped(t))
		return VL_OK;
	for (i = 0; st == VL_OK && i < t->schema->ncolumns; i++)
		if (rows_in_line(t, i))
			st = look_at_column(p, t, i, opts, err);
	return st;
}

/* A column that is mistyped would be rewritten nowhere. */
enum vl_status
rows_rewrite_check(const struct rows_plan *p, const struct vl_rows_opts *opts,
    struct vl_err *err)
{
	const struct vl_rewrite_rows *w = NULL;
	char text[NAME_MAX_SHOWN];
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < opts->nrewrite; i++) {
		w = &opts->rewrite[i];
		for (k = 0; k < w->ncolumns &&
		     strcmp(w->resource, opts->resource) == 0;
		     k++) {
			if (rows_names_any(p, &w->columns[k]))
				continue;
			(void)snprintf(text, sizeof(text),
			    "there is no column '%s'", w->columns[k]);
			return rewrite_fails(opts, w, text, err);
		}
	}
	return VL_OK;
}

bool
rows_here_any(const struct rows_table *t)
{
	return t->json != NULL;
}

size_t
rows_here_swaps(const struct rows_column *c, const struct rows_here_row *row,
    enum rows_here_way way, struct rows_swap *list)
{
	const struct rows_here *h = NULL;
	size_t n = 0;
	size_t i = 0;

	for (i = 0; i < c->nheres; i++) {
		h = &c->heres[i];
		if (h->there.n == 0 || vl_slice_equal(h->here, h->there))
			continue;
		if (row->rd != NULL ?
		        !rows_reader_holds(row->rd, h->condition) :
		        h->condition != NONE && !row->holds[h->condition])
			continue;
		list[n++] = way == ROWS_TO_HERE ?
		    (struct rows_swap){ h->there, h->here } :
		    (struct rows_swap){ h->here, h->there };
	}
	return n;
}

bool
rows_here_json(const struct rows_table *t, struct vl_slice text)
{
	struct vl_places places = { 0 };
	struct vl_err ignored = { 0 };
	enum vl_status st = VL_EFORMAT;
	size_t i = 0;

	while (i < text.n && strchr(" \t\r\n", text.p[i]) != NULL &&
	    text.p[i] != '\0')
		i++;
	if (i < text.n && text.p[i] != '\0' &&
	    strchr("{[\"", text.p[i]) != NULL)
		st = vl_finder_find(t->json, text, &places, &ignored);
	vl_places_free(&places);
	return st == VL_OK;
}

enum vl_status
rows_here_swap_text(const struct rows_table *t, struct vl_slice text,
    const struct rows_here_text *how, struct vl_err *err)
{
	struct rows_swaps with = how->with;

	if (rows_here_php(t, text, how->depth))
		return rows_here_swap_php(t, text, how, err);
	with.json = rows_here_json(t, text);
	return rows_swap(how->edits, text, &with, err);
}

/* The column's text as the source would have it. */
enum vl_status
rows_here_there(const struct rows_reader *rd, size_t column,
    struct vl_buf *text, struct vl_cell *cell, struct vl_err *err)
{
	const struct rows_column *c = &rd->t->columns[column];
	const struct rows_here_row row = { .rd = rd };
	struct rows_swap *list = NULL;
	struct rows_edits edits = { 0 };
	struct rows_here_text how = { .edits = &edits };
	enum vl_status st = VL_OK;
	size_t next = 0;

	*cell = *rows_reader_cell(rd, column);
	if (c->nheres == 0 || cell->type != VL_CELL_TEXT)
		return VL_OK;
	list = calloc(c->nheres, sizeof(*list));
	if (list == NULL)
		return vl_fail_memory(err);
	how.with.list = list;
	how.with.n = rows_here_swaps(c, &row, ROWS_TO_THERE, list);
	vl_buf_clear(text);
	rows_edits_begin(&edits, cell->bytes);
	if (how.with.n > 0)
		st = rows_here_swap_text(rd->t, cell->bytes, &how, err);
	if (st == VL_OK && edits.n > 0)
		st = rows_edits_apply(
		    &edits, 0, cell->bytes.n, &next, text, err);
	if (st == VL_OK && edits.n > 0)
		cell->bytes = vl_buf_slice(text);
	rows_edits_free(&edits);
	free(list);
	return st;
}

/* "{here.NAME}" in a pattern: this side's value, every byte of it meant. */
enum vl_status
rows_here_pattern(struct vl_buf *out, const struct vl_rows_opts *opts,
    const char *pattern, struct vl_err *err)
{
	const char *open = NULL;
	const char *close = NULL;
	const char *value = NULL;
	enum vl_status st = VL_OK;
	char name[NAME_MAX_SHOWN];

	while (st == VL_OK && (open = strstr(pattern, "{here.")) != NULL) {
		close = strchr(open, '}');
		if (close == NULL)
			break;
		(void)snprintf(name, sizeof(name), "%.*s",
		    (int)(close - open - 6), open + 6);
		value = rows_here_value(opts, name);
		if (value == NULL)
			return vl_fail(err, VL_EUSAGE,
			    "the site file does not say what '%s' is here: add "
			    "'here: {%s: ...}' to it",
			    name, name);
		st = vl_buf_add(out,
		    (struct vl_slice){
		        (const uint8_t *)pattern, (size_t)(open - pattern) },
		    err);
		for (; st == VL_OK && *value != '\0'; value++)
			st = vl_buf_printf(out, err, "%s%c",
			    strchr("\\^$.|?*+()[]{}-#/ ", *value) != NULL ?
			        "\\" :
			        "",
			    *value);
		pattern = close + 1;
	}
	if (st == VL_OK)
		st = vl_buf_add_text(out, pattern, err);
	return st == VL_OK ? vl_buf_printf(out, err, "%c", 0) : st;
}
