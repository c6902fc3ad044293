/*
 * Inside of new directories, which are staged with all that is below them
 * and move as one.  One in there that its owner may not list or enter would
 * keep anybody but root from counting what is in it and from linking to it;
 * so its mode, and its ACL, which means that mode, come when this is done.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "plan.h"

/* What stands in t->unlisted, behind it attributes and the path. */
struct unlisted {
	struct vl_meta after; /* attrs: its length alone counts */
	uint64_t top_n;
	size_t top_path_n;
};

enum vl_status
vl_inner_path(
    struct vl_buf *out, uint64_t n, const char *rest, struct vl_err *err)
{
	char name[VL_STAGE_N_SIZE];
	enum vl_status st = vl_buf_add_text(out, vl_stage_n(name, n, ""), err);

	if (st == VL_OK && rest[0] != '\0' && rest[0] != '/')
		st = vl_buf_add_text(out, "/", err);
	return st == VL_OK ? vl_buf_add_text(out, rest, err) : st;
}

bool
vl_inner_unlisted(const struct item *i)
{
	return i->inner && i->dir != NULL && (i->after.mode & 0500) != 0500;
}

void
vl_inner_key(uint8_t key[VL_TABLE_KEY_SIZE], uint64_t number)
{
	memset(key, 0, VL_TABLE_KEY_SIZE);
	vl_put_u64le(key, number);
}

enum vl_status
vl_inner_put_off(struct vl_target *t, const struct item *i, struct vl_err *err)
{
	const struct vl_slice path = { (const uint8_t *)i->path,
		i->path_n + 1 };
	struct unlisted u = { .after = i->after,
		.top_n = i->top_n,
		.top_path_n = i->top_path_n };
	uint8_t key[VL_TABLE_KEY_SIZE];
	struct vl_buf value = { 0 };
	enum vl_status st = VL_OK;

	u.after.attrs.p = NULL;
	st = vl_buf_add(
	    &value, (struct vl_slice){ (const uint8_t *)&u, sizeof(u) }, err);
	if (st == VL_OK)
		st = vl_buf_add(&value, i->after.attrs, err);
	if (st == VL_OK)
		st = vl_buf_add(&value, path, err);
	if (st == VL_OK && t->unlisted == NULL)
		st = vl_table_new(&t->unlisted, t->opts.tempdir, err);
	if (st == VL_OK) {
		vl_inner_key(key, vl_table_count(t->unlisted) + 1);
		st = vl_table_put(
		    t->unlisted, key, vl_buf_slice(&value), 0, err);
	}
	vl_buf_free(&value);
	return st;
}

/* The staged directory, open to be read. */
static enum vl_status
open_staged(struct vl_target *t, const struct unlisted *u, const char *path,
    int *fd, struct vl_err *err)
{
	const char *slash = strrchr(path, '/');
	struct vl_buf staged = { 0 };
	int dirfd = -1;
	enum vl_status st =
	    vl_inner_path(&staged, u->top_n, path + u->top_path_n, err);

	if (st == VL_OK && t->staged_dirs == NULL)
		st = vl_dirs_new(
		    &t->staged_dirs, vl_stage_newfd(t->opts.stage), err);
	if (st == VL_OK)
		st = vl_dirs_get(t->staged_dirs,
		    vl_path_parent(vl_buf_slice(&staged)), &dirfd, err);
	if (st == VL_OK) {
		*fd = openat(dirfd, slash == NULL ? path : slash + 1,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (*fd < 0)
			st = vl_fail_errno(err, "cannot stage '%s'", path);
	}
	vl_buf_free(&staged);
	return st;
}

/* They were put off when they were left: what is inside one comes first. */
enum vl_status
vl_inner_finish(struct vl_target *t, struct vl_err *err)
{
	const uint64_t count =
	    t->unlisted == NULL ? 0 : vl_table_count(t->unlisted);
	uint8_t key[VL_TABLE_KEY_SIZE];
	struct vl_buf value = { 0 };
	struct unlisted u = { 0 };
	const char *path = NULL;
	enum vl_status st = VL_OK;
	uint64_t k = 0;
	int fd = -1;

	for (k = 1; k <= count && st == VL_OK; k++) {
		vl_inner_key(key, k);
		st = vl_table_value(t->unlisted, key, &value, err);
		if (st != VL_OK)
			break;
		memcpy(&u, value.p, sizeof(u));
		u.after.attrs.p = value.p + sizeof(u);
		path = (const char *)u.after.attrs.p + u.after.attrs.n;
		st = open_staged(t, &u, path, &fd, err);
		if (st != VL_OK)
			break;
		st = vl_meta_stage(&(struct vl_meta_place){ fd, "",
		                       t->opts.tree->privileged, path },
		    &u.after, err);
		close(fd);
	}
	vl_buf_free(&value);
	return st;
}
