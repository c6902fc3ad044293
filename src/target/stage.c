/*
 * The staging directory: making and opening it, and its owner file
 * (docs/transaction.md, "Staging").
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <valise/encode.h>
#include <valise/fs.h>
#include <valise/text.h>

#include "meta.h"
#include "rename.h"
#include "stage.h"

#define OWNER_NAME "owner"
#define OWNER_MAX  16384

static void
stage_free(struct vl_stage *s)
{
	if (s == NULL)
		return;
	if (s->newfd >= 0)
		close(s->newfd);
	if (s->undofd >= 0)
		close(s->undofd);
	if (s->fd >= 0)
		close(s->fd);
	if (s->parentfd >= 0)
		close(s->parentfd);
	if (s->rootfd >= 0)
		close(s->rootfd);
	free(s->parent);
	free(s->name);
	free(s->tree.root);
	free(s->tree.staging);
	free(s);
}

/* A stage with its names set and the parent directory open. */
enum vl_status
vl_stage_init(struct vl_stage **out, const struct vl_header *h, size_t tree,
    struct vl_err *err)
{
	const struct vl_header_tree *t = &h->trees[tree];
	struct vl_stage *s = calloc(1, sizeof(*s));
	char *slash = NULL;

	*out = NULL;
	if (s == NULL)
		return vl_fail_memory(err);
	s->fd = s->newfd = s->undofd = s->parentfd = s->rootfd = -1;
	memcpy(s->import, h->import, sizeof(s->import));
	s->tree = *t;
	s->tree.root = strdup(t->root);
	s->tree.staging = strdup(t->staging);
	s->parent = strdup(t->staging);
	slash = s->parent == NULL ? NULL : strrchr(s->parent, '/');
	if (slash != NULL)
		s->name = strdup(slash + 1);
	if (s->tree.root == NULL || s->tree.staging == NULL ||
	    s->name == NULL) {
		stage_free(s);
		return vl_fail_memory(err);
	}
	slash[slash == s->parent ? 1 : 0] = '\0';
	s->parentfd = open(s->parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->parentfd < 0) {
		vl_fail_errno(err, "cannot open '%s'", s->parent);
		stage_free(s);
		return err->status;
	}
	*out = s;
	return VL_OK;
}

static enum vl_status
owner_text(struct vl_buf *out, const struct vl_header *h, struct vl_err *err)
{
	char import[VL_HEX_SIZE(VL_IMPORT_ID_SIZE)];
	char state[VL_HEX_SIZE(VL_STATE_ID_SIZE)];
	char series[VL_HEX_SIZE(16)];

	return vl_buf_printf(out, err,
	    "import %s\nstate %s\nseries %s\ndirectory %s\n",
	    vl_hex(import, h->import, VL_IMPORT_ID_SIZE),
	    vl_hex(state, h->state, VL_STATE_ID_SIZE),
	    vl_hex(series, h->series, 16), h->state_path);
}

static bool
take_acl_off(int fd, const char *name)
{
	return fremovexattr(fd, name) == 0 || errno == ENODATA ||
	    errno == ENOTSUP;
}

/* A default ACL of the parent would be inherited by every staged file, and so
 * would flags. */
static bool
take_off_inherited(int fd)
{
	uint32_t flags = 0;

	return take_acl_off(fd, VL_ATTR_ACL_DEFAULT) &&
	    take_acl_off(fd, VL_ATTR_ACL_ACCESS) && vl_flags_get(fd, &flags) &&
	    (flags == 0 || vl_flags_set(fd, 0));
}

static enum vl_status
fill_new(struct vl_stage *s, const char *private, const struct vl_header *h,
    struct vl_err *err)
{
	struct vl_buf owner = { 0 };
	enum vl_status st = VL_OK;

	if (mkdirat(s->parentfd, private, 0700) != 0)
		return vl_fail_errno(
		    err, "cannot make '%s/%s'", s->parent, private);
	s->fd = openat(s->parentfd, private,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s->fd < 0)
		return vl_fail_errno(
		    err, "cannot open '%s/%s'", s->parent, private);
	if (!take_off_inherited(s->fd) || fchmod(s->fd, 0700) != 0)
		return vl_fail_errno(
		    err, "cannot set the mode of '%s/%s'", s->parent, private);
	st = owner_text(&owner, h, err);
	if (st == VL_OK)
		st = vl_put_file(
		    s->fd, OWNER_NAME, 0600, vl_buf_slice(&owner), err);
	vl_buf_free(&owner);
	if (st != VL_OK)
		return st;
	if (mkdirat(s->fd, VL_STAGE_NEW, 0700) != 0 ||
	    mkdirat(s->fd, VL_STAGE_UNDO, 0700) != 0)
		return vl_fail_errno(
		    err, "cannot make folders in '%s/%s'", s->parent, private);
	return vl_fsync_dir(s->fd, ".", err);
}

static enum vl_status
open_folders(struct vl_stage *s, struct vl_err *err)
{
	s->newfd = openat(s->fd, VL_STAGE_NEW,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	s->undofd = openat(s->fd, VL_STAGE_UNDO,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s->newfd < 0 || s->undofd < 0)
		return vl_fail_errno(
		    err, "cannot open the folders of '%s'", s->tree.staging);
	return VL_OK;
}

/* The state directory that an owner file names; "" when it names none. */
static void
owner_dir(const struct vl_buf *owner, char *dir, size_t size)
{
	const uint8_t *at = owner->n == 0 ?
	    NULL :
	    memmem(owner->p, owner->n, "\ndirectory ", 11);
	size_t n = 0;

	dir[0] = '\0';
	if (at == NULL)
		return;
	at += 11;
	n = (size_t)(owner->p + owner->n - at);
	n -= n > 0 && at[n - 1] == '\n';
	if (n < size) {
		memcpy(dir, at, n);
		dir[n] = '\0';
	}
}

/* Read, or not to be had: nothing else that failed says what stands there. */
static enum vl_status
read_if_any(struct vl_buf *out, int dirfd, const char *name, size_t max,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;

	errno = 0;
	st = vl_read_file(dirfd, name, max, out, err);
	return st == VL_ELIMIT || errno == ENOENT || errno == ELOOP ||
	        errno == ENXIO || errno == EINVAL ?
	    VL_OK :
	    st;
}

/* The staging cannot be opened; VL_OK: nobody's, or not for this user. */
static enum vl_status
not_open(const struct vl_stage *s, struct vl_err *err)
{
	return errno == ELOOP || vl_meta_absent(errno) ?
	    VL_OK :
	    vl_fail_errno(err, "cannot open '%s'", s->tree.staging);
}

static enum vl_status
owner_state(
    const struct vl_stage *s, char *dir, size_t size, struct vl_err *err)
{
	struct vl_buf owner = { 0 };
	enum vl_status st = VL_OK;
	int fd = openat(s->parentfd, s->name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	dir[0] = '\0';
	if (fd < 0)
		return not_open(s, err);
	st = read_if_any(&owner, fd, OWNER_NAME, OWNER_MAX, err);
	owner_dir(&owner, dir, size);
	vl_buf_free(&owner);
	close(fd);
	return st == VL_OK ? st : vl_within(err, "'%s'", s->tree.staging);
}

/* "name value" of an owner file into `out`, n bytes from hex. */
static bool
owner_hex(const struct vl_buf *owner, const char *name, uint8_t *out, size_t n)
{
	const uint8_t *at = memmem(owner->p, owner->n, name, strlen(name));

	if (at == NULL)
		return false;
	at += strlen(name);
	return (size_t)(owner->p + owner->n - at) > 2 * n &&
	    vl_unhex(out, n, (struct vl_slice){ at, 2 * n });
}

static enum vl_status
fail_nobodys(const char *staging, struct vl_err *err)
{
	char text[512];

	return vl_fail(err, VL_ELOCKED,
	    "'%s' is in the way: it does not say whose it is; move it aside",
	    vl_escape_text(text, sizeof(text), vl_slice_of(staging)));
}

/* Somebody's staging stands there: say whose, and what to do. */
static enum vl_status
fail_foreign(struct vl_stage *s, const struct vl_header *h, struct vl_err *err)
{
	char dir[PATH_MAX];
	char text[512];

	if (owner_state(s, dir, sizeof(dir), err) != VL_OK)
		return err->status;
	vl_escape_text(text, sizeof(text), vl_slice_of(dir));
	if (dir[0] == '\0')
		return fail_nobodys(s->tree.staging, err);
	if (strcmp(dir, h->state_path) == 0 ||
	    (access(dir, F_OK) != 0 && errno == ENOENT))
		return vl_fail(err, VL_EPENDING,
		    "'%s' is of an import whose state '%s' is lost: bring it "
		    "back (is it mounted?), or run --recover --state-lost",
		    s->tree.staging, text);
	return vl_state_fail_foreign(s->tree.staging, dir, err);
}

/*
 * What stands there may be of an earlier import of the same state, undone
 * while this file system was not mounted: no step of it was done, and it
 * goes.  Not so what was decided (the state may be an old copy of itself).
 */
static bool
is_left(const struct vl_stage *s, const struct vl_header *h)
{
	struct vl_buf owner = { 0 };
	struct vl_err ignored;
	uint8_t state[VL_STATE_ID_SIZE];
	bool ours = vl_read_file(s->fd, OWNER_NAME, OWNER_MAX, &owner,
	                &ignored) == VL_OK &&
	    owner_hex(&owner, "state ", state, sizeof(state)) &&
	    memcmp(state, h->state, sizeof(state)) == 0;

	vl_buf_free(&owner);
	return ours && flock(s->fd, LOCK_EX | LOCK_NB) == 0 &&
	    faccessat(
	        s->fd, VL_STAGE_MARK_DECIDED, F_OK, AT_SYMLINK_NOFOLLOW) != 0 &&
	    errno == ENOENT;
}

static enum vl_status
make_way(struct vl_stage *s, const struct vl_header *h, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	s->fd = openat(s->parentfd, s->name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s->fd < 0 && errno == ENOENT)
		return VL_OK;
	if (s->fd < 0 && not_open(s, err) != VL_OK)
		return err->status;
	if (s->fd < 0 || !is_left(s, h))
		return fail_foreign(s, h, err);
	st = vl_stage_remove(s, err);
	close(s->fd);
	s->fd = -1;
	return st;
}

/*
 * An import that finds the parent not its to write stages inside, another
 * one beside: neither may stand there but the one to be made.
 */
static enum vl_status
make_way_elsewhere(const struct vl_header *h, size_t tree, struct vl_err *err)
{
	struct vl_header_tree t = h->trees[tree];
	struct vl_header other = *h;
	struct vl_stage *s = NULL;
	struct stat there;
	enum vl_status st = VL_OK;

	t.inside = !t.inside;
	t.staging = vl_stage_path(t.root, t.inside);
	if (t.staging == NULL)
		return errno == ENOENT ? VL_OK : vl_fail_memory(err);
	other.trees = &t;
	other.ntrees = 1;
	st = vl_stage_init(&s, &other, 0, err);
	if (st != VL_OK) {
		/* Who may not look there stages nothing there, either. */
		if (errno == EACCES || errno == ENOENT || errno == ENOTDIR)
			st = err->status = VL_OK;
	} else if (fstatat(s->parentfd, s->name, &there, AT_SYMLINK_NOFOLLOW) ==
	    0) {
		st = make_way(s, &other, err);
		if (st == VL_OK)
			st = vl_stage_restore(&other, 0, err);
	} else if (errno != ENOENT && errno != ENAMETOOLONG) {
		st = vl_fail_errno(err, "cannot look for '%s'", t.staging);
	}
	stage_free(s);
	free(t.staging);
	return st;
}

/* Two importers may reach one root by different paths, and then do not see
 * each other's staging. */
static enum vl_status
lock_root(struct vl_stage *s, struct vl_err *err)
{
	s->rootfd =
	    open(s->tree.root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s->rootfd < 0 &&
	    (errno == ENOENT || errno == ENOTDIR || errno == ELOOP ||
	        errno == EACCES))
		return VL_OK;
	if (s->rootfd >= 0 && flock(s->rootfd, LOCK_EX | LOCK_NB) == 0)
		return VL_OK;
	if (errno != EWOULDBLOCK)
		return vl_fail_errno(err, "cannot lock '%s'", s->tree.root);
	return vl_fail(err, VL_ELOCKED,
	    "another run works on '%s': wait for its end", s->tree.root);
}

/* Whose staging is in the way says more than that the root is locked. */
static enum vl_status
take_place(struct vl_stage *s, const struct vl_header *h, size_t tree,
    struct vl_err *err)
{
	struct vl_err locked;
	enum vl_status lock = lock_root(s, &locked);
	enum vl_status st = make_way(s, h, err);

	if (st == VL_OK)
		st = make_way_elsewhere(h, tree, err);
	if (st == VL_OK && lock != VL_OK) {
		*err = locked;
		return lock;
	}
	if (st != VL_OK)
		return st;
	if (vl_meta_flagged(s->parentfd, "."))
		return vl_fail(err, VL_EREFUSED,
		    "'%s' is immutable or append-only: take the flag off first",
		    s->parent);
	return errno == 0 ?
	    VL_OK :
	    vl_fail_errno(err, "cannot look at '%s'", s->parent);
}

/* What has the name is what is held open. */
static enum vl_status
check_name(const struct vl_stage *s, struct vl_err *err)
{
	struct stat held;

	if (fstat(s->fd, &held) == 0 &&
	    vl_meta_is_inode(s->parentfd, s->name, held.st_dev, held.st_ino))
		return VL_OK;
	if (errno != 0 && errno != ENOENT)
		return vl_fail_errno(
		    err, "cannot look at '%s'", s->tree.staging);
	return vl_fail(err, VL_ELOCKED, "'%s' was replaced while it was made",
	    s->tree.staging);
}

enum vl_status
vl_stage_make(struct vl_stage **out, const struct vl_header *h, size_t tree,
    struct vl_err *err)
{
	struct vl_stage *s = NULL;
	char *private = NULL;
	enum vl_status st = vl_stage_init(&s, h, tree, err);

	*out = NULL;
	if (st != VL_OK)
		return st;
	private = vl_stage_private_name(s->name, h->import);
	st =
	    private == NULL ? vl_fail_memory(err) : take_place(s, h, tree, err);
	if (st == VL_OK)
		st = fill_new(s, private, h, err);
	if (st == VL_OK && flock(s->fd, LOCK_EX | LOCK_NB) != 0)
		st = vl_fail_errno(err, "cannot lock '%s'", s->tree.staging);
	if (st != VL_OK)
		goto out;
	if (vl_rename_new(s->parentfd, private, s->parentfd, s->name) != 0) {
		st = errno == EEXIST ?
		    fail_foreign(s, h, err) :
		    vl_fail_errno(err, "cannot make '%s'", s->tree.staging);
		goto out;
	}
	st = vl_fsync_dir(s->parentfd, ".", err);
	if (st == VL_OK)
		st = check_name(s, err);
	if (st == VL_OK)
		st = open_folders(s, err);
out:
	free(private);
	if (st != VL_OK) {
		stage_free(s);
		return st;
	}
	*out = s;
	return VL_OK;
}

enum vl_status
vl_stage_open(struct vl_stage **out, const struct vl_header *h, size_t tree,
    enum vl_stage_found *found, struct vl_err *err)
{
	struct vl_buf want = { 0 };
	struct vl_buf have = { 0 };
	struct vl_stage *s = NULL;
	enum vl_status st = VL_OK;

	*out = NULL;
	*found = VL_STAGE_ABSENT;
	errno = 0;
	st = vl_stage_init(&s, h, tree, err);
	if (st != VL_OK)
		return errno == ENOENT || errno == ENOTDIR ? VL_OK : st;
	s->fd = openat(s->parentfd, s->name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s->fd < 0) {
		if (errno != ENOENT)
			st = vl_fail_errno(
			    err, "cannot open '%s'", s->tree.staging);
		goto out;
	}
	*found = VL_STAGE_FOREIGN;
	st = owner_text(&want, h, err);
	if (st == VL_OK)
		st = vl_read_file(s->fd, OWNER_NAME, OWNER_MAX, &have, err);
	if (st != VL_OK && errno == ENOENT)
		st = VL_OK; /* without an owner it is not ours */
	if (st != VL_OK ||
	    !vl_slice_equal(vl_buf_slice(&want), vl_buf_slice(&have)))
		goto out;
	if (flock(s->fd, LOCK_EX | LOCK_NB) != 0) {
		st = vl_fail(err, VL_ELOCKED,
		    "another run works on '%s': wait for its end",
		    s->tree.staging);
		goto out;
	}
	st = lock_root(s, err);
	if (st != VL_OK)
		goto out;
	*found = VL_STAGE_OURS;
	st = open_folders(s, err);
	if (st == VL_OK) {
		*out = s;
		s = NULL;
	}
out:
	vl_buf_free(&want);
	vl_buf_free(&have);
	stage_free(s);
	return st;
}

/* Nothing was prepared: the owner file alone says what there is to undo. */
static enum vl_status
header_of_owner(struct vl_header *h, const struct vl_header_tree *tree, int fd,
    struct vl_err *err)
{
	struct vl_buf owner = { 0 };
	char dir[PATH_MAX];
	enum vl_status st = read_if_any(&owner, fd, OWNER_NAME, OWNER_MAX, err);

	owner_dir(&owner, dir, sizeof(dir));
	/* A journal that names no state could not be read again. */
	if (st == VL_OK &&
	    (dir[0] == '\0' ||
	        !owner_hex(&owner, "import ", h->import, sizeof(h->import)) ||
	        !owner_hex(&owner, "state ", h->state, sizeof(h->state)) ||
	        !owner_hex(&owner, "series ", h->series, sizeof(h->series))))
		st = fail_nobodys(tree->staging, err);
	vl_buf_free(&owner);
	if (st != VL_OK)
		return st;
	h->seq = 1;
	h->state_path = strdup(dir);
	h->trees = calloc(1, sizeof(*h->trees));
	if (h->state_path == NULL || h->trees == NULL)
		return vl_fail_memory(err);
	h->ntrees = 1;
	h->trees[0] = *tree;
	h->trees[0].root = strdup(tree->root);
	h->trees[0].staging = strdup(tree->staging);
	if (h->trees[0].root == NULL || h->trees[0].staging == NULL)
		return vl_fail_memory(err);
	return VL_OK;
}

enum vl_status
vl_stage_header(struct vl_header *h, const struct vl_header_tree *tree,
    bool *prepared, struct vl_err *err)
{
	struct vl_buf text = { 0 };
	enum vl_status st = VL_OK;
	int fd = open(
	    tree->staging, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	memset(h, 0, sizeof(*h));
	*prepared = false;
	if (fd < 0 && errno == ENOENT)
		return VL_OK;
	if (fd < 0)
		return errno == ENOTDIR || errno == ELOOP ?
		    fail_nobodys(tree->staging, err) :
		    vl_fail_errno(err, "cannot open '%s'", tree->staging);
	st = read_if_any(&text, fd, VL_STAGE_HEADER, VL_STAGE_HEADER_MAX, err);
	if (st == VL_OK) {
		st = vl_header_decode(h, vl_buf_slice(&text), err);
		*prepared = st == VL_OK;
		/* That there is no memory does not say what it is. */
		if (st != VL_EIO)
			st = VL_OK;
	}
	/* Killed before it was whole: no step was done then. */
	if (st == VL_OK && !*prepared &&
	    faccessat(fd, VL_STAGE_MARK_DECIDED, F_OK, AT_SYMLINK_NOFOLLOW) !=
	        0 &&
	    errno == ENOENT)
		st = header_of_owner(h, tree, fd, err);
	else if (!*prepared)
		st = err->status = VL_EPENDING;
	vl_buf_free(&text);
	close(fd);
	if (st != VL_OK)
		vl_header_free(h);
	return st;
}

int
vl_stage_fd(const struct vl_stage *s)
{
	return s->fd;
}

int
vl_stage_newfd(const struct vl_stage *s)
{
	return s->newfd;
}

void
vl_stage_close(struct vl_stage *s)
{
	stage_free(s);
}
