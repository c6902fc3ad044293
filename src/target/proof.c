/*
 * The proof before the decision that nothing is missing: names in the staging
 * are counted and compared with those that the plan made.  What is in them
 * was read back when it was staged.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/tree.h>

#include "meta.h"
#include "proof.h"

static const enum vl_entry_type types[] = {
	[DT_BLK] = VL_ENTRY_BLOCK,
	[DT_CHR] = VL_ENTRY_CHAR,
	[DT_DIR] = VL_ENTRY_DIR,
	[DT_FIFO] = VL_ENTRY_FIFO,
	[DT_LNK] = VL_ENTRY_LINK,
	[DT_REG] = VL_ENTRY_FILE,
	[DT_SOCK] = VL_ENTRY_LEFT_OUT,
};

struct proof {
	struct vl_dirs *dirs;
	struct vl_buf todo; /* directories, each a path ended by NUL */
	struct vl_buf path; /* the one in hand, and later a name below it */
	uint64_t found[VL_ENTRY_LEFT_OUT + 1];
};

static enum vl_status
type_of(enum vl_entry_type *type, int dirfd, const struct dirent *e,
    struct vl_err *err)
{
	struct vl_meta m = { 0 };

	if (e->d_type == DT_UNKNOWN) {
		if (!vl_meta_at(&m, dirfd, e->d_name))
			return vl_fail_errno(err, "cannot look at its content");
		*type = m.type;
		return VL_OK;
	}
	*type = e->d_type < sizeof(types) / sizeof(types[0]) ?
	    types[e->d_type] :
	    VL_ENTRY_LEFT_OUT;
	return VL_OK;
}

/* A directory is to be counted, too: "<path>/<name>". */
static enum vl_status
put_off(struct proof *p, const char *name, struct vl_err *err)
{
	const struct vl_slice all = { (const uint8_t *)name, strlen(name) + 1 };
	enum vl_status st = vl_buf_add(&p->todo, vl_buf_slice(&p->path), err);

	if (st == VL_OK && p->path.n > 0)
		st = vl_buf_add_text(&p->todo, "/", err);
	return st == VL_OK ? vl_buf_add(&p->todo, all, err) : st;
}

/* All that the directory `p->path` holds; `fd` is taken. */
static enum vl_status
count_dir(struct proof *p, int fd, struct vl_err *err)
{
	enum vl_entry_type type = VL_ENTRY_LEFT_OUT;
	enum vl_status st = VL_OK;
	struct dirent *e = NULL;
	DIR *dir = fdopendir(fd);

	if (dir == NULL) {
		close(fd);
		return vl_fail_errno(err, "cannot list a folder");
	}
	while (st == VL_OK) {
		errno = 0;
		e = readdir(dir);
		if (e == NULL) {
			if (errno != 0)
				st = vl_fail_errno(err, "cannot list a folder");
			break;
		}
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		st = type_of(&type, dirfd(dir), e, err);
		if (st != VL_OK)
			break;
		p->found[type]++;
		if (type == VL_ENTRY_DIR)
			st = put_off(p, e->d_name, err);
	}
	closedir(dir);
	return st;
}

/* The last path of `todo` goes to `path`; false: there is none. */
static bool
next_dir(struct proof *p)
{
	const uint8_t *from = NULL;

	if (p->todo.n == 0)
		return false;
	p->todo.n--; /* its NUL */
	from = p->todo.n == 0 ? NULL : memrchr(p->todo.p, 0, p->todo.n);
	from = from == NULL ? p->todo.p : from + 1;
	p->path.n = (size_t)(p->todo.p + p->todo.n - from);
	memcpy(p->path.p, from, p->path.n);
	p->todo.n = (size_t)(from - p->todo.p);
	return true;
}

static enum vl_status
count_all(struct proof *p, struct vl_err *err)
{
	enum vl_status st = vl_buf_reserve(&p->path, VL_PATH_MAX + 64, err);
	int dirfd = -1;
	int fd = -1;

	if (st == VL_OK)
		st = vl_dirs_get(p->dirs, vl_buf_slice(&p->path), &dirfd, err);
	while (st == VL_OK) {
		fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			return vl_fail_errno(err, "cannot list a folder");
		st = count_dir(p, fd, err);
		if (st != VL_OK || !next_dir(p))
			break;
		st = vl_dirs_get(p->dirs, vl_buf_slice(&p->path), &dirfd, err);
	}
	return st;
}

static enum vl_status
compare(const struct proof *p, const uint64_t *staged, struct vl_err *err)
{
	size_t i = 0;

	if (p->found[VL_ENTRY_LEFT_OUT] > 0)
		return vl_fail(err, VL_EIO,
		    "the staging holds %llu entries that nobody staged",
		    (unsigned long long)p->found[VL_ENTRY_LEFT_OUT]);
	for (i = 0; i < VL_ENTRY_LEFT_OUT; i++)
		if (p->found[i] != staged[i])
			return vl_fail(err, VL_EIO,
			    "the staging holds %llu entries of type %s, where "
			    "%llu were staged",
			    (unsigned long long)p->found[i],
			    vl_entry_type_words[i],
			    (unsigned long long)staged[i]);
	return VL_OK;
}

enum vl_status
vl_proof_staged(
    int newfd, const uint64_t staged[VL_ENTRY_LEFT_OUT], struct vl_err *err)
{
	struct proof p = { 0 };
	enum vl_status st = vl_dirs_new(&p.dirs, newfd, err);

	if (st == VL_OK)
		st = count_all(&p, err);
	if (st == VL_OK)
		st = compare(&p, staged, err);
	vl_dirs_free(p.dirs);
	vl_buf_free(&p.todo);
	vl_buf_free(&p.path);
	return st;
}
