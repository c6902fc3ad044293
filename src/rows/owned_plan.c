/*
 * Lines of a profile about files that rows own (formats/profile.md, "Rows
 * that own files"): of which table and columns they are, and the path that a
 * row's values make.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "owned.h"
#include "put.h"

#define PATH_SHOWN 256

static enum vl_status
fail_line(const struct vl_rows_opts *opts, const struct rows_file *f,
    struct vl_slice column, const char *why, struct vl_err *err)
{
	return rows_plan_fail(opts, ROWS_AT(f->words), err,
	    "'file': column '%.*s' of table '%s' %s", (int)column.n,
	    (const char *)column.p, f->words->table, why);
}

/* What the column is besides, and so cannot be of a path. */
static const char *
unfit(const struct rows_table *t, size_t column)
{
	const struct rows_column *c = &t->columns[column];

	if (c->role == ROWS_DERIVED || c->schema->generated)
		return "follows from others";
	if (c->role != ROWS_PLAIN || c->nrefs > 0 || column == t->primary)
		return "is an id: names in which ids stand are said by 'path'";
	if (c->nheres > 0)
		return "holds a value that differs from side to side";
	return NULL;
}

static enum vl_status
add_part(struct rows_file *f, struct vl_slice text, size_t column,
    struct vl_err *err)
{
	struct rows_file_part *parts =
	    reallocarray(f->parts, f->nparts + 1, sizeof(*parts));

	if (parts == NULL)
		return vl_fail_memory(err);
	f->parts = parts;
	parts[f->nparts++] = (struct rows_file_part){ text, column };
	return VL_OK;
}

static enum vl_status
read_parts(const struct rows_table *t, const struct vl_rows_opts *opts,
    struct rows_file *f, struct vl_err *err)
{
	const char *text = f->words->file;
	struct vl_slice before = { 0 };
	struct vl_slice name = { 0 };
	enum vl_status st = VL_OK;
	const char *why = NULL;
	size_t column = NONE;
	bool more = true;

	while (st == VL_OK && more) {
		more = vl_file_next(&text, &before, &name);
		if (before.n > 0)
			st = add_part(f, before, NONE, err);
		if (st != VL_OK || !more)
			continue;
		column = rows_column(t, name);
		if (column == NONE)
			return fail_line(opts, f, name, "is not there", err);
		why = unfit(t, column);
		st = why != NULL ? fail_line(opts, f, name, why, err) :
		                   add_part(f, name, column, err);
	}
	return st;
}

/* A name that changes would call the row another one. */
static enum vl_status
check_rename(const struct rows_table *t, const struct vl_rows_opts *opts,
    const struct rows_file *f, struct vl_err *err)
{
	const struct rows_entry *e = t->entries;
	const struct vl_column *c = NULL;
	struct vl_slice name = { 0 };
	bool named = false;
	size_t i = 0;
	size_t k = 0;
	size_t m = 0;

	if (f->words->collide != VL_COLLIDE_RENAME)
		return VL_OK;
	for (i = 0; i < f->nparts; i++) {
		if (f->parts[i].column == NONE)
			continue;
		c = &t->schema->columns[f->parts[i].column];
		name = vl_slice_of(c->name);
		for (k = 0; k < t->nentries; k++) {
			named = e[k].multiset && !e[k].skipped;
			for (m = 0; m < e[k].nkey; m++)
				named =
				    named || e[k].key[m] == f->parts[i].column;
			for (m = 0; m < e[k].nordinal; m++)
				named = named ||
				    e[k].ordinal[m] == f->parts[i].column;
			if (named)
				return fail_line(opts, f, name,
				    "is one of those by which its rows are "
				    "known, so that 'collide: rename' would "
				    "make another row of it",
				    err);
		}
	}
	return VL_OK;
}

static enum vl_status
read_line(struct rows_plan *p, const struct vl_rows_opts *opts,
    struct rows_table *t, const struct vl_file_reference *words,
    struct vl_err *err)
{
	struct rows_file *files =
	    reallocarray(t->files, t->nfiles + 1, sizeof(*files));
	struct rows_file *f = NULL;
	enum vl_status st = VL_OK;

	(void)p;
	if (files == NULL)
		return vl_fail_memory(err);
	t->files = files;
	f = &files[t->nfiles++];
	*f = (struct rows_file){ .words = words,
		.condition = NONE,
		.tree = opts->owned == NULL ?
		    NONE :
		    owned_tree(opts->owned, words->in) };
	st = rows_plan_condition(t, opts->db, words->where, &f->condition, err);
	if (st != VL_OK)
		return rows_plan_fail(opts, ROWS_AT(words), err,
		    "table '%s': %s", t->schema->name, err->text);
	st = read_parts(t, opts, f, err);
	return st == VL_OK ? check_rename(t, opts, f, err) : st;
}

enum vl_status
rows_owned_plan(
    struct rows_plan *p, const struct vl_rows_opts *opts, struct vl_err *err)
{
	const struct vl_file_reference *words = NULL;
	enum vl_status st = VL_OK;
	size_t table = NONE;
	size_t i = 0;

	for (i = 0; st == VL_OK && p->words != NULL && i < p->words->nfiles;
	     i++) {
		words = &p->words->files[i];
		table = rows_plan_table(p, vl_slice_of(words->table));
		if (table == NONE)
			st = rows_plan_fail(opts, ROWS_AT(words), err,
			    "there is no table '%s' in resource '%s'",
			    words->table, p->resource);
		else
			st = read_line(p, opts, &p->tables[table], words, err);
		if (st != VL_OK &&
		    rows_heard(p, table == NONE ? NULL : &p->tables[table],
		        NULL, err)) {
			if (table != NONE && p->tables[table].nfiles > 0)
				p->tables[table].nfiles--;
			st = VL_OK;
		}
	}
	return st;
}

void
rows_owned_plan_free(struct rows_table *t)
{
	size_t i = 0;

	for (i = 0; i < t->nfiles; i++)
		free(t->files[i].parts);
	free(t->files);
}

bool
rows_owned_names(const struct rows_table *t, size_t column)
{
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < t->nfiles; i++)
		for (k = 0; k < t->files[i].nparts; k++)
			if (t->files[i].tree != NONE &&
			    t->files[i].parts[k].column == column)
				return true;
	return false;
}

enum vl_status
rows_owned_line(const struct rows_reader *rd, const struct rows_file **f,
    struct vl_err *err)
{
	const struct rows_table *t = rd->t;
	size_t i = 0;

	*f = NULL;
	for (i = 0; i < t->nfiles; i++) {
		if (!rows_reader_holds(rd, t->files[i].condition))
			continue;
		if (*f != NULL)
			return vl_fail(err, VL_EREFUSED,
			    "two lines of the profile say which file it owns: "
			    "'%s' and '%s'",
			    (*f)->words->file, t->files[i].words->file);
		*f = &t->files[i];
	}
	return VL_OK;
}

void
rows_owned_cells(const struct rows_reader *rd, const struct rows_file *f,
    struct vl_cell *cells)
{
	size_t i = 0;

	for (i = 0; i < f->nparts; i++) {
		cells[i] = (struct vl_cell){ 0 };
		if (f->parts[i].column != NONE)
			cells[i] = *rows_reader_cell(rd, f->parts[i].column);
	}
}

/* A component of the path while it is made. */
struct component {
	struct vl_buf text;
	bool asked; /* it holds a column */
	bool said;  /* which has a value */
};

/* One that holds columns and no value is left out with its slash. */
static enum vl_status
end_component(struct vl_buf *out, struct component *c, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (!c->asked || c->said) {
		if (out->n > 0)
			st = vl_buf_add_text(out, "/", err);
		if (st == VL_OK)
			st = vl_buf_add(out, vl_buf_slice(&c->text), err);
	}
	vl_buf_clear(&c->text);
	c->asked = c->said = false;
	return st;
}

static enum vl_status
add_text(struct vl_buf *out, struct component *c, struct vl_slice text,
    struct vl_err *err)
{
	const uint8_t *slash = NULL;
	struct vl_slice piece = { 0 };
	enum vl_status st = VL_OK;

	while (st == VL_OK && text.n > 0) {
		slash = memchr(text.p, '/', text.n);
		piece = text;
		if (slash != NULL)
			piece.n = (size_t)(slash - text.p);
		st = vl_buf_add(&c->text, piece, err);
		text.p += piece.n;
		text.n -= piece.n;
		if (st != VL_OK || slash == NULL)
			break;
		st = end_component(out, c, err);
		text.p++;
		text.n--;
	}
	return st;
}

static enum vl_status
add_cell(struct component *c, const struct vl_cell *cell, const char *column,
    struct vl_err *err)
{
	char digits[VL_INT_SIZE];
	struct vl_slice text = cell->bytes;

	c->asked = true;
	switch (cell->type) {
	case VL_CELL_NULL:
		return VL_OK;
	case VL_CELL_INT:
		text.p = (const uint8_t *)digits;
		text.n = vl_int_text(digits, cell->integer);
		break;
	case VL_CELL_TEXT:
		break;
	default:
		return vl_fail(err, VL_EREFUSED,
		    "column '%s' holds what cannot stand in a path", column);
	}
	c->said = c->said || text.n > 0;
	return vl_buf_add(&c->text, text, err);
}

enum vl_status
rows_owned_path(struct vl_buf *out, const struct rows_table *t,
    const struct rows_file *f, const struct vl_cell *cells, struct vl_err *err)
{
	struct component c = { .asked = false };
	struct vl_err why = { 0 };
	enum vl_status st = VL_OK;
	char shown[PATH_SHOWN];
	bool said = false;
	size_t i = 0;

	vl_buf_clear(out);
	for (i = 0; st == VL_OK && i < f->nparts; i++) {
		if (f->parts[i].column == NONE)
			st = add_text(out, &c, f->parts[i].text, err);
		else
			st = add_cell(&c, &cells[i],
			    t->schema->columns[f->parts[i].column].name, err);
		said = said || c.said;
	}
	if (st == VL_OK)
		st = end_component(out, &c, err);
	vl_buf_free(&c.text);
	if (!said)
		vl_buf_clear(out);
	if (st == VL_OK && out->n > 0 &&
	    vl_path_check(vl_buf_slice(out), &why) != VL_OK)
		st = vl_fail(err, VL_EREFUSED,
		    "its file '%s' of '%s' is no path of a tree: %s",
		    vl_escape_text(shown, sizeof(shown), vl_buf_slice(out)),
		    f->words->in, why.text);
	return st;
}
