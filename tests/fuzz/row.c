/*
 * A line of a database: what is accepted can be walked through, and is
 * written again as it was.
 */

#include <valise/row.h>

#include "fuzz.h"

/* All columns and pieces, as who takes the row meets them. */
static void
walk(struct vl_row_store *store, size_t item, uint64_t *filled)
{
	struct vl_slice name = { 0 };
	struct vl_text_part part = { 0 };
	struct vl_value v = { 0 };
	size_t used = store->text.n;
	size_t at = 0;
	size_t piece = 0;

	while (
	    item != VL_JSON_NONE && vl_row_next(store, item, &at, &name, &v)) {
		MUST(name.n > 0 && name.n <= VL_COLUMN_MAX);
		if (v.kind == VL_VALUE_BODY)
			*filled += v.n;
		piece = 0;
		while (v.kind == VL_VALUE_PARTS &&
		    vl_parts_next(
		        &part, &store->json, &v, &piece, &store->text))
			*filled += part.kind == VL_PART_BODY ? part.n : 0;
		store->text.n = used;
	}
	MUST(item == VL_JSON_NONE || at == store->json.items[item].next);
}

/* As many secrets as there are said to be, each somewhere. */
static void
walk_slots(struct vl_row_store *store, const struct vl_row *r)
{
	struct vl_slot_place place;
	struct vl_slots at = { 0 };
	struct vl_slot slot;
	size_t n = 0;

	for (; vl_row_next_slot(&at, r, store, &place, &slot); n++)
		MUST(place.column.n > 0 && place.form == slot.form &&
		    place.inside.n <= VL_SLOT_INSIDE_MAX);
	MUST(n == r->nslots);
}

static enum vl_status
row(struct vl_row_store *store, struct vl_slice line, struct vl_buf *again)
{
	struct vl_row r = { 0 };
	struct vl_err err = { 0 };
	uint64_t filled = 0;
	size_t hash_at = 0;
	enum vl_status st = vl_row_decode(&r, store, line, &err);

	if (st != VL_OK)
		return st;
	MUST(vl_row_encode(again, &r, &hash_at, &err) == VL_OK);
	walk(store, store->columns, &filled);
	MUST(filled == r.size && r.has_body == (filled > 0));
	walk(store, store->ids, &filled);
	MUST(filled == r.size);
	walk_slots(store, &r);
	return VL_OK;
}

static enum vl_status
profile(struct vl_row_store *store, struct vl_slice line, struct vl_buf *again)
{
	struct vl_profile_line p = { 0 };
	struct vl_err err = { 0 };
	enum vl_status st = vl_profile_line_decode(&p, store, line, &err);

	if (st == VL_OK)
		MUST(vl_profile_line_encode(again, &p, &err) == VL_OK);
	return st;
}

static enum vl_status
table(struct vl_row_store *store, struct vl_slice line, struct vl_buf *again)
{
	struct vl_table_line t = { 0 };
	struct vl_err err = { 0 };
	enum vl_status st = vl_table_line_decode(&t, store, line, &err);

	if (st == VL_OK)
		MUST(vl_table_line_encode(again, &t, &err) == VL_OK);
	return st;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct vl_slice line = { p, n };
	struct vl_row_store store = { 0 };
	struct vl_buf again = { 0 };
	enum vl_line_kind kind = vl_line_kind(line);
	enum vl_status st = VL_EFORMAT;

	if (kind == VL_LINE_PROFILE)
		st = profile(&store, line, &again);
	else if (kind == VL_LINE_TABLE)
		st = table(&store, line, &again);
	else if (kind == VL_LINE_ROW)
		st = row(&store, line, &again);
	/* But for members that are passed over. */
	if (st == VL_OK && memmem(p, n, "\"x_", 3) == NULL)
		MUST(vl_slice_equal(line, vl_buf_slice(&again)));
	vl_buf_free(&again);
	vl_row_store_free(&store);
	return 0;
}
