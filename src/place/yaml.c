/*
 * Walks the events that libyaml makes of a value, once from the first to the
 * last, and says where the scalars stand that a path selects
 * (formats/values.md, "YAML").  Nothing is built and no alias is followed: one
 * means what its anchor means, and where the path would select something else
 * of it the value is refused.
 */

#include <stdlib.h>
#include <yaml.h>

#include <valise/text.h>

#include "spelled.h"

#define BYTES_MAX   (16 << 20)
#define NODES_MAX   1048576
#define ANCHORS_MAX 1024
#define KEY_MAX     512 /* bytes of a key that an id may lengthen */
#define NO_STATES   UINT64_MAX

struct level {
	uint64_t states; /* of the map or list */
	uint64_t value;  /* of the value behind the last key */
	size_t index;    /* of the next value of a list */
	bool map;
	bool keyed;   /* a key was read, its value not */
	bool unnamed; /* the key is a map or a list */
	bool merge;   /* what stands in it belongs to the map around it */
};

struct anchor {
	char *name;
	uint64_t states;
};

struct yaml {
	yaml_parser_t parser;
	const struct json_path *path;
	struct vl_slice value;
	const struct leaf_visit *visit;
	struct spelled spelled;
	struct anchor *anchors;
	size_t nanchors;
	size_t nodes;
	size_t index; /* the cursor: this many characters of the value ... */
	size_t at;    /* ... are as many bytes */
	size_t depth;
	struct level levels[DEPTH_MAX];
	struct vl_err *err;
};

static enum vl_status
refuse(const struct yaml *y, size_t at, const char *why)
{
	return vl_fail(y->err, VL_EFORMAT, "not YAML at byte %zu: %s", at, why);
}

/* libyaml counts characters; its marks ascend. */
static size_t
byte_at(struct yaml *y, size_t index)
{
	while (y->index < index && y->at < y->value.n) {
		y->at++;
		while (y->at < y->value.n && (y->value.p[y->at] & 0xc0) == 0x80)
			y->at++;
		y->index++;
	}
	return y->at;
}

static enum vl_status
not_yaml(struct yaml *y)
{
	const yaml_parser_t *p = &y->parser;

	if (p->error == YAML_MEMORY_ERROR)
		return vl_fail_memory(y->err);
	if (p->error == YAML_READER_ERROR)
		return refuse(y, p->problem_offset, p->problem);
	return refuse(y, byte_at(y, p->problem_mark.index),
	    p->problem != NULL ? p->problem : "what stands there is none");
}

static const char *
anchor_of(const yaml_event_t *e)
{
	const yaml_char_t *name = NULL;

	if (e->type == YAML_SCALAR_EVENT)
		name = e->data.scalar.anchor;
	else if (e->type == YAML_MAPPING_START_EVENT)
		name = e->data.mapping_start.anchor;
	else if (e->type == YAML_SEQUENCE_START_EVENT)
		name = e->data.sequence_start.anchor;
	return (const char *)name;
}

static struct anchor *
find_anchor(const struct yaml *y, const char *name)
{
	size_t i = 0;

	for (i = 0; i < y->nanchors; i++)
		if (strcmp(y->anchors[i].name, name) == 0)
			return &y->anchors[i];
	return NULL;
}

/* A later one of the same name takes its place. */
static enum vl_status
keep_anchor(struct yaml *y, const yaml_event_t *e, uint64_t states)
{
	const char *name = anchor_of(e);
	struct anchor *a = NULL;

	if (name == NULL)
		return VL_OK;
	a = find_anchor(y, name);
	if (a == NULL) {
		if (y->nanchors == ANCHORS_MAX)
			return refuse(y, byte_at(y, e->start_mark.index),
			    "more than 1,024 anchors");
		if (y->anchors == NULL)
			y->anchors = calloc(ANCHORS_MAX, sizeof(*y->anchors));
		if (y->anchors == NULL)
			return vl_fail_memory(y->err);
		a = &y->anchors[y->nanchors];
		a->name = strdup(name);
		if (a->name == NULL)
			return vl_fail_memory(y->err);
		y->nanchors++;
	}
	a->states = states;
	return VL_OK;
}

static enum vl_status
take_alias(struct yaml *y, const yaml_event_t *e, uint64_t states)
{
	const struct anchor *a =
	    find_anchor(y, (const char *)e->data.alias.anchor);

	if (a == NULL)
		return refuse(y, byte_at(y, e->start_mark.index),
		    "an alias of what has no anchor");
	if (a->states != states)
		return refuse(y, byte_at(y, e->start_mark.index),
		    "an alias, of which the path selects something else than "
		    "of its anchor");
	return VL_OK;
}

/* Behind anchor, tag, blanks and comments. */
static size_t
skip_properties(const struct yaml *y, size_t at, size_t end)
{
	const uint8_t *p = y->value.p;

	while (at < end && (p[at] == '&' || p[at] == '!')) {
		while (at < end && strchr(" \t\r\n", p[at]) == NULL)
			at++;
		while (at < end && strchr(" \t\r\n#", p[at]) != NULL) {
			if (p[at] == '#')
				while (at < end && p[at] != '\n')
					at++;
			else
				at++;
		}
	}
	return at;
}

/* The tags that leave a scalar what it is without them, or a text. */
static bool
tag_fits(const yaml_event_t *e, enum yaml_kind *kind)
{
	const char *tag = (const char *)e->data.scalar.tag;

	if (tag == NULL)
		return true;
	if (strcmp(tag, "!") == 0 ||
	    strcmp(tag, "tag:yaml.org,2002:str") == 0) {
		*kind = YAML_IS_TEXT;
		return true;
	}
	return strcmp(tag, "tag:yaml.org,2002:int") == 0 &&
	    *kind == YAML_IS_NUMBER;
}

static enum spelling
spelling_of(const yaml_event_t *e, struct leaf *leaf)
{
	switch (e->data.scalar.style) {
	case YAML_SINGLE_QUOTED_SCALAR_STYLE:
		leaf->form = VL_FORM_YAML_SINGLE;
		return SPELLED_SINGLE;
	case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
		leaf->form = VL_FORM_YAML_DOUBLE;
		return SPELLED_DOUBLE;
	case YAML_LITERAL_SCALAR_STYLE:
		leaf->form = VL_FORM_YAML_PART;
		return SPELLED_LITERAL;
	case YAML_FOLDED_SCALAR_STYLE:
		leaf->form = VL_FORM_YAML_PART;
		return SPELLED_FOLDED;
	default:
		leaf->form = VL_FORM_YAML;
		return SPELLED_PLAIN;
	}
}

/* Whatever it is, as its text. */
static enum vl_status
tell_scalar(struct yaml *y, const yaml_event_t *e, const struct leaf *leaf)
{
	enum vl_status st = VL_OK;

	vl_buf_clear(&y->spelled.text);
	st = vl_buf_add(&y->spelled.text,
	    (struct vl_slice){ e->data.scalar.value, e->data.scalar.length },
	    y->err);
	return st == VL_OK ? y->visit->leaf(y->visit->with, leaf, y->err) : st;
}

/* The path selects it, as a value or as a key. */
static enum vl_status
take_scalar(struct yaml *y, const yaml_event_t *e)
{
	const struct vl_slice text = { e->data.scalar.value,
		e->data.scalar.length };
	struct leaf leaf = { .at = byte_at(y, e->start_mark.index),
		.spelled = &y->spelled };
	const enum spelling how = spelling_of(e, &leaf);
	const bool quoted = how == SPELLED_SINGLE || how == SPELLED_DOUBLE;
	enum yaml_kind kind =
	    how == SPELLED_PLAIN ? yaml_kind(text) : YAML_IS_TEXT;
	size_t end = byte_at(y, e->end_mark.index);
	enum vl_status st = VL_OK;

	leaf.n = end - leaf.at;
	if (y->visit->enter != NULL)
		return tell_scalar(y, e, &leaf);
	if (!tag_fits(e, &kind) && !y->visit->whole)
		return refuse(y, leaf.at, "a scalar with a tag of its own");
	if (kind == YAML_IS_NOTHING)
		return VL_OK;
	if (e->data.scalar.tag != NULL && leaf.form == VL_FORM_YAML &&
	    !y->visit->whole)
		leaf.form = VL_FORM_YAML_PART;
	if (kind == YAML_IS_NUMBER)
		leaf.form = VL_FORM_JSON_NUMBER;
	/* An empty block has no line for an id. */
	if (leaf.form == VL_FORM_YAML_PART && text.n == 0)
		return VL_OK;
	leaf.at = skip_properties(y, leaf.at, end);
	if (quoted && end < leaf.at + 2)
		return refuse(y, leaf.at, "a scalar that is not there");
	leaf.at += quoted;
	leaf.n = end - quoted - leaf.at;
	st = spelled_read(&y->spelled,
	    &(struct scalar){ how, { y->value.p + leaf.at, leaf.n }, text },
	    y->err);
	if (st != VL_OK && st != VL_EFORMAT)
		return st;
	if (st == VL_EFORMAT || !spelled_cut(&y->spelled, text) ||
	    (kind == YAML_IS_NUMBER && leaf.n != text.n))
		return refuse(y, leaf.at,
		    "a scalar in a spelling that is not kept: say it in "
		    "another way");
	return y->visit->leaf(y->visit->with, &leaf, y->err);
}

static bool
selects(const struct yaml *y, uint64_t states, bool key)
{
	if (y->path == NULL)
		return !key;
	return y->path->keys == key && (states >> y->path->n & 1) != 0;
}

/* The states of a value behind the key. */
static uint64_t
behind_key(struct yaml *y, const struct level *l, const yaml_event_t *e)
{
	struct kid kid = { .named = e->type == YAML_SCALAR_EVENT };

	if (kid.named && y->visit->enter != NULL) {
		kid.at = byte_at(y, e->start_mark.index);
		kid.n = byte_at(y, e->end_mark.index) - kid.at;
	}
	if (kid.named)
		kid.name = (struct vl_slice){ e->data.scalar.value,
			e->data.scalar.length };
	if (y->visit->enter != NULL)
		y->visit->enter(y->visit->with, y->depth, &kid);
	return path_step(y->path, l->states, &kid);
}

/* `<<`: the map behind it is a part of this one. */
static bool
is_merge(const yaml_event_t *e)
{
	return e->type == YAML_SCALAR_EVENT && e->data.scalar.length == 2 &&
	    e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	    e->data.scalar.tag == NULL &&
	    memcmp(e->data.scalar.value, "<<", 2) == 0;
}

static enum nesting
nest_of(const yaml_event_t *e)
{
	if (e->type == YAML_ALIAS_EVENT)
		return NEST_ALIAS;
	if (e->type != YAML_MAPPING_START_EVENT)
		return NEST_LIST;
	return e->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE ?
	    NEST_FLOW_MAP :
	    NEST_MAP;
}

static enum vl_status
push(struct yaml *y, const yaml_event_t *e, struct level level)
{
	if (y->depth == DEPTH_MAX)
		return refuse(y, byte_at(y, e->start_mark.index),
		    "nested deeper than 128");
	level.map = e->type == YAML_MAPPING_START_EVENT;
	if (y->visit->open != NULL)
		y->visit->open(y->visit->with, nest_of(e),
		    byte_at(y, e->start_mark.index));
	y->levels[y->depth++] = level;
	return VL_OK;
}

/* A key; what stands in one that is a map or a list is not selected. */
static enum vl_status
take_key(struct yaml *y, struct level *l, const yaml_event_t *e)
{
	const bool merge = is_merge(e);
	enum vl_status st = VL_OK;
	bool selected = false;

	if (e->type == YAML_ALIAS_EVENT)
		return refuse(y, byte_at(y, e->start_mark.index),
		    "an alias that is a key");
	l->keyed = true;
	l->unnamed = e->type != YAML_SCALAR_EVENT;
	l->merge = merge;
	l->value = behind_key(y, l, e);
	if (merge)
		l->value = l->states;
	if (e->type != YAML_SCALAR_EVENT) {
		st = keep_anchor(y, e, 0);
		return st == VL_OK ? push(y, e, (struct level){ 0 }) : st;
	}
	selected = !merge && selects(y, l->value, true);
	st = keep_anchor(y, e, selected ? NO_STATES : 0);
	if (st != VL_OK || !selected)
		return st;
	if (e->end_mark.index - e->start_mark.index > KEY_MAX)
		return refuse(y, byte_at(y, e->start_mark.index),
		    "a key of more than 512 characters");
	return take_scalar(y, e);
}

static enum vl_status
take_value(struct yaml *y, const yaml_event_t *e, uint64_t states, bool merge)
{
	enum vl_status st = VL_OK;

	if (e->type == YAML_ALIAS_EVENT && y->visit->open != NULL) {
		y->visit->open(y->visit->with, NEST_ALIAS,
		    byte_at(y, e->start_mark.index));
		y->visit->close(y->visit->with, byte_at(y, e->end_mark.index));
	}
	if (e->type == YAML_ALIAS_EVENT)
		return take_alias(y, e, states);
	st = keep_anchor(y, e, states);
	if (st != VL_OK)
		return st;
	if (e->type != YAML_SCALAR_EVENT)
		return push(y, e,
		    (struct level){ .states = states,
		        .merge =
		            merge && e->type == YAML_SEQUENCE_START_EVENT });
	return selects(y, states, false) ? take_scalar(y, e) : VL_OK;
}

static enum vl_status
take_node(struct yaml *y, const yaml_event_t *e)
{
	struct level *l = y->depth > 0 ? &y->levels[y->depth - 1] : NULL;
	struct kid kid = { 0 };
	uint64_t states = 1;
	bool merge = false;

	if (++y->nodes > NODES_MAX)
		return refuse(y, byte_at(y, e->start_mark.index),
		    "more than 1,048,576 maps, lists and scalars");
	if (l == NULL)
		return take_value(y, e, states, false);
	if (l->map && !l->keyed)
		return take_key(y, l, e);
	if (l->map) {
		l->keyed = false;
		if (l->unnamed && y->visit->enter != NULL)
			y->visit->enter(y->visit->with, y->depth, &kid);
		states = l->value;
		merge = l->merge;
		l->merge = false;
	} else {
		kid.indexed = true;
		kid.index = l->index++;
		if (y->visit->enter != NULL)
			y->visit->enter(y->visit->with, y->depth, &kid);
		states =
		    l->merge ? l->states : path_step(y->path, l->states, &kid);
	}
	return take_value(y, e, states, merge);
}

static enum vl_status
take_event(struct yaml *y, const yaml_event_t *e, size_t *documents)
{
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (++*documents > 1)
			return refuse(y, byte_at(y, e->start_mark.index),
			    "a second document");
		return VL_OK;
	case YAML_ALIAS_EVENT:
	case YAML_SCALAR_EVENT:
	case YAML_MAPPING_START_EVENT:
	case YAML_SEQUENCE_START_EVENT:
		return take_node(y, e);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		y->depth--;
		if (y->visit->close != NULL)
			y->visit->close(
			    y->visit->with, byte_at(y, e->end_mark.index));
		return VL_OK;
	default:
		return VL_OK;
	}
}

static enum vl_status
walk(struct yaml *y)
{
	yaml_event_t event = { 0 };
	enum vl_status st = VL_OK;
	size_t documents = 0;
	bool end = false;

	while (st == VL_OK && !end) {
		if (yaml_parser_parse(&y->parser, &event) != 1)
			return not_yaml(y);
		end = event.type == YAML_STREAM_END_EVENT;
		st = take_event(y, &event, &documents);
		yaml_event_delete(&event);
	}
	return st;
}

static void
free_parts(struct yaml *y)
{
	size_t i = 0;

	for (i = 0; i < y->nanchors; i++)
		free(y->anchors[i].name);
	free(y->anchors);
	spelled_free(&y->spelled);
	yaml_parser_delete(&y->parser);
}

enum vl_status
yaml_scan(const struct json_path *path, struct vl_slice value,
    const struct leaf_visit *visit, struct vl_err *err)
{
	struct yaml y = {
		.path = path, .value = value, .visit = visit, .err = err
	};
	enum vl_status st = VL_OK;

	if (value.n > BYTES_MAX)
		return refuse(&y, 0, "more than 16,777,216 bytes");
	if (value.n >= 3 && memcmp(value.p, "\xef\xbb\xbf", 3) == 0)
		return refuse(&y, 0, "it begins with a byte order mark");
	if (value.n == 0)
		return VL_OK;
	if (yaml_parser_initialize(&y.parser) != 1)
		return vl_fail_memory(err);
	yaml_parser_set_encoding(&y.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&y.parser, value.p, value.n);
	st = walk(&y);
	free_parts(&y);
	return st;
}
