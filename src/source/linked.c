/*
 * Inodes that have several names.  The key is device and inode; the word is
 * how many names were not met yet; the value is what the inode was when its
 * content was taken, and the path it was taken by.
 *
 * An inode number is given to another file as soon as the last name of the
 * first is gone, and a file may be written between two of its names: only
 * what is still as it was is the same.
 */

#include <stdlib.h>

#include "files.h"

struct linked {
	struct vl_table *table;
	struct vl_buf value;
};

/* What was noted of the inode, in front of the path. */
#define NOTED_SIZE 44

static void
note(uint8_t p[NOTED_SIZE], const struct stat *st)
{
	vl_put_u32le(p, st->st_mode);
	vl_put_u64le(p + 4, (uint64_t)st->st_size);
	vl_put_u64le(p + 12, st->st_nlink);
	vl_put_u64le(p + 20, (uint64_t)st->st_mtim.tv_sec);
	vl_put_u32le(p + 28, (uint32_t)st->st_mtim.tv_nsec);
	vl_put_u64le(p + 32, (uint64_t)st->st_ctim.tv_sec);
	vl_put_u32le(p + 40, (uint32_t)st->st_ctim.tv_nsec);
}

static void
key_of(uint8_t key[VL_TABLE_KEY_SIZE], const struct stat *st)
{
	vl_put_u64le(key, st->st_dev);
	vl_put_u64le(key + 8, st->st_ino);
}

enum vl_status
vl_linked_new(struct linked **out, const char *dir, struct vl_err *err)
{
	struct linked *l = calloc(1, sizeof(*l));
	enum vl_status st = VL_OK;

	*out = NULL;
	if (l == NULL)
		return vl_fail_memory(err);
	st = vl_table_new(&l->table, dir, err);
	if (st != VL_OK)
		vl_linked_free(l);
	else
		*out = l;
	return st;
}

enum vl_status
vl_linked_first(struct linked *l, struct vl_slice *to, const struct stat *st,
    struct vl_err *err)
{
	uint8_t key[VL_TABLE_KEY_SIZE];
	uint8_t noted[NOTED_SIZE];
	enum vl_status status = VL_OK;

	*to = (struct vl_slice){ 0 };
	if (st->st_nlink < 2)
		return VL_OK;
	key_of(key, st);
	if (vl_table_word(l->table, key) == NULL)
		return VL_OK;
	status = vl_table_value(l->table, key, &l->value, err);
	if (status != VL_OK)
		return status;
	note(noted, st);
	if (memcmp(l->value.p, noted, NOTED_SIZE) == 0)
		*to = (struct vl_slice){ l->value.p + NOTED_SIZE,
			l->value.n - NOTED_SIZE };
	return VL_OK;
}

enum vl_status
vl_linked_took(struct linked *l, const struct stat *st, struct vl_slice path,
    struct vl_err *err)
{
	uint8_t key[VL_TABLE_KEY_SIZE];
	uint8_t noted[NOTED_SIZE];
	enum vl_status status = VL_OK;

	if (st->st_nlink < 2)
		return VL_OK;
	key_of(key, st);
	if (vl_table_word(l->table, key) != NULL) {
		vl_linked_met(l, st);
		return VL_OK;
	}
	note(noted, st);
	vl_buf_clear(&l->value);
	status = vl_buf_add(
	    &l->value, (struct vl_slice){ noted, sizeof(noted) }, err);
	if (status == VL_OK)
		status = vl_buf_add(&l->value, path, err);
	if (status == VL_OK)
		status = vl_table_put(l->table, key, vl_buf_slice(&l->value),
		    st->st_nlink - 1, err);
	return status;
}

void
vl_linked_met(struct linked *l, const struct stat *st)
{
	uint8_t key[VL_TABLE_KEY_SIZE];
	uint64_t *left = NULL;

	key_of(key, st);
	left = vl_table_word(l->table, key);
	if (left != NULL && *left > 0)
		--*left;
}

uint64_t
vl_linked_cut(const struct linked *l)
{
	uint64_t at = 0;
	uint64_t left = 0;
	uint64_t cut = 0;

	while (vl_table_each(l->table, &at, &left) != NULL)
		cut += left > 0;
	return cut;
}

void
vl_linked_free(struct linked *l)
{
	if (l == NULL)
		return;
	vl_table_free(l->table);
	vl_buf_free(&l->value);
	free(l);
}
