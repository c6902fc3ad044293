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
add_in_memory(struct names *names, struct vl_slice item, struct vl_err *err)
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
	item.n++; /* the NUL that is behind it */
	st = vl_buf_add(&names->text, item, err);
	if (st == VL_OK)
		names->n++;
	return st;
}

/* What begins at `p`, without its last NUL. */
static struct vl_slice
item_at(const struct names *names, const uint8_t *p)
{
	struct vl_slice item = vl_slice_of((const char *)p);

	if (names->named)
		item.n += 1 + strlen((const char *)p + item.n + 1);
	return item;
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
		    item_at(names, names->text.p + names->at[i]), err);
	names->n = 0;
	vl_buf_free(&names->text);
	return st;
}

/* The name becomes what stands for it in the order; p is NULL where nothing
 * does. */
static enum vl_status
call(struct names *names, struct vl_slice *name, const struct names_opts *opts,
    struct vl_err *err)
{
	struct vl_buf *item = &names->item;
	enum vl_naming how = VL_NAMING_TAKE;
	enum vl_status st = VL_OK;

	vl_buf_clear(item);
	st = opts->namer->name(
	    opts->namer->arg, opts->dir, *name, item, &how, err);
	if (st == VL_OK && how == VL_NAMING_PASS) {
		*name = (struct vl_slice){ 0 };
		return VL_OK;
	}
	if (st == VL_OK)
		st = vl_buf_printf(
		    item, err, "%c%c", 0, how == VL_NAMING_LEAVE ? '1' : '0');
	if (st == VL_OK)
		st = vl_buf_add(
		    item, (struct vl_slice){ name->p, name->n + 1 }, err);
	if (st == VL_OK)
		*name = (struct vl_slice){ item->p, item->n - 1 };
	return st;
}

static enum vl_status
add(struct names *names, const char *name, const struct names_opts *opts,
    struct vl_err *err)
{
	struct vl_slice s = vl_slice_of(name);
	enum vl_status st = VL_OK;
	size_t n = s.n;

	if (name[0] == '.' &&
	    (name[1] == '\0' || (name[1] == '.' && name[2] == '\0')))
		return VL_OK;
	if (opts->namer != NULL) {
		st = call(names, &s, opts, err);
		if (st != VL_OK || s.p == NULL)
			return st;
		name = (const char *)s.p;
		n = strlen(name);
	}
	if (opts->after != NULL && strcmp(name, opts->after) <= 0)
		return VL_OK;
	if (n > names->longest)
		names->longest = n;
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

/* The same with what stands behind the first NUL. */
static int
compare_called(const void *a, const void *b, void *text)
{
	const uint32_t *x = a;
	const uint32_t *y = b;
	const char *base = text;
	int order = strcmp(base + *x, base + *y);

	return order != 0 ? order :
	                    strcmp(base + *x + strlen(base + *x) + 1,
	                        base + *y + strlen(base + *y) + 1);
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
	names->named = opts->namer != NULL;
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
	vl_buf_clear(&names->item);
	if (names->sort != NULL)
		return vl_sort_finish(names->sort, err);
	if (names->n > 1)
		qsort_r(names->at, names->n, sizeof(*names->at),
		    names->named ? compare_called : compare, names->text.p);
	return VL_OK;
}

static enum vl_status
next_item(struct names *names, struct vl_slice *item, struct vl_err *err)
{
	if (names->sort != NULL)
		return vl_sort_next(names->sort, item, err);
	*item = (struct vl_slice){ 0 };
	if (names->next < names->n)
		*item =
		    item_at(names, names->text.p + names->at[names->next++]);
	return VL_OK;
}

/* The item is called as the one before, which is kept in names->item. */
static bool
is_again(const struct names *names, struct vl_slice as)
{
	return vl_slice_equal(vl_buf_slice(&names->item), as);
}

enum vl_status
vl_names_next(struct names *names, struct name *name, struct vl_err *err)
{
	struct vl_slice item = { 0 };
	enum vl_status st = VL_OK;
	bool again = true;

	while (again) {
		st = next_item(names, &item, err);
		*name = (struct name){ .here = item, .as = item };
		again = false;
		if (st != VL_OK || item.p == NULL || !names->named)
			return st;
		name->as.n =
		    (size_t)((uint8_t *)memchr(item.p, 0, item.n) - item.p);
		name->left = item.p[name->as.n + 1] == '1';
		name->here.p += name->as.n + 2;
		name->here.n -= name->as.n + 2;
		again = is_again(names, name->as);
		if (again && !name->left)
			return vl_fail(err, VL_EREFUSED,
			    "two names in a folder stand for one row");
	}
	vl_buf_clear(&names->item);
	return vl_buf_add(&names->item, name->as, err);
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
	vl_buf_clear(&names->item);
	if (vl_names_memory(names) > KEEP_BYTES)
		vl_names_free(names);
}

void
vl_names_free(struct names *names)
{
	vl_sort_free(names->sort);
	vl_buf_free(&names->text);
	vl_buf_free(&names->item);
	free(names->at);
	memset(names, 0, sizeof(*names));
}
