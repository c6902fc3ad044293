/*
 * Where the staging of a tree stands: the same file system and mount as the
 * root, so that a rename is all it takes to put something into place.  And what
 * it and the things in it are called.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/encode.h>
#include <valise/entry.h>

#include "meta.h"
#include "stage.h"

/* ".NAME.valise.HEX" must be a name, too. */
#define BESIDE_MORE (1 + 7 + 1 + 2 * VL_IMPORT_ID_SIZE)

static bool
mount_of(const char *path, uint64_t *mount, uint32_t *major, uint32_t *minor)
{
	struct statx sx;

	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &sx) != 0)
		return false;
	*mount = (sx.stx_mask & STATX_MNT_ID) != 0 ? sx.stx_mnt_id : 0;
	*major = sx.stx_dev_major;
	*minor = sx.stx_dev_minor;
	return true;
}

static enum vl_status
same_mount(bool *same, const char *a, const char *b, struct vl_err *err)
{
	uint64_t ma = 0;
	uint64_t mb = 0;
	uint32_t dev[4] = { 0 };

	if (!mount_of(a, &ma, &dev[0], &dev[1]) ||
	    !mount_of(b, &mb, &dev[2], &dev[3]))
		return vl_fail_errno(err, "cannot look at '%s'", a);
	*same = ma == mb && dev[0] == dev[2] && dev[1] == dev[3];
	return VL_OK;
}

/* The root's absolute path without links; an absent one by its parent. */
static enum vl_status
resolve(struct vl_header_tree *tree, const char *path, struct vl_err *err)
{
	char *copy = NULL;
	char *slash = NULL;
	char *parent = NULL;
	size_t n = strlen(path);
	struct stat st;

	tree->root = realpath(path, NULL);
	tree->absent = tree->root == NULL;
	if (tree->root != NULL) {
		if (stat(tree->root, &st) != 0)
			return vl_fail_errno(err, "cannot look at '%s'", path);
		if (!S_ISDIR(st.st_mode))
			return vl_fail(
			    err, VL_EUSAGE, "'%s' is no directory", path);
		tree->mtime_sec = st.st_mtim.tv_sec;
		tree->mtime_nsec = (int32_t)st.st_mtim.tv_nsec;
		return VL_OK;
	}
	if (errno != ENOENT)
		return vl_fail_errno(err, "cannot resolve '%s'", path);
	if (lstat(path, &st) == 0)
		return vl_fail(
		    err, VL_EUSAGE, "'%s' is a link that points nowhere", path);
	if (errno != ENOENT)
		return vl_fail_errno(err, "cannot look at '%s'", path);
	while (n > 1 && path[n - 1] == '/')
		n--;
	copy = strndup(path, n);
	slash = copy == NULL ? NULL : strrchr(copy, '/');
	if (slash == NULL) {
		free(copy);
		return vl_fail_memory(err);
	}
	*slash = '\0';
	parent = realpath(slash == copy ? "/" : copy, NULL);
	if (parent == NULL && errno != ENOENT) {
		vl_fail_errno(err, "cannot resolve '%s'", path);
	} else if (parent == NULL) {
		vl_fail(err, VL_EUSAGE,
		    "neither '%s' nor the directory above it is there: make "
		    "that directory first",
		    path);
	} else if (asprintf(&tree->root, "%s/%s",
	               strcmp(parent, "/") == 0 ? "" : parent, slash + 1) < 0) {
		tree->root = NULL;
		vl_fail_memory(err);
	} else {
		err->status = VL_OK;
	}
	free(parent);
	free(copy);
	return err->status;
}

char *
vl_stage_path(const char *root, bool inside)
{
	const char *name = strrchr(root, '/') + 1;
	char *path = NULL;
	int n = 0;

	if (inside) {
		n = asprintf(
		    &path, "%s/" VL_STAGING, name[0] == '\0' ? "" : root);
	} else if (name[0] == '\0') {
		errno = ENOENT;
		return NULL;
	} else {
		n = asprintf(&path, "%.*s.%s" VL_STAGING, (int)(name - root),
		    root, name);
	}
	if (n >= 0)
		return path;
	errno = ENOMEM;
	return NULL;
}

char *
vl_stage_private_name(const char *name, const uint8_t import[VL_IMPORT_ID_SIZE])
{
	char hex[VL_HEX_SIZE(VL_IMPORT_ID_SIZE)];
	char *text = NULL;

	vl_hex(hex, import, VL_IMPORT_ID_SIZE);
	return asprintf(&text, "%s.%s", name, hex) < 0 ? NULL : text;
}

char *
vl_stage_n(char text[VL_STAGE_N_SIZE], uint64_t n, const char *suffix)
{
	snprintf(
	    text, VL_STAGE_N_SIZE, "%llu%s", (unsigned long long)n, suffix);
	return text;
}

/* May this user make names in it?  Were it no where that cannot be told,
 * staging that stands there would be looked for elsewhere. */
static enum vl_status
may_write(bool *may, const char *dir, struct vl_err *err)
{
	*may = dir != NULL && access(dir, W_OK | X_OK) == 0;
	if (*may || dir == NULL || errno == EACCES || errno == EROFS)
		return VL_OK;
	return vl_fail_errno(err, "cannot look at '%s'", dir);
}

/* The directory above the root is one to make the staging in: this user's to
 * write, without a lock, and of the same mount. */
static enum vl_status
may_stand_beside(bool *may, const struct vl_header_tree *tree,
    const char *parent, struct vl_err *err)
{
	enum vl_status st = may_write(may, parent, err);

	if (st != VL_OK || !*may)
		return st;
	*may = !vl_meta_flagged(AT_FDCWD, parent);
	if (*may && errno != 0)
		return vl_fail_errno(err, "cannot look at '%s'", parent);
	return *may && !tree->absent ?
	    same_mount(may, tree->root, parent, err) :
	    VL_OK;
}

enum vl_status
vl_stage_locate(
    struct vl_header_tree *tree, const char *path, struct vl_err *err)
{
	const char *name = NULL;
	char *parent = NULL;
	bool beside = false;
	enum vl_status st = VL_OK;

	err->status = VL_OK;
	st = resolve(tree, path, err);
	if (st != VL_OK)
		return st;
	name = strrchr(tree->root, '/') + 1;
	if (name[0] != '\0') {
		parent = strndup(tree->root,
		    name - 1 == tree->root ? 1 :
		                             (size_t)(name - 1 - tree->root));
		if (parent == NULL)
			return vl_fail_memory(err);
	}
	if (strlen(name) + BESIDE_MORE <= VL_NAME_MAX)
		st = may_stand_beside(&beside, tree, parent, err);
	tree->inside = !beside;
	if (st == VL_OK && !beside && tree->absent)
		st = vl_fail(err, VL_EIO,
		    "cannot make '%s': the directory above it may not be "
		    "written by this user",
		    tree->root);
	if (st == VL_OK)
		tree->staging = vl_stage_path(tree->root, tree->inside);
	if (st == VL_OK && tree->staging == NULL)
		st = vl_fail_memory(err);
	free(parent);
	return st;
}
