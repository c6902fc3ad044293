/*
 * The end of a staging directory, dropped or cleaned, and the root's time
 * that goes with it (docs/transaction.md, "Staging").
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/encode.h>
#include <valise/fs.h>

#include "meta.h"
#include "redo.h"
#include "rename.h"
#include "stage.h"

/* The root's time as the header has it, durably; an absent root has none. */
static enum vl_status
put_time(const struct vl_header_tree *t, struct vl_err *err)
{
	const struct timespec times[2] = { { 0, UTIME_OMIT },
		{ t->mtime_sec, t->mtime_nsec } };
	struct stat now;
	enum vl_status st = VL_OK;
	int fd = -1;

	if (t->absent)
		return VL_OK;
	fd = open(t->root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return VL_OK;
	if (fd < 0)
		return vl_fail_errno(err, "cannot open '%s'", t->root);
	if (fstat(fd, &now) != 0 ||
	    ((now.st_mtim.tv_sec != t->mtime_sec ||
	         now.st_mtim.tv_nsec != t->mtime_nsec) &&
	        futimens(fd, times) != 0))
		st = vl_fail_errno(err, "cannot set the time of '%s'", t->root);
	if (st == VL_OK)
		st = vl_fsync_dir(fd, ".", err);
	close(fd);
	return st;
}

/*
 * A probe that was killed on its way stands where the root's entries stand;
 * it goes, and the root has its time back.
 */
static enum vl_status
restore_root(struct vl_stage *s, struct vl_err *err)
{
	char *probe = vl_stage_private_name(VL_STAGE_PROBE, s->import);
	const char *dir = s->tree.absent ? s->parent : s->tree.root;
	enum vl_status st = VL_OK;
	int fd = -1;

	if (probe == NULL)
		return vl_fail_memory(err);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT && errno != ENOTDIR)
		st = vl_fail_errno(err, "cannot open '%s'", dir);
	else if (fd >= 0 && unlinkat(fd, probe, 0) != 0 && errno != ENOENT)
		st = vl_fail_errno(err, "cannot remove '%s/%s'", dir, probe);
	if (fd >= 0)
		close(fd);
	free(probe);
	return st == VL_OK ? put_time(&s->tree, err) : st;
}

/*
 * More names of a file that was locked in its place: they cannot go as long
 * as it is, and it shall stay so.
 */
static enum vl_status
remove_name(int dirfd, const char *name, struct vl_err *err)
{
	struct stat st;
	uint32_t flags = 0;
	int fd = vl_meta_open(dirfd, name, &st);
	enum vl_status status = VL_OK;

	if (fd < 0)
		return VL_OK; /* who may not read it has set no lock */
	if (vl_flags_get(fd, &flags) && (flags & VL_FLAGS_LOCK) != 0) {
		if (!vl_flags_set(fd, flags & ~VL_FLAGS_LOCK) ||
		    unlinkat(dirfd, name, 0) != 0)
			status = vl_fail_errno(
			    err, "cannot remove what is left of the staging");
		if ((fstat(fd, &st) != 0 || st.st_nlink > 0) &&
		    !vl_flags_set(fd, flags) && status == VL_OK)
			status = vl_fail_errno(
			    err, "cannot lock again what has more names");
	}
	close(fd);
	return status;
}

/* What stays out, because an operator keeps what is in its place. */
static enum vl_status
remove_locked(const struct vl_stage *s, const char *staging, struct vl_err *err)
{
	struct vl_walk_opts opts = { 0 };
	struct vl_walk *walk = NULL;
	struct vl_node node = { 0 };
	char name[VL_NAME_MAX + 1];
	char *root = NULL;
	bool more = true;
	enum vl_status st = VL_OK;

	if (asprintf(&root, "%s/%s/new", s->parent, staging) < 0)
		return vl_fail_memory(err);
	opts.root = root;
	if (faccessat(AT_FDCWD, root, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		st = vl_walk_open(&walk, &opts, err);
	else if (errno != ENOENT)
		st = vl_fail_errno(err, "cannot look at '%s'", root);
	while (st == VL_OK && walk != NULL) {
		st = vl_walk_next(walk, &node, &more, err);
		if (st != VL_OK || !more)
			break;
		if (node.type != VL_ENTRY_FILE || node.st.st_nlink == 1)
			continue;
		memcpy(name, node.name.p, node.name.n);
		name[node.name.n] = '\0';
		st = remove_name(node.parentfd, name, err);
	}
	vl_walk_free(walk);
	free(root);
	return st;
}

/*
 * First off the fixed name, durably: a staging without its owner file never
 * stands there.
 */
enum vl_status
vl_stage_remove(struct vl_stage *s, struct vl_err *err)
{
	char *private = vl_stage_private_name(s->name, s->import);
	enum vl_status st = VL_OK;

	if (private == NULL)
		return vl_fail_memory(err);
	if (renameat(s->parentfd, s->name, s->parentfd, private) != 0)
		st = vl_fail_errno(err, "cannot remove '%s'", s->tree.staging);
	if (st == VL_OK)
		st = vl_fsync_dir(s->parentfd, ".", err);
	if (st == VL_OK)
		st = vl_remove_tree(s->parentfd, private, err);
	free(private);
	return st;
}

/* The root first: as long as staging stands the next run does it again, and
 * once it is gone the root may be somebody else's to change. */
enum vl_status
vl_stage_drop(struct vl_stage *s, struct vl_err *err)
{
	enum vl_status st = restore_root(s, err);

	if (st == VL_OK)
		st = vl_stage_remove(s, err);
	if (st == VL_OK && s->tree.inside)
		st = put_time(&s->tree, err);
	return st;
}

/*
 * What an operator displaced with --take-ours is somebody's work: it moves
 * out of the staging, beside it, and is named.
 */
static enum vl_status
save_theirs(struct vl_stage *s, const struct vl_stage_report *report,
    struct vl_err *err)
{
	char hex[VL_HEX_SIZE(VL_IMPORT_ID_SIZE)];
	char *name = NULL;
	char *path = NULL;
	enum vl_status st = VL_OK;

	if (faccessat(s->fd, "theirs", F_OK, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ?
		    VL_OK :
		    vl_fail_errno(
		        err, "cannot look for '%s/theirs'", s->tree.staging);
	vl_hex(hex, s->import, VL_IMPORT_ID_SIZE);
	if (asprintf(&name, "%s.theirs.%s", s->name, hex) < 0)
		return vl_fail_memory(err);
	if (asprintf(&path, "%s/%s", s->parent, name) < 0) {
		free(name);
		return vl_fail_memory(err);
	}
	if (vl_rename_new(s->fd, "theirs", s->parentfd, name) != 0)
		st = vl_fail_errno(err, "cannot keep '%s'", path);
	else if (report->kept != NULL)
		report->kept(report->arg, path, "displaced by --take-ours");
	free(name);
	free(path);
	return st;
}

enum vl_status
vl_stage_take_time(struct vl_stage *s, struct vl_time *time, struct vl_err *err)
{
	struct stat now;

	if (stat(s->tree.root, &now) != 0)
		return vl_fail_errno(err, "cannot look at '%s'", s->tree.root);
	s->tree.mtime_sec = time->sec = now.st_mtim.tv_sec;
	s->tree.mtime_nsec = time->nsec = (int32_t)now.st_mtim.tv_nsec;
	return VL_OK;
}

enum vl_status
vl_stage_clean(struct vl_stage *s, const struct vl_stage_report *report,
    struct vl_err *err)
{
	enum vl_status st = save_theirs(s, report, err);

	if (st == VL_OK)
		st = remove_locked(s, s->name, err);
	if (st == VL_OK)
		st = vl_stage_remove(s, err);
	if (st == VL_OK && s->tree.inside)
		st = put_time(&s->tree, err);
	return st;
}

enum vl_status
vl_stage_sweep(const struct vl_header *h, size_t tree, struct vl_err *err)
{
	struct vl_stage *s = NULL;
	char *private = NULL;
	struct stat st_private;
	enum vl_status st = VL_OK;

	errno = 0;
	st = vl_stage_init(&s, h, tree, err);
	if (st != VL_OK)
		return errno == ENOENT || errno == ENOTDIR ? VL_OK : st;
	private = vl_stage_private_name(s->name, h->import);
	if (private == NULL) {
		st = vl_fail_memory(err);
	} else if (fstatat(s->parentfd, private, &st_private,
	               AT_SYMLINK_NOFOLLOW) == 0) {
		st = remove_locked(s, private, err);
		if (st == VL_OK)
			st = vl_remove_tree(s->parentfd, private, err);
	} else if (errno != ENOENT) {
		st = vl_fail_errno(
		    err, "cannot look for '%s/%s'", s->parent, private);
	}
	free(private);
	vl_stage_close(s);
	return st;
}

enum vl_status
vl_stage_restore(const struct vl_header *h, size_t tree, struct vl_err *err)
{
	const struct vl_header_tree *t = &h->trees[tree];

	return t->inside ? put_time(t, err) : VL_OK;
}

/* Its redo may have begun and not come to its end.  What is refused is said,
 * and does not hold up who gives up. */
static void
put_back(struct vl_stage *s, const struct vl_stage_report *report)
{
	struct vl_err err = { 0 };
	bool decided = false;
	bool applied = false;
	enum vl_status st =
	    vl_stage_marked(s, VL_STAGE_DECIDED, &decided, &err);

	if (st == VL_OK)
		st = vl_stage_marked(s, VL_STAGE_APPLIED, &applied, &err);
	if (st == VL_OK && decided && !applied)
		st = vl_redo_give_up(s, report, &err);
	if (st == VL_OK || report->blocked == NULL)
		return;
	vl_within(&err, "what the import has unlocked for the while stays so");
	report->blocked(report->arg, s->tree.root, err.text);
}

enum vl_status
vl_stage_abandon(struct vl_stage *s, const struct vl_stage_report *report,
    struct vl_err *err)
{
	char hex[VL_HEX_SIZE(VL_IMPORT_ID_SIZE)];
	char *name = NULL;
	char *path = NULL;
	enum vl_status st = VL_OK;

	vl_hex(hex, s->import, VL_IMPORT_ID_SIZE);
	if (asprintf(&name, "%s.abandoned.%s", s->name, hex) < 0)
		return vl_fail_memory(err);
	if (asprintf(&path, "%s/%s", s->parent, name) < 0) {
		free(name);
		return vl_fail_memory(err);
	}
	put_back(s, report);
	if (vl_rename_new(s->parentfd, s->name, s->parentfd, name) != 0)
		st = vl_fail_errno(
		    err, "cannot set '%s' aside", s->tree.staging);
	else
		st = vl_fsync_dir(s->parentfd, ".", err);
	if (st == VL_OK && report->kept != NULL)
		report->kept(report->arg, path, "holds what was staged");
	free(name);
	free(path);
	return st;
}
