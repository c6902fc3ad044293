/* What was read is freed as it was read: by the table of words. */

#include <stdlib.h>

#include "profile_use.h"
#include "read.h"

static void
free_pairs(struct vl_pair *pairs, size_t n)
{
	size_t i = 0;

	for (i = 0; i < n; i++) {
		free(pairs[i].from);
		free(pairs[i].to);
	}
	free(pairs);
}

static void
free_types(struct vl_types *types, size_t n)
{
	size_t i = 0;

	for (i = 0; i < n; i++) {
		free(types[i].name);
		free_pairs(types[i].values, types[i].nvalues);
	}
	free(types);
}

static void
free_structs(enum vl_scope scope, void *structs, size_t n)
{
	size_t i = 0;

	for (i = 0; i < n; i++)
		vl_site_clear(
		    scope, (char *)structs + i * vl_scopes[scope].size);
	free(structs);
}

/* A word that counts what it has. */
static void
clear_list(const struct vl_word *w, char *bytes)
{
	void *list = *(void **)(void *)(bytes + w->at);
	const struct vl_word_other *other = NULL;
	size_t n = *(size_t *)(void *)(bytes + w->count);
	size_t i = 0;

	switch (w->type) {
	case VL_WORD_PAIRS:
	case VL_WORD_NAMES:
	case VL_WORD_HERE:
	case VL_WORD_PREFIX:
	case VL_WORD_VALUES:
		free_pairs(list, n);
		return;
	case VL_WORD_TYPES:
		free_types(list, n);
		return;
	case VL_WORD_KEY:
	case VL_WORD_MAPS:
		free_structs(w->of, list, n);
		for (other = w->other; other != NULL; other = other->next)
			free_structs(other->of,
			    *(void **)(void *)(bytes + other->at),
			    *(size_t *)(void *)(bytes + other->count));
		return;
	case VL_WORD_CHOICE:
		break;
	default:
		for (i = 0; i < n; i++)
			free(((char **)list)[i]);
		break;
	}
	free(list);
}

static void
clear_word(const struct vl_word *w, char *bytes)
{
	void **member = (void **)(void *)(bytes + w->at);

	switch (w->type) {
	case VL_WORD_BOOL:
	case VL_WORD_COUNT:
	case VL_WORD_CHOICE:
	case VL_WORD_SWITCH:
	case VL_WORD_LINES:
	case VL_WORD_WHOLE:
	case VL_WORD_LATER:
		return;
	case VL_WORD_SKIP:
		free(*(char **)(void *)(bytes + w->also));
		return;
	case VL_WORD_MAP:
		vl_site_clear(w->of, bytes);
		return;
	case VL_WORD_STRUCT:
		if (*member != NULL)
			vl_site_clear(w->of, *member);
		free(*member);
		return;
	case VL_WORD_USE:
		vl_profile_use_free(*member);
		return;
	default:
		free(*member);
		return;
	}
}

void
vl_site_clear(enum vl_scope scope, void *of)
{
	const struct vl_word *w = vl_word_next(scope, NULL);
	char *bytes = of;

	for (; w != NULL; w = vl_word_next(scope, w)) {
		if (w->count == 0 || w->type == VL_WORD_LATER)
			clear_word(w, bytes);
		else
			clear_list(w, bytes);
		if (w->type == VL_WORD_VALUES)
			free(*(char **)(void *)(bytes + w->also));
		if (w->places != 0)
			free(
			    *(struct vl_word_at **)(void *)(bytes + w->places));
	}
}
