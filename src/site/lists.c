/*
 * Words that take more than one value: lists of texts, of choices and of
 * maps, maps of texts, keys (formats/site.md, formats/profile.md).
 */

#include <valise/profile.h>
#include <valise/text.h>

#include "read.h"

static enum vl_status
is_empty(const struct vl_site_reader *r, const struct vl_word *word,
    const struct vl_site_node *value, struct vl_err *err)
{
	return vl_site_fail(r->file, value, err, "'%s' is empty", word->word);
}

/* No choice stands in the list twice. */
static enum vl_status
check_choices(const struct vl_site_reader *r, const unsigned *list,
    const struct vl_site_node *value, struct vl_err *err)
{
	size_t i = 0;
	size_t k = 0;

	for (i = 1; i < value->nkids; i++)
		for (k = 0; k < i; k++)
			if (list[k] == list[i])
				return vl_site_fail(r->file, value->kids[i],
				    err, "'%s' stands here twice",
				    value->kids[i]->text);
	return VL_OK;
}

static enum vl_status
read_choices(const struct vl_site_reader *r, const struct vl_word *word,
    void *into, const struct vl_site_node *value, struct vl_err *err)
{
	unsigned **list = (unsigned **)(void *)((char *)into + word->at);
	size_t *n = (size_t *)(void *)((char *)into + word->count);
	enum vl_status st = VL_OK;
	size_t choice = 0;

	*list = calloc(value->nkids, sizeof(unsigned));
	if (*list == NULL)
		return vl_fail_memory(err);
	for (; st == VL_OK && *n < value->nkids; (*n)++) {
		st =
		    vl_site_read_choice(r, word, &choice, value->kids[*n], err);
		(*list)[*n] = (unsigned)choice + word->first;
	}
	return st == VL_OK ? check_choices(r, *list, value, err) : st;
}

static struct vl_word_at
place_of(const struct vl_site_node *node)
{
	return (
	    struct vl_word_at){ node->line, node->column, node->file != NULL };
}

/* `value` is a list of `n` texts, or the one. */
static enum vl_status
note_places(const struct vl_word *word, void *into,
    const struct vl_site_node *value, size_t n, struct vl_err *err)
{
	struct vl_word_at *at = calloc(n, sizeof(*at));
	size_t i = 0;

	if (at == NULL)
		return vl_fail_memory(err);
	for (i = 0; i < n; i++)
		at[i] = place_of(
		    value->type == VL_NODE_TEXT ? value : value->kids[i]);
	*(struct vl_word_at **)(void *)((char *)into + word->places) = at;
	return VL_OK;
}

enum vl_status
vl_site_read_list(const struct vl_site_reader *r, const struct vl_word *word,
    void *into, const struct vl_site_node *value, struct vl_err *err)
{
	char ***list = (char ***)(void *)((char *)into + word->at);
	size_t *n = (size_t *)(void *)((char *)into + word->count);
	bool one = value->type == VL_NODE_TEXT && word->many == VL_ONE_OR_LIST;
	size_t count = one ? 1 : value->nkids;
	enum vl_status st = VL_OK;

	if (!one && value->type != VL_NODE_LIST)
		return vl_site_fail(r->file, value, err,
		    "'%s' takes a list, such as [a, b]", word->word);
	if (count == 0)
		return word->required ? is_empty(r, word, value, err) : VL_OK;
	if (word->type == VL_WORD_CHOICE)
		return read_choices(r, word, into, value, err);
	*list = calloc(count, sizeof(char *));
	if (*list == NULL)
		return vl_fail_memory(err);
	if (word->places != 0)
		st = note_places(word, into, value, count, err);
	for (; st == VL_OK && *n < count; (*n)++)
		st = vl_site_read_text(
		    r, word, &(*list)[*n], one ? value : value->kids[*n], err);
	return st;
}

enum vl_status
vl_site_read_pairs(const struct vl_site_reader *r, const struct vl_word *word,
    void *into, const struct vl_site_node *value, struct vl_err *err)
{
	static const struct vl_word name = { .word = "here",
		.type = VL_WORD_NAME };
	char *bytes = into;
	struct vl_pair **list = (struct vl_pair **)(void *)(bytes + word->at);
	size_t *n = (size_t *)(void *)(bytes + word->count);
	enum vl_status st = VL_OK;

	if (word->type == VL_WORD_VALUES && value->type == VL_NODE_TEXT)
		return vl_site_read_text(
		    r, word, (char **)(void *)(bytes + word->also), value, err);
	if (value->type != VL_NODE_MAP)
		return vl_site_fail(r->file, value, err,
		    "'%s' takes a map, such as {old: new}", word->word);
	if (value->nkids == 0)
		return word->type == VL_WORD_VALUES ?
		    is_empty(r, word, value, err) :
		    VL_OK;
	*list = calloc(value->nkids / 2, sizeof(**list));
	if (*list == NULL)
		return vl_fail_memory(err);
	for (; st == VL_OK && *n < value->nkids / 2; (*n)++) {
		st = vl_site_read_text(r,
		    word->type == VL_WORD_HERE ? &name : word,
		    &(*list)[*n].from, value->kids[2 * *n], err);
		if (st == VL_OK)
			st = vl_site_read_text(r, word, &(*list)[*n].to,
			    value->kids[2 * *n + 1], err);
	}
	return st;
}

/* A map of maps, each with a name. */
enum vl_status
vl_site_read_types(const struct vl_site_reader *r, const struct vl_word *word,
    void *into, const struct vl_site_node *value, struct vl_err *err)
{
	static const struct vl_word values = { .word = "types",
		.type = VL_WORD_VALUES,
		.at = offsetof(struct vl_types, values),
		.count = offsetof(struct vl_types, nvalues) };
	struct vl_types **list =
	    (struct vl_types **)(void *)((char *)into + word->at);
	size_t *n = (size_t *)(void *)((char *)into + word->count);
	const struct vl_site_node *map = NULL;
	enum vl_status st = VL_OK;

	if (value->type != VL_NODE_MAP || value->nkids == 0)
		return vl_site_fail(r->file, value, err,
		    "'%s' takes a map of maps, such as {name: {Type: table}}",
		    word->word);
	*list = calloc(value->nkids / 2, sizeof(**list));
	if (*list == NULL)
		return vl_fail_memory(err);
	for (; st == VL_OK && *n < value->nkids / 2; (*n)++) {
		map = value->kids[2 * *n + 1];
		st = vl_site_read_text(
		    r, word, &(*list)[*n].name, value->kids[2 * *n], err);
		if (st == VL_OK && map->type != VL_NODE_MAP)
			st = vl_site_fail(r->file, map, err,
			    "a type takes a map, such as {Type: table}");
		if (st == VL_OK)
			st = vl_site_read_pairs(
			    r, &values, &(*list)[*n], map, err);
	}
	return st;
}

/* Columns, and maps for what another row says. */
enum vl_status
vl_site_read_key(const struct vl_site_reader *r, const struct vl_word *word,
    void *into, const struct vl_site_node *value, struct vl_err *err)
{
	struct vl_key_part **list =
	    (struct vl_key_part **)(void *)((char *)into + word->at);
	size_t *n = (size_t *)(void *)((char *)into + word->count);
	const struct vl_site_node *part = NULL;
	enum vl_status st = VL_OK;

	if (value->type != VL_NODE_LIST)
		return vl_site_fail(r->file, value, err,
		    "'%s' takes a list, such as [a, b]", word->word);
	if (value->nkids == 0)
		return is_empty(r, word, value, err);
	*list = calloc(value->nkids, sizeof(**list));
	if (*list == NULL)
		return vl_fail_memory(err);
	for (; st == VL_OK && *n < value->nkids; (*n)++) {
		part = value->kids[*n];
		(*list)[*n].at = place_of(part);
		if (part->type == VL_NODE_MAP)
			st = vl_site_read_map(
			    r, word->of, &(*list)[*n], part, err);
		else
			st = vl_site_read_text(
			    r, word, &(*list)[*n].column, part, err);
	}
	return st;
}

/* An array of structs, each with what holds when nothing is said. */
static void *
new_structs(enum vl_scope scope, size_t n)
{
	void *structs = calloc(n, vl_scopes[scope].size);
	struct vl_resource *resources = structs;
	size_t i = 0;

	if (scope != VL_SCOPE_RESOURCE || structs == NULL)
		return structs;
	for (i = 0; i < n; i++) {
		resources[i].one_file_system = true;
		resources[i].compress = true;
	}
	return structs;
}

/* By its words the entry is one of scope `word->of`. */
static bool
is_of(const struct vl_word *word, const struct vl_site_node *entry)
{
	const struct vl_word_other *other = word->other;
	bool own = true;

	for (; other != NULL; other = other->next) {
		if (vl_site_node_of(entry, other->word) != NULL)
			return other->of == word->of;
		own = own && other->of != word->of;
	}
	return own;
}

/* The entries of one kind. */
static enum vl_status
read_entries(const struct vl_site_reader *r, const struct vl_word *word,
    void *into, const struct vl_site_node *value, struct vl_err *err)
{
	void **list = (void **)(void *)((char *)into + word->at);
	size_t *n = (size_t *)(void *)((char *)into + word->count);
	const struct vl_site_node *entry = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	*list = new_structs(word->of, value->nkids);
	if (*list == NULL)
		return vl_fail_memory(err);
	for (i = 0; st == VL_OK && i < value->nkids; i++) {
		entry = value->kids[i];
		if (!is_of(word, entry))
			continue;
		st = vl_site_read_map(r, word->of,
		    (char *)*list + (*n)++ * vl_scopes[word->of].size, entry,
		    err);
	}
	return st;
}

enum vl_status
vl_site_read_maps(const struct vl_site_reader *r, const struct vl_word *word,
    void *into, const struct vl_site_node *value, struct vl_err *err)
{
	size_t max = word->max != 0 ? word->max : VL_SITE_RESOURCES_MAX;
	const struct vl_word_other *kind = word->other;
	struct vl_word other = *word;
	enum vl_status st = VL_OK;

	if (value->type != VL_NODE_LIST)
		return vl_site_fail(r->file, value, err,
		    "'%s' takes a list, each entry with its '-'", word->word);
	if (value->nkids == 0 && word->required)
		return is_empty(r, word, value, err);
	if (value->nkids > max)
		return vl_site_fail(r->file, value, err,
		    "'%s' takes at most %zu entries", word->word, max);
	if (value->nkids == 0)
		return VL_OK;
	st = read_entries(r, word, into, value, err);
	for (; st == VL_OK && kind != NULL; kind = kind->next) {
		other.of = kind->of;
		other.at = kind->at;
		other.count = kind->count;
		st = read_entries(r, &other, into, value, err);
	}
	return st;
}
