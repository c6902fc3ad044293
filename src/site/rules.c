/*
 * What of a site file one value alone does not show: rules name resources of
 * the file, and no two rules speak of the same path (formats/site.md).
 */

#include <valise/entry.h>
#include <valise/text.h>

#include "read.h"

#define SHOWN 80

/* The value of `word` in the map `map`; NULL where it does not stand there. */
static const struct vl_site_node *
value_of(const struct vl_site_node *map, const char *word)
{
	size_t i = 0;

	for (i = 0; i < map->nkids; i += 2)
		if (strcmp(map->kids[i]->text, word) == 0)
			return map->kids[i + 1];
	return NULL;
}

static enum vl_status
check_resource(const struct vl_site_reader *r, const struct vl_site *site,
    const struct vl_site_node *entry, struct vl_err *err)
{
	const struct vl_site_node *value = value_of(entry, "resource");
	const char *near = NULL;

	if (vl_site_resource(site, value->text) != NULL)
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
    const struct vl_site_node *entries, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; entries != NULL && i < entries->nkids && st == VL_OK; i++)
		st = check_resource(r, site, entries->kids[i], err);
	return st;
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
	return vl_site_fail(r->file, value_of(entry, "to"), err,
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
	return vl_site_fail(r->file, value_of(entry, "to"), err,
	    "'%s' is a name that valise keeps for itself",
	    vl_escape_text(shown, sizeof(shown), vl_site_mapped(rule->to)));
}

/* Rule `i` speaks of no path that an earlier one speaks of. */
static enum vl_status
check_alone(const struct vl_site_reader *r, const struct vl_site *site,
    const struct vl_site_node *entries, size_t i, struct vl_err *err)
{
	const struct vl_map *rule = &site->map[i];
	const struct vl_site_node *at = value_of(entries->kids[i], "from");
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
		line = value_of(entries->kids[k], "from")->line;
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
	enum vl_status st = check_resources(r, site, entries, err);
	size_t i = 0;

	for (i = 0; i < site->nmap && st == VL_OK; i++) {
		st = check_sides(r, &site->map[i], entries->kids[i], err);
		if (st == VL_OK)
			st = check_to(r, &site->map[i], entries->kids[i], err);
		if (st == VL_OK)
			st = check_alone(r, site, entries, i, err);
	}
	return st;
}

/* One pattern alone: what would take back finds nothing to take back. */
static enum vl_status
check_rewrite(const struct vl_site_reader *r, const struct vl_site *site,
    const struct vl_site_node *entries, struct vl_err *err)
{
	enum vl_status st = check_resources(r, site, entries, err);
	size_t i = 0;

	for (i = 0; i < site->nrewrite && st == VL_OK; i++)
		if (site->rewrite[i].path[0] == '!')
			st = vl_site_fail(r->file,
			    value_of(entries->kids[i], "path"), err,
			    "'!' takes nothing back here; write which files "
			    "are meant");
	return st;
}

enum vl_status
vl_site_check_rules(const struct vl_site_reader *r, const struct vl_site *site,
    const struct vl_site_node *root, struct vl_err *err)
{
	enum vl_status st =
	    check_resources(r, site, value_of(root, "keep_here"), err);

	if (st == VL_OK)
		st = check_map(r, site, value_of(root, "map"), err);
	if (st == VL_OK)
		st = check_rewrite(r, site, value_of(root, "rewrite"), err);
	return st;
}
