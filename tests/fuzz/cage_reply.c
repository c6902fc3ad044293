/*
 * What a child in a cage says, to the decoders of its parent: the first byte
 * chooses which.  What passes obeys the rules of a record.
 */

#include "../../src/unpack/wire.h"

#include "fuzz.h"

/* As many as its decoder says. */
static void
tokens(struct vl_unpacked *rec, size_t slots, struct vl_rd *rd)
{
	static struct vl_buf list;
	struct vl_err err = { 0 };
	size_t i = 0;

	if (wire_take_tokens(rec, slots, &list, rd, &err) != VL_OK)
		return;
	MUST(rec->ntokens == slots);
	for (i = 0; i < slots; i++)
		MUST(vl_token_valid(rec->tokens[i]));
}

static void
entry(struct vl_rd *rd)
{
	static struct vl_entry_store store;
	struct vl_unpacked rec = { 0 };
	struct vl_err err = { 0 };

	if (wire_take_entry(&rec, &store, rd, &err) != VL_OK)
		return;
	MUST(vl_path_check_line(rec.entry.path, &err) == VL_OK);
	MUST(vl_entry_check(&rec.entry, &err) == VL_OK);
	MUST(wire_is_line(rec.line));
	MUST(rec.entry.type == VL_ENTRY_FILE ||
	    (rec.entry.nholes == 0 && rec.entry.nslots == 0));
	tokens(&rec, rec.entry.nslots, rd);
}

static void
inner(struct vl_rd *rd)
{
	struct vl_inner_head h = { 0 };
	struct vl_err err = { 0 };
	size_t i = 0;

	if (wire_take_inner(&h, rd, &err) != VL_OK)
		return;
	MUST(strlen(h.site) < sizeof(h.site));
	for (i = 0; i < h.nresources; i++)
		MUST(strchr(h.resources[i].name, '/') == NULL);
	vl_inner_head_free(&h);
}

static void
lines(struct vl_rd *rd)
{
	static struct vl_row_store store;
	struct vl_unpacked rec = { 0 };
	struct vl_err err = { 0 };
	struct vl_slice line = { 0 };
	uint64_t number = 0;

	if (!wire_take_line(&line, &number, rd))
		return;
	MUST(wire_is_line(line));
	if (vl_row_decode(&rec.row, &store, line, &err) == VL_OK)
		tokens(&rec, rec.row.nslots, rd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct vl_rd rd = { .rest = { p, n } };
	struct vl_unpack_totals totals = { 0 };
	struct wire_block block = { 0 };
	struct wire_file file = { 0 };
	struct vl_err err = { 0 };

	switch (vl_rd_u8(&rd)) {
	case WIRE_ENTRY:
		entry(&rd);
		break;
	case WIRE_LINE:
		lines(&rd);
		break;
	case WIRE_REFS:
		inner(&rd);
		break;
	case WIRE_FAILURE:
		if (wire_take_failure(&rd, &err))
			MUST(strlen(err.text) < sizeof(err.text) &&
			    err.status != VL_OK);
		break;
	case WIRE_BODY_END:
		if (wire_take_block(&block, rd.rest))
			MUST(block.ends.n == (size_t)block.items * 4);
		break;
	default:
		(void)wire_take_totals(&totals, rd.rest);
		(void)wire_take_file(&file, rd.rest);
		break;
	}
	return 0;
}
