/*
 * The profile that a bundle brings (formats/profile.md, "As it travels"): read
 * from its canonical JSON; and with what the site says of policy over it
 * ("In a site file", `use: bundle`).
 */

#include <stdlib.h>
#include <string.h>

#include <valise/json.h>

#include "profile_use.h"

#define SOURCE "the profile of the bundle"

static enum vl_status make_node(struct vl_site_node **out,
    const struct vl_json *j, size_t at, struct vl_err *err);

/* The text of a string; canonical JSON has no NUL. */
static enum vl_status
make_text(struct vl_site_node *node, const struct vl_json *j, size_t at,
    struct vl_err *err)
{
	struct vl_buf text = { 0 };
	enum vl_status st = vl_json_decode(j, at, &text, err);

	if (st == VL_OK)
		st = vl_buf_add(
		    &text, (struct vl_slice){ (const uint8_t *)"", 1 }, err);
	if (st == VL_OK) {
		node->text = (char *)text.p;
		return VL_OK;
	}
	vl_buf_free(&text);
	return st;
}

static enum vl_status
make_kids(struct vl_site_node *node, const struct vl_json *j, size_t at,
    struct vl_err *err)
{
	size_t end = j->items[at].next;
	enum vl_status st = VL_OK;
	size_t n = 0;
	size_t i = 0;

	for (i = at + 1; i < end; i = j->items[i].next)
		n++;
	if (n == 0)
		return VL_OK;
	node->kids = calloc(n, sizeof(*node->kids));
	if (node->kids == NULL)
		return vl_fail_memory(err);
	node->cap = n;
	for (i = at + 1; i < end && st == VL_OK; i = j->items[i].next) {
		st = make_node(&node->kids[node->nkids], j, i, err);
		if (st == VL_OK)
			node->nkids++;
	}
	return st;
}

/* A value of the JSON as if it had stood in a file. */
static enum vl_status
make_node(struct vl_site_node **out, const struct vl_json *j, size_t at,
    struct vl_err *err)
{
	const struct vl_json_item *item = &j->items[at];
	struct vl_site_node *node = calloc(1, sizeof(*node));
	enum vl_status st = VL_OK;

	*out = NULL;
	if (node == NULL)
		return vl_fail_memory(err);
	switch (item->type) {
	case VL_JSON_OBJECT:
		node->type = VL_NODE_MAP;
		st = make_kids(node, j, at, err);
		break;
	case VL_JSON_ARRAY:
		node->type = VL_NODE_LIST;
		st = make_kids(node, j, at, err);
		break;
	case VL_JSON_STRING:
		node->type = VL_NODE_TEXT;
		st = make_text(node, j, at, err);
		break;
	case VL_JSON_TRUE:
		node->type = VL_NODE_TEXT;
		node->plain = true;
		node->text = strdup("true");
		if (node->text == NULL)
			st = vl_fail_memory(err);
		break;
	default:
		st = vl_fail(err, VL_EFORMAT,
		    "%s: a number, false or null, which no word takes", SOURCE);
		break;
	}
	if (st == VL_OK)
		*out = node;
	else
		vl_site_node_free(node);
	return st;
}

/* What was read is what would have been written: each line has one table and
 * one column, so that this is no more than what came. */
static enum vl_status
check_canonical(
    const struct vl_profile *p, struct vl_slice json, struct vl_err *err)
{
	struct vl_buf again = { 0 };
	enum vl_status st = VL_OK;
	bool same = p->nresources == 1;
	size_t i = 0;

	for (i = 0; same && i < p->resources[0].nreferences; i++)
		same = p->resources[0].references[i].nfrom == 1;
	same = same &&
	    p->resources[0].nkeep_paths + p->resources[0].nkeep_values +
	            p->resources[0].nmembers ==
	        0;
	if (same)
		st = vl_profile_words(&again, p, p->resources[0].resource, err);
	if (st == VL_OK &&
	    (!same || !vl_slice_equal(vl_buf_slice(&again), json)))
		st = vl_fail(err, VL_EFORMAT,
		    "%s is not written as a profile is", SOURCE);
	vl_buf_free(&again);
	return st;
}

enum vl_status
vl_profile_from_meaning(
    struct vl_profile **out, struct vl_slice json, struct vl_err *err)
{
	struct vl_profile *p = NULL;
	struct vl_site_node *root = NULL;
	struct vl_json j = { 0 };
	enum vl_status st = VL_OK;

	*out = NULL;
	if (json.n > VL_PROFILE_WORDS_MAX)
		return vl_fail(err, VL_ELIMIT, "%s is longer than %u bytes",
		    SOURCE, VL_PROFILE_WORDS_MAX);
	st = vl_json_parse(&j, json, err);
	if (st == VL_OK)
		st = make_node(&root, &j, 0, err);
	if (st == VL_OK)
		st = vl_profile_read(&p,
		    &(struct vl_profile_source){ .root = root, .file = SOURCE },
		    err);
	if (st == VL_EUSAGE && err != NULL)
		err->status = VL_EFORMAT;
	if (st == VL_EUSAGE)
		st = VL_EFORMAT;
	if (st == VL_OK)
		st = check_canonical(p, json, err);
	if (st == VL_OK) {
		*out = p;
		p = NULL;
	}
	vl_profile_free(p);
	vl_site_node_free(root);
	vl_json_free(&j);
	return st;
}

/* ---- Words of the site over it ---- */

/* What a site may say over a bundle's profile: of which rows, columns or
 * places, and beside those words only ones of policy. */
static const struct over {
	const char *list;
	enum vl_scope scope;
	const char *which[6];
	bool adds; /* an entry that the bundle does not have */
} overs[] = {
	{ "tables", VL_SCOPE_TABLE, { "table", "where" }, false },
	{ "keep_here", VL_SCOPE_KEEP_ROWS, { "table", "where", "columns" },
	    true },
	{ "secrets", VL_SCOPE_SECRET,
	    { "column", "where", "json", "yaml", "php" }, false },
};

static const struct over *
over_of(const char *list)
{
	size_t i = 0;

	for (i = 0; i < sizeof(overs) / sizeof(overs[0]); i++)
		if (strcmp(overs[i].list, list) == 0)
			return &overs[i];
	return NULL;
}

static bool
may_stand(const struct over *over, const char *word)
{
	const struct vl_word *w = NULL;
	size_t i = 0;

	for (i = 0; i < 6 && over->which[i] != NULL; i++)
		if (strcmp(over->which[i], word) == 0)
			return true;
	w = vl_word_next(over->scope, NULL);
	for (; w != NULL; w = vl_word_next(over->scope, w))
		if (w->policy && strcmp(w->word, word) == 0)
			return true;
	return false;
}

static enum vl_status
not_here(const struct vl_profile_use *use, const struct vl_site_node *word,
    struct vl_err *err)
{
	return vl_site_fail(use->source, word, err,
	    "'%s' does not stand over the profile of a bundle, whose meaning "
	    "is "
	    "the source's: 'tables', 'secrets' and 'keep_here' with words of "
	    "policy do",
	    word->text);
}

/* The lists of one resource. */
static enum vl_status
check_resource(const struct vl_profile_use *use,
    const struct vl_site_node *resource, struct vl_err *err)
{
	const struct vl_site_node *list = NULL;
	const struct over *over = NULL;
	size_t i = 0;
	size_t k = 0;
	size_t n = 0;

	for (i = 0; i < resource->nkids; i += 2) {
		if (strcmp(resource->kids[i]->text, "resource") == 0)
			continue;
		over = over_of(resource->kids[i]->text);
		list = resource->kids[i + 1];
		if (over == NULL)
			return not_here(use, resource->kids[i], err);
		for (k = 0; k < list->nkids; k++)
			for (n = 0; n < list->kids[k]->nkids; n += 2)
				if (!may_stand(
				        over, list->kids[k]->kids[n]->text))
					return not_here(
					    use, list->kids[k]->kids[n], err);
	}
	return VL_OK;
}

enum vl_status
vl_profile_bundle_words(const struct vl_profile_use *use, struct vl_err *err)
{
	const struct vl_site_node at = { .line = use->line,
		.column = use->column };
	const struct vl_site_node *resources = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (use->nnames > 0)
		return vl_site_fail(use->source, &at, err,
		    "'resources' beside 'use: bundle': a bundle calls them as "
		    "the site does");
	if (use->words == NULL)
		return VL_OK;
	for (i = 0; i < use->words->nkids; i += 2)
		if (strcmp(use->words->kids[i]->text, "resources") != 0)
			return not_here(use, use->words->kids[i], err);
	resources = vl_site_node_of(use->words, "resources");
	for (i = 0; st == VL_OK && i < resources->nkids; i++)
		st = check_resource(use, resources->kids[i], err);
	return st;
}

static const struct vl_site_node *
words_about(const struct vl_site *site, const char *resource)
{
	const struct vl_profile_use *use = site->profile;

	if (use == NULL || !use->bundle || use->words == NULL)
		return NULL;
	return vl_site_node_find(
	    vl_site_node_of(use->words, "resources"), "resource", resource);
}

/* `name` is a database of the site. */
static enum vl_status
check_name(const struct vl_site *site, const char *name,
    const struct vl_site_node *at, struct vl_err *err)
{
	const struct vl_resource *r = vl_site_resource(site, name);

	return r != NULL && r->kind != VL_KIND_FILES ?
	    VL_OK :
	    vl_site_fail(site->profile->source, at, err,
	        "'%s' is no database of this site", name);
}

enum vl_status
vl_profile_bundle_names(const struct vl_site *site, struct vl_err *err)
{
	const struct vl_profile_use *use = site->profile;
	const struct vl_site_node at = { .line = use->line,
		.column = use->column };
	const struct vl_site_node *resources = NULL;
	const struct vl_site_node *name = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < use->nprefixes; i++)
		st = check_name(site, use->prefixes[i].from, &at, err);
	if (use->words != NULL)
		resources = vl_site_node_of(use->words, "resources");
	for (i = 0; st == VL_OK && resources != NULL && i < resources->nkids;
	     i++) {
		name = vl_site_node_of(resources->kids[i], "resource");
		st = check_name(site, name->text, name, err);
	}
	return st;
}

/* An entry of the site that is about rows or a place of which the bundle says
 * nothing would be meaning. */
static enum vl_status
check_new(
    const struct vl_site_node *resource, const char *file, struct vl_err *err)
{
	const struct vl_site_node *list = NULL;
	const struct vl_site_node *line = NULL;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < sizeof(overs) / sizeof(overs[0]); i++) {
		list = vl_site_node_of(resource, overs[i].list);
		for (k = 0; list != NULL && k < list->nkids; k++) {
			line = list->kids[k];
			if (overs[i].adds || line->file == NULL ||
			    (overs[i].scope == VL_SCOPE_TABLE &&
			        vl_site_node_of(line, "where") == NULL))
				continue;
			return vl_site_fail(file, line, err,
			    "the profile of the bundle has no entry of '%s' "
			    "that is about the same",
			    overs[i].list);
		}
	}
	return VL_OK;
}

/* The words of the resource alone, over those of the bundle. */
static enum vl_status
put_over(struct vl_site_node *base, const struct vl_profile_use *use,
    const struct vl_site_node *about, struct vl_err *err)
{
	struct vl_profile_use alone = { .source = use->source };
	struct vl_site_node *list = NULL;
	struct vl_site_node *copy = NULL;
	enum vl_status st = VL_OK;

	alone.words = vl_site_node_new(VL_NODE_MAP, about);
	if (alone.words != NULL)
		list = vl_site_node_make(
		    alone.words, "resources", VL_NODE_LIST, about);
	if (list != NULL)
		copy = vl_site_node_copy(about, about->file);
	if (copy == NULL || vl_site_node_add(list, copy, err) != VL_OK)
		st = vl_fail_memory(err);
	if (st == VL_OK)
		st = vl_profile_merge(base, &alone, err);
	vl_site_node_free(alone.words);
	return st;
}

/* `theirs`, or no words at all, as a tree of the resource alone. */
static enum vl_status
tree_of(struct vl_site_node **out, const struct vl_profile *theirs,
    const char *resource, struct vl_err *err)
{
	static const struct vl_profile none;
	struct vl_buf text = { 0 };
	struct vl_json j = { 0 };
	enum vl_status st = vl_profile_words(
	    &text, theirs != NULL ? theirs : &none, resource, err);

	*out = NULL;
	if (st == VL_OK)
		st = vl_json_parse(&j, vl_buf_slice(&text), err);
	if (st == VL_OK)
		st = make_node(out, &j, 0, err);
	vl_json_free(&j);
	vl_buf_free(&text);
	return st;
}

enum vl_status
vl_profile_over_bundle(struct vl_profile **out, const struct vl_profile *theirs,
    const struct vl_site *site, const char *resource, struct vl_err *err)
{
	const struct vl_site_node *about = words_about(site, resource);
	struct vl_profile_source from = { .file = SOURCE };
	struct vl_site_node *root = NULL;
	struct vl_profile *p = NULL;
	enum vl_status st = VL_OK;

	*out = NULL;
	if (about == NULL)
		return VL_OK;
	from.site_file = site->profile->source;
	st = tree_of(&root, theirs, resource, err);
	if (st == VL_OK)
		st = put_over(root, site->profile, about, err);
	from.root = root;
	if (st == VL_OK)
		st = check_new(
		    vl_site_node_find(vl_site_node_of(root, "resources"),
		        "resource", resource),
		    from.site_file, err);
	if (st == VL_OK)
		st = vl_profile_read(&p, &from, err);
	if (st == VL_OK)
		st = vl_profile_same(p, theirs, resource, err);
	if (st == VL_OK)
		st = vl_profile_beside(p, site, err);
	if (st == VL_OK)
		*out = p;
	else
		vl_profile_free(p);
	vl_site_node_free(root);
	return st;
}
