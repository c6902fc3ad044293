/* A text as a scalar of YAML: plain where it can be, else in quotes. */

#include <string.h>
#include <strings.h>

#include <valise/draft.h>
#include <valise/text.h>

static bool
is_plain(const char *text)
{
	static const char *const words[] = { "true", "false", "null", "yes",
		"no", "on", "off", "y", "n", NULL };
	const char *at = text;
	size_t i = 0;

	if (strspn(text, "0123456789-.") > 0 || *text == '\0')
		return false;
	for (; *at != '\0'; at++)
		if (strchr(
		        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		        "0123456789_.-",
		        *at) == NULL)
			return false;
	for (i = 0; words[i] != NULL; i++)
		if (strcasecmp(text, words[i]) == 0)
			return false;
	return true;
}

/* The character at `text`, and how many bytes it has; `text` is UTF-8. */
static unsigned
read_utf8(const char *text, size_t *n)
{
	const unsigned char *p = (const unsigned char *)text;

	if (p[0] < 0x80) {
		*n = 1;
		return p[0];
	}
	if (p[0] < 0xe0) {
		*n = 2;
		return (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
	}
	if (p[0] < 0xf0) {
		*n = 3;
		return (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 |
		    (p[2] & 0x3fu);
	}
	*n = 4;
	return 0x10000;
}

/* YAML does not take these as they are, or a reader is misled by them. */
static bool
needs_escape(unsigned c)
{
	if (c == 0x061c || c == 0x200e || c == 0x200f ||
	    (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
		return true;
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 ||
	    c == 0x2029 || c == 0xfeff || c == 0xfffe || c == 0xffff;
}

enum vl_status
vl_draft_scalar(struct vl_buf *out, const char *text, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	unsigned c = 0;
	size_t n = 0;

	if (!vl_utf8_valid(vl_slice_of(text)))
		return vl_fail(err, VL_EUSAGE,
		    "a name is not UTF-8; a site file cannot hold it");
	if (is_plain(text))
		return vl_buf_add_text(out, text, err);
	st = vl_buf_add_text(out, "\"", err);
	for (; st == VL_OK && *text != '\0'; text += n) {
		c = read_utf8(text, &n);
		if (c == '"' || c == '\\')
			st = vl_buf_printf(out, err, "\\%c", c);
		else if (needs_escape(c))
			st = vl_buf_printf(out, err, "\\u%04X", c);
		else
			st = vl_buf_add(out,
			    (struct vl_slice){ (const uint8_t *)text, n }, err);
	}
	return st == VL_OK ? vl_buf_add_text(out, "\"", err) : st;
}
