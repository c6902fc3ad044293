/*
 * A profile as it travels (formats/profile.md, "As it travels"): one resource
 * as canonical JSON in the words of the file, without what is said by
 * default, in an order that does not depend on the file's; and back.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/json.h>

#include "read.h"

#define WORDS_MAX 64 /* words of one scope */
#define SOURCE    "the profile of the bundle"

struct list {
	struct vl_buf *items;
	size_t n;
	size_t bytes; /* of all items */
};

static enum vl_status put_struct(struct vl_json_w *w, enum vl_scope scope,
    const void *of, bool policy, struct vl_err *err);

static int
by_bytes(const void *a, const void *b)
{
	const struct vl_buf *x = a;
	const struct vl_buf *y = b;

	return vl_slice_cmp(vl_buf_slice(x), vl_buf_slice(y));
}

static int
by_text(const void *a, const void *b)
{
	const char *const *x = a;
	const char *const *y = b;

	return strcmp(*x, *y);
}

static int
by_word(const void *a, const void *b)
{
	const struct vl_word *const *x = a;
	const struct vl_word *const *y = b;

	return strcmp((*x)->word, (*y)->word);
}

static int
by_pair(const void *a, const void *b)
{
	const struct vl_pair *const *x = a;
	const struct vl_pair *const *y = b;

	return strcmp((*x)->from, (*y)->from);
}

static size_t
count_of(const struct vl_word *w, const void *of)
{
	return *(const size_t *)(const void *)((const char *)of + w->count);
}

static const char *
text_of(const void *of, size_t at)
{
	return *(char *const *)(const void *)((const char *)of + at);
}

/* Entries about a tree, of a word that is about rows, too. */
static bool
is_of_tree(const struct vl_word_other *other)
{
	return other->of == VL_SCOPE_KEEP_PATH ||
	    other->of == VL_SCOPE_KEEP_VALUE ||
	    other->of == VL_SCOPE_FILE_SECRET ||
	    other->of == VL_SCOPE_FILE_NOT_SECRET ||
	    other->of == VL_SCOPE_FILE_LEAK;
}

bool
vl_site_says(const struct vl_word *w, const void *of)
{
	const struct vl_word_other *other = NULL;
	const char *bytes = of;
	const char *text = NULL;

	/* Words about a tree do not travel, nor do ciphers: each side has its
	 * own. */
	if (w->type == VL_WORD_LATER || w->type == VL_WORD_TYPES || w->files ||
	    (w->type == VL_WORD_MAPS && w->of == VL_SCOPE_CIPHER))
		return false;
	if (w->type == VL_WORD_MAP)
		return text_of(
		           of, offsetof(struct vl_profile, version_resource)) !=
		    NULL;
	for (other = w->other; other != NULL; other = other->next)
		if (!is_of_tree(other) &&
		    *(const size_t *)(const void *)(bytes + other->count) > 0)
			return true;
	/* `match: [key]` is what holds when nothing is said. */
	if (w->type == VL_WORD_CHOICE && w->count != 0)
		return count_of(w, of) > 1 ||
		    (count_of(w, of) == 1 &&
		        **(unsigned *const *)(const void *)(bytes + w->at) !=
		            0);
	if (w->count != 0)
		return count_of(w, of) > 0;
	switch (w->type) {
	case VL_WORD_BOOL:
		return *(const bool *)(bytes + w->at);
	case VL_WORD_SKIP:
		return *(const bool *)(bytes + w->at) ||
		    text_of(of, w->also) != NULL;
	case VL_WORD_CHOICE:
		if (w->has != 0)
			return *(const bool *)(bytes + w->has);
		/* Who reads it must find it, the first of the choices, too. */
		return w->required ||
		    *(const unsigned *)(const void *)(bytes + w->at) != 0;
	default:
		text = text_of(of, w->at);
		return text != NULL &&
		    (w->fallback == NULL || strcmp(text, w->fallback) != 0 ||
		        (w->beside != 0 && text_of(of, w->beside) != NULL));
	}
}

static enum vl_status
put_texts(struct vl_json_w *w, const struct vl_word *word, const void *of,
    struct vl_err *err)
{
	char *const *texts =
	    *(char **const *)(const void *)((const char *)of + word->at);
	const size_t given = count_of(word, of);
	const char **sorted = calloc(given, sizeof(*sorted));
	size_t n = 0;
	size_t i = 0;

	if (sorted == NULL)
		return vl_fail_memory(err);
	for (i = 0; i < given; i++)
		sorted[i] = texts[i];
	if (word->set)
		qsort(sorted, given, sizeof(*sorted), by_text);
	for (i = 0; i < given; i++)
		if (n == 0 || !word->set ||
		    strcmp(sorted[n - 1], sorted[i]) != 0)
			sorted[n++] = sorted[i];
	if (n == 1 && word->many == VL_ONE_OR_LIST) {
		vl_json_w_text(w, vl_slice_of(sorted[0]));
	} else {
		vl_json_w_open(w, '[');
		for (i = 0; i < n; i++)
			vl_json_w_text(w, vl_slice_of(sorted[i]));
		vl_json_w_close(w, ']');
	}
	free(sorted);
	return VL_OK;
}

static void
put_choices(struct vl_json_w *w, const struct vl_word *word, const void *of)
{
	const unsigned *choices =
	    *(unsigned *const *)(const void *)((const char *)of + word->at);
	size_t n = count_of(word, of);
	size_t i = 0;

	vl_json_w_open(w, '[');
	for (i = 0; i < n; i++)
		vl_json_w_text(w, vl_slice_of(word->choices[choices[i]]));
	vl_json_w_close(w, ']');
}

static enum vl_status
put_pairs(struct vl_json_w *w, const struct vl_word *word, const void *of,
    struct vl_err *err)
{
	const struct vl_pair *pairs = *(
	    struct vl_pair *const *)(const void *)((const char *)of + word->at);
	size_t n = count_of(word, of);
	const struct vl_pair **sorted = calloc(n, sizeof(void *));
	size_t i = 0;

	if (sorted == NULL)
		return vl_fail_memory(err);
	for (i = 0; i < n; i++)
		sorted[i] = &pairs[i];
	qsort(sorted, n, sizeof(void *), by_pair);
	vl_json_w_open(w, '{');
	for (i = 0; i < n; i++) {
		vl_json_w_key(w, sorted[i]->from);
		vl_json_w_text(w, vl_slice_of(sorted[i]->to));
	}
	vl_json_w_close(w, '}');
	free(sorted);
	return VL_OK;
}

static enum vl_status
put_key(struct vl_json_w *w, const struct vl_word *word, const void *of,
    struct vl_err *err)
{
	const struct vl_key_part *parts =
	    *(struct vl_key_part *const *)(const void *)((const char *)of +
	        word->at);
	size_t n = count_of(word, of);
	enum vl_status st = VL_OK;
	size_t i = 0;

	vl_json_w_open(w, '[');
	for (i = 0; i < n && st == VL_OK; i++) {
		if (parts[i].of == NULL)
			vl_json_w_text(w, vl_slice_of(parts[i].column));
		else
			st = put_struct(w, word->of, &parts[i], true, err);
	}
	vl_json_w_close(w, ']');
	return st;
}

static enum vl_status
too_long(struct vl_err *err)
{
	return vl_fail(err, VL_EUSAGE,
	    "a resource of the profile comes to more than %u bytes as it "
	    "travels",
	    VL_PROFILE_WORDS_MAX);
}

/* One struct of a list, encoded by itself. */
static enum vl_status
add_item(struct list *list, enum vl_scope scope, const void *of, bool policy,
    struct vl_err *err)
{
	struct vl_buf *grown = NULL;
	struct vl_json_w w = { 0 };
	enum vl_status st = VL_OK;

	if ((list->n & (list->n + 1)) == 0) {
		grown =
		    reallocarray(list->items, 2 * list->n + 2, sizeof(*grown));
		if (grown == NULL)
			return vl_fail_memory(err);
		list->items = grown;
	}
	list->items[list->n] = (struct vl_buf){ 0 };
	vl_json_w_init(&w, &list->items[list->n++]);
	st = put_struct(&w, scope, of, policy, err);
	if (st == VL_OK)
		st = vl_json_w_end(&w, err);
	list->bytes += list->items[list->n - 1].n;
	/* Few words may say much of many columns. */
	if (st == VL_OK && list->bytes > VL_PROFILE_WORDS_MAX)
		st = too_long(err);
	return st;
}

/* A line about several columns is as many lines. */
static enum vl_status
add_reference(struct list *list, const struct vl_reference *ref, bool policy,
    struct vl_err *err)
{
	struct vl_reference one = *ref;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; i < ref->nfrom && st == VL_OK; i++) {
		one.from = &ref->from[i];
		one.nfrom = 1;
		st = add_item(list, VL_SCOPE_REFERENCE, &one, policy, err);
	}
	return st;
}

static enum vl_status
add_items(struct list *list, const struct vl_word *word, const void *of,
    bool policy, struct vl_err *err)
{
	const char *structs =
	    *(char *const *)(const void *)((const char *)of + word->at);
	size_t n = count_of(word, of);
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; i < n && st == VL_OK; i++) {
		if (word->of == VL_SCOPE_REFERENCE)
			st = add_reference(list,
			    &((const struct vl_reference *)(const void *)
			            structs)[i],
			    policy, err);
		else
			st = add_item(list, word->of,
			    structs + i * vl_scopes[word->of].size, policy,
			    err);
	}
	return st;
}

static enum vl_status
put_maps(struct vl_json_w *w, const struct vl_word *word, const void *of,
    bool policy, struct vl_err *err)
{
	const struct vl_word_other *kind = word->other;
	struct vl_word other = *word;
	struct list list = { 0 };
	enum vl_status st = add_items(&list, word, of, policy, err);
	size_t i = 0;

	for (; st == VL_OK && kind != NULL; kind = kind->next) {
		if (is_of_tree(kind))
			continue;
		other.of = kind->of;
		other.at = kind->at;
		other.count = kind->count;
		st = add_items(&list, &other, of, policy, err);
	}
	if (st == VL_OK && word->set && list.n > 0)
		qsort(list.items, list.n, sizeof(*list.items), by_bytes);
	vl_json_w_open(w, '[');
	for (i = 0; i < list.n; i++)
		if (i == 0 || !word->set ||
		    by_bytes(&list.items[i - 1], &list.items[i]) != 0)
			vl_json_w_raw(w, vl_buf_slice(&list.items[i]));
	vl_json_w_close(w, ']');
	for (i = 0; i < list.n; i++)
		vl_buf_free(&list.items[i]);
	free(list.items);
	return st;
}

static enum vl_status
put_value(struct vl_json_w *w, const struct vl_word *word, const void *of,
    bool policy, struct vl_err *err)
{
	const char *bytes = of;

	switch (word->type) {
	case VL_WORD_MAPS:
		return put_maps(w, word, of, policy, err);
	case VL_WORD_MAP:
		return put_struct(w, word->of, of, policy, err);
	case VL_WORD_STRUCT:
		return put_struct(
		    w, word->of, text_of(of, word->at), policy, err);
	case VL_WORD_KEY:
		return put_key(w, word, of, err);
	case VL_WORD_VALUES:
		return put_pairs(w, word, of, err);
	case VL_WORD_BOOL:
		vl_json_w_bool(w, true);
		return VL_OK;
	case VL_WORD_SKIP:
		if (*(const bool *)(bytes + word->at))
			vl_json_w_bool(w, true);
		else
			vl_json_w_text(w, vl_slice_of(text_of(of, word->also)));
		return VL_OK;
	case VL_WORD_CHOICE:
		if (word->count != 0)
			put_choices(w, word, of);
		else
			vl_json_w_text(w,
			    vl_slice_of(
			        word->choices[*(const unsigned *)(const void
			                              *)(bytes + word->at) -
			            word->first]));
		return VL_OK;
	default:
		if (word->count != 0)
			return put_texts(w, word, of, err);
		vl_json_w_text(w, vl_slice_of(text_of(of, word->at)));
		return VL_OK;
	}
}

/* The words of `scope` that say something, ascending. */
static enum vl_status
put_struct(struct vl_json_w *w, enum vl_scope scope, const void *of,
    bool policy, struct vl_err *err)
{
	const struct vl_word *words[WORDS_MAX] = { NULL };
	const struct vl_word *word = vl_word_next(scope, NULL);
	enum vl_status st = VL_OK;
	size_t n = 0;
	size_t i = 0;

	for (; word != NULL && n < WORDS_MAX; word = vl_word_next(scope, word))
		if ((policy || !word->policy) && vl_site_says(word, of))
			words[n++] = word;
	if (n > 0)
		qsort(words, n, sizeof(words[0]), by_word);
	vl_json_w_open(w, '{');
	for (i = 0; i < n && st == VL_OK; i++) {
		vl_json_w_key(w, words[i]->word);
		st = put_value(w, words[i], of, policy, err);
	}
	vl_json_w_close(w, '}');
	return st;
}

/* The profile as if it had this resource alone. */
static enum vl_status
put_profile(struct vl_buf *out, const struct vl_profile *p,
    const char *resource, bool policy, struct vl_err *err)
{
	const struct vl_profile_resource *r = vl_profile_resource(p, resource);
	char name[VL_SITE_NAME_MAX + 1];
	struct vl_profile_resource alone = { .resource = name };
	struct vl_profile one = *p;
	struct vl_json_w w = { 0 };
	size_t before = out->n;
	enum vl_status st = VL_OK;

	(void)snprintf(name, sizeof(name), "%s", resource);
	if (r != NULL)
		alone = *r;
	one.resources = &alone;
	one.nresources = 1;
	if (one.version_resource != NULL &&
	    strcmp(one.version_resource, resource) != 0)
		one.version_resource = NULL;
	vl_json_w_init(&w, out);
	st = put_struct(&w, VL_SCOPE_PROFILE, &one, policy, err);
	if (st == VL_OK)
		st = vl_json_w_end(&w, err);
	if (st == VL_OK && out->n - before > VL_PROFILE_WORDS_MAX)
		st = too_long(err);
	return st;
}

enum vl_status
vl_profile_words(struct vl_buf *out, const struct vl_profile *p,
    const char *resource, struct vl_err *err)
{
	return put_profile(out, p, resource, true, err);
}

enum vl_status
vl_profile_meaning(struct vl_buf *out, const struct vl_profile *p,
    const char *resource, struct vl_err *err)
{
	return put_profile(out, p, resource, false, err);
}

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
