/*
 * Ids as scalars of YAML spell them (formats/values.md, "YAML"): what a plain
 * scalar is to its readers, and texts that leave a scalar what it was.
 */

#include <valise/text.h>

#include "spelled.h"

#define WRITTEN_MAX 512 /* a key is found within 1,024 */

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Of one of three spellings: all, yes; All; ALL. */
static bool
is_word(struct vl_slice text, const char *word)
{
	const size_t n = strlen(word);
	size_t upper = 0;
	size_t i = 0;

	if (text.n != n)
		return false;
	for (i = 0; i < n; i++) {
		if ((text.p[i] | 0x20) != (uint8_t)word[i])
			return false;
		upper += (text.p[i] & 0x20) == 0;
	}
	return upper == 0 || upper == n ||
	    (upper == 1 && (text.p[0] & 0x20) == 0);
}

static const char *const nothings[] = { "null", "true", "false", "yes", "no",
	"on", "off", "y", "n" };
#define NOTHINGS (sizeof(nothings) / sizeof(nothings[0]))

static bool
is_nothing(struct vl_slice text)
{
	size_t i = 0;

	if (text.n == 0 || vl_slice_equal(text, vl_slice_of("~")))
		return true;
	for (i = 0; i < NOTHINGS; i++)
		if (is_word(text, nothings[i]))
			return true;
	return false;
}

/* As many of the text's first bytes as are digits or of `more`. */
static size_t
run_of(struct vl_slice text, const char *more)
{
	size_t i = 0;

	while (i < text.n && text.p[i] != 0 &&
	    (is_digit(text.p[i]) || strchr(more, text.p[i]) != NULL))
		i++;
	return i;
}

static struct vl_slice
behind(struct vl_slice text, size_t n)
{
	return (struct vl_slice){ text.p + n, text.n - n };
}

static bool
has_digit(struct vl_slice text)
{
	size_t i = 0;

	for (i = 0; i < text.n; i++)
		if (is_digit(text.p[i]))
			return true;
	return false;
}

/* 2024-01-31, with whatever behind it but more of a word. */
static bool
is_date(struct vl_slice text)
{
	size_t part[3] = { 0 };
	size_t i = 0;

	for (i = 0; i < 3; i++) {
		part[i] = run_of(text, "");
		text = behind(text, part[i]);
		if (i < 2 && (text.n == 0 || text.p[0] != '-'))
			return false;
		text = i < 2 ? behind(text, 1) : text;
	}
	return part[0] == 4 && part[1] >= 1 && part[1] <= 2 && part[2] >= 1 &&
	    part[2] <= 2 && (text.n == 0 || strchr("Tt \t", text.p[0]) != NULL);
}

/* Any spelling of a number that YAML 1.1, 1.2 or Ruby knows. */
static bool
is_number(struct vl_slice text)
{
	size_t n = 0;

	if (is_date(text))
		return true;
	if (text.n > 0 && (text.p[0] == '+' || text.p[0] == '-'))
		text = behind(text, 1);
	if (text.n == 4 && text.p[0] == '.')
		return is_word(behind(text, 1), "inf") ||
		    is_word(behind(text, 1), "nan");
	if (text.n > 2 && text.p[0] == '0' && is_letter(text.p[1]) &&
	    strchr("xob", text.p[1]) != NULL)
		return run_of(behind(text, 2), "abcdefABCDEF_") == text.n - 2;
	n = run_of(text, "_.:");
	if (n == 0 || !has_digit((struct vl_slice){ text.p, n }) ||
	    (!is_digit(text.p[0]) && text.p[0] != '.'))
		return false;
	if (n == text.n)
		return true;
	if ((text.p[n] | 0x20) != 'e')
		return false;
	text = behind(text, n + 1);
	if (text.n > 0 && (text.p[0] == '+' || text.p[0] == '-'))
		text = behind(text, 1);
	return text.n > 0 && run_of(text, "") == text.n;
}

enum yaml_kind
yaml_kind(struct vl_slice text)
{
	if (is_nothing(text))
		return YAML_IS_NOTHING;
	return is_number(text) ? YAML_IS_NUMBER : YAML_IS_TEXT;
}

/* What a number, a date or a word of `nothings` may hold. */
static bool
is_common(uint8_t c)
{
	return is_letter(c) || is_digit(c) || strchr("+-._: \t\r\n", c) != NULL;
}

bool
yaml_stays_text(struct vl_slice value, const struct leaf *leaf,
    const struct vl_place *first, size_t n)
{
	const uint8_t c = value.p[leaf->at];
	size_t at = leaf->at;
	size_t i = 0;

	if (n == 0)
		return true;
	if (first[0].at > leaf->at && !is_digit(c) && strchr("+-.", c) == NULL)
		return true;
	for (; at < leaf->at + leaf->n; at++) {
		for (; i < n && first[i].at + first[i].n <= at; i++)
			;
		if ((i == n || at < first[i].at) && !is_common(value.p[at]))
			return true;
	}
	return false;
}

/* A character of valid UTF-8: which, and of how many bytes. */
static uint32_t
point_at(const uint8_t *p, size_t *n)
{
	uint32_t point = *p;
	size_t i = 0;

	*n = point < 0x80 ? 1 : point < 0xe0 ? 2 : point < 0xf0 ? 3 : 4;
	if (*n > 1)
		point &= 0xffU >> (*n + 1);
	for (i = 1; i < *n; i++)
		point = point << 6 | (p[i] & 0x3f);
	return point;
}

/* As it is within quotes, and in one line. */
static bool
is_printable(uint32_t point)
{
	if (point < 0x7f)
		return point >= 0x20;
	return point >= 0xa0 && point != 0x2028 && point != 0x2029 &&
	    point != 0xfeff && point != 0xfffe && point != 0xffff;
}

static bool
all_printable(struct vl_slice text)
{
	size_t at = 0;
	size_t n = 0;

	for (at = 0; at < text.n; at += n)
		if (!is_printable(point_at(text.p + at, &n)))
			return false;
	return true;
}

/* Letters, digits, `_` and of `more`, in the middle; of other scripts any
 * printable ones. */
static bool
is_plain(struct vl_slice text, const char *more)
{
	size_t i = 0;
	uint8_t c = 0;

	if (text.n == 0 || !all_printable(text))
		return false;
	for (i = 0; i < text.n; i++) {
		c = text.p[i];
		if (is_letter(c) || is_digit(c) || c == '_' || c >= 0x80)
			continue;
		if (i == 0 || i + 1 == text.n || strchr(more, c) == NULL)
			return false;
		if (c == ':' && text.p[i + 1] == ' ')
			return false;
	}
	return true;
}

/* What would make "no" of an "n". */
static bool
ends_nothing(struct vl_slice text)
{
	struct vl_slice end = { NULL, 0 };
	size_t i = 0;

	for (i = 0; i < NOTHINGS; i++) {
		end = vl_slice_of(nothings[i]);
		if (text.n >= end.n)
			continue;
		end = behind(end, end.n - text.n);
		if (strncasecmp(
		        (const char *)text.p, (const char *)end.p, text.n) == 0)
			return true;
	}
	return false;
}

static enum vl_status
refuse(struct vl_slice text, const char *where, struct vl_err *err)
{
	char shown[128];

	return vl_fail(err, VL_EFORMAT,
	    "cannot write '%s' %s of YAML: put the id into double quotes at "
	    "the source",
	    vl_escape_text(shown, sizeof(shown), text), where);
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* `---` and `...` end a document at the beginning of a line. */
static bool
begins_as_mark(struct vl_slice text)
{
	return text.n >= 3 && (text.n == 3 || is_blank(text.p[3])) &&
	    (memcmp(text.p, "---", 3) == 0 || memcmp(text.p, "...", 3) == 0);
}

static enum vl_status
write_single(struct vl_buf *out, struct vl_slice text, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (!all_printable(text) || begins_as_mark(text) ||
	    (text.n > 0 &&
	        (is_blank(text.p[0]) || is_blank(text.p[text.n - 1]))))
		return refuse(text, "within the single quotes", err);
	st = vl_buf_reserve(out, 2 * text.n, err);
	for (i = 0; st == VL_OK && i < text.n; i++) {
		out->p[out->n++] = text.p[i];
		if (text.p[i] == '\'')
			out->p[out->n++] = '\'';
	}
	return st;
}

static enum vl_status
write_double(struct vl_buf *out, struct vl_slice text, struct vl_err *err)
{
	const bool mark = begins_as_mark(text);
	enum vl_status st = VL_OK;
	uint32_t point = 0;
	size_t at = 0;
	size_t n = 0;

	for (at = 0; st == VL_OK && at < text.n; at += n) {
		point = point_at(text.p + at, &n);
		if (point == '"' || point == '\\')
			st = vl_buf_printf(out, err, "\\%c", (int)point);
		else if (!is_printable(point) || (at == 0 && mark) ||
		    (point == ' ' && (at == 0 || at + 1 == text.n)))
			st = vl_buf_printf(out, err,
			    point < 0x100 ? "\\x%02x" : "\\u%04x", point);
		else
			st = vl_buf_add(
			    out, (struct vl_slice){ text.p + at, n }, err);
	}
	return st;
}

enum vl_status
yaml_write(struct vl_buf *out, enum vl_part_form form, struct vl_slice text,
    struct vl_err *err)
{
	if (text.n > WRITTEN_MAX || !vl_utf8_valid(text))
		return vl_fail(err, VL_EFORMAT,
		    "cannot write a text into YAML that is not UTF-8 or has "
		    "more than %d bytes",
		    WRITTEN_MAX);
	switch (form) {
	case VL_FORM_YAML_SINGLE:
		return write_single(out, text, err);
	case VL_FORM_YAML_DOUBLE:
		return write_double(out, text, err);
	case VL_FORM_YAML:
		if (!is_plain(text, "-./@+=: ") ||
		    yaml_kind(text) != YAML_IS_TEXT)
			return refuse(text, "as a plain scalar", err);
		break;
	default:
		if (!is_plain(text, "-./") || ends_nothing(text))
			return refuse(text, "as a part of a scalar", err);
	}
	return vl_buf_add(out, text, err);
}

enum vl_status
yaml_text(struct vl_buf *out, enum vl_part_form form, struct vl_slice raw,
    struct vl_err *err)
{
	struct scalar scalar = { .how = SPELLED_DOUBLE, .raw = raw };
	struct spelled s = { 0 };
	enum vl_status st = VL_OK;

	if (form == VL_FORM_YAML_PART)
		return vl_buf_add(out, raw, err);
	if (form != VL_FORM_YAML_DOUBLE)
		scalar.how =
		    form == VL_FORM_YAML ? SPELLED_PLAIN : SPELLED_SINGLE;
	st = spelled_read(&s, &scalar, err);
	if (st == VL_OK)
		st = vl_buf_add(out, vl_buf_slice(&s.text), err);
	spelled_free(&s);
	return st;
}
