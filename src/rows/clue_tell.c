/*
 * Which clues are worth a look.  Small numbers are ids of any table, so a
 * number counts only beside a name that says of which table it is, or where
 * one table alone has all of them.
 */

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <valise/draft.h>
#include <valise/text.h>

#include "clue.h"

#define SMALL    20 /* numbers up to this stand anywhere */
#define TEXT_MAX 512

struct telling {
	const struct clues *c;
	const struct vl_table *t;
	void (*say)(void *arg, const struct clue_said *said);
	void *arg;
	struct vl_buf line;
	struct vl_buf part;
	struct vl_err err;
};

static bool
has_all(const struct clue *clue, size_t table)
{
	return (clue->tables[table / 64] >> (table % 64) & 1) != 0;
}

/* "id", "ids", "post_ids", "postIds", "_thumbnail_id": with no 's' in `name`.
 */
static bool
is_id_name(char name[CLUE_NAME_MAX])
{
	size_t n = strlen(name);

	if (n > 2 && name[n - 1] == 's' &&
	    strncasecmp(name + n - 3, "id", 2) == 0)
		name[--n] = '\0';
	return strcasecmp(name, "id") == 0 || rows_looks_like_reference(name) ||
	    (n > 3 && strcmp(name + n - 3, "-id") == 0);
}

/* Of the tables that have all the numbers the one of the most rows, and how
 * many there are. */
static size_t
largest_table(const struct telling *w, const struct clue *clue, size_t *n)
{
	size_t best = NONE;
	size_t i = 0;

	for (i = 0, *n = 0; i < w->c->ntables; i++) {
		if (!has_all(clue, i))
			continue;
		if (best == NONE || w->c->tables[i].n > w->c->tables[best].n)
			best = i;
		++*n;
	}
	return best;
}

/* The table with all the numbers that is best called so; NONE: none is. */
static size_t
named_table(const struct telling *w, const struct clue *clue, const char *stem)
{
	const char *name = NULL;
	size_t best = NONE;
	unsigned least = 0;
	unsigned r = 0;
	size_t i = 0;

	for (i = 0; *stem != '\0' && i < w->c->ntables; i++) {
		if (!has_all(clue, i))
			continue;
		name = w->c->tables[i].schema->name;
		r = rows_stem_rank(stem, name, strcmp(name, w->t->name) == 0);
		if (r == 0 || (best != NONE && r >= least))
			continue;
		best = i;
		least = r;
	}
	return best;
}

/* The table whose name, or a part of it, begins so. */
static size_t
begun_table(const struct telling *w, const struct clue *clue)
{
	const char *part = NULL;
	size_t n = strlen(clue->name);
	size_t i = 0;

	for (i = 0; i < w->c->ntables; i++) {
		if (!has_all(clue, i))
			continue;
		part = w->c->tables[i].schema->name;
		for (; part != NULL; part = strchr(part, '_')) {
			part += *part == '_';
			if (strncasecmp(part, clue->name, n) == 0)
				return i;
		}
	}
	return NONE;
}

/* Whose ids the numbers probably are, or NONE; `*n`: of so many tables. */
static size_t
judge_numbers(const struct telling *w, const struct clue *clue, size_t *n)
{
	const bool inside = *clue->name != '\0';
	const bool many = clue->nseen == CLUE_SEEN && clue->most > SMALL;
	char label[CLUE_NAME_MAX];
	char stem[ROWS_STEM_MAX] = "";
	size_t to = NONE;

	*n = 1;
	(void)snprintf(
	    label, sizeof(label), "%s", inside ? clue->name : clue->row);
	if (*label == '\0' || (!inside && clue->others > 0))
		return NONE;
	if (!is_id_name(label)) {
		if (inside)
			return many ? begun_table(w, clue) : NONE;
		return clue->most > 1 && !rows_names_amount(label) ?
		    named_table(w, clue, label) :
		    NONE;
	}
	if (rows_looks_like_reference(label))
		rows_stem(stem, label);
	to = named_table(w, clue, stem);
	if (to != NONE)
		return to;
	to = largest_table(w, clue, n);
	/* A name that says "id" and nothing else says little. */
	if (*stem == '\0')
		return clue->nseen > 1 && clue->most > SMALL && *n == 1 ? to :
		                                                          NONE;
	return !inside || *n == 1 || clue->nseen > 1 ? to : NONE;
}

static enum clue_form
usual_form(const struct clue *clue)
{
	size_t best = 0;
	size_t i = 0;

	for (i = 1; i < CLUE_FORMS; i++)
		if (clue->forms[i] > clue->forms[best])
			best = i;
	return (enum clue_form)best;
}

static void
add(struct telling *w, const char *text)
{
	if (w->err.status == VL_OK)
		(void)vl_buf_add_text(&w->line, text, &w->err);
}

/* What is in w->part, as YAML. */
static void
add_part(struct telling *w)
{
	if (w->err.status == VL_OK &&
	    vl_buf_printf(&w->part, &w->err, "%c", 0) == VL_OK)
		(void)vl_draft_scalar(
		    &w->line, (const char *)w->part.p, &w->err);
}

static void
add_where(struct telling *w, const struct clue *clue)
{
	const char *at = clue->row;

	if (*at == '\0')
		return;
	vl_buf_clear(&w->part);
	add(w, ", where: ");
	if (w->err.status == VL_OK)
		(void)vl_buf_printf(&w->part, &w->err, "%s = '",
		    w->t->columns[clue->row_column].name);
	for (; w->err.status == VL_OK && *at != '\0'; at++)
		(void)vl_buf_printf(
		    &w->part, &w->err, *at == '\'' ? "'%c" : "%c", *at);
	if (w->err.status == VL_OK)
		(void)vl_buf_add_text(&w->part, "'", &w->err);
	add_part(w);
}

/* Where in the value. */
static void
add_path(struct telling *w, const struct clue *clue, enum clue_form form)
{
	const bool named = *clue->name != '\0';

	if (form == CLUE_WHOLE)
		return;
	vl_buf_clear(&w->part);
	add(w,
	    form == CLUE_JSON    ? ", json: " :
	        form == CLUE_PHP ? ", php: " :
	                           ", pattern: ");
	if (w->err.status == VL_OK && form == CLUE_TEXT)
		(void)vl_buf_printf(&w->part, &w->err,
		    named ? "\\b%s\\W{1,4}(%s)" : "%s\\b(%s)", clue->name,
		    clue->texts > 0 ? "[\\w-]+" : "\\d+");
	else if (w->err.status == VL_OK)
		(void)vl_buf_printf(&w->part, &w->err,
		    !named                              ? "$..*%s" :
		        strchr(clue->name, '-') != NULL ? "$..['%s']" :
		                                          "$..%s",
		    clue->name);
	add_part(w);
}

static void
say(struct telling *w, const struct clue *clue, const char *text, bool secret)
{
	struct clue_said said = {
		.column = clue->column, .text = text, .secret = secret
	};

	said.sealed = secret && clue->sealed > 0;
	/* No word of `secrets` reads what is beside a name in any text. */
	if ((!said.sealed || clue->sealed_form != CLUE_TEXT) &&
	    w->err.status == VL_OK &&
	    vl_buf_printf(&w->line, &w->err, "%c", 0) == VL_OK)
		said.line = (const char *)w->line.p;
	w->say(w->arg, &said);
	w->err = (struct vl_err){ 0 };
}

static void
begin_line(struct telling *w, const struct clue *clue, const char *word)
{
	vl_buf_clear(&w->line);
	vl_buf_clear(&w->part);
	add(w, word);
	if (w->err.status == VL_OK)
		(void)vl_buf_printf(&w->part, &w->err, "%s.%s", w->t->name,
		    w->t->columns[clue->column].name);
	add_part(w);
}

/* "beside 'id', in rows 'theme'" */
static void
describe(char text[TEXT_MAX], const struct clue *clue)
{
	int n = 0;
	char shown[2][CLUE_NAME_MAX * 4];

	text[0] = '\0';
	if (*clue->name != '\0')
		n = snprintf(text, TEXT_MAX, " beside '%s'",
		    vl_escape_text(
		        shown[0], sizeof(shown[0]), vl_slice_of(clue->name)));
	if (*clue->row != '\0')
		(void)snprintf(text + n, TEXT_MAX - (size_t)n, " in rows '%s'",
		    vl_escape_text(
		        shown[1], sizeof(shown[1]), vl_slice_of(clue->row)));
}

static void
tell_ids(struct telling *w, const struct clue *clue, size_t to, size_t of)
{
	const char *name = w->c->tables[to].schema->name;
	const uint64_t n = clue->numbers > 0 ? clue->numbers : clue->texts;
	char where[TEXT_MAX];
	char text[TEXT_MAX * 2];
	char counted[48];

	describe(where, clue);
	(void)snprintf(text, sizeof(text),
	    "%s%s %s of '%s'%s: perhaps it refers to %s",
	    vl_format_counted(counted, sizeof(counted), n, "value", "values"),
	    where, n == 1 ? "is an id" : "are ids", name,
	    of > 1 ? ", and of other tables" : "",
	    of > 1 ? "one of them" : "that");
	begin_line(w, clue, "{from: ");
	add_where(w, clue);
	add_path(w, clue, usual_form(clue));
	vl_buf_clear(&w->part);
	if (w->err.status == VL_OK)
		(void)vl_buf_add_text(&w->part, name, &w->err);
	add(w, ", to: ");
	add_part(w);
	/* Other texts stand there, too. */
	add(w,
	    clue->texts > 0 && usual_form(clue) != CLUE_WHOLE ?
	        ", on_dangling: keep}" :
	        "}");
	say(w, clue, text, false);
}

/* Others in the same rows were told of. */
static bool
is_told(const struct clues *c, size_t at)
{
	size_t i = 0;

	for (i = 0; i < at; i++)
		if (c->list[i]->secrets > 0 &&
		    c->list[i]->column == c->list[at]->column &&
		    strcmp(c->list[i]->row, c->list[at]->row) == 0)
			return true;
	return false;
}

static void
tell_secrets(struct telling *w, const struct clue *clue)
{
	char where[TEXT_MAX];
	char text[TEXT_MAX * 2];
	char counted[48];

	describe(where, clue);
	(void)snprintf(text, sizeof(text),
	    "%s%s may be %s and would travel unsealed: name it in "
	    "'secrets', keep the target's ('keep_here'), leave out the rows "
	    "('skip'), or say in 'not_secret' that it is none",
	    vl_format_counted(
	        counted, sizeof(counted), clue->secrets, "value", "values"),
	    where, clue->secrets == 1 ? "a secret" : "secrets");
	begin_line(w, clue, "{column: ");
	add_where(w, clue);
	add(w, "}");
	say(w, clue, text, true);
}

/* All that stands in the column is encrypted: then `where` is not needed, and
 * the first tells of all. */
static bool
all_sealed(const struct clues *c, const struct clue *clue, uint64_t *n)
{
	const struct clue *other = NULL;
	size_t i = 0;

	*n = 0;
	for (i = 0; i < c->n; i++) {
		other = c->list[i];
		if (other->column != clue->column)
			continue;
		if (other->sealed == 0 || *other->name != '\0')
			return false;
		*n += other->sealed;
	}
	return true;
}

/* The line has a name for the key, which the site has to say. */
static void
tell_sealed(struct telling *w, const struct clue *clue)
{
	struct clue one = *clue;
	char where[TEXT_MAX];
	char text[TEXT_MAX * 2];
	char counted[48];
	uint64_t n = 0;
	size_t i = 0;

	if (all_sealed(w->c, clue, &n)) {
		while (w->c->list[i]->column != clue->column)
			i++;
		if (w->c->list[i] != clue)
			return;
		*one.row = '\0';
		one.sealed = n;
	}
	describe(where, &one);
	(void)snprintf(text, sizeof(text),
	    "%s%s %s encrypted as under cipher '%s': say so in 'secrets', and "
	    "in 'master_keys' of the site where the key is",
	    vl_format_counted(
	        counted, sizeof(counted), one.sealed, "value", "values"),
	    where, one.sealed == 1 ? "is" : "are", one.cipher);
	begin_line(w, &one, "{column: ");
	add_where(w, &one);
	add_path(w, &one, one.sealed_form);
	add(w, ", master_key: app, cipher: ");
	vl_buf_clear(&w->part);
	if (w->err.status == VL_OK)
		(void)vl_buf_add_text(&w->part, one.cipher, &w->err);
	add_part(w);
	add(w, "}");
	say(w, &one, text, true);
}

void
clues_tell(const struct clues *c, const struct vl_table *t,
    void (*say_it)(void *arg, const struct clue_said *said), void *arg)
{
	struct telling w = { .c = c, .t = t, .say = say_it, .arg = arg };
	const struct clue *clue = NULL;
	size_t to = NONE;
	size_t of = 0;
	size_t i = 0;

	for (i = 0; i < c->n; i++) {
		clue = c->list[i];
		to = clue->numbers > 0 ? judge_numbers(&w, clue, &of) : NONE;
		if (to != NONE)
			tell_ids(&w, clue, to, of);
		else if (clue->texts > 0 &&
		    (usual_form(clue) != CLUE_WHOLE || clue->others == 0))
			tell_ids(&w, clue, clue->to, 1);
		if (clue->sealed > 0)
			tell_sealed(&w, clue);
		else if (clue->secrets > 0 && !is_told(c, i))
			tell_secrets(&w, clue);
	}
	vl_buf_free(&w.line);
	vl_buf_free(&w.part);
}
