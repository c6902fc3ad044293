/*
 * The walk over a tree.  Every path is looked at by its name in an open
 * directory; a directory is entered when it is yielded, so that one that
 * cannot be listed is never yielded as if it could.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <valise/text.h>
#include <valise/tree.h>

#include "descend.h"

#define TRIES 3 /* looks at a path that turns into something else each time */

struct vl_walk {
	struct descend down;
	struct vl_walk_opts opts;
	struct look root;
	int rootfd;
	int root_cause; /* errno: the root cannot be read */
	bool begun;
	bool entered;      /* the path just yielded is the last level */
	size_t name_at;    /* where in the path the name just yielded begins */
	bool left;         /* it travels as left out */
	struct look look;  /* of the path just yielded */
	struct vl_buf all; /* nothing is excluded below it, if it is said */
	bool all_said;
	char link[VL_TARGET_MAX + 2];
};

enum vl_status
vl_walk_open(
    struct vl_walk **out, const struct vl_walk_opts *opts, struct vl_err *err)
{
	struct vl_walk *w = calloc(1, sizeof(*w));
	enum vl_status st = VL_OK;
	char shown[512];

	*out = NULL;
	if (w == NULL)
		return vl_fail_memory(err);
	w->opts = *opts;
	w->rootfd = open(opts->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w->rootfd < 0 && (errno == EACCES || errno == EIO)) {
		w->root_cause = errno;
		w->rootfd = open(opts->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (w->rootfd < 0 || !vl_look_at(&w->root, w->rootfd, "")) {
		st = vl_fail_errno(err, "cannot open folder '%s'",
		    vl_escape_text(
		        shown, sizeof(shown), vl_slice_of(opts->root)));
		if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP ||
		    errno == ENAMETOOLONG)
			st = err->status = VL_EUSAGE;
	}
	if (st == VL_OK)
		st = vl_descend_init(&w->down, opts->tempdir, err);
	w->down.namer = opts->namer;
	if (st != VL_OK) {
		vl_walk_free(w);
		return st;
	}
	*out = w;
	return VL_OK;
}

static bool
crosses(const struct vl_walk *w, const struct look *look)
{
	return !w->opts.cross_mounts &&
	    (look->st.st_dev != w->root.st.st_dev ||
	        look->mount != w->root.mount);
}

/* Is it a directory above, mounted once more here? */
static bool
leads_back(const struct vl_walk *w, const struct look *look)
{
	const struct level *level = w->down.level;
	size_t i;

	if (!w->opts.cross_mounts)
		return false;
	for (i = 0; i < w->down.depth; i++, level++)
		if (vl_look_same(look, &level->look) &&
		    (look->mount == 0 || look->mount != level->look.mount))
			return true;
	return false;
}

/* Name of the path being yielded, with a NUL; "" for the root. */
static const char *
name_of(const struct vl_walk *w)
{
	return (const char *)w->down.path.p + w->name_at;
}

static void
clear(struct vl_node *node)
{
	memset(node, 0, sizeof(*node));
	node->fd = -1;
}

static void
leave_out(struct vl_node *node, enum vl_why why)
{
	node->type = VL_ENTRY_LEFT_OUT;
	node->why = why;
}

/* What to do about a path, decided by one look at it. */
enum seen {
	SEEN,  /* yield it */
	GONE,  /* it vanished */
	AGAIN, /* it turned into something else: look once more */
	FAILED /* stop; err says why */
};

/* What an errno of an attempt to open or read the path means. */
static enum seen
refused(struct vl_node *node, int error, struct vl_err *err)
{
	if (error == ENOENT)
		return GONE;
	if (error == ENOTDIR || error == ELOOP)
		return AGAIN;
	if (vl_look_exhausted(error)) {
		errno = error;
		(void)vl_fail_errno(err, "cannot go on reading");
		return FAILED;
	}
	leave_out(node, VL_WHY_UNREADABLE);
	node->cause = strerrordesc_np(error);
	return SEEN;
}

/* Would a path below the directory just entered be over the limits? */
static bool
too_far(const struct vl_walk *w)
{
	const struct level *top = &w->down.level[w->down.depth - 1];
	const size_t longest = top->names.longest;
	const size_t above = vl_descend_as(&w->down).n;

	/* A name with a key in it may have any length. */
	if (w->opts.namer == NULL && longest > VL_NAME_MAX)
		return true;
	if (longest == 0 || above == 0)
		return longest > VL_PATH_MAX;
	return above + 1 + longest > VL_PATH_MAX ||
	    w->down.depth > VL_PATH_DEPTH_MAX;
}

/* Enter the directory `fd` that is being yielded. */
static enum seen
enter(struct vl_walk *w, struct vl_node *node, int fd, struct vl_err *err)
{
	int cause = 0;

	if (vl_descend_push(&w->down, fd, &w->look, &cause, err) != VL_OK)
		return FAILED;
	w->entered = true;
	node->type = VL_ENTRY_DIR;
	node->st = w->look.st;
	if (cause == 0 && !too_far(w)) {
		node->fd = fd;
		return SEEN;
	}
	vl_descend_pop(&w->down);
	w->entered = false;
	if (cause != 0)
		return refused(node, cause, err);
	leave_out(node, VL_WHY_NAME);
	return SEEN;
}

static enum seen
see_dir(struct vl_walk *w, struct vl_node *node, struct vl_err *err)
{
	int fd = vl_look_open(node->parentfd, name_of(w), O_DIRECTORY);

	if (fd < 0)
		return refused(node, errno, err);
	/* From here on the descriptor tells, whatever the name means now. */
	if (!vl_look_at(&w->look, fd, "")) {
		vl_look_close(fd);
		return refused(node, errno, err);
	}
	if (crosses(w, &w->look) || leads_back(w, &w->look)) {
		vl_look_close(fd);
		leave_out(node, VL_WHY_MOUNT);
		return SEEN;
	}
	return enter(w, node, fd, err);
}

static enum seen
see_link(struct vl_walk *w, struct vl_node *node, struct vl_err *err)
{
	ssize_t n =
	    readlinkat(node->parentfd, name_of(w), w->link, sizeof(w->link));

	if (n < 0)
		return errno == EINVAL ? AGAIN : refused(node, errno, err);
	if (n == 0 || n > VL_TARGET_MAX) {
		leave_out(node, VL_WHY_NAME);
		return SEEN;
	}
	node->type = VL_ENTRY_LINK;
	node->link = (struct vl_slice){ (uint8_t *)w->link, (size_t)n };
	return SEEN;
}

static enum seen
see_special(
    const struct vl_walk *w, struct vl_node *node, enum vl_entry_type type)
{
	node->type = type;
	if (!w->opts.special)
		leave_out(node, VL_WHY_KIND);
	return SEEN;
}

/* Look at the path once. */
static enum seen
see(struct vl_walk *w, struct vl_node *node, struct vl_err *err)
{
	const struct vl_exclude *x = w->opts.exclude;

	if (w->all_said && vl_path_below(node->here, vl_buf_slice(&w->all)))
		x = NULL;
	if (w->left) {
		leave_out(node, VL_WHY_EXCLUDED);
		return SEEN;
	}
	if (!vl_look_at(&w->look, node->parentfd, name_of(w))) {
		if (errno != ENOENT && x != NULL &&
		    vl_exclude_match(x, node->here, false)) {
			leave_out(node, VL_WHY_EXCLUDED);
			return SEEN;
		}
		return refused(node, errno, err);
	}
	node->st = w->look.st;
	if (x != NULL &&
	    vl_exclude_match(x, node->here, S_ISDIR(node->st.st_mode))) {
		leave_out(node, VL_WHY_EXCLUDED);
		return SEEN;
	}
	if (crosses(w, &w->look)) {
		leave_out(node, VL_WHY_MOUNT);
		return SEEN;
	}
	switch (w->look.st.st_mode & S_IFMT) {
	case S_IFDIR:
		return see_dir(w, node, err);
	case S_IFLNK:
		return see_link(w, node, err);
	case S_IFREG:
		node->type = VL_ENTRY_FILE;
		return SEEN;
	case S_IFIFO:
		return see_special(w, node, VL_ENTRY_FIFO);
	case S_IFCHR:
		return see_special(w, node, VL_ENTRY_CHAR);
	case S_IFBLK:
		return see_special(w, node, VL_ENTRY_BLOCK);
	default:
		leave_out(node, VL_WHY_KIND);
		return SEEN;
	}
}

/* Look at the path that the walk stands at until it holds still. */
static enum vl_status
look_closely(
    struct vl_walk *w, struct vl_node *node, bool *there, struct vl_err *err)
{
	const struct level *top = vl_descend_top(&w->down);
	const struct vl_slice path = vl_buf_slice(&w->down.path);
	const struct vl_slice name = { path.p + w->name_at,
		path.n - w->name_at };
	const int parentfd = top->fd;
	enum seen seen = AGAIN;
	int tries = 0;

	*there = true;
	if (parentfd < 0) {
		clear(node);
		leave_out(node, VL_WHY_UNREADABLE);
		node->cause = strerrordesc_np(top->lost);
		seen = SEEN;
	}
	while (seen == AGAIN && tries++ < TRIES) {
		clear(node);
		node->path = vl_descend_as(&w->down);
		node->here = path;
		node->name = name;
		node->parentfd = parentfd;
		seen = see(w, node, err);
	}
	if (seen == FAILED)
		return err->status;
	if (seen == AGAIN)
		leave_out(node, VL_WHY_UNSTABLE);
	*there = seen != GONE;
	node->path = vl_descend_as(&w->down);
	node->here = path;
	node->name = name;
	node->parentfd = parentfd;
	return VL_OK;
}

/* The root: path "", opened already. */
static enum vl_status
begin(struct vl_walk *w, struct vl_node *node, struct vl_err *err)
{
	enum seen seen = SEEN;
	int fd = -1;

	w->begun = true;
	w->look = w->root;
	clear(node);
	node->st = w->root.st;
	if (w->root_cause == 0) {
		fd = fcntl(w->rootfd, F_DUPFD_CLOEXEC, 0);
		if (fd < 0)
			return vl_fail_errno(err, "cannot go on reading");
		seen = enter(w, node, fd, err);
	} else {
		seen = refused(node, w->root_cause, err);
	}
	if (seen == FAILED)
		return err->status;
	if (seen != SEEN) {
		leave_out(node, VL_WHY_UNREADABLE);
		node->cause = strerrordesc_np(ENOENT);
	}
	node->parentfd = -1;
	return VL_OK;
}

/* What valise names so itself stands in the root. */
static bool
is_hidden(const struct vl_walk *w, struct vl_slice name)
{
	return w->opts.hidden != NULL && w->down.depth == 1 &&
	    vl_path_hidden(name, w->opts.hidden);
}

enum vl_status
vl_walk_next(
    struct vl_walk *w, struct vl_node *node, bool *more, struct vl_err *err)
{
	struct name name = { 0 };
	enum vl_status st = VL_OK;
	bool there = false;

	*more = true;
	w->entered = false;
	if (!w->begun)
		return begin(w, node, err);
	while (!there && w->down.depth > 0) {
		st = vl_descend_next(&w->down, &name, err);
		if (st != VL_OK)
			return st;
		if (name.here.p == NULL) {
			vl_descend_pop(&w->down);
			continue;
		}
		if (is_hidden(w, name.here))
			continue;
		w->left = name.left;
		st = vl_descend_name(&w->down, &name, err);
		if (st != VL_OK)
			return st;
		w->name_at = w->down.path.n - name.here.n;
		st = look_closely(w, node, &there, err);
		if (st != VL_OK)
			return st;
	}
	*more = there;
	return VL_OK;
}

enum vl_status
vl_walk_again(
    struct vl_walk *w, struct vl_node *node, bool *there, struct vl_err *err)
{
	vl_walk_skip(w);
	return look_closely(w, node, there, err);
}

enum vl_status
vl_walk_all_below(struct vl_walk *w, struct vl_slice path, struct vl_err *err)
{
	w->all_said = true;
	vl_buf_clear(&w->all);
	return vl_buf_add(&w->all, path, err);
}

void
vl_walk_skip(struct vl_walk *w)
{
	if (w->entered)
		vl_descend_pop(&w->down);
	w->entered = false;
}

/* May somebody else, but root, change names in this directory? */
static bool
is_shared(const struct stat *dir)
{
	return (dir->st_uid != 0 && dir->st_uid != geteuid()) ||
	    (dir->st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

bool
vl_walk_file(struct vl_walk *w, int *fd)
{
	const struct level *top = vl_descend_top(&w->down);

	*fd = vl_look_file(
	    &w->look, top->fd, name_of(w), is_shared(&top->look.st));
	return *fd >= 0;
}

const struct stat *
vl_walk_stat(const struct vl_walk *w)
{
	return &w->look.st;
}

void
vl_walk_free(struct vl_walk *w)
{
	if (w == NULL)
		return;
	vl_look_close(w->rootfd);
	vl_buf_free(&w->all);
	vl_descend_free(&w->down);
	free(w);
}
