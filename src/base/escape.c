/*
 * UTF-8 (RFC 3629) and names that may reach a terminal: whatever could move
 * the cursor, reorder the line or imitate an escape is shown as \xNN.
 */

#include <valise/text.h>

#define PIECE_MAX 16 /* four bytes as \xNN */

/*
 * The length of the well-formed character at the start of `s` and its code
 * point, or 0.  `s` is not empty.
 */
static size_t
decode(struct vl_slice s, uint32_t *point)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint8_t lead = s.p[0];
	size_t n = 0;
	size_t i = 0;

	if (lead < 0x80) {
		*point = lead;
		return 1;
	}
	if (lead >= 0xc2 && lead <= 0xdf)
		n = 2;
	else if (lead >= 0xe0 && lead <= 0xef)
		n = 3;
	else if (lead >= 0xf0 && lead <= 0xf4)
		n = 4;
	if (n == 0 || n > s.n)
		return 0;
	*point = lead & (0xffu >> (n + 1));
	for (i = 1; i < n; i++) {
		if ((s.p[i] & 0xc0) != 0x80)
			return 0;
		*point = *point << 6 | (s.p[i] & 0x3fu);
	}
	if (*point < least[n] || *point > 0x10ffff ||
	    (*point >= 0xd800 && *point <= 0xdfff))
		return 0;
	return n;
}

/* How many of the first bytes are ASCII, by eights. */
static size_t
ascii_run(struct vl_slice s)
{
	uint64_t eight = 0;
	size_t n = 0;

	for (; s.n - n >= sizeof(eight); n += sizeof(eight)) {
		memcpy(&eight, s.p + n, sizeof(eight));
		if ((eight & UINT64_C(0x8080808080808080)) != 0)
			break;
	}
	return n;
}

bool
vl_utf8_valid(struct vl_slice s)
{
	uint32_t point = 0;
	size_t n = 0;

	while (s.n > 0) {
		n = ascii_run(s);
		s.p += n;
		s.n -= n;
		if (s.n == 0)
			break;
		n = decode(s, &point);
		if (n == 0)
			return false;
		s.p += n;
		s.n -= n;
	}
	return true;
}

static bool
is_plain(uint32_t point)
{
	if (point < 0x20 || point == '\\' || (point >= 0x7f && point <= 0x9f))
		return false;
	/* Bidirectional marks, embeddings, overrides and isolates. */
	return point != 0x061c && point != 0x200e && point != 0x200f &&
	    !(point >= 0x202a && point <= 0x202e) &&
	    !(point >= 0x2066 && point <= 0x2069);
}

/* Take one character off `rest`, write its shown form, return its length. */
static size_t
show_next(char out[PIECE_MAX], struct vl_slice *rest)
{
	static const char digits[] = "0123456789abcdef";
	static const char from[] = "\n\t\r\\";
	static const char to[] = "ntr\\";
	uint32_t point = 0;
	size_t n = decode(*rest, &point);
	const char *known = NULL;
	size_t shown = 0;
	size_t i = 0;

	if (n != 0 && is_plain(point)) {
		memcpy(out, rest->p, n);
		shown = n;
	} else {
		if (n == 0)
			n = 1;
		known = memchr(from, rest->p[0], sizeof(from) - 1);
		if (known != NULL) {
			out[shown++] = '\\';
			out[shown++] = to[known - from];
		}
		for (i = 0; known == NULL && i < n; i++) {
			out[shown++] = '\\';
			out[shown++] = 'x';
			out[shown++] = digits[rest->p[i] >> 4];
			out[shown++] = digits[rest->p[i] & 15];
		}
	}
	rest->p += n;
	rest->n -= n;
	return shown;
}

void
vl_tame(char *text)
{
	struct vl_slice rest = { (const uint8_t *)text, strlen(text) };
	uint32_t point = 0;
	size_t at = 0;
	size_t n = 0;

	for (at = 0; rest.n > 0; at += n) {
		n = decode(rest, &point);
		if (n == 0 || (!is_plain(point) && point != '\\')) {
			n += n == 0;
			memset(text + at, '?', n);
		}
		rest.p += n;
		rest.n -= n;
	}
}

enum vl_status
vl_escape(struct vl_buf *out, struct vl_slice name, struct vl_err *err)
{
	char piece[PIECE_MAX];
	enum vl_status st = VL_OK;
	struct vl_slice shown = { (const uint8_t *)piece, 0 };

	st = vl_buf_reserve(out, name.n, err);
	while (st == VL_OK && name.n > 0) {
		shown.n = show_next(piece, &name);
		st = vl_buf_add(out, shown, err);
	}
	return st;
}

enum vl_status
vl_escape_json(struct vl_buf *out, struct vl_slice json, struct vl_err *err)
{
	struct vl_slice rest = json;
	enum vl_status st = VL_OK;
	uint32_t point = 0;
	size_t n = 0;

	while (st == VL_OK && rest.n > 0) {
		n = decode(rest, &point);
		rest.p += n == 0 ? 1 : n;
		rest.n -= n == 0 ? 1 : n;
		if (n == 0 || point < 0x7f || is_plain(point))
			continue;
		json.n = (size_t)(rest.p - json.p) - n;
		st = vl_buf_add(out, json, err);
		if (st == VL_OK)
			st =
			    vl_buf_printf(out, err, "\\u%04x", (unsigned)point);
		json.p = rest.p;
	}
	json.n = (size_t)(rest.p - json.p);
	return st == VL_OK ? vl_buf_add(out, json, err) : st;
}

char *
vl_escape_text(char *text, size_t size, struct vl_slice name)
{
	static const char dots[] = "...";
	char piece[PIECE_MAX];
	size_t at = 0;
	size_t safe = 0; /* the last place from which "..." still fits */
	size_t n = 0;

	if (size == 0)
		return text;
	while (name.n > 0) {
		n = show_next(piece, &name);
		if (n >= size - at) {
			at = safe;
			if (size >= sizeof(dots)) {
				memcpy(text + at, dots, sizeof(dots) - 1);
				at += sizeof(dots) - 1;
			}
			break;
		}
		memcpy(text + at, piece, n);
		at += n;
		if (size - at >= sizeof(dots))
			safe = at;
	}
	text[at] = '\0';
	return text;
}
