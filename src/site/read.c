/*
 * The words of one map after the other: each looked up in the table, its
 * value set in the struct that the scope stands for (formats/site.md).
 */

#include <valise/text.h>

#include "read.h"

#define WORDS_MAX 64 /* words of one scope, for "did you mean" */

static const struct vl_word *
find_word(enum vl_scope scope, const char *text)
{
	const struct vl_word *w = vl_site_words;

	for (; w->word != NULL; w++)
		if (w->scope == scope && strcmp(w->word, text) == 0)
			return w;
	return NULL;
}

static enum vl_status
unknown_word(const struct vl_site_reader *r, enum vl_scope scope,
    const struct vl_site_node *node, struct vl_err *err)
{
	const char *words[WORDS_MAX + 1] = { NULL };
	const struct vl_word *w = vl_site_words;
	const char *near = NULL;
	char shown[80];
	size_t n = 0;

	for (; w->word != NULL && n < WORDS_MAX; w++)
		if (w->scope == scope)
			words[n++] = w->word;
	(void)vl_escape_text(shown, sizeof(shown), vl_slice_of(node->text));
	near = vl_nearest(node->text, words);
	if (near == NULL)
		return vl_site_fail(
		    r->file, node, err, "unknown word '%s'", shown);
	return vl_site_fail(r->file, node, err,
	    "unknown word '%s'; did you mean '%s'?", shown, near);
}

static enum vl_status
set_bool(const struct vl_site_reader *r, const struct vl_word *word, bool *into,
    const struct vl_site_node *value, struct vl_err *err)
{
	bool yes = value->type == VL_NODE_TEXT && value->plain &&
	    strcmp(value->text, "true") == 0;
	bool no = value->type == VL_NODE_TEXT && value->plain &&
	    strcmp(value->text, "false") == 0;

	if (!yes && !no)
		return vl_site_fail(r->file, value, err,
		    "'%s' takes true or false, without quotes", word->word);
	*into = yes;
	return VL_OK;
}

static enum vl_status
set_texts(const struct vl_site_reader *r, const struct vl_word *word,
    void *into, const struct vl_site_node *value, struct vl_err *err)
{
	char ***list = (char ***)((char *)into + word->at);
	size_t *n = (size_t *)((char *)into + word->count);
	enum vl_status st = VL_OK;

	if (value->type != VL_NODE_LIST)
		return vl_site_fail(r->file, value, err,
		    "'%s' takes a list, such as [a, b]", word->word);
	if (value->nkids == 0)
		return VL_OK;
	*list = calloc(value->nkids, sizeof(char *));
	if (*list == NULL)
		return vl_fail_memory(err);
	for (; st == VL_OK && *n < value->nkids; (*n)++)
		st = vl_site_read_text(
		    r, word, &(*list)[*n], value->kids[*n], err);
	return st;
}

/* A map of owners: each word is what stands for the one behind it. */
static enum vl_status
set_pairs(const struct vl_site_reader *r, const struct vl_word *word,
    void *into, const struct vl_site_node *value, struct vl_err *err)
{
	struct vl_pair **list = (struct vl_pair **)((char *)into + word->at);
	size_t *n = (size_t *)((char *)into + word->count);
	enum vl_status st = VL_OK;

	if (value->type != VL_NODE_MAP)
		return vl_site_fail(r->file, value, err,
		    "'%s' takes a map, such as {old: new}", word->word);
	if (value->nkids == 0)
		return VL_OK;
	*list = calloc(value->nkids / 2, sizeof(**list));
	if (*list == NULL)
		return vl_fail_memory(err);
	for (; st == VL_OK && *n < value->nkids / 2; (*n)++) {
		st = vl_site_read_text(
		    r, word, &(*list)[*n].from, value->kids[2 * *n], err);
		if (st == VL_OK)
			st = vl_site_read_text(r, word, &(*list)[*n].to,
			    value->kids[2 * *n + 1], err);
	}
	return st;
}

/* An array of structs, each with what holds when nothing is said. */
static void *
new_structs(enum vl_scope scope, size_t n, size_t *size)
{
	static const size_t sizes[] = {
		[VL_SCOPE_RESOURCE] = sizeof(struct vl_resource),
		[VL_SCOPE_TRUST] = sizeof(struct vl_trust),
		[VL_SCOPE_KEEP_HERE] = sizeof(struct vl_keep_here),
		[VL_SCOPE_MAP] = sizeof(struct vl_map),
		[VL_SCOPE_REWRITE] = sizeof(struct vl_rewrite),
	};
	void *structs = calloc(n, sizes[scope]);
	struct vl_resource *resources = structs;
	size_t i = 0;

	*size = sizes[scope];
	if (scope != VL_SCOPE_RESOURCE || structs == NULL)
		return structs;
	for (i = 0; i < n; i++) {
		resources[i].one_file_system = true;
		resources[i].compress = true;
	}
	return structs;
}

static enum vl_status
set_maps(const struct vl_site_reader *r, const struct vl_word *word, void *into,
    const struct vl_site_node *value, struct vl_err *err)
{
	void **list = (void **)((char *)into + word->at);
	size_t *n = (size_t *)((char *)into + word->count);
	enum vl_status st = VL_OK;
	size_t size = 0;

	if (value->type != VL_NODE_LIST)
		return vl_site_fail(r->file, value, err,
		    "'%s' takes a list, each entry with its '-'", word->word);
	if (value->nkids == 0 && word->required)
		return vl_site_fail(
		    r->file, value, err, "'%s' is empty", word->word);
	if (value->nkids > VL_SITE_RESOURCES_MAX)
		return vl_site_fail(r->file, value, err,
		    "'%s' takes at most %d entries", word->word,
		    VL_SITE_RESOURCES_MAX);
	if (value->nkids == 0)
		return VL_OK;
	*list = new_structs(word->of, value->nkids, &size);
	if (*list == NULL)
		return vl_fail_memory(err);
	*n = value->nkids;
	for (size_t i = 0; st == VL_OK && i < *n; i++)
		st = vl_site_read_map(
		    r, word->of, (char *)*list + i * size, value->kids[i], err);
	return st;
}

static enum vl_status
set_word(const struct vl_site_reader *r, const struct vl_word *word, void *into,
    const struct vl_site_node *value, struct vl_err *err)
{
	char *member = (char *)into + word->at;
	enum vl_status st = VL_OK;
	size_t choice = 0;

	switch (word->type) {
	case VL_WORD_NAME:
	case VL_WORD_LABEL:
	case VL_WORD_PATH:
	case VL_WORD_TEXT:
	case VL_WORD_QUOTED:
	case VL_WORD_MAPPED:
	case VL_WORD_HEX16:
		return vl_site_read_text(
		    r, word, (char **)(void *)member, value, err);
	case VL_WORD_BOOL:
		return set_bool(r, word, (bool *)member, value, err);
	case VL_WORD_CHOICE:
	case VL_WORD_SWITCH:
		st = vl_site_read_choice(r, word, &choice, value, err);
		if (st == VL_OK && word->type == VL_WORD_SWITCH)
			*(bool *)member = choice == 1;
		else if (st == VL_OK)
			*(unsigned *)(void *)member = (unsigned)choice;
		return st;
	case VL_WORD_TEXTS:
	case VL_WORD_LABELS:
		return set_texts(r, word, into, value, err);
	case VL_WORD_PAIRS:
		return set_pairs(r, word, into, value, err);
	case VL_WORD_MAPS:
		return set_maps(r, word, into, value, err);
	case VL_WORD_MAP:
		return vl_site_read_map(r, word->of, into, value, err);
	case VL_WORD_LATER:
		break;
	}
	return VL_OK;
}

/* The first required word of `scope` that `map` does not have. */
static enum vl_status
check_required(const struct vl_site_reader *r, enum vl_scope scope,
    const struct vl_site_node *map, struct vl_err *err)
{
	static const char *const whose[] = {
		[VL_SCOPE_SITE] = "the site",
		[VL_SCOPE_RESOURCE] = "this resource",
		[VL_SCOPE_OWNERS] = "'owners'",
		[VL_SCOPE_TRUST] = "this entry",
		[VL_SCOPE_KEEP_HERE] = "this entry",
		[VL_SCOPE_MAP] = "this entry",
		[VL_SCOPE_REWRITE] = "this entry",
	};
	const struct vl_word *w = vl_site_words;
	size_t i = 0;

	for (; w->word != NULL; w++) {
		if (w->scope != scope || !w->required)
			continue;
		for (i = 0; i < map->nkids; i += 2)
			if (strcmp(map->kids[i]->text, w->word) == 0)
				break;
		if (i >= map->nkids)
			return vl_site_fail(r->file, map, err, "%s has no '%s'",
			    whose[scope], w->word);
	}
	return VL_OK;
}

enum vl_status
vl_site_read_map(const struct vl_site_reader *r, enum vl_scope scope,
    void *into, const struct vl_site_node *map, struct vl_err *err)
{
	const struct vl_word *word = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (map->type != VL_NODE_MAP)
		return vl_site_fail(r->file, map, err,
		    "words with values are expected, such as 'name: value'");
	if (scope == VL_SCOPE_RESOURCE) {
		((struct vl_resource *)into)->line = map->line;
		((struct vl_resource *)into)->column = map->column;
	}
	for (i = 0; i < map->nkids; i += 2) {
		word = find_word(scope, map->kids[i]->text);
		if (word == NULL)
			return unknown_word(r, scope, map->kids[i], err);
		if (word->type == VL_WORD_LATER)
			return vl_site_fail(r->file, map->kids[i], err,
			    "'%s' is not known to this version yet",
			    word->word);
		st = set_word(r, word, into, map->kids[i + 1], err);
		if (st != VL_OK)
			return st;
	}
	return check_required(r, scope, map, err);
}
