/*
 * Tables that a value names (`to_by`): one of the same row, or of a row above
 * it that a path of references leads to, "custom_field_id.format".
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parts.h"

#define STEPS_MAX 8
#define SHOWN_MAX 512

struct path {
	const struct rows_plan *p;
	const struct vl_rows_opts *opts;
	const struct rows_table *t; /* where the path has come to */
	struct rows_ref *ref;
	char name[SHOWN_MAX]; /* "table.column" that the line is about */
	struct vl_err *err;
};

/* What the whole value of the column refers to in every row; or NULL. */
static const struct rows_ref *
only_ref(const struct rows_table *t, size_t column)
{
	const struct rows_column *c = &t->columns[column];

	if (c->nrefs != 1 || c->refs[0].finder != NULL ||
	    c->refs[0].condition != NONE || c->refs[0].to == NONE)
		return NULL;
	return &c->refs[0];
}

static enum vl_status
fail_part(const struct path *path, struct vl_slice part, const char *what)
{
	const struct vl_reference *w = path->ref->words;

	return rows_plan_fail(path->opts, ROWS_AT(w), path->err,
	    "'%s' takes its table from '%s', and '%.*s' is %s of table '%s'",
	    path->name, w->to_by->column, (int)part.n, (const char *)part.p,
	    what, path->t->schema->name);
}

/* A part of the path: a reference, or in the last one the value. */
static enum vl_status
add_part(struct path *path, struct vl_slice part, bool last)
{
	struct rows_by *by = path->ref->by;
	const struct rows_ref *next = NULL;
	size_t column = rows_column(path->t, part);

	if (column == NONE)
		return fail_part(path, part, "no column");
	if (path->t->columns[column].role == ROWS_DERIVED ||
	    path->t->schema->columns[column].generated)
		return fail_part(path, part, "a column that does not travel");
	if (by->nsteps == 0 && by->column == NONE)
		by->column = column;
	else
		by->steps[by->nsteps - 1].column = column;
	if (last)
		return VL_OK;
	next = only_ref(path->t, column);
	if (next == NULL)
		return fail_part(
		    path, part, "no reference to one table in every row");
	by->steps[by->nsteps++] = (struct rows_step){
		.to = next->to, .by = next->column, .column = NONE
	};
	path->t = &path->p->tables[next->to];
	return VL_OK;
}

static enum vl_status
follow(struct path *path)
{
	const char *text = path->ref->words->to_by->column;
	const char *point = NULL;
	enum vl_status st = VL_OK;
	struct vl_slice part = { 0 };
	size_t n = 1;

	for (point = strchr(text, '.'); point != NULL;
	     point = strchr(point + 1, '.'))
		n++;
	if (n > STEPS_MAX)
		return rows_plan_fail(path->opts, ROWS_AT(path->ref->words),
		    path->err, "'%s': a path of more than %d parts: '%s'",
		    path->name, STEPS_MAX, text);
	path->ref->by->steps = calloc(n, sizeof(*path->ref->by->steps));
	if (path->ref->by->steps == NULL)
		return vl_fail_memory(path->err);
	for (; st == VL_OK && n > 0; n--) {
		part = (struct vl_slice){ (const uint8_t *)text,
			strcspn(text, ".") };
		text += part.n + (n > 1);
		st = add_part(path, part, n == 1);
	}
	return st;
}

enum vl_status
rows_by_follow(struct rows_plan *p, const struct vl_rows_opts *opts,
    size_t table, struct vl_err *err)
{
	struct rows_table *t = &p->tables[table];
	struct path path = { .p = p, .opts = opts, .err = err };
	enum vl_status st = VL_OK;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; st == VL_OK && i < t->schema->ncolumns; i++) {
		for (k = 0; st == VL_OK && k < t->columns[i].nrefs; k++) {
			path.ref = &t->columns[i].refs[k];
			if (path.ref->by == NULL ||
			    path.ref->by->column != NONE)
				continue;
			path.t = t;
			(void)snprintf(path.name, sizeof(path.name), "%s.%s",
			    t->schema->name, t->schema->columns[i].name);
			st = follow(&path);
			t->far = true;
		}
	}
	return st;
}

size_t
rows_by_pick(const struct rows_by *by, const struct vl_cell *value)
{
	struct vl_slice text = value->bytes;
	char digits[24];
	size_t i = 0;

	if (value->type == VL_CELL_INT) {
		(void)snprintf(
		    digits, sizeof(digits), "%" PRId64, value->integer);
		text = vl_slice_of(digits);
	} else if (value->type != VL_CELL_TEXT) {
		return by->otherwise;
	}
	for (i = 0; i < by->n; i++)
		if (vl_slice_equal(text, by->values[i].value))
			return by->values[i].to;
	return by->otherwise;
}

enum vl_status
rows_by_from(struct rows_scratch *s, const struct rows_by *by, size_t step,
    int64_t r, struct vl_cell *value, struct vl_err *err)
{
	struct rows_note note = { .r = r };
	enum vl_status st = VL_OK;
	bool found = true;

	for (; st == VL_OK && found; step++) {
		st = rows_scratch_id(s, by->steps[step].to,
		    by->steps[step].column, note.r, value, &found, err);
		if (st != VL_OK || !found || step + 1 == by->nsteps)
			break;
		st = rows_scratch_find(s, by->steps[step + 1].to,
		    by->steps[step + 1].by, value, &note, &found, err);
	}
	if (!found)
		*value = (struct vl_cell){ 0 };
	return st;
}

enum vl_status
rows_by_value(struct rows_scratch *s, const struct rows_reader *rd,
    const struct rows_by *by, struct vl_cell *value, struct vl_err *err)
{
	struct rows_note note = { 0 };
	enum vl_status st = VL_OK;
	bool found = false;

	*value = *rows_reader_cell(rd, by->column);
	if (by->nsteps == 0 || value->type == VL_CELL_NULL)
		return VL_OK;
	st = rows_scratch_find(
	    s, by->steps[0].to, by->steps[0].by, value, &note, &found, err);
	*value = (struct vl_cell){ 0 };
	return st == VL_OK && found ?
	    rows_by_from(s, by, 0, note.r, value, err) :
	    st;
}
