/*
 * The stack of directories of a walk.  A directory that was closed is opened
 * again by way of "..", or from the root name by name, and has to be the
 * same one: a directory that was moved meanwhile never leads out of the tree.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <valise/entry.h>
#include <valise/text.h>

#include "descend.h"

#define OPEN_MAX_LEVELS 32          /* directories open at a time */
#define NAMES_MAX       (32u << 20) /* bytes of names of all levels together */
#define BLOCK_SIZE      (64u << 10)

enum vl_status
vl_descend_init(struct descend *d, const char *tempdir, struct vl_err *err)
{
	memset(d, 0, sizeof(*d));
	d->names_max = NAMES_MAX;
	d->tempdir = tempdir;
	d->block = malloc(BLOCK_SIZE);
	if (d->block == NULL)
		return vl_fail_memory(err);
	return VL_OK;
}

void
vl_descend_free(struct descend *d)
{
	size_t i;

	for (i = 0; i < d->cap; i++) {
		vl_look_close(d->level[i].fd);
		vl_names_free(&d->level[i].names);
	}
	free(d->level);
	free(d->block);
	vl_buf_free(&d->path);
	vl_buf_free(&d->as);
}

struct level *
vl_descend_top(struct descend *d)
{
	return &d->level[d->depth - 1];
}

static enum vl_status
grow(struct descend *d, struct vl_err *err)
{
	size_t cap = d->cap == 0 ? 16 : d->cap * 2;
	struct level *level = NULL;

	if (d->depth < d->cap)
		return VL_OK;
	level = reallocarray(d->level, cap, sizeof(*level));
	if (level == NULL)
		return vl_fail_memory(err);
	memset(level + d->cap, 0, (cap - d->cap) * sizeof(*level));
	d->level = level;
	for (; d->cap < cap; d->cap++)
		level[d->cap].fd = -1;
	return VL_OK;
}

/* Drop names from the root on until what is held is within its bound. */
static void
drop_names(struct descend *d)
{
	size_t held = 0;
	size_t i;

	for (i = 0; i < d->depth; i++)
		held += vl_names_memory(&d->level[i].names);
	for (i = 0; i + 1 < d->depth && held > d->names_max; i++) {
		held -= vl_names_memory(&d->level[i].names);
		vl_names_free(&d->level[i].names);
		d->level[i].dropped = true;
	}
}

/* The component of the path that led from `level` to the one below it. */
static void
name_below(const struct descend *d, size_t level, char name[VL_NAME_MAX + 1])
{
	size_t from = d->level[level].path_n;
	const uint8_t *p = d->path.p + from;
	const uint8_t *end = NULL;
	size_t n = d->path.n - from;

	if (from > 0) {
		p++;
		n--;
	}
	end = memchr(p, '/', n);
	if (end != NULL)
		n = (size_t)(end - p);
	memcpy(name, p, n);
	name[n] = '\0';
}

static enum vl_status
load(struct descend *d, const char *after, int *cause, struct vl_err *err)
{
	struct level *top = vl_descend_top(d);
	const struct names_opts opts = {
		.tempdir = d->tempdir,
		.after = after,
		.block = d->block,
		.block_size = BLOCK_SIZE,
		.namer = d->namer,
		.dir = { d->path.p, top->path_n },
	};
	enum vl_status st = VL_OK;

	st = vl_names_load(&top->names, top->fd, &opts, cause, err);
	if (st == VL_OK)
		drop_names(d);
	return st;
}

enum vl_status
vl_descend_push(struct descend *d, int fd, const struct look *look, int *cause,
    struct vl_err *err)
{
	enum vl_status st = grow(d, err);
	struct level *top = NULL;

	if (st != VL_OK) {
		vl_look_close(fd);
		return st;
	}
	top = &d->level[d->depth++];
	top->look = *look;
	top->path_n = d->path.n;
	top->as_n = d->as.n;
	top->fd = fd;
	top->lost = 0;
	top->dropped = false;
	/* The root, level 0, stays open. */
	if (d->depth > OPEN_MAX_LEVELS + 1) {
		top = &d->level[d->depth - 1 - OPEN_MAX_LEVELS];
		vl_look_close(top->fd);
		top->fd = -1;
	}
	return load(d, NULL, cause, err);
}

/* Open level `i` from the root, name by name; -1 with errno. */
static int
open_from_root(const struct descend *d, size_t i)
{
	char name[VL_NAME_MAX + 1];
	int from = d->level[0].fd;
	int fd = -1;
	size_t k;

	for (k = 0; k < i; k++) {
		name_below(d, k, name);
		fd = k + 1 < i ?
		    openat(from, name,
		        O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) :
		    vl_look_open(from, name, O_DIRECTORY);
		if (k > 0)
			vl_look_close(from);
		if (fd < 0)
			return -1;
		from = fd;
	}
	return fd;
}

/* Is `fd` the directory that level `i` was?  Closes it when it is not. */
static bool
is_level(const struct descend *d, size_t i, int fd)
{
	struct look look = { 0 };

	if (fd < 0)
		return false;
	if (vl_look_at(&look, fd, "")) {
		if (vl_look_same(&look, &d->level[i].look))
			return true;
		errno = ESTALE;
	}
	vl_look_close(fd);
	return false;
}

void
vl_descend_pop(struct descend *d)
{
	struct level *top = vl_descend_top(d);
	struct level *up = NULL;
	const size_t i = d->depth - 2;

	if (d->depth > 1) {
		up = &d->level[i];
		if (up->fd < 0 && up->lost == 0) {
			up->fd = vl_look_open(top->fd, "..", O_DIRECTORY);
			if (!is_level(d, i, up->fd)) {
				up->fd = open_from_root(d, i);
				if (!is_level(d, i, up->fd)) {
					up->fd = -1;
					up->lost = errno;
				}
			}
		}
	}
	vl_look_close(top->fd);
	top->fd = -1;
	vl_names_clear(&top->names);
	d->depth--;
}

/* What is below `top` of the path as it travels: only the first name, with a
 * NUL. */
static enum vl_status
cut_as(struct descend *d, const struct level *top, struct vl_err *err)
{
	size_t from = top->as_n + (top->as_n > 0);
	const uint8_t *slash = memchr(d->as.p + from, '/', d->as.n - from);
	enum vl_status st = VL_OK;

	if (slash != NULL)
		d->as.n = (size_t)(slash - d->as.p);
	st = vl_buf_reserve(&d->as, 1, err);
	if (st == VL_OK)
		d->as.p[d->as.n] = '\0';
	return st;
}

/* Read the names again that were dropped, behind the one come back from. */
static enum vl_status
restore_names(struct descend *d, struct vl_err *err)
{
	struct level *top = vl_descend_top(d);
	char name[VL_NAME_MAX + 1];
	const char *after = name;
	char shown[512];
	enum vl_status st = VL_OK;
	int cause = top->lost;

	top->dropped = false;
	name_below(d, d->depth - 1, name);
	if (d->namer != NULL) {
		st = cut_as(d, top, err);
		after = (const char *)d->as.p + top->as_n + (top->as_n > 0);
	}
	if (st == VL_OK && cause == 0)
		st = load(d, after, &cause, err);
	if (st != VL_OK || cause == 0)
		return st;
	/* Which of its names were not yielded yet nobody knows any more. */
	errno = cause;
	return vl_fail_errno(err, "cannot go on in folder '%s'",
	    vl_escape_text(shown, sizeof(shown),
	        (struct vl_slice){ d->path.p, top->path_n }));
}

enum vl_status
vl_descend_next(struct descend *d, struct name *name, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (vl_descend_top(d)->dropped)
		st = restore_names(d, err);
	if (st != VL_OK)
		return st;
	return vl_names_next(&vl_descend_top(d)->names, name, err);
}

/* `name` behind the first `n` bytes, and a NUL. */
static enum vl_status
set_name(
    struct vl_buf *path, size_t n, struct vl_slice name, struct vl_err *err)
{
	static const uint8_t slash[] = "/";
	enum vl_status st = VL_OK;

	path->n = n;
	if (n > 0)
		st = vl_buf_add(path, (struct vl_slice){ slash, 1 }, err);
	if (st == VL_OK)
		st = vl_buf_reserve(path, name.n + 1, err);
	if (st != VL_OK)
		return st;
	memcpy(path->p + path->n, name.p, name.n);
	path->n += name.n;
	path->p[path->n] = '\0';
	return VL_OK;
}

enum vl_status
vl_descend_name(struct descend *d, const struct name *name, struct vl_err *err)
{
	const struct level *top = vl_descend_top(d);
	enum vl_status st = set_name(&d->path, top->path_n, name->here, err);

	if (st == VL_OK && d->namer != NULL)
		st = set_name(&d->as, top->as_n, name->as, err);
	return st;
}

struct vl_slice
vl_descend_as(const struct descend *d)
{
	return vl_buf_slice(d->namer != NULL ? &d->as : &d->path);
}
