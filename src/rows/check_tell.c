/* What a check found, in words. */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <valise/text.h>

#include "check.h"
#include "put.h"

#define TEXT_MAX     1024
#define FAULTS_SHOWN 3 /* rows of a table */
#define NAME_SHOWN   160

bool
vl_rows_secret_name(const char *column)
{
	static const char *const words[] = { "password", "passwd", "secret",
		"token", "api_key", "apikey", "private_key", "privatekey",
		"credential", "salt", NULL };
	size_t i = 0;

	for (i = 0; words[i] != NULL; i++)
		if (strcasestr(column, words[i]) != NULL)
			return true;
	return false;
}

static void
tell(struct checking *c, const struct vl_check_finding *f)
{
	c->wrong = c->wrong || f->kind == VL_CHECK_WRONG;
	c->refused = c->refused || f->kind == VL_CHECK_REFUSED;
	c->to->finding(c->to->arg, f);
}

void
check_find(struct checking *c, enum vl_check_kind kind,
    const struct rows_table *t, const char *column, const char *format, ...)
{
	struct vl_check_finding f = { .kind = kind, .column = column };
	char text[TEXT_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	f.text = text;
	f.table = t == NULL ? NULL : t->schema->name;
	tell(c, &f);
}

void
check_hear(void *arg, const struct rows_table *t, const char *line,
    const struct vl_err *why)
{
	struct vl_check_finding f = { .kind = why->status == VL_EUSAGE ?
		    VL_CHECK_WRONG :
		    VL_CHECK_REFUSED,
		.table = t == NULL ? NULL : t->schema->name,
		.text = why->text,
		.error = true,
		.line = line };

	tell(arg, &f);
}

void
check_hear_row(void *arg, const struct rows_table *t, const struct vl_err *why)
{
	struct checking *c = arg;

	c->refused = true;
	if (c->faults[t - c->r->plan.tables]++ < FAULTS_SHOWN)
		check_hear(arg, t, NULL, why);
}

/* Some column of a key may hold a secret. */
bool
check_key_is_secret(const struct rows_table *t)
{
	const struct rows_entry *e = NULL;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < t->nentries; i++) {
		e = &t->entries[i];
		for (k = 0; k < e->nkey; k++)
			if (e->key[k] != NONE &&
			    t->columns[e->key[k]].nrefs == 0 &&
			    vl_rows_secret_name(
			        t->schema->columns[e->key[k]].name))
				return true;
	}
	return false;
}

void
check_hear_doubles(void *arg, const struct rows_table *t, struct vl_slice key,
    uint64_t n, const int64_t r[2])
{
	char shown[NAME_SHOWN];

	if (key.n == 0) {
		check_find(arg, VL_CHECK_REFUSED, t, NULL,
		    "%llu rows share %lld %s: rename some, or give the table "
		    "a key that tells them apart",
		    (unsigned long long)n, (long long)r[0],
		    r[0] == 1 ? "key" : "keys");
		return;
	}
	(void)vl_escape_text(shown, sizeof(shown), key);
	if (check_key_is_secret(t))
		(void)snprintf(shown, sizeof(shown), "which is not shown");
	check_find(arg, VL_CHECK_REFUSED, t, NULL,
	    "%llu rows have one key, %s: the first is row %lld, the last %lld",
	    (unsigned long long)n, shown, (long long)r[0], (long long)r[1]);
}

static enum vl_status
add_name(struct vl_buf *out, const char *before, const char *name,
    struct vl_err *err)
{
	enum vl_status st = vl_buf_add_text(out, before, err);

	return st == VL_OK ? vl_escape(out, vl_slice_of(name), err) : st;
}

static enum vl_status
add_columns(struct vl_buf *out, const struct rows_table *t, const char *before,
    const size_t *columns, size_t n, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < n; i++)
		st = add_name(out, i == 0 ? before : ", ",
		    t->schema->columns[columns[i]].name, err);
	return st;
}

/* How the rows of an entry are called. */
static enum vl_status
describe_key(struct checking *c, const struct rows_table *t,
    const struct rows_entry *e, struct vl_buf *out)
{
	const struct rows_table *child = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < e->nkey; i++) {
		if (i > 0)
			st = vl_buf_add_text(out, ", ", c->err);
		if (st == VL_OK && e->key[i] != NONE) {
			st = add_columns(out, t, "", &e->key[i], 1, c->err);
			continue;
		}
		child = &c->r->plan.tables[e->ofs[i].child];
		if (st == VL_OK)
			st = add_columns(
			    out, child, "", &e->ofs[i].column, 1, c->err);
		if (st == VL_OK)
			st = add_name(out, " of ", child->schema->name, c->err);
	}
	if (st == VL_OK && e->multiset)
		st = vl_buf_add_text(out, "content", c->err);
	if (st == VL_OK && e->nkey == 0 && e->nordinal > 0)
		st = vl_buf_add_text(out, "position", c->err);
	if (st == VL_OK)
		st = add_columns(out, t, ", in the order of ", e->ordinal,
		    e->nordinal, c->err);
	if (st == VL_OK)
		st = add_columns(
		    out, t, ", owned by ", e->owners, e->nowners, c->err);
	if (st == VL_OK && out->n == 0)
		st = vl_buf_add_text(out, "none", c->err);
	return st == VL_OK ? vl_buf_printf(out, c->err, "%c", 0) : st;
}

static enum vl_status
tell_entry(struct checking *c, const struct rows_table *t, size_t at)
{
	const struct rows_entry *e = &t->entries[at];
	const struct check_entry *n = &c->counts.entries[at];
	struct vl_buf key = { 0 };
	struct vl_check_entry told = { .table = t->schema->name,
		.where = e->words == NULL ? NULL : e->words->where,
		.line = e->words == NULL ? 0 : e->words->line,
		.rows = n->rows,
		.skipped = n->skipped,
		.refused = n->refused };
	enum vl_status st = describe_key(c, t, e, &key);

	told.key = (const char *)key.p;
	if (st == VL_OK && c->to->entry != NULL)
		c->to->entry(c->to->arg, &told);
	vl_buf_free(&key);
	if (told.where != NULL && n->rows + n->skipped + n->refused == 0)
		check_find(c, VL_CHECK_HINT, t, NULL,
		    "line %u: its 'where' fits no row", told.line);
	return st;
}

/* Ids that may name no row, and are none. */
static void
tell_odd(struct checking *c, const struct rows_table *t,
    const struct rows_ref *ref, const char *column, const struct check_ref *n)
{
	char counted[48];

	if (n->odd == 0 || n->met > 0 || ref->to == NONE)
		return;
	check_find(c, VL_CHECK_HINT, t, column,
	    "line %u: it finds no id of '%s', and %s that %s none of any row: "
	    "does it look where the ids are?",
	    ref->words->line, c->r->plan.tables[ref->to].schema->name,
	    vl_format_counted(
	        counted, sizeof(counted), n->odd, "value", "values"),
	    n->odd == 1 ? "is" : "are");
}

/* What an export says of ids that name no row. */
static void
tell_dangling(struct checking *c, const struct rows_table *t, size_t column,
    const struct rows_ref *ref, const struct check_ref *n)
{
	const struct vl_column *col = &t->schema->columns[column];
	const char *shown = (const char *)n->examples.p;
	enum vl_on_dangling what =
	    ref->words == NULL ? VL_DANGLING_REFUSE : ref->words->on_dangling;
	struct vl_cell none = { 0 };

	if (vl_rows_secret_name(col->name))
		shown = "not shown";
	if (n->unknown > 0)
		check_find(c, VL_CHECK_REFUSED, t, col->name,
		    "%llu values name no table (%s): add them to 'values', or "
		    "say what 'else' they are",
		    (unsigned long long)n->unknown, shown);
	if (n->dangling == n->unknown ||
	    (what == VL_DANGLING_CLEAR &&
	        rows_none(&c->r->plan, ref, col, &none)) ||
	    what == VL_DANGLING_KEEP || what == VL_DANGLING_DROP) {
		tell_odd(c, t, ref, col->name, n);
		return;
	}
	check_find(c, VL_CHECK_REFUSED, t, col->name,
	    "%llu of %llu ids name no row%s%s%s (%s): mend them, or say %s",
	    (unsigned long long)(n->dangling - n->unknown),
	    (unsigned long long)(n->dangling + n->met),
	    ref->to == NONE ? "" : " of '",
	    ref->to == NONE ? "" : c->r->plan.tables[ref->to].schema->name,
	    ref->to == NONE ? "" : "'", shown,
	    what == VL_DANGLING_CLEAR ?
	        "in 'none' what stands for nothing: it may not be NULL" :
	        "'on_dangling'");
}

static enum vl_status
tell_reference(
    struct checking *c, const struct rows_table *t, size_t column, size_t at)
{
	const struct rows_ref *ref = &t->columns[column].refs[at];
	struct check_ref *n = &c->counts.refs[column][at];
	const struct vl_reference *w = ref->words;
	struct vl_check_reference told = { .table = t->schema->name,
		.column = t->schema->columns[column].name,
		.line = w == NULL ? 0 : w->line,
		.rows = n->rows,
		.none = n->none,
		.met = n->met,
		.dangling = n->dangling };
	enum vl_status st = vl_buf_printf(&n->examples, c->err, "%c", 0);

	if (st != VL_OK)
		return st;
	if (ref->to != NONE)
		told.to = c->r->plan.tables[ref->to].schema->name;
	if (w != NULL)
		told.inside = vl_reference_path(w);
	if (w != NULL && told.inside == NULL)
		told.inside = w->pattern;
	told.examples =
	    vl_rows_secret_name(told.column) ? "" : (const char *)n->examples.p;
	if (c->to->reference != NULL)
		c->to->reference(c->to->arg, &told);
	if (w != NULL && w->where != NULL && n->rows == 0)
		check_find(c, VL_CHECK_HINT, t, told.column,
		    "line %u: its 'where' fits no row", w->line);
	if (n->dangling > 0)
		tell_dangling(c, t, column, ref, n);
	return VL_OK;
}

static void
tell_keeps(struct checking *c, const struct rows_table *t)
{
	size_t i = 0;

	for (i = 0; i < t->nkeeps; i++)
		if (c->counts.keeps[i] == 0 && t->keeps[i].words->where != NULL)
			check_find(c, VL_CHECK_HINT, t, NULL,
			    "line %u: 'keep_here' fits no row",
			    t->keeps[i].words->line);
}

enum vl_status
check_tell_table(struct checking *c, size_t table)
{
	const struct rows_table *t = &c->r->plan.tables[table];
	uint64_t faults = c->faults[table];
	enum vl_status st = VL_OK;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; st == VL_OK && i < t->nentries; i++)
		st = tell_entry(c, t, i);
	for (i = 0;
	     !rows_table_skipped(t) && st == VL_OK && i < t->schema->ncolumns;
	     i++)
		for (k = 0; st == VL_OK && k < t->columns[i].nrefs; k++)
			st = tell_reference(c, t, i, k);
	tell_keeps(c, t);
	if (c->counts.stray > 0)
		check_find(c, VL_CHECK_REFUSED, t, NULL,
		    "no entry of the profile fits %llu rows, the first of them "
		    "row %lld: add one without 'where'",
		    (unsigned long long)c->counts.stray,
		    (long long)c->counts.first_stray);
	if (faults > FAULTS_SHOWN)
		check_find(c, VL_CHECK_REFUSED, t, NULL,
		    "and %llu more rows of it",
		    (unsigned long long)(faults - FAULTS_SHOWN));
	return st;
}
