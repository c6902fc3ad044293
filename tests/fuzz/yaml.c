/*
 * Values of YAML: the first byte says by which of these finders, the rest is
 * the value.  What is refused is as it was.
 * Of what is not: with every place replaced by its own text, and by another
 * one, libyaml reads the same events with the same anchors, tags and styles,
 * and of scalars the same texts but for the replaced ones; where own texts
 * need no other spelling the bytes are the same.  The same places are found
 * again.
 */

#include <yaml.h>

#include "places.h"

#define KEY_MAX 512 /* characters */

static const struct vl_finder_words finders[] = {
	{ .yaml = "$..*" },
	{ .yaml = "$" },
	{ .yaml = "$..*~" },
	{ .yaml = "$..a" },
	{ .yaml = "$[*]" },
	{ .yaml = "$..*", .pattern = "(x+)" },
	{ .yaml = "$", .pattern = "(x+)" },
	{ .yaml = "$..*", .pattern = "(\\d+)" },
	{ .yaml = "$..*~", .pattern = "^\\w*_(\\w+)$" },
	{ .yaml = "$..*", .split = "," },
};

static void
parser_open(yaml_parser_t *p, struct vl_slice value)
{
	MUST(yaml_parser_initialize(p) == 1);
	yaml_parser_set_encoding(p, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
	    p, value.n > 0 ? value.p : (const uint8_t *)"", value.n);
}

static bool
same_text(const yaml_char_t *a, const yaml_char_t *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp((const char *)a, (const char *)b) == 0;
}

/* `changed`: texts of scalars may be others. */
static bool
same_event(const yaml_event_t *a, const yaml_event_t *b, bool changed)
{
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case YAML_SCALAR_EVENT:
		if (!same_text(a->data.scalar.anchor, b->data.scalar.anchor) ||
		    !same_text(a->data.scalar.tag, b->data.scalar.tag) ||
		    a->data.scalar.style != b->data.scalar.style)
			return false;
		return changed ||
		    (a->data.scalar.length == b->data.scalar.length &&
		        memcmp(a->data.scalar.value, b->data.scalar.value,
		            a->data.scalar.length) == 0);
	case YAML_ALIAS_EVENT:
		return same_text(a->data.alias.anchor, b->data.alias.anchor);
	case YAML_MAPPING_START_EVENT:
		return same_text(a->data.mapping_start.anchor,
		           b->data.mapping_start.anchor) &&
		    same_text(
		        a->data.mapping_start.tag, b->data.mapping_start.tag) &&
		    a->data.mapping_start.style == b->data.mapping_start.style;
	case YAML_SEQUENCE_START_EVENT:
		return same_text(a->data.sequence_start.anchor,
		           b->data.sequence_start.anchor) &&
		    same_text(
		        a->data.sequence_start.tag, b->data.sequence_start.tag);
	default:
		return true;
	}
}

static bool
same_tree(struct vl_slice one, struct vl_slice other, bool changed)
{
	yaml_parser_t p[2];
	yaml_event_t e[2];
	bool same = true;
	bool end = false;

	parser_open(&p[0], one);
	parser_open(&p[1], other);
	while (same && !end) {
		MUST(yaml_parser_parse(&p[0], &e[0]) == 1);
		same = yaml_parser_parse(&p[1], &e[1]) == 1;
		if (same) {
			same = same_event(&e[0], &e[1], changed);
			yaml_event_delete(&e[1]);
		}
		end = e[0].type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&e[0]);
	}
	yaml_parser_delete(&p[0]);
	yaml_parser_delete(&p[1]);
	return same;
}

/* The value with other texts, or their own (NULL); false: one of them cannot
 * stand at a place, which is told before anything is written. */
static bool
spell(struct vl_buf *out, struct vl_slice value, const struct vl_places *places,
    const struct vl_slice *text)
{
	struct vl_buf own = { 0 };
	struct vl_err err = { 0 };
	enum vl_status st = VL_OK;
	size_t done = 0;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < places->n; i++) {
		const struct vl_place *p = &places->list[i];

		MUST(p->at >= done && p->at <= value.n &&
		    p->n <= value.n - p->at);
		MUST(vl_buf_add(out,
		         (struct vl_slice){ value.p + done, p->at - done },
		         NULL) == VL_OK);
		read_place(&own, value, p);
		st = vl_place_write(out, p->form,
		    text != NULL ? *text : vl_buf_slice(&own), &err);
		MUST(st == VL_OK || st == VL_EFORMAT);
		done = p->at + p->n;
	}
	MUST(
	    vl_buf_add(out, (struct vl_slice){ value.p + done, value.n - done },
	        NULL) == VL_OK);
	vl_buf_free(&own);
	return st == VL_OK;
}

/* Escapes, folded lines, and in double quotes what is escaped to be safe:
 * blanks at the ends, a byte order mark, line breaks that are no line feeds,
 * and what would end a document. */
static bool
may_differ(struct vl_slice value, const struct vl_places *places)
{
	size_t i = 0;

	for (i = 0; i < places->n; i++) {
		const struct vl_place *p = &places->list[i];

		if (p->form == VL_FORM_YAML_DOUBLE && p->n > 0 &&
		    (value.p[p->at] == ' ' || value.p[p->at] == '-' ||
		        value.p[p->at] == '.' ||
		        value.p[p->at + p->n - 1] == ' '))
			return true;
	}
	return memmem(value.p, value.n, "\xef\xbb\xbf", 3) != NULL ||
	    memmem(value.p, value.n, "\xe2\x80\xa8", 3) != NULL ||
	    memmem(value.p, value.n, "\xe2\x80\xa9", 3) != NULL ||
	    memmem(value.p, value.n, "\xc2\x85", 2) != NULL ||
	    memchr(value.p, '\\', value.n) != NULL ||
	    memchr(value.p, '\n', value.n) != NULL ||
	    memchr(value.p, '\r', value.n) != NULL ||
	    memchr(value.p, '\t', value.n) != NULL;
}

/* With `text` at each place it is the same tree, and has the same places. */
static void
check_text(struct vl_finder *f, struct vl_slice value,
    const struct vl_places *places, const struct vl_slice *text)
{
	struct vl_places found = { 0 };
	struct vl_buf other = { 0 };
	struct vl_buf a = { 0 };
	struct vl_buf b = { 0 };
	struct vl_err err = { 0 };
	size_t i = 0;

	if (!spell(&other, value, places, text))
		goto out;
	MUST(same_tree(value, vl_buf_slice(&other), text != NULL));
	if (vl_finder_find(f, vl_buf_slice(&other), &found, &err) != VL_OK) {
		/* A key may have become longer than one may be. */
		MUST(other.n > value.n && other.n > KEY_MAX);
		goto out;
	}
	MUST(found.n == places->n);
	for (i = 0; i < found.n; i++) {
		MUST(found.list[i].form == places->list[i].form);
		read_place(&a, vl_buf_slice(&other), &found.list[i]);
		read_place(&b, value, &places->list[i]);
		MUST(vl_slice_equal(
		    vl_buf_slice(&a), text != NULL ? *text : vl_buf_slice(&b)));
	}
	MUST(text != NULL || vl_slice_equal(value, vl_buf_slice(&other)) ||
	    may_differ(value, places));
out:
	vl_buf_free(&a);
	vl_buf_free(&b);
	vl_buf_free(&other);
	vl_places_free(&found);
}

static void
check(const struct vl_finder_words *words, struct vl_slice value)
{
	/* Which patterns and separators leave whole. */
	const struct vl_slice digits = vl_slice_of("90");
	const struct vl_slice letters = vl_slice_of("xxx");
	struct vl_finder *f = NULL;
	struct vl_places places = { 0 };
	struct vl_err err = { 0 };

	MUST(vl_finder_new(&f, words, &err) == VL_OK);
	if (vl_finder_find(f, value, &places, &err) != VL_OK) {
		MUST(err.status == VL_EFORMAT || err.status == VL_ELIMIT);
		MUST(places.n == 0);
	} else {
		check_text(f, value, &places, NULL);
		if (words->pattern == NULL || strchr(words->pattern, 'x'))
			check_text(f, value, &places, &letters);
		if (words->pattern == NULL || strchr(words->pattern, 'd'))
			check_text(f, value, &places, &digits);
	}
	vl_places_free(&places);
	vl_finder_free(f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n > 0)
		check(&finders[p[0] % (sizeof(finders) / sizeof(finders[0]))],
		    (struct vl_slice){ p + 1, n - 1 });
	return 0;
}
