/*
 * A key by a path into a file of JSON or YAML (formats/site.md, "Master
 * keys").
 *
 * Whoever finds the place works in memory that is not locked.  So it sees the
 * file without what is in it: each run of letters and digits that the path
 * does not name is letters and digits that say nothing, as many.  The place is
 * the same, and is read from the file itself.
 */

#include <ctype.h>
#include <strings.h>

#include <valise/hidden.h>
#include <valise/text.h>

#include "master.h"

#define NOT_JSON "it cannot be read as JSON"
#define NOT_YAML                                                               \
	"it cannot be read as YAML, or the key is written in several lines"

struct masking {
	struct vl_slice words; /* of the path */
	uint8_t letter;        /* none of the path */
	uint8_t digit;
};

/* The same run stands in the path. */
static bool
is_named(const struct masking *m, struct vl_slice run)
{
	size_t n = 0;
	size_t i = 0;

	for (i = 0; i < m->words.n; i += n) {
		for (n = 0; i + n < m->words.n && isalnum(m->words.p[i + n]);)
			n++;
		if (n == run.n && memcmp(m->words.p + i, run.p, n) == 0)
			return true;
		n += n == 0;
	}
	return false;
}

/* One that the path does not have, or else the first. */
static uint8_t
unused(struct vl_slice path, const char *of)
{
	const char *c = of;

	while (*c != '\0' && memchr(path.p, *c, path.n) != NULL)
		c++;
	return (uint8_t)(*c == '\0' ? *of : *c);
}

static void
mask_run(const struct masking *m, uint8_t *p, size_t n)
{
	size_t i = 0;

	for (i = 0; i < n; i++)
		p[i] = isdigit(p[i]) ? m->digit : m->letter;
}

/* What stands for the digits of an escape: half of a pair stays one. */
static const char *
other_digits(uint8_t letter, uint8_t first, uint8_t second)
{
	if (letter == 'U')
		return "00011111";
	if (letter != 'u' || (first != 'd' && first != 'D') ||
	    !isxdigit(second) || (isdigit(second) && second < '8'))
		return "1111";
	return strchr("89abAB", second) != NULL ? "d811" : "dc11";
}

/* It stands in the path, as a name may have it. */
static bool
is_in_path(const struct masking *m, const uint8_t *character, size_t n)
{
	return memmem(m->words.p, m->words.n, character, n) != NULL;
}

/* `\uXXXX` of a character beyond ASCII that the path has. */
static bool
names_wide(const struct masking *m, const uint8_t *p, size_t n)
{
	uint8_t utf8[3] = { 0 };
	uint32_t c = 0;
	size_t i = 0;

	for (i = 1; *p == 'u' && i < n && i <= 4 && isxdigit(p[i]); i++)
		c = c * 16 +
		    (uint32_t)(isdigit(p[i]) ? p[i] - '0' :
		                               (p[i] | 0x20) - 'a' + 10);
	if (i != 5 || c < 0x80 || (c >= 0xd800 && c < 0xe000))
		return false;
	utf8[0] = (uint8_t)(c < 0x800 ? 0xc0 | c >> 6 : 0xe0 | c >> 12);
	utf8[1] = (uint8_t)(0x80 | (c < 0x800 ? c & 63 : c >> 6 & 63));
	utf8[2] = (uint8_t)(0x80 | (c & 63));
	return is_in_path(m, utf8, c < 0x800 ? 2 : 3);
}

/* An escape stays one: its letter, and digits behind those that take some. */
static size_t
mask_escape(const struct masking *m, uint8_t *p, size_t n)
{
	const size_t digits = *p == 'x' ? 2 : *p == 'u' ? 4 : *p == 'U' ? 8 : 0;
	const char *other =
	    n > 2 ? other_digits(*p, p[1], p[2]) : other_digits(*p, 0, 0);
	size_t i = 1;

	if (names_wide(m, p, n))
		return 5;
	for (; i <= digits && i < n && isxdigit(p[i]); i++)
		p[i] = (uint8_t)other[i - 1];
	return i;
}

/* Characters that are breaks of lines to somebody, or none to libyaml. */
static bool
is_special(const uint8_t *p)
{
	return (p[0] == 0xc2 && p[1] < 0xa0) ||
	    memcmp(p, "\xe2\x80\xa8", 3) == 0 ||
	    memcmp(p, "\xe2\x80\xa9", 3) == 0 ||
	    memcmp(p, "\xef\xbb\xbf", 3) == 0 ||
	    memcmp(p, "\xef\xbf\xbe", 3) == 0 ||
	    memcmp(p, "\xef\xbf\xbf", 3) == 0;
}

/* A character beyond ASCII becomes another of as many bytes. */
static size_t
mask_wide(const struct masking *m, uint8_t *p, size_t n)
{
	static const char *const others[] = { "\xc3\xa9", "\xe2\x82\xac",
		"\xf0\x9f\x98\x80" };
	const size_t want = *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : 2;
	uint8_t one[4] = { 0 };

	if (want > n || !vl_utf8_valid((struct vl_slice){ p, want }))
		return 1;
	memcpy(one, p, want);
	if (!is_special(one) && !is_in_path(m, p, want))
		memcpy(p, others[want - 2], want);
	return want;
}

/* Behind the sign of a block, `|` or `>` and perhaps what becomes of the line
 * ends behind it, is said how far it is indented. */
static bool
behind_block(const uint8_t *p, size_t at)
{
	if (at > 1 && (p[at - 1] == '-' || p[at - 1] == '+'))
		at--;
	return at > 0 && (p[at - 1] == '|' || p[at - 1] == '>');
}

/* Of JSON what is outside of quotes stays: numbers, true, false, null. */
static void
mask(const struct masking *m, uint8_t *p, size_t n, bool json)
{
	bool inside = !json;
	size_t at = 0;
	size_t run = 0;

	while (at < n) {
		for (run = 0; at + run < n && isalnum(p[at + run]);)
			run++;
		if (json && p[at] == '"')
			inside = !inside;
		if (inside && p[at] == '\\' && at + 1 < n) {
			at++;
			at += mask_escape(m, p + at, n - at);
		} else if (inside && p[at] >= 0x80) {
			at += mask_wide(m, p + at, n - at);
		} else if (run == 0) {
			at++;
		} else {
			if (inside &&
			    !is_named(m, (struct vl_slice){ p + at, run }) &&
			    (json || !behind_block(p, at)))
				mask_run(m, p + at, run);
			at += run;
		}
	}
}

bool
vl_hidden_nothing(struct vl_slice raw)
{
	static const char *const words[] = { "~", "null", "true", "false",
		"yes", "no", "on", "off", "y", "n" };
	size_t i = 0;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (raw.n == strlen(words[i]) &&
		    strncasecmp((const char *)raw.p, words[i], raw.n) == 0)
			return true;
	return raw.n == 0;
}

/* Of a block: spaces before the first of its lines. */
static size_t
indented(struct vl_slice text, size_t at)
{
	size_t n = 0;

	while (n < at && text.p[at - n - 1] == ' ')
		n++;
	return n;
}

/* Its lines, without what they are indented by. */
static void
read_lines(struct vl_locked *out, struct vl_slice raw, size_t indent)
{
	size_t at = 0;
	size_t n = 0;

	for (at = 0; at < raw.n; at++) {
		out->p[out->n++] = raw.p[at];
		if (raw.p[at] != '\n')
			continue;
		for (n = 0;
		     n < indent && at + 1 < raw.n && raw.p[at + 1] == ' '; n++)
			at++;
	}
}

enum vl_status
vl_hidden_read(struct vl_locked *out, struct vl_slice text,
    const struct vl_place *place, struct vl_err *err)
{
	const struct vl_slice raw = { text.p + place->at, place->n };
	struct vl_place as = *place;
	struct vl_buf room = { 0 };
	enum vl_status st = vl_locked_reserve(out, raw.n + 1, err);
	size_t i = 0;

	if (st != VL_OK || raw.n == 0)
		return st;
	if (memchr(raw.p, '\r', raw.n) != NULL ||
	    (place->form >= VL_FORM_YAML && place->form != VL_FORM_YAML_PART &&
	        memchr(raw.p, '\n', raw.n) != NULL))
		return vl_fail(err, VL_EUSAGE, NOT_YAML);
	if (place->form == VL_FORM_YAML_PART)
		read_lines(out, raw, indented(text, place->at));
	if (place->form == VL_FORM_YAML_PART)
		return VL_OK;
	if (place->form == VL_FORM_YAML_SINGLE) {
		for (i = 0; i < raw.n; i++) {
			out->p[out->n++] = raw.p[i];
			i += raw.p[i] == '\'';
		}
		return VL_OK;
	}
	/* Escapes of JSON mean the same in YAML, and no other is read. */
	if (as.form == VL_FORM_YAML_DOUBLE)
		as.form = VL_FORM_JSON_TEXT;
	if (as.form == VL_FORM_YAML)
		as.form = VL_FORM_PLAIN;
	/* No escape is shorter than what it stands for: it is not moved. */
	room = (struct vl_buf){ out->p, 0, out->cap };
	st = vl_place_read(&room, text, &as, err);
	out->n = room.n;
	return st == VL_EFORMAT ?
	    vl_fail(err, VL_EUSAGE, "the key has an escape that is not read") :
	    st;
}

enum vl_status
vl_hidden_paths(struct vl_places *places, struct vl_slice text,
    const struct vl_finder_words *way, struct vl_err *err)
{
	const char *path = way->json != NULL ? way->json : way->yaml;
	struct masking m = { .words = vl_slice_of(path) };
	struct vl_locked copy = { 0 };
	struct vl_finder *f = NULL;
	enum vl_status st = vl_finder_new(&f, way, err);

	m.letter = unused(m.words, "qzjxkwvyQZJXKWVY");
	m.digit = unused(m.words, "1723456890");
	if (st == VL_OK)
		st = vl_locked_add(&copy, text, err);
	if (st == VL_OK)
		mask(&m, copy.p, copy.n, way->json != NULL);
	if (st == VL_OK)
		st = vl_finder_find(f, vl_locked_slice(&copy), places, err);
	vl_finder_free(f);
	vl_locked_free(&copy);
	return st;
}

enum vl_status
master_path(struct vl_locked *out, bool *found, struct vl_slice text,
    const struct vl_master_words *words, struct vl_err *err)
{
	const char *path = words->json != NULL ? words->json : words->yaml;
	const struct vl_finder_words way = { .json = words->json,
		.yaml = words->yaml };
	struct vl_places places = { 0 };
	enum vl_status st = vl_hidden_paths(&places, text, &way, err);

	*found = false;
	if (st == VL_EFORMAT || st == VL_ELIMIT)
		st = vl_fail(
		    err, VL_EUSAGE, words->json != NULL ? NOT_JSON : NOT_YAML);
	if (st == VL_OK && places.n > 1)
		st = vl_fail(
		    err, VL_EUSAGE, "'%s' finds more than one value", path);
	if (st == VL_OK && places.n == 1 &&
	    (places.list[0].form != VL_FORM_YAML ||
	        !vl_hidden_nothing((struct vl_slice){
	            text.p + places.list[0].at, places.list[0].n }))) {
		*found = true;
		st = vl_hidden_read(out, text, &places.list[0], err);
	}
	vl_places_free(&places);
	return st;
}
