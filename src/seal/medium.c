/*
 * Listing a bundle's directory and opening its files (formats/seal.md,
 * "Names on a medium"): names are folded, nothing but regular files is
 * opened.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/fs.h>

#include "medium.h"

/* seal.txt and seal.sig come on top; one more shows that there are more. */
#define ENTRIES_MAX (VL_SEAL_FILES_MAX + 2)
#define GROW_FIRST  64

bool
medium_gone(int number)
{
	return number == ENODEV || number == ENXIO || number == ENOMEDIUM ||
	    number == ESTALE || number == ENOTCONN;
}

enum vl_status
medium_fail(const char *what, struct vl_err *err)
{
	int number = errno;

	(void)vl_fail_errno(err, "%s", what);
	if (number != ENOENT && !medium_gone(number))
		return VL_EIO;
	if (err != NULL)
		err->status = VL_ETEMP;
	return VL_ETEMP;
}

/* "HEAD.JSN;1" is head.jsn; "" when no name of a bundle comes out. */
static void
fold(char out[VL_NAME83_SIZE], const char *real)
{
	size_t n = strlen(real);
	size_t i = 0;

	out[0] = '\0';
	if (n >= 2 && memcmp(real + n - 2, ";1", 2) == 0)
		n -= 2;
	if (n >= 1 && real[n - 1] == '.')
		n--;
	if (n >= VL_NAME83_SIZE)
		return;
	for (i = 0; i < n; i++) {
		out[i] = real[i];
		if (out[i] >= 'A' && out[i] <= 'Z')
			out[i] = (char)(out[i] - 'A' + 'a');
	}
	out[n] = '\0';
	if (!vl_name83_valid(out))
		out[0] = '\0';
}

static enum vl_status
add_name(struct vl_seal *s, size_t *room, const char *real, struct vl_err *err)
{
	struct vl_seal_name *more = NULL;
	struct vl_seal_name *name = NULL;

	if (s->nnames == ENTRIES_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "the bundle has more than %d files", ENTRIES_MAX);
	if (s->nnames == *room) {
		*room = *room == 0 ? GROW_FIRST : 2 * *room;
		more = realloc(s->names, *room * sizeof(*more));
		if (more == NULL)
			return vl_fail_memory(err);
		s->names = more;
	}
	name = &s->names[s->nnames];
	fold(name->name, real);
	name->real = strdup(real);
	if (name->real == NULL)
		return vl_fail_memory(err);
	s->nnames++;
	return VL_OK;
}

static int
by_name(const void *a, const void *b)
{
	const struct vl_seal_name *x = a;
	const struct vl_seal_name *y = b;
	int order = strcmp(x->name, y->name);

	return order != 0 ? order : strcmp(x->real, y->real);
}

enum vl_status
medium_list(struct vl_seal *s, int dirfd, struct vl_err *err)
{
	struct dirent *entry = NULL;
	DIR *dir = NULL;
	size_t room = 0;
	enum vl_status st = VL_OK;
	int fd = -1;

	fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		dir = fdopendir(fd);
	if (dir == NULL) {
		st = medium_fail("cannot open the bundle's folder", err);
		goto out;
	}
	fd = -1; /* closed with `dir` */
	for (;;) {
		errno = 0;
		entry = readdir(dir);
		if (entry == NULL)
			break;
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		st = add_name(s, &room, entry->d_name, err);
		if (st != VL_OK)
			goto out;
	}
	if (errno != 0) {
		st = medium_fail("cannot list the bundle's folder", err);
		goto out;
	}
	if (s->nnames > 0)
		qsort(s->names, s->nnames, sizeof(*s->names), by_name);
out:
	if (dir != NULL)
		(void)closedir(dir);
	if (fd >= 0)
		(void)close(fd);
	return st;
}

static int
by_folded(const void *key, const void *entry)
{
	const struct vl_seal_name *name = entry;

	return strcmp(key, name->name);
}

const struct vl_seal_name *
medium_find(const struct vl_seal *s, const char *name, size_t *n)
{
	const struct vl_seal_name *found = NULL;
	const struct vl_seal_name *end = s->names + s->nnames;

	*n = 0;
	if (s->nnames == 0)
		return NULL;
	found = bsearch(name, s->names, s->nnames, sizeof(*found), by_folded);
	if (found == NULL)
		return NULL;
	while (found > s->names && strcmp(found[-1].name, name) == 0)
		found--;
	while (found + *n < end && strcmp(found[*n].name, name) == 0)
		++*n;
	return found;
}

enum vl_status
medium_open(int *fd, uint64_t *size, int dirfd, const struct vl_seal_name *name,
    struct vl_err *err)
{
	struct stat stat = { 0 };

	*fd = -1;
	/* Looked at first: to open a device may already do something. */
	if (fstatat(dirfd, name->real, &stat, AT_SYMLINK_NOFOLLOW) != 0)
		goto fail;
	if (!S_ISREG(stat.st_mode))
		return vl_fail(
		    err, VL_EFORMAT, "'%s' is not a regular file", name->name);
	*fd = openat(dirfd, name->real,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (*fd < 0 || fstat(*fd, &stat) != 0)
		goto fail;
	if (!S_ISREG(stat.st_mode)) {
		(void)close(*fd);
		*fd = -1;
		return vl_fail(
		    err, VL_EFORMAT, "'%s' is not a regular file", name->name);
	}
	*size = (uint64_t)stat.st_size;
	return VL_OK;
fail:
	(void)vl_fail_errno(err, "cannot open '%s' on the medium", name->name);
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	return VL_EIO;
}

enum vl_status
medium_read(struct vl_buf *out, int dirfd, const struct vl_seal_name *name,
    size_t max, struct vl_err *err)
{
	uint64_t size = 0;
	size_t got = 0;
	enum vl_status st = VL_OK;
	int fd = -1;

	vl_buf_clear(out);
	st = medium_open(&fd, &size, dirfd, name, err);
	if (st != VL_OK)
		goto out;
	if (size > max) {
		st =
		    vl_fail(err, VL_ELIMIT, "'%s' is %llu bytes, more than %zu",
		        name->name, (unsigned long long)size, max);
		goto out;
	}
	/* One more: what grows while it is read shows itself. */
	st = vl_buf_reserve(out, (size_t)size + 1, err);
	if (st != VL_OK)
		goto out;
	st = vl_read_full(fd, out->p, (size_t)size + 1, &got, NULL);
	if (st != VL_OK) {
		st = vl_fail_errno(
		    err, "cannot read '%s' from the medium", name->name);
		goto out;
	}
	if (got != size) {
		st = vl_fail(err, VL_EIO,
		    "'%s' changed while it was read from the medium",
		    name->name);
		goto out;
	}
	out->n = got;
out:
	if (fd >= 0)
		(void)close(fd);
	return st;
}
