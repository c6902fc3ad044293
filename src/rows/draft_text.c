/*
 * A draft as YAML.  What a person must decide is a comment that begins with
 * "# ?", and below it, as comments, the lines to choose from.
 */

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <valise/text.h>

#include "draft.h"

#define NAME_LIKE 9 /* score of a column that reads like a name, at most */
#define SHOWN_MAX 120
#define OPTIONS   4 /* columns of a table that are proposed for a key */

/* ---- Pieces of text ---- */

static void put(struct draft *d, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
put(struct draft *d, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (d->ask.st == VL_OK)
		d->ask.st = vl_buf_add_text(d->out, text, d->ask.err);
}

static void
put_scalar(struct draft *d, const char *text)
{
	if (d->ask.st == VL_OK)
		d->ask.st = vl_draft_scalar(d->out, text, d->ask.err);
}

/* "table.column" as one text. */
static void
put_path(struct draft *d, const char *table, const char *column)
{
	struct vl_buf path = { 0 };

	if (d->ask.st == VL_OK)
		d->ask.st = vl_buf_printf(
		    &path, d->ask.err, "%s.%s%c", table, column, 0);
	if (d->ask.st == VL_OK)
		put_scalar(d, (const char *)path.p);
	vl_buf_free(&path);
}

/* Anything, in a comment: one line, and not too long. */
static void
put_shown(struct draft *d, struct vl_slice text)
{
	char shown[SHOWN_MAX];

	(void)vl_escape_text(shown, sizeof(shown), text);
	put_scalar(d, vl_utf8_valid(vl_slice_of(shown)) ? shown : "?");
}

static void
put_columns(struct draft *d, const struct draft_table *t, const char *word,
    const size_t *columns, size_t n)
{
	size_t i = 0;

	put(d, ", %s: [", word);
	for (i = 0; i < n; i++) {
		put(d, "%s", i == 0 ? "" : ", ");
		put_scalar(d, t->schema->columns[columns[i]].name);
	}
	put(d, "]");
}

static void
ask_person(struct draft *d, unsigned indent)
{
	d->counts.questions++;
	put(d, "%*s# ? ", (int)indent, "");
}

/* The words of a profile can name it. */
static bool
can_be_named(const char *name, bool column)
{
	return *name != '\0' && vl_utf8_valid(vl_slice_of(name)) &&
	    strpbrk(name, column ? "{}*." : "{}*") == NULL;
}

static bool
table_can_be_named(const struct draft_table *t)
{
	size_t i = 0;

	if (!can_be_named(t->schema->name, false))
		return false;
	for (i = 0; t->state == DRAFT_KEYED && i < t->nkey; i++)
		if (!can_be_named(t->schema->columns[t->key[i]].name, true))
			return false;
	return true;
}

/* ---- Tables ---- */

static void
begin_line(struct draft *d, const struct draft_table *t, const char *how)
{
	put(d, "        %s- {table: ", how);
	put_scalar(d, t->schema->name);
}

static void
put_option(struct draft *d, const struct draft_table *t, const size_t *columns,
    size_t n)
{
	int64_t doubles = draft_doubles(d, t, columns, n);

	begin_line(d, t, "# ");
	put_columns(d, t, "key", columns, n);
	if (t->rows == 0)
		put(d, "}   # there is no row to show it\n");
	else if (doubles == 0)
		put(d, "}   # no two rows share it\n");
	else
		put(d, "}   # not one name: %" PRId64 " rows too many\n",
		    doubles);
}

static bool
is_unique(const struct draft_table *t, const size_t pair[2])
{
	const struct vl_unique *u = NULL;
	size_t i = 0;

	for (i = 0; i < t->schema->nuniques; i++) {
		u = &t->schema->uniques[i];
		if (u->n == 2 &&
		    ((u->columns[0] == pair[0] && u->columns[1] == pair[1]) ||
		        (u->columns[0] == pair[1] && u->columns[1] == pair[0])))
			return true;
	}
	return false;
}

/* Keys of the schema whose references nothing names yet. */
static void
propose_uniques(struct draft *d, const struct draft_table *t)
{
	const struct vl_unique *u = NULL;
	bool named = true;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < t->schema->nuniques; i++) {
		u = &t->schema->uniques[i];
		for (k = 0, named = true; named && k < u->n; k++)
			named =
			    can_be_named(
			        t->schema->columns[u->columns[k]].name, true) &&
			    (u->columns[k] != t->primary ||
			        t->columns[t->primary].kind != DRAFT_PLAIN);
		if (!named)
			continue;
		begin_line(d, t, "# ");
		put_columns(d, t, "key", u->columns, u->n);
		put(d, "}   # unique here, once what it refers to is named\n");
	}
}

/* Tables that are named after the rows of another. */
static void
propose_names(struct draft *d, const struct draft_table *t)
{
	const struct draft_table *of = NULL;
	struct vl_buf name = { 0 };
	size_t n = 0;
	size_t i = 0;

	for (i = 0; i < d->ntables; i++) {
		of = &d->tables[i];
		n = of == t || !can_be_named(of->schema->name, false) ?
		    0 :
		    draft_id_in_name(d, t, of);
		if (n == 0 || d->ask.st != VL_OK)
			continue;
		vl_buf_clear(&name);
		d->ask.st = vl_buf_printf(&name, d->ask.err, "%.*s{%s.%s}%c",
		    (int)n, t->schema->name, of->schema->name,
		    of->schema->columns[of->primary].name, 0);
		put(d, "        # - {table: ");
		if (d->ask.st == VL_OK)
			put_scalar(d, (const char *)name.p);
		put(d, "}   # one for each row of that table\n");
	}
	vl_buf_free(&name);
}

/* Columns that read like names, alone and below what the row belongs to. */
static void
propose_keys(struct draft *d, const struct draft_table *t)
{
	const struct vl_column *c = NULL;
	size_t pair[2] = { NONE, NONE };
	size_t n = 0;
	size_t i = 0;

	for (i = 0; i < t->schema->ncolumns; i++)
		if ((t->columns[i].kind == DRAFT_DECLARED ||
		        t->columns[i].kind == DRAFT_PROVED) &&
		    t->schema->columns[i].not_null && pair[0] == NONE)
			pair[0] = i;
	for (i = 0; i < t->schema->ncolumns && n < OPTIONS; i++) {
		c = &t->schema->columns[i];
		if (c->generated || t->columns[i].kind != DRAFT_PLAIN ||
		    i == t->primary || rows_key_score(c) > NAME_LIKE ||
		    !can_be_named(c->name, true))
			continue;
		n++;
		put_option(d, t, &i, 1);
		pair[1] = i;
		if (pair[0] != NONE && !is_unique(t, pair) &&
		    can_be_named(t->schema->columns[pair[0]].name, true))
			put_option(d, t, pair, 2);
	}
}

static void
ask_key(struct draft *d, const struct draft_table *t)
{
	ask_person(d, 8);
	put(d, "no key of the schema names a row of ");
	put_scalar(d, t->schema->name);
	put(d, "%s. By what is one known?\n",
	    t->referred ? ", and others refer to them" : "");
	propose_uniques(d, t);
	propose_names(d, t);
	propose_keys(d, t);
	if (t->primary != NONE && !t->schema->columns[t->primary].integer_id) {
		begin_line(d, t, "# ");
		put(d,
		    ", match: [id]}   # where its ids are the same "
		    "everywhere\n");
	}
	begin_line(d, t, "# ");
	put(d, ", skip: true}%s\n",
	    t->machine ? "   # named like what one machine keeps for itself" :
	                 "");
}

static void
ask_secrets(struct draft *d, const struct draft_table *t)
{
	const struct vl_column *c = NULL;
	size_t i = 0;

	for (i = 0; i < t->schema->ncolumns; i++) {
		c = &t->schema->columns[i];
		if (!vl_rows_secret_name(c->name) || c->generated ||
		    t->columns[i].kind != DRAFT_PLAIN || i == t->primary ||
		    !can_be_named(c->name, true))
			continue;
		ask_person(d, 8);
		put(d,
		    "may hold a secret; where the target's is to stay, "
		    "add below: keep_here: [");
		put_scalar(d, c->name);
		put(d, "]\n");
	}
}

bool
draft_can_name(const char *table, const char *column)
{
	return can_be_named(table, false) && can_be_named(column, true);
}

/* A comment of any length: put() cuts. */
static void
put_comment(struct draft *d, const char *text)
{
	for (; d->ask.st == VL_OK && *text != '\0'; text += strnlen(text, 256))
		put(d, "%.256s", text);
}

void
draft_ask_line(struct draft *d, const struct draft_table *t, size_t column,
    const char *text, const char *line)
{
	ask_person(d, 8);
	put_path(d, t->schema->name, t->schema->columns[column].name);
	put(d, ": ");
	put_comment(d, text);
	put(d, "\n");
	if (line == NULL)
		return;
	put(d, "        # - ");
	put_comment(d, line);
	put(d, "\n");
}

void
draft_ask_integers(
    struct draft *d, const struct draft_table *t, size_t column, size_t to)
{
	ask_person(d, 8);
	put_path(d, t->schema->name, t->schema->columns[column].name);
	put(d, ": its integers are ids of ");
	put_scalar(d, d->tables[to].schema->name);
	put(d, ": perhaps it refers to that\n        # - {from: ");
	put_path(d, t->schema->name, t->schema->columns[column].name);
	put(d, ", to: ");
	put_scalar(d, d->tables[to].schema->name);
	put(d, "}\n");
}

static bool
write_table(struct draft *d, const struct draft_table *t)
{
	if (!table_can_be_named(t)) {
		ask_person(d, 8);
		put(d, "a profile cannot name this table or its key: ");
		put_shown(d, vl_slice_of(t->schema->name));
		put(d, "\n");
		return false;
	}
	if (t->machine && t->state != DRAFT_ASK) {
		ask_person(d, 8);
		put(d,
		    "named like what one machine keeps for itself; to leave "
		    "it out:\n");
		begin_line(d, t, "# ");
		put(d, ", skip: true}\n");
	}
	ask_secrets(d, t);
	draft_derived(d, t);
	if (t->state == DRAFT_ASK) {
		ask_key(d, t);
		return false;
	}
	if (t->doubles > 0) {
		ask_person(d, 8);
		put(d,
		    "%" PRId64 " rows too many for this key, by values that "
		    "are NULL\n",
		    t->doubles);
	}
	begin_line(d, t, "");
	if (t->state == DRAFT_KEYED) {
		put_columns(d, t, "key", t->key, t->nkey);
	} else {
		put(d, ", owned_by: ");
		put_scalar(d, t->schema->columns[t->owner].name);
		if (t->ordinal != NONE)
			put_columns(d, t, "ordinal", &t->ordinal, 1);
	}
	put(d, "}   # %" PRId64 " %s\n", t->rows,
	    t->rows == 1 ? "row" : "rows");
	return true;
}

/* ---- References ---- */

static void
put_reference(struct draft *d, const struct draft_table *t, size_t column,
    const char *how)
{
	const struct draft_column *c = &t->columns[column];

	put(d, "        %s- {from: ", how);
	put_path(d, t->schema->name, t->schema->columns[column].name);
	put(d, ", to: ");
	put_scalar(d, d->tables[c->to].schema->name);
	if (c->zero || c->empty)
		put(d, ", none: [%s%s%s]", c->zero ? "\"0\"" : "",
		    c->zero && c->empty ? ", " : "", c->empty ? "\"\"" : "");
	put(d, "}   # %" PRId64 " of %" PRId64 " ids are there\n", c->met,
	    c->ids);
}

static void
ask_type(struct draft *d, const struct draft_table *t, size_t column)
{
	const struct vl_column *type =
	    &t->schema->columns[t->columns[column].type];
	const char *at = NULL;
	size_t n = 0;

	ask_person(d, 8);
	put_path(d, t->schema->name, t->schema->columns[column].name);
	put(d, ": of which table its ids are, says the column beside it:\n");
	if (vl_rows_secret_name(type->name))
		return;
	for (at = draft_values(d, t, t->columns[column].type); *at != '\0';
	     at += n + (at[n] != '\0')) {
		n = strcspn(at, "\n");
		put(d, "        #     ");
		put_shown(d, (struct vl_slice){ (const uint8_t *)at, n });
		put(d, "\n");
	}
	put(d, "        # - {from: ");
	put_path(d, t->schema->name, t->schema->columns[column].name);
	put(d, ", to_by: {column: ");
	put_scalar(d, type->name);
	put(d, ", values: {VALUE: TABLE}}}\n");
}

/* An active line: true. */
static bool
write_reference(struct draft *d, const struct draft_table *t, size_t column)
{
	const struct draft_column *c = &t->columns[column];

	if (c->kind == DRAFT_TYPED) {
		ask_type(d, t, column);
		return false;
	}
	if (c->kind == DRAFT_PROVED) {
		put_reference(d, t, column, "");
		return true;
	}
	ask_person(d, 8);
	put_path(d, t->schema->name, t->schema->columns[column].name);
	if (c->to == NONE) {
		put(d,
		    " is named like a reference, and no table is called "
		    "so\n");
		return false;
	}
	put(d, "%s\n",
	    c->ids == 0 ? ": no row shows whether it is" :
	                  " is named like a reference; is it?");
	put_reference(d, t, column, "# ");
	return false;
}

static bool
is_written(const struct draft_table *t, size_t column)
{
	return t->columns[column].kind >= DRAFT_PROVED &&
	    can_be_named(t->schema->name, false) &&
	    can_be_named(t->schema->columns[column].name, true);
}

/* Those that are asked about, to be declared as none. */
static void
propose_none(struct draft *d)
{
	const struct draft_table *t = NULL;
	size_t n = 0;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < d->ntables; i++) {
		t = &d->tables[i];
		for (k = 0; k < t->schema->ncolumns; k++) {
			if (!is_written(t, k) ||
			    t->columns[k].kind == DRAFT_PROVED)
				continue;
			put(d, "%s",
			    n++ == 0 ? "      # Those that are none:\n"
			               "      # not_reference: [" :
			               ", ");
			put_path(
			    d, t->schema->name, t->schema->columns[k].name);
		}
	}
	if (n > 0)
		put(d, "]\n");
}

/* What `write` says, below its word, which is a comment where no line below
 * it is active. */
static void
write_list(struct draft *d, const char *word, bool (*write)(struct draft *d))
{
	struct vl_buf *out = d->out;
	struct vl_buf list = { 0 };
	bool active = false;

	d->out = &list;
	active = write(d);
	d->out = out;
	if (list.n > 0)
		put(d, "      %s%s:\n", active ? "" : "# ", word);
	if (d->ask.st == VL_OK)
		d->ask.st = vl_buf_add(out, vl_buf_slice(&list), d->ask.err);
	vl_buf_free(&list);
}

static bool
write_tables(struct draft *d)
{
	bool active = false;
	size_t i = 0;

	for (i = 0; i < d->ntables; i++)
		if (write_table(d, &d->tables[i]))
			active = true;
	return active;
}

static bool
write_references(struct draft *d)
{
	bool active = false;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < d->ntables; i++)
		for (k = 0; k < d->tables[i].schema->ncolumns; k++)
			if (is_written(&d->tables[i], k) &&
			    write_reference(d, &d->tables[i], k))
				active = true;
	draft_integers(d);
	draft_texts(d);
	return active;
}

void
draft_write(struct draft *d)
{
	size_t i = 0;

	put(d, "    - resource: ");
	put_scalar(d, d->resource);
	put(d, "\n");
	for (i = 0; i < d->schema->nothers; i++) {
		put(d, "      # not carried: %s ", d->schema->others[i].kind);
		put_shown(d, vl_slice_of(d->schema->others[i].name));
		put(d, "\n");
	}
	write_list(d, "tables", write_tables);
	write_list(d, "references", write_references);
	propose_none(d);
}
