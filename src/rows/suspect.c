/*
 * An export goes over each text once more, for what looks like a secret.  Most
 * texts have none of the words in them that secrets are called by, and none of
 * the beginnings that they have: those are not looked into.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/check.h>
#include <valise/text.h>

#include "secret.h"
#include "suspect.h"

#define PATH_SHOWN 512
#define SHORTEST   8 /* bytes of what may be a secret */

struct suspect_column {
	bool looked_at;
	bool named; /* as secrets are */
	size_t row; /* the column that names its values; or NONE */
};

struct rows_suspects {
	struct rows_plan *plan;
	struct clues *clues;
	size_t *not_secret;
	struct vl_places covered;
	struct clue_words words;
	/* Of the table that is read: what of its columns does not change. */
	const struct rows_table *of;
	struct suspect_column *columns;
	/* While a table is told. */
	const struct vl_rows_report *report;
	const struct vl_table *t;
	uint64_t told;
};

/* ---- What lines speak of ---- */

enum vl_status
rows_not_secret_plan(size_t **list, size_t *at, struct rows_plan *p,
    struct vl_db *db, struct vl_err *err)
{
	const size_t n = p->words == NULL ? 0 : p->words->nnot_secret;
	const struct vl_not_secret *w = NULL;
	struct vl_slice table = { 0 };
	struct vl_slice column = { 0 };
	enum vl_status st = VL_OK;
	size_t t = NONE;

	if (*list == NULL) {
		*list = calloc(n + 1, sizeof(**list));
		if (*list == NULL)
			return vl_fail_memory(err);
		for (*at = 0; *at < n; ++*at)
			(*list)[*at] = NONE;
		*at = 0;
	}
	for (; *at < n; ++*at) {
		w = &p->words->not_secret[*at];
		(void)vl_profile_split(w->of, &table, &column);
		t = rows_plan_table(p, table);
		if (w->where == NULL || t == NONE)
			continue;
		st = rows_plan_condition(
		    &p->tables[t], db, w->where, &(*list)[*at], err);
		if (st != VL_OK)
			return st;
	}
	return VL_OK;
}

bool
rows_lists(char *const *list, size_t n, const char *name)
{
	size_t i = 0;

	for (i = 0; i < n; i++)
		if (strcmp(list[i], name) == 0)
			return true;
	return false;
}

bool
rows_is_kept(const struct rows_reader *rd, const char *column)
{
	const struct rows_entry *e = &rd->t->entries[rd->entry];
	const struct rows_keep *k = NULL;
	size_t i = 0;

	if (e->words != NULL &&
	    rows_lists(e->words->keep_here, e->words->nkeep_here, column))
		return true;
	for (i = 0; i < rd->t->nkeeps; i++) {
		k = &rd->t->keeps[i];
		if ((k->words->ncolumns == 0 ||
		        rows_lists(
		            k->words->columns, k->words->ncolumns, column)) &&
		    rows_reader_holds(rd, k->condition))
			return true;
	}
	return false;
}

static bool
names(char *const *pattern, const char *path)
{
	return rows_names_column(pattern, 1, path, false) ||
	    rows_names_column(pattern, 1, path, true);
}

static bool
is_decided(
    const struct rows_reader *rd, size_t column, const size_t *not_secret)
{
	const struct vl_profile_resource *w = rd->plan->words;
	char path[PATH_SHOWN];
	size_t i = 0;

	if (w == NULL || w->nnot_secret == 0)
		return false;
	(void)snprintf(path, sizeof(path), "%s.%s", rd->t->schema->name,
	    rd->t->schema->columns[column].name);
	for (i = 0; i < w->nnot_secret; i++)
		if (names(&w->not_secret[i].of, path) &&
		    (not_secret[i] == NONE ?
		            w->not_secret[i].where == NULL :
		            rows_reader_holds(rd, not_secret[i])))
			return true;
	return false;
}

/* Places that entries of `secrets` find; a value that cannot be read has none.
 */
static void
cover(const struct rows_reader *rd, size_t column, struct vl_places *covered)
{
	const struct vl_cell *cell = rows_reader_cell(rd, column);
	const struct rows_secret *s = rd->plan->secrets;

	for (; s < rd->plan->secrets + rd->plan->nsecrets; s++)
		if (s->table == rd->table && s->column == column &&
		    s->finder != NULL && rows_secret_holds(rd, s))
			(void)vl_finder_find(
			    s->finder, cell->bytes, covered, NULL);
}

bool
rows_may_be_secret(const struct rows_reader *rd, size_t column,
    const size_t *not_secret, struct vl_places *covered)
{
	if (rows_secret_for(rd, column) != NULL ||
	    rows_is_kept(rd, rd->t->schema->columns[column].name) ||
	    is_decided(rd, column, not_secret))
		return false;
	if (rd->t->columns[column].secret_inside)
		cover(rd, column, covered);
	return true;
}

/* ---- An export ---- */

enum vl_status
rows_suspects_open(struct rows_suspects **out, struct rows_plan *p,
    const struct vl_rows_opts *opts, struct vl_err *err)
{
	struct rows_suspects *s = calloc(1, sizeof(*s));
	enum vl_status st = VL_OK;
	size_t at = 0;

	*out = s;
	if (s == NULL)
		return vl_fail_memory(err);
	s->plan = p;
	clue_words_make(&s->words);
	st = rows_not_secret_plan(&s->not_secret, &at, p, opts->db, err);
	if (st == VL_OK)
		st = clues_open(&s->clues, 0, err);
	if (st == VL_OK && opts->profile != NULL) {
		s->clues->ciphers = opts->profile->ciphers;
		s->clues->nciphers = opts->profile->nciphers;
	}
	return st;
}

void
rows_suspects_free(struct rows_suspects *s)
{
	if (s == NULL)
		return;
	clues_free(s->clues);
	vl_places_free(&s->covered);
	free(s->not_secret);
	free(s->columns);
	free(s);
}

/* Members may have the form of a cipher that no word above begins. */
static bool
has_member(const struct rows_suspects *s, struct vl_slice text)
{
	const bool inside = *text.p == '{' || *text.p == '[' ||
	    (text.n > 1 && text.p[0] == 'a' && text.p[1] == ':');

	return inside &&
	    (s->clues->nciphers > 0 || memchr(text.p, '|', text.n) != NULL);
}

/* Something in it, or what it is called, says that it may be one. */
static bool
is_worth_it(const struct rows_suspects *s, const struct clue_text *text)
{
	char row[CLUE_NAME_MAX];

	if (text->row.n > 0 && text->row.n < sizeof(row)) {
		memcpy(row, text->row.p, text->row.n);
		row[text->row.n] = '\0';
		if (vl_rows_secret_name(row))
			return true;
	}
	/* The words begin with those that clue_known_secret() knows. */
	return s->columns[text->column].named ||
	    clue_cipher(s->clues, text->text) != NULL ||
	    has_member(s, text->text) || clue_words_any(&s->words, text->text);
}

static enum vl_status
begin_table(
    struct rows_suspects *s, const struct rows_table *t, struct vl_err *err)
{
	const size_t n = t->schema->ncolumns;
	struct suspect_column *c = NULL;
	size_t i = 0;

	free(s->columns);
	s->of = NULL;
	s->columns = calloc(n + 1, sizeof(*s->columns));
	if (s->columns == NULL)
		return vl_fail_memory(err);
	for (i = 0; i < n; i++) {
		c = &s->columns[i];
		c->looked_at = rows_in_line(t, i) && i != t->primary;
		c->named = vl_rows_secret_name(t->schema->columns[i].name);
		c->row = rows_value_name(t->schema, i);
	}
	s->of = t;
	return VL_OK;
}

static enum vl_status
read_column(struct rows_suspects *s, const struct rows_reader *rd,
    size_t column, struct vl_err *err)
{
	const struct vl_cell *cell = rows_reader_cell(rd, column);
	const struct vl_cell *row = NULL;
	struct clue_text text = { .column = column,
		.row_column = s->columns[column].row,
		.name = rd->t->schema->columns[column].name,
		.text = cell->bytes,
		.may_be_secret = true };

	if (cell->type != VL_CELL_TEXT || cell->bytes.n < SHORTEST ||
	    rows_whole(rd, column) != NULL ||
	    rows_secret_for(rd, column) != NULL)
		return VL_OK;
	if (text.row_column != NONE) {
		row = rows_reader_cell(rd, text.row_column);
		if (row->type == VL_CELL_TEXT)
			text.row = row->bytes;
	}
	s->covered.n = 0;
	s->covered.ncounted = 0;
	if (!is_worth_it(s, &text) ||
	    !rows_may_be_secret(rd, column, s->not_secret, &s->covered))
		return VL_OK;
	text.covered = s->covered.list;
	text.ncovered = s->covered.n;
	return clues_read(s->clues, &text, err);
}

enum vl_status
rows_suspects_read(
    struct rows_suspects *s, const struct rows_reader *rd, struct vl_err *err)
{
	enum vl_status st = s->of == rd->t ? VL_OK : begin_table(s, rd->t, err);
	size_t i = 0;

	for (i = 0; st == VL_OK && i < rd->t->schema->ncolumns; i++)
		if (s->columns[i].looked_at)
			st = read_column(s, rd, i, err);
	return st;
}

static void
tell(void *arg, const struct clue_said *said)
{
	struct rows_suspects *s = arg;
	struct vl_buf text = { 0 };
	struct vl_err err = { 0 };
	enum vl_status st = VL_OK;

	if (!said->secret)
		return;
	s->told++;
	if (s->report == NULL || s->report->note == NULL)
		return;
	st = vl_buf_printf(&text, &err, "'%s.%s': %s%s%s%c", s->t->name,
	    s->t->columns[said->column].name, said->text,
	    said->line == NULL ? "" : ": ",
	    said->line == NULL ? "" : said->line, 0);
	if (st == VL_OK)
		s->report->note(s->report->arg, (const char *)text.p);
	vl_buf_free(&text);
}

uint64_t
rows_suspects_tell(
    struct rows_suspects *s, size_t table, const struct vl_rows_report *report)
{
	s->t = s->plan->tables[table].schema;
	s->report = report;
	s->told = 0;
	clues_tell(s->clues, s->t, tell, s);
	clues_next_table(s->clues);
	return s->told;
}
