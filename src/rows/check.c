/*
 * A profile held against a database.  The plan and the keys are made by the
 * code that exports, with an ear, so that nothing ends it; then every row is
 * gone through once more, for its references and its values.  At last an
 * export is run as it is: its answer is the verdict.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "check.h"
#include "clue.h"
#include "put.h"

static void
free_counts(struct checking *c, const struct rows_table *t)
{
	size_t i = 0;
	size_t k = 0;

	for (i = 0; c->counts.refs != NULL && i < t->schema->ncolumns; i++) {
		for (k = 0;
		     c->counts.refs[i] != NULL && k < t->columns[i].nrefs; k++)
			vl_buf_free(&c->counts.refs[i][k].examples);
		free(c->counts.refs[i]);
	}
	free(c->counts.refs);
	free(c->counts.entries);
	free(c->counts.keeps);
	c->counts = (struct check_counts){ 0 };
}

static enum vl_status
make_counts(struct checking *c, const struct rows_table *t)
{
	size_t i = 0;

	c->counts.entries = calloc(t->nentries, sizeof(*c->counts.entries));
	c->counts.keeps = calloc(t->nkeeps + 1, sizeof(*c->counts.keeps));
	c->counts.refs =
	    calloc(t->schema->ncolumns + 1, sizeof(*c->counts.refs));
	if (c->counts.entries == NULL || c->counts.keeps == NULL ||
	    c->counts.refs == NULL)
		return vl_fail_memory(c->err);
	for (i = 0; i < t->schema->ncolumns; i++) {
		c->counts.refs[i] =
		    calloc(t->columns[i].nrefs + 1, sizeof(**c->counts.refs));
		if (c->counts.refs[i] == NULL)
			return vl_fail_memory(c->err);
	}
	return VL_OK;
}

static enum vl_status
add_example(
    struct checking *c, struct check_ref *count, const struct vl_cell *id)
{
	char shown[ROWS_SHOWN];

	if (count->nexamples == CHECK_EXAMPLES)
		return VL_OK;
	rows_show_id(shown, id);
	return vl_buf_printf(&count->examples, c->err, "%s%s",
	    count->nexamples++ == 0 ? "" : ", ", shown);
}

#define ID_LONG 64

/* A text that is no id, of whichever row of the table. */
static bool
is_odd(const struct rows_table *t, const struct rows_ref *ref,
    const struct vl_cell *id)
{
	const size_t column = ref->column == NONE ? t->primary : ref->column;
	const bool number =
	    column != NONE && t->schema->columns[column].integer_id;
	size_t i = 0;

	if (column == NONE || id->type != VL_CELL_TEXT || id->bytes.n == 0)
		return false;
	for (i = 0; i < id->bytes.n; i++)
		if (number ? id->bytes.p[i] < '0' || id->bytes.p[i] > '9' :
		             strchr(" \n\"{}[];<>", id->bytes.p[i]) != NULL)
			return true;
	return id->bytes.n > ID_LONG;
}

static enum vl_status
count_id(struct checking *c, const struct rows_reader *rd,
    const struct rows_ref *ref, struct check_ref *count,
    const struct vl_cell *id)
{
	enum rows_met met = ROWS_MET_NOTHING;
	struct vl_cell value = { 0 };
	enum vl_status st = VL_OK;
	size_t to = NONE;

	st = rows_meet(c->r->scratch, rd, ref, id, &met, &to, c->err);
	if (st != VL_OK)
		return st;
	count->none += met == ROWS_MET_NOTHING;
	count->met += met == ROWS_MET_ROW;
	if (met != ROWS_MET_NONE)
		return VL_OK;
	count->dangling++;
	if (to != NONE) {
		count->odd += is_odd(&c->r->plan.tables[to], ref, id);
		return add_example(c, count, id);
	}
	count->unknown++;
	st = rows_by_value(c->r->scratch, rd, ref->by, &value, c->err);
	return st == VL_OK ? add_example(c, count, &value) : st;
}

static enum vl_status
add_covered(struct checking *c)
{
	struct vl_places *to = &c->covered;
	struct vl_place *grown = NULL;
	size_t n = to->n + c->places.n;

	if (c->places.n == 0)
		return VL_OK;
	if (n > to->cap) {
		grown = reallocarray(to->list, n * 2, sizeof(*grown));
		if (grown == NULL)
			return vl_fail_memory(c->err);
		to->list = grown;
		to->cap = n * 2;
	}
	memcpy(to->list + to->n, c->places.list, c->places.n * sizeof(*grown));
	to->n = n;
	return VL_OK;
}

/* Ids that stand inside a value.  One that cannot be read is met again where
 * the row is made into a line. */
static enum vl_status
count_inside(struct checking *c, const struct rows_reader *rd,
    const struct rows_ref *ref, struct check_ref *count,
    const struct vl_cell *cell)
{
	struct vl_cell id = { .type = VL_CELL_TEXT };
	struct vl_slice bytes = { 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (!rows_ref_reads(ref, cell))
		return VL_OK;
	c->places.n = 0;
	c->places.ncounted = 0;
	st = rows_ref_unpack(&c->unpacked, ref, cell, &bytes, c->err);
	if (st == VL_OK)
		st = vl_finder_find(ref->finder, bytes, &c->places, c->err);
	if (st != VL_OK) {
		*c->err = (struct vl_err){ 0 };
		return VL_OK;
	}
	st = add_covered(c);
	for (i = 0; st == VL_OK && i < c->places.n; i++) {
		vl_buf_clear(&c->text);
		st = vl_place_read(&c->text, bytes, &c->places.list[i], c->err);
		id.bytes = vl_buf_slice(&c->text);
		if (st == VL_OK)
			st = count_id(c, rd, ref, count, &id);
	}
	return st;
}

static enum vl_status
count_column(struct checking *c, const struct rows_reader *rd, size_t column)
{
	const struct rows_column *col = &rd->t->columns[column];
	const struct vl_cell *cell = rows_reader_cell(rd, column);
	const struct rows_ref *whole = rows_whole(rd, column);
	const struct rows_ref *ref = NULL;
	struct check_ref *count = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < col->nrefs; i++) {
		ref = &col->refs[i];
		count = &c->counts.refs[column][i];
		if (whole != NULL ? ref != whole :
		                    !rows_reader_holds(rd, ref->condition))
			continue;
		count->rows++;
		st = whole != NULL ? count_id(c, rd, ref, count, cell) :
		                     count_inside(c, rd, ref, count, cell);
	}
	return st;
}

/* A row that travels: its references, and its line. */
static enum vl_status
go_through(struct checking *c, const struct rows_reader *rd,
    const struct rows_note *note)
{
	struct rows_values *v = &c->r->values;
	enum vl_status st = VL_OK;
	bool drop = false;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < rd->t->schema->ncolumns; i++) {
		c->covered.n = 0;
		if (rd->t->columns[i].nrefs > 0)
			st = count_column(c, rd, i);
		if (st == VL_OK)
			st = check_clues_read(c, rd, i, &c->covered);
		if (st == VL_OK)
			st = check_here_read(c, rd, i);
	}
	if (st == VL_OK)
		st = check_secrets_read(c, rd, note->key);
	if (st != VL_OK)
		return st;
	st = rows_values_make(v, c->r->scratch, rd, &drop, c->err);
	if (st != VL_OK && rows_heard_row(rd->plan, rd->t, c->err))
		st = VL_OK;
	if (st == VL_OK && v->nlarge > 0)
		st = rows_scratch_forget(c->r->scratch, c->err);
	return st;
}

static enum vl_status
take_row(struct checking *c, const struct rows_reader *rd,
    const struct rows_note *note)
{
	struct check_entry *e = &c->counts.entries[rd->entry];
	size_t i = 0;

	for (i = 0; i < rd->t->nkeeps; i++)
		c->counts.keeps[i] +=
		    rows_reader_holds(rd, rd->t->keeps[i].condition);
	if (rd->stray && c->counts.stray++ == 0)
		c->counts.first_stray = rd->r;
	if (note == NULL || note->state == ROWS_SKIPPED) {
		e->skipped++;
		return VL_OK;
	}
	if (note->state != ROWS_CARRIED) {
		e->refused++;
		return VL_OK;
	}
	e->rows++;
	return go_through(c, rd, note);
}

static enum vl_status
take_rows(struct checking *c, struct rows_reader *rd, bool keyed)
{
	struct rows_each *each = NULL;
	struct rows_note note = { 0 };
	enum vl_status st = VL_OK;
	bool noted = true;
	bool row = true;

	if (keyed)
		st = rows_each_open(
		    &each, c->r->scratch, rd->table, ROWS_BY_ROW, c->err);
	while (st == VL_OK) {
		st = rows_reader_next(rd, &row, c->err);
		if (st == VL_OK && row && keyed)
			st = rows_each_next(each, &note, &noted, c->err);
		if (st != VL_OK || !row || !noted)
			break;
		st = take_row(c, rd, keyed ? &note : NULL);
	}
	rows_each_free(each);
	return st;
}

static enum vl_status
check_table(struct checking *c, size_t table)
{
	const struct rows_table *t = &c->r->plan.tables[table];
	bool *wanted = calloc(t->schema->ncolumns + 1, sizeof(*wanted));
	struct rows_reader rd = { 0 };
	enum vl_status st = VL_OK;

	if (wanted == NULL)
		return vl_fail_memory(c->err);
	/* One column, for a table that has no rowid. */
	wanted[0] = true;
	if (!rows_table_skipped(t))
		memset(wanted, true, t->schema->ncolumns);
	st = make_counts(c, t);
	if (st == VL_OK)
		st = check_here_begin(c, t);
	if (st == VL_OK)
		st = rows_reader_open(
		    &rd, c->r->opts.db, &c->r->plan, table, wanted, c->err);
	if (st == VL_OK)
		st = take_rows(c, &rd, t->keyed);
	rows_reader_close(&rd);
	if (st == VL_OK)
		st = check_tell_table(c, table);
	if (st == VL_OK)
		check_clues_tell(c, t);
	if (st == VL_OK)
		check_here_tell(c, t);
	free_counts(c, t);
	free(wanted);
	return st;
}

static enum vl_status
check_rows(struct checking *c)
{
	struct rows_plan *p = &c->r->plan;
	enum vl_status st = rows_find_keys(c->r, c->err);
	size_t i = 0;

	if (st == VL_OK)
		st = check_clues_open(c);
	if (st == VL_OK)
		st = check_secrets_open(c);
	for (i = 0; st == VL_OK && i < p->ntables; i++)
		if (!p->tables[i].left)
			st = check_table(c, i);
	if (st == VL_OK)
		check_secrets_tell(c);
	return st;
}

static enum vl_status
check_version(struct checking *c)
{
	const struct vl_rows_opts *o = &c->r->opts;
	struct vl_buf text = { 0 };
	struct vl_buf shown = { 0 };
	enum vl_status st = vl_rows_version(&text, o, c->err);

	if (st == VL_EUSAGE) {
		check_find(
		    c, VL_CHECK_WRONG, NULL, NULL, "version: %s", c->err->text);
		*c->err = (struct vl_err){ 0 };
		st = VL_OK;
	} else if (st == VL_OK && text.n > 0) {
		st = vl_escape(&shown, vl_buf_slice(&text), c->err);
		if (st == VL_OK)
			st = vl_buf_printf(&shown, c->err, "%c", 0);
		if (st == VL_OK && c->to->version != NULL)
			c->to->version(c->to->arg, (const char *)shown.p);
	}
	vl_buf_free(&text);
	vl_buf_free(&shown);
	return st;
}

/* An export, to its end. */
static enum vl_status
run_export(const struct vl_rows_opts *opts, struct vl_err *err)
{
	struct vl_rows_opts quiet = *opts;
	struct vl_record rec = { 0 };
	struct vl_rows *r = NULL;
	enum vl_status st = VL_OK;

	quiet.report = (struct vl_rows_report){ 0 };
	st = vl_rows_open(&r, &quiet, err);
	while (st == VL_OK) {
		st = vl_rows_next(r, &rec, err);
		if (rec.line.p == NULL)
			break;
	}
	vl_rows_free(r);
	return st;
}

static enum vl_status
find_verdict(struct checking *c, enum vl_status *verdict)
{
	enum vl_status st = VL_OK;

	*verdict = VL_EUSAGE;
	if (c->wrong)
		return VL_OK;
	st = run_export(&c->r->opts, c->err);
	*verdict = st;
	if (st == VL_ELIMIT)
		*verdict = VL_EREFUSED;
	if (*verdict != VL_EUSAGE && *verdict != VL_EREFUSED)
		return st;
	if (*verdict == VL_EUSAGE || !c->refused)
		check_find(c,
		    *verdict == VL_EUSAGE ? VL_CHECK_WRONG : VL_CHECK_REFUSED,
		    NULL, NULL, "%s", c->err->text);
	*c->err = (struct vl_err){ 0 };
	return VL_OK;
}

static void
note(void *arg, const char *text)
{
	check_find(arg, VL_CHECK_HINT, NULL, NULL, "%s", text);
}

static enum vl_status
run_checks(struct checking *c, enum vl_status *verdict)
{
	struct rows_plan *p = &c->r->plan;
	enum vl_status st = rows_plan_make(p, &c->r->opts, c->err);

	if (st == VL_OK) {
		c->faults = calloc(p->ntables + 1, sizeof(*c->faults));
		if (c->faults == NULL)
			return vl_fail_memory(c->err);
		check_tell_lines(c);
		st = check_version(c);
	}
	if (st == VL_OK)
		st = check_not_secret(c);
	if (st == VL_OK && !c->blind)
		st = check_rows(c);
	if (st == VL_OK && !c->blind)
		st = check_tell_hints(c);
	if (st == VL_OK && !c->blind)
		st = check_tell_derived(c);
	return st == VL_OK ? find_verdict(c, verdict) : st;
}

enum vl_status
vl_rows_check(const struct vl_rows_opts *opts, const struct vl_check *to,
    enum vl_status *verdict, struct vl_err *err)
{
	struct vl_rows *r = calloc(1, sizeof(*r));
	struct checking c = { .to = to, .r = r, .err = err };
	enum vl_status st = VL_OK;

	*verdict = VL_OK;
	if (r == NULL)
		return vl_fail_memory(err);
	c.ear = (struct rows_ear){ .arg = &c,
		.wrong = check_hear,
		.row = check_hear_row,
		.doubles = check_hear_doubles,
		.blind = &c.blind };
	r->opts = *opts;
	r->opts.report = (struct vl_rows_report){ .arg = &c, .note = note };
	r->plan.lenient = true;
	r->plan.ear = &c.ear;
	st = run_checks(&c, verdict);
	clues_free(c.clues);
	free(c.not_secret);
	free(c.heres);
	rows_edits_free(&c.edits);
	free(c.secrets);
	vl_places_free(&c.places);
	vl_places_free(&c.covered);
	vl_buf_free(&c.text);
	vl_buf_free(&c.unpacked);
	free(c.faults);
	vl_rows_free(r);
	return st;
}
