/*
 * Columns that the profile calls secret (formats/profile.md, "Secrets").  What
 * is in them is encrypted with a key that each side has for itself, and
 * travels as it is: here is counted whom that is to be said of.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "put.h"

struct rows_secret {
	const struct vl_secret_words *words;
	size_t table;
	size_t column;
	uint64_t values; /* that travel */
};

static enum vl_status
find_column(struct rows_secret *s, const struct rows_plan *p,
    const struct vl_rows_opts *opts, struct vl_err *err)
{
	struct vl_slice table = { 0 };
	struct vl_slice column = { 0 };

	if (vl_profile_split(s->words->of, &table, &column)) {
		s->table = rows_plan_table(p, table);
		if (s->table != NONE)
			s->column = rows_column(&p->tables[s->table], column);
	}
	if (s->column != NONE || p->lenient)
		return VL_OK;
	return rows_plan_fail(opts, ROWS_AT(s->words), err,
	    "'secrets': there is no column '%s'", s->words->of);
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
	p->secrets = calloc(n, sizeof(*p->secrets));
	if (p->secrets == NULL)
		return vl_fail_memory(err);
	for (; st == VL_OK && p->nsecrets < n; p->nsecrets++) {
		s = &p->secrets[p->nsecrets];
		*s = (struct rows_secret){ .words =
			                       &p->words->secrets[p->nsecrets],
			.table = NONE,
			.column = NONE };
		st = find_column(s, p, opts, err);
		if (st != VL_OK && rows_heard(p, NULL, NULL, err))
			st = VL_OK;
	}
	return st;
}

void
rows_secret_count(const struct rows_plan *p, const struct rows_reader *rd)
{
	const struct vl_cell *cell = NULL;
	struct rows_secret *s = p->secrets;

	for (; s < p->secrets + p->nsecrets; s++) {
		if (s->table != rd->table || s->column == NONE ||
		    s->words->master_key == NULL)
			continue;
		cell = rows_reader_cell(rd, s->column);
		s->values += cell->type != VL_CELL_NULL &&
		    (cell->type < VL_CELL_TEXT || cell->bytes.n > 0);
	}
}

static void
say(const struct rows_secret *s, const struct vl_rows_report *report,
    const char *resource, uint64_t n, const char *what)
{
	char count[40];
	char text[1024];

	if (n == 0 || report->note == NULL)
		return;
	(void)snprintf(text, sizeof(text),
	    "%s%s%s'%s': %s %s encrypted with the source's key '%s', which "
	    "this version does not open: %s",
	    resource == NULL ? "" : "resource '",
	    resource == NULL ? "" : resource,
	    resource == NULL ? "" : "': ", s->words->of,
	    vl_format_counted(count, sizeof(count), n, "value", "values"),
	    n == 1 ? "is" : "are", s->words->master_key, what);
	report->note(report->arg, text);
}

void
rows_secret_tell(const struct rows_plan *p, size_t table,
    const struct vl_rows_report *report)
{
	const struct rows_secret *s = p->secrets;

	for (; s < p->secrets + p->nsecrets; s++)
		if (s->table == table)
			say(s, report, NULL, s->values,
			    "unreadable at the target until typed in there");
}

/* Whether the column has a value in the row of the bundle. */
static enum vl_status
has_value(struct vl_rows_put *p, const char *column,
    const struct rows_staged *row, bool *has, struct vl_err *err)
{
	struct vl_slice name = { 0 };
	struct vl_value v = { 0 };
	enum vl_status st = rows_row_parse(&p->theirs, row->row, err);
	size_t at = 0;

	*has = false;
	while (st == VL_OK && vl_row_next(&p->theirs, 0, &at, &name, &v))
		if (vl_slice_equal(name, vl_slice_of(column)))
			*has = v.kind != VL_VALUE_CELL ||
			    (v.cell.type != VL_CELL_NULL &&
			        (v.cell.type < VL_CELL_TEXT ||
			            v.cell.bytes.n > 0));
	return st;
}

static enum vl_status
count_written(struct vl_rows_put *p, const struct rows_secret *s,
    enum rows_act act, uint64_t *n, struct vl_err *err)
{
	const struct rows_table *t = &p->here->plan.tables[s->table];
	struct rows_staging *g = NULL;
	struct rows_staged row = { 0 };
	enum vl_status st = rows_staging_open(&g, p->stage, s->table, act, err);
	bool more = true;
	bool has = false;

	while (st == VL_OK) {
		st = rows_staging_next(g, &row, &more, err);
		if (st != VL_OK || !more)
			break;
		if (!rows_what_writes(&row, s->column))
			continue;
		st = has_value(
		    p, t->schema->columns[s->column].name, &row, &has, err);
		*n += has;
	}
	rows_staging_free(g);
	return st;
}

enum vl_status
rows_secret_written(struct vl_rows_put *p, struct vl_err *err)
{
	const struct rows_plan *plan = &p->here->plan;
	const struct rows_secret *s = plan->secrets;
	enum vl_status st = VL_OK;
	uint64_t n = 0;

	for (; st == VL_OK && s < plan->secrets + plan->nsecrets; s++) {
		if (s->column == NONE || !p->seen[s->table] ||
		    s->words->master_key == NULL)
			continue;
		n = 0;
		st = count_written(p, s, ROWS_NEW, &n, err);
		if (st == VL_OK)
			st = count_written(p, s, ROWS_UPDATE, &n, err);
		if (st == VL_OK)
			say(s, &p->opts.rows.report, plan->resource, n,
			    "unreadable here until typed in");
	}
	return st;
}
