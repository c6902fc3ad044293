/*
 * Writer of canonical JSON (formats/manifest.md, "Canonical JSON"): the
 * escapes, numbers and absent spaces of the one form the reader accepts.
 */

#include <endian.h>
#include <string.h>

#include <valise/json.h>
#include <valise/text.h>

#include "json_eight.h"

#define ESCAPE_MAX  6  /* \u001f */
#define STRING_MORE 10 /* quotes, and what is copied of the last bytes */

static void
latch(struct vl_json_w *w, enum vl_status status)
{
	if (w->status == VL_OK)
		w->status = status;
}

/* Room for a value of `n` bytes, behind the comma that parts it from the one
 * before; or NULL after a failure. */
static inline uint8_t *
begin_value(struct vl_json_w *w, size_t n)
{
	struct vl_buf *b = w->out;
	uint8_t *p = NULL;

	if (b->cap - b->n < n + 1)
		latch(w, vl_buf_reserve(b, n + 1, NULL));
	if (w->status != VL_OK)
		return NULL;
	p = b->p + b->n;
	if (w->comma)
		*p++ = ',';
	return p;
}

/* The text ends before `p`; `comma`: what comes next is parted from it. */
static inline void
end_value(struct vl_json_w *w, const uint8_t *p, bool comma)
{
	w->out->n = (size_t)(p - w->out->p);
	w->comma = comma;
}

static inline void
put_byte(struct vl_json_w *w, char c, bool comma)
{
	uint8_t *p = begin_value(w, 1);

	if (p == NULL)
		return;
	*p = (uint8_t)c;
	end_value(w, p + 1, comma);
}

static inline void
put_value(struct vl_json_w *w, const void *bytes, size_t n, bool comma)
{
	uint8_t *p = begin_value(w, n);

	if (p == NULL || n == 0)
		return;
	memcpy(p, bytes, n);
	end_value(w, p + n, comma);
}

/* Write the escape of `c`, an ASCII character that needs one. */
static size_t
escape(uint8_t *out, uint8_t c)
{
	static const char hex[] = "0123456789abcdef";
	static const char plain[] = "\b\f\n\r\t";
	static const char letter[] = "bfnrt";
	const char *at = NULL;

	out[0] = '\\';
	if (c == '"' || c == '\\') {
		out[1] = c;
		return 2;
	}
	at = strchr(plain, c);
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

/* From one to seven bytes, as they stand in memory, and spaces behind them: to
 * copy so few takes longer to begin than to do. */
static uint64_t
last_bytes(struct vl_slice text)
{
	uint64_t eight = UINT64_C(0x2020202020202020) << 8 * text.n;
	uint32_t four = 0;

	if (text.n < sizeof(four)) {
		eight |= (uint64_t)text.p[0] |
		    (uint64_t)text.p[text.n / 2] << 8 * (text.n / 2) |
		    (uint64_t)text.p[text.n - 1] << 8 * (text.n - 1);
		return htole64(eight);
	}
	memcpy(&four, text.p, sizeof(four));
	eight |= le32toh(four);
	memcpy(&four, text.p + text.n - sizeof(four), sizeof(four));
	eight |= (uint64_t)le32toh(four) << 8 * (text.n - sizeof(four));
	return htole64(eight);
}

/* Eight bytes at a time, up to the first of them that has an escape; whether
 * the rest is UTF-8 is looked at where the first is that is no ASCII.  NULL: it
 * is not, or it holds a NUL. */
static uint8_t *
put_string(uint8_t *out, struct vl_slice text)
{
	uint64_t above = JSON_HIGH;
	uint64_t eight = 0;
	uint64_t marks = 0;
	size_t n = sizeof(eight);

	*out++ = '"';
	for (; text.n > 0; text.p += n, text.n -= n) {
		if (text.n >= sizeof(eight)) {
			n = sizeof(eight);
			memcpy(&eight, text.p, sizeof(eight));
		} else {
			n = text.n;
			eight = last_bytes(text);
		}
		memcpy(out, &eight, sizeof(eight));
		marks = json_to_escape(le64toh(eight));
		if ((eight & above) != 0) {
			if (!vl_utf8_valid(text))
				return NULL;
			above = 0;
		}
		if (marks == 0) {
			out += n;
			continue;
		}
		n = (size_t)__builtin_ctzll(marks) / 8;
		out += n;
		if (text.p[n] == 0)
			return NULL;
		out += escape(out, text.p[n++]);
	}
	*out++ = '"';
	return out;
}

void
vl_json_w_init(struct vl_json_w *w, struct vl_buf *out)
{
	*w = (struct vl_json_w){ .out = out, .status = VL_OK };
}

void
vl_json_w_open(struct vl_json_w *w, char bracket)
{
	put_byte(w, bracket, false);
}

void
vl_json_w_close(struct vl_json_w *w, char bracket)
{
	w->comma = false;
	put_byte(w, bracket, true);
}

void
vl_json_w_name(struct vl_json_w *w, struct vl_slice name)
{
	vl_json_w_text(w, name);
	w->comma = false;
	put_byte(w, ':', false);
}

void
vl_json_w_key(struct vl_json_w *w, const char *key)
{
	vl_json_w_name(w, vl_slice_of(key));
}

void
vl_json_w_member(struct vl_json_w *w, struct vl_slice key)
{
	put_value(w, key.p, key.n, false);
}

bool
vl_json_w_try(struct vl_json_w *w, struct vl_slice text)
{
	uint8_t *p = begin_value(w, ESCAPE_MAX * text.n + STRING_MORE);

	if (p == NULL)
		return true;
	p = put_string(p, text);
	if (p != NULL)
		end_value(w, p, true);
	return p != NULL;
}

void
vl_json_w_text(struct vl_json_w *w, struct vl_slice text)
{
	if (!vl_json_w_try(w, text))
		latch(w, VL_EFORMAT);
}

void
vl_json_w_int(struct vl_json_w *w, int64_t n)
{
	uint8_t *p = begin_value(w, VL_INT_SIZE);

	if (n > VL_JSON_INT_MAX || n < -VL_JSON_INT_MAX)
		latch(w, VL_EFORMAT);
	else if (p != NULL)
		end_value(w, p + vl_int_text((char *)p, n), true);
}

void
vl_json_w_bool(struct vl_json_w *w, bool yes)
{
	if (yes)
		put_value(w, "true", 4, true);
	else
		put_value(w, "false", 5, true);
}

void
vl_json_w_null(struct vl_json_w *w)
{
	put_value(w, "null", 4, true);
}

void
vl_json_w_raw(struct vl_json_w *w, struct vl_slice json)
{
	put_value(w, json.p, json.n, true);
}

void
vl_json_w_pieces(struct vl_json_w *w, struct vl_slice begin,
    struct vl_slice middle, struct vl_slice end)
{
	uint8_t *p = begin_value(w, begin.n + middle.n + end.n);

	if (p == NULL)
		return;
	memcpy(p, begin.p, begin.n);
	if (middle.n > 0)
		memcpy(p + begin.n, middle.p, middle.n);
	memcpy(p + begin.n + middle.n, end.p, end.n);
	end_value(w, p + begin.n + middle.n + end.n, true);
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
