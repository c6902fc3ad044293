/*
 * Words about trees in the profile of a site (formats/profile.md, "Words about
 * files"), among those of its resources.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "profile_use.h"
#include "read.h"

static enum vl_status
fail_at(const struct vl_profile *p, const struct vl_profile_resource *r,
    struct vl_err *err, const char *why)
{
	struct vl_site_node at = { .line = r->line,
		.column = r->column,
		.file = r->in_site ? p->site_file : NULL };

	return vl_site_fail(
	    p->file, &at, err, "resource '%s' %s", r->resource, why);
}

static bool
is_said(const struct vl_word *w, const struct vl_resource *of)
{
	const char *bytes = (const char *)of;

	if (w->type == VL_WORD_MAP)
		return of->nowners > 0;
	return w->has != 0 ?
	    *(const bool *)(bytes + w->has) :
	    *(const size_t *)(const void *)(bytes + w->count) > 0;
}

/* The next word about trees. */
static const struct vl_word *
next_word(const struct vl_word *w)
{
	do
		w = vl_word_next(VL_SCOPE_RESOURCE, w);
	while (w != NULL && !w->files);
	return w;
}

static bool
says_tree(const struct vl_profile_resource *r)
{
	const struct vl_word *w = next_word(NULL);

	while (w != NULL && !is_said(w, &r->tree))
		w = next_word(w);
	return w != NULL ||
	    r->nkeep_paths + r->nkeep_values + r->nmembers + r->tree.nunit +
	        r->nfile_secrets + r->nfile_not_secret + r->nfile_leaks >
	    0;
}

static bool
says_rows(const struct vl_profile_resource *r)
{
	return r->ntables + r->nreferences + r->npaths + r->nfiles +
	    r->nsecrets + r->nleaks + r->nnot_reference + r->nnone +
	    r->nkeep_here + r->nhere >
	    0;
}

enum vl_status
vl_site_check_value(
    const char *file, const struct vl_keep_value *v, struct vl_err *err)
{
	struct vl_site_node at = { .line = v->line, .column = v->column };

	if (v->json == NULL && v->yaml == NULL)
		return vl_site_fail(file, &at, err,
		    "this entry has no 'json' or 'yaml'; for a whole file "
		    "write 'path'");
	if (v->json != NULL && v->yaml != NULL)
		return vl_site_fail(file, &at, err,
		    "one of 'json' and 'yaml' reads the file, not both");
	return vl_site_check_file(file, &at, v->file, err);
}

enum vl_status
vl_site_check_file(const char *file, const struct vl_site_node *at,
    const char *pattern, struct vl_err *err)
{
	if (pattern[0] != '!')
		return VL_OK;
	return vl_site_fail(file, at, err,
	    "'!' takes nothing back here; write which files are meant");
}

/* Entries about values in files. */
static enum vl_status
check_values(const struct vl_profile *p, const struct vl_profile_resource *r,
    struct vl_err *err)
{
	struct vl_site_node at = { 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < r->nkeep_values; i++)
		st = vl_site_check_value(
		    r->keep_values[i].in_site ? p->site_file : p->file,
		    &r->keep_values[i], err);
	for (i = 0; st == VL_OK && i < r->nmembers; i++) {
		at.line = r->members[i].line;
		at.column = r->members[i].column;
		st = vl_site_check_file(
		    r->members[i].in_site ? p->site_file : p->file, &at,
		    r->members[i].file, err);
	}
	return st;
}

enum vl_status
vl_profile_check_kind(const struct vl_profile *p,
    const struct vl_profile_resource *r, struct vl_err *err)
{
	size_t i = 0;

	if (says_tree(r) && says_rows(r))
		return fail_at(p, r, err,
		    "has words about rows and words about a tree of files: it "
		    "is one or the other");
	for (i = 0; i < r->tree.nunit; i++)
		if (r->tree.unit[i][0] == '!')
			return fail_at(p, r, err,
			    "has a 'unit' with '!', which takes nothing back");
	return check_values(p, r, err);
}

/* Texts of the profile before those of the site: the last one that fits
 * decides. */
static enum vl_status
add_texts(char ***list, size_t *n, char *const *more, size_t nmore,
    struct vl_err *err)
{
	char **all = calloc(*n + nmore + 1, sizeof(*all));
	size_t i = 0;

	if (all == NULL)
		return vl_fail_memory(err);
	for (i = 0; i < nmore; i++) {
		all[i] = strdup(more[i]);
		if (all[i] == NULL) {
			while (i > 0)
				free(all[--i]);
			free(all);
			return vl_fail_memory(err);
		}
	}
	if (*n > 0)
		memcpy(all + nmore, *list, *n * sizeof(*all));
	free(*list);
	*list = all;
	*n += nmore;
	return VL_OK;
}

/* Names that the site does not give to somebody itself. */
static enum vl_status
add_owners(
    struct vl_resource *to, const struct vl_resource *from, struct vl_err *err)
{
	struct vl_pair *more = reallocarray(
	    to->owners, to->nowners + from->nowners + 1, sizeof(*more));
	size_t own = to->nowners;
	size_t i = 0;
	size_t k = 0;

	if (more == NULL)
		return vl_fail_memory(err);
	to->owners = more;
	for (i = 0; i < from->nowners; i++) {
		for (k = 0; k < own; k++)
			if (strcmp(more[k].from, from->owners[i].from) == 0)
				break;
		if (k < own)
			continue;
		more[to->nowners].from = strdup(from->owners[i].from);
		more[to->nowners].to = strdup(from->owners[i].to);
		to->nowners++;
		if (more[to->nowners - 1].from == NULL ||
		    more[to->nowners - 1].to == NULL)
			return vl_fail_memory(err);
	}
	return VL_OK;
}

/* One word, where the site does not say it itself. */
static enum vl_status
take_word(struct vl_resource *to, const struct vl_resource *from,
    const struct vl_word *w, struct vl_err *err)
{
	char *into = (char *)to;
	const char *bytes = (const char *)from;

	if (!is_said(w, from))
		return VL_OK;
	if (w->type == VL_WORD_MAP)
		return add_owners(to, from, err);
	if (w->has == 0)
		return add_texts((char ***)(void *)(into + w->at),
		    (size_t *)(void *)(into + w->count),
		    *(char **const *)(const void *)(bytes + w->at),
		    *(const size_t *)(const void *)(bytes + w->count), err);
	if (*(bool *)(into + w->has))
		return VL_OK;
	*(bool *)(into + w->has) = true;
	if (w->type == VL_WORD_BOOL)
		*(bool *)(into + w->at) = *(const bool *)(bytes + w->at);
	else
		*(unsigned *)(void *)(into + w->at) =
		    *(const unsigned *)(const void *)(bytes + w->at);
	return VL_OK;
}

/* Before those of the site, of which the last one that fits decides. */
static enum vl_status
take_keeps(struct vl_site *site, const struct vl_profile_resource *r,
    struct vl_err *err)
{
	size_t n = r->nkeep_paths;
	struct vl_keep_here *all = NULL;
	size_t i = 0;

	if (n == 0)
		return VL_OK;
	all = calloc(site->nkeep_here + n, sizeof(*all));
	if (all == NULL)
		return vl_fail_memory(err);
	if (site->nkeep_here > 0)
		memcpy(
		    all + n, site->keep_here, site->nkeep_here * sizeof(*all));
	free(site->keep_here);
	site->keep_here = all;
	site->nkeep_here += n;
	for (i = 0; i < n; i++) {
		all[i].resource = strdup(r->resource);
		all[i].path = strdup(r->keep_paths[i].path);
		if (all[i].resource == NULL || all[i].path == NULL)
			return vl_fail_memory(err);
	}
	return VL_OK;
}

static char *
copy_of(const char *text, bool *failed)
{
	char *copy = text == NULL ? NULL : strdup(text);

	*failed = *failed || (text != NULL && copy == NULL);
	return copy;
}

/* Before those of the site, as all lists. */
static enum vl_status
take_values(struct vl_site *site, const struct vl_profile_resource *r,
    struct vl_err *err)
{
	const size_t n = r->nkeep_values;
	struct vl_keep_value *all =
	    calloc(site->nkeep_values + n + 1, sizeof(*all));
	bool failed = false;
	size_t i = 0;

	if (all == NULL)
		return vl_fail_memory(err);
	if (site->nkeep_values > 0)
		memcpy(all + n, site->keep_values,
		    site->nkeep_values * sizeof(*all));
	free(site->keep_values);
	site->keep_values = all;
	site->nkeep_values += n;
	for (i = 0; i < n; i++) {
		all[i] = r->keep_values[i];
		all[i].resource = copy_of(r->resource, &failed);
		all[i].file = copy_of(r->keep_values[i].file, &failed);
		all[i].json = copy_of(r->keep_values[i].json, &failed);
		all[i].yaml = copy_of(r->keep_values[i].yaml, &failed);
	}
	return failed ? vl_fail_memory(err) : VL_OK;
}

static enum vl_status
take_members(struct vl_site *site, const struct vl_profile_resource *r,
    struct vl_err *err)
{
	struct vl_members *more = reallocarray(
	    site->members, site->nmembers + r->nmembers + 1, sizeof(*more));
	struct vl_members *to = NULL;
	bool failed = false;
	size_t i = 0;

	if (more == NULL)
		return vl_fail_memory(err);
	site->members = more;
	for (i = 0; i < r->nmembers; i++) {
		to = &more[site->nmembers++];
		*to = r->members[i];
		to->resource = copy_of(r->resource, &failed);
		to->file = copy_of(r->members[i].file, &failed);
		to->json = copy_of(r->members[i].json, &failed);
	}
	return failed ? vl_fail_memory(err) : VL_OK;
}

static enum vl_status
take_resource(struct vl_site *site, const struct vl_profile *p,
    const struct vl_profile_resource *r, struct vl_err *err)
{
	const struct vl_word *w = next_word(NULL);
	struct vl_resource *to = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; i < site->nresources; i++)
		if (strcmp(site->resources[i].name, r->resource) == 0)
			to = &site->resources[i];
	if (to == NULL)
		return VL_OK;
	if (to->kind == VL_KIND_FILES && says_rows(r))
		return fail_at(p, r, err,
		    "has words about rows, and is a tree of files here");
	if (to->kind != VL_KIND_FILES && says_tree(r))
		return fail_at(p, r, err,
		    "has words about a tree of files, and is a database here");
	for (; st == VL_OK && w != NULL; w = next_word(w))
		st = take_word(to, &r->tree, w, err);
	if (st == VL_OK && r->tree.nunit > 0) {
		st = add_texts(
		    &to->unit, &to->nunit, r->tree.unit, r->tree.nunit, err);
		if (!to->has_target_only)
			to->target_only = VL_TARGET_ONLY_BROUGHT;
	}
	if (st == VL_OK)
		st = take_keeps(site, r, err);
	if (st == VL_OK)
		st = take_values(site, r, err);
	return st == VL_OK ? take_members(site, r, err) : st;
}

enum vl_status
vl_profile_take_files(struct vl_site *site, const char *dir, struct vl_err *err)
{
	struct vl_profile *p = NULL;
	enum vl_status st = vl_profile_of_site(&p, site, dir, err);
	size_t i = 0;

	for (i = 0; st == VL_OK && p != NULL && i < p->nresources; i++)
		st = take_resource(site, p, &p->resources[i], err);
	vl_profile_free(p);
	return st;
}
