/*
 * The schema of a table in the bundle beside the one here, line by line
 * (db.h): what differs is refused, and with allow_drift what no row of the
 * bundle can feel is let pass.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "put.h"

struct drift {
	struct vl_rows_put *p;
	const struct rows_table *t;
	struct rows_line *there; /* in the bundle, sorted by bytes */
	size_t nthere;
	struct rows_line *here; /* the same */
	size_t nhere;
	char first[512]; /* that is refused */
	size_t refused;
	struct vl_err *err;
};

static bool
take_front(struct vl_slice *rest, const char *text)
{
	size_t n = strlen(text);

	if (rest->n < n || memcmp(rest->p, text, n) != 0)
		return false;
	rest->p += n;
	rest->n -= n;
	return true;
}

static bool
take_back(struct vl_slice *rest, const char *text)
{
	size_t n = strlen(text);

	if (rest->n < n || memcmp(rest->p + rest->n - n, text, n) != 0)
		return false;
	rest->n -= n;
	return true;
}

/* "n" with quotes in it doubled. */
static bool
take_name(struct vl_slice *rest, struct vl_slice *name)
{
	size_t i = 1;

	if (rest->n < 2 || rest->p[0] != '"')
		return false;
	for (; i < rest->n; i++) {
		if (rest->p[i] != '"')
			continue;
		if (i + 1 == rest->n || rest->p[i + 1] != '"')
			break;
		i++;
	}
	if (i >= rest->n)
		return false;
	*name = (struct vl_slice){ rest->p, i + 1 };
	rest->p += i + 1;
	rest->n -= i + 1;
	return true;
}

bool
rows_line_split(struct rows_line *line, struct vl_slice text)
{
	struct vl_slice rest = text;
	const uint8_t *at = NULL;

	*line = (struct rows_line){ .text = text };
	if (vl_slice_equal(text, vl_slice_of("strict"))) {
		line->kind = ROWS_LINE_STRICT;
		return true;
	}
	if (take_front(&rest, "key ")) {
		line->kind = ROWS_LINE_KEY;
		return rest.n > 0;
	}
	line->kind = ROWS_LINE_COLUMN;
	if (!take_front(&rest, "column ") || !take_name(&rest, &line->name) ||
	    !take_front(&rest, " "))
		return false;
	/* Words of the schema are in upper case, these are not. */
	at = memmem(rest.p, rest.n, " collate ", 9);
	if (at == NULL)
		return false;
	line->collation.p = at + 9;
	line->collation.n = rest.n - (size_t)(at + 9 - rest.p);
	rest.n = (size_t)(at - rest.p);
	line->integer_id = take_back(&rest, " integer id");
	line->generated = take_back(&rest, " generated");
	line->not_null = take_back(&rest, " not null");
	line->type = rest;
	return true;
}

bool
rows_line_part(
    struct vl_slice *rest, struct vl_slice *name, struct vl_slice *collation)
{
	size_t n = 0;

	if (!take_name(rest, name) || !take_front(rest, " "))
		return false;
	while (n < rest->n && rest->p[n] != ',')
		n++;
	*collation = (struct vl_slice){ rest->p, n };
	rest->p += n;
	rest->n -= n;
	return rest->n == 0 || (take_front(rest, ", ") && rest->n > 0);
}

static enum vl_status
read_there(struct drift *d)
{
	const struct vl_json *j = &d->p->told.json;
	size_t item = 1;
	size_t i = 0;

	d->nthere = j->items[0].count;
	d->there = calloc(d->nthere + 1, sizeof(*d->there));
	if (d->there == NULL)
		return vl_fail_memory(d->err);
	for (i = 0; i < d->nthere; i++) {
		if (!rows_line_split(
		        &d->there[i], vl_json_text(j, item, &d->p->told.text)))
			return vl_fail(d->err, VL_EFORMAT,
			    "its schema has a line that says nothing");
		item = j->items[item].next;
	}
	return VL_OK;
}

static enum vl_status
read_here(struct drift *d)
{
	const struct vl_table *s = d->t->schema;
	size_t i = 0;

	d->nhere = s->nlines;
	d->here = calloc(d->nhere + 1, sizeof(*d->here));
	if (d->here == NULL)
		return vl_fail_memory(d->err);
	for (i = 0; i < d->nhere; i++)
		(void)rows_line_split(&d->here[i], vl_slice_of(s->lines[i]));
	return VL_OK;
}

/* The line of that column, or NULL. */
static const struct rows_line *
find_column(const struct rows_line *lines, size_t n, struct vl_slice name)
{
	size_t i = 0;

	for (i = 0; i < n; i++)
		if (lines[i].kind == ROWS_LINE_COLUMN &&
		    vl_slice_equal(lines[i].name, name))
			return &lines[i];
	return NULL;
}

struct vl_slice
rows_line_unquote(struct vl_slice name, char *out)
{
	size_t n = 0;
	size_t i = 0;

	for (i = 1; i + 1 < name.n; i++) {
		if (name.p[i] == '"')
			i++;
		out[n++] = (char)name.p[i];
	}
	return (struct vl_slice){ (const uint8_t *)out, n };
}

/* The column of the table here that the line is about, or NONE. */
static size_t
column_here(const struct drift *d, const struct rows_line *line)
{
	char name[2 * VL_COLUMN_MAX + 2];

	return line->name.n > sizeof(name) ?
	    NONE :
	    rows_column(d->t, rows_line_unquote(line->name, name));
}

/*
 * Types.  A wider one has the same name and larger numbers in brackets, or
 * none; or it is of the same family and further to its end.
 */

static struct vl_slice
type_name(struct vl_slice type)
{
	const uint8_t *at = memchr(type.p, '(', type.n);

	if (at != NULL)
		type.n = (size_t)(at - type.p);
	return type;
}

static bool
numbers_wider(struct vl_slice narrow, struct vl_slice wide)
{
	uint64_t n[2] = { 0 };
	struct vl_slice *const both[2] = { &narrow, &wide };
	size_t i = 0;

	if (wide.n == 0)
		return true;
	if (narrow.n == 0)
		return false;
	while (narrow.n > 0 && wide.n > 0) {
		if (narrow.p[0] != wide.p[0] &&
		    (narrow.p[0] < '0' || narrow.p[0] > '9' ||
		        wide.p[0] < '0' || wide.p[0] > '9'))
			return false;
		for (i = 0; i < 2; i++)
			for (n[i] = 0; both[i]->n > 0 && both[i]->p[0] >= '0' &&
			     both[i]->p[0] <= '9' && n[i] < UINT32_MAX;
			     both[i]->p++, both[i]->n--)
				n[i] = n[i] * 10 + both[i]->p[0] - '0';
		if (n[0] > n[1])
			return false;
		if (narrow.n > 0 && wide.n > 0 && narrow.p[0] == wide.p[0]) {
			narrow.p++;
			narrow.n--;
			wide.p++;
			wide.n--;
		}
	}
	return narrow.n == 0 && wide.n == 0;
}

static bool
type_wider(struct vl_slice narrow, struct vl_slice wide)
{
	static const char *const families[][8] = {
		{ "TINYINT", "SMALLINT", "MEDIUMINT", "INT", "INTEGER",
		    "BIGINT", NULL },
		{ "CHAR", "VARCHAR", "TINYTEXT", "TEXT", "MEDIUMTEXT",
		    "LONGTEXT", NULL },
		{ "NCHAR", "NVARCHAR", "TEXT", NULL },
	};
	struct vl_slice a = type_name(narrow);
	struct vl_slice b = type_name(wide);
	size_t from = 0;
	size_t to = 0;
	size_t i = 0;

	if (vl_slice_equal(a, b))
		return numbers_wider(
		    (struct vl_slice){ narrow.p + a.n, narrow.n - a.n },
		    (struct vl_slice){ wide.p + b.n, wide.n - b.n });
	if (b.n != wide.n) /* a longer text may be cut by its number */
		return false;
	for (i = 0; i < sizeof(families) / sizeof(*families); i++) {
		for (from = 0; families[i][from] != NULL; from++)
			if (vl_slice_equal(a, vl_slice_of(families[i][from])))
				break;
		for (to = from; families[i][to] != NULL; to++)
			if (vl_slice_equal(b, vl_slice_of(families[i][to])))
				return true;
	}
	/* Two words for one type. */
	return vl_slice_equal(a, vl_slice_of("INTEGER")) &&
	    vl_slice_equal(b, vl_slice_of("INT"));
}

/* What the bundle's column says fits into the one here. */
static bool
column_fits(const struct rows_line *there, const struct rows_line *here)
{
	return type_wider(there->type, here->type) &&
	    vl_slice_equal(there->collation, here->collation) &&
	    (there->not_null || !here->not_null) &&
	    there->generated == here->generated &&
	    there->integer_id == here->integer_id;
}

/* A column that only the table here has: no row of the bundle needs it. */
static bool
column_spare(const struct drift *d, const struct rows_line *line)
{
	size_t i = column_here(d, line);
	const struct vl_column *c = NULL;

	if (i == NONE)
		return false;
	c = &d->t->schema->columns[i];
	return c->generated || !c->not_null || c->fallback != NULL;
}

/* The rows' key is said by the profile, not found among unique keys. */
static bool
key_said(const struct rows_table *t)
{
	size_t i = 0;

	for (i = 0; i < t->nentries; i++)
		if (t->entries[i].words == NULL ||
		    (t->entries[i].words->nkey == 0 && !t->entries[i].skipped &&
		        !t->entries[i].multiset))
			return false;
	return true;
}

/* Told, and refused where it is not `fine` or not allowed. */
static void
differs(struct drift *d, bool fine, const struct rows_line *there,
    const struct rows_line *here)
{
	const struct vl_rows_opts *opts = &d->p->opts.rows;
	const struct rows_line *const both[2] = { there, here };
	const bool passes = fine && d->p->opts.allow_drift;
	char shown[2][192];
	char text[512];
	size_t n = 0;
	size_t i = 0;

	for (i = 0; i < 2; i++) {
		if (both[i] == NULL)
			continue;
		shown[i][0] = '\'';
		(void)vl_escape_text(
		    shown[i] + 1, sizeof(shown[i]) - 2, both[i]->text);
		n = strlen(shown[i]);
		memcpy(shown[i] + n, "'", 2);
	}
	(void)snprintf(text, sizeof(text),
	    "table '%s': %s in the bundle, %s here", d->t->schema->name,
	    there == NULL ? "nothing of it" : shown[0],
	    here == NULL ? "nothing of it" : shown[1]);
	if (!passes && d->refused++ == 0)
		memcpy(d->first, text, sizeof(text));
	n = strlen(text);
	if (fine)
		(void)snprintf(text + n, sizeof(text) - n, "%s",
		    passes ? ": let pass" :
		             ": '--allow-schema-drift' lets it pass");
	if (opts->report.note != NULL)
		opts->report.note(opts->report.arg, text);
}

static bool
listed(const struct rows_line *lines, size_t n, struct vl_slice text)
{
	size_t i = 0;

	for (i = 0; i < n; i++)
		if (vl_slice_equal(lines[i].text, text))
			return true;
	return false;
}

static void
compare_lines(struct drift *d)
{
	const struct rows_line *line = NULL;
	const struct rows_line *other = NULL;
	size_t i = 0;

	for (i = 0; i < d->nthere; i++) {
		line = &d->there[i];
		if (listed(d->here, d->nhere, line->text))
			continue;
		other = line->kind == ROWS_LINE_COLUMN ?
		    find_column(d->here, d->nhere, line->name) :
		    NULL;
		/* Rows may only say NULL in a column that is not here. */
		differs(d,
		    other == NULL ? line->kind == ROWS_LINE_COLUMN :
		                    column_fits(line, other),
		    line, other);
	}
	for (i = 0; i < d->nhere; i++) {
		line = &d->here[i];
		if (listed(d->there, d->nthere, line->text) ||
		    (line->kind == ROWS_LINE_COLUMN &&
		        find_column(d->there, d->nthere, line->name) != NULL))
			continue;
		differs(d,
		    line->kind == ROWS_LINE_COLUMN  ? column_spare(d, line) :
		        line->kind == ROWS_LINE_KEY ? key_said(d->t) :
		                                      false,
		    NULL, line);
	}
}

/* A column of the bundle that is not here; each name with NUL. */
static enum vl_status
add_absent(struct drift *d, struct vl_slice quoted)
{
	struct vl_buf *b = &d->p->told.absent;
	enum vl_status st = vl_buf_reserve(b, quoted.n, d->err);

	if (st != VL_OK)
		return st;
	b->n += rows_line_unquote(quoted, (char *)b->p + b->n).n;
	b->p[b->n++] = '\0';
	return VL_OK;
}

bool
rows_drift_absent(const struct vl_rows_put *p, struct vl_slice name)
{
	struct vl_slice rest = vl_buf_slice(&p->told.absent);
	size_t n = 0;

	for (; rest.n > 0; rest.p += n + 1, rest.n -= n + 1) {
		n = strlen((const char *)rest.p);
		if (vl_slice_equal(name, (struct vl_slice){ rest.p, n }))
			return true;
	}
	return false;
}

static bool
names_derived(const struct drift *d, struct vl_slice quoted)
{
	char name[2 * VL_COLUMN_MAX + 2];

	return quoted.n <= sizeof(name) &&
	    rows_derived_names(d->t, rows_line_unquote(quoted, name));
}

/* Which columns every row of the bundle has: p->told. */
static enum vl_status
note_columns(struct drift *d)
{
	struct rows_told *told = &d->p->told;
	enum vl_status st = VL_OK;
	size_t column = 0;
	size_t i = 0;

	vl_buf_clear(&told->absent);
	free(told->columns);
	told->columns =
	    calloc(d->t->schema->ncolumns + 1, sizeof(*told->columns));
	told->n = 0;
	if (told->columns == NULL)
		return vl_fail_memory(d->err);
	for (i = 0; st == VL_OK && i < d->nthere; i++) {
		if (d->there[i].kind != ROWS_LINE_COLUMN ||
		    d->there[i].generated)
			continue;
		column = column_here(d, &d->there[i]);
		if (column != NONE ? !rows_in_line(d->t, column) :
		                     names_derived(d, d->there[i].name))
			continue;
		told->n++;
		if (column != NONE)
			told->columns[column] = true;
		if (column != NONE && d->t->columns[column].undeclared)
			return rows_undeclared(
			    &d->p->here->plan, d->t, column, d->err);
		if (column == NONE)
			st = add_absent(d, d->there[i].name);
	}
	return st;
}

enum vl_status
rows_drift(struct vl_rows_put *p, size_t table, struct vl_slice schema,
    struct vl_err *err)
{
	struct drift d = {
		.p = p, .t = &p->here->plan.tables[table], .err = err
	};
	enum vl_status st = VL_OK;

	p->told.text.n = 0;
	st = vl_buf_reserve(&p->told.text, schema.n, err);
	if (st == VL_OK)
		st = vl_json_parse(&p->told.json, schema, err);
	if (st == VL_OK && p->told.json.items[0].type != VL_JSON_ARRAY)
		st = vl_fail(err, VL_EFORMAT, "its schema is no list");
	if (st == VL_OK)
		st = read_there(&d);
	if (st == VL_OK)
		st = read_here(&d);
	if (st == VL_OK)
		compare_lines(&d);
	if (st == VL_OK && d.refused > 0)
		st = vl_fail(err, VL_EREFUSED, "%s%s%s", d.first,
		    d.refused > 1 ? ", and more that differs" : "",
		    p->opts.allow_drift ?
		        "" :
		        ": bring both to the same version of the "
		        "application, or see what 'allow-schema-drift' lets "
		        "pass");
	if (st == VL_OK)
		st = note_columns(&d);
	free(d.there);
	free(d.here);
	return st;
}
