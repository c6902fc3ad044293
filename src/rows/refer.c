/*
 * Which columns hold ids, and of what: the lines of the profile, an exact one
 * before a wildcard, then the foreign keys of the schema.  What is named like
 * a reference and is none of these is not guessed at.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "parts.h"

#define SHOWN_MAX 512 /* of "table.column" */

struct refer {
	struct rows_plan *p;
	const struct vl_rows_opts *opts;
	struct rows_table *t;
	size_t column;
	char name[SHOWN_MAX]; /* "table.column" */
	bool wrong;           /* a line about it was, and is heard of */
	struct vl_err *err;
};

/* `pattern` may hold stars. */
static bool
fits(const char *pattern, const char *name)
{
	const char *star = NULL;
	const char *behind = NULL;

	while (*name != '\0') {
		if (*pattern == '*') {
			star = pattern++;
			behind = name;
		} else if (*pattern == *name) {
			pattern++;
			name++;
		} else if (star != NULL) {
			pattern = star + 1;
			name = ++behind;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

bool
rows_names_column(char *const *list, size_t n, const char *name, bool wild)
{
	size_t i = 0;

	for (i = 0; i < n; i++)
		if ((strchr(list[i], '*') != NULL) == wild &&
		    fits(list[i], name))
			return true;
	return false;
}

static struct rows_ref *
add_ref(struct refer *r)
{
	struct rows_column *c = &r->t->columns[r->column];
	struct rows_ref *grown =
	    reallocarray(c->refs, c->nrefs + 1, sizeof(*grown));

	if (grown == NULL) {
		vl_fail_memory(r->err);
		return NULL;
	}
	c->refs = grown;
	c->role = ROWS_REF;
	grown[c->nrefs] =
	    (struct rows_ref){ .to = NONE, .column = NONE, .condition = NONE };
	return &grown[c->nrefs++];
}

static enum vl_status
fail_at(const struct refer *r, const struct vl_reference *w, const char *what,
    const char *name)
{
	return rows_plan_fail(
	    r->opts, ROWS_AT(w), r->err, "'%s' %s '%s'", r->name, what, name);
}

/* "table" or "table.column"; names of tables may hold a point, too. */
static enum vl_status
find_to(const struct refer *r, const struct vl_reference *w, const char *to,
    size_t *table, size_t *column)
{
	const char *point = strrchr(to, '.');
	struct vl_slice name = vl_slice_of(to);

	*column = NONE;
	*table = rows_plan_table(r->p, name);
	if (*table == NONE && point != NULL) {
		name.n = (size_t)(point - to);
		*table = rows_plan_table(r->p, name);
	}
	if (*table == NONE)
		return fail_at(r, w, "refers to what is no table:", to);
	if (name.n < strlen(to)) {
		*column =
		    vl_table_column(r->p->tables[*table].schema, point + 1);
		if (*column == NONE)
			return fail_at(
			    r, w, "refers to what is no column:", to);
	} else {
		*column = r->p->tables[*table].primary;
		if (*column == NONE)
			return fail_at(r, w,
			    "needs a column behind the table, whose "
			    "primary key is not one:",
			    to);
	}
	return VL_OK;
}

static const struct vl_pair *
values_of(const struct refer *r, const struct vl_to_by *w, size_t *n)
{
	size_t i = 0;

	*n = w->nvalues;
	if (w->types == NULL)
		return w->values;
	for (i = 0; i < r->opts->profile->ntypes; i++) {
		if (strcmp(r->opts->profile->types[i].name, w->types) != 0)
			continue;
		*n = r->opts->profile->types[i].nvalues;
		return r->opts->profile->types[i].values;
	}
	*n = 0;
	return NULL;
}

static enum vl_status
add_by(struct refer *r, const struct vl_reference *w, struct rows_ref *ref)
{
	const struct vl_to_by *by = w->to_by;
	const struct vl_pair *pairs = NULL;
	enum vl_status st = VL_OK;
	size_t column = NONE;
	size_t n = 0;
	size_t i = 0;

	pairs = values_of(r, by, &n);
	if (n == 0)
		return fail_at(r, w,
		    "takes its table from types that are not "
		    "there:",
		    by->types == NULL ? "" : by->types);
	ref->by = calloc(1, sizeof(*ref->by));
	if (ref->by == NULL)
		return vl_fail_memory(r->err);
	ref->by->values = calloc(n, sizeof(*ref->by->values));
	if (ref->by->values == NULL)
		return vl_fail_memory(r->err);
	ref->by->otherwise = NONE;
	ref->by->column = vl_table_column(r->t->schema, by->column);
	if (ref->by->column == NONE && strchr(by->column, '.') == NULL)
		return fail_at(r, w,
		    "takes its table from what is no column:", by->column);
	for (i = 0; st == VL_OK && i < n; i++) {
		ref->by->values[i].value = vl_slice_of(pairs[i].from);
		st =
		    find_to(r, w, pairs[i].to, &ref->by->values[i].to, &column);
	}
	ref->by->n = n;
	ref->by->plain =
	    by->otherwise != NULL && strcmp(by->otherwise, "plain") == 0;
	if (st == VL_OK && by->otherwise != NULL && !ref->by->plain &&
	    strcmp(by->otherwise, "refuse") != 0)
		st = find_to(r, w, by->otherwise, &ref->by->otherwise, &column);
	return st;
}

/* What finds its ids in a value; for a worker, too, where that is all. */
static enum vl_status
make_finders(
    struct refer *r, const struct vl_reference *w, struct rows_ref *ref)
{
	struct vl_finder_words words = { .json = w->json,
		.php = w->php,
		.yaml = w->yaml,
		.pattern = w->pattern,
		.split = w->split };
	struct vl_buf pattern = { 0 };
	enum vl_status st = VL_OK;

	if (w->pattern != NULL) {
		st = rows_here_pattern(&pattern, r->opts, w->pattern, r->err);
		words.pattern = (const char *)pattern.p;
	}
	if (st == VL_OK && vl_reference_inside(w))
		st = vl_finder_new(&ref->finder, &words, r->err);
	if (st == VL_OK && vl_reference_inside(w) && r->p->pool != NULL &&
	    w->php == NULL && w->unpack == VL_PACKING_NONE)
		st = vl_finder_new(&ref->early, &words, r->err);
	vl_buf_free(&pattern);
	return st;
}

static enum vl_status
add_line(struct refer *r, const struct vl_reference *w)
{
	struct rows_ref *ref = add_ref(r);
	enum vl_status st = VL_OK;

	if (ref == NULL)
		return r->err->status;
	ref->words = w;
	if (w->on_dangling == VL_DANGLING_DROP && vl_reference_inside(w))
		r->t->columns[r->column].drops_inside = true;
	else if (w->on_dangling == VL_DANGLING_DROP)
		r->t->columns[r->column].drops = true;
	if (w->on_dangling == VL_DANGLING_KEEP)
		r->t->loose = true;
	st = rows_plan_condition(
	    r->t, r->opts->db, w->where, &ref->condition, r->err);
	if (st == VL_OK)
		st = make_finders(r, w, ref);
	if (st != VL_OK)
		return rows_plan_fail(r->opts, ROWS_AT(w), r->err, "'%s': %s",
		    r->name, r->err->text);
	if (w->to_by != NULL)
		return add_by(r, w, ref);
	return find_to(r, w, w->to, &ref->to, &ref->column);
}

/* The last one, which is wrong. */
static enum vl_status
forget_line(struct refer *r)
{
	struct rows_column *c = &r->t->columns[r->column];

	rows_ref_free(&c->refs[--c->nrefs]);
	r->wrong = true;
	if (c->nrefs == 0)
		c->role = ROWS_PLAIN;
	c->drops = false;
	c->drops_inside = false;
	return VL_OK;
}

/* The lines of the profile about this column. */
static enum vl_status
add_lines(struct refer *r, bool wild)
{
	const struct vl_profile_resource *words = r->p->words;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; words != NULL && st == VL_OK && i < words->nreferences;
	     i++) {
		if (!rows_names_column(words->references[i].from,
		        words->references[i].nfrom, r->name, wild))
			continue;
		st = add_line(r, &words->references[i]);
		if (st != VL_OK && rows_heard(r->p, r->t, NULL, r->err))
			st = forget_line(r);
	}
	return st;
}

/* It names what is not there. */
static enum vl_status
fail_foreign(struct refer *r, const struct vl_foreign *f, size_t k)
{
	if (f->to_columns == NULL)
		return vl_fail(r->err, VL_EREFUSED,
		    "foreign key of '%s': '%s' has no primary key that it "
		    "could name",
		    r->name, f->to);
	return vl_fail(r->err, VL_EREFUSED,
	    "foreign key of '%s': '%s' has no column '%s'", r->name, f->to,
	    f->to_columns[k]);
}

/*
 * A foreign key of one column refers to a row.  One of several says that each
 * column has what a column of the other table has: an id of the same, or a
 * plain value.
 */
static enum vl_status
add_foreign(struct refer *r, unsigned depth)
{
	const struct vl_table *s = r->t->schema;
	const struct vl_foreign *f = NULL;
	struct rows_ref *ref = NULL;
	size_t column = r->column;
	size_t i = 0;
	size_t k = 0;
	size_t to = 0;

	for (i = 0; i < s->nforeigns; i++) {
		f = &s->foreigns[i];
		for (k = 0; k < f->n && f->columns[k] != column; k++)
			;
		to = rows_plan_table(r->p, vl_slice_of(f->to));
		if (k == f->n || to == NONE)
			continue;
		column = f->to_columns == NULL ?
		    NONE :
		    vl_table_column(r->p->tables[to].schema, f->to_columns[k]);
		/* Of a table that travels the source has refused it. */
		if (column == NONE && r->p->lenient && r->p->ear == NULL)
			return VL_OK;
		if (column == NONE)
			return fail_foreign(r, f, k);
		if (f->n > 1 && depth < 16) {
			/* Follow what that column itself refers to. */
			s = r->p->tables[to].schema;
			i = NONE; /* begin anew there */
			depth++;
			continue;
		}
		ref = add_ref(r);
		if (ref == NULL)
			return r->err->status;
		ref->to = to;
		ref->column = column;
		return VL_OK;
	}
	return VL_OK;
}

bool
rows_looks_like_reference(const char *name)
{
	size_t n = strlen(name);

	return (n > 3 && strcmp(name + n - 3, "_id") == 0) ||
	    (n > 3 && strcmp(name + n - 3, "_ID") == 0) ||
	    (n > 2 && strcmp(name + n - 2, "Id") == 0);
}

/* The shortest name of a table that begins like the column, or NULL. */
static const char *
likely_table(const struct rows_plan *p, const char *column)
{
	const char *likely = NULL;
	const char *name = NULL;
	size_t n = strlen(column);
	size_t i = 0;

	n -= column[n - 3] == '_' ? 3 : 2;
	for (i = 0; i < p->ntables; i++) {
		name = p->tables[i].schema->name;
		if (strncasecmp(name, column, n) == 0 &&
		    (likely == NULL || strlen(name) < strlen(likely)))
			likely = name;
	}
	return likely;
}

/* What it may refer to, or NULL. */
static const char *
likely(const struct rows_plan *p, const struct rows_table *t, size_t column)
{
	const char *name = t->schema->columns[column].name;
	const char *to = likely_table(p, name);

	return to == NULL && strncasecmp(name, "parent", 6) == 0 ?
	    t->schema->name :
	    to;
}

enum vl_status
rows_undeclared(const struct rows_plan *p, const struct rows_table *t,
    size_t column, struct vl_err *err)
{
	const char *to = likely(p, t, column);

	return vl_fail(err, VL_EREFUSED,
	    "'%s.%s' is named like a reference%s%s%s and is not declared: add "
	    "a line to 'references', or it to 'not_reference'",
	    t->schema->name, t->schema->columns[column].name,
	    to == NULL ? "" : " to '", to == NULL ? "" : to,
	    to == NULL ? "" : "'");
}

static bool
is_declared(const struct refer *r)
{
	const struct rows_column *c = &r->t->columns[r->column];
	const struct vl_profile_resource *words = r->p->words;

	return c->nrefs > 0 || r->wrong || c->schema->generated ||
	    r->column == r->t->primary ||
	    !rows_looks_like_reference(c->schema->name) ||
	    (words != NULL &&
	        (rows_names_column(words->not_reference, words->nnot_reference,
	             r->name, false) ||
	            rows_names_column(words->not_reference,
	                words->nnot_reference, r->name, true)));
}

static enum vl_status
check_declared(struct refer *r)
{
	const struct vl_rows_report *report = &r->opts->report;
	const char *to = NULL;
	char line[2 * SHOWN_MAX + 64];

	if (is_declared(r))
		return VL_OK;
	/* The bundle may not have it: drift.c. */
	if (r->p->lenient && r->p->ear == NULL && !r->opts->warn_undeclared) {
		r->t->columns[r->column].undeclared = true;
		return VL_OK;
	}
	(void)rows_undeclared(r->p, r->t, r->column, r->err);
	if (r->opts->warn_undeclared) {
		if (report->note != NULL)
			report->note(report->arg, r->err->text);
		*r->err = (struct vl_err){ 0 };
		return VL_OK;
	}
	to = likely(r->p, r->t, r->column);
	if (to != NULL)
		(void)snprintf(line, sizeof(line), "{from: \"%s\", to: \"%s\"}",
		    r->name, to);
	return rows_heard(r->p, r->t, to == NULL ? NULL : line, r->err) ?
	    VL_OK :
	    VL_EREFUSED;
}

static enum vl_status
refer_column(struct refer *r)
{
	struct rows_column *c = &r->t->columns[r->column];
	enum vl_status st = VL_OK;

	(void)snprintf(r->name, sizeof(r->name), "%s.%s", r->t->schema->name,
	    c->schema->name);
	r->wrong = false;
	if (c->role == ROWS_DERIVED)
		return VL_OK;
	st = add_lines(r, false);
	if (st == VL_OK && (c->nrefs == 0 || c->refs[0].condition != NONE))
		st = add_lines(r, true);
	if (st == VL_OK && c->nrefs == 0)
		st = add_foreign(r, 0);
	if (st != VL_OK && rows_heard(r->p, r->t, NULL, r->err))
		st = VL_OK;
	if (st == VL_OK && !rows_table_skipped(r->t))
		st = check_declared(r);
	return st;
}

/* Others may not be asked of what was not noted of them. */
static enum vl_status
check_slots(struct rows_plan *p, const size_t *slots, struct vl_err *err)
{
	size_t i = 0;
	bool more = false;

	for (i = 0; i + 1 < p->ntables; i++) {
		more = more || p->tables[i].nslots != slots[i];
		p->tables[i].nslots = slots[i];
	}
	return more ? vl_fail(err, VL_EREFUSED,
	                  "it refers to rows by more than their primary key") :
	              VL_OK;
}

enum vl_status
rows_refer_last(
    struct rows_plan *p, const struct vl_rows_opts *opts, struct vl_err *err)
{
	struct refer r = { .p = p, .opts = opts, .err = err };
	size_t *slots = calloc(p->ntables, sizeof(*slots));
	enum vl_status st = slots == NULL ? vl_fail_memory(err) : VL_OK;
	size_t i = 0;

	for (i = 0; slots != NULL && i < p->ntables; i++)
		slots[i] = p->tables[i].nslots;
	r.t = &p->tables[p->ntables - 1];
	for (; st == VL_OK && r.column < r.t->schema->ncolumns; r.column++)
		st = refer_column(&r);
	if (st == VL_OK)
		st = rows_by_follow(p, opts, p->ntables - 1, err);
	if (st == VL_OK) {
		rows_mark_table(p, r.t);
		st = check_slots(p, slots, err);
	}
	free(slots);
	return st;
}

enum vl_status
rows_refer(
    struct rows_plan *p, const struct vl_rows_opts *opts, struct vl_err *err)
{
	struct refer r = { .p = p, .opts = opts, .err = err };
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < p->ntables; i++) {
		r.t = &p->tables[i];
		for (r.column = 0;
		     st == VL_OK && r.column < r.t->schema->ncolumns;
		     r.column++)
			st = refer_column(&r);
	}
	for (i = 0; st == VL_OK && i < p->ntables; i++)
		st = rows_by_follow(p, opts, i, err);
	return st == VL_OK ? rows_mark(p, opts, err) : st;
}
