/*
 * Manifest lines (formats/manifest.md) out of the records of kind 2: the
 * head, the record lines in their order, the last line with count and root.
 */

#include "parts.h"

#include <stdio.h>
#include <string.h>

static void
hash_lines(struct vl_unpack *u)
{
	vl_merkle_add_all(&u->merkle, u->ids, u->leaves, u->nleaves);
	u->nleaves = 0;
}

/* A leaf, which stays where it is until it is hashed. */
static void
add_leaf(struct vl_unpack *u, struct vl_slice line)
{
	if (u->nleaves == sizeof(u->leaves) / sizeof(u->leaves[0]))
		hash_lines(u);
	u->leaves[u->nleaves++] = line;
}

/* The next record of lines; the lists of the one before are all used. */
static enum vl_status
load_lines(struct vl_unpack *u, struct vl_err *err)
{
	const struct vl_stored *s = NULL;
	enum vl_status st;

	if (u->rest.n > 0)
		return vl_fail(err, VL_EFORMAT,
		    "a record holds more lines than its header says");
	if (vl_line_tokens_check_none(u, err) != VL_OK)
		return err->status;
	if (u->unswept)
		vl_lists_forget(u);
	else if (vl_lists_check_none(u, err) != VL_OK)
		return err->status;
	do {
		st = vl_index_peek(u, &s, err);
		if (st != VL_OK)
			return st;
		if (s == NULL)
			return vl_fail(err, VL_EAUTH,
			    "the manifest ends before its last line");
		if (u->unswept && s->head.kind == VL_RECORD_LISTS)
			vl_index_skip(u);
	} while (!u->index.pending);
	if (s->head.kind != VL_RECORD_LINES)
		return vl_fail(err, VL_EFORMAT,
		    "a record of kind %d where manifest lines should be",
		    (int)s->head.kind);
	u->left = s->head.items;
	hash_lines(u);
	st = vl_index_take(u, &u->lines, err);
	u->rest = vl_buf_slice(&u->lines);
	return st == VL_OK ? vl_line_tokens_load(u, err) : st;
}

static enum vl_status
next_line(struct vl_unpack *u, struct vl_slice *line, struct vl_err *err)
{
	const uint8_t *lf = NULL;
	enum vl_status st;
	size_t n;

	while (u->left == 0) {
		st = load_lines(u, err);
		if (st != VL_OK)
			return st;
		if (u->left == 0)
			return vl_fail(
			    err, VL_EFORMAT, "a record of no manifest lines");
	}
	if (u->rest.n > 0)
		lf = memchr(u->rest.p, '\n', u->rest.n);
	if (lf == NULL)
		return vl_fail(
		    err, VL_EFORMAT, "a record ends within a manifest line");
	n = (size_t)(lf - u->rest.p) + 1;
	if (n > VL_LINE_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "a manifest line of %zu bytes is over %d", n, VL_LINE_MAX);
	*line = (struct vl_slice){ u->rest.p, n };
	u->rest.p += n;
	u->rest.n -= n;
	u->left--;
	return VL_OK;
}

enum vl_status
vl_lines_begin(struct vl_unpack *u, struct vl_err *err)
{
	struct vl_manifest_head head = { 0 };
	struct vl_slice line = { 0 };
	enum vl_status st;

	vl_merkle_init(&u->merkle, 0);
	st = next_line(u, &line, err);
	if (st == VL_OK)
		st = vl_manifest_head_decode(&head, line, err);
	if (st != VL_OK)
		return vl_index_within(u, "first line", err);
	if (head.epoch != u->inner.head.epoch ||
	    memcmp(head.series, u->inner.head.series, VL_ID_SIZE) != 0 ||
	    strcmp(head.site, u->inner.site) != 0) {
		(void)vl_fail(err, VL_EAUTH,
		    "series, epoch or site are not those of the inner head");
		return vl_index_within(u, "first line", err);
	}
	add_leaf(u, line);
	return vl_buf_add(&u->first, line, err);
}

static enum vl_status
check_root(struct vl_unpack *u, struct vl_slice line, struct vl_err *err)
{
	uint8_t shown[VL_ROOT_SIZE];
	uint8_t root[VL_ROOT_SIZE];
	uint64_t count = 0;
	uint8_t le[8];
	enum vl_status st;

	st = vl_manifest_tail_decode(&count, shown, line, err);
	if (st != VL_OK)
		return st;
	if (count != u->number || count != u->inner.lines)
		return vl_fail(err, VL_EAUTH,
		    "it counts %llu lines, the inner head %llu, and there are "
		    "%llu",
		    (unsigned long long)count,
		    (unsigned long long)u->inner.lines,
		    (unsigned long long)u->number);
	hash_lines(u);
	vl_put_u64le(le, count);
	vl_merkle_add(&u->merkle, u->ids, (struct vl_slice){ le, sizeof(le) });
	vl_merkle_root(&u->merkle, u->ids, root);
	if (memcmp(root, shown, sizeof(root)) != 0 ||
	    memcmp(root, u->inner.manifest_root, sizeof(root)) != 0)
		return vl_fail(
		    err, VL_EAUTH, "its root is not that of the lines");
	return VL_OK;
}

/* Nothing may stand behind the last line. */
static enum vl_status
check_end(struct vl_unpack *u, struct vl_err *err)
{
	const struct vl_stored *s = NULL;
	enum vl_status st = VL_OK;

	if (u->order.resources != u->inner.nresources)
		return vl_fail(err, VL_EAUTH,
		    "resource '%s' of the inner head has no lines",
		    u->inner.resources[u->order.resources].name);
	if (u->left != 0 || u->rest.n != 0)
		return vl_fail(err, VL_EFORMAT, "more lines stand behind it");
	st = vl_line_tokens_check_none(u, err);
	if (u->unswept)
		vl_lists_forget(u);
	else if (st == VL_OK)
		st = vl_lists_check_none(u, err);
	do {
		if (st == VL_OK)
			st = vl_index_peek(u, &s, err);
		if (s != NULL && u->unswept && s->head.kind == VL_RECORD_LISTS)
			vl_index_skip(u);
	} while (st == VL_OK && s != NULL && !u->index.pending);
	if (st == VL_OK && s != NULL)
		st = vl_fail(err, VL_EFORMAT,
		    "a record of kind %d stands behind it", (int)s->head.kind);
	return st;
}

static enum vl_status
end_lines(struct vl_unpack *u, struct vl_slice line, struct vl_err *err)
{
	enum vl_status st;

	st = check_root(u, line, err);
	if (st == VL_OK)
		st = check_end(u, err);
	if (st != VL_OK)
		return vl_index_within(u, "last line", err);
	return vl_buf_add(&u->tail, line, err);
}

enum vl_status
vl_line_within(const struct vl_unpack *u, uint64_t number, struct vl_err *err)
{
	char what[32];

	(void)snprintf(
	    what, sizeof(what), "line %llu", (unsigned long long)number);
	return vl_index_within(u, what, err);
}

void
vl_line_of_entry(struct vl_unpacked *rec)
{
	rec->kind = VL_LINE_ENTRY;
	rec->resource = rec->entry.resource;
	rec->has_body = rec->entry.type == VL_ENTRY_FILE;
	rec->size = rec->entry.size;
}

enum vl_status
vl_line_decode(struct vl_unpack *u, struct vl_unpacked *rec,
    struct vl_slice line, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	rec->line = line;
	rec->kind = vl_line_kind(line);
	switch (rec->kind) {
	case VL_LINE_ENTRY:
		st = vl_entry_decode(&rec->entry, &u->store, line, err);
		vl_line_of_entry(rec);
		break;
	case VL_LINE_PROFILE:
		st = vl_profile_line_decode(&rec->profile, &u->rows, line, err);
		rec->resource = rec->profile.resource;
		break;
	case VL_LINE_TABLE:
		st = vl_table_line_decode(&rec->table, &u->rows, line, err);
		rec->resource = rec->table.resource;
		break;
	case VL_LINE_ROW:
		st = vl_row_decode(&rec->row, &u->rows, line, err);
		rec->resource = rec->row.resource;
		rec->has_body = rec->row.has_body;
		rec->size = rec->row.size;
		rec->store = &u->rows;
		break;
	}
	return st;
}

static enum vl_status
next_record(struct vl_unpack *u, struct vl_unpacked *rec, struct vl_err *err)
{
	static const char tail[] = "{\"count\":";
	struct vl_slice line = { 0 };
	enum vl_status st;

	st = vl_lists_skip_body(u, err);
	if (st != VL_OK || u->tail.n > 0)
		return st;
	st = next_line(u, &line, err);
	if (st != VL_OK)
		return vl_line_within(u, u->number, err);
	if (line.n > sizeof(tail) &&
	    memcmp(line.p, tail, sizeof(tail) - 1) == 0)
		return end_lines(u, line, err);
	st = vl_line_decode(u, rec, line, err);
	if (st == VL_OK)
		st = vl_order_check(&u->order, &u->inner, rec, err);
	if (st == VL_OK)
		st = vl_line_tokens_take(u, rec, err);
	if (st != VL_OK)
		return vl_line_within(u, u->number, err);
	add_leaf(u, line);
	rec->number = u->number++;
	if (rec->has_body) {
		u->body.open = true;
		u->body.begun = false;
		u->body.size = rec->size;
		memcpy(u->body.want,
		    rec->kind == VL_LINE_ROW ? rec->row.hash : rec->entry.hash,
		    sizeof(u->body.want));
	}
	return VL_OK;
}

enum vl_status
vl_unpack_next(struct vl_unpack *u, struct vl_unpacked *rec, struct vl_err *err)
{
	enum vl_status st;

	memset(rec, 0, sizeof(*rec));
	if (u->failed.status != VL_OK) {
		*err = u->failed;
		return err->status;
	}
	st = u->proxy != NULL ? vl_proxy_next(u, rec, err) :
	                        next_record(u, rec, err);
	if (st == VL_OK)
		st = vl_line_tokens_open(u, rec, err);
	u->nsecrets += rec->ntokens;
	if (st != VL_OK)
		memset(rec, 0, sizeof(*rec));
	return vl_unpack_latch(u, st, err);
}
