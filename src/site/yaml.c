/*
 * libyaml's events as a small tree, for site files and profiles.  What makes
 * one text mean two things, or a short text a long one, is refused here:
 * aliases, anchors, tags, several documents, repeated words (formats/site.md,
 * "Form").
 */

#include <yaml.h>

#include <valise/text.h>

#include "yaml.h"

struct loader {
	yaml_parser_t parser;
	const char *file;
	struct vl_slice text;
	size_t nodes;
};

enum vl_status
vl_site_fail(const char *file, const struct vl_site_node *at,
    struct vl_err *err, const char *format, ...)
{
	char message[1024];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (at->line == 0)
		return vl_fail(err, VL_EUSAGE, "%s: %s", file, message);
	if (at->file != NULL)
		file = at->file;
	return vl_fail(err, VL_EUSAGE, "%s:%u:%u: %s", file, at->line,
	    at->column, message);
}

struct vl_site_node *
vl_site_node_of(const struct vl_site_node *map, const char *word)
{
	size_t i = 0;

	if (map->type != VL_NODE_MAP)
		return NULL;
	for (i = 0; i < map->nkids; i += 2)
		if (strcmp(map->kids[i]->text, word) == 0)
			return map->kids[i + 1];
	return NULL;
}

void
vl_site_node_free(struct vl_site_node *node)
{
	size_t i = 0;

	if (node == NULL)
		return;
	for (i = 0; i < node->nkids; i++)
		vl_site_node_free(node->kids[i]);
	free(node->kids);
	free(node->text);
	free(node);
}

/* libyaml counts from 0. */
static void
stand_at(struct vl_site_node *node, yaml_mark_t mark)
{
	node->line = (unsigned)mark.line + 1;
	node->column = (unsigned)mark.column + 1;
}

/* Whether the blanks at the start of line `number` (from 0) hold a tab. */
static bool
tab_indents(struct vl_slice text, size_t number, size_t *column)
{
	size_t i = 0;

	for (; number > 0 && i < text.n; i++)
		if (text.p[i] == '\n')
			number--;
	for (*column = 1; i < text.n; i++, (*column)++) {
		if (text.p[i] == '\t')
			return true;
		if (text.p[i] != ' ')
			return false;
	}
	return false;
}

/* What libyaml complains of. */
static enum vl_status
not_yaml(const struct loader *l, struct vl_err *err)
{
	const yaml_parser_t *p = &l->parser;
	struct vl_site_node at = { 0 };
	size_t column = 0;

	if (p->error == YAML_MEMORY_ERROR)
		return vl_fail_memory(err);
	stand_at(&at, p->problem_mark);
	if (p->error == YAML_READER_ERROR) {
		/* No mark: only the offset of the byte is known. */
		at.line = 1;
		for (column = 0;
		     column < p->problem_offset && column < l->text.n; column++)
			at.line += l->text.p[column] == '\n';
		return vl_fail(
		    err, VL_EUSAGE, "%s:%u: %s", l->file, at.line, p->problem);
	}
	if (tab_indents(l->text, p->problem_mark.line, &column)) {
		at.column = (unsigned)column;
		return vl_site_fail(
		    l->file, &at, err, "a tab cannot indent; use spaces");
	}
	if (p->context != NULL)
		return vl_site_fail(
		    l->file, &at, err, "%s %s", p->context, p->problem);
	return vl_site_fail(l->file, &at, err, "%s",
	    p->problem != NULL ? p->problem : "not YAML");
}

static enum vl_status
next_event(struct loader *l, yaml_event_t *event, struct vl_err *err)
{
	if (yaml_parser_parse(&l->parser, event) == 1)
		return VL_OK;
	memset(event, 0, sizeof(*event));
	return not_yaml(l, err);
}

enum vl_status
vl_site_node_add(
    struct vl_site_node *node, struct vl_site_node *kid, struct vl_err *err)
{
	struct vl_site_node **grown = NULL;
	size_t cap = node->cap == 0 ? 8 : node->cap * 2;

	if (node->nkids == node->cap) {
		grown = reallocarray(
		    node->kids, cap, sizeof(struct vl_site_node *));
		if (grown == NULL) {
			vl_site_node_free(kid);
			return vl_fail_memory(err);
		}
		node->kids = grown;
		node->cap = cap;
	}
	node->kids[node->nkids++] = kid;
	return VL_OK;
}

static enum vl_status read_node(struct loader *l, struct vl_site_node **out,
    yaml_event_t *event, unsigned depth, struct vl_err *err);

/* The kid that was just added to a map is a word: text, and not there yet. */
static enum vl_status
check_word(
    const struct loader *l, const struct vl_site_node *map, struct vl_err *err)
{
	const struct vl_site_node *word = map->kids[map->nkids - 1];
	char shown[80];
	size_t i = 0;

	if (word->type != VL_NODE_TEXT)
		return vl_site_fail(
		    l->file, word, err, "a word is expected before ':'");
	for (i = 0; i + 1 < map->nkids; i += 2)
		if (strcmp(map->kids[i]->text, word->text) == 0)
			return vl_site_fail(l->file, word, err,
			    "'%s' stands here twice; first in line %u",
			    vl_escape_text(
			        shown, sizeof(shown), vl_slice_of(word->text)),
			    map->kids[i]->line);
	return VL_OK;
}

static enum vl_status
read_kids(struct loader *l, struct vl_site_node *node, unsigned depth,
    struct vl_err *err)
{
	struct vl_site_node *kid = NULL;
	yaml_event_t event = { 0 };
	enum vl_status st = VL_OK;

	if (depth > VL_SITE_DEPTH_MAX)
		return vl_site_fail(l->file, node, err,
		    "more than %d lists and maps inside one another",
		    VL_SITE_DEPTH_MAX);
	for (;;) {
		st = next_event(l, &event, err);
		if (st != VL_OK)
			return st;
		if (event.type == YAML_SEQUENCE_END_EVENT ||
		    event.type == YAML_MAPPING_END_EVENT)
			break;
		st = read_node(l, &kid, &event, depth, err);
		if (st == VL_OK)
			st = vl_site_node_add(node, kid, err);
		if (st == VL_OK && node->type == VL_NODE_MAP &&
		    node->nkids % 2 == 1)
			st = check_word(l, node, err);
		if (st != VL_OK)
			return st;
	}
	yaml_event_delete(&event);
	return VL_OK;
}

static enum vl_status
read_text(const struct loader *l, struct vl_site_node *node,
    const yaml_event_t *event, struct vl_err *err)
{
	const char *value = (const char *)event->data.scalar.value;

	if (strlen(value) != event->data.scalar.length)
		return vl_site_fail(l->file, node, err, "a NUL in a text");
	node->type = VL_NODE_TEXT;
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	node->text = strdup(value);
	return node->text != NULL ? VL_OK : vl_fail_memory(err);
}

/* Whether the event brings an anchor or a tag of the user's. */
static bool
is_decorated(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return event->data.scalar.anchor != NULL ||
		    event->data.scalar.tag != NULL;
	case YAML_SEQUENCE_START_EVENT:
		return event->data.sequence_start.anchor != NULL ||
		    event->data.sequence_start.tag != NULL;
	case YAML_MAPPING_START_EVENT:
		return event->data.mapping_start.anchor != NULL ||
		    event->data.mapping_start.tag != NULL;
	default:
		return true; /* an alias */
	}
}

/* The node that begins with `event`, which is consumed. */
static enum vl_status
read_node(struct loader *l, struct vl_site_node **out, yaml_event_t *event,
    unsigned depth, struct vl_err *err)
{
	struct vl_site_node *node = calloc(1, sizeof(*node));
	enum vl_status st = VL_OK;

	*out = NULL;
	if (node == NULL) {
		st = vl_fail_memory(err);
		goto out;
	}
	stand_at(node, event->start_mark);
	if (is_decorated(event)) {
		st = vl_site_fail(l->file, node, err,
		    "anchors, aliases and tags are not used here; write the "
		    "value itself, in quotes if it begins with & * or !");
		goto out;
	}
	if (++l->nodes > VL_SITE_NODES_MAX) {
		st = vl_site_fail(l->file, node, err, "more than %d values",
		    VL_SITE_NODES_MAX);
		goto out;
	}
	if (event->type == YAML_SCALAR_EVENT) {
		st = read_text(l, node, event, err);
	} else {
		node->type = event->type == YAML_MAPPING_START_EVENT ?
		    VL_NODE_MAP :
		    VL_NODE_LIST;
		st = read_kids(l, node, depth + 1, err);
	}
	if (st == VL_OK) {
		*out = node;
		node = NULL;
	}
out:
	yaml_event_delete(event);
	vl_site_node_free(node);
	return st;
}

/* The next event, whose kind alone matters. */
static enum vl_status
skip_event(struct loader *l, yaml_event_type_t *type, struct vl_site_node *at,
    struct vl_err *err)
{
	yaml_event_t event = { 0 };
	enum vl_status st = next_event(l, &event, err);

	*type = event.type;
	stand_at(at, event.start_mark);
	yaml_event_delete(&event);
	return st;
}

static enum vl_status
read_document(struct loader *l, struct vl_site_node **root, struct vl_err *err)
{
	struct vl_site_node at = { 0 };
	yaml_event_type_t type = YAML_NO_EVENT;
	yaml_event_t event = { 0 };
	enum vl_status st = VL_OK;

	st = skip_event(l, &type, &at, err); /* start of the stream */
	if (st == VL_OK)
		st = skip_event(l, &type, &at, err);
	if (st != VL_OK)
		return st;
	if (type != YAML_DOCUMENT_START_EVENT)
		return vl_fail(err, VL_EUSAGE, "%s: nothing in it", l->file);
	st = next_event(l, &event, err);
	if (st == VL_OK)
		st = read_node(l, root, &event, 0, err);
	if (st != VL_OK)
		return st;
	if ((*root)->type != VL_NODE_MAP)
		return vl_site_fail(l->file, *root, err,
		    "words with values are expected, such as 'name: value'");
	st = skip_event(l, &type, &at, err); /* end of the document */
	if (st == VL_OK)
		st = skip_event(l, &type, &at, err);
	if (st == VL_OK && type != YAML_STREAM_END_EVENT)
		return vl_site_fail(l->file, &at, err, "a second document");
	return st;
}

enum vl_status
vl_site_yaml(struct vl_site_node **out, const char *file, struct vl_slice text,
    struct vl_err *err)
{
	struct loader l = { .file = file, .text = text };
	enum vl_status st = VL_OK;

	*out = NULL;
	if (text.n > VL_SITE_FILE_MAX)
		return vl_fail(err, VL_EUSAGE,
		    "%s: longer than such a file may be (%u bytes)", file,
		    VL_SITE_FILE_MAX);
	if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
		return vl_fail(err, VL_EUSAGE,
		    "%s:1:1: it begins with a byte order mark (BOM); save it "
		    "as UTF-8 without one",
		    file);
	if (yaml_parser_initialize(&l.parser) != 1)
		return vl_fail_memory(err);
	yaml_parser_set_encoding(&l.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&l.parser, text.p, text.n);
	st = read_document(&l, out, err);
	if (st != VL_OK) {
		vl_site_node_free(*out);
		*out = NULL;
	}
	yaml_parser_delete(&l.parser);
	return st;
}
