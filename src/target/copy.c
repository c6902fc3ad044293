/*
 * Copies instead of hard links: for files that may not be linked
 * (protected_hardlinks, too many links, FAT, flags).  Of a FIFO or device
 * there is nothing to copy: an empty file stands for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <valise/fs.h>

#include "copy.h"

#define COPY_BLOCK 65536

static enum vl_status
read_link(int dirfd, const char *name, char *text, size_t size, size_t *n,
    struct vl_err *err)
{
	ssize_t got = readlinkat(dirfd, name, text, size);

	if (got < 0 || (size_t)got == size)
		return vl_fail_errno(err, "cannot read the link");
	*n = (size_t)got;
	return VL_OK;
}

static enum vl_status
copy_bytes(int from, int to, struct vl_err *err)
{
	uint8_t *block = malloc(COPY_BLOCK);
	enum vl_status st = VL_OK;
	size_t got = 0;

	if (block == NULL)
		return vl_fail_memory(err);
	do {
		st = vl_read_full(from, block, COPY_BLOCK, &got, err);
		if (st == VL_OK)
			st = vl_write_all(
			    to, (struct vl_slice){ block, got }, err);
	} while (st == VL_OK && got == COPY_BLOCK);
	free(block);
	return st;
}

static enum vl_status
copy_file(int dirfd, const char *name, int todir, const char *toname,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;
	struct stat stat;
	int from = vl_meta_open(dirfd, name, &stat);
	int to = -1;

	if (from < 0 && errno != ENXIO)
		return vl_fail_errno(err, "cannot open it");
	to = openat(todir, toname,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		st = vl_fail_errno(err, "cannot copy it aside");
	if (st == VL_OK && from >= 0)
		st = copy_bytes(from, to, err);
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	return st;
}

enum vl_status
vl_copy_aside(int dirfd, const char *name, int todir, const char *toname,
    struct vl_err *err)
{
	char text[VL_PATH_MAX + 1];
	struct vl_meta m = { 0 };
	enum vl_status st = VL_OK;
	size_t n = 0;

	if (!vl_meta_at(&m, dirfd, name))
		return vl_fail_errno(err, "cannot look at it");
	/* One that was killed half-way is made anew. */
	if (unlinkat(todir, toname, 0) != 0 && errno != ENOENT)
		return vl_fail_errno(err, "cannot copy it aside");
	if (m.type == VL_ENTRY_LINK) {
		st = read_link(dirfd, name, text, sizeof(text), &n, err);
		if (st != VL_OK)
			return st;
		text[n] = '\0';
		if (symlinkat(text, todir, toname) != 0)
			return vl_fail_errno(err, "cannot copy it aside");
		return VL_OK;
	}
	return copy_file(dirfd, name, todir, toname, err);
}

static enum vl_status
equal_bytes(bool *equal, int a, int b, struct vl_err *err)
{
	uint8_t *block = malloc(2 * COPY_BLOCK);
	enum vl_status st = VL_OK;
	size_t na = 0;
	size_t nb = 0;

	if (block == NULL)
		return vl_fail_memory(err);
	do {
		st = vl_read_full(a, block, COPY_BLOCK, &na, err);
		if (st == VL_OK)
			st = vl_read_full(
			    b, block + COPY_BLOCK, COPY_BLOCK, &nb, err);
		if (st == VL_OK)
			*equal = na == nb &&
			    memcmp(block, block + COPY_BLOCK, na) == 0;
	} while (st == VL_OK && *equal && na == COPY_BLOCK);
	free(block);
	return st;
}

enum vl_status
vl_copy_equal(bool *equal, int dirfd, const char *name, int todir,
    const char *toname, struct vl_err *err)
{
	char ta[VL_PATH_MAX + 1];
	char tb[VL_PATH_MAX + 1];
	struct vl_meta a = { 0 };
	struct vl_meta b = { 0 };
	struct stat stat;
	enum vl_status st = VL_OK;
	size_t na = 0;
	size_t nb = 0;
	int fa = -1;
	int fb = -1;

	*equal = false;
	if (!vl_meta_at(&a, dirfd, name) || !vl_meta_at(&b, todir, toname))
		return VL_OK;
	if (a.type != VL_ENTRY_FILE && a.type != VL_ENTRY_LINK) {
		*equal = a.type != VL_ENTRY_DIR && b.type == VL_ENTRY_FILE;
		return VL_OK;
	}
	if (a.type != b.type || a.size != b.size)
		return VL_OK;
	if (a.type == VL_ENTRY_LINK) {
		st = read_link(dirfd, name, ta, sizeof(ta), &na, err);
		if (st == VL_OK)
			st = read_link(todir, toname, tb, sizeof(tb), &nb, err);
		*equal = st == VL_OK && na == nb && memcmp(ta, tb, na) == 0;
		return st;
	}
	fa = vl_meta_open(dirfd, name, &stat);
	fb = vl_meta_open(todir, toname, &stat);
	if (fa < 0 || fb < 0)
		st = vl_fail_errno(err, "cannot compare it with its copy");
	else
		st = equal_bytes(equal, fa, fb, err);
	if (fa >= 0)
		close(fa);
	if (fb >= 0)
		close(fb);
	return st;
}
