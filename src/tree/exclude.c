/*
 * Exclusion by the grammar of gitignore (formats/site.md, `exclude`).
 *
 * The last pattern that matches a path decides about it; where none does, it
 * goes with its directory.  `!` takes back what earlier patterns excluded,
 * also below a directory that one of them excludes.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/text.h>
#include <valise/tree.h>

#include "glob.h"

struct pattern {
	struct vl_slice *part; /* components; "**" is any number of them */
	size_t nparts;
	char *text;
	bool negate;
	bool dir_only;
	bool by_name; /* no slash: decided by the last component alone */
};

struct vl_exclude {
	struct pattern *pattern;
	size_t n;
	size_t last_negate; /* number of the last `!` and 1, or 0 */
};

static bool
is_any(struct vl_slice part)
{
	return part.n == 2 && part.p[0] == '*' && part.p[1] == '*';
}

/* Cut blanks at the end, but one that is escaped. */
static size_t
trimmed(const char *text, size_t n)
{
	size_t slashes = 0;

	while (n > 0 && text[n - 1] == ' ') {
		slashes = 0;
		while (slashes + 1 < n && text[n - 2 - slashes] == '\\')
			slashes++;
		if (slashes % 2 == 1)
			break;
		n--;
	}
	return n;
}

/* Cut `text` into components; room for two more than it has slashes. */
static void
split(struct pattern *p, struct vl_slice text)
{
	static const uint8_t any[] = "*";
	const uint8_t *slash = NULL;
	size_t n = 0;

	while (text.n > 0) {
		slash = memchr(text.p, '/', text.n);
		n = slash == NULL ? text.n : (size_t)(slash - text.p);
		if (n > 0)
			p->part[p->nparts++] = (struct vl_slice){ text.p, n };
		if (slash != NULL)
			n++;
		text.p += n;
		text.n -= n;
	}
	/* What ends with "**" means all that is inside, not the folder. */
	if (!p->by_name && p->nparts > 0 && is_any(p->part[p->nparts - 1]))
		p->part[p->nparts++] = (struct vl_slice){ any, 1 };
}

/* One pattern; without components when there is nothing it could match. */
static enum vl_status
compile(struct pattern *p, const char *source, struct vl_err *err)
{
	struct vl_slice text = { 0 };
	const char *fault = NULL;
	char shown[256];
	size_t slashes = 0;
	size_t i;

	if (source[0] == '#')
		return VL_OK;
	p->text = strdup(source);
	if (p->text == NULL)
		return vl_fail_memory(err);
	text.p = (const uint8_t *)p->text;
	text.n = trimmed(p->text, strlen(p->text));
	if (text.n > 0 && text.p[0] == '!') {
		p->negate = true;
		text.p++;
		text.n--;
	}
	if (text.n > 0 && text.p[text.n - 1] == '/') {
		p->dir_only = true;
		text.n--;
	}
	for (i = 0; i < text.n; i++)
		slashes += text.p[i] == '/';
	p->by_name = slashes == 0;
	p->part = calloc(slashes + 2, sizeof(*p->part));
	if (p->part == NULL)
		return vl_fail_memory(err);
	split(p, text);
	for (i = 0; i < p->nparts && fault == NULL; i++)
		fault = vl_glob_fault(p->part[i]);
	if (fault != NULL)
		return vl_fail(err, VL_EUSAGE, "pattern '%s' %s",
		    vl_escape_text(shown, sizeof(shown), vl_slice_of(source)),
		    fault);
	return VL_OK;
}

enum vl_status
vl_exclude_new(struct vl_exclude **out, const char *const *patterns, size_t n,
    struct vl_err *err)
{
	struct vl_exclude *x = calloc(1, sizeof(*x));
	enum vl_status st = VL_OK;
	size_t i;

	*out = NULL;
	if (x == NULL)
		return vl_fail_memory(err);
	x->pattern = calloc(n + 1, sizeof(*x->pattern));
	if (x->pattern == NULL)
		st = vl_fail_memory(err);
	for (i = 0; st == VL_OK && i < n; i++) {
		x->n++;
		st = compile(&x->pattern[i], patterns[i], err);
		if (x->pattern[i].negate && x->pattern[i].nparts > 0)
			x->last_negate = i + 1;
	}
	if (st != VL_OK) {
		vl_exclude_free(x);
		return st;
	}
	*out = x;
	return VL_OK;
}

/* Take the first component off `path`. */
static struct vl_slice
take_name(struct vl_slice *path)
{
	const uint8_t *slash = memchr(path->p, '/', path->n);
	struct vl_slice name = *path;

	if (slash != NULL)
		name.n = (size_t)(slash - path->p);
	path->p += name.n;
	path->n -= name.n;
	if (slash != NULL) {
		path->p++;
		path->n--;
	}
	return name;
}

/*
 * Match components against a path that is not "".  With `below`: could the
 * pattern match something below the path?
 */
static bool
parts_match(const struct pattern *p, struct vl_slice path, bool below)
{
	struct vl_slice rest = path;
	struct vl_slice from = { 0 }; /* what the last "**" has not taken */
	struct vl_slice name = { 0 };
	size_t any = SIZE_MAX; /* the part behind that "**" */
	size_t i = 0;

	for (;;) {
		if (i < p->nparts && is_any(p->part[i])) {
			if (below)
				return true;
			any = ++i;
			from = rest;
			continue;
		}
		if (rest.n == 0)
			return below ? i < p->nparts : i == p->nparts;
		if (i < p->nparts) {
			name = take_name(&rest);
			if (vl_glob_match(p->part[i], name)) {
				i++;
				continue;
			}
		}
		if (any == SIZE_MAX)
			return false;
		(void)take_name(&from);
		rest = from;
		i = any;
	}
}

static bool
pattern_match(const struct pattern *p, struct vl_slice path, bool dir)
{
	if (p->nparts == 0 || (p->dir_only && !dir))
		return false;
	if (p->by_name)
		return vl_glob_match(p->part[0], vl_path_name(path));
	return parts_match(p, path, false);
}

/* Could the `!` pattern match something below the directory `path`? */
static bool
reaches_into(const struct pattern *p, struct vl_slice path)
{
	if (!p->negate || p->nparts == 0)
		return false;
	return p->by_name || parts_match(p, path, true);
}

/* Number of the last pattern that matches, and 1; else 0. */
static size_t
last_match(const struct vl_exclude *x, struct vl_slice path, bool dir)
{
	size_t i;

	for (i = x->n; i > 0; i--)
		if (pattern_match(&x->pattern[i - 1], path, dir))
			break;
	return i;
}

bool
vl_exclude_match(const struct vl_exclude *x, struct vl_slice path, bool dir)
{
	struct vl_slice head = { path.p, 0 };
	const uint8_t *slash = NULL;
	size_t excluded = 0; /* the pattern that excludes `head`, and 1 */
	size_t last = 0;
	size_t i;

	if (x->n == 0 || path.n == 0)
		return false;
	do {
		slash = head.n == path.n ?
		    NULL :
		    memchr(path.p + head.n, '/', path.n - head.n);
		head.n = slash == NULL ? path.n : (size_t)(slash - path.p);
		last = last_match(x, head, slash != NULL || dir);
		if (last > 0 && !x->pattern[last - 1].negate)
			excluded = last;
		else if (last > excluded)
			excluded = 0;
		head.n++; /* the slash */
	} while (slash != NULL);
	if (excluded == 0 || !dir)
		return excluded > 0;
	for (i = excluded; i < x->last_negate; i++)
		if (reaches_into(&x->pattern[i], path))
			return false;
	return true;
}

void
vl_exclude_free(struct vl_exclude *x)
{
	size_t i;

	if (x == NULL)
		return;
	for (i = 0; i < x->n; i++) {
		free(x->pattern[i].part);
		free(x->pattern[i].text);
	}
	free(x->pattern);
	free(x);
}
