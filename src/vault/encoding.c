/*
 * How the parts of a value are spelt (formats/ciphers.md, "Encodings").  Each
 * has one spelling: padding as it must be, no stray bits, lines of one length.
 * What is read may be shorter by the last line feed alone.
 */

#include <valise/encode.h>

#include "inside.h"

#define HEX_LINE    80
#define BASE64_LINE 60

static size_t
with_line_feeds(size_t n, size_t line)
{
	return n + (n + line - 1) / line;
}

size_t
encoded_size(enum vl_encoding how, size_t n)
{
	switch (how) {
	case VL_ENCODED_HEX:
		return 2 * n;
	case VL_ENCODED_HEX_LINES:
		return with_line_feeds(2 * n, HEX_LINE);
	case VL_ENCODED_BASE64:
	case VL_ENCODED_BASE64URL_PADDED:
		return VL_B64_SIZE(n) - 1;
	case VL_ENCODED_BASE64_LINES:
		return with_line_feeds(VL_B64_SIZE(n) - 1, BASE64_LINE);
	case VL_ENCODED_BASE64URL:
		return VL_B64U_SIZE(n) - 1;
	case VL_ENCODED_NOT:
	case VL_ENCODED_RAW:
		break;
	}
	return n;
}

/* The text without the line feeds that stand where they must; any other is no
 * digit of what it is then read as. */
static bool
join_lines(uint8_t *out, struct vl_slice *text, size_t line)
{
	const size_t step = line + 1;
	struct vl_slice rest = *text;
	size_t n = 0;
	size_t take = 0;

	for (; rest.n > 0; rest.p += take + 1, rest.n -= take + 1) {
		take = rest.n >= step ? line : rest.n;
		if (rest.n < step && rest.p[rest.n - 1] == '\n')
			take--;
		if (take == 0 || (take < rest.n && rest.p[take] != '\n'))
			return false;
		memcpy(out + n, rest.p, take);
		n += take;
		if (take == rest.n)
			break;
	}
	*text = (struct vl_slice){ out, n };
	return true;
}

static size_t
padding_of(struct vl_slice text)
{
	size_t n = 0;

	while (n < 2 && n < text.n && text.p[text.n - 1 - n] == '=')
		n++;
	return n;
}

static bool
read_base64(uint8_t *out, size_t *n, struct vl_slice text)
{
	if (text.n % 4 != 0)
		return false;
	*n = text.n / 4 * 3 - padding_of(text);
	return vl_unb64(out, *n, text);
}

static bool
read_base64url_padded(uint8_t *out, size_t *n, struct vl_slice text)
{
	if (text.n % 4 != 0)
		return false;
	text.n -= padding_of(text);
	return vl_unb64u_any(out, n, text);
}

bool
encoding_read(
    uint8_t *out, size_t *n, enum vl_encoding how, struct vl_slice text)
{
	uint8_t *joined = out + text.n;

	*n = 0;
	if (text.n == 0)
		return true;
	switch (how) {
	case VL_ENCODED_HEX_LINES:
		if (!join_lines(joined, &text, HEX_LINE))
			return false;
		/* fall through */
	case VL_ENCODED_HEX:
		*n = text.n / 2;
		return vl_unhex(out, *n, text);
	case VL_ENCODED_BASE64_LINES:
		return join_lines(joined, &text, BASE64_LINE) &&
		    read_base64(out, n, text);
	case VL_ENCODED_BASE64:
		return read_base64(out, n, text);
	case VL_ENCODED_BASE64URL:
		return vl_unb64u_any(out, n, text);
	case VL_ENCODED_BASE64URL_PADDED:
		return read_base64url_padded(out, n, text);
	case VL_ENCODED_NOT:
	case VL_ENCODED_RAW:
		break;
	}
	memcpy(out, text.p, text.n);
	*n = text.n;
	return true;
}

/* `n` characters become lines, the last one first. */
static void
split_lines(uint8_t *text, size_t n, size_t line)
{
	size_t i = (n + line - 1) / line;
	size_t take = 0;

	while (i-- > 0) {
		take = n - i * line;
		n -= take;
		memmove(text + i * (line + 1), text + i * line, take);
		text[i * (line + 1) + take] = '\n';
	}
}

enum vl_status
encoding_write(struct vl_locked *out, enum vl_encoding how,
    struct vl_slice bytes, struct vl_err *err)
{
	const size_t size = encoded_size(how, bytes.n);
	enum vl_status st = vl_locked_reserve(out, size + 1, err);
	char *text = NULL;

	if (st != VL_OK || bytes.n == 0)
		return st;
	text = (char *)out->p + out->n;
	switch (how) {
	case VL_ENCODED_HEX:
	case VL_ENCODED_HEX_LINES:
		(void)vl_hex(text, bytes.p, bytes.n);
		break;
	case VL_ENCODED_BASE64:
	case VL_ENCODED_BASE64_LINES:
		(void)vl_b64(text, bytes.p, bytes.n);
		break;
	case VL_ENCODED_BASE64URL:
	case VL_ENCODED_BASE64URL_PADDED:
		(void)vl_b64u(text, bytes.p, bytes.n);
		memset(text + VL_B64U_SIZE(bytes.n) - 1, '=',
		    size - (VL_B64U_SIZE(bytes.n) - 1));
		break;
	case VL_ENCODED_NOT:
	case VL_ENCODED_RAW:
		memcpy(text, bytes.p, bytes.n);
		break;
	}
	if (how == VL_ENCODED_HEX_LINES)
		split_lines(out->p + out->n, 2 * bytes.n, HEX_LINE);
	if (how == VL_ENCODED_BASE64_LINES)
		split_lines(
		    out->p + out->n, VL_B64_SIZE(bytes.n) - 1, BASE64_LINE);
	out->n += size;
	return VL_OK;
}
