/*
 * Wildcards within one component, by bytes, as gitignore has them.  Only the
 * last star is ever reconsidered, so that no pattern takes longer than its
 * length times the name's.
 */

#include <string.h>

#include "glob.h"

static const struct {
	const char *name;
	const char *ranges; /* pairs of first and last byte */
} classes[] = {
	{ "alnum", "09AZaz" },
	{ "alpha", "AZaz" },
	{ "blank", "\t\t  " },
	{ "cntrl", "\1\37\177\177" },
	{ "digit", "09" },
	{ "graph", "!~" },
	{ "lower", "az" },
	{ "print", " ~" },
	{ "punct", "!/:@[`{~" },
	{ "space", "\t\r  " },
	{ "upper", "AZ" },
	{ "xdigit", "09AFaf" },
};

/* Ranges of the class "[:name:]" at the start of `s`; its length in *n. */
static const char *
class_at(struct vl_slice s, size_t *n)
{
	const uint8_t *end = NULL;
	size_t len = 0;
	size_t i;

	if (s.n < 4 || s.p[0] != '[' || s.p[1] != ':')
		return NULL;
	end = memchr(s.p + 2, ':', s.n - 3);
	if (end == NULL || end[1] != ']')
		return NULL;
	len = (size_t)(end - s.p) - 2;
	for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (strlen(classes[i].name) == len &&
		    memcmp(classes[i].name, s.p + 2, len) == 0) {
			*n = len + 4;
			return classes[i].ranges;
		}
	}
	return NULL;
}

/* One byte of a set, perhaps escaped; moves *i behind it. */
static bool
set_byte(struct vl_slice p, size_t *i, uint8_t *c)
{
	if (*i < p.n && p.p[*i] == '\\')
		(*i)++;
	if (*i >= p.n)
		return false;
	*c = p.p[(*i)++];
	return true;
}

/*
 * The set that begins at p[0] = '[': its length, or 0 when it has no end.
 * *has says whether `c` is meant by it.
 */
static size_t
set_match(struct vl_slice p, uint8_t c, bool *has)
{
	const char *ranges = NULL;
	bool invert = false;
	bool in = false;
	size_t start = 1;
	size_t skip = 0;
	size_t i = 1;
	uint8_t lo = 0;
	uint8_t hi = 0;

	if (i < p.n && (p.p[i] == '!' || p.p[i] == '^')) {
		invert = true;
		start = ++i;
	}
	while (i < p.n && (p.p[i] != ']' || i == start)) {
		ranges = class_at((struct vl_slice){ p.p + i, p.n - i }, &skip);
		if (ranges != NULL) {
			for (; *ranges != '\0'; ranges += 2)
				in |= c >= (uint8_t)ranges[0] &&
				    c <= (uint8_t)ranges[1];
			i += skip;
			continue;
		}
		if (!set_byte(p, &i, &lo))
			return 0;
		hi = lo;
		if (i + 1 < p.n && p.p[i] == '-' && p.p[i + 1] != ']') {
			i++;
			if (!set_byte(p, &i, &hi))
				return 0;
		}
		in |= c >= lo && c <= hi;
	}
	if (i >= p.n)
		return 0;
	*has = in != invert;
	return i + 1;
}

/* Length of the unit of `p` that matches `c`, or 0; p[0] is not '*'. */
static size_t
unit_match(struct vl_slice p, uint8_t c)
{
	bool has = false;
	size_t n = 0;

	switch (p.p[0]) {
	case '?':
		return 1;
	case '[':
		n = set_match(p, c, &has);
		return has ? n : 0;
	case '\\':
		return p.n > 1 && p.p[1] == c ? 2 : 0;
	default:
		return p.p[0] == c;
	}
}

bool
vl_glob_match(struct vl_slice pattern, struct vl_slice name)
{
	struct vl_slice rest = { 0 };
	size_t star = SIZE_MAX; /* behind the last star of the pattern */
	size_t from = 0;        /* where what follows it is tried in name */
	size_t i = 0;
	size_t j = 0;
	size_t n = 0;

	for (;;) {
		rest.p = pattern.p + i;
		rest.n = pattern.n - i;
		if (rest.n > 0 && rest.p[0] == '*') {
			star = ++i;
			from = j;
			continue;
		}
		if (rest.n == 0 && j == name.n)
			return true;
		n = rest.n > 0 && j < name.n ? unit_match(rest, name.p[j]) : 0;
		if (n > 0) {
			i += n;
			j++;
		} else {
			if (star == SIZE_MAX || from >= name.n)
				return false;
			i = star;
			j = ++from;
		}
	}
}

const char *
vl_glob_fault(struct vl_slice pattern)
{
	struct vl_slice rest = pattern;
	bool has = false;
	size_t n = 0;

	while (rest.n > 0) {
		n = 1;
		if (rest.p[0] == '\\') {
			if (rest.n == 1)
				return "ends with a backslash";
			n = 2;
		} else if (rest.p[0] == '[') {
			n = set_match(rest, 0, &has);
			if (n == 0)
				return "has a '[' without its ']'";
		}
		rest.p += n;
		rest.n -= n;
	}
	return NULL;
}
