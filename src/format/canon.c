/*
 * Canonical JSON of heads and keys: cJSON parses, and accepts too much; so
 * the tree is walked for what a print cannot show, and the print must be the
 * input again, byte for byte (formats/manifest.md, "Canonical JSON").
 */

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/encode.h>
#include <valise/format.h>
#include <valise/text.h>

#include "canon.h"

#define NAME_SHOWN 128
#define LOWER      "abcdefghijklmnopqrstuvwxyz"
#define UPPER      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS     "0123456789"

static enum vl_status
walk_number(const cJSON *value, struct vl_err *err)
{
	const double most = (double)CANON_INT_MAX;
	double d = value->valuedouble;

	/* Not-a-number fails the comparisons as well. */
	if (!(d >= -most && d <= most) || d != (double)(int64_t)d)
		return vl_fail(
		    err, VL_EFORMAT, "a number is no integer below 10^15");
	if (d == 0 && signbit(d))
		return vl_fail(err, VL_EFORMAT, "a number is -0");
	return VL_OK;
}

static enum vl_status
walk(const cJSON *value, unsigned depth, struct vl_err *err)
{
	const cJSON *child = NULL;
	const char *before = NULL;
	enum vl_status st = VL_OK;

	if (cJSON_IsNumber(value))
		return walk_number(value, err);
	if (!cJSON_IsObject(value) && !cJSON_IsArray(value))
		return VL_OK;
	if (depth > VL_JSON_DEPTH_MAX)
		return vl_fail(err, VL_EFORMAT, "JSON is deeper than %d",
		    VL_JSON_DEPTH_MAX);
	cJSON_ArrayForEach(child, value)
	{
		if (cJSON_IsObject(value)) {
			if (before != NULL &&
			    strcmp(before, child->string) >= 0)
				return vl_fail(
				    err, VL_EFORMAT, "JSON keys do not ascend");
			before = child->string;
		}
		st = walk(child, depth + 1, err);
		if (st != VL_OK)
			return st;
	}
	return VL_OK;
}

enum vl_status
canon_parse(cJSON **root, struct vl_slice text, size_t max, struct vl_err *err)
{
	cJSON *parsed = NULL;
	char *printed = NULL;
	enum vl_status st = VL_OK;

	*root = NULL;
	if (text.n > max)
		return vl_fail(err, VL_ELIMIT,
		    "JSON text is %zu bytes, more than %zu", text.n, max);
	if (text.n == 0 || memchr(text.p, 0, text.n) != NULL ||
	    !vl_utf8_valid(text))
		return vl_fail(err, VL_EFORMAT, "not a JSON text in UTF-8");
	parsed = cJSON_ParseWithLength((const char *)text.p, text.n);
	if (parsed == NULL) {
		st = vl_fail(err, VL_EFORMAT, "not a JSON text");
		goto out;
	}
	st = walk(parsed, 1, err);
	if (st != VL_OK)
		goto out;
	printed = cJSON_PrintUnformatted(parsed);
	if (printed == NULL) {
		st = vl_fail_memory(err);
		goto out;
	}
	if (!vl_slice_equal(vl_slice_of(printed), text)) {
		st = vl_fail(err, VL_EFORMAT, "JSON is not in canonical form");
		goto out;
	}
	*root = parsed;
	parsed = NULL;
out:
	cJSON_free(printed);
	cJSON_Delete(parsed);
	return st;
}

enum vl_status
canon_parse_line(
    cJSON **root, struct vl_slice text, size_t max, struct vl_err *err)
{
	*root = NULL;
	if (text.n > max)
		return vl_fail(err, VL_ELIMIT,
		    "JSON text is %zu bytes, more than %zu", text.n, max);
	if (text.n == 0 || text.p[text.n - 1] != '\n')
		return vl_fail(
		    err, VL_EFORMAT, "JSON text does not end with a line feed");
	text.n--;
	return canon_parse(root, text, max, err);
}

void
canon_fail(struct canon_obj *o, enum vl_status status, const char *format, ...)
{
	char text[512];
	va_list ap;

	if (o->status != VL_OK)
		return;
	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	o->status = vl_fail(o->err, status, "%s: %s", o->what, text);
}

void
canon_open(struct canon_obj *o, const cJSON *value, const char *what,
    struct vl_err *err)
{
	*o = (struct canon_obj){ .what = what, .err = err };
	if (!cJSON_IsObject(value)) {
		canon_fail(o, VL_EFORMAT, "not an object");
		return;
	}
	o->next = value->child;
}

static bool
extension(const struct canon_obj *o, const cJSON *member)
{
	const char *name = member->string;

	return !o->strict && strncmp(name, "x_", 2) == 0 &&
	    name[strspn(name, LOWER DIGITS "_")] == '\0';
}

static void
fail_unknown(struct canon_obj *o, const char *name)
{
	char shown[NAME_SHOWN];

	canon_fail(o, VL_EFORMAT, "member '%s' is not known",
	    vl_escape_text(shown, sizeof(shown), vl_slice_of(name)));
}

const cJSON *
canon_maybe(struct canon_obj *o, const char *name)
{
	const cJSON *found = NULL;

	if (o->status != VL_OK)
		return NULL;
	while (o->next != NULL && extension(o, o->next) &&
	    strcmp(o->next->string, name) < 0)
		o->next = o->next->next;
	if (o->next == NULL)
		return NULL;
	if (strcmp(o->next->string, name) < 0) {
		fail_unknown(o, o->next->string);
		return NULL;
	}
	if (strcmp(o->next->string, name) != 0)
		return NULL;
	found = o->next;
	o->next = found->next;
	return found;
}

const cJSON *
canon_get(struct canon_obj *o, const char *name)
{
	const cJSON *found = canon_maybe(o, name);

	if (found == NULL)
		canon_fail(o, VL_EFORMAT, "member '%s' is missing", name);
	return found;
}

enum vl_status
canon_end(struct canon_obj *o)
{
	while (o->status == VL_OK && o->next != NULL) {
		if (!extension(o, o->next))
			fail_unknown(o, o->next->string);
		o->next = o->next->next;
	}
	return o->status;
}

uint64_t
canon_item_uint(struct canon_obj *o, const cJSON *value, const char *name,
    uint64_t min, uint64_t max)
{
	double d = 0;

	if (o->status != VL_OK)
		return 0;
	if (!cJSON_IsNumber(value)) {
		canon_fail(o, VL_EFORMAT, "'%s' is not a number", name);
		return 0;
	}
	d = value->valuedouble;
	if (d < (double)min || d > (double)max) {
		canon_fail(o, VL_EFORMAT, "'%s' is %.0f, not in %llu..%llu",
		    name, d, (unsigned long long)min, (unsigned long long)max);
		return 0;
	}
	return (uint64_t)d;
}

uint64_t
canon_uint(struct canon_obj *o, const char *name, uint64_t min, uint64_t max)
{
	return canon_item_uint(o, canon_get(o, name), name, min, max);
}

/* The text of a string member, or an empty slice after a failure. */
static struct vl_slice
text_of(struct canon_obj *o, const cJSON *value, const char *name)
{
	if (o->status != VL_OK)
		return (struct vl_slice){ 0 };
	if (!cJSON_IsString(value)) {
		canon_fail(o, VL_EFORMAT, "'%s' is not a string", name);
		return (struct vl_slice){ 0 };
	}
	return vl_slice_of(value->valuestring);
}

void
canon_hex(struct canon_obj *o, const char *name, uint8_t *out, size_t n)
{
	struct vl_slice text = text_of(o, canon_get(o, name), name);

	memset(out, 0, n);
	if (o->status == VL_OK && !vl_unhex(out, n, text))
		canon_fail(o, VL_EFORMAT,
		    "'%s' is not %zu bytes in lower-case hex", name, n);
}

void
canon_b64u(struct canon_obj *o, const char *name, uint8_t *out, size_t n)
{
	struct vl_slice text = text_of(o, canon_get(o, name), name);

	memset(out, 0, n);
	if (o->status == VL_OK && !vl_unb64u(out, n, text))
		canon_fail(o, VL_EFORMAT, "'%s' is not %zu bytes in base64url",
		    name, n);
}

static void
copy_text(struct canon_obj *o, const cJSON *value, const char *name, char *out,
    size_t size)
{
	struct vl_slice text = text_of(o, value, name);

	out[0] = '\0';
	if (o->status != VL_OK)
		return;
	if (text.n == 0 || text.n >= size) {
		canon_fail(o, VL_EFORMAT, "'%s' is %zu bytes, not 1..%zu", name,
		    text.n, size - 1);
		return;
	}
	memcpy(out, text.p, text.n);
	out[text.n] = '\0';
}

void
canon_text(struct canon_obj *o, const char *name, char *out, size_t size)
{
	copy_text(o, canon_get(o, name), name, out, size);
}

void
canon_text_maybe(struct canon_obj *o, const char *name, char *out, size_t size)
{
	const cJSON *value = canon_maybe(o, name);

	out[0] = '\0';
	if (value != NULL)
		copy_text(o, value, name, out, size);
}

bool
canon_name_valid(const char *name)
{
	size_t n = strspn(name, LOWER UPPER DIGITS "-");

	return n > 0 && n <= VL_SITE_MAX && name[n] == '\0';
}

void
canon_name(struct canon_obj *o, const char *name, char *out, size_t size)
{
	canon_text(o, name, out, size);
	if (o->status == VL_OK && !canon_name_valid(out))
		canon_fail(o, VL_EFORMAT,
		    "'%s' is not made of letters, digits and dashes", name);
}

void
canon_word(struct canon_obj *o, const char *name, const char *word)
{
	struct vl_slice text = text_of(o, canon_get(o, name), name);

	if (o->status == VL_OK && !vl_slice_equal(text, vl_slice_of(word)))
		canon_fail(o, VL_EFORMAT, "'%s' is not '%s'", name, word);
}

const cJSON *
canon_array(struct canon_obj *o, const char *name, size_t *n)
{
	const cJSON *value = canon_get(o, name);

	*n = 0;
	if (o->status != VL_OK)
		return NULL;
	if (!cJSON_IsArray(value)) {
		canon_fail(o, VL_EFORMAT, "'%s' is not an array", name);
		return NULL;
	}
	*n = (size_t)cJSON_GetArraySize(value);
	return value;
}

enum vl_status
canon_version(const cJSON *root, const char *what, struct vl_err *err)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(root, "v");

	if (!cJSON_IsNumber(v))
		return vl_fail(err, VL_EFORMAT, "%s: no version", what);
	if (v->valuedouble != VL_FORMAT_VERSION)
		return vl_fail(err, VL_EFORMAT,
		    "%s: version %.0f is not known, only %d", what,
		    v->valuedouble, VL_FORMAT_VERSION);
	return VL_OK;
}
