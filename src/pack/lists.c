/*
 * Chunk lists (formats/bundle.md, kind 4) of the bodies of one manifest
 * record.  They are put behind it, so they wait until it is full; a body of
 * terabytes makes that long, so full list records wait in a temporary file.
 *
 * The records that a body needs for itself begin with it: so a body that is
 * given up takes nothing of another with it.
 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <valise/fs.h>

#include "parts.h"

#define ITEM_HEAD 16u
#define FULL      (1u << 20) /* bytes of a list record */

void
lists_init(struct lists *l, const char *tempdir)
{
	l->tempdir = tempdir;
	l->fd = -1;
}

void
lists_free(struct lists *l)
{
	vl_buf_free(&l->bytes);
	free(l->spilled);
	if (l->fd >= 0)
		(void)close(l->fd);
}

/* Move the first `n` bytes, `items` items, out into the file. */
static enum vl_status
spill(struct lists *l, size_t n, uint32_t items, struct vl_err *err)
{
	struct spilled *last = NULL;
	struct spilled *more;
	enum vl_status st = VL_OK;
	off_t at = 0;

	if (l->nspilled == l->cap) {
		more = reallocarray(l->spilled, 2 * l->cap + 16, sizeof(*more));
		if (more == NULL)
			return vl_fail_memory(err);
		l->spilled = more;
		l->cap = 2 * l->cap + 16;
	}
	if (l->nspilled > 0) {
		last = &l->spilled[l->nspilled - 1];
		at = last->at + (off_t)last->n;
	}
	if (l->fd < 0)
		st = vl_temp_file(&l->fd, l->tempdir, err);
	if (st == VL_OK)
		st = vl_pwrite_all(
		    l->fd, (struct vl_slice){ l->bytes.p, n }, at, err);
	if (st != VL_OK) {
		(void)vl_within(err, "cannot keep the chunk lists");
		return st;
	}
	l->spilled[l->nspilled++] = (struct spilled){ items, n, at };
	memmove(l->bytes.p, l->bytes.p + n, l->bytes.n - n);
	l->bytes.n -= n;
	l->items -= items;
	return VL_OK;
}

static void
write_item_head(struct lists *l)
{
	vl_list_item_encode(l->bytes.p + l->item_at, l->line, 0, l->item_n);
}

static enum vl_status
open_item(struct lists *l, struct vl_err *err)
{
	enum vl_status st = vl_buf_reserve(&l->bytes, ITEM_HEAD, err);

	if (st != VL_OK)
		return st;
	l->item_at = l->bytes.n;
	l->item_n = 0;
	l->bytes.n += ITEM_HEAD;
	l->items++;
	write_item_head(l);
	return VL_OK;
}

enum vl_status
lists_begin(struct lists *l, uint64_t line, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (l->items == VL_RECORD_ITEMS_MAX ||
	    l->bytes.n + ITEM_HEAD + VL_LIST_REF_SIZE > FULL)
		st = spill(l, l->bytes.n, l->items, err);
	if (st != VL_OK)
		return st;
	l->line = line;
	l->base = l->nspilled;
	return open_item(l, err);
}

/* The current item becomes the only one of its record, or goes on anew. */
static enum vl_status
make_room(struct lists *l, struct vl_err *err)
{
	enum vl_status st;

	if (l->item_at > 0) {
		st = spill(l, l->item_at, l->items - 1, err);
		l->item_at = 0;
		l->base = l->nspilled;
		return st;
	}
	write_item_head(l);
	st = spill(l, l->bytes.n, l->items, err);
	return st == VL_OK ? open_item(l, err) : st;
}

enum vl_status
lists_add(struct lists *l, uint32_t zeros, const uint8_t id[VL_HASH_SIZE],
    struct vl_err *err)
{
	uint8_t ref[VL_LIST_REF_SIZE];
	enum vl_status st = VL_OK;

	if (l->bytes.n + sizeof(ref) > FULL)
		st = make_room(l, err);
	if (st != VL_OK)
		return st;
	vl_put_u32le(ref, zeros);
	memcpy(ref + 4, id, VL_HASH_SIZE);
	l->item_n++;
	return vl_buf_add(
	    &l->bytes, (struct vl_slice){ ref, sizeof(ref) }, err);
}

void
lists_end(struct lists *l)
{
	write_item_head(l);
}

void
lists_drop(struct lists *l)
{
	l->nspilled = l->base;
	l->bytes.n = l->item_at;
	l->items--;
}

static enum vl_status
put(struct vl_stream_w *w, struct vl_slice bytes, uint32_t items,
    struct vl_err *err)
{
	struct vl_stream_record r = {
		.kind = VL_RECORD_LISTS,
		.compress = true,
		.items = items,
		.plain = bytes,
	};

	return items == 0 ? VL_OK : vl_stream_w_put(w, &r, NULL, err);
}

enum vl_status
lists_flush(struct lists *l, struct vl_stream_w *w, struct vl_err *err)
{
	struct vl_buf back = { 0 };
	enum vl_status st = VL_OK;
	size_t got = 0;
	size_t i;

	for (i = 0; i < l->nspilled && st == VL_OK; i++) {
		struct spilled *s = &l->spilled[i];

		vl_buf_clear(&back);
		st = vl_buf_reserve(&back, s->n, err);
		if (st == VL_OK)
			st = vl_pread_full(
			    l->fd, back.p, s->n, s->at, &got, err);
		if (st == VL_OK && got != s->n)
			st = vl_fail(err, VL_EIO,
			    "the temporary file of chunk lists is cut short");
		if (st == VL_OK)
			st = put(w, (struct vl_slice){ back.p, s->n }, s->items,
			    err);
	}
	if (st == VL_OK)
		st = put(w, vl_buf_slice(&l->bytes), l->items, err);
	vl_buf_free(&back);
	vl_buf_clear(&l->bytes);
	l->items = 0;
	l->nspilled = 0;
	return st;
}
