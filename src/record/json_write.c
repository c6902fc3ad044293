/*
 * Writer of canonical JSON (formats/manifest.md, "Canonical JSON"): the
 * escapes, numbers and absent spaces of the one form the reader accepts.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <valise/json.h>
#include <valise/text.h>

#define ESCAPE_MAX 6 /* \u001f */

static void
latch(struct vl_json_w *w, enum vl_status status)
{
	if (w->status == VL_OK)
		w->status = status;
}

/* Room for `n` more bytes, or NULL after a failure. */
static uint8_t *
room(struct vl_json_w *w, size_t n)
{
	if (w->status == VL_OK)
		latch(w, vl_buf_reserve(w->out, n, NULL));
	return w->status == VL_OK ? w->out->p + w->out->n : NULL;
}

/* A value follows: put the comma that parts it from the one before. */
static void
begin_value(struct vl_json_w *w)
{
	uint8_t *p = room(w, 1);

	if (p != NULL && w->comma) {
		*p = ',';
		w->out->n++;
	}
	w->comma = true;
}

static void
put(struct vl_json_w *w, const char *bytes, size_t n)
{
	uint8_t *p = room(w, n);

	if (p == NULL)
		return;
	memcpy(p, bytes, n);
	w->out->n += n;
}

/* Write the escape of `c`, an ASCII character that needs one. */
static size_t
escape(uint8_t *out, uint8_t c)
{
	static const char hex[] = "0123456789abcdef";
	static const char plain[] = "\"\\\b\f\n\r\t";
	static const char letter[] = "\"\\bfnrt";
	const char *at = strchr(plain, c);

	out[0] = '\\';
	if (at != NULL && c != 0) {
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

/* The high bit of each of eight bytes that is below 0x20, or one of the two
 * that have an escape besides.  A byte above 0x7f may have it, too, beside one
 * that is: only whether there are any is told. */
static uint64_t
to_escape(uint64_t eight)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const uint64_t high = ones << 7;
	const uint64_t quote = eight ^ (ones * '"');
	const uint64_t slash = eight ^ (ones * '\\');

	return (((eight - ones * 0x20) & ~eight) | ((quote - ones) & ~quote) |
	           ((slash - ones) & ~slash)) &
	    high;
}

/* Whether the next eight bytes go as they are. */
static bool
is_plain(struct vl_slice text)
{
	uint64_t eight = 0;

	if (text.n < sizeof(eight))
		return false;
	memcpy(&eight, text.p, sizeof(eight));
	return to_escape(eight) == 0;
}

static void
put_string(struct vl_json_w *w, struct vl_slice text)
{
	uint8_t *p = room(w, ESCAPE_MAX * text.n + 2);
	uint8_t *out = p;
	size_t n = 0;
	size_t i;

	if (p == NULL)
		return;
	*out++ = '"';
	for (; text.n > 0; text.p += n, text.n -= n) {
		n = text.n < 8 ? text.n : 8;
		if (is_plain(text)) {
			memcpy(out, text.p, n);
			out += n;
			continue;
		}
		for (i = 0; i < n; i++) {
			if (text.p[i] >= 0x20 && text.p[i] != '"' &&
			    text.p[i] != '\\')
				*out++ = text.p[i];
			else if (text.p[i] != 0)
				out += escape(out, text.p[i]);
			else
				latch(w, VL_EFORMAT);
		}
	}
	*out++ = '"';
	w->out->n += (size_t)(out - p);
}

void
vl_json_w_init(struct vl_json_w *w, struct vl_buf *out)
{
	*w = (struct vl_json_w){ .out = out, .status = VL_OK };
}

void
vl_json_w_open(struct vl_json_w *w, char bracket)
{
	begin_value(w);
	put(w, &bracket, 1);
	w->comma = false;
}

void
vl_json_w_close(struct vl_json_w *w, char bracket)
{
	put(w, &bracket, 1);
	w->comma = true;
}

void
vl_json_w_name(struct vl_json_w *w, struct vl_slice name)
{
	vl_json_w_text(w, name);
	put(w, ":", 1);
	w->comma = false;
}

void
vl_json_w_key(struct vl_json_w *w, const char *key)
{
	vl_json_w_name(w, vl_slice_of(key));
}

void
vl_json_w_text(struct vl_json_w *w, struct vl_slice text)
{
	begin_value(w);
	if (!vl_utf8_valid(text))
		latch(w, VL_EFORMAT);
	put_string(w, text);
}

void
vl_json_w_int(struct vl_json_w *w, int64_t n)
{
	char digits[24];
	int size;

	if (n > VL_JSON_INT_MAX || n < -VL_JSON_INT_MAX)
		latch(w, VL_EFORMAT);
	begin_value(w);
	size = snprintf(digits, sizeof(digits), "%" PRId64, n);
	put(w, digits, (size_t)size);
}

void
vl_json_w_bool(struct vl_json_w *w, bool yes)
{
	begin_value(w);
	if (yes)
		put(w, "true", 4);
	else
		put(w, "false", 5);
}

void
vl_json_w_null(struct vl_json_w *w)
{
	begin_value(w);
	put(w, "null", 4);
}

void
vl_json_w_raw(struct vl_json_w *w, struct vl_slice json)
{
	begin_value(w);
	put(w, (const char *)json.p, json.n);
}

enum vl_status
vl_json_w_end(struct vl_json_w *w, struct vl_err *err)
{
	if (w->status == VL_EFORMAT)
		return vl_fail(err, VL_EFORMAT,
		    "cannot write JSON: a text is not UTF-8 or holds a NUL, "
		    "or a number is 10^15 or more");
	return w->status == VL_OK ? VL_OK : vl_fail_memory(err);
}
