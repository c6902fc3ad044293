/*
 * Whole reads and writes, and syncs.  Interrupted reads and writes go on; a
 * failed sync is final, because the kernel may drop the dirty pages with it.
 */

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/text.h>

#include "path.h"

const char *
show_name(struct shown *s, const char *name)
{
	return vl_escape_text(s->text, sizeof(s->text), vl_slice_of(name));
}

void
close_quietly(int fd)
{
	int saved = errno;

	if (fd >= 0)
		(void)close(fd);
	errno = saved;
}

enum vl_status
open_parent(int *parent, char base[256], int dirfd, const char *path,
    struct vl_err *err)
{
	const char *end = path + strlen(path);
	const char *start = NULL;
	struct vl_buf dir = { 0 };
	struct shown shown;
	enum vl_status st = VL_OK;
	size_t n = 0;

	*parent = -1;
	while (end > path && end[-1] == '/')
		end--;
	for (start = end; start > path && start[-1] != '/'; start--)
		;
	n = (size_t)(end - start);
	if (n == 0 || n > 255 || strncmp(start, ".", n) == 0 ||
	    strncmp(start, "..", n) == 0) {
		errno = EINVAL;
		return vl_fail(err, VL_EUSAGE, "'%s' does not name a file",
		    show_name(&shown, path));
	}
	memcpy(base, start, n);
	base[n] = '\0';

	st = vl_buf_add(&dir,
	    (struct vl_slice){ (const uint8_t *)path, (size_t)(start - path) },
	    err);
	if (st == VL_OK)
		st = vl_buf_add(&dir,
		    start == path ?
		        (struct vl_slice){ (const uint8_t *)".", 2 } :
		        (struct vl_slice){ (const uint8_t *)"", 1 },
		    err);
	if (st != VL_OK)
		goto out;
	*parent = openat(
	    dirfd, (const char *)dir.p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*parent < 0)
		st = vl_fail_errno(err, "cannot open the folder of '%s'",
		    show_name(&shown, path));
out:
	vl_buf_free(&dir);
	return st;
}

enum vl_status
vl_write_all(int fd, struct vl_slice bytes, struct vl_err *err)
{
	ssize_t n = 0;

	while (bytes.n > 0) {
		n = write(fd, bytes.p, bytes.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return vl_fail_errno(err, "cannot write");
		bytes.p += n;
		bytes.n -= (size_t)n;
	}
	return VL_OK;
}

enum vl_status
vl_pwrite_all(int fd, struct vl_slice bytes, off_t at, struct vl_err *err)
{
	ssize_t n = 0;

	while (bytes.n > 0) {
		n = pwrite(fd, bytes.p, bytes.n, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return vl_fail_errno(err, "cannot write");
		bytes.p += n;
		bytes.n -= (size_t)n;
		at += n;
	}
	return VL_OK;
}

enum vl_status
vl_read_full(int fd, uint8_t *p, size_t n, size_t *got, struct vl_err *err)
{
	ssize_t now = 0;

	*got = 0;
	while (*got < n) {
		now = read(fd, p + *got, n - *got);
		if (now < 0 && errno == EINTR)
			continue;
		if (now < 0)
			return vl_fail_errno(err, "cannot read");
		if (now == 0)
			break;
		*got += (size_t)now;
	}
	return VL_OK;
}

enum vl_status
vl_pread_full(
    int fd, uint8_t *p, size_t n, off_t at, size_t *got, struct vl_err *err)
{
	ssize_t now = 0;

	*got = 0;
	while (*got < n) {
		now = pread(fd, p + *got, n - *got, at + (off_t)*got);
		if (now < 0 && errno == EINTR)
			continue;
		if (now < 0)
			return vl_fail_errno(err, "cannot read");
		if (now == 0)
			break;
		*got += (size_t)now;
	}
	return VL_OK;
}

/* Read `fd` to its end, at most `max` bytes; `size` is what to expect. */
static enum vl_status
read_rest(
    int fd, size_t size, size_t max, struct vl_buf *out, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t want = size + 1; /* one more, to see the end */
	size_t got = 0;

	for (;;) {
		st = vl_buf_reserve(out, want, err);
		if (st != VL_OK)
			return st;
		st = vl_read_full(fd, out->p + out->n, want, &got, err);
		if (st != VL_OK)
			return st;
		out->n += got;
		if (out->n > max)
			return vl_fail(
			    err, VL_ELIMIT, "it is longer than %zu bytes", max);
		if (got < want)
			return VL_OK;
		want = max - out->n < 65536 ? max - out->n + 1 : 65536;
	}
}

enum vl_status
vl_read_file(int dirfd, const char *name, size_t max, struct vl_buf *out,
    struct vl_err *err)
{
	struct shown shown;
	struct stat stat = { 0 };
	enum vl_status st = VL_OK;
	int fd = -1;

	vl_buf_clear(out);
	/* Without O_NONBLOCK the open of a FIFO would wait for a writer. */
	fd = openat(dirfd, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return vl_fail_errno(
		    err, "cannot open '%s'", show_name(&shown, name));
	if (fstat(fd, &stat) != 0) {
		st = vl_fail_errno(err, "cannot examine it");
	} else if (!S_ISREG(stat.st_mode)) {
		errno = EINVAL;
		st = vl_fail(err, VL_EIO, "it is not a regular file");
	} else if ((uint64_t)stat.st_size > max) {
		st =
		    vl_fail(err, VL_ELIMIT, "it is longer than %zu bytes", max);
	} else {
		st = read_rest(fd, (size_t)stat.st_size, max, out, err);
	}
	close_quietly(fd);
	if (st != VL_OK) {
		vl_buf_clear(out);
		(void)vl_within(
		    err, "cannot read '%s'", show_name(&shown, name));
	}
	return st;
}

enum vl_status
vl_fsync(int fd, const char *what, struct vl_err *err)
{
	struct shown shown;

	if (fsync(fd) != 0)
		return vl_fail_errno(
		    err, "cannot sync '%s'", show_name(&shown, what));
	return VL_OK;
}

enum vl_status
vl_fsync_dir(int dirfd, const char *name, struct vl_err *err)
{
	struct shown shown;
	enum vl_status st = VL_OK;
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return vl_fail_errno(
		    err, "cannot open folder '%s'", show_name(&shown, name));
	/* EINVAL: a file system that has no sync of folders to offer. */
	if (fsync(fd) != 0 && errno != EINVAL)
		st = vl_fail_errno(
		    err, "cannot sync folder '%s'", show_name(&shown, name));
	close_quietly(fd);
	return st;
}

enum vl_status
vl_temp_file(int *fd, const char *dir, struct vl_err *err)
{
	struct vl_buf path = { 0 };
	struct shown shown;
	enum vl_status st = VL_OK;

	*fd = open(dir, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
	if (*fd >= 0)
		return VL_OK;
	/* EISDIR: a kernel that takes O_TMPFILE for O_DIRECTORY. */
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
		return vl_fail_errno(err,
		    "cannot create a temporary file in '%s'",
		    show_name(&shown, dir));
	st = vl_buf_printf(&path, err, "%s/.vltmp-XXXXXX", dir);
	if (st != VL_OK)
		goto out;
	path.p[path.n] = '\0'; /* vl_buf_printf leaves room for it */
	*fd = mkostemp((char *)path.p, O_CLOEXEC);
	if (*fd < 0 || unlink((const char *)path.p) != 0) {
		st =
		    vl_fail_errno(err, "cannot create a temporary file in '%s'",
		        show_name(&shown, dir));
		close_quietly(*fd);
		*fd = -1;
	}
out:
	vl_buf_free(&path);
	return st;
}
