/*
 * The records of the index files that hold lines and their lists, as one
 * sequence over all those files (formats/bundle.md, "Records").
 */

#include "parts.h"

#include <string.h>

enum vl_status
vl_index_peek(
    struct vl_unpack *u, const struct vl_stored **s, struct vl_err *err)
{
	struct vl_index *x = &u->index;
	enum vl_status st;
	bool end = false;

	*s = NULL;
	while (!x->pending) {
		if (x->r == NULL) {
			if (x->file == x->last)
				return VL_OK;
			x->file++;
			st = vl_unpack_file(
			    u, VL_FILE_INDEX, x->file, &x->r, err);
			if (st != VL_OK)
				return st;
		}
		st = vl_stream_r_next(x->r, &x->stored, &end, err);
		if (st != VL_OK)
			return st;
		if (end) {
			vl_stream_r_free(x->r);
			x->r = NULL;
			continue;
		}
		st = vl_unpack_count(u, &x->stored, err);
		if (st != VL_OK)
			return st;
		x->pending = true;
	}
	*s = &x->stored;
	return VL_OK;
}

enum vl_status
vl_index_take(struct vl_unpack *u, struct vl_buf *out, struct vl_err *err)
{
	struct vl_index *x = &u->index;
	char name[VL_FILE_NAME_SIZE];
	enum vl_status st;

	x->pending = false;
	vl_buf_clear(out);
	st = vl_buf_reserve(out, x->stored.head.plain, err);
	if (st != VL_OK)
		return st;
	/* Lines come seldom enough for a decompressor of their own. */
	st = vl_stored_decode(out->p, &x->stored, NULL, err);
	if (st != VL_OK) {
		vl_file_name(name, VL_FILE_INDEX, x->file);
		return vl_within(err, "%s", name);
	}
	out->n = x->stored.head.plain;
	return VL_OK;
}

void
vl_index_skip(struct vl_unpack *u)
{
	u->index.pending = false;
}

enum vl_status
vl_index_within(const struct vl_unpack *u, const char *what, struct vl_err *err)
{
	char name[VL_FILE_NAME_SIZE];

	vl_file_name(name, VL_FILE_INDEX, u->index.file);
	if (strncmp(err->text, name, strlen(name)) == 0)
		return err->status;
	return vl_within(err, "%s: %s", name, what);
}
