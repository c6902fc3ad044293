/*
 * Decode, then encode, is the same bytes, for every structure of a bundle:
 * there is one spelling of each.  The input is offered to every decoder.
 */

#include <valise/format.h>
#include <valise/sealform.h>

#include "fuzz.h"

/* Decode `text`; of what is accepted `out` becomes the encoding. */
typedef bool try_one(struct vl_buf *out, struct vl_slice text);

static void
add(struct vl_buf *out, const void *p, size_t n)
{
	struct vl_err err = { 0 };

	MUST(vl_buf_add(out, (struct vl_slice){ p, n }, &err) == VL_OK);
}

static bool
line(struct vl_buf *out, struct vl_slice text)
{
	struct vl_entry_store store = { 0 };
	struct vl_entry e = { 0 };
	struct vl_err err = { 0 };
	bool ok = vl_entry_decode(&e, &store, text, &err) == VL_OK;

	if (ok)
		MUST(vl_entry_encode(out, &e, NULL, &err) == VL_OK);
	vl_entry_store_free(&store);
	return ok;
}

/* Hints are the hash of something that this version does not write. */
static bool
has_hints(const struct vl_head *h)
{
	static const uint8_t none[VL_ROOT_SIZE];

	return memcmp(h->hints, none, sizeof(none)) != 0;
}

static bool
head(struct vl_buf *out, struct vl_slice text)
{
	struct vl_head h = { 0 };
	struct vl_err err = { 0 };

	if (vl_head_decode(&h, text, &err) != VL_OK || has_hints(&h))
		return false;
	MUST(vl_head_encode(out, &h, &err) == VL_OK);
	return true;
}

/* A stanza of an unknown type is passed over whole. */
static bool
keys(struct vl_buf *out, struct vl_slice text)
{
	struct vl_stanzas s = { 0 };
	struct vl_err err = { 0 };
	size_t i = 0;

	if (vl_stanzas_decode(&s, text, &err) != VL_OK)
		return false;
	for (i = 0; i < s.n; i++)
		if (s.list[i].type == VL_STANZA_UNKNOWN)
			return false;
	MUST(vl_stanzas_encode(out, &s, &err) == VL_OK);
	return true;
}

static bool
inner_head(struct vl_buf *out, struct vl_slice text)
{
	struct vl_inner_head h = { 0 };
	struct vl_err err = { 0 };
	bool ok = vl_inner_head_decode(&h, text, &err) == VL_OK &&
	    !has_hints(&h.head);

	if (ok)
		MUST(vl_inner_head_encode(out, &h, &err) == VL_OK);
	vl_inner_head_free(&h);
	return ok;
}

static bool
file_header(struct vl_buf *out, struct vl_slice bytes)
{
	struct vl_file_header h = { 0 };
	struct vl_err err = { 0 };
	uint8_t again[VL_FILE_HEADER_SIZE];

	if (vl_file_header_decode(&h, bytes, &err) != VL_OK)
		return false;
	vl_file_header_encode(again, &h);
	add(out, again, sizeof(again));
	return true;
}

static bool
record_header(struct vl_buf *out, struct vl_slice bytes)
{
	struct vl_record_header h = { 0 };
	struct vl_err err = { 0 };
	uint8_t again[VL_RECORD_HEADER_SIZE];

	if (vl_record_header_decode(&h, bytes, &err) != VL_OK)
		return false;
	vl_record_header_encode(again, &h);
	add(out, again, sizeof(again));
	return true;
}

static bool
map_row(struct vl_buf *out, struct vl_slice bytes)
{
	struct vl_map_row r = { 0 };
	struct vl_err err = { 0 };
	uint8_t again[VL_MAP_ROW_SIZE];

	if (vl_map_row_decode(&r, bytes, &err) != VL_OK)
		return false;
	vl_map_row_encode(again, &r);
	add(out, again, sizeof(again));
	return true;
}

static bool
list_item(struct vl_buf *out, struct vl_slice bytes)
{
	struct vl_rd rd = { .rest = bytes };
	struct vl_list_item item = { 0 };
	struct vl_err err = { 0 };
	uint8_t again[16];

	if (vl_list_item_decode(&item, &rd, &err) != VL_OK || !vl_rd_done(&rd))
		return false;
	vl_list_item_encode(again, item.line, item.body, item.n);
	add(out, again, sizeof(again));
	add(out, item.refs.p, item.refs.n);
	return true;
}

static bool
manifest_head(struct vl_buf *out, struct vl_slice text)
{
	struct vl_manifest_head h = { 0 };
	struct vl_err err = { 0 };

	if (vl_manifest_head_decode(&h, text, &err) != VL_OK)
		return false;
	MUST(vl_manifest_head_encode(out, &h, &err) == VL_OK);
	return true;
}

static bool
manifest_tail(struct vl_buf *out, struct vl_slice text)
{
	uint8_t root[VL_ROOT_SIZE];
	struct vl_err err = { 0 };
	uint64_t count = 0;

	if (vl_manifest_tail_decode(&count, root, text, &err) != VL_OK)
		return false;
	MUST(vl_manifest_tail_encode(out, count, root, &err) == VL_OK);
	return true;
}

static bool
seal_list(struct vl_buf *out, struct vl_slice text)
{
	struct vl_seal_list l = { 0 };
	struct vl_err err = { 0 };
	bool ok = vl_seal_list_decode(&l, text, &err) == VL_OK;

	if (ok)
		MUST(vl_seal_list_encode(out, &l, &err) == VL_OK);
	vl_seal_list_free(&l);
	return ok;
}

/* With the comment in it made anew. */
static bool
seal_sig(struct vl_buf *out, struct vl_slice text)
{
	struct vl_seal_sig s = { 0 };
	struct vl_buf comment = { 0 };
	struct vl_err err = { 0 };
	bool ok = vl_seal_sig_decode(&s, text, &err) == VL_OK;

	if (ok) {
		MUST(vl_seal_comment_encode(&comment, &s.comment, &err) ==
		    VL_OK);
		s.comment_text = vl_buf_slice(&comment);
		MUST(vl_seal_sig_encode(out, &s, &err) == VL_OK);
	}
	vl_buf_free(&comment);
	return ok;
}

/* Members of the x_ kind are passed over, and not kept. */
static bool
has_extension(struct vl_slice text)
{
	return text.n > 0 && memmem(text.p, text.n, "\"x_", 3) != NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static try_one *const all[] = { line, head, keys, inner_head,
		file_header, record_header, map_row, list_item, manifest_head,
		manifest_tail, seal_list, seal_sig };
	const struct vl_slice text = { p, n };
	struct vl_buf out = { 0 };
	size_t i = 0;

	if (has_extension(text))
		return 0;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		vl_buf_clear(&out);
		if (all[i](&out, text))
			MUST(vl_slice_equal(text, vl_buf_slice(&out)));
	}
	vl_buf_free(&out);
	return 0;
}
