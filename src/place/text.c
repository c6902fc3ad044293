/*
 * Strings of JSON (RFC 8259, section 7): what an escape stands for, the text
 * at a place, and a text as it is spelled at a place, with no escape that is
 * not needed.
 */

#include <valise/text.h>

#include "spelled.h"

#define ESCAPE_MAX  6 /* \u0000 */
#define REPLACEMENT 0xfffd

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The 16 bits of a \uXXXX at the beginning of `raw`, or -1. */
static int
hex_escape(struct vl_slice raw)
{
	int value = 0;
	int digit = 0;
	size_t i = 0;

	if (raw.n < 6 || raw.p[0] != '\\' || raw.p[1] != 'u')
		return -1;
	for (i = 2; i < 6; i++) {
		digit = hex_digit(raw.p[i]);
		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

static void
put_point(struct unit *u, uint32_t point)
{
	static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t i = 0;

	u->n = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
	for (i = u->n; --i > 0; point >>= 6)
		u->bytes[i] = (uint8_t)(0x80 | (point & 0x3f));
	u->bytes[0] = (uint8_t)(lead[u->n] | point);
}

static bool
long_unit(struct unit *u, struct vl_slice raw)
{
	const int value = hex_escape(raw);
	uint32_t point = (uint32_t)value;
	int low = -1;

	if (value < 0)
		return false;
	u->raw = 6;
	if (point >= 0xd800 && point < 0xdc00) {
		low = hex_escape((struct vl_slice){ raw.p + 6, raw.n - 6 });
		if (low >= 0xdc00 && low < 0xe000) {
			u->raw = 12;
			point = 0x10000 + ((point & 0x3ff) << 10) +
			    ((uint32_t)low & 0x3ff);
		}
	}
	u->lone = point >= 0xd800 && point < 0xe000;
	put_point(u, u->lone ? REPLACEMENT : point);
	return true;
}

bool
json_unit(struct unit *u, struct vl_slice raw)
{
	static const char letter[] = "\"\\/bfnrt";
	static const char means[] = "\"\\/\b\f\n\r\t";
	const char *at = NULL;

	*u = (struct unit){ .bytes = { raw.p[0] }, .n = 1, .raw = 1 };
	if (raw.p[0] != '\\')
		return true;
	if (raw.n < 2)
		return false;
	at = memchr(letter, raw.p[1], sizeof(letter) - 1);
	if (at == NULL)
		return long_unit(u, raw);
	u->bytes[0] = (uint8_t)means[at - letter];
	u->raw = 2;
	return true;
}

enum vl_status
json_text(struct vl_buf *out, struct vl_slice raw, struct vl_err *err)
{
	/* No escape is shorter than what it stands for. */
	enum vl_status st = vl_buf_reserve(out, raw.n, err);
	struct unit u = { 0 };

	if (st != VL_OK)
		return st;
	while (raw.n > 0) {
		if (!json_unit(&u, raw))
			return vl_fail(err, VL_EFORMAT,
			    "a place holds what is no JSON string");
		memcpy(out->p + out->n, u.bytes, u.n);
		out->n += u.n;
		raw.p += u.raw;
		raw.n -= u.raw;
	}
	return VL_OK;
}

enum vl_status
vl_place_read(struct vl_buf *out, struct vl_slice value,
    const struct vl_place *place, struct vl_err *err)
{
	struct vl_slice raw = { NULL, place->n };

	if (place->at > value.n || place->n > value.n - place->at)
		return vl_fail(
		    err, VL_EFORMAT, "a place lies outside of its value");
	if (place->n == 0)
		return VL_OK;
	raw.p = value.p + place->at;
	if (place->form == VL_FORM_JSON_TEXT)
		return json_text(out, raw, err);
	if (place->form >= VL_FORM_YAML)
		return yaml_text(out, place->form, raw, err);
	return vl_buf_add(out, raw, err);
}

static size_t
escape(uint8_t *out, uint8_t c)
{
	static const char hex[] = "0123456789abcdef";
	static const char plain[] = "\"\\\b\f\n\r\t";
	static const char letter[] = "\"\\bfnrt";
	const char *at = memchr(plain, c, sizeof(plain) - 1);

	out[0] = '\\';
	if (at != NULL) {
		out[1] = (uint8_t)letter[at - plain];
		return 2;
	}
	out[1] = 'u';
	out[2] = '0';
	out[3] = '0';
	out[4] = (uint8_t)hex[c >> 4];
	out[5] = (uint8_t)hex[c & 15];
	return ESCAPE_MAX;
}

static enum vl_status
write_text(struct vl_buf *out, struct vl_slice text, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (!vl_utf8_valid(text))
		return vl_fail(err, VL_EFORMAT,
		    "cannot write a text that is not UTF-8 into JSON");
	if (text.n > SIZE_MAX / ESCAPE_MAX)
		return vl_fail_memory(err);
	st = vl_buf_reserve(out, ESCAPE_MAX * text.n, err);
	for (i = 0; st == VL_OK && i < text.n; i++) {
		const uint8_t c = text.p[i];

		if (c < 0x20 || c == '"' || c == '\\')
			out->n += escape(out->p + out->n, c);
		else
			out->p[out->n++] = c;
	}
	return st;
}

enum vl_status
vl_place_count(struct vl_buf *out, size_t from, struct vl_err *err)
{
	const size_t n = out->n - from;
	char head[32];
	const int room = snprintf(head, sizeof(head), "%zu:\"", n);
	enum vl_status st = vl_buf_reserve(out, (size_t)room, err);

	if (st != VL_OK)
		return st;
	memmove(out->p + from + room, out->p + from, n);
	memcpy(out->p + from, head, (size_t)room);
	out->n += (size_t)room;
	return VL_OK;
}

/* -?(0|[1-9][0-9]*), and not -0. */
static bool
is_integer(struct vl_slice text)
{
	const size_t sign = text.n > 0 && text.p[0] == '-' ? 1 : 0;
	size_t i = 0;

	if (text.n == sign)
		return false;
	if (text.p[sign] == '0')
		return text.n == 1;
	for (i = sign; i < text.n; i++)
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
	return true;
}

enum vl_status
vl_place_write(struct vl_buf *out, enum vl_part_form form, struct vl_slice text,
    struct vl_err *err)
{
	char shown[128];

	if (form == VL_FORM_JSON_TEXT)
		return write_text(out, text, err);
	if (form >= VL_FORM_YAML)
		return yaml_write(out, form, text, err);
	if (form == VL_FORM_JSON_NUMBER && !is_integer(text))
		return vl_fail(err, VL_EFORMAT,
		    "cannot write '%s' as a number: not an integer",
		    vl_escape_text(shown, sizeof(shown), text));
	return vl_buf_add(out, text, err);
}
