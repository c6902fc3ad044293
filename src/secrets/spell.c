/* A secret as it is spelled where it is to stand. */

#include <stdio.h>
#include <string.h>

#include <valise/text.h>

#include "files.h"

#define ESCAPED 6 /* bytes that one can become between quotes */

/* Between double quotes, of JSON and of YAML alike. */
static enum vl_status
quoted(struct vl_locked *out, struct vl_slice value, struct vl_err *err)
{
	static const char digits[] = "0123456789abcdef";
	static const char from[] = "\"\\\b\f\n\r\t";
	static const char to[] = "\"\\bfnrt";
	const char *known = NULL;
	uint8_t *p = NULL;
	size_t i = 0;

	if (!vl_utf8_valid(value))
		return vl_fail(err, VL_EREFUSED,
		    "it is not UTF-8, and cannot stand between quotes");
	if (vl_locked_reserve(out, ESCAPED * value.n + 1, err) != VL_OK)
		return err->status;
	for (i = 0; i < value.n; i++) {
		p = out->p + out->n;
		known = value.p[i] == 0 ? NULL : strchr(from, value.p[i]);
		if (known != NULL) {
			p[0] = '\\';
			p[1] = (uint8_t)to[known - from];
			out->n += 2;
		} else if (value.p[i] < 0x20 || value.p[i] == 0x7f) {
			memcpy(p, "\\u00", 4);
			p[4] = (uint8_t)digits[value.p[i] >> 4];
			p[5] = (uint8_t)digits[value.p[i] & 15];
			out->n += 6;
		} else {
			*p = value.p[i];
			out->n++;
		}
	}
	return VL_OK;
}

static bool
is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_';
}

/* A number, or a word that is one text to all readers of YAML. */
static bool
may_be_bare(struct vl_slice value)
{
	size_t i = 0;

	if (value.n == 0 || vl_hidden_nothing(value))
		return false;
	for (i = 0; i < value.n; i++)
		if (!is_letter(value.p[i]) &&
		    (i + 1 == value.n ||
		        memchr("-./@+=", value.p[i], 6) == NULL))
			return false;
	return is_letter(value.p[0]) || value.p[0] == '-';
}

/* How many digits stand from `at` on. */
static size_t
count_digits(struct vl_slice value, size_t at)
{
	size_t i = at;

	while (i < value.n && value.p[i] >= '0' && value.p[i] <= '9')
		i++;
	return i - at;
}

/* As JSON spells one. */
static bool
is_number(struct vl_slice value)
{
	size_t i = value.n > 0 && value.p[0] == '-';
	size_t n = count_digits(value, i);

	if (n == 0 || (n > 1 && value.p[i] == '0'))
		return false;
	i += n;
	if (i < value.n && value.p[i] == '.') {
		n = count_digits(value, i + 1);
		if (n == 0)
			return false;
		i += 1 + n;
	}
	if (i < value.n && (value.p[i] == 'e' || value.p[i] == 'E')) {
		i++;
		i += i < value.n && (value.p[i] == '-' || value.p[i] == '+');
		n = count_digits(value, i);
		if (n == 0)
			return false;
		i += n;
	}
	return i == value.n;
}

/* Where no quotes were; of JSON only a number stands so. */
static enum vl_status
bare(
    struct vl_locked *out, struct vl_slice value, bool json, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (json ? is_number(value) : may_be_bare(value))
		return vl_locked_add(out, value, err);
	st = vl_locked_add(out, vl_slice_of("\""), err);
	if (st == VL_OK)
		st = quoted(out, value, err);
	return st == VL_OK ? vl_locked_add(out, vl_slice_of("\""), err) : st;
}

static enum vl_status
single(struct vl_locked *out, struct vl_slice value, struct vl_err *err)
{
	enum vl_status st = vl_locked_reserve(out, 2 * value.n + 1, err);
	size_t i = 0;

	for (i = 0; st == VL_OK && i < value.n; i++) {
		out->p[out->n++] = value.p[i];
		if (value.p[i] == '\'')
			out->p[out->n++] = '\'';
	}
	return st;
}

/* Each line as far in as the first. */
static enum vl_status
lines(struct vl_locked *out, struct vl_slice value, struct vl_err *err)
{
	struct vl_slice blanks = { 0 };
	enum vl_status st = VL_OK;
	size_t indent = 0;
	size_t i = 0;

	while (indent < out->n && out->p[out->n - indent - 1] == ' ')
		indent++;
	if (value.n > 0 && value.p[value.n - 1] == '\n')
		value.n--;
	for (i = 0; st == VL_OK && i < value.n; i++) {
		st = vl_locked_add(
		    out, (struct vl_slice){ value.p + i, 1 }, err);
		if (st != VL_OK || value.p[i] != '\n' ||
		    (i + 1 < value.n && value.p[i + 1] == '\n'))
			continue;
		for (blanks.n = 0; st == VL_OK && blanks.n < indent; blanks.n++)
			st = vl_locked_add(out, vl_slice_of(" "), err);
	}
	return st;
}

enum vl_status
files_spell(struct vl_locked *out, const struct files_spelling *how,
    struct vl_slice value, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	switch (how->form) {
	case FORM_CONSTANT:
	case FORM_CONSTANT_DOUBLE:
		st = vl_hidden_define_write(
		    out, how->form == FORM_CONSTANT ? '\'' : '"', value, err);
		return st == VL_EUSAGE ?
		    vl_fail(err, VL_EREFUSED,
		        "it cannot stand between double quotes of PHP") :
		    st;
	case FORM_JSON:
	case FORM_YAML_DOUBLE:
		return quoted(out, value, err);
	case FORM_BARE:
		return bare(out, value, how->json, err);
	case FORM_YAML_SINGLE:
		return single(out, value, err);
	case FORM_YAML_LINES:
		return lines(out, value, err);
	default:
		return vl_locked_add(out, value, err);
	}
}
