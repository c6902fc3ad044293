/*
 * Removing a tree by descriptor, never by path: no link is followed, no other
 * mount entered.  One pass over a folder unlinks its files and notes its
 * subfolders; then the walk goes into each, and back up through ".." to a
 * folder known by device and inode.  So depth costs memory only, and the
 * number of open descriptors is fixed.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "path.h"

/* What tells a folder, and the mount it is on. */
struct place {
	uint64_t dev;
	uint64_t ino;
	uint64_t mount;
};

/* A folder on the way down. */
struct level {
	struct place place;
	struct vl_buf names; /* its subfolders, each ended by NUL */
	size_t next;         /* the first that is not removed */
};

struct walk {
	int fd; /* the folder we are in */
	struct level *level;
	size_t depth;
	size_t cap;
};

static enum vl_status
locate(struct place *out, int fd, struct stat *stat, struct vl_err *err)
{
	struct statx stx = { 0 };

	if (fstat(fd, stat) != 0 ||
	    statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_MNT_ID,
	        &stx) != 0)
		return vl_fail_errno(err, "cannot examine a folder");
	out->dev = stat->st_dev;
	out->ino = stat->st_ino;
	/* A kernel before 5.8 leaves it zero; the device is compared too. */
	out->mount = stx.stx_mask & STATX_MNT_ID ? stx.stx_mnt_id : 0;
	return VL_OK;
}

/*
 * Give ourselves the permission to empty the folder behind `fd`, which is
 * open with O_PATH, so that fchmod() would not take it.
 */
static enum vl_status
unlock(int fd, const struct stat *stat, struct vl_err *err)
{
	char path[64];

	if ((stat->st_mode & S_IRWXU) == S_IRWXU || stat->st_uid != geteuid())
		return VL_OK;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (chmod(path, (stat->st_mode & 07777) | S_IRWXU) != 0)
		return vl_fail_errno(err, "cannot make a folder writable");
	return VL_OK;
}

/*
 * Open folder `name` for emptying; it must be on the mount of `above`.
 * *fd is -1 when it is gone.
 */
static enum vl_status
open_folder(int *fd, struct place *place, int dir, const char *name,
    struct place above, struct vl_err *err)
{
	struct stat stat = { 0 };
	enum vl_status st = VL_OK;
	int path = -1;

	*fd = -1;
	path = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (path < 0 && errno == ENOENT)
		return VL_OK;
	if (path < 0)
		return vl_fail_errno(err, "cannot open a folder");
	st = locate(place, path, &stat, err);
	if (st != VL_OK)
		goto out;
	if (place->dev != above.dev || place->mount != above.mount) {
		errno = EXDEV;
		st = vl_fail(
		    err, VL_EIO, "something is mounted here; unmount it first");
		goto out;
	}
	st = unlock(path, &stat, err);
	if (st != VL_OK)
		goto out;
	*fd = openat(path, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0)
		st = vl_fail_errno(err, "cannot open a folder");
out:
	close_quietly(path);
	return st;
}

static enum vl_status
is_folder(bool *yes, int dir, const struct dirent *entry, struct vl_err *err)
{
	struct stat stat = { 0 };

	*yes = entry->d_type == DT_DIR;
	if (entry->d_type != DT_UNKNOWN)
		return VL_OK;
	if (fstatat(dir, entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) == 0)
		*yes = S_ISDIR(stat.st_mode);
	else if (errno != ENOENT)
		return vl_fail_errno(err, "cannot examine a file");
	return VL_OK;
}

/* Unlink one file, or note one folder in `names`. */
static enum vl_status
take_entry(int dir, const struct dirent *entry, struct vl_buf *names,
    struct vl_err *err)
{
	struct shown shown;
	enum vl_status st = VL_OK;
	const char *name = entry->d_name;
	bool folder = false;

	if (strncmp(name, ".", 2) == 0 || strncmp(name, "..", 3) == 0)
		return VL_OK;
	st = is_folder(&folder, dir, entry, err);
	if (st != VL_OK)
		return st;
	if (folder)
		return vl_buf_add(names,
		    (struct vl_slice){
		        (const uint8_t *)name, strlen(name) + 1 },
		    err);
	if (unlinkat(dir, name, 0) != 0 && errno != ENOENT)
		return vl_fail_errno(
		    err, "cannot remove '%s'", show_name(&shown, name));
	return VL_OK;
}

/* Unlink the files of the folder we are in, note its subfolders. */
static enum vl_status
sweep(const struct walk *w, struct vl_buf *names, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	struct dirent *entry = NULL;
	DIR *dir = NULL;
	int fd = openat(w->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		dir = fdopendir(fd);
	if (dir == NULL) {
		close_quietly(fd);
		return vl_fail_errno(err, "cannot list a folder");
	}
	for (;;) {
		errno = 0;
		entry = readdir(dir);
		if (entry == NULL)
			break;
		st = take_entry(fd, entry, names, err);
		if (st != VL_OK)
			goto out;
	}
	if (errno != 0)
		st = vl_fail_errno(err, "cannot list a folder");
out:
	(void)closedir(dir);
	return st;
}

/* Go down into subfolder `name` of `dir` and sweep it. */
static enum vl_status
descend(struct walk *w, int dir, const char *name, struct place above,
    struct vl_err *err)
{
	struct level *level = NULL;
	enum vl_status st = VL_OK;
	size_t cap = 0;
	int fd = -1;

	if (w->depth == w->cap) {
		cap = w->cap * 2 + 16;
		level = reallocarray(w->level, cap, sizeof(*level));
		if (level == NULL)
			return vl_fail_memory(err);
		w->level = level;
		w->cap = cap;
	}
	level = &w->level[w->depth];
	*level = (struct level){ 0 };
	st = open_folder(&fd, &level->place, dir, name, above, err);
	if (st != VL_OK || fd < 0)
		return st;
	close_quietly(w->fd);
	w->fd = fd;
	w->depth++;
	return sweep(w, &level->names, err);
}

/* Go back up, and remove the folder we came from. */
static enum vl_status
ascend(struct walk *w, struct vl_err *err)
{
	struct level *above = &w->level[w->depth - 2];
	const char *name = (const char *)above->names.p + above->next;
	struct place place = { 0 };
	struct stat stat = { 0 };
	struct shown shown;
	enum vl_status st = VL_OK;
	int fd = openat(w->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return vl_fail_errno(err, "cannot open a folder");
	st = locate(&place, fd, &stat, err);
	if (st == VL_OK &&
	    (place.dev != above->place.dev || place.ino != above->place.ino))
		st = vl_fail(err, VL_EIO,
		    "folder '%s' was moved while it was being removed",
		    show_name(&shown, name));
	if (st != VL_OK) {
		close_quietly(fd);
		return st;
	}
	vl_buf_free(&w->level[--w->depth].names);
	close_quietly(w->fd);
	w->fd = fd;
	if (unlinkat(fd, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
		return vl_fail_errno(
		    err, "cannot remove folder '%s'", show_name(&shown, name));
	above->next += strlen(name) + 1;
	return VL_OK;
}

/* Empty folder `base` of `parent`, and everything below it. */
static enum vl_status
empty_folder(int parent, const char *base, struct vl_err *err)
{
	struct walk w = { .fd = -1 };
	struct place outside = { 0 };
	struct stat stat = { 0 };
	struct shown shown;
	struct level *level = NULL;
	const char *name = NULL;
	enum vl_status st = VL_OK;
	size_t depth = 0;

	st = locate(&outside, parent, &stat, err);
	if (st == VL_OK)
		st = descend(&w, parent, base, outside, err);
	while (st == VL_OK && w.depth > 0) {
		depth = w.depth;
		level = &w.level[depth - 1];
		if (level->next == level->names.n) {
			if (depth == 1)
				break;
			st = ascend(&w, err);
			continue;
		}
		name = (const char *)level->names.p + level->next;
		st = descend(&w, w.fd, name, level->place, err);
		if (st != VL_OK)
			(void)vl_within(
			    err, "folder '%s'", show_name(&shown, name));
		else if (w.depth == depth) /* it is gone already */
			w.level[depth - 1].next += strlen(name) + 1;
	}
	while (w.depth > 0)
		vl_buf_free(&w.level[--w.depth].names);
	free(w.level);
	close_quietly(w.fd);
	return st;
}

enum vl_status
vl_remove_tree(int dirfd, const char *name, struct vl_err *err)
{
	char base[256];
	struct stat stat = { 0 };
	struct shown shown;
	enum vl_status st = VL_OK;
	int parent = -1;
	int flag = 0;

	st = open_parent(&parent, base, dirfd, name, err);
	if (st != VL_OK)
		return parent < 0 && st == VL_EIO && errno == ENOENT ? VL_OK :
		                                                       st;
	if (fstatat(parent, base, &stat, AT_SYMLINK_NOFOLLOW) != 0) {
		if (errno != ENOENT)
			st = vl_fail_errno(err, "cannot examine it");
		goto out;
	}
	if (S_ISDIR(stat.st_mode)) {
		flag = AT_REMOVEDIR;
		st = empty_folder(parent, base, err);
		if (st != VL_OK)
			goto out;
	}
	if (unlinkat(parent, base, flag) != 0 && errno != ENOENT)
		st = vl_fail_errno(err, "cannot unlink it");
out:
	close_quietly(parent);
	if (st != VL_OK)
		(void)vl_within(
		    err, "cannot remove '%s'", show_name(&shown, name));
	return st;
}
