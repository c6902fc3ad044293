/*
 * Reads a JSONPath (formats/profile.md, References): names, indexes, `*` and
 * `..` of RFC 9535, one selector a step.  Filters, slices, unions and indexes
 * from the end are refused.  `~` at its end selects the keys of what the path
 * selects.
 */

#include <valise/text.h>

#include "place.h"

struct reader {
	const char *first;
	const char *p;
	struct json_path *path;
	struct vl_err *err;
};

static enum vl_status
refuse(const struct reader *r, const char *why)
{
	char shown[256];

	vl_escape_text(shown, sizeof(shown), vl_slice_of(r->first));
	return vl_fail(r->err, VL_EUSAGE,
	    "cannot use the JSON path '%s' from byte %zu on: %s", shown,
	    (size_t)(r->p - r->first), why);
}

/* Not only what RFC 9535 allows without quotes: '-' and '$' are common. */
static bool
is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '$' ||
	    (uint8_t)c >= 0x80;
}

/* `names` has room for all of the text, so names do not move. */
static void
add_byte(struct reader *r, struct step *step, char c)
{
	struct vl_buf *names = &r->path->names;

	if (step->name.p == NULL)
		step->name.p = names->p + names->n;
	names->p[names->n++] = (uint8_t)c;
	step->name.n++;
}

static enum vl_status
read_plain_name(struct reader *r, struct step *step)
{
	step->kind = STEP_NAME;
	if (!is_name_byte(*r->p))
		return refuse(r, "a name, '*' or '[' is missing");
	while (is_name_byte(*r->p))
		add_byte(r, step, *r->p++);
	return VL_OK;
}

static enum vl_status
read_quoted_name(struct reader *r, struct step *step)
{
	const char quote = *r->p++;

	step->kind = STEP_NAME;
	for (; *r->p != quote; r->p++) {
		if (*r->p == '\\') {
			r->p++;
			if (*r->p != '\\' && *r->p != '\'' && *r->p != '"')
				return refuse(r,
				    "in quotes a backslash stands only before "
				    "a quote or a backslash");
		}
		if (*r->p == '\0')
			return refuse(r, "the quote is not closed");
		add_byte(r, step, *r->p);
	}
	r->p++;
	return VL_OK;
}

static enum vl_status
read_index(struct reader *r, struct step *step)
{
	const char *first = r->p;
	size_t digit = 0;

	step->kind = STEP_INDEX;
	for (; *r->p >= '0' && *r->p <= '9'; r->p++) {
		digit = (size_t)(*r->p - '0');
		if (step->index > (SIZE_MAX - digit) / 10)
			return refuse(r, "the index is too large");
		step->index = step->index * 10 + digit;
	}
	if (r->p == first || (*first == '0' && r->p - first > 1))
		return refuse(r,
		    "in brackets stands a name in quotes, a number or '*'; "
		    "no filter, slice or list");
	return VL_OK;
}

static enum vl_status
read_bracket(struct reader *r, struct step *step)
{
	enum vl_status st = VL_OK;

	r->p++;
	if (*r->p == '*') {
		step->kind = STEP_ANY;
		r->p++;
	} else if (*r->p == '\'' || *r->p == '"') {
		st = read_quoted_name(r, step);
	} else {
		st = read_index(r, step);
	}
	if (st != VL_OK)
		return st;
	if (*r->p != ']')
		return refuse(r, "']' is missing");
	r->p++;
	return VL_OK;
}

static enum vl_status
read_step(struct reader *r)
{
	struct json_path *path = r->path;
	struct step *step = NULL;

	if (r->p[0] == '~' && r->p[1] == '\0' && path->n > 0) {
		path->keys = true;
		r->p++;
		return VL_OK;
	}
	if (r->p[0] == '~')
		return refuse(r, "'~' stands at the end, behind a step");
	if (path->n == STEPS_MAX)
		return refuse(r, "more than 63 steps");
	step = &path->steps[path->n++];
	if (r->p[0] == '.' && r->p[1] == '.') {
		step->below = true;
		r->p += 2;
	} else if (r->p[0] == '.') {
		r->p++;
		if (*r->p == '[')
			return refuse(r, "a name or '*' is missing");
	} else if (r->p[0] != '[') {
		return refuse(r, "'.' or '[' is missing");
	}
	if (*r->p == '[')
		return read_bracket(r, step);
	if (*r->p == '*') {
		step->kind = STEP_ANY;
		r->p++;
		return VL_OK;
	}
	return read_plain_name(r, step);
}

enum vl_status
json_path_read(struct json_path *path, const char *text, struct vl_err *err)
{
	struct reader r = { text, text, path, err };
	enum vl_status st = VL_OK;

	if (*text != '$')
		return refuse(&r, "it does not begin with '$'");
	if (!vl_utf8_valid(vl_slice_of(text)))
		return refuse(&r, "it is not UTF-8");
	st = vl_buf_reserve(&path->names, strlen(text) + 1, err);
	r.p++;
	while (st == VL_OK && *r.p != '\0')
		st = read_step(&r);
	return st;
}

static bool
name_is(struct vl_slice name, struct vl_slice raw, bool escaped)
{
	struct unit u = { 0 };

	if (!escaped)
		return vl_slice_equal(name, raw);
	while (raw.n > 0) {
		if (!json_unit(&u, raw) || u.lone || u.n > name.n ||
		    memcmp(u.bytes, name.p, u.n) != 0)
			return false;
		raw.p += u.raw;
		raw.n -= u.raw;
		name.p += u.n;
		name.n -= u.n;
	}
	return name.n == 0;
}

uint64_t
path_step(const struct json_path *path, uint64_t before, const struct kid *kid)
{
	const struct step *step = NULL;
	uint64_t states = 0;
	bool fits = false;
	size_t i = 0;

	for (i = 0; path != NULL && before != 0 && i < path->n; i++) {
		if ((before >> i & 1) == 0)
			continue;
		step = &path->steps[i];
		fits = step->kind == STEP_ANY;
		if (step->kind == STEP_NAME && kid->named)
			fits = name_is(step->name, kid->name, kid->escaped);
		if (step->kind == STEP_INDEX && kid->indexed)
			fits = step->index == kid->index;
		if (fits)
			states |= UINT64_C(1) << (i + 1);
		if (step->below)
			states |= UINT64_C(1) << i;
	}
	return states;
}

enum vl_status
path_add_name(struct vl_buf *path, struct vl_slice name, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	bool plain = name.n > 0;
	size_t i = 0;

	for (i = 0; i < name.n; i++)
		plain = plain && name.p[i] != 0 &&
		    (strchr("_-$", name.p[i]) != NULL ||
		        (name.p[i] >= '0' && name.p[i] <= '9') ||
		        ((name.p[i] | 0x20) >= 'a' &&
		            (name.p[i] | 0x20) <= 'z') ||
		        name.p[i] >= 0x80);
	st = vl_buf_add_text(path, plain ? "." : "['", err);
	if (st == VL_OK)
		st = vl_buf_add(path, name, err);
	return st == VL_OK && !plain ? vl_buf_add_text(path, "']", err) : st;
}

void
json_path_free(struct json_path *path)
{
	vl_buf_free(&path->names);
}
