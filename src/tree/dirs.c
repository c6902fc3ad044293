/*
 * Directories below a root.  The kernel keeps each open inside the root where
 * it has openat2(); else every component is opened and looked at in turn.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <valise/text.h>
#include <valise/tree.h>

#include "look.h"

#define KEPT     32
#define STEP_MAX 4000 /* bytes of a path that one open may have */

struct kept {
	char *path; /* NULL: free */
	size_t n;
	int fd;
	uint64_t used;
};

struct vl_dirs {
	struct kept kept[KEPT];
	struct look root;
	uint64_t clock;
	int rootfd;        /* borrowed */
	bool by_component; /* this kernel has no openat2() */
};

static struct vl_slice
kept_path(const struct kept *k)
{
	return (struct vl_slice){ (const uint8_t *)k->path, k->n };
}

static void
drop(struct kept *k)
{
	vl_look_close(k->fd);
	free(k->path);
	memset(k, 0, sizeof(*k));
}

static int
open2(int dirfd, const char *path, int flags)
{
	struct open_how how = { 0 };

	how.flags = (unsigned)(flags | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
	    RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
	return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
}

/* The same for one component where there is no openat2(). */
static int
open1(const struct vl_dirs *d, int dirfd, const char *name, int flags)
{
	struct look look = { 0 };
	int fd =
	    openat(dirfd, name, flags | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (!vl_look_at(&look, fd, "")) {
		vl_look_close(fd);
		return -1;
	}
	if (look.st.st_dev != d->root.st.st_dev ||
	    look.mount != d->root.mount) {
		vl_look_close(fd);
		errno = EXDEV;
		return -1;
	}
	return fd;
}

/*
 * A directory that may be searched but not read still gets a descriptor
 * that serves for names in it.
 */
static int
open_step(const struct vl_dirs *d, int dirfd, const char *path)
{
	int fd = d->by_component ? open1(d, dirfd, path, O_RDONLY) :
	                           open2(dirfd, path, O_RDONLY);

	if (fd < 0 && errno == EACCES)
		fd = d->by_component ? open1(d, dirfd, path, O_PATH) :
		                       open2(dirfd, path, O_PATH);
	return fd;
}

/* How much of `rest` one open takes: whole components. */
static size_t
step_size(const struct vl_dirs *d, struct vl_slice rest)
{
	const uint8_t *slash = NULL;

	if (d->by_component)
		slash = memchr(rest.p, '/', rest.n);
	else if (rest.n > STEP_MAX)
		slash = memrchr(rest.p, '/', STEP_MAX);
	return slash == NULL ? rest.n : (size_t)(slash - rest.p);
}

/* Open `rest` below `dirfd`, step by step; -1 with errno. */
static int
open_below(const struct vl_dirs *d, int dirfd, struct vl_slice rest)
{
	char text[STEP_MAX + 1];
	int from = dirfd;
	int fd = -1;
	size_t n = 0;

	while (rest.n > 0) {
		n = step_size(d, rest);
		fd = -1;
		errno = ENAMETOOLONG;
		if (n < sizeof(text)) { /* components are short: always */
			memcpy(text, rest.p, n);
			text[n] = '\0';
			fd = open_step(d, from, text);
		}
		if (from != dirfd)
			vl_look_close(from);
		if (fd < 0)
			return -1;
		from = fd;
		n += n < rest.n; /* the slash */
		rest.p += n;
		rest.n -= n;
	}
	return fd;
}

enum vl_status
vl_dirs_new(struct vl_dirs **out, int rootfd, struct vl_err *err)
{
	struct vl_dirs *d = calloc(1, sizeof(*d));
	int probe = -1;

	*out = NULL;
	if (d == NULL)
		return vl_fail_memory(err);
	d->rootfd = rootfd;
	if (!vl_look_at(&d->root, rootfd, "")) {
		free(d);
		return vl_fail_errno(err, "cannot examine the root");
	}
	probe = open2(rootfd, ".", O_PATH);
	/* EPERM: what some sandboxes say to calls they do not know. */
	d->by_component = probe < 0 && (errno == ENOSYS || errno == EPERM);
	vl_look_close(probe);
	*out = d;
	return VL_OK;
}

/* The nearest directory at or above `path` that is open. */
static struct kept *
nearest(struct vl_dirs *d, struct vl_slice path)
{
	struct kept *best = NULL;
	size_t i;

	for (i = 0; i < KEPT; i++)
		if (d->kept[i].path != NULL &&
		    (best == NULL || d->kept[i].n > best->n) &&
		    vl_path_below(path, kept_path(&d->kept[i])))
			best = &d->kept[i];
	return best;
}

/* A place for one more, the longest unused one if need be. */
static struct kept *
place(struct vl_dirs *d)
{
	struct kept *oldest = &d->kept[0];
	size_t i;

	for (i = 0; i < KEPT; i++) {
		if (d->kept[i].path == NULL)
			return &d->kept[i];
		if (d->kept[i].used < oldest->used)
			oldest = &d->kept[i];
	}
	drop(oldest);
	return oldest;
}

enum vl_status
vl_dirs_get(
    struct vl_dirs *d, struct vl_slice path, int *fd, struct vl_err *err)
{
	struct kept *k = NULL;
	struct vl_slice rest = path;
	enum vl_status st = VL_OK;
	char shown[512];
	char *copy = NULL;
	int from = d->rootfd;

	*fd = -1;
	if (path.n == 0) {
		*fd = d->rootfd;
		return VL_OK;
	}
	k = nearest(d, path);
	if (k != NULL) {
		k->used = ++d->clock;
		if (k->n == path.n) {
			*fd = k->fd;
			return VL_OK;
		}
		from = k->fd;
		rest.p += k->n + 1;
		rest.n -= k->n + 1;
	}
	st = vl_path_check(path, err);
	if (st != VL_OK)
		return st;
	*fd = open_below(d, from, rest);
	if (*fd < 0)
		return vl_fail_errno(err, "cannot open folder '%s'",
		    vl_escape_text(shown, sizeof(shown), path));
	copy = malloc(path.n);
	if (copy == NULL) {
		vl_look_close(*fd);
		*fd = -1;
		return vl_fail_memory(err);
	}
	memcpy(copy, path.p, path.n);
	k = place(d);
	*k = (struct kept){ copy, path.n, *fd, ++d->clock };
	return VL_OK;
}

void
vl_dirs_forget(struct vl_dirs *d, struct vl_slice path)
{
	size_t i;

	for (i = 0; i < KEPT; i++)
		if (d->kept[i].path != NULL &&
		    vl_path_below(kept_path(&d->kept[i]), path))
			drop(&d->kept[i]);
}

void
vl_dirs_free(struct vl_dirs *d)
{
	if (d == NULL)
		return;
	vl_dirs_forget(d, (struct vl_slice){ 0 });
	free(d);
}
