/*
 * What of a profile one value alone does not show (formats/profile.md,
 * "Tables" and "References"): words that need one another, lines that say the
 * same twice.  And its form for those who use it: one table an entry, maps of
 * `types` in their places, tables by name.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "read.h"

#define SHOWN 80

/* Where `line` and `column` of a struct of `p` are. */
static struct vl_site_node
place(const struct vl_profile *p, unsigned line, unsigned column, bool in_site)
{
	return (struct vl_site_node){ .line = line,
		.column = column,
		.file = in_site ? p->site_file : NULL };
}

static struct vl_site_node
table_place(const struct vl_profile *p, const struct vl_table_words *t)
{
	return place(p, t->line, t->column, t->in_site);
}

static struct vl_site_node
reference_place(const struct vl_profile *p, const struct vl_reference *ref)
{
	return place(p, ref->line, ref->column, ref->in_site);
}

static const char *
shown_text(char *shown, const char *text)
{
	return vl_escape_text(shown, SHOWN, vl_slice_of(text));
}

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static int
text_cmp(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

/* Of a list of tables no more is said than that they are skipped. */
static bool
says_skip_alone(const struct vl_table_words *t)
{
	const struct vl_word *w = vl_word_next(VL_SCOPE_TABLE, NULL);

	for (; w != NULL; w = vl_word_next(VL_SCOPE_TABLE, w))
		if (w->type != VL_WORD_TABLE && w->type != VL_WORD_SKIP &&
		    vl_site_says(w, t))
			return false;
	return t->skip;
}

static bool
matches_by(const struct vl_table_words *t, enum vl_match_by by)
{
	size_t i = 0;

	while (i < t->nmatch && t->match[i] != by)
		i++;
	return i < t->nmatch;
}

/* A row that is found by its id keeps it. */
static enum vl_status
check_match_id(const struct vl_profile *p, const struct vl_table_words *t,
    struct vl_err *err)
{
	struct vl_site_node at = table_place(p, t);

	if (!matches_by(t, VL_MATCH_ID))
		return VL_OK;
	if (t->nordinal > 0)
		return vl_site_fail(p->file, &at, err,
		    "'id' in 'match' finds no row with 'ordinal', whose place "
		    "among others is its name: leave one of them out");
	if (t->nkey > 0 && t->ids != VL_IDS_DEFAULT && t->ids != VL_IDS_KEEP)
		return vl_site_fail(p->file, &at, err,
		    "with 'id' in 'match' new rows keep their ids, or they "
		    "would not be found by them again: write 'ids: keep', or "
		    "leave it out");
	return VL_OK;
}

/* What was brought is found again by the name that it had. */
static enum vl_status
check_match(const struct vl_profile *p, const struct vl_table_words *t,
    struct vl_err *err)
{
	struct vl_site_node at = table_place(p, t);

	if (!matches_by(t, VL_MATCH_BROUGHT))
		return check_match_id(p, t, err);
	if (t->nordinal > 0)
		return vl_site_fail(p->file, &at, err,
		    "'brought' in 'match' finds no row with 'ordinal', whose "
		    "place among others is its name: leave one of them out");
	if (!matches_by(t, VL_MATCH_KEY) && !matches_by(t, VL_MATCH_ID))
		return vl_site_fail(p->file, &at, err,
		    "'brought' in 'match' needs 'key' or 'id' beside it, for "
		    "rows that no import brought: write [brought, key]");
	return check_match_id(p, t, err);
}

static enum vl_status
check_table(const struct vl_profile *p, const struct vl_table_words *t,
    struct vl_err *err)
{
	struct vl_site_node at = table_place(p, t);

	if (t->ntables > 1 && !says_skip_alone(t))
		return vl_site_fail(p->file, &at, err,
		    "several tables in one entry take 'skip: true' and nothing "
		    "else; write one entry for each");
	if (t->create && strchr(t->tables[0], '{') == NULL)
		return vl_site_fail(p->file, &at, err,
		    "'create' is for a table whose name holds an id, such as "
		    "'data_{table.id}'");
	return check_match(p, t, err);
}

/* What a list comes to when each of its names is an entry of its own. */
static enum vl_status
check_count(const struct vl_profile *p, const struct vl_profile_resource *r,
    const char *word, size_t n, struct vl_err *err)
{
	struct vl_site_node at = place(p, r->line, r->column, r->in_site);

	if (n <= VL_PROFILE_LINES_MAX)
		return VL_OK;
	return vl_site_fail(p->file, &at, err,
	    "'%s' takes at most %d entries, each name of a list counted", word,
	    VL_PROFILE_LINES_MAX);
}

/* Each entry has one table; what has several has become several. */
static enum vl_status
part_tables(const struct vl_profile *p, struct vl_profile_resource *r,
    struct vl_err *err)
{
	struct vl_table_words *parted = NULL;
	struct vl_table_words *t = NULL;
	enum vl_status st = VL_OK;
	size_t total = 0;
	size_t n = 0;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < r->ntables; i++)
		total += r->tables[i].ntables;
	st = check_count(p, r, "tables", total, err);
	if (st != VL_OK || total == r->ntables)
		return st;
	parted = reallocarray(r->tables, total, sizeof(*parted));
	if (parted == NULL)
		return vl_fail_memory(err);
	r->tables = parted;
	for (n = r->ntables, i = 0; i < r->ntables; i++) {
		for (k = 1; k < parted[i].ntables; k++, n++) {
			t = &parted[n];
			*t = parted[i];
			t->ntables = 1;
			t->tables = calloc(1, sizeof(char *));
			if (t->tables == NULL) {
				r->ntables = n;
				return vl_fail_memory(err);
			}
			t->tables[0] = parted[i].tables[k];
			parted[i].tables[k] = NULL;
		}
		parted[i].ntables = 1;
	}
	r->ntables = n;
	return VL_OK;
}

struct ranked {
	struct vl_table_words t;
	size_t at; /* in the file */
};

/* By table; then as they are tried: the one without `where` last. */
static int
by_table(const void *a, const void *b)
{
	const struct ranked *x = a;
	const struct ranked *y = b;
	int order = strcmp(x->t.tables[0], y->t.tables[0]);

	if (order == 0)
		order = (x->t.where == NULL) - (y->t.where == NULL);
	if (order == 0)
		order = (x->at > y->at) - (x->at < y->at);
	return order;
}

static enum vl_status
sort_tables(struct vl_profile_resource *r, struct vl_err *err)
{
	struct ranked *ranked = NULL;
	size_t i = 0;

	if (r->ntables == 0)
		return VL_OK;
	ranked = calloc(r->ntables, sizeof(*ranked));
	if (ranked == NULL)
		return vl_fail_memory(err);
	for (i = 0; i < r->ntables; i++)
		ranked[i] = (struct ranked){ r->tables[i], i };
	qsort(ranked, r->ntables, sizeof(*ranked), by_table);
	for (i = 0; i < r->ntables; i++)
		r->tables[i] = ranked[i].t;
	free(ranked);
	return VL_OK;
}

/* No two entries of one table have the same `where`, or none. */
static enum vl_status
check_entries(const struct vl_profile *p, const struct vl_profile_resource *r,
    struct vl_err *err)
{
	const struct vl_table_words *t = r->tables;
	struct vl_site_node at = { 0 };
	char shown[SHOWN];
	size_t i = 0;
	size_t k = 0;

	for (i = 1; i < r->ntables; i++) {
		for (k = i; k > 0; k--) {
			if (strcmp(t[k - 1].tables[0], t[i].tables[0]) != 0)
				break;
			if (!same_text(t[k - 1].where, t[i].where))
				continue;
			at = table_place(p, &t[i]);
			return vl_site_fail(p->file, &at, err,
			    "table '%s' stands here twice with the same rows; "
			    "first in line %u",
			    shown_text(shown, t[i].tables[0]), t[k - 1].line);
		}
	}
	return VL_OK;
}

static enum vl_status
settle_tables(const struct vl_profile *p, struct vl_profile_resource *r,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; i < r->ntables && st == VL_OK; i++)
		st = check_table(p, &r->tables[i], err);
	if (st == VL_OK)
		st = part_tables(p, r, err);
	if (st == VL_OK)
		st = sort_tables(r, err);
	if (st == VL_OK)
		st = check_entries(p, r, err);
	return st;
}

static const struct vl_types *
find_types(const struct vl_profile *p, const char *name)
{
	size_t i = 0;

	for (i = 0; i < p->ntypes; i++)
		if (strcmp(p->types[i].name, name) == 0)
			return &p->types[i];
	return NULL;
}

/* The map that `to_by` names, in its place. */
static enum vl_status
copy_types(
    struct vl_to_by *by, const struct vl_types *types, struct vl_err *err)
{
	size_t i = 0;

	by->values = calloc(types->nvalues, sizeof(*by->values));
	if (by->values == NULL)
		return vl_fail_memory(err);
	by->nvalues = types->nvalues;
	for (i = 0; i < types->nvalues; i++) {
		by->values[i].from = strdup(types->values[i].from);
		by->values[i].to = strdup(types->values[i].to);
		if (by->values[i].from == NULL || by->values[i].to == NULL)
			return vl_fail_memory(err);
	}
	return VL_OK;
}

static enum vl_status
settle_to_by(const struct vl_profile *p, const struct vl_reference *ref,
    bool partial, struct vl_err *err)
{
	struct vl_site_node at = reference_place(p, ref);
	struct vl_to_by *by = ref->to_by;
	const struct vl_types *types = NULL;
	char shown[SHOWN];

	if (by->otherwise == NULL)
		by->otherwise = strdup("refuse");
	if (by->otherwise == NULL)
		return vl_fail_memory(err);
	if (by->types == NULL || partial)
		return VL_OK;
	types = find_types(p, by->types);
	if (types == NULL)
		return vl_site_fail(p->file, &at, err,
		    "'%s' is none of the maps of 'types'",
		    shown_text(shown, by->types));
	return copy_types(by, types, err);
}

static enum vl_status
settle_reference(const struct vl_profile *p, const struct vl_reference *ref,
    bool partial, struct vl_err *err)
{
	struct vl_site_node at = reference_place(p, ref);

	if (ref->to == NULL && ref->to_by == NULL)
		return vl_site_fail(
		    p->file, &at, err, "this entry has no 'to'");
	if (ref->to != NULL && ref->to_by != NULL)
		return vl_site_fail(p->file, &at, err,
		    "one of 'to' and 'to_by' says what it refers to, not both");
	if ((ref->json != NULL) + (ref->php != NULL) + (ref->yaml != NULL) > 1)
		return vl_site_fail(p->file, &at, err,
		    "one of 'json', 'php' and 'yaml' reads the value");
	if (ref->on_broken != VL_BROKEN_REFUSE &&
	    ref->unpack == VL_PACKING_NONE && vl_reference_path(ref) == NULL &&
	    ref->pattern == NULL)
		return vl_site_fail(p->file, &at, err,
		    "'on_broken' is about values that are read by 'unpack', "
		    "'json', 'php', 'yaml' or 'pattern'");
	return ref->to_by == NULL ? VL_OK : settle_to_by(p, ref, partial, err);
}

/* One column of one line. */
struct from {
	const char *column;
	const struct vl_reference *ref;
};

/* By what is read where; then by line. */
static int
by_from(const void *a, const void *b)
{
	const struct from *x = a;
	const struct from *y = b;
	int order = strcmp(x->column, y->column);

	if (order == 0)
		order = text_cmp(x->ref->where, y->ref->where);
	if (order == 0)
		order = (int)x->ref->unpack - (int)y->ref->unpack;
	if (order == 0)
		order = text_cmp(x->ref->json, y->ref->json);
	if (order == 0)
		order = text_cmp(x->ref->php, y->ref->php);
	if (order == 0)
		order = text_cmp(x->ref->yaml, y->ref->yaml);
	if (order == 0)
		order = text_cmp(x->ref->pattern, y->ref->pattern);
	return order;
}

static enum vl_status
twice(const struct vl_profile *p, const struct from *a, const struct from *b,
    struct vl_err *err)
{
	const struct vl_reference *first = a->ref < b->ref ? a->ref : b->ref;
	struct vl_site_node at =
	    reference_place(p, first == a->ref ? b->ref : a->ref);
	char shown[SHOWN];

	return vl_site_fail(p->file, &at, err,
	    "'%s' stands here twice for the same rows and places; first in "
	    "line %u",
	    shown_text(shown, a->column), first->line);
}

static enum vl_status
check_references(const struct vl_profile *p,
    const struct vl_profile_resource *r, struct vl_err *err)
{
	struct from *all = NULL;
	enum vl_status st = VL_OK;
	size_t n = 0;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < r->nreferences; i++)
		n += r->references[i].nfrom;
	st = check_count(p, r, "references", n + r->npaths + r->nfiles, err);
	if (st != VL_OK || n == 0)
		return st;
	all = calloc(n, sizeof(*all));
	if (all == NULL)
		return vl_fail_memory(err);
	for (n = 0, i = 0; i < r->nreferences; i++)
		for (k = 0; k < r->references[i].nfrom; k++)
			all[n++] = (struct from){ r->references[i].from[k],
				&r->references[i] };
	qsort(all, n, sizeof(*all), by_from);
	for (i = 1; i < n && st == VL_OK; i++)
		if (by_from(&all[i - 1], &all[i]) == 0)
			st = twice(p, &all[i - 1], &all[i], err);
	free(all);
	return st;
}

static enum vl_status
check_resources(const struct vl_profile *p, struct vl_err *err)
{
	const struct vl_profile_resource *r = p->resources;
	struct vl_site_node at = { 0 };
	size_t i = 0;
	size_t k = 0;

	for (i = 1; i < p->nresources; i++) {
		for (k = 0; k < i; k++) {
			if (strcmp(r[k].resource, r[i].resource) != 0)
				continue;
			at = place(p, r[i].line, r[i].column, r[i].in_site);
			return vl_site_fail(p->file, &at, err,
			    "resource '%s' stands here twice; first in line %u",
			    r[i].resource, r[k].line);
		}
	}
	return VL_OK;
}

/* One thing tells it. */
static enum vl_status
check_version(const struct vl_profile *p, struct vl_err *err)
{
	struct vl_site_node at =
	    place(p, p->version_line, p->version_column, p->version_in_site);
	int n = (p->version_sql != NULL) + (p->version_file != NULL) +
	    (p->nversion_command > 0);

	if (p->version_resource == NULL)
		return VL_OK;
	if (n == 0)
		return vl_site_fail(p->file, &at, err,
		    "'version' has no 'sql', 'file' or 'command'");
	if (n > 1)
		return vl_site_fail(p->file, &at, err,
		    "one of 'sql', 'file' and 'command' tells the version");
	if ((p->version_json != NULL || p->version_yaml != NULL) &&
	    p->version_file == NULL)
		return vl_site_fail(p->file, &at, err,
		    "'%s' says where in a 'file' the version stands",
		    p->version_json != NULL ? "json" : "yaml");
	if (p->version_json != NULL && p->version_yaml != NULL)
		return vl_site_fail(p->file, &at, err,
		    "one of 'json' and 'yaml' reads the file, not both");
	return VL_OK;
}

enum vl_status
vl_profile_settle(struct vl_profile *p, bool partial, struct vl_err *err)
{
	enum vl_status st = check_resources(p, err);
	struct vl_profile_resource *r = NULL;
	size_t i = 0;
	size_t k = 0;

	if (st == VL_OK)
		st = check_version(p, err);
	if (st == VL_OK)
		st = vl_site_check_ciphers(
		    &(struct vl_declarations){
		        p->ciphers, p->nciphers, p->file, p->site_file },
		    err);
	for (i = 0; i < p->nresources && st == VL_OK; i++) {
		r = &p->resources[i];
		st = settle_tables(p, r, err);
		for (k = 0; k < r->nreferences && st == VL_OK; k++)
			st = settle_reference(
			    p, &r->references[k], partial, err);
		if (st == VL_OK)
			st = check_references(p, r, err);
		if (st == VL_OK)
			st = vl_profile_check_files(p, r, err);
		if (st == VL_OK)
			st = vl_profile_check_secrets(p, r, partial, err);
		if (st == VL_OK)
			st = vl_profile_check_kind(p, r, err);
	}
	return st;
}
