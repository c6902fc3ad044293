/*
 * What of a site file one value alone does not show: rules name resources of
 * the file, and no two rules speak of the same path (formats/site.md).
 */

#include <valise/entry.h>
#include <valise/text.h>

#include "read.h"

#define SHOWN 80

/* With the word `rows` the entry is about those of a database. */
static enum vl_status
check_resource(const struct vl_site_reader *r, const struct vl_site *site,
    const struct vl_site_node *entry, const char *rows, struct vl_err *err)
{
	const struct vl_site_node *value = vl_site_node_of(entry, "resource");
	const struct vl_site_node *table = vl_site_node_of(entry, rows);
	const struct vl_resource *resource =
	    vl_site_resource(site, value->text);
	const char *near = NULL;

	if (resource != NULL && table != NULL &&
	    resource->kind == VL_KIND_FILES)
		return vl_site_fail(r->file, table, err,
		    "'%s' is about databases, and '%s' is a resource of kind "
		    "'%s'",
		    rows, value->text, vl_kind_words[resource->kind]);
	if (resource != NULL && table == NULL &&
	    resource->kind != VL_KIND_FILES)
		return vl_site_fail(r->file, value, err,
		    "'%s' is no tree of files: this entry needs '%s'",
		    value->text, rows);
	if (resource != NULL)
		return VL_OK;
	near = vl_site_nearest(site, value->text);
	if (near == NULL)
		return vl_site_fail(r->file, value, err,
		    "'%s' is not a resource of this file", value->text);
	return vl_site_fail(r->file, value, err,
	    "'%s' is not a resource of this file; did you mean '%s'?",
	    value->text, near);
}

static enum vl_status
check_resources(const struct vl_site_reader *r, const struct vl_site *site,
    const struct vl_site_node *entries, const char *rows, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; entries != NULL && i < entries->nkids && st == VL_OK; i++)
		st = check_resource(r, site, entries->kids[i], rows, err);
	return st;
}

/* Entry `i` of those that are about paths, without the word `rows`. */
static const struct vl_site_node *
path_entry(const struct vl_site_node *entries, const char *rows, size_t i)
{
	struct vl_site_node *const *entry = entries->kids;

	for (;; entry++)
		if (vl_site_node_of(*entry, rows) == NULL && i-- == 0)
			return *entry;
}

/* One key is another, column by column. */
static enum vl_status
check_map_record(const struct vl_site_reader *r,
    const struct vl_map_record *row, struct vl_err *err)
{
	const struct vl_site_node at = { .line = row->line,
		.column = row->column };

	if (row->nfrom == row->nto)
		return VL_OK;
	return vl_site_fail(r->file, &at, err,
	    "'from' has %zu columns of the key, 'to' has %zu", row->nfrom,
	    row->nto);
}

/* Words about trees stand where one is described. */
static enum vl_status
check_kinds(const struct vl_site_reader *r, const struct vl_site *site,
    const struct vl_site_node *resources, struct vl_err *err)
{
	const struct vl_site_node *map = NULL;
	const struct vl_resource *of = NULL;
	const struct vl_word *w = NULL;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < resources->nkids; i++) {
		map = resources->kids[i];
		of = vl_site_resource(site, vl_site_node_of(map, "name")->text);
		for (k = 0; of->kind != VL_KIND_FILES && k < map->nkids;
		     k += 2) {
			w = vl_word_find(VL_SCOPE_RESOURCE, map->kids[k]->text);
			if (w->files)
				return vl_site_fail(r->file, map->kids[k], err,
				    "'%s' is about trees of files, and '%s' is "
				    "a resource of kind '%s'",
				    w->word, of->name, vl_kind_words[of->kind]);
		}
	}
	return VL_OK;
}

/* What is about databases needs one. */
static enum vl_status
check_databases(const struct vl_site_reader *r, const struct vl_site *site,
    const struct vl_site_node *root, struct vl_err *err)
{
	const struct vl_site_node *value = vl_site_node_of(root, "references");
	size_t i = 0;

	for (i = 0; i < site->nresources; i++)
		if (site->resources[i].kind != VL_KIND_FILES)
			return VL_OK;
	return value == NULL ? VL_OK :
	                       vl_site_fail(r->file, value, err,
	                           "'references' is about databases, and no "
	                           "resource of this file is one");
}

static bool
takes_all_below(const char *path)
{
	return vl_site_mapped(path).n < strlen(path);
}

/* Both sides of one rule are of one form. */
static enum vl_status
check_sides(const struct vl_site_reader *r, const struct vl_map *rule,
    const struct vl_site_node *entry, struct vl_err *err)
{
	bool all = takes_all_below(rule->from);

	if (takes_all_below(rule->to) == all)
		return VL_OK;
	return vl_site_fail(r->file, vl_site_node_of(entry, "to"), err,
	    all ? "'from' ends in '/**', so 'to' must" :
	          "'from' does not end in '/**', so 'to' must not");
}

/* Nothing comes where valise itself works in a root. */
static enum vl_status
check_to(const struct vl_site_reader *r, const struct vl_map *rule,
    const struct vl_site_node *entry, struct vl_err *err)
{
	char shown[SHOWN];

	if (!vl_path_hidden(vl_site_mapped(rule->to), VL_STAGING))
		return VL_OK;
	return vl_site_fail(r->file, vl_site_node_of(entry, "to"), err,
	    "'%s' is a name that valise keeps for itself",
	    vl_escape_text(shown, sizeof(shown), vl_site_mapped(rule->to)));
}

/* Rule `i` speaks of no path that an earlier one speaks of. */
static enum vl_status
check_alone(const struct vl_site_reader *r, const struct vl_site *site,
    const struct vl_site_node *entries, size_t i, struct vl_err *err)
{
	const struct vl_map *rule = &site->map[i];
	const struct vl_site_node *at =
	    vl_site_node_of(path_entry(entries, "table", i), "from");
	struct vl_slice mine = vl_site_mapped(rule->from);
	struct vl_slice other = { 0 };
	char a[SHOWN];
	char b[SHOWN];
	unsigned line = 0;
	size_t k = 0;

	for (k = 0; k < i; k++) {
		if (strcmp(site->map[k].resource, rule->resource) != 0)
			continue;
		other = vl_site_mapped(site->map[k].from);
		if (!vl_path_below(mine, other) && !vl_path_below(other, mine))
			continue;
		line = vl_site_node_of(path_entry(entries, "table", k), "from")
		           ->line;
		(void)vl_escape_text(a, sizeof(a), mine);
		(void)vl_escape_text(b, sizeof(b), other);
		if (mine.n == other.n)
			return vl_site_fail(r->file, at, err,
			    "'%s' is mapped in line %u already", a, line);
		return vl_site_fail(r->file, at, err,
		    "'%s' is %s '%s', which is mapped in line %u", a,
		    mine.n > other.n ? "below" : "above", b, line);
	}
	return VL_OK;
}

static enum vl_status
check_map(const struct vl_site_reader *r, const struct vl_site *site,
    const struct vl_site_node *entries, struct vl_err *err)
{
	enum vl_status st = check_resources(r, site, entries, "table", err);
	const struct vl_site_node *entry = NULL;
	size_t i = 0;

	for (i = 0; i < site->nmap && st == VL_OK; i++) {
		entry = path_entry(entries, "table", i);
		st = check_sides(r, &site->map[i], entry, err);
		if (st == VL_OK)
			st = check_to(r, &site->map[i], entry, err);
		if (st == VL_OK)
			st = check_alone(r, site, entries, i, err);
	}
	for (i = 0; i < site->nmap_records && st == VL_OK; i++)
		st = check_map_record(r, &site->map_records[i], err);
	return st;
}

/* One pattern alone: what would take back finds nothing to take back. */
static enum vl_status
check_rewrite(const struct vl_site_reader *r, const struct vl_site *site,
    const struct vl_site_node *entries, struct vl_err *err)
{
	enum vl_status st = check_resources(r, site, entries, "columns", err);
	size_t i = 0;

	for (i = 0; i < site->nrewrite && st == VL_OK; i++)
		if (site->rewrite[i].path[0] == '!')
			st = vl_site_fail(r->file,
			    vl_site_node_of(
			        path_entry(entries, "columns", i), "path"),
			    err,
			    "'!' takes nothing back here; write which files "
			    "are meant");
	return st;
}

static enum vl_status
check_keep(const struct vl_site_reader *r, const struct vl_site *site,
    const struct vl_site_node *entries, struct vl_err *err)
{
	enum vl_status st = check_resources(r, site, entries, "table", err);
	size_t i = 0;

	for (i = 0; st == VL_OK && i < site->nkeep_values; i++)
		st = vl_site_check_value(r->file, &site->keep_values[i], err);
	return st;
}

enum vl_status
vl_site_check_rules(const struct vl_site_reader *r, const struct vl_site *site,
    const struct vl_site_node *root, struct vl_err *err)
{
	enum vl_status st =
	    check_kinds(r, site, vl_site_node_of(root, "resources"), err);

	if (st == VL_OK)
		st = check_keep(
		    r, site, vl_site_node_of(root, "keep_here"), err);
	if (st == VL_OK)
		st = check_map(r, site, vl_site_node_of(root, "map"), err);
	if (st == VL_OK)
		st = check_rewrite(
		    r, site, vl_site_node_of(root, "rewrite"), err);
	if (st == VL_OK)
		st = check_databases(r, site, root, err);
	return st;
}
