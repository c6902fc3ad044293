/*
 * A path, then pattern, then separator, each over what the one before it left,
 * and what remains as bytes of the value (formats/profile.md, References).
 *
 * Pattern and separator work on the text that a JSON string stands for.  A
 * cursor that walks spelling and text side by side turns spans of the text
 * into places.
 */

#include <stdlib.h>

#include <valise/text.h>

#include "spelled.h"

#define NOT_UTF8 0x1a /* what a pattern sees of a byte that is not UTF-8 */

enum way {
	WAY_NONE,
	WAY_JSON,
	WAY_PHP,
	WAY_YAML
};

struct vl_finder {
	enum way way;
	struct json_path path;
	struct pattern *pattern;
	char *split;
	bool whole;
	struct vl_buf
	    text; /* of the leaf at hand, where it is spelled otherwise */
};

/* One leaf, or a whole value, on its way to places. */
struct source {
	struct leaf leaf;
	struct vl_slice raw;
	struct vl_slice text;
	size_t raw_at; /* the cursor: behind these bytes of raw */
	size_t text_at;
	struct vl_places *out;
	bool lines; /* of a block are one place */
};

struct run {
	struct vl_finder *f;
	struct vl_slice value;
	struct vl_places *out;
};

static void
free_parts(struct vl_finder *f)
{
	json_path_free(&f->path);
	pattern_free(f->pattern);
	free(f->split);
	vl_buf_free(&f->text);
}

static enum vl_status
set_split(struct vl_finder *f, const char *split, struct vl_err *err)
{
	if (*split == '\0')
		return vl_fail(err, VL_EUSAGE, "split: the separator is empty");
	if (!vl_utf8_valid(vl_slice_of(split)))
		return vl_fail(
		    err, VL_EUSAGE, "split: the separator is not UTF-8");
	f->split = strdup(split);
	return f->split != NULL ? VL_OK : vl_fail_memory(err);
}

static enum vl_status
set_path(struct vl_finder *f, const struct vl_finder_words *words,
    struct vl_err *err)
{
	const char *const paths[] = { NULL, words->json, words->php,
		words->yaml };
	enum way way = WAY_NONE;

	for (way = WAY_JSON; way <= WAY_YAML; way++) {
		if (paths[way] == NULL)
			continue;
		if (f->way != WAY_NONE)
			return vl_fail(err, VL_EUSAGE,
			    "one of 'json', 'php' and 'yaml' reads the value");
		f->way = way;
	}
	return f->way == WAY_NONE ?
	    VL_OK :
	    json_path_read(&f->path, paths[f->way], err);
}

enum vl_status
vl_finder_new(struct vl_finder **out, const struct vl_finder_words *words,
    struct vl_err *err)
{
	struct vl_finder *f = calloc(1, sizeof(*f));
	enum vl_status st = VL_OK;

	*out = NULL;
	if (f == NULL)
		return vl_fail_memory(err);
	st = set_path(f, words, err);
	f->whole = words->whole;
	if (st == VL_OK && words->pattern != NULL)
		st = pattern_new(&f->pattern, words->pattern, err);
	if (st == VL_OK && words->split != NULL)
		st = set_split(f, words->split, err);
	if (st != VL_OK) {
		vl_finder_free(f);
		return st;
	}
	*out = f;
	return VL_OK;
}

void
vl_finder_free(struct vl_finder *f)
{
	if (f == NULL)
		return;
	free_parts(f);
	free(f);
}

/* Move the cursor to byte `to` of the text; `lone`: past half a character. */
static bool
move_cursor(struct source *s, size_t to, bool *lone)
{
	struct unit u = { 0 };

	*lone = false;
	if (!s->leaf.escaped) {
		s->raw_at = to;
		s->text_at = to;
		return true;
	}
	while (s->text_at < to) {
		if (!json_unit(&u,
		        (struct vl_slice){
		            s->raw.p + s->raw_at, s->raw.n - s->raw_at }))
			return false;
		s->raw_at += u.raw;
		s->text_at += u.n;
		*lone |= u.lone;
	}
	return s->text_at == to;
}

/* A line feed, or one of those line breaks of YAML that a text keeps. */
static bool
has_break(struct vl_slice raw)
{
	return memchr(raw.p, '\n', raw.n) != NULL ||
	    memmem(raw.p, raw.n, "\xe2\x80\xa8", 3) != NULL ||
	    memmem(raw.p, raw.n, "\xe2\x80\xa9", 3) != NULL;
}

/* In YAML a part of a plain scalar or of a block is spelled as it is. */
static enum vl_status
add_spelled(struct source *s, struct span span, struct vl_err *err)
{
	const bool whole = span.at == 0 && span.n == s->text.n;
	const bool lines = s->lines && s->raw.n > 0 && *s->raw.p == '|';
	struct vl_place place = { .form = s->leaf.form };
	struct span raw = { 0, s->raw.n };
	bool ok = true;

	while (lines && span.n > 0 && s->text.p[span.n - 1] == '\n')
		span.n--;
	if (!whole && place.form == VL_FORM_YAML)
		place.form = VL_FORM_YAML_PART;
	if (!whole || place.form == VL_FORM_YAML_PART)
		ok = spelled_span(s->leaf.spelled, span, &raw);
	place.at = s->leaf.at + raw.at;
	place.n = raw.n;
	if (ok && place.form == VL_FORM_YAML_PART && !lines)
		ok = raw.n == span.n &&
		    !has_break((struct vl_slice){ s->raw.p + raw.at, raw.n }) &&
		    memcmp(s->raw.p + raw.at, s->text.p + span.at, raw.n) == 0;
	if (!ok)
		return vl_fail(err, VL_EFORMAT,
		    "a reference holds an escape or a line break, or a part "
		    "of one, in the scalar at byte %zu",
		    s->leaf.at);
	return places_add(s->out, place, err);
}

static enum vl_status
add_span(struct source *s, struct span span, struct vl_err *err)
{
	struct vl_place place = { .form = s->leaf.form };
	bool lone = false;
	bool ok = true;

	if (place.form == VL_FORM_JSON_NUMBER && span.n != s->raw.n)
		return vl_fail(err, VL_EFORMAT,
		    "a reference is only a part of the number at byte %zu",
		    s->leaf.at);
	if (s->leaf.spelled != NULL)
		return add_spelled(s, span, err);
	ok = move_cursor(s, span.at, &lone);
	place.at = s->leaf.at + s->raw_at;
	ok = ok && move_cursor(s, span.at + span.n, &lone);
	place.n = s->leaf.at + s->raw_at - place.at;
	if (!ok || lone)
		return vl_fail(err, VL_EFORMAT,
		    "the reference at byte %zu holds half of a surrogate pair",
		    place.at);
	return places_add(s->out, place, err);
}

static bool
is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static enum vl_status
add_trimmed(struct source *s, struct span span, struct vl_err *err)
{
	const uint8_t *p = s->text.p;

	while (span.n > 0 && is_space(p[span.at])) {
		span.at++;
		span.n--;
	}
	while (span.n > 0 && is_space(p[span.at + span.n - 1]))
		span.n--;
	return span.n > 0 ? add_span(s, span, err) : VL_OK;
}

static enum vl_status
add_parts(
    struct source *s, struct span span, const char *split, struct vl_err *err)
{
	const size_t n = strlen(split);
	const uint8_t *p = NULL;
	const uint8_t *end = NULL;
	const uint8_t *hit = NULL;
	enum vl_status st = VL_OK;

	if (span.n == 0)
		return VL_OK;
	p = s->text.p + span.at;
	end = p + span.n;
	do {
		hit = memmem(p, (size_t)(end - p), split, n);
		span.at = (size_t)(p - s->text.p);
		span.n = (size_t)((hit != NULL ? hit : end) - p);
		st = add_trimmed(s, span, err);
		if (hit != NULL)
			p = hit + n;
	} while (st == VL_OK && hit != NULL);
	return st;
}

static enum vl_status
add_found(const struct vl_finder *f, struct source *s, struct vl_err *err)
{
	struct span span = { 0, s->text.n };
	enum vl_status st = VL_OK;
	bool found = true;

	if (f->pattern != NULL)
		pattern_begin(f->pattern, s->text);
	do {
		if (f->pattern != NULL)
			st = pattern_next(f->pattern, &span, &found, err);
		if (st != VL_OK || !found)
			break;
		st = f->split != NULL ? add_parts(s, span, f->split, err) :
		                        add_span(s, span, err);
	} while (st == VL_OK && f->pattern != NULL);
	return st;
}

/* Bytes of the UTF-8 character at `p`; 0 if there is none. */
static size_t
character(struct vl_slice s)
{
	size_t n = 1;

	if (s.p[0] >= 0xc2)
		n = s.p[0] < 0xe0 ? 2 : s.p[0] < 0xf0 ? 3 : 4;
	if (n > s.n || !vl_utf8_valid((struct vl_slice){ s.p, n }))
		return 0;
	return n;
}

/* The same number of bytes, all of them UTF-8. */
static enum vl_status
make_valid(struct vl_buf *text, struct vl_slice raw, struct vl_err *err)
{
	enum vl_status st = vl_buf_add(text, raw, err);
	size_t n = 0;
	size_t i = 0;

	while (st == VL_OK && i < raw.n) {
		n = character((struct vl_slice){ raw.p + i, raw.n - i });
		if (n == 0)
			text->p[i] = NOT_UTF8;
		i += n > 0 ? n : 1;
	}
	return st;
}

static enum vl_status
take_leaf(void *with, const struct leaf *leaf, struct vl_err *err)
{
	const struct run *run = with;
	struct vl_buf *text = &run->f->text;
	struct source s = {
		.leaf = *leaf, .out = run->out, .lines = run->f->whole
	};
	const size_t before = run->out->n;
	enum vl_status st = VL_OK;

	if (leaf->n > 0)
		s.raw = (struct vl_slice){ run->value.p + leaf->at, leaf->n };
	s.text = s.raw;
	vl_buf_clear(text);
	if (leaf->spelled != NULL)
		s.text = vl_buf_slice(&leaf->spelled->text);
	else if (leaf->escaped)
		st = json_text(text, s.raw, err);
	else if (leaf->form == VL_FORM_PLAIN && run->f->pattern != NULL &&
	    !vl_utf8_valid(s.raw))
		st = make_valid(text, s.raw, err);
	if (text->n > 0)
		s.text = vl_buf_slice(text);
	if (st == VL_OK)
		st = add_found(run->f, &s, err);
	if (st == VL_OK && leaf->head > 0 && run->out->n > before)
		st = php_count(run->out, before, run->value, leaf, err);
	if (st == VL_OK && leaf->form == VL_FORM_YAML && run->out->n > before &&
	    run->out->list[before].form == VL_FORM_YAML_PART &&
	    !yaml_stays_text(run->value, leaf, run->out->list + before,
	        run->out->n - before))
		st = vl_fail(err, VL_EFORMAT,
		    "a reference is the first part of the plain scalar at "
		    "byte %zu, which might become a number: put it into quotes",
		    leaf->at);
	return st;
}

static enum vl_status
scan(const struct vl_finder *f, const struct json_path *path,
    struct vl_slice value, const struct leaf_visit *visit, struct vl_err *err)
{
	if (f->way == WAY_JSON)
		return json_scan(path, value, visit, err);
	return f->way == WAY_PHP ? php_scan(path, value, visit, err) :
	                           yaml_scan(path, value, visit, err);
}

enum vl_status
vl_finder_find(struct vl_finder *f, struct vl_slice value,
    struct vl_places *out, struct vl_err *err)
{
	const struct leaf whole = { .n = value.n, .form = VL_FORM_PLAIN };
	const size_t before = out->n;
	const size_t counted = out->ncounted;
	struct run run = { f, value, out };
	const struct leaf_visit visit = {
		.leaf = take_leaf, .with = &run, .whole = f->whole
	};
	enum vl_status st = VL_OK;

	st = f->way == WAY_NONE ? take_leaf(&run, &whole, err) :
	                          scan(f, &f->path, value, &visit, err);
	if (st != VL_OK) {
		out->n = before;
		out->ncounted = counted;
	}
	return st;
}

/* Places, each to be called by the path to it. */
struct calling {
	struct trail trail;
	const struct vl_place *next;
	const struct vl_place *end;
	struct vl_buf *out;
	size_t *ends;
	bool whole;
};

static enum vl_status
call_leaf(void *with, const struct leaf *leaf, struct vl_err *err)
{
	struct calling *c = with;
	enum vl_status st = c->trail.st;

	/* More than one place of a leaf has one path: they are told apart. */
	for (; st == VL_OK && c->next < c->end && c->next->at >= leaf->at &&
	     c->next->at + c->next->n <= leaf->at + leaf->n;
	     c->next++) {
		st = vl_buf_add(c->out, vl_buf_slice(&c->trail.path), err);
		if (st == VL_OK && !c->whole && c->next->n < leaf->n)
			st = vl_buf_printf(
			    c->out, err, "#%zu", c->next->at - leaf->at);
		*c->ends++ = c->out->n;
	}
	return st;
}

enum vl_status
vl_finder_paths(const struct vl_finder *f, struct vl_slice value,
    const struct vl_places *places, struct vl_buf *out, size_t *ends,
    struct vl_err *err)
{
	struct calling c = { .next = places->list,
		.end = places->list + places->n,
		.out = out,
		.ends = ends,
		.whole = f->whole };
	const struct leaf_visit visit = {
		.leaf = call_leaf, .with = &c, .enter = trail_enter
	};
	enum vl_status st = trail_begin(&c.trail, err);

	if (st == VL_OK)
		st = scan(f, NULL, value, &visit, err);
	vl_buf_free(&c.trail.path);
	return st == VL_OK && c.next < c.end ?
	    vl_fail(err, VL_EFORMAT, "a place is no value of its own") :
	    st;
}
