/* Trees of a profile, made and changed. */

#include <stdlib.h>
#include <string.h>

#include "profile_use.h"

struct vl_site_node *
vl_site_node_new(enum vl_node_type type, const struct vl_site_node *at)
{
	struct vl_site_node *node = calloc(1, sizeof(*node));

	if (node == NULL)
		return NULL;
	node->type = type;
	node->line = at->line;
	node->column = at->column;
	node->file = at->file;
	return node;
}

static struct vl_site_node *
new_text(const char *text, const struct vl_site_node *at)
{
	struct vl_site_node *node = vl_site_node_new(VL_NODE_TEXT, at);

	if (node == NULL)
		return NULL;
	node->plain = true;
	node->text = strdup(text);
	if (node->text == NULL) {
		vl_site_node_free(node);
		return NULL;
	}
	return node;
}

struct vl_site_node *
vl_site_node_copy(const struct vl_site_node *node, const char *file)
{
	struct vl_site_node *copy = NULL;
	struct vl_site_node *kid = NULL;
	size_t i = 0;

	if (node->type == VL_NODE_TEXT)
		copy = new_text(node->text, node);
	else
		copy = vl_site_node_new(node->type, node);
	if (copy == NULL)
		return NULL;
	copy->plain = node->plain;
	copy->file = file;
	for (i = 0; i < node->nkids; i++) {
		kid = vl_site_node_copy(node->kids[i], file);
		if (kid == NULL || vl_site_node_add(copy, kid, NULL) != VL_OK) {
			vl_site_node_free(copy);
			return NULL;
		}
	}
	return copy;
}

struct vl_site_node *
vl_site_node_make(struct vl_site_node *map, const char *word,
    enum vl_node_type type, const struct vl_site_node *at)
{
	struct vl_site_node *node = vl_site_node_of(map, word);
	struct vl_site_node *text = NULL;

	if (node != NULL)
		return node;
	text = new_text(word, at);
	if (text == NULL || vl_site_node_add(map, text, NULL) != VL_OK)
		return NULL;
	node = vl_site_node_new(type, at);
	if (node == NULL || vl_site_node_add(map, node, NULL) != VL_OK) {
		vl_site_node_free(map->kids[--map->nkids]);
		return NULL;
	}
	return node;
}

enum vl_status
vl_site_node_set(struct vl_site_node *map, const char *word,
    const struct vl_site_node *value, struct vl_err *err)
{
	struct vl_site_node *copy = NULL;
	size_t i = 0;

	if (vl_site_node_make(map, word, value->type, value) == NULL)
		return vl_fail_memory(err);
	copy = vl_site_node_copy(value, value->file);
	if (copy == NULL)
		return vl_fail_memory(err);
	for (i = 0; strcmp(map->kids[i]->text, word) != 0; i += 2)
		continue;
	vl_site_node_free(map->kids[i + 1]);
	map->kids[i + 1] = copy;
	return VL_OK;
}

struct vl_site_node *
vl_site_node_find(
    const struct vl_site_node *maps, const char *word, const char *text)
{
	const struct vl_site_node *value = NULL;
	size_t i = 0;

	for (i = 0; i < maps->nkids; i++) {
		value = vl_site_node_of(maps->kids[i], word);
		if (value != NULL && value->type == VL_NODE_TEXT &&
		    strcmp(value->text, text) == 0)
			return maps->kids[i];
	}
	return NULL;
}
