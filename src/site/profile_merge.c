/*
 * The words of a site over a profile (formats/profile.md, "In a site file"):
 * lists add, single words replace, resources get the site's names.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "profile_use.h"

/* Words of a line whose lists add. */
static const char *const adding[] = { "keep_here", "derived", "none", NULL };

/* What makes two lines of references, or of secrets, the same, but for the
 * column. */
static const char *const same_line[] = { "where", "unpack", "json", "php",
	"yaml", "pattern", "line", "define", NULL };

static bool
is_one_of(const char *const *words, const char *word)
{
	for (; *words != NULL; words++)
		if (strcmp(*words, word) == 0)
			return true;
	return false;
}

/* The texts of a value that is one text or a list of them. */
static size_t
count_texts(const struct vl_site_node *value)
{
	return value->type == VL_NODE_TEXT ? 1 : value->nkids;
}

static const struct vl_site_node *
text_at(const struct vl_site_node *value, size_t i)
{
	return value->type == VL_NODE_TEXT ? value : value->kids[i];
}

static bool
has_text(const struct vl_site_node *value, const char *text)
{
	size_t i = 0;

	for (i = 0; value != NULL && i < count_texts(value); i++)
		if (strcmp(text_at(value, i)->text, text) == 0)
			return true;
	return false;
}

/* Both say the same with `word`, or neither says it. */
static bool
agrees(const struct vl_site_node *a, const struct vl_site_node *b,
    const char *word)
{
	const struct vl_site_node *x = vl_site_node_of(a, word);
	const struct vl_site_node *y = vl_site_node_of(b, word);

	if (x == NULL || y == NULL)
		return x == y;
	return strcmp(x->text, y->text) == 0;
}

static enum vl_status
add_copies(struct vl_site_node *list, const struct vl_site_node *more,
    struct vl_err *err)
{
	struct vl_site_node *copy = NULL;
	size_t i = 0;

	for (i = 0; i < more->nkids; i++) {
		copy = vl_site_node_copy(more->kids[i], more->kids[i]->file);
		if (copy == NULL || vl_site_node_add(list, copy, err) != VL_OK)
			return vl_fail_memory(err);
	}
	return VL_OK;
}

static void
drop_word(struct vl_site_node *map, const char *word)
{
	size_t i = 0;

	for (i = 0; i < map->nkids; i += 2) {
		if (strcmp(map->kids[i]->text, word) != 0)
			continue;
		vl_site_node_free(map->kids[i]);
		vl_site_node_free(map->kids[i + 1]);
		map->nkids -= 2;
		memmove(map->kids + i, map->kids + i + 2,
		    (map->nkids - i) * sizeof(*map->kids));
		return;
	}
}

/* The words of `line`, but for `name` and `where`, in `entry`. */
static enum vl_status
put_words(struct vl_site_node *entry, const struct vl_site_node *line,
    const char *name, struct vl_err *err)
{
	const struct vl_site_node *value = NULL;
	const char *word = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; i < line->nkids && st == VL_OK; i += 2) {
		word = line->kids[i]->text;
		value = line->kids[i + 1];
		if (strcmp(word, name) == 0 || strcmp(word, "where") == 0)
			continue;
		/* What it refers to is said in one of two ways. */
		if (strcmp(word, "to") == 0)
			drop_word(entry, "to_by");
		if (strcmp(word, "to_by") == 0)
			drop_word(entry, "to");
		if (is_one_of(adding, word) &&
		    vl_site_node_of(entry, word) != NULL)
			st = add_copies(
			    vl_site_node_of(entry, word), value, err);
		else
			st = vl_site_node_set(entry, word, value, err);
	}
	return st;
}

/* A copy of `line` about `text` alone at the end of `list`. */
static enum vl_status
add_entry(struct vl_site_node *list, const struct vl_site_node *line,
    const char *name, const struct vl_site_node *text, struct vl_err *err)
{
	struct vl_site_node *copy = vl_site_node_copy(line, line->file);

	if (copy == NULL || vl_site_node_add(list, copy, err) != VL_OK)
		return vl_fail_memory(err);
	return vl_site_node_set(copy, name, text, err);
}

/* An entry about several becomes one about `text` and one about the rest. */
static enum vl_status
part_entry(struct vl_site_node *list, size_t at, const char *name,
    const char *text, struct vl_err *err)
{
	struct vl_site_node *value = vl_site_node_of(list->kids[at], name);
	struct vl_site_node *taken = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (count_texts(value) == 1)
		return VL_OK;
	for (i = 0; strcmp(value->kids[i]->text, text) != 0; i++)
		continue;
	taken = value->kids[i];
	value->nkids--;
	memmove(value->kids + i, value->kids + i + 1,
	    (value->nkids - i) * sizeof(*value->kids));
	st = add_entry(list, list->kids[at], name, taken, err);
	vl_site_node_free(taken);
	return st;
}

/* All entries about `text` are about it alone. */
static enum vl_status
part_entries(struct vl_site_node *list, const char *name, const char *text,
    struct vl_err *err)
{
	size_t n = list->nkids;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; i < n && st == VL_OK; i++)
		if (has_text(vl_site_node_of(list->kids[i], name), text))
			st = part_entry(list, i, name, text, err);
	return st;
}

/* What a site says of some rows goes before what the profile says, and behind
 * what the site said before. */
static void
to_front(struct vl_site_node *list)
{
	struct vl_site_node *last = list->kids[list->nkids - 1];
	size_t at = 0;

	while (list->kids[at] != last && list->kids[at]->file != NULL)
		at++;
	memmove(list->kids + at + 1, list->kids + at,
	    (list->nkids - 1 - at) * sizeof(*list->kids));
	list->kids[at] = last;
}

/* One table of a line of `tables`. */
static enum vl_status
put_table(struct vl_site_node *list, const struct vl_site_node *line,
    const struct vl_site_node *table, struct vl_err *err)
{
	bool all = vl_site_node_of(line, "where") == NULL;
	enum vl_status st = part_entries(list, "table", table->text, err);
	struct vl_site_node *entry = NULL;
	bool found = false;
	size_t i = 0;

	for (i = 0; i < list->nkids && st == VL_OK; i++) {
		entry = list->kids[i];
		if (!has_text(vl_site_node_of(entry, "table"), table->text) ||
		    (!all && !agrees(entry, line, "where")))
			continue;
		st = put_words(entry, line, "table", err);
		found = true;
	}
	if (st != VL_OK || found)
		return st;
	st = add_entry(list, line, "table", table, err);
	if (st != VL_OK)
		return st;
	to_front(list);
	return VL_OK;
}

static bool
is_same_line(const struct vl_site_node *a, const struct vl_site_node *b)
{
	const char *const *word = same_line;

	for (; *word != NULL; word++)
		if (!agrees(a, b, *word))
			return false;
	return true;
}

/* One column of a line of `references`, or the one of `secrets`: what `name`
 * says.  Of secrets in one place the first line counts. */
static enum vl_status
put_place(struct vl_site_node *list, const struct vl_site_node *line,
    const char *name, const struct vl_site_node *text, struct vl_err *err)
{
	enum vl_status st = part_entries(list, name, text->text, err);
	size_t i = 0;

	if (st != VL_OK)
		return st;
	for (i = 0; i < list->nkids; i++)
		if (has_text(
		        vl_site_node_of(list->kids[i], name), text->text) &&
		    is_same_line(list->kids[i], line))
			return put_words(list->kids[i], line, name, err);
	st = add_entry(list, line, name, text, err);
	if (st == VL_OK && strcmp(name, "from") != 0)
		to_front(list);
	return st;
}

/* One line of `tables`, `references` or `secrets`, for each that it is about.
 */
static enum vl_status
put_line(struct vl_site_node *list, const char *name,
    const struct vl_site_node *line, struct vl_err *err)
{
	const struct vl_site_node *names = vl_site_node_of(line, name);
	struct vl_site_node *copy = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (names == NULL) { /* a path that holds ids */
		copy = vl_site_node_copy(line, line->file);
		return copy != NULL ? vl_site_node_add(list, copy, err) :
		                      vl_fail_memory(err);
	}
	for (i = 0; i < count_texts(names) && st == VL_OK; i++) {
		if (strcmp(name, "table") == 0)
			st = put_table(list, line, text_at(names, i), err);
		else
			st =
			    put_place(list, line, name, text_at(names, i), err);
	}
	return st;
}

/* The lines of one list of a resource. */
static enum vl_status
put_list(struct vl_site_node *list, const char *word,
    const struct vl_site_node *lines, struct vl_err *err)
{
	const char *name = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (strcmp(word, "tables") == 0)
		name = "table";
	else if (strcmp(word, "references") == 0)
		name = "from";
	else if (strcmp(word, "secrets") != 0)
		return add_copies(list, lines, err);
	for (i = 0; i < lines->nkids && st == VL_OK; i++) {
		if (strcmp(word, "secrets") == 0)
			name = vl_site_node_of(lines->kids[i], "file") == NULL ?
			    "column" :
			    "file";
		st = put_line(list, name, lines->kids[i], err);
	}
	return st;
}

static enum vl_status
put_resource(struct vl_site_node *resources,
    const struct vl_site_node *resource, struct vl_err *err)
{
	const char *name = vl_site_node_of(resource, "resource")->text;
	struct vl_site_node *base =
	    vl_site_node_find(resources, "resource", name);
	struct vl_site_node *list = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (base == NULL) {
		base = vl_site_node_copy(resource, resource->file);
		return base != NULL ? vl_site_node_add(resources, base, err) :
		                      vl_fail_memory(err);
	}
	for (i = 0; i < resource->nkids && st == VL_OK; i += 2) {
		if (strcmp(resource->kids[i]->text, "resource") == 0)
			continue;
		list = vl_site_node_make(base, resource->kids[i]->text,
		    VL_NODE_LIST, resource->kids[i + 1]);
		if (list == NULL)
			return vl_fail_memory(err);
		st = put_list(
		    list, resource->kids[i]->text, resource->kids[i + 1], err);
	}
	return st;
}

static enum vl_status
put_profile(struct vl_site_node *base, const struct vl_site_node *words,
    struct vl_err *err)
{
	const struct vl_site_node *resources =
	    vl_site_node_of(words, "resources");
	struct vl_site_node *into = vl_site_node_of(base, "resources");
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; i < words->nkids && st == VL_OK; i += 2)
		if (words->kids[i + 1] != resources)
			st = vl_site_node_set(base, words->kids[i]->text,
			    words->kids[i + 1], err);
	for (i = 0; resources != NULL && i < resources->nkids && st == VL_OK;
	     i++)
		st = put_resource(into, resources->kids[i], err);
	return st;
}

/* The resource in the value of `word` gets the site's name. */
static enum vl_status
rename_in(struct vl_site_node *map, const char *word,
    const struct vl_profile_use *use, struct vl_err *err)
{
	struct vl_site_node *value = vl_site_node_of(map, word);
	const char *name = NULL;
	char *copy = NULL;

	if (value == NULL)
		return VL_OK;
	name = vl_profile_use_name(use, value->text);
	if (name == value->text)
		return VL_OK;
	copy = strdup(name);
	if (copy == NULL)
		return vl_fail_memory(err);
	free(value->text);
	value->text = copy;
	return VL_OK;
}

static enum vl_status
rename_all(struct vl_site_node *base, const struct vl_profile_use *use,
    struct vl_err *err)
{
	const struct vl_site_node *resources =
	    vl_site_node_of(base, "resources");
	struct vl_site_node *version = vl_site_node_of(base, "version");
	const struct vl_site_node *lines = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;
	size_t k = 0;

	if (version != NULL)
		st = rename_in(version, "resource", use, err);
	for (i = 0; i < resources->nkids && st == VL_OK; i++) {
		st = rename_in(resources->kids[i], "resource", use, err);
		lines = vl_site_node_of(resources->kids[i], "references");
		for (k = 0; lines != NULL && k < lines->nkids && st == VL_OK;
		     k++)
			st = rename_in(lines->kids[k], "in", use, err);
	}
	return st;
}

static bool
names_resource(const struct vl_site_node *base, const char *name)
{
	const struct vl_site_node *resources =
	    vl_site_node_of(base, "resources");
	const struct vl_site_node *lines = NULL;
	size_t i = 0;

	if (vl_site_node_find(resources, "resource", name) != NULL)
		return true;
	for (i = 0; i < resources->nkids; i++) {
		lines = vl_site_node_of(resources->kids[i], "references");
		if (lines != NULL &&
		    vl_site_node_find(lines, "in", name) != NULL)
			return true;
	}
	return false;
}

enum vl_status
vl_profile_merge(struct vl_site_node *base, const struct vl_profile_use *use,
    struct vl_err *err)
{
	const struct vl_site_node at = { .line = use->line,
		.column = use->column };
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (use->words != NULL)
		st = put_profile(base, use->words, err);
	for (i = 0; i < use->nnames && st == VL_OK; i++)
		if (!names_resource(base, use->names[i].from))
			st = vl_site_fail(use->source, &at, err,
			    "'%s' is no resource of the profile",
			    use->names[i].from);
	for (i = 0; i < use->nprefixes && st == VL_OK; i++)
		if (!names_resource(base, use->prefixes[i].from))
			st = vl_site_fail(use->source, &at, err,
			    "'prefix': '%s' is no resource of the profile",
			    use->prefixes[i].from);
	return st == VL_OK ? rename_all(base, use, err) : st;
}
