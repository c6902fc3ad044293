/*
 * Columns that hold secrets (formats/profile.md, "Secrets"): which they are,
 * and their values opened with the master key of this side.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "secret.h"

static enum vl_status
open_vault(
    struct rows_secret *s, const struct vl_rows_opts *opts, struct vl_err *err)
{
	const struct vl_cipher *cipher = NULL;
	struct vl_slice key = { 0 };
	enum vl_status st = opts->secrets->key(
	    opts->secrets->arg, s->words, &cipher, &key, err);

	if (st == VL_OK)
		st = vl_vault_new(&s->vault, cipher, key, err);
	if (st == VL_EUSAGE)
		return rows_plan_fail(opts, ROWS_AT(s->words), err,
		    "'secrets', column '%s': %s", s->words->of, err->text);
	s->in_clear = st == VL_OK && cipher->cipher == VL_CIPHER_PLAIN;
	s->proves = st == VL_OK &&
	    (vl_cipher_proves(cipher) || s->words->plain == VL_PLAIN_JSON ||
	        s->words->plain == VL_PLAIN_PEM);
	return st;
}

/* What names rows is in the clear in every line. */
static const char *
why_not(const struct rows_table *t, size_t column)
{
	const struct rows_entry *e = t->entries;
	size_t i = 0;

	for (; e < t->entries + t->nentries; e++) {
		if (e->multiset && !e->skipped)
			return "rows of this table are known by all they hold: "
			       "give them a 'key'";
		if (rows_in_key(e, column))
			return "it is part of the key of its rows";
		for (i = 0; i < e->nordinal; i++)
			if (e->ordinal[i] == column)
				return "it says the order of its rows";
	}
	return t->columns[column].heres != NULL ? "'here' is about it, too" :
	                                          NULL;
}

/* By a path into the values of the column. */
static enum vl_status
find_inside(
    struct rows_secret *s, const struct vl_rows_opts *opts, struct vl_err *err)
{
	const struct vl_secret_words *w = s->words;
	const struct vl_finder_words words = {
		.json = w->json, .php = w->php, .yaml = w->yaml
	};

	if (w->json == NULL && w->php == NULL && w->yaml == NULL)
		return VL_OK;
	if (vl_finder_new(&s->finder, &words, err) == VL_OK)
		return VL_OK;
	return rows_plan_fail(opts, ROWS_AT(w), err,
	    "'secrets', column '%s': %s", w->of, err->text);
}

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* What is written does not know which of the entries it is of. */
static enum vl_status
check_alike(const struct rows_secret *s, const struct rows_plan *p,
    const struct vl_rows_opts *opts, struct vl_err *err)
{
	const struct rows_secret *other = p->secrets;

	for (; other < s; other++)
		if (other->table == s->table && other->column == s->column &&
		    (!same_text(
		         other->words->master_key, s->words->master_key) ||
		        !same_text(other->words->cipher, s->words->cipher)))
			return rows_plan_fail(opts, ROWS_AT(s->words), err,
			    "'secrets': column '%s' has another key or cipher "
			    "than in line %u: one of each for a column",
			    s->words->of, other->words->line);
	return VL_OK;
}

static enum vl_status
find_column(struct rows_secret *s, const struct rows_plan *p,
    const struct vl_rows_opts *opts, struct vl_err *err)
{
	struct vl_slice table = { 0 };
	struct vl_slice column = { 0 };
	struct rows_table *t = NULL;
	enum vl_status st = VL_OK;
	const char *why = NULL;

	if (vl_profile_split(s->words->of, &table, &column)) {
		s->table = rows_plan_table(p, table);
		if (s->table != NONE)
			s->column = rows_column(&p->tables[s->table], column);
	}
	if (s->column == NONE)
		return p->lenient ?
		    VL_OK :
		    rows_plan_fail(opts, ROWS_AT(s->words), err,
		        "'secrets': there is no column '%s'", s->words->of);
	t = &p->tables[s->table];
	st = find_inside(s, opts, err);
	if (st != VL_OK)
		return st;
	if (s->finder == NULL)
		t->columns[s->column].secret = true;
	else
		t->columns[s->column].secret_inside = true;
	why = why_not(t, s->column);
	if (why != NULL)
		return rows_plan_fail(opts, ROWS_AT(s->words), err,
		    "'secrets': column '%s': %s", s->words->of, why);
	st = rows_plan_condition(
	    t, opts->db, s->words->where, &s->condition, err);
	if (st != VL_OK)
		return rows_plan_fail(opts, ROWS_AT(s->words), err,
		    "'secrets': column '%s': %s", s->words->of, err->text);
	if (opts->secrets == NULL || rows_secret_blank(s))
		return VL_OK;
	st = check_alike(s, p, opts, err);
	return st == VL_OK ? open_vault(s, opts, err) : st;
}

enum vl_status
rows_secret_plan(
    struct rows_plan *p, const struct vl_rows_opts *opts, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t n = p->words == NULL ? 0 : p->words->nsecrets;
	struct rows_secret *s = NULL;

	if (n == 0)
		return VL_OK;
	if (opts->secrets != NULL) {
		p->ops = opts->secrets->ops;
		p->needles = p->lenient ? NULL : opts->secrets->needles;
	}
	p->secrets = calloc(n, sizeof(*p->secrets));
	if (p->secrets == NULL)
		return vl_fail_memory(err);
	for (; st == VL_OK && p->nsecrets < n; p->nsecrets++) {
		s = &p->secrets[p->nsecrets];
		*s = (struct rows_secret){ .words =
			                       &p->words->secrets[p->nsecrets],
			.table = NONE,
			.column = NONE,
			.condition = NONE };
		st = find_column(s, p, opts, err);
		if (st != VL_OK && rows_heard(p, NULL, NULL, err))
			st = VL_OK;
	}
	return st;
}

enum vl_status
rows_secret_leak(
    struct rows_plan *p, size_t table, size_t column, struct vl_err *err)
{
	static const struct vl_secret_words words = { .of = NULL };
	struct rows_secret *grown =
	    reallocarray(p->secrets, p->nsecrets + 1, sizeof(*grown));

	if (grown == NULL)
		return vl_fail_memory(err);
	p->secrets = grown;
	grown += p->nsecrets++;
	*grown = (struct rows_secret){ .words = &words,
		.table = table,
		.column = column,
		.condition = NONE,
		.leak = true,
		.in_clear = true };
	return vl_vault_new(&grown->vault, vl_cipher_named("plain"),
	    (struct vl_slice){ 0 }, err);
}

struct rows_secret *
rows_secret_leaked(const struct rows_plan *p, size_t table, size_t column)
{
	struct rows_secret *s = p->secrets;

	for (; s < p->secrets + p->nsecrets; s++)
		if (s->leak && s->table == table && s->column == column)
			return s;
	return NULL;
}

void
rows_secret_free(struct rows_plan *p)
{
	size_t i = 0;

	for (i = 0; i < p->nsecrets; i++) {
		vl_vault_free(p->secrets[i].vault);
		vl_finder_free(p->secrets[i].finder);
		vl_locked_free(&p->secrets[i].plain);
		vl_locked_free(&p->secrets[i].sealed);
	}
	free(p->secrets);
	p->secrets = NULL;
	p->nsecrets = 0;
}

bool
rows_secret_blank(const struct rows_secret *s)
{
	return s->words->on_secret == VL_SECRET_BLANK;
}

/* They speak of one place. */
static bool
same_place(const struct rows_secret *a, const struct rows_secret *b)
{
	return !a->leak && !b->leak && a->table == b->table &&
	    a->column == b->column &&
	    same_text(vl_secret_path(a->words), vl_secret_path(b->words));
}

bool
rows_secret_holds(const struct rows_reader *rd, const struct rows_secret *s)
{
	const struct rows_secret *end = rd->plan->secrets + rd->plan->nsecrets;
	const struct rows_secret *other = rd->plan->secrets;

	if (s->condition != NONE)
		return rows_reader_holds(rd, s->condition);
	for (; other < end; other++)
		if (other->condition != NONE && same_place(other, s) &&
		    rows_reader_holds(rd, other->condition))
			return false;
	return true;
}

struct rows_secret *
rows_secret_for(const struct rows_reader *rd, size_t column)
{
	struct rows_secret *s = rd->plan->secrets;

	if (!rd->t->columns[column].secret)
		return NULL;
	for (; s < rd->plan->secrets + rd->plan->nsecrets; s++)
		if (s->table == rd->table && s->column == column &&
		    s->finder == NULL && !s->leak && rows_secret_holds(rd, s))
			return s;
	return NULL;
}

bool
rows_secret_kept(const struct rows_reader *rd, size_t column)
{
	const struct rows_secret *s = rows_secret_for(rd, column);

	return s != NULL && s->words->on_secret == VL_SECRET_KEEP_HERE;
}

bool
rows_secret_any(const struct rows_plan *p, size_t table)
{
	const struct rows_secret *s = p->secrets;

	for (; s < p->secrets + p->nsecrets; s++)
		if (s->table == table)
			return true;
	return false;
}

bool
rows_secret_stands(const struct vl_cell *cell)
{
	return cell->type != VL_CELL_NULL &&
	    (cell->type < VL_CELL_TEXT || cell->bytes.n > 0);
}

enum vl_status
rows_secret_open(struct rows_secret *s, const struct vl_cell *cell, bool *clear,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;

	*clear = false;
	if (cell->type < VL_CELL_TEXT)
		return vl_fail(
		    err, VL_EFORMAT, "it is a number, which is no secret");
	st = vl_vault_open(s->vault, &s->plain, clear, cell->bytes, err);
	if (st == VL_OK &&
	    !vl_plain_fits(s->words->plain, vl_locked_slice(&s->plain)))
		return vl_fail(
		    err, VL_EAUTH, "what it opens to is not what 'plain' says");
	return st;
}

/* ---- Whether the key is the right one ---- */

/* The values of an entry. */
struct trial {
	struct vl_trial said;
	struct vl_err first; /* of those that failed */
};

static enum vl_status
wrong_key(const struct rows_secret *s, const struct rows_reader *rd,
    const struct trial *t, struct vl_err *err)
{
	const char *key = s->words->master_key;

	return vl_fail(err, rd->plan->lenient ? VL_EREFUSED : VL_EUSAGE,
	    "column '%s': %s with master key '%s' (%s): is it the key of this "
	    "side's application?",
	    s->words->of,
	    t->said.opened == 0 ? "no value opens" : "most values do not open",
	    key == NULL ? "" : key, t->first.text);
}

/* It opened: that is looked for elsewhere, where somebody looks. */
static enum vl_status
try_one(const struct rows_plan *p, struct rows_secret *s,
    const struct vl_cell *cell, struct trial *t, struct vl_err *err)
{
	bool clear = false;
	enum vl_status st = rows_secret_open(s, cell, &clear, err);

	/* What stands in clear says nothing of the key. */
	t->said.opened += st == VL_OK && !clear;
	if (st == VL_OK && p->needles != NULL)
		st = rows_leak_learn(p, s, err);
	vl_locked_clear(&s->plain);
	return st;
}

/* The secrets of the reader's row, until that is enough; all, where they are
 * to be looked for. */
static enum vl_status
try_row(const struct rows_plan *p, struct rows_secret *s,
    const struct vl_cell *cell, struct vl_places *places, struct trial *t,
    struct vl_err *err)
{
	struct vl_cell one = { .type = VL_CELL_TEXT };
	struct vl_buf text = { 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (s->finder == NULL)
		return try_one(p, s, cell, t, err);
	places->n = 0;
	places->ncounted = 0;
	if (cell->type == VL_CELL_TEXT)
		st = vl_finder_find(s->finder, cell->bytes, places, err);
	for (i = 0; st == VL_OK && i < places->n; i++) {
		if (vl_trial_ends(&t->said) && p->needles == NULL)
			break;
		vl_buf_clear(&text);
		st = vl_place_read(&text, cell->bytes, &places->list[i], err);
		one.bytes = vl_buf_slice(&text);
		if (st == VL_OK && rows_secret_stands(&one))
			st = try_one(p, s, &one, t, err);
		if (text.n > 0)
			vl_secret_wipe(text.p, text.n);
	}
	vl_buf_free(&text);
	return st;
}

/* Of the rows of an open reader. */
static enum vl_status
try_rows(struct rows_secret *s, struct rows_reader *rd, struct vl_err *err)
{
	const struct vl_cell *cell = NULL;
	struct vl_places places = { 0 };
	struct trial t = { .said = { .proves = s->proves } };
	enum vl_status st = VL_OK;
	bool row = true;

	while (st == VL_OK &&
	    (!vl_trial_ends(&t.said) || rd->plan->needles != NULL)) {
		st = rows_reader_next(rd, &row, err);
		if (st != VL_OK || !row)
			break;
		cell = rows_reader_cell(rd, s->column);
		if (!rows_secret_stands(cell) || !rows_secret_holds(rd, s))
			continue;
		st = try_row(rd->plan, s, cell, &places, &t, err);
		if (st == VL_EAUTH && t.said.failed++ == 0) {
			(void)rows_reader_within(rd, err);
			t.first = *err;
		}
		/* What has another form says nothing of the key. */
		if (st == VL_EAUTH || st == VL_EFORMAT)
			st = VL_OK;
	}
	vl_places_free(&places);
	return st == VL_OK && vl_trial_fails(&t.said) ?
	    wrong_key(s, rd, &t, err) :
	    st;
}

enum vl_status
rows_secret_try(const struct rows_plan *p, struct vl_db *db, struct vl_err *err)
{
	struct rows_secret *s = p->secrets;
	struct rows_reader rd = { 0 };
	enum vl_status st = VL_OK;

	for (; st == VL_OK && s < p->secrets + p->nsecrets; s++) {
		if (s->vault == NULL || s->leak ||
		    (s->in_clear && p->needles == NULL))
			continue;
		st = rows_reader_open(&rd, db, p, s->table, NULL, err);
		if (st == VL_OK)
			st = try_rows(s, &rd, err);
		rows_reader_close(&rd);
	}
	return st == VL_OK && p->needles != NULL ?
	    vl_needles_ready(p->needles, err) :
	    st;
}
