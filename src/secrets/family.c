/*
 * Patterns of files with parts in braces, `{tenant}/secrets.json`: each is a
 * piece of one component, and names a member of a family of master keys.
 */

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/family.h>

#include "files.h"

#define COMPONENT_MAX 256

char *
files_glob(const char *pattern)
{
	char *glob = strdup(pattern);
	char *out = glob;
	const char *at = pattern;
	const char *close = NULL;

	while (glob != NULL && *at != '\0') {
		close = *at == '{' ? strchr(at, '}') : NULL;
		*out++ = close == NULL ? *at : '*';
		at = close == NULL ? at + 1 : close + 1;
	}
	if (glob != NULL)
		*out = '\0';
	return glob;
}

static struct vl_slice
last_component(struct vl_slice *path)
{
	const uint8_t *slash =
	    path->n == 0 ? NULL : memrchr(path->p, '/', path->n);
	struct vl_slice last = *path;

	if (slash != NULL) {
		last.p = slash + 1;
		last.n = (size_t)(path->p + path->n - last.p);
	}
	path->n = slash == NULL ? 0 : (size_t)(slash - path->p);
	return last;
}

/* What stands for the part of one component of the pattern. */
static bool
capture(struct vl_captured *out, struct vl_slice pattern, struct vl_slice name)
{
	const uint8_t *open = memchr(pattern.p, '{', pattern.n);
	const uint8_t *close = memchr(pattern.p, '}', pattern.n);
	const size_t before = (size_t)(open - pattern.p);
	const size_t behind = (size_t)(pattern.p + pattern.n - close) - 1;

	if (name.n <= before + behind ||
	    memcmp(name.p, pattern.p, before) != 0 ||
	    memcmp(name.p + name.n - behind, close + 1, behind) != 0)
		return false;
	out->name = (struct vl_slice){ open + 1, (size_t)(close - open) - 1 };
	out->text =
	    (struct vl_slice){ name.p + before, name.n - before - behind };
	return true;
}

bool
files_captured(struct vl_captured *list, size_t *n, const char *pattern,
    struct vl_slice file)
{
	struct vl_slice words = vl_slice_of(pattern);
	struct vl_slice component = { 0 };
	struct vl_slice name = { 0 };

	*n = 0;
	if (strchr(pattern, '{') == NULL)
		return true;
	if (words.n > 0 && *words.p == '/') {
		words.p++;
		words.n--;
	}
	/* From behind: a pattern without a slash is about names. */
	while (words.n > 0) {
		component = last_component(&words);
		if (file.n == 0)
			return false;
		name = last_component(&file);
		if (memchr(component.p, '{', component.n) == NULL)
			continue;
		if (*n == FAMILY_PARTS || !capture(&list[*n], component, name))
			return false;
		++*n;
	}
	return true;
}
