/*
 * A profile as it travels (formats/profile.md, "As it travels"): one resource
 * as canonical JSON in the words of the file, without what is said by
 * default, in an order that does not depend on the file's.  And back:
 * profile_bundle.c.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/json.h>

#include "read.h"

#define WORDS_MAX 64 /* words of one scope */

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

/* It says nothing that its table would not mean without it. */
static bool
means_nothing(const struct vl_profile_resource *r, size_t at)
{
	const struct vl_word *w = vl_word_next(VL_SCOPE_TABLE, NULL);
	const struct vl_table_words *t = r->tables;

	/* Of several entries each says of which rows it is not. */
	if ((at > 0 && strcmp(t[at - 1].tables[0], t[at].tables[0]) == 0) ||
	    (at + 1 < r->ntables &&
	        strcmp(t[at + 1].tables[0], t[at].tables[0]) == 0))
		return false;
	for (; w != NULL; w = vl_word_next(VL_SCOPE_TABLE, w))
		if (w->type != VL_WORD_TABLE && !w->policy &&
		    vl_site_says(w, &t[at]))
			return false;
	return true;
}

/* Entries of policy alone are none of the meaning: in `kept` are all others.
 */
static enum vl_status
keep_meaning(struct vl_profile_resource *alone, struct vl_table_words **kept,
    struct vl_err *err)
{
	size_t n = 0;
	size_t i = 0;

	*kept = calloc(alone->ntables + 1, sizeof(**kept));
	if (*kept == NULL)
		return vl_fail_memory(err);
	for (i = 0; i < alone->ntables; i++)
		if (!means_nothing(alone, i))
			(*kept)[n++] = alone->tables[i];
	alone->tables = *kept;
	alone->ntables = n;
	return VL_OK;
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
	struct vl_table_words *kept = NULL;
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
	if (!policy)
		st = keep_meaning(&alone, &kept, err);
	vl_json_w_init(&w, out);
	if (st == VL_OK)
		st = put_struct(&w, VL_SCOPE_PROFILE, &one, policy, err);
	free(kept);
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
