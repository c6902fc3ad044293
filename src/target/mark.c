/*
 * What closes a staging before the decision, and the marks it gets after
 * (docs/transaction.md, "Staging").
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <valise/fs.h>

#include "stage.h"

static const char *const marks[] = {
	[VL_STAGE_DECIDED] = VL_STAGE_MARK_DECIDED,
	[VL_STAGE_APPLIED] = "applied",
};
static const char *const marks_new[] = {
	[VL_STAGE_DECIDED] = "decided.new",
	[VL_STAGE_APPLIED] = "applied.new",
};

static enum vl_status
put_plain(struct vl_stage *s, const char *name, struct vl_slice text,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;
	int fd = openat(s->fd, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return vl_fail_errno(
		    err, "cannot make '%s/%s'", s->tree.staging, name);
	st = vl_write_all(fd, text, err);
	close(fd);
	if (st != VL_OK)
		return vl_within(
		    err, "cannot write '%s/%s'", s->tree.staging, name);
	return VL_OK;
}

enum vl_status
vl_stage_seal(struct vl_stage *s, const struct vl_header *h, struct vl_err *err)
{
	struct vl_buf text = { 0 };
	enum vl_status st = vl_header_encode(&text, h, err);

	if (st == VL_OK)
		st = put_plain(s, VL_STAGE_HEADER, vl_buf_slice(&text), err);
	if (st == VL_OK)
		st = put_plain(s, marks_new[VL_STAGE_DECIDED],
		    vl_slice_of("decided\n"), err);
	if (st == VL_OK)
		st = put_plain(s, marks_new[VL_STAGE_APPLIED],
		    vl_slice_of("applied\n"), err);
	vl_buf_free(&text);
	return st;
}

/* The file was synced with the staging: only its name is to come, so that a
 * full disk cannot stop it. */
enum vl_status
vl_stage_mark(struct vl_stage *s, enum vl_stage_mark mark, struct vl_err *err)
{
	if (renameat(s->fd, marks_new[mark], s->fd, marks[mark]) != 0 &&
	    (errno != ENOENT ||
	        faccessat(s->fd, marks[mark], F_OK, AT_SYMLINK_NOFOLLOW) != 0))
		return vl_fail_errno(err, "cannot mark '%s' as %s",
		    s->tree.staging, marks[mark]);
	return vl_fsync_dir(s->fd, ".", err);
}

enum vl_status
vl_stage_marked(
    struct vl_stage *s, enum vl_stage_mark mark, bool *set, struct vl_err *err)
{
	enum vl_status st = vl_fsync_dir(s->fd, ".", err);

	*set = false;
	if (st != VL_OK)
		return st;
	*set = faccessat(s->fd, marks[mark], F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	if (!*set && errno != ENOENT)
		return vl_fail_errno(err, "cannot look for '%s/%s'",
		    s->tree.staging, marks[mark]);
	return VL_OK;
}

enum vl_status
vl_stage_sync(struct vl_stage *s, struct vl_err *err)
{
	if (syncfs(s->fd) != 0)
		return vl_fail_errno(
		    err, "cannot sync the file system of '%s'", s->tree.root);
	return VL_OK;
}
