/*
 * Secrets of the lines of one manifest record (formats/bundle.md, kind 5).
 * They stand right behind it, all in one record, so that a reader has them
 * before he hands a line on.
 */

#include "parts.h"

/* The word at `p` begins a slot, and is no column of that name: one is the
 * first of its object, or has a comma before it. */
static bool
begins_slot(struct vl_slice line, const uint8_t *p)
{
	static const char *const objects[] = { "\"row\":{\"", "\"x\":{\"" };
	const size_t before = (size_t)(p - line.p);
	size_t n = 0;
	size_t i = 0;

	if (before < 2 || p[-1] != '"' || p[-2] != '{')
		return false;
	for (i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		n = strlen(objects[i]);
		if (before >= n && memcmp(p - n, objects[i], n) == 0)
			return false;
	}
	return true;
}

/* How often the line of a row has the name that each slot begins with;
 * SIZE_MAX where it stands elsewhere, too.  `$` stands in few. */
static size_t
count_words(struct vl_slice line)
{
	static const char word[] = "$secret\":";
	const uint8_t *end = line.p + line.n;
	const uint8_t *p = line.p;
	size_t n = 0;

	while (p < end) {
		p = memchr(p, word[0], (size_t)(end - p));
		if (p == NULL)
			break;
		if ((size_t)(end - p) >= sizeof(word) - 1 &&
		    memcmp(p, word, sizeof(word) - 1) == 0) {
			if (!begins_slot(line, p))
				return SIZE_MAX;
			n++;
		}
		p++;
	}
	return n;
}

static size_t
decode_row(struct vl_pack *p, struct vl_slice line)
{
	struct vl_row row = { 0 };
	struct vl_err err;

	return vl_row_decode(&row, &p->row, line, &err) == VL_OK ? row.nslots :
	                                                           0;
}

static size_t
decode_entry(struct vl_pack *p, struct vl_slice line)
{
	struct vl_entry e = { 0 };
	struct vl_err err;

	return vl_entry_decode(&e, &p->entry, line, &err) == VL_OK ? e.nslots :
	                                                             0;
}

/* Few lines have any.  That of a row is decoded where the words alone do not
 * say that all is well: a column may have that name, too.  Of a path they are a
 * list of lists, as are holes and attributes. */
static size_t
count_slots(struct vl_pack *p, struct vl_slice line, size_t expected)
{
	switch (vl_line_kind(line)) {
	case VL_LINE_ROW:
		return count_words(line) == expected ? expected :
		                                       decode_row(p, line);
	case VL_LINE_ENTRY:
		return expected > 0 || memmem(line.p, line.n, "[[", 2) != NULL ?
		    decode_entry(p, line) :
		    0;
	case VL_LINE_PROFILE:
	case VL_LINE_TABLE:
		break;
	}
	return 0;
}

bool
tokens_may_want(struct vl_slice line)
{
	switch (vl_line_kind(line)) {
	case VL_LINE_ROW:
		return count_words(line) > 0;
	case VL_LINE_ENTRY:
		return memmem(line.p, line.n, "[[", 2) != NULL;
	case VL_LINE_PROFILE:
	case VL_LINE_TABLE:
		break;
	}
	return false;
}

enum vl_status
tokens_count(
    struct vl_pack *p, struct vl_slice line, size_t n, struct vl_err *err)
{
	size_t slots = count_slots(p, line, n);

	return slots == n ?
	    VL_OK :
	    vl_fail(err, VL_EUSAGE, "a line with %zu secrets has %zu tokens",
	        slots, n);
}

enum vl_status
tokens_check(struct vl_pack *p, const struct vl_record *rec, struct vl_err *err)
{
	size_t bytes = 0;
	size_t i;

	if (tokens_count(p, rec->line, rec->ntokens, err) != VL_OK)
		return err->status;
	for (i = 0; i < rec->ntokens; i++) {
		if (!vl_token_valid(rec->tokens[i]))
			return vl_fail(err, VL_EUSAGE, "a token is none");
		bytes += VL_SECRET_ITEM_HEAD + rec->tokens[i].n;
	}
	if (bytes > VL_LINE_SECRETS_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "the secrets of a line have %zu bytes, more than %d", bytes,
		    VL_LINE_SECRETS_MAX);
	return VL_OK;
}

enum vl_status
tokens_encode(
    struct vl_buf *out, const struct vl_record *rec, struct vl_err *err)
{
	uint8_t head[VL_SECRET_ITEM_HEAD];
	enum vl_status st = VL_OK;
	size_t i;

	for (i = 0; i < rec->ntokens && st == VL_OK; i++) {
		vl_secret_item_encode(
		    head, 0, (uint32_t)i, (uint32_t)rec->tokens[i].n);
		st = vl_buf_add(
		    out, (struct vl_slice){ head, sizeof(head) }, err);
		if (st == VL_OK)
			st = vl_buf_add(out, rec->tokens[i], err);
	}
	return st;
}

enum vl_status
tokens_add(struct tokens *t, uint64_t line, struct vl_slice items, size_t n,
    struct vl_err *err)
{
	size_t at = t->bytes.n;
	enum vl_status st = vl_buf_add(&t->bytes, items, err);
	size_t i;

	for (i = 0; i < n && st == VL_OK; i++) {
		struct vl_rd rd = { .rest = {
			                t->bytes.p + at, t->bytes.n - at } };
		struct vl_secret_item item;

		/* As they were made; only now their line is known. */
		st = vl_secret_item_decode(&item, &rd, err);
		vl_put_u64le(t->bytes.p + at, line);
		at = t->bytes.n - rd.rest.n;
	}
	t->items += (uint32_t)n;
	return st;
}

bool
tokens_full(const struct tokens *t)
{
	return t->bytes.n > TOKENS_TARGET ||
	    t->items > VL_RECORD_ITEMS_MAX - LINE_SLOTS_MAX;
}

enum vl_status
tokens_flush(struct vl_pack *p, struct vl_err *err)
{
	struct tokens *t = &p->drain.tokens;
	struct vl_stream_record r = {
		.kind = VL_RECORD_SECRETS,
		.items = t->items,
		.plain = vl_buf_slice(&t->bytes),
	};
	enum vl_status st = VL_OK;

	if (t->items > 0)
		st = vl_stream_w_put(p->index, &r, NULL, err);
	p->totals.secrets += t->items;
	vl_buf_clear(&t->bytes);
	t->items = 0;
	return st;
}
