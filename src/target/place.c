/*
 * Places of steps: below the root without following links, and the root
 * itself in the directory that holds it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "place.h"

enum vl_status
vl_places_reopen(struct vl_places *p, struct vl_err *err)
{
	vl_dirs_free(p->dirs);
	p->dirs = NULL;
	if (p->rootfd >= 0)
		close(p->rootfd);
	p->rootfd = open(p->stage->tree.root,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (p->rootfd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return VL_OK;
	if (p->rootfd < 0)
		return vl_fail_errno(
		    err, "cannot open '%s'", p->stage->tree.root);
	return vl_dirs_new(&p->dirs, p->rootfd, err);
}

static bool
mount_at(uint64_t *mount, uint32_t dev[2], int dirfd, const char *name)
{
	struct statx sx;

	if (statx(dirfd, name,
	        AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH,
	        STATX_MNT_ID, &sx) != 0)
		return false;
	*mount = (sx.stx_mask & STATX_MNT_ID) != 0 ? sx.stx_mnt_id : 0;
	dev[0] = sx.stx_dev_major;
	dev[1] = sx.stx_dev_minor;
	return true;
}

bool
vl_places_ours(const struct vl_places *p, int dirfd, const char *name)
{
	uint64_t mount = 0;
	uint32_t dev[2] = { 0 };

	if (!mount_at(&mount, dev, dirfd, name))
		return false;
	errno = 0;
	return mount == p->mount && dev[0] == p->dev[0] && dev[1] == p->dev[1];
}

enum vl_status
vl_places_open(
    struct vl_places *p, const struct vl_stage *stage, struct vl_err *err)
{
	const char *root = stage->tree.root;
	const char *slash = strrchr(root, '/');
	char *upper = NULL;

	memset(p, 0, sizeof(*p));
	p->stage = stage;
	p->rootfd = p->upperfd = -1;
	p->root_name = slash + 1;
	if (!mount_at(&p->mount, p->dev, stage->fd, ""))
		return vl_fail_errno(
		    err, "cannot look at '%s'", stage->tree.staging);
	if (p->root_name[0] != '\0') {
		upper =
		    strndup(root, slash == root ? 1 : (size_t)(slash - root));
		if (upper == NULL)
			return vl_fail_memory(err);
		p->upperfd = open(upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (p->upperfd < 0)
			vl_fail_errno(err, "cannot open '%s'", upper);
		free(upper);
		if (p->upperfd < 0)
			return err->status;
	}
	return vl_places_reopen(p, err);
}

enum vl_status
vl_places_get(
    struct vl_places *p, struct vl_slice path, int *dirfd, struct vl_err *err)
{
	struct vl_slice name = vl_path_name(path);
	enum vl_status st = VL_OK;

	*dirfd = -1;
	if (path.n == 0) {
		*dirfd = p->upperfd >= 0 ? p->upperfd : p->rootfd;
		snprintf(p->name, sizeof(p->name), "%s",
		    p->upperfd >= 0 ? p->root_name : ".");
		return VL_OK;
	}
	if (name.n > VL_NAME_MAX)
		return vl_fail(err, VL_EPATH, "a name is too long");
	memcpy(p->name, name.p, name.n);
	p->name[name.n] = '\0';
	if (p->dirs == NULL)
		return VL_OK;
	errno = 0;
	st = vl_dirs_get(p->dirs, vl_path_parent(path), dirfd, err);
	if (st != VL_OK &&
	    (errno == ENOENT || errno == ENOTDIR || errno == ELOOP ||
	        errno == EXDEV)) {
		*dirfd = -1;
		return VL_OK;
	}
	return st;
}

char *
vl_places_text(const struct vl_places *p, struct vl_slice path)
{
	const char *root = p->stage->tree.root;
	size_t n = strlen(root);
	char *text = malloc(n + path.n + 2);

	if (text == NULL)
		return NULL;
	memcpy(text, root, n);
	if (path.n > 0) {
		if (n > 0 && text[n - 1] != '/')
			text[n++] = '/';
		memcpy(text + n, path.p, path.n);
	}
	text[n + path.n] = '\0';
	return text;
}

void
vl_places_close(struct vl_places *p)
{
	vl_dirs_free(p->dirs);
	if (p->rootfd >= 0)
		close(p->rootfd);
	if (p->upperfd >= 0)
		close(p->upperfd);
	p->dirs = NULL;
	p->rootfd = p->upperfd = -1;
}
