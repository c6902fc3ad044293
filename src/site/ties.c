/*
 * Paths that hold ids of rows (formats/profile.md, "References"): the lines
 * of a profile about one tree, taken apart into components.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/entry.h>
#include <valise/text.h>

#include "read.h"
#include "ties.h"

static struct vl_slice
between(const char *from, const char *to)
{
	return (struct vl_slice){ (const uint8_t *)from, (size_t)(to - from) };
}

/* {TABLE.COLUMN} at `open`; NULL where it is none, else the brace behind. */
static const char *
read_id(const char *open, struct vl_tie *tie)
{
	char name[VL_SITE_TEXT_MAX + 1];
	const char *close = strchr(open, '}');
	struct vl_slice table = { 0 };
	struct vl_slice column = { 0 };

	if (close == NULL || (size_t)(close - open) > sizeof(name))
		return NULL;
	memcpy(name, open + 1, (size_t)(close - open - 1));
	name[close - open - 1] = '\0';
	if (!vl_profile_split(name, &table, &column))
		return NULL;
	tie->table = between(open + 1, open + 1 + table.n);
	tie->column = between(close - column.n, close);
	return close;
}

bool
vl_tie_next(const char **text, struct vl_tie *tie)
{
	const char *open = strchr(*text, '{');
	const char *close = open == NULL ? NULL : read_id(open, tie);

	if (close == NULL)
		return false;
	*text = close + 1;
	return true;
}

static void
pattern_free(struct tie_pattern *p)
{
	size_t i = 0;

	for (i = 0; i < p->n; i++) {
		vl_buf_free(&p->parts[i].key);
		vl_buf_free(&p->parts[i].id);
	}
	free(p->parts);
	free(p->text);
	free(p->database);
}

/* The component at `at`, up to a slash outside of braces. */
static const char *
read_part(struct tie_part *part, const char *at, const struct tie_pattern *p)
{
	const char *from = at;
	const char *open = NULL;
	const char *close = NULL;

	for (; *at != '\0' && *at != '/'; at++) {
		if (*at != '{')
			continue;
		if (open != NULL)
			return NULL;
		open = at;
		close = read_id(open, &part->tie);
		if (close == NULL)
			return NULL;
		at = close;
	}
	part->tie.database = p->database;
	part->is_id = open != NULL;
	part->before = between(from, open != NULL ? open : at);
	if (open != NULL)
		part->after = between(close + 1, at);
	return at;
}

static enum vl_status
read_pattern(struct tie_pattern *p, const char *text, const char *database,
    struct vl_err *err)
{
	struct vl_slice path = vl_site_mapped(text);
	const char *at = NULL;
	size_t most = 1;
	size_t i = 0;

	p->text = strndup(text, path.n);
	p->database = strdup(database);
	for (i = 0; i < path.n; i++)
		most += text[i] == '/';
	p->parts = calloc(most, sizeof(*p->parts));
	if (p->text == NULL || p->database == NULL || p->parts == NULL)
		return vl_fail_memory(err);
	for (at = p->text; at != NULL; at++) {
		at = read_part(&p->parts[p->n++], at, p);
		if (at == NULL)
			return vl_fail(err, VL_EUSAGE,
			    "'%s': a name holds one {table.column} at most",
			    text);
		if (*at == '\0')
			break;
	}
	return VL_OK;
}

bool
tie_fits(const struct tie_part *part, struct vl_slice name)
{
	const struct vl_slice *b = &part->before;
	const struct vl_slice *a = &part->after;

	if (!part->is_id)
		return vl_slice_equal(*b, name);
	return name.n > b->n + a->n && memcmp(name.p, b->p, b->n) == 0 &&
	    memcmp(name.p + name.n - a->n, a->p, a->n) == 0;
}

static bool
same_part(const struct tie_part *a, const struct tie_part *b)
{
	return a->is_id == b->is_id && vl_slice_equal(a->before, b->before) &&
	    (!a->is_id ||
	        (vl_slice_equal(a->after, b->after) &&
	            vl_slice_equal(a->tie.table, b->tie.table) &&
	            vl_slice_equal(a->tie.column, b->tie.column) &&
	            strcmp(a->tie.database, b->tie.database) == 0));
}

static bool
begins_alike(struct vl_slice a, struct vl_slice b)
{
	return memcmp(a.p, b.p, a.n < b.n ? a.n : b.n) == 0;
}

static bool
ends_alike(struct vl_slice a, struct vl_slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;

	return memcmp(a.p + a.n - n, b.p + b.n - n, n) == 0;
}

/* Some name fits both. */
static bool
meet(const struct tie_part *a, const struct tie_part *b)
{
	if (!a->is_id)
		return tie_fits(b, a->before);
	if (!b->is_id)
		return tie_fits(a, b->before);
	return begins_alike(a->before, b->before) &&
	    ends_alike(a->after, b->after);
}

/* What a name is must not depend on which line is asked first. */
static bool
is_apart(const struct tie_pattern *a, const struct tie_pattern *b)
{
	size_t i = 0;

	for (i = 0; i < a->n && i < b->n; i++)
		if (!same_part(&a->parts[i], &b->parts[i]))
			return !meet(&a->parts[i], &b->parts[i]);
	return true;
}

static enum vl_status
add_pattern(struct vl_ties **out, const char *text, const char *database,
    struct vl_err *err)
{
	struct vl_ties *t = *out != NULL ? *out : calloc(1, sizeof(*t));
	struct tie_pattern *grown = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	*out = t;
	if (t == NULL)
		return vl_fail_memory(err);
	grown = reallocarray(t->patterns, t->n + 1, sizeof(*grown));
	if (grown == NULL)
		return vl_fail_memory(err);
	t->patterns = grown;
	grown += t->n++;
	*grown = (struct tie_pattern){ 0 };
	st = read_pattern(grown, text, database, err);
	for (i = 0; st == VL_OK && i + 1 < t->n; i++)
		if (!is_apart(&t->patterns[i], grown))
			st = vl_fail(err, VL_EUSAGE,
			    "'%s': a name may be one of '%s' as well", text,
			    t->patterns[i].text);
	return st;
}

static enum vl_status
add_line(struct vl_ties **t, const struct vl_profile *p, const char *database,
    const struct vl_path_reference *line, struct vl_err *err)
{
	struct vl_site_node at = { .line = line->line,
		.column = line->column,
		.file = line->in_site ? p->site_file : NULL };
	struct vl_err why = { 0 };
	enum vl_status st = add_pattern(t, line->path, database, &why);

	if (st == VL_EUSAGE)
		return vl_site_fail(p->file, &at, err, "%s", why.text);
	if (st != VL_OK)
		*err = why;
	return st;
}

enum vl_status
vl_ties_add(struct vl_ties **t, const struct vl_profile *p,
    const char *database, const char *tree, struct vl_err *err)
{
	const struct vl_profile_resource *r = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; p != NULL && i < p->nresources; i++) {
		r = &p->resources[i];
		if (database != NULL && strcmp(r->resource, database) != 0)
			continue;
		for (k = 0; st == VL_OK && k < r->npaths; k++)
			if (strcmp(r->paths[k].in, tree) == 0)
				st = add_line(
				    t, p, r->resource, &r->paths[k], err);
	}
	return st;
}

void
vl_ties_free(struct vl_ties *t)
{
	size_t i = 0;

	if (t == NULL)
		return;
	for (i = 0; i < t->n; i++)
		pattern_free(&t->patterns[i]);
	free(t->patterns);
	vl_buf_free(&t->name);
	vl_buf_free(&t->key);
	free(t);
}

const char *
vl_ties_database(const struct vl_ties *t, size_t i)
{
	return i < t->n ? t->patterns[i].database : NULL;
}

void
vl_ties_ask(struct vl_ties *t, const struct vl_tie_finder *finder)
{
	size_t i = 0;
	size_t k = 0;

	t->finder = *finder;
	for (i = 0; i < t->n; i++)
		for (k = 0; k < t->patterns[i].n; k++)
			t->patterns[i].parts[k].known = false;
}
