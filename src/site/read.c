/*
 * The words of one map after the other: each looked up in the table, its
 * value set in the struct that the scope stands for (formats/site.md).
 */

#include <stdlib.h>

#include <valise/text.h>

#include "profile_use.h"
#include "read.h"

#define WORDS_MAX    64 /* words of one scope, for "did you mean" */
#define COUNT_DIGITS 9  /* of a number, which an unsigned then holds */

static enum vl_status
unknown_word(const struct vl_site_reader *r, enum vl_scope scope,
    const struct vl_site_node *node, struct vl_err *err)
{
	const char *words[WORDS_MAX + 1] = { NULL };
	const struct vl_word *w = vl_word_next(scope, NULL);
	const char *near = NULL;
	char shown[80];
	size_t n = 0;

	for (; w != NULL && n < WORDS_MAX; w = vl_word_next(scope, w))
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
set_choice(const struct vl_site_reader *r, const struct vl_word *word,
    void *into, const struct vl_site_node *value, struct vl_err *err)
{
	char *member = (char *)into + word->at;
	enum vl_status st = VL_OK;
	size_t choice = 0;

	st = vl_site_read_choice(r, word, &choice, value, err);
	if (st != VL_OK)
		return st;
	if (word->type == VL_WORD_SWITCH)
		*(bool *)member = choice == 1;
	else
		*(unsigned *)(void *)member = (unsigned)choice + word->first;
	if (word->has != 0)
		*((bool *)into + word->has) = true;
	return VL_OK;
}

static enum vl_status
set_count(const struct vl_site_reader *r, const struct vl_word *word,
    unsigned *into, const struct vl_site_node *value, struct vl_err *err)
{
	const char *text = value->type == VL_NODE_TEXT ? value->text : "";
	const size_t n = strlen(text);
	unsigned long number = 0;

	if (n > 0 && n <= COUNT_DIGITS && strspn(text, "0123456789") == n &&
	    text[0] != '0')
		number = strtoul(text, NULL, 10);
	if (number == 0)
		return vl_site_fail(r->file, value, err,
		    "'%s' takes a number from 1 on", word->word);
	*into = (unsigned)number;
	return VL_OK;
}

/* true, false, or a condition. */
static enum vl_status
set_skip(const struct vl_site_reader *r, const struct vl_word *word, void *into,
    const struct vl_site_node *value, struct vl_err *err)
{
	char *bytes = into;

	if (value->type == VL_NODE_TEXT &&
	    (!value->plain ||
	        (strcmp(value->text, "true") != 0 &&
	            strcmp(value->text, "false") != 0)))
		return vl_site_read_text(
		    r, word, (char **)(void *)(bytes + word->also), value, err);
	return set_bool(r, word, (bool *)(bytes + word->at), value, err);
}

static enum vl_status
set_struct(const struct vl_site_reader *r, const struct vl_word *word,
    void *into, const struct vl_site_node *value, struct vl_err *err)
{
	void **member = (void **)(void *)((char *)into + word->at);

	*member = calloc(1, vl_scopes[word->of].size);
	if (*member == NULL)
		return vl_fail_memory(err);
	return vl_site_read_map(r, word->of, *member, value, err);
}

static enum vl_status
set_word(const struct vl_site_reader *r, const struct vl_word *word, void *into,
    const struct vl_site_node *value, struct vl_err *err)
{
	char *member = (char *)into + word->at;

	if (word->many != VL_ONE)
		return vl_site_read_list(r, word, into, value, err);
	switch (word->type) {
	case VL_WORD_NAME:
	case VL_WORD_FAMILY:
	case VL_WORD_LABEL:
	case VL_WORD_PATH:
	case VL_WORD_TEXT:
	case VL_WORD_QUOTED:
	case VL_WORD_MAPPED:
	case VL_WORD_COLUMN:
	case VL_WORD_TABLE:
	case VL_WORD_IDS:
	case VL_WORD_JSON:
	case VL_WORD_HEX16:
		return vl_site_read_text(
		    r, word, (char **)(void *)member, value, err);
	case VL_WORD_BOOL:
		if (word->has != 0)
			*((bool *)into + word->has) = true;
		return set_bool(r, word, (bool *)member, value, err);
	case VL_WORD_COUNT:
		return set_count(
		    r, word, (unsigned *)(void *)member, value, err);
	case VL_WORD_CHOICE:
	case VL_WORD_SWITCH:
		return set_choice(r, word, into, value, err);
	case VL_WORD_SKIP:
		return set_skip(r, word, into, value, err);
	case VL_WORD_PAIRS:
	case VL_WORD_NAMES:
	case VL_WORD_HERE:
	case VL_WORD_PREFIX:
	case VL_WORD_VALUES:
		return vl_site_read_pairs(r, word, into, value, err);
	case VL_WORD_TYPES:
		return vl_site_read_types(r, word, into, value, err);
	case VL_WORD_KEY:
		return vl_site_read_key(r, word, into, value, err);
	case VL_WORD_MAPS:
		return vl_site_read_maps(r, word, into, value, err);
	case VL_WORD_MAP:
		return vl_site_read_map(r, word->of, into, value, err);
	case VL_WORD_STRUCT:
		return set_struct(r, word, into, value, err);
	case VL_WORD_USE:
		return vl_profile_use_read(
		    r, (struct vl_profile_use **)(void *)member, value, err);
	case VL_WORD_LINES:
		return vl_profile_use_lines(r, word, into, value, err);
	case VL_WORD_WHOLE:
		return vl_profile_use_whole(word, into, value, err);
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
	const struct vl_word *w = vl_word_next(scope, NULL);

	for (; w != NULL; w = vl_word_next(scope, w))
		if (w->required && vl_site_node_of(map, w->word) == NULL)
			return vl_site_fail(r->file, map, err, "%s has no '%s'",
			    vl_scopes[scope].whose, w->word);
	return VL_OK;
}

/* Every word of `map` is one of `scope`, and of this version. */
static enum vl_status
check_words(const struct vl_site_reader *r, enum vl_scope scope,
    const struct vl_site_node *map, struct vl_err *err)
{
	const struct vl_word *word = NULL;
	size_t i = 0;

	for (i = 0; i < map->nkids; i += 2) {
		word = vl_word_find(scope, map->kids[i]->text);
		if (word == NULL)
			return unknown_word(r, scope, map->kids[i], err);
		if (word->type == VL_WORD_LATER)
			return vl_site_fail(r->file, map->kids[i], err,
			    "'%s' is not known to this version yet",
			    word->word);
	}
	return VL_OK;
}

static void
note_place(enum vl_scope scope, void *into, const struct vl_site_node *map)
{
	const struct vl_scope_of *of = &vl_scopes[scope];
	char *bytes = into;

	if (!of->placed)
		return;
	*(unsigned *)(void *)(bytes + of->line) = map->line;
	*(unsigned *)(void *)(bytes + of->column) = map->column;
	if (of->in_site != 0)
		*(bool *)(bytes + of->in_site) = map->file != NULL;
}

enum vl_status
vl_site_read_map(const struct vl_site_reader *r, enum vl_scope scope,
    void *into, const struct vl_site_node *map, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (map->type != VL_NODE_MAP)
		return vl_site_fail(r->file, map, err,
		    "words with values are expected, such as 'name: value'");
	note_place(scope, into, map);
	st = check_words(r, scope, map, err);
	for (i = 0; i < map->nkids && st == VL_OK; i += 2)
		st = set_word(r, vl_word_find(scope, map->kids[i]->text), into,
		    map->kids[i + 1], err);
	return st == VL_OK ? check_required(r, scope, map, err) : st;
}
