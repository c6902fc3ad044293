/*
 * The word `profile` of a site file (formats/profile.md, "In a site file"):
 * which profile, and the words of the site over it, which are brought into
 * the form of a profile.
 */

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <valise/text.h>
#include <valise/ties.h>

#include "profile_use.h"

/* Words whose lines are texts, and the word before the texts. */
static const struct {
	const char *word;
	const char *texts;
} lists[] = { { "not_reference", "columns" }, { "none", "values" } };

void
vl_profile_use_free(struct vl_profile_use *use)
{
	if (use == NULL)
		return;
	vl_site_clear(VL_SCOPE_USE, use);
	vl_site_node_free(use->words);
	free(use->source);
	free(use);
}

const char *
vl_profile_use_name(const struct vl_profile_use *use, const char *name)
{
	size_t i = 0;

	for (i = 0; i < use->nnames; i++)
		if (strcmp(use->names[i].from, name) == 0)
			return use->names[i].to;
	return name;
}

void
vl_profile_use_prefixes(struct vl_site *site)
{
	const struct vl_profile_use *use = site->profile;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; use != NULL && i < use->nprefixes; i++)
		for (k = 0; k < site->nresources; k++)
			if (strcmp(site->resources[k].name,
			        vl_profile_use_name(
			            use, use->prefixes[i].from)) == 0)
				site->resources[k].prefix = use->prefixes[i].to;
}

static bool
is_path(const char *text)
{
	size_t n = strlen(text);

	return strchr(text, '/') != NULL ||
	    (n > 5 && strcmp(text + n - 5, ".yaml") == 0);
}

/* Which profile: a name stays one, a path becomes absolute. */
static enum vl_status
read_use(const struct vl_site_reader *r, struct vl_profile_use *use,
    const struct vl_site_node *value, struct vl_err *err)
{
	const struct vl_word name = { .word = "profile",
		.type = value->type == VL_NODE_TEXT && is_path(value->text) ?
		    VL_WORD_PATH :
		    VL_WORD_NAME };

	free(use->use);
	use->use = NULL;
	use->bundle =
	    value->type == VL_NODE_TEXT && strcmp(value->text, "bundle") == 0;
	if (use->bundle)
		return VL_OK;
	return vl_site_read_text(r, &name, &use->use, value, err);
}

static struct vl_site_node *
make_words(struct vl_profile_use *use, const struct vl_site_node *at)
{
	if (use->words == NULL)
		use->words = vl_site_node_new(VL_NODE_MAP, at);
	return use->words;
}

enum vl_status
vl_profile_use_whole(const struct vl_word *word, struct vl_profile_use *use,
    const struct vl_site_node *value, struct vl_err *err)
{
	struct vl_site_node *words = make_words(use, value);

	if (words == NULL)
		return vl_fail_memory(err);
	return vl_site_node_set(words, word->word, value, err);
}

/* The list of `word` of the resource that `line` names, made if need be. */
static enum vl_status
list_for(const struct vl_site_reader *r, struct vl_site_node **list,
    struct vl_site_node *words, const struct vl_site_node *line,
    struct vl_err *err)
{
	const struct vl_site_node *name = vl_site_node_of(line, "resource");
	struct vl_site_node *resources = NULL;
	struct vl_site_node *resource = NULL;

	*list = NULL;
	if (line->type != VL_NODE_MAP)
		return vl_site_fail(r->file, line, err,
		    "words with values are expected, such as 'name: value'");
	if (name == NULL)
		return vl_site_fail(
		    r->file, line, err, "this entry has no 'resource'");
	if (name->type != VL_NODE_TEXT)
		return vl_site_fail(
		    r->file, name, err, "'resource' takes one text");
	resources = vl_site_node_make(words, "resources", VL_NODE_LIST, line);
	if (resources == NULL)
		return vl_fail_memory(err);
	resource = vl_site_node_find(resources, "resource", name->text);
	if (resource == NULL) {
		resource = vl_site_node_new(VL_NODE_MAP, line);
		if (resource == NULL ||
		    vl_site_node_add(resources, resource, err) != VL_OK)
			return vl_fail_memory(err);
		if (vl_site_node_set(resource, "resource", name, err) != VL_OK)
			return vl_fail_memory(err);
	}
	*list = resource;
	return VL_OK;
}

/* The line without its `resource`. */
static enum vl_status
add_line(struct vl_site_node *list, const struct vl_site_node *line,
    struct vl_err *err)
{
	struct vl_site_node *copy = vl_site_node_copy(line, line->file);
	size_t i = 0;

	if (copy == NULL || vl_site_node_add(list, copy, err) != VL_OK)
		return vl_fail_memory(err);
	for (i = 0; strcmp(copy->kids[i]->text, "resource") != 0; i += 2)
		continue;
	vl_site_node_free(copy->kids[i]);
	vl_site_node_free(copy->kids[i + 1]);
	copy->nkids -= 2;
	memmove(copy->kids + i, copy->kids + i + 2,
	    (copy->nkids - i) * sizeof(*copy->kids));
	return VL_OK;
}

/* The texts of a line `{resource: ..., WORD: [...]}`. */
static enum vl_status
add_texts(const struct vl_site_reader *r, struct vl_site_node *list,
    const struct vl_site_node *line, const char *word, struct vl_err *err)
{
	const struct vl_site_node *texts = vl_site_node_of(line, word);
	struct vl_site_node *copy = NULL;
	size_t i = 0;

	for (i = 0; i < line->nkids; i += 2)
		if (strcmp(line->kids[i]->text, "resource") != 0 &&
		    strcmp(line->kids[i]->text, word) != 0)
			return vl_site_fail(r->file, line->kids[i], err,
			    "'resource' and '%s' are the words of this entry",
			    word);
	if (texts == NULL)
		return vl_site_fail(
		    r->file, line, err, "this entry has no '%s'", word);
	if (texts->type != VL_NODE_LIST)
		return vl_site_fail(r->file, texts, err,
		    "'%s' takes a list, such as [a, b]", word);
	for (i = 0; i < texts->nkids; i++) {
		copy = vl_site_node_copy(texts->kids[i], texts->file);
		if (copy == NULL || vl_site_node_add(list, copy, err) != VL_OK)
			return vl_fail_memory(err);
	}
	return VL_OK;
}

static const char *
texts_of(const char *word)
{
	size_t i = 0;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (strcmp(lists[i].word, word) == 0)
			return lists[i].texts;
	return NULL;
}

enum vl_status
vl_profile_use_lines(const struct vl_site_reader *r, const struct vl_word *word,
    struct vl_profile_use *use, const struct vl_site_node *value,
    struct vl_err *err)
{
	const char *texts = texts_of(word->word);
	struct vl_site_node *words = make_words(use, value);
	struct vl_site_node *list = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (words == NULL)
		return vl_fail_memory(err);
	if (value->type != VL_NODE_LIST)
		return vl_site_fail(r->file, value, err,
		    "'%s' takes a list, each entry with its '-'", word->word);
	for (i = 0; i < value->nkids && st == VL_OK; i++) {
		st = list_for(r, &list, words, value->kids[i], err);
		if (st != VL_OK)
			break;
		list = vl_site_node_make(list, word->word, VL_NODE_LIST, value);
		if (list == NULL)
			st = vl_fail_memory(err);
		else if (texts != NULL)
			st = add_texts(r, list, value->kids[i], texts, err);
		else
			st = add_line(list, value->kids[i], err);
	}
	return st;
}

/* The words alone are a profile, or what may stand over one. */
static enum vl_status
check_words(const struct vl_profile_use *use, struct vl_err *err)
{
	const struct vl_profile_source from = { .root = use->words,
		.file = use->source,
		.site_file = use->source,
		.partial = use->use != NULL || use->bundle };
	struct vl_profile *p = NULL;
	enum vl_status st = VL_OK;

	if (use->words == NULL)
		return VL_OK;
	st = vl_profile_read(&p, &from, err);
	vl_profile_free(p);
	return st;
}

/* `value` is a map, whose nodes say which file they are of. */
static enum vl_status
read_words(const struct vl_site_reader *r, struct vl_profile_use *use,
    struct vl_site_node *value, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (vl_site_node_of(value, "use") == NULL) {
		use->words = vl_site_node_copy(value, use->source);
		return use->words != NULL ? VL_OK : vl_fail_memory(err);
	}
	st = vl_site_read_map(r, VL_SCOPE_USE, use, value, err);
	if (st == VL_OK)
		st = read_use(r, use, vl_site_node_of(value, "use"), err);
	return st;
}

enum vl_status
vl_profile_use_read(const struct vl_site_reader *r, struct vl_profile_use **out,
    const struct vl_site_node *value, struct vl_err *err)
{
	struct vl_profile_use *use = calloc(1, sizeof(*use));
	struct vl_site_node *copy = NULL;
	enum vl_status st = VL_OK;

	*out = use;
	if (use != NULL)
		use->source = strdup(r->file);
	if (use == NULL || use->source == NULL)
		return vl_fail_memory(err);
	use->line = value->line;
	use->column = value->column;
	if (value->type == VL_NODE_TEXT)
		return read_use(r, use, value, err);
	if (value->type != VL_NODE_MAP)
		return vl_site_fail(r->file, value, err,
		    "'profile' takes a name, a path, 'bundle', or words with "
		    "values");
	copy = vl_site_node_copy(value, use->source);
	if (copy == NULL)
		return vl_fail_memory(err);
	st = read_words(r, use, copy, err);
	if (st == VL_OK)
		st = check_words(use, err);
	if (st == VL_OK && use->bundle)
		st = vl_profile_bundle_words(use, err);
	vl_site_node_free(copy);
	return st;
}

bool
vl_profile_of_bundle(const struct vl_site *site)
{
	return site->profile != NULL && site->profile->bundle;
}

/* The path of what `use` names. */
static enum vl_status
use_path(char **out, const struct vl_profile_use *use, const char *dir,
    struct vl_err *err)
{
	struct vl_buf name = { 0 };
	enum vl_status st = VL_OK;

	if (use->use[0] == '/') {
		*out = strdup(use->use);
		return *out != NULL ? VL_OK : vl_fail_memory(err);
	}
	st = vl_buf_printf(&name, err, "%s.yaml", use->use);
	if (st == VL_OK)
		st = vl_buf_add(
		    &name, (struct vl_slice){ (const uint8_t *)"", 1 }, err);
	if (st == VL_OK)
		*out = vl_site_join(dir, (const char *)name.p);
	if (st == VL_OK && *out == NULL)
		st = vl_fail_memory(err);
	vl_buf_free(&name);
	return st;
}

/* The profile that `use` names, right by itself, then with the site's words. */
static enum vl_status
read_used(struct vl_profile **out, const struct vl_profile_use *use,
    const char *path, struct vl_err *err)
{
	char shown[PATH_MAX];
	struct vl_profile_source from = { .site_file = use->source };
	struct vl_site_node *root = NULL;
	struct vl_profile *alone = NULL;
	enum vl_status st = vl_profile_file(&root, path, err);

	from.file = vl_escape_text(shown, sizeof(shown), vl_slice_of(path));
	from.root = root;
	if (st == VL_OK)
		st = vl_profile_read(&alone, &from, err);
	if (st == VL_OK)
		st = vl_profile_merge(root, use, err);
	if (st == VL_OK)
		st = vl_profile_read(out, &from, err);
	vl_profile_free(alone);
	vl_site_node_free(root);
	return st;
}

/* The profile speaks of resources of the site, or else no database of the site
 * waits for its words: a name that is not the same would go unnoticed. */
static enum vl_status
check_names(
    const struct vl_profile *p, const struct vl_site *site, struct vl_err *err)
{
	const struct vl_profile_use *use = site->profile;
	const struct vl_site_node at = { .line = use->line,
		.column = use->column };
	const char *wordless = NULL;
	size_t i = 0;

	for (i = 0; i < site->nresources && wordless == NULL; i++)
		if (site->resources[i].kind != VL_KIND_FILES &&
		    vl_profile_resource(p, site->resources[i].name) == NULL)
			wordless = site->resources[i].name;
	for (i = 0; wordless != NULL && i < p->nresources; i++)
		if (vl_site_resource(site, p->resources[i].resource) == NULL)
			return vl_site_fail(use->source, &at, err,
			    "the profile speaks of resource '%s', which is "
			    "none of this site, and not of '%s'; 'resources: "
			    "{%s: %s}' beside 'use' says that it is meant",
			    p->resources[i].resource, wordless,
			    p->resources[i].resource, wordless);
	return VL_OK;
}

static bool
is_meant(const struct vl_profile_use *use, const char *name)
{
	size_t i = 0;

	for (i = 0; i < use->nnames; i++)
		if (strcmp(use->names[i].to, name) == 0)
			return true;
	return false;
}

/* `in` names a tree of the site; where it names nothing, there is no tree
 * without words that may be meant. */
static enum vl_status
check_in(const struct vl_profile *p, const char *in,
    const struct vl_site_node *where, const struct vl_site *site,
    struct vl_err *err)
{
	const struct vl_resource *r = vl_site_resource(site, in);
	struct vl_ties *t = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (r != NULL && r->kind != VL_KIND_FILES)
		return vl_site_fail(p->file, where, err,
		    "'in' names a tree of files, and '%s' is none", in);
	if (r != NULL || is_meant(site->profile, in))
		return VL_OK;
	for (i = 0; st == VL_OK && i < site->nresources; i++) {
		r = &site->resources[i];
		if (r->kind == VL_KIND_FILES)
			st = vl_ties_add(&t, p, NULL, r->name, err);
		if (st == VL_OK && r->kind == VL_KIND_FILES && t == NULL &&
		    vl_profile_owner(p, r->name) == NULL)
			st = vl_site_fail(p->file, where, err,
			    "'in' names '%s', which is none of this site; "
			    "'resources: {%s: %s}' beside 'use' says which "
			    "tree is meant",
			    in, in, r->name);
		vl_ties_free(t);
		t = NULL;
	}
	return st;
}

/* The `k`th of the lines about paths and files. */
static enum vl_status
check_line(const struct vl_profile *p, const struct vl_profile_resource *r,
    size_t k, const struct vl_site *site, struct vl_err *err)
{
	const struct vl_path_reference *path = NULL;
	const struct vl_file_reference *file = NULL;
	struct vl_site_node at = { 0 };

	if (k < r->npaths) {
		path = &r->paths[k];
		at.line = path->line;
		at.column = path->column;
		at.file = path->in_site ? p->site_file : NULL;
		return check_in(p, path->in, &at, site, err);
	}
	file = &r->files[k - r->npaths];
	at.line = file->line;
	at.column = file->column;
	at.file = file->in_site ? p->site_file : NULL;
	return check_in(p, file->in, &at, site, err);
}

/* Paths that hold ids, and files of rows: where, and that each name is of one
 * line. */
static enum vl_status
check_paths(
    const struct vl_profile *p, const struct vl_site *site, struct vl_err *err)
{
	const struct vl_profile_resource *r = p->resources;
	struct vl_ties *t = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; st == VL_OK && i < site->nresources; i++) {
		st = vl_ties_add(&t, p, NULL, site->resources[i].name, err);
		vl_ties_free(t);
		t = NULL;
	}
	for (i = 0; i < p->nresources; i++)
		for (k = 0; st == VL_OK && k < r[i].npaths + r[i].nfiles; k++)
			st = check_line(p, &r[i], k, site, err);
	return st;
}

/* What the site says of values that differ from side to side. */
static enum vl_status
take_here(struct vl_here *h, const struct vl_site *site, struct vl_err *err)
{
	size_t i = 0;

	for (i = 0; i < site->nhere; i++) {
		if (strcmp(site->here[i].from, h->name) != 0)
			continue;
		free(h->value);
		h->value = strdup(site->here[i].to);
		if (h->value == NULL)
			return vl_fail_memory(err);
	}
	return VL_OK;
}

static enum vl_status
take_heres(struct vl_profile *p, const struct vl_site *site, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < p->nresources; i++)
		for (k = 0; st == VL_OK && k < p->resources[i].nhere; k++)
			st = take_here(&p->resources[i].here[k], site, err);
	return st;
}

enum vl_status
vl_profile_beside(
    struct vl_profile *p, const struct vl_site *site, struct vl_err *err)
{
	free(p->dir);
	p->dir = NULL;
	if (site->dir != NULL)
		p->dir = strdup(site->dir);
	return p->dir == NULL && site->dir != NULL ? vl_fail_memory(err) :
	                                             VL_OK;
}

enum vl_status
vl_profile_of_site(struct vl_profile **out, const struct vl_site *site,
    const char *dir, struct vl_err *err)
{
	const struct vl_profile_use *use = site->profile;
	struct vl_profile_source from = { 0 };
	char *path = NULL;
	enum vl_status st = VL_OK;

	*out = NULL;
	if (use == NULL)
		return VL_OK;
	if (use->bundle)
		return vl_profile_bundle_names(site, err);
	if (use->use == NULL) {
		from.root = use->words;
		from.file = use->source;
		from.site_file = use->source;
		st = vl_profile_read(out, &from, err);
	} else {
		st = use_path(&path, use, dir, err);
		if (st == VL_OK)
			st = read_used(out, use, path, err);
		free(path);
	}
	if (st == VL_OK)
		st = check_names(*out, site, err);
	if (st == VL_OK)
		st = check_paths(*out, site, err);
	if (st == VL_OK)
		st = take_heres(*out, site, err);
	if (st == VL_OK)
		st = vl_profile_beside(*out, site, err);
	if (st != VL_OK) {
		vl_profile_free(*out);
		*out = NULL;
	}
	return st;
}
