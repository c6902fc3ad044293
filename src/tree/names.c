/*
 * Names of one directory in order: sorted in memory, and beyond 64 k of them
 * by the external sort, so that a directory of any size costs a bounded
 * amount of memory.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "names.h"

#define KEEP_BYTES 16384u /* a buffer up to this outlives its directory */

static enum vl_status
add_in_memory(struct names *names, struct vl_slice name, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	uint32_t *at = NULL;
	size_t cap = 0;

	if (names->text.n > UINT32_MAX - 65536)
		return vl_fail(err, VL_EIO, "too many names in a folder");
	if (names->n == names->cap) {
		cap = names->cap == 0 ? 256 : names->cap * 2;
		at = reallocarray(names->at, cap, sizeof(*at));
		if (at == NULL)
			return vl_fail_memory(err);
		names->at = at;
		names->cap = cap;
	}
	names->at[names->n] = (uint32_t)names->text.n;
	name.n++; /* the NUL that is behind it in a dirent */
	st = vl_buf_add(&names->text, name, err);
	if (st == VL_OK)
		names->n++;
	return st;
}

/* Hand what is in memory to a sort on disk and go on with that. */
static enum vl_status
move_to_disk(struct names *names, const char *tempdir, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i;

	st = vl_sort_new(&names->sort, tempdir, NAMES_SORT_MEMORY, err);
	for (i = 0; st == VL_OK && i < names->n; i++)
		st = vl_sort_add(names->sort,
		    vl_slice_of((char *)names->text.p + names->at[i]), err);
	names->n = 0;
	vl_buf_free(&names->text);
	return st;
}

static enum vl_status
add(struct names *names, const char *name, const struct names_opts *opts,
    struct vl_err *err)
{
	const struct vl_slice s = vl_slice_of(name);
	enum vl_status st = VL_OK;

	if (name[0] == '.' &&
	    (name[1] == '\0' || (name[1] == '.' && name[2] == '\0')))
		return VL_OK;
	if (opts->after != NULL && strcmp(name, opts->after) <= 0)
		return VL_OK;
	if (s.n > names->longest)
		names->longest = s.n;
	if (names->sort == NULL && names->n == NAMES_IN_MEMORY &&
	    opts->tempdir != NULL) {
		st = move_to_disk(names, opts->tempdir, err);
		if (st != VL_OK)
			return st;
	}
	if (names->sort != NULL)
		return vl_sort_add(names->sort, s, err);
	return add_in_memory(names, s, err);
}

static int
compare(const void *a, const void *b, void *text)
{
	const uint32_t *x = a;
	const uint32_t *y = b;
	const char *base = text;

	return strcmp(base + *x, base + *y);
}

enum vl_status
vl_names_load(struct names *names, int fd, const struct names_opts *opts,
    int *cause, struct vl_err *err)
{
	const struct dirent64 *entry = NULL;
	const char *block = opts->block;
	enum vl_status st = VL_OK;
	ssize_t got = 0;
	ssize_t at = 0;

	*cause = 0;
	if (lseek(fd, 0, SEEK_SET) != 0) {
		*cause = errno;
		return VL_OK;
	}
	for (;;) {
		got = getdents64(fd, opts->block, opts->block_size);
		if (got < 0) {
			*cause = errno;
			return VL_OK;
		}
		if (got == 0)
			break;
		for (at = 0; at < got; at += entry->d_reclen) {
			entry = (const void *)(block + at);
			st = add(names, entry->d_name, opts, err);
			if (st != VL_OK)
				return st;
		}
	}
	if (names->sort != NULL)
		return vl_sort_finish(names->sort, err);
	if (names->n > 1)
		qsort_r(names->at, names->n, sizeof(*names->at), compare,
		    names->text.p);
	return VL_OK;
}

enum vl_status
vl_names_next(struct names *names, struct vl_slice *name, struct vl_err *err)
{
	if (names->sort != NULL)
		return vl_sort_next(names->sort, name, err);
	*name = (struct vl_slice){ 0 };
	if (names->next < names->n)
		*name = vl_slice_of(
		    (char *)names->text.p + names->at[names->next++]);
	return VL_OK;
}

size_t
vl_names_memory(const struct names *names)
{
	return (names->sort != NULL ? NAMES_SORT_MEMORY : 0) + names->text.cap +
	    names->cap * sizeof(*names->at);
}

void
vl_names_clear(struct names *names)
{
	vl_sort_free(names->sort);
	names->sort = NULL;
	names->n = 0;
	names->next = 0;
	names->longest = 0;
	vl_buf_clear(&names->text);
	if (vl_names_memory(names) > KEEP_BYTES)
		vl_names_free(names);
}

void
vl_names_free(struct names *names)
{
	vl_sort_free(names->sort);
	vl_buf_free(&names->text);
	free(names->at);
	memset(names, 0, sizeof(*names));
}
