/*
 * Secrets of lines (formats/bundle.md, kind 5): those of one record of lines
 * stand in one record right behind it, so that each line is handed on with its
 * own.  Who holds the transfer key has each of them opened before.
 */

#include "parts.h"

#include <valise/text.h>

enum vl_status
vl_line_tokens_load(struct vl_unpack *u, struct vl_err *err)
{
	struct vl_line_tokens *t = &u->tokens;
	const struct vl_stored *s = NULL;
	enum vl_status st = vl_index_peek(u, &s, err);

	if (st != VL_OK || s == NULL || s->head.kind != VL_RECORD_SECRETS)
		return st;
	t->left = s->head.items;
	st = vl_index_take(u, &t->bytes, err);
	t->rd = (struct vl_rd){ .rest = vl_buf_slice(&t->bytes) };
	return st;
}

enum vl_status
vl_line_tokens_check_none(struct vl_unpack *u, struct vl_err *err)
{
	struct vl_line_tokens *t = &u->tokens;

	if (t->left > 0)
		return vl_fail(err, VL_EFORMAT,
		    "%u secrets are of no line of their record", t->left);
	if (t->rd.rest.n > 0)
		return vl_fail(err, VL_EFORMAT,
		    "%zu bytes are left behind the secrets of a record",
		    t->rd.rest.n);
	return VL_OK;
}

/* The next item, which must be number `slot` of the line. */
static enum vl_status
take_one(struct vl_unpack *u, size_t slot, size_t *bytes, struct vl_err *err)
{
	struct vl_line_tokens *t = &u->tokens;
	struct vl_secret_item item;
	enum vl_status st = VL_OK;

	if (t->left == 0)
		return vl_fail(
		    err, VL_EFORMAT, "its secret %zu is missing", slot);
	t->left--;
	st = vl_secret_item_decode(&item, &t->rd, err);
	if (st != VL_OK)
		return st;
	if (item.line != u->number || item.slot != slot)
		return vl_fail(err, VL_EFORMAT,
		    "secret %u of line %llu stands where its secret %zu should",
		    item.slot, (unsigned long long)item.line, slot);
	*bytes += VL_SECRET_ITEM_HEAD + item.token.n;
	if (*bytes > VL_LINE_SECRETS_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "its secrets have more than %d bytes", VL_LINE_SECRETS_MAX);
	return vl_buf_add(&t->list,
	    (struct vl_slice){
	        (const uint8_t *)&item.token, sizeof(item.token) },
	    err);
}

size_t
vl_line_slots(const struct vl_unpacked *rec)
{
	return rec->kind == VL_LINE_ENTRY ? rec->entry.nslots : rec->row.nslots;
}

enum vl_status
vl_line_tokens_take(
    struct vl_unpack *u, struct vl_unpacked *rec, struct vl_err *err)
{
	const size_t n = vl_line_slots(rec);
	enum vl_status st = VL_OK;
	size_t bytes = 0;
	size_t i = 0;

	vl_buf_clear(&u->tokens.list);
	for (i = 0; i < n && st == VL_OK; i++)
		st = take_one(u, i, &bytes, err);
	rec->ntokens = n;
	if (st == VL_OK && i > 0)
		rec->tokens = (const void *)u->tokens.list.p;
	return st;
}

/* Whose secret it is, before a message. */
static enum vl_status
within_slot(const struct vl_slot_place *place, struct vl_err *err)
{
	char table[256];
	char key[256];
	char column[256];

	if (place->collection.n == 0)
		return vl_within(err, "resource '%.*s', '%s', secret '%s'",
		    (int)place->resource.n, (const char *)place->resource.p,
		    vl_escape_text(key, sizeof(key), place->key),
		    vl_escape_text(column, sizeof(column), place->inside));
	return vl_within(err,
	    "resource '%.*s', table '%s', row %s, column '%s'",
	    (int)place->resource.n, (const char *)place->resource.p,
	    vl_escape_text(table, sizeof(table), place->collection),
	    vl_escape_text(key, sizeof(key), place->key),
	    vl_escape_text(column, sizeof(column), place->column));
}

/* Where secret `i` of the line is, `at` that of the one before. */
static bool
next_slot(const struct vl_unpacked *rec, size_t i, struct vl_slots *at,
    struct vl_slot_place *place, struct vl_slot *slot)
{
	if (rec->kind != VL_LINE_ENTRY)
		return vl_row_next_slot(at, &rec->row, rec->store, place, slot);
	if (i >= rec->entry.nslots)
		return false;
	*place = vl_entry_slot_place(&rec->entry, i);
	*slot = rec->entry.slots[i].slot;
	return true;
}

enum vl_status
vl_line_tokens_open(
    struct vl_unpack *u, const struct vl_unpacked *rec, struct vl_err *err)
{
	const struct vl_secret_ops *ops = &u->secrets;
	struct vl_slots at = { 0 };
	struct vl_slot_place place;
	struct vl_slot slot;
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (u->transfer == NULL || u->unswept)
		return VL_OK;
	for (i = 0; i < rec->ntokens && st == VL_OK; i++) {
		if (!next_slot(rec, i, &at, &place, &slot))
			return vl_fail(err, VL_EFORMAT,
			    "a line has fewer secrets than tokens");
		st = ops->open(ops->arg, &place, slot.print, rec->tokens[i],
		    &u->plain_text, err);
		if (st != VL_OK)
			(void)within_slot(&place, err);
	}
	if (i > 0)
		vl_locked_clear(&u->plain_text);
	if (i > 0 && rec->kind != VL_LINE_ENTRY)
		rec->store->text.n = at.begin;
	return st;
}

void
vl_line_tokens_free(struct vl_unpack *u)
{
	vl_buf_free(&u->tokens.bytes);
	vl_buf_free(&u->tokens.list);
	vl_locked_free(&u->plain_text);
	vl_tokens_free(u->transfer);
}
