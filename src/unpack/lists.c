/*
 * Chunk lists (formats/bundle.md, kind 4): from them and the chunk map the
 * chunks of a body, with their places in it, and its content hash.  A list is
 * streamed, so a body of any size needs the memory of one record.
 */

#include "parts.h"

#include <string.h>

/* Have the next item of these lines in `lists.next`, if there is one. */
static enum vl_status
peek_item(struct vl_unpack *u, bool *any, struct vl_err *err)
{
	struct vl_lists *l = &u->lists;
	const struct vl_stored *s = NULL;
	enum vl_status st = VL_OK;

	*any = l->peeked;
	if (l->peeked)
		return VL_OK;
	while (l->left == 0) {
		if (l->rd.rest.n > 0)
			return vl_fail(err, VL_EFORMAT,
			    "%zu bytes are left behind the chunk lists of a "
			    "record",
			    l->rd.rest.n);
		st = vl_index_peek(u, &s, err);
		if (st != VL_OK || s == NULL || s->head.kind != VL_RECORD_LISTS)
			return st;
		l->left = s->head.items;
		st = vl_index_take(u, &l->bytes, err);
		if (st != VL_OK)
			return st;
		l->rd = (struct vl_rd){ .rest = vl_buf_slice(&l->bytes) };
		if (l->left == 0)
			return vl_fail(
			    err, VL_EFORMAT, "a record of no chunk lists");
	}
	st = vl_list_item_decode(&l->next, &l->rd, err);
	if (st != VL_OK)
		return st;
	l->left--;
	l->peeked = true;
	*any = true;
	return VL_OK;
}

static void
take_item(struct vl_unpack *u)
{
	u->body.item = u->lists.next;
	u->body.refs = u->lists.next.refs;
	u->lists.peeked = false;
}

void
vl_lists_forget(struct vl_unpack *u)
{
	u->lists.left = 0;
	u->lists.peeked = false;
	u->lists.rd = (struct vl_rd){ 0 };
}

enum vl_status
vl_lists_check_none(struct vl_unpack *u, struct vl_err *err)
{
	enum vl_status st;
	bool any = false;

	st = peek_item(u, &any, err);
	if (st == VL_OK && any)
		st = vl_fail(err, VL_EFORMAT,
		    "a chunk list is of line %llu, body %u, where none is",
		    (unsigned long long)u->lists.next.line, u->lists.next.body);
	return st;
}

static enum vl_status
begin_body(struct vl_unpack *u, struct vl_err *err)
{
	struct vl_list_item *next = &u->lists.next;
	enum vl_status st;
	bool any = false;

	st = peek_item(u, &any, err);
	/* Unswept, lists of bodies that nobody asked for are passed over. */
	while (st == VL_OK && any && u->unswept && next->line < u->number - 1) {
		u->lists.peeked = false;
		st = peek_item(u, &any, err);
	}
	if (st != VL_OK)
		return st;
	/* The current record is the line before the next number. */
	if (!any || next->line != u->number - 1 || next->body != 0)
		return vl_fail(err, VL_EFORMAT, "its body has no chunk list");
	take_item(u);
	u->body.begun = true;
	u->body.at = 0;
	vl_content_begin(&u->body.hash, u->ids, u->body.size);
	return VL_OK;
}

/* Another item of the same body; else `*any` is false. */
static enum vl_status
continue_body(struct vl_unpack *u, bool *any, struct vl_err *err)
{
	struct vl_list_item *next = &u->lists.next;
	enum vl_status st;

	st = peek_item(u, any, err);
	if (st != VL_OK || !*any)
		return st;
	*any =
	    next->line == u->body.item.line && next->body == u->body.item.body;
	if (!*any)
		return VL_OK;
	if (next->n == 0 || u->body.item.n == 0)
		return vl_fail(
		    err, VL_EFORMAT, "its chunk list goes on without a chunk");
	take_item(u);
	return VL_OK;
}

/* The zeros behind the last chunk, and the content hash. */
static enum vl_status
end_body(struct vl_unpack *u, struct vl_err *err)
{
	uint8_t hash[VL_CONTENT_HASH_SIZE];
	struct vl_body_state *b = &u->body;

	if (b->at != b->size && b->at % VL_ZERO_BLOCK != 0)
		return vl_fail(err, VL_EAUTH,
		    "its chunks end at %llu of %llu bytes",
		    (unsigned long long)b->at, (unsigned long long)b->size);
	vl_content_end(&b->hash, hash);
	if (memcmp(hash, b->want, sizeof(hash)) != 0)
		return vl_fail(
		    err, VL_EAUTH, "its chunks do not have its content hash");
	b->open = false;
	return VL_OK;
}

static void
name_row(struct vl_unpack *u, uint64_t number)
{
	uint8_t bit = (uint8_t)(1u << (number % 8));

	if ((u->named[number / 8] & bit) == 0)
		u->nnamed++;
	u->named[number / 8] |= bit;
}

static enum vl_status
take_ref(struct vl_unpack *u, struct vl_chunk_ref *ref, struct vl_err *err)
{
	struct vl_rd rd = { .rest = u->body.refs };
	struct vl_body_state *b = &u->body;
	uint64_t zeros = (uint64_t)vl_rd_u32le(&rd) * VL_ZERO_BLOCK;
	struct vl_slice id = vl_rd_take(&rd, VL_HASH_SIZE);
	struct vl_map_row row = { 0 };
	uint64_t number = 0;
	enum vl_status st;
	bool found = false;

	if (rd.short_)
		return vl_fail(err, VL_EFORMAT, "its chunk list is cut short");
	if (zeros > 0 && b->at % VL_ZERO_BLOCK != 0)
		return vl_fail(err, VL_EAUTH,
		    "zero blocks at %llu, within a block",
		    (unsigned long long)b->at);
	st = vl_unpack_map_find(&u->map, id.p, &row, &number, &found, err);
	if (st != VL_OK)
		return st;
	if (!found)
		return vl_fail(err, VL_EAUTH,
		    "its chunk at %llu is not in the chunk map",
		    (unsigned long long)(b->at + zeros));
	if (zeros > b->size - b->at || row.length > b->size - b->at - zeros)
		return vl_fail(err, VL_EAUTH,
		    "its chunks are longer than its %llu bytes",
		    (unsigned long long)b->size);
	b->at += zeros;
	name_row(u, number);
	vl_content_add(&b->hash, b->at, row.id);
	*ref = (struct vl_chunk_ref){ .at = b->at,
		.n = row.length,
		.pack = row.pack,
		.offset = row.offset,
		.index = row.index };
	b->at += row.length;
	b->refs = rd.rest;
	return VL_OK;
}

/* Up to `max` chunks of the current body; none: it is at its end. */
static enum vl_status
read_part(struct vl_unpack *u, struct vl_chunk_ref *refs, size_t max, size_t *n,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;
	bool any = true;

	if (!u->body.begun)
		st = begin_body(u, err);
	while (st == VL_OK && *n < max && any) {
		if (u->body.refs.n == 0) {
			st = continue_body(u, &any, err);
			continue;
		}
		st = take_ref(u, &refs[*n], err);
		if (st == VL_OK)
			(*n)++;
	}
	if (st == VL_OK && !any && *n == 0)
		st = end_body(u, err);
	if (st != VL_OK)
		(void)vl_line_within(u, u->number - 1, err);
	return st;
}

/* read_part, and the blocks of what it found are decoded or will be. */
static enum vl_status
part(struct vl_unpack *u, struct vl_chunk_ref *refs, size_t max, size_t *n,
    struct vl_err *err)
{
	enum vl_status st;
	size_t far = 0;
	size_t i;

	*n = 0;
	if (!u->body.open || max == 0)
		return VL_OK;
	st = read_part(u, refs, max, n, err);
	if (st != VL_OK || *n == 0 || u->unswept)
		return st;
	for (i = 1; i < *n; i++)
		if (refs[i].pack > refs[far].pack ||
		    (refs[i].pack == refs[far].pack &&
		        refs[i].offset > refs[far].offset))
			far = i;
	return vl_sweep_to(u, refs[far].pack, refs[far].offset, err);
}

enum vl_status
vl_unpack_part(struct vl_unpack *u, struct vl_chunk_ref *refs, size_t max,
    size_t *n, struct vl_err *err)
{
	enum vl_status st;

	*n = 0;
	if (u->failed.status != VL_OK) {
		*err = u->failed;
		return err->status;
	}
	st = u->proxy != NULL ? vl_proxy_part(u, refs, max, n, err) :
	                        part(u, refs, max, n, err);
	if (st != VL_OK)
		*n = 0;
	return vl_unpack_latch(u, st, err);
}

enum vl_status
vl_lists_skip_body(struct vl_unpack *u, struct vl_err *err)
{
	struct vl_chunk_ref refs[64];
	enum vl_status st = VL_OK;
	size_t n = 0;

	if (u->unswept)
		u->body.open = false;
	while (st == VL_OK && u->body.open)
		st = part(u, refs, sizeof(refs) / sizeof(refs[0]), &n, err);
	return st;
}
