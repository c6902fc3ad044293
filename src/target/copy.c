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

#define LINK_SIZE (VL_PATH_MAX + 1)

/* The target of a link as text. */
static enum vl_status
read_link(int dirfd, const char *name, char text[LINK_SIZE], struct vl_err *err)
{
	ssize_t got = readlinkat(dirfd, name, text, LINK_SIZE);

	if (got < 0 || got == LINK_SIZE)
		return vl_fail_errno(err, "cannot read the link");
	text[got] = '\0';
	return VL_OK;
}

/* Where data of an open file begins at or behind `at`; holes hold none. */
static uint64_t
next_data(int fd, uint64_t at, uint64_t size)
{
	off_t data = lseek(fd, (off_t)at, SEEK_DATA);

	if (data >= 0)
		return (uint64_t)data;
	return errno == ENXIO ? size : at; /* or it cannot tell */
}

/* And where it ends, as far as a block reaches. */
static size_t
data_at(int fd, uint64_t at, uint64_t size)
{
	off_t hole = lseek(fd, (off_t)at, SEEK_HOLE);
	uint64_t end =
	    hole > (off_t)at && (uint64_t)hole < size ? (uint64_t)hole : size;

	return end - at < COPY_BLOCK ? (size_t)(end - at) : COPY_BLOCK;
}

/* The holes, too: else a copy could be larger than any disk. */
static enum vl_status
copy_bytes(int from, int to, uint64_t size, struct vl_err *err)
{
	uint8_t *block = malloc(COPY_BLOCK);
	enum vl_status st = VL_OK;
	uint64_t at = next_data(from, 0, size);
	size_t n = 0;
	size_t got = 0;

	if (block == NULL)
		return vl_fail_memory(err);
	for (; st == VL_OK && at < size; at = next_data(from, at + n, size)) {
		n = data_at(from, at, size);
		st = vl_pread_full(from, block, n, (off_t)at, &got, err);
		if (st == VL_OK)
			st = vl_pwrite_all(to, (struct vl_slice){ block, got },
			    (off_t)at, err);
	}
	free(block);
	if (st == VL_OK && ftruncate(to, (off_t)size) != 0)
		st = vl_fail_errno(err, "cannot write");
	return st;
}

/* The copy of what is locked may not be written, and has an x for each of
 * its locks. */
#define MODE_LOCKED    0400
#define MODE_IMMUTABLE 0010
#define MODE_APPEND    0001

static bool
note_locks(int from, int to)
{
	uint32_t flags = 0;
	mode_t mode = MODE_LOCKED;

	if (!vl_flags_get(from, &flags))
		return false;
	if ((flags & VL_FLAGS_LOCK) == 0)
		return true;
	if ((flags & VL_FLAG_IMMUTABLE) != 0)
		mode |= MODE_IMMUTABLE;
	if ((flags & VL_FLAG_APPEND) != 0)
		mode |= MODE_APPEND;
	return fchmod(to, mode) == 0;
}

uint32_t
vl_copy_locks(int dirfd, const char *name)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    !S_ISREG(st.st_mode) || (st.st_mode & S_IWUSR) != 0)
		return 0;
	return ((st.st_mode & MODE_IMMUTABLE) != 0 ? VL_FLAG_IMMUTABLE : 0) |
	    ((st.st_mode & MODE_APPEND) != 0 ? VL_FLAG_APPEND : 0);
}

static enum vl_status
copy_file(const struct vl_copy *c, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	struct stat stat;
	int from = vl_meta_open(c->dirfd, c->name, &stat);
	int to = -1;

	if (from < 0 && errno != ENXIO)
		return vl_fail_errno(err, "cannot open it");
	to = openat(c->todir, c->toname,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		st = vl_fail_errno(err, "cannot copy it aside");
	if (st == VL_OK && from >= 0)
		st = copy_bytes(from, to, (uint64_t)stat.st_size, err);
	if (st == VL_OK && from >= 0 && !note_locks(from, to))
		st = vl_fail_errno(err, "cannot copy it aside");
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	return st;
}

enum vl_status
vl_copy_aside(const struct vl_copy *c, struct vl_err *err)
{
	char text[LINK_SIZE];
	struct vl_meta m = { 0 };
	enum vl_status st = VL_OK;

	if (!vl_meta_at(&m, c->dirfd, c->name))
		return vl_fail_errno(err, "cannot look at it");
	/* One that was killed half-way is made anew. */
	if (unlinkat(c->todir, c->toname, 0) != 0 && errno != ENOENT)
		return vl_fail_errno(err, "cannot copy it aside");
	if (m.type == VL_ENTRY_LINK) {
		st = read_link(c->dirfd, c->name, text, err);
		if (st == VL_OK && symlinkat(text, c->todir, c->toname) != 0)
			st = vl_fail_errno(err, "cannot copy it aside");
		return st;
	}
	return copy_file(c, err);
}

/* Where neither has data they are equal. */
static uint64_t
next_of_both(const int fd[2], uint64_t at, uint64_t size)
{
	const uint64_t a = next_data(fd[0], at, size);
	const uint64_t b = next_data(fd[1], at, size);

	return a < b ? a : b;
}

static enum vl_status
equal_bytes(bool *equal, const int fd[2], uint64_t size, struct vl_err *err)
{
	uint8_t *block = malloc(2 * COPY_BLOCK);
	enum vl_status st = VL_OK;
	uint64_t at = 0;
	size_t n = 0;
	size_t got[2] = { 0, 0 };
	int i;

	if (block == NULL)
		return vl_fail_memory(err);
	*equal = true;
	while (st == VL_OK && *equal) {
		at = next_of_both(fd, at, size);
		if (at >= size)
			break;
		n = size - at < COPY_BLOCK ? (size_t)(size - at) : COPY_BLOCK;
		for (i = 0; i < 2 && st == VL_OK; i++)
			st = vl_pread_full(fd[i], block + i * COPY_BLOCK, n,
			    (off_t)at, &got[i], err);
		*equal = st == VL_OK && got[0] == n && got[1] == n &&
		    memcmp(block, block + COPY_BLOCK, n) == 0;
		at += n;
	}
	free(block);
	return st;
}

static enum vl_status
equal_links(const struct vl_copy *c, bool *equal, struct vl_err *err)
{
	char a[LINK_SIZE];
	char b[LINK_SIZE];
	enum vl_status st = read_link(c->dirfd, c->name, a, err);

	if (st == VL_OK)
		st = read_link(c->todir, c->toname, b, err);
	*equal = st == VL_OK && strcmp(a, b) == 0;
	return st;
}

enum vl_status
vl_copy_equal(const struct vl_copy *c, bool *equal, struct vl_err *err)
{
	struct vl_meta a = { 0 };
	struct vl_meta b = { 0 };
	struct stat stat;
	enum vl_status st = VL_OK;
	int fd[2] = { -1, -1 };

	*equal = false;
	if (!vl_meta_at(&a, c->dirfd, c->name) ||
	    !vl_meta_at(&b, c->todir, c->toname))
		return vl_meta_absent(errno) ?
		    VL_OK :
		    vl_fail_errno(err, "cannot compare it with its copy");
	if (a.type != VL_ENTRY_FILE && a.type != VL_ENTRY_LINK) {
		*equal = a.type != VL_ENTRY_DIR && b.type == VL_ENTRY_FILE;
		return VL_OK;
	}
	if (a.type != b.type || a.size != b.size)
		return VL_OK;
	if (a.type == VL_ENTRY_LINK)
		return equal_links(c, equal, err);
	fd[0] = vl_meta_open(c->dirfd, c->name, &stat);
	fd[1] = vl_meta_open(c->todir, c->toname, &stat);
	if (fd[0] < 0 || fd[1] < 0)
		st = vl_fail_errno(err, "cannot compare it with its copy");
	else
		st = equal_bytes(equal, fd, a.size, err);
	if (fd[0] >= 0)
		close(fd[0]);
	if (fd[1] >= 0)
		close(fd[1]);
	return st;
}
