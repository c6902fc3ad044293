#ifndef TEST_APPLY_OUTCOME_H
#define TEST_APPLY_OUTCOME_H

/*
 * What becomes of a tree when an import fails in the middle: it is looked at,
 * and the next run must bring the import to its end.
 */

#include <dirent.h>
#include <sys/stat.h>

#include <valise/profile.h>

#include "importer.h"

#define RULES                                                                  \
	"keep_here:\n  - resource: tree\n    path: mine\n"                     \
	"map:\n  - resource: tree\n    from: d/**\n    to: e/**\n"             \
	"rewrite:\n  - resource: tree\n    path: '*'\n    from: x\n"           \
	"    to: y\n"

/* The target as it was, and as it becomes, with what stands beside it; and
 * alone. */
static struct vl_buf before;
static struct vl_buf after;
static struct vl_buf old_tree;
static struct vl_buf new_tree;

static inline void
add_bytes(struct vl_buf *out, int dirfd, const char *name, bool link)
{
	struct vl_err err = { 0 };
	struct vl_buf b = { 0 };
	char to[256];
	ssize_t n = 0;

	if (link) {
		n = readlinkat(dirfd, name, to, sizeof(to));
		assert_true(n >= 0);
		reseal_add(out, to, (size_t)n);
		return;
	}
	assert_int_equal(VL_OK, vl_read_file(dirfd, name, 1u << 20, &b, &err));
	reseal_add(out, b.p, b.n);
	vl_buf_free(&b);
}

/* Staging that stands in a root, by any of its names, is none of the tree. */
static bool pass_over_staging;

static inline bool
is_staging(const char *name)
{
	return strncmp(name, ".valise", 7) == 0;
}

/* Names and content of all below `path`, by names. */
static inline void
look_below(struct vl_buf *out, const char *path)
{
	struct dirent **names = NULL;
	struct stat st = { 0 };
	char name[512];
	int n = scandirat(folder_fd(), path, &names, NULL, alphasort);
	int i = 0;

	assert_true(n >= 0);
	for (i = 0; i < n; i++) {
		const char *last = names[i]->d_name;

		(void)snprintf(name, sizeof(name), "%s/%s", path, last);
		if (strcmp(last, ".") != 0 && strcmp(last, "..") != 0 &&
		    !(pass_over_staging && is_staging(last))) {
			assert_int_equal(0,
			    fstatat(
			        folder_fd(), name, &st, AT_SYMLINK_NOFOLLOW));
			reseal_add(out, name, strlen(name) + 1);
			if (S_ISDIR(st.st_mode))
				look_below(out, name);
			else
				add_bytes(out, folder_fd(), name,
				    S_ISLNK(st.st_mode));
		}
		free(names[i]);
	}
	free((void *)names);
}

static inline bool
is_at(const char *path, const struct vl_buf *wanted)
{
	struct vl_buf now = { 0 };
	bool same = false;

	look_below(&now, path);
	same = vl_slice_equal(vl_buf_slice(wanted), vl_buf_slice(&now));
	vl_buf_free(&now);
	return same;
}

static inline bool
is_there(const char *path)
{
	return faccessat(folder_fd(), path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The tree, and nothing beside it. */
static inline bool
is(const struct vl_buf *wanted)
{
	return is_at("world", wanted);
}

/* The tree, whatever stands beside it, or in it to be removed. */
static inline bool
is_tree(const struct vl_buf *wanted)
{
	bool same = false;

	pass_over_staging = true;
	same = is_at("world/tree", wanted);
	pass_over_staging = false;
	return same;
}

/* The target as it was, and a side that remembers nothing. */
static inline void
reset(void *arg)
{
	static const char *const dirs[] = { "world", "world/tree",
		"world/tree/d", "world/tree/gone" };
	struct vl_err err = { 0 };
	size_t i = 0;

	(void)arg;
	assert_int_equal(VL_OK, vl_remove_tree(folder_fd(), "world", &err));
	assert_int_equal(VL_OK, vl_remove_tree(folder_fd(), "state", &err));
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		assert_int_equal(0, mkdirat(folder_fd(), dirs[i], 0755));
	folder_put("world/tree/a", vl_slice_of("another a"));
	folder_put("world/tree/d/y", vl_slice_of("no part of it"));
	folder_put("world/tree/gone/z", vl_slice_of("nor this"));
	folder_put("world/tree/mine", vl_slice_of("stays or goes"));
}

static inline enum vl_status
import_with(struct vl_pool *workers, bool preview, struct vl_err *err)
{
	struct vl_import_opts opts = importer_opts();

	opts.preview = preview;
	opts.pool = workers;
	return importer_run(&opts, err);
}

static inline enum vl_status
import(void *arg, struct vl_err *err)
{
	(void)arg;
	return import_with(pool, false, err);
}

/* What the next run is that brings it to its end. */
static enum vl_status (*next)(void *arg, struct vl_err *err) = import;

/* Whatever happened: the old or the new tree, and the next run ends it. */
static inline void
ends(void *arg, enum vl_status st)
{
	struct vl_err err = { 0 };

	(void)arg;
	/* What it could not clean stands beside it until the next run. */
	if (st == VL_OK && !is_tree(&new_tree))
		fail_msg("it went well, and the target is not the new tree");
	if (st != VL_OK && st != VL_EPENDING && !is(&before) && !is(&after))
		fail_msg("status %d left neither the old nor the new tree", st);
	if (next(NULL, &err) != VL_OK)
		fail_msg("the next run does not end it: %s", err.text);
	if (!is(&after))
		fail_msg("the next run does not bring the new tree");
}

/* What a run that nothing happens to leaves of what `start` makes. */
static inline void
use_from(const char *text, void (*start)(void *arg))
{
	struct vl_err err = { 0 };

	importer_site(text);
	if (vl_profile_take_files(site, ".", &err) != VL_OK)
		fail_msg("%s", err.text);
	vl_buf_clear(&before);
	vl_buf_clear(&after);
	vl_buf_clear(&old_tree);
	vl_buf_clear(&new_tree);
	start(NULL);
	look_below(&before, "world");
	look_below(&old_tree, "world/tree");
	if (next(NULL, &err) != VL_OK)
		fail_msg("%s", err.text);
	look_below(&after, "world");
	look_below(&new_tree, "world/tree");
	assert_false(is_tree(&old_tree));
}

static inline void
use(const char *text, bool ask)
{
	interactive = ask;
	use_from(text, reset);
}

static inline enum vl_status
preview(void *arg, struct vl_err *err)
{
	(void)arg;
	return import_with(pool, true, err);
}

static inline void
stays_old(void *arg, enum vl_status st)
{
	(void)arg, (void)st;
	assert_true(is(&before));
}

static inline int
outcome_end(void **state)
{
	vl_buf_free(&before);
	vl_buf_free(&after);
	vl_buf_free(&old_tree);
	vl_buf_free(&new_tree);
	return importer_end(state);
}

#endif
