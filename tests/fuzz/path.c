/*
 * Paths of a manifest and targets of symbolic links: the input is a path, an
 * LF, and what a link there points to.
 */

#include <valise/entry.h>

#include "fuzz.h"

/* What vl_path_check() let through, looked at in another way. */
static void
check_path(struct vl_slice path)
{
	struct vl_slice rest = path;
	const uint8_t *slash = NULL;
	size_t n = 0;

	MUST(memchr(path.p, 0, path.n) == NULL);
	MUST(vl_path_below(path, vl_path_parent(path)));
	MUST(vl_path_cmp(vl_path_parent(path), path) < 0);
	MUST(vl_path_cmp(path, path) == 0);
	while (rest.n > 0) {
		slash = memchr(rest.p, '/', rest.n);
		n = slash == NULL ? rest.n : (size_t)(slash - rest.p);
		MUST(n > 0 && n <= VL_NAME_MAX);
		MUST(n != 1 || rest.p[0] != '.');
		MUST(n != 2 || memcmp(rest.p, "..", 2) != 0);
		MUST(slash == NULL || n + 1 < rest.n);
		rest.p += slash == NULL ? n : n + 1;
		rest.n -= slash == NULL ? n : n + 1;
	}
}

/* How deep it is where `target` leads to from `path`; below zero is out. */
static void
check_inside(struct vl_slice path, struct vl_slice target)
{
	long depth = 0;
	size_t i = 0;
	size_t from = 0;

	for (i = 0; i < path.n; i++)
		depth += path.p[i] == '/';
	MUST(target.n == 0 || target.p[0] != '/');
	for (i = 0; i <= target.n; i++) {
		if (i < target.n && target.p[i] != '/')
			continue;
		if (i - from == 2 && memcmp(target.p + from, "..", 2) == 0)
			MUST(--depth >= 0);
		from = i + 1;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const uint8_t *lf = n == 0 ? NULL : memchr(p, '\n', n);
	struct vl_slice path = { p, lf == NULL ? n : (size_t)(lf - p) };
	struct vl_slice target = { NULL, 0 };
	struct vl_err err = { 0 };

	if (lf != NULL)
		target = (struct vl_slice){ lf + 1, n - path.n - 1 };
	if (path.n == 0 || vl_path_check(path, &err) != VL_OK)
		return 0;
	check_path(path);
	(void)vl_path_hidden(path, VL_STAGING);
	if (target.n > 0 && vl_link_stays_inside(path, target))
		check_inside(path, target);
	return 0;
}
